"""The ladder of claims about an instrument: what evidence it has, what may be said of its scores, and what may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from coachresearch.core.errors import InstrumentError

Level = Literal[0, 1, 2, 3, 4, 5]


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of the ladder.

    Parameters
    ----------
    level : int
        0 draft, 1 content, 2 pilot, 3 structure, 4 use, 5 replicated.
    code : str
        Its sentences are ``ladder.<code>.may``, ``ladder.<code>.may_not`` and ``ladder.<code>.needs``.
    """

    level: int
    code: str

    @property
    def may(self) -> str:
        """Code of the sentence that may be said."""
        return f"ladder.{self.code}.may"

    @property
    def may_not(self) -> str:
        """Code of the sentence about what may not be said."""
        return f"ladder.{self.code}.may_not"

    @property
    def needs(self) -> str:
        """Code of the sentence about the evidence that this level needs."""
        return f"ladder.{self.code}.needs"


LADDER: tuple[Rung, ...] = (
    Rung(0, "draft"), Rung(1, "content"), Rung(2, "pilot"), Rung(3, "structure"), Rung(4, "use"), Rung(5, "replicated"),
)
DRAFT_UP_TO = 1
"""Up to this level a claim speaks of answers to items, not of a score that means something."""


def rung(level: int) -> Rung:
    """Return a level of the ladder.

    Raises
    ------
    InstrumentError
        If the level is not one of 0 to 5.
    """
    if level not in range(len(LADDER)):
        raise InstrumentError(f"There is no claim level {level!r}", remedy="Levels run from 0 (draft) to 5 (replicated).")
    return LADDER[level]


def level_of(status: Literal["draft", "published"]) -> int:
    """Return the level at which an instrument starts here: 0 for a draft, 2 for a published one.

    A published scale starts as one for group research: whether its structure holds, and for which use, is a matter of the
    evidence for the population at hand, which is entered by its user and not assumed.
    """
    if status not in ("draft", "published"):
        raise InstrumentError(f"There is no status {status!r}", remedy="There are: draft, published.")
    return 0 if status == "draft" else 2
