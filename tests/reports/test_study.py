from __future__ import annotations

import json
import re
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from coachresearch.claims.claim import make_claim
from coachresearch.claims.design import STRENGTHS
from coachresearch.core.errors import DesignError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, not_assessable
from coachresearch.display.text import sentence
from coachresearch.reports.facts import ScaleMeasurement
from coachresearch.reports.page import build_date
from coachresearch.reports.study import study_report, summary_parts

HEADINGS = ["In short", "Who took part", "How well it was measured", "What changed", "What may be claimed", "Limits",
            "Methods", "References and licences", "Where these numbers come from"]
LONGEST_SUMMARY = 120  # words


@pytest.fixture(scope="module")
def report(new_facts, new_change, new_scale, new_claim):
    return study_report(
        new_facts(), measurement=[new_scale(), ScaleMeasurement(id="safety", title="Safety")],
        changes=[new_change(), new_change("Safety", -0.2, 0.3)],
        claims=[new_claim(), new_claim(new_change("Safety", -0.2, 0.3), ScaleMeasurement(id="s", title="Safety"),
                                       id="safety")])


@pytest.fixture(scope="module")
def html(report) -> str:
    return report.html()


@pytest.fixture(scope="module")
def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def _soup(report) -> BeautifulSoup:
    return BeautifulSoup(report.html(), "html.parser")


def test_the_page_is_whole(html: str, soup: BeautifulSoup) -> None:
    assert html.startswith("<!DOCTYPE html>")
    assert soup.html["lang"] == "en"
    assert soup.title.get_text() == "Spring cohort"
    assert [one.get_text() for one in soup.find_all("h1")] == ["Spring cohort"]
    assert [one.get_text() for one in soup.find_all("h2")] == HEADINGS
    levels = [int(one.name[1]) for one in soup.find_all(re.compile("^h[1-6]$"))]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert soup.find("script") is None
    assert not re.search(r"""(src|href|action)=["'](?!#|data:)""", html)
    assert not re.search(r"url\((?!#)|@import", html)
    ids = [one["id"] for one in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_every_table_has_a_number_a_caption_and_scopes(soup: BeautifulSoup) -> None:
    tables = soup.find_all("table")
    assert len(tables) == 7
    for number, table in enumerate(tables, start=1):
        assert table.caption.get_text().startswith(f"Table {number}")
        assert len(table.caption.find("i").get_text()) > 3
        assert all(head.get("scope") for head in table.find_all("th"))


def test_every_figure_has_a_number_a_title_and_words(soup: BeautifulSoup) -> None:
    figures = soup.find_all("figure")
    assert len(figures) == 5
    for number, figure in enumerate(figures, start=1):
        drawn = figure.find("svg")
        assert drawn["role"] == "img"
        assert len(drawn.find("desc").get_text()) > 40
        assert figure.figcaption.get_text().startswith(f"Figure {number} {drawn.find('title').get_text()}")
        assert figure.details.p.get_text() == drawn.find("desc").get_text()


def test_the_summary_leads_and_the_numbers_follow(soup: BeautifulSoup) -> None:
    first = soup.find("section")
    assert first["id"] == "summary"
    assert [one.get_text() for one in first.find_all("p")] == [
        "Coaching raised Trust in the leader by 0.40 scale points (95% interval 0.10 to 0.70; 93 people).",
        "The interval leaves open whether it reaches the smallest difference worth having (0.20 scale points).",
        "Chance decided who was coached, so other causes are unlikely to explain a difference.",
        "The answers were precise enough to speak of groups, not of persons.",
        "1 more outcome stands in the list of claims below.",
        "Nothing here shows who in particular changed."]
    assert ("Trust in the leader passes the check of precision: Cronbach's alpha is .84, and at least .70 was asked "
            "for (Nunnally, 1978; 93 people).") in soup.get_text()
    assert "Safety was not checked, which is not the same as passing." in soup.get_text()


def test_the_flow_counts_add_up(soup: BeautifulSoup) -> None:
    table = soup.find("table", id="table-1")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
    assert rows == [
        ["Step", "Coached", "Waiting"], ["Belong to the group", "48", "48"], ["Answered: Before", "48", "48"],
        ["Answered: After", "47", "46"], ["In the main analysis", "47", "46"]]
    words = soup.find(id="figure-1-desc").get_text()
    assert "96 people were assigned and 93 people are in the analysis; 3 of those assigned are not." in words


def test_the_ledger_tells_what_each_claim_rests_on(soup: BeautifulSoup) -> None:
    ledger = soup.find("table", class_="ledger")
    assert [head.get_text() for head in ledger.thead.find_all("th")] == [
        "Claim", "Estimate and interval", "People", "Design", "Measurement", "Other analyses", "What it does not show"]
    first, second = ledger.tbody.find_all("tr")
    assert "Supported" in first.th.get_text()
    assert "+0.40 [0.10, 0.70]" in first.get_text()
    assert "Randomised: can carry a claim about cause." in first.get_text()
    assert "Not shown" in second.th.get_text()
    assert "That there is no effect" in second.get_text()
    assert ledger["role"] == "table"
    assert {cell["role"] for cell in ledger.find_all("td")} == {"cell"}


def test_readers_see_the_names_of_the_arms(soup: BeautifulSoup) -> None:
    text = soup.get_text()
    assert "Coached minus Waiting" in text
    assert "2 of 48 people in Waiting gave no answer at T2." in text
    assert "c minus w" not in text


@pytest.mark.parametrize(("design", "gate"), list(product(STRENGTHS, ("pass", "fail", "not_assessable", None))))
def test_the_summary_is_short_whatever_came_out(new_facts, design: str, gate: str | None) -> None:
    for low, high in ((0.1, 0.7), (-0.7, -0.1), (-0.1, 0.3), (float("nan"), float("nan"))):
        for level in (None, 0):
            estimand = "mean_change" if design == "one_group" else "ancova_difference"
            judged = Gate("t", "reliability", gate, "alpha", 0.8, "nunnally1978", 93) if gate else None  # type: ignore
            claim = make_claim(
                id="a", outcome="trust in the leader as seen by direct reports", estimand=estimand,  # type: ignore
                estimate=Estimate(estimand, (low + high) / 2, conf_low=low, conf_high=high, conf_level=0.95, n=93),
                design=design, gate=judged, status_level=level, smallest_worthwhile=0.2)  # type: ignore[arg-type]
            said = summary_parts(new_facts(design=design), (claim, claim), withheld=True)
            words = " ".join(sentence(one.code, **dict(one.params)) for one in said).split()
            assert len(words) <= LONGEST_SUMMARY, " ".join(words)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = report.save(tmp_path / "one.html").read_bytes()
    data = (tmp_path / "one.json").read_bytes()
    assert report.save(tmp_path / "two.html").read_bytes() == first
    assert (tmp_path / "two.json").read_bytes() == data
    assert b"\r" not in first
    assert not re.search(rb"<dt>Date</dt>", first)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "one.json", "two.html", "two.json"]


