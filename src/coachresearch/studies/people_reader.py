"""Reading who takes part from the tables of a study folder, with every fault of every table reported together."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.contracts import COACHING, OUTCOMES, PEOPLE, RELATIONS
from coachresearch.core.errors import DesignError, Fault
from coachresearch.core.frames import Contract
from coachresearch.studies.people import People
from coachresearch.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

TABLES: dict[str, Contract] = {
    "people.csv": PEOPLE,
    "relations.csv": RELATIONS,
    "coaching.csv": COACHING,
    "outcomes.csv": OUTCOMES,
}
"""The tables of a study folder; only the first must be there."""


def read_people(folder: str | Path, study: Study) -> People:
    """Read people, relations, coaching and outcome records.

    Parameters
    ----------
    folder : str or Path
        Folder with ``people.csv`` and, if there are any, ``relations.csv``, ``coaching.csv`` and ``outcomes.csv``:
        UTF-8, commas, a header line, pseudonyms only. An empty cell is a missing value.
    study : Study
        Its arms and waves are the ones that may be named.

    Returns
    -------
    People
        An absent table is an empty frame. Raters and coaches need not stand in ``people.csv``; those whom the study is
        about must. A coach may also be the person's manager.

    Raises
    ------
    DesignError
        With every fault of every table: what is wrong, in which row (a header not counted) and column, and what to do.
    """
    place = Path(folder)
    if not (place / "people.csv").is_file():
        raise DesignError(f"The folder {place.name!r} holds no people.csv", where=str(place),
                          remedy="Add it, with the columns " + ", ".join(PEOPLE.names) + ".")
    faults: list[Fault] = []
    tables = {name: _table(place / name, contract, faults) for name, contract in TABLES.items()}
    people, relations, coaching, outcomes = tables.values()
    if people is not None:
        faults += _arm_faults(people, study)
        persons = set(people["person"].dropna())
        if relations is not None:
            faults += [*_strangers(relations, "target", persons, "relations.csv"), *_relation_faults(relations, study)]
        if coaching is not None:
            faults += [*_strangers(coaching, "person", persons, "coaching.csv"), *_coaching_faults(coaching)]
    if outcomes is not None:
        faults += _row_faults(outcomes, "outcomes.csv, row {row}, column exposure", _exposure_fault)
    if faults or people is None or relations is None or coaching is None or outcomes is None:
        raise DesignError.of(faults)
    return People(people, relations, coaching, outcomes)


def _table(path: Path, contract: Contract, faults: list[Fault]) -> pd.DataFrame | None:
    """Return the checked frame, or None after adding what is wrong to `faults`."""
    if not path.is_file():
        return contract.empty()
    raw, found = _cells(path)
    if raw is not None:
        found += contract.faults(raw, where=path.name)
    faults += found
    return None if found or raw is None else contract.check(raw, where=path.name)


def _cells(path: Path) -> tuple[pd.DataFrame | None, list[Fault]]:
    import pandas as pd

    rows, found = _lines(path)
    if not rows:
        return None, found or [Fault(f"{path.name} is empty", path.name, "Give it at least its header line.")]
    header = rows[0]
    body = rows[1:]
    for name in sorted({name for name in header if header.count(name) > 1}):
        found.append(Fault(f"Column {name!r} stands twice", path.name, "Keep one of the two."))
    if len(header) == 1 and ";" in header[0]:
        found.append(Fault(f"{path.name} is separated by semicolons", path.name, "Save it with commas."))
    for number, cells in enumerate(body, start=1):
        if len(cells) != len(header):
            found.append(Fault(f"Row has {len(cells)} cells, the header {len(header)}", f"{path.name}, row {number}",
                               "Add or remove commas; put a cell that holds a comma in double quotes."))
        for name, cell in zip(header, cells, strict=False):
            if cell != cell.strip():
                found.append(Fault(f"{name!r} is {cell!r}, with blanks around it",
                                   f"{path.name}, row {number}, column {name}", "Remove the blanks."))
    if found:
        return None, found
    return pd.DataFrame(body, columns=header, dtype="string"), found


def _lines(path: Path) -> tuple[list[list[str]], list[Fault]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        return [], [Fault(f"{path.name} is not UTF-8 (byte {problem.start})", f"{path.name}, line {line}",
                          "Save it as UTF-8; spreadsheets call it 'CSV UTF-8'.")]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        return [], [Fault(f"{path.name} is not a comma-separated table: {problem}", path.name,
                          "Close every double quote; write a double quote within a cell twice.")]
    while rows and not any(rows[-1]):
        rows.pop()
    return rows, []


def _arm_faults(people: pd.DataFrame, study: Study) -> list[Fault]:
    known = [arm.id for arm in study.arms]
    remedy = f"The study has: {', '.join(known)}." if known else "The study has no arms; leave the cell empty."

    def check(row: dict[str, object]) -> tuple[str, str] | None:
        arm = row["arm"]
        return None if arm is None or arm in known else (f"{row['person']!r} is in the arm {arm!r}", remedy)

    return _row_faults(people, "people.csv, row {row}, column arm", check)


def _strangers(frame: pd.DataFrame, column: str, persons: set[str], name: str) -> list[Fault]:
    def check(row: dict[str, object]) -> tuple[str, str] | None:
        if row[column] in persons:
            return None
        return f"{row[column]!r} is not in people.csv", "Add the person to people.csv, or correct the pseudonym."

    return _row_faults(frame, f"{name}, row {{row}}, column {column}", check)


def _relation_faults(relations: pd.DataFrame, study: Study) -> list[Fault]:
    waves = [wave.id for wave in study.waves]

    def who(row: dict[str, object]) -> tuple[str, str] | None:
        same = row["target"] == row["rater"]
        if row["role"] == "self" and not same:
            return (f"{row['rater']!r} rates {row['target']!r} in the role 'self'",
                    "In the role self, rater and target are the same person.")
        if row["role"] != "self" and same:
            return f"{row['rater']!r} rates their own person in the role {row['role']!r}", "Write self, or correct it."
        return None

    def when(row: dict[str, object]) -> tuple[str, str] | None:
        known = row["wave"] is None or row["wave"] in waves
        return None if known else (f"There is no wave {row['wave']!r}", f"The study has: {', '.join(waves)}.")

    return [*_row_faults(relations, "relations.csv, row {row}, column rater", who),
            *_row_faults(relations, "relations.csv, row {row}, column wave", when)]


def _coaching_faults(coaching: pd.DataFrame) -> list[Fault]:
    def who(row: dict[str, object]) -> tuple[str, str] | None:
        if row["coach"] != row["person"]:
            return None
        return f"{row['person']!r} is their own coach", "Correct one of the two pseudonyms."

    def when(row: dict[str, object]) -> tuple[str, str] | None:
        start, end = row["start"], row["end"]
        if start is None or end is None or str(start) <= str(end):
            return None
        return f"Coaching ends on {_day(end)}, before it starts on {_day(start)}", "Correct one of the two days."

    return [*_row_faults(coaching, "coaching.csv, row {row}, column coach", who),
            *_row_faults(coaching, "coaching.csv, row {row}, column end", when)]


def _exposure_fault(row: dict[str, object]) -> tuple[str, str] | None:
    exposure = row["exposure"]
    if isinstance(exposure, float) and exposure <= 0:
        return f"'exposure' is {exposure:g}", "Give the person-time at risk, above 0, or leave the cell empty."
    return None


def _row_faults(
    frame: pd.DataFrame, where: str, check: Callable[[dict[str, object]], tuple[str, str] | None]
) -> list[Fault]:
    import pandas as pd

    found = []
    for number, record in enumerate(frame.to_dict("records"), start=1):
        row = {str(name): None if pd.isna(value) else value for name, value in record.items()}
        complaint = check(row)
        if complaint is not None:
            found.append(Fault(complaint[0], where.format(row=number), complaint[1]))
    return found


def _day(time: object) -> str:
    return str(time)[:10]
