"""Power and people needed where a formula is exact, and the smallest effect a cohort can see."""

from __future__ import annotations

from math import asin, sqrt
from typing import Literal

from coachresearch.core.errors import EstimationError
from coachresearch.effects.sizes import normal_quantile

Comparison = Literal["two_arms", "paired"]


def power_t(
    *, n: float, effect: float, sd: float = 1.0, comparison: Comparison = "two_arms", alpha: float = 0.05,
    both_tails: bool = True,
) -> float:
    """Power of a t test.

    Parameters
    ----------
    n : float
        People an arm, or pairs; need not be whole.
    effect, sd : float
        Difference of means, and the standard deviation within arms (of the changes, for pairs).
    comparison : {"two_arms", "paired"}
    alpha : float
        Two-sided error rate.
    both_tails : bool
        Whether a significant result in the wrong direction counts too.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, ch. 2; noncentral t.
    """
    from scipy.stats import nct, t

    _check(alpha)
    if n < 2 or not sd > 0:
        raise EstimationError(f"n is {n:g} and sd {sd:g}", remedy="At least 2 people, and a spread above 0.")
    arms = 2 if comparison == "two_arms" else 1
    df, centre = arms * (n - 1), abs(effect) / sd * sqrt(n / arms)
    limit = float(t.isf(alpha / 2, df))
    power = float(nct.sf(limit, df, centre))
    return power + float(nct.cdf(-limit, df, centre)) if both_tails else power


def people_needed(
    *, effect: float, sd: float = 1.0, power: float = 0.8, comparison: Comparison = "two_arms", alpha: float = 0.05
) -> float:
    """People an arm (or pairs) that a t test needs; a broken number, to be rounded up."""
    from scipy.optimize import brentq

    _check(alpha)
    if effect == 0 or not alpha < power < 1:
        raise EstimationError(f"An effect of {effect:g} cannot be shown with power {power:g}",
                              remedy="The effect differs from 0, and power lies between alpha and 1.")
    high = 4.0
    while power_t(n=high, effect=effect, sd=sd, comparison=comparison, alpha=alpha, both_tails=False) < power:
        high *= 2
        if high > 1e9:
            raise EstimationError(f"An effect of {effect:g} needs more than a billion people")
    return float(brentq(lambda n: power_t(n=n, effect=effect, sd=sd, comparison=comparison, alpha=alpha,
                                          both_tails=False) - power, 2.0, high, xtol=1e-10))


def smallest_effect(*, n: float, sd: float = 1.0, power: float = 0.8, comparison: Comparison = "two_arms",
                    alpha: float = 0.05) -> float:
    """Smallest difference that a t test shows with that power, with the people one has."""
    from scipy.optimize import brentq

    _check(alpha)
    return float(brentq(lambda d: power_t(n=n, effect=d, sd=sd, comparison=comparison, alpha=alpha,
                                          both_tails=False) - power, 1e-12, 1000 * sd, xtol=1e-12))


def power_ancova(*, n: float, effect: float, correlation: float, sd: float = 1.0, alpha: float = 0.05) -> float:
    """Power of the adjusted difference: the spread shrinks by the correlation with the score before.

    References
    ----------
    Borm, Fransen & Lemmens (2007), Journal of Clinical Epidemiology 60, 1234-1238.
    """
    if not -1 < correlation < 1:
        raise EstimationError(f"The correlation is {correlation:g}", remedy="It lies between -1 and 1.")
    return power_t(n=n, effect=effect, sd=sd * sqrt(1 - correlation ** 2), alpha=alpha, both_tails=False)


def design_effect(*, people: float, icc: float) -> float:
    """How many times as many people are needed because those of one cluster are alike (Donner & Klar, 2000)."""
    if people < 1 or not 0 <= icc < 1:
        raise EstimationError(f"{people:g} people a cluster with an ICC of {icc:g}",
                              remedy="At least 1 person, and an ICC from 0 up to, but below, 1.")
    return 1 + (people - 1) * icc


def power_clusters(
    *, clusters: int, people: int, icc: float, effect: float, sd: float = 1.0, alpha: float = 0.05
) -> float:
    """Power with that many clusters an arm and people in each, by the number of independent people they are worth."""
    return power_t(n=clusters * people / design_effect(people=people, icc=icc), effect=effect, sd=sd, alpha=alpha,
                   both_tails=False)


def power_groups(
    *, groups: int, n: float, between_variance: float, within_variance: float, alpha: float = 0.05
) -> float:
    """Power of a one-way analysis of variance; `between_variance` is that of the group means (divisor groups - 1)."""
    from scipy.stats import f, ncf

    _check(alpha)
    df1, df2 = groups - 1, groups * (n - 1)
    centre = df1 * n * between_variance / within_variance
    return float(ncf.sf(f.isf(alpha, df1, df2), df1, df2, centre))


def people_for_shares(*, first: float, second: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """People an arm to tell two shares apart (normal approximation with pooled and separate variances).

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14.
    """
    _check(alpha)
    if not (0 < first < 1 and 0 < second < 1) or first == second:
        raise EstimationError(f"Shares of {first:g} and {second:g}", remedy="Two different shares between 0 and 1.")
    mean = (first + second) / 2
    z, reach = normal_quantile(1 - alpha / 2), normal_quantile(power)
    spread = z * sqrt(2 * mean * (1 - mean)) + reach * sqrt(first * (1 - first) + second * (1 - second))
    return (spread / (first - second)) ** 2


def precision(*, n: float, sd: float = 1.0, correlation: float = 0.0, conf_level: float = 0.95) -> float:
    """Half the width of the interval of a difference between two arms of n, adjusted for the score before.

    References
    ----------
    Cumming (2012), Understanding the New Statistics, ch. 13.
    """
    from scipy.stats import t

    if n < 2:
        raise EstimationError(f"n is {n:g}", remedy="At least 2 people an arm.")
    return float(t.ppf((1 + conf_level) / 2, 2 * n - 2)) * sd * sqrt((1 - correlation ** 2) * 2 / n)


def arcsine_difference(first: float, second: float) -> float:
    """Cohen's h of two shares (Cohen, 1988, eq. 6.2.1)."""
    return 2 * asin(sqrt(first)) - 2 * asin(sqrt(second))


def _check(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise EstimationError(f"alpha is {alpha:g}", remedy="It lies between 0 and 1.")
