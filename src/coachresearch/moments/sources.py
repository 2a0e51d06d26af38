"""The one door for rows: whatever holds them hands over columns of numbers, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import CoachResearchError, EstimationError

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.moments.moments import FloatArray

ROWS_PER_BATCH = 1 << 17
"""Rows that are read at once from a Parquet file or a database."""

PARTITIONS_AT_ONCE = 64
"""Partitions of a Dask frame that are under way at once; after each such lot progress is reported."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows, column by column.

    Parameters
    ----------
    names : tuple of str
        The k columns.
    values : tuple of arrays (n)
        Numbers as they are stored; a gap of a column of floats is NaN.
    gaps : tuple of arrays (n) of bool, or None
        Where a column of integers has a gap (its value there means nothing); None where it has none.
    n : int
        Number of rows.
    persons : array (n), optional
        Whom each row is about, if a person column was named.
    """

    names: tuple[str, ...]
    values: tuple[NDArray[Any], ...]
    gaps: tuple[NDArray[np.bool_] | None, ...]
    n: int
    persons: NDArray[Any] | None = None

    def rows(self) -> FloatArray:
        """Return the values (n × k), NaN for gaps."""
        rows = np.empty((self.n, len(self.names)), order="F")
        for place, (values, gap) in enumerate(zip(self.values, self.gaps, strict=True)):
            rows[:, place] = values
            if gap is not None:
                rows[gap, place] = np.nan
        return rows

    def integral(self) -> bool:
        """Whether every column is stored as integers."""
        return all(values.dtype.kind in "biu" for values in self.values)

    def take(self, rows: NDArray[Any]) -> Batch:
        """Keep some rows, given as a mask or as places."""
        n = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return Batch(self.names, tuple(values[rows] for values in self.values),
                     tuple(None if gap is None else gap[rows] for gap in self.gaps), n,
                     None if self.persons is None else self.persons[rows])


def batches(data: Any, *, columns: Sequence[str] | None = None, person: str | None = None) -> Iterator[Batch]:
    """Read any source of rows, one batch after the other, in the source's order.

    Parameters
    ----------
    data : frame, Arrow data, path, DuckDB relation, or iterable of frames and record batches
        A pandas frame; an Arrow table, record batch or reader; the path of a Parquet file, or of a folder of them
        (read in order of their names); a DuckDB relation such as ``connection.sql("SELECT ...")``; or an iterable.
    columns : sequence of str, optional
        Columns to read, in this order; all of them if not given.
    person : str, optional
        Column that names the person; it is handed on beside the numbers and not among them.

    Raises
    ------
    EstimationError
        If a column is not there or does not hold numbers, or nothing here can read the data.
    CoachResearchError
        If the optional package is not installed; the extra that installs it is named.
    """
    wanted = None if columns is None else [*columns, *([person] if person and person not in columns else [])]
    for part in _parts(data, wanted):
        yield frame_batch(part, columns, person) if hasattr(part, "iloc") else _arrow_batch(part, columns, person)


def is_dask(data: Any) -> bool:
    """Whether the data are a Dask frame, whose partitions lie elsewhere."""
    return hasattr(data, "to_delayed") and hasattr(data, "partitions")


def on_partitions(
    data: Any, task: Callable[[Batch], Any], *, columns: Sequence[str] | None = None, person: str | None = None
) -> Iterator[Any]:
    """Hand the partitions of a Dask frame to a task where they lie, and bring back what it makes of them, in order.

    A partition whose worker dies is read and summarised again by another; the scheduler sees to that.
    """
    dask = _optional("dask", "dask")
    delayed = dask.delayed(partial(_of_frame, task=task, columns=columns, person=person))
    partitions = data.to_delayed()
    for start in range(0, len(partitions), PARTITIONS_AT_ONCE):
        yield from dask.compute(*(delayed(part) for part in partitions[start:start + PARTITIONS_AT_ONCE]))


def _of_frame(
    frame: pd.DataFrame, *, task: Callable[[Batch], Any], columns: Sequence[str] | None, person: str | None
) -> Any:
    return task(frame_batch(frame, columns, person))


def frame_batch(frame: pd.DataFrame, columns: Sequence[str] | None = None, person: str | None = None) -> Batch:
    """Return a pandas frame as a batch, without copying columns of plain numbers.

    Raises
    ------
    EstimationError
        If a column is not there, or holds text, dates or categories; it is named.
    """
    names = _chosen([str(name) for name in frame.columns], columns, person)
    place = {str(name): at for at, name in reversed(list(enumerate(frame.columns)))}
    repeated = len(place) < len(frame.columns) and columns is None and person is None
    series = [frame.iloc[:, at if repeated else place[name]] for at, name in enumerate(names)]
    values: list[NDArray[Any]] = []
    for name, column in zip(names, series, strict=True):
        if getattr(column.dtype, "kind", "O") not in "biuf":
            raise not_a_number(name, column.dtype)
        if isinstance(column.dtype, np.dtype):
            values.append(column.to_numpy())
        else:
            values.append(column.to_numpy(dtype=float, na_value=np.nan))
    persons = None if person is None else frame.iloc[:, place[person]].to_numpy()
    return Batch(tuple(names), tuple(values), (None,) * len(names), len(frame), persons)


def not_a_number(name: str, dtype: object) -> EstimationError:
    """Return the error for a column that holds no numbers."""
    return EstimationError(f"Column {name!r} is of type {dtype}, not a number",
                           remedy="Select the numeric columns, or convert this one.")


def _parts(data: Any, wanted: list[str] | None) -> Iterator[Any]:
    if isinstance(data, (str, Path)):
        yield from _parquet(Path(data), wanted)
    elif is_dask(data):
        for part in data.to_delayed():
            yield part.compute()
    elif hasattr(data, "iloc") or (hasattr(data, "num_rows") and not hasattr(data, "to_batches")):
        yield data
    elif hasattr(data, "to_arrow_reader") or hasattr(data, "fetch_record_batch"):
        read = getattr(data, "to_arrow_reader", None) or data.fetch_record_batch
        yield from read(ROWS_PER_BATCH)
    elif hasattr(data, "to_batches"):
        yield from data.to_batches(max_chunksize=ROWS_PER_BATCH)
    elif hasattr(data, "__iter__") and not isinstance(data, (dict, np.ndarray)):
        for part in data:
            if not (hasattr(part, "iloc") or hasattr(part, "num_rows")):
                raise _unreadable(part)
            yield part
    else:
        raise _unreadable(data)


def _unreadable(data: object) -> EstimationError:
    return EstimationError(
        f"Rows cannot be read from {type(data).__name__!r}",
        remedy="Hand over a pandas frame, Arrow data, the path of a Parquet file, a DuckDB relation, a Dask frame, "
               "or an iterable of frames or record batches.")


def _parquet(path: Path, wanted: list[str] | None) -> Iterator[Any]:
    parquet = _optional("pyarrow.parquet", "pyarrow")
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise EstimationError("There is no Parquet file", where=str(path), remedy="Check the path.")
    for file in files:
        try:
            opened = parquet.ParquetFile(file)
        except (OSError, ValueError) as problem:
            raise EstimationError("The file cannot be read as Parquet", where=str(file),
                                  remedy="Check that it was written completely.") from problem
        with opened:
            if wanted is not None:
                _chosen(opened.schema_arrow.names, wanted, None)
            yield from opened.iter_batches(batch_size=ROWS_PER_BATCH, columns=wanted, use_threads=False)


def _optional(module: str, package: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as missing:
        raise CoachResearchError(f"Reading this source needs the package {package!r}",
                                 remedy="Install it with: pip install 'coachresearch[scale]'") from missing


def _arrow_batch(part: Any, columns: Sequence[str] | None, person: str | None) -> Batch:
    names = _chosen(list(part.schema.names), columns, person)
    values, gaps = [], []
    for name in names:
        column = part.column(part.schema.names.index(name))
        found, gap = _arrow_column(name, column)
        values.append(found)
        gaps.append(gap)
    persons = None
    if person is not None:
        persons = part.column(part.schema.names.index(person)).to_numpy(zero_copy_only=False)
    return Batch(tuple(names), tuple(values), tuple(gaps), part.num_rows, persons)


def _arrow_column(name: str, column: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    kind = str(column.type)
    if not kind.startswith(("int", "uint", "float", "double", "halffloat", "bool", "decimal", "null")):
        raise not_a_number(name, kind)
    if kind.startswith("decimal"):
        column = column.cast("float64")
    elif kind == "null":
        return np.full(len(column), np.nan), None
    if not column.null_count:
        return column.to_numpy(zero_copy_only=False), None
    if kind.startswith(("int", "uint")):
        gap = column.is_null().to_numpy(zero_copy_only=False)
        return column.fill_null(0).to_numpy(zero_copy_only=False), gap
    return column.cast("float64").to_numpy(zero_copy_only=False), None


def _chosen(known: list[str], columns: Sequence[str] | None, person: str | None) -> list[str]:
    asked = [name for name in known if name != person] if columns is None else list(columns)
    missing = [name for name in [*asked, *([person] if person else [])] if name not in known]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(known)}.")
    return asked
