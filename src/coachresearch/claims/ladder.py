"""The ladder of claims about an instrument: what evidence it has, what may be said of its scores, and what may not."""

from __future__ import annotations

from dataclasses import dataclass

from coachresearch.core.errors import InstrumentError


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of the ladder.

    Parameters
    ----------
    level : int or None
        0 draft, 1 content, 2 pilot, 3 structure, 4 use, 5 replicated; None without a level of ours.
    code : str
        Its sentences are ``ladder.<code>.may``, ``ladder.<code>.may_not`` and ``ladder.<code>.needs``.
    """

    level: int | None
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


PUBLISHED = Rung(None, "published")
"""Where an instrument stands that others published: no level here, as none of its evidence was examined here."""


def rung(level: int | None) -> Rung:
    """Return a level of the ladder; None stands for what others published.

    Raises
    ------
    InstrumentError
        If the level is not one of 0 to 5.
    """
    if level is None:
        return PUBLISHED
    if level not in range(len(LADDER)):
        raise InstrumentError(f"There is no claim level {level!r}",
                              remedy="Levels run from 0 (draft) to 5 (replicated).")
    return LADDER[level]


def is_draft(level: int | None) -> bool:
    """Whether only the answers to the items may be spoken of, not a score that means something."""
    return level is not None and level <= DRAFT_UP_TO
