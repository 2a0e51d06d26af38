"""How far a design carries a claim about cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from coachresearch.core.errors import DesignError

Design = Literal["randomised", "waitlist", "stepped_wedge", "discontinuity", "difference_in_differences", "matched",
                 "self_selected", "one_group", "cross_section"]


@dataclass(frozen=True, slots=True)
class Strength:
    """What a design can carry.

    Parameters
    ----------
    design : Design
    grade : int
        3: a causal verb; 2: a causal comparison with a reservation; 1: a description in time; 0: the cause cannot
        be told.
    leaves_open : tuple of str
        Codes (``open.<code>``) of what stays possible beside the coaching.
    """

    design: Design
    grade: int
    leaves_open: tuple[str, ...]


STRENGTHS: Mapping[str, Strength] = MappingProxyType({
    one.design: one for one in (
        Strength("randomised", 3, ("knowing_the_arm",)),
        Strength("waitlist", 2, ("waiting_itself", "knowing_the_arm")),
        Strength("stepped_wedge", 2, ("growing_effect", "knowing_the_arm")),
        Strength("discontinuity", 2, ("away_from_the_cut", "knowing_the_arm")),
        Strength("difference_in_differences", 1, ("unlike_paths", "unmeasured_differences")),
        Strength("matched", 1, ("unmeasured_differences",)),
        Strength("self_selected", 1, ("choice", "regression_to_mean")),
        Strength("one_group", 0, ("passing_time", "regression_to_mean")),
        Strength("cross_section", 0, ("earlier_differences",)),
    )
})
"""Design to its strength, from the strongest to the weakest."""


def strength(design: str) -> Strength:
    """Return the strength of a design.

    Raises
    ------
    DesignError
        If there is no such design.
    """
    if design not in STRENGTHS:
        raise DesignError(f"There is no design {design!r}", remedy=f"There are: {', '.join(STRENGTHS)}.")
    return STRENGTHS[design]
