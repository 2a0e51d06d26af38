"""Indices of fit against closed forms and printed values."""

import numpy as np
import pytest

from coachresearch.psychometrics.fit import close_fit, fit_of, ml_discrepancy

CLOSED = 1e-9


def test_a_model_that_fits_perfectly():
    cor = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    found = fit_of(cor, cor, 200, 2)
    assert found.chi_square == pytest.approx(0, abs=CLOSED)
    assert (found.rmsea, found.rmsea_low, found.rmsea_high, found.cfi) == (0, 0, 0, 1)
    assert found.srmr == 0
    assert found.p_value == pytest.approx(1)


def test_the_discrepancy_of_independence_is_the_log_determinant():
    cor = np.array([[1, 0.6], [0.6, 1]])
    assert ml_discrepancy(cor, np.eye(2)) == pytest.approx(-np.log(1 - 0.36), abs=CLOSED)
    assert ml_discrepancy(np.ones((2, 2)), np.eye(2)) == np.inf


def test_the_interval_of_the_rmsea_ends_where_the_noncentral_tails_are():
    """The limits are defined by close fit: at the lower one p is .05, at the upper .95."""
    cor = np.array([[1, 0.5, 0.4, 0.1], [0.5, 1, 0.2, 0.3], [0.4, 0.2, 1, 0.6], [0.1, 0.3, 0.6, 1]])
    found = fit_of(cor, np.full((4, 4), 0.35) + 0.65 * np.eye(4), 300, 8)
    assert 0 < found.rmsea_low < found.rmsea < found.rmsea_high
    assert close_fit(found.chi_square, 8, 300, found.rmsea_low) == pytest.approx(0.05, abs=1e-6)
    assert close_fit(found.chi_square, 8, 300, found.rmsea_high) == pytest.approx(0.95, abs=1e-6)
    assert found.srmr == pytest.approx(np.sqrt(np.sum(np.tril(cor - 0.35, -1) ** 2) / 10), abs=CLOSED)


def test_without_degrees_of_freedom_nothing_is_tested():
    found = fit_of(np.eye(3), np.eye(3), 100, 0)
    assert np.isnan([found.p_value, found.rmsea, found.cfi]).all()
