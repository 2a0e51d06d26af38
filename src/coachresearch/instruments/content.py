"""What makes an instrument the same: the part that respondents see or scores depend on, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from coachresearch.instruments.instrument import Anchor, Instrument


def content_of(instrument: Instrument) -> dict[str, Any]:
    """Return what respondents see or scores depend on, as plain data.

    Title, languages, instructions, items with wording, options, forms (items and roles) and keys; not the version, the
    construct, names of scales, minutes, terms or evidence. Order of items, options and forms counts; order within a key
    does not.
    """
    plain: dict[str, Any] = {
        "title": instrument.title,
        "languages": instrument.languages,
        "instructions": instrument.instructions,
        "items": [(item.id, item.response_scale, item.text) for item in instrument.items],
        "response_scales": [(one.id, one.kind, one.values, one.labels, one.missing)
                            for one in instrument.response_scales],
        "scales": sorted((one.id, sorted(one.keys), one.rule, one.min_answered, one.parent)
                         for one in instrument.scales),
        "forms": [(form.id, form.items, form.roles) for form in instrument.forms],
    }
    return plain | {name: part for name, part in _beyond(instrument).items() if part}


def _beyond(instrument: Instrument) -> dict[str, Any]:
    """Return what only some instruments have; left out where it is empty, so that older hashes stay what they were."""
    return {
        "uses": [(one.id, one.use, one.expects, one.pair) for one in instrument.items
                 if one.use != "content" or one.expects is not None],
        "levels": [(one.id, _anchors(one.anchors)) for one in instrument.response_scales if one.anchors],
        "anchors": [(one.id, _anchors(one.anchors)) for one in instrument.items if one.anchors],
        "entries": [(one.id, one.entry, one.unit) for one in instrument.response_scales if one.entry != "choice"],
        "reaching": sorted((one.id, one.reaching) for one in instrument.scales if one.reaching is not None),
    }


def _anchors(anchors: tuple[Anchor, ...]) -> list[tuple[Any, ...]]:
    return [(one.value, one.text, one.examples) for one in anchors]


def hash_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 (64 hex digits) of plain data, written as JSON with sorted keys, no spaces and no escapes."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def content_hash(instrument: Instrument) -> str:
    """Return the hash of `content_of`: equal for two instruments that ask and score the same."""
    return hash_of(content_of(instrument))
