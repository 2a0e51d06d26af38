"""How often one arm stands above another: probability of superiority and Cliff's delta, from the ranks alone."""

from __future__ import annotations

from dataclasses import replace
from math import atanh, exp, log, sqrt, tanh
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.sizes import FloatArray, Size, checked_scores, estimate_of, normal_quantile

RankInterval = Literal["placements", "fisher"]


def prob_superiority(
    coached: ArrayLike, comparison: ArrayLike, *, interval: RankInterval = "placements", conf_level: float = 0.95
) -> Estimate:
    """Chance that a coached person stands above one of the comparison arm, ties counted half.

    Parameters
    ----------
    coached, comparison : array (n)
        Scores without gaps, at least two each; only their order is used, so ordinal scores will do.
    interval : {"placements", "fisher"}
        ``placements``: variance of the placements, on the logit, for any two distributions; ``fisher``: the
        transformed correlation with its variance under equal distributions.
    conf_level : float
        Level of the interval.

    Raises
    ------
    EstimationError
        With fewer than two people in an arm.

    Notes
    -----
    Where the arms do not overlap at all, the logit has no interval and none is given.

    References
    ----------
    Brunner & Munzel (2000), Biometrical Journal 42, 17-25 (placements, test); Vargha & Delaney (2000), Journal of
    Educational and Behavioral Statistics 25, 101-132; Cureton (1956), Psychometrika 21, 287-290 (rank-biserial).
    """
    if interval not in ("placements", "fisher"):
        raise EstimationError(f"There is no interval {interval!r}", remedy="There are: placements, fisher.")
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    found = _placements(first, second, conf_level) if interval == "placements" else _fisher(first, second, conf_level)
    return estimate_of("prob_superiority", found, conf_level, len(first) + len(second), f"superiority_{interval}")


def cliffs_delta(
    coached: ArrayLike, comparison: ArrayLike, *, interval: RankInterval = "placements", conf_level: float = 0.95
) -> Estimate:
    """Share of pairs in which the coached person stands higher, minus the share in which lower (rank-biserial).

    Twice the probability of superiority minus one; arguments, errors and sources as there.

    References
    ----------
    Cliff (1993), Psychological Bulletin 114, 494-509.
    """
    p = prob_superiority(coached, comparison, interval=interval, conf_level=conf_level)
    return replace(p, term="cliffs_delta", estimate=2 * p.estimate - 1, std_error=2 * p.std_error,
                   conf_low=2 * p.conf_low - 1, conf_high=2 * p.conf_high - 1)


def rank_test(coached: ArrayLike, comparison: ArrayLike) -> Estimate:
    """Wilcoxon-Mann-Whitney test: statistic W of the coached arm, normal approximation with continuity correction.

    References
    ----------
    Mann & Whitney (1947), Annals of Mathematical Statistics 18, 50-60.
    """
    from scipy.stats import mannwhitneyu

    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    found = mannwhitneyu(first, second, True, "two-sided", 0, "asymptotic")
    return Estimate("mann_whitney", float(found.statistic), statistic=float(found.statistic),
                    p_value=float(found.pvalue), n=len(first) + len(second), method="mann_whitney")


def _share_above(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return for each of the first the share of the second below it, and the reverse; ties count half."""
    ordered, other = np.sort(second), np.sort(first)
    above = (np.searchsorted(ordered, first, "left") + np.searchsorted(ordered, first, "right")) / (2 * len(second))
    below = (np.searchsorted(other, second, "left") + np.searchsorted(other, second, "right")) / (2 * len(first))
    return above, below


def _placements(first: FloatArray, second: FloatArray, conf_level: float) -> Size:
    from scipy.stats import t

    above, below = _share_above(first, second)
    n1, n2, p = len(first), len(second), float(above.mean())
    a, b = float(above.var(ddof=1)) / n1, float(below.var(ddof=1)) / n2
    error = sqrt(a + b)
    if error == 0:
        return Size(p)
    df = (a + b) ** 2 / (a * a / (n1 - 1) + b * b / (n2 - 1))
    statistic = (p - 0.5) / error
    p_value = float(2 * t.sf(abs(statistic), df))
    if not 0 < p < 1:
        return Size(p, error, statistic, df, p_value)
    reach = float(t.ppf((1 + conf_level) / 2, df)) * error / (p * (1 - p))
    logit = log(p / (1 - p))
    low, high = (1 / (1 + exp(-end)) for end in (logit - reach, logit + reach))
    return Size(p, error, statistic, df, p_value, low, high)


def _fisher(first: FloatArray, second: FloatArray, conf_level: float) -> Size:
    delta = 2 * float(_share_above(first, second)[0].mean()) - 1
    if abs(delta) >= 1:
        return Size((delta + 1) / 2)
    n1, n2 = len(first), len(second)
    reach = normal_quantile((1 + conf_level) / 2) * sqrt((n1 + n2 + 1) / (3 * n1 * n2))
    low, high = (tanh(atanh(delta) + sign * reach) for sign in (-1, 1))
    return Size((delta + 1) / 2, low=(low + 1) / 2, high=(high + 1) / 2)
