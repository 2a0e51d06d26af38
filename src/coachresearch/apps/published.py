"""Published scales on the command line: what is known of each, and bringing one into a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from coachresearch.apps.folder import study_folder, study_instruments
from coachresearch.core.errors import InstrumentError
from coachresearch.display.text import sentence
from coachresearch.instruments.cards import Card, CardHead, published_cards, read_references
from coachresearch.instruments.instrument import Instrument, words_in
from coachresearch.instruments.library import MESSAGES, claim_sentences
from coachresearch.instruments.norms import norm_cards
from coachresearch.instruments.published import mark_words, why_not
from coachresearch.instruments.used import CONFIRMED, confirm_in, use_scale
from coachresearch.instruments.wording_sources.psychtools import SCRIPT
from coachresearch.instruments.wording_sources.table import Terms
from coachresearch.instruments.wording_sources.template import paste_template

COLUMNS = ("id", "family", "items", "licence", "key", "wording", "name")
_LOADERS = {"builtin": "held", "npm_alheimsins": "npm archive", "file": "own file", "none": "-"}
_FIGURES = (("reliability", "Reliability"), ("fit", "Structure"), ("invariance", "Invariance"), ("norms", "Norms"))


def head_row(head: CardHead) -> tuple[str, ...]:
    """Return the line of a card in a list: id, family, items, licence, state of the key, wording, name."""
    key = {"found": "found", "recalled": "unverified"}.get(head.key, "-")
    return (head.id, head.family, str(head.n_items or "?"), head.licence,
            key if head.extent in ("complete", "") else f"part, {key}", _LOADERS[head.loader], head.name)


def whole_row(one: Instrument) -> tuple[str, ...]:
    """Return the line of a published instrument that is held whole."""
    key = "unverified" if one.recalled_key else "confirmed" if one.key_confirmation else one.source.key
    held = "held" if any(item.text for item in one.items) else "load it"
    return (one.id, one.family, str(len(one.items)), one.licence.id, key, held, words_in(one.title, "en"))


def heads(*, family: str = "", licence: str = "", words: str = "") -> list[CardHead]:
    """Return the heads of the cards to which everything asked for applies."""
    wanted = words.casefold().split()
    return [head for head in published_cards().heads
            if family in ("", head.family) and licence in ("", head.licence)
            and all(word in f"{head.id} {head.name}".casefold() for word in wanted)]


def card_text(card: Card) -> str:
    """Return everything on a card as text; what is only recalled is called unverified in its own line."""
    data, head = card.data, card.head
    known_as = f" ({data['acronym']})" if data.get("acronym") not in (None, card.name) else ""
    authors = ", ".join(data.get("authors", ())) or "authors not known"
    lines = [f"{card.name}{known_as}: {card.id}, a published {head.kind}", "", data["construct"], "",
             f"Authors: {authors}" + (f" ({data['year']})" if "year" in data else "") + _authors_mark(data),
             f"DOI: {_value(data.get('doi'))}", f"Family: {head.family}. Answered by: {', '.join(data['rater'])}.",
             f"Items: {_value(data.get('n_items'))}", f"Options: {_options(data.get('response'))}", ""]
    lines += [*_key_lines(card), "", *_scoring_lines(data), ""]
    for room, title in _FIGURES:
        found = data.get(room, ())
        lines += [f"{title}:", *(f"  - {_figure(one)} [{mark_words(one)}]" for one in found)] if found else \
                 [f"{title}: nothing on the card."]
    lines += [*_facets(data), "", f"Terms: {data['licence']['class']}; {data['licence']['note']} "
              f"[{mark_words(data['licence'])}]",
              f"Wording: {data['wording']['where']}. How to load it: {_LOADERS[head.loader]}.", ""]
    reasons = why_not(card)
    lines.append(f"As a questionnaire here: no; {'; '.join(reasons)}." if reasons else
                 f"As a questionnaire here: coachresearch instruments use STUDY {card.id} [--wording FILE].")
    if not reasons and card.key_recalled:
        lines.append("Its recalled key is unverified and scores nothing before it is confirmed: coachresearch "
                     f"instruments confirm STUDY {card.id}.")
    for room, title in (("notes", "Notes"), ("verify", "Still to verify"), ("use", "Stands beside")):
        lines += ["", f"{title}:", *(f"  - {one}" for one in data[room])] if data.get(room) else []
    return "\n".join([*lines, *_references(card)])


def use_published(
    study: str | Path,
    scale: str,
    *,
    wording: Path | None = None,
    languages: Sequence[str] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
) -> list[str]:
    """Bring a published scale into a study folder; return lines that say what came of it.

    Raises
    ------
    InstrumentError
        If the scale, the wording or its terms will not do; nothing is written then.
    """
    folder = study_folder(study)
    made, loaded = use_scale(folder, scale, study_instruments(folder), wording=wording, languages=tuple(languages),
                             terms=terms, sha256=sha256)
    lines = [sentence("app.used", id=made.id, version=made.version, items=len(made.items),
                      languages=", ".join(made.languages), scales=len(made.scales))]
    lines += list(claim_sentences(made))
    lines += [MESSAGES.say(f"caution.{one.code}", **one.values) for one in (loaded.cautions if loaded else ())]
    if loaded is None:
        lines.append(sentence("app.used_keys", id=made.id))
    return lines


def confirm_published(study: str | Path, instrument: str, *, by: str, on: date, against: str) -> list[str]:
    """Note in a study folder that somebody compared a recalled key with the published form.

    Raises
    ------
    InstrumentError
        If the study does not have the instrument, its key is not recalled, or it is not said who compared it with what.
    """
    folder = study_folder(study)
    known = study_instruments(folder)
    if instrument not in known:
        raise InstrumentError(f"The study does not have the instrument {instrument!r}", where=str(folder),
                              remedy=f"Bring it in first: coachresearch instruments use {folder.name} {instrument}.")
    one = confirm_in(folder, known[instrument], by=by, on=on, against=against)
    keys = [f"  {scale.id}: " + " ".join(f"{'-' if sign < 0 else ''}{item}" for item, sign in scale.keys)
            for scale in one.scales]
    return [*keys, claim_sentences(one)[1], sentence("app.confirmed", file=folder / CONFIRMED)]


def write_template(scale: str, out: Path | None = None, *, language: str = "en") -> str:
    """Write a file to paste the wording of a published scale into, and say where.

    Raises
    ------
    InstrumentError
        If there is nothing to paste, or the file is there already.
    """
    card = published_cards()[scale]
    place = out or Path(f"{card.id}_{language}.yaml")
    _write_new(place, paste_template(card, language=language))
    return sentence("app.template", file=place, id=card.id)


def write_script(out: Path | None = None) -> str:
    """Write the R script that writes the free dictionaries of psychTools as a table, and say where."""
    place = out or Path(SCRIPT.name)
    _write_new(place, SCRIPT.read_text(encoding="utf-8"))
    return sentence("app.script", file=place)


def _write_new(place: Path, text: str) -> None:
    try:
        with place.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise InstrumentError(f"{place.name} is there already", where=str(place),
                              remedy="Choose another name with --out; what was filled in stays.") from None


def _value(block: Mapping[str, Any] | None) -> str:
    return f"{block['value']} [{mark_words(block)}]" if block else "not known"


def _authors_mark(data: Mapping[str, Any]) -> str:
    doi = data.get("doi")
    if doi and doi["source"] == "found":
        return f" [{mark_words(doi)}]"
    return " [recalled: unverified]" if "authors" in data else ""


def _options(response: Mapping[str, Any] | None) -> str:
    if response is None:
        return "not known"
    anchors = [anchor or "(no label)" for anchor in response.get("anchors", ())]
    values = response.get("values") or range(response["min"], response["max"] + 1)
    told = ", ".join(f"{value} {anchor}" for value, anchor in zip(values, anchors, strict=True)) if anchors else \
        f"{response['points']} points from {response['min']} to {response['max']}"
    return f"{response['kind']}; {told} [{mark_words(response)}]"


def _key_lines(card: Card) -> Iterator[str]:
    key = card.data.get("key")
    if key is None:
        yield "Key: nothing on the card."
        return
    note = f" {key['note'][:1].upper()}{key['note'][1:]}." if "note" in key else ""
    yield (f"Key ({card.head.extent}; numbers: {key['numbering']}) [{mark_words(key)}]; a minus sign marks a reversed "
           f"item.{note}")
    for part in card.subscales:
        turned = set(part.get("reverse", ()))
        items = " ".join(f"{'-' if item in turned else ''}{item}" for item in part.get("items", ()))
        count = f"{part['n']} items" if "n" in part else "number of items not known"
        scored = "" if part.get("scored", True) else " (no score of its own)"
        yield f"  {part['id']} {part['name']}{scored}: {items or count}"
    for side in ("positive", "negative"):
        for trait, words in card.data.get("markers", {}).get(side, {}).items():
            yield f"  {trait} {card.data['markers']['names'][trait]}, {side}: {', '.join(words)}"
    for one in card.data.get("composites", ()):
        yield f"  {one['id']} {one['name']}: {', '.join(one['of'])}"
    facets = [part["name"] for part in card.data.get("facet_key", ())]
    if facets:
        yield f"  Facets: {', '.join(facets)}"


def _scoring_lines(data: Mapping[str, Any]) -> Iterator[str]:
    scoring = data.get("scoring")
    if scoring is None:
        yield "Scoring: nothing on the card."
        return
    yield f"Scoring: {scoring['rule']} [{mark_words(scoring)}]"
    yield f"  Missing answers: {scoring.get('missing', 'no published rule known')}"
    for name, remark in scoring.get("remarks", {}).items():
        yield f"  {name.replace('_', ' ')}: {remark} [{mark_words(scoring)}]"
    if "conversion" in scoring:
        table = scoring["conversion"]["table"]
        yield f"  conversion of {len(table)} raw sums to a metric score [{mark_words(scoring['conversion'])}]"


def _figure(one: Mapping[str, Any]) -> str:
    parts = []
    for name, value in one.items():
        if name in ("source", "ref", "confidence"):
            continue
        if name == "card":
            known = norm_cards()
            parts.append(f"norm card {value}: {known[value].title}" if value in known else f"norm card {value}")
        elif isinstance(value, Mapping):
            parts.append(f"{name} " + ", ".join(f"{key}: {figure}" for key, figure in value.items()))
        else:
            between = " to " if str(one.get("stat", "")).endswith("range") else " / "
            told = between.join(map(str, value)) if isinstance(value, list) else str(value)
            parts.append(told if name in ("stat", "model", "note", "across", "population") else f"{name} {told}")
    return "; ".join(parts)


def _facets(data: Mapping[str, Any]) -> Iterator[str]:
    facets = data.get("facets")
    if facets is not None:
        yield f"Content [{mark_words(facets)}]:"
        for group, labels in facets["groups"].items():
            yield f"  {group}: {', '.join(labels)}"
    words = data.get("stimulus_words")
    if words is not None:
        yield f"Words shown first: {', '.join(words['words'])} [{mark_words(words)}]"


def _references(card: Card) -> Iterator[str]:
    used = sorted(set(_refs(card.data)))
    known = read_references(card.head.path.parent)
    if used:
        yield ""
        yield "References (kind; how much of it was read):"
    for ref in used:
        one = known[ref]
        told = f" Caution: {one['caution']}." if "caution" in one else ""
        yield f"  {ref}: {one['what']} ({one['kind']}; {one['seen']}).{told}"


def _refs(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        yield from data.get("ref", ())
        for value in data.values():
            yield from _refs(value)
    elif isinstance(data, list):
        for value in data:
            yield from _refs(value)
