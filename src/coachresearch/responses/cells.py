"""What one cell of somebody else's spreadsheet means: an answer, no answer, a name, a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from coachresearch.core.contracts import MissingKind
from coachresearch.instruments.instrument import ResponseScale
from coachresearch.responses.table import Cell

_LONGEST_SHOWN = 24

Meaning = tuple[Literal["value"], int] | tuple[Literal["missing"], MissingKind] | tuple[Literal["doubt"], str]


@dataclass(frozen=True, slots=True)
class Unclear:
    """A cell that could not be understood: what it is, in words for a message."""

    what: str


def key_of(cell: Cell) -> str:
    """Return the form in which cells are compared: whole numbers as digits, text folded and trimmed, empty as ''."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).casefold()
    if isinstance(cell, (int, float)):
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if not isinstance(cell, str):
        return cell.isoformat()
    text = " ".join(unicodedata.normalize("NFC", cell).split())
    try:
        number = float(text)
    except ValueError:
        return text.casefold()
    return str(int(number)) if number.is_integer() else text.casefold()


def meanings_of(
    options: ResponseScale,
    *,
    missing: tuple[tuple[str, MissingKind], ...] = (),
    labels: tuple[tuple[str, int], ...] = (),
    blank: MissingKind = "skipped",
) -> dict[str, Meaning]:
    """Lay out what every entry of an item's column can mean.

    Parameters
    ----------
    options : ResponseScale
        Its codes, its labels in every language, and its codes outside the scale.
    missing, labels, blank
        What the mapping adds; it goes before the instrument. A label that stands for several codes means none of them.
    """
    found: dict[str, Meaning] = {}
    for code, words in zip(options.values, options.labels, strict=False):
        for _, label in words:
            entry = key_of(label)
            before = found.get(entry, ("value", code))
            found[entry] = before if before == ("value", code) else ("doubt", "a label of several options")
    for code, kind, words in options.missing:
        for entry in (key_of(code), *(key_of(label) for _, label in words)):
            found[entry] = ("missing", kind)
    found.update({key_of(value): ("value", value) for value in options.values})
    found.update({key_of(entry): ("value", code) for entry, code in labels})
    found.update({key_of(entry): ("missing", kind) for entry, kind in missing})
    found[""] = ("missing", blank)
    return found


def answer_in(cell: Cell, meanings: Mapping[str, Meaning]) -> tuple[int | None, MissingKind | None] | Unclear:
    """Read an answer: its code, or the kind of missing, or why it cannot be understood."""
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float, type(None))):
        return Unclear(f"is {_shown(cell)}, which is no answer")
    meaning = meanings.get(key_of(cell))
    if meaning is None:
        number = _number(cell)
        if number is not None:
            return Unclear(f"was answered {number:g}")
        return Unclear(f"holds {_shown(cell)}, which is neither a code nor a label")
    if meaning[0] == "doubt":
        return Unclear(f"holds {_shown(cell)}, {meaning[1]}")
    if meaning[0] == "value":
        return meaning[1], None
    return None, meaning[1]


def name_in(cell: Cell) -> str | Unclear:
    """Read an identifier: trimmed, in Unicode normal form C; a mail address is refused, for people go by pseudonyms."""
    if cell is None:
        return Unclear("is empty")
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        return Unclear(f"is {_shown(cell)}, which is no name")
    text = unicodedata.normalize("NFC", cell).strip() if isinstance(cell, str) else key_of(cell)
    if not text:
        return Unclear("is empty")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return Unclear("holds a control character")
    if "@" in text:
        return Unclear("holds a mail address")
    return text


def score_in(cell: Cell) -> float | Unclear | None:
    """Read a number with a decimal point; empty is None."""
    if cell is None:
        return None
    number = _number(cell)
    if number is None:
        hint = " (write decimals with a point)" if isinstance(cell, str) and _number(cell.replace(",", ".")) else ""
        return Unclear(f"is {_shown(cell)}, which is not a number{hint}")
    return number


def time_in(cell: Cell, time_zone: ZoneInfo, form: str) -> datetime | Unclear | None:
    """Read a date and time and turn it to UTC; empty is None."""
    if cell is None:
        return None
    if isinstance(cell, str):
        try:
            found = datetime.strptime(cell.strip(), form) if form else datetime.fromisoformat(cell.strip())
        except ValueError:
            return Unclear(f"is {_shown(cell)}, which is not {form or 'a date such as 2026-03-31 14:02'}")
    elif isinstance(cell, datetime):
        found = cell
    else:
        return Unclear(f"is {_shown(cell)}, which is no date and time")
    return (found if found.tzinfo else found.replace(tzinfo=time_zone)).astimezone(UTC)


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        return None
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _shown(cell: Cell) -> str:
    """Show an entry, but never a text that somebody may have written freely."""
    if isinstance(cell, str):
        return repr(cell) if len(cell) <= _LONGEST_SHOWN else f"a text of {len(cell)} characters"
    return repr(cell) if isinstance(cell, (bool, int, float)) else f"the date {cell}"
