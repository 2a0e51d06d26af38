"""Satterthwaite's degrees of freedom for contrasts of fixed effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coachresearch.effects.mixed.factors import FloatArray
from coachresearch.effects.mixed.fit import Fit

_RANK = 1e-10


@dataclass(frozen=True, slots=True)
class Test:
    """An F or t test: `df1` is 1 for a single contrast, whose `statistic` then is t."""

    estimate: float
    std_error: float
    statistic: float
    df1: int
    df2: float
    p_value: float


def satterthwaite_df(fit: Fit, contrast: FloatArray) -> float:
    """Degrees of freedom of one contrast (p): twice the squared variance over the variance of the variance.

    References
    ----------
    Giesbrecht & Burns (1985), Biometrics 41, 477-486. Kuznetsova, Brockhoff & Christensen (2017), Journal of
    Statistical Software 82(13), section 2.
    """
    variance = float(contrast @ fit.vcov @ contrast)
    slope = np.einsum("kij,i,j->k", fit.moves, contrast, contrast)
    spread = float(slope @ fit.parameter_covariance @ slope)
    return 2 * variance ** 2 / spread if spread > 0 else float("inf")


def satterthwaite_test(fit: Fit, contrasts: FloatArray, values: FloatArray) -> Test:
    """Test that contrasts (c, p) have given values (c).

    References
    ----------
    Fai & Cornelius (1996), Journal of Statistical Computation and Simulation 54, 363-378 (several contrasts).
    """
    from scipy import stats

    distance = contrasts @ fit.beta - values
    if len(contrasts) == 1:
        error = float(np.sqrt(contrasts[0] @ fit.vcov @ contrasts[0]))
        df = satterthwaite_df(fit, contrasts[0])
        t = float(distance[0]) / error
        p = 2 * float(stats.t.sf(abs(t), df)) if np.isfinite(df) else 2 * float(stats.norm.sf(abs(t)))
        return Test(float(contrasts[0] @ fit.beta), error, t, 1, df, p)
    roots, vectors = np.linalg.eigh(contrasts @ fit.vcov @ contrasts.T)
    kept = roots > _RANK * roots.max()
    turned = vectors[:, kept].T
    parts = (turned @ distance) ** 2 / roots[kept]
    q = int(kept.sum())
    statistic = float(parts.sum()) / q
    df2 = combined_df(np.array([satterthwaite_df(fit, row) for row in turned @ contrasts]))
    p = float(stats.f.sf(statistic, q, df2)) if np.isfinite(df2) else float(stats.chi2.sf(statistic * q, q))
    return Test(float("nan"), float("nan"), statistic, q, df2, p)


def combined_df(each: FloatArray) -> float:
    """Denominator degrees of freedom of a mean of independent squared t statistics (Fai & Cornelius, 1996)."""
    if len(each) == 1 or float(np.ptp(each)) < 1e-8 * float(each.mean()):
        return float(each.mean())
    if (each <= 2).any():
        return 2.0
    q, expected = len(each), float(np.sum(each / (each - 2)))
    return 2 * expected / (expected - q)
