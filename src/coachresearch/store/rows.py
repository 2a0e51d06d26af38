"""Rows at the door of the store: checked against their contract, text in one normal form."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import Fault, StoreError
from coachresearch.core.frames import Column, Contract

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_LARGEST_INTEGER = 2**31 - 1
_SURROGATES = re.compile("[\ud800-\udfff]")
_CLOCKS = ("answered_at", "seconds")
_OCCASION = ("study", "wave", "person", "target", "role", "instrument", "version", "form")
_RESPONSE_COLUMNS = {column.name: column for column in RESPONSES.columns}
_ANSWER_NAMES = tuple(name for name in RESPONSES.names if name not in _OCCASION)

_NO_ANSWER: dict[str, Any] = dict.fromkeys((*_ANSWER_NAMES, "flags"))
_SAID = itemgetter(*(name for name in (*_ANSWER_NAMES, "flags") if name not in _CLOCKS))
ANSWERED: tuple[str, ...] = _ANSWER_NAMES
"""Columns of one answer, without its occasion."""


def clean_rows(rows: Iterable[Mapping[str, object]], contract: Contract) -> list[Row]:
    """Check rows against a contract and bring their text into normal form.

    Text is kept in Unicode normal form C. A NUL character is stripped and half a surrogate pair replaced by U+FFFD
    in free text, and the row is flagged (column ``flags``: ``nul``, ``surrogate``); in an identifier both are refused.

    Parameters
    ----------
    rows : iterable of mappings
        Column name to value; absent optional columns are empty. Times carry a time zone.
    contract : Contract
        Column names, kinds, required and allowed values.

    Raises
    ------
    StoreError
        With every fault found, by row (counted from 1) and column.
    """
    faults: list[Fault] = []
    cleaned: list[Row] = []
    for number, row in enumerate(rows, start=1):
        unknown = sorted(set(row) - set(contract.names))
        if unknown:
            faults.append(Fault(f"Unknown column {', '.join(map(repr, unknown))}", f"row {number}",
                                f"Known columns are {', '.join(contract.names)}."))
        flags: set[str] = set()
        ready = {column.name: _clean(column, row.get(column.name), f"row {number}, column {column.name}", flags, faults)
                 for column in contract.columns}
        cleaned.append({**ready, "flags": " ".join(sorted(flags)) or None})
    if faults:
        raise StoreError.of(faults)
    if not cleaned:
        raise StoreError("There are no rows to keep", remedy="Hand over at least one row.")
    return cleaned


def clean_answers(rows: Iterable[Mapping[str, object]]) -> tuple[list[Row], dict[str, str]]:
    """Check what one person answered in one form, item by item; the occasion stands in their link.

    Parameters
    ----------
    rows : iterable of mappings
        Columns of the responses contract. Those of the occasion (study, wave, person ... form) may be left out.

    Returns
    -------
    list of rows
        Columns `ANSWERED` and ``flags``.
    dict
        What the rows said about the occasion, for comparison with the link.

    Raises
    ------
    StoreError
        With every fault found; an item that stands twice is one, and rows of different occasions.
    """
    faults: list[Fault] = []
    cleaned: list[Row] = []
    said: dict[str, str] = {}
    plain: set[tuple[str, object]] = set()  # of one form, most answers are of a few kinds
    for number, row in enumerate(rows, start=1):
        ready: Row = _NO_ANSWER.copy()
        for name, value in row.items():
            if value is None:
                if name not in _RESPONSE_COLUMNS:
                    _note_unknown(name, number, faults)
            elif (type(value) is int or type(value) is str) and (name, value) in plain:
                ready[name] = value
            elif name in _OCCASION:
                if said.setdefault(name, str(value)) != value:
                    faults.append(Fault(f"The rows name two values of {name!r}", f"row {number}",
                                        "Send each occasion by itself."))
            elif (column := _RESPONSE_COLUMNS.get(name)) is None:
                _note_unknown(name, number, faults)
            elif _is_plain(column, value):
                ready[name] = value
                plain.add((name, value))
            else:
                flags: set[str] = set()
                ready[name] = _clean(column, value, f"row {number}, column {name}", flags, faults)
                if flags:
                    ready["flags"] = " ".join(sorted(flags))
        cleaned.append(ready)
    _check_items(cleaned, faults)
    if faults:
        raise StoreError.of(faults)
    return cleaned, said


def _note_unknown(name: str, number: int, faults: list[Fault]) -> None:
    faults.append(Fault(f"Unknown column {name!r}", f"row {number}",
                        f"Known columns are {', '.join(RESPONSES.names)}."))


def _check_items(cleaned: list[Row], faults: list[Fault]) -> None:
    if len({row["item"] for row in cleaned}) == len(cleaned) and all(row["item"] is not None for row in cleaned):
        return
    seen: set[str] = set()
    for number, row in enumerate(cleaned, start=1):
        item = row["item"]
        if item is None:
            faults.append(Fault("'item' is empty", f"row {number}", "Name the item."))
        elif item in seen:
            faults.append(Fault(f"Item {item!r} is answered twice", f"row {number}", "Send one row an item."))
        seen.add(str(item))


def _is_plain(column: Column, value: object) -> bool:
    """Whether a value needs no second look: most are small whole numbers and short words of plain letters."""
    if type(value) is int:
        return column.kind == "integer" and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
    return (type(value) is str and column.kind == "text" and value.isascii() and value.isprintable()
            and not value.isspace() and value != "" and (not column.allowed or value in column.allowed))


def digest_of_answers(rows: Iterable[Row]) -> str:
    """Return a SHA-256 over what was answered in one form, without the clocks; rows as `clean_answers` makes them."""
    return hashlib.sha256(json.dumps(list(map(_SAID, rows))).encode("ascii")).hexdigest()


def digest_of(rows: Iterable[Row]) -> str:
    """Return a SHA-256 over what was answered; the clocks (when, how fast) are left out, so that a replay is known."""
    body = [{name: value for name, value in row.items() if name not in _CLOCKS} for row in rows]
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True).encode("ascii")).hexdigest()


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Turn a frame into rows of plain Python values; every kind of empty cell becomes None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(plain.columns, values, strict=True)) for values in plain.itertuples(index=False, name=None)]


def _clean(column: Column, value: Any, place: str, flags: set[str], faults: list[Fault]) -> Any:
    if value is None or value == "":
        if column.required:
            faults.append(Fault(f"{column.name!r} is empty", place, "Fill it in."))
        return None
    problem, ready = _CLEANERS[column.kind](column, value, flags)
    if problem:
        faults.append(Fault(f"{column.name!r} {problem}", place, "Correct the value."))
        return None
    return ready


def _clean_text(column: Column, value: Any, flags: set[str]) -> tuple[str, str | None]:
    if not isinstance(value, str):
        return f"is {value!r}, which is not text", None
    if value.isascii() and "\x00" not in value:
        ready = value
    else:
        problem, ready = _mended(column, value, flags)
        if problem:
            return problem, None
    if column.allowed and ready not in column.allowed:
        return f"is {ready!r}, which is not one of {', '.join(column.allowed)}", None
    if column.required and not ready.strip():
        return "is blank", None
    return "", ready or None


def _mended(column: Column, value: str, flags: set[str]) -> tuple[str, str]:
    broken = {"nul"} if "\x00" in value else set()
    if _SURROGATES.search(value):
        broken.add("surrogate")
    if broken and column.name != "text":
        return f"holds a character that no identifier may hold ({', '.join(sorted(broken))})", ""
    flags |= broken
    return "", unicodedata.normalize("NFC", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value.replace("\x00", "")))


def _clean_integer(_column: Column, value: Any, _flags: set[str]) -> tuple[str, int | None]:
    whole = not isinstance(value, (bool, str)) and _is_number(value) and float(value).is_integer()
    if not whole:
        return f"is {value!r}, which is not a whole number", None
    if abs(int(value)) > _LARGEST_INTEGER:
        return f"is {value!r}, which is beyond {_LARGEST_INTEGER}", None
    return "", int(value)


def _clean_number(_column: Column, value: Any, _flags: set[str]) -> tuple[str, float | None]:
    if isinstance(value, (bool, str)) or not _is_number(value):
        return f"is {value!r}, which is not a finite number", None
    return "", float(value)


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _clean_time(_column: Column, value: Any, _flags: set[str]) -> tuple[str, datetime | None]:
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if not isinstance(value, datetime):
        return f"is {value!r}, which is not a date and time", None
    if value.tzinfo is None:
        return f"is {value.isoformat()}, which has no time zone", None
    return "", value.astimezone(UTC)


_CLEANERS: Mapping[str, Any] = {
    "text": _clean_text, "integer": _clean_integer, "number": _clean_number, "time": _clean_time,
}
