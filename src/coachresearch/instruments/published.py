"""A card with a whole key becomes a questionnaire: keys alone, or with wording that was loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.contracts import RATER_ROLES, RaterRole
from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.cards import Card
from coachresearch.instruments.content import content_hash
from coachresearch.instruments.instrument import (
    Form,
    Instrument,
    Item,
    KeyConfirmation,
    Licence,
    ResponseScale,
    Scale,
    Source,
    Translation,
    Words,
)
from coachresearch.instruments.wording_sources.table import Wording, WordingTarget

LEAST_ANSWERED = 0.75
"""Share of the items of a score that must be answered where the card holds no rule of its own."""
_WORDS = Catalogue(Path(__file__).with_name("messages"))
_REPORTING_FLOOR = 5
_ITEMS_A_MINUTE = 8
_OTHERS: tuple[RaterRole, ...] = ("manager", "peer", "report", "coach", "observer")
_ROLES: Mapping[str, tuple[RaterRole, ...]] = {
    "self": ("self",), "other": _OTHERS, "employee": ("self", "report"), "follower": ("report",),
    "leader": ("manager",), "coachee": ("self",), "coach": ("coach",), "mentee": ("self",), "manager": ("self",),
    "observer": ("observer",), "panel": ("observer",), "judge": ("observer",),
}
_Part = tuple[str, str, tuple[str, ...], str, bool]
_KINDS = ("accuracy", "agreement", "frequency", "likeness")


def why_not(card: Card, wording: Wording | None = None) -> tuple[str, ...]:
    """Return why a card cannot become a questionnaire that scores; empty if it can.

    Parameters
    ----------
    card : Card
    wording : Wording, optional
        A user's own file may bring the key that the card lacks.
    """
    reasons = []
    if card.head.kind != "scale":
        reasons.append(_WORDS.say("reason.kind", kind=card.head.kind))
    if card.head.extent != "complete" and not _brings_key(wording):
        reasons.append(_WORDS.say("reason.key" if card.head.extent else "reason.no_key", extent=card.head.extent))
    if "response" not in card.data:
        reasons.append(_WORDS.say("reason.response"))
    scoring = card.data.get("scoring")
    if scoring is None and not _brings_key(wording):
        reasons.append(_WORDS.say("reason.no_rule"))
    if scoring is not None and scoring["statistic"] == "other":
        reasons.append(_WORDS.say("reason.statistic", rule=scoring["rule"]))
    return tuple(reasons)


def target_of(scale: Card | Instrument) -> WordingTarget:
    """Describe a card or an instrument to a loader of wording.

    Raises
    ------
    InstrumentError
        If the number of items is not known.
    """
    if isinstance(scale, Instrument):
        keys = {item: sign for one in scale.scales for item, sign in one.keys}
        return WordingTarget(scale.id, tuple(item.id for item in scale.items),
                             frozenset(item for item, sign in keys.items() if sign < 0), {},
                             scale.response_scales[0].values, scale.licence.id)
    if scale.head.n_items is None or scale.head.kind != "scale":
        raise InstrumentError(f"There is no wording to load for {scale.id!r}",
                              remedy="It is a framework or method, or its number of items is not known.")
    whole = scale.head.extent == "complete" and "markers" not in scale.data
    return WordingTarget(
        scale.id, tuple(map(str, range(1, scale.head.n_items + 1))),
        frozenset(str(item) for part in scale.subscales for item in part.get("reverse", ())) if whole else None,
        {str(item): part["id"] for part in scale.subscales if not part.get("overlaps") for item in part["items"]}
        if whole else {}, _values(scale), scale.head.licence)


def instrument_of(
    card: Card,
    *,
    wording: Wording | None = None,
    roles: tuple[RaterRole, ...] = (),
    instructions: Mapping[str, str] | None = None,
) -> Instrument:
    """Make a questionnaire from a card.

    Parameters
    ----------
    card : Card
    wording : Wording, optional
        Without it the questionnaire holds keys alone: it scores imported answers and cannot be asked.
    roles : tuple of RaterRole
        Who may answer; taken from the card if empty.
    instructions : mapping of language to text, optional
        What respondents are told; a plain English line of our own if left out.

    Returns
    -------
    Instrument
        Item ids are ``<card>_<number>``, scale ids ``<card>_<dimension>``, in small letters. With a wording its version
        ends in ``+`` and eight digits of the wording's hash: other words are another version.

    Raises
    ------
    InstrumentError
        If the card does not hold what a score needs; every reason is named.
    """
    reasons = why_not(card, wording)
    if reasons:
        raise InstrumentError(f"{card.name} ({card.id}) cannot be made into a questionnaire: {'; '.join(reasons)}",
                              where=card.head.path.name,
                              remedy="Import ready-made scores instead, or complete the card and its marks.")
    if wording is not None and wording.scale_id != card.id:
        raise InstrumentError(f"The wording is that of {wording.scale_id!r}, the card is {card.id!r}",
                              remedy="Load the wording of this scale.")
    languages = wording.languages if wording else ("en",)
    names = _item_names(card)
    own_key = card.head.extent != "complete"
    key = _KeyOf.from_wording(card, wording) if own_key and wording else _KeyOf.from_card(card)
    items = tuple(Item(name, "options", _texts(card, wording, label)) for label, name in names.items())
    confirmation = None
    if own_key and wording is not None:
        confirmation = KeyConfirmation(wording.source.by, wording.source.loaded_at.date(), wording.source.origin)
    bare = Instrument(
        id=card.id, version=_version(card, wording, instructions or {}), content_hash="",
        family=card.head.family, model="reflective", status="published",
        title=tuple((language, card.name) for language in languages),
        construct=(("en", card.data["construct"]),), languages=languages, items=items,
        response_scales=(_response_scale(card, wording, languages),), scales=key.scales(card, names),
        forms=(Form("full", tuple(names.values()), roles or _roles(card), float(ceil(len(names) / _ITEMS_A_MINUTE))),),
        reporting_floor=_REPORTING_FLOOR, licence=Licence(card.head.licence, note=card.data["licence"]["note"]),
        source=_source(card, confirmation), instructions=_instructions(card, languages, instructions),
        recalled_key=card.key_recalled and not own_key, key_confirmation=confirmation,
        translations=_translations(languages), wording=wording.source if wording else None, path=str(card.head.path))
    return replace(bare, content_hash=content_hash(bare))


def with_wording(instrument: Instrument, wording: Wording) -> Instrument:
    """Put a loaded wording into an instrument that holds keys alone.

    Raises
    ------
    InstrumentError
        If the instrument has wording of its own, or the wording is another's.
    """
    if any(item.text for item in instrument.items):
        raise InstrumentError(f"Instrument {instrument.id!r} has wording of its own", remedy="Use it as it is.")
    if wording.scale_id != instrument.id:
        raise InstrumentError(f"The wording is that of {wording.scale_id!r}, the instrument is {instrument.id!r}",
                              remedy="Load the wording of this instrument.")
    items = tuple(replace(item, text=_voices(wording.texts(item.id))) for item in instrument.items)
    bare = replace(instrument, items=items, languages=wording.languages, wording=wording.source,
                   version=f"{instrument.version}+{_wording_hash(wording)}",
                   translations=_translations(wording.languages))
    return replace(bare, content_hash=content_hash(bare))


def _brings_key(wording: Wording | None) -> bool:
    return wording is not None and all(row.reverse is not None and row.subscale for row in wording.rows)


class _KeyOf:
    """Dimensions of items with signs, from the card or from a user's file; both name items as the wording does."""

    __slots__ = ("parts", "signs")

    def __init__(self, parts: tuple[_Part, ...], signs: Mapping[str, int]) -> None:
        self.parts = parts
        """Id, title, items, parent and whether it is scored."""
        self.signs = signs

    @classmethod
    def from_card(cls, card: Card) -> _KeyOf:
        if "markers" in card.data:
            return cls._from_markers(card.data["markers"])
        signs = {str(item): -1 if item in part.get("reverse", ()) else 1
                 for part in card.subscales if not part.get("overlaps") for item in part["items"]}
        of = {name: one["id"] for one in card.data.get("composites", ()) for name in one["of"]}
        by_id = {part["id"]: tuple(map(str, part["items"])) for part in card.subscales}
        parts = [(one["id"], one["name"], tuple(item for name in one["of"] for item in by_id[name]), "", True)
                 for one in card.data.get("composites", ())]
        parts += [(part["id"], part["name"], by_id[part["id"]], of.get(part["id"], ""), part.get("scored", True))
                  for part in card.subscales]
        for facet in card.data.get("facet_key", ()):
            items = tuple(map(str, facet["items"]))
            parent = next((name for name, held in by_id.items() if set(items) <= set(held)), "")
            parts.append((facet["id"], facet["name"], items, parent, facet.get("scored", True)))
        return cls(tuple(parts), signs)

    @classmethod
    def _from_markers(cls, markers: Mapping[str, Any]) -> _KeyOf:
        signs = {word: sign for side, sign in (("positive", 1), ("negative", -1))
                 for words in markers[side].values() for word in words}
        return cls(tuple((trait, name, tuple(sorted((*markers["positive"].get(trait, ()),
                                                     *markers["negative"].get(trait, ())))), "", True)
                         for trait, name in markers["names"].items()), signs)

    @classmethod
    def from_wording(cls, card: Card, wording: Wording) -> _KeyOf:
        first = [row for row in wording.rows if row.lang == wording.languages[0]]
        titles = {part["id"]: part["name"] for part in card.subscales}
        held: dict[str, list[str]] = {}
        for row in first:
            held.setdefault(row.subscale, []).append(row.item)
        return cls(tuple((name, titles.get(name, name), tuple(items), "", True) for name, items in held.items()),
                   {row.item: -1 if row.reverse else 1 for row in first})

    def scales(self, card: Card, names: Mapping[str, str]) -> tuple[Scale, ...]:
        """Build the scales that are scored; a parent that is not scored is left out."""
        scored = {part[0] for part in self.parts if part[4]}
        rule = card.data.get("scoring", {}).get("statistic", "mean")
        return tuple(
            Scale(_scale_id(card.id, name), (("en", title),), tuple((names[item], self.signs[item]) for item in items),
                  rule, ceil(LEAST_ANSWERED * len(items)),
                  parent=_scale_id(card.id, parent) if parent in scored else "")
            for name, title, items, parent, kept in self.parts if kept)


