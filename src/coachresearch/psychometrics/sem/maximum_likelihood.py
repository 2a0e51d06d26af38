"""Maximum likelihood of a model from means and covariances: search, slopes and information."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import NotConverged
from coachresearch.psychometrics.sem.matrices import FloatArray, Implied, Layout, directions, implied, slopes

_SMALL = 1e-6
"""Largest step, in units of its own error, at which the search rests."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen in one group.

    Parameters
    ----------
    n : int
        Rows.
    cov : array (k, k)
        Covariances with divisor n.
    mean : array (k)
        Means.
    """

    n: int
    cov: FloatArray
    mean: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """A solution of maximum likelihood.

    Parameters
    ----------
    theta : array (q)
        Free parameters.
    discrepancy : float
        Twice the log-likelihood ratio against the saturated model, over all rows: the chi-square.
    information : array (q, q)
        Expected information of all rows.
    steps : int
        Steps of the search.
    """

    theta: FloatArray
    discrepancy: float
    information: FloatArray
    steps: int


def discrepancy(layouts: Sequence[Layout], seen: Sequence[Seen], theta: FloatArray, *, means: bool) -> float:
    """Chi-square at some parameters; infinite where a matrix is not positive definite."""
    total = 0.0
    for where, data in zip(layouts, seen, strict=True):
        found = implied(where, theta)
        try:
            root = np.linalg.cholesky(found.cov)
        except np.linalg.LinAlgError:
            return inf
        away = data.mean - found.mean if means else np.zeros(where.k)
        inner = np.linalg.solve(found.cov, data.cov + np.outer(away, away))
        size = 2 * np.sum(np.log(np.diag(root))) - np.linalg.slogdet(data.cov)[1]
        total += data.n * float(size + np.trace(inner) - where.k)
    return total


def gradient(layouts: Sequence[Layout], seen: Sequence[Seen], theta: NDArray, *, means: bool) -> NDArray:
    """Slopes of the log-likelihood (q); `theta` may be complex."""
    total = np.zeros_like(theta)
    for where, data in zip(layouts, seen, strict=True):
        found = implied(where, theta)
        np.add.at(total, where.place, entry_slopes(where, data, found, means=means))
    return total


def entry_slopes(where: Layout, data: Seen, found: Implied, *, means: bool) -> NDArray:
    """Slopes of one group's log-likelihood along each free entry (e)."""
    x, y, move = directions(where, found)
    weight = np.linalg.inv(found.cov)
    away = data.mean - found.mean if means else np.zeros(where.k)
    miss = weight @ (data.cov + np.outer(away, away) - found.cov) @ weight
    slope = data.n * np.sum(x * (miss @ y), axis=0)
    return slope + data.n * (away @ weight) @ move if means else slope


def entry_information(where: Layout, n: int, found: Implied, *, means: bool) -> FloatArray:
    """Expected information of one group along its free entries (e, e)."""
    x, y, move = directions(where, found)
    weight = np.linalg.inv(found.cov)
    wx, wy = weight @ x, weight @ y
    cross = x.T @ wy
    table = n * ((x.T @ wx) * (y.T @ wy) + cross * cross.T)
    return table + n * (move.T @ weight @ move) if means else table


def information(layouts: Sequence[Layout], seen: Sequence[Seen], theta: FloatArray, *, means: bool) -> FloatArray:
    """Expected information of all rows (q, q)."""
    total = np.zeros((len(theta), len(theta)))
    for where, data in zip(layouts, seen, strict=True):
        table = entry_information(where, data.n, implied(where, theta), means=means)
        np.add.at(total, (where.place[:, None], where.place[None, :]), table)
    return total


def observed_information(
    layouts: Sequence[Layout], seen: Sequence[Seen], theta: FloatArray, *, means: bool
) -> FloatArray:
    """Observed information of all rows (q, q): slopes of the analytic gradient, exact to rounding."""
    table = -slopes(lambda at: gradient(layouts, seen, at, means=means), theta)
    return (table + table.T) / 2


