"""Draws give back the truth they were drawn from."""

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.draws.factor import factor_answers
from coachresearch.draws.graded import even_thresholds, graded_answers
from coachresearch.draws.trial import draw_trial

NEAR = 0.03  # Three standard errors of a correlation or share of 20,000 draws, rounded up.
MANY = 20_000


def rng(seed=5):
    return np.random.default_rng(seed)


def test_factor_answers_have_the_implied_correlations():
    loadings = np.array([[0.8, 0], [0.6, 0], [0, 0.7], [0.3, 0.4]])
    phi = np.array([[1, 0.5], [0.5, 1]])
    found = np.corrcoef(factor_answers(rng(), MANY, loadings=loadings, phi=phi), rowvar=False)
    implied = loadings @ phi @ loadings.T
    np.fill_diagonal(implied, 1)
    np.testing.assert_allclose(found, implied, atol=NEAR)


def test_graded_answers_use_categories_as_their_thresholds_say():
    traits = rng().standard_normal(MANY)
    found = graded_answers(rng(6), traits, loadings=[0.7, 0.7], thresholds=[[-1, 0, 1], [-2, -1, 0]])
    assert found.min() == 0
    assert found.max() == 3
    np.testing.assert_allclose((found[:, 0] == 0).mean(), 0.1587, atol=NEAR)
    np.testing.assert_allclose((found[:, 1] == 3).mean(), 0.5, atol=NEAR)


def test_thresholds_lie_around_their_centre():
    np.testing.assert_allclose(even_thresholds(5, centre=-0.5, width=3), [-2, -1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(even_thresholds(2, centre=0.3), [0.3])


def test_a_trial_has_its_effect_stability_coaches_and_drop_out():
    found = draw_trial(rng(), n_coached=MANY // 2, n_comparison=MANY // 2, effect=0.5, trend=0.2, stability=0.7,
                       coaches=500, coach_icc=0.2, drop_out=0.1)
    coached, other = found.post[found.coached], found.post[~found.coached]
    assert coached.mean() - other.mean() == pytest.approx(0.5, abs=3 * NEAR)
    assert other.mean() == pytest.approx(0.2, abs=NEAR)
    assert np.corrcoef(found.pre[~found.coached], other)[0, 1] == pytest.approx(0.7, abs=NEAR)
    assert found.stays.mean() == pytest.approx(0.9, abs=NEAR)
    means = np.array([coached[found.coach[found.coached] == coach].mean() for coach in range(500)])
    assert means.var() / coached.var() == pytest.approx(0.2 + 0.8 / 20, abs=0.05)
    assert (found.coach[~found.coached] == -1).all()


def test_the_same_seed_gives_the_same_draws():
    first, second = (factor_answers(rng(), 5, loadings=[0.5, 0.5]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("draw", "message"), [
    (lambda: factor_answers(rng(), 5, loadings=[1.2, 0.5]), "Item 1 has a communality above 1"),
    (lambda: graded_answers(rng(), [0.0], loadings=[0.5], thresholds=[1, 0]), "must rise"),
    (lambda: graded_answers(rng(), [0.0], loadings=[1.5], thresholds=[0, 1]), "communality above 1"),
    (lambda: even_thresholds(1), "1 categories have no threshold"),
    (lambda: draw_trial(rng(), n_coached=0, n_comparison=3, effect=0), r"n_coached is 0(.|\n)*at least 1"),
    (lambda: draw_trial(rng(), n_coached=3, n_comparison=3, effect=0, stability=1), "stability is 1"),
    (lambda: draw_trial(rng(), n_coached=3, n_comparison=3, effect=0, drop_out=1), "drop_out is 1"),
])
def test_impossible_truths_are_refused(draw, message):
    with pytest.raises(EstimationError, match=message):
        draw()
