"""Rules beyond mean and sum, each against a number worked out by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from coachresearch.core.errors import ResponseError
from coachresearch.instruments.instrument import Item, Scale
from coachresearch.responses.responses import Responses
from coachresearch.scoring.scores import score

TITLE = (("en", "T"),)
EXACT = 1e-12
"""Sums of a few small numbers."""


def scored(care, answers, scale, *people, items=None):
    made = replace(care, scales=(*care.scales, scale), items=items or care.items)
    frames = [answers(values, person=f"P{place}") for place, values in enumerate(people)]
    responses = Responses(pd.concat(frames, ignore_index=True), (made,), "spring")
    found = score(responses, scales=[scale.id]).frame
    return found["score"].astype("Float64").tolist(), found["n_answered"].tolist(), set(found["method"])


def keys(names, sign=1):
    return tuple((name, sign) for name in names)


def test_the_highest_and_the_second_highest_answer(care, answers):
    values = [(2, 5, 5, 1, 0), (2, None, 4, 1, 0), (3, None, None, None, None)]
    assert scored(care, answers, Scale("top", TITLE, keys("abcd"), "highest", 1), *values)[0] == [5, 4, 3]
    found, counts, method = scored(care, answers, Scale("next", TITLE, keys("abcd"), "second_highest", 2), *values)
    assert found[:2] == [5, 2]
    assert found[2] is pd.NA
    assert (counts, method) == ([4, 3, 1], {"second_highest"})


def test_a_reversed_item_is_turned_before_the_highest_is_taken(care, answers):
    scale = Scale("top", TITLE, (("a", 1), ("b", -1)), "highest", 2)
    assert scored(care, answers, scale, (2, 1, 3, 3, 3), (2, 5, 3, 3, 3))[0] == [5, 2]


def test_the_share_of_answers_that_reach_a_level(care, answers):
    scale = Scale("wide", TITLE, keys("abcd"), "share_reaching", 3, reaching=3)
    found, counts, _ = scored(care, answers, scale, (1, 3, 4, 5, 0), (1, 2, 5, None, 0), (5, None, None, 5, 0))
    assert found[:2] == pytest.approx([0.75, 1 / 3], abs=EXACT)
    assert found[2] is pd.NA
    assert counts == [4, 3, 2]


def test_the_share_of_right_answers(care, answers):
    right = {"a": 1, "b": 5, "c": 3}
    items = tuple(Item(one.id, one.response_scale, expects=right.get(one.id)) for one in care.items)
    scale = Scale("right", TITLE, keys("abc"), "share_right", 2)
    found, _, _ = scored(care, answers, scale, (1, 5, 3, 1, 0), (1, 4, None, 1, 0), (None, None, 3, 1, 0), items=items)
    assert found[:2] == pytest.approx([1, 0.5], abs=EXACT)
    assert found[2] is pd.NA


def test_the_share_of_a_parent(care, answers):
    whole = Scale("whole", TITLE, keys("abcd"), "sum", 4)
    part = Scale("part", TITLE, keys("ab"), "share_of_parent", 2, parent="whole")
    made = replace(care, scales=(whole,))
    found, counts, method = scored(made, answers, part, (1, 2, 3, 4, 0), (5, 5, 5, None, 0), (1, 1, 1, 1, 0))
    assert found[0] == pytest.approx(0.3, abs=EXACT)
    assert found[1] is pd.NA
    assert found[2] == pytest.approx(0.5, abs=EXACT)
    assert (counts, method) == ([2, 2, 2], {"share_of_parent"})


def test_a_share_of_nothing_is_empty(care, answers):
    zero = replace(care, response_scales=tuple(replace(one, values=(0, 1, 2, 3, 4, 5), labels=((),) * 6)
                                               for one in care.response_scales),
                   scales=(Scale("whole", TITLE, keys("abcd"), "sum", 4),))
    part = Scale("part", TITLE, keys("ab"), "share_of_parent", 2, parent="whole")
    assert scored(zero, answers, part, (0, 0, 0, 0, 0))[0] == [pd.NA]


def test_an_answer_outside_the_scale_is_still_refused(care, answers):
    with pytest.raises(ResponseError, match="was answered 7"):
        Responses(answers((7, 1, 1, 1, 1)), (care,), "spring")
