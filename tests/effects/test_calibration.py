"""A small run of the calibration: rates near nominal where a design holds, and failure seen where it is broken."""

import numpy as np
import pytest
from benchmarks.calibration import effects

FOUR_ERRORS = 4  # one of these few conditions lies beyond by chance once in thousands of seeds
SLACK = 0.01  # HC3 with fifteen people an arm and heavy tails is slightly wide


def test_where_chance_decided_intervals_hold_the_truth():
    plans = [one for one in effects.HOLDS if one[1].n in (15, 60) and one[1].reliability == 0.6]
    for row in effects.holding(np.random.default_rng(7), 1500, plans):
        assert abs(row["coverage"] - 0.95) < FOUR_ERRORS * row["error"] + SLACK, row
        assert abs(row["bias"]) < FOUR_ERRORS * row["bias_error"] + 0.01, row


def test_where_it_is_broken_on_purpose_the_failure_shows_and_no_causal_verb_is_left():
    rows = {row["condition"]: row for row in effects.broken(np.random.default_rng(8), 60)}
    assert rows["lowest third selected"]["rejects_zero"] > 0.5
    assert rows["lowest third, regression taken off"]["coverage"] > 0.85
    assert rows["those about to gain choose"]["rejects_zero"] > 0.5
    for row in rows.values():
        if row["design"] != "randomised":
            assert row["verb"] in ("higher_cannot_be_told", "was_higher_after")


@pytest.mark.soak
def test_the_whole_grid():
    assert effects.main(["--full"]) == 0
