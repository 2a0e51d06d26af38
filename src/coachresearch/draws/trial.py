"""People in two arms, before and after: traits, coaches, drop-out."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What a two-wave trial drew.

    Parameters
    ----------
    coached : array (n) of bool
        Arm, in random order.
    coach : array (n) of int
        Number of the coach, from 0; -1 without one.
    pre, post : array (n)
        Traits in standard deviations of the trait before.
    stays : array (n) of bool
        Whether the person is still there at the later wave.
    """

    coached: NDArray[np.bool_]
    coach: NDArray[np.int64]
    pre: NDArray[np.float64]
    post: NDArray[np.float64]
    stays: NDArray[np.bool_]


def draw_trial(
    rng: np.random.Generator,
    *,
    n_coached: int,
    n_comparison: int,
    effect: float,
    trend: float = 0.0,
    stability: float = 0.7,
    coaches: int = 1,
    coach_icc: float = 0.0,
    drop_out: float = 0.0,
) -> Trial:
    """Draw a randomised two-wave trial.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    n_coached, n_comparison : int
        People in each arm; 0 comparison people make a one-group study.
    effect : float
        What coaching adds to the later trait, in standard deviations of the trait.
    trend : float
        What everybody gains without coaching.
    stability : float
        Correlation of the trait before and after within an arm, without coach differences; below 1 in size.
    coaches : int
        Number of coaches, who take people in turn.
    coach_icc : float
        Share of the variance after, within the coached arm, that lies between coaches.
    drop_out : float
        Chance that a person is not there at the later wave, whatever their trait.

    Raises
    ------
    EstimationError
        If a number is out of its range.
    """
    _check(n_coached, n_comparison, stability, coaches, coach_icc, drop_out)
    n = n_coached + n_comparison
    coached = rng.permutation(np.arange(n) < n_coached)
    coach = np.full(n, -1)
    coach[coached] = np.arange(n_coached) % coaches
    pre = rng.standard_normal(n)
    post = trend + stability * pre + sqrt(1 - stability ** 2) * rng.standard_normal(n)
    differences = rng.standard_normal(coaches) * sqrt(coach_icc / (1 - coach_icc))
    post += np.where(coached, effect + differences[np.maximum(coach, 0)], 0.0)
    return Trial(coached, coach, pre, post, rng.random(n) >= drop_out)


def _check(
    n_coached: int, n_comparison: int, stability: float, coaches: int, coach_icc: float, drop_out: float
) -> None:
    ranges = (
        ("n_coached", n_coached >= 1, n_coached, "at least 1"),
        ("n_comparison", n_comparison >= 0, n_comparison, "at least 0"),
        ("stability", -1 < stability < 1, stability, "between -1 and 1"),
        ("coaches", coaches >= 1, coaches, "at least 1"),
        ("coach_icc", 0 <= coach_icc < 1, coach_icc, "from 0 up to, but below, 1"),
        ("drop_out", 0 <= drop_out < 1, drop_out, "from 0 up to, but below, 1"),
    )
    for name, right, value, allowed in ranges:
        if not right:
            raise EstimationError(f"{name} is {value:g}", remedy=f"It must be {allowed}.")
