"""How far the members of each team agree: r_wg, r_wg(j) and average deviation, against stated nulls."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.psychometrics.items import check_range

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
NullShape = Literal["uniform", "triangular", "slight_skew", "moderate_skew", "heavy_skew"]

_SKEWED: dict[str, tuple[float, ...]] = {
    "slight_skew": (0.05, 0.15, 0.20, 0.35, 0.25),
    "moderate_skew": (0.0, 0.10, 0.15, 0.40, 0.35),
    "heavy_skew": (0.0, 0.0, 0.10, 0.40, 0.50),
}
"""Answers of people who agree about nothing but like the upper end (James, Demaree & Wolf, 1984), five options."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WithinGroupAgreement(Result):
    """Agreement within each group.

    Parameters
    ----------
    groups : tuple of str
        In order of first appearance; those with fewer than two complete rows are left out.
    sizes : array (g) of int
    null_variance : float
        Variance of one item if nobody agreed.
    rwg, rwg_lindell, ad_mean, ad_median : array (g)
        Of each group; with several items r_wg(j), r*_wg(j) and their means over the items.
    """

    kind: ClassVar[str] = "within_group"

    groups: tuple[str, ...]
    sizes: NDArray[np.int64]
    null_variance: float
    rwg: FloatArray
    rwg_lindell: FloatArray
    ad_mean: FloatArray
    ad_median: FloatArray


def within_group(
    items: pd.DataFrame, groups: ArrayLike, *, low: int, high: int, null: NullShape | ArrayLike = "uniform",
    title: str = "", whole_numbers: bool = True, source: str = "",
) -> WithinGroupAgreement:
    """Agreement of the members of each group on one item or on the items of a scale.

    Parameters
    ----------
    items : DataFrame
        Keyed items (n × j), one row a rater; incomplete rows are left out and counted.
    groups : array (n)
        Group (team, target) of each row.
    low, high : int
        Ends of the response scale.
    null : {"uniform", "triangular", "slight_skew", "moderate_skew", "heavy_skew"} or array
        How answers would spread if nobody agreed: a named shape (the skewed ones for five options), or one probability
        for each option. Everybody likes the upper end when asked about a manager: report more than one null.
    title : str
    whole_numbers : bool
        False for scores (means of items) instead of answers.
    source : str

    Returns
    -------
    WithinGroupAgreement
        Estimates by group: ``rwg`` or, with several items, ``rwg_j`` (observed variance capped at the null, so at least
        0) and ``rwg_lindell`` (not capped); ``ad_mean`` and ``ad_median``, average deviation in points of the scale.
        Without group: the mean of each over groups, with ``rwg_median`` or ``rwg_j_median``.

    Raises
    ------
    EstimationError
        If no group has two complete rows, a value lies beyond the ends, a row has no group, or the null has no
        variance.

    References
    ----------
    James, Demaree & Wolf (1984), Journal of Applied Psychology 69, 85-98. Lindell, Brandt & Whitney (1999), Applied
    Psychological Measurement 23, 127-135. Burke, Finkelstein & Dusig (1999), Organizational Research Methods 2, 49-68.
    LeBreton & Senter (2008), Organizational Research Methods 11, 815-852.
    """
    rows, names, codes, left_out, single = _grouped(items, groups, low, high, whole_numbers)
    variance = null_variance(null, low, high)
    sizes = np.bincount(codes)
    spread = _variances(rows, codes, sizes).mean(axis=1)
    around = [_deviation(rows, codes, sizes, centre) for centre in ("mean", "median")]
    capped, open_ended = agreement(spread, variance, rows.shape[1])
    term = "rwg" if rows.shape[1] == 1 else "rwg_j"
    columns = {term: capped, "rwg_lindell": open_ended, "ad_mean": around[0], "ad_median": around[1]}
    n = len(names)
    estimates = [Estimate(name, float(values.mean()), n=n, method=name) for name, values in columns.items()]
    estimates.append(Estimate(f"{term}_median", float(np.median(capped)), n=n, method=term))
    estimates += [Estimate(name, float(values[at]), group, n=int(sizes[at]), method=name)
                  for name, values in columns.items() for at, group in enumerate(names)]
    cautions = _cautions(left_out, len(items), single, null)
    for values in (sizes, *columns.values()):
        values.setflags(write=False)
    return WithinGroupAgreement(
        title=title, estimates=tuple(estimates), method="within_group", cautions=cautions, source=source, groups=names,
        sizes=sizes, null_variance=variance, rwg=capped, rwg_lindell=open_ended, ad_mean=around[0],
        ad_median=around[1])


