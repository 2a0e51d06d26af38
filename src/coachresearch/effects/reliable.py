"""Who changed by more than measurement error: the reliable change index."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate

CRITICAL = 1.96
"""Jacobson and Truax's two-sided 5 % point."""


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """The yardstick of reliable change.

    Parameters
    ----------
    sd_pre : float
        Standard deviation before.
    sem : float
        Standard error of measurement, in score units.
    s_diff : float
        Standard error of a difference of two scores of an unchanged person.
    points : float
        Smallest reliable change: 1.96 times `s_diff`.
    points_low, points_high : float
        The same at the upper and the lower end of the interval of the reliability; NaN if it came without one.
    """

    sd_pre: float
    sem: float
    s_diff: float
    points: float
    points_low: float
    points_high: float


def reliable_change(sd_pre: float, reliability: float | Estimate) -> ReliableChange:
    """Return how many points a person must change to have changed reliably.

    Parameters
    ----------
    sd_pre : float
        Standard deviation before, above 0.
    reliability : float or Estimate
        From 0 up to, but below, 1; an Estimate brings its interval.

    Raises
    ------
    EstimationError
        If either is out of range.

    References
    ----------
    Jacobson & Truax (1991), Journal of Consulting and Clinical Psychology 59, 12-19.
    """
    value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
    if not 0 <= value < 1:
        raise EstimationError(f"A reliability for reliable change is {value:g}",
                              remedy="It lies between 0 and 1, and 1 itself would make every change reliable.")
    if not sd_pre > 0 or not isfinite(sd_pre):
        raise EstimationError(f"The standard deviation before is {sd_pre:g}, so no change can be judged against it")
    ends = (nan, nan)
    if isinstance(reliability, Estimate) and isfinite(reliability.conf_low) and isfinite(reliability.conf_high):
        ends = (_points(sd_pre, min(reliability.conf_high, 1.0)), _points(sd_pre, max(reliability.conf_low, 0.0)))
    sem = sd_pre * sqrt(1 - value)
    return ReliableChange(sd_pre, sem, sqrt(2) * sem, _points(sd_pre, value), *ends)


def count_reliable(
    changes: NDArray[np.float64], points: float, *, higher_is_better: bool = True
) -> tuple[int, int, int]:
    """Count people who improved, stayed and got worse by more than `points`."""
    better = changes if higher_is_better else -changes
    improved, worse = int((better > points).sum()), int((better < -points).sum())
    return improved, len(changes) - improved - worse, worse


def _points(sd_pre: float, reliability: float) -> float:
    return CRITICAL * sqrt(2) * sd_pre * sqrt(1 - reliability)
