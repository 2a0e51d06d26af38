"""The part of a report that tells how well each scale was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coachresearch.claims.claim import deciding_gate
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, GateKind, Verdict
from coachresearch.display import numbers
from coachresearch.display.rules import RULES
from coachresearch.display.tables import Block, Column, Table
from coachresearch.display.terms import style, written, written_interval
from coachresearch.display.text import caution_sentence, label, method_sentences, sentence
from coachresearch.display.tidy import estimates_frame
from coachresearch.reports.facts import InstrumentFacts, ScaleMeasurement
from coachresearch.reports.floor import may_show
from coachresearch.reports.parts import Bullets, Drawn, Part, Say, Tabled, say
from coachresearch.reports.words import gate_sentence

if TYPE_CHECKING:
    import pandas as pd

_TERMS = ("alpha", "omega_total", "sem")


def shown_scales(scales: Sequence[ScaleMeasurement], min_group: int) -> tuple[ScaleMeasurement, ...]:
    """Return the scales without the results and gates that rest on too few people."""
    return tuple(
        replace(
            one, gates=tuple(gate for gate in one.gates if not 0 < gate.n < min_group),
            reliability=one.reliability if one.reliability and may_show(one.reliability, min_group) else None,
            items=one.items if one.items and may_show(one.items, min_group) else None,
            structure=one.structure if one.structure and may_show(one.structure, min_group) else None)
        for one in scales)


def scale_parts(scales: Sequence[ScaleMeasurement], min_group: int, language: str = "en") -> tuple[Part, ...]:
    """Return sentences, figure and table about the precision of each scale.

    Parameters
    ----------
    scales : sequence of ScaleMeasurement
    min_group : int
        Numbers that rest on fewer people are left out.
    language : str
    """
    if not scales:
        return (say("scales.none"),)
    shown = shown_scales(scales, min_group)
    parts: list[Part] = [Bullets(tuple(sentence_ for one in shown for sentence_ in gate_sentences(one)))]
    if shown != tuple(scales) and _left_out(scales, shown):
        parts.append(say("scales.withheld", min_group=min_group))
    frame = _frame(shown)
    if frame is not None:
        parts += [Drawn("reliability", frame, say("scales.figure")), say("explain.reliability"),
                  Tabled(_table(shown, language))]
    return tuple(parts)


def gate_sentences(one: ScaleMeasurement) -> tuple[Say, ...]:
    """Return what each gate says about a scale; without a gate, that it was not checked."""
    return tuple(gate_sentence(gate, one.title) for gate in one.gates) or (gate_sentence(None, one.title),)


def verdict_of(gates: Sequence[Gate]) -> Verdict:
    """Return the verdict that decides; none at all is not assessable."""
    decided = deciding_gate(gates)
    return decided.verdict if decided else "not_assessable"


def of_kind(gates: Sequence[Gate], kind: GateKind) -> tuple[Gate, ...]:
    """Return the gates of one kind."""
    return tuple(gate for gate in gates if gate.kind == kind)


def rule_references(gates: Sequence[Gate]) -> tuple[Say, ...]:
    """Return the sources of the rules that were applied, each once."""
    rules = dict.fromkeys(gate.rule for gate in gates if gate.rule in RULES)
    return tuple(dict.fromkeys(
        say("reference.rule", author=RULES[code].author, year=RULES[code].year, source=RULES[code].source)
        for code in rules))


def instrument_references(instruments: Sequence[InstrumentFacts]) -> tuple[Say, ...]:
    """Return how to cite each questionnaire, with its licence and the exact wording used."""
    found = []
    for one in instruments:
        found.append(say("instrument.line", title=one.title, version=one.version, hash=one.content_hash[:16]))
        code = "reference.instrument_doi" if one.doi else "reference.instrument"
        found.append(say(code, citation=one.citation, doi=one.doi, licence=one.licence))
    return tuple(found)


def _left_out(all_scales: Sequence[ScaleMeasurement], shown: Sequence[ScaleMeasurement]) -> bool:
    return any((one.reliability, one.items, one.structure, one.gates)
               != (kept.reliability, kept.items, kept.structure, kept.gates)
               for one, kept in zip(all_scales, shown, strict=True))


def _frame(scales: Sequence[ScaleMeasurement]) -> pd.DataFrame | None:
    rows: list[Estimate] = []
    needed: list[float] = []
    for one in scales:
        if one.reliability is None:
            continue
        limits = [RULES[gate.rule].needed for gate in of_kind(one.gates, "reliability") if gate.rule in RULES]
        for found in _coefficients(one):
            if style(found.term) == "bounded":
                rows.append(replace(found, group=one.title))
                needed.append(limits[0] if limits else float("nan"))
    if not rows:
        return None
    return estimates_frame(rows).assign(needed=needed)


def _coefficients(one: ScaleMeasurement) -> list[Estimate]:
    estimates = one.reliability.estimates if one.reliability else ()
    return [found for term in _TERMS for found in estimates if found.term == term and not found.group]


def _table(scales: Sequence[ScaleMeasurement], language: str) -> Table:
    columns = [Column(sentence("scales.column_scale", language), "text")]
    columns += [Column(label(term, language)) for term in _TERMS]
    looked = any(of_kind(one.gates, "structure") for one in scales)
    columns += [Column(sentence("column.n", language)),
                Column(sentence("scales.column_check", language), "text")]
    columns += [Column(sentence("scales.column_structure", language), "text")] if looked else []
    rows = []
    notes: list[str] = []
    for one in scales:
        found = {estimate.term: estimate for estimate in _coefficients(one)}
        most = max((estimate.n for estimate in found.values()), default=0)
        check = sentence(f"gate_word.{verdict_of(of_kind(one.gates, 'reliability'))}", language)
        known = of_kind(one.gates, "structure")
        shape = (sentence(f"gate_word.{verdict_of(known)}", language) if known else numbers.NOTHING,) if looked else ()
        rows.append((one.title, *(_cell(found.get(term)) for term in _TERMS),
                     numbers.count(most) if most else numbers.NOTHING, check, *shape))
        if one.reliability is not None:
            notes += method_sentences(replace(one.reliability, estimates=tuple(found.values())), language)
            notes += [f"{one.title}: {caution_sentence(caution, language)}" for caution in one.reliability.cautions]
    return Table(sentence("scales.title", language), tuple(columns), (Block(tuple(rows)),), tuple(dict.fromkeys(notes)))


def _cell(one: Estimate | None) -> str:
    if one is None:
        return numbers.NOTHING
    inside = written_interval(one)
    value = written(one.term, one.estimate)
    return value if inside == numbers.NOTHING else f"{value} {inside}"
