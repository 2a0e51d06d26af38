"""Why something was not kept, as types: a server answers each in its own way."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from coachresearch.core.errors import StoreError

LinkState = Literal["open", "closed", "withdrawn", "expired"]


class NotKept(StoreError):
    """The disk, the lock or the database is in the way; the same rows may be sent again later (503)."""


class Refused(StoreError):
    """What was sent can never be kept as it is. Raised before anything of it is written."""


class OtherBody(Refused):
    """The idempotency key was used before for other rows; the first ones are kept (409)."""


class StalePage(Refused):
    """The page was answered in another window since it was shown (409).

    Parameters
    ----------
    version : int
        Page version that is kept now.
    saved_at : datetime
        When it was kept, UTC.
    """

    def __init__(self, version: int, saved_at: datetime) -> None:
        super().__init__(f"This page was answered at {saved_at:%H:%M} (UTC) in another window",
                         remedy="Show the page again with what is kept, and answer from there.")
        self.version = version
        self.saved_at = saved_at


class LinkNotOpen(Refused):
    """The session is unknown or too old, or its link is closed, withdrawn or expired.

    Parameters
    ----------
    state : str or None
        State of the link; None where there is no such session.
    """

    def __init__(self, state: LinkState | None) -> None:
        what = f"This link is {state}" if state else "There is no such session"
        super().__init__(what, remedy="Open the link of the invitation again, or ask for a new one.")
        self.state = state


class PromiseFixed(Refused):
    """The promise given to respondents cannot be changed any more: somebody has answered under it."""


class Erased(Refused):
    """Rows of somebody whose answers were erased."""
