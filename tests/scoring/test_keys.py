"""Reversed items are turned here, by the ends of their own response scale."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.instruments.instrument import confirm_key
from coachresearch.responses.responses import Responses
from coachresearch.scoring.keys import keyed


def test_reversed_items_are_turned_by_their_own_scale(answers, care):
    responses = Responses(pd.concat([answers((1, 2, 3, 4, 0)), answers((5, 5, None, 1, 6), person="P2")]), (care,),
                          "spring")
    before = responses.frame.copy()
    items = keyed(responses, "total", wave="T1", role="self")
    assert list(items.columns) == ["a", "b", "c", "d", "e"]
    np.testing.assert_array_equal(items.to_numpy(), [[1, 4, 3, 4, 6], [5, 1, np.nan, 1, 0]])
    pd.testing.assert_frame_equal(responses.frame, before)
    np.testing.assert_array_equal(responses.matrix("total").to_numpy(), [[1, 2, 3, 4, 0], [5, 5, np.nan, 1, 6]])


def test_one_row_a_rating_or_a_person(answers, care):
    frames = [answers((1, 2, 3, 4, 0), person=rater, target="P1", role="report") for rater in ("R1", "R2")]
    responses = Responses(pd.concat(frames), (care,), "spring")
    assert list(keyed(responses, "trust").index) == [("P1", "R1"), ("P1", "R2")]
    with pytest.raises(ResponseError, match="several raters"):
        keyed(responses, "trust", unit="person")


def test_a_key_from_memory_is_refused_until_it_is_confirmed(answers, care):
    recalled = replace(care, recalled_key=True)
    with pytest.raises(InstrumentError, match=r"'care' 1\.0 is recalled from memory and not confirmed") as refused:
        keyed(Responses(answers((1, 2, 3, 4, 0)), (recalled,), "spring"), "trust")
    assert "confirm_key" in str(refused.value)
    known = confirm_key(recalled, by="A. Reader", on=date(2026, 3, 31), against="Manual, p. 12")
    assert keyed(Responses(answers((1, 2, 3, 4, 0)), (known,), "spring"), "trust").shape == (1, 3)


def test_an_unknown_scale(answers, care):
    with pytest.raises(InstrumentError, match="No instrument here forms a scale 'trsut'"):
        keyed(Responses(answers((1, 2, 3, 4, 0)), (care,), "spring"), "trsut")
