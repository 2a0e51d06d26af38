"""Did coaching change anything: change, claims and the study report of a study folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.checks import Checks, Compared, design_checks
from coachresearch.apps.facts import (
    instrument_facts,
    instrument_of,
    outcome_title,
    provenance,
    role_words,
    wave_title,
)
from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.apps.measure import has_answers, measure_scale, place_in, saved
from coachresearch.apps.raters import agreement_gate, agreement_of, same_raters_table, untimely
from coachresearch.apps.score import scores_of
from coachresearch.apps.structures import SEED
from coachresearch.claims.claim import Claim, Estimand, deciding_gate, make_claim
from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import DesignError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, not_assessable
from coachresearch.display.text import sentence
from coachresearch.instruments.instrument import Instrument
from coachresearch.instruments.library import claim_level
from coachresearch.reports.facts import ArmFacts, ScaleMeasurement, StudyFacts, WaveFacts
from coachresearch.studies.study import Outcome, Wave

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.effects.change import Change
    from coachresearch.effects.designs.effect import Effect
    from coachresearch.reports.report import Report
    from coachresearch.responses.responses import Responses
    from coachresearch.scoring.scores import Scores


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a study found, outcome by outcome, the primary one first.

    Parameters
    ----------
    changes : tuple of Change
    claims : tuple of Claim
        One per change.
    measurement : tuple of ScaleMeasurement
        How well each outcome was measured at the two compared waves.
    designs : tuple of (tuple of Effect)
        The other analyses that the design asks for, one tuple per change.
    """

    changes: tuple[Change, ...]
    claims: tuple[Claim, ...]
    measurement: tuple[ScaleMeasurement, ...]
    designs: tuple[tuple[Effect, ...], ...] = ()


def evaluate(opened: StudyFolder) -> Evaluation:
    """Estimate what changed between the first and the second wave, and decide what may be said about it.

    Parameters
    ----------
    opened : StudyFolder

    Raises
    ------
    CoachResearchError
        If the study compares nothing, or its primary outcome has no scores.
    """
    study = opened.study
    if study.primary is None or len(study.waves) < 2:
        raise DesignError(f"Study {study.id!r} has nothing to compare: {study.assignment}, "
                          f"{len(study.waves)} wave(s)", remedy="Its scales can be measured: coachresearch measure.")
    scores = scores_of(opened)
    responses = _answers(opened)
    found = [_outcome(opened, scores, responses, outcome) for outcome in (study.primary, *study.secondary)
             if outcome is study.primary or _present(scores, outcome)]
    changes, claims, measured, checks = (tuple(part) for part in zip(*found, strict=True))
    return Evaluation(changes, claims, tuple(one for waves in measured for one in waves),
                      tuple(one.results for one in checks))


def evaluation_text(study: str | Path) -> str:
    """Return the changes of a study as plain text, each followed by what may be said about it."""
    from coachresearch.reports.floor import may_claim, may_show, too_small_arms
    from coachresearch.reports.ledger import claim_sentences, held_sentence

    opened = open_folder(study)
    found = evaluate(opened)
    scores = scores_of(opened)
    floor, hidden = opened.study.min_group, too_small_arms(_arms(opened, scores, found.changes[0]),
                                                           opened.study.min_group)
    parts = []
    for change, claim in zip(found.changes, found.claims, strict=True):
        if may_show(change, floor, hidden) and may_claim(claim, floor, hidden):
            language = opened.study.language
            others = [sentence("app.other_readings", language, held=held_sentence(claim, language))]
            parts.append("\n".join([change.summary(), "", *claim_sentences(claim, language),
                                    *(others if claim.sensitivity and claim.verdict != "withdrawn" else [])]))
        else:
            parts.append(sentence("app.withheld", title=change.title, min_group=floor))
    return "\n\n".join(parts)


def study_report_of(study: str | Path) -> Report:
    """Build the study report of a study folder.

    Raises
    ------
    CoachResearchError
        As `evaluate`.
    """
    from coachresearch.reports.floor import may_show, too_small_arms
    from coachresearch.reports.study import study_report

    opened = open_folder(study)
    found = evaluate(opened)
    scores = scores_of(opened)
    about = opened.study
    facts = StudyFacts(
        title=about.title, question=about.question, design=about.assignment,
        arms=_arms(opened, scores, found.changes[0]), waves=tuple(_wave_facts(wave) for wave in about.waves),
        instruments=instrument_facts(opened), min_group=about.min_group, goal=about.goal, season=about.season,
        registration=about.registration, language=about.language, simulated=about.simulated,
        provenance=provenance(opened, "coachresearch report", scores.frame, opened.people.people))
    shown = [beside for one, beside in zip(found.changes, found.designs, strict=True)
             if may_show(one, about.min_group, too_small_arms(facts.arms, about.min_group))]
    return study_report(facts, measurement=found.measurement, claims=found.claims,
                        changes=(*found.changes, *(one for beside in shown for one in beside)))