def fit_ml(
    layouts: Sequence[Layout], seen: Sequence[Seen], start: FloatArray, *, means: bool, most_steps: int = 500
) -> Likelihood:
    """Search the maximum of the likelihood by scoring, damped where a step does not help.

    Raises
    ------
    NotConverged
        If the search stops early or starts where the implied covariances are not positive definite.

    References
    ----------
    Lee & Jennrich (1979), Psychometrika 44, 99-113 (scoring); Levenberg (1944), Quarterly of Applied Mathematics 2,
    164-168 (damping).
    """
    return search(lambda at: discrepancy(layouts, seen, at, means=means),
                  lambda at: gradient(layouts, seen, at, means=means),
                  lambda at: information(layouts, seen, at, means=means), start, most_steps=most_steps)


def search(
    value_at: Callable[[FloatArray], float], slope_at: Callable[[FloatArray], NDArray],
    information_at: Callable[[FloatArray], FloatArray], start: FloatArray, *, most_steps: int = 500,
) -> Likelihood:
    """Scoring on any discrepancy (-2 log-likelihood up to a constant), its slopes (of the log-likelihood) and metric.

    Raises
    ------
    NotConverged
        As `fit_ml`.
    """
    theta, damp = start.copy(), 0.0
    value = value_at(theta)
    if not value < inf:
        raise NotConverged("The search starts where the implied covariances are not positive definite",
                           remedy="Give other starting values with start(...).")
    for step in range(1, most_steps + 1):
        slope, table = slope_at(theta), information_at(theta)
        scale = np.sqrt(np.maximum(np.diag(table), 1e-12))
        for _ in range(60):
            move = _move(table / np.outer(scale, scale), slope / scale, damp) / scale
            tried = value_at(theta + move)
            if tried <= value + 1e-10 * (1 + abs(value)):
                break
            damp = max(4 * damp, 1e-4)
        else:
            break
        theta, value = theta + move, tried
        if float(np.max(np.abs(move * scale), initial=0.0)) < _SMALL:
            return Likelihood(theta, value, information_at(theta), step)
        damp = 0.0 if damp < 1e-3 else damp / 10
    raise NotConverged(f"Maximum likelihood did not converge in {most_steps} steps (discrepancy {value:.6g})",
                       remedy="Check that every factor has its items, look for items that repeat each other, "
                       "or give starting values with start(...).")


def _move(table: FloatArray, slope: FloatArray, damp: float) -> FloatArray:
    damped = table + max(damp, 1e-12) * np.eye(len(table))
    try:
        return np.asarray(np.linalg.solve(damped, slope), dtype=float)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(damped, slope, rcond=None)[0], dtype=float)


def starting_values(layouts: Sequence[Layout], seen: Sequence[Seen], given: FloatArray) -> FloatArray:
    """Where the search begins: what was given (q, NaN where nothing), else from each factor's first component."""
    theta = np.zeros(len(given))
    for where, data in zip(layouts, seen, strict=True):
        values = _group_start(where, data)
        theta[where.place] = values
    return np.where(np.isnan(given), theta, given)


def _group_start(where: Layout, data: Seen) -> FloatArray:
    k, size = where.k, len(where.variables)
    loading = np.zeros((size, size))
    scale = np.ones(size)
    for f in range(k, size):
        free = where.row[(where.kind == 0) & (where.column == f)]
        fixed = np.flatnonzero(where.paths[:, f])
        rows = np.array(sorted({*free.tolist(), *fixed.tolist()}), dtype=int)
        items = rows[rows < k]
        loading[rows, f] = 1.0
        if len(items) > 1:
            roots, vectors = np.linalg.eigh(data.cov[np.ix_(items, items)])
            first = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0) * np.sqrt(max(roots[-1], 1e-6) * 0.6)
            loading[items, f] = first
            marker = next((i for i in items if where.paths[i, f]), None)
            if marker is not None and abs(loading[marker, f]) > 0.1 * float(np.abs(first).max()):
                scale[f] = loading[marker, f] / where.paths[marker, f]
                loading[items, f] = first / scale[f]
            elif marker is not None:
                loading[items, f] = 1.0
    values = np.zeros(len(where.place))
    for e, (kind, i, j) in enumerate(zip(where.kind, where.row, where.column, strict=True)):
        if kind == 0:
            values[e] = loading[i, j] if j >= k else 0.0
        elif kind == 1 and i == j:
            values[e] = 0.5 * data.cov[i, i] if i < k else 0.8 * scale[i] ** 2
        elif kind == 2 and i < k:
            values[e] = data.mean[i]
    return values
