"""Growth recovers what was put in; decay, Fieller's set and the half-life against closed forms and known truths."""

from math import exp, inf, log

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.effects.mixed.decay import RatioSet, decay, fieller
from coachresearch.effects.mixed.growth import growth
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random

TIMES = (0.0, 3.0, 6.0, 12.0, 18.0)


def cohort(n=120, gain=1.0, half_life=9.0, noise=0.3, seed=1, times=TIMES):
    rng = np.random.default_rng(seed)
    person, time = np.repeat(np.arange(2 * n), len(times)), np.tile(times, 2 * n)
    coached = (person % 2).astype(float)
    kept = np.where(time > 0, gain * np.exp(-(time - times[1]) * log(2) / half_life), 0.0)
    y = 3 + rng.normal(size=2 * n)[person] * 0.6 + coached * kept + noise * rng.normal(size=len(person))
    return pd.DataFrame({"person": person, "month": time, "arm": np.where(coached == 1, "coached", "waiting"), "y": y})


def gains(data, times=TIMES):
    for time in times[1:]:
        data[f"m{time:g}"] = (data["month"] == time).astype(float)
        data[f"g{time:g}"] = data[f"m{time:g}"] * (data["arm"] == "coached")
    names = [f"{letter}{time:g}" for time in times[1:] for letter in "mg"]
    model = mixed_model(data, outcome="y", fixed=tuple(names), random=(Random("person"),))
    return decay(model, {time: {f"g{time:g}": 1.0} for time in times[1:]})


def test_fieller_against_the_inequality_it_solves():
    cov = np.array([[0.04, 0.01], [0.01, 0.03]])
    for above, below, shape in ((0.5, 1.0, "interval"), (0.5, 0.2, "two_rays"), (0.05, 0.02, "everything")):
        found = fieller(above, below, cov, 1.96)
        assert found.shape == shape
        for ratio in np.linspace(-20, 20, 400):
            row = np.array([1.0, -ratio])
            inside = (above - ratio * below) ** 2 <= 1.96 ** 2 * float(row @ cov @ row)
            assert found.holds(ratio) == inside
    assert RatioSet("two_rays", 0.1, 2.0).holds(-5) and not RatioSet("two_rays", 0.1, 2.0).holds(1)


def test_fieller_holds_its_level():
    rng = np.random.default_rng(3)
    cov = np.array([[0.09, 0.03], [0.03, 0.09]])
    drawn = rng.multivariate_normal([0.3, 0.6], cov, size=4000)
    held = np.mean([fieller(*one, cov, stats.norm.isf(0.025)).holds(0.5) for one in drawn])
    assert abs(held - 0.95) < 3.5 * (0.95 * 0.05 / 4000) ** 0.5


def test_the_half_life_is_found():
    found = gains(cohort(n=400, noise=0.2))
    half = found.estimate("half_life")
    assert half.conf_low < 9 < half.conf_high
    assert half.estimate == pytest.approx(9, rel=0.2)
    assert found.estimate("decay_rate").estimate == pytest.approx(log(2) / half.estimate)
    assert found.estimate("decay_misfit").df == 2
    assert {one.n for one in found.estimates} == {800}
    assert found.estimate("retention_ratio", "12").estimate == pytest.approx(exp(-9 * log(2) / 9), abs=0.1)
    assert found.figure_frame["part"].value_counts().to_dict() == {"curve": 60, "points": 4}


def test_a_gain_that_stays_has_no_upper_end_of_its_half_life():
    found = gains(cohort(half_life=500.0, seed=5))
    half = found.estimate("half_life")
    if np.isfinite(half.estimate):
        assert half.conf_high == inf
        assert "has no upper end" in " ".join(caution_sentence(one) for one in found.cautions)
    else:
        assert "no half-life" in " ".join(caution_sentence(one) for one in found.cautions)


def test_a_gain_that_is_not_there_has_an_unbounded_ratio_and_says_so():
    found = gains(cohort(n=25, gain=0.02, seed=7))
    assert all(one.shape != "interval" for _, one in found.sets)
    assert np.isnan(found.estimate("retention_ratio", "6").conf_low)
    assert "too uncertain to divide by" in found.summary()


def test_two_waves_have_a_ratio_and_no_half_life():
    found = gains(cohort(times=(0.0, 3.0, 6.0)), times=(0.0, 3.0, 6.0))
    assert {one.term for one in found.estimates} == {"gain", "retention_ratio"}
    with pytest.raises(EstimationError, match="A gain at 1 time cannot decay"):
        gains(cohort(times=(0.0, 3.0)), times=(0.0, 3.0))


def lines(n=80, seed=2):
    rng = np.random.default_rng(seed)
    times = np.array([0.0, 2.0, 4.0, 8.0])
    person, time = np.repeat(np.arange(n), 4), np.tile(times, n)
    coached = (person % 2).astype(float)
    y = 2 + 0.1 * time + coached * (0.3 * np.minimum(time, 4) - 0.1 * np.maximum(time - 4, 0)) \
        + 0.5 * rng.normal(size=n)[person] + 0.02 * rng.normal(size=n)[person] * time + 0.1 * rng.normal(size=4 * n)
    return pd.DataFrame({"id": person, "week": time, "arm": np.where(coached == 1, "c", "w"), "y": y})


def test_growth_with_a_knee_finds_both_slopes():
    found = growth(lines(), outcome="y", time="week", person="id", arm="arm", coached="c", comparison="w", knee=4,
                   same_start=True)
    assert found.estimate("slope_during", "c - w").estimate == pytest.approx(0.3, abs=0.03)
    assert found.estimate("slope_after", "c - w").estimate == pytest.approx(-0.1, abs=0.03)
    assert found.estimate("bend", "c").estimate == pytest.approx(-0.4, abs=0.05)
    assert found.estimate("slope_during", "w").estimate == pytest.approx(0.1, abs=0.03)
    frame = found.figure_frame
    at_four = frame[(frame["part"] == "points") & (frame["time"] == 4) & (frame["series"] == "c")]
    assert at_four["estimate"].iloc[0] == pytest.approx(2 + 0.4 + 1.2, abs=0.2)
    curve = frame[(frame["part"] == "curve")].groupby("series")["estimate"].first()
    assert curve["c"] == pytest.approx(curve["w"])
    found.plot()


def test_a_straight_line_is_the_mixed_model_itself(sleep):
    found = growth(sleep, outcome="Reaction", time="Days", person="Subject")
    model = mixed_model(sleep, outcome="Reaction", fixed=("Days",), random=(Random("Subject", ("1", "Days")),))
    one, other = found.estimate("slope"), model.estimate("Days")
    assert [one.estimate, one.std_error, one.df] == pytest.approx([other.estimate, other.std_error, other.df], rel=1e-6)


@pytest.mark.parametrize(("asked", "words"), [
    ({"time": "month"}, "There is no column 'month'"),
    ({"knee": 8}, "does not lie between the first wave and the last"),
    ({"arm": "arm", "coached": "c", "comparison": "x"}, "The arms to compare are 'c' and 'x'"),
    ({"coached": "c"}, "no column says who belongs"),
    ({"person": "arm"}, "rows repeat an earlier arm and wave_time"),
])
def test_growth_refuses(asked, words):
    with pytest.raises(EstimationError, match=words):
        growth(lines(), **({"outcome": "y", "time": "week", "person": "id"} | asked))


def test_two_waves_are_no_growth():
    with pytest.raises(EstimationError, match="There are 2 waves, and growth needs three"):
        growth(lines().query("week < 4"), outcome="y", time="week", person="id")
