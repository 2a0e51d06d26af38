"""One effect size in the words of another; each conversion rests on an assumption that is named with it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, log, nan, pi, sqrt
from typing import Literal

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate

Target = Literal["r", "odds_ratio", "u3", "prob_superiority", "overlap", "success_rate"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A number in another metric.

    Parameters
    ----------
    value : float
    assumption : str
        Code of what must hold: ``assumption.<code>`` in the message catalogue.
    """

    value: float
    assumption: str


def d_to_r(d: float, *, share_coached: float = 0.5) -> Conversion:
    """Point-biserial correlation of a standardised difference; equal arms unless a share is given.

    References
    ----------
    Borenstein et al. (2009), Introduction to Meta-Analysis, eq. 7.7.
    """
    if not 0 < share_coached < 1:
        raise EstimationError(f"The share of coached people is {share_coached:g}", remedy="It lies between 0 and 1.")
    return Conversion(d / sqrt(d * d + 1 / (share_coached * (1 - share_coached))), "normal_equal_spread")


def r_to_d(r: float) -> Conversion:
    """Standardised difference of a correlation with membership in two arms of equal size (Borenstein 2009, eq. 7.5)."""
    if not -1 < r < 1:
        raise EstimationError(f"The correlation is {r:g}", remedy="It lies between -1 and 1.")
    return Conversion(2 * r / sqrt(1 - r * r), "equal_arms")


def d_to_odds_ratio(d: float) -> Conversion:
    """Odds ratio of being above any cut that corresponds to a standardised difference (Hasselblad & Hedges, 1995)."""
    return Conversion(exp(d * pi / sqrt(3)), "logistic_equal_spread")


def odds_ratio_to_d(odds_ratio: float) -> Conversion:
    """Standardised difference that corresponds to an odds ratio (Hasselblad & Hedges, 1995)."""
    if not odds_ratio > 0:
        raise EstimationError(f"The odds ratio is {odds_ratio:g}", remedy="It is above 0.")
    return Conversion(log(odds_ratio) * sqrt(3) / pi, "logistic_equal_spread")


def d_to_u3(d: float) -> Conversion:
    """Share of the comparison arm below the average coached person (Cohen, 1988, ch. 2.1: U3)."""
    return Conversion(_phi(d), "normal_equal_spread")


def d_to_prob_superiority(d: float) -> Conversion:
    """Chance that a coached person stands above one of the comparison arm (McGraw & Wong, 1992)."""
    return Conversion(_phi(d / sqrt(2)), "normal_equal_spread")


def d_to_overlap(d: float) -> Conversion:
    """Overlap of the two distributions: twice the area beyond half the difference (Cohen, 1988, ch. 2.1)."""
    return Conversion(2 * _phi(-abs(d) / 2), "normal_equal_spread")


def r_to_success_rate(r: float) -> Conversion:
    """Success rate in the coached arm in a table with equal margins (Rosenthal & Rubin, 1982: binomial effect size)."""
    if not -1 <= r <= 1:
        raise EstimationError(f"The correlation is {r:g}", remedy="It lies between -1 and 1.")
    return Conversion(0.5 + r / 2, "equal_margins")


def converted(effect: Estimate, to: Target) -> Estimate:
    """Convert a standardised mean difference and its interval.

    Parameters
    ----------
    effect : Estimate
        ``cohens_d``, ``hedges_g``, ``ancova_d`` ... between arms.
    to : {"r", "odds_ratio", "u3", "prob_superiority", "overlap", "success_rate"}
        Other metric; its method names the assumption.

    Raises
    ------
    EstimationError
        For a metric that does not exist, or an ``overlap`` asked of an interval that holds zero: it has no direction.
    """
    known = {"r": d_to_r, "odds_ratio": d_to_odds_ratio, "u3": d_to_u3, "prob_superiority": d_to_prob_superiority,
             "overlap": d_to_overlap, "success_rate": lambda d: r_to_success_rate(d_to_r(d).value)}
    if to not in known:
        raise EstimationError(f"There is no metric {to!r}", remedy=f"There are: {', '.join(known)}.")
    turn = known[to]
    low, high = effect.conf_low, effect.conf_high
    if to == "overlap" and low <= 0 <= high:
        raise EstimationError("The interval of the effect holds zero, where the overlap is complete and has no "
                              "direction", remedy="Convert to prob_superiority.")
    one = turn(effect.estimate)
    ends = sorted(turn(end).value if isfinite(end) else nan for end in (low, high))
    return Estimate(to, one.value, group=effect.group, conf_low=ends[0], conf_high=ends[1],
                    conf_level=effect.conf_level, n=effect.n, method=f"converted_{one.assumption}")


def _phi(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(z))
