"""Cards of published scales: facts and keys with a mark of how well each is known, and never anybody's wording."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import read_located, schema_faults
from coachresearch.core.places import shipped
from coachresearch.instruments.card_checks import card_faults
from coachresearch.instruments.instrument import Family

CARD_SCHEMA = Path(__file__).with_name("card_schema.json")
"""The JSON Schema (draft 2020-12) of a card."""
_REFERENCES_SCHEMA = Path(__file__).with_name("references_schema.json")
_DECLARED = "schema: coachresearch/card/1"
_HEAD = 600
_LIST = "List them: coachresearch instruments list --published."

Known = Literal["found", "recalled", ""]
Extent = Literal["complete", "other_numbers", "counts", "names", "described", ""]
LicenceClass = Literal["public-domain", "open-licence", "free-research", "permission", "commercial", "unclear"]
CardKind = Literal["scale", "framework", "observation", "method"]


class UnknownCard(InstrumentError, KeyError):
    """A card that is not on the shelf; the message lists near names."""


@dataclass(frozen=True, slots=True)
class CardHead:
    """The first lines of a card: enough for a list, read without the rest.

    Parameters
    ----------
    id, name : str
    aliases : tuple of str
        Other ids under which it is found.
    family : Family
    kind : {"scale", "framework", "observation", "method"}
    n_items : int or None
        None where the number is not known.
    licence : LicenceClass
        Terms of the wording.
    loader : str
        How the wording can be had: builtin, npm_alheimsins, file or none.
    extent : str
        How much of the key is on the card; ``complete`` has every item, empty is none.
    key : {"found", "recalled", ""}
        Whether the key was seen or is from memory; empty where there is none.
    path : Path
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    family: Family
    kind: CardKind
    n_items: int | None
    licence: LicenceClass
    loader: str
    extent: Extent
    key: Known
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """What is known about a published scale, and how well.

    Parameters
    ----------
    head : CardHead
    data : mapping
        Everything on the card as plain data; each block of facts has ``source`` (found or recalled) and ``ref`` or
        ``confidence``.
    """

    head: CardHead
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Identifier."""
        return self.head.id

    @property
    def name(self) -> str:
        """Name as published."""
        return self.head.name

    @property
    def subscales(self) -> tuple[Mapping[str, Any], ...]:
        """Dimensions, in the order of the card; empty where none is known."""
        return tuple(self.data.get("subscales", ()))

    @property
    def key_recalled(self) -> bool:
        """Whether the key is from memory, so that it must be confirmed before it scores."""
        return self.head.key == "recalled"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CardShelf(Mapping[str, Card]):
    """Cards by id; a card is read and checked when it is asked for.

    Parameters
    ----------
    heads : tuple of CardHead
        Sorted by id.
    """

    heads: tuple[CardHead, ...]

    def __getitem__(self, card_id: str) -> Card:
        for head in self.heads:
            if card_id == head.id or card_id in head.aliases:
                return read_card(head.path)
        near = get_close_matches(str(card_id), list(self), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else _LIST
        raise UnknownCard(f"There is no published scale {card_id!r}", remedy=hint)

    def __iter__(self) -> Iterator[str]:
        return iter(head.id for head in self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    def __contains__(self, card_id: object) -> bool:
        return any(card_id == head.id or card_id in head.aliases for head in self.heads)

    def __repr__(self) -> str:
        return f"CardShelf({len(self)} cards)"


def published_cards(folder: str | Path | None = None) -> CardShelf:
    """Open a folder of cards; only the first lines of each are read.

    Parameters
    ----------
    folder : str or Path, optional
        The cards that come with the package if left out.

    Raises
    ------
    InstrumentError
        If two cards share an id or alias, or the head of a card cannot be read.
    """
    place = shipped("instruments") / "published" if folder is None else Path(folder)
    heads = sorted((_head_of(path) for path in card_files(place)), key=lambda head: head.id)
    first: dict[str, CardHead] = {}
    faults: list[Fault] = []
    for head in heads:
        for name in (head.id, *head.aliases):
            if name in first:
                faults.append(Fault(f"Two cards are called {name!r}: {first[name].path.name} and {head.path.name}",
                                    head.path.name, "Give each card an id of its own."))
            first.setdefault(name, head)
    if faults:
        raise InstrumentError.of(faults)
    return CardShelf(tuple(heads))


def card_files(folder: Path) -> list[Path]:
    """List the files of a folder that say that they are cards."""
    return [path for path in sorted(folder.glob("*.yaml")) if _DECLARED in _beginning(path)]


def read_card(path: str | Path) -> Card:
    """Read one card and check all of it.

    Parameters
    ----------
    path : str or Path
        YAML file, ``schema: coachresearch/card/1``. Its refs stand in ``references.yaml`` beside it.

    Raises
    ------
    InstrumentError
        With every fault of the file: what is wrong, in which line, and what to do.
    """
    file = Path(path)
    located = read_located(file, error=InstrumentError)
    found = schema_faults(located, _schema(CARD_SCHEMA)) or card_faults(located, tuple(read_references(file.parent)))
    if found:
        raise InstrumentError.of(found)
    return Card(_head(located.data, file), MappingProxyType(located.data))


def read_references(folder: str | Path | None = None) -> Mapping[str, Mapping[str, str]]:
    """Read what the refs of the cards point at: for each, what it is, of which kind, and how much of it was seen.

    Parameters
    ----------
    folder : str or Path, optional
        Folder with ``references.yaml``, empty if it is not there; that of the package if left out.
    """
    place = shipped("instruments") / "published" if folder is None else Path(folder)
    file = place / "references.yaml"
    if not file.is_file():
        return {}
    stamp = file.stat()
    return _references(file, stamp.st_mtime_ns, stamp.st_size)


@cache
def _references(file: Path, changed: int, size: int) -> Mapping[str, Mapping[str, str]]:
    located = read_located(file, schema=_schema(_REFERENCES_SCHEMA), error=InstrumentError)
    return MappingProxyType(located.data["references"])


@cache
def _schema(path: Path) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _beginning(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            return lines.read(_HEAD)
    except OSError as problem:
        raise InstrumentError(f"{path.name} cannot be read: {problem.strerror}", where=str(path),
                              remedy="Check the path and its permissions.") from None


def _head_of(path: Path) -> CardHead:
    """Read the first paragraph of a card; where that is not enough, all of it, so that its faults are named."""
    import yaml

    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        data = yaml.load(text.split("\n\n", 1)[0], Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        return _head(data, path)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        return read_card(path).head


def _head(data: Mapping[str, Any], path: Path) -> CardHead:
    items, key = data.get("n_items"), data.get("key")
    return CardHead(
        id=data["id"], name=data["name"], aliases=tuple(data.get("aliases", ())), family=data["family"],
        kind=data["kind"], n_items=int(items["value"]) if items else None, licence=data["licence"]["class"],
        loader=data["wording"]["loader"], extent=key["extent"] if key else "", key=key["source"] if key else "",
        path=path)