def test_the_date_comes_from_the_environment_or_by_hand(report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    assert "2026-05-28" in report.html()
    assert build_date("2026-01-01", {"SOURCE_DATE_EPOCH": "1780000000"}) == "2026-01-01"
    assert build_date("", {}) == ""


def test_the_claims_stand_beside_the_page_as_data(tmp_path: Path, report, soup: BeautifulSoup) -> None:
    page = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [one["verdict"] for one in told["claims"]] == ["supported", "not_shown"]
    assert told["claims"][0]["estimate"]["conf_low"] == 0.1
    assert told["claims"][0]["sentences"][0] in page
    assert told["provenance"]["data_hash"] == "ab" * 32
    folded = soup.find("pre").get_text()
    assert json.loads(folded) == told["claims"]


def test_one_changed_answer_that_crosses_the_limit_changes_numbers_and_sentences(new_facts, new_change, new_claim):
    from coachresearch.psychometrics.reliability import reliability, reliability_gate

    def measured(frame: pd.DataFrame) -> ScaleMeasurement:
        found = reliability(frame, title="Trust in the leader", scale="trust", low=1, high=5)
        return ScaleMeasurement(id="trust", title="Trust in the leader", gates=(reliability_gate(found),),
                                reliability=found)

    def told(scale: ScaleMeasurement) -> str:
        built = study_report(new_facts(), measurement=[scale], changes=[new_change()],
                             claims=[new_claim(new_change(), scale)])
        return BeautifulSoup(built.html(), "html.parser").get_text(" ")

    rng = np.random.default_rng(20260301)
    trait = rng.normal(size=(120, 1))
    answers = np.clip(np.round(3 + 0.62 * trait + 0.95 * rng.normal(size=(120, 6))), 1, 5)
    frame = pd.DataFrame(answers, columns=[f"i{item}" for item in range(6)])
    order = np.argsort(-np.abs(trait[:, 0]))
    last = now = measured(frame)
    assert now.gates[0].verdict == "pass"
    for row in order:
        last = now
        frame.iloc[int(row), 0] = 6 - frame.iloc[int(row), 0]
        now = measured(frame)
        if now.gates[0].verdict == "fail":
            break
    before, after = told(last), told(now)
    assert last.gates[0].value >= 0.7 > now.gates[0].value
    assert "Coaching raised Trust in the leader" in before
    assert "Coaching raised" not in after
    assert "No claim is made about Trust in the leader: its measurement did not pass." in after
    assert "Trust in the leader passes the check" in before
    assert "Trust in the leader does not pass the check" in after
    assert "Withdrawn" in after
    intervals = [re.search(r"\.\d\d \[\.\d\d, \.\d\d\]", text).group() for text in (before, after)]
    assert intervals[0] != intervals[1]


def test_simulated_data_are_announced_first(new_facts) -> None:
    built = study_report(new_facts(simulated=True), measurement=[], changes=[], claims=[])
    body = _soup(built).body
    assert body.find("p").get_text().startswith("These data are simulated.")
    plain = study_report(new_facts(), measurement=[], changes=[], claims=[])
    assert "simulated" not in _soup(plain).get_text()
    text = _soup(plain).get_text()
    assert "No claim is made in this report." in text
    assert "There is no result to show." in text
    assert "No scale was measured." in text


def test_hostile_text_is_shown_and_does_nothing(new_facts, new_change, new_scale, new_claim) -> None:
    hostile = '"><script>alert(1)</script><img src=http://x/y onerror=z>'
    facts = new_facts(title=hostile, question=hostile, goal=hostile, notes=(hostile,), registration=hostile)
    change = new_change(hostile)
    built = study_report(facts, measurement=[new_scale(hostile)], changes=[change], claims=[new_claim(change)])
    page = built.html()
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("script") is None
    assert soup.find("img") is None
    assert soup.find(onerror=True) is None
    assert soup.h1.get_text() == hostile
    assert "<script" not in page


def test_a_report_in_a_language_that_is_not_spoken_says_so_to_screen_readers(new_facts) -> None:
    soup = _soup(study_report(new_facts(language="de"), measurement=[], changes=[], claims=[]))
    assert soup.html["lang"] == "en"
    assert soup.h1["lang"] == "de"
    assert soup.find("p", string="Two teams were merged.")["lang"] == "de"


def test_a_group_that_is_too_small_is_not_shown_nor_what_would_tell_of_it(
    new_facts, new_change, new_scale, new_claim
) -> None:
    from dataclasses import replace

    small = replace(new_facts().arms[1], assigned=6, answered=(("T1", 6), ("T2", 4)), analysed=4)
    facts = new_facts(arms=(new_facts().arms[0], small))
    change = new_change(n=4)
    built = study_report(facts, measurement=[new_scale()], changes=[change], claims=[new_claim(change)])
    text = _soup(built).get_text(" ")
    assert "A group with fewer than 5 people at some step is not shown" in text
    assert "Results about Trust in the leader are not shown: a group is smaller than 5 people." in text
    assert "What concerns a group of fewer than 5 people is left out." in text
    assert "1 claim is left out because a group is smaller than 5 people." in text
    assert built.withheld == ("primary",)
    assert built.claims == ()
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])]
            for row in _soup(built).find("table", id="table-1").find_all("tr")]
    assert rows[1:] == [[step, shown, "fewer than 5"] for step, shown in (
        ("Belong to the group", "48"), ("Answered: Before", "48"), ("Answered: After", "47"),
        ("In the main analysis", "47"))]
    assert "0.40" not in text
    assert "0.40" not in built.json()


