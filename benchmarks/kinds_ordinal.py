"""Reference cases of ordinal items and of items with gaps, computed by ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coachresearch.moments.collect import collect
from coachresearch.moments.em import em_moments
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.latent_pair import polychoric_pair, polyserial
from coachresearch.psychometrics.polychoric import polychoric

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]


def kind_polychoric(case: Case, data: pd.DataFrame) -> Numbers:
    rows = data[case["data"]["columns"]]
    found = polychoric(collect(rows, into=PairTables, complete_rows=case["data"]["missing"] == "listwise"))
    thresholds: Any = {"values": [list(map(float, one)) for one in found.thresholds]}
    if "values" not in case["expected"]["thresholds"]:
        thresholds = {f"{item}|t{at + 1}": float(one[at])
                      for item, one in zip(found.items, found.thresholds, strict=True) for at in range(len(one))}
    return {"rho": {"values": found.cor.tolist()}, "thresholds": thresholds}


def kind_polychor_pair(case: Case, data: pd.DataFrame) -> Numbers:
    tables = collect(data[["A1", "A2", "A3", "A4", "A5"]].dropna(), into=PairTables)
    two_step = "ML = FALSE" in case["call"]
    found = polychoric_pair(tables, *case["data"]["columns"], estimator="two_step" if two_step else "ml",
                            thresholds_known=two_step)
    return {"rho": found.estimates[0].estimate, "se": found.estimates[0].std_error, "chisq": found.g2, "df": found.df,
            "row_thresholds": list(map(float, found.thresholds_first)),
            "col_thresholds": list(map(float, found.thresholds_second))}


def kind_polyserial(case: Case, data: pd.DataFrame) -> Numbers:
    number, ordinal = case["data"]["columns"]
    found = polyserial(data, number=number, ordinal=ordinal).estimates[0]
    return {"rho": found.estimate, "se": found.std_error}


def kind_em_moments(case: Case, data: pd.DataFrame) -> Numbers:
    found = em_moments(collect(data[case["data"]["columns"]], into=Patterns))
    mean = dict(zip(found.columns, map(float, found.mean), strict=True))
    return {"mean": mean, "cov": {"values": found.cov.tolist()}}


KINDS: dict[str, Callable[[Case, Any], Numbers]] = {
    "polychoric": kind_polychoric,
    "polychor_pair": kind_polychor_pair,
    "polyserial": kind_polyserial,
    "em_moments": kind_em_moments,
}
"""Kind of case to the function that computes it."""
