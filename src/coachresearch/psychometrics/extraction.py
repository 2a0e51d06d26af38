"""Common factors of many correlation matrices at once: a search over the uniquenesses alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Estimator = Literal["ml", "minres", "principal_axis"]

SMALLEST_UNIQUENESS = 0.005
FLAT = 1e-5
_STILL = 1e-10
_STEPS = 200
_HALVINGS = 8
_AXIS_STEPS = 20000
_AXIS_STILL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Extractions:
    """Unrotated factors of b correlation matrices.

    Parameters
    ----------
    loadings : array (b, k, m)
        Standardised loadings; every column points to where most items are.
    uniquenesses : array (b, k)
        At least 0.005.
    improper : array (b, k) of bool
        Items whose uniqueness ran into that bound.
    values : array (b)
        Discrepancy that was reached.
    slopes : array (b)
        Largest slope in a direction in which a uniqueness may still move; above 1e-5 the search did not end.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    improper: NDArray[np.bool_]
    values: FloatArray
    slopes: FloatArray

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Which of them ended (b)."""
        return self.slopes < FLAT


def extract_many(
    cors: FloatArray, factors: int, estimator: Estimator, *, first: FloatArray | None = None, still: float = _STILL
) -> Extractions:
    """Extract factors from a stack of correlation matrices (b, k, k).

    Parameters
    ----------
    cors : array (b, k, k)
    factors : int
    estimator : {"ml", "minres", "principal_axis"}
    first : array (k) or (b, k), optional
        Uniquenesses to start from; those of the squared multiple correlations if not given.
    still : float
        Slope at which the search ends.

    Notes
    -----
    Newton steps in the logarithms of the uniquenesses for maximum likelihood and in the uniquenesses for least squares,
    until no slope exceeds `still`; steps that do not help are shortened. Principal axis goes the slow way of its name
    to the least-squares solution.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482; (1977), in Enslein, Ralston & Wilf (eds.), Statistical Methods for
    Digital Computers, 125-153.
    """
    cors = np.asarray(cors, dtype=float)
    unique = _first(cors, factors) if first is None else np.clip(
        np.broadcast_to(first, cors.shape[:2]), SMALLEST_UNIQUENESS * 2, 0.98)
    unique = _axis_walk(cors, unique, factors) if estimator == "principal_axis" else _newton(
        cors, unique, factors, estimator, still)
    roots, vectors = _eigen(cors, unique, estimator)
    loadings = _loadings(roots, vectors, unique, factors, estimator)
    loadings = loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
    values, gradient = _discrepancy(roots, vectors, factors, estimator)
    if estimator == "ml":
        gradient = gradient / unique
    slopes = np.max(np.abs(np.where(_stuck(unique, gradient), 0.0, gradient)), axis=1)
    return Extractions(loadings, unique, unique <= SMALLEST_UNIQUENESS * 1.0001, values, slopes)


def several_starts(cor: FloatArray, factors: int) -> FloatArray:
    """Uniquenesses (s, k) to start from: the usual ones, and some in which one group of items has the factors.

    A single start can end in a solution that is not the best one, or rest on the ridge between two, where items fall
    into groups of the same size. The signs of the first eigenvectors beyond the factors say which groups there are.
    """
    usual = _first(cor[None], factors)
    beyond = np.linalg.eigh(cor)[1][:, ::-1][:, factors:factors + 2].T
    groups = np.concatenate([beyond > 0, beyond < 0])
    return np.concatenate([usual, np.where(groups, 0.35, 0.85)])


def _first(cors: FloatArray, factors: int) -> FloatArray:
    shares = np.diagonal(np.linalg.pinv(cors, hermitian=True), axis1=1, axis2=2)
    size = (1 - 0.5 * factors / cors.shape[1]) / np.maximum(shares, 1e-12)
    return np.clip(size, SMALLEST_UNIQUENESS * 2, 0.98)


def _eigen(cors: FloatArray, unique: FloatArray, estimator: Estimator) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues (b, k), rising, and eigenvectors (b, k, k) of what the estimator looks at."""
    if estimator == "ml":
        scale = 1 / np.sqrt(unique)
        return np.linalg.eigh(cors * scale[:, :, None] * scale[:, None, :])
    reduced = cors.copy()
    places = np.arange(cors.shape[1])
    reduced[:, places, places] -= unique
    return np.linalg.eigh(reduced)


def _discrepancy(
    roots: FloatArray, vectors: FloatArray, factors: int, estimator: Estimator
) -> tuple[FloatArray, FloatArray]:
    """Value (b) and slope (b, k): in the logarithm of the uniquenesses for ml, else in the uniquenesses."""
    rest, inner = roots[:, :-factors], vectors[:, :, :-factors]
    if estimator == "ml":
        rest = np.maximum(rest, 1e-300)
        return np.sum(rest - np.log(rest) - 1, axis=1), np.einsum("bkj,bj->bk", inner ** 2, 1 - rest)
    return 0.5 * np.sum(rest ** 2, axis=1), -np.einsum("bkj,bj->bk", inner ** 2, rest)


def _loadings(
    roots: FloatArray, vectors: FloatArray, unique: FloatArray, factors: int, estimator: Estimator
) -> FloatArray:
    top, size = vectors[:, :, :-factors - 1:-1], roots[:, :-factors - 1:-1]
    if estimator == "ml":
        return np.sqrt(unique)[:, :, None] * top * np.sqrt(np.maximum(size - 1, 0.0))[:, None, :]
    return top * np.sqrt(np.maximum(size, 0.0))[:, None, :]


