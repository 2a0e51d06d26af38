"""Who may answer what: invitations, the links in them, and the browsers that followed them.

A token has 256 random bits, is shown once and kept as a SHA-256 alone. Looking it up changes nothing; exchanging it
makes a session with an id of its own, which is kept as a SHA-256 too.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from coachresearch.core.contracts import RATER_ROLES, RaterRole
from coachresearch.core.errors import StoreError
from coachresearch.store.audit import note
from coachresearch.store.promise import Mode, mode_in
from coachresearch.store.refusals import Erased, LinkNotOpen, LinkState, Refused
from coachresearch.store.store import InstrumentMark, Store
from coachresearch.store.tables import drafts, erasures, instruments, links, sessions
from coachresearch.store.writer import in_utc

SESSION_DAYS = 7
"""A browser must open its link again after so many days; what it answered is kept."""

_BY_TOKEN = select(links).where(links.c.token_hash == bindparam("token_hash"))
_BY_SESSION = select(links).join(sessions, sessions.c.link == links.c.id).where(
    sessions.c.id_hash == bindparam("id_hash"), sessions.c.made_at > bindparam("since"))
_FACTS = ("study", "wave", "person", "target", "role", "instrument", "form", "version", "language", "mode")


@dataclass(frozen=True, slots=True)
class Link:
    """One person's way to one questionnaire.

    Parameters
    ----------
    id : str
        Random; says nothing about the person.
    study, wave, person, target, role, instrument, form
        What may be answered, by whom and about whom.
    version : str or None
        Version of the instrument, fixed when the link is first opened.
    language : str or None
        Language to begin with.
    mode : {"anonymous", "confidential", "identified"}
        What this person is promised.
    state : {"open", "closed", "withdrawn", "expired"}
        ``closed``: handed in.
    receipt : str
        What was shown when it was handed in; empty before.
    expires_at, opened_at : datetime or None
    """

    id: str
    study: str
    wave: str
    person: str
    target: str
    role: RaterRole
    instrument: str
    form: str
    version: str | None
    language: str | None
    mode: Mode
    state: LinkState
    receipt: str = ""
    expires_at: datetime | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new link and its token, which is kept nowhere else."""

    link: Link
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invited:
    """What is wanted of one person; the fields of `Link` that `issue` takes."""

    wave: str
    person: str
    target: str
    role: RaterRole
    instrument: str
    form: str
    version: str | None = None
    language: str | None = None
    expires: datetime | None = None


def issue(
    store: Store, *, study: str, wave: str, person: str, target: str, role: RaterRole, instrument: str, form: str,
    version: str | None = None, language: str | None = None, expires: datetime | None = None, who: str = "",
) -> Invitation:
    """Make one link; see `issue_all`."""
    wanted = Invited(wave, person, target, role, instrument, form, version, language, expires)
    return issue_all(store, study, [wanted], who=who)[0]


def issue_all(store: Store, study: str, wanted: Iterable[Invited], *, who: str = "") -> tuple[Invitation, ...]:
    """Make a link for everyone who is asked, in one transaction.

    Parameters
    ----------
    store : Store
    study : str
        Must be the store's, if it belongs to one.
    wanted : iterable of Invited
        Times carry a zone.
    who : str
        For the audit log, which notes how many were made.

    Returns
    -------
    tuple of Invitation
        In the same order. The tokens (43 characters, safe in an address) are shown here and never again.

    Raises
    ------
    StoreError
        If the study is another one, a role is unknown, or a time has no zone.
    Erased
        If one of the people was erased.
    """
    asked = tuple(wanted)
    _check(store, study, asked)
    tokens = [secrets.token_urlsafe(32) for _ in asked]
    now = datetime.now(UTC)

    def make(connection: Connection) -> tuple[Invitation, ...]:
        _refuse_erased(connection, asked)
        mode = mode_in(connection)
        rows = [{"id": uuid.uuid4().hex, "token_hash": hashed(token), "study": study, "wave": one.wave,
                 "person": one.person, "target": one.target, "role": one.role, "instrument": one.instrument,
                 "form": one.form, "version": one.version, "language": one.language, "mode": mode, "state": "open",
                 "receipt": None, "issued_at": now, "opened_at": None,
                 "expires_at": one.expires.astimezone(UTC) if one.expires else None}
                for one, token in zip(asked, tokens, strict=True)]
        if rows:
            connection.execute(insert(links), rows)
        note(connection, "links issued", who=who, details={"n": len(rows)})
        return tuple(Invitation(_link(row, now), token) for row, token in zip(rows, tokens, strict=True))

    return store.write(make)


