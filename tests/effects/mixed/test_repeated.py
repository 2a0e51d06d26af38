"""Covariances among waves: laws, closed forms, refusals; analysis of variance against pingouin."""

import numpy as np
import pandas as pd
import pingouin
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random
from coachresearch.effects.mixed.repeated import repeated_measures
from coachresearch.effects.mixed.sphericity import wave_differences


def people(n=60, waves=3, seed=1, rho=0.6):
    rng = np.random.default_rng(seed)
    lags = np.abs(np.subtract.outer(np.arange(waves), np.arange(waves)))
    y = rng.multivariate_normal(np.arange(waves) * 0.2, rho ** lags, size=n)
    return pd.DataFrame({"person": np.repeat(np.arange(n), waves), "wave": np.tile(np.arange(waves), n),
                         "y": y.ravel()})


def test_free_covariance_of_complete_people_is_the_sample_covariance():
    data = people()
    data["w"] = data["wave"].astype(str)
    found = repeated_measures(data, outcome="y", fixed=("w",), person="person", wave="wave", reference={"w": "0"})
    wide = data.pivot(index="person", columns="wave", values="y").to_numpy()
    assert found.covariance == pytest.approx(np.cov(wide, rowvar=False), abs=1e-5)
    moved = wide[:, 2] - wide[:, 0]
    one = found.estimate("w[2]")
    assert [one.estimate, one.std_error] == pytest.approx([moved.mean(), moved.std(ddof=1) / 60 ** 0.5], rel=1e-5)
    assert one.df == pytest.approx(59, rel=1e-3)


def test_two_waves_with_one_correlation_are_a_random_intercept():
    data = people(waves=2)
    found = repeated_measures(data, outcome="y", fixed=("wave",), person="person", wave="wave", covariance="ar1")
    model = mixed_model(data, outcome="y", fixed=("wave",), random=(Random("person"),))
    assert found.log_likelihood == pytest.approx(model.log_likelihood, abs=1e-6)
    assert found.estimate("wave_autocorrelation").estimate == pytest.approx(model.estimate("icc", "person").estimate,
                                                                            abs=1e-4)
    assert found.estimate("wave").df == pytest.approx(model.estimate("wave").df, rel=1e-3)


def test_autocorrelation_is_recovered_and_gaps_count():
    data = people(n=500, waves=5).sample(frac=0.8, random_state=1)
    found = repeated_measures(data, outcome="y", fixed=("wave",), person="person", wave="wave", covariance="ar1")
    assert found.estimate("wave_autocorrelation").estimate == pytest.approx(0.6, abs=0.05)
    half = repeated_measures(data.assign(wave=data["wave"] / 2), outcome="y", fixed=("wave",), person="person",
                             wave="wave", covariance="ar1")
    assert half.log_likelihood == pytest.approx(found.log_likelihood + np.log(2), abs=1e-5)
    assert half.estimate("wave_autocorrelation").estimate \
        == pytest.approx(found.estimate("wave_autocorrelation").estimate ** 2, abs=1e-4)


@pytest.mark.parametrize(("change", "words"), [
    (lambda d: d.assign(y="a"), "is of type"), (lambda d: pd.concat([d, d.head(1)]), "rows repeat an earlier person"),
    (lambda d: d[~((d["wave"] == 2) & (d["person"] >= 30)) & ~((d["wave"] == 0) & (d["person"] < 30))],
     "Nobody has an outcome at both waves: 0 and 2"),
    (lambda d: d.assign(y=1.0), "does not vary"), (lambda d: d.drop(columns="wave"), "There is no column 'wave'"),
    (lambda d: d.assign(y=np.nan), "No row has every column"),
])
def test_refusals(change, words):
    with pytest.raises(EstimationError, match=words):
        repeated_measures(change(people()), outcome="y", fixed=(), person="person", wave="wave")


def test_analysis_of_variance_agrees_with_pingouin():
    data = people(waves=4)
    wide = data.pivot(index="person", columns="wave", values="y")
    wide.columns = [f"w{one}" for one in wide.columns]
    found = wave_differences(wide, waves=tuple(wide.columns))
    other = pingouin.rm_anova(data=data, dv="y", within="wave", subject="person", correction=True)
    assert found.estimate("f").estimate == pytest.approx(float(other["F"].iloc[0]), rel=1e-6)
    assert found.estimate("f").p_value == pytest.approx(float(other["p_unc"].iloc[0]), rel=1e-5)
    epsilon = found.estimate("epsilon", "greenhouse_geisser").estimate
    assert epsilon == pytest.approx(float(other["eps"].iloc[0]), rel=1e-5)
    holes = wide.copy()
    holes.iloc[0, 1] = np.nan
    assert "1 of 60 people lacked a wave" in wave_differences(holes, waves=tuple(wide.columns)).summary()
    with pytest.raises(EstimationError, match="2 waves"):
        wave_differences(wide, waves=("w0", "w1"))
