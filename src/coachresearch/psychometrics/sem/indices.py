"""How well a model fits: chi-square, comparative and absolute indices, plain and corrected for kurtosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan, pi, sqrt

import numpy as np

from coachresearch.psychometrics.fit import close_fit, information_criteria
from coachresearch.psychometrics.sem.matrices import FloatArray, Implied
from coachresearch.psychometrics.sem.maximum_likelihood import Seen

CLOSE = 0.05
"""Root mean square error of the hypothesis of close fit (Browne & Cudeck, 1993)."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Fit corrected by a scaling factor.

    Parameters
    ----------
    factor, baseline_factor : float
        What the chi-square of the model and of the baseline are divided by.
    chi_square, p_value, baseline_chi_square : float
        After that.
    cfi_scaled, tli_scaled, rmsea_scaled : float
        Indices of the scaled chi-squares.
    cfi, tli, rmsea, rmsea_low, rmsea_high : float
        Indices that estimate the same quantity as under normality.
    """

    factor: float
    baseline_factor: float
    chi_square: float
    p_value: float
    baseline_chi_square: float
    cfi_scaled: float
    tli_scaled: float
    rmsea_scaled: float
    rmsea_scaled_low: float
    rmsea_scaled_high: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float


@dataclass(frozen=True, slots=True)
class ModelFit:
    """Fit of a model.

    Parameters
    ----------
    n, parameters : int
        Rows of all groups; free parameters, equal ones counted once.
    chi_square, df, p_value : float
        Test of exact fit; NaN p without degrees of freedom.
    baseline_chi_square, baseline_df : float
        The same for variables that do not correlate (predictors keep their covariances).
    cfi, tli, rmsea, rmsea_low, rmsea_high, close_fit_p, srmr : float
        Comparative fit, Tucker-Lewis index, root mean square error of approximation with its interval and the p value
        of the hypothesis that it is at most 0.05, standardised root mean square residual.
    rmsea_level : float
        Level of that interval.
    log_likelihood, saturated_log_likelihood, aic, bic, bic_adjusted : float
        Likelihood of the model and of the saturated one; information criteria (the last with n replaced by
        (n + 2) / 24).
    corrected : Corrected or None
        Fit corrected for kurtosis, with an estimator that asks for it.
    """

    n: int
    parameters: int
    chi_square: float
    df: int
    p_value: float
    baseline_chi_square: float
    baseline_df: int
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    rmsea_level: float
    close_fit_p: float
    srmr: float
    log_likelihood: float
    saturated_log_likelihood: float
    aic: float
    bic: float
    bic_adjusted: float
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the indices need beside the chi-square: rows, groups, parameters and degrees of freedom."""

    n: int
    groups: int
    parameters: int
    df: int
    baseline_df: int


def model_fit(
    chi: float, baseline: float, counts: Counts, *, saturated: float, srmr: float, level: float = 0.90,
    factors: tuple[float, float] | None = None,
) -> ModelFit:
    """Work out the indices.

    Parameters
    ----------
    chi, baseline : float
        Chi-square of the model and of the baseline.
    counts : Counts
    saturated : float
        Log-likelihood of the saturated model.
    srmr : float
    level : float
        Level of the interval of the root mean square error.
    factors : tuple of two floats, optional
        Scaling factors of the model and the baseline, for a corrected fit.

    References
    ----------
    Steiger (1998), Structural Equation Modeling 5, 411-419 (root mean square error of several groups). Bentler (1990),
    Psychological Bulletin 107, 238-246. Brosseau-Liard & Savalei (2014), Multivariate Behavioral Research 49, 460-470,
    and Brosseau-Liard, Savalei & Li (2012), Multivariate Behavioral Research 47, 904-930 (corrected indices).
    """
    from scipy.stats import chi2

    n, df = counts.n, counts.df
    low, high = _limits(chi, df, counts, level)
    cfi, tli = _relative(chi, df, baseline, counts.baseline_df)
    likelihood = saturated - chi / 2
    aic, bic = information_criteria(likelihood, counts.parameters, n)
    adjusted = -2 * likelihood + counts.parameters * log((n + 2) / 24)
    near = close_fit(chi, df, n, CLOSE / sqrt(counts.groups)) if df else nan
    return ModelFit(
        n=n, parameters=counts.parameters, chi_square=chi, df=df, p_value=float(chi2.sf(chi, df)) if df else nan,
        baseline_chi_square=baseline, baseline_df=counts.baseline_df, cfi=cfi, tli=tli,
        rmsea=_rmsea(chi, df, counts), rmsea_low=low, rmsea_high=high, rmsea_level=level, close_fit_p=near, srmr=srmr,
        log_likelihood=likelihood, saturated_log_likelihood=saturated, aic=aic, bic=bic, bic_adjusted=adjusted,
        corrected=None if factors is None or not df else _corrected(chi, baseline, counts, factors, level))


