"""Likelihood of a model of rows with gaps: each row counts with what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi

import numpy as np
from numpy.typing import NDArray

from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.sem.matrices import FloatArray, IntArray, Layout, directions, implied, slopes
from coachresearch.psychometrics.sem.maximum_likelihood import Likelihood, search


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows that answered the same variables.

    Parameters
    ----------
    at : array (m)
        Which variables.
    n : int
    cov, mean : array (m, m), (m)
        Covariances with divisor n, and means.
    """

    at: IntArray
    n: int
    cov: FloatArray
    mean: FloatArray


def parts_of(patterns: Patterns) -> tuple[Part, ...]:
    """Unpack patterns into the parts of the likelihood."""
    return tuple(Part(np.array([patterns.columns.index(name) for name in one.columns]), one.n, one.scatter / one.n,
                      one.mean) for one in patterns.parts if one.n)


def minus_twice_log_likelihood(where: Layout, parts: tuple[Part, ...], theta: FloatArray) -> float:
    """Minus twice the log-likelihood; infinite where the implied covariances are not positive definite."""
    found = implied(where, theta)
    if float(np.linalg.eigvalsh(found.cov)[0]) <= 0:
        return inf
    total = 0.0
    for part in parts:
        cov = found.cov[np.ix_(part.at, part.at)]
        away = part.mean - found.mean[part.at]
        inner = np.linalg.solve(cov, part.cov + np.outer(away, away))
        total += part.n * float(len(part.at) * log(2 * pi) + np.linalg.slogdet(cov)[1] + np.trace(inner))
    return total


def gradient(where: Layout, parts: tuple[Part, ...], theta: NDArray) -> NDArray:
    """Slopes of the log-likelihood (q); `theta` may be complex."""
    found = implied(where, theta)
    x, y, move = directions(where, found)
    miss, pull = np.zeros_like(found.cov), np.zeros_like(found.mean)
    for part in parts:
        cells = np.ix_(part.at, part.at)
        weight = np.linalg.inv(found.cov[cells])
        away = part.mean - found.mean[part.at]
        miss[cells] += part.n * (weight @ (part.cov + np.outer(away, away)) @ weight - weight)
        pull[part.at] += part.n * (weight @ away)
    total = np.zeros_like(theta)
    np.add.at(total, where.place, np.sum(x * (miss @ y), axis=0) + pull @ move)
    return total


def information(where: Layout, parts: tuple[Part, ...], theta: FloatArray) -> FloatArray:
    """Information expected of the patterns as they are (q, q); the metric of the search."""
    found = implied(where, theta)
    x, y, move = directions(where, found)
    size = x.shape[1]
    table = np.zeros((size, size))
    for part in parts:
        weight = np.linalg.inv(found.cov[np.ix_(part.at, part.at)])
        a, b, m = x[part.at], y[part.at], move[part.at]
        cross = a.T @ weight @ b
        table += part.n * ((a.T @ weight @ a) * (b.T @ weight @ b) + cross * cross.T + m.T @ weight @ m)
    total = np.zeros((len(theta), len(theta)))
    np.add.at(total, (where.place[:, None], where.place[None, :]), table)
    return total


def observed_information(where: Layout, parts: tuple[Part, ...], theta: FloatArray) -> FloatArray:
    """Observed information (q, q): slopes of the analytic gradient, exact to rounding."""
    table = -slopes(lambda at: gradient(where, parts, at), theta)
    return (table + table.T) / 2


def fit_missing(where: Layout, parts: tuple[Part, ...], start: FloatArray) -> Likelihood:
    """Search the maximum of the likelihood of rows with gaps; `discrepancy` is minus twice the log-likelihood.

    Raises
    ------
    NotConverged
        If the search stops early.

    References
    ----------
    Arbuckle (1996), in Marcoulides & Schumacker (eds.), Advanced Structural Equation Modeling, 243-277.
    """
    return search(lambda at: minus_twice_log_likelihood(where, parts, at), lambda at: gradient(where, parts, at),
                  lambda at: information(where, parts, at), start)


def scores(where: Layout, rows: FloatArray, theta: FloatArray) -> FloatArray:
    """Slope of each row's log-likelihood along each free parameter (n, q); NaN in `rows` is a gap."""
    found = implied(where, theta)
    x, y, move = directions(where, found)
    gaps = np.isnan(rows)
    total = np.zeros((len(theta), len(rows)))
    kinds, member = np.unique(gaps, axis=0, return_inverse=True)
    for place, kind in enumerate(kinds):
        at, mine = np.flatnonzero(~kind), np.flatnonzero(member.ravel() == place)
        if not len(at):
            continue
        weight = np.linalg.inv(found.cov[np.ix_(at, at)])
        away = (rows[np.ix_(mine, at)] - found.mean[at]) @ weight
        entries = (away @ x[at]) * (away @ y[at]) - np.sum(x[at] * (weight @ y[at]), axis=0) + away @ move[at]
        part = np.zeros((len(theta), len(mine)))
        np.add.at(part, where.place, entries.T)
        total[:, mine] = part
    return total.T


def saturated_layout(cov: FloatArray, mean: FloatArray) -> tuple[Layout, FloatArray]:
    """The model of free means and covariances, and its parameters at some moments."""
    k = len(cov)
    row, column = np.tril_indices(k)
    pairs, zeros = len(row), np.zeros(k, dtype=np.int64)
    where = Layout(tuple(map(str, range(k))), k, np.zeros((k, k)), np.zeros((k, k)), np.zeros(k),
                   np.repeat(np.array([1, 2]), [pairs, k]), np.concatenate([row, np.arange(k)]),
                   np.concatenate([column, zeros]), np.arange(pairs + k))
    return where, np.concatenate([cov[row, column], mean])


def saturated_information(parts: tuple[Part, ...], cov: FloatArray, mean: FloatArray) -> FloatArray:
    """Observed information of free means and covariances, in the order of `saturated_layout`.

    References
    ----------
    Savalei (2010), British Journal of Mathematical and Statistical Psychology 63, 161-198 (observed information).
    """
    where, theta = saturated_layout(cov, mean)
    x, y, move = directions(where, implied(where, theta))
    total = np.zeros((len(theta), len(theta)))
    for part in parts:
        weight = np.linalg.inv(cov[np.ix_(part.at, part.at)])
        away = part.mean - mean[part.at]
        seen = weight @ (part.cov + np.outer(away, away)) @ weight
        a, b, m = x[part.at], y[part.at], move[part.at]
        wa, wb, sa, sb = weight @ a, weight @ b, seen @ a, seen @ b
        cross, other = a.T @ wb, a.T @ sb
        table = ((b.T @ wa) * (sa.T @ b) + (b.T @ wb) * (a.T @ sa) + (a.T @ wa) * (b.T @ sb) + cross * other.T
                 - (a.T @ wa) * (b.T @ wb) - cross * cross.T)
        pull = weight @ away
        mixed = (m.T @ wa) * (b.T @ pull) + (m.T @ wb) * (a.T @ pull)
        total += part.n * ((table + table.T) / 2 + mixed + mixed.T + m.T @ weight @ m)
    return total