def _scale_id(card_id: str, part: str) -> str:
    return f"{card_id}_{part.lower()}"


def _item_names(card: Card) -> dict[str, str]:
    """Items as the wording names them, and their ids in the questionnaire."""
    if "markers" in card.data:
        sides = (card.data["markers"]["positive"], card.data["markers"]["negative"])
        words = sorted(word for side in sides for found in side.values() for word in found)
        return {word: word.replace("-", "_").replace(" ", "_") for word in words}
    count = card.head.n_items or 0
    return {str(number): f"{card.id}_{number:0{len(str(count))}d}" for number in range(1, count + 1)}


def _texts(card: Card, wording: Wording | None, label: str) -> tuple[tuple[str, Words], ...]:
    if wording is None:
        return _voices((("en", label),)) if "markers" in card.data else ()
    return _voices(wording.texts(label))


def _voices(words: Words) -> tuple[tuple[str, Words], ...]:
    return (("other", words), ("self", words))


def _values(card: Card) -> tuple[int, ...]:
    response = card.data.get("response")
    if response is None:
        return ()
    return tuple(response.get("values") or range(response["min"], response["max"] + 1))


def _response_scale(card: Card, wording: Wording | None, languages: tuple[str, ...]) -> ResponseScale:
    response, values = card.data["response"], _values(card)
    labels: list[dict[str, str]] = [{} for _ in values]
    if "en" in languages:
        for position, anchor in enumerate(response.get("anchors", ())):
            labels[position] |= {"en": anchor[:1].upper() + anchor[1:]} if anchor else {}
    for language, found in wording.labels if wording else ():
        for position, (_, text) in enumerate(found):
            labels[position][language] = text
    return ResponseScale("options", _kind(card), values, tuple(tuple(sorted(one.items())) for one in labels))


