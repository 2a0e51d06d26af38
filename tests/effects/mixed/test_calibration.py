"""Trials with coaches: the interval of the arm effect holds its level, and fails where coaches are left out."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coachresearch.effects.mixed.many import fit_many
from coachresearch.effects.mixed.random import Random, read_random

LEVEL = 0.05


def rates(coaches, icc, n, runs, seed):
    """How often the 95 % interval misses the true effect of 0.4, with the coaches in the model and without."""
    rng = np.random.default_rng(seed)
    person, post = np.repeat(np.arange(2 * n), 2), np.tile([0.0, 1.0], 2 * n)
    coached = (person % 2).astype(float)
    coach = np.where(coached == 1, (person // 2) % coaches, -1)
    frame = pd.DataFrame({"person": person, "post": post, "coach": pd.Series(coach).where(coach >= 0)})
    X = np.column_stack([np.ones(4 * n), post, post * coached])
    effects = (icc / (1 - icc)) ** 0.5 * rng.standard_normal((runs, coaches))
    by_coach = np.where(coach >= 0, effects[:, np.maximum(coach, 0)] * post, 0)
    Y = 0.4 * X[:, 2] + 0.6 ** 0.5 * rng.standard_normal((runs, 2 * n))[:, person] + by_coach \
        + 0.4 ** 0.5 * rng.standard_normal((runs, 4 * n))
    found = []
    for terms in ((Random("person"), Random("coach", ("post",), absent="no_effect")), (Random("person"),)):
        fits = fit_many(X, Y, read_random(frame, terms))
        t = (fits.beta[:, 2] - 0.4) / fits.std_error[:, 2]
        found.append(float(np.mean(2 * stats.t.sf(np.abs(t), fits.df[:, 2]) < LEVEL)))
    return found


def test_level_holds_with_coaches_and_not_without():
    runs = 400
    error = (LEVEL * (1 - LEVEL) / runs) ** 0.5
    with_coaches, without = rates(coaches=8, icc=0.3, n=40, runs=runs, seed=11)
    assert abs(with_coaches - LEVEL) < 3.5 * error
    assert without > LEVEL + 5 * error


@pytest.mark.soak
@pytest.mark.parametrize("coaches", [5, 10, 20])
@pytest.mark.parametrize("icc", [0.1, 0.3])
def test_level_in_depth(coaches, icc):
    runs = 4000
    with_coaches, without = rates(coaches=coaches, icc=icc, n=60, runs=runs, seed=coaches)
    # Satterthwaite is an approximation: with few coaches and a small ICC it errs by up to two points (see benchmarks).
    assert 0.03 < with_coaches < 0.07
    assert without > with_coaches
