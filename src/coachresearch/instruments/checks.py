"""What a schema cannot say about an instrument file: whether its parts fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from coachresearch.core.errors import Fault
from coachresearch.core.located import Located, texts

Step = str | int


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """The well-formed parts of an instrument file; what the schema refuses is left out here.

    Parameters
    ----------
    located : Located
        The file.
    languages : tuple of str
        Languages declared.
    response_scales : mapping
        Response scales by name.
    items : tuple of (int, mapping)
        Position and content of each item; a bare id is a mapping with an id alone.
    scales, forms : tuple of (int, mapping)
        Position and content.
    """

    located: Located
    languages: tuple[str, ...]
    response_scales: Mapping[str, Mapping[str, Any]]
    items: tuple[tuple[int, Mapping[str, Any]], ...]
    scales: tuple[tuple[int, Mapping[str, Any]], ...]
    forms: tuple[tuple[int, Mapping[str, Any]], ...]

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Item ids in the order of the file."""
        return tuple(str(item["id"]) for _, item in self.items)

    def fault(self, what: str, path: tuple[Step, ...], remedy: str) -> Fault:
        """Build a fault that points at a place in the file."""
        return Fault(what, self.located.where(*path), remedy)


def cross_faults(located: Located) -> tuple[Fault, ...]:
    """List everything in which the parts of an instrument file do not fit together, in the order of the checks."""
    draft = draft_of(located)
    checks = (_repeated, _options, _response_scales, _languages, _voices, _instructed, _keys, _parents, _ranges, _forms,
              _shown, _norms, _dates)
    return tuple(fault for check in checks for fault in check(draft))


def voices_of(text: Any) -> dict[str, Any]:
    """Return the wording by rater role; a bare text stands for ``self`` and for ``other``."""
    if text is None:
        return {}
    if isinstance(text, Mapping):
        return dict(text)
    return {"self": text, "other": text}


def form_items(form: Mapping[str, Any], all_items: tuple[str, ...]) -> tuple[str, ...]:
    """Return the item ids of a form; ``all`` stands for every item of the file, in its order."""
    shown = form.get("items")
    if shown == "all":
        return all_items
    return tuple(str(item) for item in shown) if isinstance(shown, list) else ()