def write_study_report(study: str | Path, out: Path | None = None) -> str:
    """Write the study report, and its claims as JSON beside it, and say where.

    Parameters
    ----------
    study : str or Path
        Study folder.
    out : Path, optional
        HTML file; ``reports/study.html`` in the study folder if left out.
    """
    report = study_report_of(study)
    return saved(report, out or place_in(study, "study.html"))


def _answers(opened: StudyFolder) -> Responses | None:
    from coachresearch.store.store import open_store

    with open_store(opened.database, study=opened.study.id, read_only=True) as store:
        if store.responses().empty:
            return None
    return opened.responses()


def _present(scores: Scores, outcome: Outcome) -> bool:
    frame = scores.frame
    return bool(((frame["scale"] == outcome.scale) & (frame["role"] == outcome.role) & frame["score"].notna()).any())


def _outcome(
    opened: StudyFolder, scores: Scores, responses: Responses | None, outcome: Outcome
) -> tuple[Change, Claim, tuple[ScaleMeasurement, ...], Checks]:
    from coachresearch.effects.change import change

    study, before, after = opened.study, *opened.study.waves[:2]
    title = outcome_title(opened, outcome)
    measured = _measured(opened, responses, scores, outcome)
    instrument = instrument_of(opened, outcome)
    low, high = _ends(instrument, outcome.scale)
    coached, comparison = _compared(opened)
    table, (reliability, told) = _wide(opened, scores, outcome), _yardstick(scores, outcome, before, measured[0])
    found = change(
        table, title=title, pre=f"{outcome.scale}@{before.id}",
        post=f"{outcome.scale}@{after.id}", arm="arm" if comparison else None, coached=coached if comparison else None,
        comparison=comparison, reliability=reliability, minimum=study.min_group,
        source=sentence("source.scores", study.language, study=study.id, role=role_words(outcome.role, study.language)),
        low=low, high=high, higher_is_better=outcome.better == "higher")
    found = replace(found, cautions=(*found.cautions, *told, *_of_scores(scores), *_later_waves(opened)))
    checks = design_checks(
        Compared(table, f"{outcome.scale}@{before.id}", f"{outcome.scale}@{after.id}", coached, comparison, title,
                 study.language, reliability, same_raters_table(opened, scores, outcome)), study.assignment)
    level = claim_level(instrument) if instrument else None
    return found, _claim(opened, found, outcome, measured, level, checks), measured, checks


def _ends(instrument: Instrument | None, scale: str) -> tuple[float, float]:
    """Lowest and highest possible mean score; not known for sums and for scores that came ready-made."""
    if instrument is None or instrument.scale(scale).rule != "mean":
        return nan, nan
    options = instrument.response_scale(instrument.scale(scale).items[0])
    return float(options.low), float(options.high)


def _wide(opened: StudyFolder, scores: Scores, outcome: Outcome) -> pd.DataFrame:
    table = scores.matrix(outcome.scale, role=outcome.role, keep=("arm", "team", "level"),
                          people=opened.people.people, everyone=True)
    columns = [f"{outcome.scale}@{wave.id}" for wave in opened.study.waves[:2]]
    for column in columns:
        if column not in table:
            table[column] = float("nan")
    return table[table["arm"].notna() | table[columns].notna().any(axis=1)]  # raters belong to no arm and have no score


def _compared(opened: StudyFolder) -> tuple[str, str | None]:
    coached = [arm.id for arm in opened.study.arms if arm.coached]
    others = [arm.id for arm in opened.study.arms if not arm.coached]
    return coached[0], (others[0] if others else None)


def _measured(
    opened: StudyFolder, responses: Responses | None, scores: Scores, outcome: Outcome
) -> tuple[ScaleMeasurement, ...]:
    """Measure an outcome at both of the compared waves: precision at each, structure and agreement at the first."""
    import numpy as np

    instrument, found = instrument_of(opened, outcome), []
    for wave in opened.study.waves[:2]:
        imported = _imported(scores, outcome, wave)
        if responses is None or instrument is None or imported or not has_answers(responses, instrument.id, wave.id,
                                                                                  outcome.role):
            gate = not_assessable(f"{outcome.scale}@{wave.id}.{outcome.role}", reason="no_items")
            found.append(ScaleMeasurement(id=gate.scale, title=wave_title(opened, outcome, wave), gates=(gate,)))
            continue
        rng = np.random.default_rng(SEED) if not found else None
        found.append(measure_scale(opened, responses, instrument.scale(outcome.scale), instrument, wave, outcome.role,
                                   rng=rng))
    if outcome.role != "self":
        gate = agreement_gate(scores, outcome, opened.study.waves[0])
        found[0] = replace(found[0], gates=(*found[0].gates, gate))
    return tuple(found)


