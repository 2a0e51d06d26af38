"""People who are missing: pooling, filling in, weights, tipping point."""

from math import inf

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.effects.missing.imputation import Cancelled, impute
from coachresearch.effects.missing.leaving import tipping_point, weighted_for_leaving, who_leaves
from coachresearch.effects.missing.pooling import rubin

ARMS = {"pre": "pre", "post": "post", "arm": "arm", "coached": "c", "comparison": "o"}


def trial(n=2000, seed=1, lost=0.4):
    rng = np.random.default_rng(seed)
    pre, coached = rng.standard_normal(n), np.arange(n) % 2 == 0
    post = 0.7 * pre + 0.5 * coached + 0.5 * pre * coached + 0.7 * rng.standard_normal(n)
    gone = rng.random(n) < 1 / (1 + np.exp(np.log(1 / lost - 1) + 1.2 * pre))
    return pd.DataFrame({"pre": pre, "post": np.where(gone, np.nan, post), "arm": np.where(coached, "c", "o")})


def test_rubins_rules_agree_with_mice():
    # mice 3.15, pool.scalar(Q, U, n = 120, k = 3)
    found = rubin([1.10, 1.25, 0.98, 1.17, 1.05], [0.040, 0.038, 0.045, 0.041, 0.039], complete_df=117)
    assert (found.total, found.increase, found.df, found.missing_information) == pytest.approx(
        (0.05374, 0.323645320197044, 37.8053019060966, 0.281539588550126), rel=1e-12)
    same = rubin([1.0, 1.0], [0.1, 0.1], complete_df=inf)
    assert (same.total, same.between) == (0.1, 0.0)
    with pytest.raises(EstimationError, match="1 imputations cannot be pooled"):
        rubin([1.0], [0.1])


@pytest.mark.parametrize("draw", ["matching", "normal"])
def test_filled_in_values_keep_the_regression(draw):
    rng = np.random.default_rng(2)
    x = rng.standard_normal(1500)
    y = 1 + 0.8 * x + 0.6 * rng.standard_normal(1500)
    frame = pd.DataFrame({"x": x, "y": np.where(rng.random(1500) < 1 / (1 + np.exp(-x)), np.nan, y)})
    filled = impute(frame, rng=rng, imputations=10, cycles=3, draw=draw)
    fits = [np.polyfit(copy["x"], copy["y"], 1) for copy in filled]
    assert np.mean(fits, axis=0) == pytest.approx([0.8, 1.0], abs=0.06)
    assert np.ptp(filled.values[:, ~filled.missing], axis=0).max() == 0  # what was seen stays
    if draw == "matching":
        assert set(filled.values[0][:, 1]) <= set(frame["y"].dropna())


def test_filling_in_reports_and_can_be_stopped():
    frame, seen = trial(60), []
    with pytest.raises(Cancelled):
        impute(frame, rng=np.random.default_rng(1), imputations=5, cycles=1,
               progress=lambda done, of: (seen.append((done, of)), done < 2)[1])
    assert seen == [(1, 5), (2, 5)]


def test_what_cannot_be_filled_in_is_named():
    rng = np.random.default_rng(1)
    with pytest.raises(EstimationError, match="'y' has fewer than two values"):
        impute(pd.DataFrame({"x": [1.0, 2, 3], "y": [np.nan, np.nan, 1.0]}), rng=rng)
    with pytest.raises(EstimationError, match="'arm' is not a number"):
        impute(trial(10), rng=rng, columns=["pre", "arm"])


def test_weights_bring_back_those_who_left():
    frame = trial(40_000)  # the effect grows with the score before, and low scorers leave
    there = frame.dropna()
    naive = there.groupby("arm")["post"].mean()
    found = weighted_for_leaving(frame, **ARMS)
    assert found.estimate == pytest.approx(0.5, abs=0.04)
    assert naive["c"] - naive["o"] > 0.6


def test_leaving_is_counted_and_unequal_leaving_is_said():
    frame = trial(400)
    frame.loc[(frame["arm"] == "c") & (frame.index % 3 == 0), "post"] = np.nan
    found = who_leaves(frame, **ARMS, title="x")
    assert found.estimate("leavers_differ", "o: pre").estimate < -0.3
    assert "their leaving may have to do with the coaching" in found.summary()


def test_the_tipping_point_lies_where_the_interval_reaches_zero():
    frame = trial(300, lost=0.25)
    found = tipping_point(frame, **ARMS, title="x", rng=np.random.default_rng(3), imputations=10)
    assert found.estimates[0].conf_low > 0
    at = list(found.shifts).index(found.tipping)
    assert found.lows[at] <= 0 < found.lows[at - 1]
    with pytest.raises(EstimationError, match="Nobody left"):
        tipping_point(frame.dropna(), **ARMS, title="x", rng=np.random.default_rng(3))
