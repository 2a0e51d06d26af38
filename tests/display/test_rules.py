from __future__ import annotations

from math import nan

import pytest

from coachresearch.display.rules import RULES, interpret
from coachresearch.display.text import MESSAGES


@pytest.mark.parametrize(("value", "rule", "word"), [
    (0.19, "cohen1988", "very_small"), (-0.5, "cohen1988", "medium"), (0.8, "cohen1988", "large"),
    (0.699, "nunnally1978", "too_imprecise"), (0.70, "nunnally1978", "enough_early_research"),
    (0.95, "nunnally1978", "enough_individual"), (-0.1, "landis_koch1977", "poor"), (0.5, "koo_li2016", "moderate"),
    (0.16, "terwee2007", "crowded_end"), (0.30, "nunnally_bernstein1994", "item_fits"),
])
def test_a_rule_names_a_size(value: float, rule: str, word: str) -> None:
    assert interpret(value, rule) == word


def test_every_word_has_an_entry_and_every_entry_a_rule() -> None:
    words = {f"word.{word}" for rule in RULES.values() for word in (rule.below, *(name for _, name in rule.cuts))}
    assert words == {code for code in MESSAGES.codes() if code.startswith("word.")}


def test_every_rule_has_an_author_and_rising_cuts() -> None:
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.author
        assert rule.source
        assert str(rule.year) in code
        assert [cut for cut, _ in rule.cuts] == sorted(cut for cut, _ in rule.cuts)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(KeyError, match=r"there are: cohen1988"):
        interpret(0.2, "horoscope")
    with pytest.raises(ValueError, match="cannot judge nan"):
        interpret(nan, "cohen1988")


def test_reliability_limits_are_those_by_which_gates_are_judged() -> None:
    from coachresearch.psychometrics.rules import RELIABILITY_RULES

    assert {rule.code: rule.cut for rule in RELIABILITY_RULES} == {
        rule.code: RULES[rule.code].needed for rule in RELIABILITY_RULES}