def _kind(card: Card) -> str:
    said = str(card.data["response"]["kind"]).split(",")[0]
    return next((kind for kind in _KINDS if said.startswith(kind)), said)


def _roles(card: Card) -> tuple[RaterRole, ...]:
    asked = {role for rater in card.data["rater"] for role in _ROLES[rater]}
    if card.head.family != "manager_quality" and "employee" in card.data["rater"]:
        asked.discard("report")
    return tuple(role for role in RATER_ROLES if role in asked)


def _instructions(
    card: Card, languages: tuple[str, ...], given: Mapping[str, str] | None
) -> tuple[tuple[str, Words], ...]:
    if given:
        words = tuple(sorted(given.items()))
        return (("other", words), ("self", words))
    if "en" not in languages:
        return ()
    kind = _kind(card) if _kind(card) in _KINDS else "any"
    return tuple((who, (("en", _WORDS.say(f"instructions.{kind}.{who}")),)) for who in ("other", "self"))


def _translations(languages: tuple[str, ...]) -> tuple[Translation, ...]:
    return tuple(Translation(language, "untested") for language in languages if language != "en")


def _version(card: Card, wording: Wording | None, instructions: Mapping[str, str]) -> str:
    version = str(card.data["version"])
    return f"{version}+{_wording_hash(wording, instructions)}" if wording else version


