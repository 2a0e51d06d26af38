"""Where the answers are kept: rows go in once, durably, and are read back under their contract."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from coachresearch.core.contracts import RESPONSES, SCORES
from coachresearch.core.errors import StoreError
from coachresearch.core.frames import Contract
from coachresearch.store.database import Place, engine_for, place_of
from coachresearch.store.refusals import NotKept
from coachresearch.store.rows import clean_rows, digest_of, rows_of
from coachresearch.store.schema import (
    bring_up_to_date,
    check_place,
    create_file,
    prepare_server,
    revision_of,
    unreadable,
)
from coachresearch.store.tables import (
    HISTORY,
    IMPORTED_SCORES,
    REVISIONS,
    imported_scores,
    imports,
    instruments,
    meta,
    responses,
    withdrawals,
)
from coachresearch.store.writer import Batch, Receipt, Writer, Writers

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

_LEFT = select(withdrawals.c.person).where(withdrawals.c.level == "use")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file whose rows are imported: name, SHA-256 (hex) of its bytes, and how many rows it holds."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class InstrumentMark:
    """What an instrument version holds: identifier, version and content hash."""

    instrument: str
    version: str
    content_hash: str


def open_store(
    path: Path | str, *, create: bool = True, read_only: bool = False, study: str = "", busy_seconds: float = 5.0
) -> Store:
    """Open the file, or the database on a server, in which a study keeps its answers.

    Parameters
    ----------
    path : Path or str
        An SQLite file, its address ``sqlite:///...``, or ``postgresql+psycopg://user@host/name``.
    create : bool
        Whether to begin a new file (or new tables) if there is none.
    read_only : bool
        Open for reading alone; nothing in the folder is changed for good, and nothing is created.
    study : str
        Identifier of the study. A new file belongs to it; an existing file must. Empty: do not ask.
    busy_seconds : float
        How long to wait for another program that holds the file.

    Raises
    ------
    StoreError
        If the folder is missing or may not be written to, the file is not a file of answers, was written by a newer
        version, or belongs to another study. Everything is then as it was.
    """
    place = place_of(path)
    create = create and not read_only
    if place.path is None:
        if not read_only:
            prepare_server(place, create=create, study=study, busy_seconds=busy_seconds)
    else:
        check_place(place.path, create=create)
        if not place.path.exists():
            create_file(place.path, study=study)
        elif not read_only:
            bring_up_to_date(place.path, busy_seconds=busy_seconds)
    store = Store(place, read_only=read_only, busy_seconds=busy_seconds)
    if study and store.study and store.study != study:
        found = store.study
        store.close()
        raise StoreError(f"{place.name!r} holds the answers of study {found!r}, not {study!r}", where=str(place),
                         remedy="Name the file of this study, or correct the study's id.")
    return store


class Store:
    """A file of answers; made by `open_store`, used as a context manager.

    Nothing that was kept is ever changed: a corrected answer is a later row, and the latest row counts.

    Parameters
    ----------
    place : Place
        The file or the server.
    read_only : bool
        Whether `append` is refused.
    busy_seconds : float
        How long to wait for another program that holds the file.
    """

    def __init__(self, place: Place, *, read_only: bool, busy_seconds: float) -> None:
        self.place = place
        self._read_only = read_only
        self._busy_seconds = busy_seconds
        self._reader = engine_for(place, access="read", busy_seconds=busy_seconds)
        self._looker = engine_for(place, access="look", busy_seconds=busy_seconds)
        self._mark = place.mark()
        self._door = threading.Lock()
        self._writer: Writer | None = None
        self._writing: Engine | None = None
        self._many: Writers | None = None
        self._closed = False
        self.study = self._look()

    @property
    def path(self) -> Path:
        """The file; refused where the answers lie on a server."""
        if self.place.path is None:
            raise StoreError(f"{self.place.name!r} is a database on a server, not a file",
                             remedy="Use its address.")
        return self.place.path

    def append(
        self,
        rows: Iterable[Mapping[str, object]],
        *,
        key: str = "",
        source: SourceFile | None = None,
        marks: Iterable[InstrumentMark] = (),
        timeout: float = 30.0,
    ) -> Receipt:
        """Keep answers, and return once they are on disk.

        Parameters
        ----------
        rows : iterable of mappings
            Columns of the responses contract. All rows are kept, or none.
        key : str
            Idempotency key. The same rows under the same key return the first receipt; other rows are refused.
            Empty: every call is a batch of its own.
        source : SourceFile, optional
            The imported file, noted in the import log together with its rows.
        marks : iterable of InstrumentMark
            The instruments that were used, noted at their first use; a changed one under its old version is refused.
        timeout : float
            Seconds to wait for the disk.

        Returns
        -------
        Receipt

        Raises
        ------
        StoreError
            If a row breaks the contract or belongs to another study, the key was used for other rows, the file is
            locked, full or closed, or the wait was too long.
        """
        cleaned = clean_rows(rows, RESPONSES)
        strangers = sorted({str(row["study"]) for row in cleaned} - {self.study}) if self.study else []
        if strangers:
            raise StoreError(f"Rows of study {', '.join(map(repr, strangers))} in the file of study {self.study!r}",
                             where=str(self.place), remedy="Keep each study in a file of its own.")
        return self._keep(responses, cleaned, key, source, tuple(marks), timeout)

    def append_scores(
        self, frame: pd.DataFrame, *, key: str = "", source: SourceFile, timeout: float = 30.0
    ) -> Receipt:
        """Keep ready-made scores and the name of the file they came from.

        Parameters
        ----------
        frame : DataFrame
            Under the scores contract.
        key, timeout
            As in `append`.
        source : SourceFile
            The file, noted in the import log.
        """
        frame = SCORES.check(frame, where=source.name, error=StoreError)
        cleaned = clean_rows(rows_of(frame.assign(source=source.name)), IMPORTED_SCORES)
        return self._keep(imported_scores, cleaned, key, source, (), timeout)

    def responses(self, *, latest: bool = True, wave: str = "", person: str = "") -> pd.DataFrame:
        """Read the answers back.

        Parameters
        ----------
        latest : bool
            One row per answer, the latest, without the answers of people who withdrew them from further use;
            otherwise every row ever received, oldest first, with ``sequence``, ``received_at``, ``batch`` and
            ``flags``.
        wave, person : str
            Only this wave, only what this person answered; empty for all.

        Returns
        -------
        DataFrame
            Under the responses contract, or under `tables.HISTORY`.
        """
        wanted = [responses.c[name] == value for name, value in (("wave", wave), ("person", person)) if value]
        query = select(responses).where(*wanted).order_by(responses.c.sequence)
        if latest:
            query = query.where(responses.c.person.not_in(_LEFT))
            last = select(func.max(responses.c.sequence)).where(*wanted)
            query = query.where(responses.c.sequence.in_(last.group_by(*(responses.c[name] for name in RESPONSES.key))))
        return self._frame(query, RESPONSES if latest else HISTORY)

    def scores(self) -> pd.DataFrame:
        """Read the imported scores back, the latest of each, under `tables.IMPORTED_SCORES`."""
        keys = [imported_scores.c[name] for name in SCORES.key]
        last = select(func.max(imported_scores.c.sequence)).group_by(*keys)
        query = select(imported_scores).where(imported_scores.c.sequence.in_(last),
                                              imported_scores.c.person.not_in(_LEFT))
        return self._frame(query.order_by(imported_scores.c.sequence), IMPORTED_SCORES)

    def imports(self) -> pd.DataFrame:
        """Read the import log: name, sha256, rows, received_at; one row per accepted import, oldest first."""
        import pandas as pd

        columns = (imports.c.name, imports.c.sha256, imports.c.rows, imports.c.received_at)
        found = self._read(select(*columns).order_by(imports.c.sequence))
        frame = pd.DataFrame(found, columns=[column.name for column in columns])
        return frame.assign(received_at=pd.to_datetime(frame["received_at"], utc=True))

    def marks(self) -> tuple[InstrumentMark, ...]:
        """Return what each instrument version held when it was first used here."""
        found = self._read(select(instruments.c.instrument, instruments.c.version, instruments.c.content_hash))
        return tuple(InstrumentMark(*row) for row in found)

    def close(self) -> None:
        """Write what waits and let go of the file."""
        with self._door:
            self._closed = True
        if self._writer is not None:
            self._writer.close()
        if self._many is not None:
            self._many.close()
        if self._writing is not None:
            self._writing.dispose()
        self._reader.dispose()
        self._looker.dispose()

    def write(self, job: Callable[[Connection], T], *, timeout: float = 30.0) -> T:
        """Have a job done in the writer's next transaction; see `writer.Writer.run`."""
        return self._the_writer().run(job, timeout=timeout)

    def write_alone(self, job: Callable[[Connection], T], *, timeout: float = 30.0) -> T:
        """Have a job done in a transaction of its own: on a server beside others, in a file by the one writer.

        For jobs that the database itself keeps apart; errors as in `writer.Writer.run`.
        """
        if self.place.path is not None:
            return self.write(job, timeout=timeout)
        with self._door:
            self._refuse_if_shut()
            if self._many is None:
                engine = engine_for(self.place, access="side_by_side", busy_seconds=self._busy_seconds)
                self._many = Writers(engine, self.place)
        return self._many.run(job, timeout=timeout)

    def look(self, question: Callable[[Connection], T]) -> T:
        """Ask a small question on a connection that is kept open for such.

        Raises
        ------
        NotKept
            If the file was removed or exchanged, or the database cannot be read.
        """
        if self._closed:
            raise StoreError(f"{self.place.name!r} is closed", remedy="Open it again with open_store.")
        if self.place.mark() != self._mark:
            raise NotKept(f"{self.place.name!r} is no longer where it was opened", where=str(self.place),
                          remedy="Put the file back, close the store and open it again.")
        try:
            with self._looker.connect() as connection:
                return question(connection)
        except DBAPIError as problem:
            raise unreadable(self.place, problem) from None
        except SQLAlchemyError as problem:
            raise NotKept(f"{self.place.name!r} has no connection left: {problem}",
                          remedy="Try again in a moment.") from None

    def tidy(self) -> None:
        """Fold the write-ahead log into the file, so that nothing deleted lingers there; a reader may delay it."""
        if self.place.path is None:
            return
        try:
            with closing(sqlite3.connect(self.place.path, timeout=self._busy_seconds)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as problem:
            raise NotKept(f"{self.place.name!r} cannot be tidied: {problem}", where=str(self.place),
                          remedy="Close other programs that hold it.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self) -> str:
        try:
            with self._reader.connect() as connection:
                revision = revision_of(connection, self.place)
                if revision != REVISIONS[-1]:
                    raise StoreError(f"{self.place.name!r} is not up to date (schema {revision!r})",
                                     where=str(self.place), remedy="Open it once for writing.")
                return str(connection.execute(select(meta.c.value).where(meta.c.name == "study")).scalar() or "")
        except DBAPIError as problem:
            self._reader.dispose()
            raise unreadable(self.place, problem) from None
        except StoreError:
            self._reader.dispose()
            raise

    def _keep(
        self, table: Table, rows: list[dict[str, Any]], key: str, source: SourceFile | None,
        marks: tuple[InstrumentMark, ...], timeout: float,
    ) -> Receipt:
        parts = [(table, rows)]
        if source is not None:
            parts.append((imports, [{"name": source.name, "sha256": source.sha256, "rows": source.rows}]))
        flagged = sum(row["flags"] is not None for row in rows)
        batch = Batch(key or f"once:{uuid.uuid4()}", digest_of(rows), len(rows), flagged, tuple(parts),
                      tuple((mark.instrument, mark.version, mark.content_hash) for mark in marks))
        return self._the_writer().submit(batch, timeout=timeout)

    def _refuse_if_shut(self) -> None:
        if self._closed:
            raise StoreError(f"{self.place.name!r} is closed", remedy="Open it again with open_store.")
        if self._read_only:
            raise StoreError(f"{self.place.name!r} was opened for reading alone",
                             remedy="Open it with read_only=False.")

    def _the_writer(self) -> Writer:
        with self._door:
            self._refuse_if_shut()
            if self._writer is None:
                self._writing = engine_for(self.place, access="write", busy_seconds=self._busy_seconds)
                self._writer = Writer(self._writing, self.place)
            return self._writer

    def _frame(self, query: Any, contract: Contract) -> pd.DataFrame:
        import pandas as pd

        table = query.selected_columns
        names = list(contract.names)
        found = self._read(query.with_only_columns(*(table[name] for name in names)))
        return contract.check(pd.DataFrame(found, columns=names, dtype=object), where=self.place.name, error=StoreError)

    def _read(self, query: Any) -> list[tuple[Any, ...]]:
        if self._closed:
            raise StoreError(f"{self.place.name!r} is closed", remedy="Open it again with open_store.")
        try:
            with self._reader.connect() as connection:
                return [tuple(row) for row in connection.execute(query)]
        except DBAPIError as problem:
            raise unreadable(self.place, problem) from None

