"""What respondents are promised about their names, and until when answers are kept: decided once, said honestly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal, get_args

from sqlalchemy import Connection, insert, select, update

from coachresearch.core.errors import StoreError
from coachresearch.store.audit import note
from coachresearch.store.refusals import PromiseFixed
from coachresearch.store.store import Store
from coachresearch.store.tables import consents, decisions, drafts, links, responses

Mode = Literal["anonymous", "confidential", "identified"]
"""How far an answer can be traced.

``anonymous``: at submission the link to the person is dropped for good. ``confidential``: answers carry a pseudonym,
names lie elsewhere. ``identified``: names may be put beside answers in an export.
"""

MODES: tuple[Mode, ...] = get_args(Mode)
DEFAULT: Mode = "confidential"


def promised(store: Store) -> Mode:
    """Return what is promised to respondents; ``confidential`` if nothing was decided."""
    return store.look(mode_in)


def promise(store: Store, mode: Mode, *, who: str = "") -> Mode:
    """Decide what respondents are promised.

    Parameters
    ----------
    store : Store
    mode : {"anonymous", "confidential", "identified"}
    who : str
        Who decides, for the audit log.

    Raises
    ------
    PromiseFixed
        If somebody consented, began to answer or answered under another promise.
    """
    if mode not in MODES:
        raise StoreError(f"There is no mode {mode!r}", remedy=f"Choose one of {', '.join(MODES)}.")

    def decide(connection: Connection) -> Mode:
        before = mode_in(connection)
        if before == mode and _decided(connection, "mode") is not None:
            return mode
        if before != mode:
            _refuse_if_answered(connection, before, mode)
        now = datetime.now(UTC)
        connection.execute(insert(decisions).values(received_at=now, name="mode", value=mode))
        connection.execute(update(links).values(mode=mode))
        note(connection, "promised", who=who, details={"mode": mode})
        return mode

    return store.write(decide)


def keep_until(store: Store, day: date | None, *, who: str = "") -> None:
    """Decide until when the answers are kept; None: no date."""
    def decide(connection: Connection) -> None:
        value = day.isoformat() if day else ""
        connection.execute(insert(decisions).values(received_at=datetime.now(UTC), name="keep_until", value=value))
        note(connection, "retention decided", who=who, details={"until": value})

    store.write(decide)


def kept_until(store: Store) -> date | None:
    """Return the day until which the answers are kept, if one was decided."""
    found = store.look(lambda connection: _decided(connection, "keep_until"))
    return date.fromisoformat(found) if found else None


def mode_in(connection: Connection) -> Mode:
    """Return the promise as it stands in a transaction."""
    found = _decided(connection, "mode")
    return next((mode for mode in MODES if mode == found), DEFAULT)


def _decided(connection: Connection, name: str) -> str | None:
    query = select(decisions.c.value).where(decisions.c.name == name).order_by(decisions.c.sequence.desc()).limit(1)
    return connection.execute(query).scalar()


def _refuse_if_answered(connection: Connection, before: Mode, wanted: Mode) -> None:
    for table, what in ((responses, "answers"), (drafts, "unfinished answers"), (consents, "consents")):
        if connection.execute(select(1).select_from(table).limit(1)).first() is not None:
            raise PromiseFixed(f"The promise is {before!r} and cannot become {wanted!r}: {what} were given under it",
                               remedy="Begin a new study, with a file of its own, under the other promise.")
