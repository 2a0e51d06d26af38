"""The bivariate normal distribution against quadrature of another kind, and its exact values."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from coachresearch.psychometrics.bivariate import FAR, bivariate_cdf, bivariate_density

EXACT = 2e-14  # The method is good to 1e-15; the quadrature that it is held against is the weaker of the two.


def cdf(a, b, rho):
    return bivariate_cdf(np.array(a, float)[None, :, None], np.array(b, float)[None, None, :], np.array([rho]))[0]


def by_quadrature(a, b, rho):
    root = np.sqrt(1 - rho ** 2)
    edge = [point for point in (b / rho - 0.05, b / rho, b / rho + 0.05) if -9 < point < a] if rho else None
    return quad(lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((b - rho * x) / root), -9, a,
                points=edge or None, epsabs=1e-15, epsrel=1e-13, limit=500)[0]


@pytest.mark.parametrize("rho", [-0.9999, -0.95, -0.8, -0.3, 0.0, 0.5, 0.76, 0.924, 0.926, 0.99, 0.9999])
def test_probabilities_are_those_of_quadrature(rho):
    a, b = [-2.1, -0.4, 0.0, 1.3], [-1.0, 0.0, 0.2, 2.5]
    expected = [[by_quadrature(one, two, rho) for two in b] for one in a]
    np.testing.assert_allclose(cdf(a, b, rho), expected, atol=EXACT, rtol=0)


def test_quadrants_have_a_closed_form():
    for rho in (-0.97, -0.5, 0.2, 0.9, 0.99):
        np.testing.assert_allclose(cdf([0], [0], rho), 0.25 + np.arcsin(rho) / (2 * np.pi), atol=EXACT)


def test_a_far_limit_leaves_the_margin():
    for rho in (-0.95, 0.3, 0.95):
        np.testing.assert_allclose(cdf([FAR], [0.7], rho), ndtr(0.7), atol=EXACT)
        np.testing.assert_allclose(cdf([0.7], [-FAR], rho), 0.0, atol=EXACT)


def test_pairs_of_any_size_of_correlation_stand_in_one_call():
    rho = np.array([0.1, 0.8, 0.95])
    a, b = np.full((3, 1, 1), 0.3), np.full((3, 1, 1), -0.2)
    together = bivariate_cdf(a, b, rho)[:, 0, 0]
    np.testing.assert_allclose(together, [cdf([0.3], [-0.2], one)[0, 0] for one in rho], atol=EXACT)


def test_the_density_is_the_slope_of_the_probability_in_the_correlation():
    step = 1e-5
    slope = (cdf([0.3], [-0.9], 0.4 + step) - cdf([0.3], [-0.9], 0.4 - step)) / (2 * step)
    np.testing.assert_allclose(bivariate_density(np.array(0.3), np.array(-0.9), np.array(0.4)), slope[0, 0], rtol=1e-8)
