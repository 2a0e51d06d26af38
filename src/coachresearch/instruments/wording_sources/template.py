"""A file to paste a wording into: numbered, with key and options, and a place for the terms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.cards import Card
from coachresearch.instruments.published import mark_words

_WORDS = Catalogue(Path(__file__).parent.parent / "messages")
OPEN = ("public-domain", "open-licence")
"""Licences under which anybody may paste the wording in; for the others a permission must be named."""


def paste_template(card: Card, *, language: str = "en") -> str:
    """Return a YAML file for the wording of a scale, ready to be filled in and loaded.

    Parameters
    ----------
    card : Card
        With a known number of items.
    language : str
        Language of the wording that will be pasted in.

    Raises
    ------
    InstrumentError
        If there is nothing to paste: a framework, or a scale whose number of items is not known.
    """
    if card.head.kind != "scale" or card.head.n_items is None:
        raise InstrumentError(f"There is nothing to paste for {card.id!r}",
                              remedy="It is a framework or method, or its number of items is not known.")
    return "\n".join(_lines(card, language)) + "\n"


def _lines(card: Card, language: str) -> Iterator[str]:
    licence = card.data["licence"]
    yield from (f"# {line}" for line in (
        _WORDS.say("template.title", name=card.name, count=card.head.n_items),
        _WORDS.say("template.where", where=card.data["wording"]["where"]),
        _WORDS.say("template.terms", licence=licence["class"], note=licence["note"], mark=mark_words(licence)),
        _WORDS.say("template.key", numbering=card.data["key"]["numbering"], mark=mark_words(card.data["key"]))
        if "key" in card.data else _WORDS.say("template.no_key"),
        _WORDS.say("template.how", scale=card.id)))
    yield "schema: coachresearch/wording/1"
    yield f"scale: {card.id}"
    yield f"language: {language}"
    yield "terms:"
    yield from (f"  {name}:  # {_WORDS.say(f'template.{name}')}" for name in
                ("by", "on", "origin", "licence", "agreement"))
    yield from _labels(card)
    yield "items:"
    yield from _items(card)


def _labels(card: Card) -> Iterator[str]:
    response = card.data.get("response")
    if response is None:
        yield "labels: {}  # " + _WORDS.say("template.no_options")
        return
    values = response.get("values") or range(response["min"], response["max"] + 1)
    anchors = response.get("anchors") or [""] * response["points"]
    yield f"labels:  # {_WORDS.say('template.labels', mark=mark_words(response))}"
    yield from (f"  {value}:  # {anchor}".rstrip().removesuffix("#").rstrip()
                for value, anchor in zip(values, anchors, strict=True))


def _items(card: Card) -> Iterator[str]:
    place: dict[int, str] = {}
    turned: set[int] = set()
    for part in card.subscales:
        for item in part.get("items", ()) if not part.get("overlaps") else ():
            place[item] = part["id"]
        turned |= set(part.get("reverse", ()))
    for number in range(1, (card.head.n_items or 0) + 1):
        yield f"  - item: {number}"
        yield '    text: ""'
        if card.head.extent == "complete":
            yield f"    reverse: {str(number in turned).lower()}"
            yield f"    subscale: {place.get(number, '')}".rstrip()
        else:
            yield f"    reverse:  # {_WORDS.say('template.reverse')}"
            yield f"    subscale:  # {_WORDS.say('template.subscale')}{_choices(card)}"


def _choices(card: Card) -> str:
    return f": {', '.join(part['id'] for part in card.subscales)}" if card.subscales else ""

