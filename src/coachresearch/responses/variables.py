"""The columns of a wide export, described: label, codes, kinds of missing, source; and the codebook made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.contracts import MISSING_KINDS, MissingKind
from coachresearch.instruments.instrument import Instrument, Item, words_in
from coachresearch.responses.responses import Responses

if TYPE_CHECKING:
    import pandas as pd

WORDS = Catalogue(Path(__file__).with_name("messages"))
"""What stands in files that are handed on."""

KEYS = ("wave", "person", "target", "role")
"""Columns that name a row of a wide export."""

_LOWEST = -91


@dataclass(frozen=True, slots=True)
class Variable:
    """One column of a wide export.

    Parameters
    ----------
    name : str
        Column name; the item's id, with its instrument before it where two instruments use the same id.
    label : str
        The wording, or what the column holds.
    kind : {"coded", "number", "text"}
        Codes of a response scale, counts, or words.
    values : tuple of (int, str)
        Codes and their labels; an empty label where a point has none.
    missing : tuple of (int, MissingKind)
        Codes that stand for the kinds of missing answers.
    instrument, version, content_hash, item, keys, licence : str
        Where it comes from; empty for columns that are no items. `keys`: scales, followed by + or -.
    ordered : bool
        Whether the codes have an order.
    """

    name: str
    label: str
    kind: Literal["coded", "number", "text"]
    values: tuple[tuple[int, str], ...] = ()
    missing: tuple[tuple[int, MissingKind], ...] = ()
    instrument: str = ""
    version: str = ""
    content_hash: str = ""
    item: str = ""
    keys: str = ""
    licence: str = ""
    ordered: bool = True


def variables_of(responses: Responses, *, language: str = "en") -> tuple[Variable, ...]:
    """Describe the items that were answered, in the order of their instruments; the latest version gives the words."""
    used = {(str(one), str(item)) for one, item in
            responses.frame[["instrument", "item"]].drop_duplicates().itertuples(index=False)}
    latest: dict[str, Instrument] = {}
    versions: dict[str, list[str]] = {}
    for one in sorted(responses.instruments, key=lambda one: _parts(one.version)):
        latest[one.id] = one
        versions.setdefault(one.id, []).append(one.version)
    shared = _shared(item for _, item in used)
    return tuple(_variable(instrument, item, language, shared, ", ".join(versions[instrument.id]))
                 for instrument in latest.values() for item in instrument.items if (instrument.id, item.id) in used)


def wide_answers(
    responses: Responses, variables: Sequence[Variable], *, extra: Sequence[str] = ()
) -> pd.DataFrame:
    """Lay the answers side by side, a row a rater, target, role and wave; kinds of missing as codes.

    Parameters
    ----------
    responses : Responses
    variables : sequence of Variable
        From `variables_of`.
    extra : sequence of str
        Further columns of the answers to keep, such as ``language``; the first entry of each row.

    Returns
    -------
    DataFrame
        `KEYS`, `extra`, then one column a variable: Float64 codes, NaN where the item was not part of the form; text.
    """
    frame = responses.frame
    rows = frame.groupby(list(KEYS), sort=True)[list(extra)].first() if extra \
        else frame[list(KEYS)].drop_duplicates().sort_values(list(KEYS)).set_index(list(KEYS))
    for one in variables:
        of_item = frame[(frame["instrument"] == one.instrument) & (frame["item"] == one.item)].set_index(list(KEYS))
        if one.kind == "text":
            rows[one.name] = of_item["text"]
            continue
        codes = {kind: code for code, kind in one.missing}
        rows[one.name] = of_item["value"].astype("Float64").fillna(of_item["missing"].map(codes).astype("Float64"))
    return rows.reset_index()


def codebook(
    variables: Iterable[Variable], frame: pd.DataFrame, *, names: Mapping[str, str] | None = None,
    notes: Iterable[tuple[str, str]] = (),
) -> pd.DataFrame:
    """Tell every column of an export in a row of its own, with the full wording.

    Parameters
    ----------
    variables : iterable of Variable
    frame : DataFrame
        The wide export, for the counts.
    names : mapping of str to str, optional
        The name of a column in the file, where it had to be changed.
    notes : iterable of (column, text)
        Columns that are no items.
    """
    import pandas as pd

    rows = [{"name": name, "label": text} for name, text in notes]
    for one in variables:
        column = frame[one.name]
        codes = [code for code, _ in one.missing]
        gone = column.isin(codes) if one.kind != "text" else column.isna()
        rows.append({
            "name": (names or {}).get(one.name, one.name), "label": one.label, "kind": one.kind, "item": one.item,
            "instrument": one.instrument, "version": one.version, "content_hash": one.content_hash,
            "scales": one.keys, "values": "; ".join(f"{code} = {label}" if label else str(code)
                                                    for code, label in one.values),
            "missing": "; ".join(f"{code} = {kind}" for code, kind in one.missing), "licence": one.licence,
            "n": str(int((column.notna() & ~gone).sum())), "n_missing": str(int(gone.sum()))})
    columns = ["name", "label", "kind", "item", "instrument", "version", "content_hash", "scales", "values", "missing",
               "licence", "n", "n_missing"]
    return pd.DataFrame(rows, columns=columns, dtype="string")


def _variable(instrument: Instrument, item: Item, language: str, shared: frozenset[str], versions: str) -> Variable:
    options = instrument.response_scale(item.id)
    kinds: dict[str, Literal["coded", "number", "text"]] = {"choice": "coded", "number": "number", "text": "text"}
    labels = {value: words_in(words, language) for value, words in zip(options.values, options.labels, strict=False)}
    text = dict(item.text)
    wording = text.get("self") or text.get("other") or next(iter(text.values()), ())
    keys = " ".join(f"{scale.id}{'+' if sign > 0 else '-'}" for scale in instrument.scales
                    for name, sign in scale.keys if name == item.id)
    kind = kinds[options.entry]
    return Variable(
        name=f"{instrument.id}_{item.id}" if item.id in shared else item.id,
        label=words_in(wording, language) or f"{instrument.id} {item.id}", kind=kind,
        values=tuple((value, labels.get(value, "")) for value in sorted(options.values)) if kind == "coded" else (),
        missing=() if kind == "text" else _missing_codes(options.values), instrument=instrument.id, version=versions,
        content_hash=instrument.content_hash, item=item.id, keys=keys, licence=instrument.licence.id,
        ordered=options.kind != "choice")


def _missing_codes(values: Sequence[int]) -> tuple[tuple[int, MissingKind], ...]:
    """Choose codes below every answer: -91 to -95, or -991 to -995 where answers reach so far, and so on."""
    start = _LOWEST
    while values and min(values) <= start:
        start = -int(f"9{-start}")
    return tuple((start - number, kind) for number, kind in enumerate(MISSING_KINDS))


def _shared(items: Iterable[str]) -> frozenset[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for item in items:
        (twice if item in seen else seen).add(item)
    return frozenset(twice)


def _parts(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"[.\-]", version))
