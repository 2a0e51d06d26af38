"""Bias and coverage of polychoric correlations: a small run here, the full table as a soak test."""

import pytest
from benchmarks.calibration.polychoric import cell, table


def test_intervals_of_three_hundred_people_hold_the_truth():
    found = cell(300, "normal", 0.15, "normal", draws=60)
    assert abs(found["bias"]) < 0.012
    assert abs(found["coverage"] - 0.95) < 4 * found["monte_carlo_error"] + 0.015
    assert found["std_error"] == pytest.approx(found["spread"], rel=0.1)
    assert found["pearson_bias"] < -0.02


def test_a_latent_tail_breaks_it():
    found = cell(1000, "skewed", 0.0, "lognormal", draws=20)
    assert found["worst_pair_bias"] > 0.02
    assert found["coverage"] < 0.8


@pytest.mark.soak
def test_the_table_holds_wherever_the_model_does():
    found = table(draws=400)
    true_model = found[(found["latent"] == "normal") & (found["n"] >= 300)]
    assert (true_model["bias"].abs() < 0.01).all()
    assert true_model["coverage"].between(0.93, 0.97).all()
