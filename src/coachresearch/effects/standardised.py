"""Standardised effects with other units: Glass's delta, d_rm, change in units of the scores before, adjusted d."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.regression import least_squares
from coachresearch.effects.sizes import (
    Size,
    checked_pairs,
    checked_scores,
    estimate_of,
    hedges_correction,
    is_flat,
    with_noncentral_t,
    with_normal,
)


def glass_delta(coached: ArrayLike, comparison: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Difference of two independent means in units of the comparison arm's standard deviation.

    Parameters
    ----------
    coached, comparison : array (n)
        Scores without gaps, at least two each.
    conf_level : float
        Level of the interval, which inverts the noncentral t with n2 - 1 degrees of freedom and an error that lets
        the two variances differ.

    Raises
    ------
    EstimationError
        With too few people, or no variance in the comparison arm.

    References
    ----------
    Glass (1976), Educational Researcher 5(10), 3-8; Algina, Keselman & Penfield (2006), Educational and
    Psychological Measurement 66, 945-960 (unequal variances).
    """
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    n1, n2 = len(first), len(second)
    v1, v2 = float(first.var(ddof=1)), float(second.var(ddof=1))
    if is_flat(v2, second):
        raise EstimationError(f"The scores of the comparison arm ({n2} people) do not vary, so there is no unit",
                              remedy="Use hedges_g, or show the difference in points.")
    scale = sqrt(1 / n2 + v1 / (n1 * v2))
    value = float(first.mean() - second.mean()) / sqrt(v2)
    return estimate_of("glass_delta", with_noncentral_t(value / scale, n2 - 1.0, scale, conf_level), conf_level,
                       n1 + n2, "glass_delta")


