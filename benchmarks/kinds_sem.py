"""Kinds of reference cases about confirmatory and structural models: see `benchmarks.kinds`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from coachresearch.moments.collect import collect
from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel, cfa
from coachresearch.psychometrics.sem.difference import difference_test
from coachresearch.psychometrics.sem.indices import ModelFit
from coachresearch.psychometrics.sem.invariance import invariance
from coachresearch.psychometrics.sem.missing import cfa_missing
from coachresearch.psychometrics.sem.modification import modification_indices
from coachresearch.psychometrics.sem.syntax import parse_model

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]

_SAME = {
    "npar": "parameters", "chisq": "chi_square", "df": "df", "pvalue": "p_value",
    "baseline.chisq": "baseline_chi_square", "baseline.df": "baseline_df", "cfi": "cfi", "tli": "tli",
    "logl": "log_likelihood", "unrestricted.logl": "saturated_log_likelihood", "aic": "aic", "bic": "bic",
    "bic2": "bic_adjusted", "ntotal": "n", "rmsea": "rmsea", "rmsea.ci.lower": "rmsea_low",
    "rmsea.ci.upper": "rmsea_high", "rmsea.pvalue": "close_fit_p", "srmr": "srmr"}
_CORRECTED = {
    "chisq.scaled": "chi_square", "pvalue.scaled": "p_value", "chisq.scaling.factor": "factor",
    "baseline.chisq.scaled": "baseline_chi_square", "baseline.chisq.scaling.factor": "baseline_factor",
    "cfi.scaled": "cfi_scaled", "tli.scaled": "tli_scaled", "cfi.robust": "cfi", "tli.robust": "tli",
    "rmsea.scaled": "rmsea_scaled", "rmsea.ci.lower.scaled": "rmsea_scaled_low",
    "rmsea.ci.upper.scaled": "rmsea_scaled_high", "rmsea.robust": "rmsea", "rmsea.ci.lower.robust": "rmsea_low",
    "rmsea.ci.upper.robust": "rmsea_high"}


def prepared(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the data of a case with its items turned and its extra columns made."""
    data = data.copy()
    for name, total in ((case.get("data") or {}).get("reverse") or {}).items():
        data[name] = total - data[name]
    if any("school2" in line for line in case.get("setup") or ()):
        data["school2"] = (data["school"] == "Pasteur").astype(float)
    return data


def fit_numbers(fit: ModelFit) -> Numbers:
    """Return the indices under the names of the reference."""
    found = {name: getattr(fit, own) for name, own in _SAME.items()}
    found["fmin"] = fit.chi_square / fit.n / 2
    if fit.corrected is not None:
        found |= {name: getattr(fit.corrected, own) for name, own in _CORRECTED.items()}
        found |= {"df.scaled": fit.df, "baseline.df.scaled": fit.baseline_df}
    return found


def parameter_numbers(found: ConfirmatoryModel, expected: list[Numbers]) -> list[Numbers]:
    """Return our parameters in the order of the expected ones."""
    kinds = [{(one.term, one.group): one for one in listed}
             for listed in (found.parameters, found.standardised_latent, found.standardised)]
    numbers = []
    for row in expected:
        group = found.groups[row.get("group", 1) - 1]
        names = {"~1": [f"{row['lhs']} ~1"], ":=": [row["lhs"]]}.get(
            row["op"], [f"{row['lhs']} {row['op']} {row['rhs']}", f"{row['rhs']} {row['op']} {row['lhs']}"])
        key = next(((name, group) for name in names if (name, group) in kinds[0]), None)
        if key is None:
            numbers.append({})
            continue
        own = kinds[0][key]
        numbers.append({"est": own.estimate, "se": own.std_error, "z": own.statistic, "pvalue": own.p_value,
                        "ci.lower": own.conf_low, "ci.upper": own.conf_high, "std.lv": kinds[1][key].estimate,
                        "std.all": kinds[2][key].estimate})
        if own.std_error == 0:
            numbers[-1] |= {"ci.lower": own.estimate, "ci.upper": own.estimate}
    return [{name: value for name, value in one.items() if value == value} for one in numbers]


def kind_cfa(case: Case, data: pd.DataFrame) -> Numbers:
    call = case["call"]
    not_covered = [word for word in ("ordered", "cluster", "'WLS'", "'GLS'", "MLMV", "wishart")
                   if word in call]
    if not_covered:
        from benchmarks.kinds import Declined

        raise Declined(f"not offered: {', '.join(not_covered)}")
    model = parse_model(case["model"])
    if "fiml" in call:
        return full_information_numbers(case, data)
    rows = prepared(case, data)[list(model.observed)].astype(float).dropna()
    estimator = next((name for name in ("mlr", "mlm") if f"'{name.upper()}'" in call), "ml")
    found = cfa(collect(rows), model, estimator=estimator, rows=rows if estimator != "ml" else None,
                identification="std_lv" if "std.lv" in call else "marker", orthogonal="orthogonal" in call,
                mean_structure="meanstructure" in call)
    return {"nobs": found.n, "fit": fit_numbers(found.fit),
            "parameters": parameter_numbers(found, case["expected"]["parameters"]),
            "modindices_top5": modification_numbers(found, case["expected"].get("modindices_top5", []))}


