"""A yes-or-no outcome in two arms: risk difference, risk ratio, odds ratio, number needed to treat."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan, sqrt
from typing import ClassVar

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.sizes import normal_quantile, share


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TwoByTwo(Result):
    """A yes-or-no outcome in two arms; built by `risks`."""

    kind: ClassVar[str] = "two_by_two"


def risks(
    *, coached_yes: int, coached_n: int, comparison_yes: int, comparison_n: int, title: str, conf_level: float = 0.95,
    source: str = "",
) -> TwoByTwo:
    """Compare how often something happened in two arms.

    Parameters
    ----------
    coached_yes, comparison_yes : int
        People to whom it happened.
    coached_n, comparison_n : int
        People looked at, at least one an arm.
    title : str
        What happened, in the reader's words.
    conf_level : float
        Level of the intervals.
    source : str
        Where the counts come from.

    Returns
    -------
    TwoByTwo
        ``risk_difference`` (Newcombe's score interval), ``risk_ratio``, ``odds_ratio`` (intervals on the log) and
        ``number_needed`` (the reciprocal of the difference, with the reciprocals of its limits).

    Raises
    ------
    EstimationError
        For counts that are no counts.

    Notes
    -----
    With an empty cell the ratios have no interval and are left out where they are not defined; nothing is added to
    the counts. Where the interval of the difference holds zero, the number needed has no interval: its limits would
    run through infinity; a caution says so.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10; Altman (1998), BMJ 317, 1309-1312 (number needed).
    """
    _check(coached_yes, coached_n, "coached")
    _check(comparison_yes, comparison_n, "comparison")
    counts = (coached_yes, coached_n, comparison_yes, comparison_n)
    cautions: list[Caution] = []
    difference = _difference(*counts, conf_level)
    estimates = [difference, *_ratios(*counts, conf_level, cautions)]
    if difference.estimate == 0:
        cautions.append(caution("number_needed_infinite"))
    else:
        estimates.append(_needed(difference, cautions))
    return TwoByTwo(title=title, estimates=tuple(estimates), method="two_by_two", cautions=tuple(cautions),
                    source=source)


def _check(yes: int, n: int, name: str) -> None:
    if n < 1 or not 0 <= yes <= n or yes != int(yes) or n != int(n):
        raise EstimationError(f"{yes} of {n} people in {name!r} is not a count", remedy="Count at least one person.")


def _difference(a: int, n1: int, c: int, n2: int, conf_level: float) -> Estimate:
    p1, p2 = share(a, n1, conf_level=conf_level), share(c, n2, conf_level=conf_level)
    value = p1.estimate - p2.estimate
    low = value - sqrt((p1.estimate - p1.conf_low) ** 2 + (p2.conf_high - p2.estimate) ** 2)
    high = value + sqrt((p1.conf_high - p1.estimate) ** 2 + (p2.estimate - p2.conf_low) ** 2)
    error = sqrt(p1.estimate * (1 - p1.estimate) / n1 + p2.estimate * (1 - p2.estimate) / n2)
    return Estimate("risk_difference", value, std_error=error, conf_low=low, conf_high=high, conf_level=conf_level,
                    n=n1 + n2, method="newcombe_difference")


def _ratios(a: int, n1: int, c: int, n2: int, conf_level: float, cautions: list[Caution]) -> list[Estimate]:
    b, d = n1 - a, n2 - c
    found = []
    if a and c:
        variance = 1 / a - 1 / n1 + 1 / c - 1 / n2
        found.append(_log_ratio("risk_ratio", (a / n1) / (c / n2), variance, n1 + n2, conf_level))
    if min(a, b, c, d) > 0:
        found.append(_log_ratio("odds_ratio", a * d / (b * c), 1 / a + 1 / b + 1 / c + 1 / d, n1 + n2, conf_level))
    if len(found) < 2:
        cautions.append(caution("empty_cell", coached=a, comparison=c, n_coached=n1, n_comparison=n2))
    return found


def _log_ratio(term: str, value: float, variance: float, n: int, conf_level: float) -> Estimate:
    reach = normal_quantile((1 + conf_level) / 2) * sqrt(variance)
    return Estimate(term, value, conf_low=exp(log(value) - reach), conf_high=exp(log(value) + reach),
                    conf_level=conf_level, n=n, method="log_ratio")


def _needed(difference: Estimate, cautions: list[Caution]) -> Estimate:
    low, high = difference.conf_low, difference.conf_high
    ends = (nan, nan)
    if low * high > 0:
        ends = (min(1 / low, 1 / high), max(1 / low, 1 / high))
    else:
        far = [1 / end if end else inf for end in (low, high)]
        cautions.append(caution("number_needed_unbounded", harm=abs(far[0]), benefit=abs(far[1])))
    level = difference.conf_level if isfinite(ends[0]) else nan
    return Estimate("number_needed", 1 / difference.estimate, conf_low=ends[0], conf_high=ends[1], conf_level=level,
                    n=difference.n, method="number_needed")
