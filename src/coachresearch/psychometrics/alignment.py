"""Which factor of one solution is which of another: congruence, matching, Procrustes turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def congruence(first: FloatArray, second: FloatArray) -> FloatArray:
    """Tucker's coefficients of congruence between the columns of two loading matrices: (m, m).

    References
    ----------
    Tucker (1951), Personnel Research Section Report 984. Lorenzo-Seva & ten Berge (2006), Methodology 2, 57-64.
    """
    lengths = np.sqrt(np.sum(first ** 2, axis=0))[:, None] * np.sqrt(np.sum(second ** 2, axis=0))[None, :]
    return np.divide(first.T @ second, lengths, out=np.zeros_like(lengths), where=lengths > 1e-300)


def matching(loadings: FloatArray, onto: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Order (m) and signs (m) that bring the columns of `loadings` as close as possible to those of `onto`."""
    from scipy.optimize import linear_sum_assignment

    alike = congruence(loadings, onto)
    rows, columns = linear_sum_assignment(-np.abs(alike))
    order = rows[np.argsort(columns)]
    signs = np.where(alike[order, np.arange(onto.shape[1])] < 0, -1.0, 1.0)
    return order.astype(np.int64), signs


def matched(loadings: FloatArray, phi: FloatArray, onto: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Order and turn round the factors of many solutions (b, k, m), (b, m, m) so that they match `onto` (k, m)."""
    patterns, correlations = np.empty_like(loadings), np.empty_like(phi)
    for place, one in enumerate(loadings):
        order, signs = matching(one, onto)
        patterns[place] = one[:, order] * signs
        correlations[place] = phi[place][np.ix_(order, order)] * np.outer(signs, signs)
    return patterns, correlations


def turns_towards(loadings: FloatArray, onto: FloatArray, *, oblique: bool) -> FloatArray:
    """Turns (b, m, m) that bring unrotated solutions (b, k, m) near a rotated one (k, m): Procrustes.

    References
    ----------
    Schönemann (1966), Psychometrika 31, 1-10 (orthogonal). Oblique: least squares, factors brought to variance 1.
    """
    if not oblique:
        left, _, right = np.linalg.svd(np.swapaxes(loadings, 1, 2) @ onto)
        return np.asarray(left @ right)
    raw = np.linalg.pinv(loadings) @ onto
    turns = np.swapaxes(np.linalg.pinv(raw), 1, 2)
    return np.asarray(turns / np.sqrt(np.sum(turns ** 2, axis=1, keepdims=True)))