def full_information_numbers(case: Case, data: pd.DataFrame) -> Numbers:
    """Return the numbers of a model of rows with gaps."""
    model = parse_model(case["model"])
    if "growth(" in case["call"]:  # items without intercepts, growth factors with means
        measured = [term.rhs for term in model.terms if term.op == "=~"]
        lines = [f"{name} ~ 0*1" for name in dict.fromkeys(measured)] + [f"{name} ~ 1" for name in model.factors]
        model = parse_model("\n".join([case["model"], *lines]))
    if (case["data"].get("rows") or "") == "TIME == 0":
        data = data[data["TIME"] == 0]
    rows = prepared(case, data)[list(model.observed)].astype(float)
    robust = "'MLR'" in case["call"]
    found = cfa_missing(collect(rows, into=Patterns), model, estimator="mlr" if robust else "ml",
                        rows=rows if robust else None)
    numbers = {"nobs": found.n, "fit": fit_numbers(found.fit),
               "parameters": parameter_numbers(found, case["expected"]["parameters"])}
    numbers["fit"] = {name: value for name, value in numbers["fit"].items() if value == value}
    return numbers


def modification_numbers(found: ConfirmatoryModel, expected: list[Numbers]) -> list[Numbers]:
    """Return our modification indices in the order of the expected ones."""
    if not expected:
        return []
    listed = modification_indices(found)
    ours = {one.term: i for i, one in enumerate(listed.estimates)}
    numbers = []
    for row in expected:
        names = (f"{row['lhs']} {row['op']} {row['rhs']}", f"{row['rhs']} {row['op']} {row['lhs']}")
        place = next((ours[name] for name in names if name in ours), None)
        numbers.append({} if place is None else {
            "mi": listed.estimates[place].statistic, "epc": listed.estimates[place].estimate,
            "sepc.lv": float(listed.change_latent[place]), "sepc.all": float(listed.change_all[place])})
    return numbers


def kind_lrt(case: Case, data: pd.DataFrame) -> list[Numbers]:
    if "2010" in case["call"] or "satorra.2000" in case["call"]:
        from benchmarks.kinds import Declined

        raise Declined("not offered: the scaled differences of 2000 and 2010")
    model = parse_model(case["model"])
    rows = prepared(case, data)[list(model.observed)].astype(float).dropna()
    robust = "'MLR'" in " ".join(case["setup"])
    models = [cfa(collect(rows), model, orthogonal=orthogonal, estimator="mlr" if robust else "ml",
                  rows=rows if robust else None) for orthogonal in (False, True)]
    numbers: list[Numbers] = [{"Df": one.fit.df, "AIC": one.fit.aic, "BIC": one.fit.bic, "Chisq": one.fit.chi_square}
                              for one in models]
    test = difference_test(models[1], models[0])
    numbers[1] |= {"Chisq diff": test.chi_square, "Df diff": test.df, "Pr(>Chisq)": test.p_value}
    if not robust:
        numbers[1]["RMSEA"] = test.rmsea
    return numbers


def kind_invariance_ladder(case: Case, data: pd.DataFrame) -> Numbers:
    from benchmarks.kinds import Declined

    about, setup = case["data"], " ".join(case["setup"])
    for word, what in (("ordered", "ordinal items"), ("fiml", "missing answers"), ("measEq", "waves")):
        if word in setup:
            raise Declined(f"not offered: the ladder of {what}")
    model, by = parse_model(case["model"]), about["group"]
    rows = prepared(case, data)[[*model.observed, by]].dropna(subset=list(model.observed))
    names = list(dict.fromkeys(rows[by]))
    parts = {str(name): rows.loc[rows[by] == name, list(model.observed)].astype(float) for name in names}
    estimator = "mlr" if "'MLR'" in setup else "ml"
    found = invariance({name: collect(part) for name, part in parts.items()}, model, estimator=estimator,
                       rows=parts if estimator != "ml" else None,
                       free=tuple(f"{item} ~1" for item in re.findall(r"'(\w+) ~ 1'", case["setup"][-1])))
    tests = [{"Df": rung.model.fit.df, "AIC": rung.model.fit.aic, "BIC": rung.model.fit.bic,
              "Chisq": rung.model.fit.chi_square} | ({} if rung.difference is None else {
                  "Chisq diff": rung.difference.chi_square, "Df diff": rung.difference.df,
                  "Pr(>Chisq)": rung.difference.p_value, "RMSEA": rung.difference.rmsea}) for rung in found.rungs]
    by_step = {rung.step: rung.model for rung in found.rungs}
    wanted = case["expected"].get("parameters", {})
    return {"fits": {name: fit_numbers(one.fit) for name, one in by_step.items()},
            "lrt": {"default": tests, "satorra_bentler_2001": tests}, "nobs": [len(part) for part in parts.values()],
            "deltas": [{"delta_cfi": rung.delta_cfi, "delta_rmsea": rung.delta_rmsea, "delta_srmr": rung.delta_srmr}
                       for rung in found.rungs[1:]],
            "parameters": {name: parameter_numbers(by_step[name], listed) for name, listed in wanted.items()}}


KINDS: Mapping[str, Callable[[Case, pd.DataFrame], Any]] = {
    "cfa": kind_cfa, "invariance_ladder": kind_invariance_ladder, "lrt": kind_lrt}
