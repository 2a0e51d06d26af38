"""A first mapping for the export of a survey service: questions are known by their wording, people by the service's id.

Nothing is read from order or position. What is not recognised is listed, never dropped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from coachresearch.instruments.instrument import Form, Instrument
from coachresearch.responses.cells import key_of
from coachresearch.responses.facts import cells_of
from coachresearch.responses.layouts import OWN_COLUMNS, PERSONAL, Layout
from coachresearch.responses.mapping import propose_mapping
from coachresearch.responses.table import Table

_PEOPLE: Mapping[Layout, tuple[str, ...]] = {
    "qualtrics": ("externalreference", "externaldatareference", "responseid"),
    "limesurvey": ("token", "access code", "id", "response id"),
    "surveymonkey": ("custom data 1", "respondent id", "respondentid"),
    "google_forms": (),
    "microsoft_forms": ("id",),
}
_CLOCKS: Mapping[Layout, tuple[str, ...]] = {
    "qualtrics": ("recordeddate", "enddate"),
    "limesurvey": ("submitdate", "date submitted"),
    "surveymonkey": ("end date", "enddate", "date modified"),
    "google_forms": OWN_COLUMNS["google_forms"][:7],
    "microsoft_forms": ("completion time", "fertigstellungszeit", "hora de finalización", "heure de fin"),
}
_LANGUAGES = ("userlanguage", "startlanguage", "start language")
_FORMATS = ("", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
            "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %I:%M:%S %p", "%m/%d/%y %H:%M:%S")
_PREVIEWS = ("Survey Preview", "Survey Test", "Spam", "1", "2", "8")


def propose(table: Table, instrument: Instrument, *, form: str = "", role: str = "self") -> str:
    """Write a first mapping file for a spreadsheet, to be read and corrected by a person.

    Parameters
    ----------
    table : Table
        Read with ``layout=None``, so that a survey service is recognised.
    instrument : Instrument
        The questionnaire that was answered.
    form, role : str
        What was used; the first form if left out.

    Returns
    -------
    str
        YAML. Names, addresses and places that a service adds are put under ``ignore``.
    """
    if table.layout is None:
        return propose_mapping(table.columns, instrument, form=form, role=role)
    chosen = instrument.form(form) if form else instrument.forms[0]
    layout = table.layout
    own = {column.casefold(): column for column in table.columns if column.casefold() in OWN_COLUMNS[layout]}
    others = [column for column in table.columns if column not in own.values()]
    items = _items(table, others, instrument, chosen)
    person = next((own[name] for name in _PEOPLE[layout] if name in own and _filled(table, own[name])), "")
    language = next((own[name] for name in _LANGUAGES if name in own), "")
    clock = _clock(table, [own[name] for name in _CLOCKS[layout] if name in own])
    spoken = _codes(table, items.values(), instrument, items)
    lines = [f"# Proposed for an export of {layout}: check every line.", f"layout: {layout}",
             f"instrument: {_quoted(instrument.id)}", f"version: {_quoted(instrument.version)}",
             f"form: {_quoted(chosen.id)}",
             f"person: {{column: {_quoted(person)}}}" if person else "person: row_number",
             f"role: {{constant: {_quoted(role)}}}"
             + ("" if role == "self" else "  # name the target too: target: {column: ...}"),
             'wave: {constant: "T1"}', *_language_lines(table, language, instrument), "items:",
             *(f"  {item}: {_quoted(column)}" for item, column in items.items())]
    if not items:
        lines[-1] = "items: identical  # no question resembles an item of this form: name the columns one by one"
    missing = [item for item in chosen.items if item not in items]
    if missing and items:
        lines += ["not_asked:  # no question resembles these items", *(f"  - {_quoted(item)}" for item in missing)]
    if spoken:
        lines += ["labels:  # codes of the service's own", *(f"  {_quoted(key)}: {value}"
                                                             for key, value in spoken.items())]
    if clock:
        lines.append(clock)
    previews = _previews(table, own.get("status", "")) if layout == "qualtrics" else []
    if previews:
        lines += ["leave_out:  # previews and tests", f"  {own['status']}: {_listed(previews)}"]
    lines += _ignored(table, {*items.values(), person, language, *_clock_column(clock, table)}, own, previews)
    return "\n".join(lines) + "\n"


def _items(table: Table, columns: Sequence[str], instrument: Instrument, form: Form) -> dict[str, str]:
    """Match columns to items by id, by a code within the heading, or by the wording, where that leaves no doubt."""
    worded: dict[str, set[str]] = {}
    for item_id in form.items:
        for _, words in instrument.item(item_id).text:
            for _, text in words:
                worded.setdefault(_folded(text), set()).add(item_id)
    found: dict[str, list[str]] = {}
    for column in columns:
        asked = table.questions.get(column, column)
        said = {_folded(text) for text in (asked, column, asked.rsplit(" - ", 1)[-1])}
        matches = {item for text in said for item in worded.get(text, ())}
        names = {_plain(column), *(_plain(part) for part in re.findall(r"\[([^\[\]]+)\]", column)),
                 _plain(column.split(".")[0])}
        matches = {item for item in form.items if _plain(item) in names} or matches
        if len(matches) == 1:
            found.setdefault(matches.pop(), []).append(column)
    return {item: found[item][0] for item in form.items if len(found.get(item, ())) == 1}


def _codes(
    table: Table, columns: Iterable[str], instrument: Instrument, items: Mapping[str, str]
) -> dict[str, int]:
    """Understand LimeSurvey's codes ``A1``, ``AO02`` as the values in order, if nothing else stands there."""
    if table.layout != "limesurvey":
        return {}
    seen = {str(cell) for column in columns for cell in cells_of(table, column) if cell is not None}
    coded = {entry for entry in seen if re.fullmatch(r"AO?0*\d+", entry)}
    values = {instrument.response_scale(item).values for item in items}
    if not coded or coded != seen or len(values) != 1:
        return {}
    order = dict(enumerate(sorted(values.pop()), start=1))
    numbered = {entry: int(re.sub(r"\D", "", entry)) for entry in sorted(coded)}
    if not set(numbered.values()) <= set(order):
        return {}
    return {key_of(entry): order[number] for entry, number in numbered.items()}


