"""One pass over the rows: frames in, Moments out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import FloatArray, Moments, Unit

if TYPE_CHECKING:
    import pandas as pd


def collect(data: pd.DataFrame | Iterable[pd.DataFrame], *, unit: Unit = "person") -> Moments:
    """Summarise the complete rows of a frame, or of many frames one after the other.

    Parameters
    ----------
    data : DataFrame or iterable of DataFrame
        Numeric columns, one row per unit; a gap is NaN or NA. Batches have the same columns in the same order,
        and all rows of a person stand in one batch. They are merged in the order given, so a rerun gives the same bits.
    unit : {"person", "rating", "team_mean"}
        What a row is.

    Returns
    -------
    Moments
        Of complete rows; rows with a gap are counted in `n_left_out`.

    Raises
    ------
    EstimationError
        If a column holds text, dates or infinite values (it is named), if batches differ in their columns, or if
        there is no batch.
    """
    merged: Moments | None = None
    for batch in _batches(data):
        names, rows = numeric_rows(batch)
        part = Moments.from_rows(names, rows, unit=unit)
        merged = part if merged is None else merged + part
    if merged is None:
        raise EstimationError("There is no batch to collect", remedy="Hand over at least one frame; it may be empty.")
    return merged


def collect_by(frame: pd.DataFrame, by: str, *, unit: Unit = "person") -> dict[str, Moments]:
    """Summarise the complete rows of each group.

    Parameters
    ----------
    frame : DataFrame
        As in `collect`, with one further column.
    by : str
        Column that names the group (an arm, a coach, a wave).
    unit : {"person", "rating", "team_mean"}
        What a row is.

    Returns
    -------
    dict of str to Moments
        In order of first appearance. Adding all of them gives the whole.

    Raises
    ------
    EstimationError
        If the column is not there or a row has no group.
    """
    if by not in frame.columns:
        raise EstimationError(f"There is no column {by!r} to group by",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    without = int(frame[by].isna().sum())
    if without:
        raise EstimationError(f"{without} of {len(frame)} rows have no {by!r}",
                              remedy="Fill it in, or leave these rows out before collecting.")
    groups: dict[Hashable, list[int]] = {}
    for row, name in enumerate(frame[by]):
        groups.setdefault(name, []).append(row)
    values = frame.drop(columns=by)
    return {str(name): collect(values.iloc[rows], unit=unit) for name, rows in groups.items()}


def numeric_rows(frame: pd.DataFrame) -> tuple[tuple[str, ...], FloatArray]:
    """Return column names and values (n × k, NaN for gaps) of a frame that must be numeric.

    Raises
    ------
    EstimationError
        If a column holds text, dates or categories; it is named.
    """
    names = tuple(str(name) for name in frame.columns)
    rows = np.empty((len(frame), len(names)))
    for place, name in enumerate(names):
        column = frame.iloc[:, place]
        if getattr(column.dtype, "kind", "O") not in "biuf":
            raise EstimationError(f"Column {name!r} is of type {column.dtype}, not a number",
                                  remedy="Select the numeric columns, or convert this one.")
        rows[:, place] = column.to_numpy(dtype=float, na_value=np.nan)
    return names, rows


def _batches(data: pd.DataFrame | Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
    return (data,) if hasattr(data, "columns") else data
