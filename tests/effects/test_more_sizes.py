"""Effect sizes beside d and g: held against another program, closed forms and laws."""

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects import bootstrap, conversions, correlations, equivalence, multiplicity, sizes
from coachresearch.effects.groups import compare_groups
from coachresearch.effects.standardised import ancova_d, d_pre, d_rm, glass_delta, with_unreliability
from coachresearch.effects.superiority import cliffs_delta, prob_superiority
from coachresearch.effects.two_by_two import risks

PROGRAM = 1e-6  # effectsize 0.8.3 (R 4.2.2) prints its limits from an optimiser of about this accuracy
EXACT = 1e-12

COACHED = [0.37, 1.18, 0.16, 2.6, 1.33, 0.18, 1.49, 1.74, 1.58, 0.69, 2.51, 1.39]
OTHERS = [-0.62, -2.21, 1.12, -0.04, -0.02, 0.94, 0.82, 0.59, 0.92, 0.78, 0.07, -1.99, 0.62, -0.06, -0.16]


def test_glass_delta_and_the_odds_ratio_agree_with_effectsize():
    delta = glass_delta(COACHED, OTHERS)
    theirs = pytest.approx((1.208045, 0.3802056, 2.005775), rel=PROGRAM)
    assert (delta.estimate, delta.conf_low, delta.conf_high) == theirs
    found = risks(coached_yes=20, coached_n=30, comparison_yes=12, comparison_n=30, title="x").estimate("odds_ratio")
    assert (found.estimate, found.conf_low, found.conf_high) == pytest.approx((3, 1.046199, 8.602572), rel=PROGRAM)