def _clock(table: Table, columns: Sequence[str]) -> str:
    for column in columns:
        cells = [cell for cell in cells_of(table, column) if cell is not None]
        for form in _FORMATS if cells else ():
            if all(isinstance(cell, datetime) or _fits(str(cell).strip(), form) for cell in cells):
                said = f", format: {_quoted(form)}" if form else ""
                return (f"answered_at: {{column: {_quoted(column)}, time_zone: UTC{said}}}"
                        "  # name the zone of the service's account")
    return ""


def _clock_column(line: str, table: Table) -> list[str]:
    return [column for column in table.columns if line and f"{{column: {_quoted(column)}," in line]


def _fits(text: str, form: str) -> bool:
    try:
        if form:
            datetime.strptime(text, form)
        else:
            datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _language_lines(table: Table, column: str, instrument: Instrument) -> list[str]:
    if not column or not _filled(table, column):
        return [f"language: {{constant: {_quoted(instrument.languages[0])}}}"]
    seen = sorted({str(cell) for cell in cells_of(table, column) if cell is not None})
    renamed = ", ".join(f"{_quoted(entry)}: {_quoted(entry.casefold().split('-')[0].split('_')[0])}" for entry in seen
                        if entry not in instrument.languages)
    return [f"language: {{column: {_quoted(column)}" + (f", values: {{{renamed}}}" if renamed else "") + "}"]


def _previews(table: Table, column: str) -> list[str]:
    if not column:
        return []
    seen = {str(cell) for cell in cells_of(table, column) if cell is not None}
    return [entry for entry in _PREVIEWS if entry in seen]


def _ignored(table: Table, used: set[str], own: Mapping[str, str], previews: Sequence[str]) -> list[str]:
    left = [column for column in table.columns if column not in used
            and not (previews and column == own.get("status"))]
    if not left:
        return []
    personal = [column for column in left if column.casefold() in PERSONAL]
    added = [column for column in left if column in own.values() and column not in personal]
    unknown = [column for column in left if column not in own.values()]
    groups = ((personal, "says who somebody is"), (added, "added by the service"), (unknown, "not recognised"))
    return ["ignore:", *(f"  - {_quoted(column)}  # {why}" for columns, why in groups for column in columns)]


def _filled(table: Table, column: str) -> bool:
    return all(cell is not None for cell in cells_of(table, column))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", re.sub(r"<[^>]{0,200}>", " ", text)).casefold()
    return " ".join(re.sub(r"[^\w\s]", " ", plain).split())


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _listed(entries: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, entries))}]"
