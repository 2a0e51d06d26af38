"""Raters of the same people: whether they agree, and whether they are the same ones at both waves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coachresearch.apps.folder import StudyFolder
from coachresearch.core.errors import EstimationError
from coachresearch.core.gate import Gate, Verdict, not_assessable
from coachresearch.studies.study import Outcome, Wave

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.psychometrics.agreement import RaterAgreement
    from coachresearch.scoring.scores import Scores

_RULE = "lebreton_senter2008_icc1"


def agreement_of(scores: Scores, outcome: Outcome, wave: Wave) -> RaterAgreement | None:
    """Agreement of the raters of an outcome in one wave; None where too few targets have two raters."""
    from coachresearch.psychometrics.agreement import icc_nested

    frame = _rows(scores, outcome)
    rows = frame[frame["wave"] == wave.id]
    try:
        return icc_nested(rows["score"].to_numpy(dtype=float, na_value=float("nan")), rows["target"].astype(str),
                          title=outcome.scale)
    except EstimationError:
        return None


def agreement_gate(scores: Scores, outcome: Outcome, wave: Wave) -> Gate:
    """Whether raters of the same person agree enough for their mean to be about that person.

    ``pass``: the whole interval of ICC(1) lies at or above the cut; ``fail``: below it; else nothing is decided.
    """
    from coachresearch.display.rules import RULES

    name = f"{outcome.scale}@{wave.id}.{outcome.role}"
    agreed = agreement_of(scores, outcome, wave)
    if agreed is None:
        return replace(not_assessable(name, "agreement", reason="single_raters"), unit="person")
    single, cut = agreed.estimate("icc1"), RULES[_RULE].needed
    verdict: Verdict = "pass" if single.conf_low >= cut else "fail" if single.conf_high < cut else "not_assessable"
    reason = "interval_straddles_cut" if verdict == "not_assessable" else ""
    return Gate(name, "agreement", verdict, "icc1", single.estimate, _RULE, agreed.n_targets, reason, unit="person")


def same_raters_table(opened: StudyFolder, scores: Scores, outcome: Outcome) -> pd.DataFrame | None:
    """Means over the raters who rated at both waves, as `Scores.matrix` would give them; None where none changed."""
    if outcome.role == "self" or len(opened.study.arms) < 2:
        return None
    first, second = (wave.id for wave in opened.study.waves[:2])
    frame = _rows(scores, outcome)
    pairs = frame[frame["wave"].isin([first, second])].assign(score=lambda rows: rows["score"].astype("float64"))
    wide = pairs.pivot(index=["target", "person"], columns="wave", values="score").reindex(columns=[first, second])
    stayed = wide.dropna()
    if len(stayed) == len(wide):
        return None
    means = stayed.groupby(level="target").mean()
    means.columns = [f"{outcome.scale}@{first}", f"{outcome.scale}@{second}"]
    people = opened.people.people.set_index("person")
    return means.join(people[["arm", "team", "level"]])


def untimely(opened: StudyFolder, coached: str, comparison: str | None) -> tuple[str, ...]:
    """Return what the dates of treatment say against the comparison, as codes of what stays open."""
    people, wave = opened.people.people, opened.study.waves[1]
    if wave.closes is None or people["treatment_start"].isna().all():
        return ()
    began = people["treatment_start"].dt.date <= wave.closes
    started = people["treatment_start"].notna()
    found = []
    if comparison is not None and (started & began & (people["arm"] == comparison)).any():
        found.append("comparison_treated")
    if (started & ~began & (people["arm"] == coached)).any():
        found.append("coached_late")
    return tuple(found)


def _rows(scores: Scores, outcome: Outcome) -> pd.DataFrame:
    frame = scores.frame
    return frame[(frame["scale"] == outcome.scale) & (frame["role"] == outcome.role) & frame["score"].notna()]
