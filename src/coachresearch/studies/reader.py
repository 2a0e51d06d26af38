"""Reading a study from its YAML file, with every fault reported together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from coachresearch.core.errors import DesignError, Fault
from coachresearch.core.located import Located, read_located, schema_faults
from coachresearch.studies.study import Arm, Asked, Outcome, Study, Wave

SCHEMA = Path(__file__).with_name("schema.json")
"""The JSON Schema (draft 2020-12) of a study file; editors complete and check with it."""
FILE = "study.yaml"
"""Name of the study file within a study folder."""

KnownForms = Mapping[str, Mapping[str, Collection[str]]]
"""Instrument id to form id to the rater roles of that form."""


def read_study(path: str | Path, *, known: KnownForms | None = None) -> Study:
    """Read a study.

    Parameters
    ----------
    path : str or Path
        Study folder (with ``study.yaml``), or the file itself; ``schema: coachresearch/study/1``.
    known : mapping of str to (mapping of str to collection of str), optional
        Which instruments there are, with their forms and the rater roles of each; without it, the names of instruments
        and forms are taken as they stand.

    Returns
    -------
    Study
        `order` of the waves is their place in the file, counted from 1.

    Raises
    ------
    DesignError
        With every fault of the file: what is wrong, in which line, and what to do.
    """
    file = _file(Path(path))
    located = read_located(file, error=DesignError)
    checks = (_repeated, _design, _days, _outcomes)
    found = [*schema_faults(located, _schema()), *(fault for check in checks for fault in check(located))]
    if known is not None:
        found += _unknown(located, known)
    if found:
        raise DesignError.of(found)
    return _study(located.data, file.parent)


def _file(path: Path) -> Path:
    if path.is_dir():
        if not (path / FILE).is_file():
            raise DesignError(f"The folder {path.name!r} holds no {FILE}", where=str(path),
                              remedy="Point at the folder of a study, or begin one with new_study.")
        return path / FILE
    return path


def _schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def _study(data: Mapping[str, Any], folder: Path) -> Study:
    return Study(
        id=data["id"],
        title=data["title"],
        question=data["question"],
        assignment=data["assignment"],
        arms=tuple(Arm(arm["id"], arm["title"], arm["coached"]) for arm in data.get("arms", ())),
        waves=tuple(_wave(wave, order) for order, wave in enumerate(data["waves"], start=1)),
        primary=_outcome(data["primary"]) if "primary" in data else None,
        min_group=data["min_group"],
        secondary=tuple(_outcome(outcome) for outcome in data.get("secondary", ())),
        language=data.get("language", "en"),
        goal=data.get("goal", ""),
        season=data.get("season", ""),
        simulated=data.get("simulated", False),
        registration=data.get("registration", ""),
        folder=str(folder),
    )


def _wave(entry: Mapping[str, Any], order: int) -> Wave:
    asked = tuple(Asked(one["instrument"], one["form"], tuple(one["roles"])) for one in entry["asked"])
    return Wave(entry["id"], order, entry["title"], asked, _day(entry.get("opens")), _day(entry.get("closes")))


def _outcome(entry: Mapping[str, Any]) -> Outcome:
    return Outcome(entry["scale"], entry["role"], entry.get("instrument", ""), entry.get("better", "higher"),
                   entry.get("smallest_worthwhile"))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _entries(located: Located, room: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the well-formed entries of a list; what is not well formed is a fault of the schema."""
    return _mappings(located.data.get(room) if isinstance(located.data, Mapping) else None)


def _mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    entries = value if isinstance(value, list) else []
    return [(position, entry) for position, entry in enumerate(entries) if isinstance(entry, Mapping)]


def _asked(located: Located) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    for position, wave in _entries(located, "waves"):
        for place, asked in _mappings(wave.get("asked")):
            yield ("waves", position, "asked", place), asked


