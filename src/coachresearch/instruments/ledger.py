"""The evidence ledger of an instrument, and the claim level computed from it.

An instrument is never valid; a reading of its scores, for a use, in a population, has more or less support.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.core.located import Located, read_located, schema_faults
from coachresearch.instruments.instrument import Instrument

LEDGER_SCHEMA = Path(__file__).with_name("ledger_schema.json")
"""The JSON Schema (draft 2020-12) of a ledger file."""
_GATES = Path(__file__).with_name("ledger_gates.yaml")
_WORDS = Catalogue(Path(__file__).with_name("messages"))
_OLDEST_YEARS = 10
_PILOT_N = 150

SourceCode = Literal["1", "2", "3", "3b", "R", "4", "4b", "5", "F"]
DataKind = Literal["real", "simulated", "model-generated"]
Outcome = Literal["+", "-", "?"]
Bias = Literal["very good", "adequate", "doubtful", "inadequate"]
_BIAS: tuple[Bias, ...] = get_args(Bias)
_PERSON_SOURCES = ("3", "3b", "R")
_GROUP_UNITS = ("team-mean", "organisation-mean")


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of evidence.

    Parameters
    ----------
    instrument, version, content_hash : str
        What was examined: evidence belongs to one wording.
    form, language, use, population : str
        The reading that it speaks for.
    source : SourceCode
        1 content, 2 response process, 3 structure, 3b invariance, R precision, 4 relations, 4b responsiveness,
        5 consequences, F fairness.
    study, design : str
    n : int
    data_kind : {"real", "simulated", "model-generated"}
        Only real counts.
    unit, rater : str
        What one row of the data was, and who answered.
    date : date
    gate, statistic : str
        Code of the gate, and the name of the figure.
    estimate : float or None
    interval : tuple of (float, float) or None
    result : {"+", "-", "?"}
        Sufficient, insufficient, indeterminate.
    risk_of_bias : Bias
        Of the study, by its worst point.
    preregistered, independent : bool
    data_hash, code_hash, note : str
    """

    instrument: str
    version: str
    content_hash: str
    form: str
    language: str
    use: str
    population: str
    source: SourceCode
    study: str
    design: str
    n: int
    data_kind: DataKind
    unit: str
    rater: str
    date: date
    gate: str
    statistic: str
    estimate: float | None
    result: Outcome
    risk_of_bias: Bias
    preregistered: bool = False
    independent: bool = False
    interval: tuple[float, float] | None = None
    data_hash: str = ""
    code_hash: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceGate:
    """What a source of evidence must show.

    Parameters
    ----------
    code : str
    source : SourceCode
    side : {"min", "max", "below"}
        At least, at most, or below the limit.
    limit : float
    bound : {"estimate", "low", "high"}
        Which number is held to it.
    least_n : int
        Smaller samples stay undecided.
    needed : bool
        Whether the source counts only once this gate is passed.
    models : tuple of str
        Kinds of instrument it applies to.
    """

    code: str
    source: SourceCode
    side: Literal["min", "max", "below"]
    limit: float
    bound: Literal["estimate", "low", "high"]
    least_n: int
    needed: bool
    models: tuple[str, ...]

    def judge(self, entry: Entry) -> Outcome:
        """Return what an entry shows: ``?`` where the sample is too small or the number asked for is missing."""
        ends = entry.interval or (None, None)
        value = {"estimate": entry.estimate, "low": ends[0], "high": ends[1]}[self.bound]
        if value is None or entry.n < self.least_n:
            return "?"
        held = {"min": value >= self.limit, "max": value <= self.limit, "below": value < self.limit}[self.side]
        return "+" if held else "-"

    @property
    def words(self) -> str:
        """The limit in signs."""
        sign = {"min": ">=", "max": "<=", "below": "<"}[self.side]
        end = {"estimate": "", "low": "lower bound ", "high": "upper bound "}[self.bound]
        return f"{end}{sign} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scores are to be read for: form, language, use and population."""

    form: str
    language: str
    use: str
    population: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a reading of an instrument stands on the ladder of claims.

    Parameters
    ----------
    level : int
        0 to 5, computed.
    sentence : str
        Exactly what may be said.
    may_not : str
        What may not.
    counted : tuple of Entry
        The evidence that the level rests on or was held back by.
    failed : tuple of Entry
        Counted entries that missed their gate.
    reasons : tuple of str
        Why evidence was set aside, which gates failed, what is lacking for the next level.
    """

    level: int
    sentence: str
    may_not: str
    counted: tuple[Entry, ...]
    failed: tuple[Entry, ...]
    reasons: tuple[str, ...]


def read_ledger(path: str | Path) -> tuple[Entry, ...]:
    """Read a ledger file.

    Parameters
    ----------
    path : str or Path
        YAML file, ``schema: coachresearch/ledger/1``.

    Raises
    ------
    InstrumentError
        With every fault; also where an entry states another result than its gate gives.
    """
    located = read_located(Path(path), error=InstrumentError)
    found = schema_faults(located, json.loads(LEDGER_SCHEMA.read_text(encoding="utf-8")))
    if found:
        raise InstrumentError.of(found)
    entries: list[Entry] = []
    faults: list[Fault] = []
    for position, data in enumerate(located.data["entries"]):
        try:
            entry = _entry(data)
        except ValueError:
            faults.append(Fault(f"{data['date']!r} is not a day", located.where("entries", position, "date"),
                                "Write it as 2026-03-02."))
            continue
        faults += _entry_faults(entry, located, position)
        entries.append(entry)
    if faults:
        raise InstrumentError.of(faults)
    return tuple(entries)


@cache
def evidence_gates() -> Mapping[str, EvidenceGate]:
    """Return the default gates by code. Those taken from the literature are recalled and unverified."""
    data = read_located(_GATES, error=InstrumentError).data
    found = {}
    for code, one in data["gates"].items():
        (side, limit), = one["limit"].items()
        found[code] = EvidenceGate(code, one["source"], side, float(limit), one.get("bound", "estimate"),
                                   one["least_n"], one["needed"], tuple(one.get("for", ("reflective",))))
    return found


def standing(
    instrument: Instrument, entries: Iterable[Entry], *, reading: Reading | None = None, today: date | None = None
) -> Standing:
    """Compute the claim level of an instrument from its evidence.

    Parameters
    ----------
    instrument : Instrument
        Entries of another wording are detached.
    entries : iterable of Entry
        May hold entries of other instruments.
    reading : Reading, optional
        Only evidence for this form, language, use and population; that of the first entry if left out.
    today : date, optional
        Evidence older than ten years is set aside; today's date if left out.

    Returns
    -------
    Standing

    Notes
    -----
    A gate that several studies speak to is decided by the best of them: least risk of bias, then largest, then latest.
    So a level falls back when a gate fails in a better or larger study. Level 1 needs sources 1 and 2; 2 a pilot of 150
    real people with item analysis and a first omega; 3 sources 3 and R of an independent sample (another study than the
    pilot); 4 source 4 and a record of consequences; 5 two further independent samples, one by others.
    """
    mine = [entry for entry in entries if entry.instrument == instrument.id]
    kept, reasons = _counted(instrument, mine, reading, today or date.today())
    gates = {code: gate for code, gate in evidence_gates().items() if instrument.model in gate.models}
    decided = _decided(kept, gates)
    failed = tuple(entry for entry, outcome in decided.values() if outcome == "-")
    level = _level(kept, decided, gates)
    told = [*reasons, *_gate_words(decided), *_lacking(level, decided, gates)]
    return Standing(level, _sentence(level, kept, decided, failed), _WORDS.say(f"ledger.may_not.{level}"), tuple(kept),
                    failed, tuple(told))


def _entry(data: Mapping[str, Any]) -> Entry:
    plain = dict(data)
    interval = plain.pop("interval", None)
    return Entry(**{**plain, "date": date.fromisoformat(plain["date"]), "estimate": plain.get("estimate"),
                    "interval": (float(interval[0]), float(interval[1])) if interval else None})


def _entry_faults(entry: Entry, located: Located, position: int) -> Iterator[Fault]:
    gate = evidence_gates().get(entry.gate)
    place = located.where("entries", position, "gate")
    if gate is None:
        yield Fault(f"There is no gate {entry.gate!r}", place, f"There are: {', '.join(evidence_gates())}.")
        return
    if gate.source != entry.source:
        yield Fault(f"The gate {entry.gate!r} belongs to source {gate.source}, the entry says {entry.source}", place,
                    "Correct one of the two.")
    judged = gate.judge(entry)
    if judged != entry.result:
        yield Fault(f"The entry says {entry.result!r}, its gate ({gate.words}, n at least {gate.least_n}) gives "
                    f"{judged!r}", located.where("entries", position, "result"),
                    "The result is computed: write what the gate gives.")


def _counted(
    instrument: Instrument, entries: Sequence[Entry], reading: Reading | None, today: date
) -> tuple[list[Entry], list[str]]:
    kept: list[Entry] = []
    aside: dict[str, int] = {}
    wanted = reading
    for entry in entries:
        why = _why_not(entry, instrument, wanted, today)
        if why:
            aside[why] = aside.get(why, 0) + 1
            continue
        if wanted is None:
            wanted = Reading(entry.form, entry.language, entry.use, entry.population)
        kept.append(entry)
    return kept, [_WORDS.say(f"ledger.why.{why}", n=n) for why, n in aside.items()]


def _why_not(entry: Entry, instrument: Instrument, reading: Reading | None, today: date) -> str:
    if entry.data_kind != "real":
        return entry.data_kind.replace("-", "_")
    if (entry.version, entry.content_hash) != (instrument.version, instrument.content_hash):
        return "other_version"
    if reading is not None and Reading(entry.form, entry.language, entry.use, entry.population) != reading:
        return "other_reading"
    if (today - entry.date).days > _OLDEST_YEARS * 365.25:
        return "too_old"
    if entry.unit in _GROUP_UNITS and entry.source in _PERSON_SOURCES:
        return "group_means"
    return "inadequate" if entry.risk_of_bias == "inadequate" else ""


_Decided = dict[str, tuple[Entry, Outcome]]


def _decided(entries: Sequence[Entry], gates: Mapping[str, EvidenceGate]) -> _Decided:
    """For each gate the entry that decides it, with what the gate says of it; an undecided one only where all are."""
    found: _Decided = {}
    for code, gate in gates.items():
        judged = [(entry, gate.judge(entry)) for entry in entries if entry.gate == code and entry.source == gate.source]
        clear = [one for one in judged if one[1] != "?"]
        if judged:
            found[code] = min(clear or judged, key=lambda one: _rank(one[0]))
    return found


def _rank(entry: Entry) -> tuple[int, int, int]:
    return (_BIAS.index(entry.risk_of_bias), -entry.n, -entry.date.toordinal())


def _holds(source: str, decided: _Decided, gates: Mapping[str, EvidenceGate]) -> bool:
    """Whether every needed gate of a source is passed and none that was tried has failed."""
    here = [code for code, gate in gates.items() if gate.source == source]
    needed = [code for code in here if gates[code].needed]
    outcomes = {code: decided[code][1] for code in here if code in decided}
    return all(outcomes.get(code) == "+" for code in needed) and bool(outcomes) and "-" not in outcomes.values()


def _level(entries: Sequence[Entry], decided: _Decided, gates: Mapping[str, EvidenceGate]) -> int:
    if not (_holds("1", decided, gates) and _holds("2", decided, gates)):
        return 0
    pilot = [entry for entry in entries if entry.source == "R" and entry.n >= _PILOT_N]
    if not pilot:
        return 1
    structured = any(gate.source == "3" and gate.needed for gate in gates.values())
    studies = {entry.study for entry in entries if entry.source == "R"} | {
        entry.study for entry in entries if entry.source == "3"}
    if (structured and not _holds("3", decided, gates)) or not _holds("R", decided, gates) or len(studies) < 2 or \
            "-" in {outcome for code, (_, outcome) in decided.items() if gates[code].source == "3b"}:
        return 2
    if not (_holds("4", decided, gates) and any(entry.source == "5" for entry in entries)):
        return 3
    samples = {entry.study for entry in entries if entry.source == "4"}
    others = {entry.study for entry in entries if entry.source == "4" and entry.independent}
    return 5 if len(samples) >= 3 and others else 4


def _sentence(level: int, entries: Sequence[Entry], decided: _Decided, failed: Sequence[Entry]) -> str:
    first = entries[0] if entries else None
    fit = ", ".join(f"{code} {one[0].estimate:g}" for code, one in decided.items()
                    if one[0].source == "3" and one[0].estimate is not None)
    return _WORDS.say(
        f"ledger.level.{level}", experts=_most(entries, "expert"), people=_most(entries, "person", "1"),
        population=first.population if first else "", use=first.use if first else "",
        n=max((entry.n for entry in entries if entry.source == "3"), default=0), fit=fit or "no fit index",
        limits=", ".join(sorted({entry.gate for entry in failed})) or "named in the ledger")


def _most(entries: Sequence[Entry], unit: str, source: str = "") -> int:
    return max((entry.n for entry in entries if entry.unit == unit and source in ("", entry.source)), default=0)


def _gate_words(decided: _Decided) -> Iterator[str]:
    gates = evidence_gates()
    for code, (entry, outcome) in decided.items():
        if outcome == "-":
            value = entry.estimate if entry.estimate is not None else "no estimate"
            yield _WORDS.say("ledger.failed", gate=code, source=entry.source, estimate=value, limit=gates[code].words,
                             n=entry.n, study=entry.study)
        elif outcome == "?":
            yield _WORDS.say("ledger.undecided", gate=code, source=entry.source, n=entry.n, study=entry.study)


_NEXT: Mapping[int, tuple[str, ...]] = {0: ("1", "2"), 1: ("R",), 2: ("3", "R"), 3: ("4", "5"), 4: ("4",)}


def _lacking(level: int, decided: _Decided, gates: Mapping[str, EvidenceGate]) -> Iterator[str]:
    names = [code for code, gate in gates.items() if gate.needed and gate.source in _NEXT.get(level, ())
             and code not in decided]
    if names:
        yield _WORDS.say("ledger.lacking", level=level + 1, gates=", ".join(names))
