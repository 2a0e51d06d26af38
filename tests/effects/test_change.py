"""Change between waves: its parts, people lost on the way, and arms at their edges."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.text import caution_sentence, method_sentences
from coachresearch.effects import sizes
from coachresearch.effects.change import change
from coachresearch.effects.regression import ancova_difference


@pytest.fixture
def frame():
    rng = np.random.default_rng(3)
    pre = rng.normal(3.2, 0.6, 40)
    coached = np.arange(40) % 2 == 0
    post = 1 + 0.7 * pre + 0.4 * coached + rng.normal(0, 0.4, 40)
    return pd.DataFrame({"trust@T1": pre, "trust@T2": post, "arm": np.where(coached, "coached", "waiting")},
                        index=[f"P{i:02d}" for i in range(40)])


def run(frame, **options):
    settings = {"pre": "trust@T1", "post": "trust@T2", "title": "Trust", "arm": "arm", "coached": "coached",
                "comparison": "waiting"} | options
    return change(frame, **settings)


def codes(result):
    return [one.code for one in result.cautions]


def terms(result, group):
    return [one.term for one in result.estimates if one.group == group]


def check_faces(result):
    assert all(caution_sentence(one) for one in result.cautions)
    assert method_sentences(result)
    assert result.summary()
    assert result._repr_html_()


def test_the_parts_are_those_of_their_own_functions(frame):
    result = run(frame)
    arms = dict(iter(frame.groupby("arm")))
    waves = [arms[name][wave].to_numpy() for name in ("coached", "waiting") for wave in ("trust@T1", "trust@T2")]
    group = "coached - waiting"
    assert result.contrast == group
    wanted = {"ancova_difference": ancova_difference(*waves), "hedges_g": sizes.hedges_g(waves[1], waves[3]),
              "change_difference": sizes.mean_difference(waves[1] - waves[0], waves[3] - waves[2]),
              "hedges_g_change": sizes.hedges_g(waves[1] - waves[0], waves[3] - waves[2]),
              "d_ppc": sizes.d_ppc(*waves)}
    assert terms(result, group) == ["ancova_difference", "change_difference", "hedges_g", "hedges_g_change", "d_ppc"]
    for term, one in wanted.items():
        found = result.estimate(term, group)
        assert (found.estimate, found.conf_low, found.conf_high) == (one.estimate, one.conf_low, one.conf_high)
    found = result.estimate("d_av", "waiting")
    assert found.estimate == sizes.d_av(waves[2], waves[3]).estimate
    assert codes(result) == []
    check_faces(result)


def test_the_frame_is_not_changed_and_person_rows_are_kept(frame):
    before = frame.copy()
    result = run(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert (result.n_pre, result.n_post, result.n_both) == ((20, 20), (20, 20), (20, 20))
    assert result.pre.shape == result.post.shape == result.arm_codes.shape == (40,)
    first = frame[frame["arm"] == "coached"]
    np.testing.assert_array_equal(result.pre[result.arm_codes == 0], first["trust@T1"])
    with pytest.raises(ValueError, match="read-only"):
        result.pre[0] = 9


def test_one_group_works_and_says_what_is_missing(frame):
    result = run(frame, arm=None, coached=None, comparison=None)
    assert result.arms == ("",)
    assert result.contrast == ""
    assert codes(result) == ["no_comparison"]
    assert result.estimate("mean_change").n == 40
    check_faces(result)
    alone = run(frame[frame["arm"] == "coached"], coached=None, comparison=None)
    assert alone.arms == ("coached",)


def test_people_lost_on_the_way_are_counted(frame):
    frame.iloc[[0, 2, 5], 1] = np.nan
    frame.iloc[7, 0] = np.nan
    result = run(frame)
    assert result.n_both == (18, 18)
    assert result.n_post == (18, 19)
    said = [caution_sentence(one) for one in result.cautions]
    assert "2 of 20 people in coached gave no answer at T2." in said
    assert "1 of 20 people in waiting gave no answer at T1." in said
    assert result.estimate("mean_pre", "coached").n == 18


def test_one_person_in_an_arm(frame):
    few = frame.drop(frame.index[frame["arm"] == "waiting"][1:])
    result = run(few)
    assert terms(result, "coached - waiting") == []
    assert {"one_person_in_arm", "no_contrast"} <= set(codes(result))
    assert result.estimate("mean_change", "waiting").n == 1
    assert np.isnan(result.estimate("mean_change", "waiting").conf_low)
    assert result.estimate("d_av", "coached").n == 20
    check_faces(result)


def test_an_arm_that_nobody_came_back_from(frame):
    frame.loc[frame["arm"] == "waiting", "trust@T2"] = np.nan
    result = run(frame)
    assert {"no_answer_in_arm", "no_pairs_in_arm", "no_contrast"} == set(codes(result))
    assert terms(result, "waiting") == ["mean_pre", "sd_pre"]
    assert result.estimate("mean_pre", "waiting").method == "mean_available"
    assert result.n_both == (20, 0)
    check_faces(result)


def test_a_wave_that_is_missing_for_everybody(frame):
    frame["trust@T2"] = np.nan
    result = run(frame, reliability=0.8)
    assert [terms(result, arm) for arm in ("coached", "waiting")] == [["mean_pre", "sd_pre"]] * 2
    assert "no_reliable_change" in codes(result)
    check_faces(result)
    frame["trust@T1"] = np.nan
    with pytest.raises(EstimationError, match="Nobody has a score in 'trust@T1' or 'trust@T2'"):
        run(frame)


def test_no_variance(frame):
    frame["trust@T1"] = 3.3
    frame["trust@T2"] = 3.7
    result = run(frame, reliability=0.8)
    assert {"no_spread_in_arm", "same_change_in_arm", "no_spread_between", "same_change_between", "no_ancova",
            "no_reliable_change"} == set(codes(result))
    assert result.estimate("mean_change", "coached").estimate == pytest.approx(0.4)
    assert terms(result, "coached - waiting") == []
    check_faces(result)


def test_everybody_changes_by_the_same_amount(frame):
    frame["trust@T2"] = frame["trust@T1"] + 0.5
    result = run(frame)
    assert {"same_change_in_arm", "same_change_between"} <= set(codes(result))
    assert result.estimate("d_av", "coached").estimate > 0
    assert result.estimate("hedges_g", "coached - waiting").n == 40
    check_faces(result)


def test_shares_of_reliable_change(frame):
    result = run(frame, reliability=Estimate("alpha", 0.8, conf_low=0.7, conf_high=0.88, conf_level=0.95))
    shares = [result.estimate(f"share_{name}", "coached") for name in ("improved", "unchanged", "worse")]
    assert sum(one.estimate for one in shares) == pytest.approx(1)
    yardstick = result.estimate("reliable_change")
    assert yardstick.conf_low < yardstick.estimate < yardstick.conf_high
    spread = np.sqrt(frame.groupby("arm")["trust@T1"].var(ddof=1).mean())
    assert yardstick.estimate == pytest.approx(1.96 * np.sqrt(2 * 0.2) * spread)
    assert "reliability_without_error" not in codes(result)
    turned = run(frame, reliability=0.8, higher_is_better=False)
    assert turned.estimate("share_worse", "coached").estimate == shares[0].estimate
    assert "reliability_without_error" in codes(turned)
    check_faces(result)


def test_regression_to_the_mean_is_what_a_selected_group_would_show(frame):
    result = run(frame, arm=None, coached=None, comparison=None, reliability=0.7, population_mean=4.0)
    assert result.estimate("expected_regression").estimate == pytest.approx(0.3 * (4 - frame["trust@T1"].mean()))
    rng = np.random.default_rng(8)
    true = rng.normal(0, np.sqrt(0.7), 40_000)
    first, second = (true + rng.normal(0, np.sqrt(0.3), 40_000) for _ in range(2))
    chosen = pd.DataFrame({"a": first, "b": second})[first < -1].reset_index(drop=True)
    found = change(chosen, pre="a", post="b", title="T", reliability=0.7, population_mean=0.0)
    moved = found.estimate("mean_change")
    assert found.estimate("expected_regression").estimate == pytest.approx(moved.estimate, abs=4 * moved.std_error)


def test_other_arms_people_without_arm_and_small_arms_are_said(frame):
    frame.iloc[:3, 2] = "third"
    frame.iloc[3, 2] = None
    result = run(frame, minimum=25)
    assert {"other_arms", "no_arm", "few_people_in_arm"} == set(codes(result))
    assert "3 people in other arms (third) are left out." in result.summary()
    check_faces(result)


def test_the_sign_follows_the_arm_that_was_coached(frame):
    one, other = run(frame), run(frame, coached="waiting", comparison="coached")
    assert one.estimate("ancova_difference", "coached - waiting").estimate == pytest.approx(
        -other.estimate("ancova_difference", "waiting - coached").estimate)
    assert one.estimate("ancova_difference", "coached - waiting").estimate > 0


@pytest.mark.parametrize(("options", "message"), [
    ({"post": "trust@T3"}, r"no column 'trust@T3'(.|\n)*trust@T1, trust@T2, arm"),
    ({"coached": "Coached"}, r"Nobody is in arm 'Coached'(.|\n)*coached, waiting"),
    ({"coached": None}, r"not said which arm was coached(.|\n)*coached, waiting"),
    ({"comparison": "coached"}, "cannot be compared with itself"),
    ({"arm": None}, "no column says who belongs to which"),
    ({"population_mean": 3.0}, "needs a reliability"),
    ({"reliability": 1.2}, "is 1.2"),
    ({"conf_level": 95}, r"conf_level is 95(.|\n)*0.95, not 95"),
    ({"pre": "arm"}, "'arm' is of type"),
])
def test_questions_that_do_not_fit_the_frame_are_refused(frame, options, message):
    with pytest.raises(EstimationError, match=message):
        run(frame, **options)


def test_people_with_two_rows_are_named(frame):
    twice = pd.concat([frame, frame.iloc[:2]])
    with pytest.raises(EstimationError, match="2 people have more than one row: P00, P01"):
        run(twice)
    with pytest.raises(EstimationError, match="1 person has more than one row: P00"):
        run(pd.concat([frame, frame.iloc[:1]]).reset_index(names="id"), person="id")


def test_infinite_scores_are_refused(frame):
    frame.iloc[0, 0] = np.inf
    with pytest.raises(EstimationError, match="'trust@T1' holds an infinite value"):
        run(frame)


def test_the_figure_holds_every_person_and_the_difference(frame):
    result = run(frame, low=1, high=5)
    rows = result.figure_frame
    assert (rows["part"] == "person").sum() == 40
    assert list(rows.loc[rows["part"] == "difference", "arm"]) == ["coached - waiting"]
    assert result.plot() is not None