def d_rm(pre: ArrayLike, post: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Mean change in units of the raw scores, taken from the standard deviation of the changes and the correlation.

    d_z times the root of 2(1 - r); equal to d_av where the two standard deviations are equal.

    Parameters
    ----------
    pre, post : array (n)
        Scores of the same people in the same order, without gaps, at least three.
    conf_level : float
        Level of the (normal) interval.

    Raises
    ------
    EstimationError
        With fewer than three people, no spread, or a change that is the same for everybody.

    References
    ----------
    Morris & DeShon (2002), Psychological Methods 7, 105-125; Lakens (2013), Frontiers in Psychology 4, 863, eq. 9;
    Borenstein et al. (2009), Introduction to Meta-Analysis, eq. 4.28 (variance).
    """
    before, after = checked_pairs(pre, post)
    changes = after - before
    n, spread = len(changes), float(changes.std(ddof=1))
    if n < 3 or is_flat(spread ** 2, before, after) or is_flat(float(before.var()) * 1.0, before) \
            or is_flat(float(after.var()), after):
        raise EstimationError(f"d_rm needs at least 3 people whose scores and changes vary; there are {n}",
                              remedy="Show the change in points instead.")
    r = float(np.corrcoef(before, after)[0, 1])
    value = float(changes.mean()) / spread * sqrt(2 * (1 - r))
    variance = (1 / n + value ** 2 / (2 * n)) * 2 * (1 - r)
    return estimate_of("d_rm", with_normal(value, sqrt(variance), conf_level), conf_level, n, "d_rm")


def d_pre(pre: ArrayLike, post: ArrayLike, *, equal_spread: bool = True, conf_level: float = 0.95) -> Estimate:
    """Mean change in units of the standard deviation before, unbiased.

    Parameters
    ----------
    pre, post : array (n)
        Scores of the same people in the same order, without gaps, at least three.
    equal_spread : bool
        Whether the variance of the estimate may assume equal spread at both waves.
    conf_level : float
        Level of the (normal) interval.

    Raises
    ------
    EstimationError
        With fewer than three people or no spread before.

    References
    ----------
    Becker (1988), British Journal of Mathematical and Statistical Psychology 41, 257-278; Bonett (2008),
    Psychological Methods 13, 99-109 (unequal spread).
    """
    before, after = checked_pairs(pre, post)
    n, s1, s2 = len(before), float(before.std(ddof=1)), float(after.std(ddof=1))
    if n < 3 or is_flat(s1 ** 2, before):
        raise EstimationError(f"A change in standard deviations before needs at least 3 people with spread; there "
                              f"are {n}", remedy="Show the change in points instead.")
    correction = hedges_correction(n - 1)
    value = correction * float((after - before).mean()) / s1
    shared = float(np.cov(before, after)[0, 1])
    if equal_spread:
        r = shared / (s1 * s2) if s2 > 0 else 0.0
        variance = 2 * (1 - r) / n + value ** 2 / (2 * n)
    else:
        of_change = (s1 ** 2 + s2 ** 2 - 2 * shared) / s1 ** 2
        variance = correction ** 2 * (of_change + value ** 2 / 2) / (n - 1)
    method = "d_pre" if equal_spread else "d_pre_unequal"
    return estimate_of("d_pre", with_normal(value, sqrt(variance), conf_level), conf_level, n, method)


def ancova_d(
    coached_pre: ArrayLike, coached_post: ArrayLike, comparison_pre: ArrayLike, comparison_post: ArrayLike, *,
    conf_level: float = 0.95,
) -> Estimate:
    """Covariate-adjusted difference in units of the standard deviation after within arms, unbiased.

    Parameters
    ----------
    coached_pre, coached_post, comparison_pre, comparison_post : array
        Scores without gaps; pre and post of the same people in the same order, at least three a group.
    conf_level : float
        Level of the (normal) interval.

    Raises
    ------
    EstimationError
        With too few people, or no spread before or after within the arms.

    References
    ----------
    Borenstein et al. (2009), Introduction to Meta-Analysis, eq. 4.24-4.27: the unit is the spread of the scores, not
    of what is left after adjustment; the variance shrinks by one minus the squared correlation within arms.
    """
    first, second = checked_pairs(coached_pre, coached_post), checked_pairs(comparison_pre, comparison_post)
    n1, n2 = len(first[0]), len(second[0])
    df = n1 + n2 - 3
    centred = [np.concatenate([arm[wave] - arm[wave].mean() for arm in (first, second)]) for wave in (0, 1)]
    within = [float(one @ one) / (n1 + n2 - 2) for one in centred]
    if df < 2 or is_flat(within[0], first[0], second[0]) or is_flat(within[1], first[1], second[1]):
        raise EstimationError(f"The adjusted d needs at least 5 people with spread within arms at both waves; there "
                              f"are {n1 + n2}", remedy="Show the adjusted difference in points instead.")
    arms = np.repeat([1.0, 0.0], [n1, n2])
    before, after = np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])
    fit = least_squares(np.column_stack([np.ones(n1 + n2), arms, before - before.mean()]), after)
    r_squared = float(centred[0] @ centred[1]) ** 2 / (float(centred[0] @ centred[0]) * float(centred[1] @ centred[1]))
    correction = hedges_correction(df)
    d = float(fit.coefficients[1]) / sqrt(within[1])
    variance = correction ** 2 * ((n1 + n2) / (n1 * n2) * (1 - r_squared) + d ** 2 / (2 * (n1 + n2)))
    return estimate_of("ancova_d", with_normal(correction * d, sqrt(variance), conf_level), conf_level, n1 + n2,
                       "ancova_d")


def with_unreliability(effect: Estimate, reliability: Estimate | float) -> Estimate:
    """Standardised effect as it would be with a score free of measurement error.

    Parameters
    ----------
    effect : Estimate
        Standardised difference (``hedges_g``, ``cohens_d``, ``d_av`` ...) with a standard error or an interval.
    reliability : Estimate or float
        Reliability of the score within the groups compared; an Estimate brings its interval into that of the result.

    Returns
    -------
    Estimate
        The effect divided by the root of the reliability; term ``<term>_true``.

    Raises
    ------
    EstimationError
        For a reliability outside (0, 1], or an effect without error.

    References
    ----------
    Hunter & Schmidt (2004), Methods of Meta-Analysis, 2nd ed., ch. 7, eq. 7.11-7.14; delta method for the error.
    """
    value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
    if not 0 < value <= 1:
        raise EstimationError(f"The reliability is {value:g}", remedy="It lies above 0 and goes up to 1.")
    error, level = _error_of(effect)
    spread = 0.0
    if isinstance(reliability, Estimate) and np.isfinite(reliability.conf_low + reliability.conf_high):
        from coachresearch.effects.sizes import normal_quantile

        reach = normal_quantile((1 + reliability.conf_level) / 2)
        spread = (reliability.conf_high - reliability.conf_low) / (2 * reach)
    variance = error ** 2 / value + effect.estimate ** 2 * spread ** 2 / (4 * value ** 3)
    found: Size = with_normal(effect.estimate / sqrt(value), sqrt(variance), level)
    return estimate_of(f"{effect.term}_true", found, level, effect.n, "unreliability_corrected", effect.group)


def _error_of(effect: Estimate) -> tuple[float, float]:
    from coachresearch.effects.sizes import normal_quantile

    level = effect.conf_level if np.isfinite(effect.conf_level) else 0.95
    if np.isfinite(effect.std_error):
        return effect.std_error, level
    if np.isfinite(effect.conf_high - effect.conf_low):
        return (effect.conf_high - effect.conf_low) / (2 * normal_quantile((1 + level) / 2)), level
    raise EstimationError(f"The effect {effect.term!r} has no error and no interval, so none can be carried over")
