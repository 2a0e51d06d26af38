"""Is this a file of answers, of which schema, and how is it brought up to date."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from coachresearch.core.errors import StoreError
from coachresearch.store.database import Place, engine_for
from coachresearch.store.refusals import NotKept
from coachresearch.store.tables import FORMAT, REVISIONS, meta

_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps the running migration in a global
_MAGIC = b"SQLite format 3\x00"


def check_place(path: Path, *, create: bool) -> None:
    """Look at a path before anything is opened, and refuse what cannot be a file of answers.

    Raises
    ------
    StoreError
        If the folder or the file is missing, or the file is not an SQLite database.
    """
    if not path.parent.is_dir():
        raise StoreError(f"The folder {str(path.parent)!r} is not there", where=str(path),
                         remedy="Make the folder first, or correct the path.")
    if not path.exists():
        if create:
            return
        raise StoreError(f"There is no file {path.name!r}", where=str(path),
                         remedy="Correct the path, or open it with create=True to begin a new file of answers.")
    if not path.is_file():
        raise StoreError(f"{path.name!r} is not a file", where=str(path), remedy="Name a file in that folder.")
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as problem:
        raise StoreError(f"{path.name!r} cannot be read: {problem.strerror}", where=str(path),
                         remedy="Check its permissions.") from None
    if head != _MAGIC:
        kind = "it is not an SQLite database" if head else "it is empty"
        raise StoreError(f"{path.name!r} is not a file of answers: {kind}", where=str(path),
                         remedy="Name the file that holds the answers, or a path at which there is no file yet.")


def revision_of(connection: Connection, place: Place) -> str:
    """Return the schema revision of an open file or server.

    Raises
    ------
    StoreError
        If the tables are not ours, or were written by a newer version.
    """
    names = set(inspect(connection).get_table_names())
    kind = None
    if {"alembic_version", "meta"} <= names:
        kind = connection.execute(select(meta.c.value).where(meta.c.name == "format")).scalar()
    if kind != FORMAT:
        if place.path is None:
            raise StoreError(f"The database {place.name!r} holds no answers", where=str(place),
                             remedy="Open it with create=True to begin there, or name the database that was used.")
        raise StoreError(f"{place.name!r} is an SQLite database, but not a file of answers", where=str(place),
                         remedy="Name the file that coachresearch made.")
    revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    if revision not in REVISIONS:
        raise StoreError(f"{place.name!r} has schema {revision!r}; this version knows {', '.join(REVISIONS)}",
                         where=str(place), remedy="It was written by a newer coachresearch: install that version.")
    return revision


def prepare_server(place: Place, *, create: bool, study: str, busy_seconds: float) -> None:
    """Make our tables in a database on a server, or bring them up to date, in one transaction.

    Raises
    ------
    StoreError
        If the server cannot be reached, the database holds tables of something else, or `create` is False and it holds
        none of ours; nothing is then changed.
    """
    engine = engine_for(place, access="write", busy_seconds=busy_seconds)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(7202607)"))  # two programs that begin at once
            names = set(inspect(connection).get_table_names())
            if names:
                if revision_of(connection, place) != REVISIONS[-1]:
                    migrate(connection)
            elif not create:
                revision_of(connection, place)
            else:
                migrate(connection)
                _introduce(connection, study)
    except DBAPIError as problem:
        raise unreadable(place, problem) from None
    finally:
        engine.dispose()


def create_file(path: Path, *, study: str) -> None:
    """Make a new file of answers: built under another name, then given its own in one step.

    If another program makes the same file at the same moment, the first one stays and this one is discarded.

    Raises
    ------
    StoreError
        If the folder cannot be written to; nothing is left behind.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    engine = engine_for(draft, access="create", busy_seconds=1.0)
    try:
        with engine.begin() as connection:
            migrate(connection)
            _introduce(connection, study)
        engine.dispose()
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    except (DBAPIError, OSError) as problem:
        raise _unwritable(path, problem) from None
    finally:
        engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def bring_up_to_date(path: Path, *, busy_seconds: float) -> None:
    """Migrate a file of an older schema, in one transaction; a current one is not touched.

    Raises
    ------
    StoreError
        If it is not a file of answers, is newer than this version, or cannot be written; it is then as it was.
    """
    reader = engine_for(path, access="read", busy_seconds=busy_seconds)
    try:
        with reader.connect() as connection:
            revision = revision_of(connection, Place(path.name, path))
    except DBAPIError as problem:
        raise unreadable(Place(path.name, path), problem) from None
    if revision == REVISIONS[-1]:
        return
    engine = engine_for(path, access="write", busy_seconds=busy_seconds)
    try:
        with engine.begin() as connection:
            migrate(connection)
    except DBAPIError as problem:
        raise _unwritable(path, problem) from None
    finally:
        engine.dispose()


def unreadable(place: Place, problem: DBAPIError) -> NotKept:
    """Say that a file or server could not be read, and why."""
    cause = str(problem.orig).strip().split("\n")[0]
    if place.path is None:
        return NotKept(f"The database {place.name!r} cannot be reached: {cause}", where=str(place),
                       remedy="Check that the server runs, and the address, user and password.")
    return NotKept(f"{place.name!r} cannot be read: {cause}", where=str(place),
                   remedy="Check that the file is whole, may be read, and is not held by another program.")


def _unwritable(path: Path, problem: DBAPIError | OSError) -> NotKept:
    cause = problem.strerror if isinstance(problem, OSError) else problem.orig
    return NotKept(f"{path.name!r} cannot be written: {cause}", where=str(path),
                   remedy="Check that the folder and the file may be written to and that the disk is not full.")


def _introduce(connection: Connection, study: str) -> None:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    facts = [("format", FORMAT), ("study", study), ("created_at", made)]
    connection.execute(meta.insert(), [{"name": name, "value": value} for name, value in facts])


def migrate(connection: Connection, revision: str = "head") -> None:
    """Take every schema step up to a revision, in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, revision)
