"""Wording that a user brings in a file of their own, under terms that they state."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import read_located
from coachresearch.instruments.instrument import WordingSource
from coachresearch.instruments.wording_sources.table import (
    Labels,
    Terms,
    WordedItem,
    Wording,
    WordingTarget,
    bounded_bytes,
    check_hash,
    check_terms,
    row,
    sha256_of,
    wording_of,
)

_MOST = 2_000_000
_COLUMNS = ("item", "text", "lang", "reverse", "subscale")
_YES, _NO = ("true", "1", "-1", "yes", "r", "x"), ("false", "0", "+1", "no", "")
_REMEDY = ("Columns are item, text and, if you like, lang, reverse, subscale; a template: "
           "coachresearch instruments template.")


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    rows: Sequence[Mapping[str, Any]]
    labels: Mapping[str, Any]
    terms: Mapping[str, Any]


def load_own_file(
    path: Path,
    target: WordingTarget,
    *,
    languages: Sequence[str] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
) -> Wording:
    """Read the wording of a scale from a CSV, JSON or YAML file.

    Parameters
    ----------
    path : Path
        ``.csv`` with the columns item, text and optionally lang, reverse, subscale; ``.json`` with a list of such
        objects, or ``items``, ``labels`` and ``terms``; ``.yaml``: a filled-in template.
    target : WordingTarget
    languages : sequence of str
        Which languages to take; rows without a language are in the first of these.
    terms : Terms, optional
        May stand in a JSON or YAML file instead.
    sha256 : str
        Hash of the file, if it is to be checked.

    Raises
    ------
    InstrumentError
        With every fault of the file; if the terms are not stated; if the licence wants a permission and none is named.
    """
    content = bounded_bytes(path, _MOST)
    digest = sha256_of(content)
    check_hash(digest, sha256, where=path.name, remedy="The file was changed: look at it, and state its own hash.")
    read = _READERS.get(path.suffix.lower(), _unknown)(content, path)
    stated = check_terms(target, terms or _terms(read.terms, path.name), where=path.name)
    if not languages:
        raise InstrumentError(f"No language of {path.name} was asked for", remedy="Name one: language='en'.")
    rows = list(_rows(read.rows, target, languages, path.name))
    source = WordingSource("file", path.name, "", digest, stated.licence, datetime.now(UTC), by=stated.by,
                           origin=stated.origin, agreement=stated.agreement)
    return wording_of(rows, target, source, labels=_labels(read.labels, languages, path.name),
                      first_language=languages[0])


def _rows(
    entries: Sequence[Mapping[str, Any]], target: WordingTarget, languages: Sequence[str], name: str
) -> Iterator[WordedItem]:
    faults: list[Fault] = []
    for number, entry in enumerate(entries, start=1):
        place = f"{name}, row {number}"
        item, text = str(entry.get("item", "") or "").strip(), entry.get("text")
        if not item or not isinstance(text, str):
            faults.append(Fault("The row has no item, or its text is not a text", place, _REMEDY))
            continue
        language = str(entry.get("lang") or languages[0])
        try:
            turned = _turned(entry.get("reverse"))
        except ValueError:
            faults.append(Fault(f"reverse is {entry.get('reverse')!r}", place,
                                "Write true or false, or leave it empty."))
            continue
        if language in languages:
            made = row(target, item, text, language)
            yield WordedItem(made.scale_id, made.item, made.text, language, made.reverse if turned is None else turned,
                             str(entry.get("subscale") or made.subscale))
    if faults:
        raise InstrumentError.of(faults)


def _turned(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word == "":
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(word)


def _labels(found: Mapping[str, Any], languages: Sequence[str], name: str) -> dict[str, Labels]:
    """Labels as ``{language: {value: label}}``, or ``{value: label}`` in the first language."""
    if found and not all(isinstance(one, Mapping) for one in found.values()):
        found = {languages[0]: found}
    kept: dict[str, Labels] = {}
    for language, options in found.items():
        filled = {value: label for value, label in options.items() if label not in (None, "")}
        if language not in languages or not filled:
            continue
        try:
            kept[language] = tuple((int(value), str(options[value] or "")) for value in options)
        except ValueError:
            raise InstrumentError(f"Labels of {language} stand at {', '.join(map(str, options))}", where=name,
                                  remedy="Write each label behind its value: {1: ..., 2: ...}.") from None
    return kept


def _terms(found: Mapping[str, Any], name: str) -> Terms | None:
    if not found:
        return None
    words = {key: str(found.get(key) or "") for key in ("by", "on", "origin", "licence", "agreement")}
    try:
        on = date.fromisoformat(words.pop("on"))
    except ValueError:
        raise InstrumentError("The terms do not say when they were confirmed", where=name,
                              remedy="Write on: and a date such as 2026-03-02.") from None
    return Terms(on=on, **words)


def _csv(content: bytes, path: Path) -> _Read:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = [str(name or "").strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InstrumentError(f"{path.name} is not a CSV file in UTF-8: {problem}", where=path.name,
                              remedy="Save it as CSV UTF-8.") from None
    unknown = [name for name in columns if name not in _COLUMNS]
    if "item" not in columns or "text" not in columns or unknown or len(set(columns)) != len(columns):
        raise InstrumentError(f"{path.name} has the columns {', '.join(columns) or 'none'}", where=path.name,
                              remedy=_REMEDY)
    wide = [number for number, line in enumerate(lines, start=1) if None in line]
    if wide:
        raise InstrumentError(f"{path.name} has more cells than columns in row {wide[0]}", where=path.name,
                              remedy="Put texts with commas between quotation marks.")
    return _Read(lines, {}, {})


def _json(content: bytes, path: Path) -> _Read:
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise InstrumentError(f"{path.name} is not JSON in UTF-8: {problem}", where=path.name,
                              remedy="Mend it at that place.") from None
    return _parts({"items": data} if isinstance(data, list) else data, path)


def _yaml(content: bytes, path: Path) -> _Read:
    return _parts(read_located(path, error=InstrumentError).data, path)


def _parts(data: Any, path: Path) -> _Read:
    entries = data.get("items") if isinstance(data, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
        raise InstrumentError(f"{path.name} holds no list of items", where=path.name, remedy=_REMEDY)
    parts = [data.get(name) or {} for name in ("labels", "terms")]
    if not all(isinstance(one, Mapping) for one in parts):
        raise InstrumentError(f"labels or terms of {path.name} are not named values", where=path.name,
                              remedy="Write them as in the template.")
    default = data.get("language")
    rows = [{"lang": default, **one} for one in entries]
    return _Read(rows, parts[0], parts[1])


def _unknown(content: bytes, path: Path) -> _Read:
    raise InstrumentError(f"{path.name} is not a .csv, .json or .yaml file", where=path.name, remedy=_REMEDY)


_READERS = {".csv": _csv, ".json": _json, ".yaml": _yaml, ".yml": _yaml}
