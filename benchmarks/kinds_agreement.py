"""Kinds of reference cases about agreement among raters: see `benchmarks.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from coachresearch.psychometrics.agreement import icc_nested
from coachresearch.psychometrics.icc import icc_table
from coachresearch.psychometrics.kappa import category_agreement, cohen_kappa, kendall_w, light_kappa
from coachresearch.psychometrics.raters import stepped_up
from coachresearch.psychometrics.team_means import team_means
from coachresearch.psychometrics.within_group import summary_of, within_group

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]


def columns(case: Case) -> list[str]:
    named = case["data"]["columns"]
    return [named] if isinstance(named, str) else list(named)


def table(case: Case, data: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings of a case, codes for words."""
    chosen = data[columns(case)]
    return chosen.apply(lambda one: one.astype("category").cat.codes.replace(-1, np.nan)
                        if one.dtype == object or str(one.dtype) == "str" else one.astype(float)).astype(float)


def icc_rows(case: Case, data: pd.DataFrame, gaps: str) -> list[Numbers]:
    found = icc_table(table(case, data), gaps=gaps)
    names = {"ICC1": "icc1_1", "ICC2": "icc2_1", "ICC3": "icc3_1", "ICC1k": "icc1_k", "ICC2k": "icc2_k",
             "ICC3k": "icc3_k"}
    rows = []
    for row in case["expected"]:
        one = found.estimate(names[row["type"]])
        rows.append({"icc": one.estimate, "f": one.statistic, "df1": found.n_targets - 1, "df2": one.df,
                     "p": one.p_value, "lower": one.conf_low, "upper": one.conf_high})
    return rows


def kind_icc6(case: Case, data: pd.DataFrame) -> list[Numbers]:
    return icc_rows(case, data, "leave_out")


def kind_icc6_mixed(case: Case, data: pd.DataFrame) -> list[Numbers]:
    return icc_rows(case, data, "reml")


def kind_icc_multilevel(case: Case, data: pd.DataFrame) -> Numbers:
    found = icc_nested(data[columns(case)[0]].astype(float), data[case["data"]["group"]], title="")
    one = found.estimate("icc1")
    return {"icc1": one.estimate, "icc2": found.estimate("icc2").estimate, "f": one.statistic,
            "df_between": one.df, "df_within": found.n_ratings - found.n_targets}


def kind_icc_mixed(case: Case, data: pd.DataFrame) -> list[Numbers]:
    rows = []
    for name in columns(case):
        found = team_means(data[name].astype(float), data[case["data"]["group"]])
        icc = found.estimate("icc1").estimate
        rows.append({"icc1": icc, "icc2": stepped_up(icc, float(found.sizes.mean()))})
    return rows


def kind_gmeanrel(case: Case, data: pd.DataFrame) -> Numbers:
    found = team_means(data[columns(case)[0]].astype(float), data[case["data"]["group"]])
    return {"icc1": found.estimate("icc1").estimate, "n": len(found.targets),
            **summary_of(found.reliabilities), "groups_first10": found.reliabilities[:10].tolist()}


def by_group(case: Case, found: Any, values: np.ndarray) -> Numbers:
    expected = case["expected"].get("per_group") or case["expected"].get("mean", {}).get("per_group", [])
    at = {name: place for place, name in enumerate(found.groups)}
    per_group = [{"value": float(values[at[str(row["group"])]]), "size": int(found.sizes[at[str(row["group"])]])}
                 for row in expected]
    return {"n": len(values), **summary_of(values), "per_group": per_group}


def grouped(case: Case, data: pd.DataFrame) -> Any:
    about = case["data"]
    low, high = about.get("response_range", [1, 5])
    null: Any = "uniform"
    if about.get("null_variance"):  # three probabilities with this variance; the shape does not matter
        share = about["null_variance"] / 2
        null = [0.0, share, 1 - 2 * share, share, 0.0] if 2 * share <= 1 else [
            about["null_variance"] / 8, 0.0, 1 - about["null_variance"] / 4, 0.0, about["null_variance"] / 8]
    items = data[columns(case)].astype(float)
    whole = bool((items.dropna() % 1 == 0).all().all())
    return within_group(items, data[case["data"]["group"]], low=low, high=high, null=null, whole_numbers=whole)


def kind_rwg(case: Case, data: pd.DataFrame) -> Numbers:
    found = grouped(case, data)
    return by_group(case, found, found.rwg)


def kind_rwgj_lindell(case: Case, data: pd.DataFrame) -> Numbers:
    found = grouped(case, data)
    return by_group(case, found, found.rwg_lindell)


def kind_ad(case: Case, data: pd.DataFrame) -> Numbers:
    found = grouped(case, data)
    return {"mean": by_group(case, found, found.ad_mean), "median": by_group(case, found, found.ad_median)}


def kind_kappa(case: Case, data: pd.DataFrame) -> Numbers:
    ratings = table(case, data)
    plain = cohen_kappa(ratings.iloc[:, 0], ratings.iloc[:, 1])
    near = cohen_kappa(ratings.iloc[:, 0], ratings.iloc[:, 1], weights="quadratic")
    return {"kappa": plain.estimate, "n": plain.n, "kappa_se": plain.std_error, "kappa_lower": plain.conf_low,
            "kappa_upper": plain.conf_high, "weighted_kappa": near.estimate, "weighted_se": near.std_error,
            "weighted_lower": near.conf_low, "weighted_upper": near.conf_high}


def kind_kappa_linear(case: Case, data: pd.DataFrame) -> Numbers:
    ratings = table(case, data)
    return {"weighted_kappa": cohen_kappa(ratings.iloc[:, 0], ratings.iloc[:, 1], weights="linear").estimate}


def kind_kappa_fleiss(case: Case, data: pd.DataFrame) -> Numbers:
    return {"fleiss_kappa": category_agreement(table(case, data).dropna()).estimate("kappa_fleiss").estimate}


def kind_kappa_light(case: Case, data: pd.DataFrame) -> Numbers:
    return {"light_kappa": light_kappa(table(case, data)).estimate}


def kind_kendall_w(case: Case, data: pd.DataFrame) -> Numbers:
    one = kendall_w(table(case, data))
    return {"w": one.estimate, "chisq": one.statistic, "df": one.df, "p": one.p_value}


def kind_kripp(case: Case, data: pd.DataFrame) -> Numbers:
    return {level: category_agreement(table(case, data), level=level).estimate("krippendorff").estimate
            for level in case["expected"]}


KINDS: dict[str, Callable[[Case, Any], Any]] = {
    "icc6": kind_icc6,
    "icc6_mixed": kind_icc6_mixed,
    "icc_multilevel": kind_icc_multilevel,
    "icc_mixed": kind_icc_mixed,
    "gmeanrel": kind_gmeanrel,
    "rwg": kind_rwg,
    "rwgj": kind_rwg,
    "rwgj_lindell": kind_rwgj_lindell,
    "ad": kind_ad,
    "ad_j": kind_ad,
    "kappa": kind_kappa,
    "kappa_linear": kind_kappa_linear,
    "kappa_fleiss": kind_kappa_fleiss,
    "kappa_light": kind_kappa_light,
    "kendall_w": kind_kendall_w,
    "kripp": kind_kripp,
}
"""Kind of case to the function that computes it."""
