"""Kinds of reference cases about mixed models and repeated measures: see `benchmarks.kinds`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.effects.mixed.compare import compare_models, explained
from coachresearch.effects.mixed.contrast import contrast, term_tests
from coachresearch.effects.mixed.intervals import profile_intervals
from coachresearch.effects.mixed.model import MixedModel, mixed_model
from coachresearch.effects.mixed.random import Random
from coachresearch.effects.mixed.repeated import RepeatedMeasures, repeated_measures
from coachresearch.effects.mixed.sphericity import wave_differences

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]

REFERENCE = {"treatment": "TAU", "drug": "No", "length": "<6m", "month_f": "2"}


def prepared(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a case: group means, the long form, powers of time."""
    if "bdi_2m" in data:
        long = data.melt(id_vars=["id", "drug", "length", "treatment", "bdi_pre"], value_name="bdi",
                         value_vars=["bdi_2m", "bdi_3m", "bdi_5m", "bdi_8m"], var_name="month")
        long["month"] = long["month"].str.extract(r"(\d)")[0].astype(float)
        return long.assign(month_f=long["month"].astype(int).astype(str))
    if "GRP" in data:
        means = data.groupby("GRP")[["HRS", "LEAD"]].transform("mean")
        data = data.assign(**{"G.HRS": means["HRS"], "G.LEAD": means["LEAD"]})
        return data.assign(**{"W.LEAD": data["LEAD"] - data["G.LEAD"]})
    return data.assign(TIME2=data["TIME"] ** 2) if "TIME" in data else data


def fitted(formula: str, data: pd.DataFrame, *, reml: bool, df: str = "satterthwaite") -> MixedModel:
    """Fit the formula of an lmer call."""
    outcome, right = (part.strip() for part in formula.replace("I(TIME^2)", "TIME2").split("~"))
    random = []
    for inside in re.findall(r"\(([^()]*\|[^()]*)\)", right):
        effects, group = (part.strip() for part in re.split(r"\|\|?", inside))
        names = () if effects == "1" else (effects,)
        random.append(Random(group, ("1", *names), correlated="||" not in inside))
    plain = re.sub(r"\+?\s*\([^()]*\|[^()]*\)", "", right)
    fixed = tuple(one.strip().replace(" ", "") for one in plain.split("+") if one.strip() not in ("", "1"))
    reference = {name: level for name, level in REFERENCE.items() if name in plain}
    return mixed_model(data, outcome=outcome, fixed=fixed, random=tuple(random), method="reml" if reml else "ml",
                       reference=reference, df=df)


def formula_of(call: str) -> str:
    return re.search(r"lmer\((?:Reaction|[\w.]+) ~ .*?(?=, d\b|, data|, d,)", call).group()[5:]


def coefficients(model: MixedModel | RepeatedMeasures, expected: list[Numbers]) -> list[Numbers]:
    found = {}
    for name in model.names:
        one = model.estimate(name)
        found[name.replace("intercept", "(Intercept)").replace("TIME2", "I(TIME^2)").replace("[", "").replace("]", "")
              ] = {"est": one.estimate, "se": one.std_error, "df": one.df, "t": one.statistic, "p": one.p_value}
    return [found[row["term"].replace("factor(TIME)", "factor_TIME")] for row in expected]


def kind_lmm(case: Case, data: pd.DataFrame) -> Numbers:
    model = fitted(formula_of(case["call"]), prepared(case, data), reml="REML = FALSE" not in case["call"])
    spreads = []
    for one, cov in zip(model.fit.factors, model.fit.covariances, strict=True):
        sd = np.sqrt(np.diag(cov))
        spreads += [{"vcov": cov[a, a], "sdcor": sd[a]} for a in range(one.q)]
        spreads += [{"vcov": cov[a, b], "sdcor": cov[a, b] / (sd[a] * sd[b])} for a, b in one.pattern if a != b]
    spreads.append({"vcov": model.fit.sigma ** 2, "sdcor": model.fit.sigma})
    return {"nobs": len(model.fit.y), "ngroups": {one.name: one.m for one in model.fit.factors},
            "loglik": model.log_likelihood, "aic": model.aic, "bic": model.bic,
            "fixed": coefficients(model, case["expected"]["fixed"]), "random": spreads}


def kind_lmm_kr(case: Case, data: pd.DataFrame) -> list[Numbers]:
    model = fitted(formula_of(case["call"]), prepared(case, data), reml=True, df="kenward_roger")
    return coefficients(model, case["expected"])


def kind_lmm_ci(case: Case, data: pd.DataFrame) -> Numbers:
    model = fitted("Reaction ~ Days + (Days | Subject)", data, reml=False, df="none")
    found = profile_intervals(model)
    wanted = [("random_sd", "Subject: intercept"), ("random_correlation", "Subject: intercept, Days"),
              ("random_sd", "Subject: Days"), ("residual_sd", ""), ("intercept", ""), ("Days", "")]
    limits = [[found.estimate(*one).conf_low, found.estimate(*one).conf_high] for one in wanted]
    wald = [[model.estimate(one).conf_low, model.estimate(one).conf_high] for one in model.names]
    return {"profile": {"values": limits}, "wald": {"values": wald}}


def kind_lmm_blup(case: Case, data: pd.DataFrame) -> Numbers:
    model = fitted("Reaction ~ Days + (Days | Subject)", data, reml=True)
    levels = model.fit.factors[0].levels
    order = [levels.index(one) for one in case["expected"]["rows"]]
    return {"values": model.fit.effects[0][order].tolist()}


