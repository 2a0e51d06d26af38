"""What a spreadsheet says beside the answers: who, about whom, in which role, of which team; and every fault in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from coachresearch.core.contracts import PEOPLE, RATER_ROLES
from coachresearch.core.errors import Fault, ResponseError
from coachresearch.responses.cells import Unclear, name_in, time_in
from coachresearch.responses.mapping import Attribute, Given
from coachresearch.responses.table import Cell, Table

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 20
_EVERY_OTHER = ("others",)


class Findings:
    """The faults of one file, gathered by column so that one bad column does not bury the others.

    Parameters
    ----------
    name : str
        File name, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults: dict[str, list[Fault]] = {}

    def at(self, what: str, row: int, column: str, remedy: str) -> None:
        """Note a fault in a cell."""
        self._faults.setdefault(column, []).append(Fault(what, f"{self._name}, row {row}, column {column}", remedy))

    def of(self, what: str, remedy: str, *, where: str = "") -> None:
        """Note a fault of the file or of its mapping."""
        self._faults.setdefault("", []).append(Fault(what, where or self._name, remedy))

    def settle(self) -> None:
        """Raise everything that was found, if anything was."""
        found: list[Fault] = []
        for column, faults in self._faults.items():
            found += faults[:_SHOWN] if column else faults
            if column and len(faults) > _SHOWN:
                found.append(Fault(f"{len(faults) - _SHOWN} more faults in column {column}", self._name,
                                   "Mend the ones above first."))
        if found:
            raise ResponseError.of(found)


class _Subject(Protocol):
    """What the mappings of answers and of scores have in common."""

    @property
    def person(self) -> Given: ...
    @property
    def target(self) -> Given: ...
    @property
    def role(self) -> Given: ...


def check_columns(
    table: Table, used: Iterable[str], ignored: tuple[str, ...], findings: Findings, *, mapping: str
) -> None:
    """Note columns that the mapping names and the file lacks, and columns that the mapping does not mention."""
    named = list(dict.fromkeys(column for column in used if column))
    lacking = [column for column in named if column not in table.columns]
    for column in lacking:
        findings.of(f"The mapping names a column {column!r}, which {table.name} does not have",
                    f"It has: {', '.join(table.columns)}.", where=mapping)
    if ignored == _EVERY_OTHER:
        return
    for column in ignored:
        if column not in table.columns:
            findings.of(f"The mapping ignores a column {column!r}, which {table.name} does not have",
                        "Correct the name, or take the line out.", where=mapping)
    unknown = [column for column in table.columns if column not in named and column not in ignored]
    if unknown:
        findings.of(f"{table.name} has columns that the mapping does not mention: {', '.join(unknown)}",
                    "Say what they are, or name them under ignore.", where=mapping)


def cells_of(table: Table, column: str) -> Sequence[Cell]:
    """Return one column; empty cells where the file lacks it (which `check_columns` has noted)."""
    if column not in table.columns:
        return [None] * len(table.rows)
    position = table.columns.index(column)
    return [row[position] for row in table.rows]


def names_of(
    table: Table, given: Given, what: str, findings: Findings, *, allowed: tuple[str, ...] = ()
) -> list[str]:
    """Return a fact for every row: the constant, or the entries of its column, renamed where the mapping says so."""
    if not given.column:
        if allowed and given.constant not in allowed:
            findings.of(f"{what} is {given.constant!r}, which is not one of {', '.join(allowed)}",
                        "Correct the mapping.")
        return [given.constant] * len(table.rows)
    renamed = dict(given.values)
    found = []
    for number, cell in zip(table.numbers, cells_of(table, given.column), strict=True):
        name = name_in(cell)
        if isinstance(name, Unclear):
            if given.column in table.columns:
                findings.at(f"{what} {name.what}", number, given.column, _REMEDIES.get(name.what, "Fill it in."))
            name = ""
        name = renamed.get(name, name)
        if name and allowed and name not in allowed:
            findings.at(f"{what} is {name!r}, which is not one of {', '.join(allowed)}", number, given.column,
                        "Correct the entry, or translate it in the mapping (values: ...).")
        found.append(name)
    return found


_REMEDIES = {"holds a mail address": "Put a pseudonym in its place: answers are kept without names and addresses."}


def subjects_of(table: Table, mapping: _Subject, findings: Findings) -> tuple[list[str], list[str], list[str]]:
    """Return the person, target and role of every row."""
    roles = names_of(table, mapping.role, "The rater's role", findings, allowed=RATER_ROLES)
    persons = names_of(table, mapping.person, "The person", findings) if mapping.person.column \
        else [f"R{number:04d}" for number in table.numbers]
    if mapping.target.column:
        targets = names_of(table, mapping.target, "The target", findings)
    else:
        targets = list(persons)
        others = sorted({role for role in roles if role in RATER_ROLES and role != "self"})
        if others:
            findings.of(f"Answers of the role {', '.join(others)} need a target: whom are they about?",
                        "Name its column in the mapping (target: {column: ...}).")
    if mapping.target.column:
        for number, person, target, role in zip(table.numbers, persons, targets, roles, strict=True):
            if role == "self" and person and target and person != target:
                findings.at(f"Role 'self', but person {person!r} answers about {target!r}", number,
                            mapping.target.column, "Correct the role or the target.")
    return persons, targets, roles


def people_of(
    table: Table, targets: Sequence[str], people: Iterable[tuple[Attribute, str]], findings: Findings
) -> pd.DataFrame:
    """Return what the file says about the targets, one row each, under the people contract."""
    from zoneinfo import ZoneInfo

    import pandas as pd

    found: dict[str, dict[str, object]] = {target: {"person": target} for target in targets if target}
    for attribute, column in people:
        for number, target, cell in zip(table.numbers, targets, cells_of(table, column), strict=True):
            if cell is None or not target:
                continue
            value = time_in(cell, ZoneInfo("UTC"), "") if attribute == "treatment_start" else name_in(cell)
            if isinstance(value, Unclear):
                findings.at(f"{attribute} {value.what}", number, column, "Correct the entry.")
            elif found[target].setdefault(attribute, value) != value:
                findings.at(f"{attribute} of {target!r} is {value!r}, and {found[target][attribute]!r} further up",
                            number, column, "Make the two agree.")
    frame = pd.DataFrame(list(found.values()), columns=list(PEOPLE.names), dtype=object)
    return PEOPLE.check(frame, where=table.name, error=ResponseError)
