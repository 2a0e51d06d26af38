"""Durable before acknowledged: kills, locks, spoilt batches and vanished files."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy.exc import OperationalError

from coachresearch.core.errors import StoreError
from coachresearch.store import writer
from coachresearch.store.store import open_store

KILLS = 6
CLIENTS = 8
ITEMS = 12

APPENDING = """
import sys, threading
from coachresearch.store.store import open_store
path, mark, clients, items = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_store(path)
door = threading.Lock()
def client(name):
    for number in range(10_000):
        person = f"{mark}-{name}-{number}"
        store.append([dict(study="spring", wave="T1", person=person, target=person, role="self", instrument="trust",
                           version="1.0", form="full", item=f"i{item}", value=3, language="en", mode="web")
                      for item in range(items)], key=person)
        with door:
            sys.stdout.write(person + "\\n")
            sys.stdout.flush()
for name in range(clients):
    threading.Thread(target=client, args=(name,)).start()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.db"


def test_nothing_acknowledged_is_lost_to_kill_9_and_nothing_is_half_written(path):
    open_store(path).close()
    acknowledged = set()
    for round_ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", APPENDING, path, str(round_), str(CLIENTS), str(ITEMS)],
                                   stdout=subprocess.PIPE, text=True)
        heard = [process.stdout.readline() for _ in range(20 + 7 * round_)]
        process.send_signal(signal.SIGKILL)
        heard += process.stdout.readlines()
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        acknowledged |= {line.strip() for line in heard if line.endswith("\n")}
    with open_store(path, create=False) as store:
        frame = store.responses(latest=False)
        sizes = frame.groupby("person").size()
        assert len(acknowledged) >= 20 * KILLS
        assert acknowledged <= set(sizes.index)
        assert (sizes == ITEMS).all()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_the_connection_is_as_durable_as_promised(path, row):
    with open_store(path) as store:
        store.append([row()])
        with store._writing.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_lock_held_too_long_is_told_and_the_writer_lives_on(path, row):
    with open_store(path, busy_seconds=0.2) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked") as refused:
            store.append([row()], key="a")
        assert "Another program may be holding the file" in str(refused.value)
        assert store.responses().empty
        other.execute("ROLLBACK")
        other.close()
        assert store.append([row()], key="a").rows == 1
        assert len(store.responses(latest=False)) == 1


def test_a_lock_held_for_a_moment_is_waited_for(path, row):
    with open_store(path, busy_seconds=10) as store:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.4, lambda: other.execute("ROLLBACK"))
        release.start()
        began = time.monotonic()
        assert store.append([row()]).rows == 1
        assert time.monotonic() - began >= 0.35
        release.join()
        other.close()


def test_a_wait_that_is_too_long_withdraws_what_was_not_begun(path, row):
    with open_store(path, busy_seconds=1.5) as store:
        store.append([row()])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        first = threading.Thread(target=lambda: store.append([row(value=1)], key="first"))
        first.start()
        time.sleep(0.2)
        with pytest.raises(StoreError, match=r"Nothing was written .* within 0\.1 s"):
            store.append([row(value=2)], timeout=0.1)
        other.execute("ROLLBACK")
        other.close()
        first.join()
        assert store.responses(latest=False)["value"].tolist() == [4, 1]


def test_a_wait_that_is_too_long_says_when_the_outcome_is_open(path, row, monkeypatch):
    slow = threading.Event()
    honest = writer._write

    def wait_first(connection, batch):
        slow.wait(5)
        return honest(connection, batch)

    monkeypatch.setattr(writer, "_write", wait_first)
    with open_store(path) as store:
        with pytest.raises(StoreError, match=r"has not confirmed the rows within 0\.2 s"):
            store.append([row()], key="a", timeout=0.2)
        slow.set()
        assert store.append([row()], key="a").replayed


def test_one_spoilt_batch_does_not_poison_its_neighbours(path, row, monkeypatch):
    gate = threading.Event()
    honest = writer._write

    def fragile(connection, batch):
        gate.wait(5)
        if batch.key == "bad":
            raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))
        return honest(connection, batch)

    monkeypatch.setattr(writer, "_write", fragile)
    outcomes = {}

    def send(key):
        try:
            outcomes[key] = store.append([row(person=key, target=key)], key=key)
        except StoreError as problem:
            outcomes[key] = problem

    with open_store(path) as store:
        threads = [threading.Thread(target=send, args=(key,)) for key in ("first", "good", "bad", "better")]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        gate.set()
        for thread in threads:
            thread.join()
        assert "disk is full" in str(outcomes.pop("bad"))
        assert {key: receipt.rows for key, receipt in outcomes.items()} == {"first": 1, "good": 1, "better": 1}
        assert sorted(store.responses()["person"]) == ["better", "first", "good"]


def test_a_full_disk_is_told_and_once_freed_writing_goes_on(path, sheet):
    with open_store(path) as store:
        store.append(sheet("P0"))
        with store._writing.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")
        kept, refused = [], []
        for number in range(1, 12):
            try:
                kept.append(store.append(sheet(f"P{number}"), key=f"P{number}"))
            except StoreError as problem:
                refused.append(str(problem))
        assert kept and refused
        assert all("database or disk is full" in text and "send the rows again" in text for text in refused)
        with store._writing.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        store.append(sheet("P11"), key="P11")
        sizes = store.responses(latest=False).groupby("person").size()
    assert len(sizes) == len(kept) + 2
    assert (sizes == 30).all()


def test_a_file_that_went_away_is_noticed_before_anything_is_acknowledged(path, row):
    with open_store(path) as store:
        store.append([row()])
        path.rename(path.with_name("elsewhere.db"))
        with pytest.raises(StoreError, match="no longer where it was opened"):
            store.append([row(wave="T2")])
        path.with_name("elsewhere.db").rename(path)
        assert store.append([row(wave="T2")]).rows == 1


def test_close_writes_what_waits(path, row):
    store = open_store(path)
    store.append([row()])
    senders = [threading.Thread(target=store.append, args=([row(item=f"i{number}")],)) for number in range(20)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    store.close()
    with open_store(path, create=False) as store:
        assert len(store.responses()) == 21
