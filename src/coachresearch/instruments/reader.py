"""Reading instruments from YAML files, with every fault of every file reported together."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import Located, read_located, schema_faults, texts
from coachresearch.core.places import shipped
from coachresearch.instruments.checks import cross_faults, form_items, response_scale_of, voices_of
from coachresearch.instruments.content import content_hash
from coachresearch.instruments.instrument import (
    Anchor,
    Form,
    Instrument,
    Item,
    KeyConfirmation,
    Licence,
    Norm,
    ResponseScale,
    Scale,
    Source,
    Translation,
    Words,
)
from coachresearch.instruments.uses import use_faults

SCHEMA = Path(__file__).with_name("schema.json")
"""The JSON Schema (draft 2020-12) of an instrument file; editors complete and check with it."""
_DECLARED = re.compile(r"^schema: coachresearch/([a-z_]+)/", re.MULTILINE)


def read_instrument(path: str | Path) -> Instrument:
    """Read one instrument.

    Parameters
    ----------
    path : str or Path
        YAML file, ``schema: coachresearch/instrument/1``.

    Returns
    -------
    Instrument
        With the content hash computed from what was read.

    Raises
    ------
    InstrumentError
        With every fault of the file: what is wrong, in which line, and what to do.
    """
    file = Path(path)
    located = read_located(file, error=InstrumentError)
    found = (*schema_faults(located, _schema()), *cross_faults(located), *use_faults(located))
    if found:
        raise InstrumentError.of(found)
    return _instrument(located, file)


def read_instruments(folder: str | Path | None = None, *more: str | Path) -> dict[str, Instrument]:
    """Read every instrument of one or more folders, sub-folders included.

    Parameters
    ----------
    folder : str or Path, optional
        Folder of ``.yaml`` and ``.yml`` files; the instruments that come with the package if left out.
    *more : str or Path
        Further folders.

    Returns
    -------
    dict of str to Instrument
        By id, sorted.

    Raises
    ------
    InstrumentError
        If a folder is not there or holds no instrument, if two files hold one id, and for every fault of every file.
    """
    folders = [shipped("instruments") if folder is None else Path(folder), *map(Path, more)]
    faults: list[Fault] = []
    read: dict[str, Instrument] = {}
    for place in folders:
        files = _files(place)
        if not files:
            faults.append(_nothing_in(place))
        for file in files:
            try:
                found = read_instrument(file)
            except InstrumentError as error:
                faults += error.faults
                continue
            if found.id in read:
                both = f"{read[found.id].path} and {found.path}"
                faults.append(Fault(f"Two files hold the instrument {found.id!r}: {both}", file.name,
                                    "Give each instrument an id of its own, or remove one of the files."))
            read.setdefault(found.id, found)
    if faults:
        raise InstrumentError.of(faults)
    return dict(sorted(read.items()))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*")
                  if path.suffix in (".yaml", ".yml") and path.is_file() and not _is_other(path))


def _is_other(path: Path) -> bool:
    """Whether a file says that it is something else of ours: a card, a list of references, a norm card ..."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            declared = _DECLARED.search(lines.read(600))
    except OSError:
        return False
    return declared is not None and declared.group(1) != "instrument"


