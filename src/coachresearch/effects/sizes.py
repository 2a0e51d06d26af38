"""Effect sizes: one difference, its unit, its interval. Signs: later minus earlier, coached minus comparison."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, exp, isfinite, lgamma, log, nan, sqrt, tanh

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """An effect with its error, test and interval; NaN where one is not defined."""

    value: float
    std_error: float = nan
    statistic: float = nan
    df: float = nan
    p_value: float = nan
    low: float = nan
    high: float = nan


def hedges_correction(df: float) -> float:
    """Exact factor J that makes a standardised mean difference unbiased.

    Parameters
    ----------
    df : float
        Degrees of freedom of the standard deviation, above 1.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128, eq. 6e: gamma(df/2) / (sqrt(df/2) gamma((df-1)/2)).
    """
    if df <= 1:
        raise EstimationError(f"Hedges' correction needs more than 1 degree of freedom, not {df:g}")
    return exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2))


def mean_difference(
    coached: ArrayLike, comparison: ArrayLike, *, equal_variances: bool = False, conf_level: float = 0.95
) -> Estimate:
    """Difference of two independent means, coached minus comparison, in score units.

    Parameters
    ----------
    coached, comparison : array (n)
        Scores without gaps, at least two each.
    equal_variances : bool
        Student's t with a pooled variance instead of Welch's.
    conf_level : float
        Level of the interval.

    Raises
    ------
    EstimationError
        With fewer than two people in a group, or no variance in both.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35; Satterthwaite (1946) degrees of freedom.
    """
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    found = _mean_difference(first, second, equal_variances, conf_level)
    method = "difference_student" if equal_variances else "difference_welch"
    return estimate_of("mean_difference", found, conf_level, len(first) + len(second), method)


def cohens_d(coached: ArrayLike, comparison: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Difference of two independent means in units of their pooled standard deviation (no small-sample correction).

    Interval by inverting the noncentral t; arguments and errors as in `hedges_g`.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, 2nd ed., ch. 2; Steiger & Fouladi (1997) (interval).
    """
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    found = _independent_d(first, second, conf_level)
    return estimate_of("cohens_d", found, conf_level, len(first) + len(second), "cohens_d")


