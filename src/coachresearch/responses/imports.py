"""Answers that others collected: a spreadsheet and its mapping in, checked answers out, all of them or none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.instruments.instrument import Form, Instrument, ResponseScale, words_in
from coachresearch.responses.cells import Meaning, Unclear, answer_in, key_of, meanings_of, time_in
from coachresearch.responses.checks import options_of
from coachresearch.responses.facts import Findings, cells_of, check_columns, names_of, people_of, subjects_of
from coachresearch.responses.mapping import AnswerMapping
from coachresearch.responses.reshape import laid_wide, without_rows
from coachresearch.responses.table import Cell, Table, fingerprint, read_table, table_of
from coachresearch.store.rows import rows_of
from coachresearch.store.store import InstrumentMark, SourceFile, Store
from coachresearch.store.writer import Receipt

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """Answers understood from a file, not kept anywhere yet.

    Parameters
    ----------
    responses_frame : DataFrame
        Under the responses contract, mode ``import``.
    people_frame : DataFrame
        What the file says about the targets, under the people contract.
    cautions : tuple of Caution
        ``import_left_out``: rows without any answer were left out; ``import_no_answers``: rows that the mapping calls
        no answers, such as previews, were.
    source_name, source_hash : str
        The file and its SHA-256.
    rows : int
        Rows of the file.
    left_out : int
        Occasions (rows, times waves where these stand side by side) without any answer.
    mark : InstrumentMark
        The instrument that was answered.
    """

    responses_frame: pd.DataFrame
    people_frame: pd.DataFrame
    cautions: tuple[Caution, ...]
    source_name: str
    source_hash: str
    rows: int
    left_out: int
    mark: InstrumentMark


def read_answers(
    path: Path | str, mapping: AnswerMapping, instruments: Mapping[str, Instrument], study_id: str
) -> Imported:
    """Read answers from a CSV, Excel (.xlsx) or SPSS (.sav) file.

    Parameters
    ----------
    path : Path or str
        The file; one row a rater and target (and wave, unless the waves stand side by side).
    mapping : AnswerMapping
        How its columns are understood; from `read_mapping`.
    instruments : mapping of str to Instrument
        By id, as `read_instruments` gives them.
    study_id : str
        The study that the answers belong to.

    Returns
    -------
    Imported

    Raises
    ------
    ResponseError
        With everything that is wrong in the file, by row and column: columns neither mapped nor ignored, values out of
        range, text that is no label, people that stand twice, items without a column.
    """
    file = mapping.file
    table = read_table(Path(path), sheet=file.sheet, encoding=file.encoding, delimiter=file.delimiter,
                       layout=file.layout)
    return _understood(table, mapping, instruments, study_id)


def answers_from(
    frame: pd.DataFrame, mapping: AnswerMapping, instruments: Mapping[str, Instrument], study_id: str, *,
    name: str = "table",
) -> Imported:
    """Take answers from a DataFrame that is laid out like a spreadsheet; see `read_answers`."""
    return _understood(table_of(frame, name), mapping, instruments, study_id)


def import_answers(store: Store, imported: Imported, *, again: bool = False) -> Receipt:
    """Keep imported answers, in one transaction.

    Parameters
    ----------
    store : Store
        Open for writing.
    imported : Imported
        From `read_answers`.
    again : bool
        Whether a file that was imported before, and is now understood differently, is imported a second time: its
        answers then replace the earlier ones to the same items.

    Returns
    -------
    Receipt
        The first receipt, if the same answers of the same file were imported before.

    Raises
    ------
    StoreError
        If the file was imported before and is now understood differently, or nothing could be written.
    """
    rows = rows_of(imported.responses_frame)
    key = f"import:{imported.source_hash}:{_study_of(imported)}"
    if again:
        key = f"{key}:{fingerprint(imported.responses_frame)}"
    source = SourceFile(imported.source_name, imported.source_hash, imported.rows)
    return store.append(rows, key=key, source=source, marks=(imported.mark,))


Answered = tuple[str, int | None, str | None, str | None]
"""Item, its code, its kind of missing, its text."""


@dataclass(frozen=True, slots=True)
class _Block:
    """The columns of one wave: item and column, in form order; no wave where each row names its own."""

    wave: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What each row of the file says beside its answers."""

    persons: list[str]
    targets: list[str]
    roles: list[str]
    waves: list[str]
    languages: list[str]
    times: list[datetime | None]


