"""Seven tests of the toolkit's own honesty: what it must refuse, take back or call unverified."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from coachresearch.apps.published import card_text
from coachresearch.core.errors import CoachResearchError, InstrumentError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.content import content_hash
from coachresearch.instruments.ledger import Entry, evidence_gates, standing
from coachresearch.instruments.library import library
from coachresearch.instruments.norms import norm_cards
from coachresearch.reports.floor import may_show
from coachresearch.reports.words import check_words
from coachresearch.scoring.norms import norm_scores
from coachresearch.scoring.scores import Scores

TODAY = date(2026, 6, 1)
PASSED = (("item_cvi", "1", 0.9, 10, "expert"), ("scale_cvi", "1", 0.95, 10, "expert"),
          ("modified_kappa", "1", 0.8, 10, "expert"), ("correct_sort", "1", 0.8, 40, "person"),
          ("target_people", "1", 0.85, 40, "person"), ("open_problems", "2", 0.02, 18, "person"),
          ("missing_answers", "2", 0.01, 18, "person"), ("retest_icc", "R", 0.8, 120, "person"))
# Leader climate: eleven items of the data set lq2002 of the R package multilevel 2.7, 2,042 complete rows, one factor
# by maximum likelihood (lavaan 0.6-14). Omega with a bootstrap interval, alpha with Feldt's.
FINE_ALPHA_BAD_FIT = (
    ("omega_research", "R", 0.9036, (0.8957, 0.9102)), ("alpha", "R", 0.9022, (0.8958, 0.9084)),
    ("cfi", "3", 0.786, None), ("tli", "3", 0.733, None), ("rmsea", "3", 0.168, None), ("srmr", "3", 0.079, None),
    ("loading_median", "3", 0.651, None),
)


@pytest.fixture(scope="module")
def mq5():
    return library()["mq5"]


@pytest.fixture
def entries(mq5):
    def make(facts, **more):
        made = []
        for gate, source, estimate, n, unit in facts:
            one = replace(Entry(
                "mq5", mq5.version, mq5.content_hash, "full", "en", "feedback to groups", "agencies", source, "S1",
                "survey", n, "real", unit, "report", date(2026, 1, 1), gate, gate, estimate, "?", "adequate"), **more)
            made.append(replace(one, result=evidence_gates()[gate].judge(one)))
        return made

    return make


@pytest.fixture
def leader_climate(entries):
    def make(**more):
        return [one for gate, source, estimate, interval in FINE_ALPHA_BAD_FIT
                for one in entries(((gate, source, estimate, 2042, "person"),), interval=interval, study="S2", **more)]

    return make


def test_1_a_fine_alpha_does_not_outweigh_a_bad_fit(mq5, entries, leader_climate):
    found = standing(mq5, [*entries(PASSED), *leader_climate()], today=TODAY)
    assert found.level == 2
    named = [reason for reason in found.reasons if reason.startswith("Failed gate")]
    assert [reason.split()[2] for reason in named] == ["cfi", "tli", "rmsea"]
    assert "0.786, needed >= 0.95; n = 2042, study S2" in named[0]


def test_2_simulated_data_leave_the_ledger_at_0_and_it_says_why(mq5, entries, leader_climate):
    simulated = [*entries(PASSED, data_kind="simulated"), *leader_climate(data_kind="simulated")]
    found = standing(mq5, simulated, today=TODAY)
    assert (found.level, found.counted) == (0, ())
    assert found.reasons[0] == "15 entries set aside: simulated answers test the software and say nothing about people."


def test_3_means_of_organisations_say_nothing_about_the_precision_of_persons(mq5, entries):
    means = entries((("omega_research", "R", 0.95, 400, "organisation-mean"),), interval=(0.93, 0.97))
    found = standing(mq5, [*entries(PASSED[:-1]), *means], today=TODAY)
    assert found.level == 1
    assert means[0] not in found.counted
    assert any("means of teams or organisations" in reason for reason in found.reasons)


def test_4_a_recalled_norm_is_called_unverified_and_places_nobody():
    lines = [line for line in card_text(published_cards()["pss10"]).splitlines() if "13.02" in line]
    assert lines
    assert all("unverified" in line for line in lines)
    recalled = replace(norm_cards()["ipip_neo_120_web"], known="recalled", confidence="high")
    scores = Scores(pd.DataFrame([{"wave": "T1", "person": "P1", "target": "P1", "role": "self",
                                   "scale": "ipip_neo_120_n", "score": 80.0, "n_answered": 24, "n_items": 24,
                                   "method": "sum"}]))
    with pytest.raises(InstrumentError, match="unverified"):
        norm_scores(scores, recalled, pd.DataFrame({"person": ["P1"], "sex": ["male"], "age": [30]}))


def test_4_no_figure_that_is_recalled_is_printed_without_saying_so():
    for card in map(published_cards().__getitem__, published_cards()):
        lines = card_text(card).splitlines()
        for line in lines:
            assert "recalled" not in line or "unverified" in line, f"{card.id}: {line}"
        marks = sum(block["source"] == "recalled" for room in ("reliability", "fit", "norms") for block in
                    card.data.get(room, ()))
        told = sum(line.startswith("  - ") and "unverified]" in line for line in lines)
        assert told >= marks


def test_5_a_new_word_is_a_new_version_and_detaches_the_evidence(mq5, entries):
    evidence = entries(PASSED)
    assert standing(mq5, evidence, today=TODAY).level >= 1
    item = mq5.items[0]
    voices = tuple((role, tuple((language, f"{text} Yes.") for language, text in words)) for role, words in item.text)
    other = replace(mq5, items=(replace(item, text=voices), *mq5.items[1:]))
    other = replace(other, content_hash=content_hash(other))
    assert other.content_hash != mq5.content_hash
    found = standing(other, evidence, today=TODAY)
    assert (found.level, found.counted) == (0, ())
    assert f"{len(evidence)} entries detached" in found.reasons[0]


@pytest.mark.parametrize("n", [1, 4])
def test_6_below_the_floor_nothing_is_shown_and_nothing_from_which_it_could_be_worked_out(n):
    def estimate(group, count):
        return Estimate(term="mean", group=group, estimate=3.0, n=count)

    small = Result(title="t", method="m", estimates=(estimate("a", 12), estimate("b", n), estimate("all", 12 + n)))
    assert not may_show(small, min_group=5)
    difference = replace(small, estimates=(estimate("a - b", 12 + n),))
    assert not may_show(difference, min_group=5, hidden=frozenset({"b"}))
    assert may_show(replace(small, estimates=(estimate("a", 12),)), min_group=5, hidden=frozenset({"b"}))


@pytest.mark.parametrize("word", ["validated", "Validated", "proven", "reliable scale"])
def test_7_a_bare_claim_fails_the_report_and_the_sentence_that_is_supported_is_offered(word):
    with pytest.raises(CoachResearchError) as caught:
        check_words(f"Results of our {word} questionnaire", level=0, where="title")
    assert "Draft items; no evidence yet." in str(caught.value)
