"""Ordinal answers: a latent reaction cut at thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError

FloatArray = NDArray[np.float64]


def even_thresholds(categories: int, *, centre: float = 0.0, width: float = 2.5) -> FloatArray:
    """Return evenly spaced thresholds (categories - 1) around `centre`, `width` standard deviations from first to last.

    A centre below 0 makes high answers frequent.
    """
    if categories < 2:
        raise EstimationError(f"{categories} categories have no threshold", remedy="An answer needs two options.")
    return centre + width * (np.linspace(-0.5, 0.5, categories - 1) if categories > 2 else np.zeros(1))


def graded_answers(
    rng: np.random.Generator, traits: ArrayLike, *, loadings: ArrayLike, thresholds: ArrayLike
) -> NDArray[np.int64]:
    """Draw ordinal answers from latent traits.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    traits : array (n) or (n, m)
        Latent traits; in a population with variance 1 a reaction has variance 1.
    loadings : array (k) or (k, m)
        Standardised loadings of the latent reactions; the rest of their variance is noise.
    thresholds : array (c - 1) or (k, c - 1)
        Rising thresholds, the same for all items or a row for each.

    Returns
    -------
    array (n, k) of int
        Category of each answer, from 0 to c - 1.

    Raises
    ------
    EstimationError
        If thresholds do not rise, or loadings explain more than all variance of an item.

    References
    ----------
    Normal-ogive form of the graded response model: Samejima (1969), Psychometrika Monograph 17.
    """
    pattern = np.atleast_2d(np.asarray(loadings, dtype=float).T).T
    scores = np.atleast_2d(np.asarray(traits, dtype=float).T).T
    cuts = np.broadcast_to(np.asarray(thresholds, dtype=float), (len(pattern), np.shape(thresholds)[-1]))
    if (np.diff(cuts, axis=1) <= 0).any():
        raise EstimationError("Thresholds must rise from category to category")
    noise = 1 - np.sum(pattern ** 2, axis=1)
    if (noise < 0).any():
        raise EstimationError(f"Item {int(np.argmin(noise)) + 1} has a communality above 1",
                              remedy="Lower its loadings.")
    reactions = scores @ pattern.T + rng.standard_normal((len(scores), len(pattern))) * np.sqrt(noise)
    return np.sum(reactions[:, :, None] > cuts[None, :, :], axis=2).astype(np.int64)
