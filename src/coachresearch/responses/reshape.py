"""A spreadsheet brought into one row a rater: rows that are no answers taken out, single answers laid side by side."""

from __future__ import annotations

from dataclasses import replace

from coachresearch.responses.cells import key_of
from coachresearch.responses.facts import Findings, cells_of
from coachresearch.responses.mapping import AnswerMapping, LongColumns
from coachresearch.responses.table import Cell, Table


def without_rows(table: Table, mapping: AnswerMapping, findings: Findings) -> tuple[Table, int]:
    """Take out the rows that the mapping calls no answers; returns how many there were."""
    gone: set[int] = set()
    for column, entries in mapping.leave_out:
        if column not in table.columns:
            findings.of(f"The mapping leaves out rows by a column {column!r}, which {table.name} does not have",
                        f"It has: {', '.join(table.columns)}.", where=mapping.name)
            continue
        unwanted = {key_of(entry) for entry in entries}
        gone |= {position for position, cell in enumerate(cells_of(table, column)) if key_of(cell) in unwanted}
    kept = [position for position in range(len(table.rows)) if position not in gone]
    return replace(table, rows=tuple(table.rows[position] for position in kept),
                   numbers=tuple(table.numbers[position] for position in kept)), len(gone)


def laid_wide(table: Table, mapping: AnswerMapping, long: LongColumns, findings: Findings) -> Table:
    """Lay a file in which every row is one answer side by side: a row an occasion, a column an item.

    Rows belong to one occasion if person, target, role and wave agree; other columns are taken from its last row.
    An item that stands twice in an occasion is a fault.
    """
    for column in (long.item, long.value):
        if column not in table.columns:
            findings.of(f"The mapping names a column {column!r}, which {table.name} does not have",
                        f"It has: {', '.join(table.columns)}.", where=mapping.name)
            return table
    about = [position for position, column in enumerate(table.columns) if column not in (long.item, long.value)]
    occasion = [given.column for given in (mapping.person, mapping.target, mapping.role, mapping.wave)
                if given.column in table.columns]
    keys = [cells_of(table, column) for column in occasion]
    items, values = cells_of(table, long.item), cells_of(table, long.value)
    groups: dict[tuple[str, ...], dict[str, Cell]] = {}
    last: dict[tuple[str, ...], int] = {}
    numbers: dict[tuple[str, ...], int] = {}
    for position, number in enumerate(table.numbers):
        who = tuple(key_of(column[position]) for column in keys)
        item = str(items[position] or "").strip()
        answers = groups.setdefault(who, {})
        numbers.setdefault(who, number)
        last[who] = position
        if not item:
            findings.at("The item is empty", number, long.item, "Name the item of this answer.")
        elif item in answers:
            findings.at(f"Item {item!r} is answered a second time on the same occasion", number, long.item,
                        "Keep one of the two rows, or name the column that tells the occasions apart.")
        else:
            answers[item] = values[position]
    names = list(dict.fromkeys(item for answers in groups.values() for item in answers))
    rows = tuple((*(table.rows[last[who]][position] for position in about), *(answers.get(name) for name in names))
                 for who, answers in groups.items())
    return replace(table, columns=(*(table.columns[position] for position in about), *names), rows=rows,
                   numbers=tuple(numbers.values()))
