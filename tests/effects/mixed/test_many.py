"""Many fits at once are the fits one by one; drawn outcomes have the model's spread; the bootstrap is reproducible."""

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.effects.mixed.fit import fit_arrays
from coachresearch.effects.mixed.freedom import satterthwaite_df
from coachresearch.effects.mixed.intervals import bootstrap_intervals, simulate
from coachresearch.effects.mixed.many import fit_many
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random

SAME = 1e-4  # Two searches with different tolerances.


def model_of(trial, random):
    return mixed_model(trial, outcome="y", fixed=("wave*coached",), random=random)


@pytest.mark.parametrize("random", [
    (Random("person"),), (Random("person", ("1", "wave")),),
    (Random("person"), Random("coach", absent="no_effect")), (Random("person"), Random("rater"))],
    ids=["people", "slopes", "coaches", "raters"])
def test_fits_side_by_side_are_fits_one_by_one(trial, random):
    fit = model_of(trial, random).fit
    drawn = simulate(fit, np.random.default_rng(4), 7)
    many = fit_many(fit.X, drawn, fit.factors)
    assert many.converged.all()
    for place, y in enumerate(drawn):
        one = fit_arrays(fit.X, y, fit.factors)
        assert many.beta[place] == pytest.approx(one.beta, abs=SAME)
        assert many.std_error[place] == pytest.approx(np.sqrt(np.diag(one.vcov)), rel=SAME)
        assert many.sigma[place] == pytest.approx(one.sigma, rel=SAME)
        df = [satterthwaite_df(one, row) for row in np.eye(4)]
        assert many.df[place] == pytest.approx(df, rel=5e-3)


def test_drawn_outcomes_have_the_models_covariance(trial):
    fit = model_of(trial, (Random("person"), Random("rater"))).fit
    drawn = simulate(fit, np.random.default_rng(1), 4000)
    rest = drawn - fit.X @ fit.beta
    expected = fit.sigma ** 2 + sum(float(one[0, 0]) for one in fit.covariances)
    assert rest.var(axis=0).mean() == pytest.approx(expected, rel=0.02)
    assert (rest[:, 0] * rest[:, 1]).mean() == pytest.approx(
        next(float(cov[0, 0]) for one, cov in zip(fit.factors, fit.covariances, strict=True) if one.name == "person"),
        abs=0.06)


def test_the_bootstrap_repeats_and_agrees_with_the_standard_error(trial):
    model = model_of(trial, (Random("person"), Random("team")))
    one, again = (bootstrap_intervals(model, rng=np.random.default_rng(2), draws=400) for _ in range(2))
    assert one.frame.equals(again.frame)
    assert one.estimate("wave:coached").std_error == pytest.approx(model.estimate("wave:coached").std_error, rel=0.12)
    assert one.estimate("random_sd", "team: intercept").conf_low == pytest.approx(0, abs=1e-2)
    with pytest.raises(EstimationError, match="50 draws are too few"):
        bootstrap_intervals(model, rng=np.random.default_rng(2), draws=50)
