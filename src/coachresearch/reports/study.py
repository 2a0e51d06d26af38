"""The report about a study: what was asked, who answered, how well it was measured, what changed, what may be said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from coachresearch.claims.claim import Claim
from coachresearch.display import numbers
from coachresearch.display.figures import has_figure
from coachresearch.display.result import Result
from coachresearch.display.tables import Block, Column, Table
from coachresearch.display.text import sentence
from coachresearch.reports.facts import ScaleMeasurement, StudyFacts
from coachresearch.reports.floor import may_claim, may_show, too_small_arms
from coachresearch.reports.ledger import ledger_records
from coachresearch.reports.page import spoken_language
from coachresearch.reports.parts import (
    Bullets,
    Drawn,
    Folded,
    Heading,
    LedgerOf,
    Part,
    Quote,
    Say,
    Section,
    Tabled,
    TableOf,
    Terms,
    say,
)
from coachresearch.reports.report import Report
from coachresearch.reports.scales import instrument_references, rule_references, scale_parts

if TYPE_CHECKING:
    import pandas as pd


_MAIN = ("mean_pre", "mean_post", "mean_change", "expected_regression", "ancova_difference")


def study_report(
    facts: StudyFacts, *, measurement: Sequence[ScaleMeasurement], changes: Sequence[Result], claims: Sequence[Claim]
) -> Report:
    """Build the report of a study.

    Parameters
    ----------
    facts : StudyFacts
    measurement : sequence of ScaleMeasurement
        How well each scale was measured.
    changes : sequence of Result
        Results of kind ``change`` (or others), in the order of telling. A claim whose `outcome` is the title of a
        result is told beside it.
    claims : sequence of Claim
        The primary outcome first; it leads the summary.

    Returns
    -------
    Report
        Results and claims about a group smaller than ``facts.min_group`` are left out, and the report says so.
    """
    hidden = too_small_arms(facts.arms, facts.min_group)
    closed = frozenset(one.title for one in changes if not may_show(one, facts.min_group, hidden))
    kept = tuple(claim for claim in claims
                 if may_claim(claim, facts.min_group, hidden) and claim.outcome not in closed)
    withheld = tuple(claim.id for claim in claims if claim not in kept)
    language = spoken_language(facts.language)
    gates = [gate for one in measurement for gate in one.gates] + [one.gate for one in kept if one.gate]
    sections = (
        Section("summary", say("heading.summary"), summary_parts(facts, kept, bool(withheld))),
        Section("who", say("heading.who"), _who(facts, hidden, language)),
        Section("measurement", say("heading.measurement"), scale_parts(measurement, facts.min_group, language)),
        Section("effect", say("heading.effect"), _effect(facts, changes, kept, closed)),
        Section("claims", say("heading.ledger"), _ledger(kept, language)),
        Section("limits", say("heading.limits"), _limits(facts, kept, withheld)),
        Section("methods", say("heading.methods"), _methods(facts, changes)),
        Section("references", say("heading.references"),
                (Bullets((*instrument_references(facts.instruments), *rule_references(gates))),)),
    )
    return Report(title=facts.title, question=facts.question, sections=sections, provenance=facts.provenance,
                  claims=kept, language=facts.language, simulated=facts.simulated, level=_lowest(facts),
                  withheld=withheld)


def summary_parts(facts: StudyFacts, claims: Sequence[Claim], withheld: bool) -> tuple[Say, ...]:
    """Return the summary: at most 120 words about the first claim, its design and its measurement."""
    said: list[Say] = []
    if claims:
        first = claims[0]
        said.append(Say(first.sentence.code, first.sentence.params))
        said += [Say(first.worth.code, first.worth.params)] if first.worth else []
        if first.verdict != "withdrawn":
            said.append(say(f"summary.design.{facts.design}"))
        said.append(say("claim.weakened" if first.weakened else f"summary.gate.{first.gate_verdict}"))
        said += [say("summary.others", n=len(claims) - 1)] if len(claims) > 1 else []
        said.append(say("summary.persons"))
    else:
        said.append(say("summary.no_claims"))
    return (*said, say("summary.withheld", min_group=facts.min_group)) if withheld else tuple(said)


def _who(facts: StudyFacts, hidden: frozenset[str], language: str) -> tuple[Part, ...]:
    if not facts.arms:
        return (say("flow.no_arms"),)
    note = (say("flow.hidden", min_group=facts.min_group),) if hidden else ()
    frame = _flow_frame(facts, hidden, language)
    return (*note, Drawn("flow", frame, say("flow.figure")), Tabled(_flow_table(frame, facts, language)))


def _flow_frame(facts: StudyFacts, hidden: frozenset[str], language: str) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for arm in facts.arms:
        answered = dict(arm.answered)
        steps = [(sentence("flow.assigned", language), arm.assigned)]
        steps += [(sentence("flow.wave", language, title=wave.title), answered[wave.id])
                  for wave in facts.waves if wave.id in answered]
        steps.append((sentence("flow.analysed", language), arm.analysed))
        rows += [(arm.title, step, *((None, None) if arm.id in hidden else (n, arm.assigned - n))) for step, n in steps]
    frame = pd.DataFrame(rows, columns=["arm", "step", "n", "missing"])
    return frame.astype({"n": "Int64", "missing": "Int64"})


def _flow_table(frame: pd.DataFrame, facts: StudyFacts, language: str) -> Table:
    arms = list(dict.fromkeys(frame["arm"]))
    steps = list(dict.fromkeys(frame["step"]))
    fewer = sentence("flow.fewer", language, min_group=facts.min_group)
    counts = {(arm, step): fewer if row_n is None else numbers.count(row_n)
              for arm, step, row_n in zip(frame["arm"], frame["step"], frame["n"].astype(object).where(
                  frame["n"].notna(), None), strict=True)}
    rows = tuple((step, *(counts.get((arm, step), numbers.NOTHING) for arm in arms)) for step in steps)
    head = (Column(sentence("flow.column_step", language), "text"), *(Column(arm) for arm in arms))
    return Table(sentence("flow.title", language), head, (Block(rows),))


def _effect(
    facts: StudyFacts, changes: Sequence[Result], claims: Sequence[Claim], closed: frozenset[str]
) -> tuple[Part, ...]:
    parts: list[Part] = [] if changes else [say("change.none")]
    shown = [one for one in changes if one.title not in closed]
    parts += [say("explain.interval")] if shown else []
    for one in changes:
        if one not in shown:
            parts.append(say("change.withheld", title=one.title, min_group=facts.min_group))
            continue
        told = [claim for claim in claims if claim.outcome == one.title]
        parts.append(Heading(Quote(one.title)))
        parts += [Say(claim.sentence.code, claim.sentence.params) for claim in told]
        if has_figure(one.kind) and _drawable(one.figure_frame):
            parts += [Drawn(one.kind, _named(one.figure_frame, facts.names), say("change.figure", title=one.title))]
            parts += [say("explain.lines")] if one.kind == "change" else []
        names = tuple(sorted(facts.names.items()))
        main = tuple(term for term in _MAIN if any(found.term == term for found in one.estimates)
                     and one.kind == "change")
        parts += [TableOf(one, names, main)] if main else []
        folded = bool(main) or one.kind != "change"
        parts.append(TableOf(one, names, (), say("change.all_numbers", title=one.title) if folded else None))
    return (*parts, *_forest(claims))


def _drawable(frame: pd.DataFrame) -> bool:
    """Whether there is anything to draw: nobody may have a score at both waves yet."""
    return bool((frame["part"] == "person").any()) if "part" in frame else len(frame) > 0


def _named(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    if "arm" not in frame.columns:
        return frame
    told = [" - ".join(names.get(part, part) for part in str(arm).split(" - ")) for arm in frame["arm"]]
    return frame.assign(arm=told)


def _forest(claims: Sequence[Claim]) -> tuple[Part, ...]:
    import pandas as pd

    alike = [claim for claim in claims if claim.estimand == claims[0].estimand and claim.verdict != "withdrawn"
             and isfinite(claim.estimate.conf_low) and isfinite(claim.estimate.conf_high)]
    if len(alike) < 2:
        return ()
    frame = pd.DataFrame({
        "label": [claim.outcome for claim in alike], "estimate": [claim.estimate.estimate for claim in alike],
        "conf_low": [claim.estimate.conf_low for claim in alike],
        "conf_high": [claim.estimate.conf_high for claim in alike], "n": [claim.estimate.n for claim in alike],
    })
    return (Drawn("forest", frame, say("change.forest", unit_code=f"unit.{alike[0].unit}")),)


def _ledger(claims: tuple[Claim, ...], language: str) -> tuple[Part, ...]:
    if not claims:
        return (say("ledger.none"),)
    records = json.dumps(ledger_records(claims, language), ensure_ascii=False, indent=1, allow_nan=False)
    return (LedgerOf(claims), Folded(say("ledger.as_data"), records))


def _limits(facts: StudyFacts, claims: Sequence[Claim], withheld: Sequence[str]) -> tuple[Part, ...]:
    bullets = [say("limits.simulated")] if facts.simulated else []
    bullets.append(say("limits.sample"))
    if withheld:
        bullets.append(say("limits.withheld_claims", n=len(withheld), min_group=facts.min_group))
    left = tuple(say(f"open.{code}") for code in dict.fromkeys(
        code for claim in claims for code in claim.does_not_show))
    lead = (say("limits.lead"), Bullets(left)) if left else ()
    return (Bullets(tuple(bullets)), *lead, *(Quote(note) for note in facts.notes))


def _methods(facts: StudyFacts, changes: Sequence[Result]) -> tuple[Part, ...]:
    pairs: list[tuple[Say, Say | Quote]] = [(say("methods.design"), say(f"design.{facts.design}"))]
    pairs += [(say("methods.goal"), Quote(facts.goal))] if facts.goal else []
    pairs += [(say("methods.season"), say(f"season.{facts.season}"))] if facts.season else []
    pairs.append((say("methods.registration"),
                  Quote(facts.registration) if facts.registration else say("methods.not_registered")))
    for wave in facts.waves:
        code = "methods.wave_days" if wave.opens and wave.closes else "methods.wave"
        pairs.append((say("methods.waves"), say(code, id=wave.id, title=wave.title, opens=wave.opens,
                                                closes=wave.closes)))
    pairs.append((say("methods.floor"), say("methods.floor_people", min_group=facts.min_group)))
    said = dict.fromkeys(say(f"method.{one.method}") for one in changes if one.method)
    return (Terms(tuple(pairs)), Bullets((say("methods.signs"), *said)))


def _lowest(facts: StudyFacts) -> int | None:
    levels = [one.level for one in facts.instruments if one.level is not None]
    return min(levels, default=None)
