from __future__ import annotations

from dataclasses import replace

import numpy as np
from bs4 import BeautifulSoup

from coachresearch.core.gate import Gate
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.reliability import reliability, reliability_gate
from coachresearch.psychometrics.structure import structure, structure_gate
from coachresearch.reports.facts import ScaleMeasurement
from coachresearch.reports.measurement import measurement_report


def _soup(report) -> BeautifulSoup:
    return BeautifulSoup(report.html(), "html.parser")


def test_the_page_tells_precision_items_and_what_may_be_said(new_measurement_facts, new_scale) -> None:
    scales = [new_scale(), new_scale("Care", 0.5), ScaleMeasurement(id="s", title="Safety")]
    soup = _soup(measurement_report(new_measurement_facts(), scales))
    assert [one.get_text() for one in soup.find_all("h2")] == [
        "In short", "How well it was measured", "The items", "What may be said of the questionnaire", "Limits",
        "Methods", "References and licences", "Where these numbers come from"]
    assert soup.find("section", id="summary").p.get_text() == (
        "93 people answered. 1 of 3 scales pass the check of precision; 1 did not pass, and 1 could not be checked.")
    said = soup.find("section", id="instruments").get_text(" ")
    assert "Draft items; no evidence yet." in said
    assert "For the next level it needs: Evidence on content" in said
    assert len(soup.find_all("figure")) == 3
    assert "does not pass" in soup.find("table", id="table-1").get_text()
    assert "answers.csv" in soup.find("section", id="methods").get_text()
    assert "10.1000/1" in soup.find("section", id="references").get_text()


def test_sentences_of_the_instrument_replace_those_of_the_level(new_measurement_facts) -> None:
    facts = new_measurement_facts()
    told = replace(facts, instruments=(replace(facts.instruments[0], said=("Only this may be said.",)),))
    said = _soup(measurement_report(told, [])).find("section", id="instruments").get_text(" ")
    assert "Only this may be said." in said
    assert "Draft items" not in said


def test_too_few_people_are_not_shown_at_all(new_measurement_facts, new_scale) -> None:
    report = measurement_report(new_measurement_facts(n=4), [new_scale(n=4)])
    assert _soup(report).find("section", id="summary").p.get_text() == (
        "Fewer than 5 people answered, so nothing is shown.")
    assert ".84" not in report.html()
    assert "0.22" not in report.html()


def test_a_scale_that_few_answered_is_left_out(new_measurement_facts, new_scale) -> None:
    small = new_scale("Care", 0.61, n=4)
    report = measurement_report(new_measurement_facts(), [new_scale(), small])
    text = _soup(report).get_text(" ")
    assert "What concerns fewer than 5 people is not shown." in text
    assert "Care was not checked" in text
    assert ".61" not in text


def test_other_gates_are_told_with_their_own_words(new_measurement_facts, new_scale) -> None:
    scale = new_scale(gates=(
        Gate("t", "structure", "pass", "rmsea", 0.04, "own_rule", 200), Gate("t", "agreement", "fail", n=40),
        Gate("t", "invariance", "not_assessable", reason="", n=40)))
    text = _soup(measurement_report(new_measurement_facts(), [scale])).get_text(" ")
    assert "passes the check of structure (200 people)" in text
    assert "does not pass the check of agreement (40 people)" in text
    assert "could not be checked for sameness of meaning. No reason was recorded." in text


def test_a_rule_with_an_upper_limit_reads_at_most(new_measurement_facts, new_scale) -> None:
    scale = new_scale(gates=(Gate("t", "structure", "pass", "floor", 0.04, "terwee2007", 200),))
    text = _soup(measurement_report(new_measurement_facts(), [scale])).get_text(" ")
    assert "At the lowest answer is 4%, and at most 15% was asked for (Terwee et al., 2007; 200 people)." in text


def test_a_precise_score_of_several_things_is_told_as_both(new_measurement_facts, new_scale) -> None:
    rng = np.random.default_rng(1)
    rows = factor_answers(rng, 500, loadings=np.kron(np.eye(2), np.full((6, 1), 0.85)), phi=[[1, 0.55], [0.55, 1]])
    moments = Moments.from_rows([f"i{i}" for i in range(12)], rows)
    precise = reliability(moments, title="Climate", scale="climate")
    shape = structure(moments, rng=rng, title="Climate", scale="climate")
    one = replace(new_scale("Climate"), gates=(reliability_gate(precise), structure_gate(shape)), reliability=precise,
                  structure=shape)
    soup = _soup(measurement_report(new_measurement_facts(n=500), [one]))
    said = soup.find("section", id="summary").get_text(" ")
    assert "1 of 1 scale passes the check of precision" in said
    assert "of 1 it does not" in said
    assert "Climate: the score is precise, and yet one factor does not describe its items." in said
    assert "2 common factors stand" in soup.find("section", id="structure").get_text(" ")
    measured = soup.find("section", id="measurement").get_text(" ")
    assert "Climate passes the check of precision" in measured
    assert "Climate does not pass the check of structure" in measured
