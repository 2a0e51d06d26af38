"""One thread that writes: whatever waits is committed together, and acknowledged only once it is on disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.exc import SQLAlchemyError

from coachresearch.core.errors import CoachResearchError, StoreError
from coachresearch.store.database import SIDE_BY_SIDE, Place
from coachresearch.store.refusals import Erased, NotKept, OtherBody, Refused
from coachresearch.store.rows import Row
from coachresearch.store.tables import batches, instruments

_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a batch is on disk.

    Parameters
    ----------
    batch : int
        Its number in the file.
    key : str
        Its idempotency key.
    rows : int
        How many rows it holds.
    flagged : int
        Rows whose text had to be mended (see `store.rows`).
    received_at : datetime
        When it was first accepted, UTC.
    replayed : bool
        Whether the same batch had been accepted before; then nothing was written now.
    code : str
        What a respondent is shown as proof; empty for batches that nobody submitted.
    """

    batch: int
    key: str
    rows: int
    flagged: int
    received_at: datetime
    replayed: bool = field(default=False, compare=False)
    code: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows that are kept together or not at all."""

    key: str
    digest: str
    rows: int
    flagged: int
    parts: tuple[tuple[Table, list[Row]], ...]
    marks: tuple[tuple[str, str, str], ...] = ()


T = TypeVar("T")
Job = Callable[[Connection], Any]
"""Something to be written in a transaction; what it raises as `Refused` it raises before it writes anything."""

Waiting = tuple[Job, Future[Any]]
"""A job and the outcome that its sender waits for."""


class Writer:
    """Queue in front of the one connection that writes.

    Parameters
    ----------
    engine : Engine
        From `database.engine_for(access="write")`.
    place : Place
        Where it writes to.
    """

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self._place = place
        self._mark = place.mark()
        self._waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"writer of {place.name}", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch, *, timeout: float) -> Receipt:
        """Hand a batch over and wait until it is durable.

        Parameters
        ----------
        timeout : float
            Seconds to wait. A batch that the writer had not begun by then is withdrawn.

        Raises
        ------
        StoreError
            If the batch was refused, could not be written, or was not confirmed in time.
        """
        return self.run(lambda connection: _write(connection, batch), timeout=timeout)

    def run(self, job: Callable[[Connection], T], *, timeout: float) -> T:
        """Have something else written in the same way, and return its outcome once it is durable.

        Parameters
        ----------
        job : callable of a connection
            Raises `Refused` before it writes anything, or writes all that belongs together. It may be run again after
            a rollback that another job caused.
        timeout : float
            As in `submit`.
        """
        outcome: Future[T] = Future()
        with self._door:
            if self._closed:
                raise StoreError(f"{self._place.name!r} is closed", remedy="Open it again with open_store.")
            self._waiting.put((job, outcome))
        return _awaited(outcome, timeout, self._place)

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                return
            group, last = [first], False
            while len(group) < _TOGETHER and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    last = True
                    break
                group.append(following)
            self._settle([pair for pair in group if pair[1].set_running_or_notify_cancel()])
            if last:
                return

    def _settle(self, group: Sequence[Waiting]) -> None:
        """Commit a group together; if one job spoils it, commit each alone."""
        try:
            self._commit(group)
        except _LockedOut as problem:
            _refuse(group, problem.told(self._place.name))
        except Exception as problem:
            if len(group) == 1:
                _refuse(group, told(problem, self._place))
            else:
                self._settle_singly(group)

    def _settle_singly(self, group: Sequence[Waiting]) -> None:
        for position, waiting in enumerate(group):
            try:
                self._commit([waiting])
            except _LockedOut as problem:
                _refuse(group[position:], problem.told(self._place.name))
                return
            except Exception as problem:
                _refuse([waiting], told(problem, self._place))

    def _commit(self, group: Sequence[Waiting]) -> None:
        """Write a group in one transaction, then acknowledge it."""
        if not group:
            return
        self._check_place()
        with self._engine.connect() as connection:
            try:
                transaction = connection.begin()
            except SQLAlchemyError as problem:
                raise _LockedOut(problem) from problem
            with transaction:
                outcomes = [_outcome(connection, job) for job, _ in group]
        for (_, waiting), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Refused):
                waiting.set_exception(outcome)
            else:
                waiting.set_result(outcome)

    def _check_place(self) -> None:
        """Refuse to write into a file that was removed or exchanged while it was open."""
        if self._place.mark() != self._mark:
            raise NotKept(f"{self._place.name!r} is no longer where it was opened", where=str(self._place.path),
                          remedy="Put the file back, close the store and open it again, then send the rows again.")


class Writers:
    """Several connections to a server that write at the same time, first come, first served; each job by itself.

    Parameters
    ----------
    engine : Engine
        From `database.engine_for(access="side_by_side")`.
    place : Place
        The server.
    """

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self._place = place
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"writers of {place.name}")

    def run(self, job: Callable[[Connection], T], *, timeout: float) -> T:
        """Have a job done in a transaction of its own; errors as in `Writer.run`."""
        try:
            outcome = self._threads.submit(self._do, job)
        except RuntimeError:
            raise StoreError(f"{self._place.name!r} is closed", remedy="Open it again with open_store.") from None
        return _awaited(outcome, timeout, self._place)

    def close(self) -> None:
        """Write what waits, then stop."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _do(self, job: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return job(connection)
        except Exception as problem:
            raise told(problem, self._place) from None


