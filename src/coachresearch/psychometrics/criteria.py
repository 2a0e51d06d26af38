"""What a rotation makes small: value and slope of each criterion, for many loading matrices at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Criterion = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Loadings (b, k, m) to values (b) and slopes (b, k, m)."""


def varimax(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Spread of the squared loadings within factors, negative (Kaiser, 1958, Psychometrika 23, 187-200)."""
    squares = loadings ** 2
    spread = squares - squares.mean(axis=-2, keepdims=True)
    return -np.sum(spread ** 2, axis=(-2, -1)) / 4, -loadings * spread


def oblimin(gamma: float) -> Criterion:
    """Products of squared loadings between factors (Jennrich & Sampson, 1966, Psychometrika 31, 313-323).

    With gamma 0 it is quartimin.
    """
    def value(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings ** 2
        others = squares.sum(axis=-1, keepdims=True) - squares
        others = others - gamma * others.mean(axis=-2, keepdims=True)
        return np.sum(squares * others, axis=(-2, -1)) / 4, loadings * others
    return value


def geomin(epsilon: float) -> Criterion:
    """Geometric mean of an item's squared loadings (Yates, 1987; Browne, 2001, Mult. Behav. Res. 36, 111-150)."""
    def value(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = loadings ** 2 + epsilon
        product = np.exp(np.mean(np.log(squares), axis=-1, keepdims=True))
        return product.sum(axis=(-2, -1)), 2 / loadings.shape[-1] * (loadings / squares) * product
    return value


def target(wanted: FloatArray) -> Criterion:
    """Squared distance from a target (k, m) where it is given; NaN leaves a loading free (Browne, 2001)."""
    known = ~np.isnan(wanted)
    aim = np.where(known, wanted, 0.0)

    def value(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
        away = np.where(known, loadings - aim, 0.0)
        return np.sum(away ** 2, axis=(-2, -1)), 2 * away
    return value


def bifactor(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Quartimin of all factors but the first, which is general (Jennrich & Bentler, 2011, Psychometrika 76)."""
    groups = loadings[..., 1:]
    values, slopes = oblimin(0.0)(groups)
    return values, np.concatenate([np.zeros_like(loadings[..., :1]), slopes], axis=-1)
