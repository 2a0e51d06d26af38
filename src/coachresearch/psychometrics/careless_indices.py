"""How a person answered, in single numbers: runs, spread, halves, synonyms, distance. Plain arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FEWEST_PAIRS = 3
_FEWEST_SCALES = 3


def long_string(rows: FloatArray) -> FloatArray:
    """Longest run of the same answer in the order shown (n); a gap ends a run (Johnson, 2005, J. Res. Pers. 39)."""
    longest = run = np.where(np.isnan(rows[:, 0]), 0.0, 1.0)
    for place in range(1, rows.shape[1]):
        here = rows[:, place]
        run = np.where(np.isnan(here), 0.0, np.where(here == rows[:, place - 1], run + 1, 1.0))
        longest = np.maximum(longest, run)
    return np.asarray(longest)


def individual_variability(rows: FloatArray) -> FloatArray:
    """Standard deviation of a person's answers (n).

    References
    ----------
    Dunn, Heggestad, Shanock & Theilgard (2018), Journal of Business and Psychology 33, 105-121.
    """
    answered = ~np.isnan(rows)
    count = answered.sum(axis=1)
    middle = np.where(answered, rows, 0.0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(answered, (rows - middle[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def even_odd(keyed: FloatArray, scales: Sequence[IntArray]) -> FloatArray:
    """Correlation over scales of the means of their odd and even items, stepped up (n); NaN with few scales.

    References
    ----------
    Jackson (1976), in Johnson (2005), Journal of Research in Personality 39, 103-129.
    """
    usable = [at for at in scales if len(at) >= 2]
    if len(usable) < _FEWEST_SCALES:
        return np.full(len(keyed), np.nan)
    halves = [np.stack([_mean(keyed[:, at[start::2]]) for at in usable], axis=1) for start in (0, 1)]
    r = np.maximum(row_correlation(halves[0], halves[1], _FEWEST_SCALES), -0.999)
    return np.asarray(np.maximum(2 * r / (1 + r), -1.0))


def synonym_pairs(cor: FloatArray, least: float, *, opposite: bool = False) -> tuple[IntArray, IntArray]:
    """Places of item pairs that correlate by at least so much (or, opposite, at most minus so much)."""
    first, second = np.triu_indices(len(cor), 1)
    size = -cor[first, second] if opposite else cor[first, second]
    kept = size >= least
    return first[kept].astype(np.int64), second[kept].astype(np.int64)


def synonyms(rows: FloatArray, pairs: tuple[IntArray, IntArray]) -> FloatArray:
    """Correlation of a person's answers to pairs of like items (n); NaN with fewer than three pairs.

    References
    ----------
    Meade & Craig (2012), Psychological Methods 17, 437-455.
    """
    if len(pairs[0]) < _FEWEST_PAIRS:
        return np.full(len(rows), np.nan)
    return row_correlation(rows[:, pairs[0]], rows[:, pairs[1]], _FEWEST_PAIRS)


def mahalanobis(rows: FloatArray, mean: FloatArray, inverse: FloatArray) -> FloatArray:
    """Squared distance of a person's answers from the mean of all (n); NaN for a row with a gap."""
    away = rows - mean
    return np.asarray(np.einsum("ni,ij,nj->n", away, inverse, away))


def row_correlation(first: FloatArray, second: FloatArray, fewest: int) -> FloatArray:
    """Correlation of two arrays (n, m) row by row; NaN with too few pairs or no spread."""
    both = ~np.isnan(first) & ~np.isnan(second)
    count = both.sum(axis=1)
    one, two = (np.where(both, part, 0.0) for part in (first, second))
    divisor = np.maximum(count, 1)[:, None]
    one = np.where(both, one - one.sum(axis=1, keepdims=True) / divisor, 0.0)
    two = np.where(both, two - two.sum(axis=1, keepdims=True) / divisor, 0.0)
    scale = np.sqrt(np.sum(one ** 2, axis=1) * np.sum(two ** 2, axis=1))
    return np.divide(np.sum(one * two, axis=1), scale, out=np.full(len(first), np.nan),
                     where=(scale > 1e-12) & (count >= fewest))


def _mean(part: FloatArray) -> FloatArray:
    answered = ~np.isnan(part)
    count = answered.sum(axis=1)
    return np.where(count > 0, np.where(answered, part, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
