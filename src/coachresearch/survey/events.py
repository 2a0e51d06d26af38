"""What may happen while one person is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Answered:
    """An option was chosen; `seconds` is the time since the event before it, if it was measured."""

    item: str
    code: int
    at: datetime
    seconds: float | None = None

    def __post_init__(self) -> None:
        _check_times(self.at, self.seconds)


@dataclass(frozen=True, slots=True)
class Wrote:
    """Something was written in answer to a question that asks for own words; blank text takes the answer back."""

    item: str
    text: str
    at: datetime
    seconds: float | None = None

    def __post_init__(self) -> None:
        _check_times(self.at, self.seconds)


@dataclass(frozen=True, slots=True)
class Cleared:
    """An answer was taken back."""

    item: str
    at: datetime
    seconds: float | None = None

    def __post_init__(self) -> None:
        _check_times(self.at, self.seconds)


@dataclass(frozen=True, slots=True)
class TurnedPage:
    """Page `to` (counted from 1) was asked for; asking for a page already shown changes nothing."""

    to: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """The person finished; `with_gaps` confirms that items without an answer are left out."""

    at: datetime
    with_gaps: bool = False

    def __post_init__(self) -> None:
        _check_times(self.at, None)


@dataclass(frozen=True, slots=True)
class Reopened:
    """The person wants to change answers after finishing."""


Event = Answered | Wrote | Cleared | TurnedPage | Submitted | Reopened


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event changed nothing; the sentence is ``refusal.<code>`` in the message catalogue.

    Parameters
    ----------
    code : str
        ``unknown_item``, ``not_shown``, ``not_on_scale``, ``not_a_text``, ``after_finish``, ``gaps``, ``no_page`` or
        ``not_saved``.
    item : str
        The item it is about; empty if it is about the form.
    params : tuple of (str, str or int)
        What the sentence quotes.
    """

    code: str
    item: str = ""
    params: tuple[tuple[str, str | int], ...] = ()


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def _check_times(at: datetime, seconds: float | None) -> None:
    if at.tzinfo is None or at.utcoffset() != timedelta(0):
        raise ValueError(f"times are UTC; this one is not: {at!r}")
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"seconds must be zero or more, and were {seconds!r}")
