"""What is kept, table by table; the database itself refuses to change or delete a row."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from coachresearch.core.contracts import RESPONSES, SCORES
from coachresearch.core.errors import StoreError
from coachresearch.core.frames import Column as ContractColumn
from coachresearch.core.frames import Contract

REVISIONS: tuple[str, ...] = ("0001",)
"""Schema revisions that this version can read, oldest first; the last one is written."""

FORMAT = "coachresearch answers"

HISTORY = Contract(
    "history of responses",
    (
        *RESPONSES.columns,
        ContractColumn("sequence", "integer", required=True),
        ContractColumn("received_at", "time", required=True),
        ContractColumn("batch", "integer", required=True),
        ContractColumn("flags", "text"),
    ),
    key=("sequence",),
)
"""Every answer ever received, in the order in which it was made durable."""

IMPORTED_SCORES = Contract(
    "imported scores", (*SCORES.columns, ContractColumn("source", "text", required=True)), key=SCORES.key
)
"""Ready-made scores and the file they came from."""

metadata = MetaData()


def _sequence() -> Column:
    return Column("sequence", Integer, primary_key=True, autoincrement=True)


def _received() -> Column:
    return Column("received_at", DateTime(timezone=True), nullable=False)


def _batch() -> Column:
    return Column("batch", Integer, ForeignKey("batches.sequence"), nullable=False)


def _contract_columns(contract: Contract) -> list[Column]:
    kinds: dict[str, TypeEngine] = {"text": Text(), "integer": Integer(), "number": Float(),
                                    "time": DateTime(timezone=True)}
    return [Column(column.name, kinds[column.kind], nullable=not column.required) for column in contract.columns]


meta = Table(
    "meta", metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about the file: its format, its study, when it was made."""

instruments = Table(
    "instruments", metadata,
    _sequence(), _received(),
    Column("instrument", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    UniqueConstraint("instrument", "version", name="instruments_once"),
    sqlite_autoincrement=True,
)
"""What each instrument version held when it was first used here."""

batches = Table(
    "batches", metadata,
    _sequence(), _received(),
    Column("key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("flagged", Integer, nullable=False),
    UniqueConstraint("key", name="batches_key_once"),
    sqlite_autoincrement=True,
)
"""One row per accepted batch: its idempotency key and a digest of its answers."""

responses = Table(
    "responses", metadata,
    _sequence(), _received(), _batch(),
    *_contract_columns(RESPONSES),
    Column("flags", Text),
    Index("responses_by_person", "wave", "person"),
    sqlite_autoincrement=True,
)

imported_scores = Table(
    "imported_scores", metadata,
    _sequence(), _received(), _batch(),
    *_contract_columns(IMPORTED_SCORES),
    Column("flags", Text),
    sqlite_autoincrement=True,
)

imports = Table(
    "imports", metadata,
    _sequence(), _received(), _batch(),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Index("imports_by_hash", "sha256"),
    sqlite_autoincrement=True,
)
"""Which files were imported, when, and how many rows each held."""

APPEND_ONLY: tuple[str, ...] = ("meta", "instruments", "batches", "responses", "imported_scores", "imports")


def append_only_statements(table: str, key: str, *, dialect: str) -> tuple[str, ...]:
    """Return the statements that make the database itself refuse to change, delete or replace a row.

    Parameters
    ----------
    table, key : str
        Table and its primary key; from this module, never from outside.
    dialect : str
        Name of the database; each has its own wording of triggers.

    Raises
    ------
    StoreError
        If there are no triggers for this database: rows are never kept without them.
    """
    if dialect == "sqlite":
        return _sqlite_triggers(table, key)
    raise StoreError(f"There are no append-only triggers for the database {dialect!r}",
                     remedy="Keep the answers in an SQLite file.")


def _sqlite_triggers(table: str, key: str) -> tuple[str, ...]:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refusal}",
    )
