"""Kinds of reference cases about effect sizes, change, clustered errors, many questions and planning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from benchmarks.kinds import Case, Numbers, groups, kind_d_independent, kind_d_paired, kind_rci, limits, waves

from coachresearch.effects import conversions, correlations, multiplicity, sizes, standardised, superiority
from coachresearch.effects.clustered import cluster_robust
from coachresearch.effects.groups import compare_groups
from coachresearch.effects.individual import Norm, individual_change
from coachresearch.effects.missing.pooling import rubin
from coachresearch.effects.planning import power
from coachresearch.effects.regression import least_squares

if TYPE_CHECKING:
    import pandas as pd


def kind_paired(case: Case, data: pd.DataFrame) -> Numbers:
    pre, post = waves(case, data)
    before = standardised.d_pre(pre, post)
    return kind_d_paired(case, data) | {
        "d_rm": standardised.d_rm(pre, post).estimate, "g_pre": before.estimate,
        "d_pre": before.estimate / sizes.hedges_correction(len(pre) - 1)}


def kind_escalc_change(case: Case, data: pd.DataFrame) -> Numbers:
    """The reference divides by the spread of the later wave, so the waves change places, and the sign with them."""
    pre, post = waves(case, data)
    moved, z = sizes.mean_change(pre, post), sizes.d_z(pre, post, corrected=True)
    equal, unequal = (standardised.d_pre(post, pre, equal_spread=same) for same in (True, False))
    return {"MC": {"yi": moved.estimate, "vi": moved.std_error ** 2}, "SMCC": {"yi": z.estimate},
            "SMCR": {"yi": -equal.estimate, "vi": equal.std_error ** 2},
            "SMCRH": {"yi": -unequal.estimate, "vi": unequal.std_error ** 2}}


def kind_independent(case: Case, data: pd.DataFrame) -> Numbers:
    return kind_d_independent(case, data) | {"glass_delta": limits(standardised.glass_delta(*groups(case, data)))}


def kind_es_convert(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"hedges_J_18": sizes.hedges_correction(18), "d_to_r": conversions.d_to_r(0.5).value,
            "r_to_d": conversions.r_to_d(0.3).value, "d_to_or": conversions.d_to_odds_ratio(0.5).value,
            "or_to_d": conversions.odds_ratio_to_d(2.5).value, "d_to_u3": conversions.d_to_u3(0.5).value,
            "d_to_ps": conversions.d_to_prob_superiority(0.5).value,
            "d_to_overlap": conversions.d_to_overlap(0.5).value}


def kind_rank_biserial(case: Case, data: pd.DataFrame) -> Numbers:
    first, second = groups(case, data)
    delta, above = (compute(first, second, interval="fisher")
                    for compute in (superiority.cliffs_delta, superiority.prob_superiority))
    d, test = sizes.cohens_d(first, second), superiority.rank_test(first, second)
    return {"rank_biserial": limits(delta), "p_superiority": limits(above),
            "p_superiority_normal": limits(conversions.converted(d, "prob_superiority")),
            "cohens_u3": limits(conversions.converted(d, "u3")),
            "mann_whitney_W": test.estimate, "mann_whitney_p": test.p_value}


def kind_anova(case: Case, data: pd.DataFrame) -> Numbers:
    score, group = case["data"]["columns"]
    rows = data[[score, group]].dropna()
    found = compare_groups(rows[score], rows[group], title="")
    f, welch, levene, eta = (found.estimate(term) for term in ("anova_f", "welch_f", "levene_f", "eta2"))
    pairs = {tuple(one.group.split(" - ")): one for one in found.estimates if one.term == "pair_difference"}
    tukey = []
    for row in case["expected"]["tukey"]:
        a, b = row["pair"].split("-")
        sign, one = (1, pairs[a, b]) if (a, b) in pairs else (-1, pairs[b, a])
        low, high = sorted((sign * one.conf_low, sign * one.conf_high))
        tukey.append({"diff": sign * one.estimate, "lower": low, "upper": high, "p": one.p_value})
    k = rows[group].nunique()
    return {"f": f.statistic, "df1": k - 1, "df2": f.df, "p": f.p_value, "eta2": limits(eta),
            "omega2": found.estimate("omega2").estimate, "epsilon2": found.estimate("epsilon2").estimate,
            "welch": {"f": welch.statistic, "df1": k - 1, "df2": welch.df, "p": welch.p_value},
            "levene_median": {"f": levene.statistic, "p": levene.p_value}, "tukey": tukey}


def kind_ols_cluster(case: Case, data: pd.DataFrame) -> Numbers:
    from scipy.stats import t

    outcome, *names = case["data"]["columns"]
    design = np.column_stack([np.ones(len(data)), data[names].to_numpy(dtype=float)])
    fit = least_squares(design, data[outcome].to_numpy(dtype=float))
    robust = cluster_robust(design, fit.residuals, list(data[case["data"]["cluster"]]))
    errors, plain = (np.sqrt(np.diag(one)) for one in (robust.cr2, robust.cr0))
    return {"cr0_se": dict(zip(["(Intercept)", *names], map(float, plain), strict=True)),
            "cr2": [{"beta": float(b), "se": float(se), "t": float(b / se), "df": float(df),
                     "p": float(2 * t.sf(abs(b / se), df))}
                    for b, se, df in zip(fit.coefficients, errors, robust.df, strict=True)]}


def kind_p_adjust(case: Case, data: pd.DataFrame | None) -> Numbers:
    p = [0.001, 0.008, 0.020, 0.041, 0.042, 0.060, 0.074, 0.205]
    names = {"BH": "benjamini_hochberg", "BY": "benjamini_yekutieli"}
    columns = [multiplicity.adjusted_p(p, names.get(name, name)) for name in case["expected"]["cols"]]
    return {"values": [[float(column[row]) for column in columns] for row in range(len(p))]}


def kind_r_diff(case: Case, data: pd.DataFrame | None) -> Numbers:
    apart = correlations.correlation_difference(0.5, 80, 0.3, 100)
    same = correlations.dependent_difference(0.4, 0.3, 0.1, 103)
    return {"independent_z": apart.statistic, "independent_p": apart.p_value, "dependent_t": same.statistic,
            "dependent_p": same.p_value}


def kind_change_index(case: Case, data: pd.DataFrame) -> Numbers:
    about = case["data"]
    pre, post = about["columns"]
    found = individual_change(data.reset_index(drop=True), pre=pre, post=post, title="",
                              reliability=about["reliability"], norm=Norm(about["norm_mean"], about["norm_sd"]),
                              higher_is_better=False)
    n = len(found.status)
    return kind_rci(case, data) | {
        "cutoff_c": found.border, "rci_first10": list(found.index[:10]),
        "improved": round(found.estimate("share_improved").estimate * n),
        "recovered": round(found.estimate("share_crossed").estimate * n)}


def kind_power_t(case: Case, data: pd.DataFrame | None) -> Numbers:
    name = case["id"]
    if name == "power.t.two.n":
        return {"n_per_group": power.people_needed(effect=0.5)}
    if name == "power.t.paired.n":
        return {"n": power.people_needed(effect=0.3, power=0.9, comparison="paired")}
    if name == "power.t.strict":
        return {"power": power.power_t(n=20, effect=0.1)}
    return {"power": power.power_t(n=40, effect=0.5, both_tails=False)}


def kind_power_anova(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"power": power.power_groups(groups=3, n=30, between_variance=1, within_variance=9)}


def kind_power_prop(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"n_per_group": power.people_for_shares(first=0.5, second=0.7)}


def kind_power_ancova(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"power": power.power_ancova(n=50, effect=0.4, correlation=0.6)}


def kind_power_cluster(case: Case, data: pd.DataFrame | None) -> Numbers:
    effect = power.design_effect(people=10, icc=0.05)
    return {"design_effect": effect, "effective_n_per_arm": 120 / effect,
            "power": power.power_clusters(clusters=12, people=10, icc=0.05, effect=0.4)}


def kind_rubin(case: Case, data: pd.DataFrame | None) -> Numbers:
    found = rubin([1.10, 1.25, 0.98, 1.17, 1.05], [0.040, 0.038, 0.045, 0.041, 0.039], complete_df=117)
    return {"qbar": found.estimate, "ubar": found.within, "b": found.between, "t": found.total, "r": found.increase,
            "df": found.df, "fmi": found.missing_information}


KINDS = {
    "d_paired": kind_paired, "escalc_change": kind_escalc_change, "d_independent": kind_independent,
    "es_convert": kind_es_convert, "rank_biserial": kind_rank_biserial, "anova": kind_anova,
    "ols_cluster": kind_ols_cluster, "p_adjust": kind_p_adjust, "r_diff": kind_r_diff, "rci": kind_change_index,
    "power_t": kind_power_t, "power_anova": kind_power_anova, "power_prop": kind_power_prop,
    "power_ancova": kind_power_ancova, "power_cluster": kind_power_cluster, "rubin": kind_rubin,
}
"""Kind of case to the function that computes it; these stand in place of the simpler ones of `benchmarks.kinds`."""
