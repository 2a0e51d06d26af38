"""Are two correlations different: of independent people, or of the same people sharing one variable."""

from __future__ import annotations

from math import atanh, sqrt

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate


def correlation_difference(first: float, n_first: int, second: float, n_second: int) -> Estimate:
    """Difference of two correlations of different people, on Fisher's z (first minus second).

    Raises
    ------
    EstimationError
        For correlations of size one and fewer than four people.

    References
    ----------
    Fisher (1921), Metron 1, 3-32.
    """
    from scipy.stats import norm

    if min(n_first, n_second) < 4 or max(abs(first), abs(second)) >= 1:
        raise EstimationError("A difference of correlations needs four people each and correlations below one in size")
    error = sqrt(1 / (n_first - 3) + 1 / (n_second - 3))
    z = (atanh(first) - atanh(second)) / error
    return Estimate("correlation_difference", first - second, statistic=z, p_value=float(2 * norm.sf(abs(z))),
                    n=n_first + n_second, method="fisher_difference")


def dependent_difference(r12: float, r13: float, r23: float, n: int) -> Estimate:
    """Difference of two correlations that share a variable, r12 minus r13, of the same n people.

    Raises
    ------
    EstimationError
        With fewer than four people, or correlations that cannot belong together.

    References
    ----------
    Williams (1959), in the form of Steiger (1980), Psychological Bulletin 87, 245-251, eq. 7.
    """
    from scipy.stats import t

    determinant = 1 - r12 ** 2 - r13 ** 2 - r23 ** 2 + 2 * r12 * r13 * r23
    if n < 4 or max(abs(r12), abs(r13), abs(r23)) >= 1 or determinant < 0:
        raise EstimationError(f"The correlations {r12:g}, {r13:g} and {r23:g} of {n} people cannot be compared",
                              remedy="Four people at least, and correlations that can belong together.")
    mean = (r12 + r13) / 2
    below = 2 * (n - 1) / (n - 3) * determinant + mean ** 2 * (1 - r23) ** 3
    statistic = (r12 - r13) * sqrt((n - 1) * (1 + r23) / below)
    return Estimate("correlation_difference", r12 - r13, statistic=statistic, df=n - 3.0,
                    p_value=float(2 * t.sf(abs(statistic), n - 3)), n=n, method="williams")