def _corrected(chi: float, baseline: float, counts: Counts, factors: tuple[float, float], level: float) -> Corrected:
    from scipy.stats import chi2

    c, cb = factors
    df, base_df = counts.df, counts.baseline_df
    scaled, base = chi / c, baseline / cb
    cfi_scaled, tli_scaled = _relative(scaled, df, base, base_df)
    cfi, _ = _relative(chi, c * df, baseline, cb * base_df)
    tli = 1 - (chi - c * df) * base_df / ((baseline - cb * base_df) * df)
    scaled_low, scaled_high = _limits(chi, c * df, counts, level)
    low, high = (sqrt(c) * one for one in _limits(scaled, df, counts, level))
    return Corrected(
        factor=c, baseline_factor=cb, chi_square=scaled, p_value=float(chi2.sf(scaled, df)), baseline_chi_square=base,
        cfi_scaled=cfi_scaled, tli_scaled=tli_scaled, rmsea_scaled=_rmsea(scaled, df, counts),
        rmsea_scaled_low=scaled_low, rmsea_scaled_high=scaled_high, cfi=cfi, tli=tli,
        rmsea=sqrt(c) * _rmsea(scaled, df, counts), rmsea_low=low, rmsea_high=high)


def _relative(chi: float, df: float, base: float, base_df: float) -> tuple[float, float]:
    worse, worst = max(chi - df, 0.0), max(base - base_df, chi - df, 0.0)
    cfi = 1 - worse / worst if worst > 0 else 1.0
    if not df or not base_df or base == base_df:
        return cfi, nan
    return cfi, 1 - (chi - df) * base_df / ((base - base_df) * df)


def _rmsea(chi: float, df: float, counts: Counts) -> float:
    return sqrt(counts.groups * max(chi - df, 0.0) / (df * counts.n)) if df else nan


def _limits(chi: float, df: float, counts: Counts, level: float) -> tuple[float, float]:
    if not df:
        return nan, nan
    tail = (1 - level) / 2
    low, high = (sqrt(counts.groups * _noncentrality(chi, df, quantile) / (df * counts.n))
                 for quantile in (1 - tail, tail))
    return low, high


def _noncentrality(chi: float, df: float, quantile: float) -> float:
    """Noncentrality under which `chi` is the given quantile; 0 if it exceeds that without any."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    if chi2.cdf(chi, df) <= quantile:
        return 0.0
    top = chi + 10 * sqrt(2 * (df + 2 * chi)) + 20
    return float(brentq(lambda value: ncx2.cdf(chi, df, value) - quantile, 1e-12, top, xtol=1e-10, rtol=1e-12))


def baseline_of(seen: Sequence[Seen], predictors: Sequence[int]) -> tuple[float, int]:
    """Chi-square and degrees of freedom of uncorrelated variables; predictors keep their covariances."""
    total, df = 0.0, 0
    for data in seen:
        k, given = len(data.cov), list(predictors)
        others = [i for i in range(k) if i not in given]
        size = float(np.sum(np.log(np.diag(data.cov)[others])))
        size += float(np.linalg.slogdet(data.cov[np.ix_(given, given)])[1]) if given else 0.0
        total += data.n * (size - float(np.linalg.slogdet(data.cov)[1]))
        df += k * (k - 1) // 2 - len(given) * (len(given) - 1) // 2
    return total, df


def saturated_log_likelihood(seen: Sequence[Seen], predictors: Sequence[int]) -> float:
    """Log-likelihood of free means and covariances, given the predictors."""
    total = 0.0
    for data in seen:
        total += _own(data.cov, data.n)
        if len(predictors):
            total -= _own(data.cov[np.ix_(predictors, predictors)], data.n)
    return total


def _own(cov: FloatArray, n: int) -> float:
    return float(-n / 2 * (len(cov) * (log(2 * pi) + 1) + np.linalg.slogdet(cov)[1]))


def srmr_of(seen: Sequence[Seen], found: Sequence[Implied], *, means: bool) -> float:
    """Standardised root mean square residual, groups weighted by their rows.

    References
    ----------
    Bentler (1995), EQS Structural Equations Program Manual: residuals over the observed standard deviations, those of
    the means included where means are modelled.
    """
    total, rows = 0.0, sum(data.n for data in seen)
    for data, one in zip(seen, found, strict=True):
        k = len(data.cov)
        scale = np.sqrt(np.diag(data.cov))
        away = (data.cov - one.cov) / np.outer(scale, scale)
        squares = float(np.sum(away[np.tril_indices(k)] ** 2))
        cells = k * (k + 1) // 2
        if means:
            squares += float(np.sum(((data.mean - one.mean) / scale) ** 2))
            cells += k
        total += data.n / rows * sqrt(squares / cells)
    return total
