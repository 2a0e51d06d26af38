"""How a named cut-off becomes a verdict on a scale: what its interval and the number of people allow us to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from coachresearch.core.errors import EstimationError
from coachresearch.display.rules import RULES

ReliabilityStatistic = Literal["alpha", "omega_total"]


@dataclass(frozen=True, slots=True)
class ReliabilityRule:
    """When a scale counts as reliable enough.

    Parameters
    ----------
    code : str
        Code of the cut-off in `display.rules`, which holds author, year, source and the reliability that is needed.
    many_people : int
        From this number on an interval with values on both sides of the cut is decided by the estimate; below it,
        such an interval decides nothing.
    fewest_items, fewest_people : int
        With fewer items or complete answers nothing is decided.

    Notes
    -----
    The cut is its author's; the numbers of items and people are ours.
    """

    code: str
    many_people: int = 100
    fewest_items: int = 3
    fewest_people: int = 10

    @property
    def cut(self) -> float:
        """Smallest reliability that passes."""
        return RULES[self.code].needed


RELIABILITY_RULES: tuple[ReliabilityRule, ...] = (
    ReliabilityRule("nunnally1978"),
    ReliabilityRule("nunnally1978_basic"),
    ReliabilityRule("nunnally1978_individual"),
)
"""Early research (.70), basic research (.80), and decisions about single persons (.90)."""


def reliability_rule(code: str) -> ReliabilityRule:
    """Return a rule by its code.

    Raises
    ------
    EstimationError
        If there is no such rule; the message lists what there is.
    """
    for rule in RELIABILITY_RULES:
        if rule.code == code:
            return rule
    raise EstimationError(f"There is no reliability rule {code!r}",
                          remedy=f"There are: {', '.join(rule.code for rule in RELIABILITY_RULES)}.")


@dataclass(frozen=True, slots=True)
class StructureRule:
    """When one factor counts as a description of a scale's items.

    Parameters
    ----------
    code : str
        Code of the cut-off in `display.rules`.
    many_people : int
        From this number on an interval with values on both sides of the cut is decided by the estimate.
    fewest_people : int
        With fewer complete answers nothing is decided.

    Notes
    -----
    The cut is its authors'; the numbers of people are ours.
    """

    code: str
    many_people: int = 300
    fewest_people: int = 50

    @property
    def cut(self) -> float:
        """Largest root mean square error of approximation that passes."""
        return RULES[self.code].needed


STRUCTURE_RULES: tuple[StructureRule, ...] = (StructureRule("browne_cudeck1993"),)
"""RMSEA of .08 or less."""


def structure_rule(code: str) -> StructureRule:
    """Return a rule by its code.

    Raises
    ------
    EstimationError
        If there is no such rule; the message lists what there is.
    """
    for rule in STRUCTURE_RULES:
        if rule.code == code:
            return rule
    raise EstimationError(f"There is no structure rule {code!r}",
                          remedy=f"There are: {', '.join(rule.code for rule in STRUCTURE_RULES)}.")