def agreement(spread: FloatArray, null: float, items: int) -> tuple[FloatArray, FloatArray]:
    """r_wg(j) with the variance capped at the null, and Lindell's r*_wg(j), from mean item variances (g)."""
    share = np.minimum(spread / null, 1.0)
    capped = items * (1 - share) / (items * (1 - share) + share)
    return capped, 1 - spread / null


def null_variance(null: NullShape | ArrayLike, low: int, high: int) -> float:
    """Variance of an answer if nobody agreed."""
    chances = null_probabilities(null, low, high)
    values = np.arange(low, high + 1)
    variance = float(chances @ values ** 2 - (chances @ values) ** 2)
    if variance <= 0:
        raise EstimationError("Under this null everybody gives the same answer",
                              remedy="Spread the probabilities over at least two options.")
    return variance


def null_probabilities(null: NullShape | ArrayLike, low: int, high: int) -> FloatArray:
    """Probability of each option from `low` to `high` if nobody agreed."""
    options = high - low + 1
    if options < 2:
        raise EstimationError(f"The ends of the response scale are low = {low} and high = {high}",
                              remedy="Give the lower one first.")
    if isinstance(null, str):
        if null == "uniform":
            return np.full(options, 1 / options)
        if null == "triangular":
            steps = np.minimum(np.arange(1, options + 1), np.arange(options, 0, -1)).astype(float)
            return steps / steps.sum()
        if null not in _SKEWED:
            raise EstimationError(f"There is no null {null!r}",
                                  remedy=f"There are: uniform, triangular, {', '.join(_SKEWED)}.")
        if options != len(_SKEWED[null]):
            raise EstimationError(f"The null {null!r} is published for five options, not for {options}",
                                  remedy="Give one probability for each option instead.")
        return np.array(_SKEWED[null])
    chances = np.asarray(null, dtype=float)
    if chances.shape != (options,) or (chances < 0).any() or abs(float(chances.sum()) - 1) > 1e-6:
        raise EstimationError(f"The null holds {chances.size} probabilities that add up to {float(chances.sum()):g}",
                              remedy=f"Give {options}, one for each option, that add up to 1.")
    return chances


def chance_agreement(
    found: WithinGroupAgreement, rng: np.random.Generator, *, low: int, high: int, items: int = 1,
    answers: NullShape | ArrayLike = "uniform", draws: int = 2000, quantile: float = 0.95,
) -> tuple[Estimate, ...]:
    """How high r_wg gets by chance in groups as small as these: what a group has to exceed.

    Parameters
    ----------
    found : WithinGroupAgreement
        Whose null variance and group sizes are used.
    rng : Generator
    low, high : int
        Ends of the response scale.
    items : int
        Number of items, answered independently of each other.
    answers : NullShape or array
        How people answer who agree about nothing.
    draws : int
        Simulated groups of each size.
    quantile : float

    Returns
    -------
    tuple of Estimate
        ``rwg_by_chance``: group = number of members, value = that quantile.

    References
    ----------
    Dunlap, Burke & Smith-Crowe (2003), Journal of Applied Psychology 88, 356-362. Cohen, Doveh & Nahum-Shani (2009),
    Organizational Research Methods 12, 148-164.
    """
    chances = null_probabilities(answers, low, high)
    values = np.arange(low, high + 1, dtype=float)
    estimates = []
    for size in sorted({int(one) for one in found.sizes}):
        drawn = rng.choice(values, size=(draws, size, items), p=chances)
        spread = drawn.var(axis=1, ddof=1).mean(axis=1)
        capped, _ = agreement(spread, found.null_variance, items)
        estimates.append(Estimate("rwg_by_chance", float(np.quantile(capped, quantile)), str(size), n=draws,
                                  method="rwg_by_chance"))
    return tuple(estimates)


