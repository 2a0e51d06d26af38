"""Scores among others: figures recomputed by hand, refusals, intervals, local norms."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.display.text import caution_sentence
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.norms import NormSample, norm_cards, read_norms, write_norms
from coachresearch.instruments.published import instrument_of
from coachresearch.scoring.norms import local_norms, norm_scores
from coachresearch.scoring.scores import Scores

EXACT = 1e-12  # arithmetic on a handful of doubles
N = "ipip_neo_120_n"
GROUPS = pd.DataFrame({"person": ["P1", "P2"], "sex": ["female", "male"], "age": [34, 70]})
SAMPLE = NormSample("this-study", "Leaders of one agency, all asked", "March 2026", non_response="12 %")


def scores(values, scale=N, method="sum", n_items=24, role="self", n_answered=None):
    rows = [{"wave": "T1", "person": f"P{number}", "target": f"P{number}", "role": role, "scale": scale, "score": value,
             "n_answered": n_answered or n_items, "n_items": n_items, "method": method}
            for number, value in enumerate(values, start=1)]
    return Scores(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def card():
    return norm_cards()["ipip_neo_120_web"]


def codes(found):
    return {one.code for one in found.cautions}


def test_figures_by_hand(card):
    row = norm_scores(scores([80.0]), card, GROUPS).frame.iloc[0]
    z = (80 - 72.14) / 16.16  # women of 21 to 40
    half = NormalDist().inv_cdf(0.975) * (1 - 0.84) ** 0.5
    assert (row["group"], row["norm"]) == ("women_21_40", "ipip_neo_120_web")
    assert row["z"] == pytest.approx(z, abs=EXACT)
    assert row["t"] == pytest.approx(50 + 10 * z, abs=EXACT)
    assert row["percentile"] == pytest.approx(100 * NormalDist().cdf(z), abs=1e-9)
    assert row["stanine"] == 6
    assert (row["z_low"], row["z_high"]) == pytest.approx((z - half, z + half), abs=EXACT)
    assert (row["stanine_low"], row["stanine_high"]) == (4, 8)


def test_known_n_widens_the_interval(card):
    sized = replace(card, groups=tuple(replace(group, n=50) for group in card.groups))
    wide, narrow = (norm_scores(scores([80.0]), one, GROUPS).frame.iloc[0] for one in (sized, card))
    z = wide["z"]
    half = NormalDist().inv_cdf(0.975) * (0.16 + (1 + z * z / 2) / 50) ** 0.5
    assert wide["z_high"] - z == pytest.approx(half, abs=EXACT)
    assert wide["z_high"] > narrow["z_high"]
    assert "norm_n_unknown" in codes(norm_scores(scores([80.0]), card, GROUPS))
    assert "norm_n_unknown" not in codes(norm_scores(scores([80.0]), sized, GROUPS))


@pytest.mark.parametrize(("z", "stanine"), [
    (-4, 1), (-1.76, 1), (-1.74, 2), (-0.26, 4), (-0.25, 5), (0.0, 5), (0.24, 5), (0.25, 6), (1.74, 8),
    (1.75, 9), (5, 9),
])
def test_stanines_are_half_a_deviation_wide(card, z, stanine):
    flat = replace(card, grouping=(), groups=(replace(card.groups[0], figures=(
        replace(card.groups[0].figures[0], scale=N, mean=72.0, sd=8.0),)),))
    assert norm_scores(scores([72.0 + 8.0 * z]), flat).frame["stanine"].iloc[0] == stanine


def test_reliability_of_the_study_takes_the_place_of_the_cards(card):
    found = norm_scores(scores([80.0]), card, GROUPS, reliability={N: 1.0})
    assert found.frame["z_low"].iloc[0] == found.frame["z"].iloc[0]
    assert "norm_reliability_of_card" not in codes(found)


def test_without_any_reliability_there_is_no_interval(card):
    bare = replace(card, units=tuple(replace(unit, reliability=None) for unit in card.units))
    found = norm_scores(scores([80.0]), bare, GROUPS)
    assert found.frame["t_low"].isna().all()
    assert found.frame["t"].notna().all()
    assert "norm_no_reliability" in codes(found)


def test_the_authors_percentiles_on_request(card):
    found = norm_scores(scores([80.0]), card, GROUPS, percentile="author").frame["percentile"].iloc[0]
    assert found == int(found) == card.cubic.at(50 + 10 * (80 - 72.14) / 16.16)
    with pytest.raises(InstrumentError, match="no percentiles of their author"):
        norm_scores(scores([80.0]), replace(card, cubic=None), GROUPS, percentile="author")


@pytest.mark.parametrize(("given", "told"), [
    (scores([3.2], method="mean"), "formed as mean and from 3.2 to 3.2"),
    (scores([60.0], n_items=20), "formed of 20 items"),
    (scores([130.0]), "from 130 to 130"),
    (scores([60.0], role="peer"), "from the role peer, the norms from self"),
    (scores([60.0], scale="other"), "There are no scores of the scales"),
])
def test_units_that_do_not_fit_are_refused(card, given, told):
    with pytest.raises(InstrumentError) as caught:
        norm_scores(given, card, GROUPS)
    assert told in str(caught.value)


def test_another_language_is_refused(card):
    with pytest.raises(InstrumentError, match="The answers are in de, the norms"):
        norm_scores(scores([80.0]), card, GROUPS, languages=("de", "en"))


def test_recalled_norms_place_nobody(card):
    with pytest.raises(InstrumentError, match="recalled from memory and unverified"):
        norm_scores(scores([80.0]), replace(card, known="recalled", confidence="high"), GROUPS)


def test_people_without_a_group_are_counted_and_stay_empty(card):
    found = norm_scores(scores([80.0, 70.0, 60.0]), card, GROUPS.assign(age=["", 70]))
    assert found.frame["z"].notna().tolist() == [False, True, False]
    told = next(one for one in found.cautions if one.code == "norm_no_group")
    assert caution_sentence(told).startswith("2 of 3 people have no norms")


@pytest.mark.parametrize(("groups", "told"), [
    (None, "are by sex and age"), (GROUPS.drop(columns="sex"), "no column sex"),
    (pd.concat([GROUPS, GROUPS.head(1)]), "'P1' stands twice"), (GROUPS.assign(age=["old", "70"]), "An age"),
])
def test_a_table_of_groups_that_will_not_do_is_refused(card, groups, told):
    with pytest.raises(ResponseError, match=told):
        norm_scores(scores([80.0]), card, groups)


def test_gaps_are_told(card):
    assert "norm_gaps" in codes(norm_scores(scores([80.0], n_answered=20), card, GROUPS))


def test_every_caution_has_its_sentence(card):
    found = norm_scores(scores([80.0, 70.0, 60.0], n_answered=20), card, GROUPS)
    assert all(caution_sentence(one) for one in found.cautions)


@pytest.fixture(scope="module")
def neo():
    return instrument_of(published_cards()["ipip_neo_120"])


def many(n):
    return np.random.default_rng(7).integers(40, 100, n).astype(float)


def test_local_norms_place_their_own_sample_around_fifty(neo, tmp_path):
    values = many(400)
    card, told = local_norms(scores(values), neo, id="mine", wave="T1", sample=SAMPLE)
    assert told == ()
    figure = card.groups[0].figures[0]
    assert (figure.mean, figure.sd) == pytest.approx((values.mean(), values.std(ddof=1)))
    placed = norm_scores(scores(values), card, reliability={N: 0.9}).frame
    assert placed["t"].mean() == pytest.approx(50, abs=1e-9)
    assert placed["t"].std(ddof=1) == pytest.approx(10, abs=1e-9)
    assert read_norms(write_norms(card, tmp_path / "mine.yaml")) == card


def test_small_cells_are_left_out_and_a_small_study_is_called_one(neo):
    given = scores(many(100))
    groups = pd.DataFrame({"person": given.frame["person"], "group": ["large"] * 80 + ["small"] * 20})
    card, told = local_norms(given, neo, id="mine", wave="T1", sample=SAMPLE, groups=groups, minimum=50)
    assert [(group.group, group.n) for group in card.groups] == [("large", 80)]
    assert [one.code for one in told] == ["norm_cells_left_out", "norm_this_study"]
    assert all(caution_sentence(one) for one in told)
    assert card.group_of(group="small") is None


@pytest.mark.parametrize(("options", "told"), [
    ({"minimum": 29}, "groups of 29 people are refused"), ({"minimum": 101}, "scores of 101 people"),
    ({"wave": "T9"}, "No group of the study"),
    ({"sample": replace(SAMPLE, non_response="")}, "does not say its non_response"),
])
def test_norms_that_would_mislead_are_refused(neo, options, told):
    with pytest.raises(InstrumentError, match=told):
        local_norms(scores(many(100)), neo, **{"id": "mine", "wave": "T1", "sample": SAMPLE, "minimum": 50} | options)


def test_norms_of_several_raters_a_target_are_refused(neo):
    frame = scores(many(60), role="peer").frame.assign(target="P1")
    with pytest.raises(InstrumentError, match="several raters"):
        local_norms(Scores(frame), neo, id="mine", wave="T1", sample=SAMPLE, role="peer", minimum=30)
