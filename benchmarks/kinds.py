"""One row for each kind of reference case: a function of the case and its data that returns our numbers.

The numbers come from the package's own functions and are nested like the case's `expected`; what we do not offer is
left out. A case that we decline on purpose raises `Declined` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks import kinds_agreement, kinds_mixed, kinds_ordinal, kinds_reliability, kinds_structure

from coachresearch.core.estimate import Estimate
from coachresearch.effects import sizes
from coachresearch.effects.regression import LeastSquares, least_squares
from coachresearch.effects.reliable import count_reliable, reliable_change
from coachresearch.effects.waves import read_waves
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.bounds import reliability_bounds
from coachresearch.psychometrics.items import item_analysis
from coachresearch.psychometrics.reliability import alpha, omega_total, reliability

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]


class Declined(Exception):
    """A case that we do not compute on purpose."""


def keyed(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the items of a case, turned where it says so, complete rows if it says so."""
    about = case["data"]
    items = data[about["columns"]].astype(float)
    for name, total in (about.get("reverse") or {}).items():
        items[name] = total - items[name]
    return items.dropna() if about.get("missing") == "listwise" else items


def waves(case: Case, data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the paired scores of a case."""
    about = case["data"]
    if "pre" in about:
        column = about["columns"]
        halves = [data.loc[data[name.strip()].astype(str) == level.strip(), column].to_numpy(dtype=float)
                  for name, level in (about[wave].split("==") for wave in ("pre", "post"))]
        return halves[0], halves[1]
    if "rows" in about:
        name, level = (part.strip() for part in about["rows"].split("=="))
        data = data[data[name].astype(str) == level]
    read = read_waves(data.reset_index(drop=True), pre=about["columns"][0], post=about["columns"][1], arm=None,
                      coached=None, comparison=None, person=None)
    return read.arms[0].pairs


def groups(case: Case, data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the two groups of a case."""
    score, group = case["data"]["columns"]
    complete = data[[score, group]].dropna()
    first, second = (complete.loc[complete[group] == level, score].to_numpy(dtype=float)
                     for level in case["data"]["groups"])
    return first, second


def limits(one: Estimate) -> Numbers:
    return {"estimate": one.estimate, "lower": one.conf_low, "upper": one.conf_high}


def kind_alpha(case: Case, data: pd.DataFrame) -> Numbers:
    items = keyed(case, data)
    if case["data"]["missing"] == "pairwise" and items.isna().any().any():
        raise Declined("pairwise covariances have no single n, and Moments do not hold them")
    result = alpha(collect(items))
    whole, standardised = result.estimate("alpha"), result.estimate("alpha_standardised")
    score = reliability(items, title="")
    numbers: Numbers = {
        "raw_alpha": whole.estimate, "feldt_lower": whole.conf_low, "feldt_upper": whole.conf_high,
        "std_alpha": standardised.estimate, "scale_mean": score.estimate("scale_mean").estimate,
        "scale_sd": score.estimate("scale_sd").estimate, "items": []}
    bounds = reliability_bounds(kinds_reliability.standardised(collect(items)))
    spread = alpha(collect(items), interval="duhachek")
    cor = collect(items).cor
    numbers |= {"lambda6": bounds.estimate("guttman_6").estimate, "ase": spread.estimate("alpha").std_error,
                "duhachek_lower": spread.estimate("alpha").conf_low,
                "duhachek_upper": spread.estimate("alpha").conf_high,
                "average_r": float(cor[np.tril_indices(len(cor), -1)].mean()),
                "median_r": float(np.median(cor[np.tril_indices(len(cor), -1)]))}
    integers = bool((items.dropna() % 1 == 0).all().all())
    if integers:
        found = item_analysis(items, low=int(items.min().min()), high=int(items.max().max()), title="")
        numbers["items"] = [
            {"n": found.estimate("mean", name).n, "mean": found.estimate("mean", name).estimate,
             "sd": found.estimate("sd", name).estimate, "r_item_rest": found.estimate("item_total_r", name).estimate,
             "alpha_if_dropped": found.estimate("alpha_if_dropped", name).estimate}
            for name in items.columns]
    return numbers


def kind_omega_1f(case: Case, data: pd.DataFrame) -> Numbers:
    collected = collect(keyed(case, data))
    standardised = Moments.from_published(collected.n, cor=collected.cor, columns=collected.columns)
    return {"omega_total": omega_total(standardised, estimator="minres").estimate("omega_total").estimate,
            "alpha": alpha(standardised).estimate("alpha_standardised").estimate}


def kind_sem(case: Case, data: pd.DataFrame) -> Numbers:
    result = reliability(keyed(case, data), title="", rule="sum")
    return {"alpha": result.estimate("alpha").estimate, "sd_total": result.estimate("scale_sd").estimate,
            "sem": result.estimate("sem").estimate, "ci95_half_width": result.estimate("sdc").estimate / 2 ** 0.5,
            "sdiff": reliable_change(result.estimate("scale_sd").estimate, result.estimate("alpha")).s_diff}


def kind_d_paired(case: Case, data: pd.DataFrame) -> Numbers:
    pre, post = waves(case, data)
    moved, z = sizes.mean_change(pre, post), sizes.d_z(pre, post)
    return {"n": moved.n, "mean_change": moved.estimate, "r": sizes.correlation(pre, post).estimate,
            "d_z": z.estimate, "d_av": sizes.d_av(pre, post).estimate,
            "g_z": sizes.d_z(pre, post, corrected=True).estimate, "t": moved.statistic, "p": moved.p_value}


def kind_d_paired_ci(case: Case, data: pd.DataFrame) -> Numbers:
    pre, post = waves(case, data)
    return {"d_z": limits(sizes.d_z(pre, post)), "g_z": limits(sizes.d_z(pre, post, corrected=True))}


def kind_escalc_change(case: Case, data: pd.DataFrame) -> Numbers:
    pre, post = waves(case, data)
    moved = sizes.mean_change(pre, post)
    return {"MC": {"yi": moved.estimate, "vi": moved.std_error ** 2},
            "SMCC": {"yi": sizes.d_z(pre, post, corrected=True).estimate}}


def kind_d_independent(case: Case, data: pd.DataFrame) -> Numbers:
    first, second = groups(case, data)
    return {"cohens_d": limits(sizes.cohens_d(first, second)), "hedges_g": limits(sizes.hedges_g(first, second))}


def kind_ttest(case: Case, data: pd.DataFrame) -> Numbers:
    first, second = groups(case, data)
    found = {"student": sizes.mean_difference(first, second, equal_variances=True),
             "welch": sizes.mean_difference(first, second)}
    return {name: {"t": one.statistic, "df": one.df, "p": one.p_value, "diff": one.estimate, "lower": one.conf_low,
                   "upper": one.conf_high, "se": one.std_error} for name, one in found.items()}


def kind_d_ppc(case: Case, data: pd.DataFrame) -> Numbers:
    about = case["data"]
    pre, post, arm = about["columns"]
    read = read_waves(data, pre=pre, post=post, arm=arm, coached=about["treatment"], comparison=about["control"],
                      person=None)
    (pre1, post1), (pre2, post2) = (one.pairs for one in read.arms)
    return {"d_ppc2": sizes.d_ppc(pre1, post1, pre2, post2).estimate}


def kind_rci(case: Case, data: pd.DataFrame) -> Numbers:
    about = case["data"]
    pre, post = waves(case, data)
    found = reliable_change(float(np.std(pre, ddof=1)), about["reliability"])
    counts = count_reliable(post - pre, found.points, higher_is_better=not about["lower_is_better"])
    return {"sd_pre": found.sd_pre, "sem": found.sem, "s_diff": found.s_diff, "reliable_change_points": found.points,
            "rci_first10": list((post - pre)[:10] / found.s_diff),
            "improved": counts[0], "unchanged": counts[1], "deteriorated": counts[2]}


def dummies(case: Case, data: pd.DataFrame, references: dict[str, str]) -> tuple[LeastSquares, list[str]]:
    """Fit the linear model of a case: its first column on the others, categories as 0/1 against a reference."""
    outcome, *predictors = case["data"]["columns"]
    complete = data[[outcome, *predictors]].dropna()
    names, columns = ["(Intercept)"], [np.ones(len(complete))]
    for name in predictors:
        values = complete[name]
        if name not in references:
            names.append(name)
            columns.append(values.to_numpy(dtype=float))
            continue
        for level in dict.fromkeys(values):
            if str(level) != references[name]:
                names.append(f"{name}{level}")
                columns.append((values == level).to_numpy(dtype=float))
    return least_squares(np.column_stack(columns), complete[outcome].to_numpy(dtype=float)), names


def coefficients(case: Case, fit: LeastSquares, names: list[str], expected: list[Numbers]) -> list[Numbers]:
    """Return the coefficient table in the order of the expected one."""
    found = {}
    for place, name in enumerate(names):
        one = sizes.with_t(float(fit.coefficients[place]), float(fit.classical[place, place]) ** 0.5, fit.df, 0.95)
        found[name.replace("factor(", "").replace(")", "")] = {
            "est": one.value, "se": one.std_error, "t": one.statistic, "p": one.p_value, "lo": one.low, "hi": one.high}
    return [found[row["term"].replace("factor(", "").replace(")", "")] for row in expected]


_REFERENCES = {"Treat": "Cont", "treatment": "TAU", "drug": "No", "length": "<6m", "gender": "1"}


def model(case: Case, data: pd.DataFrame, expected: list[Numbers]) -> Numbers:
    fit, names = dummies(case, data, _REFERENCES)
    return {"n": len(fit.residuals), "df_resid": fit.df, "df_model": len(names) - 1,
            "coef": coefficients(case, fit, names, expected)}


def kind_ancova(case: Case, data: pd.DataFrame) -> Numbers:
    return {"model": model(case, data, case["expected"]["model"]["coef"])}


def kind_ols(case: Case, data: pd.DataFrame) -> Numbers:
    return model(case, data, case["expected"]["coef"])


def kind_ols_hc(case: Case, data: pd.DataFrame) -> Numbers:
    fit, names = dummies(case, data, _REFERENCES)
    errors = np.sqrt(np.diag(fit.hc3))
    labels = [name if name != "gender2" else "factor(gender)2" for name in names]
    return {"HC3": dict(zip(labels, map(float, errors), strict=True))}


def kind_correlation(case: Case, data: pd.DataFrame) -> Numbers:
    pair = data[["ACT", "SATV"]].dropna()
    found = sizes.correlation(pair["ACT"], pair["SATV"])
    return {"pearson": {"r": found.estimate, "lower": found.conf_low, "upper": found.conf_high}}


def kind_ci_r(case: Case, data: pd.DataFrame | None) -> Numbers:
    low, high = sizes.correlation_interval(0.35, 80)
    return {"lower": low, "upper": high}


def kind_es_convert(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"hedges_J_18": sizes.hedges_correction(18)}


KINDS: dict[str, Callable[[Case, Any], Numbers]] = {
    "alpha": kind_alpha,
    "omega_1f": kind_omega_1f,
    "sem": kind_sem,
    "d_paired": kind_d_paired,
    "d_paired_ci": kind_d_paired_ci,
    "escalc_change": kind_escalc_change,
    "d_independent": kind_d_independent,
    "ttest": kind_ttest,
    "d_ppc": kind_d_ppc,
    "rci": kind_rci,
    "ancova": kind_ancova,
    "ancova_simple": kind_ols,
    "ols": kind_ols,
    "ols_hc": kind_ols_hc,
    "correlation": kind_correlation,
    "ci_r": kind_ci_r,
    "es_convert": kind_es_convert,
    **kinds_mixed.KINDS,
    **kinds_structure.KINDS,
    **kinds_reliability.KINDS,
    **kinds_agreement.KINDS,
    **kinds_ordinal.KINDS,
}
"""Kind of case to the function that computes it."""
