"""Which published scales a study uses, with which wording, and whose recalled keys somebody has confirmed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import Located, read_located
from coachresearch.instruments.cards import CardShelf, published_cards
from coachresearch.instruments.content import hash_of
from coachresearch.instruments.instrument import Instrument, WordingSource, confirm_key
from coachresearch.instruments.published import instrument_of, target_of, with_wording
from coachresearch.instruments.wording_sources.loading import load_wording
from coachresearch.instruments.wording_sources.table import Terms, Wording

USED = "published.yaml"
"""File of a study folder that names the published scales it uses."""
CONFIRMED = "confirmed_keys.yaml"
"""File of a study folder that names the recalled keys that were compared with the published form."""
_EDITOR = "# Written by coachresearch; the wording itself is not kept here.\n"


def key_hash(instrument: Instrument) -> str:
    """Return the hash of what a score depends on: keys, rules and options, and no words."""
    return hash_of({
        "scales": sorted((one.id, sorted(one.keys), one.rule, one.min_answered) for one in instrument.scales),
        "options": sorted((one.id, one.values) for one in instrument.response_scales),
    })


def with_published(
    folder: str | Path,
    instruments: Mapping[str, Instrument],
    *,
    shelf: CardShelf | None = None,
    confirmed: bool = True,
) -> dict[str, Instrument]:
    """Add the published scales that a study folder uses, and take its confirmations of keys into account.

    Parameters
    ----------
    folder : str or Path
        Study folder; nothing is added if it has neither `USED` nor `CONFIRMED`.
    instruments : mapping of str to Instrument
        Those that are there already.
    shelf : CardShelf, optional
        Where the cards are; those of the package if left out.
    confirmed : bool
        Whether `CONFIRMED` is read.

    Returns
    -------
    dict of str to Instrument
        By id, sorted. A scale whose wording file is not there any more holds keys alone, under the version and hash
        that were noted: its answers can be scored, and it cannot be asked.

    Raises
    ------
    InstrumentError
        With every fault of the two files; if a wording, a key or a card is not what it was.
    """
    place = Path(folder)
    found = dict(instruments)
    faults: list[Fault] = []
    if (place / USED).is_file():
        located = read_located(place / USED, schema=_schema("used_schema.json"), error=InstrumentError)
        cards = shelf if shelf is not None else published_cards()
        for position, entry in enumerate(located.data["scales"]):
            try:
                found[entry["scale"]] = _used(place, entry, found, cards)
            except InstrumentError as error:
                faults += [Fault(one.what, one.where or located.where("scales", position), one.remedy)
                           for one in error.faults]
    if confirmed and not faults and (place / CONFIRMED).is_file():
        located = read_located(place / CONFIRMED, schema=_schema("confirmed_keys_schema.json"), error=InstrumentError)
        faults += _confirm(located, found)
    if faults:
        raise InstrumentError.of(faults)
    return dict(sorted(found.items()))


def use_scale(
    folder: str | Path,
    scale: str,
    instruments: Mapping[str, Instrument],
    *,
    wording: str | Path | None = None,
    languages: tuple[str, ...] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
    back_end: str = "",
    roles: tuple[RaterRole, ...] = (),
    instructions: Mapping[str, str] | None = None,
    shelf: CardShelf | None = None,
) -> tuple[Instrument, Wording | None]:
    """Note in a study folder that it uses a published scale, and with which wording.

    Parameters
    ----------
    folder : str or Path
        Study folder.
    scale : str
        Id of a card, or of an instrument that holds keys alone.
    instruments : mapping of str to Instrument
        Those that are there already.
    wording : str or Path, optional
        File to load the wording from; without it the scale can score imported answers and cannot be asked.
    languages, terms, sha256, back_end
        As in `load_wording`.
    roles : tuple of RaterRole
        Who answers; as on the card if empty.
    instructions : mapping of language to text, optional
        What respondents are told; for English there is a plain line of our own.
    shelf : CardShelf, optional
        Where the cards are; those of the package if left out.

    Returns
    -------
    tuple of Instrument and Wording or None
        What the study now has under this id, and the wording with its cautions.

    Raises
    ------
    InstrumentError
        If the scale, the wording or its terms will not do; the file in the folder is then as it was.
    """
    place = Path(folder)
    cards = shelf if shelf is not None else published_cards()
    base = _base(scale, instruments, cards)
    loaded = None
    if wording is not None:
        loaded = load_wording(wording, target_of(base), languages=languages, terms=terms, sha256=sha256,
                              back_end=back_end)
    made = _made(base, loaded, roles, instructions or {})
    entry: dict[str, Any] = {"scale": made.id, "version": made.version, "content_hash": made.content_hash,
                             "key_hash": key_hash(made)}
    if roles:
        entry["roles"] = list(roles)
    if instructions:
        entry["instructions"] = dict(instructions)
    if loaded is not None and wording is not None:
        entry["wording"] = _noted(place, Path(wording), loaded, languages, terms)
    _put(place / USED, "scales", "scale", entry, "coachresearch/used/1")
    return made, loaded


def confirm_in(
    folder: str | Path, instrument: Instrument, *, by: str, on: date, against: str
) -> Instrument:
    """Note in a study folder that somebody compared a recalled key with the published form.

    Parameters
    ----------
    folder : str or Path
        Study folder.
    instrument : Instrument
        One whose key is recalled.
    by, on, against
        As in `confirm_key`.

    Raises
    ------
    InstrumentError
        As in `confirm_key`; nothing is written then.
    """
    confirmed = confirm_key(instrument, by=by, on=on, against=against)
    _put(Path(folder) / CONFIRMED, "keys", "instrument",
         {"instrument": instrument.id, "key_hash": key_hash(instrument), "by": by, "on": on.isoformat(),
          "against": against}, "coachresearch/confirmed_keys/1")
    return confirmed


def _base(scale: str, instruments: Mapping[str, Instrument], cards: CardShelf) -> Any:
    if scale in instruments and scale not in cards:
        return instruments[scale]
    return cards[scale]


def _made(
    base: Any, loaded: Wording | None, roles: tuple[RaterRole, ...], instructions: Mapping[str, str]
) -> Instrument:
    if isinstance(base, Instrument):
        return base if loaded is None else with_wording(base, loaded)
    return instrument_of(base, wording=loaded, roles=roles, instructions=instructions or None)


def _used(folder: Path, entry: Mapping[str, Any], found: Mapping[str, Instrument], cards: CardShelf) -> Instrument:
    base = _base(entry["scale"], found, cards)
    noted = entry.get("wording")
    roles, instructions = tuple(entry.get("roles", ())), entry.get("instructions", {})
    file = folder / noted["file"] if noted else None
    if noted and file is not None and not file.is_file():
        return _without_file(base, entry, noted, roles)
    loaded = None
    if noted and file is not None:
        loaded = load_wording(file, target_of(base), languages=tuple(noted["languages"]), terms=_terms(noted),
                              sha256=noted["sha256"], back_end=noted["back_end"])
        loaded = replace(loaded, source=replace(loaded.source, loaded_at=datetime.fromisoformat(noted["loaded_at"])))
    made = _made(base, loaded, roles, instructions)
    if (made.version, made.content_hash) != (entry["version"], entry["content_hash"]):
        raise InstrumentError(f"{entry['scale']!r} is not what it was when the study began to use it: version "
                              f"{made.version}, noted {entry['version']}",
                              remedy="Bring the card and the wording file back as they were; or, before any answer is "
                                     f"given, note the new one: coachresearch instruments use STUDY {entry['scale']}.")
    return made


def _without_file(
    base: Any, entry: Mapping[str, Any], noted: Mapping[str, Any], roles: tuple[RaterRole, ...]
) -> Instrument:
    bare = _made(base, None, roles, {})
    if key_hash(bare) != entry["key_hash"]:
        raise InstrumentError(f"The key of {entry['scale']!r} is not the one under which the study began to use it",
                              remedy="Bring back the card as it was.")
    source = WordingSource(noted["back_end"], Path(noted["file"]).name, noted.get("package", ""), noted["sha256"],
                           noted["licence"], datetime.fromisoformat(noted["loaded_at"]), noted.get("by", ""),
                           noted.get("origin", ""), noted.get("agreement", ""))
    return replace(bare, version=entry["version"], content_hash=entry["content_hash"], wording=source)


def _noted(
    folder: Path, file: Path, loaded: Wording, languages: tuple[str, ...], terms: Terms | None
) -> dict[str, Any]:
    source = loaded.source
    try:
        path = file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        path = os.path.relpath(file.resolve(), folder.resolve())
    noted = {"file": path, "sha256": source.sha256, "back_end": source.back_end, "languages": list(languages),
             "licence": source.licence, "loaded_at": source.loaded_at.isoformat(timespec="seconds"),
             "package": source.version, "by": source.by, "on": terms.on.isoformat() if terms else "",
             "origin": source.origin, "agreement": source.agreement}
    return {name: value for name, value in noted.items() if value}


def _terms(noted: Mapping[str, Any]) -> Terms | None:
    if not noted.get("on"):
        return None
    return Terms(noted.get("by", ""), date.fromisoformat(noted["on"]), noted.get("origin", ""), noted["licence"],
                 noted.get("agreement", ""))


def _confirm(located: Located, found: dict[str, Instrument]) -> list[Fault]:
    faults = []
    for position, entry in enumerate(located.data["keys"]):
        place, one = located.where("keys", position), found.get(entry["instrument"])
        if one is None:
            faults.append(Fault(f"There is no instrument {entry['instrument']!r} whose key could be confirmed", place,
                                "Correct the id, or remove the entry."))
            continue
        if key_hash(one) != entry["key_hash"]:
            faults.append(Fault(f"The key of {one.id!r} is not the one that {entry['by']} confirmed", place,
                                "Compare it again: coachresearch instruments confirm."))
            continue
        try:
            on = date.fromisoformat(entry["on"])
            if one.recalled_key:
                found[one.id] = confirm_key(one, by=entry["by"], on=on, against=entry["against"])
        except ValueError:
            faults.append(Fault(f"{entry['on']!r} is not a day", place, "Write it as 2026-03-02."))
        except InstrumentError as error:
            faults += [Fault(one_fault.what, place, one_fault.remedy) for one_fault in error.faults]
    return faults


def _put(file: Path, room: str, name: str, entry: Mapping[str, Any], schema: str) -> None:
    """Add an entry to a list in a YAML file, in place of one with the same name; all of it or nothing."""
    import yaml

    if not file.parent.is_dir():
        raise InstrumentError(f"There is no study folder {str(file.parent)!r}", remedy="Check the path.")
    kept: list[Any] = []
    if file.is_file():
        kind = "used_schema.json" if room == "scales" else "confirmed_keys_schema.json"
        located = read_located(file, schema=_schema(kind), error=InstrumentError)
        kept = [one for one in located.data[room] if one[name] != entry[name]]
    text = _EDITOR + yaml.safe_dump({"schema": schema, room: [*kept, dict(entry)]}, sort_keys=False, allow_unicode=True,
                                    width=118)
    handle, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        Path(draft).replace(file)
    finally:
        Path(draft).unlink(missing_ok=True)


@cache
def _schema(name: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return schema