def _understood(
    table: Table, mapping: AnswerMapping, instruments: Mapping[str, Instrument], study_id: str
) -> Imported:
    instrument = _instrument_of(mapping, instruments)
    form = instrument.form(mapping.form)
    findings = Findings(table.name)
    table, no_answers = without_rows(table, mapping, findings)
    if mapping.long is not None:
        table = laid_wide(table, mapping, mapping.long, findings)
    blocks = _blocks(mapping, form, findings)
    check_columns(table, _used(mapping, blocks), mapping.ignore, findings, mapping=mapping.name)
    facts = _facts(table, mapping, form, findings)
    answers = [_block_answers(table, mapping, instrument, block, findings) for block in blocks]
    shared = {"study": study_id, "instrument": instrument.id, "version": instrument.version, "form": form.id,
              "mode": "import"}
    rows, left_out = _long(table, mapping, blocks, facts, answers, shared, findings)
    people = people_of(table, facts.targets, mapping.people, findings)
    findings.settle()
    cautions = tuple(one for n, one in (
        (left_out, caution("import_left_out", n=left_out, of=len(table.rows) * len(blocks), file=table.name)),
        (no_answers, caution("import_no_answers", n=no_answers, file=table.name))) if n)
    return Imported(_frame(rows, table.name), people, cautions, table.name, table.sha256,
                    len(table.rows), left_out,
                    InstrumentMark(instrument.id, instrument.version, instrument.content_hash))


def _used(mapping: AnswerMapping, blocks: Sequence[_Block]) -> list[str]:
    clock = mapping.answered_at
    return [mapping.person.column, mapping.target.column, mapping.role.column, mapping.wave.column,
            mapping.language.column, clock.column if clock else "", *(column for _, column in mapping.people),
            *(column for column, _ in mapping.leave_out),
            *(column for block in blocks for _, column in block.columns)]


def _facts(table: Table, mapping: AnswerMapping, form: Form, findings: Findings) -> _Facts:
    persons, targets, roles = subjects_of(table, mapping, findings)
    _check_roles(roles, form, table, mapping, findings)
    return _Facts(persons, targets, roles, names_of(table, mapping.wave, "The wave", findings),
                  names_of(table, mapping.language, "The language", findings), _times(table, mapping, findings))


def _long(
    table: Table, mapping: AnswerMapping, blocks: Sequence[_Block], facts: _Facts,
    answers: Sequence[Sequence[Sequence[Answered]]], shared: Mapping[str, str], findings: Findings,
) -> tuple[list[dict[str, Any]], int]:
    """Lay the answers out long; count the occasions without any answer, which have no rows."""
    rows: list[dict[str, Any]] = []
    seen: dict[tuple[str, ...], int] = {}
    left_out = 0
    for position, number in enumerate(table.numbers):
        for block, read in zip(blocks, answers, strict=True):
            if all(value is None and text is None and kind == mapping.blank for _, value, kind, text in read[position]):
                left_out += 1
                continue
            who = {"wave": block.wave or facts.waves[position], "person": facts.persons[position],
                   "target": facts.targets[position], "role": facts.roles[position]}
            _note_twice(tuple(who.values()), number, seen, mapping, findings)
            occasion = {**shared, **who, "language": facts.languages[position], "answered_at": facts.times[position]}
            rows += [{**occasion, "item": item, "value": value, "missing": kind, "text": text}
                     for item, value, kind, text in read[position]]
    if not rows:
        findings.of("There is not a single answer", "Check that the mapping names the right columns.")
    return rows, left_out


