"""When a study has been kept long enough: what would go, and letting it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from sqlalchemy import Connection, delete, func, select

from coachresearch.core.errors import StoreError
from coachresearch.store.audit import note
from coachresearch.store.erasure import leave
from coachresearch.store.promise import kept_until
from coachresearch.store.store import Store
from coachresearch.store.tables import consents, drafts, imported_scores, links, responses, sessions

What = Literal["identities", "everything"]
"""``identities``: names, links and unfinished forms go, answers stay under pseudonyms; ``everything``: all goes."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What goes when the date is reached.

    Parameters
    ----------
    until : date or None
        The date that was decided.
    due : bool
        Whether it has passed.
    people, answers, links, drafts : int
        Counts in the store.
    """

    until: date | None
    due: bool
    people: int
    answers: int
    links: int
    drafts: int


def retention(store: Store, *, today: date | None = None) -> Retention:
    """Say what would go, and change nothing."""
    until = kept_until(store)
    due = until is not None and (today or datetime.now(UTC).date()) > until

    def count(connection: Connection) -> Retention:
        sizes = [int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
                 for table in (responses, links, drafts)]
        return Retention(until, due, len(_people(connection)), *sizes)

    return store.look(count)


def let_go(store: Store, what: What, *, today: date | None = None, who: str = "") -> Retention:
    """Let go what was kept long enough.

    Parameters
    ----------
    store : Store
    what : {"identities", "everything"}
    today : date, optional
        For tests.
    who : str
        For the audit log.

    Returns
    -------
    Retention
        What went, as `retention` counted it before.

    Raises
    ------
    StoreError
        If no date was decided, or it has not passed.
    """
    if what not in get_args(What):
        raise StoreError(f"There is no choice {what!r}", remedy=f"Choose one of {', '.join(get_args(What))}.")
    found = retention(store, today=today)
    if found.until is None:
        raise StoreError("No date was decided until which this study is kept", remedy="Decide one first (--until).")
    if not found.due:
        raise StoreError(f"This study is kept until {found.until.isoformat()}",
                         remedy="Wait for that day to pass, or decide an earlier one (--until).")
    if what == "everything":
        for person in store.look(_people):
            leave(store, person, "erase", scope="all", reason="retention", who=who)

    def unlink(connection: Connection) -> None:
        for table in (drafts, sessions, links):
            connection.execute(delete(table))
        note(connection, "retention carried out", who=who, details={"what": what, "people": found.people})

    store.write(unlink)
    store.tidy()
    return found


def _people(connection: Connection) -> tuple[str, ...]:
    columns = (responses.c.person, responses.c.target, imported_scores.c.person, imported_scores.c.target,
               links.c.person, links.c.target, consents.c.person)
    found: set[str] = set()
    for column in columns:
        found |= set(connection.execute(select(column).distinct()).scalars())
    return tuple(sorted(found))
