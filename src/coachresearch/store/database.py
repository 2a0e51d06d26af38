"""Connections to the file of answers: one that writes, many that read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

Access = Literal["create", "write", "read"]


def engine_for(path: Path, *, access: Access, busy_seconds: float) -> Engine:
    """Build an engine for an existing or new SQLite file.

    Parameters
    ----------
    path : Path
        The file.
    access : {"create", "write", "read"}
        ``write`` keeps one connection and takes the write lock when a transaction begins; ``create`` does so in a file
        that need not be there; ``read`` opens a fresh read-only connection each time and changes nothing.
    busy_seconds : float
        How long to wait for a lock that another process holds.
    """
    uri = _uri(path, access)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    pool = NullPool if access == "read" else StaticPool
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=pool)
    begin = "BEGIN" if access == "read" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        if access == "read":
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _uri(path: Path, access: Access) -> str:
    address = f"file:{quote(str(path.resolve()))}"
    if access == "create":
        return f"{address}?mode=rwc"
    if access == "read" and _at_rest(path):
        return f"{address}?mode=ro&immutable=1"
    return f"{address}?mode=rw"  # also to read: only then does the last reader tidy the write-ahead log away


def _at_rest(path: Path) -> bool:
    """Whether nobody can be writing: the folder is read-only and no write-ahead log lies in it."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not log.exists()
