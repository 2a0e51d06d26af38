"""Whether a stricter model fits worse than a freer one that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel


@dataclass(frozen=True, slots=True)
class Difference:
    """Test of the restrictions that a stricter model adds.

    Parameters
    ----------
    chi_square, df, p_value : float
        Chi-square is NaN where its scaling factor came out negative.
    factor : float
        Scaling factor; 1 without correction.
    rmsea : float
        Root mean square error of approximation of the restrictions, of an uncorrected difference.
    """

    chi_square: float
    df: int
    p_value: float
    factor: float
    rmsea: float


def difference_test(stricter: ConfirmatoryModel, freer: ConfirmatoryModel) -> Difference:
    """Test a stricter model against a freer one.

    Parameters
    ----------
    stricter, freer : ConfirmatoryModel
        The first is the second with restrictions; same rows, variables and estimator. Whether one holds the other is
        for the caller to know.

    Returns
    -------
    Difference
        Likelihood ratio under normality; scaled for robust estimators.

    Raises
    ------
    EstimationError
        If rows, variables or estimators differ, if the stricter model has no more degrees of freedom, or if it fits
        better, which a restricted model cannot.

    References
    ----------
    Satorra & Bentler (2001), Psychometrika 66, 507-514 (scaled difference). Savalei, Brace & Fouladi (2024),
    Psychological Methods 29, 478-493 (root mean square error of a difference).
    """
    from scipy.stats import chi2

    tables = stricter.solution.table, freer.solution.table
    if set(tables[0].observed) != set(tables[1].observed) or stricter.n != freer.n or stricter.groups != freer.groups:
        raise EstimationError("The two models are not about the same rows and variables",
                              remedy="Fit both to the same moments.")
    if stricter.estimator != freer.estimator:
        raise EstimationError(f"The models were fitted by {stricter.estimator!r} and {freer.estimator!r}",
                              remedy="Fit both with one estimator.")
    own, other = stricter.fit, freer.fit
    df, chi = own.df - other.df, own.chi_square - other.chi_square
    if df <= 0:
        raise EstimationError(f"The stricter model has {own.df} degrees of freedom, the freer one {other.df}",
                              remedy="Give the model with more restrictions first.")
    if chi < -1e-4 * max(other.chi_square, 1):
        raise EstimationError(f"The stricter model fits better (chi-square {own.chi_square:.6g}) than the freer one "
                              f"({other.chi_square:.6g})", remedy="One does not hold the other, or has not converged.")
    factor = 1.0
    if own.corrected is not None:
        before = other.corrected.factor * other.df if other.corrected is not None else 0.0
        factor = (own.corrected.factor * own.df - before) / df
    scaled = max(chi, 0.0) / factor if factor > 0 else nan
    plain = own.corrected is None
    return Difference(scaled, df, float(chi2.sf(scaled, df)) if scaled == scaled else nan, factor,
                      sqrt(len(freer.groups) * max(chi - df, 0.0) / (df * own.n)) if plain else nan)
