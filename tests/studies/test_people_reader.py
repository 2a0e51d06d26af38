"""Who takes part: every fault of every table, with its row and column, and nothing repaired in silence."""

import pandas as pd
import pytest

from coachresearch.core.contracts import COACHING, OUTCOMES, PEOPLE, RELATIONS
from coachresearch.core.errors import DesignError
from coachresearch.studies.people_reader import read_people
from coachresearch.studies.reader import read_study

PEOPLE_CSV = "person,level,team,arm,treatment_start\nP1,2,A,coached,2026-03-20\nP2,2,B,waiting,\nP3,1,B,,\n"


@pytest.fixture
def read(sound, written, tmp_path):
    study = read_study(written(sound))

    def reading(**tables):
        for name, text in ({"people": PEOPLE_CSV} | tables).items():
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.csv").write_bytes(content)
        return read_people(tmp_path, study)

    return reading


@pytest.fixture
def faults(read):
    def reading(**tables):
        with pytest.raises(DesignError) as caught:
            read(**tables)
        return [(fault.what, fault.where) for fault in caught.value.faults]

    return reading


def test_people_alone_are_enough(read):
    people = read()
    assert people.people["person"].tolist() == ["P1", "P2", "P3"]
    assert people.people["treatment_start"][0] == pd.Timestamp("2026-03-20T00:00Z")
    assert people.people["arm"].isna().tolist() == [False, False, True]
    for frame, contract in ((people.relations, RELATIONS), (people.coaching, COACHING), (people.outcomes, OUTCOMES)):
        pd.testing.assert_frame_equal(frame, contract.empty())


def test_every_frame_stands_behind_its_contract(read):
    people = read(relations="target,rater,role\nP1,P1,self\n", coaching="person,coach,kind\nP1,C1,internal\n",
                  outcomes="unit,period,measure,value\nA,2026Q1,leavers,2\n")
    for frame, contract in ((people.people, PEOPLE), (people.relations, RELATIONS), (people.coaching, COACHING),
                            (people.outcomes, OUTCOMES)):
        pd.testing.assert_frame_equal(contract.check(frame), frame)


def test_a_coach_may_also_be_the_manager(read):
    people = read(relations="target,rater,role,wave\nP1,P3,manager,\nP1,P3,coach,T1\n",
                  coaching="person,coach,kind,start,end,reason\nP1,P3,manager,2026-03-20,,\n")
    both = people.relations.merge(people.coaching, left_on=["target", "rater"], right_on=["person", "coach"])
    assert sorted(both["role"]) == ["coach", "manager"]


def test_a_person_may_have_two_coaches_and_change_them(read):
    people = read(coaching="person,coach,kind,start,end,reason\nP1,C1,internal,2026-03-20,2026-04-20,moved\n"
                           "P1,C2,external,2026-04-21,,\nP1,C3,peer,2026-03-20,,\n")
    assert people.coaching["coach"].tolist() == ["C1", "C2", "C3"]


def test_raters_and_coaches_need_not_stand_in_people(read):
    people = read(relations="target,rater,role\nP1,R77,report\n", coaching="person,coach,kind\nP1,C1,external\n")
    assert people.relations["rater"].tolist() == ["R77"]


def test_a_mark_of_order_at_the_start_is_ignored(read):
    assert read(people=b"\xef\xbb\xbf" + PEOPLE_CSV.encode()).people["person"].tolist() == ["P1", "P2", "P3"]


def test_names_that_look_like_missing_values_or_numbers_stay_text(read):
    people = read(people="person,team\nNA,007\nNone,1e5\n").people
    assert people["person"].tolist() == ["NA", "None"]
    assert people["team"].tolist() == ["007", "1e5"]


def test_empty_lines_at_the_end_do_not_count(read):
    assert len(read(people=PEOPLE_CSV + "\n,,,,\n").people) == 3


def test_windows_line_ends_and_quoted_commas_are_read(read):
    people = read(people='person,team\r\nP1,"A, north"\r\n').people
    assert people["team"].tolist() == ["A, north"]


