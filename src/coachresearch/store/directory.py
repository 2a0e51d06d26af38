"""Names and addresses, in a file of their own: nothing in it says what anybody answered."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from coachresearch.core.errors import StoreError
from coachresearch.store.refusals import NotKept

FORMAT = "coachresearch directory"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contacts (person TEXT PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL,
                                     language TEXT NOT NULL, no_contact INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody can be reached.

    Parameters
    ----------
    person : str
        Pseudonym: the only word shared with the answers.
    name, address : str
        Never shown by ``repr``.
    language : str
    no_contact : bool
        Whether they asked for no more mail.
    """

    person: str
    name: str = field(repr=False)
    address: str = field(repr=False)
    language: str = ""
    no_contact: bool = False


def new_pseudonym(taken: Iterable[str] = ()) -> str:
    """Draw a pseudonym at random, such as ``P7K2MXQ4``: it is computed from nothing and leads back to nobody."""
    used = set(taken)
    while True:
        drawn = "P" + "".join(secrets.choice(_LETTERS) for _ in range(7))
        if drawn not in used:
            return drawn


class Directory:
    """The contacts of a study, kept beside its answers and never in the same file.

    Parameters
    ----------
    path : Path
        An SQLite file, made on first use, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, contacts: Iterable[Contact]) -> int:
        """Keep contacts; a person that is known gets the new name and address. Returns how many."""
        rows = [(one.person, one.name, one.address, one.language, int(one.no_contact)) for one in contacts]
        for person, *_ in rows:
            if not person.strip():
                raise StoreError("A contact has no pseudonym", where=self.path.name,
                                 remedy="Draw one with new_pseudonym().")
        with self._open(make=True) as connection:
            connection.executemany(
                "INSERT INTO contacts VALUES (?, ?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET name = excluded.name, "
                "address = excluded.address, language = excluded.language, "
                "no_contact = max(no_contact, excluded.no_contact)", rows)
        return len(rows)

    def contacts(self) -> tuple[Contact, ...]:
        """Return everyone, by pseudonym; nobody if there is no directory."""
        if not self.path.exists():
            return ()
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM contacts ORDER BY person").fetchall()
        return tuple(Contact(person, name, address, language, bool(no_contact))
                     for person, name, address, language, no_contact in rows)

    def contact(self, person: str) -> Contact | None:
        """Return one person's entry."""
        return next((one for one in self.contacts() if one.person == person), None)

    def stop_contact(self, person: str) -> bool:
        """Note that a person wants no more mail; returns whether there is such an entry."""
        return self._change("UPDATE contacts SET no_contact = 1 WHERE person = ?", person)

    def remove(self, person: str) -> bool:
        """Delete an entry, and overwrite it on disk; returns whether there was one."""
        return self._change("DELETE FROM contacts WHERE person = ?", person)

    def _change(self, statement: str, person: str) -> bool:
        if not self.path.exists():
            return False
        with self._open() as connection:
            return connection.execute(statement, (person,)).rowcount > 0

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[sqlite3.Connection]:
        if make and not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        try:
            connection = sqlite3.connect(self.path, timeout=5.0)
            try:
                connection.execute("PRAGMA secure_delete=ON")
                connection.execute("PRAGMA synchronous=FULL")
                self._prepare(connection, make)
                with connection:
                    yield connection
            finally:
                connection.close()
        except sqlite3.DatabaseError as problem:
            raise NotKept(f"{self.path.name!r} cannot be used: {problem}", where=str(self.path),
                          remedy="Check that it is the directory of this study, and not held by another program."
                          ) from None

    def _prepare(self, connection: sqlite3.Connection, make: bool) -> None:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if make and not tables:
            connection.executescript(_TABLES)
            connection.execute("INSERT INTO facts VALUES ('format', ?)", (FORMAT,))
            connection.commit()
            return
        kind = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone() \
            if "facts" in tables else None
        if kind != (FORMAT,):
            raise StoreError(f"{self.path.name!r} is not a directory of names", where=str(self.path),
                             remedy="Name the file that coachresearch made, or another one.")
