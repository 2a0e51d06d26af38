"""Rows with gaps, by their sets of answered items."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.moments.patterns import Patterns


@pytest.fixture
def frame():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(80, 3))
    values[rng.random((80, 3)) < 0.3] = np.nan
    values[7] = np.nan
    return pd.DataFrame(values, columns=["a", "b", "c"])


def test_each_set_of_answered_items_has_its_moments(frame):
    found = collect(frame, into=Patterns)
    answered = frame.notna()
    assert found.n_left_out == (~answered.any(axis=1)).sum() >= 1
    assert found.n + found.n_left_out == 80
    for part, row in zip(found.parts, found.answered, strict=True):
        members = frame[(answered == row).all(axis=1)][list(part.columns)]
        assert part.n == len(members)
        np.testing.assert_allclose(part.mean, members.mean())
    assert found.parts[0].columns == ("a", "b", "c")
    assert found.complete.n_left_out == 80 - found.parts[0].n
    np.testing.assert_allclose(found.complete.scatter, collect(frame).scatter)


def test_batches_give_the_whole(frame):
    whole, parts = collect(frame, into=Patterns), collect([frame[:33], frame[33:50], frame[50:]], into=Patterns)
    assert [part.columns for part in parts.parts] == [part.columns for part in whole.parts]
    for one, two in zip(parts.parts, whole.parts, strict=True):
        assert one.n == two.n
        np.testing.assert_allclose(one.scatter, two.scatter, atol=1e-12)


def test_selecting_joins_patterns_and_counts_the_rows_that_answered_none(frame):
    found = collect(frame, into=Patterns).select(["c", "a"])
    again = collect(frame[["c", "a"]], into=Patterns)
    assert (found.n, found.n_left_out) == (again.n, again.n_left_out)
    for one, two in zip(found.parts, again.parts, strict=True):
        np.testing.assert_allclose(one.scatter, two.scatter, atol=1e-12)
    with pytest.raises(EstimationError, match="no column 'z'"):
        found.select(["z"])


def test_too_many_patterns_go_another_way(frame):
    with pytest.raises(EstimationError, match=r"(?s)different sets of answered items; a table of patterns holds up to 3"
                                              r".*into=PairTables"):
        collect(frame, into=Patterns, most_patterns=3)
    with pytest.raises(EstimationError, match="holds up to 6"):
        collect([frame[:2], frame[2:4], frame], into=Patterns, most_patterns=6)


def test_patterns_that_do_not_fit_are_refused():
    two = Moments.from_rows(("b", "a"), np.eye(2))
    with pytest.raises(EstimationError, match="b, a does not fit a, b"):
        Patterns(("a", "b"), (two,))
    with pytest.raises(EstimationError, match="stands twice"):
        Patterns(("a", "b"), (two.select("ab"), two.select("ab")))
    one = Patterns(("a", "b"), (two.select("ab"),))
    with pytest.raises(EstimationError, match="cannot be merged"):
        one + one.select(["b", "a"])
    with pytest.raises(EstimationError, match="share the unit"):
        Patterns(("a",), (Moments.from_rows(("a",), np.eye(1), unit="rating"),))


def test_no_rows_are_no_patterns():
    empty = collect(pd.DataFrame({"a": pd.Series(dtype=float)}), into=Patterns)
    assert (empty.n, empty.parts, empty.complete.n) == (0, (), 0)
