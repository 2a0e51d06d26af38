"""Bias and coverage of reliabilities and exploratory factors: small runs here, the full tables as soak tests."""

import pytest
from benchmarks.calibration import efa, reliability

THREE_ERRORS = 3


def test_intervals_of_alpha_and_omega_hold_the_population_values():
    rows = {(row["coefficient"], row["interval"]): row
            for row in reliability.cell(100, "continuous", 0.0, False, 200, resample=False)}
    for row in rows.values():
        assert abs(row["bias"]) < 0.01
        assert row["coverage"] > 0.95 - THREE_ERRORS * 0.0154 - 0.005  # 200 draws of 95 %
    assert abs(rows["omega_total", "delta"]["gap"]) < 1e-4


def test_two_factors_break_one_and_no_sample_size_mends_it():
    rows = reliability.cell(1000, "even", 0.0, True, 30, resample=False)
    for row in rows:
        assert row["gap"] < -0.05


def test_three_factors_are_counted_and_recovered():
    row = efa.cell(300, "continuous", 0.0, False, 15, resamples=100)
    assert row["parallel_factors_right"] == 1
    assert abs(row["loading_bias"]) < 0.03
    assert row["loading_coverage"] > 0.85


@pytest.mark.soak
def test_the_table_of_reliabilities_holds_wherever_the_model_does():
    found = reliability.table(1000)
    right = found[(found["factors"] == 1) & (found["n"] >= 300)]
    assert (right["bias"].abs() < 0.01).all()
    normal = right[right["shape"] == "continuous"]
    assert normal["coverage"].between(0.93, 0.97).all()


@pytest.mark.soak
def test_the_table_of_factors_holds_in_large_samples():
    found = efa.table(200)
    large = found[(found["n"] == 1000) & ~found["minor_factors"]]
    assert (large["parallel_factors_right"] > 0.95).all()
    assert (large["loading_coverage"] > 0.90).all()
