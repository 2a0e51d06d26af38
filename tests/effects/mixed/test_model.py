"""The door: what is refused, what is said, and laws that a fit obeys."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.display.text import caution_sentence
from coachresearch.effects.mixed.contrast import contrast, joint_test, term_tests
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Membership, Random

SAME = 1e-6  # The same model written in two ways, from two searches.


def fitted(data, **changes):
    asked = {"outcome": "y", "fixed": ("wave*coached",), "random": (Random("person"),)} | changes
    return mixed_model(data, **asked)


def codes(result):
    return {one.code for one in result.cautions}


def test_rows_with_gaps_are_counted_and_nothing_is_changed(trial):
    holes = trial.copy()
    holes.loc[[3, 10], "y"] = np.nan
    before = holes.copy()
    model = fitted(holes)
    assert caution_sentence(model.cautions[0]) == \
        "2 of 135 rows lacked an outcome or a predictor and stand in no number here."
    assert model.rows.tolist() == [place for place in range(135) if place not in (3, 10)]
    pd.testing.assert_frame_equal(holes, before)


def test_the_order_of_rows_and_the_unit_do_not_matter(trial):
    one, other = fitted(trial), fitted(trial.sample(frac=1, random_state=1).assign(y=lambda d: 10 * d["y"] + 500))
    for name in ("wave", "wave:coached"):
        assert other.estimate(name).estimate == pytest.approx(10 * one.estimate(name).estimate, rel=SAME)
        assert other.estimate(name).df == pytest.approx(one.estimate(name).df, rel=SAME)
    assert other.estimate("icc", "person").estimate == pytest.approx(one.estimate("icc", "person").estimate, rel=SAME)


def test_a_slope_does_not_depend_on_the_unit_of_time(trial):
    one = fitted(trial, random=(Random("person", ("1", "wave")),))
    other = fitted(trial.assign(wave=trial["wave"] * 1000.0), random=(Random("person", ("1", "wave")),))
    assert other.log_likelihood == pytest.approx(one.log_likelihood - 2 * np.log(1000), abs=1e-6)
    assert other.estimate("random_sd", "person: wave").estimate * 1000 \
        == pytest.approx(one.estimate("random_sd", "person: wave").estimate, rel=1e-5)


def test_words_are_compared_with_their_reference(trial):
    data = trial.assign(arm=np.where(trial["coached"] == 1, "coached", "comparison"))
    model = fitted(data, fixed=("wave*arm",), reference={"arm": "comparison"})
    plain = fitted(trial)
    assert model.names == ("intercept", "wave", "arm[coached]", "wave:arm[coached]")
    assert model.fit.beta == pytest.approx(plain.fit.beta, rel=SAME)
    turned = fitted(data, fixed=("wave*arm",), reference={"arm": "coached"})
    assert turned.estimate("wave:arm[comparison]").estimate == pytest.approx(-plain.estimate("wave:coached").estimate,
                                                                            rel=SAME)


def test_ids_in_two_columns_and_terms_of_one_grouping_are_joined(trial):
    data = trial.assign(unit=trial["team"].str[-1], half=np.where(trial["team"] < "t5", "a", "b"))
    assert fitted(data, random=(Random(("half", "unit")),)).log_likelihood \
        == pytest.approx(fitted(data, random=(Random("team"),)).log_likelihood, abs=1e-8)
    apart = fitted(trial, random=(Random("person", ("1",)), Random("person", ("wave",))))
    assert apart.log_likelihood == pytest.approx(
        fitted(trial, random=(Random("person", ("1", "wave"), correlated=False),)).log_likelihood, abs=1e-8)


def test_equal_weights_of_one_coach_are_a_plain_grouping(trial):
    data = trial.assign(none=np.nan, coach=trial["coach"])
    several = fitted(data, random=(Random("person"), Membership(("coach", "none"), name="coach")))
    plain = fitted(data, random=(Random("person"), Random("coach", absent="no_effect")))
    assert several.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)


def test_no_spread_between_groups_is_named(trial):
    flat = trial.assign(y=trial["wave"] * 0.3 + np.random.default_rng(3).normal(size=len(trial)))
    flat["y"] -= flat.groupby("team")["y"].transform("mean")
    model = fitted(flat, random=(Random("team"),))
    assert model.singular
    assert codes(model) == {"mixed_singular_variance"}
    assert model.estimate("random_sd", "team: intercept").estimate == pytest.approx(0, abs=1e-3)
    assert "estimated as zero" in caution_sentence(model.cautions[0])
    assert model.estimate("wave").df == pytest.approx(len(flat) - 4, rel=1e-3)


def test_a_perfect_correlation_is_named():
    rng = np.random.default_rng(1)
    person, wave = np.repeat(np.arange(40), 3), np.tile(np.arange(3), 40)
    data = pd.DataFrame({"person": person, "wave": wave,
                         "y": rng.normal(size=40)[person] * (1 + wave) + 0.6 * rng.normal(size=120)})
    model = mixed_model(data, outcome="y", fixed=("wave",), random=(Random("person", ("1", "wave")),))
    assert ("mixed_singular_correlation" in codes(model)) == model.singular
    assert model.fit.decrement < 1e-6


def test_few_groups_lone_members_and_shared_ids_are_named(trial):
    few = trial.assign(org=np.where(trial["team"] < "t3", "a", "b"))
    assert "mixed_few_groups" in codes(fitted(few, random=(Random("person"), Random("org"))))
    lone = trial.copy()
    lone.loc[lone["person"] == "p0", "coach"] = "alone"
    found = fitted(lone, random=(Random("person"), Random("coach", absent="no_effect")))
    sentences = [caution_sentence(one) for one in found.cautions]
    assert "1 of 6 groups of coach have one person only, so they say nothing about the spread within." in sentences
    moved = trial.copy()
    moved.loc[moved.index[moved["person"] == "p1"][-1], "team"] = "t5"
    assert "mixed_crossed" in codes(fitted(moved, random=(Random("person"), Random("team"))))


@pytest.mark.parametrize(("change", "asked", "words"), [
    ({}, {"outcome": "score"}, "There is no column 'score'"),
    ({"y": "high"}, {}, "The outcome 'y' is of type"),
    ({"y": np.inf}, {}, "holds an infinite value"),
    ({"y": np.nan}, {}, "No row has every column"),
    ({"y": 3.0}, {}, "The outcome does not vary"),
    ({"wave": np.inf}, {}, "holds an infinite value"),
    ({}, {"fixed": ("team",)}, "Column 'team' holds words"),
    ({}, {"fixed": ("team",), "reference": {"team": "t77"}}, "The reference 't77' does not occur"),
    ({}, {"fixed": ("wave", "wave")}, "named twice: wave"),
    ({"k": 1}, {"fixed": ("wave", "k")}, "follow from the others: k"),
    ({"k": 0}, {"fixed": ("wave", "k")}, "without a single row that is not zero: k"),
    ({"k": "x"}, {"random": (Random("k"),)}, "There is one k only (x)"),
    ({"k": np.nan}, {"random": (Random("k", absent="no_effect"),)}, "No row belongs to a k"),
    ({"k": range(135)}, {"random": (Random("k"),)}, "135 groups of 'k' with 1 random effects each"),
    ({"k": 5}, {"random": (Random("person", ("1", "k")),)}, "'k' of 'person' does not vary"),
    ({"k": 0}, {"random": (Random("person", ("k",)),)}, "is zero in every row"),
    ({}, {"random": (Random("person", ("1", "team")),)}, "The random slope 'team' of 'person' is of type"),
    ({"k": lambda d: d["coached"]}, {"random": (Random("person"), Random("k"))}, "already tell the 2 groups of 'k'"),
    ({"k": lambda d: d["person"] + "x"}, {"random": (Random("person"), Random("k"))}, "divide the rows in the same"),
    ({}, {"random": ()}, "needs at least one random term"),
    ({}, {"random": (Random("person"), Random("person"))}, "both hold intercept"),
    ({}, {"random": (Random("person", ()),)}, "The random effects of 'person' are none"),
    ({}, {"random": (Random("rater", nested_in="team"),)}, "7 ids of 'rater' occur in more than one 'team'"),
    ({}, {"random": (Random("person"), Membership(("coach", "coach")))}, "name the same group twice"),
    ({"w": -1.0}, {"random": (Membership(("coach", "coach2"), weights=("w", "w")),)}, "missing or negative"),
    ({}, {"row_id": ("team", "wave")}, "rows repeat an earlier team and wave"),
    ({}, {"conf_level": 95}, "conf_level is 95"),
    ({}, {"method": "mle"}, "method is 'mle'"),
    ({}, {"df": "residual"}, "df is 'residual'"),
    ({}, {"residual_by": "person"}, "One row alone in person"),
    ({}, {"method": "ml", "df": "kenward_roger"}, "is defined for restricted likelihood"),
])
def test_what_cannot_be_fitted_is_refused(trial, change, asked, words):
    data = trial.assign(**change)
    if asked.get("residual_by") == "person":
        data = data.drop(index=data.index[data["person"] == "p0"][1:])
    with pytest.raises(EstimationError) as caught:
        fitted(data, **asked)
    assert words in str(caught.value)


def test_repeated_rows_leave_no_residual(trial):
    first = trial.drop_duplicates("person")
    with pytest.raises(EstimationError, match="no residual variance"):
        fitted(pd.concat([first, first]), fixed=("coached",))


def test_one_person_has_no_groups():
    data = pd.DataFrame({"y": [1.0, 2, 3, 2], "wave": [0, 1, 2, 3], "person": ["p"] * 4})
    with pytest.raises(NotIdentified, match="There is one person only"):
        mixed_model(data, outcome="y", fixed=("wave",), random=(Random("person"),))


def test_contrasts_and_terms(trial):
    model = fitted(trial)
    one = contrast(model, {"coached": 1, "wave:coached": 2}, term="effect", group="2")
    rows = np.array([0, 0, 1, 2.0])
    assert one.estimate == pytest.approx(rows @ model.fit.beta)
    assert one.std_error == pytest.approx((rows @ model.fit.vcov @ rows) ** 0.5)
    tests = dict(term_tests(model).tests)
    assert tests["wave:coached"].statistic == pytest.approx(model.estimate("wave:coached").statistic)
    single = joint_test(model, ({"wave": 2},), values=(0.1,))
    assert single.statistic == pytest.approx((2 * model.fit.beta[1] - 0.1) / (2 * model.fit.vcov[1, 1] ** 0.5))
    with pytest.raises(EstimationError, match="There is no fixed effect 'arm'"):
        contrast(model, {"arm": 1})
    with pytest.raises(EstimationError, match="Every weight of the contrast is zero"):
        contrast(model, {"wave": 0})


def test_without_degrees_of_freedom_z_is_used(trial):
    model = fitted(trial, df="none")
    one = model.estimate("wave")
    assert np.isnan(one.df)
    assert one.conf_high - one.estimate == pytest.approx(1.959963984540054 * one.std_error)
    assert joint_test(model, ({"wave": 1}, {"coached": 1})).df2 == float("inf")


def test_every_face_speaks(trial):
    from coachresearch.effects.mixed.compare import compare_models, explained

    model = fitted(trial, df="kenward_roger", title="Listening")
    assert "Kenward and Roger (1997)" in model.summary()
    assert "<table" in model._repr_html_()
    small, large = (fitted(trial, random=(Random("person", one, correlated=False),)) for one in (("1",), ("1", "wave")))
    compared = compare_models(small, large)
    assert "up to twice" in compared.summary()
    assert 0 < explained(model).estimate("r2_marginal").estimate < 1
    assert "type III" in term_tests(model).summary()
    with pytest.raises(EstimationError, match="different fixed effects cannot be compared"):
        compare_models(small, fitted(trial, fixed=("wave",)))
    with pytest.raises(EstimationError, match="A model of 6 parameters follows one of 7"):
        compare_models(large, small)
