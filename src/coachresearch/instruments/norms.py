"""Norm cards: means and spreads of scores in a described sample, by group, with their source."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import inf, sqrt
from pathlib import Path
from typing import Any, Literal

from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import Located, read_located, schema_faults
from coachresearch.core.places import shipped

NORMS_SCHEMA = Path(__file__).with_name("norms_schema.json")
"""The JSON Schema (draft 2020-12) of a norm card."""

Sex = Literal["male", "female"]
SampleKind = Literal["probability", "quota", "census", "convenience", "self-selected", "this-study"]
_BESSEL = 2.0
"""n / (n - 1) is at most this: the widest a sample spread can be beyond the bound of Bhatia and Davis."""


@dataclass(frozen=True, slots=True)
class NormSample:
    """Who was asked.

    Parameters
    ----------
    kind : SampleKind
    description : str
        Who, and how they were chosen.
    collected : str
        When.
    place : str
    non_response : str
        Share of those asked who did not answer, or why it is not known.
    """

    kind: SampleKind
    description: str
    collected: str
    place: str = ""
    non_response: str = ""


@dataclass(frozen=True, slots=True)
class NormUnit:
    """What the scores of some scales are: their ends, their number of items, and the reliability for intervals.

    Parameters
    ----------
    scales : tuple of str
    low, high : float
        Lowest and highest score that can be reached.
    items : int
    reliability : float or None
        In the sample or of the instrument; None where none is known.
    reliability_of : str
        What that figure is.
    """

    scales: tuple[str, ...]
    low: float
    high: float
    items: int
    reliability: float | None = None
    reliability_of: str = ""


@dataclass(frozen=True, slots=True)
class NormFigure:
    """Mean and standard deviation of one scale; n where it is known for this scale."""

    scale: str
    mean: float
    sd: float
    n: int | None = None


@dataclass(frozen=True, slots=True)
class NormGroup:
    """One group of the sample.

    Parameters
    ----------
    id : str
    figures : tuple of NormFigure
    sex : {"male", "female", ""}
    age : tuple of (float, float)
        First and last year of age, in whole years.
    group : str
        Any other grouping.
    n : int or None
        None where it is not known.
    """

    id: str
    figures: tuple[NormFigure, ...]
    sex: Sex | Literal[""] = ""
    age: tuple[float, float] = (-inf, inf)
    group: str = ""
    n: int | None = None

    def figure(self, scale: str) -> NormFigure | None:
        """Return the figures of one scale; None if the group has none."""
        return next((one for one in self.figures if one.scale == scale), None)


@dataclass(frozen=True, slots=True)
class Cubic:
    """A norm author's own percentiles: a cubic in T, cut to whole numbers, with a floor and a ceiling.

    Parameters
    ----------
    name : str
    coefficients : tuple of four floats
        Of 1, T, T squared and T cubed.
    floor, ceiling : tuple of (float, float)
        Below this T, this value; above this T, this value.
    """

    name: str
    coefficients: tuple[float, float, float, float]
    floor: tuple[float, float]
    ceiling: tuple[float, float]

    def at(self, t: float) -> float:
        """Return the percentile of a T score."""
        if t < self.floor[0]:
            return self.floor[1]
        if t > self.ceiling[0]:
            return self.ceiling[1]
        a, b, c, d = self.coefficients
        return float(int(a + b * t + c * t**2 + d * t**3))


@dataclass(frozen=True, slots=True)
class NormCard:
    """Norms of an instrument.

    Parameters
    ----------
    id, instrument, title : str
    known : {"found", "recalled"}
        Recalled norms are printed as unverified and place nobody.
    provenance : str
        Where the figures were read, or how they were computed.
    sample : NormSample
    statistic : {"mean", "sum"}
        How the scores are formed.
    units : tuple of NormUnit
    groups : tuple of NormGroup
    grouping : tuple of str
        What a person's group is found by: sex, age, group; empty where there is one group.
    language : str
        Of the answers; empty if any.
    roles : tuple of RaterRole
        Who answered.
    cubic : Cubic or None
        The author's own percentiles.
    notes, refs : tuple of str
    confidence : str
        Of recalled norms.
    """

    id: str
    instrument: str
    title: str
    known: Literal["found", "recalled"]
    provenance: str
    sample: NormSample
    statistic: Literal["mean", "sum"]
    units: tuple[NormUnit, ...]
    groups: tuple[NormGroup, ...]
    grouping: tuple[str, ...] = ()
    language: str = ""
    roles: tuple[RaterRole, ...] = ("self",)
    cubic: Cubic | None = None
    notes: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    confidence: str = ""

    @property
    def scales(self) -> tuple[str, ...]:
        """Every scale that has norms here."""
        return tuple(name for unit in self.units for name in unit.scales)

    def unit(self, scale: str) -> NormUnit:
        """Return what the scores of a scale are.

        Raises
        ------
        InstrumentError
            If the card has no norms of it.
        """
        for unit in self.units:
            if scale in unit.scales:
                return unit
        raise InstrumentError(f"The norms {self.id!r} have no scale {scale!r}",
                              remedy=f"They have: {', '.join(self.scales)}.")

    def group_of(self, *, sex: str = "", age: float | None = None, group: str = "") -> NormGroup | None:
        """Return the group that a person belongs to; None if what the grouping needs is not known, or nobody fits."""
        for one in self.groups:
            fits = {"sex": one.sex == sex, "group": one.group == group,
                    "age": age is not None and one.age[0] <= int(age) <= one.age[1]}
            if all(fits[name] for name in self.grouping):
                return one
        return None


def read_norms(path: str | Path) -> NormCard:
    """Read a norm card.

    Parameters
    ----------
    path : str or Path
        YAML file, ``schema: coachresearch/norms/1``.

    Raises
    ------
    InstrumentError
        With every fault of the file.
    """
    located = read_located(Path(path), error=InstrumentError)
    found = schema_faults(located, _schema()) or tuple(_faults(located))
    if found:
        raise InstrumentError.of(found)
    return _card(located.data)


def norm_cards(folder: str | Path | None = None) -> dict[str, NormCard]:
    """Read the norm cards of a folder by id; those that come with the package if it is left out."""
    place = shipped("instruments") / "published" / "norms" if folder is None else Path(folder)
    return {card.id: card for card in map(read_norms, sorted(place.glob("*.yaml")))}


def write_norms(card: NormCard, path: str | Path) -> Path:
    """Write a norm card so that `read_norms` reads back the same card; all of it or nothing."""
    import yaml

    file = Path(path)
    text = yaml.safe_dump(_plain(card), sort_keys=False, allow_unicode=True, width=118)
    handle, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        Path(draft).replace(file)
    finally:
        Path(draft).unlink(missing_ok=True)
    return file


def _faults(located: Located) -> Iterator[Fault]:
    data = located.data
    units = {name: unit for unit in data["score"]["units"] for name in unit["scales"]}
    ids = [group["id"] for group in data["groups"]]
    for position, group in enumerate(data["groups"]):
        place = located.where("groups", position)
        if group["id"] in ids[:position]:
            yield Fault(f"Two groups have the id {group['id']!r}", place, "Give each group an id of its own.")
        for name in [name for name in data["grouping"] if name not in group]:
            yield Fault(f"Group {group['id']!r} does not say its {name}", place, f"The grouping needs it: {name}.")
        for scale, figure in group["scores"].items():
            spot = located.where("groups", position, "scores", scale)
            if scale not in units:
                yield Fault(f"Group {group['id']!r} has norms of {scale!r}, which has no unit", spot,
                            "Add the scale to score.units.")
                continue
            low, high = units[scale]["low"], units[scale]["high"]
            if not low <= figure["mean"] <= high:
                yield Fault(f"The mean {figure['mean']} of {scale!r} lies outside {low} to {high}", spot,
                            "Check the unit: is it a mean or a sum of the items?")
            elif figure["sd"] > sqrt(_BESSEL * (high - figure["mean"]) * (figure["mean"] - low)):
                yield Fault(f"No scores from {low} to {high} with the mean {figure['mean']} have the standard "
                            f"deviation {figure['sd']}", spot, "Check the unit and the figure.")
    for one, two in combinations(data["groups"], 2):
        rest = [name for name in data["grouping"] if name != "age"]
        if "age" in data["grouping"] and all(one.get(name) == two.get(name) for name in rest):
            (first, last), (other, end) = _age(one), _age(two)
            if first <= end and other <= last:
                yield Fault(f"The ages of the groups {one['id']!r} and {two['id']!r} overlap", located.where("groups"),
                            "Give each year of age one group.")


def _card(data: Mapping[str, Any]) -> NormCard:
    score, cubic = data["score"], data.get("percentile")
    return NormCard(
        id=data["id"], instrument=data["instrument"], title=data["title"], known=data["source"],
        provenance=data["provenance"], sample=_sample(data["sample"]), statistic=score["statistic"],
        units=tuple(_unit(unit) for unit in score["units"]), groups=tuple(_group(group) for group in data["groups"]),
        grouping=tuple(data["grouping"]), language=score.get("language", ""),
        roles=tuple(score.get("roles", ("self",))), cubic=_cubic(cubic) if cubic else None,
        notes=tuple(data.get("notes", ())), refs=tuple(data.get("ref", ())), confidence=data.get("confidence", ""))


def _sample(data: Mapping[str, Any]) -> NormSample:
    return NormSample(data["kind"], data["description"], str(data["collected"]), data.get("place", ""),
                      str(data.get("non_response", "")))


def _unit(data: Mapping[str, Any]) -> NormUnit:
    precision = data.get("reliability", {})
    return NormUnit(tuple(data["scales"]), float(data["low"]), float(data["high"]), data["items"],
                    precision.get("value"), precision.get("of", ""))


def _group(data: Mapping[str, Any]) -> NormGroup:
    figures = tuple(NormFigure(scale, float(one["mean"]), float(one["sd"]), one.get("n"))
                    for scale, one in data["scores"].items())
    return NormGroup(data["id"], figures, data.get("sex", ""), _age(data), data.get("group", ""), data.get("n"))


def _age(data: Mapping[str, Any]) -> tuple[float, float]:
    age = data.get("age", {})
    return float(age.get("from", -inf)), float(age.get("to", inf))


def _cubic(data: Mapping[str, Any]) -> Cubic:
    a, b, c, d = map(float, data["coefficients"])
    return Cubic(data["name"], (a, b, c, d), (data["floor"]["below_t"], data["floor"]["value"]),
                 (data["ceiling"]["above_t"], data["ceiling"]["value"]))


def _plain(card: NormCard) -> dict[str, Any]:
    sample = {"kind": card.sample.kind, "description": card.sample.description, "collected": card.sample.collected,
              "place": card.sample.place, "non_response": card.sample.non_response}
    units = []
    for unit in card.units:
        plain: dict[str, Any] = {"scales": list(unit.scales), "low": unit.low, "high": unit.high, "items": unit.items}
        if unit.reliability is not None:
            plain["reliability"] = {"value": unit.reliability, "of": unit.reliability_of, **_mark(card)}
        units.append(plain)
    score = {"statistic": card.statistic, "language": card.language, "roles": list(card.roles), "units": units}
    data = {"schema": "coachresearch/norms/1", "id": card.id, "instrument": card.instrument, "title": card.title,
            **_mark(card), "provenance": card.provenance,
            "sample": {name: part for name, part in sample.items() if part},
            "notes": list(card.notes), "score": {name: part for name, part in score.items() if part},
            "grouping": list(card.grouping)}
    if card.cubic is not None:
        data["percentile"] = {"name": card.cubic.name, "coefficients": list(card.cubic.coefficients),
                              "floor": dict(zip(("below_t", "value"), card.cubic.floor, strict=True)),
                              "ceiling": dict(zip(("above_t", "value"), card.cubic.ceiling, strict=True))}
    data["groups"] = [_plain_group(group) for group in card.groups]
    return data


def _mark(card: NormCard) -> dict[str, Any]:
    mark = {"source": card.known, "ref": list(card.refs), "confidence": card.confidence}
    return {name: part for name, part in mark.items() if part}


def _plain_group(group: NormGroup) -> dict[str, Any]:
    ends = {name: int(year) for name, year in zip(("from", "to"), group.age, strict=True) if abs(year) != inf}
    parts = {"id": group.id, "sex": group.sex, "age": ends, "group": group.group, "n": group.n}
    scores = {one.scale: {"mean": one.mean, "sd": one.sd} | ({"n": one.n} if one.n else {}) for one in group.figures}
    return {name: part for name, part in parts.items() if part} | {"scores": scores}


@cache
def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(NORMS_SCHEMA.read_text(encoding="utf-8"))
    return schema
