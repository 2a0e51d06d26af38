"""Kinds of reference cases about reliability: see `benchmarks.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.kinds_structure import keyed

from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.bounds import guttman, odd_even, reliability_bounds, split_halves
from coachresearch.psychometrics.coefficients import alphas
from coachresearch.psychometrics.discriminant import discriminant_validity
from coachresearch.psychometrics.hierarchy import omega_hierarchical
from coachresearch.psychometrics.ordinal_reliability import ordinal_reliability
from coachresearch.psychometrics.polychoric import PolychoricCorrelations, polychoric
from coachresearch.psychometrics.raters import disattenuated, length_needed, stepped_up

if TYPE_CHECKING:
    import pandas as pd

Case = dict[str, Any]
Numbers = dict[str, Any]


def polychorics(items: pd.DataFrame) -> PolychoricCorrelations:
    return polychoric(collect(items, into=PairTables, complete_rows=True))


def standardised(moments: Moments) -> Moments:
    return Moments.from_published(moments.n, cor=moments.cor, columns=moments.columns)


def kind_glb(case: Case, data: pd.DataFrame) -> Numbers:
    moments = collect(keyed(case, data))
    return {name: reliability_bounds(one).estimate("glb").estimate
            for name, one in (("cov", moments), ("cor", standardised(moments)))}


def kind_guttman(case: Case, data: pd.DataFrame) -> Numbers:
    found = reliability_bounds(collect(keyed(case, data)))
    return {f"lambda{name}": found.estimate(f"guttman_{name}").estimate for name in (1, 2, 3, 5, 6)}


def kind_tenberge(case: Case, data: pd.DataFrame) -> Numbers:
    found = reliability_bounds(standardised(collect(keyed(case, data))))
    return {f"mu{step}": found.estimate(f"tenberge_{step}").estimate for step in range(4)}


def kind_splithalf(case: Case, data: pd.DataFrame) -> Numbers:
    moments = standardised(collect(keyed(case, data)))
    found, cor = reliability_bounds(moments), moments.cor
    k = len(cor)
    return {"max_split": found.estimate("split_half_max").estimate,
            "min_split": found.estimate("split_half_min").estimate,
            "mean_split": found.estimate("split_half_mean").estimate, "n_splits": len(split_halves(cor)),
            "average_r": float((cor.sum() - k) / (k * (k - 1))), "alpha_std": float(alphas(cor)),
            "lambda2": found.estimate("guttman_2").estimate, "lambda6": found.estimate("guttman_6").estimate}


def kind_oddeven(case: Case, data: pd.DataFrame) -> Numbers:
    moments = collect(keyed(case, data))
    found = reliability_bounds(moments)
    return {"r": odd_even(moments.cov)[0], "spearman_brown": found.estimate("odd_even").estimate,
            "flanagan_rulon": found.estimate("flanagan_rulon").estimate}


def kind_omega_sl(case: Case, data: pd.DataFrame) -> Numbers:
    about = case["data"]
    if "summary" in about:
        table = data.iloc[:, 1:].to_numpy(dtype=float)
        moments = Moments.from_published(1000, cor=table, columns=list(data.iloc[:, 0]))
    else:
        moments = standardised(collect(keyed(case, data)))
    estimator = "ml" if "fm = 'ml'" in case["call"].replace('"', "'") else "minres"
    factors = int(case["call"].split("nfactors = ")[1].split(",")[0])
    first = omega_hierarchical(moments, factors, estimator=estimator, rng=np.random.default_rng(1))
    signs = np.where(first.general < 0, -1.0, 1.0)  # psych turns items that run against the general factor
    turned = Moments.from_published(moments.n, cor=moments.cor * np.outer(signs, signs), columns=moments.columns)
    found = omega_hierarchical(turned, factors, estimator=estimator, rng=np.random.default_rng(1))
    names = [f"{item}-" if sign < 0 else item for item, sign in zip(found.items, signs, strict=True)]
    return {"omega_hierarchical": found.estimate("omega_hierarchical").estimate,
            "omega_h_asymptotic": found.estimate("omega_limit").estimate,
            "omega_total": found.estimate("omega_total").estimate, "ecv": found.estimate("ecv").estimate,
            "alpha": float(alphas(turned.cor)), "lambda6": guttman(turned.cor)[6],
            "general_loadings": dict(zip(names, map(float, found.general), strict=True)),
            "communality": dict(zip(names, map(float, 1 - found.uniquenesses), strict=True))}


def kind_ordinal_alpha(case: Case, data: pd.DataFrame) -> Numbers:
    found = polychorics(keyed(case, data))
    k = len(found.cor)
    return {"rho": {"values": found.cor.tolist()},
            "ordinal_alpha": ordinal_reliability(found).estimate("alpha_latent").estimate,
            "lambda6": guttman(found.cor)[6], "average_r": float((found.cor.sum() - k) / (k * (k - 1)))}


def kind_htmt(case: Case, data: pd.DataFrame) -> Numbers:
    scales = {line.split("=~")[0].strip(): [item.strip() for item in line.split("=~")[1].split("+")]
              for line in case["model"].splitlines() if "=~" in line}
    items = data[[item for scale in scales.values() for item in scale]].astype(float)
    for name, total in (case["data"].get("reverse") or {}).items():
        items[name] = total - items[name]
    found = discriminant_validity(collect(items), scales)
    return {"values": (found.htmt2 if "htmt2 = TRUE" in case["call"] else found.htmt).tolist()}


def kind_spearman_brown(case: Case, data: pd.DataFrame | None) -> Numbers:
    return {"double": stepped_up(0.7, 2), "needed_length_90": length_needed(0.7, 0.9),
            "disattenuated": disattenuated(0.35, 0.8, 0.7)}


def polychoric_moments(items: pd.DataFrame) -> Moments:
    found = polychorics(items)
    return Moments.from_published(len(items.dropna()), cor=found.cor, columns=found.items)


KINDS: dict[str, Callable[[Case, Any], Any]] = {
    "glb": kind_glb,
    "guttman": kind_guttman,
    "tenberge": kind_tenberge,
    "splithalf": kind_splithalf,
    "oddeven": kind_oddeven,
    "omega_sl": kind_omega_sl,
    "ordinal_alpha": kind_ordinal_alpha,
    "htmt": kind_htmt,
    "spearman_brown": kind_spearman_brown,
}
"""Kind of case to the function that computes it."""
