"""How much of a score one general factor explains: hierarchical omega, by Schmid-Leiman or a bifactor rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.extraction import Estimator
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.rotation import Rotation, rotate

HierarchyMethod = Literal["schmid_leiman", "bifactor"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GeneralFactor(Result):
    """One general factor and m group factors, all uncorrelated.

    Parameters
    ----------
    items : tuple of str
        The k items, in order.
    n : int
    general : array (k)
        Standardised loadings on the general factor.
    groups : array (k, m)
        Standardised loadings on the group factors.
    uniquenesses : array (k)
    """

    kind: ClassVar[str] = "general_factor"

    items: tuple[str, ...]
    n: int
    general: FloatArray
    groups: FloatArray
    uniquenesses: FloatArray


def omega_hierarchical(
    moments: Moments, factors: int = 3, *, method: HierarchyMethod = "schmid_leiman", estimator: Estimator = "minres",
    rng: np.random.Generator | None = None, title: str = "", source: str = "",
) -> GeneralFactor:
    """Share of the variance of a score that one general factor explains, beside what all factors explain.

    Parameters
    ----------
    moments : Moments
        Keyed items (k columns), complete rows, not team means. Standardised Moments give the omegas of the sum of
        standardised items.
    factors : int
        Number of group factors m, at least 2; with 2 both hang equally on the general factor, because their one
        correlation cannot tell them apart.
    method : {"schmid_leiman", "bifactor"}
        From oblimin factors and the factor of their correlations; or by a bifactor rotation of m + 1 factors, which
        does not tie group to general loadings.
    estimator : {"ml", "minres", "principal_axis"}
    rng : Generator, optional
        For random starts of the rotation.
    title, source : str

    Returns
    -------
    GeneralFactor
        Estimates ``omega_hierarchical``, ``omega_total``, ``omega_limit`` (hierarchical omega of endlessly many such
        items), ``ecv`` (share of the common variance that is general), ``loading_general`` and ``loading_group_1`` ...
        (group = item).

    Raises
    ------
    EstimationError
        For team means, fewer than two factors, an item without variance.
    NotIdentified
        If the items are too few for so many factors.

    Notes
    -----
    Everything refers to the observed variance of the score. Items with a negative general loading lower it; they are
    named in a caution, because such an item is probably keyed the wrong way.

    References
    ----------
    Schmid & Leiman (1957), Psychometrika 22, 53-61. Zinbarg, Revelle, Yovel & Li (2005), Psychometrika 70, 123-133.
    Jennrich & Bentler (2011), Psychometrika 76, 537-549 (bifactor). Reise, Bonifay & Haviland (2013), Journal of
    Personality Assessment 95, 129-140 (ecv).
    """
    if moments.unit == "team_mean":
        raise EstimationError("The reliability of persons cannot be computed from team means",
                              remedy='Collect the persons themselves: collect(frame, unit="person").')
    if factors < 2:
        raise EstimationError(f"{factors} group factor leaves no difference between general and group",
                              remedy="Ask for at least 2, or for omega_total of one factor.")
    cautions: list[Caution] = []
    general, groups, unique = (
        _schmid_leiman(moments, factors, estimator, rng, cautions) if method == "schmid_leiman"
        else _bifactor(moments, factors, estimator, rng, cautions))
    cautions += [caution("negative_loading", item=item)
                 for item, value in zip(moments.columns, general, strict=True) if value < 0]
    sd = np.ones(len(general)) if moments.standardised else moments.sd
    total = float(sd @ moments.cor @ sd)
    rest = float(unique @ sd ** 2)
    share = float(general @ sd) ** 2 / total
    common = 1 - rest / total
    ecv = float(np.sum(general ** 2) / (np.sum(general ** 2) + np.sum(groups ** 2)))
    numbers = {"omega_hierarchical": share, "omega_total": common, "omega_limit": share / common, "ecv": ecv}
    code = f"omega_{method}"
    estimates = [Estimate(term, value, n=moments.n, method=code) for term, value in numbers.items()]
    estimates += [Estimate("loading_general", float(value), item, n=moments.n, method=code)
                  for item, value in zip(moments.columns, general, strict=True)]
    estimates += [Estimate(f"loading_group_{f + 1}", float(groups[i, f]), item, n=moments.n, method=code)
                  for f in range(factors) for i, item in enumerate(moments.columns)]
    for values in (general, groups, unique):
        values.setflags(write=False)
    return GeneralFactor(
        title=title, estimates=tuple(estimates), method=code, source=source, items=moments.columns, n=moments.n,
        general=general, groups=groups, uniquenesses=unique, cautions=(*row_cautions(moments), *cautions))


def schmid_leiman(loadings: FloatArray, phi: FloatArray) -> tuple[FloatArray, FloatArray]:
    """General (k) and group (k, m) loadings of oblique factors, whose correlations are explained by one factor."""
    above = _second_order(phi)
    general = loadings @ above
    groups = loadings * np.sqrt(np.maximum(1 - above ** 2, 0.0))
    sign = -1.0 if general.sum() < 0 else 1.0
    return np.asarray(sign * general), np.asarray(groups)


def _second_order(phi: FloatArray) -> FloatArray:
    if len(phi) == 2:
        size = float(np.sqrt(abs(phi[0, 1])))
        return np.array([size, size * (1.0 if phi[0, 1] >= 0 else -1.0)])
    return extract(phi, 1, estimator="minres").loadings[:, 0]


def _schmid_leiman(
    moments: Moments, factors: int, estimator: Estimator, rng: np.random.Generator | None, cautions: list[Caution]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = extract(moments.cor, factors, estimator=estimator)
    turned = rotate(found.loadings, Rotation("oblimin"), rng=rng)
    general, groups = schmid_leiman(turned.loadings, turned.phi)
    cautions += [caution("heywood_item", item=item)
                 for item, bad in zip(moments.columns, found.improper, strict=True) if bad]
    if factors == 2:
        cautions.append(caution("two_group_factors"))
    elif (np.abs(_second_order(turned.phi)) > 0.995).any():
        cautions.append(caution("general_is_a_group"))
    return general, groups, 1 - np.sum(found.loadings ** 2, axis=1)


def _bifactor(
    moments: Moments, factors: int, estimator: Estimator, rng: np.random.Generator | None, cautions: list[Caution]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = extract(moments.cor, factors + 1, estimator=estimator)
    turned = rotate(found.loadings, Rotation("bifactor", starts=30), rng=rng)
    cautions += [caution("heywood_item", item=item)
                 for item, bad in zip(moments.columns, found.improper, strict=True) if bad]
    if turned.n_agreeing < turned.n_starts:
        cautions.append(caution("rotation_starts", n=turned.n_agreeing, of=turned.n_starts))
    return turned.loadings[:, 0].copy(), turned.loadings[:, 1:].copy(), 1 - np.sum(found.loadings ** 2, axis=1)