def _instrument_of(mapping: AnswerMapping, instruments: Mapping[str, Instrument]) -> Instrument:
    found = [one for one in instruments.values() if one.id == mapping.instrument]
    chosen = [one for one in found if mapping.version in ("", one.version)]
    if len(chosen) == 1:
        return chosen[0]
    if found:
        raise InstrumentError(f"The mapping asks for version {mapping.version!r} of {mapping.instrument!r}",
                              where=mapping.name, remedy=f"Here are: {', '.join(one.version for one in found)}.")
    raise InstrumentError(f"There is no instrument {mapping.instrument!r}", where=mapping.name,
                          remedy=f"Known are: {', '.join(sorted(one.id for one in instruments.values()))}.")


def _blocks(mapping: AnswerMapping, form: Form, findings: Findings) -> list[_Block]:
    asked = [item for item in form.items if item not in mapping.not_asked]
    strange = [item for item in mapping.not_asked if item not in form.items]
    blocks = []
    for one in mapping.items:
        columns = dict(one.columns) or {item: one.pattern.replace("{item}", item) for item in asked}
        strange += [item for item in columns if item not in form.items]
        unmapped = [item for item in asked if item not in columns]
        place = f" in wave {one.wave!r}" if one.wave else ""
        if unmapped:
            findings.of(f"No column is named for the items {', '.join(unmapped)}{place}",
                        "Name their columns, or list them under not_asked.", where=mapping.name)
        twice = sorted({column for column in columns.values() if list(columns.values()).count(column) > 1})
        if twice:
            findings.of(f"Several items{place} are said to stand in column {', '.join(twice)}",
                        "Name one column an item.", where=mapping.name)
        blocks.append(_Block(one.wave, tuple((item, columns[item]) for item in form.items if item in columns)))
    if strange:
        findings.of(f"Form {form.id!r} of {mapping.instrument!r} has no items {', '.join(dict.fromkeys(strange))}",
                    f"It has: {', '.join(form.items)}.", where=mapping.name)
    return blocks


def _check_roles(
    roles: Sequence[str], form: Form, table: Table, mapping: AnswerMapping, findings: Findings
) -> None:
    for role in dict.fromkeys(roles):
        if role and role not in form.roles:
            findings.of(f"Form {form.id!r} of {mapping.instrument!r} is not for the role {role!r}",
                        f"It is for: {', '.join(form.roles)}.", where=f"{table.name}, row "
                        f"{table.numbers[list(roles).index(role)]}")


