"""What people agreed to: version and hash of the text, language, choices, time; and when they took it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, RowMapping, insert, select

from coachresearch.store.drafts import state_of
from coachresearch.store.links import SESSION_DAYS, hashed
from coachresearch.store.refusals import LinkNotOpen
from coachresearch.store.store import Store
from coachresearch.store.tables import consents, links, sessions
from coachresearch.store.writer import in_utc


@dataclass(frozen=True, slots=True)
class Consent:
    """One decision of one person about one text.

    Parameters
    ----------
    text_version : str
        Version of the text that was shown.
    text_hash : str
        SHA-256 (hex) of it, in the language shown; see `text_hash`.
    language : str
    choices : tuple of (name, ticked)
        The boxes of the text, in order.
    given : bool
        False: consent was taken back.
    at : datetime
        UTC; the day alone in an anonymous study.
    """

    text_version: str
    text_hash: str
    language: str
    choices: tuple[tuple[str, bool], ...]
    given: bool
    at: datetime


def text_hash(text: str) -> str:
    """Return the SHA-256 (hex) of a consent text as it was shown."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def record_consent(
    store: Store, session_id: str, *, text_version: str, text: str, language: str, choices: Mapping[str, bool],
    given: bool = True, now: datetime | None = None, timeout: float = 30.0,
) -> Consent:
    """Keep what somebody agreed to, before the first question is shown.

    Parameters
    ----------
    store : Store
    session_id : str
    text_version, text : str
        The text as it was shown; its hash is kept, not the text.
    language : str
        Its language.
    choices : mapping of str to bool
        The boxes and whether they were ticked.
    given : bool
        False where consent is refused or taken back.
    now : datetime, optional
        The clock, for tests.
    timeout : float
        Seconds to wait for the disk.

    Raises
    ------
    LinkNotOpen
        If the session is unknown or its link is not open.
    """
    when = (now or datetime.now(UTC)).astimezone(UTC)
    digest = text_hash(text)
    query = select(links).join(sessions, sessions.c.link == links.c.id).where(
        sessions.c.id_hash == hashed(session_id), sessions.c.made_at > when - timedelta(days=SESSION_DAYS))

    def keep(connection: Connection) -> Consent:
        link = connection.execute(query).mappings().one_or_none()
        if link is None or (state := state_of(dict(link), when)) != "open":
            raise LinkNotOpen(None if link is None else state)
        at = when.replace(hour=0, minute=0, second=0, microsecond=0) if link["mode"] == "anonymous" else when
        connection.execute(insert(consents).values(
            received_at=at, link=link["id"], person=link["person"], text_version=text_version, text_hash=digest,
            language=language, choices=json.dumps(dict(choices), ensure_ascii=False), given=int(given)))
        return Consent(text_version, digest, language, tuple(choices.items()), given, at)

    return store.write(keep, timeout=timeout)


def consent_of(store: Store, session_id: str, *, text: str) -> Consent | None:
    """Return the latest decision about exactly this text under a session's link; a changed text needs a new one."""
    query = select(consents).join(sessions, sessions.c.link == consents.c.link).where(
        sessions.c.id_hash == hashed(session_id), consents.c.text_hash == text_hash(text))
    found = store.look(lambda connection: connection.execute(
        query.order_by(consents.c.sequence.desc()).limit(1)).mappings().one_or_none())
    return _consent(found) if found is not None else None


def consents_of(store: Store, person: str) -> tuple[Consent, ...]:
    """Return every decision of a person, oldest first."""
    query = select(consents).where(consents.c.person == person).order_by(consents.c.sequence)
    return tuple(map(_consent, store.look(lambda connection: connection.execute(query).mappings().all())))


def _consent(found: RowMapping) -> Consent:
    return Consent(found["text_version"], found["text_hash"], found["language"],
                   tuple(json.loads(found["choices"]).items()), bool(found["given"]), in_utc(found["received_at"]))
