from __future__ import annotations

import re
from math import nan

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from coachresearch.core.estimate import Estimate
from coachresearch.display.figures import FIGURES, alt_text, draw, draw_frame, drawing, figure_of, has_figure
from coachresearch.display.figures.category_use import category_frame
from coachresearch.display.figures.paired_slope import change_frame
from coachresearch.display.figures.style import BLUE, VERMILLION, group_style
from coachresearch.display.result import Result
from coachresearch.display.svg import figure_svg
from coachresearch.display.tidy import estimates_frame


def _change(between: bool = True) -> pd.DataFrame:
    changes = [Estimate("mean_change", 0.5, "C", conf_low=0.2, conf_high=0.8, n=3),
               Estimate("mean_change", 0.1, "W", conf_low=-0.2, conf_high=0.4, n=2)]
    differences = [Estimate("ancova_difference", 0.4, "C - W", conf_low=0.1, conf_high=0.7, n=5)] if between else []
    return change_frame(np.array([2.0, 3, 3, 4, 2]), np.array([3.0, 3, 4, 4, 2.5]), list("CCCWW"), changes,
                        low=1, high=5, differences=differences)


def _flow(n: int | None = 9) -> pd.DataFrame:
    rows = [("C", "In", 12, 0), ("C", "Out", 10, 2), ("W", "In", 11, 0), ("W", "Out", n, None if n is None else 11 - n)]
    return pd.DataFrame(rows, columns=["arm", "step", "n", "missing"]).astype({"n": "Int64", "missing": "Int64"})


def _lines() -> pd.DataFrame:
    rows = [("gain", "points", 0.0, 0.5, 0.3, 0.7), ("gain", "points", 3.0, 0.3, 0.0, 0.6),
            ("gain", "curve", 0.0, 0.5, nan, nan), ("gain", "curve", 3.0, 0.28, nan, nan)]
    return pd.DataFrame(rows, columns=["series", "part", "time", "estimate", "conf_low", "conf_high"])


def _frames() -> dict[str, pd.DataFrame]:
    reliable = estimates_frame((
        Estimate("alpha", 0.84, "Trust", conf_low=0.78, conf_high=0.89, n=41),
        Estimate("omega_total", 0.6, "Care", n=41), Estimate("sem", 0.3, "Care")))
    forest = pd.DataFrame({"label": ["A", "B"], "estimate": [0.3, 0.1], "conf_low": [0.1, -0.2],
                           "conf_high": [0.5, 0.4], "n": [40, 40]})
    return {
        "change": _change(), "flow": _flow(), "reliability": reliable.assign(needed=0.7), "forest": forest,
        "item_analysis": category_frame(["i1", "i2"], [1, 2, 3], np.array([[1, 2, 7], [0, 5, 5]])),
        "coach_effects": pd.DataFrame({"label": ["c1", "c2"], "estimate": [0.4, -0.2], "conf_low": [0.1, -0.5],
                                       "conf_high": [0.7, 0.1], "n": [8, 9]}),
        "growth": _lines(), "decay": _lines(),
    }


WORDS = {
    "change": "Lines from before to after for 5 people in 2 arms, with their means. C minus W: +0.40, interval 0.10 to "
              "0.70. Single lines hold measurement error.",
    "flow": "Boxes for 2 arms, from top to bottom. 23 people were assigned and 19 people are in the analysis; 4 of "
            "those assigned are not.",
    "reliability": "Dots with interval lines for 2 reliability coefficients. The lowest is McDonald's omega of Care: "
                   ".60, interval — to —, from 41 people.",
    "forest": "Dots with interval lines for 2 claims. A: +0.30, interval 0.10 to 0.50. In 1 of 2 the interval "
              "holds zero.",
    "item_analysis": "Table of shares: 2 items by 3 answers. The most frequent answer is 3 to item i1, given by 70%. "
                     "1 cell is empty.",
    "coach_effects": "Dots with interval lines for 2 coaches in the order of their shrunken effects, from −0.20 to "
                     "0.40. 1 interval holds the average coach.",
    "growth": "Points with interval lines for 2 moments, and the model's line: from 0.50 at time 0 to 0.30 at time 3.",
    "decay": "Points with interval lines for 2 moments, and the model's line: from 0.50 at time 0 to 0.30 at time 3.",
}


