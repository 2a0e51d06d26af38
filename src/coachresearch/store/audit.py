"""Who did what to the answers, and when; never with an answer inside."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from coachresearch.store.store import Store
from coachresearch.store.tables import audit
from coachresearch.store.writer import in_utc

if TYPE_CHECKING:
    import pandas as pd

Details = Mapping[str, str | int | None]


def record(store: Store, what: str, *, who: str = "", subject: str = "", details: Details | None = None) -> None:
    """Keep an entry of its own, for something that changed nothing in the store: an export, an access, a backup.

    Parameters
    ----------
    store : Store
    what : str
        What was done.
    who : str
        Who did it; the user of this computer if left out.
    subject : str
        Pseudonym of the person concerned.
    details : mapping
        Counts, names of files and columns; never an answer.
    """
    store.write(lambda connection: note(connection, what, who=who, subject=subject, details=details))


def note(
    connection: Connection, what: str, *, who: str = "", subject: str = "", details: Details | None = None
) -> None:
    """Keep an entry in the same transaction as what it is about."""
    connection.execute(insert(audit).values(
        received_at=datetime.now(UTC), who=who or user(), what=what, subject=subject or None,
        details=json.dumps(dict(details), ensure_ascii=False) if details else None))


def log(store: Store) -> pd.DataFrame:
    """Return the audit log, oldest first: received_at, who, what, subject, details (JSON)."""
    import pandas as pd

    columns = (audit.c.received_at, audit.c.who, audit.c.what, audit.c.subject, audit.c.details)
    rows = store.look(lambda connection: connection.execute(select(*columns).order_by(audit.c.sequence)).all())
    frame = pd.DataFrame([(in_utc(row[0]), *row[1:]) for row in rows], columns=[column.name for column in columns])
    return frame.assign(received_at=pd.to_datetime(frame["received_at"], utc=True))


def user() -> str:
    """Return the name of the user of this computer."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
