"""What is written is read back as the same; a new folder is valid from the start and harms nothing."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachresearch.core.contracts import COACHING, OUTCOMES, PEOPLE, RELATIONS
from coachresearch.core.errors import DesignError
from coachresearch.studies.people import People
from coachresearch.studies.people_reader import read_people
from coachresearch.studies.reader import read_study
from coachresearch.studies.study import Arm, Asked, Outcome, Study, Wave
from coachresearch.studies.writer import new_study, write_people, write_study

SETTINGS = {"id": "s1", "title": "First", "instrument": "mq5", "form": "core", "scale": "mq5_core", "role": "report"}
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))
TRAPS = ["1e5", "nan", "inf", "no", "null", "~", "true", "12:30", "- a", "a: b", "#", "1_0"]
WORDS = st.text(LETTERS, min_size=1).filter(lambda text: text.strip() == text) | st.sampled_from(TRAPS)
IDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
ASKED = (Asked("mq5", "core", ("self", "report")),)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(id=IDS, title=WORDS, question=WORDS, goal=WORDS | st.just(""), season=st.sampled_from(["", "spring", "winter"]),
       simulated=st.booleans(), min_group=st.integers(3, 50), opens=st.none() | st.dates(date(2020, 1, 1)),
       comments=st.booleans())
def test_a_study_survives_its_file(tmp_path, id, title, question, goal, season, simulated, min_group, opens, comments):
    study = Study(id=id, title=title, question=question, assignment="matched",
                  arms=(Arm("a", title, True), Arm("b", "B", False)), waves=(Wave("T1", 1, title, ASKED, opens),),
                  primary=Outcome("x", "self"), min_group=min_group, secondary=(Outcome("y", "report", "mq5"),),
                  goal=goal, season=season, simulated=simulated, registration=goal, folder=str(tmp_path))
    assert read_study(write_study(study, tmp_path, comments=comments)) == study


def test_a_study_may_be_written_under_another_name(sound, written, tmp_path):
    study = read_study(written(sound))
    other = write_study(study, tmp_path / "other.yaml")
    assert other.name == "other.yaml"
    assert read_study(other) == study


def test_writing_leaves_nothing_else_behind(sound, written, tmp_path):
    write_study(read_study(written(sound)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_people_survive_their_files(sound, written, tmp_path):
    people = People(
        PEOPLE.check(pd.DataFrame({"person": ["P1", "NA", "007"], "team": ["A, north", None, 'say "x"'],
                                   "arm": ["coached", "waiting", None],
                                   "treatment_start": ["2026-03-20T10:15:30.123456Z", None, None]})),
        RELATIONS.check(pd.DataFrame({"target": ["P1"], "rater": ["R1"], "role": ["report"], "wave": [None]})),
        COACHING.empty(),
        OUTCOMES.check(pd.DataFrame({"unit": ["A"], "period": ["2026Q1"], "measure": ["leavers"], "value": [1 / 3]})),
    )
    again = read_people(write_people(people, tmp_path), read_study(written(sound)))
    for name in ("people", "relations", "coaching", "outcomes"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(people, name))


def test_people_that_break_their_contract_are_not_written(tmp_path):
    broken = People(pd.DataFrame({"person": [None]}), RELATIONS.empty(), COACHING.empty(), OUTCOMES.empty())
    with pytest.raises(DesignError, match="'person' is empty"):
        write_people(broken, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("assignment", "arms", "waves"), [
    ("randomised", 2, 2), ("waitlist", 2, 2), ("matched", 2, 2), ("self_selected", 2, 2), ("one_group", 1, 2),
    ("cross_section", 0, 1),
])
def test_a_new_study_is_valid_from_the_start(tmp_path, assignment, arms, waves):
    folder = new_study(tmp_path / "a" / "b", assignment=assignment, **SETTINGS)
    study = read_study(folder)
    assert (len(study.arms), len(study.waves), study.assignment) == (arms, waves, assignment)
    assert study.primary == Outcome("mq5_core", "report", "mq5")
    people = read_people(folder, study)
    assert all(len(frame) == 0 for frame in (people.people, people.relations, people.coaching, people.outcomes))
    assert sorted(path.name for path in folder.iterdir()) == [
        "coaching.csv", "outcomes.csv", "people.csv", "relations.csv", "study.yaml"]
    assert (folder / "people.csv").read_text() == "person,level,team,arm,treatment_start\n"
    assert [path.name for path in folder.parent.iterdir()] == ["b"]


def test_a_new_study_explains_itself(tmp_path):
    text = (new_study(tmp_path / "s", assignment="waitlist", **SETTINGS) / "study.yaml").read_text(encoding="utf-8")
    assert "# The one result that the study is set up for." in text


def test_an_empty_folder_may_be_filled(tmp_path):
    assert new_study(tmp_path, assignment="one_group", **SETTINGS) == tmp_path


@pytest.mark.parametrize("there", ["file", "folder"])
def test_what_is_there_already_is_not_touched(tmp_path, there):
    target = tmp_path / "s"
    if there == "folder":
        target.mkdir()
    kept = target if there == "file" else target / "notes.txt"
    kept.write_text("mine")
    with pytest.raises(DesignError, match="is there already and not empty"):
        new_study(target, assignment="waitlist", **SETTINGS)
    assert kept.read_text() == "mine"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [kept.name]


def test_a_study_that_could_not_be_read_back_is_not_begun(tmp_path):
    with pytest.raises(DesignError) as caught:
        new_study(tmp_path / "s", assignment="coin_flip", **(SETTINGS | {"id": "1st study"}))
    assert len(caught.value.faults) == 2
    assert list(tmp_path.iterdir()) == []
