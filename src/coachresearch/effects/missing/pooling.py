"""One estimate from several filled-in data sets: Rubin's rules with Barnard and Rubin's degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.sizes import with_t


@dataclass(frozen=True, slots=True)
class Pooling:
    """Rubin's quantities.

    Parameters
    ----------
    estimate, within, between, total : float
        Mean estimate, mean squared error, variance between imputations, and total variance.
    increase, df, missing_information : float
        Relative increase in variance, degrees of freedom, fraction of missing information.
    """

    estimate: float
    within: float
    between: float
    total: float
    increase: float
    df: float
    missing_information: float


def rubin(estimates: Sequence[float], variances: Sequence[float], *, complete_df: float = inf) -> Pooling:
    """Pool estimates of m filled-in data sets.

    Parameters
    ----------
    estimates, variances : sequence of float (m)
        At least two.
    complete_df : float
        Degrees of freedom had nobody been missing.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3; Barnard & Rubin (1999), Biometrika 86, 948-955.
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    m = len(q)
    if m < 2 or len(u) != m or not np.isfinite(q).all() or not (u > 0).all():
        raise EstimationError(f"{m} imputations cannot be pooled", remedy="At least two, each with an estimate and a "
                              "variance above 0.")
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    if between == 0:
        return Pooling(float(q.mean()), within, 0.0, total, 0.0, _observed(complete_df, 0.0), 0.0)
    increase = (1 + 1 / m) * between / within
    share = (1 + 1 / m) * between / total
    old = (m - 1) / share ** 2
    seen = _observed(complete_df, share)
    df = old if not isfinite(seen) else old * seen / (old + seen)
    return Pooling(float(q.mean()), within, between, total, increase, df, (increase + 2 / (df + 3)) / (increase + 1))


def _observed(complete_df: float, share: float) -> float:
    return inf if not isfinite(complete_df) else (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)


def pooled_estimate(found: Sequence[Estimate], *, conf_level: float = 0.95) -> Estimate:
    """Pool the same estimate from several filled-in data sets.

    Parameters
    ----------
    found : sequence of Estimate
        Same term and group, with standard errors; the degrees of freedom of the first stand for complete data.
    conf_level : float
    """
    if len({(one.term, one.group) for one in found}) != 1:
        raise EstimationError("Estimates of several terms or groups cannot be pooled", remedy="Pool one at a time.")
    first = found[0]
    pooled = rubin([one.estimate for one in found], [one.std_error ** 2 for one in found],
                   complete_df=first.df if isfinite(first.df) else inf)
    df = pooled.df if isfinite(pooled.df) else 1e9
    one = with_t(pooled.estimate, pooled.total ** 0.5, df, conf_level)
    return Estimate(first.term, one.value, first.group, one.std_error, one.statistic,
                    pooled.df if isfinite(pooled.df) else nan, one.p_value, one.low, one.high, conf_level, first.n,
                    "rubin")
