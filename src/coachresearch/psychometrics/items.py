"""What each item does: its spread, its fit with the others, its gaps and its ends."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, Fault
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.extraction import FloatArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemAnalysis(Result):
    """How each item of a scale works.

    Parameters
    ----------
    items : tuple of str
        The k items, in order.
    values : array (c) of int
        Answer categories from the lowest to the highest, in keyed direction.
    counts : array (k, c) of int
        How often each category was chosen.
    n_missing : array (k) of int
        Gaps of each item.
    n : int
        Rows of the frame.
    """

    kind: ClassVar[str] = "item_analysis"

    items: tuple[str, ...]
    values: NDArray[np.int64]
    counts: NDArray[np.int64]
    n_missing: NDArray[np.int64]
    n: int

    @property
    def figure_frame(self) -> pd.DataFrame:
        """Category use: one row per item and answer."""
        from coachresearch.display.figures.category_use import category_frame

        return category_frame(self.items, [int(value) for value in self.values], self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class _Statistics:
    mean: FloatArray
    sd: FloatArray
    item_total_r: FloatArray
    alpha_if_dropped: FloatArray


def item_analysis(
    items: pd.DataFrame, *, low: int, high: int, title: str, conf_level: float = 0.95, source: str = ""
) -> ItemAnalysis:
    """Item statistics of one scale.

    Parameters
    ----------
    items : DataFrame
        Keyed items (n × k): reversed items are already turned. NaN or NA for a gap.
    low, high : int
        Ends of the response scale.
    title : str
        Title of the scale.
    conf_level : float
        Level of the intervals of the means.
    source : str
        Where the answers come from.

    Returns
    -------
    ItemAnalysis
        Per item (group = item): ``mean`` and ``sd`` of all who answered it; ``item_total_r`` (correlation with the
        sum of the other items) and ``alpha_if_dropped`` of the complete rows; ``missing_share`` of all rows;
        ``floor`` and ``ceiling`` (share at the lowest and highest category) of those who answered it. Each estimate
        carries its own n.

    Raises
    ------
    EstimationError
        If there is no row or no item, or a value is not a whole number from `low` to `high` (each item is named).

    Notes
    -----
    Where a number is not defined (an item without variance, two items, no complete row) it is NaN and a caution
    says why.

    References
    ----------
    Corrected item-total correlation and alpha without the item: Nunnally & Bernstein (1994), Psychometric Theory,
    3rd ed., ch. 8.
    """
    names, rows = numeric_rows(items)
    if not len(rows) or not names:
        raise EstimationError(f"There is nothing to analyse: {len(rows)} rows and {len(names)} items",
                              remedy="Hand over the keyed answers of one scale.")
    check_range(items, low, high)
    values = np.arange(low, high + 1)
    counts = np.array([[int((rows[:, item] == value).sum()) for value in values] for item in range(len(names))])
    found = _statistics(rows)
    missing = np.isnan(rows).sum(axis=0)
    complete = int((~np.isnan(rows).any(axis=1)).sum())
    estimates = tuple(
        one for place, name in enumerate(names)
        for one in _estimates(name, place, found, counts[place], len(rows), complete, conf_level))
    for array in (values, counts, missing):
        array.setflags(write=False)
    return ItemAnalysis(
        title=title, estimates=estimates, method="item_analysis", source=source, items=names, values=values,
        counts=counts, n_missing=missing, n=len(rows), cautions=_cautions(names, found, counts, len(rows), complete))


def check_range(items: pd.DataFrame, low: int | None, high: int | None) -> None:
    """Refuse answers that are not whole numbers from `low` to `high`, naming every item; without ends, do nothing.

    Raises
    ------
    EstimationError
        With one fault an item.
    """
    if low is None and high is None:
        return
    if low is None or high is None or low >= high:
        raise EstimationError(f"The ends of the response scale are low = {low} and high = {high}",
                              remedy="Give both, the lower one first.")
    names, rows = numeric_rows(items)
    faults = []
    for place, name in enumerate(names):
        given = rows[~np.isnan(rows[:, place]), place]
        wrong = given[(given < low) | (given > high) | (given != np.round(given))]
        if len(wrong):
            seen = ", ".join(f"{value:g}" for value in np.unique(wrong)[:5])
            faults.append(Fault(f"Item {name!r} holds {seen}, but its answers are whole numbers from {low} to {high}",
                                f"{len(wrong)} of {len(given)} answers", "Correct the answers or the ends."))
    if faults:
        raise EstimationError.of(faults)


def _statistics(rows: FloatArray) -> _Statistics:
    answered = ~np.isnan(rows)
    count = answered.sum(axis=0)
    filled = np.where(answered, rows, 0.0)
    mean = np.divide(filled.sum(axis=0), count, out=np.full(len(count), nan), where=count > 0)
    squares = (np.where(answered, rows - mean, 0.0) ** 2).sum(axis=0)
    sd = np.sqrt(np.divide(squares, count - 1, out=np.full(len(count), nan), where=count > 1))
    k = rows.shape[1]
    moments = Moments.from_rows([str(item) for item in range(k)], rows)
    if moments.n < 2 or k < 2:
        return _Statistics(mean, sd, np.full(k, nan), np.full(k, nan))
    return _Statistics(mean, sd, _item_total(moments.cov), _alpha_without(moments.cov))


def _item_total(cov: FloatArray) -> FloatArray:
    variance = np.diag(cov)
    with_rest = cov.sum(axis=0) - variance
    rest = cov.sum() - 2 * with_rest - variance
    scale = np.sqrt(np.maximum(variance * rest, 0.0))
    return np.divide(with_rest, scale, out=np.full(len(cov), nan), where=scale > 1e-12)


def _alpha_without(cov: FloatArray) -> FloatArray:
    k = len(cov) - 1
    if k < 2:
        return np.full(len(cov), nan)
    variance = np.diag(cov)
    total = cov.sum() - 2 * cov.sum(axis=0) + variance
    share = np.divide(variance.sum() - variance, total, out=np.full(len(cov), nan), where=total > 1e-12)
    return k / (k - 1) * (1 - share)


def _estimates(
    item: str, place: int, found: _Statistics, counts: NDArray[np.int64], n: int, complete: int, conf_level: float
) -> list[Estimate]:
    from scipy.stats import t

    answered = int(counts.sum())
    mean, sd = float(found.mean[place]), float(found.sd[place])
    error = sd / sqrt(answered) if answered > 1 else nan
    reach = float(t.ppf((1 + conf_level) / 2, answered - 1)) * error if answered > 1 else nan
    level = conf_level if answered > 1 else nan
    ends = (counts[0] / answered, counts[-1] / answered) if answered else (nan, nan)
    return [
        Estimate("mean", mean, item, error, conf_low=mean - reach, conf_high=mean + reach, conf_level=level,
                 n=answered, method="mean_t"),
        Estimate("sd", sd, item, n=answered, method="sd"),
        Estimate("item_total_r", float(found.item_total_r[place]), item, n=complete, method="item_total_corrected"),
        Estimate("alpha_if_dropped", float(found.alpha_if_dropped[place]), item, n=complete, method="alpha_if_dropped"),
        Estimate("missing_share", (n - answered) / n, item, n=n, method="share"),
        Estimate("floor", float(ends[0]), item, n=answered, method="share"),
        Estimate("ceiling", float(ends[1]), item, n=answered, method="share"),
    ]


def _cautions(
    names: tuple[str, ...], found: _Statistics, counts: NDArray[np.int64], n: int, complete: int
) -> tuple[Caution, ...]:
    cautions = [caution("rows_left_out", n=n - complete, of=n)] if complete < n else []
    if complete < 2:
        cautions.append(caution("too_few_complete_rows", n=complete))
    if len(names) < 2:
        cautions.append(caution("one_item"))
    for place, name in enumerate(names):
        answered = int(counts[place].sum())
        if answered == 0:
            cautions.append(caution("unanswered_item", item=name))
        elif answered > 1 and counts[place].max() == answered:
            cautions.append(caution("constant_item", item=name))
        if found.item_total_r[place] < 0:
            cautions.append(caution("negative_item", item=name))
    return tuple(cautions)