def kind_lmm_lrt(case: Case, data: pd.DataFrame) -> list[Numbers]:
    models = [fitted(formula, data, reml=False) for formula in
              ("Reaction ~ Days + (1 | Subject)", "Reaction ~ Days + (Days || Subject)",
               "Reaction ~ Days + (Days | Subject)")]
    found = compare_models(*models)
    rows: list[Numbers] = []
    for place, model in enumerate(models):
        row = {"npar": model.n_parameters, "aic": model.aic, "bic": model.bic, "loglik": model.log_likelihood}
        if place:
            step = found.estimate("likelihood_ratio", str(place + 1))
            row |= {"chisq": step.estimate, "df": step.df, "p": step.p_value}
        rows.append(row)
    return rows


def kind_lmm_r2(case: Case, data: pd.DataFrame) -> Numbers:
    found = explained(fitted("Reaction ~ Days + (Days | Subject)", data, reml=True))
    return {"marginal": found.estimate("r2_marginal").estimate,
            "conditional": found.estimate("r2_conditional").estimate}


def kind_lmm_emmeans(case: Case, data: pd.DataFrame) -> Numbers:
    model = fitted("bdi ~ bdi_pre + month_f * treatment + drug + length + (1 | id)", prepared(case, data), reml=True)
    contrasts = []
    for row in case["expected"]["contrasts"]:
        weights = {"treatment[BtheB]": -1.0}
        if row["month"] != "2":
            weights[f"month_f[{row['month']}]:treatment[BtheB]"] = -1.0
        one = contrast(model, weights)
        contrasts.append({"estimate": one.estimate, "se": one.std_error, "df": one.df, "lower": one.conf_low,
                          "upper": one.conf_high, "t": one.statistic, "p": one.p_value})
    tests = dict(term_tests(model).tests)
    anova = []
    for row in case["expected"]["anova3"]:
        one = tests[row["term"]]
        anova.append({"df1": one.df1, "df2": one.df2, "p": one.p_value,
                      "f": one.statistic ** 2 if one.df1 == 1 else one.statistic})
    return {"contrasts": contrasts, "anova3": anova}


def kind_gls(case: Case, data: pd.DataFrame) -> Numbers:
    rows = prepared(case, data)
    if "bdi" in rows:
        found = repeated_measures(rows, outcome="bdi", fixed=("bdi_pre", "month_f*treatment"), person="id",
                                  wave="month", reference={one: REFERENCE[one] for one in ("month_f", "treatment")})
    elif "corAR1" in case["call"]:
        found = repeated_measures(rows, outcome="JSAT", fixed=("TIME",), person="SUBNUM", wave="TIME", covariance="ar1")
    else:
        rows = rows.assign(factor_TIME=rows["TIME"].astype(str))
        found = repeated_measures(rows, outcome="JSAT", fixed=("factor_TIME",), person="SUBNUM", wave="TIME",
                                  reference={"factor_TIME": "0"})
    sd = np.sqrt(np.diag(found.covariance))
    cor = found.covariance / np.outer(sd, sd)
    unstructured = "corSymm" in case["call"]
    fixed = [{name: row[name] for name in ("est", "se", "t")}
             for row in coefficients(found, case["expected"]["fixed"])]
    ratios = {f"{wave:g}": sd[place] / sd[0] for place, wave in enumerate(found.waves) if place}
    lower = [cor[a, b] for b in range(len(sd)) for a in range(b + 1, len(sd))]
    return {"loglik": found.log_likelihood, "aic": found.aic, "sigma": sd[0], "fixed": fixed,
            "cor": lower if unstructured else found.estimate("wave_autocorrelation").estimate,
            "var_ratio": ratios if unstructured else {}}


def kind_lme_ar1(case: Case, data: pd.DataFrame) -> Numbers:
    found = repeated_measures(data, outcome="JSAT", fixed=("TIME",), person="SUBNUM", wave="TIME",
                              covariance="ar1_intercept")
    fixed = [{name: row[name] for name in ("est", "se", "t")}
             for row in coefficients(found, case["expected"]["fixed"])]
    residual = found.estimate("residual_sd").estimate
    return {"loglik": found.log_likelihood, "aic": found.aic, "sigma": residual, "fixed": fixed,
            "random_sd": {"(Intercept)": found.estimate("random_sd").estimate, "Residual": residual},
            "phi": found.estimate("wave_autocorrelation").estimate}


def kind_rm_anova(case: Case, data: pd.DataFrame) -> Numbers:
    wide = data.pivot(index="SUBNUM", columns="TIME", values="JSAT")
    wide.columns = [f"t{one}" for one in wide.columns]
    found = wave_differences(wide, waves=tuple(wide.columns))
    f, gg, hf = (found.estimate("f", one) for one in ("", "greenhouse_geisser", "huynh_feldt"))
    return {"n": f.n, "f": f.estimate, "df1": len(wide.columns) - 1, "df2": f.df, "p": f.p_value,
            "gg_eps": found.estimate("epsilon", "greenhouse_geisser").estimate, "gg_p": gg.p_value,
            "hf_eps": found.estimate("epsilon", "huynh_feldt").estimate, "hf_p": hf.p_value,
            "mauchly_w": found.estimate("mauchly_w").estimate, "mauchly_p": found.estimate("mauchly_w").p_value}


KINDS: dict[str, Callable[[Case, Any], Any]] = {
    "lmm": kind_lmm, "lmm_kr": kind_lmm_kr, "lmm_ci": kind_lmm_ci, "lmm_blup": kind_lmm_blup, "lmm_lrt": kind_lmm_lrt,
    "lmm_r2": kind_lmm_r2, "lmm_emmeans": kind_lmm_emmeans, "gls": kind_gls, "lme_ar1": kind_lme_ar1,
    "rm_anova": kind_rm_anova,
}
"""Kind of case to the function that computes it."""
