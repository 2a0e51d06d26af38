"""One effect and its sampling variance for each study, from the numbers that papers print."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from coachresearch.core.errors import EstimationError
from coachresearch.effects.sizes import FloatArray

Means = Literal["mean_difference", "hedges_g", "hedges_g_unequal", "log_ratio_of_means"]
Counts = Literal["log_risk_ratio", "log_odds_ratio", "risk_difference"]


def from_means(
    measure: Means, *, mean_coached: ArrayLike, sd_coached: ArrayLike, n_coached: ArrayLike,
    mean_comparison: ArrayLike, sd_comparison: ArrayLike, n_comparison: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return effects and variances from means, standard deviations and group sizes, coached minus comparison.

    Raises
    ------
    EstimationError
        For a measure that does not exist, negative spreads, groups below two, or means of unlike sign for a ratio.

    References
    ----------
    Hedges & Olkin (1985), ch. 5 (g with the exact correction, large-sample variance); Bonett (2009), Journal of
    Educational and Behavioral Statistics 34, 174-197 (unequal spreads); Hedges, Gurevitch & Curtis (1999).
    """
    m1, s1, n1, m2, s2, n2 = (np.asarray(one, dtype=float) for one in (
        mean_coached, sd_coached, n_coached, mean_comparison, sd_comparison, n_comparison))
    if (s1 < 0).any() or (s2 < 0).any() or (n1 < 2).any() or (n2 < 2).any():
        raise EstimationError("A standard deviation is negative, or a group smaller than two",
                              remedy="Leave that study out, and say so.")
    if measure == "mean_difference":
        return m1 - m2, s1 ** 2 / n1 + s2 ** 2 / n2
    if measure == "hedges_g":
        df = n1 + n2 - 2
        g = _correction(df) * (m1 - m2) / np.sqrt(((n1 - 1) * s1 ** 2 + (n2 - 1) * s2 ** 2) / df)
        return g, 1 / n1 + 1 / n2 + g ** 2 / (2 * (n1 + n2))
    if measure == "hedges_g_unequal":
        unit = np.sqrt((s1 ** 2 + s2 ** 2) / 2)
        correction = _correction(n1 + n2 - 2)
        g = correction * (m1 - m2) / unit
        of_unit = g ** 2 * (s1 ** 4 / (n1 - 1) + s2 ** 4 / (n2 - 1)) / (8 * unit ** 4)
        return g, correction ** 2 * (of_unit + (s1 ** 2 / (n1 - 1) + s2 ** 2 / (n2 - 1)) / unit ** 2)
    if measure == "log_ratio_of_means":
        if (m1 * m2 <= 0).any():
            raise EstimationError("A ratio of means needs means of the same sign", remedy="Use mean_difference.")
        return np.log(m1 / m2), s1 ** 2 / (n1 * m1 ** 2) + s2 ** 2 / (n2 * m2 ** 2)
    raise EstimationError(f"There is no measure {measure!r}", remedy="There are: mean_difference, hedges_g, "
                          "hedges_g_unequal, log_ratio_of_means.")


def from_counts(
    measure: Counts, *, coached_yes: ArrayLike, coached_no: ArrayLike, comparison_yes: ArrayLike,
    comparison_no: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return effects and variances from counts; one half is added to every cell of a study with an empty one.

    Raises
    ------
    EstimationError
        For a measure that does not exist, negative counts, or empty groups.
    """
    cells = np.array([np.asarray(one, dtype=float) for one in (coached_yes, coached_no, comparison_yes, comparison_no)])
    if (cells < 0).any() or (cells[0] + cells[1] < 1).any() or (cells[2] + cells[3] < 1).any():
        raise EstimationError("A count is negative, or a group empty", remedy="Leave that study out, and say so.")
    a, b, c, d = cells + np.where((cells == 0).any(axis=0), 0.5, 0.0)
    n1, n2 = a + b, c + d
    if measure == "log_risk_ratio":
        return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2
    if measure == "log_odds_ratio":
        return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    if measure == "risk_difference":
        return a / n1 - c / n2, a * b / n1 ** 3 + c * d / n2 ** 3
    raise EstimationError(f"There is no measure {measure!r}",
                          remedy="There are: log_risk_ratio, log_odds_ratio, risk_difference.")


def from_correlations(r: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return Fisher's z and its variance, 1 / (n - 3)."""
    values, sizes = np.asarray(r, dtype=float), np.asarray(n, dtype=float)
    if (np.abs(values) >= 1).any() or (sizes < 4).any():
        raise EstimationError("A correlation has size one, or fewer than four people", remedy="Leave that study out.")
    return np.arctanh(values), 1 / (sizes - 3)


def from_partial_correlations(t: ArrayLike, n: ArrayLike, predictors: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return partial correlations and variances from t statistics of regressions with that many predictors.

    References
    ----------
    Aloe & Thompson (2013), Journal of the Society for Social Work and Research 4, 390-405.
    """
    value, size, p = (np.asarray(one, dtype=float) for one in (t, n, predictors))
    df = size - p - 1
    if (df < 1).any():
        raise EstimationError("A regression has no degrees of freedom left", remedy="Check n and predictors.")
    partial = value / np.sqrt(value ** 2 + df)
    return partial, (1 - partial ** 2) ** 2 / df


def _correction(df: FloatArray) -> FloatArray:
    return np.asarray(np.exp(gammaln(df / 2) - np.log(np.sqrt(df / 2)) - gammaln((df - 1) / 2)))
