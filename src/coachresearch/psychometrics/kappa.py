"""Agreement of raters on categories: kappas, Gwet's coefficients, Krippendorff's alpha, Kendall's W."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
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
from coachresearch.psychometrics.resampling import percentile_interval, resampled_counts

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["none", "linear", "quadratic"]

_BATCH = 500


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CategoryAgreement(Result):
    """Agreement of several raters on categories.

    Parameters
    ----------
    categories : array (q)
        Those that were used, rising.
    counts : array (n, q)
        How many raters chose each category for each target.
    """

    kind: ClassVar[str] = "category_agreement"

    categories: FloatArray
    counts: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Contributions of each target: all coefficients are functions of their sums."""

    agreed: FloatArray
    coincidences: FloatArray
    shares: FloatArray
    rated_twice: FloatArray


def category_agreement(
    ratings: pd.DataFrame, *, level: Level = "nominal", rng: np.random.Generator | None = None, draws: int = 2000,
    conf_level: float = 0.95, title: str = "", source: str = "",
) -> CategoryAgreement:
    """Fleiss' kappa, Gwet's AC1 or AC2 and Krippendorff's alpha of a table of targets by raters.

    Parameters
    ----------
    ratings : DataFrame
        One row a target, one column a rater of one and the same role; numeric codes; NaN for none.
    level : {"nominal", "ordinal", "interval", "ratio"}
        What the codes mean: how far apart two different ones are.
    rng : Generator, optional
        For percentile intervals by resampling targets; without it there are none.
    draws : int
        Resamples.
    conf_level : float
    title, source : str

    Returns
    -------
    CategoryAgreement
        Estimates ``kappa_fleiss`` (complete rows or not: mean shares), ``ac1`` (nominal) or ``ac2`` (weights of the
        level), ``krippendorff``, ``agreement_observed``.

    Raises
    ------
    EstimationError
        With fewer than two raters, no target rated twice, or a single category.

    Notes
    -----
    ``ac2`` and ``krippendorff`` weigh disagreements by the squared distance of the level; Fleiss' kappa does not weigh.
    Targets with one rating help AC to know how often each category is used, and tell nothing else.

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76, 378-382. Gwet (2008), British Journal of Mathematical and Statistical
    Psychology 61, 29-48; (2014), Handbook of Inter-Rater Reliability, 4th ed. Krippendorff (2011), Computing
    Krippendorff's alpha-reliability. Zapf, Castell, Morawietz & Karch (2016), BMC Medical Research Methodology 16, 93
    (resampling targets).
    """
    names, rows = numeric_rows(ratings)
    if len(names) < 2:
        raise EstimationError(f"There is {len(names)} rater, so nobody to agree with",
                              remedy="Give one column a rater, at least two.")
    if np.isinf(rows).any():
        raise EstimationError("A rating is infinite", remedy="Correct it, or leave it empty.")
    rated = rows[~np.isnan(rows).all(axis=1)]
    categories = np.unique(rated[~np.isnan(rated)])
    counts = np.stack([np.sum(rated == value, axis=1) for value in categories], axis=1).astype(float) \
        if len(categories) else np.zeros((0, 0))
    twice = int(np.sum(counts.sum(axis=1) >= 2)) if len(categories) else 0
    if twice < 1 or len(categories) < 2:
        raise EstimationError(f"{twice} targets have two ratings, and {len(categories)} categories were used",
                              remedy="Agreement needs targets rated twice and at least two categories.")
    units = _units(counts, categories, level)
    whole = _coefficients(units, np.ones((1, len(counts))), categories, level)
    ends = _intervals(units, rng, draws, categories, level, conf_level) if rng is not None else {}
    estimates = [
        Estimate(term, float(values[0]), std_error=ends[term][2] if term in ends else nan,
                 conf_low=ends[term][0] if term in ends else nan, conf_high=ends[term][1] if term in ends else nan,
                 conf_level=conf_level if term in ends else nan, n=twice,
                 method=term if term not in ("ac2", "krippendorff") else f"{term}_{level}")
        for term, values in whole.items()]
    cautions: list[Caution] = []
    single = int(np.sum(counts.sum(axis=1) == 1)) + len(rows) - len(rated)
    if single:
        cautions.append(caution("targets_rated_once", n=single, of=len(rows)))
    if counts.sum(axis=0).max() > 0.9 * counts.sum():
        cautions.append(caution("one_category_rules", share=float(counts.sum(axis=0).max() / counts.sum())))
    counts.setflags(write=False)
    return CategoryAgreement(title=title, estimates=tuple(estimates), method="category_agreement",
                             cautions=tuple(cautions), source=source, categories=categories, counts=counts)


