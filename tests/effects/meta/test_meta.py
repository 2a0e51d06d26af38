"""Pooling of studies: held against metafor and clubSandwich, closed forms and laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.meta.analysis import meta_analysis
from coachresearch.effects.meta.bias import leave_one_out, shrunken, small_studies
from coachresearch.effects.meta.cohorts import pool_cohorts
from coachresearch.effects.meta.effects_of_studies import from_counts, from_means, from_partial_correlations
from coachresearch.effects.meta.multilevel import meta_correlated, meta_multilevel
from coachresearch.effects.meta.published import beside_published, published_effects

PROGRAM = 2e-6  # metafor stops its iterations at a change of 1e-5 in the variance between studies

# Colditz et al. (1994), JAMA 271, 698-702: cases and others, vaccinated and not; a table of facts used everywhere.
BCG = np.array([
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)])


def bcg() -> pd.DataFrame:
    y, v = from_counts("log_risk_ratio", coached_yes=BCG[:, 0], coached_no=BCG[:, 1], comparison_yes=BCG[:, 2],
                       comparison_no=BCG[:, 3])
    return pd.DataFrame({"y": y, "v": v}, index=[f"trial {n}" for n in range(1, 14)])


def pooled(**options):
    return meta_analysis(bcg(), effect="y", variance="v", title="BCG", **options)


@pytest.mark.parametrize(("between", "tau2", "estimate", "error"), [  # metafor 3.8.1, rma(yi, vi, method = ...)
    ("fixed", 0.0, -0.430285163654091, 0.0404987517108638),
    ("dersimonian_laird", 0.308760262862376, -0.714117222073227, 0.178742089535403),
    ("reml", 0.313243325980895, -0.714532348365101, 0.179781531780361),
    ("ml", 0.280028171049595, -0.711199139190283, 0.171896817022674),
    ("sidik_jonkman", 0.345515701598595, -0.717248592557584, 0.187059458416427),
    ("hedges", 0.328563857995769, -0.715878588758735, 0.183279985988782),
    ("hunter_schmidt", 0.228362863676907, -0.704535373916257, 0.158652093056656),
])
def test_every_estimator_agrees_with_metafor(between, tau2, estimate, error):
    found = pooled(between=between, errors="normal")
    assert found.fit.tau2 == pytest.approx(tau2, abs=PROGRAM)
    main = found.estimate("pooled")
    assert (main.estimate, main.std_error) == pytest.approx((estimate, error), abs=PROGRAM)


def test_paule_and_mandel_solve_their_equation():
    found = pooled(between="paule_mandel")
    w = 1 / (found.variances + found.fit.tau2)
    assert float(w @ (found.effects - found.fit.coefficients[0]) ** 2) == pytest.approx(12, abs=1e-8)


def test_hartung_knapp_prediction_and_profile_agree_with_metafor():
    found = pooled()
    main, new, tau2 = found.estimate("pooled"), found.estimate("prediction"), found.estimate("tau2")
    assert (main.conf_low, main.conf_high) == pytest.approx((-1.10844372300005, -0.320620973730153), abs=1e-6)
    assert (new.conf_low, new.conf_high) == pytest.approx((-1.99601696702229, 0.566952270292088), abs=1e-6)
    assert (tau2.conf_low, tau2.conf_high) == pytest.approx((0.119695, 1.111486), abs=5e-5)


def test_small_studies_agree_with_metafor():
    found = small_studies(pooled(errors="normal"))
    assert found.estimate("egger").statistic == pytest.approx(-0.803329112070106, abs=1e-6)
    assert found.estimate("egger_weighted").p_value == pytest.approx(0.188706995081979, abs=1e-9)
    assert found.estimate("rank").p_value == pytest.approx(0.952361907960866, abs=1e-9)
    assert found.estimate("trim_and_fill").estimate == pytest.approx(-0.657082800760365, abs=1e-6)
    assert found.estimate("fail_safe").estimate == 598
    assert found.side == "right"


def test_leaving_one_out_and_shrinking():
    out, whole = leave_one_out(pooled(errors="normal")), pooled()
    assert out.estimate("pooled", "trial 1").estimate == pytest.approx(-0.707083788031437, abs=1e-6)
    near = {one.group: one.estimate for one in shrunken(whole)}
    for name, effect in zip(whole.studies, whole.effects, strict=True):
        assert min(effect, whole.fit.coefficients[0]) <= near[name] <= max(effect, whole.fit.coefficients[0])


@given(st.floats(-5, 5), st.floats(0.2, 5))
def test_pooling_moves_and_stretches_with_the_effects(shift, scale):
    first = pooled(between="paule_mandel").estimate("pooled")
    frame = bcg()
    turned = meta_analysis(pd.DataFrame({"y": frame["y"] * scale + shift, "v": frame["v"] * scale ** 2}), effect="y",
                           variance="v", title="x", between="paule_mandel").estimate("pooled")
    assert turned.estimate == pytest.approx(first.estimate * scale + shift, abs=1e-6)
    assert turned.std_error == pytest.approx(first.std_error * scale, rel=1e-5)


def test_three_levels_with_one_effect_each_are_the_ordinary_model():
    frame = bcg().assign(study=range(13))
    deep = meta_multilevel(frame, effect="y", variance="v", levels=["study"], title="x", errors="model")
    flat = pooled(errors="normal")
    assert deep.estimate("pooled").estimate == pytest.approx(flat.estimate("pooled").estimate, abs=1e-5)
    assert deep.estimate("sigma2", "study").estimate == pytest.approx(flat.fit.tau2, abs=1e-5)
    assert deep.log_likelihood == pytest.approx(flat.fit.log_likelihood, abs=1e-8)


def test_effects_of_the_same_people_count_once():
    rng = np.random.default_rng(3)
    rows = [(study, effect, 0.04) for study in range(40) for own in [0.3 + 0.3 * rng.standard_normal()]
            for effect in own + 0.2 * rng.standard_normal(3)]
    frame = pd.DataFrame(rows, columns=["s", "y", "v"])
    found = meta_correlated(frame, effect="y", variance="v", study="s", title="x", correlation=0.5)
    assert found.estimate("tau2").estimate == pytest.approx(0.09, abs=0.05)
    naive = meta_analysis(frame, effect="y", variance="v", title="x")
    assert found.estimate("pooled").std_error > 1.3 * naive.estimate("pooled").std_error


def test_cohorts_are_analysed_alike_and_pooled():
    rng = np.random.default_rng(4)
    parts = []
    for cohort in range(6):
        pre, coached = rng.standard_normal(60), np.arange(60) % 2 == 0
        parts.append(pd.DataFrame({"cohort": f"c{cohort}", "pre": pre, "arm": np.where(coached, "c", "o"),
                                   "post": 0.6 * pre + 0.4 * coached + 0.8 * rng.standard_normal(60)}))
    frame = pd.concat(parts, ignore_index=True)
    options = {"study": "cohort", "pre": "pre", "post": "post", "arm": "arm", "coached": "c", "comparison": "o",
               "title": "x"}
    found = pool_cohorts(frame, **options)
    assert found.estimate("pooled").conf_low < 0.4 < found.estimate("pooled").conf_high
    with pytest.raises(EstimationError, match="Cohort 'c0' cannot be analysed: Nobody is in arm 'c'"):
        pool_cohorts(frame.assign(arm=np.where(frame["cohort"] == "c0", "o", frame["arm"])), **options)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda d: d.assign(v=0.0), "zero or negative"), (lambda d: d.iloc[:1], "1 effects are too few"),
    (lambda d: pd.concat([d, d.iloc[[0]]]), "use meta_multilevel"), (lambda d: d.drop(columns="v"), "no column 'v'"),
])
def test_studies_that_do_not_fit_are_named(spoil, words):
    with pytest.raises(EstimationError, match=words):
        meta_analysis(spoil(bcg()), effect="y", variance="v", title="x")


def test_gaps_are_counted_and_few_studies_said():
    frame = bcg().iloc[:4].assign(y=lambda d: d["y"].where(np.arange(4) > 0))
    said = meta_analysis(frame, effect="y", variance="v", title="x").summary()
    assert "1 of 4 effects lack a number" in said
    assert "There are 3 studies" in said


def test_printed_means_become_effects():
    g, v = from_means("hedges_g", mean_coached=[55], sd_coached=[47], n_coached=[155], mean_comparison=[75],
                      sd_comparison=[64], n_comparison=[156])  # Normand (1999); metafor: -0.355169640940107, 0.0130646
    assert (g[0], v[0]) == pytest.approx((-0.355169640940107, 0.0130646755415297), abs=1e-12)
    r, _ = from_partial_correlations([4.61], [218], [4])  # Aloe & Thompson (2013), first row
    assert r[0] == pytest.approx(0.301202920791276, abs=1e-12)
    with pytest.raises(EstimationError, match="negative"):
        from_counts("log_odds_ratio", coached_yes=[-1], coached_no=[1], comparison_yes=[1], comparison_no=[1])


def test_every_published_figure_has_its_source_and_mark():
    everything = published_effects()
    assert len(everything) > 100
    for one in everything:
        assert one.source
        assert one.seen in ("abstract", "text", "secondary", "derived", "recalled", "company_claim")
        assert one.confidence in ("high", "medium", "low")
        assert not (one.seen == "recalled" and one.confidence == "high")
    assert len(published_effects(least="high")) < len(everything)


def test_standing_beside_published_effects_is_no_finding():
    ours = Estimate("hedges_g", 0.4, conf_low=0.1, conf_high=0.7, conf_level=0.95, n=80)
    assert "is no finding" in beside_published(ours, title="Trust", name="Spring").summary()
    with pytest.raises(EstimationError, match="not a difference between arms"):
        beside_published(Estimate("d_av", 0.4), title="x", name="y")
