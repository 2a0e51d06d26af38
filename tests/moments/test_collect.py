"""Frames in, Moments out: batches, groups, and columns that are not numbers."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect, collect_by


@pytest.fixture
def frame():
    values = pd.DataFrame(np.random.default_rng(2).normal(size=(12, 3)), columns=["a", "b", "c"])
    values.loc[4, "b"] = np.nan
    return values


def test_batches_give_the_whole(frame):
    whole = collect(frame)
    parts = collect(frame.iloc[part] for part in (slice(0, 5), slice(5, 5), slice(5, 12)))
    assert (parts.n, parts.n_left_out) == (whole.n, whole.n_left_out) == (11, 1)
    np.testing.assert_allclose(parts.scatter, whole.scatter, rtol=1e-12)


def test_the_frame_is_not_changed_and_nullable_columns_are_read(frame):
    before = frame.copy()
    nullable = frame.round().astype("Float64")
    assert collect(nullable).n == 11
    assert collect(nullable.fillna(1).astype("Int64")).n == 12
    pd.testing.assert_frame_equal(frame, before)


def test_groups_stand_in_order_of_appearance_and_add_up(frame):
    frame["arm"] = list("yxyxyxyxyxyx")
    found = collect_by(frame, "arm")
    assert list(found) == ["y", "x"]
    merged = found["y"] + found["x"]
    np.testing.assert_allclose(merged.scatter, collect(frame.drop(columns="arm")).scatter, rtol=1e-12)


def test_groups_of_the_same_name_are_one(frame):
    frame["arm"] = [1, "1"] * 6
    assert collect_by(frame, "arm")["1"].n == 11


@pytest.mark.parametrize(("values", "kind"), [
    (["1", "2", "3"], "str|object"), (pd.to_datetime(["2026-01-01"] * 3), "datetime64"),
    (pd.Categorical([1, 2, 3]), "category"),
])
def test_a_column_that_is_not_a_number_is_named(values, kind):
    with pytest.raises(EstimationError, match=f"'b' is of type ({kind}).*, not a number"):
        collect(pd.DataFrame({"a": [1.0, 2, 3], "b": values}))


def test_infinite_values_are_named():
    with pytest.raises(EstimationError, match="'a' holds an infinite value"):
        collect(pd.DataFrame({"a": [1.0, np.inf]}))


def test_no_batch_and_rows_without_group_are_refused(frame):
    with pytest.raises(EstimationError, match="no batch"):
        collect([])
    frame["arm"] = ["x"] * 11 + [None]
    with pytest.raises(EstimationError, match="1 of 12 rows have no 'arm'"):
        collect_by(frame, "arm")
    with pytest.raises(EstimationError, match=r"no column 'coach'.*\n.*a, b, c, arm"):
        collect_by(frame, "coach")


def test_the_arithmetic_needs_numpy_alone():
    code = ("import sys\nfor name in ('pandas', 'scipy', 'matplotlib'): sys.modules[name] = None\n"
            "import numpy as np\nfrom coachresearch.moments.moments import Moments\n"
            "one = Moments.from_rows('ab', np.eye(2))\nassert (one + one).n == 4 and (one + one).cor.shape == (2, 2)")
    subprocess.run([sys.executable, "-c", code], check=True)