def _wording_hash(wording: Wording, instructions: Mapping[str, str] | None = None) -> str:
    plain = [[(row.item, row.lang, row.text) for row in wording.rows], wording.labels,
             sorted((instructions or {}).items())]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode("utf-8")).hexdigest()[:8]


def _source(card: Card, confirmation: KeyConfirmation | None) -> Source:
    doi = card.data.get("doi", {})
    authors = ", ".join(card.data.get("authors", ())) or "no author known"
    year = f" ({card.data['year']})" if "year" in card.data else ""
    return Source(f"{authors}{year}. {card.name}.", doi.get("value", ""), doi.get("source", "recalled"),
                  " ".join(_notes(card, confirmation)), "own" if confirmation else card.head.key or "own")


def _notes(card: Card, confirmation: KeyConfirmation | None) -> Iterator[str]:
    if confirmation is not None:
        yield _WORDS.say("note.key_own", by=confirmation.by)
    else:
        yield _WORDS.say("note.key", numbering=card.data["key"]["numbering"], mark=mark_words(card.data["key"]))
    yield _WORDS.say("note.response", mark=mark_words(card.data["response"]))
    scoring = card.data.get("scoring")
    if scoring is None:
        yield _WORDS.say("note.rule_unknown")
    else:
        yield _WORDS.say("note.rule", rule=scoring["rule"], mark=mark_words(scoring))
        if "missing" in scoring:
            yield _WORDS.say("note.missing", rule=scoring["missing"])
    yield _WORDS.say("note.least")
    yield _WORDS.say("note.instructions")


def mark_words(block: Mapping[str, Any]) -> str:
    """Say how well a block of facts is known: found with its refs, or recalled and unverified."""
    if block["source"] == "found":
        return _WORDS.say("mark.found", refs=", ".join(block["ref"]))
    return _WORDS.say("mark.recalled", confidence=block["confidence"])
