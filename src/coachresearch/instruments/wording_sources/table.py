"""The one table that every loader of wording returns, and the checks that it passes first."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.instruments.instrument import WordingSource

if TYPE_CHECKING:
    import pandas as pd

LONGEST_TEXT = 1000
"""Most characters of one item."""
_FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}",
            "\N{FULLWIDTH COMMERCIAL AT}")
_NEEDS_PERMISSION = ("permission", "commercial")

Labels = tuple[tuple[int, str], ...]
"""Option values with their labels, in the order shown."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a user states who brings wording of others.

    Parameters
    ----------
    by : str
        Who takes responsibility.
    on : date
        When.
    origin : str
        Where the wording was taken from: article and page, form, address.
    licence : str
        Terms under which it is used.
    agreement : str
        Number, date or letter of the permission; needed where the owner must be asked or paid.
    """

    by: str
    on: date
    origin: str
    licence: str
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class WordingTarget:
    """What a loader must know of the scale whose wording it reads.

    Parameters
    ----------
    scale_id : str
    items : tuple of str
        Every item as files name it: its number, or its id.
    reverse : frozenset of str or None
        Items that are turned; None where the key is not known.
    subscales : mapping of str to str
        Item to dimension; empty where the key is not known.
    values : tuple of int
        Option values in the order shown; empty where they are not known.
    licence : str
        Class of terms of the wording.
    """

    scale_id: str
    items: tuple[str, ...]
    reverse: frozenset[str] | None
    subscales: Mapping[str, str]
    values: tuple[int, ...]
    licence: str


@dataclass(frozen=True, slots=True)
class WordedItem:
    """One row of the table; the text does not show when the row is printed."""

    scale_id: str
    item: str
    text: str = field(repr=False)
    lang: str
    reverse: bool | None
    subscale: str


@dataclass(frozen=True, slots=True, repr=False)
class Wording:
    """A loaded wording.

    Parameters
    ----------
    scale_id : str
    rows : tuple of WordedItem
        By language, then in the order of the items.
    source : WordingSource
    labels : tuple of (str, Labels)
        Labels of the options by language, where the file has them.
    cautions : tuple of Caution
        ``duplicate_texts``, ``translation_untested``.
    """

    scale_id: str
    rows: tuple[WordedItem, ...]
    source: WordingSource
    labels: tuple[tuple[str, Labels], ...] = ()
    cautions: tuple[Caution, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the table, sorted."""
        return tuple(sorted({row.lang for row in self.rows}))

    def texts(self, item: str) -> tuple[tuple[str, str], ...]:
        """Return the text of one item in each language."""
        return tuple(sorted((row.lang, row.text) for row in self.rows if row.item == item))

    @property
    def frame(self) -> pd.DataFrame:
        """A fresh table: scale_id, item, text, lang, reverse, subscale."""
        import pandas as pd

        columns = ["scale_id", "item", "text", "lang", "reverse", "subscale"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in self.rows], columns=columns)

    def __repr__(self) -> str:
        return f"Wording({self.scale_id}, {len(self.rows)} rows, {', '.join(self.languages)})"


def wording_of(
    rows: Sequence[WordedItem],
    target: WordingTarget,
    source: WordingSource,
    *,
    labels: Mapping[str, Labels] | None = None,
    first_language: str = "en",
) -> Wording:
    """Check rows against the scale and put them in order.

    Raises
    ------
    InstrumentError
        With everything that does not fit: items missing, doubled or unknown, a key that differs, texts that are empty,
        too long or a formula, labels that do not fit the options.
    """
    place = source.file
    faults = [*_text_faults(rows, place), *_item_faults(rows, target, place), *_key_faults(rows, target, place)]
    for language, found in sorted((labels or {}).items()):
        faults += _label_faults(found, target, f"{place}, {language}")
    if faults:
        raise InstrumentError.of(faults)
    order = {name: position for position, name in enumerate(target.items)}
    ordered = tuple(sorted(rows, key=lambda row: (row.lang, order[row.item])))
    return Wording(target.scale_id, ordered, source, tuple(sorted((labels or {}).items())),
                   tuple(_cautions(ordered, target.scale_id, first_language)))


def row(target: WordingTarget, item: str, text: str, lang: str) -> WordedItem:
    """Build a row; its key comes from the scale."""
    reverse = None if target.reverse is None else item in target.reverse
    return WordedItem(target.scale_id, item, " ".join(text.split()), lang, reverse, target.subscales.get(item, ""))


def check_terms(target: WordingTarget, terms: Terms | None, *, where: str) -> Terms:
    """Refuse wording of others that nobody answers for, or that its licence forbids without a permission.

    Raises
    ------
    InstrumentError
        Saying what must be stated.
    """
    if terms is None:
        raise InstrumentError(f"Nobody has said under which terms the wording of {target.scale_id!r} is used",
                              where=where,
                              remedy="Say who takes responsibility (by), where the wording was taken from (origin) and "
                                     "under which terms (licence).")
    empty = [name for name in ("by", "origin", "licence") if not str(getattr(terms, name)).strip()]
    if empty:
        raise InstrumentError(f"The terms of the wording of {target.scale_id!r} lack {', '.join(empty)}", where=where,
                              remedy="Fill them in: they are kept with every answer and every score.")
    if target.licence in _NEEDS_PERMISSION and not terms.agreement.strip():
        asked = "paid for" if target.licence == "commercial" else "asked for"
        raise InstrumentError(
            f"The licence of {target.scale_id!r} is {target.licence!r}: its wording must be {asked} first", where=where,
            remedy="State number, date or letter of the permission as agreement; without one, it is not loaded.")
    return terms


