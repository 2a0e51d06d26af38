"""Fits against lme4, lmerTest, pbkrtest and nlme: nested, crossed, partly nested, several coaches."""

import numpy as np
import pytest

from coachresearch.effects.mixed.compare import explained
from coachresearch.effects.mixed.contrast import joint_test
from coachresearch.effects.mixed.intervals import profile_intervals
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Membership, Random
from coachresearch.effects.mixed.repeated import repeated_measures

LIKELIHOOD = 1e-7  # Log likelihoods of two optimisers at the same maximum.
VALUE = 2e-6  # Estimates and standard errors, relative; lme4's optimiser stops about 1e-7 from the maximum.
FREEDOM = 2e-5  # lmerTest differentiates numerically.
PRINTED = 1e-4  # Profiles: interpolated by splines in lme4.
NLME = 2e-5  # nlme's optimiser stops earlier.

MODELS = {
    "nested": (("wave*coached",), (Random("person", ("1", "wave")), Random("team")), "reml"),
    "crossed": (("wave*coached",), (Random("person"), Random("rater"), Random("team")), "reml"),
    "partial": (("w1", "w2", "w1:coached", "w2:coached"),
                (Random("person"), Random("coach", absent="no_effect")), "reml"),
    "partial_ml": (("w1", "w2", "w1:coached", "w2:coached"),
                   (Random("person"), Random("coach", absent="no_effect")), "ml"),
    "multi": (("wave*coached",), (Random("person"), Membership(("coach", "coach2"), name="coach")), "reml"),
}


def fitted(trial, name, df="satterthwaite"):
    fixed, random, method = MODELS[name]
    data = trial.assign(w1=(trial["wave"] == 1).astype(int), w2=(trial["wave"] == 2).astype(int))
    return mixed_model(data, outcome="y", fixed=fixed, random=random, method=method, df=df)


def spreads(model):
    found = []
    for one, cov in zip(model.fit.factors, model.fit.covariances, strict=True):
        sd = np.sqrt(np.diag(cov))
        found += [*sd, *(cov[a, b] / (sd[a] * sd[b]) for a, b in one.pattern if a != b)]
    return [*found, model.fit.sigma]


def column(model, field):
    return [getattr(model.estimate(name), field) for name in model.names]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_estimates_agree_with_lme4(trial, figures, name):
    model, expected = fitted(trial, name), figures[name]
    assert model.log_likelihood == pytest.approx(expected["loglik"], abs=LIKELIHOOD)
    assert column(model, "estimate") == pytest.approx(expected["est"], rel=VALUE, abs=VALUE)
    assert column(model, "std_error") == pytest.approx(expected["se"], rel=VALUE)
    assert sorted(spreads(model)) == pytest.approx(sorted(expected["sd"]), rel=10 * VALUE)
    if "df" in expected:
        assert column(model, "df") == pytest.approx(expected["df"], rel=FREEDOM)
    assert model.fit.decrement < 1e-9


@pytest.mark.parametrize("name", ["nested", "crossed", "partial"])
def test_kenward_roger_agrees_with_pbkrtest(trial, figures, name):
    model, expected = fitted(trial, name, "kenward_roger"), figures[name]
    assert column(model, "std_error") == pytest.approx(expected["kr_se"], rel=VALUE)
    assert column(model, "df") == pytest.approx(expected["kr_df"], rel=FREEDOM)


@pytest.mark.parametrize(("df", "key"), [("satterthwaite", "contest"), ("kenward_roger", "krmodcomp")])
def test_joint_tests_agree(trial, figures, df, key):
    one = joint_test(fitted(trial, "nested", df), ({"coached": 1}, {"wave:coached": 1}))
    assert [one.statistic, one.df1, one.df2, one.p_value] == pytest.approx(figures["nested"][key], rel=FREEDOM)


def test_predicted_effects_agree(trial, figures):
    expected = figures["nested"]
    frame = fitted(trial, "nested").random_effects
    teams = frame[frame["group"] == "team"].set_index("level").loc[expected["team_levels"]]
    assert teams["estimate"].to_numpy() == pytest.approx(expected["team"], abs=VALUE)
    assert teams["std_error"].to_numpy() == pytest.approx(expected["team_sd"], rel=VALUE)


