"""Intervals by resampling people: thousands of draws at once, seeded by the caller."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.sizes import FloatArray, Size, checked_pairs, checked_scores, estimate_of, hedges_correction

Independent = Literal["mean_difference", "hedges_g", "glass_delta"]
Paired = Literal["mean_change", "d_z", "d_av"]
_BLOCK = 500_000
"""Drawn scores handled at once; keeps a block within the processor's cache."""


def bootstrap_difference(
    coached: ArrayLike, comparison: ArrayLike, *, rng: np.random.Generator, statistic: Independent = "hedges_g",
    draws: int = 10_000, conf_level: float = 0.95,
) -> Estimate:
    """Interval of a difference between two arms by resampling people within arms (bias-corrected and accelerated).

    Parameters
    ----------
    coached, comparison : array (n)
        Scores without gaps.
    rng : Generator
        Source of randomness.
    statistic : {"mean_difference", "hedges_g", "glass_delta"}
        What is resampled.
    draws : int
        Resamples, at least 100.
    conf_level : float
        Level of the interval.

    Raises
    ------
    EstimationError
        For too few draws or people, or scores without spread.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82, 171-185.
    """
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    compute = _INDEPENDENT[_known(statistic, _INDEPENDENT)]
    _check_draws(draws)
    n1, n2 = len(first), len(second)
    middle = float(np.concatenate([first, second]).mean())  # every statistic here is free of a common shift
    first, second = first - middle, second - middle
    tables = [_powers(one) for one in (first, second)]
    whole = [table.sum(axis=0, keepdims=True) for table in tables]
    value = float(compute(whole[0], whole[1], n1, n2)[0])
    drawn = compute(_resampled(tables[0], draws, rng), _resampled(tables[1], draws, rng), n1, n2)
    left = np.concatenate([
        compute(whole[0] - tables[0], np.repeat(whole[1], n1, 0), n1 - 1, n2) if n1 > 2 else np.full(n1, value),
        compute(np.repeat(whole[0], n2, 0), whole[1] - tables[1], n1, n2 - 1) if n2 > 2 else np.full(n2, value)])
    found = _bca(value, drawn, left, conf_level, statistic)
    return estimate_of(statistic, found, conf_level, n1 + n2, "bootstrap_bca")


def bootstrap_change(
    pre: ArrayLike, post: ArrayLike, *, rng: np.random.Generator, statistic: Paired = "d_av", draws: int = 10_000,
    conf_level: float = 0.95,
) -> Estimate:
    """Interval of a change of the same people by resampling them; arguments as in `bootstrap_difference`."""
    before, after = checked_pairs(pre, post)
    _check_draws(draws)
    compute = _PAIRED[_known(statistic, _PAIRED)]
    n = len(before)
    x, y = before - before.mean(), after - before.mean()
    table = np.stack([x, y, x * x, y * y, x * y], axis=1)
    whole = table.sum(axis=0, keepdims=True)
    value = float(compute(whole, n)[0])
    drawn = compute(_resampled(table, draws, rng), n)
    left = compute(whole - table, n - 1) if n > 2 else np.full(n, value)
    return estimate_of(statistic, _bca(value, drawn, left, conf_level, statistic), conf_level, n, "bootstrap_bca")


def _powers(scores: FloatArray) -> FloatArray:
    return np.stack([scores, scores ** 2], axis=1)


def _resampled(table: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Sum the rows (n × k) of resampled people; how often each was drawn is counted, and the rest is one product."""
    n = len(table)
    size = max(1, _BLOCK // n)
    sums = []
    for start in range(0, draws, size):
        rows = min(size, draws - start)
        drawn = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        sums.append(counts.astype(float) @ table)
    return np.concatenate(sums)


def _moments(sums: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    mean = sums[:, 0] / n
    return mean, np.maximum(sums[:, 1] - n * mean ** 2, 0.0) / (n - 1)


def _mean_difference(first: FloatArray, second: FloatArray, n1: int, n2: int) -> FloatArray:
    return np.asarray(first[:, 0] / n1 - second[:, 0] / n2)


def _hedges_g(first: FloatArray, second: FloatArray, n1: int, n2: int) -> FloatArray:
    (m1, v1), (m2, v2) = _moments(first, n1), _moments(second, n2)
    df = n1 + n2 - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(hedges_correction(df) * (m1 - m2) / np.sqrt(((n1 - 1) * v1 + (n2 - 1) * v2) / df))


def _glass_delta(first: FloatArray, second: FloatArray, n1: int, n2: int) -> FloatArray:
    (m1, _), (m2, v2) = _moments(first, n1), _moments(second, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((m1 - m2) / np.sqrt(v2))


def _spread(sums: FloatArray, n: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    mx, my = sums[:, 0] / n, sums[:, 1] / n
    vx = np.maximum(sums[:, 2] - n * mx ** 2, 0) / (n - 1)
    vy = np.maximum(sums[:, 3] - n * my ** 2, 0) / (n - 1)
    return my - mx, vx, vy, (sums[:, 4] - n * mx * my) / (n - 1)


def _mean_change(sums: FloatArray, n: int) -> FloatArray:
    return _spread(sums, n)[0]


def _d_z(sums: FloatArray, n: int) -> FloatArray:
    change, vx, vy, shared = _spread(sums, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(change / np.sqrt(np.maximum(vx + vy - 2 * shared, 0)))


def _d_av(sums: FloatArray, n: int) -> FloatArray:
    change, vx, vy, _ = _spread(sums, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * change / (np.sqrt(vx) + np.sqrt(vy)))


_INDEPENDENT: dict[str, Callable[[FloatArray, FloatArray, int, int], FloatArray]] = {
    "mean_difference": _mean_difference, "hedges_g": _hedges_g, "glass_delta": _glass_delta}
_PAIRED: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "mean_change": _mean_change, "d_z": _d_z, "d_av": _d_av}


def _known(statistic: str, offered: dict[str, Callable[..., FloatArray]]) -> str:
    if statistic not in offered:
        raise EstimationError(f"There is no statistic {statistic!r} to resample",
                              remedy=f"There are: {', '.join(offered)}.")
    return statistic


def _check_draws(draws: int) -> None:
    if draws < 100:
        raise EstimationError(f"{draws} draws are too few for an interval", remedy="Draw at least 100, best 10000.")


def _bca(value: float, drawn: FloatArray, left_out: FloatArray, conf_level: float, statistic: str) -> Size:
    from scipy.special import ndtr, ndtri

    usable: NDArray[np.float64] = drawn[np.isfinite(drawn)]
    if not isfinite(value) or len(usable) < 0.9 * len(drawn) or float(usable.max() - usable.min()) == 0:
        raise EstimationError(f"{statistic} has no spread over resamples: too few people, or scores that do not vary",
                              remedy="Show the scores themselves.")
    below = (float((usable < value).mean()) + float((usable <= value).mean())) / 2
    below = min(max(below, 0.5 / len(usable)), 1 - 0.5 / len(usable))
    pull = left_out[np.isfinite(left_out)].mean() - left_out[np.isfinite(left_out)]
    size = float(np.sum(pull ** 2)) ** 1.5
    acceleration = float(np.sum(pull ** 3)) / (6 * size) if size > 0 else 0.0
    centre = float(ndtri(below))
    tails = []
    for q in ((1 - conf_level) / 2, (1 + conf_level) / 2):
        z = centre + float(ndtri(q))
        tails.append(float(ndtr(centre + z / (1 - acceleration * z))))
    low, high = np.quantile(usable, tails)
    return Size(value, float(usable.std(ddof=1)), low=float(low), high=float(high))
