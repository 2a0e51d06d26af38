"""Is an effect large enough to matter, or small enough not to: equivalence and minimum-effect tests."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result

Finding = Literal["equivalent", "equivalent_not_zero", "larger", "smaller", "undecided"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Equivalence(Result):
    """What an interval says about a smallest effect of interest; built by `equivalence`.

    Parameters
    ----------
    finding : str
        ``equivalent``: within the margin; ``equivalent_not_zero``: within it and yet not zero; ``larger`` and
        ``smaller``: beyond the upper or the lower margin; ``undecided``.
    low, high : float
        The margin, in the unit of the effect.
    """

    kind: ClassVar[str] = "equivalence"

    finding: Finding
    low: float
    high: float


def equivalence(effect: Estimate, *, margin: float, lower: float | None = None, alpha: float = 0.05,
                title: str) -> Equivalence:
    """Test an effect against a smallest effect of interest, both ways.

    Parameters
    ----------
    effect : Estimate
        With a standard error, and degrees of freedom if it is to be tested by t.
    margin : float
        Smallest effect of interest above zero, set beforehand, in the unit of the effect.
    lower : float, optional
        The margin below zero; ``-margin`` if not given.
    alpha : float
        Error rate of each one-sided test.
    title : str
        The outcome in the reader's words.

    Returns
    -------
    Equivalence
        ``equivalence`` (p of the two one-sided tests: the larger of both, interval at 1 - 2 alpha) and
        ``minimum_effect`` (p of an effect beyond the margin, against the nearer end).

    Raises
    ------
    EstimationError
        For a margin that does not hold zero, or an effect without standard error.

    References
    ----------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680; Lakens (2017), Social
    Psychological and Personality Science 8, 355-362; Murphy & Myors (1999), Journal of Applied Psychology 84, 234-248
    (minimum effect).
    """
    low, high = -margin if lower is None else lower, margin
    if not low < 0 < high:
        raise EstimationError(f"The margin runs from {low:g} to {high:g}", remedy="It must hold zero.")
    if not isfinite(effect.std_error) or effect.std_error <= 0:
        raise EstimationError(f"The effect {effect.term!r} has no standard error, so it cannot be tested against a "
                              "margin", remedy="Hand over an effect with its error.")
    if not 0 < alpha < 0.5:
        raise EstimationError(f"alpha is {alpha:g}", remedy="It lies between 0 and 0.5.")
    return _tested(effect, low, high, alpha, title)


def _tested(effect: Estimate, low: float, high: float, alpha: float, title: str) -> Equivalence:
    from scipy.stats import norm, t

    law = t(effect.df) if isfinite(effect.df) else norm()
    value, error = effect.estimate, effect.std_error
    above_low, below_high = float(law.sf((value - low) / error)), float(law.cdf((value - high) / error))
    above_high, below_low = float(law.sf((value - high) / error)), float(law.cdf((value - low) / error))
    reach = float(law.ppf(1 - alpha)) * error
    inside = max(above_low, below_high)
    beyond = min(above_high, below_low)
    two_sided = float(2 * law.sf(abs(value) / error))
    nearer = high if above_high < below_low else low
    # Each end is tested at alpha / 2, since either of them may be passed.
    finding: Finding = "undecided"
    if inside < alpha:
        finding = "equivalent_not_zero" if two_sided < alpha else "equivalent"
    elif beyond < alpha / 2:
        finding = "larger" if above_high < below_low else "smaller"
    within = Estimate("equivalence", value, effect.group, error, (value - low) / error if above_low > below_high
                      else (value - high) / error, effect.df, inside, value - reach, value + reach, 1 - 2 * alpha,
                      effect.n, "two_one_sided")
    least = Estimate("minimum_effect", value, effect.group, error, (value - nearer) / error, effect.df,
                     min(2 * beyond, 1.0), n=effect.n, method="minimum_effect")
    return Equivalence(title=title, estimates=(within, least), method="equivalence", finding=finding, low=low,
                       high=high)
