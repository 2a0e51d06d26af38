"""One batch of rows becomes one summary: blocks of columns, multiplied.

Answers are whole numbers of a few digits. A product of two blocks of them is exact in single precision as long as no
sum passes 2**24, so the blocks are cut to that length and their products are added up as whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, Fault
from coachresearch.moments.moments import Moments, Unit
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import MOST_PATTERNS, Patterns
from coachresearch.moments.sources import Batch

Values = Sequence[int] | Mapping[str, Sequence[int]]

MOST_CATEGORIES = 50
"""Categories beyond which an item without declared values is no ordinal item."""

_BLOCK = 1 << 14
_EXACT_SINGLE = 1 << 24
_SHORTEST_BLOCK = 1 << 11


def moments_of(batch: Batch, unit: Unit) -> Moments:
    """Summarise the complete rows of a batch; columns stored as integers are summed exactly.

    Raises
    ------
    EstimationError
        If a column holds an infinite value.
    """
    if batch.integral() and batch.n and batch.names:
        rows = _answered_rows(batch)
        spans = [_span(values) for values in rows.values] if rows.n else []
        reach = max((high - low + 1) // 2 + 1 for low, high in spans) if spans else 0
        if spans and reach ** 2 * _SHORTEST_BLOCK < _EXACT_SINGLE:
            return _integer_moments(rows, spans, reach, unit, batch.n - rows.n)
    return Moments.from_rows(batch.names, batch.rows(), unit=unit)


def patterns_of(batch: Batch, unit: Unit) -> Patterns:
    """Summarise a batch by sets of answered items."""
    return Patterns.from_rows(batch.names, batch.rows(), unit=unit)


def check_patterns(found: Patterns, most: int = MOST_PATTERNS) -> None:
    """Refuse more patterns than a summary may hold.

    Raises
    ------
    EstimationError
        With the ways that missing data can go instead.
    """
    if len(found.parts) > most:
        raise EstimationError(
            f"The first {found.n} rows have {len(found.parts)} different sets of answered items; a table of patterns "
            f"holds up to {most}",
            remedy="Collect one scale at a time, count pairs (into=PairTables), impute the rows, or raise "
                   "most_patterns.")


def pair_tables_of(batch: Batch, values: Values | None, unit: Unit, *, complete_rows: bool = False) -> PairTables:
    """Count the categories of every item and pair of items of a batch.

    Parameters
    ----------
    batch : Batch
        Whole numbers; gaps allowed.
    values : sequence of int, or mapping of item to sequence of int, optional
        The categories that are allowed. If not given, they are those that occur, up to 50 an item.
    unit : {"person", "rating", "team_mean"}
        What a row is.
    complete_rows : bool
        Leave out every row with a gap.

    Raises
    ------
    EstimationError
        If an answer is no whole number, or none of the allowed values; each item is named.
    """
    if complete_rows:
        answered = _answered_rows(batch)
        left_out = batch.n - answered.n
    else:
        anything = np.zeros(batch.n, dtype=bool)
        for place in range(len(batch.names)):
            anything |= _present(batch, place)
            if anything.all():
                break
        answered = batch if anything.all() else batch.take(anything)
        left_out = batch.n - answered.n
    allowed = _categories(answered, values)
    counts = _burt(answered, allowed)
    found = PairTables(batch.names, allowed, counts, answered.n, unit, left_out)
    return found if values is not None else found.used()


def _answered_rows(batch: Batch) -> Batch:
    keep = np.ones(batch.n, dtype=bool)
    for place in range(len(batch.names)):
        if batch.gaps[place] is not None or batch.values[place].dtype.kind == "f":
            keep &= _present(batch, place)
    return batch if keep.all() else batch.take(keep)


def _present(batch: Batch, place: int) -> NDArray[np.bool_]:
    gap = batch.gaps[place]
    if gap is not None:
        return ~gap
    values = batch.values[place]
    return ~np.isnan(values) if values.dtype.kind == "f" else np.ones(batch.n, dtype=bool)


def _span(values: NDArray) -> tuple[int, int]:
    return int(values.min()), int(values.max())


def _integer_moments(
    batch: Batch, spans: list[tuple[int, int]], reach: int, unit: Unit, n_left_out: int
) -> Moments:
    """Sums about the middle of each column's span, exact; then moved to the means."""
    k, n = len(batch.names), batch.n
    middles = np.array([(low + high) // 2 for low, high in spans])
    length = min(_BLOCK, _EXACT_SINGLE // reach ** 2)
    block = np.empty((k, min(length, n)), dtype=np.float32)
    totals, products = np.zeros(k), np.zeros((k, k))
    for start in range(0, n, length):
        part = block[:, :min(length, n - start)]
        for place, values in enumerate(batch.values):
            np.subtract(values[start:start + length], np.float32(middles[place]), out=part[place], dtype=np.float32)
        products += part @ part.T
        totals += part.sum(axis=1)
    scatter = products - np.outer(totals, totals) / n
    return Moments(batch.names, n, middles + totals / n, scatter, unit, n_left_out)


def _categories(batch: Batch, values: Values | None) -> tuple[tuple[int, ...], ...]:
    faults: list[Fault] = []
    found = []
    for place, name in enumerate(batch.names):
        given = batch.values[place]
        if batch.gaps[place] is not None or given.dtype.kind == "f":
            given = given[_present(batch, place)]
        allowed = None if values is None else _allowed(values, name)
        fault, categories = _item_categories(name, given, allowed)
        found.append(categories)
        faults += [fault] if fault else []
    if faults:
        raise EstimationError.of(faults)
    return tuple(found)


def _allowed(values: Values, name: str) -> tuple[int, ...]:
    if isinstance(values, Mapping):
        if name not in values:
            raise EstimationError(f"The categories of item {name!r} are not given",
                                  remedy="Give every item's values, or one sequence for all of them.")
        values = values[name]
    return tuple(sorted({int(value) for value in values}))


def _item_categories(
    name: str, given: NDArray, allowed: tuple[int, ...] | None
) -> tuple[Fault | None, tuple[int, ...]]:
    if not len(given):
        return None, allowed or ()
    if given.dtype.kind == "b":
        given = given.astype(np.int8)
    low, high = float(given.min()), float(given.max())
    if given.dtype.kind == "f":
        odd = given[np.isinf(given) | (given != np.floor(given))]
        if len(odd):
            return Fault(f"Item {name!r} holds {_some(odd)}, but categories are whole numbers",
                         f"{len(odd)} of {len(given)} answers", "Correct the answers, or leave the item out."), ()
    if allowed is None:
        if high - low >= MOST_CATEGORIES:
            return Fault(f"Item {name!r} runs from {low:g} to {high:g}, more than {MOST_CATEGORIES} categories", "",
                         "Collect Moments of it, or give its values."), ()
        return None, tuple(range(int(low), int(high) + 1))
    gapless = allowed == tuple(range(allowed[0], allowed[-1] + 1))
    if not (gapless and allowed[0] <= low and high <= allowed[-1]):
        odd = given[~np.isin(given, allowed)]
        if len(odd):
            return Fault(f"Item {name!r} holds {_some(odd)}, but its answers are {', '.join(map(str, allowed))}",
                         f"{len(odd)} of {len(given)} answers", "Correct the answers or the values."), ()
    return None, allowed


def _some(odd: NDArray) -> str:
    return ", ".join(f"{value:g}" for value in np.unique(odd)[:5])


def _burt(batch: Batch, values: tuple[tuple[int, ...], ...]) -> NDArray[np.int64]:
    """All cross-tables at once: one row of zeros and ones a category, multiplied with themselves.

    The first category of an item is left out of the product: it is what remains of the rows that answered the item.
    """
    gappy = [not _present(batch, place).all() for place in range(len(batch.names))]
    back = _restore(values, gappy)
    products = np.zeros((back.shape[1],) * 2)
    for block in _indicators(batch, values, gappy, back.shape[1]):
        products += block @ block.T
    return np.rint(back @ products @ back.T).astype(np.int64)


def _restore(values: tuple[tuple[int, ...], ...], gappy: list[bool]) -> NDArray[np.float64]:
    """Which rows of the reduced product make up each category (K × reduced); the last row stands for every answer."""
    size = sum(max(len(categories) - 1, 0) + gap for categories, gap in zip(values, gappy, strict=True)) + 1
    back = np.zeros((sum(map(len, values)), size))
    row = at = 0
    for categories, gap in zip(values, gappy, strict=True):
        rest = len(categories) - 1
        if categories:
            back[row + 1 + np.arange(rest), at + np.arange(rest)] = 1.0
            back[row, at:at + rest] = -1.0
            back[row, at + rest if gap else size - 1] = 1.0
        row += len(categories)
        at += max(rest, 0) + gap
    return back


def _indicators(
    batch: Batch, values: tuple[tuple[int, ...], ...], gappy: list[bool], size: int
) -> Iterator[NDArray[np.float32]]:
    length = min(_BLOCK, max(batch.n, 1))
    block = np.empty((size, length), dtype=np.float32)
    for start in range(0, batch.n, length):
        part = block[:, :min(length, batch.n - start)]
        row = 0
        for place, categories in enumerate(values):
            given = batch.values[place][start:start + length]
            gap = batch.gaps[place]
            hidden = gap[start:start + length] if gappy[place] and gap is not None else None
            for category in categories[1:]:
                np.equal(given, category, out=part[row])
                if hidden is not None:
                    part[row][hidden] = 0.0
                row += 1
            if gappy[place]:
                part[row] = ~hidden if hidden is not None else ~np.isnan(given)
                row += 1
        part[row] = 1.0
        yield part
