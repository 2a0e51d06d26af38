"""Intraclass correlations of a table of targets by raters: the six forms, and the retest of a score."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.psychometrics.agreement import score_array
from coachresearch.psychometrics.raters import raters_needed

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Gaps = Literal["leave_out", "reml"]

_MOST_REML = 3000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IntraclassCorrelations(Result):
    """The six intraclass correlations.

    Parameters
    ----------
    n_targets, n_raters : int
        Of the table behind them.
    between, raters, error, within : float
        Mean squares of targets, raters, rest, and of everything within targets.
    """

    kind: ClassVar[str] = "icc"

    n_targets: int
    n_raters: int
    between: float
    raters: float
    error: float
    within: float


@dataclass(frozen=True, slots=True)
class _Squares:
    n: int
    k: int
    between: float
    raters: float
    error: float
    within: float


def icc_table(
    ratings: pd.DataFrame, *, gaps: Gaps = "leave_out", title: str = "", conf_level: float = 0.95, source: str = ""
) -> IntraclassCorrelations:
    """All six intraclass correlations of a table where the same raters rate every target.

    Parameters
    ----------
    ratings : DataFrame
        One row a target, one column a rater; NaN for a gap. Raters in different roles (a manager, colleagues) are not
        exchangeable: give one role at a time.
    gaps : {"leave_out", "reml"}
        Targets with a gap are left out and counted; or variance components of all ratings by restricted maximum
        likelihood, with limits that still take the table for full.
    title : str
    conf_level : float
    source : str

    Returns
    -------
    IntraclassCorrelations
        Estimates ``icc1_1``, ``icc2_1``, ``icc3_1`` of one rating, and ``icc1_k``, ``icc2_k``, ``icc3_k`` of the mean
        over the k raters: raters nested in targets, raters drawn at random, and these raters and no others (so that
        their differences in level do not count). With F, its degrees of freedom and p; and ``raters_needed``: how many
        random raters would bring their mean to .70.

    Raises
    ------
    EstimationError
        With fewer than two raters or two complete targets, or ratings that are all the same.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428. McGraw & Wong (1996), Psychological Methods 1, 30-46.
    """
    names, rows = numeric_rows(ratings)
    if len(names) < 2:
        raise EstimationError(f"There is {len(names)} rater, so nobody to agree with",
                              remedy="Give one column a rater, at least two.")
    if np.isinf(rows).any():
        raise EstimationError("A rating is infinite", remedy="Correct it, or leave it empty.")
    complete = rows[~np.isnan(rows).any(axis=1)]
    cautions: list[Caution] = []
    if gaps == "reml":
        squares = _reml_squares(rows)
        if len(complete) < len(rows):
            cautions.append(caution("icc_limits_of_full_table", n=len(rows) - len(complete), of=len(rows)))
    else:
        if len(complete) < len(rows):
            cautions.append(caution("targets_left_out", n=len(rows) - len(complete), of=len(rows)))
        squares = _squares(complete)
    estimates = _six(squares, conf_level)
    if estimates[0].estimate < 0:
        cautions.append(caution("negative_icc", value=estimates[0].estimate))
    needed = raters_needed(estimates[1].estimate)
    if needed is not None:
        estimates.append(Estimate("raters_needed", float(needed), n=squares.n, method="raters_needed"))
    else:
        cautions.append(caution("no_number_of_raters"))
    return IntraclassCorrelations(
        title=title, estimates=tuple(estimates), method=f"icc_{gaps}", cautions=tuple(cautions), source=source,
        n_targets=squares.n, n_raters=squares.k, between=squares.between, raters=squares.raters, error=squares.error,
        within=squares.within)


def retest(
    first: ArrayLike, second: ArrayLike, *, title: str = "", conf_level: float = 0.95, source: str = ""
) -> IntraclassCorrelations:
    """Agreement of two measurements of the same people with no change expected between them.

    Parameters
    ----------
    first, second : array (n)
        Scores, NaN for none; people in the same order.
    title : str
    conf_level : float
    source : str

    Returns
    -------
    IntraclassCorrelations
        Estimates ``icc2_1`` (absolute agreement) and ``icc3_1`` (consistency), ``sem_agreement`` and
        ``sem_consistency`` in score units, ``sdc`` (smallest detectable change of one person, from agreement), and
        ``mean_change``.

    References
    ----------
    de Vet, Terwee, Knol & Bouter (2006), Journal of Clinical Epidemiology 59, 1033-1039. Weir (2005), Journal of
    Strength and Conditioning Research 19, 231-240.
    """
    import pandas as pd
    from scipy.stats import norm

    one, two = score_array(first), score_array(second)
    if one.shape != two.shape or one.ndim != 1:
        raise EstimationError(f"{one.size} scores stand beside {two.size}", remedy="Give each person two scores.")
    found = icc_table(pd.DataFrame({"first": one, "second": two}), title=title, conf_level=conf_level, source=source)
    both = ~np.isnan(one) & ~np.isnan(two)
    n = int(both.sum())
    raters = max((found.raters - found.error) / n, 0.0)
    agreement = sqrt(raters + found.error)
    far = sqrt(2) * float(norm.ppf((1 + conf_level) / 2))
    extra = (Estimate("sem_agreement", agreement, n=n, method="sem_retest"),
             Estimate("sem_consistency", sqrt(found.error), n=n, method="sem_retest"),
             Estimate("sdc", far * agreement, conf_level=conf_level, n=n, method="sdc"),
             Estimate("mean_change", float(np.mean(two[both] - one[both])), n=n, method="sem_retest"))
    kept = tuple(estimate for estimate in found.estimates if estimate.term in ("icc2_1", "icc3_1"))
    return IntraclassCorrelations(
        title=title, estimates=(*kept, *extra), method="retest", cautions=found.cautions, source=source,
        n_targets=n, n_raters=2, between=found.between, raters=found.raters, error=found.error, within=found.within)


def _squares(rows: FloatArray) -> _Squares:
    n, k = rows.shape
    if n < 2:
        raise EstimationError(f"{n} targets have all ratings", remedy="Agreement needs at least two such targets.")
    whole = rows.mean()
    targets, raters = rows.mean(axis=1) - whole, rows.mean(axis=0) - whole
    between = k * float(targets @ targets) / (n - 1)
    by_rater = n * float(raters @ raters) / (k - 1)
    rest = float(np.sum((rows - whole - targets[:, None] - raters[None, :]) ** 2))
    error = rest / ((n - 1) * (k - 1))
    within = (rest + by_rater * (k - 1)) / (n * (k - 1))
    if between + within <= 1e-24:
        raise EstimationError("All ratings are the same, so agreement has no meaning",
                              remedy="Look at the raw answers; a constant scale tells nobody apart.")
    return _Squares(n, k, between, by_rater, error, within)


def _reml_squares(rows: FloatArray) -> _Squares:
    """Mean squares that a full table with the variance components of all ratings would have."""
    target, rater = np.nonzero(~np.isnan(rows))
    values = rows[target, rater]
    if len(values) > _MOST_REML:
        raise EstimationError(f"{len(values)} ratings are too many for this way with gaps ({_MOST_REML} at most)",
                              remedy='Use gaps="leave_out".')
    kept = np.unique(target)
    n, k = len(kept), rows.shape[1]
    if n < 2 or len(values) <= n or values.std() == 0:
        raise EstimationError("Too few targets have two ratings, or all ratings are the same",
                              remedy="Agreement needs at least two raters for each of two targets.")
    of_target, of_rater, error = crossed_components(values, target, rater)
    between, by_rater = k * of_target + error, n * of_rater + error
    return _Squares(n, k, between, by_rater, error, of_rater + error)


def crossed_components(
    values: FloatArray, target: NDArray[np.int64], rater: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Variance of targets, of raters, and of the rest, by restricted maximum likelihood."""
    from scipy.optimize import minimize

    same_target = (target[:, None] == target[None, :]).astype(float)
    same_rater = (rater[:, None] == rater[None, :]).astype(float)
    n = len(values)

    def parts(ratios: FloatArray) -> tuple[float, float]:
        factor = np.linalg.cholesky(np.eye(n) + ratios[0] * same_target + ratios[1] * same_rater)
        ones, y = np.linalg.solve(factor, np.column_stack([np.ones(n), values])).T
        weight = float(ones @ ones)
        rest = float(y @ y) - float(ones @ y) ** 2 / weight
        size = rest / (n - 1)
        return 2 * float(np.log(np.diag(factor)).sum()) + float(np.log(weight)) + (n - 1) * float(np.log(size)), size

    found = min((minimize(lambda ratios: parts(ratios)[0], start, method="L-BFGS-B", bounds=[(0, None)] * 2,
                          options={"ftol": 1e-14, "gtol": 1e-8}) for start in ([1.0, 0.1], [0.1, 0.01])),
                key=lambda one: one.fun)
    size = parts(found.x)[1]
    return float(found.x[0] * size), float(found.x[1] * size), size


