"""Sentences about measurements, and the words a report refuses."""

from __future__ import annotations

import re
from math import isfinite

from coachresearch.claims.ladder import rung
from coachresearch.core.errors import CoachResearchError
from coachresearch.core.gate import Gate
from coachresearch.display.rules import RULES
from coachresearch.display.terms import written
from coachresearch.display.text import sentence
from coachresearch.reports.parts import Say, say

_BARE = re.compile(r"\b(validated|proven|reliable scale)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(not|never|nothing|no)\s+(yet\s+)?(been\s+)?$", re.IGNORECASE)


def check_words(text: str, *, level: int | None, where: str, language: str = "en") -> None:
    """Refuse words that claim more than any evidence can give.

    Parameters
    ----------
    text : str
        Title or paragraph of an author. A denial ("not yet validated") passes.
    level : int or None
        Claim level of the instrument.
    where : str
        Names the text in the message.
    language : str

    Raises
    ------
    CoachResearchError
        With the sentence that the level supports.
    """
    for found in _BARE.finditer(text):
        if not _DENIED.search(text[:found.start()]):
            instead = sentence(rung(level).may, language)
            raise CoachResearchError(
                f"The word {found.group(0)!r} says more than any evidence can", where=where,
                remedy=f'What the evidence supports is: "{instead}"')


def gate_sentence(gate: Gate | None, title: str) -> Say:
    """Return what a gate says about a scale, with its number and the limit that was asked for."""
    if gate is None:
        return say("gate.missing", title=title)
    kind = f"gate_kind.{gate.kind}"
    known = bool(gate.statistic) and isfinite(gate.value)
    number = {"statistic_code": f"label.{gate.statistic}", "value": written(gate.statistic, gate.value)}
    number = number if known else {}
    unit = f"counted.{gate.unit}.{'one' if gate.n == 1 else 'many'}"
    if gate.verdict == "not_assessable":
        code = "gate.not_assessable_value" if known else "gate.not_assessable"
        return say(code, title=title, kind_code=kind, reason_code=f"gate_reason.{gate.reason or 'not_given'}",
                   n=gate.n, unit_code=unit, **number)
    rule = RULES.get(gate.rule)
    if rule is None or not isfinite(rule.needed) or not known:
        return say(f"gate.{gate.verdict}_plain", title=title, kind_code=kind, n=gate.n, unit_code=unit)
    side = "most" if rule.lower_is_better else "least"
    return say(f"gate.{gate.verdict}", title=title, kind_code=kind, n=gate.n, unit_code=unit,
               side_code=f"gate_side.{side}",
               needed=written(gate.statistic, rule.needed), author=rule.author, year=rule.year, **number)
