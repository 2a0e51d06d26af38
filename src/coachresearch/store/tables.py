"""What is kept, table by table; the database itself refuses to change or delete a row."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
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

REVISIONS: tuple[str, ...] = ("0001", "0002")
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

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def _sequence() -> Column:
    return Column("sequence", _NUMBER, primary_key=True, autoincrement=True)


def _received() -> Column:
    return Column("received_at", DateTime(timezone=True), nullable=False)


def _batch() -> Column:
    return Column("batch", _NUMBER, ForeignKey("batches.sequence"), nullable=False)


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

links = Table(
    "links", metadata,
    Column("id", String(32), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    *(Column(name, Text, nullable=False) for name in (
        "study", "wave", "person", "target", "role", "instrument", "form")),
    Column("version", Text),
    Column("language", Text),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("receipt", Text),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("opened_at", DateTime(timezone=True)),
    UniqueConstraint("token_hash", name="links_token_once"),
    Index("links_by_person", "person"),
)
"""Who may answer what: the only place where an invitation and a pseudonym stand side by side."""

sessions = Table(
    "sessions", metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("link", String(32), ForeignKey("links.id"), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("sessions_by_link", "link"),
)
"""Browsers that have exchanged a token."""

drafts = Table(
    "drafts", metadata,
    Column("link", String(32), ForeignKey("links.id"), primary_key=True),
    Column("page_version", Integer, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("rows", Text, nullable=False),
)
"""What was answered and not handed in yet, as JSON, one row a link."""

consents = Table(
    "consents", metadata,
    _sequence(), _received(),
    Column("link", String(32), nullable=False),
    Column("person", Text, nullable=False),
    Column("text_version", Text, nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("language", Text, nullable=False),
    Column("choices", Text, nullable=False),
    Column("given", Integer, nullable=False),
    Index("consents_by_person", "person"),
    sqlite_autoincrement=True,
)
"""What somebody agreed to, or took back (`given` 0): version and hash of the text, language, choices."""

decisions = Table(
    "decisions", metadata,
    _sequence(), _received(),
    Column("name", String(64), nullable=False),
    Column("value", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""What was decided for this study: the promise to respondents (``mode``), the retention date (``keep_until``)."""

withdrawals = Table(
    "withdrawals", metadata,
    _sequence(), _received(),
    Column("person", Text, nullable=False),
    Column("level", Text, nullable=False),
    Index("withdrawals_by_person", "person"),
    sqlite_autoincrement=True,
)
"""Who wants no more mail (``contact``), or no further use of their answers (``use``)."""

erasures = Table(
    "erasures", metadata,
    _sequence(), _received(),
    Column("person", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("erasures_by_person", "person"),
    sqlite_autoincrement=True,
)
"""Whose answers were erased: those they gave (``given``), or also those about them (``all``)."""

audit = Table(
    "audit", metadata,
    _sequence(), _received(),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text),
    Column("details", Text),
    sqlite_autoincrement=True,
)
"""Who did what to the answers, never with an answer inside."""

APPEND_ONLY: tuple[str, ...] = (
    "meta", "instruments", "batches", "responses", "imported_scores", "imports",
    "consents", "decisions", "withdrawals", "erasures", "audit",
)
"""Tables whose rows the database refuses to change or delete; an erasure alone may delete, see `ERASABLE`."""

CHANGING: tuple[str, ...] = ("links", "sessions", "drafts")
"""Tables that hold a state: who may answer, and what is not handed in yet."""


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
    if dialect == "postgresql":
        return _postgresql_triggers(table)
    raise StoreError(f"There are no append-only triggers for the database {dialect!r}",
                     remedy="Keep the answers in an SQLite file or in PostgreSQL.")


ERASED = ("EXISTS (SELECT 1 FROM erasures AS e "
          "WHERE e.person = {row}.person OR (e.scope = 'all' AND e.person = {target}))")
"""Condition under which a row may, and then must, be gone."""

ERASABLE: Mapping[str, str] = {
    "responses": ERASED.format(row="OLD", target="OLD.target"),
    "imported_scores": ERASED.format(row="OLD", target="OLD.target"),
    "consents": ERASED.format(row="OLD", target="OLD.person"),
    "batches": "EXISTS (SELECT 1 FROM erasures)",
}
"""When the database lets a row of these tables be deleted: after its person was noted in `erasures`.

A batch can only go once no row refers to it; foreign keys see to that.
"""


def erasable_statements(*, dialect: str) -> tuple[str, ...]:
    """Return the statements that let an erasure delete, and keep the erased from coming back."""
    statements: list[str] = []
    for table, condition in ERASABLE.items():
        refusal = f"'{table} is append-only'"
        if dialect == "sqlite":
            statements += [f"DROP TRIGGER {table}_no_delete",
                           f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT {condition} "
                           f"BEGIN SELECT RAISE(ABORT, {refusal}); END"]
        else:
            statements += [f"DROP TRIGGER {table}_no_delete ON {table}",
                           f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                           f"IF {condition} THEN RETURN OLD; END IF; "
                           f"RAISE EXCEPTION {refusal} USING ERRCODE = 'integrity_constraint_violation'; END $$",
                           f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                           f"FOR EACH ROW EXECUTE FUNCTION {table}_keep()"]
    for table in ("responses", "imported_scores"):
        refusal = f"'{table}: this person was erased'"
        if dialect == "sqlite":
            condition = ERASED.format(row="NEW", target="NEW.target")
            statements.append(f"CREATE TRIGGER {table}_not_erased BEFORE INSERT ON {table} WHEN {condition} "
                              f"BEGIN SELECT RAISE(ABORT, {refusal}); END")
        else:
            condition = ERASED.format(row="a", target="a.target")
            statements += [f"CREATE FUNCTION {table}_not_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                           f"IF EXISTS (SELECT 1 FROM added AS a WHERE {condition}) THEN RAISE EXCEPTION {refusal} "
                           "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NULL; END $$",
                           f"CREATE TRIGGER {table}_not_erased AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
                           f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_not_erased()"]
    return tuple(statements)


def _sqlite_triggers(table: str, key: str) -> tuple[str, ...]:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refusal}",
    )


def _postgresql_triggers(table: str) -> tuple[str, ...]:
    return (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        *(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
          f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()" for verb in ("UPDATE", "DELETE")),
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    )
