"""People drawn again with replacement: covariance matrices of many resamples at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError

FloatArray = NDArray[np.float64]

_CELLS = 4_000_000


def resampled_covariances(
    rows: FloatArray, rng: np.random.Generator, draws: int
) -> Iterator[FloatArray]:
    """Covariances (divisor n - 1) of resamples of rows (n, k), in batches (b, k, k) that add up to `draws`.

    Notes
    -----
    A resample is a vector of n counts; its sums of products are counts times the products of each row, so that all
    resamples are one matrix product.
    """
    n, k = rows.shape
    if draws < 100:
        raise EstimationError(f"{draws} resamples are too few for an interval",
                              remedy="Use at least 100, better 2,000.")
    centred = rows - rows.mean(axis=0)
    upper = np.triu_indices(k)
    batch = max(1, min(draws, _CELLS // max(n, 1)))
    left = draws
    while left:
        size = min(batch, left)
        counts = resampled_counts(rng, n, size)
        squares = np.zeros((size, len(upper[0])))
        step = max(1, _CELLS // len(upper[0]))
        for start in range(0, n, step):
            part = centred[start:start + step]
            squares += counts[:, start:start + step] @ (part[:, upper[0]] * part[:, upper[1]])
        means = counts @ centred / n
        scatter = np.empty((size, k, k))
        scatter[:, upper[0], upper[1]] = squares
        scatter[:, upper[1], upper[0]] = squares
        scatter -= n * means[:, :, None] * means[:, None, :]
        left -= size
        yield scatter / (n - 1)


def resampled_counts(rng: np.random.Generator, n: int, draws: int) -> FloatArray:
    """How often each of n rows is drawn in each resample: (draws, n)."""
    drawn = rng.integers(n, size=(draws, n)) + np.arange(draws)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=draws * n).reshape(draws, n).astype(float)


def correlations_of(covariances: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Correlations (b, k, k) of covariances, and which resamples have variance in every column (b)."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    usable = np.all(variances > 1e-12, axis=1)
    scale = 1 / np.sqrt(np.where(variances > 1e-12, variances, 1.0))
    cors = covariances * scale[:, :, None] * scale[:, None, :]
    places = np.arange(cors.shape[1])
    cors[:, places, places] = 1.0
    return cors, np.asarray(usable, dtype=bool)


def percentile_interval(values: FloatArray, conf_level: float) -> tuple[FloatArray, FloatArray]:
    """Ends of the percentile interval along the first axis."""
    tail = (1 - conf_level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return low, high