def _six(s: _Squares, conf_level: float) -> list[Estimate]:
    from scipy.stats import f

    n, k = s.n, s.k
    one = (s.between - s.within) / (s.between + (k - 1) * s.within)
    two = (s.between - s.error) / (s.between + (k - 1) * s.error + k * (s.raters - s.error) / n)
    three = (s.between - s.error) / (s.between + (k - 1) * s.error)
    mean_two = (s.between - s.error) / (s.between + (s.raters - s.error) / n)
    means = (1 - s.within / s.between if s.between > 0 else nan, mean_two,
             1 - s.error / s.between if s.between > 0 else nan)
    df1, df_within, df_error = n - 1, n * (k - 1), (n - 1) * (k - 1)
    tail = (1 + conf_level) / 2
    ratios, limits = [], []
    for below, df in ((s.within, df_within), (s.error, df_error)):
        ratio = s.between / below if below > 0 else nan
        low, high = ratio / float(f.ppf(tail, df1, df)), ratio * float(f.ppf(tail, df, df1))
        ratios.append((ratio, float(df), float(f.sf(ratio, df1, df))))
        limits.append((low, high))
    single = [tuple((end - 1) / (end + k - 1) for end in pair) for pair in limits]
    average = [tuple(1 - 1 / end if end > 0 else nan for end in pair) for pair in limits]
    random = _random_limits(s, two, tail)
    random_mean = tuple(end * k / (1 + end * (k - 1)) for end in random)
    rows = (("icc1_1", one, 0, single[0]), ("icc2_1", two, 1, random), ("icc3_1", three, 1, single[1]),
            ("icc1_k", means[0], 0, average[0]), ("icc2_k", means[1], 1, random_mean),
            ("icc3_k", means[2], 1, average[1]))
    return [Estimate(term, value, statistic=ratios[which][0], df=ratios[which][1], p_value=ratios[which][2],
                     conf_low=ends[0], conf_high=ends[1], conf_level=conf_level, n=n, method="icc_six")
            for term, value, which, ends in rows]


def _random_limits(s: _Squares, icc: float, tail: float) -> tuple[float, float]:
    """Limits of ICC(2,1): Satterthwaite's degrees of freedom, as in Shrout & Fleiss (1979, p. 424)."""
    from scipy.stats import f

    n, k = s.n, s.k
    if s.error <= 0:
        return nan, nan
    ratio = s.raters / s.error
    inner = n * (1 + (k - 1) * icc) - k * icc
    bottom_part = (n - 1) * k ** 2 * icc ** 2 * ratio ** 2 + inner ** 2
    df = (k - 1) * (n - 1) * (k * icc * ratio + inner) ** 2 / bottom_part if bottom_part > 0 else 0.0
    if df <= 0:
        return nan, nan
    top, bottom = float(f.ppf(tail, n - 1, df)), float(f.ppf(tail, df, n - 1))
    share = k * s.raters + (k * n - k - n) * s.error
    low = n * (s.between - top * s.error) / (top * share + n * s.between)
    high = n * (bottom * s.between - s.error) / (share + n * bottom * s.between)
    return low, high
