"""Connections to where the answers are kept: one that writes, many that read."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from coachresearch.core.errors import StoreError

Access = Literal["create", "write", "side_by_side", "read", "look"]
_LOOKERS = 8
SIDE_BY_SIDE = 8
"""Connections of one program that write to a server at the same time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers are kept.

    Parameters
    ----------
    name : str
        File name, or name of the database, for messages.
    path : Path or None
        The SQLite file; None for a database server.
    url : str
        Address of the server, with its password; never shown.
    """

    name: str
    path: Path | None = None
    url: str = field(default="", repr=False)

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        return "postgresql" if self.path is None else "sqlite"

    def mark(self) -> int:
        """Tell one file from another that took its name; -1 if there is none, 0 for a server."""
        if self.path is None:
            return 0
        try:
            return self.path.stat().st_ino
        except OSError:
            return -1

    def __str__(self) -> str:
        return self.name if self.path is None else str(self.path)


def place_of(address: Path | str) -> Place:
    """Understand a path, ``sqlite:///path`` or ``postgresql+psycopg://user@host/name``.

    Raises
    ------
    StoreError
        If the address is of another type, or the driver is not installed.
    """
    text = str(address)
    if text.startswith("sqlite:///"):
        path = Path(text.removeprefix("sqlite:///"))
        return Place(path.name, path)
    if "://" not in text:
        return Place(Path(address).name, Path(address))
    kind = text.split("://", 1)[0]
    if kind not in ("postgresql", "postgresql+psycopg", "postgres"):
        raise StoreError(f"Answers cannot be kept at an address of type {kind!r}",
                         remedy="Give the path of an SQLite file, sqlite:///path, or postgresql+psycopg://host/name.")
    if importlib.util.find_spec("psycopg") is None:
        raise StoreError("PostgreSQL needs the package psycopg, which is not installed",
                         remedy="Install it with: pip install 'coachresearch[postgresql]'.")
    try:
        url = make_url(f"postgresql+psycopg://{text.split('://', 1)[1]}")
    except (ArgumentError, ValueError):
        raise StoreError("The address of the database cannot be understood",
                         remedy="Write it as postgresql+psycopg://user:password@host:5432/name.") from None
    return Place(url.database or "postgresql", None, url.render_as_string(hide_password=False))


def engine_for(place: Place | Path, *, access: Access, busy_seconds: float) -> Engine:
    """Build an engine for where answers are kept.

    Parameters
    ----------
    place : Place or Path
        The file or the server.
    access : {"create", "write", "read", "look"}
        ``write`` keeps one connection and takes the write lock when a transaction begins; ``create`` does so in a file
        that need not be there; ``read`` opens a fresh read-only connection each time and changes nothing; ``look``
        does the same with connections that are kept, for the many small questions of a server; ``side_by_side`` has
        several that write, on a server alone: a file has one writer.
    busy_seconds : float
        How long to wait for a lock that another process holds.
    """
    place = Place(place.name, place) if isinstance(place, Path) else place
    return _file_engine(place.path, access, busy_seconds) if place.path else _server_engine(place, access, busy_seconds)


def _server_engine(place: Place, access: Access, busy_seconds: float) -> Engine:
    wait = f"-c lock_timeout={int(busy_seconds * 1000)} -c timezone=UTC"
    reading = access in ("read", "look")
    if reading:
        wait += " -c default_transaction_read_only=on"
    size = {"side_by_side": SIDE_BY_SIDE, "write": 1}.get(access, _LOOKERS)
    return create_engine(place.url, poolclass=QueuePool, pool_size=size, max_overflow=0,
                         pool_timeout=busy_seconds, connect_args={"options": wait, "connect_timeout": 5})


def _file_engine(path: Path, access: Access, busy_seconds: float) -> Engine:
    reading = access in ("read", "look")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(_uri(path, access), uri=True, timeout=busy_seconds, isolation_level=None,
                               check_same_thread=False)

    if access == "look":
        engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=_LOOKERS,
                               max_overflow=_LOOKERS, pool_timeout=busy_seconds)
    else:
        engine = create_engine("sqlite+pysqlite://", creator=connect,
                               poolclass=NullPool if access == "read" else StaticPool)
    begin = "BEGIN" if reading else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        if reading:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=ON")
            connection.execute("PRAGMA secure_delete=ON")

    if access != "look":  # small questions are statements of their own

        @event.listens_for(engine, "begin")
        def start(connection: Any) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _uri(path: Path, access: Access) -> str:
    address = f"file:{quote(str(path.resolve()))}"
    if access == "create":
        return f"{address}?mode=rwc"
    if access in ("read", "look") and _at_rest(path):
        return f"{address}?mode=ro&immutable=1"
    return f"{address}?mode=rw"  # also to read: only then does the last reader tidy the write-ahead log away


def _at_rest(path: Path) -> bool:
    """Whether nobody can be writing: the folder is read-only and no write-ahead log lies in it."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not log.exists()
