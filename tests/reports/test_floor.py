from __future__ import annotations

from dataclasses import replace

import pytest

from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.reports.floor import may_claim, may_show, too_small_arms


@pytest.mark.parametrize(("n", "shown"), [(4, False), (5, True), (0, True)])
def test_a_result_rests_on_enough_people(n: int, shown: bool) -> None:
    one = Result(title="T", method="", estimates=(Estimate("mean", 3.0, "c", n=40), Estimate("mean", 3.0, "w", n=n)))
    assert may_show(one, 5) is shown


def test_a_result_that_speaks_of_a_hidden_arm_is_not_shown() -> None:
    between = Result(title="T", method="", estimates=(Estimate("change_difference", 0.2, "c - w", n=40),))
    assert not may_show(between, 5, frozenset({"w"}))
    assert may_show(between, 5, frozenset({"x"}))


def test_a_claim_about_a_hidden_arm_is_not_made(new_claim) -> None:
    assert may_claim(new_claim(), 5)
    assert not may_claim(new_claim(), 100)
    assert not may_claim(new_claim(), 5, frozenset({"w"}))
    nameless = new_claim(estimate=Estimate("ancova_difference", 0.2, n=93))
    assert not may_claim(nameless, 5, frozenset({"w"}))
    assert may_claim(nameless, 5)


def test_an_arm_is_small_if_any_count_that_would_be_shown_is(new_facts) -> None:
    arm = new_facts().arms[0]
    assert too_small_arms([arm], 5) == frozenset()
    assert too_small_arms([replace(arm, analysed=4)], 5) == {"c"}
    assert too_small_arms([replace(arm, answered=(("T1", 3), ("T2", 47)))], 5) == {"c"}
    assert too_small_arms([replace(arm, analysed=0)], 5) == frozenset()
