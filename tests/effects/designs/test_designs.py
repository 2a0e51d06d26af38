"""Designs: known truths are recovered, special cases meet known formulas, and bad input is named."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import DesignError, EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.effects import sizes
from coachresearch.effects.clustered import cluster_robust
from coachresearch.effects.designs.differences import difference_in_differences
from coachresearch.effects.designs.discontinuity import regression_discontinuity
from coachresearch.effects.designs.dose import dose_response
from coachresearch.effects.designs.interrupted import interrupted_series
from coachresearch.effects.designs.moderation import moderation
from coachresearch.effects.designs.observational import self_selected
from coachresearch.effects.designs.one_group import one_group
from coachresearch.effects.designs.randomised import randomised
from coachresearch.effects.designs.stepped_wedge import constrained_baseline, stepped_wedge
from coachresearch.effects.propensity import e_value, propensity
from coachresearch.effects.regression import ancova_difference, least_squares

ARMS = {"pre": "pre", "post": "post", "arm": "arm", "coached": "c", "comparison": "o", "title": "Trust"}


def people(n=120, effect=0.4, seed=1, **columns):
    rng = np.random.default_rng(seed)
    coached = rng.permutation(np.arange(n) % 2 == 0)
    pre = rng.standard_normal(n)
    post = 0.6 * pre + effect * coached + 0.8 * rng.standard_normal(n)
    return pd.DataFrame({"pre": pre, "post": post, "arm": np.where(coached, "c", "o")}
                        | {name: values(rng, n) for name, values in columns.items()})


def test_randomised_is_ancova_with_hc3():
    frame = people()
    found = randomised(frame, **ARMS)
    c, o = (frame[frame["arm"] == one] for one in "co")
    known = ancova_difference(c["pre"], c["post"], o["pre"], o["post"])
    assert (found.main.estimate, found.main.std_error) == pytest.approx((known.estimate, known.std_error))
    assert found.estimand == "assigned_to_coaching"
    assert "Chance decided who was coached" in found.summary()


def test_clusters_of_one_are_hc2_and_are_named():
    frame = people(40).assign(team=[f"t{n}" for n in range(40)])
    found = randomised(frame, **ARMS, cluster="team")
    assert found.main.method == "ancova_cr2"
    assert "40 clusters in team hold one person only" in found.summary()
    x = np.column_stack([np.ones(40), frame["arm"] == "c", frame["pre"]]).astype(float)
    fit = least_squares(x, frame["post"].to_numpy())
    bread = np.linalg.inv(x.T @ x)
    scores = x * (fit.residuals / np.sqrt(1 - fit.leverages))[:, None]
    assert found.main.std_error ** 2 == pytest.approx((bread @ (scores.T @ scores) @ bread)[1, 1])


def test_cluster_errors_need_clusters():
    with pytest.raises(EstimationError, match="at least 2 clusters; there are 1"):
        cluster_robust(np.ones((4, 1)), np.ones(4), ["a"] * 4)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda d: d.assign(post=np.where(d["arm"] == "c", np.nan, d["post"])), "Arm 'c' has 0 people"),
    (lambda d: d[(d["arm"] == "o") | (d.index == d.index[d["arm"] == "c"][0])], "Arm 'c' has 1 people"),
    (lambda d: d.assign(arm="o"), "Nobody is in arm 'c'"),
    (lambda d: pd.concat([d, d.iloc[[0]]]), "more than one row"),
    (lambda d: d.drop(columns="pre"), "no column 'pre'"),
    (lambda d: d.assign(post="high"), "not a number"),
    (lambda d: d.assign(pre=3.0), "repeat each other"),
])
def test_bad_rows_are_named(spoil, words):
    with pytest.raises(EstimationError, match=words):
        randomised(spoil(people(30)), **ARMS)


def test_one_group_shows_regression_beside_the_change_and_claims_nothing():
    rng = np.random.default_rng(4)
    true = rng.standard_normal(60_000)
    pre, post = true + 0.5 * rng.standard_normal(60_000), true + 0.5 * rng.standard_normal(60_000)
    low = pre < np.quantile(pre, 1 / 3)
    found = one_group(pd.DataFrame({"pre": pre[low], "post": post[low]}), pre="pre", post="post", title="Trust",
                      stability=1 / 1.25, population_mean=0.0)
    assert found.estimate("mean_change").estimate > 0.2  # nothing happened, and the lowest third rises
    assert found.estimate("change_beyond_regression").estimate == pytest.approx(0, abs=0.02)
    assert "cannot be told from time passing" in found.summary()


def test_measurement_error_bias_is_taken_out_where_ancova_fails():
    rng = np.random.default_rng(5)
    true = rng.standard_normal(6000)
    coached = rng.random(6000) < 1 / (1 + np.exp(-true))
    frame = pd.DataFrame({"pre": true + 0.5 * rng.standard_normal(6000),
                          "post": 0.7 * true + 0.3 * coached + 0.6 * rng.standard_normal(6000),
                          "arm": np.where(coached, "c", "o")})
    found = self_selected(frame, **ARMS, reliability=0.8)
    group = "c - o"
    assert found.estimate("ancova_true_score", group).estimate == pytest.approx(0.3, abs=0.06)
    assert found.main.conf_low > 0.3  # adjustment for the observed score alone misses it
    assert found.estimate("weighted_difference", group).conf_low > 0.3  # and so do weights
    assert abs(found.estimate("balance_after", "pre").estimate) < 0.05
    assert found.estimate("balance_before", "pre").estimate > 0.5


def test_perfect_separation_is_named_and_the_rest_still_stands():
    frame = people(60).assign(grade=lambda d: np.where(d["arm"] == "c", 5.0, 1.0) + np.arange(60) / 1000)
    found = self_selected(frame, **ARMS, covariates=["grade"])
    assert "separate the arms perfectly" in found.summary()
    assert {one.term for one in found.estimates} >= {"ancova_difference", "change_difference", "e_value"}
    with pytest.raises(NotConverged, match="separate the arms perfectly"):
        propensity(np.repeat([0.0, 1], 5), np.arange(10.0)[:, None], ("x",))


def test_propensity_agrees_with_statsmodels_and_balances():
    import statsmodels.api as sm

    frame = people(300)
    z, x = (frame["arm"] == "c").to_numpy(dtype=float), frame[["pre"]].to_numpy()
    chance = propensity(z, x, ("pre",)).chance
    known = sm.Logit(z, sm.add_constant(x)).fit(disp=0).predict()
    assert chance == pytest.approx(known, abs=1e-8)


def test_the_e_value_is_the_printed_one():
    # VanderWeele & Ding (2017): a risk ratio of 3.9 has an E-value of 7.26.
    assert e_value(np.log(3.9) / 0.91) == pytest.approx(7.26, abs=0.005)
    assert e_value(0.0) == 1.0


def test_lords_paradox_is_told():
    rng = np.random.default_rng(6)
    coached = np.arange(200) < 100
    pre = rng.standard_normal(200) + coached
    frame = pd.DataFrame({"pre": pre, "post": 0.5 * (pre - coached) + coached + 0.5 * rng.standard_normal(200),
                          "arm": np.where(coached, "c", "o")})
    assert "the two ask different questions" in self_selected(frame, **ARMS).summary()


def test_a_jump_is_recovered_and_the_sides_are_checked():
    rng = np.random.default_rng(7)
    score = rng.uniform(-1, 1, 4000)
    noise = 0.3 * rng.standard_normal(4000)
    frame = pd.DataFrame({"score": score, "y": score + score ** 3 + 0.5 * (score < 0) + noise})
    found = regression_discontinuity(frame, score="score", outcome="y", cut=0, title="x")
    assert found.main.conf_low < 0.5 < found.main.conf_high
    assert found.main.std_error < 0.08
    above = regression_discontinuity(frame, score="score", outcome="y", cut=0, title="x", coached_below=False)
    assert above.main.estimate == pytest.approx(-found.main.estimate)
    with pytest.raises(EstimationError, match="0 people lie below the cut"):
        regression_discontinuity(frame, score="score", outcome="y", cut=-2, title="x")
    moved = frame.assign(score=np.where((score > 0) & (score < 0.08), score - 0.08, score))
    assert "may have been moved across" in regression_discontinuity(moved, score="score", outcome="y", cut=0,
                                                                    title="x").summary()


def test_a_fuzzy_jump_is_divided_by_the_jump_in_coaching():
    rng = np.random.default_rng(8)
    score = rng.uniform(-1, 1, 6000)
    took = rng.random(6000) < np.where(score < 0, 0.8, 0.2)
    frame = pd.DataFrame({"s": score, "took": took.astype(float), "y": score + took + 0.3 * rng.standard_normal(6000)})
    found = regression_discontinuity(frame, score="s", outcome="y", cut=0, coached="took", title="x")
    assert found.main.conf_low < 1.0 < found.main.conf_high
    assert found.main.method == "jump_fuzzy"


def panel(effect=0.5, seed=3):
    rng = np.random.default_rng(seed)
    rows = [(f"u{u}", p, u % 2, 0.1 * u + 0.3 * p + effect * (u % 2) * (p >= 3) + 0.3 * rng.standard_normal())
            for u in range(40) for p in range(6)]
    return pd.DataFrame(rows, columns=["unit", "period", "coached", "y"])


DID = {"unit": "unit", "period": "period", "outcome": "y", "coached": "coached", "start": 3, "title": "x"}


def test_difference_in_differences_of_a_balanced_panel_is_that_of_the_means():
    frame = panel()
    found = difference_in_differences(frame, **DID)
    means = frame.assign(after=frame["period"] >= 3).groupby(["coached", "after"])["y"].mean()
    assert found.main.estimate == pytest.approx(means[1, True] - means[1, False] - means[0, True] + means[0, False])
    changes = frame.assign(after=frame["period"] >= 3).groupby(["unit", "coached", "after"])["y"].mean().unstack()
    gain = (changes[True] - changes[False]).reset_index()
    known = sizes.mean_difference(gain.loc[gain["coached"] == 1, 0], gain.loc[gain["coached"] == 0, 0])
    assert found.main.std_error == pytest.approx(known.std_error, rel=1e-6)  # CR2 of two groups is Welch's error
    assert found.main.df == pytest.approx(38, abs=0.5)
    assert found.estimate("leads_joint").p_value > 0.05


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda d: d[d["coached"] == 1], "nothing to compare with"), (lambda d: d[d["period"] >= 3], "no period before 3"),
    (lambda d: pd.concat([d, d.iloc[[0]]]), "stand twice, the first: unit 'u0', period 0"),
    (lambda d: d.assign(coached=d["coached"] * (d["period"] >= 3)), "need stepped_wedge"),
    (lambda d: d[(d["coached"] == 0) | (d["unit"] == "u1")], "1 units are coached and 20 are not"),
])
def test_panels_that_do_not_fit_are_named(spoil, words):
    with pytest.raises((DesignError, EstimationError), match=words):
        difference_in_differences(spoil(panel()), **DID)


def test_a_past_that_moves_apart_is_told():
    frame = panel().assign(y=lambda d: d["y"] + 0.3 * d["coached"] * d["period"])
    assert "moved apart before coaching already" in difference_in_differences(frame, **DID).summary()


def series(drop=0.6, seed=5):
    rng = np.random.default_rng(seed)
    t = np.arange(48)
    rate = np.exp(3 + 0.01 * t + 0.3 * np.sin(2 * np.pi * t / 12))
    counts = np.r_[rng.poisson(rate * np.where(t >= 24, drop, 1)), rng.poisson(rate)]
    return pd.DataFrame({"m": np.r_[t, t], "n": counts, "u": ["a"] * 48 + ["b"] * 48})


SERIES = {"period": "m", "count": "n", "start": 24, "title": "Complaints"}


def test_a_drop_in_counts_is_recovered_against_a_comparison_unit():
    found = interrupted_series(series(), **SERIES, unit="u", coached="a", season=12)
    assert found.main.conf_low < 0.6 < found.main.conf_high
    assert found.main.conf_high < 1
    alone = interrupted_series(series().query("u == 'a'"), **SERIES)
    assert "There is no comparison unit" in alone.summary()


def test_poisson_rates_agree_with_statsmodels():
    import statsmodels.api as sm

    frame = series().query("u == 'a'")
    t = frame["m"].to_numpy() - 24.0
    x = np.column_stack([np.ones(48), t, t >= 0, np.maximum(t, 0)]).astype(float)
    known = sm.GLM(frame["n"], x, family=sm.families.Poisson()).fit(cov_type="HAC", cov_kwds={
        "maxlags": 3, "use_correction": True})
    found = interrupted_series(frame, **SERIES, lags=3)
    assert np.log(found.main.estimate) == pytest.approx(known.params.iloc[2], abs=1e-8)
    width = np.log(found.main.conf_high / found.main.conf_low) / (2 * 1.959964)
    assert width == pytest.approx(known.bse.iloc[2], rel=1e-5)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda d: d.assign(n=d["n"] + 0.5), "broken number"), (lambda d: d[d["m"] > 22], "1 periods before 24"),
    (lambda d: pd.concat([d, d.iloc[[0]]]), "stand twice"),
    (lambda d: d.assign(n=np.where(d["m"] >= 24, 0, d["n"])), "all zero"),
])
def test_series_that_do_not_fit_are_named(spoil, words):
    with pytest.raises((EstimationError, NotConverged), match=words):
        interrupted_series(spoil(series().query("u == 'a'")), **SERIES)


def wedge(effect=0.4, seed=2):
    rng = np.random.default_rng(seed)
    rows = [(f"c{c}", p, int(p > c % 3), own + 0.2 * p + effect * (p > c % 3) + rng.standard_normal())
            for c in range(18) for own in [0.5 * rng.standard_normal()] for p in range(4) for _ in range(8)]
    return pd.DataFrame(rows, columns=["cluster", "period", "coached", "y"])


WEDGE = {"cluster": "cluster", "period": "period", "outcome": "y", "coached": "coached", "title": "x"}


def test_a_stepped_wedge_is_recovered_and_going_back_is_refused():
    found = stepped_wedge(wedge(), **WEDGE)
    assert found.main.conf_low < 0.4 < found.main.conf_high
    back = wedge().assign(coached=lambda d: np.where((d["cluster"] == "c0") & (d["period"] == 3), 0, d["coached"]))
    with pytest.raises(DesignError, match="Cluster 'c0' is coached and then not"):
        stepped_wedge(back, **WEDGE)
    with pytest.raises(DesignError, match="cross at the same period"):
        stepped_wedge(wedge().assign(coached=lambda d: (d["period"] > 1).astype(int)), **WEDGE)


def test_the_constrained_baseline_uses_everybody_and_meets_ancova():
    frame = people(200)
    frame.loc[::5, "post"] = np.nan
    long = pd.concat([frame.assign(id=frame.index, wave=w, y=frame[w])[["id", "wave", "arm", "y"]]
                      for w in ("pre", "post")]).dropna()
    found = constrained_baseline(long, person="id", wave="wave", outcome="y", arm="arm", coached="c", before="pre",
                                 title="x")
    assert found.main.n == len(long)
    assert found.main.estimate == pytest.approx(randomised(frame, **ARMS).main.estimate, abs=0.02)
    gone = long[(long["wave"] == "pre") | (long["arm"] == "o")]
    with pytest.raises(EstimationError, match="there is nobody of arm 'c'"):
        constrained_baseline(gone, person="id", wave="wave", outcome="y", arm="arm", coached="c", before="pre",
                             title="x")


def test_moderation_asks_for_the_interaction():
    frame = people(4000, m=lambda rng, n: rng.standard_normal(n))
    frame["post"] += 0.3 * frame["m"] * (frame["arm"] == "c")
    found = moderation(frame, **ARMS, moderator="m")
    assert found.main.term == "interaction"
    assert found.main.estimate == pytest.approx(0.3, abs=0.08)
    assert found.estimate("effect_at", "m").estimate == pytest.approx(0.4, abs=0.08)
    assert "was not planned" in found.summary()
    with pytest.raises(EstimationError, match="more than two levels"):
        moderation(frame.assign(m=np.resize(["a", "b", "c"], len(frame))), **ARMS, moderator="m")


def test_the_dose_is_never_an_effect():
    frame = people(80, dose=lambda rng, n: rng.integers(1, 9, n).astype(float))
    found = dose_response(frame, dose="dose", pre="pre", post="post", title="x")
    assert "no effect of the dose" in found.summary()
    with pytest.raises(EstimationError, match="does not vary"):
        dose_response(frame.assign(dose=3.0), dose="dose", pre="pre", post="post", title="x")


def test_a_reliability_that_leaves_nothing_is_said():
    found = self_selected(people(80), **ARMS, reliability=Estimate("alpha", 0.02))
    assert "measurement error takes up all" in found.summary()
