"""Intervals of alpha and omega from resampled people: all resamples at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import FloatArray
from coachresearch.psychometrics.coefficients import alphas, omegas
from coachresearch.psychometrics.extraction import Estimator, extract_many
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.resampling import correlations_of, percentile_interval, resampled_covariances

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReliabilityResamples(Result):
    """Alpha and omega with percentile intervals.

    Parameters
    ----------
    items : tuple of str
    n, n_left_out : int
        Complete rows, and rows with a gap.
    n_draws : int
        Resamples that were asked for.
    alphas, omegas : array
        Of each usable resample.
    """

    kind: ClassVar[str] = "reliability_resamples"

    items: tuple[str, ...]
    n: int
    n_left_out: int
    n_draws: int
    alphas: FloatArray
    omegas: FloatArray


def bootstrap_reliability(
    items: pd.DataFrame, *, rng: np.random.Generator, draws: int = 2000, estimator: Estimator = "ml",
    conf_level: float = 0.95, title: str = "", source: str = "",
) -> ReliabilityResamples:
    """Alpha and omega with intervals from resampled people, which need no normal answers.

    Parameters
    ----------
    items : DataFrame
        Keyed items (k ≥ 2 columns; omega needs three), one row a person, NaN for a gap; complete rows are used.
    rng : Generator
    draws : int
        Resamples, at least 100.
    estimator : {"ml", "minres"}
        Of the one-factor solution behind omega.
    conf_level : float
    title, source : str

    Returns
    -------
    ReliabilityResamples
        Estimates ``alpha`` and ``omega_total`` with bootstrap standard errors and percentile intervals.

    Raises
    ------
    EstimationError
        With one item, fewer than three complete rows, or items without variance.

    Notes
    -----
    Resamples in which an item does not vary, or the factor solution does not settle, are left out of the interval of
    the coefficient that they lack, and counted.

    References
    ----------
    Kelley & Pornprasertmanit (2016), Psychological Methods 21, 69-92 (intervals of omega).
    """
    names, rows = numeric_rows(items)
    complete = rows[~np.isnan(rows).any(axis=1)]
    n, k = len(complete), len(names)
    _check(names, complete)
    seen = np.cov(complete, rowvar=False)[None]
    found_alpha, found_omega, lost = [], [], 0
    whole = _one_factor(seen[0], estimator) if k > 2 else None
    value = float(alphas(seen)[0]), float(_omegas(seen, estimator, whole)[0]) if whole is not None else np.nan
    for covs in resampled_covariances(complete, rng, draws):
        varied = covs.sum(axis=(1, 2)) > 0
        found_alpha.append(alphas(covs[varied]))
        if whole is not None:
            omega = _omegas(covs, estimator, whole)
            found_omega.append(omega[~np.isnan(omega)])
            lost += int(np.isnan(omega).sum())
    estimates = [_estimate("alpha", value[0], np.concatenate(found_alpha), n, conf_level)]
    cautions = [caution("rows_left_out", n=len(rows) - n, of=len(rows))] if n < len(rows) else []
    omega_draws = np.concatenate(found_omega) if found_omega else np.empty(0)
    if len(omega_draws) > draws / 2 and not np.isnan(value[1]):
        estimates.append(_estimate("omega_total", value[1], omega_draws, n, conf_level))
    else:
        cautions.append(caution("omega_too_few_items", items=k) if k < 3 else caution("omega_not_converged", n=n))
    cautions += [caution("resamples_left_out", n=lost, of=draws)] if lost else []
    return ReliabilityResamples(
        title=title, estimates=tuple(estimates), method="bootstrap_percentile", cautions=tuple(cautions),
        source=source, items=names, n=n, n_left_out=len(rows) - n, n_draws=draws,
        alphas=_frozen(np.concatenate(found_alpha)), omegas=_frozen(omega_draws))


def _check(names: tuple[str, ...], rows: FloatArray) -> None:
    if len(names) < 2:
        raise EstimationError(f"A reliability needs at least 2 items; there is {len(names)}",
                              remedy="Hand over the keyed items of one scale.")
    if len(rows) < 3:
        raise EstimationError(f"{len(rows)} complete rows cannot be resampled", remedy="Collect more answers.")
    if np.isinf(rows).any():
        raise EstimationError("The items hold infinite values", remedy="Correct them, or leave them empty.")
    flat = [name for name, spread in zip(names, rows.std(axis=0), strict=True) if spread <= 1e-12]
    if flat:
        raise EstimationError(f"Item {', '.join(map(repr, flat))} does not vary", remedy="Leave it out.")


def _one_factor(cov: FloatArray, estimator: Estimator) -> FloatArray | None:
    """Uniquenesses (k) of everybody's solution, from which those of the resamples start; None if there is none."""
    try:
        return extract(correlations_of(cov[None])[0][0], 1, estimator=estimator).uniquenesses
    except EstimationError:
        return None


def _omegas(covs: FloatArray, estimator: Estimator, first: FloatArray) -> FloatArray:
    """Omega of each covariance matrix; NaN where there is no solution."""
    cors, usable = correlations_of(covs)
    usable &= np.linalg.eigvalsh(cors)[:, 0] > 1e-10
    omega = np.full(len(covs), np.nan)
    if not usable.any():
        return omega
    found = extract_many(cors[usable], 1, estimator, first=first, still=1e-7)
    sd = np.sqrt(np.diagonal(covs[usable], axis1=1, axis2=2))
    values = omegas(found.loadings * sd[:, :, None], found.uniquenesses * sd ** 2)
    omega[usable] = np.where(found.converged, values, np.nan)
    return omega


def _estimate(term: str, value: float, drawn: FloatArray, n: int, conf_level: float) -> Estimate:
    low, high = percentile_interval(drawn, conf_level)
    return Estimate(term, value, std_error=float(drawn.std(ddof=1)), conf_low=float(low), conf_high=float(high),
                    conf_level=conf_level, n=n, method="bootstrap_percentile")


def _frozen(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values