def _times(table: Table, mapping: AnswerMapping, findings: Findings) -> list[datetime | None]:
    clock = mapping.answered_at
    if clock is None:
        return [None] * len(table.rows)
    try:
        zone = ZoneInfo(clock.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        findings.of(f"There is no time zone {clock.time_zone!r}", "Name one such as UTC or Europe/Lisbon.",
                    where=mapping.name)
        return [None] * len(table.rows)
    found: list[datetime | None] = []
    for number, cell in zip(table.numbers, cells_of(table, clock.column), strict=True):
        time = time_in(cell, zone, clock.format)
        if isinstance(time, Unclear):
            findings.at(f"The time {time.what}", number, clock.column, "Correct it, or name its format in the mapping.")
            time = None
        found.append(time)
    return found


def _block_answers(
    table: Table, mapping: AnswerMapping, instrument: Instrument, block: _Block, findings: Findings
) -> list[list[Answered]]:
    by_item = [list(_column_answers(table, mapping, instrument, item, column, findings))
               for item, column in block.columns]
    return [list(row) for row in zip(*by_item, strict=True)] or [[] for _ in table.rows]


def _column_answers(
    table: Table, mapping: AnswerMapping, instrument: Instrument, item: str, column: str, findings: Findings
) -> Iterator[Answered]:
    options = instrument.response_scale(item)
    if options.entry == "text":
        yield from _texts(table, mapping, item, column, findings)
        return
    meanings = meanings_of(options, missing=mapping.missing, labels=mapping.labels, blank=mapping.blank)
    labels = table.labels.get(column, {})
    if mapping.codes == "numbers":
        _check_labels(labels, meanings, column, item, findings)
    missing = {key_of(entry) for entry, _ in mapping.missing} | {key_of(code) for code, _, _ in options.missing}
    declared = table.declared_missing.get(column, ())
    for number, cell in zip(table.numbers, cells_of(table, column), strict=True):
        if key_of(cell) not in missing and _within(cell, declared):
            findings.at(f"Item {item!r} is {key_of(cell)}, which the file declares as missing", number, column,
                        "Say in the mapping what it means (missing: ...).")
            yield item, None, mapping.blank, None
            continue
        by_label = mapping.codes == "labels" and key_of(cell) not in missing
        read = answer_in(labels.get(cell, cell) if by_label else cell, meanings)
        if isinstance(read, Unclear):
            findings.at(f"Item {item!r} {read.what}, but its response scale {options.id!r} allows "
                        f"{_allowed(options)}", number, column,
                        "Correct the entry, or say in the mapping what it means (missing: ..., labels: ...).")
            read = (None, mapping.blank)
        yield item, *read, None


def _texts(
    table: Table, mapping: AnswerMapping, item: str, column: str, findings: Findings
) -> Iterator[Answered]:
    """Read an item that asks for own words: whatever stands there, as text."""
    kinds = dict(mapping.missing)
    for number, cell in zip(table.numbers, cells_of(table, column), strict=True):
        if cell is None or key_of(cell) in kinds:
            yield item, None, kinds.get(key_of(cell), mapping.blank), None
        elif isinstance(cell, (str, int, float)) and not isinstance(cell, bool):
            yield item, None, None, cell if isinstance(cell, str) else key_of(cell)
        else:
            findings.at(f"Item {item!r} asks for own words and holds a date or a truth value", number, column,
                        "Make the column one of text in the spreadsheet.")
            yield item, None, mapping.blank, None


def _check_labels(
    labels: Mapping[Cell, str], meanings: Mapping[str, Meaning], column: str, item: str, findings: Findings
) -> None:
    for code, label in labels.items():
        said, meant = meanings.get(key_of(code)), meanings.get(key_of(label))
        if said and meant and said[0] == meant[0] == "value" and said != meant:
            findings.of(f"Column {column} labels {key_of(code)} as {label!r}, which is {meant[1]} for item {item!r}",
                        "Let the labels decide (codes: labels in the mapping), or correct the file.")


def _within(cell: Cell, ranges: Sequence[tuple[Any, Any]]) -> bool:
    if cell is None or isinstance(cell, bool) or not isinstance(cell, (int, float)) or math.isnan(cell):
        return False
    return any(low <= cell <= high for low, high in ranges if isinstance(low, (int, float)))


def _allowed(options: ResponseScale) -> str:
    labels = list(dict.fromkeys(label for words in options.labels if (label := words_in(words, "en"))))
    return f"{options_of(options)} ({', '.join(labels)})" if labels else options_of(options)


def _note_twice(
    who: tuple[str, ...], number: int, seen: dict[tuple[str, ...], int], mapping: AnswerMapping, findings: Findings
) -> None:
    wave, person, target, role = who
    if not person:
        return
    if who in seen:
        about = f" about {target!r}" if target != person else ""
        findings.at(f"Person {person!r} answers{about} as {role} in wave {wave!r} a second time "
                    f"(first in row {seen[who]})", number, mapping.person.column or "(row number)",
                    "Keep one of the two rows, or name the wave of each.")
    seen.setdefault(who, number)


def _frame(rows: list[dict[str, Any]], name: str) -> pd.DataFrame:
    import pandas as pd

    return RESPONSES.check(pd.DataFrame(rows, columns=list(RESPONSES.names), dtype=object), where=name,
                           error=ResponseError)


def _study_of(imported: Imported) -> str:
    return str(imported.responses_frame["study"].iloc[0])
