"""What somebody has answered and not handed in yet: kept at every page, and safe against a second window."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from coachresearch.store.links import SESSION_DAYS, hashed
from coachresearch.store.refusals import LinkNotOpen, Refused, StalePage
from coachresearch.store.rows import ANSWERED, Row, clean_answers
from coachresearch.store.store import Store
from coachresearch.store.tables import drafts, links, sessions
from coachresearch.store.writer import in_utc


@dataclass(frozen=True, slots=True)
class Draft:
    """What is kept of an unfinished form.

    Parameters
    ----------
    page_version : int
        Number to be put into the next page; 0 before anything is kept.
    saved_at : datetime or None
        When it was last kept, UTC.
    rows : tuple of dict
        Columns `rows.ANSWERED`, the latest answer to each item, in the order first answered.
    """

    page_version: int
    saved_at: datetime | None
    rows: tuple[Row, ...]


_NOTHING: Row = dict.fromkeys((*ANSWERED, "flags"))
_WANTED = select(links.c.state, links.c.expires_at, links.c.mode, links.c.id, drafts.c.page_version, drafts.c.saved_at,
                 drafts.c.rows).select_from(
    sessions.join(links, sessions.c.link == links.c.id).outerjoin(drafts, drafts.c.link == links.c.id)).where(
    sessions.c.id_hash == bindparam("id_hash"), sessions.c.made_at > bindparam("since"))


def draft(store: Store, session_id: str, *, now: datetime | None = None) -> Draft:
    """Return what is kept of a session's form; an empty draft if nothing is.

    Raises
    ------
    LinkNotOpen
        If there is no such session.
    """
    found = store.look(lambda connection: _found(connection, session_id, now or datetime.now(UTC)))
    if found["rows"] is None:
        return Draft(0, None, ())
    return Draft(found["page_version"], in_utc(found["saved_at"]), tuple(thawed(found["rows"])))


def save_draft(
    store: Store, session_id: str, page_version: int, rows: Iterable[Mapping[str, object]], *,
    now: datetime | None = None, timeout: float = 30.0,
) -> Draft:
    """Keep the answers of a page, or of one item, and return once they are on disk.

    Parameters
    ----------
    store : Store
    session_id : str
    page_version : int
        The version that was in the page: what `draft` or the last `save_draft` returned.
    rows : iterable of mappings
        Answers as in `submissions.submit`; they replace earlier ones to the same items, the others stay.
    now : datetime, optional
        The clock, for tests.
    timeout : float
        Seconds to wait for the disk.

    Returns
    -------
    Draft
        All that is kept now, with the next version.

    Raises
    ------
    StalePage
        If another window has kept answers since that version; nothing is changed.
    LinkNotOpen
        If the session is unknown, or its link closed, withdrawn or expired.
    NotKept
        If the disk, a lock or the database is in the way.
    """
    cleaned, _ = clean_answers(rows)
    when = now or datetime.now(UTC)

    def keep(connection: Connection) -> Draft:
        _hold(connection, session_id)
        found = _found(connection, session_id, when)
        if (state := state_of(found, when)) != "open":
            raise LinkNotOpen(state)
        before = found["page_version"] or 0
        if before != page_version:
            if before:
                raise StalePage(before, in_utc(found["saved_at"]))
            raise Refused(f"The page has version {page_version}, but nothing is kept yet", remedy="Show it again.")
        merged = {row["item"]: row for row in thawed(found["rows"] or "[]")}
        merged.update((row["item"], row) for row in cleaned)
        values = {"page_version": before + 1, "saved_at": when, "rows": frozen(merged.values())}
        if before:
            connection.execute(update(drafts).where(drafts.c.link == found["id"]).values(**values))
        else:
            connection.execute(insert(drafts).values(link=found["id"], **values))
        return Draft(before + 1, when, tuple(merged.values()))

    return store.write(keep, timeout=timeout)


def state_of(found: Mapping[str, Any], now: datetime) -> Any:
    """Return the state of a link that was read together with its draft."""
    expires = found["expires_at"]
    if found["state"] == "open" and expires is not None and in_utc(expires) <= now:
        return "expired"
    return found["state"]


def frozen(rows: Iterable[Row]) -> str:
    """Write rows as JSON; times in ISO 8601."""
    return json.dumps([{name: value.isoformat() if isinstance(value, datetime) else value
                        for name, value in row.items() if value is not None} for row in rows], ensure_ascii=False)


def thawed(text: str) -> list[Row]:
    """Read rows from JSON."""
    rows = [{**_NOTHING, **row} for row in json.loads(text)]
    for row in rows:
        if row["answered_at"] is not None:
            row["answered_at"] = datetime.fromisoformat(row["answered_at"])
    return rows


def _hold(connection: Connection, session_id: str) -> None:
    """Keep other servers on the same database from this link until the transaction ends; a file has one writer."""
    if connection.dialect.name == "postgresql":
        mine = select(sessions.c.link).where(sessions.c.id_hash == hashed(session_id)).scalar_subquery()
        connection.execute(select(links.c.id).where(links.c.id == mine).with_for_update())


def _found(connection: Connection, session_id: str, now: datetime) -> Mapping[str, Any]:
    wanted = {"id_hash": hashed(session_id), "since": now - timedelta(days=SESSION_DAYS)}
    found = connection.execute(_WANTED, wanted).mappings().one_or_none()
    if found is None:
        raise LinkNotOpen(None)
    return dict(found)
