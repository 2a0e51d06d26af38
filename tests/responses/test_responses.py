"""Answers stand behind their contract and their instrument, and are laid out wide without averaging anything."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import InstrumentError, ResponseError, StoreError
from coachresearch.responses.responses import Responses, read_responses
from coachresearch.store.store import InstrumentMark, open_store
from coachresearch.studies.study import Arm, Asked, Outcome, Study, Wave


@pytest.fixture
def study():
    asked = (Asked("care", "full", ("self", "report")),)
    return Study("spring", "Spring", "Did it help?", "one_group", (Arm("coached", "Coached", True),),
                 (Wave("T1", 1, "Before", asked), Wave("T2", 2, "After", asked)), Outcome("trust", "self"), 5)


@pytest.fixture
def responses(answers, care):
    frame = pd.concat([
        answers((1, 2, 3, 4), person="P2"), answers((5, None, 3, 1), person="P1"),
        answers((2, 2, 2, 2), person="P1", wave="T2"),
        answers((4, 4, 4, 4), person="R1", target="P1", role="report"),
        answers((5, 5, 5, 5), person="R2", target="P1", role="report"),
    ])
    return Responses(frame, (care,), "spring")


def test_the_frame_is_copied_in(answers, care):
    frame = answers()
    before = frame.copy()
    held = Responses(frame, (care,), "spring")
    frame.loc[0, "value"] = 5
    assert held.frame.loc[0, "value"] == 1
    held.frame.loc[0, "value"] = 3
    assert before.loc[0, "value"] == 1


def test_every_fault_is_told_together(answers, care):
    frame = pd.concat([
        answers((6, 2, None, 4), person="P017", wave="T2"), answers(person="P2", version="9"),
        answers(person="P3", form="long"), answers((1, 1, 1), person="P4", form="core"),
        answers(person="P5", instrument="other"), answers(person="P6", study="autumn"),
        answers(person="R1", target="P1", role="coach"), answers((1,), person="P8", target="P9"),
    ], ignore_index=True)
    frame.loc[3, "missing"] = "skipped"
    frame.loc[2, "missing"] = None
    with pytest.raises(ResponseError) as refused:
        Responses(frame, (care,), "spring")
    text = str(refused.value)
    for message in (
        "Item 'trust_01' was answered 6, but its response scale 'often5' allows 1 to 5 (row 1, person P017, wave T2)",
        "Item 'trust_03' has neither an answer nor a kind of missing (row 3)",
        "Item 'trust_04' has both an answer and the kind of missing 'skipped' (row 4)",
        "4 answers are to version '9' of instrument 'care'; known is '1.0'",
        "Instrument 'care' has no form 'long' (row 9)", "It has: full, core.",
        "Item 'trust_03' does not stand in form 'core'",
        "4 answers are to instrument 'other', which is not known", "known instruments: care",
        "Study 'autumn' among the answers of 'spring'",
        "Form 'full' of 'care' is not for the role 'coach'", "It is for: self, report.",
        "Role 'self', but person 'P8' answers about 'P9'",
    ):
        assert message in text


def test_faults_of_the_contract_come_first(answers, care):
    with pytest.raises(ResponseError, match=r"'role' is 'boss', which is not one of self"):
        Responses(answers(role="boss"), (care,), "spring")
    twice = pd.concat([answers(), answers()])
    with pytest.raises(ResponseError, match="Row repeats an earlier one"):
        Responses(twice, (care,), "spring")


def test_a_matrix_has_ratings_in_rows_and_items_as_they_were_answered(responses):
    wide = responses.matrix("trust", wave="T1", role="self")
    assert list(wide.index) == [("P1", "P1"), ("P2", "P2")]
    assert list(wide.columns) == ["trust_01", "trust_02", "trust_03", "trust_04"]
    np.testing.assert_array_equal(wide.to_numpy(), [[5, np.nan, 3, 1], [1, 2, 3, 4]])
    chosen = responses.matrix(["trust_04", "trust_01"], wave="T1", role="self")
    assert list(chosen.columns) == ["trust_04", "trust_01"]


def test_several_raters_stay_apart(responses):
    wide = responses.matrix("trust", wave="T1", role="report")
    assert list(wide.index) == [("P1", "R1"), ("P1", "R2")]
    with pytest.raises(ResponseError, match="several raters in this role, for example 'P1' with 2"):
        responses.matrix("trust", wave="T1", role="report", unit="person")
    assert list(responses.matrix("trust", wave="T1", role="self", unit="person").index) == ["P1", "P2"]


def test_wave_and_role_may_be_left_out_only_where_there_is_one(responses):
    assert len(responses.matrix("trust", wave="T2")) == 1
    with pytest.raises(ResponseError, match="answered in several roles: report, self"):
        responses.matrix("trust", wave="T1")
    with pytest.raises(ResponseError, match="answered in several waves: T1, T2"):
        responses.matrix("trust", role="self")
    with pytest.raises(ResponseError, match=r"not answered in wave 'T3'[\s\S]*There are answers in: T1, T2"):
        responses.matrix("trust", wave="T3")


def test_unknown_and_shared_scales(responses, answers, care):
    with pytest.raises(InstrumentError, match=r"No instrument here forms a scale 'trsut'[\s\S]*Known scales: trust"):
        responses.matrix("trsut", wave="T2")
    with pytest.raises(InstrumentError, match="has all of the items trust_01, nothing"):
        responses.matrix(["trust_01", "nothing"], wave="T2")
    both = Responses(answers(), (care, replace(care, id="other")), "spring")
    with pytest.raises(InstrumentError, match=r"formed by several instruments: care, other[\s\S]*instrument="):
        both.matrix("trust")
    assert len(both.matrix("trust", instrument="care")) == 1
    with pytest.raises(ResponseError, match="not answered at all"):
        both.matrix("trust", instrument="other")


def test_versions_are_kept_apart(answers, care):
    newer = replace(care, version="2.0")
    held = Responses(pd.concat([answers(), answers(wave="T2", version="2.0")]), (care, newer), "spring")
    assert len(held.matrix("trust", wave="T2")) == 1
    mixed = Responses(pd.concat([answers(), answers(person="P2", version="2.0")]), (care, newer), "spring")
    with pytest.raises(ResponseError, match=r"several versions of 'care': 1\.0, 2\.0"):
        mixed.matrix("trust", wave="T1")


def test_kinds_of_missing_are_counted(answers, care):
    frame = pd.concat([answers((None, 2, 3, 4)), answers((None, 1, 1, 1), person="P2").assign(
        missing=["dont_know", None, None, None])])
    counts = Responses(frame, (care,), "spring").missing_counts()
    assert counts.loc[("care", "trust_01")].to_dict() == {
        "answered": 0, "skipped": 1, "dont_know": 1, "not_applicable": 0, "refused": 0, "not_shown": 0}
    assert counts["answered"].sum() == 6
    by_wave = Responses(frame, (care,), "spring").missing_counts(by=["wave"])
    assert by_wave.loc["T1", "answered"].item() == 6


def test_no_answers_at_all(answers, care):
    held = Responses(answers().iloc[:0], (care,), "spring")
    with pytest.raises(ResponseError, match="not answered at all"):
        held.matrix("trust")
    assert held.missing_counts().empty


def kept(path, frame, mark="c" * 64):
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    with open_store(path, study="spring") as store:
        store.append(rows, marks=[InstrumentMark("care", "1.0", mark)])


def test_read_from_the_store(tmp_path, answers, study, care, instruments):
    kept(tmp_path / "spring.db", answers())
    held = read_responses(tmp_path / "spring.db", study, {**instruments, "unused": replace(care, id="unused")})
    assert held.frame["value"].tolist() == [1, 2, 3, 4]
    assert [one.id for one in held.instruments] == ["care"]
    assert held.cautions == ()
    assert [file.name for file in tmp_path.iterdir()] == ["spring.db"]


def test_a_changed_instrument_is_a_caution(tmp_path, answers, study, instruments):
    kept(tmp_path / "spring.db", answers(), mark="f" * 64)
    held = read_responses(tmp_path / "spring.db", study, instruments)
    assert [one.code for one in held.cautions] == ["instrument_changed"]
    assert held.cautions[0].values == {"instrument": "care", "version": "1.0"}


def test_reading_tells_everything_that_does_not_fit(tmp_path, answers, study, care, instruments):
    kept(tmp_path / "spring.db", pd.concat([answers((6, 1, 1, 1)), answers(wave="T9")]))
    with pytest.raises(ResponseError) as refused:
        read_responses(tmp_path / "spring.db", study, instruments)
    assert "4 answers are from wave 'T9', which study 'spring' does not have (spring.db)" in str(refused.value)
    assert "was answered 6" in str(refused.value) and "spring.db, row 1" in str(refused.value)
    with pytest.raises(ResponseError, match=r"version '1\.0' of instrument 'care'; known is '2\.0'"):
        read_responses(tmp_path / "spring.db", study, {"care": replace(care, version="2.0")})
    with pytest.raises(StoreError, match="no file 'nothing"):
        read_responses(tmp_path / "nothing.db", study, instruments)
    with pytest.raises(StoreError, match="study 'spring', not 'autumn'"):
        read_responses(tmp_path / "spring.db", replace(study, id="autumn"), instruments)
