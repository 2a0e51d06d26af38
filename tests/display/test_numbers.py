from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachresearch.core.estimate import Estimate
from coachresearch.display.numbers import (
    MINUS,
    NOTHING,
    count,
    interval,
    number,
    p_phrase,
    p_value,
    percent,
    share,
    signed,
)
from coachresearch.display.terms import written, written_interval


@pytest.mark.parametrize(("value", "decimals", "bounded", "text"), [
    (3.14159, 2, False, "3.14"),
    (-0.5, 2, False, f"{MINUS}0.50"),
    (0.5, 2, True, ".50"),
    (-0.5, 2, True, f"{MINUS}.50"),
    (1.0, 2, True, "1.00"),
    (-0.001, 2, False, "0.00"),
    (12.0, 0, False, "12"),
    (nan, 2, False, NOTHING),
    (inf, 2, False, NOTHING),
])
def test_a_number_follows_the_apa_rules(value: float, decimals: int, bounded: bool, text: str) -> None:
    assert number(value, decimals, bounded=bounded) == text


@pytest.mark.parametrize(("value", "text"), [
    (0.0341, ".034"), (0.0009999, "< .001"), (0.001, ".001"), (1.0, "1.000"), (nan, NOTHING)])
def test_p_has_three_places_and_no_leading_zero(value: float, text: str) -> None:
    assert p_value(value) == text


def test_p_in_running_text() -> None:
    assert (p_phrase(0.2), p_phrase(0.0)) == ("p = .200", "p < .001")


@pytest.mark.parametrize(("value", "text"), [
    (0.214, "21%"), (0.0, "0%"), (0.001, "<1%"), (1.0, "100%"), (nan, NOTHING)])
def test_a_share_that_is_not_zero_never_reads_zero(value: float, text: str) -> None:
    assert percent(value) == text


def test_intervals_stand_in_brackets() -> None:
    assert interval(-0.1, 0.2) == f"[{MINUS}0.10, 0.20]"
    assert interval(0.7, 0.9, bounded=True) == "[.70, .90]"
    assert interval(nan, nan) == NOTHING
    assert interval(nan, 0.5) == f"[{NOTHING}, 0.50]"


def test_signs_and_counts() -> None:
    assert [signed(value) for value in (0.31, -0.31, 0.001, nan)] == ["+0.31", f"{MINUS}0.31", "0.00", NOTHING]
    assert [count(1204), count(3), count()] == ["1,204", "3", NOTHING]
    assert share(0.84) == ".84"


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_no_written_number_holds_a_hyphen_or_a_signed_zero(value: float, decimals: int) -> None:
    text = number(value, decimals)
    assert "-" not in text
    assert text.strip("0.") != MINUS


def test_a_term_is_written_in_its_style() -> None:
    assert written("alpha", 0.84) == ".84"
    assert written("mean", 0.84) == "0.84"
    assert written("missing_share", 0.034) == "3%"
    assert written("n_items", 12.0) == "12"
    assert written_interval(Estimate("share_improved", 0.4, conf_low=0.2, conf_high=0.6)) == "[20%, 60%]"
    assert written_interval(Estimate("share_improved", 0.4)) == NOTHING
