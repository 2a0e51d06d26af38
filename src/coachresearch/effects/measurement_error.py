"""Least squares with a covariate that was measured with error: what adjustment would be with the true score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.effects.sizes import FloatArray

_LEAST_TRUE = 0.1
"""Least share of true variance that a column must have beside the others; below it the correction explodes."""


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A fit of p coefficients with the errors of the covariates taken out."""

    coefficients: FloatArray
    covariance: FloatArray
    df: int


def corrected_least_squares(design: FloatArray, outcome: FloatArray, error_variance: FloatArray) -> Corrected:
    """Fit a linear model whose columns carry known error variance.

    Parameters
    ----------
    design : array (n, p)
        With a column of ones.
    outcome : array (n)
    error_variance : array (p)
        Variance of the error of measurement in each column; 0 where there is none.

    Raises
    ------
    EstimationError
        Where the error takes up all that a column has left beside the others.

    References
    ----------
    Fuller (1987), Measurement Error Models, sect. 2.2; Carroll et al. (2006), ch. 5 (corrected scores, sandwich).
    """
    n, p = design.shape
    cross = design.T @ design - n * np.diag(error_variance)
    beside = 1 / np.diag(np.linalg.inv(design.T @ design)) / n if n > p else np.zeros(p)
    if n <= p or (error_variance > (1 - _LEAST_TRUE) * beside).any():
        raise EstimationError("Measurement error takes up all that the covariate has left beside the other columns",
                              remedy="Use a more reliable score before, or leave the correction out.")
    inverse = np.linalg.inv(cross)
    coefficients = inverse @ (design.T @ outcome)
    residuals = outcome - design @ coefficients
    scores = design * residuals[:, None] + error_variance * coefficients
    meat = scores.T @ scores * (n / (n - p))
    return Corrected(coefficients, inverse @ meat @ inverse, n - p)
