"""Rows with gaps: one Moments for each set of answered items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import Moments, Unit

MOST_PATTERNS = 5000
"""Sets of answered items beyond which a table of patterns is no summary any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """One Moments for each set of answered items.

    Parameters
    ----------
    columns : tuple of str
        Names of the k columns; none twice.
    parts : tuple of Moments
        One for each set of answered items that occurs, over these items in the order of `columns`. The most complete
        stand first; sets of the same size in the order of their items.
    unit : {"person", "rating", "team_mean"}
        What a row is.
    n_left_out : int
        Rows without any answer.

    Notes
    -----
    Patterns do not shrink small samples: many of them are single persons, and the Moments of one person are that
    person's answers.
    """

    columns: tuple[str, ...]
    parts: tuple[Moments, ...]
    unit: Unit = "person"
    n_left_out: int = 0

    def __post_init__(self) -> None:
        if len(set(self.columns)) != len(self.columns):
            twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
            raise EstimationError(f"Column {', '.join(map(repr, twice))} stands twice", remedy="Rename one of them.")
        if self.unit not in get_args(Unit):
            raise EstimationError(f"The unit {self.unit!r} of a row is not known",
                                  remedy=f"Use one of: {', '.join(get_args(Unit))}.")
        if any(part.unit != self.unit or part.standardised for part in self.parts):
            raise EstimationError("The Moments of all patterns share the unit, and keep the metric of the items")
        if len({part.columns for part in self.parts}) != len(self.parts):
            raise EstimationError("A pattern stands twice", remedy="Add its Moments first.")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "parts", tuple(sorted(self.parts, key=self._rank)))

    def _rank(self, part: Moments) -> tuple[int, ...]:
        at = {name: place for place, name in enumerate(self.columns)}
        places = [at.get(name, -1) for name in part.columns]
        if not places or places != sorted(places) or places[0] < 0:
            raise EstimationError(f"A pattern of columns {', '.join(part.columns)} does not fit "
                                  f"{', '.join(self.columns)}",
                                  remedy="Patterns keep the columns in order, and hold at least one.")
        return (-len(places), *places)

    @classmethod
    def from_rows(cls, columns: Sequence[str], rows: ArrayLike, *, unit: Unit = "person") -> Patterns:
        """Summarise an array of rows (n × k, NaN for gaps) by their sets of answered items.

        Raises
        ------
        EstimationError
            If a column holds an infinite value, or the shape does not fit the columns.
        """
        values = np.asarray(rows, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise EstimationError(f"The rows have shape {values.shape}, which does not fit {len(columns)} columns")
        answered = ~np.isnan(values)
        packed = np.packbits(answered, axis=1)
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(which.reshape(-1), kind="stable")
        ends = np.cumsum(np.bincount(which.reshape(-1), minlength=len(first)))
        parts, empty = [], 0
        for row, members in zip(first, np.split(order, ends[:-1])[:len(first)], strict=True):
            present = answered[row]
            if not present.any():
                empty = len(members)
                continue
            names = tuple(name for name, there in zip(columns, present, strict=True) if there)
            parts.append(Moments.from_rows(names, values[np.ix_(members, present)], unit=unit))
        return cls(tuple(columns), tuple(parts), unit, empty)

    @property
    def n(self) -> int:
        """Rows with at least one answer."""
        return sum(part.n for part in self.parts)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which items each pattern answers (patterns × k)."""
        table = np.array([[name in part.columns for name in self.columns] for part in self.parts], dtype=bool)
        return table.reshape(len(self.parts), len(self.columns))

    @property
    def complete(self) -> Moments:
        """The Moments of the rows without a gap; the others are counted in its `n_left_out`."""
        k = len(self.columns)
        found = next((part for part in self.parts if part.columns == self.columns), None)
        others = self.n_left_out + self.n - (found.n if found else 0)
        if found is None:
            return Moments(self.columns, 0, np.full(k, np.nan), np.zeros((k, k)), self.unit, others)
        return Moments(self.columns, found.n, found.mean, found.scatter, self.unit, others)

    def __add__(self, other: Patterns) -> Patterns:
        """Merge the patterns of different rows, each about its means.

        Raises
        ------
        EstimationError
            If columns or units differ.
        """
        if self.columns != other.columns:
            raise EstimationError(f"Patterns of columns {', '.join(self.columns)} and of {', '.join(other.columns)} "
                                  "cannot be merged", remedy="Select the same columns in the same order from both.")
        if self.unit != other.unit:
            raise EstimationError(f"Patterns of unit {self.unit!r} and of unit {other.unit!r} cannot be merged",
                                  remedy="Collect both with the same unit.")
        merged = {part.columns: part for part in self.parts}
        for part in other.parts:
            merged[part.columns] = merged[part.columns] + part if part.columns in merged else part
        return Patterns(self.columns, tuple(merged.values()), self.unit, self.n_left_out + other.n_left_out)

    def select(self, columns: Sequence[str]) -> Patterns:
        """Keep some columns, in the order given; rows that answered none of them are counted as left out.

        Raises
        ------
        EstimationError
            If a column is not there.
        """
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                                  remedy=f"There are: {', '.join(self.columns)}.")
        merged: dict[tuple[str, ...], Moments] = {}
        left_out = self.n_left_out
        for part in self.parts:
            names = tuple(name for name in columns if name in part.columns)
            if not names:
                left_out += part.n
                continue
            kept = part.select(names)
            merged[names] = merged[names] + kept if names in merged else kept
        return Patterns(tuple(columns), tuple(merged.values()), self.unit, left_out)
