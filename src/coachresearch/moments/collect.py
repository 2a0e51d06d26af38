"""One pass over the rows: batches in, one small summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.moments.counting import Values, check_patterns, moments_of, pair_tables_of, patterns_of
from coachresearch.moments.moments import FloatArray, Moments, Unit
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import MOST_PATTERNS, Patterns
from coachresearch.moments.persons import PersonsSeen, persons_of
from coachresearch.moments.sources import Batch, batches, frame_batch, is_dask, on_partitions

if TYPE_CHECKING:
    import pandas as pd

Summary = TypeVar("Summary", Moments, Patterns, PairTables)
Progress = Callable[[int, int], object]


@overload
def collect(
    data: Any, *, unit: Unit = "person", columns: Sequence[str] | None = None, person: str | None = None,
    progress: Progress | None = None,
) -> Moments: ...


@overload
def collect(
    data: Any, *, into: type[Summary], unit: Unit = "person", columns: Sequence[str] | None = None,
    values: Values | None = None, complete_rows: bool = False, most_patterns: int = MOST_PATTERNS,
    person: str | None = None, progress: Progress | None = None,
) -> Summary: ...


def collect(
    data: Any,
    *,
    into: type[Any] = Moments,
    unit: Unit = "person",
    columns: Sequence[str] | None = None,
    values: Values | None = None,
    complete_rows: bool = False,
    most_patterns: int = MOST_PATTERNS,
    person: str | None = None,
    progress: Progress | None = None,
) -> Any:
    """Summarise rows in one pass.

    Parameters
    ----------
    data : frame, Arrow data, path, DuckDB relation, Dask frame, or iterable of frames and record batches
        Numeric columns, one row per unit; a gap is NaN, NA or null. A pandas frame; an Arrow table, record batch or
        reader; the path of a Parquet file or of a folder of them; a DuckDB relation (``connection.sql("SELECT ...")``);
        a Dask frame, whose partitions are summarised where they lie; or an iterable. Batches hold the same columns, and
        are merged in the order given, so that a rerun gives the same bits.
    into : {Moments, Patterns, PairTables}
        Complete rows; one Moments for each set of answered items; or counts of categories and pairs of categories.
    unit : {"person", "rating", "team_mean"}
        What a row is.
    columns : sequence of str, optional
        Columns to read, in this order; all of them if not given.
    values : sequence of int, or mapping of item to sequence of int, optional
        For PairTables: the categories that are allowed. If not given, they are those that occur.
    complete_rows : bool
        For PairTables: leave out (and count) every row with a gap.
    most_patterns : int
        For Patterns: how many sets of answered items a summary may hold.
    person : str, optional
        Column that names the person. It is not summarised; it is used to check that all rows of a person stand in one
        batch, and with ``unit="person"`` that nobody has two rows.
    progress : function of (batches, rows), optional
        Called after each batch with the number of batches and rows so far. An exception that it raises ends the pass.

    Returns
    -------
    Moments, Patterns or PairTables
        As asked for; rows that were left out are counted in `n_left_out`.

    Raises
    ------
    EstimationError
        If a column holds text, dates or infinite values, if batches differ in their columns, if there is no batch, if
        the rows of a person are spread over batches, if an answer is not among `values`, or with too many patterns.
    """
    summarise = partial(_summarise, into=into, unit=unit, values=values, complete_rows=complete_rows,
                        most_patterns=most_patterns, person=person)
    if into not in (Moments, Patterns, PairTables):
        raise EstimationError(f"Rows cannot be collected into {getattr(into, '__name__', into)!r}",
                              remedy="Use into=Moments, Patterns or PairTables.")
    if into is not PairTables and (values is not None or complete_rows):
        raise EstimationError("Only PairTables take values and complete_rows", remedy="Add into=PairTables.")
    merged: Any = None
    seen = PersonsSeen()
    rows = 0
    for number, (part, n, persons) in enumerate(_summaries(data, summarise, columns, person), start=1):
        merged = part if merged is None else merged + part
        rows += n
        if into is Patterns:
            check_patterns(merged, most_patterns)
        if persons is not None:
            seen.add(persons)
        if progress is not None:
            progress(number, rows)
    if merged is None:
        raise EstimationError("There is no batch to collect", remedy="Hand over at least one frame; it may be empty.")
    seen.check(person or "")
    return merged


def collect_by(
    data: Any,
    by: str,
    *,
    into: type[Any] = Moments,
    unit: Unit = "person",
    columns: Sequence[str] | None = None,
    values: Values | None = None,
) -> dict[str, Any]:
    """Summarise the rows of each group.

    Parameters
    ----------
    data : frame, Arrow data, path, DuckDB relation, Dask frame, or iterable of frames and record batches
        As in `collect`, with one further column.
    by : str
        Column that names the group (an arm, a coach, a wave).
    into : {Moments, Patterns, PairTables}
        The summary of each group.
    unit : {"person", "rating", "team_mean"}
        What a row is.
    columns : sequence of str, optional
        Columns to summarise, in this order; all but `by` if not given.
    values : sequence of int, or mapping of item to sequence of int, optional
        For PairTables: the categories that are allowed; give them, so that all groups share them.

    Returns
    -------
    dict of str to Moments, Patterns or PairTables
        In order of first appearance. Adding all of them gives the whole.

    Raises
    ------
    EstimationError
        If the column is not there or a row has no group.
    """
    found: dict[str, Any] = {}
    for batch in batches(data, columns=columns, person=by):
        for name, rows in _groups(batch, by).items():
            one, _, _ = _summarise(batch.take(rows), into=into, unit=unit, values=values, complete_rows=False,
                                   most_patterns=MOST_PATTERNS, person=None)
            found[name] = found[name] + one if name in found else one
    return found


def numeric_rows(frame: pd.DataFrame) -> tuple[tuple[str, ...], FloatArray]:
    """Return column names and values (n × k, NaN for gaps) of a frame that must be numeric.

    Raises
    ------
    EstimationError
        If a column holds text, dates or categories; it is named.
    """
    batch = frame_batch(frame)
    return batch.names, batch.rows()


def _groups(batch: Batch, by: str) -> dict[str, NDArray[np.intp]]:
    import pandas as pd

    codes, names = pd.factorize(np.asarray(batch.persons))
    without = int((codes < 0).sum())
    if without:
        raise EstimationError(f"{without} of {batch.n} rows have no {by!r}",
                              remedy="Fill it in, or leave these rows out before collecting.")
    found: dict[str, list[int]] = {}
    for code, name in enumerate(names):
        found.setdefault(str(name), []).append(code)
    return {name: np.flatnonzero(np.isin(codes, same)) for name, same in found.items()}


def _summaries(
    data: Any, summarise: Callable[[Batch], Any], columns: Sequence[str] | None, person: str | None
) -> Iterator[Any]:
    if is_dask(data):
        return on_partitions(data, summarise, columns=columns, person=person)
    return map(summarise, batches(data, columns=columns, person=person))


def _summarise(
    batch: Batch, *, into: type[Any], unit: Unit, values: Values | None, complete_rows: bool, most_patterns: int,
    person: str | None,
) -> tuple[Any, int, NDArray[Any] | None]:
    """Return the summary of one batch, its number of rows, and its persons, each once."""
    persons = None if person is None else persons_of(batch, person, unit)
    if into is Moments:
        return moments_of(batch, unit), batch.n, persons
    if into is Patterns:
        found = patterns_of(batch, unit)
        check_patterns(found, most_patterns)
        return found, batch.n, persons
    return pair_tables_of(batch, values, unit, complete_rows=complete_rows), batch.n, persons