def test_the_table_of_figures_is_complete() -> None:
    assert set(FIGURES) == set(_frames()) == set(WORDS)
    assert has_figure("change")
    assert not has_figure("result")


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_the_words_are_made_from_the_numbers(kind: str) -> None:
    assert alt_text(kind, _frames()[kind]) == WORDS[kind]


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_a_drawing_is_the_same_bytes_titled_and_its_ids_are_its_own(kind: str) -> None:
    frame = _frames()[kind]
    before = frame.copy()
    first = drawing(kind, frame, id="figure-1", title='A "title" <b>')
    with mpl.rc_context({"axes.grid": True, "font.size": 20, "svg.hashsalt": "other"}):
        second = drawing(kind, frame, id="figure-1", title='A "title" <b>')
    assert first.svg == second.svg
    pd.testing.assert_frame_equal(frame, before)
    soup = BeautifulSoup(first.svg, "html.parser")
    root = soup.find("svg")
    assert root is not None
    assert root["role"] == "img"
    assert [soup.find(id=name).get_text() for name in root["aria-labelledby"].split()] == ['A "title" <b>', WORDS[kind]]
    ids = re.findall(r'\bid="([^"]+)"', first.svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("figure-1") for name in ids)
    assert set(re.findall(r'href="#([^"]+)"', first.svg)) <= set(ids)
    assert "<metadata" not in first.svg
    assert "<text" not in first.svg
    other = drawing(kind, frame, id="figure-2", title="t").svg
    assert not set(re.findall(r'\bid="([^"]+)"', other)) & set(ids)


def test_drawing_leaves_settings_and_pyplot_alone() -> None:
    before = dict(mpl.rcParams)
    drawing("forest", _frames()["forest"], id="f", title="t")
    assert dict(mpl.rcParams) == before


def test_two_groups_differ_in_colour_marker_and_line() -> None:
    assert group_style(0) == (BLUE, "o", "-")
    assert group_style(1) == (VERMILLION, "s", "--")


def test_person_lines_are_grey_tied_lines_are_thicker_and_the_scale_ends_bound_the_axis() -> None:
    frame = change_frame(np.array([2.0, 2, 3]), np.array([3.0, 3, 4]), ["", "", ""], [], low=1, high=5)
    ax = draw_frame("change", frame)
    widths = [line.get_linewidth() for line in ax.lines if line.get_color() not in (BLUE, VERMILLION)]
    assert len(widths) == 2
    assert max(widths) == pytest.approx(min(widths) * 2**0.5)
    assert ax.get_ylim() == pytest.approx((0.88, 5.12))
    assert alt_text("change", frame) == "Lines from before to after for 3 people in 1 arm."


def test_one_arm_has_a_change_and_no_difference() -> None:
    words = alt_text("change", _change(between=False))
    assert "Mean change of C: +0.50, interval 0.20 to 0.80." in words


def test_a_group_without_a_name_reads_well() -> None:
    frame = change_frame(np.array([2.0, 3]), np.array([3.0, 3]), ["", ""], [
        Estimate("mean_change", 0.5, conf_low=0.2, conf_high=0.8, n=2)], low=1, high=5)
    assert alt_text("change", frame) == ("Lines from before to after for 2 people, with their mean. Mean change: "
                                         "+0.50, interval 0.20 to 0.80. Single lines hold measurement error.")
    written = [text.get_text() for one in draw_frame("change", frame).child_axes for text in one.texts]
    assert written == ["mean change: +0.50 [0.20, 0.80]"]


def test_a_hidden_count_is_not_told() -> None:
    words = alt_text("flow", _flow(None))
    assert words == "Boxes for 2 arms and 2 steps. At least one arm is too small to be shown."
    drawn = draw_frame("flow", _flow(None))
    assert "too few to show" in " ".join(text.get_text() for text in drawn.texts)


def test_a_result_draws_itself_where_it_is_told(reliability: Result) -> None:
    ax = Figure().subplots()
    assert reliability.plot(ax) is ax
    assert draw(reliability).get_xlim() == (0.0, 1.0)
    assert reliability.figure()._repr_html_().startswith("<svg")
    assert figure_of(reliability).title == "Reliability: Trust"


def test_a_negative_reliability_stays_in_sight() -> None:
    frame = estimates_frame((Estimate("alpha", -0.3, conf_low=-0.8, conf_high=0.1, n=20),))
    assert draw_frame("reliability", frame).get_xlim()[0] == -0.8
    assert "The lowest is Cronbach's alpha: −.30" in alt_text("reliability", frame)


def test_a_scale_without_ends_is_drawn() -> None:
    ax = draw_frame("change", change_frame(np.array([9.0]), np.array([20.0]), [""], [], low=nan, high=nan))
    assert ax.get_ylim()[1] > 20


def test_refusals_name_what_there_is() -> None:
    with pytest.raises(KeyError, match=r"no figure for 'result'; there are: item_analysis"):
        draw(Result(title="T", estimates=(), method=""))
    with pytest.raises(ValueError, match="needs a title and a description"):
        figure_svg(Figure(), id="f", title="", description="x")
