"""Handing in: once, durably, and in an anonymous study without a way back to the person."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from coachresearch.store.links import hashed
from coachresearch.store.refusals import Refused
from coachresearch.store.rows import Row, clean_answers, digest_of_answers
from coachresearch.store.store import Store
from coachresearch.store.submit_postgresql import write_to_server
from coachresearch.store.submit_sqlite import write_to_file
from coachresearch.store.writer import Receipt

SHORTEST_KEY = 16


@dataclass(frozen=True, slots=True, eq=False)
class Submission:
    """Everything the writer needs, made before it is asked.

    Parameters
    ----------
    session_hash, key_hash : str
        SHA-256 of the session id and of the idempotency key.
    digest : str
        SHA-256 of the body.
    rows : tuple of dict
        Columns `rows.ANSWERED` and ``flags``.
    said : mapping
        What the rows say about their occasion, to be compared with the link.
    with_draft : bool
        Whether the answers of the draft are handed in with them.
    code : str
        What the respondent is shown; it cannot be derived from what is kept beside the answers.
    nobody : str
        Random pseudonym, used in an anonymous study.
    at : datetime
        UTC.
    """

    session_hash: str
    key_hash: str
    digest: str
    rows: tuple[Row, ...]
    said: Mapping[str, str]
    with_draft: bool
    code: str
    nobody: str
    at: datetime


_WRITE: Mapping[str, Callable[[Connection, Submission], Receipt]] = {
    "sqlite": write_to_file, "postgresql": write_to_server,
}


def submit(
    store: Store, session_id: str, idempotency_key: str, rows: Iterable[Mapping[str, object]], *, body: str = "",
    with_draft: bool = True, now: datetime | None = None, timeout: float = 30.0,
) -> Receipt:
    """Hand in a form: keep its answers, close its link, drop its draft, all of it or nothing.

    Parameters
    ----------
    store : Store
    session_id : str
        From `links.open_session`.
    idempotency_key : str
        At least 16 characters, drawn at random when the page is made. The same answers under the same key return the
        first receipt, from whatever browser and however late.
    rows : iterable of mappings
        One row an item: ``item``, and ``value``, ``text`` or ``missing``; ``language``, ``mode``, ``part``,
        ``position``, ``seconds``, ``answered_at`` where known. Columns of the occasion may stand in them and must then
        be those of the link.
    body : str
        What tells one request from another, such as the posted form; the rows themselves if left out.
    with_draft : bool
        Whether what the draft holds of other items is handed in too.
    now : datetime, optional
        The clock, for tests.
    timeout : float
        Seconds to wait for the disk.

    Returns
    -------
    Receipt
        Its ``code`` is for the respondent. In an anonymous study its time is the day.

    Raises
    ------
    OtherBody
        If the key was used for another body; the first one is kept.
    LinkNotOpen
        If the session is unknown, or its link closed, withdrawn or expired.
    NotKept
        If the disk, a lock or the database is in the way; the same call may be made again.
    StoreError
        If a row is malformed or belongs to another occasion.
    """
    if len(idempotency_key) < SHORTEST_KEY:
        raise Refused(f"The idempotency key has {len(idempotency_key)} characters, but needs {SHORTEST_KEY}",
                      remedy="Draw it at random for each page: secrets.token_urlsafe(24).")
    cleaned, said = clean_answers(rows)
    submission = Submission(
        session_hash=hashed(session_id), key_hash=f"web:{hashed(idempotency_key)}",
        digest=hashed(body) if body else digest_of_answers(cleaned), rows=tuple(cleaned), said=said,
        with_draft=with_draft, code=receipt_code(idempotency_key), nobody=f"A{secrets.token_hex(10)}",
        at=now or datetime.now(UTC))
    write = _WRITE[store.place.dialect]
    return store.write_alone(lambda connection: write(connection, submission), timeout=timeout)


def receipt_code(idempotency_key: str) -> str:
    """Return the code that a respondent is shown for a submission: ten letters and digits."""
    digest = hashlib.sha256(b"receipt of " + idempotency_key.encode("utf-8", "surrogatepass")).digest()
    letters = base64.b32encode(digest).decode("ascii")[:10]
    return f"{letters[:5]}-{letters[5:]}"
