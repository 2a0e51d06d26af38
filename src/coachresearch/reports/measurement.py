"""The report about a measurement: how precise each scale is, how the items work, and what may be said of them."""

from __future__ import annotations

from collections.abc import Sequence

from coachresearch.claims.ladder import LADDER, rung
from coachresearch.display.figures import has_figure
from coachresearch.reports.facts import InstrumentFacts, MeasurementFacts, ScaleMeasurement
from coachresearch.reports.page import spoken_language
from coachresearch.reports.parts import Bullets, Drawn, Heading, Part, Quote, Say, Section, TableOf, Terms, say
from coachresearch.reports.report import Report
from coachresearch.reports.scales import (
    instrument_references,
    of_kind,
    rule_references,
    scale_parts,
    shown_scales,
    verdict_of,
)


def measurement_report(facts: MeasurementFacts, scales: Sequence[ScaleMeasurement]) -> Report:
    """Build the report of a measurement.

    Parameters
    ----------
    facts : MeasurementFacts
    scales : sequence of ScaleMeasurement
        In the order of telling.

    Returns
    -------
    Report
        With fewer than ``facts.min_group`` people it holds no number about anybody, and says so.
    """
    enough = facts.n >= facts.min_group
    shown = shown_scales(scales, facts.min_group) if enough else ()
    language = spoken_language(facts.language)
    sections = [Section("summary", say("heading.summary"), _summary(facts, shown, enough))]
    if enough:
        sections += [
            Section("measurement", say("heading.measurement"), scale_parts(scales, facts.min_group, language)),
        ]
        sections += [Section("structure", say("heading.structure"), _structures(shown))] \
            if any(one.structure for one in shown) else []
        sections.append(Section("items", say("heading.items"), _items(shown)))
    gates = [gate for one in shown for gate in one.gates]
    sections += [
        Section("instruments", say("heading.instruments"), instrument_parts(facts.instruments)),
        Section("limits", say("heading.limits"), _limits(facts, shown)),
        Section("methods", say("heading.methods"), _methods(facts, shown)),
        Section("references", say("heading.references"),
                (Bullets((*instrument_references(facts.instruments), *rule_references(gates))),)),
    ]
    levels = [one.level for one in facts.instruments if one.level is not None]
    return Report(title=facts.title, question=facts.question, sections=tuple(sections), provenance=facts.provenance,
                  language=facts.language, simulated=facts.simulated, level=min(levels, default=None))


def instrument_parts(instruments: Sequence[InstrumentFacts]) -> tuple[Part, ...]:
    """Return what may and may not be said of each questionnaire."""
    parts: list[Part] = []
    for one in instruments:
        step = rung(one.level)
        said: tuple[Say | Quote, ...] = tuple(Quote(text) for text in one.said) or (Say(step.may),)
        above = LADDER[one.level + 1:one.level + 2] if one.level is not None else ()
        missing = tuple(say("instrument.next", needs_code=higher.needs) for higher in above)
        parts += [Heading(Quote(one.title)), Bullets((*said, Say(step.may_not), *missing))]
    return tuple(parts)


def _summary(facts: MeasurementFacts, scales: Sequence[ScaleMeasurement], enough: bool) -> tuple[Part, ...]:
    if not enough:
        return (say("summary.too_few", min_group=facts.min_group),)
    verdicts = [verdict_of(of_kind(one.gates, "reliability")) for one in scales]
    shapes = [verdict_of(known) for one in scales if (known := of_kind(one.gates, "structure"))]
    parts: list[Part] = [
        say("summary.measured", n=facts.n, of=len(scales), passed=verdicts.count("pass"),
            failed=verdicts.count("fail"), unknown=verdicts.count("not_assessable")),
        say("summary.measured_meaning"),
    ]
    if shapes:
        parts.append(say("summary.structure", of=len(shapes), passed=shapes.count("pass"),
                         failed=shapes.count("fail"), unknown=shapes.count("not_assessable")))
    return (*parts, *(say("summary.precise_not_one", title=one.title) for one in scales if _precise_not_one(one)))


def _precise_not_one(one: ScaleMeasurement) -> bool:
    """Whether a scale is precise although one factor does not describe its items."""
    return (verdict_of(of_kind(one.gates, "reliability")) == "pass"
            and verdict_of(of_kind(one.gates, "structure")) == "fail")


def _structures(scales: Sequence[ScaleMeasurement]) -> tuple[Part, ...]:
    parts: list[Part] = [say("explain.structure")]
    for one in scales:
        if one.structure is None:
            continue
        parts.append(Heading(Quote(one.title)))
        number = {found.term: found.estimate for found in one.structure.estimates if not found.group}
        parts += [
            say("structure.found", n_factors=round(number["n_factors"]), n_components=round(number["n_components"]),
                rmsea=number["rmsea"], srmr=number["srmr"], cfi=number["cfi"]),
            Drawn(one.structure.kind, one.structure.figure_frame, say("structure.figure", title=one.title)),
            TableOf(one.structure, folded=say("structure.numbers", title=one.title))]
        parts += [say(f"caution.{found.code}", **found.values) for found in one.structure.cautions]
    return tuple(parts)


def _items(scales: Sequence[ScaleMeasurement]) -> tuple[Part, ...]:
    parts: list[Part] = [say("explain.categories")] if any(one.items for one in scales) else []
    for one in scales:
        parts.append(Heading(Quote(one.title)))
        if one.items is None:
            parts.append(say("change.none"))
            continue
        if has_figure(one.items.kind):
            parts.append(Drawn(one.items.kind, one.items.figure_frame, say("items.figure", title=one.title)))
        parts.append(TableOf(one.items))
    return tuple(parts)


def _limits(facts: MeasurementFacts, scales: Sequence[ScaleMeasurement]) -> tuple[Part, ...]:
    looked = "limits.precision_and_structure" if any(one.structure for one in scales) else "limits.precision_only"
    bullets = [say("limits.simulated")] if facts.simulated else []
    bullets += [say("limits.sample"), say(looked)]
    return (Bullets(tuple(bullets)), *(Quote(note) for note in facts.notes))


def _methods(facts: MeasurementFacts, scales: Sequence[ScaleMeasurement]) -> tuple[Part, ...]:
    pairs: list[tuple[Say, Say | Quote]] = [
        (say("methods.floor"), say("methods.floor_people", min_group=facts.min_group))]
    pairs += [(say("methods.source"), Quote(facts.source))] if facts.source else []
    results = [result for one in scales for result in (one.reliability, one.structure, one.items)
               if result is not None]
    said = dict.fromkeys(say(f"method.{one.method}") for one in results if one.method)
    return (Terms(tuple(pairs)), Bullets(tuple(said))) if said else (Terms(tuple(pairs)),)