def response_scale_of(item: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Return the name of an item's response scale, or of the file's default."""
    return str(item.get("response_scale") or data.get("response_scale") or "")


def draft_of(located: Located) -> Draft:
    """Return the parts of an instrument file that are well-formed enough to be checked against each other."""
    data = _mapping(located.data)
    items = [(position, {"id": item} if isinstance(item, str) else item)
             for position, item in enumerate(_sequence(data.get("items")))]
    return Draft(
        located=located,
        languages=tuple(str(language) for language in _sequence(data.get("languages"))),
        response_scales={name: scale for name, scale in _mapping(data.get("response_scales")).items()
                         if isinstance(scale, Mapping)},
        items=_with_id(items),
        scales=_with_id(list(enumerate(_sequence(data.get("scales"))))),
        forms=_with_id(list(enumerate(_sequence(data.get("forms"))))),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _roles(form: Mapping[str, Any]) -> list[str]:
    return [role for role in _sequence(form.get("roles")) if isinstance(role, str)]


def _with_id(entries: list[tuple[int, Any]]) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    return tuple((position, entry) for position, entry in entries
                 if isinstance(entry, Mapping) and isinstance(entry.get("id"), str))


def _repeated(draft: Draft) -> Iterator[Fault]:
    for noun, room, entries in (("item", "items", draft.items), ("scale", "scales", draft.scales),
                                ("form", "forms", draft.forms)):
        first: dict[str, int] = {}
        for position, entry in entries:
            name = entry["id"]
            if name in first:
                yield draft.fault(f"Two {noun}s have the id {name!r}; the first stands at "
                                  f"{draft.located.where(room, first[name])}", (room, position),
                                  f"Give each {noun} an id of its own.")
            first.setdefault(name, position)


def _options(draft: Draft) -> Iterator[Fault]:
    for name, scale in draft.response_scales.items():
        path: tuple[Step, ...] = ("response_scales", name, "options")
        values = _values(scale)
        for position, value in enumerate(values):
            if value in values[:position]:
                yield draft.fault(f"Response scale {name!r} has the value {value} twice", (*path, position),
                                  "Give each option a value of its own.")
        if len(set(values)) == len(values) and values not in (sorted(values), sorted(values, reverse=True)):
            yield draft.fault(f"The values of response scale {name!r} neither rise nor fall: {_listed(values)}", path,
                              "Put the options in the order in which they are shown, from one end to the other.")
        yield from _codes(draft, name, scale, values)


def _values(scale: Mapping[str, Any]) -> list[int]:
    values = [_mapping(option).get("value") for option in _sequence(scale.get("options"))]
    if scale.get("entry") == "number":
        values = [scale.get("low"), scale.get("high")]
    return [value for value in values if isinstance(value, int)]


def _codes(draft: Draft, name: str, scale: Mapping[str, Any], values: list[int]) -> Iterator[Fault]:
    seen: list[Any] = []
    for position, entry in enumerate(_sequence(scale.get("missing"))):
        code = _mapping(entry).get("code")
        path = ("response_scales", name, "missing", position)
        if code in values:
            yield draft.fault(f"Response scale {name!r} uses {code} both as an option and as a missing code", path,
                              f"Choose a code that is not among {_listed(values)}.")
        if code in seen:
            yield draft.fault(f"Response scale {name!r} has the missing code {code} twice", path,
                              "Give each missing option a code of its own.")
        seen.append(code)


def _response_scales(draft: Draft) -> Iterator[Fault]:
    known = _listed(draft.response_scales)
    default = _name(_mapping(draft.located.data).get("response_scale"))
    if default is not None and default not in draft.response_scales:
        yield draft.fault(f"The default response scale {default!r} is not in this file", ("response_scale",),
                          f"The file has: {known}.")
    for position, item in draft.items:
        named = _name(item.get("response_scale"))
        if named is None and default is None:
            yield draft.fault(f"Item {item['id']!r} has no response scale", ("items", position),
                              "Name one, or give the file a default with the key response_scale.")
        elif named is not None and named not in draft.response_scales:
            yield draft.fault(f"Item {item['id']!r} names the response scale {named!r}, which is not in this file",
                              ("items", position, "response_scale"), f"The file has: {known}.")


def _languages(draft: Draft) -> Iterator[Fault]:
    declared = set(draft.languages)
    for what, path, words in _seen_words(draft):
        if not isinstance(words, str | Mapping):
            continue
        spoken = {language for language, _ in texts(words)}
        for language in [one for one in draft.languages if one not in spoken]:
            yield draft.fault(f"{what} has no text in {language!r}", path,
                              f"Add it, or take {language} out of languages.")
        for language in sorted(spoken - declared):
            yield draft.fault(f"{what} has a text in {language!r}, which the file does not declare", path,
                              f"Add {language} to languages, or remove the text.")


def _seen_words(draft: Draft) -> Iterator[tuple[str, tuple[Step, ...], Any]]:
    """Everything a respondent reads: what it is, where it stands, and the words."""
    data = _mapping(draft.located.data)
    yield "The title", ("title",), data.get("title")
    for role, words in _mapping(data.get("instructions")).items():
        yield f"The instruction for {role}", ("instructions", role), words
    for name, scale in draft.response_scales.items():
        for room, key in (("options", "value"), ("missing", "code")):
            for position, entry in enumerate(_sequence(scale.get(room))):
                yield (f"The label of {_mapping(entry).get(key)} in response scale {name!r}",
                       ("response_scales", name, room, position), _mapping(entry).get("label"))
        yield f"The unit of response scale {name!r}", ("response_scales", name, "unit"), scale.get("unit")
        yield from _anchor_words(f"response scale {name!r}", ("response_scales", name), scale)
    for position, item in draft.items:
        text = item.get("text")
        if isinstance(text, Mapping):
            for role, words in text.items():
                yield f"Item {item['id']!r} for {role}", ("items", position, "text", role), words
        else:
            yield f"Item {item['id']!r}", ("items", position, "text"), text
        yield from _anchor_words(f"item {item['id']!r}", ("items", position), item)


def _anchor_words(
    owner: str, path: tuple[Step, ...], entry: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Step, ...], Any]]:
    for position, anchor in enumerate(_sequence(entry.get("anchors"))):
        known, place = _mapping(anchor), (*path, "anchors", position)
        yield f"Level {known.get('value')} of {owner}", (*place, "text"), known.get("text")
        for number, words in enumerate(_sequence(known.get("examples"))):
            yield f"An example of level {known.get('value')} of {owner}", (*place, "examples", number), words


def _voices(draft: Draft) -> Iterator[Fault]:
    positions: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for position, item in draft.items:
        positions.setdefault(item["id"], (position, item))
    worded = {name for name, (_, item) in positions.items() if item.get("text")}
    if not worded:
        return
    for name, (position, _) in positions.items():
        if name not in worded:
            yield draft.fault(f"Item {name!r} has no wording, though other items have", ("items", position),
                              "Add its text, or take the wording out of all items.")
    needed = {(name, role) for _, form in draft.forms for name in form_items(form, draft.item_ids) if name in worded
              for role in _roles(form)}
    for name, role in sorted(needed, key=lambda pair: (positions[pair[0]][0], pair[1])):
        position, item = positions[name]
        if not _speaks(voices_of(item["text"]), role):
            yield draft.fault(f"Item {name!r} has no wording for the role {role!r}, to which a form shows it",
                              ("items", position, "text"), _voice_remedy(role))


def _instructed(draft: Draft) -> Iterator[Fault]:
    told = _mapping(_mapping(draft.located.data).get("instructions"))
    for role in sorted({role for _, form in draft.forms for role in _roles(form)}):
        if told and not _speaks(told, role):
            yield draft.fault(f"There is no instruction for the role {role!r}, to which a form is shown",
                              ("instructions",), _voice_remedy(role))


def _speaks(voices: Mapping[str, Any], role: str) -> bool:
    return role in voices or (role != "self" and "other" in voices)


def _voice_remedy(role: str) -> str:
    return f"Add a text for {role}." if role == "self" else f"Add a text for {role}, or for other."


def _keys(draft: Draft) -> Iterator[Fault]:
    known = set(draft.item_ids)
    for position, scale in draft.scales:
        keys = _mapping(scale.get("keys"))
        for name in keys:
            if name not in known:
                yield draft.fault(f"Scale {scale['id']!r} has a key for {name!r}, which is not an item",
                                  ("scales", position, "keys", name), "Correct the id, or add the item.")
        least = scale.get("min_answered")
        if isinstance(least, int) and keys and least > len(keys):
            yield draft.fault(f"Scale {scale['id']!r} wants {least} answered items but has {len(keys)}",
                              ("scales", position, "min_answered"), f"Use a number from 1 to {len(keys)}.")


def _parents(draft: Draft) -> Iterator[Fault]:
    scales = {scale["id"]: scale for _, scale in draft.scales}
    for position, scale in draft.scales:
        parent = _name(scale.get("parent"))
        path = ("scales", position, "parent")
        if parent is None:
            continue
        if parent not in scales:
            yield draft.fault(f"Scale {scale['id']!r} names the parent {parent!r}, which is not a scale", path,
                              f"The file has: {_listed(scales)}.")
        elif _is_own_ancestor(scale["id"], scales):
            yield draft.fault(f"Scale {scale['id']!r} is its own ancestor", path, "Break the circle of parents.")
        else:
            outside = [name for name in _mapping(scale.get("keys")) if name not in _mapping(scales[parent].get("keys"))]
            if outside:
                yield draft.fault(f"Scale {scale['id']!r} has items that its parent {parent!r} lacks: "
                                  f"{_listed(outside)}", path, "Add them to the parent, or remove the parent.")


def _is_own_ancestor(name: str, scales: Mapping[str, Mapping[str, Any]]) -> bool:
    passed: set[str] = set()
    above = _name(scales[name].get("parent"))
    while above is not None and above in scales and above not in passed:
        passed.add(above)
        above = _name(scales[above].get("parent"))
    return name in passed


def _ranges(draft: Draft) -> Iterator[Fault]:
    data = _mapping(draft.located.data)
    used = {item["id"]: response_scale_of(item, data) for _, item in draft.items}
    for position, scale in draft.scales:
        names = {used[name] for name in _mapping(scale.get("keys")) if name in used}
        ranges = {name: _range(draft.response_scales[name]) for name in sorted(names) if name in draft.response_scales}
        if len(set(ranges.values()) - {None}) > 1 and not scale.get("mixed_ranges"):
            seen = ", ".join(f"{name} {ends[0]} to {ends[1]}" for name, ends in ranges.items() if ends)
            yield draft.fault(f"Scale {scale['id']!r} joins items of different range ({seen})", ("scales", position),
                              "Use one response scale, or write mixed_ranges: true if that is meant.")


def _range(scale: Mapping[str, Any]) -> tuple[int, int] | None:
    values = _values(scale)
    return (min(values), max(values)) if values else None


def _forms(draft: Draft) -> Iterator[Fault]:
    known = set(draft.item_ids)
    for position, form in draft.forms:
        shown = form_items(form, draft.item_ids)
        for place, name in enumerate(shown):
            path = ("forms", position, "items", place)
            if name not in known:
                yield draft.fault(f"Form {form['id']!r} shows {name!r}, which is not an item", path,
                                  "Correct the id, or add the item.")
            elif name in shown[:place] and form.get("items") != "all":
                yield draft.fault(f"Form {form['id']!r} shows {name!r} twice", path, "Keep one of the two.")


def _shown(draft: Draft) -> Iterator[Fault]:
    forms = [set(form_items(form, draft.item_ids)) for _, form in draft.forms]
    if not forms or not all(forms):
        return
    for position, item in draft.items:
        if not any(item["id"] in shown for shown in forms):
            yield draft.fault(f"Item {item['id']!r} is in no form", ("items", position),
                              "Add it to a form, or remove it.")
    for position, scale in draft.scales:
        keys = set(_mapping(scale.get("keys"))) & set(draft.item_ids)
        most = max(len(keys & shown) for shown in forms)
        least = scale.get("min_answered")
        if isinstance(least, int) and most < least <= len(keys):
            yield draft.fault(f"Scale {scale['id']!r} can never be scored: it wants {least} answered items and no form "
                              f"shows more than {most} of them", ("scales", position), "Add items to a form.")


def _norms(draft: Draft) -> Iterator[Fault]:
    known = [scale["id"] for _, scale in draft.scales]
    for position, norm in enumerate(_sequence(_mapping(draft.located.data).get("norms"))):
        name = _mapping(norm).get("scale")
        if isinstance(name, str) and name not in known:
            yield draft.fault(f"A norm is given for {name!r}, which is not a scale", ("norms", position, "scale"),
                              f"The file has: {_listed(known)}.")


def _dates(draft: Draft) -> Iterator[Fault]:
    day = _mapping(_mapping(_mapping(draft.located.data).get("source")).get("confirmed")).get("on")
    if isinstance(day, str):
        try:
            date.fromisoformat(day)
        except ValueError:
            yield draft.fault(f"source.confirmed.on is {day!r}, which is not a day", ("source", "confirmed", "on"),
                              "Write it as 2026-03-31.")


def _listed(things: Any) -> str:
    return ", ".join(str(thing) for thing in things)
