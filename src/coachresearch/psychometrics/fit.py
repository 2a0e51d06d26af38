"""How far a model of covariances misses what was seen: discrepancy, chi-square and the indices made from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, log, nan, pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.estimate import Estimate

FloatArray = NDArray[np.float64]
Multiplier = Literal["bartlett", "n", "n_minus_1"]


@dataclass(frozen=True, slots=True)
class Fit:
    """Chi-square of a model and the indices that are made from it.

    Parameters
    ----------
    n : int
        Rows behind the matrix.
    discrepancy : float
        Maximum-likelihood discrepancy between the model and what was seen, whatever the estimator was.
    chi_square, df, p_value : float
        Test of exact fit.
    baseline_chi_square, baseline_df : float
        The same for uncorrelated items.
    cfi, tli : float
        Comparative fit (kept within 0 and 1) and Tucker-Lewis index (not kept within bounds).
    rmsea, rmsea_low, rmsea_high, rmsea_level : float
        Root mean square error of approximation, its interval and the level of that.
    srmr, rmsr : float
        Root mean square of residual correlations, with the diagonal counted and without it.
    """

    n: int
    discrepancy: float
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
    srmr: float
    rmsr: float

    def estimates(self, *, method: str = "fit_ml") -> tuple[Estimate, ...]:
        """Return the indices as estimates: ``chi_square``, ``cfi``, ``tli``, ``rmsea``, ``srmr``."""
        return (
            Estimate("chi_square", self.chi_square, df=float(self.df), p_value=self.p_value, n=self.n, method=method),
            Estimate("cfi", self.cfi, n=self.n, method=method),
            Estimate("tli", self.tli, n=self.n, method=method),
            Estimate("rmsea", self.rmsea, conf_low=self.rmsea_low, conf_high=self.rmsea_high,
                     conf_level=self.rmsea_level, n=self.n, method=method),
            Estimate("srmr", self.srmr, n=self.n, method=method),
        )


def ml_discrepancy(observed: FloatArray, implied: FloatArray) -> float:
    """Maximum-likelihood discrepancy of an implied from an observed matrix (k × k); infinite if one is singular."""
    sign, size = np.linalg.slogdet(implied)
    sign_seen, seen = np.linalg.slogdet(observed)
    if sign <= 0 or sign_seen <= 0:
        return inf
    return float(size - seen + np.trace(np.linalg.solve(implied, observed)) - len(observed))


def multiplier_of(n: int, k: int, factors: int, kind: Multiplier) -> float:
    """Factor from discrepancy to chi-square: n, n - 1, or Bartlett's for m factors of k items.

    References
    ----------
    Bartlett (1951), Biometrika 38, 337-344: n - 1 - (2k + 5)/6 - 2m/3.
    """
    if kind == "bartlett":
        return n - 1 - (2 * k + 5) / 6 - 2 * factors / 3
    return float(n if kind == "n" else n - 1)


def fit_of(
    observed: FloatArray, implied: FloatArray, n: int, df: int, *, factors: int = 0, multiplier: Multiplier = "n",
    level: float = 0.90,
) -> Fit:
    """Indices of fit of implied to observed correlations.

    Parameters
    ----------
    observed, implied : array (k, k)
        Correlations (or covariances; residuals are standardised by the observed variances).
    n : int
        Rows.
    df : int
        Degrees of freedom of the model; with 0 there is nothing to test and the indices are NaN.
    factors : int
        Number of factors, for Bartlett's multiplier.
    multiplier : {"n", "n_minus_1", "bartlett"}
        From discrepancy to chi-square. With ``"n"`` the root mean square error divides by n, else by n - 1.
    level : float
        Level of the interval of the root mean square error.

    References
    ----------
    Steiger & Lind (1980), in Browne & Cudeck (1993), in Bollen & Long (eds.), Testing Structural Equation Models,
    136-162 (rmsea and its interval). Bentler (1990), Psychological Bulletin 107, 238-246 (cfi). Tucker & Lewis (1973),
    Psychometrika 38, 1-10. Bentler (1995), EQS manual (srmr).
    """
    from scipy.stats import chi2

    k = len(observed)
    value = ml_discrepancy(observed, implied)
    base = ml_discrepancy(observed, np.diag(np.diag(observed)))
    chi, base_chi = (one * multiplier_of(n, k, factors, multiplier) for one in (value, base))
    base_df = k * (k - 1) // 2
    size = n if multiplier == "n" else n - 1
    low, high = _rmsea_limits(chi, df, size, level)
    cfi, tli = _relative(chi, df, base_chi, base_df)
    scale = np.sqrt(np.diag(observed))
    off = (observed - implied) / np.outer(scale, scale)
    below = np.tril_indices(k, -1)
    squares = float(np.sum(off[below] ** 2))
    return Fit(
        n=n, discrepancy=value, chi_square=chi, df=df, p_value=float(chi2.sf(chi, df)) if df else nan,
        baseline_chi_square=base_chi, baseline_df=base_df, cfi=cfi, tli=tli,
        rmsea=sqrt(max(chi - df, 0) / (df * size)) if df and chi < inf else nan, rmsea_low=low, rmsea_high=high,
        rmsea_level=level, srmr=sqrt((squares + float(np.sum(np.diag(off) ** 2))) / (k * (k + 1) / 2)),
        rmsr=sqrt(squares / base_df) if base_df else nan)


def _relative(chi: float, df: int, base: float, base_df: int) -> tuple[float, float]:
    if not df or not chi < inf:
        return nan, nan
    worse, worst = max(chi - df, 0.0), max(base - base_df, chi - df, 0.0)
    cfi = 1 - worse / worst if worst > 0 else 1.0
    ratio = base / base_df
    return cfi, (ratio - chi / df) / (ratio - 1) if ratio != 1 else nan


def _rmsea_limits(chi: float, df: int, size: int, level: float) -> tuple[float, float]:
    if not df or isnan(chi) or not chi < inf:
        return nan, nan
    tail = (1 - level) / 2
    found = (_noncentrality(chi, df, quantile) for quantile in (1 - tail, tail))
    low, high = (sqrt(value / (df * size)) for value in found)
    return low, high


def _noncentrality(chi: float, df: int, quantile: float) -> float:
    """Noncentrality under which `chi` is the given quantile; 0 if it already exceeds that without any."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    if chi2.cdf(chi, df) <= quantile:
        return 0.0
    top = chi + 10 * sqrt(2 * (df + 2 * chi)) + 20
    return float(brentq(lambda value: ncx2.cdf(chi, df, value) - quantile, 1e-12, top, xtol=1e-10, rtol=1e-12))


def close_fit(chi: float, df: int, size: int, rmsea: float) -> float:
    """P value of the hypothesis that the root mean square error is at most `rmsea`.

    References
    ----------
    MacCallum, Browne & Sugawara (1996), Psychological Methods 1, 130-149.
    """
    from scipy.stats import ncx2

    return float(ncx2.sf(chi, df, rmsea ** 2 * df * size))


def log_likelihood(observed: FloatArray, implied: FloatArray, n: int) -> float:
    """Normal log-likelihood of n rows with covariance `observed` (divisor n) under `implied`, means saturated."""
    k = len(observed)
    _, size = np.linalg.slogdet(implied)
    return float(-n / 2 * (k * log(2 * pi) + size + np.trace(np.linalg.solve(implied, observed))))


def information_criteria(log_lik: float, parameters: int, n: int) -> tuple[float, float]:
    """Akaike's and Schwarz's criterion of a log-likelihood with so many parameters."""
    return -2 * log_lik + 2 * parameters, -2 * log_lik + parameters * log(n)
