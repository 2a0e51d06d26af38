"""One submission on a PostgreSQL server: one statement, which keeps all of it or nothing."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from coachresearch.core.contracts import RESPONSES
from coachresearch.store.drafts import frozen
from coachresearch.store.links import SESSION_DAYS
from coachresearch.store.refusals import LinkNotOpen, NotKept, Refused
from coachresearch.store.rows import ANSWERED
from coachresearch.store.submit_sqlite import check_open, refuse_strangers, same_body
from coachresearch.store.writer import Receipt, in_utc

if TYPE_CHECKING:
    from coachresearch.store.submissions import Submission

_TYPES = {"item": "text", "value": "integer", "text": "text", "missing": "text", "language": "text", "mode": "text",
          "part": "integer", "position": "integer", "seconds": "double precision", "answered_at": "timestamptz",
          "flags": "text"}
_NAMES = (*ANSWERED, "flags")
_RANDOM = "('x' || left(replace(gen_random_uuid()::text, '-', ''), 12))::bit(48)::bigint"
_LINK = ("id", "study", "wave", "person", "target", "role", "instrument", "version", "form", "language", "mode",
         "state", "expires_at")

_STATEMENT = f"""
WITH request AS (SELECT %(key)s::text AS key, %(at)s::timestamptz AS at, %(said)s::jsonb AS said),
first AS (SELECT b.sequence, b.digest, b.rows, b.flagged, b.received_at FROM batches b, request r WHERE b.key = r.key),
link AS (SELECT l.*, d.rows AS draft FROM sessions s JOIN links l ON l.id = s.link LEFT JOIN drafts d ON d.link = l.id
         WHERE s.id_hash = %(session)s AND s.made_at > %(since)s),
given AS (SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
          AS g({', '.join(f'{name} {_TYPES[name]}' for name in _NAMES)})),
handed AS (SELECT * FROM given UNION ALL
           SELECT {', '.join(f'd.{name}' for name in _NAMES)} FROM link, jsonb_to_recordset(link.draft::jsonb)
           AS d({', '.join(f'{name} {_TYPES[name]}' for name in _NAMES)})
           WHERE %(with_draft)s AND link.draft IS NOT NULL AND d.item NOT IN (SELECT item FROM given)),
taken AS (UPDATE links SET state = 'closed', receipt = %(code)s FROM link, request r
          WHERE links.id = link.id AND links.state = 'open' AND (links.expires_at IS NULL OR links.expires_at > r.at)
          AND links.version IS NOT NULL AND to_jsonb(links) @> r.said AND NOT EXISTS (SELECT 1 FROM first)
          AND EXISTS (SELECT 1 FROM handed)
          RETURNING links.*, links.mode = 'anonymous' AS anonymous,
          CASE WHEN links.mode = 'anonymous' THEN date_trunc('day', r.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
          ELSE r.at END AS received),
batch AS (INSERT INTO batches (sequence, received_at, key, digest, rows, flagged)
          SELECT CASE WHEN t.anonymous THEN %(number)s ELSE nextval('batches_sequence_seq') END, t.received, r.key,
          %(digest)s, (SELECT count(*) FROM handed), (SELECT count(flags) FROM handed) FROM taken t, request r
          RETURNING sequence, rows, flagged, received_at),
kept AS (INSERT INTO responses ({', '.join((*RESPONSES.names, 'sequence', 'received_at', 'batch', 'flags'))})
         SELECT t.study, t.wave, CASE WHEN t.anonymous THEN %(nobody)s ELSE t.person END,
         CASE WHEN t.anonymous AND t.role = 'self' THEN %(nobody)s ELSE t.target END, t.role, t.instrument, t.version,
         t.form, h.item, h.value, h.text, h.missing, COALESCE(h.language, t.language, 'und'), COALESCE(h.mode, 'web'),
         h.part, h.position, h.seconds, CASE WHEN t.anonymous THEN t.received ELSE h.answered_at END,
         CASE WHEN t.anonymous THEN {_RANDOM} ELSE nextval('responses_sequence_seq') END, t.received, b.sequence,
         h.flags
         FROM handed h, taken t, batch b),
gone AS (DELETE FROM drafts USING taken t WHERE drafts.link = t.id)
SELECT {', '.join(f'link.{name}' for name in _LINK)}, first.sequence, first.digest, first.rows, first.flagged,
       first.received_at, batch.sequence, batch.rows, batch.flagged, batch.received_at
FROM request LEFT JOIN link ON true LEFT JOIN first ON true LEFT JOIN batch ON true
"""


def write_to_server(connection: Connection, submission: Submission) -> Receipt:
    """Keep a submission, or return the receipt of an earlier one under the same key.

    Another server on the same database may be handing in the same page: the statement then waits for it, finds the
    link closed, and is asked once more to say how it ended.
    """
    parameters = _parameters(submission)
    for _ in range(2):
        cursor = connection.connection.cursor()
        found = cursor.execute(_STATEMENT, parameters).fetchone()
        receipt = _receipt(found, submission)
        if receipt is not None:
            return receipt
    raise NotKept("Two servers handed in the same page at the same moment", remedy="Send it again.")


def _receipt(found: tuple[Any, ...], submission: Submission) -> Receipt | None:
    link = dict(zip(_LINK, found[:len(_LINK)], strict=True))
    sequence, digest, rows, flagged, received = found[len(_LINK):len(_LINK) + 5]
    if sequence is not None:
        same_body(digest, submission)
        return Receipt(sequence, submission.key_hash, rows, flagged, in_utc(received), replayed=True,
                       code=submission.code)
    sequence, rows, flagged, received = found[len(_LINK) + 5:]
    if sequence is not None:
        return Receipt(sequence, submission.key_hash, rows, flagged, in_utc(received), code=submission.code)
    if link["id"] is None:
        raise LinkNotOpen(None)
    check_open(link["state"], in_utc(link["expires_at"]) if link["expires_at"] else None, submission.at)
    refuse_strangers(submission, link)
    if not submission.rows:
        raise Refused("There is no answer to hand in", remedy="Answer at least one item, or say why not.")
    return None


def _parameters(submission: Submission) -> dict[str, Any]:
    return {
        "key": submission.key_hash, "at": submission.at, "said": json.dumps(submission.said), "code": submission.code,
        "session": submission.session_hash, "since": submission.at - timedelta(days=SESSION_DAYS),
        "with_draft": submission.with_draft, "digest": submission.digest, "nobody": submission.nobody,
        "number": secrets.randbits(47), "rows": frozen(submission.rows),
    }