def look_up(store: Store, token: str, *, now: datetime | None = None) -> Link | None:
    """Find the link of a token, and change nothing: a mail scanner may do this as often as it likes.

    The same work is done for a good, a wrong and a malformed token: one hash and one question by that hash.

    Returns
    -------
    Link or None
        None for a token that is not known, whatever is wrong with it.
    """
    wanted = {"token_hash": hashed(token)}
    found = store.look(lambda connection: connection.execute(_BY_TOKEN, wanted).mappings().one_or_none())
    return _link(found, now) if found else None


def open_session(
    store: Store, token: str, *, mark: InstrumentMark | None = None, now: datetime | None = None, timeout: float = 30.0
) -> str | None:
    """Exchange a token for a new session; each exchange makes a new id, and earlier ones stay good.

    Parameters
    ----------
    store : Store
    token : str
    mark : InstrumentMark, optional
        The questionnaire that will be shown. The first exchange fixes the link to its version; later ones keep that.
    now : datetime, optional
        The clock, for tests.
    timeout : float
        Seconds to wait for the disk.

    Returns
    -------
    str or None
        Id of the session, to be kept by the browser alone; None if the token is not known, withdrawn or expired.
        A closed link gives one, so that its owner can see the receipt.

    Raises
    ------
    StoreError
        If the questionnaire is another one than the link's, or is not what it was under the same version.
    """
    session_id = secrets.token_urlsafe(32)
    when = now or datetime.now(UTC)

    def exchange(connection: Connection) -> str | None:
        found = connection.execute(_BY_TOKEN, {"token_hash": hashed(token)}).mappings().one_or_none()
        if found is None or (link := _link(found, when)).state not in ("open", "closed"):
            return None
        if link.state == "open":
            _fix_version(connection, link, mark, when)
        time = _day(when) if link.mode == "anonymous" else when
        if link.opened_at is None:
            connection.execute(update(links).where(links.c.id == link.id).values(opened_at=time))
        connection.execute(insert(sessions).values(id_hash=hashed(session_id), link=link.id, made_at=time))
        return session_id

    return store.write(exchange, timeout=timeout)


def session(store: Store, session_id: str, *, now: datetime | None = None) -> Link | None:
    """Return the link of a session, whatever its state; None if the session is unknown or older than `SESSION_DAYS`."""
    when = now or datetime.now(UTC)
    found = store.look(lambda connection: connection.execute(
        _BY_SESSION, {"id_hash": hashed(session_id), "since": when - timedelta(days=SESSION_DAYS)}
    ).mappings().one_or_none())
    return _link(found, when) if found else None


def end_session(store: Store, session_id: str) -> None:
    """Forget a session ("I am somebody else"); the link stays as it is."""
    store.write(lambda connection: connection.execute(delete(sessions).where(
        sessions.c.id_hash == hashed(session_id))).rowcount)


def close(store: Store, link: Link) -> Link:
    """Close a link without answers: nothing more is taken under it."""
    return _set_state(store, link, "closed")


def reopen(store: Store, link: Link, *, who: str = "") -> Link:
    """Open a closed link again, for a correction; refused in anonymous studies, where the answers cannot be found."""
    if link.mode == "anonymous":
        raise Refused("An anonymous link cannot be opened again: what was handed in under it cannot be found",
                      remedy="Ask the person to tell you what should be corrected.")
    return _set_state(store, link, "open", who=who)


