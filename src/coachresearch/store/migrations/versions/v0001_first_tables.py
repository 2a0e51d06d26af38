"""First tables: answers, ready-made scores, batches, imports, instruments, meta.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coachresearch.store.tables import append_only_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _sequence() -> sa.Column:
    return sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True)


def _received() -> sa.Column:
    return sa.Column("received_at", _TIME, nullable=False)


def _batch() -> sa.Column:
    return sa.Column("batch", sa.Integer, sa.ForeignKey("batches.sequence"), nullable=False)


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table("meta", sa.Column("name", sa.String(64), primary_key=True), *_texts("value"))
    op.create_table(
        "instruments", _sequence(), _received(), *_texts("instrument", "version", "content_hash"),
        sa.UniqueConstraint("instrument", "version", name="instruments_once"), sqlite_autoincrement=True,
    )
    op.create_table(
        "batches", _sequence(), _received(), *_texts("key", "digest"),
        sa.Column("rows", sa.Integer, nullable=False), sa.Column("flagged", sa.Integer, nullable=False),
        sa.UniqueConstraint("key", name="batches_key_once"), sqlite_autoincrement=True,
    )
    op.create_table(
        "responses", _sequence(), _received(), _batch(),
        *_texts("study", "wave", "person", "target", "role", "instrument", "version", "form", "item"),
        sa.Column("value", sa.Integer), sa.Column("text", sa.Text), sa.Column("missing", sa.Text),
        *_texts("language", "mode"),
        sa.Column("part", sa.Integer), sa.Column("position", sa.Integer), sa.Column("seconds", sa.Float),
        sa.Column("answered_at", _TIME), sa.Column("flags", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("responses_by_person", "responses", ["wave", "person"])
    op.create_table(
        "imported_scores", _sequence(), _received(), _batch(),
        *_texts("wave", "person", "target", "role", "scale"),
        sa.Column("score", sa.Float), sa.Column("n_answered", sa.Integer), sa.Column("n_items", sa.Integer),
        *_texts("method", "source"), sa.Column("flags", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "imports", _sequence(), _received(), _batch(), *_texts("name"),
        sa.Column("sha256", sa.String(64), nullable=False), sa.Column("rows", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("imports_by_hash", "imports", ["sha256"])
    keys = {"meta": "name"}
    for table in ("meta", "instruments", "batches", "responses", "imported_scores", "imports"):
        for statement in append_only_statements(table, keys.get(table, "sequence"), dialect=op.get_bind().dialect.name):
            op.execute(statement)
