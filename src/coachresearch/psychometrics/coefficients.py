"""Alpha and omega of plain covariance matrices, one or many at once, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AlphaInterval = Literal["feldt", "bonett", "duhachek"]


@dataclass(frozen=True, slots=True)
class Number:
    """A coefficient with standard error and interval; NaN where there is none."""

    value: float
    std_error: float = nan
    low: float = nan
    high: float = nan


def alphas(covs: FloatArray) -> FloatArray:
    """Coefficient alpha of covariance matrices (..., k, k)."""
    k = covs.shape[-1]
    spread = np.trace(covs, axis1=-2, axis2=-1)
    total = covs.sum(axis=(-2, -1))
    return np.asarray(k / (k - 1) * (1 - spread / total))


def alpha_number(cov: FloatArray, n: int, conf_level: float, interval: AlphaInterval = "feldt") -> Number:
    """Alpha of n rows with an interval.

    References
    ----------
    Feldt (1965), Psychometrika 30, 357-370. Bonett (2002), Journal of Educational and Behavioral Statistics 27,
    335-340. Duhachek & Iacobucci (2004), Journal of Applied Psychology 89, 792-808.
    """
    value = float(alphas(cov))
    return {"feldt": _feldt, "bonett": _bonett, "duhachek": _duhachek}[interval](value, cov, n, conf_level)


def _feldt(value: float, cov: FloatArray, n: int, conf_level: float) -> Number:
    from scipy.stats import f

    k, tail = len(cov), (1 - conf_level) / 2
    low, high = (1 - (1 - value) * float(f.ppf(q, n - 1, (n - 1) * (k - 1))) for q in (1 - tail, tail))
    return Number(value, nan, low, high)


def _bonett(value: float, cov: FloatArray, n: int, conf_level: float) -> Number:
    from scipy.stats import norm

    k = len(cov)
    if n < 3 or value >= 1:
        return Number(value)
    error = sqrt(2 * k / ((k - 1) * (n - 2)))
    reach = float(norm.ppf((1 + conf_level) / 2)) * error
    return Number(value, (1 - value) * error, 1 - exp(log(1 - value) + reach), 1 - exp(log(1 - value) - reach))


def _duhachek(value: float, cov: FloatArray, n: int, conf_level: float) -> Number:
    from scipy.stats import norm

    k, total, spread = len(cov), float(cov.sum()), float(np.trace(cov))
    square = cov @ cov
    inside = total * (float(np.trace(square)) + spread ** 2) - 2 * spread * float(square.sum())
    error = sqrt(max(2 * k ** 2 / ((k - 1) ** 2 * total ** 3) * inside / n, 0.0))
    reach = float(norm.ppf((1 + conf_level) / 2)) * error
    return Number(value, error, value - reach, value + reach)


def omegas(loadings: FloatArray, unique: FloatArray) -> FloatArray:
    """Omega total from unstandardised loadings (..., k, m) of uncorrelated factors and unique variances (..., k)."""
    common = np.sum(loadings.sum(axis=-2) ** 2, axis=-1)
    return np.asarray(common / (common + unique.sum(axis=-1)))


def omega_number(loadings: FloatArray, unique: FloatArray, n: int, conf_level: float) -> Number:
    """Omega total of n rows; interval by the delta method on the logit, from the expected information."""
    from scipy.stats import norm

    weight = loadings.sum(axis=0)
    common, rest = float(weight @ weight), float(unique.sum())
    value = common / (common + rest)
    gradient = np.concatenate([
        np.repeat(2 * weight * rest, len(unique)), np.full(len(unique), -common)]) / (common + rest) ** 2
    covariance = np.linalg.pinv(information(loadings, unique, n), hermitian=True)
    error = sqrt(max(float(gradient @ covariance @ gradient), 0.0))
    if not 0 < value < 1:
        return Number(value, error)
    step = float(norm.ppf((1 + conf_level) / 2)) * error / (value * (1 - value))
    middle = log(value / (1 - value))
    low, high = (1 / (1 + np.exp(-(middle + sign * step))) for sign in (-1, 1))
    return Number(value, error, float(low), float(high))


def information(loadings: FloatArray, unique: FloatArray, n: int) -> FloatArray:
    """Expected information of loadings (column by column), then unique variances: (k(m + 1), k(m + 1))."""
    k, m = loadings.shape
    inverse = np.linalg.inv(loadings @ loadings.T + np.diag(unique))
    slopes = np.zeros((k * (m + 1), k, k))
    for factor in range(m):
        for item in range(k):
            slopes[factor * k + item, item, :] += loadings[:, factor]
            slopes[factor * k + item, :, item] += loadings[:, factor]
    slopes[k * m + np.arange(k), np.arange(k), np.arange(k)] = 1.0
    turned = inverse @ slopes
    flat = turned.reshape(len(turned), -1)
    return np.asarray((n - 1) / 2 * flat @ np.swapaxes(turned, 1, 2).reshape(len(turned), -1).T)


def sem_number(alpha: float, spread: float, n: int, k: int, conf_level: float) -> Number:
    """Standard error of measurement of a score with standard deviation `spread`, with its exact interval."""
    from scipy.stats import chi2

    value = spread * sqrt(1 - alpha)
    df, tail = (n - 1) * (k - 1), (1 - conf_level) / 2
    low, high = (value * sqrt(df / float(chi2.ppf(q, df))) for q in (1 - tail, tail))
    return Number(value, nan, low, high)
