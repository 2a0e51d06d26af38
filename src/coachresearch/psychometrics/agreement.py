"""How far raters of the same target agree: intraclass correlations of one-way designs."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.psychometrics.raters import raters_needed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RaterAgreement(Result):
    """Agreement of raters nested in targets.

    Parameters
    ----------
    n_targets, n_ratings : int
        Targets with at least two ratings, and their ratings.
    raters_per_target : float
        Mean number of ratings that the reliability of a target's mean refers to.
    """

    kind: ClassVar[str] = "agreement"

    n_targets: int
    n_ratings: int
    raters_per_target: float


def icc_nested(
    scores: ArrayLike, targets: ArrayLike, *, title: str, conf_level: float = 0.95, source: str = ""
) -> RaterAgreement:
    """ICC(1) of one rating and ICC(2) of the mean over a target's raters, where each target has raters of its own.

    Parameters
    ----------
    scores : array (n)
        One score per rating; NaN for none.
    targets : array (n)
        Whom each rating is about.
    title : str
        Title of the scale.
    conf_level : float
        Level of the intervals.
    source : str
        Where the ratings come from.

    Returns
    -------
    RaterAgreement
        Estimates ``icc1`` and ``icc2``; ``icc2`` is the reliability of a target's mean over the usual number of raters;
        ``raters_needed`` is the number that would bring it to .70 (left out, with a caution, where no number would).

    Raises
    ------
    EstimationError
        With fewer than two targets that have two ratings, or no differences at all.

    Notes
    -----
    Targets with a single rating tell nothing about agreement and are left out, with a caution. The number of raters is
    the plain mean over the targets, as in Bliese (2000). Negative values are shown as they are. Intervals are exact for
    normal scores and equal numbers of raters.

    References
    ----------
    Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428, ICC(1,1) and ICC(1,k) and their intervals (p. 424).
    Bliese (2000), in Klein and Kozlowski (eds.), Multilevel theory, 349-381.
    """
    values, group, n_single = _usable(scores, targets)
    counts = np.bincount(group)
    between, within, df_between, df_within = _mean_squares(values, group, counts)
    if not between + within > 0:
        raise EstimationError("All ratings are the same, so agreement has no meaning", where=source,
                              remedy="Look at the raw answers; a constant scale tells nobody apart.")
    raters = float(counts.mean())
    one, low1, high1, mean, low2, high2 = _icc(between, within, df_between, df_within, raters, conf_level)
    ratio = between / within if within > 0 else nan
    estimates = tuple(
        Estimate(term, value, statistic=ratio, df=float(df_between), conf_low=low, conf_high=high,
                 conf_level=conf_level, n=len(values), method="icc_one_way")
        for term, value, low, high in (("icc1", one, low1, high1), ("icc2", mean, low2, high2)))
    needed = raters_needed(one)
    if needed is not None:
        estimates = (*estimates, Estimate("raters_needed", float(needed), n=len(counts), method="raters_needed"))
    return RaterAgreement(title=title, estimates=estimates, method="icc_one_way", source=source,
                          cautions=_cautions(n_single, one), n_targets=len(counts), n_ratings=len(values),
                          raters_per_target=raters)


def score_array(scores: ArrayLike) -> NDArray[np.float64]:
    """Return scores as numbers, NaN for none.

    Raises
    ------
    EstimationError
        If one of them is text or infinite.
    """
    try:
        to_numpy = getattr(scores, "to_numpy", None)
        values = np.asarray(to_numpy(dtype=float, na_value=np.nan) if to_numpy else scores, dtype=float)
    except (TypeError, ValueError) as problem:
        raise EstimationError(f"A score is not a number ({problem})",
                              remedy="Hand over numbers, NaN where there is none.") from None
    if np.isinf(values).any():
        raise EstimationError("A score is infinite", remedy="Correct it, or leave it empty.")
    return values


def _usable(scores: ArrayLike, targets: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    values = score_array(scores)
    names = np.asarray(targets)
    if values.shape != names.shape or values.ndim != 1:
        raise EstimationError(f"{values.size} scores stand beside {names.size} targets",
                              remedy="Give one target a score.")
    present = ~np.isnan(values)
    _, group, counts = np.unique(names[present].astype(str), return_inverse=True, return_counts=True)
    several = counts[group] > 1
    if len(np.unique(group[several])) < 2:
        raise EstimationError("Fewer than two targets have two or more ratings",
                              remedy="Agreement needs at least two raters for each of two targets.")
    _, kept = np.unique(group[several], return_inverse=True)
    return values[present][several], kept, int((~several).sum())


def _mean_squares(
    values: NDArray[np.float64], group: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[float, float, int, int]:
    means = np.bincount(group, weights=values) / counts
    df_between, df_within = len(counts) - 1, len(values) - len(counts)
    between = float(counts @ (means - values.mean()) ** 2) / df_between
    within = float(np.sum((values - means[group]) ** 2)) / df_within
    return between, within, df_between, df_within


def _icc(
    between: float, within: float, df_between: int, df_within: int, raters: float, conf_level: float
) -> tuple[float, float, float, float, float, float]:
    from scipy.stats import f

    if within == 0:
        return 1.0, nan, nan, 1.0, nan, nan
    ratio, tail = between / within, (1 + conf_level) / 2
    low = ratio / float(f.ppf(tail, df_between, df_within))
    high = ratio * float(f.ppf(tail, df_within, df_between))

    def single(value: float) -> float:
        return (value - 1) / (value + raters - 1)

    def average(value: float) -> float:
        return 1 - 1 / value if value > 0 else nan

    return single(ratio), single(low), single(high), average(ratio), average(low), average(high)


def _cautions(n_single: int, icc1: float) -> tuple[Caution, ...]:
    found = [caution("single_ratings", n=n_single)] if n_single else []
    found += [caution("negative_icc", value=icc1)] if icc1 < 0 else []
    return (*found, caution("no_number_of_raters")) if icc1 <= 0 else tuple(found)