def hedges_g(coached: ArrayLike, comparison: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Unbiased standardised difference of two independent means, coached minus comparison.

    Parameters
    ----------
    coached, comparison : array (n)
        Scores without gaps, at least two each.
    conf_level : float
        Level of the interval.

    Returns
    -------
    Estimate
        ``hedges_g``: pooled-SD d times the exact J. The interval inverts the noncentral t and is multiplied by J; the
        standard error is the large-sample one (n1 + n2)/(n1 n2) + g²/(2(n1 + n2)).

    Raises
    ------
    EstimationError
        With fewer than two people in a group, or no variance within the groups.

    References
    ----------
    Hedges (1981), Journal of Educational Statistics 6, 107-128; Hedges & Olkin (1985), ch. 5;
    Cumming (2012), Understanding the New Statistics, ch. 11 (interval).
    """
    first, second = checked_scores(coached, "coached"), checked_scores(comparison, "comparison")
    found = scaled(_independent_d(first, second, conf_level), hedges_correction(len(first) + len(second) - 2))
    n, share = len(first) + len(second), len(first) * len(second)
    error = sqrt(n / share + found.value ** 2 / (2 * n))
    sized = Size(found.value, error, found.statistic, found.df, found.p_value, found.low, found.high)
    return estimate_of("hedges_g", sized, conf_level, n, "hedges_g")


def mean_change(pre: ArrayLike, post: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Mean change of the same people, later minus earlier, in score units (paired t).

    Parameters
    ----------
    pre, post : array (n)
        Scores of the same people in the same order, without gaps, at least two.
    conf_level : float
        Level of the interval.

    Raises
    ------
    EstimationError
        With fewer than two people, or arrays of different length.

    Notes
    -----
    Where everybody changed by the same amount there is no standard error; the mean alone is given.
    """
    before, after = checked_pairs(pre, post)
    return estimate_of("mean_change", _mean_change(after - before, conf_level), conf_level, len(before), "paired_t")


def d_z(pre: ArrayLike, post: ArrayLike, *, corrected: bool = False, conf_level: float = 0.95) -> Estimate:
    """Mean change in units of the standard deviation of the changes.

    Parameters
    ----------
    pre, post : array (n)
        As in `mean_change`.
    corrected : bool
        Multiply by Hedges' J with n - 1 degrees of freedom; the term is then ``g_z``.
    conf_level : float
        Level of the interval, which inverts the noncentral t.

    Raises
    ------
    EstimationError
        Also where everybody changed by the same amount.

    References
    ----------
    Cohen (1988), ch. 2.3.5; Lakens (2013), Frontiers in Psychology 4, 863, eq. 6; Cumming (2012), ch. 11.
    """
    before, after = checked_pairs(pre, post)
    found = _d_z(after - before, conf_level)
    n = len(before)
    if not corrected:
        return estimate_of("d_z", found, conf_level, n, "d_z")
    return estimate_of("g_z", scaled(found, hedges_correction(n - 1)), conf_level, n, "g_z")


def d_av(pre: ArrayLike, post: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Mean change in units of the average of the two standard deviations, comparable with differences between groups.

    Parameters
    ----------
    pre, post : array (n)
        As in `mean_change`.
    conf_level : float
        Level of the interval: delta method under bivariate normality, in the manner of Bonett (2008).

    Raises
    ------
    EstimationError
        Also where scores vary at neither wave.

    References
    ----------
    Cumming (2012), ch. 11; Lakens (2013), eq. 10 (mean of the two standard deviations).
    Bonett (2008), Psychological Methods 13, 99-109 (variance of standardised contrasts of dependent means).
    """
    before, after = checked_pairs(pre, post)
    return estimate_of("d_av", _d_av(before, after, conf_level), conf_level, len(before), "d_av")


def d_ppc(
    coached_pre: ArrayLike, coached_post: ArrayLike, comparison_pre: ArrayLike, comparison_post: ArrayLike, *,
    conf_level: float = 0.95,
) -> Estimate:
    """Difference between the mean changes of two groups in units of the pooled standard deviation before.

    Parameters
    ----------
    coached_pre, coached_post, comparison_pre, comparison_post : array
        Scores without gaps; pre and post of the same people in the same order, at least two a group and five in all.
    conf_level : float
        Level of the (normal) interval, from Morris's eq. 25 with the pre-post correlation pooled over the groups.

    Raises
    ------
    EstimationError
        With too few people, or no variance before.

    References
    ----------
    Morris (2008), Organizational Research Methods 11, 364-386: d_ppc2, with the approximate correction of eq. 10.
    """
    first, second = checked_pairs(coached_pre, coached_post), checked_pairs(comparison_pre, comparison_post)
    n = len(first[0]) + len(second[0])
    if n < 5:
        raise EstimationError(f"The standardised difference of changes needs at least 5 people; there are {n}")
    return estimate_of("d_ppc", _d_ppc(first, second, conf_level), conf_level, n, "d_ppc_morris")


def correlation(first: ArrayLike, second: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Pearson correlation of two columns of the same people, with Fisher's interval (from four people on).

    Raises
    ------
    EstimationError
        With fewer than two people, or a column without variance.

    References
    ----------
    Fisher (1921), Metron 1, 3-32.
    """
    one, other = checked_pairs(first, second)
    if is_flat(float(one.var()), one) or is_flat(float(other.var()), other):
        raise EstimationError(f"One of the two columns of {len(one)} people does not vary, "
                              "so their correlation is not defined", remedy="Leave it out.")
    r = min(max(float(np.corrcoef(one, other)[0, 1]), -1.0), 1.0)
    low, high = correlation_interval(r, len(one), conf_level=conf_level)
    return estimate_of("r", Size(r, low=low, high=high), conf_level, len(one), "pearson_fisher")


def correlation_interval(r: float, n: int, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Return Fisher's interval of a correlation of n people; NaN below four people or at a correlation of one."""
    if n < 4 or abs(r) >= 1:
        return nan, nan
    reach = normal_quantile((1 + conf_level) / 2) / sqrt(n - 3)
    return tanh(atanh(r) - reach), tanh(atanh(r) + reach)


def share(count: int, of: int, *, conf_level: float = 0.95) -> Estimate:
    """Share of people with Wilson's interval.

    Parameters
    ----------
    count, of : int
        People counted, and people looked at (at least one).
    conf_level : float
        Level of the interval.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    if of < 1 or not 0 <= count <= of:
        raise EstimationError(f"{count} of {of} is not a share", remedy="Count among at least one person.")
    z = normal_quantile((1 + conf_level) / 2)
    p = count / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    low = 0.0 if count == 0 else middle - reach
    high = 1.0 if count == of else middle + reach
    return Estimate("share", p, conf_low=low, conf_high=high, conf_level=conf_level, n=of, method="share_wilson")


def estimate_of(term: str, found: Size, conf_level: float, n: int, method: str, group: str = "") -> Estimate:
    """Wrap an effect as an Estimate; the level is NaN where there is no interval."""
    level = conf_level if isfinite(found.low) else nan
    return Estimate(term, found.value, std_error=found.std_error, statistic=found.statistic, df=found.df,
                    p_value=found.p_value, conf_low=found.low, conf_high=found.high, conf_level=level, n=n,
                    method=method, group=group)


def checked_scores(values: ArrayLike, name: str) -> FloatArray:
    """Return one row of at least two finite scores, or say what is wrong with it."""
    scores = np.asarray(values, dtype=float)
    if scores.ndim != 1:
        raise EstimationError(f"The scores of {name!r} have {scores.ndim} dimensions; they are one row of numbers")
    if not np.isfinite(scores).all():
        raise EstimationError(f"The scores of {name!r} hold gaps or infinite values",
                              remedy="Leave these people out, and say how many they were.")
    if len(scores) < 2:
        raise EstimationError(f"{name!r} holds {len(scores)} score{'' if len(scores) == 1 else 's'}; "
                              "an effect size needs at least 2", remedy="Show the score itself instead.")
    return scores


def checked_pairs(pre: ArrayLike, post: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two rows of scores of the same people, or say what is wrong with them."""
    before, after = checked_scores(pre, "pre"), checked_scores(post, "post")
    if len(before) != len(after):
        raise EstimationError(f"pre holds {len(before)} scores and post {len(after)}",
                              remedy="Hand over the same people, in the same order.")
    return before, after


def is_flat(variance: float, *scores: FloatArray) -> bool:
    """Whether a variance is nothing but rounding of scores of this size."""
    size = max(float(np.abs(one).max()) for one in scores)
    return variance <= (1e-12 * size) ** 2


def _mean_difference(first: FloatArray, second: FloatArray, equal: bool, conf_level: float) -> Size:
    n1, n2 = len(first), len(second)
    v1, v2 = float(first.var(ddof=1)), float(second.var(ddof=1))
    if is_flat(v1 + v2, first, second):
        raise EstimationError(f"No score varies within the groups ({n1} and {n2} people), "
                              "so the difference has no error", remedy="Show the two means instead.")
    if equal:
        df = float(n1 + n2 - 2)
        error = sqrt(((n1 - 1) * v1 + (n2 - 1) * v2) / df * (1 / n1 + 1 / n2))
    else:
        a, b = v1 / n1, v2 / n2
        error = sqrt(a + b)
        df = (a + b) ** 2 / (a * a / (n1 - 1) + b * b / (n2 - 1))
    return with_t(float(first.mean() - second.mean()), error, df, conf_level)


def _mean_change(changes: FloatArray, conf_level: float) -> Size:
    n = len(changes)
    variance = float(changes.var(ddof=1))
    mean = float(changes.mean())
    if variance <= 1e-24 * max(mean * mean, 1e-30):
        return Size(mean)
    return with_t(mean, sqrt(variance / n), n - 1.0, conf_level)


def _independent_d(first: FloatArray, second: FloatArray, conf_level: float) -> Size:
    n1, n2 = len(first), len(second)
    df = float(n1 + n2 - 2)
    pooled = ((n1 - 1) * float(first.var(ddof=1)) + (n2 - 1) * float(second.var(ddof=1))) / df
    if is_flat(pooled, first, second):
        raise EstimationError(f"No score varies within the groups ({n1} and {n2} people), "
                              "so there is no unit for an effect size", remedy="Show the difference in points instead.")
    value = float(first.mean() - second.mean()) / sqrt(pooled)
    scale = sqrt(1 / n1 + 1 / n2)
    return with_noncentral_t(value / scale, df, scale, conf_level)


def _d_z(changes: FloatArray, conf_level: float) -> Size:
    n = len(changes)
    spread = float(changes.std(ddof=1))
    if spread <= 1e-12 * max(abs(float(changes.mean())), 1e-15):
        raise EstimationError(f"All {n} people changed by the same amount, so there is no unit for d_z",
                              remedy="Show the change in points instead.")
    return with_noncentral_t(float(changes.mean()) / spread * sqrt(n), n - 1.0, 1 / sqrt(n), conf_level)


def _d_av(before: FloatArray, after: FloatArray, conf_level: float) -> Size:
    n = len(before)
    s1, s2 = float(before.std(ddof=1)), float(after.std(ddof=1))
    unit = (s1 + s2) / 2
    if is_flat(unit * unit, before, after):
        raise EstimationError(f"The scores of {n} people vary at neither wave, so there is no unit for d_av",
                              remedy="Show the change in points instead.")
    product = float(np.sum((before - before.mean()) * (after - after.mean()))) / (n - 1)
    value = float((after - before).mean()) / unit
    of_mean = (s1 * s1 + s2 * s2 - 2 * product) / (n * unit * unit)
    shared = product * product / (s1 * s2) if s1 * s2 > 0 else 0.0
    of_unit = value * value * (s1 * s1 + s2 * s2 + 2 * shared) / (8 * unit * unit * (n - 1))
    return with_normal(value, sqrt(max(of_mean + of_unit, 0.0)), conf_level)


def _d_ppc(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray], conf_level: float
) -> Size:
    n1, n2 = len(first[0]), len(second[0])
    df = n1 + n2 - 2
    centred = [np.concatenate([group[wave] - group[wave].mean() for group in (first, second)]) for wave in (0, 1)]
    pre_square, post_square = float(centred[0] @ centred[0]), float(centred[1] @ centred[1])
    if is_flat(pre_square / df, first[0], second[0]):
        raise EstimationError(f"No score varies before ({n1} and {n2} people), so there is no unit for d_ppc",
                              remedy="Show the difference in points instead.")
    rho = float(centred[0] @ centred[1]) / sqrt(pre_square * post_square) if post_square > 0 else 0.0
    correction = 1 - 3 / (4 * df - 1)
    gain = float(first[1].mean() - first[0].mean() - second[1].mean() + second[0].mean())
    value = correction * gain / sqrt(pre_square / df)
    unit = 2 * (1 - min(rho, 1.0)) * (n1 + n2) / (n1 * n2)
    variance = correction ** 2 * df / (df - 2) * (unit + value ** 2) - value ** 2
    return with_normal(value, sqrt(max(variance, 0.0)), conf_level)


def with_t(value: float, error: float, df: float, conf_level: float) -> Size:
    """Give a value with its standard error a t test against zero and a t interval."""
    from scipy.stats import t

    statistic = value / error
    reach = float(t.ppf((1 + conf_level) / 2, df)) * error
    return Size(value, error, statistic, df, float(2 * t.sf(abs(statistic), df)), value - reach, value + reach)


def with_normal(value: float, error: float, conf_level: float) -> Size:
    """Give a value with its standard error a normal interval."""
    reach = normal_quantile((1 + conf_level) / 2) * error
    return Size(value, error, low=value - reach, high=value + reach)


def normal_quantile(q: float) -> float:
    """Return the q-quantile of the standard normal."""
    from scipy.stats import norm

    return float(norm.ppf(q))


def scaled(size: Size, factor: float) -> Size:
    """Multiply an effect, its error and its limits; the test stays."""
    return Size(size.value * factor, size.std_error * factor, size.statistic, size.df, size.p_value,
                 size.low * factor, size.high * factor)


def with_noncentral_t(t_value: float, df: float, scale: float, conf_level: float) -> Size:
    """Turn a t statistic into a standardised effect; the limits are the noncentralities that make it extreme."""
    from scipy.stats import t

    tail = (1 - conf_level) / 2
    low, high = (_noncentrality(t_value, df, q) * scale for q in (1 - tail, tail))
    p = float(2 * t.sf(abs(t_value), df))
    return Size(t_value * scale, statistic=t_value, df=df, p_value=p, low=low, high=high)


def _noncentrality(t_value: float, df: float, q: float) -> float:
    """Find the noncentrality under which `t_value` is the q-quantile."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    spread, weight = _spread_nodes(df, abs(t_value))

    def beyond(centre: float) -> float:
        return float(weight @ ndtr(t_value * spread - centre)) - q

    reach = 5 + 5 * abs(t_value) / sqrt(2 * df)
    low, high = t_value - reach, t_value + reach
    while beyond(low) < 0:
        low -= reach
    while beyond(high) > 0:
        high += reach
    return float(brentq(beyond, low, high, xtol=1e-12, rtol=1e-14, maxiter=500))


def _spread_nodes(df: float, t_size: float) -> tuple[FloatArray, FloatArray]:
    """Return values of the estimated over the true standard deviation, and their probabilities.

    The noncentral t is a normal shifted by its centre and divided by this ratio, so its distribution function is one
    sum over these nodes. (The library function for it returns no number at some ordinary arguments.) Panels of twelve
    Gauss-Legendre points, the more of them the sharper the normal turns within the range.
    """
    from scipy.stats import chi2

    low, high = sqrt(float(chi2.ppf(1e-16, df)) / df), sqrt(float(chi2.isf(1e-16, df)) / df)
    panels = min(10 + int(t_size * (high - low)), 20_000)
    points, weights = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(low, high, panels + 1)
    half = (high - low) / panels / 2
    nodes = (edges[:-1, None] + half * (points + 1)).ravel()
    density = 2 * nodes * df * chi2.pdf(df * nodes ** 2, df)
    probability = np.tile(weights * half, panels) * density
    return nodes, probability / probability.sum()