def cohen_kappa(
    first: ArrayLike, second: ArrayLike, *, weights: Weights = "none", categories: Sequence[float] | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """Agreement of two raters beyond chance, with its large-sample interval.

    Parameters
    ----------
    first, second : array (n)
        Codes; pairs with a NaN are left out (``n`` says how many remain).
    weights : {"none", "linear", "quadratic"}
        Whether near misses count for something; by the places of the categories, not their codes.
    categories : sequence of float, optional
        All categories in order, where some were not used; those that were used if not given.
    conf_level : float

    Raises
    ------
    EstimationError
        If no pair is left, a code is not among the categories, or both raters used one and the same category only.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46; (1968), Psychological Bulletin 70, 213-220.
    Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72, 323-327 (standard error).
    """
    from scipy.stats import norm

    table = cross_table(first, second, categories)
    n = float(table.sum())
    shares = table / n
    q = len(shares)
    apart = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / max(q - 1, 1)
    weight = {"none": np.eye(q), "linear": 1 - apart, "quadratic": 1 - apart ** 2}[weights]
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    seen, chance = float(np.sum(weight * shares)), float(rows @ weight @ columns)
    if chance >= 1 - 1e-12:
        raise EstimationError("Both raters used one category only, so chance agreement is complete",
                              remedy="Kappa has no meaning here; report the raw agreement.")
    value = (seen - chance) / (1 - chance)
    by_row, by_column = weight @ columns, weight.T @ rows
    inner = weight - (by_row[:, None] + by_column[None, :]) * (1 - value)
    variance = (float(np.sum(shares * inner ** 2)) - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    error = sqrt(max(variance, 0.0))
    reach = float(norm.ppf((1 + conf_level) / 2)) * error
    term = "kappa" if weights == "none" else "kappa_weighted"
    return Estimate(term, value, std_error=error, conf_low=value - reach, conf_high=value + reach,
                    conf_level=conf_level, n=int(n), method=f"kappa_{weights}")


def light_kappa(ratings: pd.DataFrame) -> Estimate:
    """Mean of Cohen's kappas of all pairs of raters, on targets that everybody rated.

    References
    ----------
    Light (1971), Psychological Bulletin 76, 365-377.
    """
    names, rows = numeric_rows(ratings)
    complete = rows[~np.isnan(rows).any(axis=1)]
    if len(names) < 2 or not len(complete):
        raise EstimationError(f"{len(complete)} targets were rated by all {len(names)} raters",
                              remedy="Give one column a rater, at least two, and targets that all of them rated.")
    values = [cohen_kappa(complete[:, a], complete[:, b]).estimate for a, b in combinations(range(len(names)), 2)]
    return Estimate("kappa_light", float(np.mean(values)), n=len(complete), method="kappa_light")


def kendall_w(ratings: pd.DataFrame) -> Estimate:
    """Concordance of rankings: how far raters put complete targets into the same order, corrected for ties.

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287.
    """
    from scipy.stats import chi2, rankdata

    names, rows = numeric_rows(ratings)
    complete = rows[~np.isnan(rows).any(axis=1)]
    n, k = len(complete), len(names)
    if n < 2 or k < 2:
        raise EstimationError(f"{n} targets were ranked by all {k} raters", remedy="Rankings need two of each.")
    ranks = rankdata(complete, axis=0)
    ties = sum(float(np.sum(counts ** 3 - counts)) for counts in (
        np.unique(column, return_counts=True)[1].astype(float) for column in complete.T))
    sums = ranks.sum(axis=1)
    bottom = k ** 2 * (n ** 3 - n) - k * ties
    if bottom <= 0:
        raise EstimationError("Every rater gave all targets the same rank", remedy="Concordance has no meaning here.")
    value = 12 * float(np.sum((sums - sums.mean()) ** 2)) / bottom
    chi = k * (n - 1) * value
    return Estimate("kendall_w", value, statistic=chi, df=float(n - 1), p_value=float(chi2.sf(chi, n - 1)), n=n,
                    method="kendall_w")


def cross_table(first: ArrayLike, second: ArrayLike, categories: Sequence[float] | None = None) -> FloatArray:
    """Cross-table (q, q) of two raters; the first one's categories are the rows."""
    one, two = score_array(first), score_array(second)
    if one.shape != two.shape or one.ndim != 1:
        raise EstimationError(f"{one.size} ratings stand beside {two.size}", remedy="Give each target two ratings.")
    both = ~np.isnan(one) & ~np.isnan(two)
    if not both.any():
        raise EstimationError("No target has two ratings", remedy="Check the columns.")
    used = np.unique(np.concatenate([one[both], two[both]]))
    known = used if categories is None else np.asarray(categories, dtype=float)
    odd = [f"{value:g}" for value in used if value not in known]
    if odd:
        raise EstimationError(f"The code {', '.join(odd)} is not among the categories",
                              remedy=f"They are: {', '.join(f'{value:g}' for value in known)}.")
    place = {value: at for at, value in enumerate(known)}
    table = np.zeros((len(known), len(known)))
    np.add.at(table, ([place[value] for value in one[both]], [place[value] for value in two[both]]), 1.0)
    return table


def distances(categories: FloatArray, level: Level, totals: FloatArray) -> FloatArray:
    """Squared distance (q, q) of two codes at a level of measurement; ordinal ones depend on how often each is used."""
    q = len(categories)
    if level == "nominal":
        return 1 - np.eye(q)
    if level == "ordinal":
        ends = np.cumsum(totals) - totals / 2
        return np.asarray(np.subtract.outer(ends, ends) ** 2)
    if level == "interval":
        return np.asarray(np.subtract.outer(categories, categories) ** 2)
    sums = np.add.outer(categories, categories)
    gaps = np.subtract.outer(categories, categories)
    return np.asarray(np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums != 0) ** 2)


def _weights(categories: FloatArray, level: Level) -> FloatArray:
    """Gwet's weights (q, q): 1 for the same category; ordinal ones by the number of pairs of ranks between two."""
    q = len(categories)
    if level == "nominal":
        return np.eye(q)
    if level == "ordinal":
        steps = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) + 1.0
        pairs = steps * (steps - 1) / 2
        return np.asarray(1 - pairs / pairs.max())
    if level == "ratio":
        apart = distances(categories, "ratio", np.ones(q))
        return np.asarray(1 - apart / apart.max())
    apart = np.subtract.outer(categories, categories) ** 2
    return np.asarray(1 - apart / apart.max())