def test_residuals_by_arm_agree_with_nlme(trial, figures):
    model = mixed_model(trial, outcome="y", fixed=("wave*coached",), random=(Random("person"),),
                        residual_by="coached", df="kenward_roger")
    expected = figures["strata"]
    assert model.log_likelihood == pytest.approx(expected["loglik"], abs=LIKELIHOOD)
    assert model.fit.beta == pytest.approx(expected["est"], rel=NLME, abs=NLME)
    assert np.sqrt(np.diag(model.fit.vcov)) == pytest.approx(expected["se"], rel=NLME)
    assert model.estimate("residual_sd", "1").estimate == pytest.approx(expected["sigma"], rel=NLME)
    assert model.estimate("residual_sd", "0").estimate == pytest.approx(expected["sigma"] * expected["ratio"], rel=NLME)
    assert all(0 < one < 200 for one in column(model, "df"))


def test_free_covariance_of_the_waves_agrees_with_nlme(trial, figures):
    found, expected = repeated_measures(trial, outcome="y", fixed=("wave*coached",), person="person", wave="wave"), \
        figures["gls"]
    assert found.log_likelihood == pytest.approx(expected["loglik"], abs=LIKELIHOOD)
    assert found.beta == pytest.approx(expected["est"], rel=NLME, abs=NLME)
    assert np.sqrt(np.diag(found.vcov)) == pytest.approx(expected["se"], rel=NLME)
    pairs = [found.estimate("wave_correlation", group).estimate for group in ("0, 1", "0, 2", "1, 2")]
    assert pairs == pytest.approx(expected["cor"], abs=NLME)


def test_profiles_agree_with_lme4(trial, figures):
    model = mixed_model(trial, outcome="y", fixed=("wave*coached",), random=(Random("person"), Random("team")))
    found, expected = profile_intervals(model), figures["profile"]
    asked = [("random_sd", "person: intercept"), ("random_sd", "team: intercept"), ("residual_sd", ""),
             ("intercept", ""), ("wave", ""), ("coached", ""), ("wave:coached", "")]
    assert [found.estimate(*one).conf_low for one in asked] == pytest.approx(expected["low"], abs=PRINTED)
    assert [found.estimate(*one).conf_high for one in asked] == pytest.approx(expected["high"], abs=PRINTED)


@pytest.mark.parametrize(("key", "method", "correlated"),
                         [("reml", "reml", True), ("ml", "ml", True), ("uncorrelated", "reml", False)])
def test_sleepstudy_agrees(sleep, sleep_figures, key, method, correlated):
    expected = sleep_figures[key]["expected"]
    model = mixed_model(sleep, outcome="Reaction", fixed=("Days",), method=method,
                        random=(Random("Subject", ("1", "Days"), correlated=correlated),))
    assert model.log_likelihood == pytest.approx(expected["loglik"], abs=1e-5)
    assert model.aic == pytest.approx(expected["aic"], abs=1e-5)
    assert model.bic == pytest.approx(expected["bic"], abs=1e-5)
    for name, row in zip(model.names, expected["fixed"], strict=True):
        one = model.estimate(name)
        assert [one.estimate, one.std_error, one.df, one.p_value] \
            == pytest.approx([row["est"], row["se"], row["df"], row["p"]], rel=2e-4)


def test_sleepstudy_by_kenward_roger_and_variance_explained(sleep, sleep_figures):
    model = mixed_model(sleep, outcome="Reaction", fixed=("Days",), random=(Random("Subject", ("1", "Days")),),
                        df="kenward_roger")
    for name, row in zip(model.names, sleep_figures["kr"]["expected"], strict=True):
        one = model.estimate(name)
        assert [one.std_error, one.df] == pytest.approx([row["se"], row["df"]], rel=1e-5)
    found, expected = explained(model), sleep_figures["r2"]["expected"]
    assert found.estimate("r2_marginal").estimate == pytest.approx(expected["marginal"], abs=1e-5)
    assert found.estimate("r2_conditional").estimate == pytest.approx(expected["conditional"], abs=1e-5)
    profile = profile_intervals(model)
    one = profile.estimate("random_correlation", "Subject: intercept, Days")
    low, high = sleep_figures["ci"]["expected"]["profile"]["values"][1]
    assert [one.conf_low, one.conf_high] == pytest.approx([low, high], abs=1e-3)
