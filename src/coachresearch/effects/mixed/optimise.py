"""Minimise many smooth functions of a few parameters side by side, by the BFGS update with a backtracking search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray, NDArray[np.int64]], tuple[FloatArray, FloatArray]]

_ARMIJO = 1e-4
_HALVINGS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where R searches ended.

    Parameters
    ----------
    point, gradient : array (R, k)
    value : array (R)
    converged : array (R) of bool
        The decrease promised by the last quadratic model lies below the tolerance.
    steps : int
    """

    point: FloatArray
    value: FloatArray
    gradient: FloatArray
    converged: NDArray[np.bool_]
    steps: int


def minimise(objective: Objective, start: FloatArray, *, tolerance: float = 1e-10, steps: int = 200) -> Minimum:
    """Minimise R functions from R starting points.

    Parameters
    ----------
    objective : function
        Takes points (r, k) and which of the R functions they belong to (r); returns values (r) and gradients (r, k).
    start : array (R, k)
    tolerance : float
        Largest promised decrease at which a search has converged.
    steps : int
        Most steps of a search.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, algorithms 3.1 and 6.1.
    """
    R, k = start.shape
    x = start.copy()
    value, slope = objective(x, np.arange(R))
    value, slope = value.copy(), slope.copy()
    H = np.tile(np.eye(k), (R, 1, 1)) * (0.25 / np.maximum(np.linalg.norm(slope, axis=1), 1e-8))[:, None, None]
    fresh = np.ones(R, dtype=bool)
    going = np.arange(R)
    converged = np.zeros(R, dtype=bool)
    taken = 0
    while len(going) and taken < steps:
        taken += 1
        direction = -np.einsum("rij,rj->ri", H[going], slope[going])
        promised = -np.einsum("ri,ri->r", direction, slope[going])
        done = (promised < tolerance) & (~fresh[going] | (np.linalg.norm(slope[going], axis=1) < 1e-7))
        converged[going[done]] = True
        going, direction, promised = going[~done], direction[~done], promised[~done]
        if not len(going):
            break
        new, new_value, new_slope, moved = _search(objective, x[going], value[going], direction, promised, going)
        stuck = going[~moved]
        restart = stuck[~fresh[stuck]]
        H[restart] = np.eye(k) * 1e-2 / np.maximum(np.linalg.norm(slope[restart], axis=1), 1e-8)[:, None, None]
        fresh[restart] = True
        ended = np.setdiff1d(stuck, restart, assume_unique=True)
        held = going[moved]
        step, change = new[moved] - x[held], new_slope[moved] - slope[held]
        _update(H, fresh, held, step, change)
        x[held], value[held], slope[held] = new[moved], new_value[moved], new_slope[moved]
        going = np.setdiff1d(going, ended, assume_unique=True)
    return Minimum(x, value, slope, converged, taken)


def _search(
    objective: Objective, x: FloatArray, value: FloatArray, direction: FloatArray, promised: FloatArray,
    which: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    length = np.ones(len(x))
    new = x + direction
    new_value, new_slope = objective(new, which)
    new_value, new_slope = new_value.copy(), new_slope.copy()
    bad = _too_high(new_value, value, length, promised)
    for _ in range(_HALVINGS):
        if not bad.any():
            break
        rise = new_value[bad] - value[bad] + length[bad] * promised[bad]
        best = np.where(np.isfinite(rise) & (rise > 0), length[bad] * promised[bad] / (2 * rise), 0.1)
        length[bad] *= np.clip(best, 0.1, 0.5)
        new[bad] = x[bad] + length[bad, None] * direction[bad]
        new_value[bad], new_slope[bad] = objective(new[bad], which[bad])
        bad = _too_high(new_value, value, length, promised)
    return new, new_value, new_slope, ~bad


def _too_high(new: FloatArray, old: FloatArray, length: FloatArray, promised: FloatArray) -> NDArray[np.bool_]:
    noise = 1e-14 * np.maximum(np.abs(old), 1.0)
    return ~(new <= old - _ARMIJO * length * promised + noise)


def _update(
    H: FloatArray, fresh: NDArray[np.bool_], held: NDArray[np.int64], step: FloatArray, change: FloatArray
) -> None:
    curvature = np.einsum("ri,ri->r", step, change)
    good = curvature > 1e-12 * np.linalg.norm(step, axis=1) * np.linalg.norm(change, axis=1)
    rows, step, change, curvature = held[good], step[good], change[good], curvature[good]
    if not len(rows):
        return
    first = fresh[rows]
    scale = curvature / np.einsum("ri,ri->r", change, change)
    H[rows[first]] = np.eye(H.shape[1]) * scale[first, None, None]
    fresh[rows] = False
    inverse = H[rows]
    Hy = np.einsum("rij,rj->ri", inverse, change)
    yHy = np.einsum("ri,ri->r", change, Hy)
    outer = step[:, :, None] * step[:, None, :]
    mixed = Hy[:, :, None] * step[:, None, :]
    H[rows] = inverse + ((curvature + yHy) / curvature ** 2)[:, None, None] * outer \
        - (mixed + np.swapaxes(mixed, 1, 2)) / curvature[:, None, None]
