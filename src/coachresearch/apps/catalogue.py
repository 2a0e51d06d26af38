"""The library on the command line: a line, a card, a check."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from coachresearch.apps.published import COLUMNS, card_text, head_row, heads, whole_row
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.instrument import Instrument, text_for, words_in
from coachresearch.instruments.library import Library, claim_level, claim_sentences, library
from coachresearch.instruments.reader import read_instrument
from coachresearch.instruments.writing import lint_wording


def open_library(folder: Path | None = None) -> Library:
    """Open the shipped instruments, and beside them those of a folder."""
    return library(None, folder) if folder is not None else library()


def instrument_lines(*, family: str = "", folder: Path | None = None) -> list[str]:
    """Return one line per instrument: id, items, minutes, status and level, licence, title."""
    chosen = [one for one in open_library(folder).values() if family in ("", one.family)]
    if not chosen:
        families = sorted({one.family for one in open_library(folder).values()})
        raise InstrumentError(f"No instrument of the family {family!r}", remedy=f"There are: {', '.join(families)}.")
    return _aligned([_OUR_COLUMNS, *map(_our_row, chosen)])


def library_lines(
    *, which: Literal["all", "ours", "published"] = "all", family: str = "", licence: str = "", words: str = "",
    folder: Path | None = None,
) -> list[str]:
    """List our own instruments, and apart from them what others published.

    Parameters
    ----------
    which : {"all", "ours", "published"}
        Which of the two lists.
    family, licence : str
        Only these.
    words : str
        Each word must occur in id or name of a published scale, or in the text of an instrument of our own.
    folder : Path, optional
        Folder of instruments read beside the shipped ones.

    Raises
    ------
    InstrumentError
        If nothing is left.
    """
    found = [one for one in open_library(folder).search(words) if family in ("", one.family)
             and licence in ("", one.licence.id)]
    ours = [_our_row(one) for one in found if one.status == "draft"] if which != "published" else []
    theirs = [whole_row(one) for one in found if one.status == "published"] if which != "ours" else []
    if which != "ours":
        theirs += [head_row(head) for head in heads(family=family, licence=licence, words=words)]
    if not ours and not theirs:
        raise InstrumentError("Nothing in the library is as asked for",
                              remedy="Families: competency, character, manager_quality, coaching_process, "
                                     "organisation. Leave out a filter: coachresearch instruments list.")
    lines = [f"Ours ({len(ours)}):", *_aligned([_OUR_COLUMNS, *sorted(ours)])] if ours else []
    lines += [""] if ours and theirs else []
    lines += [f"Published by others ({len(theirs)}):", *_aligned([COLUMNS, *sorted(theirs)])] if theirs else []
    return lines


def shown(name: str, *, folder: Path | None = None, language: str = "en") -> str:
    """Return everything there is to know of an instrument or of a published scale, as text.

    Parameters
    ----------
    name : str
        Id in the library, id or alias of a card, or path of an instrument's YAML file.
    folder, language
        As in `instrument_card`.

    Raises
    ------
    InstrumentError
        If there is no such thing; near names are listed.
    """
    if name.endswith((".yaml", ".yml")):
        return instrument_card(name, folder=folder, language=language)
    known, cards = open_library(folder), published_cards()
    if name in known:
        return instrument_card(name, folder=folder, language=language)
    if name in cards:
        return card_text(cards[name])
    near = get_close_matches(name, [*known, *cards], n=3, cutoff=0.5)
    raise InstrumentError(f"There is no instrument or published scale {name!r}",
                          remedy=(f"Did you mean {' or '.join(near)}? " if near else "")
                          + "List them: coachresearch instruments list.")


def instrument_card(name: str, *, folder: Path | None = None, language: str = "en") -> str:
    """Return everything there is to know of one instrument, as text.

    Parameters
    ----------
    name : str
        Id in the library, or path of a YAML file.
    folder : Path, optional
        Folder of instruments read beside the shipped ones.
    language : str
        Language of the wording.

    Raises
    ------
    InstrumentError
        If there is no such instrument or its file has faults.
    """
    one = read_instrument(name) if name.endswith((".yaml", ".yml")) else open_library(folder)[name]
    lines = [f"{words_in(one.title, language)} ({one.id} {one.version})", "", words_in(one.construct, language), ""]
    lines += [*claim_sentences(one), "",
              f"Source: {one.source.citation}" + (f" DOI {one.source.doi}" if one.source.doi else ""),
              f"Licence: {one.licence.id}. {one.licence.note}".rstrip(),
              f"Languages: {', '.join(one.languages)}. Not shown below {one.reporting_floor} answers a group.",
              f"Content hash: {one.content_hash}", ""]
    lines += ["Forms:"] + [f"  {form.id}: {len(form.items)} items, {form.minutes:g} min, for {', '.join(form.roles)}"
                           for form in one.forms]
    lines += ["", "Scales (a minus sign marks a reversed item):"]
    lines += [f"  {scale.id}: {words_in(scale.title, language)}; {scale.rule} of at least {scale.min_answered}: "
              + " ".join(f"{'-' if sign < 0 else ''}{item}" for item, sign in scale.keys) for scale in one.scales]
    lines += ["", "Items:", *(_item_line(one, item_id, language) for item_id in (item.id for item in one.items))]
    for title, uses in (("Intended:", one.intended_uses), ("Forbidden:", one.forbidden_uses),
                        ("Evidence planned:", one.planned_evidence)):
        lines += ["", title, *(f"  - {use}" for use in uses)] if uses else []
    return "\n".join(lines)


def check_files(files: Sequence[Path]) -> list[str]:
    """Check instrument files; return a line for each good one.

    Raises
    ------
    InstrumentError
        With every fault of every file, of structure or of wording.
    """
    faults: list[Fault] = []
    lines: list[str] = []
    for file in files:
        try:
            one = read_instrument(file)
        except InstrumentError as error:
            faults += error.faults
            continue
        found = lint_wording(one)
        faults += found
        if not found:
            lines.append(f"{file.name}: {one.id} {one.version}, {len(one.items)} items, no fault found.")
    if faults:
        raise InstrumentError.of(faults)
    return lines


_OUR_COLUMNS = ("id", "family", "items", "roles", "status", "licence", "title")


def _our_row(one: Instrument) -> tuple[str, ...]:
    return (one.id, one.family, str(len(one.items)), ",".join(_roles(one)), _status(one), one.licence.id,
            words_in(one.title, "en"))


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _roles(one: Instrument) -> list[str]:
    return sorted({role for form in one.forms for role in form.roles})


def _status(one: Instrument) -> str:
    level = claim_level(one)
    return one.status if level is None else f"{one.status}, level {level}"


def _item_line(one: Instrument, item_id: str, language: str) -> str:
    item = one.item(item_id)
    if not item.text:
        return f"  {item.id}: (wording with its owner)"
    role = next((role for role in ("report", *_roles(one)) if _worded(one, item_id, role, language)), "self")
    return f"  {item.id}: {text_for(item, role, language)}"


def _worded(one: Instrument, item_id: str, role: str, language: str) -> bool:
    try:
        text_for(one.item(item_id), role, language)
    except InstrumentError:
        return False
    return True