def _stuck(unique: FloatArray, gradient: FloatArray) -> NDArray[np.bool_]:
    """Where a uniqueness stands at a bound and would go beyond it."""
    return ((unique <= SMALLEST_UNIQUENESS * 1.0001) & (gradient > 0)) | ((unique >= 1 - 1e-9) & (gradient < 0))


def _newton(
    cors: FloatArray, unique: FloatArray, factors: int, estimator: Estimator, still: float
) -> FloatArray:
    unique = unique.copy()
    moving = np.arange(len(cors))
    roots, vectors = _eigen(cors, unique, estimator)
    value, gradient = _discrepancy(roots, vectors, factors, estimator)
    for _ in range(_STEPS):
        stuck = _stuck(unique[moving], gradient)
        going = np.max(np.abs(np.where(stuck, 0.0, gradient)), axis=1) > still
        if not going.any():
            break
        moving, stuck = moving[going], stuck[going]
        value, gradient, roots, vectors = (one[going] for one in (value, gradient, roots, vectors))
        step = _step(roots, vectors, gradient, stuck, factors, estimator)
        unique[moving], value, gradient, roots, vectors, helped = _line(
            cors[moving], unique[moving], value, gradient, roots, vectors, step, factors, estimator)
        moving = moving[helped]
        value, gradient, roots, vectors = (one[helped] for one in (value, gradient, roots, vectors))
    return unique


def _step(
    roots: FloatArray, vectors: FloatArray, gradient: FloatArray, stuck: NDArray[np.bool_], factors: int,
    estimator: Estimator,
) -> FloatArray:
    """Newton's step with the exact second derivatives; where that leads uphill, with their positive part."""
    positive, full = _bend(roots, vectors, factors, estimator)
    step: FloatArray = _solved(full, gradient, stuck)
    uphill = np.sum(step * gradient, axis=1) >= 0
    if uphill.any():
        step[uphill] = _solved(positive[uphill], gradient[uphill], stuck[uphill])
    return step


def _bend(
    roots: FloatArray, vectors: FloatArray, factors: int, estimator: Estimator
) -> tuple[FloatArray, FloatArray]:
    """Second derivatives (b, k, k): the part that is never negative, and all of them."""
    rest, inner = roots[:, :-factors], vectors[:, :, :-factors]
    plain = inner @ np.swapaxes(inner, 1, 2)
    positive = plain * ((inner * rest[:, None, :]) @ np.swapaxes(inner, 1, 2)) if estimator == "ml" else plain ** 2
    full = positive.copy()
    for place in range(1, factors + 1):
        root, vector = roots[:, -place, None], vectors[:, :, -place]
        apart = np.maximum(root - rest, 1e-12)
        share = (1 - rest) * (rest + root) / apart if estimator == "ml" else -2 * rest / apart
        full += ((inner * share[:, None, :]) @ np.swapaxes(inner, 1, 2)) * (vector[:, :, None] * vector[:, None, :])
    return positive, full


def _solved(bend: FloatArray, gradient: FloatArray, stuck: NDArray[np.bool_]) -> FloatArray:
    free = ~stuck
    bend = bend * (free[:, :, None] & free[:, None, :])
    places = np.arange(bend.shape[1])
    bend[:, places, places] += np.where(stuck, 1.0, 1e-9)
    return np.asarray(-np.linalg.solve(bend, np.where(stuck, 0.0, gradient)[:, :, None])[:, :, 0], dtype=np.float64)


def _line(
    cors: FloatArray, unique: FloatArray, value: FloatArray, gradient: FloatArray, roots: FloatArray,
    vectors: FloatArray, step: FloatArray, factors: int, estimator: Estimator,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Take each step, halving those that make things worse; those that never help are given up."""
    unique, value, gradient, roots, vectors = (one.copy() for one in (unique, value, gradient, roots, vectors))
    todo, size = np.arange(len(unique)), 1.0
    for _ in range(_HALVINGS):
        if not len(todo):
            break
        tried = _moved(unique[todo], size * step[todo], estimator)
        sizes, turned = _eigen(cors[todo], tried, estimator)
        found, slope = _discrepancy(sizes, turned, factors, estimator)
        good = found <= value[todo] - 1e-15 * np.abs(value[todo])
        kept = todo[good]
        unique[kept], value[kept], gradient[kept] = tried[good], found[good], slope[good]
        roots[kept], vectors[kept] = sizes[good], turned[good]
        todo, size = todo[~good], size / 4
    helped = np.ones(len(unique), dtype=bool)
    helped[todo] = False
    return unique, value, gradient, roots, vectors, helped


def _moved(unique: FloatArray, step: FloatArray, estimator: Estimator) -> FloatArray:
    if estimator == "ml":
        return np.clip(unique * np.exp(np.clip(step, -5, 5)), SMALLEST_UNIQUENESS, 1.0)
    return np.clip(unique + step, SMALLEST_UNIQUENESS, 1.0)


def _axis_walk(cors: FloatArray, unique: FloatArray, factors: int) -> FloatArray:
    unique = unique.copy()
    moving = np.arange(len(cors))
    for _ in range(_AXIS_STEPS):
        roots, vectors = _eigen(cors[moving], unique[moving], "principal_axis")
        loadings = _loadings(roots, vectors, unique[moving], factors, "principal_axis")
        after = np.clip(1 - np.sum(loadings ** 2, axis=2), SMALLEST_UNIQUENESS, 1.0)
        still = np.max(np.abs(after - unique[moving]), axis=1) < _AXIS_STILL
        unique[moving] = after
        moving = moving[~still]
        if not len(moving):
            break
    return unique