def _grouped(
    items: pd.DataFrame, groups: ArrayLike, low: int, high: int, whole_numbers: bool
) -> tuple[FloatArray, tuple[str, ...], NDArray[np.int64], int, int]:
    import pandas as pd

    if whole_numbers:
        check_range(items, low, high)
    names, rows = numeric_rows(items)
    if not names:
        raise EstimationError("There is no item", remedy="Hand over at least one.")
    if not whole_numbers and ((rows < low) | (rows > high)).any():
        raise EstimationError(f"A score lies beyond the ends {low} and {high}",
                              remedy="Correct the scores or the ends.")
    labels = np.asarray(groups, dtype=object)
    if labels.shape != (len(rows),):
        raise EstimationError(f"{len(rows)} rows stand beside {labels.size} groups", remedy="Give every row its group.")
    nameless = int(np.sum(pd.isna(labels)))
    if nameless:
        raise EstimationError(f"{nameless} of {len(rows)} rows have no group", remedy="Fill it in, or leave them out.")
    complete = ~np.isnan(rows).any(axis=1)
    codes, found = pd.factorize(labels[complete].astype(str))
    counts = np.bincount(codes, minlength=len(found))
    kept = counts[codes] >= 2
    if not kept.any():
        raise EstimationError("No group has two complete rows", remedy="Agreement needs two members.")
    again, used = pd.factorize(np.asarray(found)[codes[kept]])
    return (rows[complete][kept], tuple(map(str, used)), np.asarray(again, dtype=np.int64), int((~complete).sum()),
            int(np.sum(counts == 1)))


def _variances(rows: FloatArray, codes: NDArray[np.int64], sizes: NDArray[np.int64]) -> FloatArray:
    """Variance of each item in each group (g, j)."""
    away = rows - _means(rows, codes, sizes)[codes]
    squares = np.stack([np.bincount(codes, weights=column) for column in (away ** 2).T], axis=1)
    return np.asarray(squares / (sizes - 1)[:, None])


def _means(rows: FloatArray, codes: NDArray[np.int64], sizes: NDArray[np.int64]) -> FloatArray:
    return np.stack([np.bincount(codes, weights=column) for column in rows.T], axis=1) / sizes[:, None]


def _deviation(rows: FloatArray, codes: NDArray[np.int64], sizes: NDArray[np.int64], centre: str) -> FloatArray:
    """Average deviation of each group, mean over items (g)."""
    if centre == "mean":
        middle = _means(rows, codes, sizes)
    else:
        middle = np.stack([np.median(rows[codes == group], axis=0) for group in range(len(sizes))])
    away = np.abs(rows - middle[codes]).mean(axis=1)
    return np.asarray(np.bincount(codes, weights=away) / sizes)


def _cautions(left_out: int, of: int, single: int, null: NullShape | ArrayLike) -> tuple[Caution, ...]:
    found = [caution("rows_left_out", n=left_out, of=of)] if left_out else []
    found += [caution("single_ratings", n=single)] if single else []
    if isinstance(null, str) and null == "uniform":
        found.append(caution("uniform_null"))
    return tuple(found)


def summary_of(values: FloatArray) -> dict[str, float]:
    """Mean, standard deviation, median and ends of a coefficient over groups."""
    return {"mean": float(values.mean()), "sd": float(values.std(ddof=1)) if len(values) > 1 else nan,
            "median": float(np.median(values)), "min": float(values.min()), "max": float(values.max())}
