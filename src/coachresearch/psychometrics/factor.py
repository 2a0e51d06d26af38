"""Factors of one correlation matrix, unrotated: maximum likelihood, minimum residual or principal axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, NotConverged, NotIdentified
from coachresearch.psychometrics.extraction import Estimator, Extractions, FloatArray, extract_many, several_starts

_SMALLEST_EIGENVALUE = 1e-10
_SAME_VALUE = 1e-8


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
    estimator : {"ml", "minres", "principal_axis"}
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
    estimator : {"ml", "minres", "principal_axis"}
        Maximum likelihood under normality, least squares on the correlations off the diagonal, or the older way to
        the same least-squares solution.

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
    (minimum residual). Both are searched over the uniquenesses alone, with the loadings from the eigenvectors, from
    several starts.
    """
    k = len(cor)
    if factors < 1:
        raise EstimationError(f"The number of factors is {factors}", remedy="It is at least 1.")
    if k <= factors or (k - factors) ** 2 < k + factors:
        raise NotIdentified(f"{k} items cannot identify {factors} common factor{'s' if factors > 1 else ''}",
                            remedy="One factor needs three items, two factors need five.")
    smallest = float(np.linalg.eigvalsh(cor)[0])
    if estimator == "ml" and smallest < _SMALLEST_EIGENVALUE:
        raise EstimationError(
            f"The correlation matrix of {k} items is singular (smallest eigenvalue {smallest:.2g})",
            remedy='Use more people than items, drop items that repeat each other, or extract with estimator="minres".')
    table = np.asarray(cor, dtype=float)
    starts = several_starts(table, factors) if estimator != "principal_axis" else several_starts(table, factors)[:1]
    found = extract_many(np.broadcast_to(table, (len(starts), k, k)), factors, estimator, first=starts)
    if not found.converged.any():
        raise NotConverged(
            f"The {estimator} factor solution of {k} items did not converge (largest slope {found.slopes[0]:.2g})",
            remedy="Check for items that hardly vary or repeat each other, or ask for fewer factors.")
    best = _best(found)
    loadings, unique, improper = (np.array(one[best]) for one in (found.loadings, found.uniquenesses, found.improper))
    for values in (loadings, unique, improper):
        values.setflags(write=False)
    return Extraction(loadings, unique, improper, estimator)


def _best(found: Extractions) -> int:
    """Return the start with the smallest discrepancy; the first of those that reach it."""
    values = np.where(found.converged, found.values, np.inf)
    return int(np.flatnonzero(values <= values.min() + _SAME_VALUE)[0])
