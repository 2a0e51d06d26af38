"""Merging in pieces equals the whole; a published table is a complete summary; what a summary cannot say is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import Moments

CLOSE = 1e-12  # Rounding of a centred merge; raw sums of squares would lose seven digits at an offset of a thousand.


def rows(n=30, k=4, offset=0.0, seed=1):
    return np.random.default_rng(seed).normal(size=(n, k)) @ np.tril(np.ones((k, k))) + offset


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.sampled_from([0.0, 1000.0, -50.0]))
@settings(max_examples=40, deadline=None)
def test_merging_in_pieces_equals_the_whole(sizes, offset):
    values = rows(sum(sizes), offset=offset)
    pieces = np.split(values, np.cumsum(sizes)[:-1])
    merged = Moments.from_rows("abcd", pieces[0])
    for piece in pieces[1:]:
        merged = merged + Moments.from_rows("abcd", piece)
    whole = Moments.from_rows("abcd", values)
    assert merged.n == whole.n
    if whole.n:
        np.testing.assert_allclose(merged.mean, whole.mean, rtol=CLOSE, atol=CLOSE)
        np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-9, atol=1e-9)


def test_covariances_and_correlations_are_those_of_numpy():
    values = rows(offset=1000)
    found = Moments.from_rows("abcd", values)
    np.testing.assert_allclose(found.cov, np.cov(values, rowvar=False), rtol=1e-10)
    np.testing.assert_allclose(found.cor, np.corrcoef(values, rowvar=False), rtol=1e-10)
    np.testing.assert_allclose(found.sd, values.std(axis=0, ddof=1), rtol=1e-10)


def test_rows_with_gaps_are_left_out_and_counted():
    values = rows(6)
    values[2, 1] = values[4, 0] = np.nan
    found = Moments.from_rows("abcd", values)
    assert (found.n, found.n_left_out) == (4, 2)
    assert (found + found).n_left_out == 4


def test_selecting_keeps_the_order_asked_for():
    found = Moments.from_rows("abcd", rows())
    np.testing.assert_array_equal(found.select(["c", "a"]).scatter, found.scatter[[2, 0]][:, [2, 0]])
    with pytest.raises(EstimationError, match=r"no column 'z'.*\n.*a, b, c, d"):
        found.select(["z"])


def test_arrays_are_copied_and_cannot_be_written():
    mean, scatter = np.zeros(2), np.eye(2)
    found = Moments(("a", "b"), 5, mean, scatter)
    mean[0] = 9
    assert found.mean[0] == 0
    for array in (found.mean, found.scatter, found.cov, found.cor, found.sd):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_published_table_gives_back_its_covariances():
    values = rows(50)
    whole = Moments.from_rows("abcd", values)
    found = Moments.from_published(50, whole.mean, sd=whole.sd, cor=np.tril(whole.cor), columns="abcd")
    np.testing.assert_allclose(found.scatter, whole.scatter, rtol=1e-12)
    assert not found.standardised


def test_correlations_alone_mark_themselves_as_standardised():
    found = Moments.from_published(50, cor=[[1, 0.5], [0.5, 1]])
    assert found.standardised
    assert found.columns == ("item_1", "item_2")
    with pytest.raises(EstimationError, match="without means or standard deviations"):
        found + found


@pytest.mark.parametrize(("cor", "message"), [
    ([[1, 0.5], [0.4, 1]], "not symmetric"),
    ([[2, 0.5], [0.5, 2]], "diagonal of a correlation table is 1"),
    ([[1, 1.5], [1.5, 1]], "lies between -1 and 1; the table holds 1.5"),
    ([[1, 0.5, 0.1]], "square"),
])
def test_a_table_that_is_no_correlation_table_is_refused(cor, message):
    with pytest.raises(EstimationError, match=message):
        Moments.from_published(50, cor=cor)


def test_merging_needs_the_same_columns_and_unit():
    people = Moments.from_rows("ab", rows(5, 2))
    with pytest.raises(EstimationError, match="a, b and of b, a cannot be merged"):
        people + people.select("ba")
    with pytest.raises(EstimationError, match="'person' and of unit 'team_mean'"):
        people + Moments.from_rows("ab", rows(5, 2), unit="team_mean")


def test_one_row_has_no_covariance_and_a_constant_no_correlation():
    with pytest.raises(EstimationError, match="at least 2 complete rows; there are 1"):
        Moments.from_rows("abcd", rows(1)).cov
    values = rows()
    values[:, 2] = 0.1
    found = Moments.from_rows("abcd", values)
    assert found.constant == ("c",)
    with pytest.raises(EstimationError, match="'c' does not vary"):
        found.cor


def test_an_infinite_value_names_its_column():
    values = rows()
    values[3, 1] = np.inf
    with pytest.raises(EstimationError, match="'b' holds an infinite value"):
        Moments.from_rows("abcd", values)


def test_a_column_cannot_stand_twice():
    with pytest.raises(EstimationError, match="'a' stands twice"):
        Moments.from_rows("aa", rows(5, 2))
