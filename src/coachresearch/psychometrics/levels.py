"""Reliability where items or people come in groups: stratified alpha, alpha and omega within and between teams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged, NotIdentified
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.coefficients import alphas, omegas
from coachresearch.psychometrics.factor import extract

_SMALLEST_EIGENVALUE = 1e-10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LevelReliability(Result):
    """Reliability within and between groups.

    Parameters
    ----------
    items : tuple of str
    n, n_groups : int
        Rows in groups of two or more, and those groups.
    within, between : array (k, k)
        Covariances of persons within their group, and of the groups behind their means.
    """

    kind: ClassVar[str] = "level_reliability"

    items: tuple[str, ...]
    n: int
    n_groups: int
    within: FloatArray
    between: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StratifiedReliability(Result):
    """Reliability of a total made of parts."""

    kind: ClassVar[str] = "stratified_reliability"

    n: int


def stratified_alpha(
    moments: Moments, strata: Mapping[str, Sequence[str]], *, title: str = "", source: str = ""
) -> StratifiedReliability:
    """Alpha of a total whose parts measure different things.

    Parameters
    ----------
    moments : Moments
        Keyed items of all parts, complete rows, not team means, not standardised.
    strata : mapping of str to sequence of str
        Items of each part, at least two each; no item twice.
    title, source : str

    Returns
    -------
    StratifiedReliability
        Estimates ``alpha_stratified``, and ``alpha`` of the whole and of each part (group = part).

    References
    ----------
    Rajaratnam, Cronbach & Gleser (1965), Psychometrika 30, 39-56.
    """
    every = [item for items in strata.values() for item in items]
    chosen = moments.select(every)
    _check_persons(chosen)
    if moments.standardised:
        raise EstimationError("Only correlations are known, so the parts have no metric",
                              remedy="Give the standard deviations to Moments.from_published.")
    small = [name for name, items in strata.items() if len(items) < 2]
    if small or len(strata) < 2:
        raise EstimationError(f"Parts: {', '.join(strata) or 'none'}; of one item: {', '.join(small) or 'none'}",
                              remedy="A stratified alpha needs at least two parts of at least two items.")
    total = float(chosen.cov.sum())
    still = [name for name, items in strata.items() if float(moments.select(items).cov.sum()) <= 0]
    if total <= 0 or still:
        raise EstimationError(f"The score of {', '.join(still) or 'the whole'} does not vary, so it has no reliability",
                              remedy="Check that the right rows and items were handed over.")
    errors, estimates = 0.0, []
    for name, items in strata.items():
        cov = moments.select(items).cov
        value = float(alphas(cov))
        errors += float(cov.sum()) * (1 - value)
        estimates.append(Estimate("alpha", value, name, n=moments.n, method="alpha"))
    whole = Estimate("alpha", float(alphas(chosen.cov)), n=moments.n, method="alpha")
    first = Estimate("alpha_stratified", 1 - errors / total, n=moments.n, method="alpha_stratified")
    return StratifiedReliability(title=title, estimates=(first, whole, *estimates), method="alpha_stratified",
                                 cautions=row_cautions(chosen), source=source, n=moments.n)


def two_level_reliability(
    groups: Mapping[str, Moments], *, title: str = "", source: str = ""
) -> LevelReliability:
    """Alpha and omega of persons within their teams, and of teams.

    Parameters
    ----------
    groups : mapping of str to Moments
        One for each team, of the same keyed items (k ≥ 2), from `collect_by`; persons or ratings, not team means.
    title, source : str

    Returns
    -------
    LevelReliability
        Estimates ``alpha_within``, ``omega_within`` (how well persons of one team are told apart), ``alpha_between``,
        ``omega_between`` (how well teams would be told apart if each had endlessly many members), ``icc1`` of the
        mean score, and ``alpha_mean``: how well the team means at hand tell teams apart, sampling of members
        included. What is not defined is left out, with a caution.

    Raises
    ------
    EstimationError
        With fewer than two teams of two, for team means, or different items.

    Notes
    -----
    Within: pooled covariances. Between: (mean squares between - pooled) / n*, with n* as for unequal groups in a
    one-way analysis of variance. Teams of one tell nothing about differences within; they are left out of both and
    counted.

    References
    ----------
    Geldhof, Preacher & Zyphur (2014), Psychological Methods 19, 72-91. Muthén (1994), Sociological Methods & Research
    22, 376-398 (covariances). Lai (2021), Psychological Methods 26, 90-102 (means at hand).
    """
    kept = {name: one for name, one in groups.items() if one.n >= 2}
    _check_groups(groups, kept)
    parts = list(kept.values())
    sizes = np.array([one.n for one in parts], dtype=float)
    n, g = float(sizes.sum()), len(parts)
    within = sum((one.scatter for one in parts), np.zeros_like(parts[0].scatter)) / (n - g)
    means = np.stack([one.mean for one in parts])
    away = means - sizes @ means / n
    squares = (away * sizes[:, None]).T @ away / (g - 1)
    usual = (n - float(sizes @ sizes) / n) / (g - 1)
    between = (squares - within) / usual
    cautions: list[Caution] = []
    single = len(groups) - g
    if single:
        cautions.append(caution("single_member_groups", n=single, of=len(groups)))
    if g < 30:
        cautions.append(caution("few_groups", n=g))
    estimates = _level(within, "within", int(n), parts[0].columns, cautions)
    estimates += _level(between, "between", g, parts[0].columns, cautions)
    total_within, total_between = float(within.sum()), float(between.sum())
    if total_within + total_between <= 0:
        raise EstimationError("The score does not vary, so it has no reliability at any level",
                              remedy="Check that the right rows and items were handed over.")
    estimates.append(Estimate("icc1", total_between / (total_between + total_within), n=int(n), method="icc_one_way"))
    if total_between > 0:
        signal = alphas(between) * total_between if np.trace(between) > 0 else np.nan
        estimates.append(Estimate("alpha_mean", float(signal) / (total_between + total_within / usual), n=g,
                                  method="alpha_mean"))
    for values in (within, between):
        values.setflags(write=False)
    return LevelReliability(title=title, estimates=tuple(estimates), method="two_level", cautions=tuple(cautions),
                            source=source, items=parts[0].columns, n=int(n), n_groups=g, within=within,
                            between=between)


def _level(
    cov: FloatArray, level: str, n: int, items: tuple[str, ...], cautions: list[Caution]
) -> list[Estimate]:
    if float(cov.sum()) <= 0:
        cautions.append(caution("no_variance_at_level", level=level))
        return []
    estimates = [Estimate(f"alpha_{level}", float(alphas(cov)), n=n, method="two_level")]
    variances = np.diag(cov)
    if (variances <= 0).any():
        cautions.append(caution("no_item_variance_at_level", level=level, item=", ".join(
            item for item, spread in zip(items, variances, strict=True) if spread <= 0)))
        return estimates
    sd = np.sqrt(variances)
    cor = cov / np.outer(sd, sd)
    try:
        fit = extract(cor, estimator="ml" if np.linalg.eigvalsh(cor)[0] > _SMALLEST_EIGENVALUE else "minres")
    except (NotIdentified, NotConverged):
        cautions.append(caution("no_factor_at_level", level=level, items=len(items)))
        return estimates
    value = float(omegas(fit.loadings * sd[:, None], fit.uniquenesses * variances))
    return [*estimates, Estimate(f"omega_{level}", value, n=n, method=f"two_level_{fit.estimator}")]


def _check_persons(moments: Moments) -> None:
    if moments.unit == "team_mean":
        raise EstimationError("The reliability of persons cannot be computed from team means",
                              remedy='Collect the persons themselves: collect(frame, unit="person").')


def _check_groups(groups: Mapping[str, Moments], kept: Mapping[str, Moments]) -> None:
    if len(kept) < 2:
        raise EstimationError(f"{len(kept)} of {len(groups)} groups have two or more complete rows",
                              remedy="Two levels need at least two groups of two; better thirty.")
    first = next(iter(groups.values()))
    for name, one in groups.items():
        _check_persons(one)
        if one.columns != first.columns:
            raise EstimationError(f"Group {name!r} holds {', '.join(one.columns)}, but the first holds "
                                  f"{', '.join(first.columns)}", remedy="Collect the same items from every group.")
    if len(first.columns) < 2:
        raise EstimationError("There is one item", remedy="Hand over the keyed items of one scale.")