def bounded_bytes(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes.

    Raises
    ------
    InstrumentError
        If it is larger or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as problem:
        raise InstrumentError(f"{path.name} cannot be read: {problem.strerror}", where=path.name,
                              remedy="Check the path and its permissions.") from None
    if len(content) > most:
        raise InstrumentError(f"{path.name} is larger than {most:,} bytes", where=path.name,
                              remedy="No wording is that long; check that it is the right file.")
    return content


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 (hex) of the bytes."""
    return hashlib.sha256(content).hexdigest()


def check_hash(found: str, wanted: str, *, where: str, remedy: str) -> None:
    """Refuse a file whose hash is not the one expected; an empty expectation passes.

    Raises
    ------
    InstrumentError
        Naming both hashes.
    """
    if wanted and found != wanted.lower():
        raise InstrumentError(f"{where} has the SHA-256 {found}, not {wanted.lower()}", where=where, remedy=remedy)


def _text_faults(rows: Iterable[WordedItem], place: str) -> Iterator[Fault]:
    for one in rows:
        spot = f"{place}, item {one.item}, {one.lang}"
        if not one.text.strip():
            yield Fault("The item has no text", spot, "Fill it in, or remove the row.")
        elif len(one.text) > LONGEST_TEXT:
            yield Fault(f"The item has {len(one.text):,} characters", spot, f"An item has at most {LONGEST_TEXT:,}.")
        elif one.text.startswith(_FORMULA):
            yield Fault(f"The text begins with {one.text[0]!r}, which a spreadsheet would run as a formula", spot,
                        "Remove that sign; formulas are not read.")
        elif any(ord(letter) < 32 for letter in one.text):
            yield Fault("The text holds control characters", spot, "Save the file as plain UTF-8 text.")


def _item_faults(rows: Sequence[WordedItem], target: WordingTarget, place: str) -> Iterator[Fault]:
    known = set(target.items)
    for language in sorted({one.lang for one in rows}) or ["en"]:
        listed = Counter(one.item for one in rows if one.lang == language)
        spot = f"{place}, {language}"
        wrong = {
            "does not know": sorted(set(listed) - known),
            "lacks": sorted(known - set(listed), key=_natural),
            "has twice": sorted((name for name, count in listed.items() if count > 1), key=_natural),
        }
        for what, names in wrong.items():
            if names:
                subject = f"{target.scale_id} {what}" if what == "does not know" else f"The wording {what}"
                yield Fault(f"{subject} {len(names)} of {len(known)} items: {_some(names)}", spot,
                            f"Items are {_some(target.items)}; each stands once in each language.")


def _key_faults(rows: Sequence[WordedItem], target: WordingTarget, place: str) -> Iterator[Fault]:
    for one in rows:
        spot = f"{place}, item {one.item}, {one.lang}"
        if target.reverse is not None and one.reverse is not None and one.reverse != (one.item in target.reverse):
            side = "reversed" if one.reverse else "not reversed"
            yield Fault(f"The file says that item {one.item} is {side}, the key says otherwise", spot,
                        "Check that the items stand in the order that the key names.")
        known = target.subscales.get(one.item, "")
        if known and one.subscale and one.subscale.lower() != known.lower():
            yield Fault(f"The file puts item {one.item} into {one.subscale!r}, the key into {known!r}", spot,
                        "Check that the items stand in the order that the key names.")


def _label_faults(labels: Labels, target: WordingTarget, spot: str) -> Iterator[Fault]:
    values = tuple(value for value, _ in labels)
    if target.values and values != target.values:
        yield Fault(f"The labels are for the values {_some(values)}, the options are {_some(target.values)}", spot,
                    "Give one label to each option, in the order shown.")
    if any(not label.strip() for _, label in labels):
        yield Fault("A label is empty", spot, "Write every label, or none.")


def _cautions(rows: Sequence[WordedItem], scale_id: str, first_language: str) -> Iterator[Caution]:
    for language in sorted({one.lang for one in rows}):
        by_text: dict[str, list[str]] = {}
        for one in rows:
            if one.lang == language:
                by_text.setdefault(one.text.casefold(), []).append(one.item)
        for items in by_text.values():
            if len(items) > 1:
                yield caution("duplicate_texts", scale=scale_id, language=language, items=", ".join(items))
        if language != first_language:
            yield caution("translation_untested", scale=scale_id, language=language)


def _some(names: Sequence[object]) -> str:
    shown = list(map(str, names))
    return ", ".join(shown) if len(shown) <= 12 else f"{', '.join(shown[:9])} ... {shown[-1]}"


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (0, name)
