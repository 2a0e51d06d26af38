"""One call to ask a person: where the answers go, what is taken up again, and which mix-ups are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from coachresearch.apps.administer import administer, administer_instrument
from coachresearch.core.errors import DesignError, ResponseError, StoreError
from coachresearch.core.places import shipped
from coachresearch.instruments.reader import read_instrument
from coachresearch.store.store import open_store
from coachresearch.studies.reader import read_study
from coachresearch.studies.study import Asked
from coachresearch.studies.writer import new_study


@pytest.fixture(scope="module")
def mq5():
    return read_instrument(shipped("instruments") / "manager_quality" / "mq5.yaml")


@pytest.fixture
def study(tmp_path):
    return read_study(new_study(tmp_path / "trial", id="trial", title="Trial", assignment="cross_section",
                                instrument="mq5", form="core", scale="mq5_core", role="report"))


def rows_in(folder):
    with open_store(folder / "answers.db", read_only=True) as store:
        return store.responses()


def test_an_answer_is_on_disk_in_the_study_folder(study, mq5, tmp_path):
    form = administer(study, person="P001", target="P900", role="report")
    form.answer("mot_3", 4)
    row = rows_in(tmp_path / "trial").iloc[0]
    columns = ["study", "wave", "person", "target", "role", "instrument", "version", "form", "item", "mode"]
    assert row[columns].tolist() == ["trial", "T1", "P001", "P900", "report", "mq5", mq5.version, "core", "mot_3",
                                     "notebook"]
    assert (row["value"], row["position"]) == (4, 1)
    with open_store(tmp_path / "trial" / "answers.db", read_only=True) as store:
        assert [(mark.instrument, mark.content_hash) for mark in store.marks()] == [("mq5", mq5.content_hash)]


def test_the_same_call_takes_the_form_up_again(study):
    first = administer(study, person="P001", target="P900", role="report")
    first.answer("mot_3", 4)
    first.answer("rev_2", 9)
    again = administer(study, person="P001", target="P900", role="report")
    assert again.session.answered == {"mot_3": 4, "rev_2": 9}
    assert again.session.kept == first.session.kept
    for other in ({"person": "P002", "target": "P900"}, {"person": "P001", "target": "P901"}):
        assert administer(study, role="report", **other).session.answered == {}


def test_a_changed_answer_counts_and_the_first_one_stays_in_the_history(study, tmp_path):
    form = administer(study, person="P001", target="P900", role="report")
    for code in (4, 2, 4):
        form.answer("mot_3", code)
    assert rows_in(tmp_path / "trial")["value"].tolist() == [4]
    with open_store(tmp_path / "trial" / "answers.db", read_only=True) as store:
        assert store.responses(latest=False)["value"].tolist() == [4, 2, 4]


def test_another_form_of_the_same_questionnaire_is_not_mixed_in(study):
    administer(study, person="P001", target="P900", role="report").answer("mot_3", 4)
    with pytest.raises(ResponseError, match="given to form 'core', and form 'full' is asked now"):
        administer(study, person="P001", target="P900", role="report", form="full")


@pytest.mark.parametrize(("names", "message"), [
    ({"role": "report"}, "needs to know whom the answers are about"),
    ({"role": "report", "target": "P001"}, "Person and target are both 'P001'"),
    ({"role": "self", "target": "P900"}, "The role 'self' is about the person, but the target is 'P900'"),
    ({"role": "self"}, "The role 'self' is not asked a questionnaire"),
    ({"role": "report", "target": "P900", "wave": "T9"}, "has no wave 'T9'"),
    ({"role": "report", "target": "P900", "instrument": "bfi25"}, "is not asked the questionnaire 'bfi25'"),
])
def test_a_mix_up_is_refused_before_anything_is_made(study, tmp_path, names, message):
    with pytest.raises(DesignError, match=message):
        administer(study, person="P001", **names)
    assert not (tmp_path / "trial" / "answers.db").exists()


def test_two_questionnaires_for_one_role_must_be_told_apart(study, mq5):
    both = replace(study.waves[0], asked=(*study.waves[0].asked, Asked("mini_markers", "full", ("report",))))
    study = replace(study, waves=(both,))
    with pytest.raises(DesignError, match="asked 2 questionnaires") as error:
        administer(study, person="P001", target="P900", role="report")
    assert "'mq5' or 'mini_markers'" in str(error.value)
    assert administer(study, person="P001", target="P900", role="report", instrument=mq5).session.shown[0] == "mot_3"


def test_with_several_waves_the_one_open_today_is_meant(study):
    today, week = date.today(), timedelta(days=7)
    first = replace(study.waves[0], opens=today - 3 * week, closes=today - week)
    second = replace(first, id="T2", order=2, opens=today, closes=today + week)
    form = administer(replace(study, waves=(first, second)), person="P001", target="P900", role="report")
    assert form.session.occasion.wave == "T2"
    with pytest.raises(DesignError, match="has 2 waves, and 0 of them are open today"):
        administer(replace(study, waves=(first, replace(second, closes=None))), person="P001", target="P9",
                   role="report")


def test_names_are_held_to_the_tables_that_are_filled_in(study, tmp_path):
    folder = tmp_path / "trial"
    header = (folder / "people.csv").read_text(encoding="utf-8").splitlines()[0]
    commas = "," * header.count(",")
    (folder / "people.csv").write_text(f"{header}\nP900{commas}\n", encoding="utf-8")
    with pytest.raises(DesignError, match="'P901' is not among the people of the study"):
        administer(study, person="P001", target="P901", role="report")
    (folder / "relations.csv").write_text("target,rater,role,wave\nP900,P001,report,\n", encoding="utf-8")
    with pytest.raises(DesignError, match="'P002' is not listed as report of 'P900' in wave 'T1'"):
        administer(study, person="P002", target="P900", role="report")
    assert administer(study, person="P001", target="P900", role="report").session.answered == {}


def test_a_study_without_a_folder_has_nowhere_to_keep_answers(study):
    with pytest.raises(DesignError, match="has no folder to keep answers in"):
        administer(replace(study, folder=""), person="P001", target="P900", role="report")


def test_an_instrument_can_be_asked_without_a_study(mq5, tmp_path):
    form = administer_instrument(mq5, tmp_path / "own.db", person="P001", form="core")
    form.answer("mot_3", 5)
    again = administer_instrument(mq5, tmp_path / "own.db", person="P001", form="core")
    assert again.session.answered == {"mot_3": 5}
    with pytest.raises(StoreError, match="holds the answers of study 'practice', not 'other'"):
        administer_instrument(mq5, tmp_path / "own.db", person="P001", study="other")


def test_a_file_that_goes_away_is_told_and_nothing_is_claimed(mq5, tmp_path):
    form = administer_instrument(mq5, tmp_path / "own.db", person="P001", form="core")
    (tmp_path / "own.db").rename(tmp_path / "gone.db")
    with pytest.raises(ResponseError, match="Not saved: this answer could not be written down"):
        form.answer("mot_3", 5)
    assert form.session.answered == {}
    assert isinstance(form.error, StoreError)