def all_links(store: Store, *, wave: str = "", person: str = "", now: datetime | None = None) -> tuple[Link, ...]:
    """Return the links of a wave or a person, or all."""
    wanted = [links.c[name] == value for name, value in (("wave", wave), ("person", person)) if value]
    found = store.look(lambda connection: connection.execute(select(links).where(*wanted)).mappings().all())
    return tuple(sorted((_link(row, now) for row in found), key=lambda link: (link.wave, link.person, link.target)))


def hashed(secret: str) -> str:
    """Return the SHA-256 (hex) under which a token or a session id is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check(store: Store, study: str, asked: tuple[Invited, ...]) -> None:
    if store.study and study != store.study:
        raise StoreError(f"A link of study {study!r} in the file of study {store.study!r}",
                         remedy="Keep each study in a file of its own.")
    for one in asked:
        if one.role not in RATER_ROLES:
            raise StoreError(f"There is no role {one.role!r}", remedy=f"Choose one of {', '.join(RATER_ROLES)}.")
        if (one.role == "self") != (one.person == one.target):
            raise StoreError(f"Person {one.person!r}, target {one.target!r} and role {one.role!r} do not fit",
                             remedy="The role 'self', and no other, is about the person.")
        if one.expires is not None and one.expires.tzinfo is None:
            raise StoreError(f"The time {one.expires.isoformat()} has no time zone", remedy="Give it the study's zone.")


def _refuse_erased(connection: Connection, asked: tuple[Invited, ...]) -> None:
    gone = set(connection.execute(select(erasures.c.person)).scalars())
    found = sorted({one.person for one in asked if one.person in gone})
    if found:
        raise Erased(f"{', '.join(found)} asked to be erased", remedy="Take them off the list.")


def _fix_version(connection: Connection, link: Link, mark: InstrumentMark | None, now: datetime) -> None:
    if mark is None:
        return
    if mark.instrument != link.instrument:
        raise Refused(f"The link asks for {link.instrument!r}, not {mark.instrument!r}",
                      remedy="Show the questionnaire of the link.")
    if link.version is not None and link.version != mark.version:
        return
    seen = connection.execute(select(instruments.c.content_hash).where(
        instruments.c.instrument == mark.instrument, instruments.c.version == mark.version)).scalar()
    if seen is not None and seen != mark.content_hash:
        raise Refused(f"Instrument {mark.instrument!r} {mark.version} is not what it was when it was first used",
                      remedy="Put the file back as it was, or give the changed one a new version.")
    if seen is None:
        connection.execute(insert(instruments).values(
            received_at=now, instrument=mark.instrument, version=mark.version, content_hash=mark.content_hash))
    if link.version is None:
        connection.execute(update(links).where(links.c.id == link.id).values(version=mark.version))


def _set_state(store: Store, link: Link, state: LinkState, *, who: str = "respondent") -> Link:
    def change(connection: Connection) -> Link:
        now_row = connection.execute(select(links).where(links.c.id == link.id)).mappings().one_or_none()
        if now_row is None:
            raise LinkNotOpen(None)
        if now_row["state"] == "withdrawn":
            raise LinkNotOpen("withdrawn")
        connection.execute(update(links).where(links.c.id == link.id).values(state=state))
        if state == "closed":
            connection.execute(delete(drafts).where(drafts.c.link == link.id))
        note(connection, f"link {state}", who=who, subject=link.person)
        return _link({**now_row, "state": state}, None)

    return store.write(change)


def _link(row: Mapping[str, Any] | RowMapping, now: datetime | None) -> Link:
    expires = in_utc(row["expires_at"]) if row["expires_at"] else None
    state: LinkState = row["state"]
    if state == "open" and expires is not None and expires <= (now or datetime.now(UTC)):
        state = "expired"
    return Link(id=row["id"], state=state, receipt=row["receipt"] or "", expires_at=expires,
                opened_at=in_utc(row["opened_at"]) if row["opened_at"] else None,
                **{name: row[name] for name in _FACTS})


def _day(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
