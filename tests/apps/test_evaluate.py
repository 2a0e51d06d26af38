"""What speaks against a claim is found and weakens it: teams, raters, leavers, dates, direction, mixed scores."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coachresearch.apps.checks import Compared, design_checks
from coachresearch.apps.evaluate import evaluate, study_report_of
from coachresearch.apps.folder import open_folder
from coachresearch.apps.raters import agreement_gate, same_raters_table, untimely
from coachresearch.apps.score import scores_of
from coachresearch.core.errors import ResponseError
from coachresearch.scoring.scores import Scores
from coachresearch.store.store import SourceFile, open_store


@pytest.fixture(scope="module")
def spring(tmp_path_factory) -> Path:
    from coachresearch.apps.demo import simulated_study
    from coachresearch.apps.imports import import_exported

    study = simulated_study(tmp_path_factory.mktemp("spring"))
    import_exported(study, study / "responses.csv")
    return study


@pytest.fixture
def study(spring, tmp_path) -> Path:
    return Path(shutil.copytree(spring, tmp_path / "study"))


def table(rng: np.random.Generator, *, teams: int, each: int, between: float) -> pd.DataFrame:
    n = teams * each
    team = np.repeat(np.arange(teams), each)
    shift = rng.normal(0, between**0.5, teams)[team]
    pre = rng.normal(3, 0.5, n)
    return pd.DataFrame({"arm": np.where(team % 2, "coached", "comparison"), "level": pd.NA,
                         "team": [f"T{one}" for one in team], "pre": pre,
                         "post": pre + shift + rng.normal(0, (0.3 - min(between, 0.2)) ** 0.5, n)},
                        index=[f"P{one}" for one in range(n)])


def compared(frame: pd.DataFrame) -> Compared:
    return Compared(frame, "pre", "post", "coached", "comparison", "Trust", "en", None)


def test_shared_teams_decide_the_interval():
    frame = table(np.random.default_rng(1), teams=12, each=6, between=0.2)
    found = design_checks(compared(frame), "randomised")
    assert found.main is not None
    alone = design_checks(compared(frame.assign(team=[f"own{one}" for one in range(len(frame))])), "randomised")
    assert alone.main is None and alone.reservations == ()


def test_whole_teams_without_effect_are_rarely_called_an_effect():
    rng, wrong, runs = np.random.default_rng(2), 0, 60
    for _ in range(runs):
        main = design_checks(compared(table(rng, teams=12, each=6, between=0.2)), "randomised").main
        assert main is not None
        wrong += not main.conf_low <= 0 <= main.conf_high
    assert wrong <= 9  # 5 % of 60 is 3; 9 or more has a chance of .003; errors by person gave 20


@pytest.mark.parametrize("mar", ["few", "gaps"])
def test_teams_that_cannot_be_reckoned_with_are_a_reservation(mar):
    frame = table(np.random.default_rng(3), teams=4 if mar == "few" else 12, each=6, between=0.2)
    if mar == "gaps":
        frame.loc["P3", "team"] = None
    assert "clustering" in design_checks(compared(frame), "randomised").reservations


def test_a_gap_in_the_team_of_somebody_not_analysed_changes_nothing():
    frame = table(np.random.default_rng(3), teams=12, each=6, between=0.2)
    stranger = pd.DataFrame({"arm": [None], "team": [None], "level": [None], "pre": [3.0], "post": [3.0]}, index=["X"])
    found = design_checks(compared(pd.concat([frame, stranger])), "randomised")
    assert found.main is not None and found.reservations == ()


@pytest.mark.parametrize(("arm", "best"), [("coached", False), ("comparison", True)])
def test_leavers_of_either_arm_are_shifted_against_the_finding(arm, best):
    rng = np.random.default_rng(4)
    frame = table(rng, teams=120, each=1, between=0.0)
    mine = frame[frame["arm"] == arm].sort_values("post", ascending=not best)
    frame.loc[mine.index[:24], "post"] = np.nan
    codes = dict(design_checks(compared(frame), "randomised").sensitivity)
    assert "leavers_shifted" in codes
    assert codes["leavers_shifted"].conf_low < 0


def test_scores_of_different_making_are_refused(study):
    opened = open_folder(study)
    later = scores_of(opened).frame.query("wave == 'T2' and role == 'report'").assign(method="imported")
    later["score"] = later["score"] * 10
    with open_store(opened.database, study=opened.study.id) as store:
        store.append_scores(later.assign(person=later["person"] + "_x"), source=SourceFile("totals.csv", "0" * 64, 5))
    with pytest.raises(ResponseError, match="made in different ways: imported, mean"):
        evaluate(opened)


def test_raters_who_do_not_agree_are_not_assessable(spring):
    opened = open_folder(spring)
    scores, outcome, wave = scores_of(opened), opened.study.primary, opened.study.waves[0]
    assert agreement_gate(scores, outcome, wave).verdict == "pass"
    frame = scores.frame.copy()
    rows = (frame["wave"] == "T1") & (frame["role"] == "report")
    frame.loc[rows, "score"] = np.random.default_rng(5).permutation(frame.loc[rows, "score"])
    assert agreement_gate(Scores(frame), outcome, wave).verdict != "pass"


def test_the_same_raters_are_set_beside_all_raters(spring):
    opened = open_folder(spring)
    stayed = same_raters_table(opened, scores_of(opened), opened.study.primary)
    assert stayed is not None
    assert set(stayed.columns) >= {"mq5_core@T1", "mq5_core@T2", "arm"}
    assert "same_raters" in dict(evaluate(opened).claims[0].sensitivity)


def test_a_comparison_that_was_coached_early_is_a_reservation(study):
    place = study / "people.csv"
    people = pd.read_csv(place).assign(treatment_start="2026-04-03")
    people.to_csv(place, index=False)
    opened = open_folder(study)
    assert untimely(opened, "coached", "comparison") == ("comparison_treated",)
    claim = evaluate(opened).claims[0]
    assert "comparison_treated" in claim.does_not_show
    assert claim.verb == "was_higher_after"


def test_fewer_can_be_better(study):
    place = study / "study.yaml"
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("primary: {scale: mq5_core, role: report, instrument: mq5}",
                                  "primary: {scale: mq5_core, role: report, instrument: mq5, better: lower, "
                                  "smallest_worthwhile: 0.2}"), encoding="utf-8")
    found = evaluate(open_folder(study))
    assert found.claims[0].verdict == "opposite"
    assert found.claims[0].smallest_worthwhile == 0.2
    assert found.changes[0].estimate("share_worse", "coached").estimate \
        > found.changes[0].estimate("share_improved", "coached").estimate


def test_both_waves_are_measured(study):
    found = evaluate(open_folder(study))
    assert [one.id for one in found.measurement if "report" in one.id] == ["mq5_core@T1.report", "mq5_core@T2.report"]


def test_a_secondary_outcome_of_too_few_takes_its_claim_along(study, monkeypatch):
    opened = open_folder(study)
    with open_store(opened.database, study=opened.study.id) as store:
        rows = store.responses()
    few = rows[(rows["role"] == "report") | ~rows["target"].isin(
        opened.people.people.query("arm == 'coached'")["person"].tolist()[2:])]
    (study / "answers.db").unlink()
    from coachresearch.store.rows import rows_of

    with open_store(study / "answers.db", study=opened.study.id) as store:
        store.append(rows_of(few))
    report = study_report_of(study)
    assert report.withheld == ("mq5_core.self",)
    assert "self-rated" not in "".join(claim.outcome for claim in report.claims)


def test_a_third_wave_is_named(study):
    opened = open_folder(study)
    third = replace(opened.study.waves[1], id="T3", order=3, title="A year later")
    later = replace(opened, study=replace(opened.study, waves=(*opened.study.waves, third)))
    assert "A year later" in evaluate(later).changes[0].summary()
