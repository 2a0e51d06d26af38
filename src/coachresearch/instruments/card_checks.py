"""What a schema cannot say about a card: whether its key, counts and labels fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coachresearch.core.errors import Fault
from coachresearch.core.located import Located

Step = str | int


def card_faults(located: Located, references: Sequence[str]) -> tuple[Fault, ...]:
    """List everything in which the parts of a card do not fit together.

    Parameters
    ----------
    located : Located
        A card that its schema accepts.
    references : sequence of str
        Refs that are known.
    """
    checks = (_named, _numbers, _partition, _extent, _turned, _facets, _composites, _response, _words)
    found = [fault for check in checks for fault in check(located)]
    found += list(_refs(located, located.data, (), frozenset(references)))
    return tuple(found)


def _named(located: Located) -> Iterator[Fault]:
    stem = located.name.rsplit(".", 1)[0]
    if stem != located.data["id"]:
        yield Fault(f"The card {located.data['id']!r} stands in the file {located.name!r}", located.where("id"),
                    f"Call the file {located.data['id']}.yaml.")
    for room in ("subscales", "facet_key", "composites"):
        seen = Counter(part["id"].lower() for part in located.data.get(room, ()))
        for name in [name for name, count in seen.items() if count > 1]:
            yield Fault(f"{room} has {name!r} twice", located.where(room), "Give each an id of its own.")


def _numbers(located: Located) -> Iterator[Fault]:
    for room in ("subscales", "facet_key"):
        for position, part in enumerate(located.data.get(room, ())):
            place = located.where(room, position)
            items = part.get("items", ())
            if items and part.get("n", len(items)) != len(items):
                yield Fault(f"{part['id']} says {part['n']} items and lists {len(items)}", place,
                            "Correct one of the two.")
            outside = sorted(set(part.get("reverse", ())) - set(items))
            if outside:
                yield Fault(f"{part['id']} reverses items that it does not have: {_listed(outside)}", place,
                            f"It has: {_listed(items)}.")


def _partition(located: Located) -> Iterator[Fault]:
    first: dict[int, str] = {}
    for position, part in enumerate(located.data.get("subscales", ())):
        if part.get("overlaps"):
            continue
        for item in part.get("items", ()):
            if item in first:
                yield Fault(f"Item {item} stands in {first[item]} and in {part['id']}",
                            located.where("subscales", position),
                            "Give each item one dimension, or write overlaps: true.")
            first.setdefault(item, part["id"])


def _extent(located: Located) -> Iterator[Fault]:
    key, parts = located.data.get("key"), located.data.get("subscales", ())
    if key is None:
        if parts or "markers" in located.data:
            yield Fault("There are dimensions, but no key that says how they are known",
                        located.where("subscales" if parts else "markers"), "Add key with its mark.")
        return
    known = extent_of(parts, located.data.get("n_items", {}).get("value"))
    actual = "complete" if "markers" in located.data else known
    if key["extent"] != actual:
        yield Fault(f"The key says that it is {key['extent']!r}, but it is {actual!r}", located.where("key", "extent"),
                    f"Write extent: {actual}, or complete the dimensions.")


def extent_of(parts: Sequence[Mapping[str, Any]], n_items: int | None) -> str:
    """Return how much of a key its dimensions hold: complete, other_numbers, counts, names or described."""
    if not parts:
        return "described"
    if all("items" in part for part in parts):
        listed = sorted(item for part in parts if not part.get("overlaps") for item in part["items"])
        whole = n_items is not None and listed == list(range(1, n_items + 1))
        return "complete" if whole else "other_numbers"
    return "counts" if all("n" in part for part in parts) else "names"


def _turned(located: Located) -> Iterator[Fault]:
    total = located.data.get("key", {}).get("reverse_total")
    parts = located.data.get("subscales", ())
    if total is None or not parts or not all("items" in part for part in parts):
        return
    turned = sorted({item for part in parts for item in part.get("reverse", ())})
    if turned != sorted(total):
        odd = sorted(set(turned) ^ set(total))
        yield Fault(f"The reversed items of the dimensions and reverse_total differ in {_listed(odd)}",
                    located.where("key", "reverse_total"), "Make them agree.")


def _facets(located: Located) -> Iterator[Fault]:
    facets, parts = located.data.get("facet_key", ()), located.data.get("subscales", ())
    if not facets:
        return
    listed = Counter(item for part in facets for item in part.get("items", ()))
    whole = Counter(item for part in parts for item in part.get("items", ()))
    if listed != whole:
        yield Fault("The facets do not hold the items of the dimensions, each once", located.where("facet_key"),
                    f"They differ in {_listed(sorted(set((listed - whole) + (whole - listed))))}.")
    turned = {item for part in parts for item in part.get("reverse", ())}
    for position, part in enumerate(facets):
        if set(part.get("reverse", ())) != turned & set(part.get("items", ())):
            yield Fault(f"Facet {part['id']} reverses other items than the dimensions do",
                        located.where("facet_key", position), "Make them agree.")


def _composites(located: Located) -> Iterator[Fault]:
    known = {part["id"] for part in located.data.get("subscales", ())}
    for position, one in enumerate(located.data.get("composites", ())):
        for name in [name for name in one["of"] if name not in known]:
            yield Fault(f"The composite {one['id']!r} joins {name!r}, which is not a dimension",
                        located.where("composites", position), f"There are: {', '.join(sorted(known))}.")


def _response(located: Located) -> Iterator[Fault]:
    response = located.data.get("response")
    if response is None:
        return
    place, points = located.where("response"), response["points"]
    values = response.get("values") or list(range(response["min"], response["max"] + 1))
    if len(values) != points or (min(values), max(values)) != (response["min"], response["max"]):
        yield Fault(f"The response scale has {points} points from {response['min']} to {response['max']}, but values "
                    f"{_listed(values)}", place, "Make points, min, max and values agree.")
    if len(set(values)) != len(values):
        yield Fault(f"The response scale has a value twice: {_listed(values)}", place,
                    "Give each option its own value.")
    if "anchors" in response and len(response["anchors"]) != points:
        yield Fault(f"The response scale has {points} points and {len(response['anchors'])} labels", place,
                    "Write one label a point; '' for a point without one.")


def _words(located: Located) -> Iterator[Fault]:
    markers = located.data.get("markers")
    if markers is None:
        return
    listed = Counter(word for side in ("positive", "negative") for words in markers[side].values() for word in words)
    for word in [word for word, count in listed.items() if count > 1]:
        yield Fault(f"The word {word!r} stands twice", located.where("markers"), "Keep one of the two.")
    items = located.data.get("n_items", {}).get("value")
    if sum(listed.values()) != items:
        yield Fault(f"There are {sum(listed.values())} words for {items} items", located.where("markers"),
                    "Complete the list, or correct n_items.")


def _refs(located: Located, data: Any, path: tuple[Step, ...], known: frozenset[str]) -> Iterator[Fault]:
    if isinstance(data, Mapping):
        for ref in [ref for ref in data.get("ref", ()) if path and ref not in known]:
            yield Fault(f"The ref {ref!r} is not in references.yaml", located.where(*path),
                        "Add it there, or correct it.")
        for name, value in data.items():
            yield from _refs(located, value, (*path, name), known)
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from _refs(located, value, (*path, position), known)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))