def _imported(scores: Scores, outcome: Outcome, wave: Wave) -> bool:
    frame = scores.frame
    rows = (frame["scale"] == outcome.scale) & (frame["role"] == outcome.role) & (frame["wave"] == wave.id)
    return bool((frame.loc[rows, "method"] == "imported").any())


def _yardstick(
    scores: Scores, outcome: Outcome, before: Wave, measured: ScaleMeasurement
) -> tuple[Estimate | None, tuple[Caution, ...]]:
    """Reliability of the score whose change is counted, and what the reader must know of it."""
    if outcome.role == "self":
        known = measured.reliability.estimates if measured.reliability else ()
        value = next((one for one in known if one.term == "alpha"), None)
        usable = value is not None and 0 < value.estimate < 1
        told = (caution("yardstick_alpha", value=value.estimate),) if usable and value else ()
        return (value if usable else None), told
    agreed = agreement_of(scores, outcome, before)
    if agreed is None:
        return None, (caution("yardstick_none"),)
    value = agreed.estimate("icc2")
    if not 0 < value.estimate < 1:
        return None, (caution("yardstick_none"), *agreed.cautions)
    return value, (caution("yardstick_raters", value=value.estimate, raters=agreed.raters_per_target),
                   *agreed.cautions)


def _of_scores(scores: Scores) -> tuple[Caution, ...]:
    """Return what was said when the scores were formed, as far as it concerns every outcome."""
    return tuple(one for one in scores.cautions if one.code in ("scores_imported", "instrument_changed",
                                                                "key_confirmed"))


def _later_waves(opened: StudyFolder) -> tuple[Caution, ...]:
    later = [wave.title for wave in opened.study.waves[2:]]
    return (caution("waves_not_analysed", n=len(later), waves=", ".join(later)),) if later else ()


def _claim(
    opened: StudyFolder, found: Change, outcome: Outcome, measured: tuple[ScaleMeasurement, ...], level: int | None,
    checks: Checks,
) -> Claim:
    study = opened.study
    estimand, estimate = _decisive(found)
    sensitivity = checks.sensitivity
    if checks.main is not None:
        sensitivity = (("by_person", estimate), *sensitivity)
        estimate = replace(checks.main, term=estimate.term, group=estimate.group)
    arms = {arm.id: arm.title for arm in study.arms}
    coached, comparison = _compared(opened)
    return make_claim(
        id=f"{outcome.scale}.{outcome.role}", outcome=found.title, estimand=estimand, estimate=estimate,
        design=study.assignment, gate=deciding_gate(gate for one in measured for gate in one.gates if _counts(gate)),
        status_level=level, coached=arms[coached], comparison=arms[comparison] if comparison else "",
        self_report=outcome.role == "self", sensitivity=sensitivity, wanted=outcome.better,
        smallest_worthwhile=outcome.smallest_worthwhile,
        reservations=(*checks.reservations, *untimely(opened, coached, comparison)),
        notes=() if outcome == study.primary else ("several_outcomes",))


def _counts(gate: Gate) -> bool:
    """Whether a gate bears on a claim: a structure that a small study cannot test costs nothing, a failed one does."""
    return gate.kind != "structure" or gate.verdict != "not_assessable"


def _decisive(found: Change) -> tuple[Estimand, Estimate]:
    """Return the estimate that the claim rests on; without one, an estimate that cannot be told."""
    if not found.contrast:
        return "mean_change", _term(found, "mean_change", found.arms[0])
    return "ancova_difference", _term(found, "ancova_difference", found.contrast)


def _term(found: Change, term: str, group: str) -> Estimate:
    known = [one for one in found.estimates if (one.term, one.group) == (term, group)]
    return known[0] if known else Estimate(term, float("nan"), group=group)


def _arms(opened: StudyFolder, scores: Scores, primary: Change) -> tuple[ArmFacts, ...]:
    people, outcome = opened.people.people, opened.study.primary
    assert outcome is not None
    frame = scores.frame
    rows = frame[(frame["scale"] == outcome.scale) & (frame["role"] == outcome.role) & frame["score"].notna()]
    analysed = dict(zip(primary.arms, primary.n_both, strict=True))
    facts = []
    for arm in opened.study.arms:
        of_arm = people[people["arm"] == arm.id] if people["arm"].notna().any() else people
        members = set(of_arm["person"])
        answered = tuple((wave.id, len(members & set(rows.loc[rows["wave"] == wave.id, "target"])))
                         for wave in opened.study.waves)
        alone = len(opened.study.arms) == 1
        facts.append(ArmFacts(id=arm.id, title=arm.title, coached=arm.coached, assigned=len(members),
                              answered=answered, analysed=primary.n_both[0] if alone else analysed.get(arm.id, 0)))
    return tuple(facts)


def _wave_facts(wave: Wave) -> WaveFacts:
    return WaveFacts(id=wave.id, title=wave.title, opens=wave.opens.isoformat() if wave.opens else "",
                     closes=wave.closes.isoformat() if wave.closes else "")
