"""Did coaching change anything: change, claims and the study report of a study folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.checks import Checks, Compared, design_checks
from coachresearch.apps.facts import instrument_facts, instrument_of, outcome_title, provenance, role_words
from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.apps.measure import has_answers, measure_scale, place_in, saved
from coachresearch.apps.score import scores_of
from coachresearch.claims.claim import Claim, Estimand, deciding_gate, make_claim
from coachresearch.core.errors import DesignError, EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import not_assessable
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
        How well each outcome was measured before the coaching.
    designs : tuple of Effect
        The other analyses that the design asks for, outcome by outcome.
    """

    changes: tuple[Change, ...]
    claims: tuple[Claim, ...]
    measurement: tuple[ScaleMeasurement, ...]
    designs: tuple[Effect, ...] = ()


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
    return Evaluation(changes, claims, measured, tuple(result for one in checks for result in one.results))


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
    return study_report(facts, measurement=found.measurement, changes=(*found.changes, *found.designs),
                        claims=found.claims)


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
) -> tuple[Change, Claim, ScaleMeasurement, Checks]:
    from coachresearch.effects.change import change

    study, before, after = opened.study, *opened.study.waves[:2]
    title = outcome_title(opened, outcome)
    measured = _measured(opened, responses, outcome, title)
    instrument = instrument_of(opened, outcome)
    low, high = _ends(instrument, outcome.scale)
    coached, comparison = _compared(opened)
    reliability, table = _reliability(scores, outcome, before, measured), _wide(opened, scores, outcome)
    found = change(
        table, title=title, pre=f"{outcome.scale}@{before.id}",
        post=f"{outcome.scale}@{after.id}", arm="arm" if comparison else None, coached=coached if comparison else None,
        comparison=comparison, reliability=reliability, minimum=study.min_group,
        source=sentence("source.scores", study.language, study=study.id, role=role_words(outcome.role, study.language)),
        low=low, high=high)
    checks = design_checks(
        Compared(table, f"{outcome.scale}@{before.id}", f"{outcome.scale}@{after.id}", coached, comparison, title,
                 study.language, reliability), study.assignment)
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
    for wave in opened.study.waves[:2]:
        if f"{outcome.scale}@{wave.id}" not in table:
            table[f"{outcome.scale}@{wave.id}"] = float("nan")
    return table


def _compared(opened: StudyFolder) -> tuple[str, str | None]:
    coached = [arm.id for arm in opened.study.arms if arm.coached]
    others = [arm.id for arm in opened.study.arms if not arm.coached]
    return coached[0], (others[0] if others else None)


def _measured(
    opened: StudyFolder, responses: Responses | None, outcome: Outcome, title: str
) -> ScaleMeasurement:
    before, instrument = opened.study.waves[0], instrument_of(opened, outcome)
    answered = (responses is not None and instrument is not None
                and has_answers(responses, instrument.id, before.id, outcome.role))
    if not answered or responses is None or instrument is None:
        gate = not_assessable(outcome.scale, reason="no_items")
        return ScaleMeasurement(id=f"{outcome.scale}.{outcome.role}", title=title, gates=(gate,))
    measured = measure_scale(opened, responses, instrument.scale(outcome.scale), instrument, before, outcome.role)
    return replace(measured, title=title)


def _reliability(scores: Scores, outcome: Outcome, before: Wave, measured: ScaleMeasurement) -> Estimate | None:
    """Reliability of the score whose change is counted: of the mean over raters, or of a self-rating."""
    from coachresearch.psychometrics.agreement import icc_nested

    if outcome.role == "self":
        known = measured.reliability.estimates if measured.reliability else ()
        return _usable(next((one for one in known if one.term == "alpha"), None))
    frame = scores.frame
    rows = frame[(frame["scale"] == outcome.scale) & (frame["role"] == outcome.role) & (frame["wave"] == before.id)]
    try:
        agreed = icc_nested(rows["score"].to_numpy(dtype=float, na_value=float("nan")), rows["target"].astype(str),
                            title=measured.title)
    except EstimationError:
        return None
    return _usable(agreed.estimate("icc2"))


def _usable(known: Estimate | None) -> Estimate | None:
    return known if known is not None and 0 < known.estimate < 1 else None


def _claim(
    opened: StudyFolder, found: Change, outcome: Outcome, measured: ScaleMeasurement, level: int | None,
    checks: Checks,
) -> Claim:
    study = opened.study
    estimand, estimate = _decisive(found)
    arms = {arm.id: arm.title for arm in study.arms}
    coached, comparison = _compared(opened)
    return make_claim(
        id=f"{outcome.scale}.{outcome.role}", outcome=found.title, estimand=estimand, estimate=estimate,
        design=study.assignment, gate=deciding_gate(measured.gates), status_level=level, coached=arms[coached],
        comparison=arms[comparison] if comparison else "", self_report=outcome.role == "self",
        sensitivity=checks.sensitivity)


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
        members = set(people.loc[people["arm"] == arm.id, "person"]) if len(opened.study.arms) > 1 \
            else set(people["person"])
        answered = tuple((wave.id, len(members & set(rows.loc[rows["wave"] == wave.id, "target"])))
                         for wave in opened.study.waves)
        alone = len(opened.study.arms) == 1
        facts.append(ArmFacts(id=arm.id, title=arm.title, coached=arm.coached, assigned=len(members),
                              answered=answered, analysed=primary.n_both[0] if alone else analysed.get(arm.id, 0)))
    return tuple(facts)


def _wave_facts(wave: Wave) -> WaveFacts:
    return WaveFacts(id=wave.id, title=wave.title, opens=wave.opens.isoformat() if wave.opens else "",
                     closes=wave.closes.isoformat() if wave.closes else "")
