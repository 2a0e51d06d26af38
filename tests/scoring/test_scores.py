"""Scores by key, rule and least answers; laws as properties; roles never mixed."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.instruments.instrument import confirm_key
from coachresearch.responses.responses import Responses
from coachresearch.scoring.keys import keyed
from coachresearch.scoring.scores import Scores, score

CLOSE = 1e-12  # sums of a handful of small whole numbers: rounding of the division alone

VALUE = st.one_of(st.none(), st.integers(1, 5))
SHEET = st.tuples(VALUE, VALUE, VALUE, VALUE, st.one_of(st.none(), st.integers(0, 6)))
SHEETS = st.lists(SHEET, min_size=1, max_size=6)


@pytest.fixture
def build(answers, care):
    def together(*frames, instruments=(care,)):
        return Responses(pd.concat(frames), instruments, "spring")
    return together


def one(scores, scale, **where):
    rows = scores.frame[scores.frame["scale"] == scale]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    (row,) = rows.to_dict("records")
    return row


def test_means_and_sums_by_hand(build, answers):
    scores = score(build(answers((1, 2, 3, 4, 0))))
    trust = one(scores, "trust")
    assert trust["score"] == pytest.approx((1 + 4 + 3) / 3, abs=CLOSE)
    assert (trust["n_answered"], trust["n_items"], trust["method"]) == (3, 3, "mean")
    total = one(scores, "total")
    assert total["score"] == pytest.approx(1 + 4 + 3 + 4 + 6, abs=CLOSE)
    assert total["method"] == "sum"
    assert scores.cautions == ()


def test_gaps_count_against_the_least_number_of_answers(build, answers):
    scores = score(build(answers((1, None, 3, 4, 0)), answers((1, None, None, 4, 0), person="P2")))
    assert one(scores, "trust", person="P1")["score"] == pytest.approx(2, abs=CLOSE)
    lost = one(scores, "trust", person="P2")
    assert pd.isna(lost["score"]) and lost["n_answered"] == 1
    assert one(scores, "total", person="P1")["score"] == pytest.approx((1 + 3 + 4 + 6) / 4 * 5, abs=CLOSE)
    told = [caution.values for caution in scores.cautions if caution.code == "too_few_answers"]
    assert {"scale": "trust", "n": 1, "of": 2, "needed": 2, "items": 3} in told


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sheets=SHEETS)
def test_laws_of_scoring(build, answers, sheets):
    responses = build(*(answers(sheet, person=f"P{number}") for number, sheet in enumerate(sheets)))
    before = responses.frame.copy()
    first, second = score(responses), score(responses)
    pd.testing.assert_frame_equal(first.frame, second.frame)
    pd.testing.assert_frame_equal(responses.frame, before)
    both = first.frame.pivot(index="person", columns="scale", values="score").astype("Float64").astype("float64")
    np.testing.assert_allclose(both["trust"] + both["distrust"], np.where(both["trust"].isna(), np.nan, 6), atol=CLOSE)
    by_hand = keyed(responses, "trust", unit="person")
    mean = by_hand.mean(axis=1).where(by_hand.notna().sum(axis=1) >= 2)
    np.testing.assert_allclose(both["trust"].loc[mean.index], mean, atol=CLOSE)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sheets=st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(build, answers, sheets):
    frame = pd.concat([answers((1, 2, 3, 4, 0)), answers((5, 4, None, 2, 1), person="P2")], ignore_index=True)
    shuffled = frame.iloc[[*sheets, *range(6, len(frame))]]
    keys = ["person", "scale"]
    pd.testing.assert_frame_equal(score(build(frame)).frame.sort_values(keys, ignore_index=True),
                                  score(build(shuffled)).frame.sort_values(keys, ignore_index=True))


def test_scales_that_a_short_form_cannot_carry(build, answers):
    responses = build(answers((1, 2, 3), form="core"), answers((1, 2, 3, 4, 0), person="P2"))
    scores = score(responses)
    assert sorted(scores.frame[scores.frame["person"] == "P1"]["scale"]) == ["distrust", "trust"]
    assert scores.cautions == ()
    named = score(responses, scales=["total"])
    assert named.frame["person"].tolist() == ["P2"]
    assert [caution.code for caution in named.cautions] == ["form_without_scale"]
    with pytest.raises(InstrumentError, match="No answered form carries enough items of 'total'"):
        score(build(answers((1, 2, 3), form="core")), scales=["total"])
    with pytest.raises(InstrumentError, match="forms a scale 'nothing'"):
        score(responses, scales=["nothing"])


def test_two_instruments_with_one_scale_name(build, answers, care):
    other = replace(care, id="other")
    frames = (answers((1, 2, 3, 4, 0)), answers((1, 2, 3, 4, 0), instrument="other"))
    with pytest.raises(InstrumentError, match="'trust' is formed by care, other"):
        score(build(*frames, instruments=(care, other)))
    assert len(score(build(frames[0], instruments=(care, other))).frame) == 3


def test_a_key_from_memory_scores_only_when_confirmed(build, answers, care):
    recalled = replace(care, recalled_key=True)
    frame = answers((1, 2, 3, 4, 0))
    with pytest.raises(InstrumentError, match="recalled from memory and not confirmed"):
        score(build(frame, instruments=(recalled,)))
    known = confirm_key(recalled, by="A. Reader", on=date(2026, 3, 31), against="Manual, p. 12")
    (told,) = score(build(frame, instruments=(known,))).cautions
    assert told.code == "key_confirmed"
    assert told.values == {"instrument": "care", "by": "A. Reader", "on": "2026-03-31", "against": "Manual, p. 12"}


@pytest.fixture
def cohort(build, answers):
    return score(build(
        answers((1, 5, 1, 1, 0)), answers((5, 1, 5, 1, 0), wave="T2"), answers((3, 3, 3, 3, 3), wave="T10"),
        answers((3, 3, 3, 3, 3), person="P2"),
        answers((5, 1, 5, 1, 1), person="R1", target="P1", role="report"),
        answers((1, 5, 1, 1, 1), person="R2", target="P1", role="report"),
        answers((None, None, 1, 1, 1), person="R3", target="P1", role="report"),
        answers((5, 1, 5, 1, 1), person="R1", target="P1", role="report", wave="T2"),
    ))


def test_waves_side_by_side_in_their_order(cohort):
    wide = cohort.matrix("trust", role="self")
    assert list(wide.columns) == ["trust@T1", "trust@T2", "trust@T10"]
    assert wide.index.tolist() == ["P1", "P2"]
    np.testing.assert_allclose(wide.to_numpy(), [[1, 5, 3], [3, np.nan, np.nan]], atol=CLOSE)
    assert (wide.dtypes == "float64").all()


def test_raters_of_one_role_are_averaged_and_counted(cohort):
    wide = cohort.matrix("trust", role="report")
    assert list(wide.columns) == ["trust@T1", "trust@T2", "n_raters@T1", "n_raters@T2"]
    assert wide.loc["P1"].tolist() == [3, 5, 2, 1]
    with pytest.raises(ResponseError, match=r"scores of several roles: report, self[\s\S]*never averaged"):
        cohort.matrix("trust")
    with pytest.raises(ResponseError, match="no scores of the role 'peer'"):
        cohort.matrix("trust", role="peer")
    with pytest.raises(ResponseError, match=r"no scores of scale 'care'[\s\S]*distrust, total, trust"):
        cohort.matrix("care")


def test_columns_of_the_people_are_kept(cohort):
    people = pd.DataFrame({"person": ["P2", "P1", "P3"], "arm": ["waiting", "coached", "waiting"], "team": list("xyz")})
    wide = cohort.matrix("trust", role="self", keep="arm", people=people)
    assert list(wide.columns) == ["arm", "trust@T1", "trust@T2", "trust@T10"]
    assert wide["arm"].to_dict() == {"P1": "coached", "P2": "waiting"}
    everyone = cohort.matrix("trust", role="report", keep=["arm", "team"], people=people, everyone=True)
    assert everyone.index.tolist() == ["P1", "P2", "P3"]
    assert everyone["n_raters@T1"].tolist() == [2, 0, 0]
    assert everyone["trust@T1"].isna().tolist() == [False, True, True]
    with pytest.raises(ResponseError, match="the people are needed"):
        cohort.matrix("trust", role="self", keep="arm")
    with pytest.raises(ResponseError) as refused:
        cohort.matrix("trust", role="self", keep=["arm", "age"], people=people[people["person"] != "P2"])
    assert "People have no column 'age'" in str(refused.value)
    assert "Target 'P2' has scores, but does not stand among the people" in str(refused.value)


def imported(**changes):
    frame = pd.DataFrame({"wave": ["T1", "T2"], "person": "P9", "target": "P9", "role": "self", "scale": "trust",
                          "score": [2.0, 3.5], "method": "imported", "source": "totals.csv"})
    return frame.assign(**changes)


def test_imported_scores_join_computed_ones(cohort):
    both = cohort.join(Scores.from_imported(imported()))
    with pytest.raises(ResponseError, match="made in different ways: imported, mean"):
        both.matrix("trust", role="self")
    assert "scores_imported" in [caution.code for caution in both.cautions]
    assert both.frame["n_items"].isna().sum() == 2
    with pytest.raises(ResponseError, match="Row repeats an earlier one"):
        cohort.join(Scores.from_imported(imported(person="P1", target="P1")))


def test_no_answers_give_no_scores(build, answers):
    assert score(build(answers((1, 2, 3, 4, 0)).iloc[:0])).frame.empty


def test_a_score_without_a_role_is_refused():
    with pytest.raises(ResponseError, match="'role' is 'boss'"):
        Scores(imported(role="boss").drop(columns="source"))
