"""Continuous answers from a common-factor model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError

FloatArray = NDArray[np.float64]


def factor_answers(
    rng: np.random.Generator, n: int, *, loadings: ArrayLike, phi: ArrayLike | None = None
) -> FloatArray:
    """Draw standardised answers of n people.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    n : int
        Number of people.
    loadings : array (k) or (k, m)
        Standardised loadings; uniquenesses fill each item up to variance 1.
    phi : array (m, m), optional
        Correlations of the factors; uncorrelated if not given.

    Returns
    -------
    array (n, k)

    Raises
    ------
    EstimationError
        If the factors explain more than all variance of an item.
    """
    pattern = np.atleast_2d(np.asarray(loadings, dtype=float).T).T
    between = np.eye(pattern.shape[1]) if phi is None else np.asarray(phi, dtype=float)
    unique = 1 - np.einsum("im,mj,ij->i", pattern, between, pattern)
    if (unique < 0).any():
        raise EstimationError(f"Item {int(np.argmin(unique)) + 1} has a communality above 1",
                              remedy="Lower its loadings or the correlations of the factors.")
    traits = rng.standard_normal((n, len(between))) @ np.linalg.cholesky(between).T
    return traits @ pattern.T + rng.standard_normal((n, len(pattern))) * np.sqrt(unique)
