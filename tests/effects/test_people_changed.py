"""Who changed: single people, rated people, and whether the yardstick moved."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.individual import Norm, individual_change
from coachresearch.effects.rated import rated_change
from coachresearch.effects.response_shift import response_shift

PEOPLE = pd.DataFrame({"pre": [1.0, 2, 3, 4, 5], "post": [4.0, 2.2, 3, 4.1, 2]}, index=list("abcde"))


def test_status_follows_the_index_and_the_counts_add_up():
    found = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.9)
    points = 1.96 * np.sqrt(2) * PEOPLE["pre"].std() * np.sqrt(0.1)
    assert found.reach == pytest.approx(points)
    assert found.status == ("improved", "unchanged", "unchanged", "unchanged", "worse")
    shares = [found.estimate(f"share_{one}").estimate for one in ("improved", "unchanged", "worse")]
    assert sum(shares) == pytest.approx(1)
    turned = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.9, higher_is_better=False)
    assert turned.status == ("worse", "unchanged", "unchanged", "unchanged", "improved")


def test_regression_to_the_mean_moves_the_band():
    found = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.6, yardstick="edwards_nunnally",
                              population_mean=4.0, sd=1.0)
    assert found.centre + found.slope * 1.0 == pytest.approx(0.6 * 1 + 0.4 * 4)
    assert found.reach == pytest.approx(1.96 * np.sqrt(0.4))


def test_practice_is_taken_off():
    plain, used = (individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.9, yardstick="practice",
                                     practice=gain) for gain in (0.0, 0.5))
    assert used.index == pytest.approx(plain.index - 0.5 / (plain.reach / 1.96))


def test_the_border_lies_nearer_to_the_narrower_group():
    found = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.9, sd=2.0, norm=Norm(6.0, 1.0))
    assert found.border == pytest.approx((2 * 6 + 1 * 3) / 3)
    assert found.estimate("share_crossed").estimate == 0
    low = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.9, criterion=3.5)
    assert low.estimate("share_crossed").estimate == pytest.approx(0.2)


def test_a_wish_smaller_than_error_is_said():
    found = individual_change(PEOPLE, pre="pre", post="post", title="x", reliability=0.7, worthwhile=0.2)
    assert "smaller than measurement error alone can make" in found.summary()
    assert "came without an interval" in found.summary()
    assert found.estimate("share_worthwhile").estimate == pytest.approx(0.4)


@pytest.mark.parametrize(("changed", "words"), [
    ({"reliability": 1.0}, "reliable change is 1"), ({"yardstick": "guess"}, "There is no yardstick 'guess'"),
    ({"norm": Norm(3, 1), "criterion": 2.0}, "two borders"), ({"sd": 0.0}, "standard deviation is 0"),
])
def test_what_cannot_be_judged_is_refused(changed, words):
    with pytest.raises(EstimationError, match=words):
        individual_change(PEOPLE, **({"pre": "pre", "post": "post", "title": "x", "reliability": 0.8} | changed))


def test_flat_scores_need_a_norm_group():
    flat = PEOPLE.assign(pre=3.0)
    with pytest.raises(EstimationError, match="do not vary"):
        individual_change(flat, pre="pre", post="post", title="x", reliability=0.8)
    found = individual_change(flat, pre="pre", post="post", title="x", reliability=Estimate("r", 0.8), sd=1.0)
    assert len(found.status) == 5


def _ratings(seed=0, targets=300, lost=0.0):
    rng = np.random.default_rng(seed)
    rows = []
    for target in range(targets):
        own, gain = rng.standard_normal(), 0.3 + 0.4 * rng.standard_normal()
        for rater in range(6):
            view = 0.7 * rng.standard_normal()
            for wave in (1, 2):
                if rng.random() >= lost:
                    rows.append((f"t{target}", f"r{target}.{rater}", wave,
                                 own + gain * (wave == 2) + view + 0.5 * rng.standard_normal()))
    return pd.DataFrame(rows, columns=["target", "rater", "wave", "score"])


def test_the_parts_of_a_rating_are_recovered():
    found = rated_change(_ratings(lost=0.2), pre=1, post=2, title="x")
    assert found.estimate("var_occasion").estimate == pytest.approx(0.25, abs=0.04)
    assert found.estimate("var_rater").estimate == pytest.approx(0.49, abs=0.08)
    assert found.estimate("mean_change_same").estimate == pytest.approx(0.3, abs=0.08)
    assert "the raters changed" in found.summary()


def test_with_the_same_raters_their_lasting_view_is_no_error():
    found = rated_change(_ratings(), pre=1, post=2, title="x")
    occasion = found.estimate("var_occasion").estimate
    assert found.error == pytest.approx(np.full(300, np.sqrt(2 * occasion / 6)))
    assert not found.cautions


def test_ratings_twice_and_waves_without_ratings_are_named():
    rows = _ratings(targets=3)
    with pytest.raises(EstimationError, match=r"stand twice, the first of 't0' by 'r0\.0' at 1"):
        rated_change(pd.concat([rows, rows.iloc[[0]]]), pre=1, post=2, title="x")
    with pytest.raises(EstimationError, match="no rating at 3"):
        rated_change(rows, pre=1, post=3, title="x")


def test_a_falling_self_rating_beside_rising_others_is_no_deterioration():
    rng = np.random.default_rng(2)
    others = rng.normal(3, 0.5, 60)
    frame = pd.DataFrame({"pre": others + 0.6, "post": others + 0.4, "seen1": others, "seen2": others + 0.5,
                          "then": others + 0.1}) + rng.normal(0, 0.2, (60, 5))
    found = response_shift(frame, pre="pre", post="post", title="x", then="then", others_pre="seen1",
                           others_post="seen2")
    said = found.summary()
    assert "This is not deterioration" in said
    assert "the yardstick moved" in said
    assert found.estimate("change_looking_back").estimate == pytest.approx(0.3, abs=0.1)
    with pytest.raises(EstimationError, match="alone cannot show"):
        response_shift(frame, pre="pre", post="post", title="x")