def _awaited(outcome: Future[T], timeout: float, place: Place) -> T:
    try:
        return outcome.result(timeout)
    except WaitedTooLong:
        if outcome.cancel():
            raise NotKept(f"Nothing was written to {place.name!r} within {timeout:g} s",
                          remedy="Send the same rows again.") from None
        raise NotKept(f"{place.name!r} has not confirmed the rows within {timeout:g} s",
                      remedy="Send them again with the same key: they will be kept once.") from None


def told(problem: Exception, place: Place) -> CoachResearchError:
    """Say why nothing was written: as it was said already, or what the database complained of."""
    if isinstance(problem, CoachResearchError):
        return problem
    cause = str(getattr(problem, "orig", None) or problem).split("\n")[0]
    if "this person was erased" in cause:
        return Erased(f"Nothing was written to {place.name!r}: it holds rows of a person who was erased",
                      remedy="Take the rows of this person out; `coachresearch data log` lists the erasures.")
    return NotKept(f"Nothing was written to {place.name!r}: {cause}",
                   remedy="Check that the disk is not full and the file may be written to, then send the rows again.")


def _outcome(connection: Connection, job: Job) -> Any:
    """Do a job; what it refused before it wrote anything spoils nobody else's."""
    try:
        return job(connection)
    except Refused as refusal:
        return refusal


def _refuse(group: Sequence[Waiting], problem: CoachResearchError) -> None:
    for _, outcome in group:
        outcome.set_exception(problem)


class _LockedOut(Exception):
    """No transaction could be begun."""

    def __init__(self, problem: SQLAlchemyError) -> None:
        super().__init__(str(getattr(problem, "orig", None) or problem))

    def told(self, name: str) -> StoreError:
        return NotKept(f"Nothing was written to {name!r}: {self}",
                       remedy="Another program may be holding the file: close it there, then send the rows again.")


def in_utc(time: datetime) -> datetime:
    """Give a time that was read back its zone: SQLite keeps UTC without saying so."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _write(connection: Connection, batch: Batch) -> Receipt:
    before = connection.execute(select(batches).where(batches.c.key == batch.key)).one_or_none()
    if before is not None:
        if before.digest != batch.digest:
            raise OtherBody(f"The key {batch.key!r} was already used for other rows",
                            remedy="The first ones are kept. Send different rows under a key of their own; to import "
                                   "a file anew with a corrected mapping: coachresearch import ... --again.")
        return Receipt(before.sequence, before.key, before.rows, before.flagged, in_utc(before.received_at),
                       replayed=True)
    now = datetime.now(UTC)
    _register(connection, batch, now)
    done = connection.execute(batches.insert().values(
        key=batch.key, digest=batch.digest, rows=batch.rows, flagged=batch.flagged, received_at=now))
    number = int((done.inserted_primary_key or (0,))[0])
    for table, rows in batch.parts:
        connection.execute(table.insert(), [{**row, "received_at": now, "batch": number} for row in rows])
    return Receipt(number, batch.key, batch.rows, batch.flagged, now)


def _register(connection: Connection, batch: Batch, now: datetime) -> None:
    for instrument, version, content_hash in batch.marks:
        seen = connection.execute(select(instruments.c.content_hash).where(
            instruments.c.instrument == instrument, instruments.c.version == version)).scalar()
        if seen is None:
            connection.execute(instruments.insert().values(
                instrument=instrument, version=version, content_hash=content_hash, received_at=now))
        elif seen != content_hash:
            raise StoreError(f"Instrument {instrument!r} {version} is not what it was when its first answers came in",
                             remedy="Put the file back as it was, or give the changed one a new version.")
