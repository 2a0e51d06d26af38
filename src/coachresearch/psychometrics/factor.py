"""Factor extraction from a correlation matrix: maximum likelihood or minimum residual, unrotated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, NotConverged, NotIdentified

FloatArray = NDArray[np.float64]
Estimator = Literal["ml", "minres"]

_SMALLEST_UNIQUENESS = 0.005
_SMALLEST_EIGENVALUE = 1e-10
_FLAT = 1e-5
_RESTARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Extraction:
    """Unrotated factors of a correlation matrix.

    Parameters
    ----------
    loadings : array (k, m)
        Standardised loadings; every column points to where most items are.
    uniquenesses : array (k)
        Share of each item's variance that no common factor explains, at least 0.005.
    improper : array (k) of bool
        Items whose uniqueness ran into that bound (a Heywood case).
    estimator : {"ml", "minres"}
        How the factors were extracted.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    improper: NDArray[np.bool_]
    estimator: Estimator

    @property
    def implied(self) -> FloatArray:
        """Correlations that the factors imply (k × k)."""
        return self.loadings @ self.loadings.T + np.diag(self.uniquenesses)


def extract(cor: FloatArray, factors: int = 1, *, estimator: Estimator = "ml") -> Extraction:
    """Extract common factors.

    Parameters
    ----------
    cor : array (k, k)
        Correlations.
    factors : int
        Number of common factors m, at least 1.
    estimator : {"ml", "minres"}
        Maximum likelihood under normality, or least squares on the correlations off the diagonal.

    Raises
    ------
    NotIdentified
        If the items are too few for so many factors.
    EstimationError
        If the matrix is singular (maximum likelihood only).
    NotConverged
        If the search stops early.

    References
    ----------
    Jöreskog (1967), Psychometrika 32, 443-482 (maximum likelihood); Harman & Jones (1966), Psychometrika 31, 351-368
    (minimum residual). Both are searched over the uniquenesses alone, with the loadings from the eigenvectors.
    """
    k = len(cor)
    if factors < 1:
        raise EstimationError(f"The number of factors is {factors}", remedy="It is at least 1.")
    if (k - factors) ** 2 < k + factors:
        raise NotIdentified(f"{k} items cannot identify {factors} common factor{'s' if factors > 1 else ''}",
                            remedy="One factor needs three items, two factors need five.")
    smallest = float(np.linalg.eigvalsh(cor)[0])
    if estimator == "ml" and smallest < _SMALLEST_EIGENVALUE:
        raise EstimationError(
            f"The correlation matrix of {k} items is singular (smallest eigenvalue {smallest:.2g})",
            remedy='Use more people than items, drop items that repeat each other, or extract with estimator="minres".')
    unique = _search(cor, factors, estimator)
    loadings = _LOADINGS[estimator](cor, unique, factors)
    loadings = loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    improper = unique <= _SMALLEST_UNIQUENESS * 1.0001
    for values in (loadings, unique, improper):
        values.setflags(write=False)
    return Extraction(loadings, unique, improper, estimator)


def _search(cor: FloatArray, factors: int, estimator: Estimator) -> FloatArray:
    from scipy.optimize import minimize

    k = len(cor)
    discrepancy = _DISCREPANCY[estimator]
    unique = np.clip((1 - 0.5 * factors / k) / np.diag(np.linalg.pinv(cor)), _SMALLEST_UNIQUENESS * 2, 0.98)
    for _ in range(_RESTARTS):
        unique = np.asarray(minimize(
            discrepancy, unique, args=(cor, factors), jac=True, method="L-BFGS-B",
            bounds=[(_SMALLEST_UNIQUENESS, 1.0)] * k, options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9}).x)
        slope = _free_slope(unique, discrepancy(unique, cor, factors)[1])
        if slope < _FLAT:
            return unique
    raise NotConverged(f"The {estimator} factor solution of {k} items did not converge (largest slope {slope:.2g})",
                       remedy="Check for items that hardly vary or repeat each other.")


def _free_slope(unique: FloatArray, gradient: FloatArray) -> float:
    """Return the largest slope in a direction in which a uniqueness may still move.

    The search itself may stop with a complaint once it has reached the precision of the numbers, so the slope decides.
    """
    stuck = ((unique <= _SMALLEST_UNIQUENESS) & (gradient > 0)) | ((unique >= 1) & (gradient < 0))
    return float(np.max(np.abs(np.where(stuck, 0.0, gradient))))


def _ml_discrepancy(unique: FloatArray, cor: FloatArray, factors: int) -> tuple[float, FloatArray]:
    scale = 1 / np.sqrt(unique)
    roots, vectors = np.linalg.eigh(cor * np.outer(scale, scale))
    rest = roots[:-factors]
    value = float(np.sum(rest - np.log(rest) - 1))
    gradient = -np.sum(vectors[:, :-factors] ** 2 * (rest - 1), axis=1) / unique
    return value, gradient


def _ml_loadings(cor: FloatArray, unique: FloatArray, factors: int) -> FloatArray:
    scale = 1 / np.sqrt(unique)
    roots, vectors = np.linalg.eigh(cor * np.outer(scale, scale))
    top = slice(None, -factors - 1, -1)
    return np.sqrt(unique)[:, None] * vectors[:, top] * np.sqrt(np.maximum(roots[top] - 1, 0.0))


def _minres_discrepancy(unique: FloatArray, cor: FloatArray, factors: int) -> tuple[float, FloatArray]:
    roots, vectors = np.linalg.eigh(cor - np.diag(unique))
    rest = roots[:-factors]
    return float(0.5 * np.sum(rest ** 2)), -np.sum(vectors[:, :-factors] ** 2 * rest, axis=1)


def _minres_loadings(cor: FloatArray, unique: FloatArray, factors: int) -> FloatArray:
    roots, vectors = np.linalg.eigh(cor - np.diag(unique))
    top = slice(None, -factors - 1, -1)
    return vectors[:, top] * np.sqrt(np.maximum(roots[top], 0.0))


_DISCREPANCY = {"ml": _ml_discrepancy, "minres": _minres_discrepancy}
_LOADINGS = {"ml": _ml_loadings, "minres": _minres_loadings}
