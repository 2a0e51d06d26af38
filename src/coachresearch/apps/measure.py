"""How well each scale of a study was measured, as results and as a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.facts import instrument_facts, provenance, role_words
from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.apps.structures import SEED, with_structure
from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import DesignError, EstimationError
from coachresearch.core.gate import not_assessable
from coachresearch.display.text import sentence
from coachresearch.instruments.instrument import Instrument, Scale, words_in
from coachresearch.moments.moments import Unit
from coachresearch.reports.facts import MeasurementFacts, ScaleMeasurement
from coachresearch.studies.study import Wave

if TYPE_CHECKING:
    import numpy as np

    from coachresearch.reports.report import Report
    from coachresearch.responses.responses import Responses


def measure_scale(
    opened: StudyFolder, responses: Responses, scale: Scale, instrument: Instrument, wave: Wave, role: RaterRole,
    *, rng: np.random.Generator | None = None,
) -> ScaleMeasurement:
    """Item analysis, reliability and gate of one scale in one wave and one rater role.

    Parameters
    ----------
    opened : StudyFolder
    responses : Responses
    scale, instrument, wave, role
        What to measure. Rows are ratings where others answer, people where they answer about themselves.
    rng : Generator, optional
        With it the structure is looked at too: one factor, and factors beyond chance.

    Returns
    -------
    ScaleMeasurement
        Where a statistic cannot be computed, its place is empty and the gate is *not assessable*; so it is for scores
        whose items add up, or come from trained raters: alpha and omega say nothing about them.
    """
    from coachresearch.psychometrics.items import item_analysis
    from coachresearch.psychometrics.reliability import reliability, reliability_gate
    from coachresearch.scoring.keys import keyed

    language = opened.study.language
    title = sentence("outcome.title_wave", language, scale=words_in(scale.title, language),
                     role=role_words(role, language), wave=wave.title)
    source = sentence("source.answers", language, study=opened.study.id, wave=wave.id, role=role_words(role, language))
    name = f"{scale.id}@{wave.id}.{role}"
    items = keyed(responses, scale.id, wave=wave.id, role=role, instrument=instrument.id)
    rule = scale.rule
    rated = items.index.get_level_values(0).nunique()
    if role != "self" and rated < opened.study.min_group:
        gate = replace(not_assessable(name, reason="too_few_people", n=rated), unit="person")
        return ScaleMeasurement(id=name, title=title, gates=(gate,))
    if instrument.model_of(scale.id) != "reflective" or (rule != "mean" and rule != "sum"):
        gate = not_assessable(name, reason="not_reflective", n=len(items))
        return ScaleMeasurement(id=name, title=title, gates=(gate,))
    options = instrument.response_scale(scale.items[0])
    unit: Unit = "person" if role == "self" else "rating"
    try:
        analysed = item_analysis(items, low=options.low, high=options.high, title=title, source=source)
        measured = reliability(items, title=title, scale=name, low=options.low, high=options.high, rule=rule,
                               unit=unit, source=source)
    except EstimationError:
        gate = not_assessable(name, reason="not_computed", n=len(items))
        return ScaleMeasurement(id=name, title=title, gates=(gate,))
    gate = replace(reliability_gate(measured), unit="person" if role == "self" else "rating")
    one = ScaleMeasurement(id=name, title=title, gates=(gate,), reliability=measured, items=analysed)
    return one if rng is None else with_structure(one, items, unit=unit, rng=rng)


def measurements(opened: StudyFolder, responses: Responses, *, waves: tuple[Wave, ...] = ()) -> list[ScaleMeasurement]:
    """Measure every scale that the answered forms carry, wave by wave and role by role.

    Parameters
    ----------
    opened : StudyFolder
    responses : Responses
    waves : tuple of Wave
        Only these; all if empty.
    """
    import numpy as np

    found, rng = [], np.random.default_rng(SEED)
    for wave in waves or opened.study.waves:
        for asked in wave.asked:
            instrument = opened.instruments[asked.instrument]
            carried = [scale for scale in instrument.scales
                       if set(scale.items) <= set(instrument.form(asked.form).items)]
            found += [measure_scale(opened, responses, scale, instrument, wave, role, rng=rng)
                      for role in asked.roles for scale in carried
                      if has_answers(responses, instrument.id, wave.id, role)]
    return found


def has_answers(responses: Responses, instrument: str, wave: str, role: str) -> bool:
    """Whether anybody of this role answered this instrument in this wave."""
    frame = responses.frame
    chosen = (frame["instrument"] == instrument) & (frame["wave"] == wave) & (frame["role"] == role)
    return bool((chosen & frame["value"].notna()).any())


def measurement_report_of(study: str | Path) -> Report:
    """Build the measurement report of a study folder.

    Raises
    ------
    CoachResearchError
        If the folder cannot be read, or nobody has answered.
    """
    from coachresearch.reports.measurement import measurement_report

    opened = open_folder(study)
    responses = opened.responses()
    scales = measurements(opened, responses)
    if not scales:
        raise DesignError(f"The answers of study {opened.study.id!r} carry no scale of its instruments",
                          remedy="Check that the form that was answered holds the items of a scale.")
    facts = MeasurementFacts(
        title=opened.study.title, question=opened.study.question, n=int(responses.frame["person"].nunique()),
        instruments=instrument_facts(opened), min_group=opened.study.min_group, language=opened.study.language,
        provenance=replace(provenance(opened, "coachresearch measure", responses.frame), seed=SEED),
        simulated=opened.study.simulated)
    return measurement_report(facts, scales)


def write_measurement_report(study: str | Path, out: Path | None = None) -> str:
    """Write the measurement report and say where.

    Parameters
    ----------
    study : str or Path
        Study folder.
    out : Path, optional
        HTML file; ``reports/measurement.html`` in the study folder if left out.
    """
    report = measurement_report_of(study)
    return saved(report, out or place_in(study, "measurement.html"))


def place_in(study: str | Path, name: str) -> Path:
    """Return the path of a report in the study's folder ``reports``, which is made if it is not there."""
    folder = Path(study) if Path(study).is_dir() else Path(study).parent
    (folder / "reports").mkdir(exist_ok=True)
    return folder / "reports" / name


def saved(report: Report, place: Path) -> str:
    """Save a report and return the line that says so."""
    page = report.save(place)
    return sentence("app.report", file=page, size=round(page.stat().st_size / 1000))