def test_newcombe_gives_his_printed_interval():
    # Newcombe (1998), Statistics in Medicine 17, table II, example (a), method 10: 56/70 - 48/80, 0.0524 to 0.3339.
    one = risks(coached_yes=56, coached_n=70, comparison_yes=48, comparison_n=80, title="x").estimate("risk_difference")
    assert (one.conf_low, one.conf_high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_number_needed_has_no_interval_where_the_difference_holds_zero():
    found = risks(coached_yes=10, coached_n=30, comparison_yes=9, comparison_n=30, title="x")
    assert isnan(found.estimate("number_needed").conf_low)
    assert "runs through infinity" in found.summary()
    none = risks(coached_yes=5, coached_n=10, comparison_yes=5, comparison_n=10, title="x")
    assert [one.term for one in none.estimates] == ["risk_difference", "risk_ratio", "odds_ratio"]


def test_an_empty_cell_is_said_and_nothing_is_added():
    found = risks(coached_yes=0, coached_n=10, comparison_yes=3, comparison_n=10, title="x")
    assert [one.term for one in found.estimates] == ["risk_difference", "number_needed"]
    assert found.estimates[0].estimate == -0.3
    with pytest.raises(EstimationError, match="11 of 10 people in 'coached'"):
        risks(coached_yes=11, coached_n=10, comparison_yes=3, comparison_n=10, title="x")


def test_superiority_counts_pairs():
    pairs = [(a > b) + 0.5 * (a == b) for a in COACHED for b in OTHERS]
    assert prob_superiority(COACHED, OTHERS).estimate == pytest.approx(np.mean(pairs), abs=EXACT)
    assert cliffs_delta(COACHED, OTHERS).estimate == pytest.approx(2 * np.mean(pairs) - 1, abs=EXACT)


def test_superiority_without_overlap_has_no_interval():
    found = prob_superiority([3, 4, 5], [0, 1, 2])
    assert found.estimate == 1
    assert isnan(found.conf_low)


@given(st.lists(st.integers(1, 5), min_size=3, max_size=12), st.lists(st.integers(1, 5), min_size=3, max_size=12))
def test_superiority_turns_round_with_the_arms(first, second):
    one, other = prob_superiority(first, second), prob_superiority(second, first)
    assert one.estimate + other.estimate == pytest.approx(1, abs=EXACT)
    if not isnan(one.conf_low):
        assert one.conf_low == pytest.approx(1 - other.conf_high, abs=1e-9)


def test_units_of_change_meet_where_the_spreads_are_equal():
    pre = np.array([1.0, 2, 3, 4, 5, 6])
    post = np.array([2.0, 5, 3, 6, 4, 7]) + 0.4
    assert pre.std() == pytest.approx(post.std())
    assert d_rm(pre, post).estimate == pytest.approx(sizes.d_av(pre, post).estimate, abs=EXACT)
    j = sizes.hedges_correction(5)
    assert d_pre(pre, post).estimate == pytest.approx(j * sizes.d_av(pre, post).estimate, abs=EXACT)


def test_the_adjusted_d_keeps_the_unit_and_shrinks_the_error():
    rng = np.random.default_rng(3)
    pre = rng.standard_normal((2, 400))
    post = 0.8 * pre + 0.6 * rng.standard_normal((2, 400)) + np.array([[0.5], [0.0]])
    one, plain = ancova_d(pre[0], post[0], pre[1], post[1]), sizes.hedges_g(post[0], post[1])
    assert one.estimate == pytest.approx(0.5, abs=0.12)
    assert one.std_error / plain.std_error == pytest.approx(0.6, abs=0.06)


def test_unreliability_is_taken_out_with_its_own_error():
    effect = Estimate("hedges_g", 0.4, std_error=0.1, n=80)
    sure, unsure = with_unreliability(effect, 0.64), with_unreliability(
        effect, Estimate("alpha", 0.64, conf_low=0.5, conf_high=0.78, conf_level=0.95))
    assert sure.estimate == unsure.estimate == pytest.approx(0.5)
    assert sure.std_error == pytest.approx(0.125)
    assert unsure.std_error > sure.std_error
    with pytest.raises(EstimationError, match="reliability is 0"):
        with_unreliability(effect, 0.0)


def test_conversions_go_there_and_back_and_name_what_they_assume():
    assert conversions.odds_ratio_to_d(conversions.d_to_odds_ratio(0.37).value).value == pytest.approx(0.37, abs=EXACT)
    assert conversions.d_to_r(conversions.r_to_d(0.3).value).value == pytest.approx(0.3, abs=EXACT)
    turned = conversions.converted(Estimate("hedges_g", 0.5, conf_low=0.1, conf_high=0.9, conf_level=0.95), "u3")
    assert (turned.estimate, turned.conf_low) == pytest.approx((norm.cdf(0.5), norm.cdf(0.1)))
    assert turned.method == "converted_normal_equal_spread"
    with pytest.raises(EstimationError, match="holds zero"):
        conversions.converted(Estimate("hedges_g", 0.5, conf_low=-0.1, conf_high=0.9, conf_level=0.95), "overlap")


def test_two_one_sided_tests_agree_with_the_interval():
    effect = Estimate("mean_difference", 0.1, std_error=0.1, df=40)
    found = equivalence.equivalence(effect, margin=0.3, title="x")
    assert found.estimates[0].p_value == pytest.approx(t.sf(2, 40))
    assert found.finding == "equivalent"
    assert found.estimates[0].conf_high == pytest.approx(0.1 + t.ppf(0.95, 40) * 0.1)
    far = equivalence.equivalence(Estimate("mean_difference", 0.9, std_error=0.1, df=40), margin=0.3, title="x")
    assert far.finding == "larger"
    assert far.estimates[1].p_value == pytest.approx(2 * t.sf(6, 40))
    with pytest.raises(EstimationError, match="It must hold zero"):
        equivalence.equivalence(effect, margin=0.3, lower=0.1, title="x")
    with pytest.raises(EstimationError, match="no standard error"):
        equivalence.equivalence(Estimate("hedges_g", 0.1), margin=0.3, title="x")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=15))
