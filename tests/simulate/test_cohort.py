"""Simulated studies: the contract is kept, keys are honoured, and what was put in comes out again."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import DesignError
from coachresearch.effects.change import change
from coachresearch.instruments.reader import read_instruments
from coachresearch.responses.responses import Responses
from coachresearch.simulate.cohort import simulate_cohort
from coachresearch.simulate.truth import Truth
from coachresearch.studies.study import Arm, Asked, Outcome, Study, Wave

ASKED = (Asked("mq5", "core", ("report", "self")),)
STUDY = Study("demo", "Demo", "Does it help?", "randomised",
              (Arm("coached", "Coached", True), Arm("comparison", "Comparison", False)),
              (Wave("T1", 1, "Before", ASKED, date(2026, 3, 2), date(2026, 3, 20)),
               Wave("T2", 2, "After", ASKED, date(2026, 9, 7), date(2026, 9, 25))),
              Outcome("mq5_core", "report", "mq5"), 5, simulated=True)
CALM = Truth(leaders=40, leader_drop_out=0, rater_silence=0, skipped=0, no_chance=0, careless=0, coach_icc=0)


@pytest.fixture(scope="module")
def mq5():
    return read_instruments()["mq5"]


def means(made, mq5, role):
    """Mean of keyed items per leader and wave, as scoring would give without gaps."""
    rows = made.responses[made.responses["role"] == role].dropna(subset=["value"])
    keys = dict(mq5.scale("mq5_core").keys)
    sign = rows["item"].map(keys)
    score = rows["value"].where(sign > 0, 6 - rows["value"]).astype(float)
    wide = score.groupby([rows["target"], rows["wave"]]).mean().unstack()
    return wide.join(made.people.people.set_index("person")["arm"])


def test_answers_keep_their_contract_and_fit_the_questionnaire(mq5):
    made = simulate_cohort(STUDY, mq5, truth=Truth(leaders=12), seed=1)
    assert not RESPONSES.faults(made.responses)
    responses = Responses(made.responses, (mq5,), "demo")
    assert set(responses.frame["wave"]) == {"T1", "T2"}
    assert set(responses.frame["mode"]) == {"simulated"}
    assert made.people.people["arm"].value_counts().to_dict() == {"coached": 6, "comparison": 6}
    assert set(made.people.coaching["person"]) == set(
        made.people.people.loc[made.people.people["arm"] == "coached", "person"])


def test_the_same_seed_gives_the_same_answers_and_another_does_not(mq5):
    first, second, third = (simulate_cohort(STUDY, mq5, truth=Truth(leaders=8), seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.responses, second.responses)
    assert not first.responses["value"].equals(third.responses["value"])


def test_reversed_items_are_answered_the_other_way(mq5):
    made = simulate_cohort(STUDY, mq5, truth=CALM, seed=3)
    keys = dict(mq5.scale("mq5_core").keys)
    wide = made.responses.pivot(index=["wave", "person"], columns="item", values="value").astype(float)
    found = wide.corr()
    for one in keys:
        for other in keys:
            assert one == other or np.sign(found.loc[one, other]) == keys[one] * keys[other]
    assert wide[[item for item, key in keys.items() if key > 0]].stack().mean() > 3.2
    assert wide[[item for item, key in keys.items() if key < 0]].stack().mean() < 2.8


def test_the_effect_that_was_put_in_comes_out(mq5):
    """The adjusted difference of large cohorts lies around its expectation, and nothing comes from nothing."""
    for effect in (0.0, 0.8):
        found = []
        for seed in range(3):
            made = simulate_cohort(STUDY, mq5, truth=replace(CALM, leaders=150, effect=effect), seed=seed)
            result = change(means(made, mq5, "report"), pre="T1", post="T2", title="T", arm="arm", coached="coached",
                            comparison="comparison")
            found.append(result.estimate("ancova_difference", result.contrast))
        error = np.sqrt(np.mean([one.std_error ** 2 for one in found]) / 3)
        wanted = np.sqrt(CALM.rater_agreement) * effect * points_per_rating(mq5)
        assert np.mean([one.estimate for one in found]) == pytest.approx(wanted, abs=3.5 * error)


def points_per_rating(mq5):
    """Return what one unit of a rating is worth in points, from two cohorts that differ in their self-bias alone."""
    low, high = (means(simulate_cohort(STUDY, mq5, truth=replace(CALM, leaders=400, effect=0, self_bias=bias,
                                                                 reports_low=1, reports_high=1), seed=99), mq5, "self")
                 for bias in (0.0, 0.4))
    return (high["T2"].mean() - low["T2"].mean()) / 0.4


def share(frame, kind):
    return (frame["missing"].fillna("") == kind).mean()


def test_missing_answers_drop_out_and_carelessness_come_in_their_shares(mq5):
    truth = replace(CALM, leaders=200, leader_drop_out=0.1, rater_silence=0.2, skipped=0.05, no_chance=0.1,
                    careless=0.1)
    made = simulate_cohort(STUDY, mq5, truth=truth, seed=5)
    frame, relations = made.responses, made.people.relations
    assert len(made.careless) / relations["rater"].nunique() == pytest.approx(0.1, abs=0.03)
    assert share(frame, "skipped") == pytest.approx(0.05, abs=0.01)
    others = frame[frame["role"] == "report"]
    assert share(others, "dont_know") == pytest.approx(0.1, abs=0.01)
    assert share(frame[frame["role"] == "self"], "dont_know") == 0
    answered = frame.groupby("wave")["person"].nunique() / len(relations)
    assert answered["T1"] == pytest.approx(0.8, abs=0.04)
    gone = 1 - frame[frame["wave"] == "T2"]["target"].nunique() / 200
    assert gone == pytest.approx(0.1, abs=0.06)
    hasty = frame["person"].isin(made.careless)
    assert frame.loc[hasty, "seconds"].median() < frame.loc[~hasty, "seconds"].median() / 3


def test_one_group_three_waves_and_other_raters(mq5):
    roles = (Asked("mq5", "full", ("manager", "peer")),)
    waves = tuple(Wave(f"T{i}", i, f"T{i}", roles) for i in (1, 2, 3))
    study = replace(STUDY, assignment="one_group", arms=STUDY.arms[:1], waves=waves, primary=None)
    made = simulate_cohort(study, mq5, truth=replace(CALM, leaders=6), seed=1)
    assert set(made.responses["wave"]) == {"T1", "T2", "T3"}
    assert set(made.responses["role"]) == {"manager", "peer"}
    assert set(made.responses["item"]) == set(mq5.form("full").items)
    told = made.responses["item"].map({item.id: item.expects for item in mq5.items}).dropna()
    assert (made.responses["value"][told.index] == told).all()
    assert set(made.people.people["arm"]) == {"coached"}


def test_studies_that_cannot_be_simulated_are_refused(mq5):
    other = replace(STUDY, waves=(Wave("T1", 1, "T1", (Asked("csk5", "core", ("self",)),)),))
    with pytest.raises(DesignError, match="asks 'csk5', but 'mq5' is simulated"):
        simulate_cohort(other, mq5, truth=CALM, seed=1)
    three = replace(STUDY, arms=(*STUDY.arms, Arm("third", "Third", False)))
    with pytest.raises(DesignError, match="1 coached arms and 2 others"):
        simulate_cohort(three, mq5, truth=CALM, seed=1)


def test_an_impossible_truth_names_every_fault():
    with pytest.raises(DesignError) as caught:
        Truth(leaders=1, careless=1.5, stability=1, reports_low=5, reports_high=3)
    text = str(caught.value)
    assert len(caught.value.faults) == 4
    assert "leaders is 1" in text
    assert "careless is 1.5" in text
    assert "reports_high is 3 (truth).\nIt must be at least 5." in text