def _nothing_in(folder: Path) -> Fault:
    if folder.is_file():
        return Fault(f"{folder.name} is a file, not a folder", folder.name, "Read a single file with read_instrument.")
    if not folder.is_dir():
        return Fault(f"There is no folder {str(folder)!r}", remedy="Check the path.")
    return Fault(f"The folder {str(folder)!r} holds no instrument", remedy="Instruments are .yaml files.")


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def _instrument(located: Located, path: Path) -> Instrument:
    data = located.data
    items = tuple(_item(entry, data) for entry in data["items"])
    ids = tuple(item.id for item in items)
    confirmed = data["source"].get("confirmed")
    bare = Instrument(
        id=data["id"],
        version=data["version"],
        content_hash="",
        family=data["family"],
        model=data["model"],
        status=data["status"],
        title=texts(data["title"]),
        construct=texts(data["construct"]),
        languages=tuple(data["languages"]),
        items=items,
        response_scales=tuple(_response_scale(name, entry) for name, entry in data["response_scales"].items()),
        scales=tuple(_scale(entry) for entry in data["scales"]),
        forms=tuple(_form(entry, ids) for entry in data["forms"]),
        reporting_floor=data["reporting_floor"],
        licence=Licence(**data["licence"]),
        source=_source(data["source"]),
        instructions=_by_role(data.get("instructions", {})),
        norms=tuple(_norm(entry) for entry in data.get("norms", ())),
        intended_uses=tuple(data.get("intended_uses", ())),
        forbidden_uses=tuple(data.get("forbidden_uses", ())),
        planned_evidence=tuple(data.get("planned_evidence", ())),
        recalled_key=data["source"]["key"] == "recalled" and confirmed is None,
        key_confirmation=_confirmation(confirmed),
        translations=tuple(Translation(**one) for one in data.get("translations", ())),
        path=str(path),
    )
    return replace(bare, content_hash=content_hash(bare))


def _item(entry: str | Mapping[str, Any], data: Mapping[str, Any]) -> Item:
    known: Mapping[str, Any] = {"id": entry} if isinstance(entry, str) else entry
    return Item(
        id=known["id"],
        response_scale=response_scale_of(known, data),
        text=_by_role(voices_of(known.get("text"))),
        use=known.get("use", "content"),
        expects=known.get("expects"),
        pair=known.get("pair", ""),
        origin=known.get("origin", ""),
        anchors=_anchors(known),
    )


def _anchors(entry: Mapping[str, Any]) -> tuple[Anchor, ...]:
    return tuple(Anchor(one["value"], texts(one["text"]), tuple(texts(words) for words in one.get("examples", ())))
                 for one in entry.get("anchors", ()))


def _by_role(voices: Mapping[str, Any]) -> tuple[tuple[str, Words], ...]:
    return tuple((role, texts(words)) for role, words in sorted(voices.items()))


def _response_scale(name: str, entry: Mapping[str, Any]) -> ResponseScale:
    numbers = range(entry["low"], entry["high"] + 1) if entry.get("entry") == "number" else ()
    options = entry.get("options", [{"value": number} for number in numbers])
    return ResponseScale(
        id=name,
        kind=entry["kind"],
        values=tuple(option["value"] for option in options),
        labels=tuple(texts(option.get("label")) for option in options),
        missing=tuple((one["code"], one["kind"], texts(one["label"])) for one in entry.get("missing", ())),
        entry=entry.get("entry", "choice"),
        unit=texts(entry.get("unit")),
        anchors=_anchors(entry),
    )


def _scale(entry: Mapping[str, Any]) -> Scale:
    return Scale(
        id=entry["id"],
        title=texts(entry["title"]),
        keys=tuple(entry["keys"].items()),
        rule=entry["rule"],
        min_answered=entry["min_answered"],
        definition=texts(entry.get("definition")),
        parent=entry.get("parent", ""),
        reaching=entry.get("reaching"),
        model=entry.get("model"),
        companion=entry.get("companion", False),
    )


def _form(entry: Mapping[str, Any], ids: tuple[str, ...]) -> Form:
    return Form(entry["id"], form_items(entry, ids), tuple(entry["roles"]), float(entry["minutes"]))


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(entry["citation"], entry.get("doi", ""), entry["found"], entry.get("note", ""), entry["key"])


def _norm(entry: Mapping[str, Any]) -> Norm:
    return Norm(entry["scale"], entry["population"], entry["n"], float(entry["mean"]), float(entry["sd"]),
                entry["source"])


def _confirmation(entry: Mapping[str, Any] | None) -> KeyConfirmation | None:
    if entry is None:
        return None
    return KeyConfirmation(entry["by"], date.fromisoformat(entry["on"]), entry["against"])