def test_adjusted_p_values_keep_their_order_and_never_shrink(p):
    for method in ("holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli"):
        out = multiplicity.adjusted_p(p, method)
        assert (out >= np.asarray(p) - EXACT).all()
        assert (out <= 1).all()
        assert (np.diff(out[np.argsort(p, kind="stable")]) >= -EXACT).all()


def test_departures_from_the_plan_are_printed():
    one = Estimate("ancova_difference", 0.3, p_value=0.02, n=40)
    planned = multiplicity.Planned(("trust",), ("load",), analysis="ancova", n=60)
    found = multiplicity.many_questions([("care", one)], [("sleep", one)], title="Spring", planned=planned,
                                        analysis="change")
    said = found.summary()
    for words in ("registered primary outcome trust is not among", "primary outcome care was not registered",
                  "registered secondary outcome load", "secondary outcome sleep was not registered",
                  "named the analysis ancova; done was change", "60 people were planned; 40"):
        assert words in said
    with pytest.raises(EstimationError, match="stands twice"):
        multiplicity.many_questions([("a", one)], [("a", one)], title="x")


def test_resampling_agrees_with_scipy():
    rng = np.random.default_rng(11)
    first, second = rng.standard_normal(40) + 0.5, rng.standard_normal(50)
    found = bootstrap.bootstrap_difference(first, second, rng=rng, draws=20_000)
    from scipy.stats import bootstrap as theirs

    def g(a, b, axis=-1):
        n1, n2 = a.shape[axis], b.shape[axis]
        pooled = ((n1 - 1) * a.var(axis, ddof=1) + (n2 - 1) * b.var(axis, ddof=1)) / (n1 + n2 - 2)
        return sizes.hedges_correction(n1 + n2 - 2) * (a.mean(axis) - b.mean(axis)) / np.sqrt(pooled)

    known = theirs((first, second), g, n_resamples=20_000, method="BCa", rng=4).confidence_interval
    assert (found.conf_low, found.conf_high) == pytest.approx((known.low, known.high), abs=0.015)  # Monte Carlo error
    assert found.estimate == pytest.approx(sizes.hedges_g(first, second).estimate, abs=1e-10)


def test_resampling_refuses_what_has_no_spread():
    with pytest.raises(EstimationError, match="no spread over resamples"):
        bootstrap.bootstrap_difference([1.0, 1, 1], [1.0, 1, 1], rng=np.random.default_rng(1))
    with pytest.raises(EstimationError, match="99 draws are too few"):
        bootstrap.bootstrap_change([1.0, 2], [2.0, 3], rng=np.random.default_rng(1), draws=99)
    with pytest.raises(EstimationError, match="no statistic 'd_av' to resample"):
        bootstrap.bootstrap_difference([1.0, 2], [2.0, 3], rng=np.random.default_rng(1), statistic="d_av")


def test_two_groups_are_a_squared_t_test():
    found = compare_groups(COACHED + OTHERS, ["c"] * 12 + ["o"] * 15, title="x")
    student, welch = (sizes.mean_difference(COACHED, OTHERS, equal_variances=equal) for equal in (True, False))
    assert found.estimate("anova_f").estimate == pytest.approx(student.statistic ** 2, rel=1e-9)
    assert found.estimate("welch_f").estimate == pytest.approx(welch.statistic ** 2, rel=1e-9)
    with pytest.raises(EstimationError, match="of one person: b"):
        compare_groups([1.0, 2, 3], ["a", "a", "b"], title="x")


def test_correlations_are_compared():
    assert correlations.correlation_difference(0.5, 80, 0.5, 100).estimate == 0
    with pytest.raises(EstimationError, match="cannot be compared"):
        correlations.dependent_difference(0.9, -0.9, 0.9, 50)


def test_logs_and_infinities_are_refused():
    with pytest.raises(EstimationError):
        glass_delta([1.0, 2], [3.0, inf])
    with pytest.raises(EstimationError, match="do not vary"):
        glass_delta([1.0, 2], [3.0, 3])
