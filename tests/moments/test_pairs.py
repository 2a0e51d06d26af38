"""Counts of categories and pairs of categories: exact, in any order, and as many as pandas counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect, collect_by
from coachresearch.moments.moments import Moments
from coachresearch.moments.pairs import PairTables


def answers(n=200, k=4, gaps=0.1, seed=1, dtype=float):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 6, size=(n, k)).astype(dtype)
    if gaps:
        values[rng.random((n, k)) < gaps] = np.nan
    return pd.DataFrame(values, columns=list("abcdefgh"[:k]))


@pytest.mark.parametrize("gaps", [0, 0.2])
def test_tables_are_those_of_pandas(gaps):
    frame = answers(gaps=gaps)
    found = collect(frame, into=PairTables)
    for row in frame:
        np.testing.assert_array_equal(found.category_counts(row), frame[row].value_counts().sort_index())
        for column in set(frame) - {row}:
            np.testing.assert_array_equal(found.table(row, column), pd.crosstab(frame[row], frame[column]))
    assert found.pair_n[0, 1] == (frame["a"].notna() & frame["b"].notna()).sum()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.permutations(range(6)), st.booleans())
@settings(max_examples=30, deadline=None)
def test_merging_in_any_order_gives_the_same_counts(sizes, order, declared):
    frame = answers(sum(sizes))
    values = range(1, 6) if declared else None
    parts = [collect(part, into=PairTables, values=values)
             for part in (frame.iloc[end - size:end] for size, end in zip(sizes, np.cumsum(sizes), strict=True))]
    merged = None
    for place in order:
        if place < len(parts):
            merged = parts[place] if merged is None else merged + parts[place]
    whole = collect(frame, into=PairTables, values=values)
    assert (merged.values, merged.n, merged.n_left_out) == (whole.values, whole.n, whole.n_left_out)
    np.testing.assert_array_equal(merged.counts, whole.counts)


def test_moments_of_complete_tables_are_those_of_the_rows():
    frame = answers(gaps=0.15)
    found = collect(frame, into=PairTables, complete_rows=True).moments()
    rows = Moments.from_rows(tuple(frame), frame.to_numpy())
    assert (found.n, found.n_left_out) == (rows.n, rows.n_left_out)
    np.testing.assert_allclose(found.mean, rows.mean, rtol=1e-14)
    np.testing.assert_allclose(found.scatter, rows.scatter, rtol=1e-12, atol=1e-12)


def test_moments_of_tables_with_gaps_are_refused():
    with pytest.raises(EstimationError, match=r"(?s)200 rows have gaps.*complete_rows=True"):
        collect(answers(gaps=0.1), into=PairTables).moments()


def test_large_counts_stay_exact():
    counts = np.array([[3 * 10 ** 9, 0, 2 * 10 ** 9, 10 ** 9], [0, 10 ** 9, 10 ** 9, 0],
                       [2 * 10 ** 9, 10 ** 9, 3 * 10 ** 9, 0], [10 ** 9, 0, 0, 10 ** 9]])
    found = PairTables(("a", "b"), ((1, 2), (1, 2)), counts, 4 * 10 ** 9).moments()
    assert found.mean[0] == 1.25
    assert found.scatter[0, 0] == 0.75 * 10 ** 9


def test_selection_keeps_the_order_asked_for_and_used_drops_what_nobody_chose():
    found = collect(answers(), into=PairTables, values=range(8))
    some = found.select(["c", "a"])
    np.testing.assert_array_equal(some.table("c", "a"), found.table("c", "a"))
    assert found.used().values == ((1, 2, 3, 4, 5),) * 4
    with pytest.raises(EstimationError, match=r"no item 'z'.*\n.*a, b, c, d"):
        found.select(["z"])
    with pytest.raises(EstimationError, match="no item 'z'"):
        found.table("a", "z")


def test_answers_beyond_the_values_are_named_item_by_item():
    frame = answers(gaps=0)
    frame.loc[3, "a"], frame.loc[5, "c"] = 9, 2.5
    with pytest.raises(EstimationError, match=r"(?s)'a' holds 9, but its answers are 1, 2, 3, 4, 5 \(1 of 200"
                                              r".*'c' holds 2.5, but categories are whole numbers"):
        collect(frame, into=PairTables, values=range(1, 6))
    with pytest.raises(EstimationError, match="'b' holds 4, 5, but its answers are 1, 2, 3"):
        collect(answers(), into=PairTables, values={"a": range(1, 6), "b": (1, 2, 3), "c": range(9), "d": range(9)})
    with pytest.raises(EstimationError, match="categories of item 'd' are not given"):
        collect(answers(), into=PairTables, values={name: range(9) for name in "abc"})
    with pytest.raises(EstimationError, match="'a' runs from 1 to 900, more than 50 categories"):
        collect(pd.DataFrame({"a": [1, 900]}), into=PairTables)
    with pytest.raises(EstimationError, match="'a' holds inf"):
        collect(pd.DataFrame({"a": [1, np.inf]}), into=PairTables)


def test_values_with_holes_are_held_to():
    frame = pd.DataFrame({"a": [1, 3, 5], "b": [1, 1, 5]})
    found = collect(frame, into=PairTables, values=(1, 3, 5))
    assert found.table("a", "b").tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    with pytest.raises(EstimationError, match="'a' holds 3, but its answers are 1, 5"):
        collect(frame, into=PairTables, values=(1, 5))


def test_groups_share_the_declared_values_and_add_up():
    frame = answers().assign(arm=["x", "y"] * 100)
    found = collect_by(frame, "arm", into=PairTables, values=range(1, 6))
    whole = collect(frame.drop(columns="arm"), into=PairTables, values=range(1, 6))
    np.testing.assert_array_equal((found["x"] + found["y"]).counts, whole.counts)


def test_an_item_that_nobody_answered_and_no_rows_at_all_are_counted_too():
    found = collect(pd.DataFrame({"a": [1, 2], "b": [np.nan, np.nan]}), into=PairTables)
    assert found.values == ((1, 2), ())
    assert found.pair_n.tolist() == [[2, 0], [0, 0]]
    nobody = collect(pd.DataFrame({"a": [np.nan], "b": [np.nan]}), into=PairTables)
    assert (nobody.n, nobody.n_left_out) == (0, 1)
    empty = collect(answers().iloc[:0], into=PairTables, values=range(1, 6))
    assert (empty.n, int(empty.counts.sum())) == (0, 0)
    assert (empty + collect(answers(), into=PairTables)).n > 0


def test_small_integers_and_booleans_are_counted_as_they_are():
    frame = pd.DataFrame({"a": np.array([-128, 127, 0], dtype=np.int8), "b": [True, False, True]})
    with pytest.raises(EstimationError, match="-128 to 127"):
        collect(frame, into=PairTables)
    assert collect(frame[["b"]], into=PairTables).category_counts("b").tolist() == [1, 2]


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(EstimationError, match=r"shape \(2, 2\), not \(3, 3\)"):
        PairTables(("a",), ((1, 2),), np.zeros((3, 3), dtype=int), 0)
    with pytest.raises(EstimationError, match="whole numbers of at least 0"):
        PairTables(("a",), ((1, 2),), -np.eye(2, dtype=int), 0)
    with pytest.raises(EstimationError, match="lowest to the highest"):
        PairTables(("a",), ((2, 1),), np.eye(2, dtype=int), 2)
    one, two = collect(answers(), into=PairTables), collect(answers(), into=PairTables, unit="rating")
    with pytest.raises(EstimationError, match="'person' and of unit 'rating'"):
        one + two
    with pytest.raises(EstimationError, match="a, b, c, d and of b, a cannot be merged"):
        one + one.select(["b", "a"])
    with pytest.raises(ValueError, match="read-only"):
        one.counts[0] = 1
