"""Kinds of reference cases about pooling studies.

The cases of the folder name effects by the call that made them; here is which of our functions says the same.
"""

from __future__ import annotations

import re
from math import tanh
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.kinds import Case, Declined, Numbers

from coachresearch.core.estimate import Estimate
from coachresearch.effects.meta import bias
from coachresearch.effects.meta.analysis import MetaAnalysis, meta_analysis
from coachresearch.effects.meta.effects_of_studies import from_correlations, from_counts, from_means
from coachresearch.effects.meta.multilevel import MetaMultilevel, meta_correlated, meta_multilevel

if TYPE_CHECKING:
    import pandas as pd

BETWEEN = {"FE": "fixed", "DL": "dersimonian_laird", "REML": "reml", "ML": "ml", "PM": "paule_mandel",
           "EB": "paule_mandel", "SJ": "sidik_jonkman", "HE": "hedges", "HS": "hunter_schmidt"}
"""The empirical Bayes estimator solves the same equation as that of Paule and Mandel."""


def with_effects(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the studies of a case with effects ``yi`` and variances ``vi``."""
    made = re.search(r"escalc\('(\w+)'", " ".join(case.get("setup", [])))
    data = data.copy()
    if made is None:
        return data
    measure = made.group(1)
    if measure in ("RR", "OR", "RD"):
        data["yi"], data["vi"] = from_counts(
            {"RR": "log_risk_ratio", "OR": "log_odds_ratio", "RD": "risk_difference"}[measure],
            coached_yes=data["tpos"], coached_no=data["tneg"], comparison_yes=data["cpos"], comparison_no=data["cneg"])
    elif measure == "ZCOR":
        data["yi"], data["vi"] = from_correlations(data["ri"], data["ni"])
    else:
        data["yi"], data["vi"] = means(measure, data)
    return data


def means(measure: str, data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return from_means({"SMD": "hedges_g", "SMDH": "hedges_g_unequal", "MD": "mean_difference",
                       "ROM": "log_ratio_of_means"}[measure],
                      mean_coached=data["m1i"], sd_coached=data["sd1i"], n_coached=data["n1i"],
                      mean_comparison=data["m2i"], sd_comparison=data["sd2i"], n_comparison=data["n2i"])


def kind_escalc(case: Case, data: pd.DataFrame) -> Numbers:
    if "tpos" in data:
        found = {name: from_counts(ours, coached_yes=data["tpos"], coached_no=data["tneg"], comparison_yes=data["cpos"],
                                   comparison_no=data["cneg"])
                 for name, ours in (("RR", "log_risk_ratio"), ("OR", "log_odds_ratio"), ("RD", "risk_difference"))}
    else:
        found = {name: means(name, data) for name in ("SMD", "SMDH", "MD", "ROM")}
    return {name: {"yi": list(map(float, y)), "vi": list(map(float, v))} for name, (y, v) in found.items()}


def analysed(case: Case, data: pd.DataFrame, call: str | None = None) -> MetaAnalysis:
    call = call or case["call"]
    method = re.search(r"method = '(\w+)'", call)
    mods = re.search(r"mods = ~ ([^,]+?)(?:, data|, test)", call)
    terms = [re.sub(r"factor\((\w+)\)", r"\1", one.strip()) for one in mods.group(1).split("+")] if mods else []
    return meta_analysis(with_effects(case, data), effect="yi", variance="vi", title="",
                         moderators=[one for one in terms if one != "0"], intercept="0" not in terms,
                         between=BETWEEN[method.group(1) if method else "REML"],
                         errors="hartung_knapp" if "knha" in call else "normal")


def kind_rma(case: Case, data: pd.DataFrame) -> Numbers:
    found = analysed(case, data)
    fit, k, p = found.fit, len(found.effects), found.columns.shape[1]
    main = [one for one in found.estimates if one.term in ("pooled", "intercept", "moderator_slope")]
    q, about = found.estimate("heterogeneity"), {one.term: one for one in found.estimates}
    numbers: Numbers = {
        "k": k, "p": p, "QE": q.estimate, "QEp": q.p_value, "tau2": fit.tau2, "I2": 100 * about["i2"].estimate,
        "H2": about["h2"].estimate,
        "coef": [{"est": one.estimate, "se": one.std_error, "stat": one.statistic, "p": one.p_value,
                  "lo": one.conf_low, "hi": one.conf_high} for one in main],
        "fit": {"ll": fit.log_likelihood}}
    if found.between != "fixed":
        numbers["se.tau2"] = fit.tau2_error
    if found.errors == "hartung_knapp":
        numbers["ddf"] = fit.q_df
    if "moderators" in about:
        numbers |= {"QM": about["moderators"].statistic, "QMp": about["moderators"].p_value}
    else:
        numbers |= {"QM": main[0].statistic ** 2, "QMp": main[0].p_value}
    if "r2" in about:
        numbers["R2"] = 100 * about["r2"].estimate
    return numbers


def interval(one: Estimate) -> tuple[float, float]:
    return one.conf_low, one.conf_high


def kind_rma_predict(case: Case, data: pd.DataFrame) -> Numbers:
    numbers: Numbers = {}
    for name in case["expected"]:
        call = "metafor::rma(yi, vi, test = 'knha')" if name == "hk" else "metafor::rma(yi, vi)"
        found = analysed(case, data, call)
        main, new = found.estimate("pooled"), found.estimate("prediction")
        turn = tanh if name == "r" else float
        numbers[name] = {"pred": turn(main.estimate), "ci_lower": turn(main.conf_low), "ci_upper": turn(main.conf_high),
                         "pi_lower": turn(new.conf_low), "pi_upper": turn(new.conf_high)}
        if name != "r":
            numbers[name]["se"] = main.std_error
    return numbers


def kind_rma_confint(case: Case, data: pd.DataFrame) -> Numbers:
    found = analysed(case, data, "metafor::rma(yi, vi)")
    rows = [found.estimate(term) for term in ("tau2", "tau", "i2", "h2")]
    scale = (1, 1, 100, 1)
    return {"values": [[factor * value for value in (one.estimate, *interval(one))]
                       for one, factor in zip(rows, scale, strict=True)]}


def kind_rma_bias(case: Case, data: pd.DataFrame) -> Numbers:
    found = bias.small_studies(analysed(case, data, "metafor::rma(yi, vi)"))
    egger, limit, filled = (found.estimate(term) for term in ("egger", "egger_limit", "trim_and_fill"))
    weighted, rank = found.estimate("egger_weighted"), found.estimate("rank")
    fill = {"k0": found.estimate("filled").estimate, "est": filled.estimate, "se": filled.std_error,
            "lower": filled.conf_low, "upper": filled.conf_high}
    return {"egger_z": egger.statistic, "egger_p": egger.p_value, "trimfill": fill,
            "egger_mixed": {"z": egger.statistic, "p": egger.p_value, "limit_estimate": limit.estimate,
                            "limit_lower": limit.conf_low, "limit_upper": limit.conf_high},
            "egger_lm": {"t": weighted.statistic, "df": weighted.df, "p": weighted.p_value,
                         "limit_estimate": found.estimate("egger_weighted_limit").estimate},
            "rank": {"tau": rank.estimate, "p": rank.p_value},
            "failsafe_rosenthal": found.estimate("fail_safe").estimate}


def kind_rma_influence(case: Case, data: pd.DataFrame) -> Numbers:
    pooled = analysed(case, data, "metafor::rma(yi, vi)")
    out = bias.leave_one_out(pooled)
    rows = []
    for name in pooled.studies:
        one, q = out.estimate("pooled", name), out.estimate("heterogeneity", name)
        rows.append({"estimate": one.estimate, "se": one.std_error, "zval": one.statistic, "pval": one.p_value,
                     "ci.lb": one.conf_low, "ci.ub": one.conf_high, "Q": q.estimate,
                     "tau2": out.estimate("tau2", name).estimate})
    return {"leave1out": rows}


def multilevel(found: MetaMultilevel) -> Numbers:
    main = [one for one in found.estimates if one.term in ("pooled", "intercept", "moderator_slope")]
    q = found.estimate("heterogeneity")
    return {"k": main[0].n, "QE": q.estimate, "QEp": q.p_value, "loglik": found.log_likelihood,
            "sigma2": [one.estimate for one in found.estimates if one.term == "sigma2"],
            "coef": [{"est": one.estimate, "se": one.std_error, "stat": one.statistic, "p": one.p_value,
                      "lo": one.conf_low, "hi": one.conf_high} for one in main]}


def kind_rma_mv(case: Case, data: pd.DataFrame) -> Numbers:
    data = data.copy()
    moderators = ["centred"] if "mods" in case["call"] else []
    data["centred"] = data["year"] - data["year"].mean()
    return multilevel(meta_multilevel(data, effect="yi", variance="vi", levels=["district", "school"], title="",
                                      moderators=moderators, errors="model"))


def robust(one: Estimate) -> Numbers:
    return {"est": one.estimate, "se": one.std_error, "t": one.statistic, "df": one.df, "p": one.p_value,
            "lower": one.conf_low, "upper": one.conf_high}


def kind_rma_robust(case: Case, data: pd.DataFrame) -> Numbers:
    return robust(meta_multilevel(data, effect="yi", variance="vi", levels=["district", "school"],
                                  title="").estimates[0])


def kind_rma_mv_cr2(case: Case, data: pd.DataFrame) -> Numbers:
    plain, safe = (meta_multilevel(data, effect="d", variance="V", levels=["study"], title="", moderators=["test"],
                                   intercept=False, sampling_correlation=0.66, errors=errors)
                   for errors in ("model", "robust"))
    return {"loglik": plain.log_likelihood, "sigma2": plain.estimate("sigma2", "study").estimate,
            "coef": [{"est": a.estimate, "se_model": a.std_error, "se_cr2": b.std_error, "df": b.df, "p": b.p_value}
                     for a, b in zip(plain.estimates[:2], safe.estimates[:2], strict=True)]}


def kind_rve(case: Case, data: pd.DataFrame) -> Numbers:
    found = meta_correlated(data, effect="d", variance="V", study="study", title="")
    return robust(found.estimates[0]) | {"tau2": found.estimate("tau2").estimate}


def kind_rma_mh(case: Case, data: pd.DataFrame) -> Numbers:
    raise Declined("pooled 2 x 2 tables without a model of studies (Mantel-Haenszel, Peto) are not offered")


KINDS = {
    "escalc": kind_escalc, "rma": kind_rma, "rma_predict": kind_rma_predict, "rma_confint": kind_rma_confint,
    "rma_bias": kind_rma_bias, "rma_influence": kind_rma_influence, "rma_mv": kind_rma_mv,
    "rma_robust": kind_rma_robust, "rma_mv_cr2": kind_rma_mv_cr2, "rve": kind_rve, "rma_mh": kind_rma_mh,
}
"""Kind of case to the function that computes it."""
