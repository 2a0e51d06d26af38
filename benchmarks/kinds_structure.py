"""Kinds of reference cases about exploratory structure: see `benchmarks.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.alignment import matching
from coachresearch.psychometrics.dimensions import dimensions
from coachresearch.psychometrics.efa import FactorSolution, exploratory_factors
from coachresearch.psychometrics.fit import information_criteria, log_likelihood
from coachresearch.psychometrics.parallel import parallel_analysis, random_correlations, random_eigenvalues
from coachresearch.psychometrics.rotation import Rotation

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]


def keyed(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the items of a case, turned where it says so, complete rows."""
    about = case["data"]
    items = data[about["columns"]].astype(float)
    for name, total in (about.get("reverse") or {}).items():
        items[name] = total - items[name]
    return items.dropna()


def summarised(case: Case, data: pd.DataFrame) -> Moments:
    items = keyed(case, data)
    if case["data"].get("correlation") == "polychoric":
        from benchmarks.kinds_reliability import polychoric_moments

        return polychoric_moments(items)
    return collect(items)


def aligned(found: FactorSolution, expected: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Bring our columns into the order and sign of the expected ones."""
    order, signs = matching(found.loadings, np.array(expected["values"]))
    return found.loadings[:, order] * signs, found.phi[np.ix_(order, order)] * np.outer(signs, signs)


def by_item(found: FactorSolution, values: np.ndarray) -> dict[str, float]:
    return dict(zip(found.items, map(float, values), strict=True))


def kind_efa(case: Case, data: pd.DataFrame) -> Numbers:
    about, expected = case["data"], case["expected"]
    rotation = Rotation(about["rotation"].split()[0])
    found = exploratory_factors(summarised(case, data), about["n_factors"], estimator=about["method"],
                                rotation=rotation, rng=np.random.default_rng(1))
    loadings, phi = aligned(found, expected["loadings"])
    fit = found.fit
    roots = np.linalg.eigvalsh(found.cor - np.diag(found.uniquenesses))[::-1]
    return {
        "loadings": {"values": loadings.tolist()}, "phi": {"values": phi.tolist()},
        "communality": by_item(found, found.communalities), "uniqueness": by_item(found, found.uniquenesses),
        "dof": fit.df, "objective": fit.discrepancy, "criterion": fit.discrepancy, "chisq": fit.chi_square,
        "p": fit.p_value, "rmsr": fit.rmsr, "rmsea": fit.rmsea, "rmsea_lower": fit.rmsea_low,
        "rmsea_upper": fit.rmsea_high, "tli": fit.tli, "bic": fit.chi_square - fit.df * np.log(fit.n),
        "eigen_common": roots.tolist()}


def kind_efa_lavaan(case: Case, data: pd.DataFrame) -> Numbers:
    moments = collect(keyed(case, data))
    found = exploratory_factors(moments, case["data"]["n_factors"], multiplier="n", rng=np.random.default_rng(1),
                                rotation=Rotation("geomin", epsilon=0.001, starts=30))
    rows = case["expected"]["parameters"]
    names = list(dict.fromkeys(row["lhs"] for row in rows if row["op"] == "=~"))
    expected = np.array([[next(row["std.all"] for row in rows if (row["lhs"], row["op"], row["rhs"]) ==
                               (name, "=~", item)) for name in names] for item in found.items])
    loadings, phi = aligned(found, {"values": expected})
    spread = found.sd * np.sqrt((found.n - 1) / found.n)
    numbers = []
    for row in rows:
        if row["op"] == "=~":
            i, f = found.items.index(row["rhs"]), names.index(row["lhs"])
            numbers.append({"est": loadings[i, f] * spread[i], "std.all": loadings[i, f],
                            "std.lv": loadings[i, f] * spread[i]})
        elif row["lhs"] in names and row["rhs"] in names:
            value = phi[names.index(row["lhs"]), names.index(row["rhs"])]
            numbers.append({"est": value, "std.all": value})
        elif row["op"] == "~~" and row["lhs"] == row["rhs"]:
            i = found.items.index(row["lhs"])
            numbers.append({"est": found.uniquenesses[i] * spread[i] ** 2, "std.all": found.uniquenesses[i]})
        else:
            numbers.append({})
    return {"fit": lavaan_fit(found, moments), "parameters": numbers}


def lavaan_fit(found: FactorSolution, moments: Moments) -> Numbers:
    fit, n = found.fit, found.n
    k = len(found.items)
    cov = moments.cov * (n - 1) / n
    scale = np.sqrt(np.diag(cov))
    implied = (found.cor - found.residuals) * np.outer(scale, scale)
    parameters = k * (k + 1) // 2 - fit.df
    likelihood = log_likelihood(cov, implied, n)
    aic, bic = information_criteria(likelihood, parameters, n)
    return {"npar": parameters, "fmin": fit.discrepancy / 2, "chisq": fit.chi_square, "df": fit.df,
            "pvalue": fit.p_value, "baseline.chisq": fit.baseline_chi_square, "baseline.df": fit.baseline_df,
            "cfi": fit.cfi, "tli": fit.tli, "logl": likelihood, "aic": aic, "bic": bic, "ntotal": n,
            "rmsea": fit.rmsea, "rmsea.ci.lower": fit.rmsea_low, "rmsea.ci.upper": fit.rmsea_high, "srmr": fit.srmr}


def kind_efa_fit_table(case: Case, data: pd.DataFrame) -> list[Numbers]:
    moments = collect(data[case["data"]["columns"]].astype(float).dropna())
    rotation = Rotation("none")
    return [lavaan_fit(exploratory_factors(moments, m, multiplier="n", rotation=rotation), moments)
            for m in case["data"]["n_factors"]]


def kind_kmo(case: Case, data: pd.DataFrame) -> Numbers:
    found = dimensions(collect(keyed(case, data)))
    return {"kmo": found.estimate("kmo").estimate,
            "kmo_items": {item: found.estimate("kmo", item).estimate for item in found.items}}


def kind_bartlett(case: Case, data: pd.DataFrame) -> Numbers:
    one = dimensions(collect(keyed(case, data))).estimate("bartlett")
    return {"chisq": one.estimate, "df": one.df, "p": one.p_value}


def kind_smc(case: Case, data: pd.DataFrame) -> Numbers:
    found = dimensions(collect(keyed(case, data)))
    return {"smc": {item: found.estimate("smc", item).estimate for item in found.items},
            "det": found.estimate("determinant").estimate, "eigenvalues": found.eigenvalues.tolist()}


def kind_map(case: Case, data: pd.DataFrame) -> Numbers:
    found = dimensions(collect(keyed(case, data)))
    values = [found.estimate("map", str(taken)).estimate for taken in range(1, len(found.items))]
    return {"map": values, "n_factors_map": int(np.argmin(values)) + 1}


def kind_parallel(case: Case, data: pd.DataFrame) -> Numbers:
    moments = collect(keyed(case, data))
    found = parallel_analysis(moments, rng=np.random.default_rng(1), draws=500)
    chance = random_eigenvalues(random_correlations(np.random.default_rng(2), moments.n, len(moments.columns), 500))
    return {"n_factors": found.n_factors, "n_components": found.n_components, "pc_values": found.components.tolist(),
            "fa_values": found.common.tolist(), "pc_sim_mean": chance[0].mean(axis=0).tolist(),
            "fa_sim_mean": chance[1].mean(axis=0).tolist()}


KINDS: dict[str, Callable[[Case, Any], Any]] = {
    "efa": kind_efa,
    "efa_factanal": kind_efa,
    "efa_lavaan": kind_efa_lavaan,
    "efa_fit_table": kind_efa_fit_table,
    "kmo": kind_kmo,
    "bartlett": kind_bartlett,
    "smc": kind_smc,
    "map": kind_map,
    "parallel": kind_parallel,
}
"""Kind of case to the function that computes it."""