def _units(counts: FloatArray, categories: FloatArray, level: Level) -> _Units:
    n, q = counts.shape
    raters = counts.sum(axis=1)
    twice = raters >= 2
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, np.arange(q), np.arange(q)] -= counts
    inside = np.where(twice, raters - 1, 1.0)
    coincidences = np.where(twice[:, None, None], pairs / inside[:, None, None], 0.0).reshape(n, q * q)
    weights = _weights(categories, level)
    possible = np.where(twice, raters * (raters - 1), 1.0)
    agreed = np.stack([
        np.where(twice, np.sum(pairs * table, axis=(1, 2)) / possible, 0.0) for table in (np.eye(q), weights)], axis=1)
    return _Units(agreed, coincidences, counts / np.maximum(raters, 1)[:, None], twice.astype(float))


def _coefficients(
    units: _Units, times: FloatArray, categories: FloatArray, level: Level
) -> dict[str, FloatArray]:
    """All coefficients of resamples: `times` (b, n) says how often each target is drawn."""
    q = len(categories)
    rated = times @ units.rated_twice
    rated = np.where(rated > 0, rated, np.nan)
    seen = (times @ units.agreed) / rated[:, None]
    shares = (times @ units.shares) / times.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.sum(shares ** 2, axis=1)
        fleiss = (seen[:, 0] - chance) / (1 - chance)
        weights = _weights(categories, level)
        spread = float(weights.sum()) / (q * (q - 1)) * np.sum(shares * (1 - shares), axis=1)
        gwet = (seen[:, 1] - spread) / (1 - spread)
        alpha = _krippendorff((times @ units.coincidences).reshape(len(times), q, q), categories, level)
    return {"agreement_observed": seen[:, 0], "kappa_fleiss": fleiss, "ac1" if level == "nominal" else "ac2": gwet,
            "krippendorff": alpha}


def _krippendorff(coincidences: FloatArray, categories: FloatArray, level: Level) -> FloatArray:
    totals = coincidences.sum(axis=1)
    n = totals.sum(axis=1)
    if level == "ordinal":
        apart = np.stack([distances(categories, level, one) for one in totals])
    else:
        apart = distances(categories, level, totals[0])[None]
    seen = np.sum(coincidences * apart, axis=(1, 2))
    expected = np.einsum("bi,bij,bj->b", totals, np.broadcast_to(apart, coincidences.shape), totals) / (n - 1)
    return np.asarray(1 - seen / expected)


def _intervals(
    units: _Units, rng: np.random.Generator, draws: int, categories: FloatArray, level: Level, conf_level: float
) -> dict[str, tuple[float, float, float]]:
    if draws < 100:
        raise EstimationError(f"{draws} resamples are too few for an interval",
                              remedy="Use at least 100, better 2,000.")
    parts: list[dict[str, FloatArray]] = []
    left, n = draws, len(units.shares)
    while left:
        size = min(_BATCH, left)
        parts.append(_coefficients(units, resampled_counts(rng, n, size), categories, level))
        left -= size
    found = {}
    for term in parts[0]:
        values = np.concatenate([part[term] for part in parts])
        values = values[np.isfinite(values)]
        if len(values) > draws / 2:
            low, high = percentile_interval(values, conf_level)
            found[term] = (float(low), float(high), float(values.std(ddof=1)))
    return found
