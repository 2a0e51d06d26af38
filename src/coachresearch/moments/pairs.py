"""Ordinal answers, counted: how often each category of each item, and of each pair of items, was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import Moments, Unit

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PairTables:
    """Counts of the categories of each item and of each pair of items.

    Parameters
    ----------
    items : tuple of str
        Names of the k items; none twice.
    values : tuple of tuples of int
        The categories of each item, rising.
    counts : array (K, K) of int
        All tables in one symmetric array, K categories in all, item after item. The block of two different items is
        their cross-table over the rows that answered both; the block of an item with itself is diagonal and holds how
        often each of its categories was chosen by all who answered it.
    n : int
        Number of rows that were counted; a row may have gaps.
    unit : {"person", "rating", "team_mean"}
        What a row is.
    n_left_out : int
        Rows that were left out: without any answer, or with a gap where only complete rows were asked for.

    Notes
    -----
    Counts are integers, so tables of different rows add exactly, in any order. Rare cells are not anonymous.
    """

    items: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    counts: IntArray
    n: int
    unit: Unit = "person"
    n_left_out: int = 0

    def __post_init__(self) -> None:
        counts = np.array(self.counts)
        values = tuple(tuple(int(value) for value in categories) for categories in self.values)
        size = sum(map(len, values))
        if len(values) != len(self.items) or counts.shape != (size, size):
            raise EstimationError(f"Tables of {len(self.items)} items with {size} categories in all need counts of "
                                  f"shape ({size}, {size}), not {counts.shape}")
        if counts.dtype.kind not in "iu" or (counts < 0).any():
            raise EstimationError("Counts are whole numbers of at least 0")
        if any(list(one) != sorted(set(one)) for one in values):
            raise EstimationError("The categories of an item are given from the lowest to the highest, each once")
        if len(set(self.items)) != len(self.items):
            twice = sorted({name for name in self.items if self.items.count(name) > 1})
            raise EstimationError(f"Column {', '.join(map(repr, twice))} stands twice", remedy="Rename one of them.")
        if self.unit not in get_args(Unit):
            raise EstimationError(f"The unit {self.unit!r} of a row is not known",
                                  remedy=f"Use one of: {', '.join(get_args(Unit))}.")
        counts = counts.astype(np.int64, copy=False)
        counts.setflags(write=False)
        object.__setattr__(self, "items", tuple(self.items))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "counts", counts)

    @property
    def places(self) -> tuple[slice, ...]:
        """Where the categories of each item stand in `counts`."""
        ends = np.cumsum([0, *map(len, self.values)])
        return tuple(slice(int(low), int(high)) for low, high in pairwise(ends))

    def category_counts(self, item: str) -> IntArray:
        """Return how often each category of an item was chosen, by all who answered it."""
        place = self.places[self._at(item)]
        return np.diag(self.counts)[place].copy()

    def table(self, row: str, column: str) -> IntArray:
        """Return the cross-table of two items (categories of `row` × categories of `column`)."""
        places = self.places
        return self.counts[places[self._at(row)], places[self._at(column)]].copy()

    @property
    def pair_n(self) -> IntArray:
        """Rows that answered both items of each pair (k × k); on the diagonal, the item itself."""
        belongs = self._belongs()
        return belongs @ self.counts @ belongs.T

    def _belongs(self) -> IntArray:
        """Which categories belong to which item (k × K)."""
        sizes = [len(one) for one in self.values]
        return np.repeat(np.eye(len(sizes), dtype=np.int64), sizes, axis=1)

    def __add__(self, other: PairTables) -> PairTables:
        """Merge the counts of different rows, exactly; a category that only one side has seen is kept.

        Raises
        ------
        EstimationError
            If items or units differ.
        """
        if self.items != other.items:
            raise EstimationError(f"Tables of items {', '.join(self.items)} and of {', '.join(other.items)} "
                                  "cannot be merged", remedy="Select the same items in the same order from both.")
        if self.unit != other.unit:
            raise EstimationError(f"Tables of unit {self.unit!r} and of unit {other.unit!r} cannot be merged",
                                  remedy="Collect both with the same unit.")
        values = tuple(tuple(sorted({*one, *two})) for one, two in zip(self.values, other.values, strict=True))
        counts = _spread(self, values) + _spread(other, values)
        return PairTables(self.items, values, counts, self.n + other.n, self.unit, self.n_left_out + other.n_left_out)

    def select(self, items: Sequence[str]) -> PairTables:
        """Keep some items, in the order given.

        Raises
        ------
        EstimationError
            If an item is not there.
        """
        missing = [name for name in items if name not in self.items]
        if missing:
            raise EstimationError(f"There is no item {', '.join(map(repr, missing))}",
                                  remedy=f"There are: {', '.join(self.items)}.")
        places = self.places
        at = [self._at(name) for name in items]
        rows = np.concatenate([np.arange(places[i].start, places[i].stop) for i in at]) if at else np.arange(0)
        return PairTables(tuple(items), tuple(self.values[i] for i in at), self.counts[np.ix_(rows, rows)], self.n,
                          self.unit, self.n_left_out)

    def used(self) -> PairTables:
        """Leave out categories that nobody chose."""
        keep = np.diag(self.counts) > 0
        values = tuple(tuple(value for value, some in zip(categories, keep[place], strict=True) if some)
                       for categories, place in zip(self.values, self.places, strict=True))
        return PairTables(self.items, values, self.counts[np.ix_(keep, keep)], self.n, self.unit, self.n_left_out)

    def moments(self) -> Moments:
        """Return count, means and scatter of the category values, exactly as if they had been collected from the rows.

        Raises
        ------
        EstimationError
            If a row that was counted has a gap: every pair then has an n of its own, and a matrix of such covariances
            belongs to no sample.
        """
        if len(self.items) and (self.pair_n != self.n).any():
            raise EstimationError(
                f"Some of the {self.n} rows have gaps, so the pairs of items do not stand on the same rows",
                remedy="Collect complete rows only (complete_rows=True), or into=Patterns.")
        totals, products = self._sums()
        if self.n == 0:
            k = len(self.items)
            return Moments(self.items, 0, np.full(k, np.nan), np.zeros((k, k)), self.unit, self.n_left_out)
        scatter = (self.n * products - np.outer(totals, totals)) / self.n
        return Moments(self.items, self.n, totals / self.n, scatter.astype(float), self.unit, self.n_left_out)

    def _sums(self) -> tuple[NDArray, NDArray]:
        """Sums (k) and sums of products (k × k) of the category values, as exact integers."""
        codes = np.concatenate([np.asarray(one, dtype=np.int64) for one in self.values]) if self.values else \
            np.zeros(0, dtype=np.int64)
        biggest = int(np.abs(codes).max(initial=1))
        exact = object if (biggest * self.n) ** 2 >= 2 ** 62 else np.int64
        valued = (self._belongs() * codes).astype(exact)
        return valued @ np.diag(self.counts).astype(exact), valued @ self.counts.astype(exact) @ valued.T

    def _at(self, item: str) -> int:
        if item not in self.items:
            raise EstimationError(f"There is no item {item!r}", remedy=f"There are: {', '.join(self.items)}.")
        return self.items.index(item)


def _spread(tables: PairTables, values: tuple[tuple[int, ...], ...]) -> IntArray:
    """Return the counts laid out over more categories."""
    if tables.values == values:
        return tables.counts
    size = sum(map(len, values))
    rows, start = [], 0
    for old, new in zip(tables.values, values, strict=True):
        rows += [start + new.index(value) for value in old]
        start += len(new)
    counts = np.zeros((size, size), dtype=np.int64)
    counts[np.ix_(rows, rows)] = tables.counts
    return counts
