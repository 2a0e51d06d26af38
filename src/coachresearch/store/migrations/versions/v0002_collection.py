"""Collection: links, sessions, drafts, consents, decisions, withdrawals, erasures, audit.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coachresearch.store.tables import append_only_statements, erasable_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _kept() -> list[sa.Column]:
    return [sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
            sa.Column("received_at", _TIME, nullable=False)]


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        for table in ("instruments", "batches", "responses", "imported_scores", "imports"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN sequence TYPE BIGINT")
            op.execute(f"ALTER SEQUENCE {table}_sequence_seq AS BIGINT")
        for table in ("responses", "imported_scores", "imports"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN batch TYPE BIGINT")
    op.create_table(
        "links", sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        *_texts("study", "wave", "person", "target", "role", "instrument", "form"),
        sa.Column("version", sa.Text), sa.Column("language", sa.Text), *_texts("mode", "state"),
        sa.Column("receipt", sa.Text), sa.Column("issued_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME), sa.Column("opened_at", _TIME),
        sa.UniqueConstraint("token_hash", name="links_token_once"),
    )
    op.create_index("links_by_person", "links", ["person"])
    op.create_table(
        "sessions", sa.Column("id_hash", sa.String(64), primary_key=True),
        sa.Column("link", sa.String(32), sa.ForeignKey("links.id"), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
    )
    op.create_index("sessions_by_link", "sessions", ["link"])
    op.create_table(
        "drafts", sa.Column("link", sa.String(32), sa.ForeignKey("links.id"), primary_key=True),
        sa.Column("page_version", sa.Integer, nullable=False), sa.Column("saved_at", _TIME, nullable=False),
        *_texts("rows"),
    )
    op.create_table(
        "consents", *_kept(), sa.Column("link", sa.String(32), nullable=False), *_texts("person", "text_version"),
        sa.Column("text_hash", sa.String(64), nullable=False), *_texts("language", "choices"),
        sa.Column("given", sa.Integer, nullable=False), sqlite_autoincrement=True,
    )
    op.create_table("decisions", *_kept(), sa.Column("name", sa.String(64), nullable=False), *_texts("value"),
                    sqlite_autoincrement=True)
    op.create_table("withdrawals", *_kept(), *_texts("person", "level"), sqlite_autoincrement=True)
    op.create_table("erasures", *_kept(), *_texts("person", "scope", "reason"), sqlite_autoincrement=True)
    for table in ("consents", "withdrawals", "erasures"):
        op.create_index(f"{table}_by_person", table, ["person"])
    op.create_table("audit", *_kept(), *_texts("who", "what"), sa.Column("subject", sa.Text),
                    sa.Column("details", sa.Text), sqlite_autoincrement=True)
    for table in ("consents", "decisions", "withdrawals", "erasures", "audit"):
        for statement in append_only_statements(table, "sequence", dialect=dialect):
            op.execute(statement)
    for statement in erasable_statements(dialect=dialect):
        op.execute(statement)
