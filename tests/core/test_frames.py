"""A contract finds every fault at once, changes nothing it is given, and never repairs in silence."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachresearch.core.errors import CoachResearchError, DesignError
from coachresearch.core.frames import Column, Contract

THINGS = Contract(
    "things",
    (Column("name", "text", required=True), Column("kind", "text", allowed=("a", "b")), Column("count", "integer"),
     Column("weight", "number"), Column("seen", "time")),
    key=("name",),
)


def test_missing_and_unknown_columns_are_both_named():
    faults = THINGS.faults(pd.DataFrame({"nmae": ["x"]}), where="t.csv")
    assert [fault.what for fault in faults] == ["Column 'nmae' is not known to things",
                                                "Column 'name' of things is missing"]
    assert "known columns are name, kind, count, weight, seen" in faults[0].remedy


def test_every_fault_is_reported_together():
    frame = pd.DataFrame({"name": ["x", "", "x"], "kind": ["a", "c", None], "count": ["1", "1.5", "many"]})
    with pytest.raises(DesignError) as caught:
        THINGS.check(frame, where="t.csv", error=DesignError)
    assert [fault.where for fault in caught.value.faults] == [
        "t.csv, row 2, column name", "t.csv, row 2, column kind", "t.csv, row 2, column count",
        "t.csv, row 3, column count", "t.csv, row 3"]
    assert str(caught.value).startswith("5 faults:\n1. ")


def test_columns_that_are_not_required_are_filled_with_nothing():
    checked = THINGS.check(pd.DataFrame({"name": ["x"]}))
    assert list(checked.columns) == list(THINGS.names)
    assert checked.drop(columns="name").isna().all(axis=None)


def test_check_does_not_touch_what_it_is_given():
    frame = pd.DataFrame({"seen": ["2026-01-01"], "name": ["x"], "count": ["7"]}, index=[5])
    before = frame.copy(deep=True)
    checked = THINGS.check(frame)
    checked.loc[0, "name"] = "changed"
    pd.testing.assert_frame_equal(frame, before)
    assert checked.index.tolist() == [0]


def test_checking_twice_changes_nothing():
    once = THINGS.check(pd.DataFrame({"name": ["x", "y"], "count": ["7", ""],
                                      "seen": ["2026-01-01T10:00+02:00", None]}))
    pd.testing.assert_frame_equal(THINGS.check(once), once)
    assert once["seen"][0] == pd.Timestamp("2026-01-01T08:00Z")


def test_very_many_faults_are_cut_short_and_counted():
    frame = pd.DataFrame({"name": [f"n{number}" for number in range(200)], "count": ["x"] * 200})
    faults = THINGS.faults(frame)
    assert len(faults) == 51
    assert faults[-1].what == "150 more faults of this kind"


def test_error_is_the_general_one_unless_another_is_named():
    with pytest.raises(CoachResearchError):
        THINGS.check(pd.DataFrame({"name": [None]}))


@given(st.lists(st.integers(-2**53, 2**53), max_size=20))
def test_whole_numbers_survive_text(numbers):
    names = [f"n{place}" for place in range(len(numbers))]
    frame = pd.DataFrame({"name": names, "count": [str(one) for one in numbers]}, dtype="string")
    assert THINGS.check(frame)["count"].tolist() == numbers
