"""Summaries on disk: nothing of a group that is too small to be shown."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import Moments
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import Patterns

Summary = Moments | Patterns | PairTables

_FORMAT = "coachresearch-summary/1"


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written.

    Parameters
    ----------
    path : Path
        The file.
    withheld : tuple of str
        Groups that were not written, because they have too few rows.
    rows_withheld : int
        Rows of rare patterns that were not written; they are counted as left out.
    """

    path: Path
    withheld: tuple[str, ...] = ()
    rows_withheld: int = 0


def save(summary: Summary | Mapping[str, Summary], path: str | Path, *, min_group: int) -> Saved:
    """Write a summary, or one for each group, as JSON.

    Parameters
    ----------
    summary : Moments, Patterns, PairTables, or mapping of group to one of them
        From `collect` or `collect_by`.
    path : str or Path
        Where to; an existing file is replaced at the end, or not at all.
    min_group : int
        The study's smallest group that may be shown. Groups with fewer rows are withheld, patterns with fewer rows are
        withheld and their rows counted as left out.

    Raises
    ------
    EstimationError
        If nothing is large enough; or if cross-tables have rare cells, which would show single persons.

    Notes
    -----
    A total beside all groups but one gives that group away: save either the groups or the whole.
    """
    if min_group < 1:
        raise EstimationError(f"min_group is {min_group}", remedy="Give the smallest group that may be shown.")
    groups = dict(summary) if isinstance(summary, Mapping) else {"": summary}
    withheld = tuple(name for name, one in groups.items() if one.n < min_group)
    if len(withheld) == len(groups):
        largest = max((one.n for one in groups.values()), default=0)
        raise EstimationError(f"{'No group has' if isinstance(summary, Mapping) else 'The summary does not have'} "
                              f"{min_group} rows (there are {largest})", where=str(path),
                              remedy="A summary of so few people shows their answers; join groups or do not save it.")
    kept, dropped = {}, 0
    for name, one in groups.items():
        if name not in withheld:
            kept[name], rows = _shown(one, min_group, str(path))
            dropped += rows
    _write(Path(path), {"format": _FORMAT, "min_group": min_group, "single": not isinstance(summary, Mapping),
                        "groups": {name: _as_json(one) for name, one in kept.items()}})
    return Saved(Path(path), withheld, dropped)


def load(path: str | Path) -> Any:
    """Read what `save` has written: a summary, or a dict of group to summary.

    Raises
    ------
    EstimationError
        If the file is not such a summary.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise KeyError(content["format"])
        groups = {name: _from_json(one) for name, one in content["groups"].items()}
        return groups[""] if content["single"] else groups
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EstimationError("The file is not a saved summary", where=str(path),
                              remedy="Write it with save.") from problem


def _shown(one: Summary, min_group: int, where: str) -> tuple[Summary, int]:
    """Return what may be shown of a summary, and the number of rows that it leaves out for that."""
    if isinstance(one, PairTables):
        rare = int(((one.counts > 0) & (one.counts < min_group))[np.triu_indices(len(one.counts))].sum())
        if rare:
            raise EstimationError(
                f"{rare} cells of the cross-tables hold fewer than {min_group} rows", where=where,
                remedy="Save Moments instead, or collect answers with fewer, joined categories.")
        return one, 0
    if isinstance(one, Patterns):
        parts = tuple(part for part in one.parts if part.n >= min_group)
        dropped = one.n - sum(part.n for part in parts)
        if not parts:
            raise EstimationError(f"No set of answered items has {min_group} rows", where=where,
                                  remedy="Save the Moments of complete rows, or do not save it.")
        return Patterns(one.columns, parts, one.unit, one.n_left_out + dropped), dropped
    return one, 0


def _as_json(one: Summary) -> dict[str, Any]:
    if isinstance(one, Moments):
        return {"kind": "moments", "columns": one.columns, "n": one.n, "mean": _numbers(one.mean),
                "scatter": [_numbers(row) for row in one.scatter], "unit": one.unit, "n_left_out": one.n_left_out,
                "standardised": one.standardised}
    if isinstance(one, Patterns):
        return {"kind": "patterns", "columns": one.columns, "unit": one.unit, "n_left_out": one.n_left_out,
                "parts": [_as_json(part) for part in one.parts]}
    return {"kind": "pair_tables", "items": one.items, "values": one.values, "counts": one.counts.tolist(), "n": one.n,
            "unit": one.unit, "n_left_out": one.n_left_out}


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _from_json(one: dict[str, Any]) -> Summary:
    if one["kind"] == "moments":
        mean = np.array([np.nan if value is None else value for value in one["mean"]], dtype=float)
        return Moments(tuple(one["columns"]), one["n"], mean, np.array(one["scatter"], dtype=float), one["unit"],
                       one["n_left_out"], one["standardised"])
    if one["kind"] == "patterns":
        parts = tuple(part for part in map(_from_json, one["parts"]) if isinstance(part, Moments))
        return Patterns(tuple(one["columns"]), parts, one["unit"], one["n_left_out"])
    return PairTables(tuple(one["items"]), tuple(map(tuple, one["values"])), np.array(one["counts"], dtype=np.int64),
                      one["n"], one["unit"], one["n_left_out"])


def _write(path: Path, content: dict[str, Any]) -> None:
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
        try:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)
