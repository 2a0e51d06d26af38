"""Least squares with classical and heteroscedasticity-robust errors, and the covariate-adjusted difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.sizes import with_t

FloatArray = NDArray[np.float64]

_FULL_LEVERAGE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """A least-squares fit of p coefficients to n rows.

    Parameters
    ----------
    coefficients : array (p)
    classical, hc3 : array (p, p)
        Covariance of the coefficients under equal error variances, and robust to unequal ones; `hc3` is NaN where a
        row determines its own fitted value.
    residuals, leverages : array (n)
    df : int
        Residual degrees of freedom n - p.
    """

    coefficients: FloatArray
    classical: FloatArray
    hc3: FloatArray
    residuals: FloatArray
    leverages: FloatArray
    df: int


def least_squares(design: FloatArray, outcome: FloatArray) -> LeastSquares:
    """Fit a linear model.

    Parameters
    ----------
    design : array (n, p)
        With a column of ones where an intercept is wanted.
    outcome : array (n)

    Raises
    ------
    EstimationError
        With no more rows than columns, or columns that repeat each other.

    References
    ----------
    MacKinnon & White (1985), Journal of Econometrics 29, 305-325 (HC3, in the form of Long & Ervin, 2000).
    """
    n, p = design.shape
    if n <= p:
        raise EstimationError(f"A linear model of {p} coefficients needs more than {p} people; there are {n}")
    scale = np.linalg.norm(design, axis=0)
    if (scale == 0).any() or np.linalg.matrix_rank(design / scale, tol=1e-10) < p:
        raise EstimationError(f"The {p} columns of the linear model repeat each other",
                              remedy="Leave out a column that does not vary or follows from the others.")
    q, r = np.linalg.qr(design)
    inverse = np.linalg.inv(r)
    bread = inverse @ inverse.T
    coefficients = inverse @ (q.T @ outcome)
    residuals = outcome - design @ coefficients
    leverages = np.sum(q ** 2, axis=1)
    classical = bread * float(residuals @ residuals) / (n - p)
    if (1 - leverages < _FULL_LEVERAGE).any():
        hc3 = np.full((p, p), np.nan)
    else:
        weighted = design * (residuals / (1 - leverages))[:, None]
        hc3 = bread @ (weighted.T @ weighted) @ bread
    return LeastSquares(coefficients, classical, hc3, residuals, leverages, n - p)


def ancova_difference(
    coached_pre: ArrayLike, coached_post: ArrayLike, comparison_pre: ArrayLike, comparison_post: ArrayLike, *,
    conf_level: float = 0.95,
) -> Estimate:
    """Difference after, coached minus comparison, adjusted for the score before (analysis of covariance).

    Parameters
    ----------
    coached_pre, coached_post, comparison_pre, comparison_post : array
        Scores without gaps; pre and post of the same people in the same order, at least two a group and four in all.
    conf_level : float
        Level of the interval.

    Returns
    -------
    Estimate
        ``ancova_difference``, with HC3 errors and a t interval with n - 3 degrees of freedom.

    Raises
    ------
    EstimationError
        With one person in a group, fewer than four in all, or no spread before.

    References
    ----------
    Van Breukelen (2006), Journal of Clinical Epidemiology 59, 920-925 (why the adjusted difference in a randomised
    study). Long & Ervin (2000), The American Statistician 54, 217-224 (HC3 in small samples).
    """
    pre = np.concatenate([np.asarray(coached_pre, dtype=float), np.asarray(comparison_pre, dtype=float)])
    post = np.concatenate([np.asarray(coached_post, dtype=float), np.asarray(comparison_post, dtype=float)])
    coached = np.repeat([1.0, 0.0], [len(np.asarray(coached_pre)), len(np.asarray(comparison_pre))])
    centred = pre - pre.mean()
    if float(np.abs(centred).max()) <= 1e-12 * max(float(np.abs(pre).max()), 1e-300):
        raise EstimationError(f"The score before does not vary between {len(pre)} people; nothing to adjust for",
                              remedy="Compare the scores after.")
    fit = least_squares(np.column_stack([np.ones(len(pre)), coached, centred]), post)
    variance = float(fit.hc3[1, 1])
    if not variance > (1e-12 * float(np.abs(post).max())) ** 2:
        raise EstimationError("The adjusted difference has no robust standard error: a person determines their own "
                              "fitted value, or nothing is left to explain",
                              remedy="It needs at least two people in each group, with spread around the line.")
    found = with_t(float(fit.coefficients[1]), variance ** 0.5, float(fit.df), conf_level)
    return Estimate("ancova_difference", found.value, std_error=found.std_error, statistic=found.statistic,
                    df=found.df, p_value=found.p_value, conf_low=found.low, conf_high=found.high,
                    conf_level=conf_level, n=len(pre), method="ancova_hc3")
