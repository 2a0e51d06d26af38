"""One submission in an SQLite file: a handful of prepared statements in the writer's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from coachresearch.store.drafts import thawed
from coachresearch.store.links import SESSION_DAYS
from coachresearch.store.refusals import LinkNotOpen, OtherBody, Refused
from coachresearch.store.rows import Row
from coachresearch.store.writer import Receipt

if TYPE_CHECKING:
    from coachresearch.store.submissions import Submission

_LINK_COLUMNS = ("id", "study", "wave", "person", "target", "role", "instrument", "version", "form", "language", "mode",
                 "state", "expires_at")
_SHARED = ("study", "wave", "person", "target", "role", "instrument", "version", "form", "received_at", "batch")
_OWN = ("item", "value", "text", "missing", "language", "mode", "part", "position", "seconds", "answered_at",
        "sequence", "flags")
_BEGIN = (f"SELECT {', '.join(f'l.{name}' for name in _LINK_COLUMNS)}, d.rows FROM sessions s JOIN links l "
          "ON l.id = s.link LEFT JOIN drafts d ON d.link = l.id WHERE s.id_hash = ? AND s.made_at > ?")
_BEFORE = "SELECT sequence, digest, rows, flagged, received_at FROM batches WHERE key = ?"
_BATCH = "INSERT INTO batches (sequence, received_at, key, digest, rows, flagged) VALUES (?, ?, ?, ?, ?, ?)"
_CLOSE = "UPDATE links SET state = 'closed', receipt = ? WHERE id = ?"
_NO_DRAFT = "DELETE FROM drafts WHERE link = ?"
_TOGETHER = 200
_TIME = "%Y-%m-%d %H:%M:%S.%f"


def write_to_file(connection: Connection, submission: Submission) -> Receipt:
    """Keep a submission, or return the receipt of an earlier one under the same key; raises before it writes."""
    cursor = connection.connection.cursor()
    before = cursor.execute(_BEFORE, (submission.key_hash,)).fetchone()
    if before is not None:
        return _replayed(before, submission)
    link = _link(cursor, submission)
    rows = with_draft_rows(submission, link["rows"])
    anonymous = link["mode"] == "anonymous"
    at = submission.at.astimezone(UTC)
    received = at.replace(hour=0, minute=0, second=0, microsecond=0) if anonymous else at
    flagged = sum(row["flags"] is not None for row in rows)
    clock = received.strftime(_TIME)
    cursor.execute(_BATCH, (secrets.randbits(47) if anonymous else None, clock, submission.key_hash, submission.digest,
                            len(rows), flagged))
    batch = cursor.lastrowid
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start:start + _TOGETHER]
        cursor.execute(_insert(len(part)), _values(part, link, submission, clock if anonymous else "", clock, batch))
    cursor.execute(_CLOSE, (submission.code, link["id"]))
    if link["rows"] is not None:
        cursor.execute(_NO_DRAFT, (link["id"],))
    return Receipt(batch, submission.key_hash, len(rows), flagged, received, code=submission.code)


def with_draft_rows(submission: Submission, draft: str | None) -> list[Row]:
    """Return what is handed in: the rows of the draft, replaced where the submission answers the same item.

    Raises
    ------
    Refused
        If there is nothing at all.
    """
    if draft is None or not submission.with_draft:
        handed = list(submission.rows)
    else:
        rows = {row["item"]: row for row in thawed(draft)}
        rows.update((row["item"], row) for row in submission.rows)
        handed = list(rows.values())
    if not handed:
        raise Refused("There is no answer to hand in", remedy="Answer at least one item, or say why not.")
    return handed


def refuse_strangers(submission: Submission, link: Mapping[str, Any]) -> None:
    """Refuse rows that name another occasion than the link's, and a link that was never shown a questionnaire."""
    if link["version"] is None:
        raise Refused("The link has no version of its questionnaire yet",
                      remedy="Hand the questionnaire over when the session is opened (mark=).")
    for name, value in submission.said.items():
        if link[name] != value:
            raise Refused(f"The rows name {name} {value!r}, but the link is for {link[name]!r}",
                          remedy="Send the answers of this link alone.")


def check_open(state: str, expires: datetime | None, at: datetime) -> None:
    """Refuse a link that is not open."""
    if state == "open" and expires is not None and expires <= at:
        state = "expired"
    if state == "closed":
        raise LinkNotOpen("closed")
    if state != "open":
        raise LinkNotOpen("expired" if state == "expired" else "withdrawn")


def same_body(digest: str, submission: Submission) -> None:
    """Refuse another body under a key that was used before."""
    if digest != submission.digest:
        raise OtherBody("This page was already handed in with other answers",
                        remedy="The first ones are kept. Open the link again to see its receipt.")


def _replayed(before: tuple[Any, ...], submission: Submission) -> Receipt:
    sequence, digest, rows, flagged, received = before
    same_body(digest, submission)
    return Receipt(sequence, submission.key_hash, rows, flagged, _time(received), replayed=True, code=submission.code)


def _link(cursor: Any, submission: Submission) -> dict[str, Any]:
    since = (submission.at.astimezone(UTC) - timedelta(days=SESSION_DAYS)).strftime(_TIME)
    found = cursor.execute(_BEGIN, (submission.session_hash, since)).fetchone()
    if found is None:
        raise LinkNotOpen(None)
    link = dict(zip((*_LINK_COLUMNS, "rows"), found, strict=True))
    check_open(link["state"], _time(link["expires_at"]) if link["expires_at"] else None, submission.at)
    refuse_strangers(submission, link)
    return link


@lru_cache(maxsize=_TOGETHER)
def _insert(rows: int) -> str:
    """Write the statement for so many rows: one step, for each step lets other threads in between."""
    shared = ", ".join(f"?{number}" for number in range(1, len(_SHARED) + 1))
    own = ", ".join(f"column{number}" for number in range(1, len(_OWN) + 1))
    places = f"({', '.join('?' * len(_OWN))})"
    return (f"INSERT INTO responses ({', '.join((*_SHARED, *_OWN))}) SELECT {shared}, {own} "
            f"FROM (VALUES {', '.join([places] * rows)})")


def _values(
    rows: list[Row], link: Mapping[str, Any], submission: Submission, day: str, clock: str, batch: int
) -> list[Any]:
    person, target = link["person"], link["target"]
    if day:
        person, target = submission.nobody, submission.nobody if link["role"] == "self" else target
    values = [link["study"], link["wave"], person, target, link["role"], link["instrument"], link["version"],
              link["form"], clock, batch]
    language = link["language"] or "und"
    for row in rows:
        values += (row["item"], row["value"], row["text"], row["missing"], row["language"] or language,
                   row["mode"] or "web", row["part"], row["position"], row["seconds"],
                   day or _clock(row["answered_at"]), secrets.randbits(47) if day else None, row["flags"])
    return values


def _clock(time: datetime | None) -> str | None:
    return time.astimezone(UTC).strftime(_TIME) if time is not None else None


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
