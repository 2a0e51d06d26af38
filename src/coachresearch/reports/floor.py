"""Groups that are too small are not shown, nor anything from which they could be worked out."""

from __future__ import annotations

from collections.abc import Iterable

from coachresearch.claims.claim import Claim
from coachresearch.display.result import Result
from coachresearch.reports.facts import ArmFacts


def too_small_arms(arms: Iterable[ArmFacts], min_group: int) -> frozenset[str]:
    """Return the arms of which some count that would be shown lies between zero and the floor."""
    return frozenset(
        arm.id for arm in arms
        if any(0 < n < min_group for n in (arm.assigned, arm.analysed, *(n for _, n in arm.answered))))


def may_show(result: Result, min_group: int, hidden: frozenset[str] = frozenset()) -> bool:
    """Whether no number of a result rests on too few people, and none speaks of a hidden arm.

    A result is shown as a whole or not at all: its parts could be subtracted from one another.
    """
    return not any(0 < one.n < min_group or hidden & _groups(one.group) for one in result.estimates)


def may_claim(claim: Claim, min_group: int, hidden: frozenset[str] = frozenset()) -> bool:
    """Whether a claim rests on enough people and on no hidden arm."""
    if 0 < claim.estimate.n < min_group:
        return False
    about = _groups(claim.estimate.group)
    return not (hidden & about) if about else not hidden


def _groups(group: str) -> frozenset[str]:
    return frozenset({group, *group.split(" - ")} - {""})