def test_all_faults_of_all_tables_come_together(faults):
    assert faults(
        people="person,arm\nP1,coached\nP2,coachd\nP2,waiting\n",
        relations="target,rater,role,wave\nP1,P1,boss,\n",
        coaching="person,coach,kind,start\nP1,C1,internal,20.3.2026\n",
        outcomes="unit,period,measure,value,exposure\nA,2026Q1,leavers,2,0\n",
    ) == [
        ("Row repeats an earlier one: person = P2", "people.csv, row 3"),
        ("'role' is 'boss', which is not one of self, manager, peer, report, coach, observer",
         "relations.csv, row 1, column role"),
        ("'start' is '20.3.2026', which is not a date (2026-03-31 or 2026-03-31T14:02Z)",
         "coaching.csv, row 1, column start"),
        ("'exposure' is 0", "outcomes.csv, row 1, column exposure"),
    ]


def test_an_unknown_arm_is_named_with_the_known_ones(read):
    with pytest.raises(DesignError) as caught:
        read(people="person,arm\nP1,coachd\n")
    fault, = caught.value.faults
    assert (fault.what, fault.where) == ("'P1' is in the arm 'coachd'", "people.csv, row 1, column arm")
    assert fault.remedy == "The study has: coached, waiting."


def test_a_study_without_arms_has_nobody_in_an_arm(sound, written, tmp_path):
    del sound["arms"], sound["primary"], sound["waves"][1]
    study = read_study(written(sound | {"assignment": "cross_section"}))
    (tmp_path / "people.csv").write_text("person,arm\nP1,coached\n")
    with pytest.raises(DesignError, match="The study has no arms; leave the cell empty"):
        read_people(tmp_path, study)


@pytest.mark.parametrize(("row", "what", "column"), [
    ("P9,R1,report,", "'P9' is not in people.csv", "target"),
    ("P1,P2,self,", "'P2' rates 'P1' in the role 'self'", "rater"),
    ("P1,P1,peer,", "'P1' rates their own person in the role 'peer'", "rater"),
    ("P1,R1,report,T3", "There is no wave 'T3'", "wave"),
])
def test_each_fault_of_a_relation_is_found_alone(faults, row, what, column):
    assert faults(relations=f"target,rater,role,wave\nP1,P1,self,T1\n{row}\n") == [
        (what, f"relations.csv, row 2, column {column}")]


@pytest.mark.parametrize(("row", "what", "column"), [
    ("P9,C1,internal,,", "'P9' is not in people.csv", "person"),
    ("P1,P1,internal,,", "'P1' is their own coach", "coach"),
    ("P1,C1,internal,2026-04-02,2026-04-01", "Coaching ends on 2026-04-01, before it starts on 2026-04-02", "end"),
])
def test_each_fault_of_coaching_is_found_alone(faults, row, what, column):
    assert faults(coaching=f"person,coach,kind,start,end\n{row}\n") == [(what, f"coaching.csv, row 1, column {column}")]


def test_the_same_relation_twice_is_found(faults):
    assert faults(relations="target,rater,role,wave\nP1,R1,report,\nP1,R1,report,\n")[0][1] == "relations.csv, row 2"


@pytest.mark.parametrize(("content", "what", "where"), [
    ("person,team\nP1,Zürich\n".encode("cp1252"), "people.csv is not UTF-8 (byte 16)", "people.csv, line 2"),
    (b"person;team\nP1;A\n", "people.csv is separated by semicolons", "people.csv"),
    (b"person,team\nP1,A,B\n", "Row has 3 cells, the header 2", "people.csv, row 1"),
    (b"person,team\nP1,A\n\nP2,A\n", "Row has 0 cells, the header 2", "people.csv, row 2"),
    (b"person,person\nP1,P1\n", "Column 'person' stands twice", "people.csv"),
    (b"person,team\n P1,A\n", "'person' is ' P1', with blanks around it", "people.csv, row 1, column person"),
    (b'person,team\nP1,"A\n', "people.csv is not a comma-separated table", "people.csv"),
    (b"", "people.csv is empty", "people.csv"),
    (b"name,team\nP1,A\n", "Column 'name' is not known to people", "people.csv, column name"),
])
def test_a_file_of_the_wrong_form_is_refused(faults, content, what, where):
    found = faults(people=content)
    assert found[0][0].startswith(what)
    assert found[0][1] == where


def test_a_wrong_encoding_says_how_to_save(read):
    with pytest.raises(DesignError) as caught:
        read(people="person,team\nP1,Zürich\n".encode("cp1252"))
    assert caught.value.faults[0].remedy == "Save it as UTF-8; spreadsheets call it 'CSV UTF-8'."


def test_a_folder_without_people_says_so(sound, written, tmp_path):
    with pytest.raises(DesignError, match=r"holds no people\.csv"):
        read_people(tmp_path, read_study(written(sound)))
