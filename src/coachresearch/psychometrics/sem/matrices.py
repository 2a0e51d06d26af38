"""Implied means and covariances of a model, and how each parameter moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coachresearch.psychometrics.sem.table import Parameter, ParameterTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the parameters of one group stand in the three matrices of the model.

    All variables, observed ones first, stand in one order. ``paths[i, j]`` is the effect of j on i, ``spread[i, j]``
    the (residual) covariance, ``level[i]`` the intercept.

    Parameters
    ----------
    variables : tuple of str
        The v variables, observed first.
    k : int
        Number of observed variables.
    paths, spread, level : array (v, v), (v, v), (v)
        Fixed values, zero where free.
    kind, row, column, place : array (e)
        Each free entry: 0 a path, 1 a covariance, 2 an intercept; where it stands; which free parameter it is.
    """

    variables: tuple[str, ...]
    k: int
    paths: FloatArray
    spread: FloatArray
    level: FloatArray
    kind: IntArray
    row: IntArray
    column: IntArray
    place: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """What a group's matrices imply at some parameters.

    Parameters
    ----------
    cov, mean : array (k, k), (k)
        Of the observed variables.
    total : array (v, v)
        Covariances of all variables.
    effect : array (k, v)
        Effect of every variable's residual on the observed ones.
    levels : array (v)
        Means of all variables.
    paths, spread, level : array
        The filled matrices.
    """

    cov: NDArray
    mean: NDArray
    total: NDArray
    effect: NDArray
    levels: NDArray
    paths: NDArray
    spread: NDArray
    level: NDArray


def layout(table: ParameterTable, group: int, cov: FloatArray, mean: FloatArray) -> Layout:
    """Lay out one group; what the model takes as given is filled from the data (cov k × k, mean k)."""
    variables = (*table.observed, *table.factors)
    at = {name: i for i, name in enumerate(variables)}
    size = len(variables)
    paths, spread, level = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
    free: list[tuple[int, int, int, int]] = []
    for one in (row for row in table.rows if row.group == group):
        kind, i, j = entry_of(one, at)
        if one.free >= 0:
            free.append((kind, i, j, one.free))
            continue
        value = one.fixed if not one.exogenous else float(mean[i] if kind == 2 else cov[i, j])
        if kind == 0:
            paths[i, j] = value
        elif kind == 1:
            spread[i, j] = spread[j, i] = value
        else:
            level[i] = value
    kinds, rows, columns, places = np.array(free, dtype=np.int64).reshape(-1, 4).T
    return Layout(variables, len(table.observed), paths, spread, level, kinds, rows, columns, places)


def entry_of(one: Parameter, at: dict[str, int]) -> tuple[int, int, int]:
    """Kind, row and column of a parameter."""
    if one.op == "=~":
        return 0, at[one.rhs], at[one.lhs]
    if one.op == "~":
        return 0, at[one.lhs], at[one.rhs]
    if one.op == "~~":
        return 1, at[one.lhs], at[one.rhs]
    return 2, at[one.lhs], 0


def implied(where: Layout, theta: NDArray) -> Implied:
    """Fill the matrices and work out what they imply.

    Parameters
    ----------
    where : Layout
    theta : array (q)
        Free parameters; may be complex, for derivatives by complex step.

    References
    ----------
    McArdle & McDonald (1984), British Journal of Mathematical and Statistical Psychology 37, 234-251.
    """
    paths, spread, level = (np.array(one, dtype=theta.dtype) for one in (where.paths, where.spread, where.level))
    values = theta[where.place]
    path, covariance, intercept = (where.kind == one for one in range(3))
    paths[where.row[path], where.column[path]] = values[path]
    spread[where.row[covariance], where.column[covariance]] = values[covariance]
    spread[where.column[covariance], where.row[covariance]] = values[covariance]
    level[where.row[intercept]] = values[intercept]
    effects = np.linalg.inv(np.eye(len(paths)) - paths)
    total = effects @ spread @ effects.T
    levels = effects @ level
    k = where.k
    return Implied(total[:k, :k], levels[:k], total, effects[:k], levels, paths, spread, level)


def directions(where: Layout, found: Implied) -> tuple[NDArray, NDArray, NDArray]:
    """How each free entry moves the implied moments.

    Returns
    -------
    tuple of array (k, e)
        x and y, so that the covariance moves by ``x y' + y x'``; and the move of the mean.
    """
    left = found.effect[:, where.row]
    path, covariance, intercept = (where.kind == one for one in range(3))
    right = np.zeros_like(left)
    right[:, path] = found.total[:where.k][:, where.column[path]]
    halved = np.where(where.row == where.column, 0.5, 1.0)
    right[:, covariance] = (found.effect[:, where.column] * halved)[:, covariance]
    mean = np.zeros_like(left)
    mean[:, path] = left[:, path] * found.levels[where.column[path]]
    mean[:, intercept] = left[:, intercept]
    left = np.where(intercept, 0.0, left)
    return left, right, mean


def with_entries(where: Layout, entries: list[tuple[int, int, int]]) -> Layout:
    """Add entries that are fixed in the model, to see how freeing them would move it."""
    kinds, rows, columns = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    return replace(where, kind=np.concatenate([where.kind, kinds]), row=np.concatenate([where.row, rows]),
                   column=np.concatenate([where.column, columns]),
                   place=np.concatenate([where.place, np.full(len(kinds), -1)]))


def slopes(function: Callable[[NDArray], NDArray], at: FloatArray) -> FloatArray:
    """Derivatives of a smooth function (q values to m) by complex step: (m, q), exact to rounding.

    References
    ----------
    Squire & Trapp (1998), SIAM Review 40, 110-112.
    """
    step = 1e-20
    columns = []
    for i in range(len(at)):
        moved = at.astype(complex)
        moved[i] += 1j * step
        columns.append(np.imag(function(moved)) / step)
    return np.array(columns).T.reshape(-1, len(at))
