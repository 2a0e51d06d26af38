"""Copies made while answers come in, and put back without bringing anybody back who has left."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from coachresearch.core.errors import StoreError
from coachresearch.store.audit import record
from coachresearch.store.database import Place, engine_for, place_of
from coachresearch.store.erasure import Wish, remembered, replay, wishes
from coachresearch.store.refusals import NotKept
from coachresearch.store.schema import migrate, unreadable
from coachresearch.store.store import Store, open_store
from coachresearch.store.tables import REVISIONS, metadata

ANSWERS, DIRECTORY, MANIFEST = "answers.db", "directory.db", "manifest.json"
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished copy.

    Parameters
    ----------
    folder : Path
        Holds ``answers.db``, ``manifest.json`` and, if there was one, ``directory.db``.
    made_at : datetime
        UTC.
    study : str
    counts : mapping of table to rows
        As they stood at one moment.
    """

    folder: Path
    made_at: datetime
    study: str
    counts: Mapping[str, int]


def back_up(store: Store, into: Path, *, directory: Path | None = None, who: str = "") -> Backup:
    """Copy a store as it stands at one moment; answers go on coming in.

    Parameters
    ----------
    store : Store
        A file, or a database on a server; the copy is an SQLite file in both cases.
    into : Path
        Folder of the backups; each gets a folder of its own in it, named after the moment.
    directory : Path, optional
        The file of names and addresses, copied beside.
    who : str
        For the audit log.

    Raises
    ------
    NotKept
        If the copy could not be written; nothing of it is left behind.
    """
    at = datetime.now(UTC)
    name = f"{at:%Y-%m-%dT%H%M%SZ}"
    draft = into / f".{name}.{uuid.uuid4().hex}.new"
    try:
        draft.mkdir(parents=True)
        draft.chmod(0o700)
        _copy_store(store, draft / ANSWERS)
        if directory is not None and directory.exists():
            _copy_file(directory, draft / DIRECTORY)
        counts = _counts(draft / ANSWERS)
        files = {file.name: _hash(file) for file in sorted(draft.iterdir())}
        told = {"format": "coachresearch backup", "study": store.study, "made_at": at.isoformat(),
                "schema": REVISIONS[-1], "counts": counts, "sha256": files}
        (draft / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        _flush(draft)
        folder = _free(into / name)
        draft.rename(folder)
    except (OSError, sqlite3.Error, DBAPIError) as problem:
        cause = getattr(problem, "strerror", None) or getattr(problem, "orig", None) or problem
        raise NotKept(f"The backup could not be made: {cause}", where=str(into),
                      remedy="Check the folder's permissions and the space on its disk.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    record(store, "backed up", who=who, details={"folder": folder.name, "responses": counts["responses"]})
    return Backup(folder, at, store.study, counts)


def read_backup(folder: Path) -> Backup:
    """Look a backup over: every file as it was, the database whole, the counts as noted.

    Raises
    ------
    StoreError
        If anything differs.
    """
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != "coachresearch backup":
            raise ValueError(told["format"])
        files, counts, made = dict(told["sha256"]), dict(told["counts"]), datetime.fromisoformat(told["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{folder.name!r} is not a backup: its manifest cannot be read", where=str(folder),
                         remedy="Name the folder that coachresearch data backup made.") from None
    for name, digest in files.items():
        if not (folder / Path(name).name).is_file() or _hash(folder / Path(name).name) != digest:
            raise StoreError(f"{name!r} of this backup is missing or not as it was written", where=str(folder),
                             remedy="Use another backup.")
    try:
        found = _counts(folder / ANSWERS)
    except sqlite3.Error as problem:
        raise StoreError(f"The copy cannot be read: {problem}", where=str(folder),
                         remedy="Use another backup.") from None
    if found != counts:
        raise StoreError("The copy does not hold the rows that its manifest counts", where=str(folder),
                         remedy="Use another backup.")
    return Backup(folder, made, str(told["study"]), counts)


def restore(
    folder: Path, address: Path | str, *, directory: Path | None = None, replace: bool = False, who: str = ""
) -> tuple[Backup, int, Path | None]:
    """Put a backup in place, and let everyone leave again who has left since.

    Parameters
    ----------
    folder : Path
        A backup.
    address : Path or str
        Where the answers are to lie: a file, or an empty database on a server.
    directory : Path, optional
        Where the names are to lie, if the backup holds them.
    replace : bool
        Whether a file that is there now is put aside (``answers.db.before-...``); refused otherwise.
    who : str
        For the audit log.

    Returns
    -------
    Backup
        What was restored.
    int
        How many wishes to leave were carried out again.
    Path or None
        Where the former file lies now.

    Raises
    ------
    StoreError
        If the backup is not whole, or there is something in the place already; nothing is changed then.
    """
    backup = read_backup(folder)
    place = place_of(address)
    if place.path is not None and place.path.exists() and not replace:
        raise StoreError(f"{place.name!r} is there already", where=str(place),
                         remedy="Restore with replace, which puts it aside, or name another file.")
    left = _known_wishes(place)
    aside = None
    if place.path is None:
        _fill_server(folder / ANSWERS, place)
    else:
        aside = _put_aside(place.path)
        _put_in_place(folder / ANSWERS, place.path)
    with open_store(address, create=False) as store:
        again = replay(store, left, who=who)
        record(store, "restored", who=who, details={"folder": folder.name, "left again": len(again)})
    if directory is not None and (folder / DIRECTORY).is_file():
        _restore_directory(folder / DIRECTORY, directory, left, replace=replace)
    return backup, len(again), aside


def _restore_directory(copy: Path, directory: Path, left: tuple[Wish, ...], *, replace: bool) -> None:
    from coachresearch.store.directory import Directory

    if directory.exists() and not replace:
        return
    _put_in_place(copy, directory)
    names = Directory(directory)
    for one in left:
        if one.level == "erase":
            names.remove(one.person)
        else:
            names.stop_contact(one.person)


def _known_wishes(place: Place) -> tuple[Wish, ...]:
    """Read who has left from the store that is being replaced, if it can still be read, and from the note beside it."""
    found = remembered(place.path) if place.path is not None else []
    if place.path is None or place.path.exists():
        try:
            with open_store(place.url or str(place.path), create=False, read_only=True) as store:
                return wishes(store)
        except StoreError:
            return tuple(found)
    return tuple(found)


def _copy_store(store: Store, target: Path) -> None:
    if store.place.path is not None:
        with _sqlite(store.place.path) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        return
    source = engine_for(store.place, access="read", busy_seconds=60.0).execution_options(
        isolation_level="REPEATABLE READ")
    copy = engine_for(target, access="create", busy_seconds=5.0)
    try:
        with copy.begin() as into:
            migrate(into)
            with source.connect() as out:
                _copy_rows(out, into)
        _settle(copy)
    finally:
        source.dispose()
        copy.dispose()


def _settle(copy: Engine) -> None:
    with copy.connect() as connection:
        connection.rollback()
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("PRAGMA journal_mode=DELETE")


def _fill_server(copy: Path, place: Place) -> None:
    source = engine_for(copy, access="read", busy_seconds=5.0)
    target = engine_for(place, access="write", busy_seconds=5.0)
    try:
        with target.begin() as into:
            migrate(into)
            for table in metadata.sorted_tables:
                if into.execute(select(1).select_from(table).limit(1)).first() is not None:
                    raise StoreError(f"The database {place.name!r} holds answers already", where=str(place),
                                     remedy="Restore into an empty database.")
            with source.connect() as out:
                _copy_rows(out, into)
            for table in metadata.sorted_tables:
                if "sequence" in table.c:
                    into.execute(text(f"SELECT setval('{table.name}_sequence_seq', "
                                      f"(SELECT COALESCE(max(sequence), 0) + 1 FROM {table.name}), false)"))
    except DBAPIError as problem:
        raise unreadable(place, problem) from None
    finally:
        source.dispose()
        target.dispose()


def _copy_rows(out: Connection, into: Connection) -> None:
    for table in metadata.sorted_tables:
        for part in out.execute(select(table)).mappings().partitions(_CHUNK):
            into.execute(table.insert(), [_zoned(dict(row)) for row in part])


def _zoned(row: dict[str, Any]) -> dict[str, Any]:
    """Times of SQLite come without a zone and are UTC."""
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
            for name, value in row.items()}


def _copy_file(source: Path, target: Path) -> None:
    with _sqlite(source) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _counts(copy: Path) -> dict[str, int]:
    engine = engine_for(copy, access="read", busy_seconds=5.0)
    try:
        with engine.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            if whole != "ok":
                raise sqlite3.DatabaseError(str(whole))
            return {table.name: int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
                    for table in metadata.sorted_tables}
    finally:
        engine.dispose()


def _put_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    with _sqlite(path) as connection, suppress(sqlite3.DatabaseError):  # a damaged file is put aside as it is
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = _free(path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"))
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(aside.with_name(aside.name + suffix))
    return aside


def _put_in_place(copy: Path, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        shutil.copyfile(copy, draft)
        draft.chmod(0o600)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        raise NotKept(f"{path.name!r} cannot be written: {problem.strerror}", where=str(path),
                      remedy="Check the folder's permissions and the space on its disk.") from None
    finally:
        draft.unlink(missing_ok=True)


def _free(path: Path) -> Path:
    number, found = 2, path
    while found.exists():
        found, number = path.with_name(f"{path.name}-{number}"), number + 1
    return found


def _flush(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb+") as one:
            os.fsync(one.fileno())


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
