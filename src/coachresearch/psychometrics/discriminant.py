"""Whether scales measure different things: composite reliability, average variance extracted, HTMT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.resampling import correlations_of, percentile_interval, resampled_covariances

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DiscriminantValidity(Result):
    """How far apart scales stand.

    Parameters
    ----------
    scales : tuple of (str, tuple of str)
        Scales and their items.
    n : int
    htmt, htmt2 : array (s, s)
        Heterotrait-monotrait ratios, of arithmetic and of geometric means; 1 on the diagonal.
    """

    kind: ClassVar[str] = "discriminant_validity"

    scales: tuple[tuple[str, tuple[str, ...]], ...]
    n: int
    htmt: FloatArray
    htmt2: FloatArray


def discriminant_validity(
    moments: Moments, scales: Mapping[str, Sequence[str]], *, title: str = "", source: str = ""
) -> DiscriminantValidity:
    """Composite reliability and average variance extracted of each scale, and HTMT of each pair of scales.

    Parameters
    ----------
    moments : Moments
        Keyed items of all scales, complete rows.
    scales : mapping of str to sequence of str
        Items of each scale; at least two scales of two items. No item twice.
    title, source : str

    Returns
    -------
    DiscriminantValidity
        Estimates ``composite`` and ``ave`` (group = scale, where three items or more allow a factor); ``htmt`` and
        ``htmt2`` (group = ``A & B``).

    Raises
    ------
    EstimationError
        If an item is not there or serves two scales, a scale has one item, or an item does not vary.

    Notes
    -----
    Loadings are those of one maximum-likelihood factor for each scale, standardised; ``ave`` is the mean of their
    squares. Ratios use absolute correlations, so that a wrongly keyed item does not hide.

    References
    ----------
    Fornell & Larcker (1981), Journal of Marketing Research 18, 39-50. Henseler, Ringle & Sarstedt (2015), Journal of
    the Academy of Marketing Science 43, 115-135. Roemer, Schuberth & Henseler (2021), Industrial Management
    & Data Systems 121, 2637-2650 (htmt2).
    """
    named = tuple((name, tuple(items)) for name, items in scales.items())
    _check(moments, named)
    places = tuple(np.array([moments.columns.index(item) for item in items]) for _, items in named)
    ratios, ratios2 = (one[0] for one in ratios_of(moments.cor[None], places))
    estimates: list[Estimate] = []
    cautions = list(row_cautions(moments))
    for (name, _), at in zip(named, places, strict=True):
        estimates += _one_scale(moments, name, at, cautions)
    for term, values in (("htmt", ratios), ("htmt2", ratios2)):
        estimates += [Estimate(term, float(values[a, b]), f"{named[b][0]} & {named[a][0]}", n=moments.n, method=term)
                      for a in range(len(named)) for b in range(a)]
    for values in (ratios, ratios2):
        values.setflags(write=False)
    return DiscriminantValidity(title=title, estimates=tuple(estimates), method="discriminant",
                                cautions=tuple(cautions), source=source, scales=named, n=moments.n, htmt=ratios,
                                htmt2=ratios2)


def bootstrap_htmt(
    items: pd.DataFrame, found: DiscriminantValidity, *, rng: np.random.Generator, draws: int = 2000,
    conf_level: float = 0.95,
) -> DiscriminantValidity:
    """Give the ratios percentile intervals by resampling people.

    Parameters
    ----------
    items : DataFrame
        The rows behind the ratios.
    found : DiscriminantValidity
    rng : Generator
    draws : int
    conf_level : float

    Raises
    ------
    EstimationError
        If the items or the number of complete rows are not those behind the ratios.
    """
    wanted = [item for _, scale in found.scales for item in scale]
    missing = [item for item in wanted if item not in items.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy="Hand over the rows behind the ratios.")
    rows = numeric_rows(items)[1]
    complete = numeric_rows(items[wanted])[1][~np.isnan(rows).any(axis=1)]
    if len(complete) != found.n:
        raise EstimationError(f"{len(complete)} rows are complete, but {found.n} stand behind the ratios",
                              remedy="Hand over the rows behind the ratios.")
    places = _consecutive([len(scale) for _, scale in found.scales])
    drawn: list[tuple[FloatArray, FloatArray]] = []
    for covs in resampled_covariances(complete, rng, draws):
        cors, usable = correlations_of(covs)
        drawn.append(ratios_of(cors[usable], places))
    limits = {term: percentile_interval(np.concatenate([one[at] for one in drawn]), conf_level)
              for at, term in enumerate(("htmt", "htmt2"))}
    names = [name for name, _ in found.scales]
    cells = {(term, f"{names[b]} & {names[a]}"): (float(low[a, b]), float(high[a, b]))
             for term, (low, high) in limits.items() for a in range(len(names)) for b in range(a)}
    estimates = tuple(
        one if (one.term, one.group) not in cells else replace(
            one, conf_low=cells[one.term, one.group][0], conf_high=cells[one.term, one.group][1],
            conf_level=conf_level, method="bootstrap_percentile") for one in found.estimates)
    return replace(found, estimates=estimates)


def ratios_of(cors: FloatArray, places: Sequence[np.ndarray]) -> tuple[FloatArray, FloatArray]:
    """Heterotrait-monotrait ratios (b, s, s) of correlation matrices (b, k, k): arithmetic and geometric means."""
    size = np.abs(cors)
    logs = np.log(np.maximum(size, 1e-300))
    found = []
    for table, geometric in ((size, False), (logs, True)):
        inside = np.stack([_inside(table, at) for at in places], axis=1)
        ratio = np.ones((len(cors), len(places), len(places)))
        for a, first in enumerate(places):
            for b, second in enumerate(places[:a]):
                between = table[:, first][:, :, second].mean(axis=(1, 2))
                if geometric:
                    value = np.exp(between - (inside[:, a] + inside[:, b]) / 2)
                else:
                    value = between / np.sqrt(inside[:, a] * inside[:, b])
                ratio[:, a, b] = ratio[:, b, a] = value
        found.append(ratio)
    return found[0], found[1]


def _inside(table: FloatArray, at: np.ndarray) -> FloatArray:
    part = table[:, at][:, :, at]
    below = np.tril_indices(len(at), -1)
    return np.asarray(part[:, below[0], below[1]].mean(axis=1))


def _consecutive(sizes: Sequence[int]) -> tuple[np.ndarray, ...]:
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return tuple(np.arange(start, end) for start, end in pairwise(ends))


def _one_scale(moments: Moments, name: str, at: np.ndarray, cautions: list[Caution]) -> list[Estimate]:
    if len(at) < 3:
        cautions.append(caution("no_factor_of_scale", scale=name, items=len(at)))
        return []
    try:
        fit = extract(moments.cor[np.ix_(at, at)])
    except (NotConverged, EstimationError):
        cautions.append(caution("no_factor_of_scale", scale=name, items=len(at)))
        return []
    loadings = fit.loadings[:, 0]
    common = float(loadings.sum()) ** 2
    composite = common / (common + float(fit.uniquenesses.sum()))
    if fit.improper.any():
        cautions.append(caution("heywood_item", item=", ".join(
            moments.columns[int(at[place])] for place in np.flatnonzero(fit.improper))))
    return [Estimate("composite", composite, name, n=moments.n, method="composite"),
            Estimate("ave", float(np.mean(loadings ** 2)), name, n=moments.n, method="ave")]


def _check(moments: Moments, scales: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    if len(scales) < 2:
        raise EstimationError(f"{len(scales)} scale cannot be told from another", remedy="Hand over at least two.")
    every = [item for _, items in scales for item in items]
    missing = sorted({item for item in every if item not in moments.columns})
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"There are: {', '.join(moments.columns)}.")
    twice = sorted({item for item in every if every.count(item) > 1})
    if twice:
        raise EstimationError(f"Item {', '.join(map(repr, twice))} serves two scales",
                              remedy="Leave it out of one of them: a shared item makes any two scales alike.")
    single = [name for name, items in scales if len(items) < 2]
    if single:
        raise EstimationError(f"Scale {', '.join(map(repr, single))} has one item",
                              remedy="A ratio needs correlations within each scale.")