def test_one_group_without_arms_has_no_flow(new_facts) -> None:
    text = _soup(study_report(new_facts(arms=(), design="one_group"), measurement=[], changes=[], claims=[])).get_text()
    assert "There are no groups to compare in this study." in text


def test_counts_that_do_not_add_up_are_refused_together(new_facts) -> None:
    from dataclasses import replace

    arm = new_facts().arms[0]
    with pytest.raises(DesignError) as refused:
        new_facts(arms=(replace(arm, answered=(("T1", 49), ("T9", 1)), analysed=50),))
    assert "3 faults" in str(refused.value)
    assert "49 people answered at T1, but 48 belong to the arm (arm c)." in str(refused.value)
    assert "Wave 'T9' is not one of T1, T2" in str(refused.value)
    assert "50 people are analysed, but at most 1 answered at every wave" in str(refused.value)
    with pytest.raises(DesignError, match="There is no design 'quasi'"):
        new_facts(design="quasi")
    with pytest.raises(DesignError, match="min_group is 0"):
        new_facts(min_group=0)


def test_a_gate_that_could_not_be_assessed_tells_why(new_facts, new_scale) -> None:
    scale = new_scale(gates=(not_assessable("trust"), Gate(
        "trust", "reliability", "not_assessable", "alpha", 0.71, "nunnally1978", 40, "interval_straddles_cut")))
    text = _soup(study_report(new_facts(), measurement=[scale], changes=[], claims=[])).get_text(" ")
    assert "could not be checked for precision. There are no answers to the items of this scale." in text
    assert "there are too few people to decide. Cronbach's alpha is .71 (40 people)." in text
