"""How the columns of somebody else's spreadsheet are to be understood: a small YAML file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from coachresearch.core.contracts import MissingKind
from coachresearch.core.errors import ResponseError
from coachresearch.core.located import Located, read_located, schema_faults
from coachresearch.instruments.instrument import Instrument
from coachresearch.responses.layouts import Layout

SCHEMAS: Mapping[str, Path] = {
    "answers": Path(__file__).with_name("answers.schema.json"),
    "scores": Path(__file__).with_name("scores.schema.json"),
}
"""JSON Schemas (draft 2020-12) of the two kinds of mapping file; editors complete and check with them."""

Attribute = Literal["level", "team", "arm", "treatment_start"]
Pairs = tuple[tuple[str, str], ...]

_GUESSES: Mapping[str, tuple[str, ...]] = {
    "person": ("person", "id", "participant", "participant_id", "respondent", "subject", "code", "pseudonym", "case"),
    "target": ("target", "leader", "ratee", "about"),
    "role": ("role", "rater", "rater_role", "relation", "relationship"),
    "wave": ("wave", "time", "occasion", "t", "measurement"),
    "language": ("language", "lang", "locale"),
    "answered_at": ("answered_at", "timestamp", "submitted", "submitdate", "date", "enddate", "recordeddate"),
    "arm": ("arm", "group", "condition"),
    "level": ("level", "grade"),
    "team": ("team", "department", "unit"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """Where a fact stands: in a column (whose entries may be renamed), or the same for every row."""

    column: str = ""
    constant: str = ""
    values: Pairs = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """The column that says when somebody answered, its format (empty: ISO 8601) and its time zone."""

    column: str
    time_zone: str
    format: str = ""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How the file is opened: sheet of an Excel file; encoding and separator of a CSV file; survey service."""

    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    layout: Layout | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class LongColumns:
    """Where every row is one answer: the column that names the item, and the column of the answer."""

    item: str
    value: str


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """Columns of the items in one wave: by their own names, by a pattern with ``{item}``, or one by one."""

    pattern: str = ""
    columns: Pairs = ()
    wave: str = ""


@dataclass(frozen=True, slots=True)
class AnswerMapping:
    """How a spreadsheet of answers is understood; read by `read_mapping`.

    Parameters
    ----------
    name : str
        File name of the mapping, for messages.
    file : FileOptions
    instrument, version, form : str
        What was answered; the version may be empty where only one is known.
    person : Given
        Who answered; neither column nor constant: every row is a person of their own, named after the row.
    target : Given
        Whom the answers are about; empty for self-ratings.
    role, wave, language : Given
    items : tuple of ItemColumns
        One, or one a wave where the waves stand side by side.
    not_asked : tuple of str
        Items of the form that were left out of the questionnaire.
    missing : tuple of (entry, kind)
        Entries that mean that there is no answer, and why.
    blank : MissingKind
        What an empty cell means.
    labels : tuple of (entry, code)
        Entries that stand for an answer, beside the labels of the instrument.
    codes : {"numbers", "labels"}
        Whether the numbers of an SPSS file are the instrument's codes, or only its value labels count.
    answered_at : Clock or None
    people : tuple of (attribute, column)
        Columns that describe the target: level, team, arm, treatment_start.
    ignore : tuple of str
        Columns left aside; ``others`` alone: every column not named.
    long : LongColumns or None
        Where every row is one answer.
    leave_out : tuple of (column, entries)
        Rows with one of these entries are no answers, such as previews; how many there were is told.
    """

    name: str
    file: FileOptions
    instrument: str
    version: str
    form: str
    person: Given
    target: Given
    role: Given
    wave: Given
    language: Given
    items: tuple[ItemColumns, ...]
    not_asked: tuple[str, ...]
    missing: tuple[tuple[str, MissingKind], ...]
    blank: MissingKind
    labels: tuple[tuple[str, int], ...]
    codes: Literal["numbers", "labels"]
    answered_at: Clock | None
    people: tuple[tuple[Attribute, str], ...]
    ignore: tuple[str, ...]
    long: LongColumns | None = None
    leave_out: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """A column of ready-made scores: of which scale, in which wave, and the lowest and highest possible score."""

    column: str
    scale: str
    wave: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreMapping:
    """How a spreadsheet of ready-made scores is understood; fields as in `AnswerMapping`."""

    name: str
    file: FileOptions
    person: Given
    target: Given
    role: Given
    scores: tuple[ScoreColumn, ...]
    missing: tuple[str, ...]
    people: tuple[tuple[Attribute, str], ...]
    ignore: tuple[str, ...]


