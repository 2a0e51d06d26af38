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
from coachresearch.display.figures.event_study import event_frame
from coachresearch.display.figures.individual import individual_frame
from coachresearch.display.figures.interrupted import series_frame
from coachresearch.display.figures.love import love_frame
from coachresearch.display.figures.paired_slope import change_frame
from coachresearch.display.figures.raincloud import density
from coachresearch.display.figures.scree_parallel import scree_frame
from coachresearch.display.figures.studies import studies_frame
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


def _effects() -> dict[str, pd.DataFrame]:
    ends = {"low": 1.0, "high": 5.0}
    balance = [Estimate(term, value, "pre") for term, value in (("balance_before", -0.56), ("balance_after", 0.02))]
    events = [Estimate("lead", 0.1, "1", conf_low=-0.3, conf_high=0.5), Estimate("lag", 0.6, "3", conf_low=0.2,
                                                                                conf_high=1.0)]
    whole = [Estimate("pooled", 0.4, conf_low=0.1, conf_high=0.7), Estimate("prediction", 0.4, conf_low=-0.3,
                                                                           conf_high=1.1)]
    effects = np.linspace(0.1, 0.7, 12)
    names = [f"s{n}" for n in range(12)]
    pooled = studies_frame(names, effects, np.linspace(0.01, 0.09, 12), whole, 0.95, np.ones(12))
    rates = np.array([[2.0, 2, 2, 1, 1, 1]])
    plain = pd.DataFrame({"label": ["Ours"], "estimate": [0.3], "conf_low": [0.1], "conf_high": [0.5], "n": [40]})
    return {
        "effect": plain, "beside_published": plain, "meta_analysis": pooled, "funnel": pooled,
        "individual_change": individual_frame(np.array([2.0, 3, 4]), np.array([4.0, 3, 2]), ("improved", "unchanged",
                                                                                              "worse"),
                                              centre=0, slope=1, reach=0.9, border=3.0, **ends),
        "observed_effect": love_frame(balance), "event_study": event_frame(events, ("1", "2", "3"), "3"),
        "interrupted_series": series_frame(("a",), tuple("123456"), rates, rates, rates * 2, 3),
        "raincloud": pd.DataFrame({"group": list("AAABBB"), "score": [1.0, 2, 5, 3, 3, 4], **ends}),
        "tipping_point": pd.DataFrame({"shift": [0.0, -0.5, -1.0], "estimate": [0.4, 0.3, 0.2],
                                       "conf_low": [0.1, 0.0, -0.1], "conf_high": [0.7, 0.6, 0.5], "tipping": -0.5}),
        "power": pd.DataFrame({"n": [20, 40], "effect": [0.5, 0.5], "power": [0.34, 0.6]}),
    }


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
        "growth": _lines(), "decay": _lines(), **_effects(), **_structure(),
    }


def _structure() -> dict[str, pd.DataFrame]:
    scree = scree_frame(np.array([2.5, 0.3, 0.2]), np.array([1.2, 1.0, 0.8]), np.array([2.1, -0.1, -0.2]),
                        np.array([0.3, 0.1, 0.0]))
    return {
        "parallel_analysis": scree, "structure": scree,
        "factor_solution": pd.DataFrame({"item": ["i1", "i1", "i2", "i2"], "factor": ["F1", "F2"] * 2,
                                         "loading": [0.8, 0.4, -0.1, 0.2]}),
        "omega_drop": pd.DataFrame({"item": ["i1", "i2"], "omega_if_dropped": [0.7, 0.82], "omega_total": 0.8}),
    }

_SCREE = ("Falling lines of eigenvalues for 3 items, with dashed lines of what chance gives. 1 component stands out "
          "from chance, and 1 common factor stands out. The first eigenvalue is 2.50; chance gives 1.20.")
WORDS = {
    "parallel_analysis": _SCREE, "structure": _SCREE,
    "factor_solution": "Table of loadings: 2 items by 2 factors. The largest is .80, of item i1 on F1. 1 item loads "
                       ".30 or more on several factors, 1 item on none.",
    "omega_drop": "Dots of omega without each of 2 items, and a line at omega of all, .80. The highest is .82, without "
                  "item i2; 1 item lies above the line.",
    "effect": "Dots with interval lines for 1 estimate. Ours: +0.30, interval 0.10 to 0.50. In 0 of 1 the interval "
              "holds zero.",
    "beside_published": "Dots with interval lines for 1 estimate. Ours: +0.30, interval 0.10 to 0.50. In 0 of 1 the "
                        "interval holds zero.",
    "meta_analysis": "Effects of 12 studies with intervals. Their average is +0.40, interval 0.10 to 0.70; a new study "
                     "may find −0.30 to 1.10.",
    "funnel": "Effects of 12 studies over their standard errors, which run from 0.10 to 0.30, with the regions where p "
              "is below .05 and .01.",
    "individual_change": "Dots for 3 people, after against before, with a band of measurement error 0.90 wide to each "
                         "side. 1 improved, 1 stayed within it, 1 got worse; single dots hold measurement error.",
    "observed_effect": "Differences of 1 covariate between the arms before, in standard deviations. The largest is "
                       "0.56 unweighted and 0.02 weighted.",
    "event_study": "Differences between coached and other units in 2 periods before and 1 from the start of coaching "
                   "on. The interval leaves out zero in 0 before and 1 after.",
    "interrupted_series": "Rates over 3 periods before and 3 after the start, in 1 unit. At the end the fitted rate is "
                          "1.00; without coaching 2.00 was to be expected.",
    "raincloud": "Spread of 6 scores in 2 groups: half densities, boxes and every score. The median of A is 2.00.",
    "tipping_point": "The effect with its interval over shifts from −1.00 to 0.00 given to those who left. "
                     "At −0.50 the interval begins to hold zero.",
    "power": "Chance to show an effect over the number of people an arm, 1 line. An effect of 0.50 with 40 people an "
             "arm: .60.",
    "change": "Lines from before to after for 5 people in 2 arms, with their means. C minus W: +0.40, interval 0.10 to "
              "0.70. Single lines hold measurement error.",
    "flow": "Boxes for 2 arms, from top to bottom. 23 people were assigned and 19 people are in the analysis; 4 of "
            "those assigned are not.",
    "reliability": "Dots with interval lines for 2 reliability coefficients. The lowest is McDonald's omega of Care: "
                   ".60, interval — to —, from 41 complete questionnaires.",
    "forest": "Dots with interval lines for 2 estimates. A: +0.30, interval 0.10 to 0.50. In 1 of 2 the interval "
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


def test_a_cloud_stops_at_the_ends_of_the_scale_and_holds_everybody() -> None:
    at = np.linspace(1, 5, 4001)
    cloud = density(np.array([1.0, 1.2, 2.0, 4.8, 5.0]), 1.0, 5.0, at)
    assert np.trapezoid(cloud, at) == pytest.approx(1.0, abs=0.01)


def test_a_funnel_of_few_studies_is_refused() -> None:
    few = studies_frame(["a", "b"], np.array([0.1, 0.2]), np.array([0.1, 0.2]), (), 0.95, np.ones(2))
    with pytest.raises(ValueError, match="2 studies tells nothing; it needs 10"):
        draw_frame("funnel", few)
