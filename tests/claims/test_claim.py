from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachresearch.claims.claim import Claim, deciding_gate, make_claim
from coachresearch.claims.design import STRENGTHS, strength
from coachresearch.core.errors import DesignError, InstrumentError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, not_assessable
from coachresearch.display.text import MESSAGES, sentence

PASS = Gate("trust", "reliability", "pass", "alpha", 0.84, "nunnally1978", 120)
FAIL = Gate("trust", "reliability", "fail", "alpha", 0.41, "nunnally1978", 120)
UNKNOWN = not_assessable("trust")
UP, DOWN, ACROSS, NONE = (0.1, 0.7), (-0.7, -0.1), (-0.2, 0.6), (nan, nan)
GATES = (PASS, FAIL, UNKNOWN, None)


def _claim(
    interval: tuple[float, float] = UP, design: str = "randomised", gate: Gate | None = PASS, **changed: Any
) -> Claim:
    estimand = "mean_change" if design == "one_group" else "ancova_difference"
    estimate = Estimate(estimand, sum(interval) / 2, "c - w", conf_low=interval[0], conf_high=interval[1],
                        conf_level=0.95, n=93)
    told: dict[str, Any] = {"id": "primary", "outcome": "trust in the leader", "estimand": estimand,
                            "estimate": estimate, "status_level": None}
    return make_claim(design=design, gate=gate, **(told | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(("interval", "design", "gate", "verdict", "verb"), [
    (UP, "randomised", PASS, "supported", "raised"),
    (DOWN, "randomised", PASS, "opposite", "lowered"),
    (UP, "waitlist", PASS, "supported", "rose_more"),
    (UP, "matched", PASS, "supported", "was_higher_after"),
    (UP, "self_selected", PASS, "supported", "was_higher_after"),
    (DOWN, "self_selected", PASS, "opposite", "was_lower_after"),
    (UP, "one_group", PASS, "cannot_be_told", "higher_cannot_be_told"),
    (DOWN, "cross_section", PASS, "cannot_be_told", "lower_cannot_be_told"),
    (ACROSS, "randomised", PASS, "not_shown", "was_not_shown_to_differ"),
    ((0.0, 0.5), "randomised", PASS, "not_shown", "was_not_shown_to_differ"),
    (NONE, "randomised", PASS, "cannot_be_told", "no_interval"),
    (UP, "randomised", FAIL, "withdrawn", "withdrawn"),
    (NONE, "one_group", FAIL, "withdrawn", "withdrawn"),
    (UP, "randomised", UNKNOWN, "supported", "rose_more"),
    (UP, "randomised", None, "supported", "rose_more"),
    (UP, "waitlist", None, "supported", "was_higher_after"),
    (UP, "matched", None, "cannot_be_told", "higher_cannot_be_told"),
    (UP, "one_group", None, "cannot_be_told", "higher_cannot_be_told"),
])
def test_the_verb_follows_design_measurement_and_interval(
    interval: tuple[float, float], design: str, gate: Gate | None, verdict: str, verb: str
) -> None:
    claim = _claim(interval, design, gate)
    assert (claim.verdict, claim.verb) == (verdict, verb)


def test_a_hoped_for_fall_is_supported_by_a_fall() -> None:
    assert _claim(DOWN, wanted="lower").verdict == "supported"
    assert _claim(UP, wanted="lower").verdict == "opposite"


def test_only_chance_or_a_rule_carry_a_causal_verb() -> None:
    causal = ("raised", "lowered", "rose_more", "fell_more")
    for design, interval, gate in product(STRENGTHS, (UP, DOWN), GATES):
        if _claim(interval, design, gate).verb in causal:
            assert design in ("randomised", "waitlist", "stepped_wedge", "discontinuity")


def test_every_sentence_is_reached_and_no_other_is_written() -> None:
    reached = {
        _claim(interval, design, gate, status_level=level).sentence.code
        for interval, design, gate, level in product((UP, DOWN, ACROSS, NONE), STRENGTHS, GATES, (None, 0, 1, 2, 5))
    }
    codes = {code for code in MESSAGES.codes() if code.startswith("claim.")}
    assert reached | {"claim.weakened", "claim.disputed"} == codes


@pytest.mark.parametrize("level", [None, 0, 3])
def test_every_claim_can_be_said(level: int | None) -> None:
    for interval, design, gate in product((UP, DOWN, ACROSS, NONE), STRENGTHS, GATES):
        claim = _claim(interval, design, gate, status_level=level, smallest_worthwhile=0.2)
        words = sentence(claim.sentence.code, **claim.sentence.values)
        assert "trust in the leader" in words
        assert "no effect" not in words
        assert "{" not in words
        for code in claim.does_not_show:
            assert sentence(f"open.{code}")
        if claim.worth:
            assert sentence(claim.worth.code, **claim.worth.values)


def test_the_sentence_quotes_the_numbers() -> None:
    said = _claim().sentence
    assert sentence(said.code, **said.values) == (
        "Coaching raised trust in the leader by 0.40 scale points (95% interval 0.10 to 0.70; 93 people).")
    said = _claim(ACROSS).sentence
    assert sentence(said.code, **said.values) == (
        "After the coaching, trust in the leader was not shown to differ between those coached and the others: +0.20 "
        "scale points (95% interval −0.20 to 0.60; 93 people).")


@pytest.mark.parametrize("level", [0, 1])
def test_a_draft_speaks_of_answers_to_items_and_of_nobody(level: int) -> None:
    claim = _claim(status_level=level)
    said = sentence(claim.sentence.code, **claim.sentence.values)
    assert claim.draft
    assert said.startswith("In the coached group, answers to these draft items on trust in the leader moved by +0.40")
    assert "raised" not in said
    assert "draft_items" in claim.does_not_show
    assert not _claim(status_level=2).draft
    assert not _claim(status_level=None).draft


def test_what_stays_open_is_named() -> None:
    assert "regression_to_mean" in _claim(design="self_selected").does_not_show
    assert "passing_time" in _claim(design="one_group").does_not_show
    assert "not_no_effect" in _claim(ACROSS).does_not_show
    assert "measurement_unknown" in _claim(gate=None).does_not_show
    assert "own_view" not in _claim(self_report=False).does_not_show
    assert _claim(gate=FAIL).does_not_show == ("failed_measurement",)
    assert all("single_persons" in _claim(design=design).does_not_show for design in STRENGTHS)


def test_every_open_question_and_every_design_has_its_words() -> None:
    named = {f"open.{code}" for one in STRENGTHS.values() for code in one.leaves_open}
    named |= {f"open.{code}" for code in ("not_no_effect", "draft_items", "measurement_unknown", "own_view",
                                          "single_persons", "later_times", "failed_measurement", "other_analyses",
                                          "several_outcomes", "clustering",
                                          "leaving", "changed_raters", "comparison_treated",
                                          "coached_late")}
    assert named == {code for code in MESSAGES.codes() if code.startswith("open.")}
    for one in STRENGTHS.values():
        assert MESSAGES.knows(f"design.{one.design}")
        assert MESSAGES.knows(f"grade.{one.grade}")


@pytest.mark.parametrize(("interval", "worth"), [
    ((0.25, 0.6), "worth.enough"), ((0.2, 0.6), "worth.enough"), ((0.1, 0.6), "worth.open"),
    ((-0.1, 0.15), "worth.too_small")])
def test_the_interval_is_held_against_what_is_worth_having(interval: tuple[float, float], worth: str) -> None:
    found = _claim(interval, smallest_worthwhile=0.2).worth
    assert found is not None
    assert found.code == worth
    turned = _claim((-interval[1], -interval[0]), smallest_worthwhile=0.2, wanted="lower").worth
    assert turned is not None
    assert turned.code == worth
    assert _claim(interval).worth is None
    assert _claim(interval, gate=FAIL, smallest_worthwhile=0.2).worth is None
    assert _claim((0.3, 0.6), "one_group", smallest_worthwhile=0.2).worth is None


def test_weakened_says_so_only_where_the_measurement_took_a_step_away() -> None:
    assert _claim(gate=None).weakened
    assert not _claim().weakened
    assert not _claim(ACROSS, gate=None).weakened
    assert not _claim(design="one_group", gate=None).weakened
    assert not _claim(NONE, gate=None).weakened


def test_other_analyses_that_lead_to_the_same_reading_are_counted() -> None:
    same = Estimate("change_difference", 0.3, conf_low=0.05, conf_high=0.6)
    other = Estimate("hedges_g", 0.3, conf_low=-0.1, conf_high=0.7)
    claim = _claim(sensitivity=(("a", same), ("b", other)))
    assert (claim.held, len(claim.sensitivity)) == (1, 2)


def test_the_record_is_plain_data() -> None:
    record = _claim(NONE, gate=UNKNOWN, smallest_worthwhile=0.2).record
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["estimate"]["conf_low"] is None  # type: ignore[index]
    assert record["gate"]["value"] is None  # type: ignore[index]
    assert _claim(gate=None).record["gate_verdict"] == "not_assessable"
    assert _claim().record["design_grade"] == 3


def test_the_worst_gate_decides() -> None:
    assert deciding_gate((PASS, UNKNOWN, FAIL)) is FAIL
    assert deciding_gate((PASS, UNKNOWN)) is UNKNOWN
    assert deciding_gate((PASS,)) is PASS
    assert deciding_gate(()) is None


def test_what_a_design_cannot_answer_is_refused() -> None:
    with pytest.raises(DesignError, match="A study of one group has no 'ancova_difference'"):
        _claim(design="one_group", estimand="ancova_difference")
    with pytest.raises(DesignError, match="The change within one arm"):
        _claim(estimand="mean_change")
    with pytest.raises(DesignError, match=r"There is no design 'quasi'.*\n?There are: randomised"):
        strength("quasi")
    with pytest.raises(DesignError, match="There is no estimand 'odds'"):
        _claim(estimand="odds")
    with pytest.raises(InstrumentError, match="no claim level 6"):
        _claim(status_level=6)


@given(st.floats(-3, 3), st.floats(0, 3), st.sampled_from(sorted(STRENGTHS)), st.sampled_from(GATES))
def test_a_worse_measurement_never_makes_a_stronger_verb(
    low: float, width: float, design: str, gate: Gate | None
) -> None:
    order = ("withdrawn", "no_interval", "higher_cannot_be_told", "lower_cannot_be_told", "was_not_shown_to_differ",
             "was_higher_after", "was_lower_after", "rose_more", "fell_more", "raised", "lowered")
    best, worse = _claim((low, low + width), design, PASS), _claim((low, low + width), design, gate)
    assert order.index(worse.verb) <= order.index(best.verb)


@given(st.floats(0.01, 3), st.floats(0, 3), st.sampled_from(sorted(STRENGTHS)))
def test_turning_the_sign_turns_the_verdict(low: float, width: float, design: str) -> None:
    up, down = _claim((low, low + width), design), _claim((-low - width, -low), design)
    turned = {"supported": "opposite", "cannot_be_told": "cannot_be_told"}
    assert down.verdict == turned[up.verdict]
    assert replace(up, wanted="lower").wanted == "lower"


def _other(low: float, high: float) -> Estimate:
    return Estimate("change_difference", (low + high) / 2, conf_low=low, conf_high=high, conf_level=0.95, n=93)


@pytest.mark.parametrize(("others", "verb", "disputed"), [
    ((UP, UP), "raised", False),
    ((UP, ACROSS), "raised", False),
    ((ACROSS, ACROSS, UP), "rose_more", True),
    ((UP, UP, DOWN), "rose_more", True),
    ((), "raised", False),
])
def test_other_analyses_that_dispute_a_claim_weaken_its_verb(others: tuple, verb: str, disputed: bool) -> None:
    claim = _claim(sensitivity=tuple((f"a{at}", _other(*one)) for at, one in enumerate(others)))
    assert (claim.verb, claim.disputed) == (verb, disputed)
    assert ("other_analyses" in claim.does_not_show) == disputed


def test_a_reading_that_holds_zero_is_not_disputed() -> None:
    claim = _claim(ACROSS, sensitivity=(("a", _other(*UP)),))
    assert claim.verb == "was_not_shown_to_differ"
    assert not claim.disputed


def test_a_finding_that_does_not_outlast_worse_leavers_loses_its_grade() -> None:
    kept = (("a", _other(*UP)), ("b", _other(*UP)))
    claim = _claim(sensitivity=(*kept, ("leavers_shifted", _other(*ACROSS))))
    assert (claim.verb, claim.disputed) == ("rose_more", True)
    assert _claim(sensitivity=(*kept, ("leavers_shifted", _other(*UP)))).verb == "raised"


def test_a_reservation_costs_a_grade_and_a_note_does_not() -> None:
    plain = _claim((0.1, 0.6))
    kept = _claim((0.1, 0.6), notes=("several_outcomes",))
    weaker = _claim((0.1, 0.6), reservations=("clustering",))
    assert plain.verb == kept.verb == "raised"
    assert weaker.verb == "rose_more"
    assert weaker.does_not_show[0] == "clustering"
    assert kept.does_not_show[0] == "several_outcomes"
