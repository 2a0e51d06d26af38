"""Whether items, options and scores are put to a use that fits them: how one answers, what is scored, by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coachresearch.core.errors import Fault
from coachresearch.core.located import Located
from coachresearch.instruments.checks import Draft, draft_of, response_scale_of

MOST_STEPS = 1000
_SCORED = ("content", "reserve")
_PAIRED = ("consistency", "note")


def use_faults(located: Located) -> tuple[Fault, ...]:
    """List everything in which the parts of an instrument file are put to a use that does not fit them."""
    draft = draft_of(located)
    checks = (_entries, _anchors, _expected, _paired, _scored, _rules, _translations)
    return tuple(fault for check in checks for fault in check(draft))


def _entries(draft: Draft) -> Iterator[Fault]:
    for name, scale in draft.response_scales.items():
        entry = scale.get("entry", "choice")
        path = ("response_scales", name)
        wanted = {"choice": ("options",), "number": ("low", "high")}.get(str(entry), ())
        for key in ("options", "low", "high"):
            if key in wanted and key not in scale:
                yield draft.fault(f"Response scale {name!r} lacks {key!r}", path, "Add it.")
            if key not in wanted and key in scale:
                yield draft.fault(f"Response scale {name!r} has {key!r}, which entry: {entry} does not use",
                                  (*path, key), "Remove it, or correct the entry.")
        low, high = scale.get("low"), scale.get("high")
        if entry == "number" and isinstance(low, int) and isinstance(high, int) and not low < high <= low + MOST_STEPS:
            yield draft.fault(f"Response scale {name!r} goes from {low} to {high}", path,
                              f"Let high be above low by at most {MOST_STEPS}.")


def _anchors(draft: Draft) -> Iterator[Fault]:
    for name, scale in draft.response_scales.items():
        yield from _unknown_levels(draft, f"Response scale {name!r}", ("response_scales", name), scale, _codes(scale))
    for position, item in draft.items:
        yield from _unknown_levels(draft, f"Item {item['id']!r}", ("items", position), item, _allowed(draft, item))


def _unknown_levels(
    draft: Draft, owner: str, path: tuple[str | int, ...], entry: Mapping[str, Any], allowed: list[int]
) -> Iterator[Fault]:
    anchors = entry.get("anchors")
    levels = [one.get("value") for one in anchors if isinstance(one, Mapping)] if isinstance(anchors, list) else []
    for position, level in enumerate(levels):
        if isinstance(level, int) and level not in allowed:
            yield draft.fault(f"{owner} describes level {level}, which cannot be chosen", (*path, "anchors", position),
                              f"It allows: {_listed(allowed)}.")
        elif level in levels[:position]:
            yield draft.fault(f"{owner} describes level {level} twice", (*path, "anchors", position),
                              "Keep one of the two.")


def _expected(draft: Draft) -> Iterator[Fault]:
    for position, item in draft.items:
        expects, path = item.get("expects"), ("items", position)
        if item.get("use") == "attention" and expects is None:
            yield draft.fault(f"Attention item {item['id']!r} does not say which answer it expects", path,
                              "Add expects.")
        allowed = _allowed(draft, item)
        if isinstance(expects, int) and expects not in allowed:
            yield draft.fault(f"Item {item['id']!r} expects {expects}, which cannot be chosen", (*path, "expects"),
                              f"Its response scale allows: {_listed(allowed)}.")


def _paired(draft: Draft) -> Iterator[Fault]:
    known = set(draft.item_ids)
    for position, item in draft.items:
        use, pair, path = item.get("use", "content"), item.get("pair"), ("items", position)
        if use in _PAIRED and pair is None:
            yield draft.fault(f"Item {item['id']!r} of use {use} has no pair", path, "Name the item it belongs to.")
        if use not in _PAIRED and pair is not None:
            yield draft.fault(f"Item {item['id']!r} has a pair, but its use is {use}", (*path, "pair"),
                              f"Remove the pair, or give the item one of the uses {_listed(_PAIRED)}.")
        if isinstance(pair, str) and (pair not in known or pair == item["id"]):
            yield draft.fault(f"Item {item['id']!r} names the pair {pair!r}, which is not another item",
                              (*path, "pair"), "Correct the id.")
        texts = _entry(draft, item) == "text"
        if texts and use not in ("open", "note", "context"):
            yield draft.fault(f"Item {item['id']!r} asks for a text, but its use is {use}", path,
                              "Give it the use open, note or context.")
        if not texts and use == "open":
            yield draft.fault(f"Open item {item['id']!r} does not ask for a text", path,
                              "Give it a response scale with entry: text.")


def _scored(draft: Draft) -> Iterator[Fault]:
    items = {item["id"]: item for _, item in draft.items}
    for position, scale in draft.scales:
        keys = scale.get("keys")
        for name in keys if isinstance(keys, Mapping) else ():
            path = ("scales", position, "keys", name)
            item = items.get(name, {})
            if item.get("use", "content") not in _SCORED:
                yield draft.fault(f"Scale {scale['id']!r} counts {name!r}, whose use is {item['use']}", path,
                                  "Score content and reserve items only.")
            unordered = draft.response_scales.get(_response_scale(draft, item), {}).get("kind") == "choice"
            if unordered and scale.get("rule") != "share_right":
                yield draft.fault(f"Scale {scale['id']!r} counts {name!r}, whose options have no order", path,
                                  "Use the rule share_right, or leave the item out.")


def _rules(draft: Draft) -> Iterator[Fault]:
    items = {item["id"]: item for _, item in draft.items}
    for position, scale in draft.scales:
        rule, path = scale.get("rule"), ("scales", position)
        keys = scale.get("keys")
        if (rule == "share_reaching") != ("reaching" in scale):
            yield draft.fault(f"Scale {scale['id']!r} has the rule {rule} and "
                              f"{'a' if 'reaching' in scale else 'no'} value to be reached", path,
                              "Give reaching together with the rule share_reaching, and with no other.")
        if rule == "share_of_parent" and "parent" not in scale:
            yield draft.fault(f"Scale {scale['id']!r} is a share of its parent and has none", path, "Name the parent.")
        if rule == "second_highest" and scale.get("min_answered") == 1:
            yield draft.fault(f"Scale {scale['id']!r} wants the second highest of one answer", path,
                              "Set min_answered to 2 or more.")
        for name in keys if rule == "share_right" and isinstance(keys, Mapping) else ():
            if name in items and items[name].get("expects") is None:
                yield draft.fault(f"Scale {scale['id']!r} counts right answers, but {name!r} expects none",
                                  (*path, "keys", name), "Add expects to the item.")


def _translations(draft: Draft) -> Iterator[Fault]:
    data = draft.located.data if isinstance(draft.located.data, Mapping) else {}
    listed = data.get("translations")
    for position, one in enumerate(listed if isinstance(listed, list) else ()):
        language = one.get("language") if isinstance(one, Mapping) else None
        if isinstance(language, str) and language not in draft.languages:
            yield draft.fault(f"A translation into {language!r} is described, which the file does not declare",
                              ("translations", position), f"The file declares: {_listed(draft.languages)}.")


def _response_scale(draft: Draft, item: Mapping[str, Any]) -> str:
    data = draft.located.data
    return response_scale_of(item, data) if isinstance(data, Mapping) else ""


def _entry(draft: Draft, item: Mapping[str, Any]) -> Any:
    return draft.response_scales.get(_response_scale(draft, item), {}).get("entry", "choice")


def _allowed(draft: Draft, item: Mapping[str, Any]) -> list[int]:
    return _codes(draft.response_scales.get(_response_scale(draft, item), {}))


def _codes(scale: Mapping[str, Any]) -> list[int]:
    low, high = scale.get("low"), scale.get("high")
    if scale.get("entry") == "number" and isinstance(low, int) and isinstance(high, int):
        return list(range(low, min(high, low + MOST_STEPS) + 1))
    options = scale.get("options")
    values = [one.get("value") for one in options if isinstance(one, Mapping)] if isinstance(options, list) else []
    return [value for value in values if isinstance(value, int)]


def _listed(things: Any) -> str:
    shown = [str(thing) for thing in things]
    return ", ".join(shown) if len(shown) <= 12 else f"{shown[0]} to {shown[-1]}"