def read_mapping(path: Path | str) -> AnswerMapping:
    """Read the mapping of a spreadsheet of answers from a YAML file.

    Raises
    ------
    ResponseError
        With every fault of the file, by line.
    """
    return _answers(read_located(Path(path), schema=_schema("answers"), error=ResponseError))


def mapping_from(data: Mapping[str, Any], name: str = "mapping") -> AnswerMapping:
    """Take the mapping of a spreadsheet of answers from plain data; the same checks as `read_mapping`."""
    return _answers(_checked(data, name, "answers"))


def read_score_mapping(path: Path | str) -> ScoreMapping:
    """Read the mapping of a spreadsheet of ready-made scores from a YAML file; errors as in `read_mapping`."""
    return _scores(read_located(Path(path), schema=_schema("scores"), error=ResponseError))


def score_mapping_from(data: Mapping[str, Any], name: str = "mapping") -> ScoreMapping:
    """Take the mapping of a spreadsheet of ready-made scores from plain data."""
    return _scores(_checked(data, name, "scores"))


def propose_mapping(columns: Iterable[str], instrument: Instrument, *, form: str = "", role: str = "") -> str:
    """Write a first mapping file for a spreadsheet, to be read and corrected by a person.

    Parameters
    ----------
    columns : iterable of str
        Headings of the spreadsheet.
    instrument : Instrument
        The questionnaire that was answered.
    form : str
        The form that was used; the first one if left out.
    role : str
        What the raters are to those they rate, where no column says so; the form's own guess if left out.

    Returns
    -------
    str
        YAML. Items are matched by name alone, never by order; what was not recognised stands under ``ignore`` and
        ``not_asked``, and a comment says so.
    """
    headings = list(columns)
    chosen = instrument.form(form) if form else instrument.forms[0]
    found = {item: column for item in chosen.items if (column := _column_of(item, headings)) is not None}
    rest = [heading for heading in headings if heading not in found.values()]
    facts = {fact: column for fact, names in _GUESSES.items()
             if (column := next((one for one in rest if _plain(one) in names), None)) is not None}
    role = role or ("self" if "self" in chosen.roles else chosen.roles[0])
    lines = ["# Proposed from the headings alone: check every line.",
             f"instrument: {_quoted(instrument.id)}", f"version: {_quoted(instrument.version)}",
             f"form: {_quoted(chosen.id)}",
             f"person: {{column: {_quoted(facts['person'])}}}" if "person" in facts else "person: row_number",
             *([f"target: {{column: {_quoted(facts['target'])}}}"] if "target" in facts else []),
             _fact("role", facts, role), _fact("wave", facts, "T1"), _fact("language", facts, instrument.languages[0]),
             "items:", *(f"  {item}: {_quoted(column)}" for item, column in found.items())]
    if not found:
        lines[-1] = "items: identical  # no heading resembles an item of this form: name the columns one by one"
    left = [item for item in chosen.items if item not in found]
    if left and found:
        lines += ["not_asked:  # no heading resembles these items", *(f"  - {_quoted(item)}" for item in left)]
    if "answered_at" in facts:
        lines.append(f"answered_at: {{column: {_quoted(facts['answered_at'])}, time_zone: UTC}}")
    people = {name: facts[name] for name in ("arm", "level", "team") if name in facts}
    if people:
        lines += ["people:", *(f"  {name}: {_quoted(column)}" for name, column in people.items())]
    others = [heading for heading in rest if heading not in facts.values()]
    if others:
        lines += ["ignore:  # not recognised", *(f"  - {_quoted(heading)}" for heading in others)]
    return "\n".join(lines) + "\n"