def _roles(asked: Mapping[str, Any]) -> list[str]:
    roles = asked.get("roles")
    return [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []


def _repeated(located: Located) -> Iterator[Fault]:
    for noun, room in (("arm", "arms"), ("wave", "waves")):
        first: dict[str, int] = {}
        for position, entry in _entries(located, room):
            name = str(entry.get("id"))
            if name in first:
                yield Fault(f"Two {noun}s have the id {name!r}", located.where(room, position),
                            f"Give each {noun} an id of its own.")
            first.setdefault(name, position)
    for position, wave in _entries(located, "waves"):
        pairs: set[tuple[str, str]] = set()
        for place, asked in _mappings(wave.get("asked")):
            for role in _roles(asked):
                pair = (str(asked.get("instrument")), role)
                if pair in pairs:
                    yield Fault(f"Wave {wave.get('id')!r} asks the role {role!r} for {pair[0]!r} twice",
                                located.where("waves", position, "asked", place), "Keep one form for each role.")
                pairs.add(pair)


def _design(located: Located) -> Iterator[Fault]:
    data = located.data if isinstance(located.data, Mapping) else {}
    assignment = data.get("assignment")
    if assignment == "cross_section":
        yield from _cross_section(located)
    elif isinstance(assignment, str):
        yield from (Fault(f"A study that is {assignment!r} lacks {name!r}", located.where("assignment"), remedy)
                    for name, remedy in (("arms", "Say who is coached and who is not."),
                                         ("primary", "Name the one result that the study was set up for."))
                    if name not in data)
        yield from _arms(located, assignment)


def _cross_section(located: Located) -> Iterator[Fault]:
    if _entries(located, "arms"):
        yield Fault("A cross-section has no arms", located.where("arms"),
                    "Remove them, or say how people came into their arms.")
    if len(_entries(located, "waves")) > 1:
        yield Fault(f"A cross-section has {len(_entries(located, 'waves'))} waves", located.where("waves"),
                    "Keep one wave; a study of everybody with several waves is one_group.")


def _arms(located: Located, assignment: str) -> Iterator[Fault]:
    arms = [arm for _, arm in _entries(located, "arms")]
    coached = [arm.get("coached") for arm in arms]
    place = located.where("arms")
    if not arms or not all(isinstance(one, bool) for one in coached):
        return
    if True not in coached:
        yield Fault("No arm is coached", place, "Write coached: true for the arm that receives the coaching.")
    if assignment == "one_group":
        if len(arms) != 1:
            yield Fault(f"A study of one_group has {len(arms)} arms", place,
                        "Keep the coached arm alone, or say how people came into their arms.")
    elif len(arms) == 1:
        yield Fault(f"A study that is {assignment!r} has one arm", place,
                    "Add the arm it is compared with, or write assignment: one_group.")
    elif False not in coached:
        yield Fault("Every arm is coached, so there is nothing to compare with", place,
                    "Write coached: false for the arm that is not coached between the first and the second wave.")


def _days(located: Located) -> Iterator[Fault]:
    before: tuple[str, date] | None = None
    for position, wave in _entries(located, "waves"):
        name = str(wave.get("id"))
        for key in ("opens", "closes"):
            if isinstance(wave.get(key), str) and _day(wave[key]) is None:
                yield Fault(f"{key} of wave {name!r} is {wave[key]!r}, which is not a day",
                            located.where("waves", position, key), "Write it as 2026-03-31.")
        opens, closes = _day(wave.get("opens")), _day(wave.get("closes"))
        if opens and closes and opens > closes:
            yield Fault(f"Wave {name!r} opens on {opens}, after it closes on {closes}",
                        located.where("waves", position, "opens"), "Correct one of the two days.")
        first = opens or closes
        if first and before and first <= before[1]:
            yield Fault(f"Wave {name!r} begins on {first}, but {before[0]!r} before it begins on {before[1]}",
                        located.where("waves", position), "Put the waves in time order, or correct the days.")
        before = (name, first) if first else before


def _outcomes(located: Located) -> Iterator[Fault]:
    data = located.data if isinstance(located.data, Mapping) else {}
    asked = [(str(one.get("instrument")), role) for _, one in _asked(located) for role in _roles(one)]
    named = [(("primary",), data.get("primary"))] + [
        (("secondary", position), entry) for position, entry in _mappings(data.get("secondary"))]
    seen: list[tuple[object, object, object]] = []
    for path, entry in named:
        if not isinstance(entry, Mapping) or not asked:
            continue
        role, instrument = entry.get("role"), entry.get("instrument")
        place = located.where(*path)
        if role not in [one for _, one in asked]:
            yield Fault(f"The {path[0]} outcome is seen by the role {role!r}, which no wave asks", place,
                        f"The waves ask: {', '.join(sorted({one for _, one in asked}))}.")
        elif instrument is not None and (instrument, role) not in asked:
            yield Fault(f"The {path[0]} outcome comes from {instrument!r} by {role!r}, which no wave asks", place,
                        "Ask it in a wave, or correct the outcome.")
        key = (entry.get("scale"), role, instrument)
        if key in seen:
            yield Fault(f"The outcome {entry.get('scale')!r} by {role!r} is named twice", place, "Keep one of the two.")
        seen.append(key)


def _unknown(located: Located, known: KnownForms) -> Iterator[Fault]:
    for path, asked in _asked(located):
        instrument, form = str(asked.get("instrument")), str(asked.get("form"))
        if instrument not in known:
            yield Fault(f"There is no instrument {instrument!r}", located.where(*path, "instrument"),
                        f"There are: {', '.join(sorted(known))}.")
        elif form not in known[instrument]:
            yield Fault(f"Instrument {instrument!r} has no form {form!r}", located.where(*path, "form"),
                        f"It has: {', '.join(sorted(known[instrument]))}.")
        else:
            for role in _roles(asked):
                if role not in known[instrument][form]:
                    yield Fault(f"Form {form!r} of {instrument!r} is not for the role {role!r}",
                                located.where(*path, "roles"),
                                f"It is for: {', '.join(sorted(known[instrument][form]))}.")
