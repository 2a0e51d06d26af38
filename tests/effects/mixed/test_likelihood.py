"""The criterion and its gradient against dense matrices, for every way of grouping; the search on known functions."""

import numpy as np
import pytest

from coachresearch.effects.mixed.criterion import evaluate
from coachresearch.effects.mixed.crossproducts import lay_out, products, rows
from coachresearch.effects.mixed.factors import Factor
from coachresearch.effects.mixed.optimise import minimise

EXACT = 1e-9  # The same quantity from dense matrices of 60 rows.
SLOPE = 1e-5  # Central differences of the dense criterion with steps of 1e-5.
N = 60
FULL = ((0, 0), (1, 0), (1, 1))
ONE = ((0, 0),)
RNG = np.random.default_rng(5)
PERSON, TIME = np.repeat(np.arange(15), 4), np.tile(np.arange(4.0), 15)
LEVEL, LINE = np.ones((N, 1)), np.column_stack([np.ones(N), TIME])
X = np.column_stack([np.ones(N), TIME, RNG.normal(size=N)])
Y = RNG.normal(size=N) + X @ [1, 0.5, 0.2] + RNG.normal(size=15)[PERSON]
UNEQUAL = np.where(np.arange(N) % 3 == 0, 2.0, 1.0)


def factor(name, codes, values, pattern, weights=None):
    codes = np.asarray(codes).reshape(N, -1)
    weights = (codes >= 0).astype(float) if weights is None else weights * (codes >= 0)
    return Factor(name, tuple(map(str, range(codes.max() + 1))), ("a", "b")[:values.shape[1]], codes, weights, values,
                  pattern)


TWO = np.column_stack([RNG.integers(0, 4, N), np.where(RNG.random(N) < 0.5, 4 + RNG.integers(0, 2, N), -1)])
DESIGNS = {
    "slopes": [factor("p", PERSON, LINE, FULL)],
    "nested": [factor("p", PERSON, LINE, FULL), factor("c", PERSON // 4, LEVEL, ONE)],
    "slopes above": [factor("p", PERSON, LEVEL, ONE), factor("c", PERSON // 4, LINE, FULL)],
    "three levels": [factor("p", PERSON, LEVEL, ONE), factor("t", PERSON // 3, LEVEL, ONE),
                     factor("c", PERSON // 6, LEVEL, ONE)],
    "crossed": [factor("p", PERSON, LINE, FULL), factor("c", RNG.integers(0, 6, N), LINE, FULL),
                factor("d", RNG.integers(0, 3, N), LEVEL, ONE)],
    "partly nested": [factor("p", PERSON, LEVEL, ONE), factor("c", np.where(PERSON < 8, PERSON // 4, -1), LEVEL, ONE)],
    "several": [factor("p", PERSON, LINE, FULL), factor("c", TWO, LEVEL, ONE, RNG.random((N, 2)))],
    "several alone": [factor("c", TWO, LINE, ((0, 0), (1, 1)), RNG.random((N, 2)))],
}


def dense(factors, theta, variances, reml):
    V = np.diag(variances)
    cuts = np.cumsum([len(one.pattern) for one in factors])[:-1]
    for one, part in zip(factors, np.split(theta, cuts), strict=True):
        L = np.zeros((one.q, one.q))
        for (a, b), value in zip(one.pattern, part, strict=True):
            L[a, b] = value
        Z = one.matrix().toarray()
        V = V + Z @ np.kron(np.eye(one.m), L @ L.T) @ Z.T
    inverse = np.linalg.inv(V)
    XX = X.T @ inverse @ X
    rest = Y - X @ np.linalg.solve(XX, X.T @ inverse @ Y)
    nu = N - X.shape[1] * reml
    value = np.linalg.slogdet(V)[1] + nu * (1 + np.log(2 * np.pi * (rest @ inverse @ rest) / nu))
    return value + (np.linalg.slogdet(XX)[1] if reml else 0.0)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("variances", [None, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_criterion_and_gradient_are_those_of_the_dense_matrices(name, variances, reml):
    layout = lay_out(tuple(DESIGNS[name]))
    given = products(rows(layout, X, Y[None]), variances)
    theta = np.random.default_rng(1).normal(size=(2, layout.n_theta))
    found = evaluate(given, theta, reml=reml)
    for place, point in enumerate(theta):
        spread = np.ones(N) if variances is None else variances
        assert found.deviance[place] == pytest.approx(dense(layout.factors, point, spread, reml), abs=EXACT)
        steps = 1e-5 * np.eye(len(point))
        slopes = [(dense(layout.factors, point + s, spread, reml) - dense(layout.factors, point - s, spread, reml))
                  / 2e-5 for s in steps]
        assert found.gradient[place] == pytest.approx(slopes, abs=SLOPE)


def test_components_of_very_different_size_are_solved_in_buckets():
    teams = np.where(PERSON < 2, PERSON, 2 + (np.arange(N) * 7) % 13)
    above = np.where(PERSON < 2, PERSON, 2)
    factors = (factor("p", PERSON, LEVEL, ONE), factor("t", teams, LEVEL, ONE), factor("o", above, LEVEL, ONE))
    layout = lay_out(factors)
    theta = np.array([0.7, 0.5, 0.3])
    found = evaluate(products(rows(layout, X, Y[None])), theta[None], reml=True)
    assert sum(bucket.count for bucket in layout.buckets) == 3
    assert found.deviance[0] == pytest.approx(dense(layout.factors, theta, np.ones(N), True), abs=EXACT)


def test_searches_side_by_side_find_each_minimum():
    centres = np.array([[1.0, -2.0], [0.0, 0.5], [3.0, 3.0]])

    def valley(points, which):
        a, b = (points - centres[which]).T
        value = (1 - (a + 1)) ** 2 + 20 * (b - a ** 2) ** 2
        slope = np.stack([2 * a - 80 * a * (b - a ** 2), 40 * (b - a ** 2)], axis=1)
        return value, slope

    found = minimise(valley, np.zeros((3, 2)))
    assert found.converged.all()
    assert found.point == pytest.approx(centres, abs=1e-4)