def _fact(name: str, facts: Mapping[str, str], constant: str) -> str:
    if name in facts:
        return f"{name}: {{column: {_quoted(facts[name])}}}"
    return f"{name}: {{constant: {_quoted(constant)}}}"


def _column_of(item: str, headings: list[str]) -> str | None:
    exact = [heading for heading in headings if heading == item]
    alike = exact or [heading for heading in headings if _plain(heading) == _plain(item)]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _schema(kind: Literal["answers", "scores"]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(SCHEMAS[kind].read_text(encoding="utf-8"))
    return schema


def _checked(data: Mapping[str, Any], name: str, kind: Literal["answers", "scores"]) -> Located:
    located = Located(name, json.loads(json.dumps(data)), {})
    found = schema_faults(located, _schema(kind))
    if found:
        raise ResponseError.of(found)
    return located


def _answers(located: Located) -> AnswerMapping:
    data = located.data
    clock = data.get("answered_at")
    return AnswerMapping(
        name=located.name, file=_file(data), instrument=data["instrument"], version=str(data.get("version", "")),
        form=data["form"], person=_given(data["person"]), target=_given(data.get("target")), role=_given(data["role"]),
        wave=_given(data.get("wave")), language=_given(data["language"]), items=_items(data),
        not_asked=tuple(data.get("not_asked", ())), missing=tuple(data.get("missing", {}).items()),
        blank=data.get("blank", "skipped"), labels=tuple(data.get("labels", {}).items()),
        codes=data.get("codes", "numbers"),
        answered_at=Clock(clock["column"], clock["time_zone"], clock.get("format", "")) if clock else None,
        people=tuple(data.get("people", {}).items()), ignore=_ignored(data),
        long=LongColumns(data["long"]["item"], data["long"]["value"]) if "long" in data else None,
        leave_out=tuple((column, tuple(map(str, entries))) for column, entries in data.get("leave_out", {}).items()),
    )


def _scores(located: Located) -> ScoreMapping:
    data = located.data
    scores = tuple(ScoreColumn(one["column"], one["scale"], str(one["wave"]), *one.get("range", (None, None)))
                   for one in data["scores"])
    return ScoreMapping(
        name=located.name, file=_file(data), person=_given(data["person"]), target=_given(data.get("target")),
        role=_given(data["role"]), scores=scores, missing=tuple(str(entry) for entry in data.get("missing", ())),
        people=tuple(data.get("people", {}).items()), ignore=_ignored(data),
    )


def _file(data: Mapping[str, Any]) -> FileOptions:
    sheet, encoding, delimiter = (str(data.get(name, "")) for name in ("sheet", "encoding", "delimiter"))
    return FileOptions(sheet, encoding, delimiter, data.get("layout", ""))


def _given(entry: Mapping[str, Any] | str | None) -> Given:
    if entry is None or isinstance(entry, str):
        return Given()
    values = tuple((str(seen), str(meant)) for seen, meant in entry.get("values", {}).items())
    return Given(entry.get("column", ""), str(entry.get("constant", "")), values)


def _items(data: Mapping[str, Any]) -> tuple[ItemColumns, ...]:
    if "items" in data:
        return (_item_columns(data["items"], ""),)
    return tuple(_item_columns(entry, wave) for wave, entry in data["items_by_wave"].items())


def _item_columns(entry: Mapping[str, str] | str, wave: str) -> ItemColumns:
    if isinstance(entry, str):
        return ItemColumns(pattern="{item}" if entry == "identical" else entry, wave=wave)
    return ItemColumns(columns=tuple(entry.items()), wave=wave)


def _ignored(data: Mapping[str, Any]) -> tuple[str, ...]:
    entry = data.get("ignore", ())
    return (entry,) if isinstance(entry, str) else tuple(entry)
