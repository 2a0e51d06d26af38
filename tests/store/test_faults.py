"""What goes wrong around a server, in the submission path: told as something that may be tried again, and survived."""

import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from coachresearch.store.drafts import Draft, draft, save_draft
from coachresearch.store.links import look_up, open_session, session
from coachresearch.store.refusals import LinkNotOpen, NotKept, StalePage
from coachresearch.store.store import open_store
from coachresearch.store.submissions import submit

ITEMS = 30
REDUCED, WHOLE = 4, 50


def key():
    return secrets.token_urlsafe(24)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.db"


@pytest.fixture
def opened(invite):
    def build(store, person="P1"):
        return open_session(store, invite(store, person=person).token)
    return build


def test_a_lock_held_long_is_told_to_everyone_who_waits_and_survived(path, opened, answered):
    with open_store(path, study="spring", busy_seconds=0.3) as store:
        sessions = [opened(store, f"P{number}") for number in range(6)]
        save_draft(store, sessions[0], 0, answered(2))
        keys, told = [key() for _ in sessions], []
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def send(number):
            began = time.monotonic()
            with pytest.raises(NotKept, match="database is locked"):
                submit(store, sessions[number], keys[number], answered(), timeout=20)
            told.append(time.monotonic() - began)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        assert session(store, sessions[0]).state == "open"
        assert len(draft(store, sessions[0]).rows) == 2
        for thread in threads:
            thread.join()
        assert len(told) == 6 and max(told) < 15
        other.execute("ROLLBACK")
        other.close()
        for number in range(6):
            assert not submit(store, sessions[number], keys[number], answered()).replayed
        assert (store.responses(latest=False).groupby("person").size() == 3).all()


def test_a_full_disk_keeps_drafts_and_takes_the_same_submission_once_freed(path, opened, answered):
    with open_store(path, study="spring") as store:
        sessions = [opened(store, f"P{number}") for number in range(30)]
        save_draft(store, sessions[-1], 0, answered(4))
        with store._writing.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 12}")
        keys, refused = [key() for _ in sessions], []
        for number, session_id in enumerate(sessions):
            try:
                submit(store, session_id, keys[number], answered(ITEMS))
            except NotKept as problem:
                assert "database or disk is full" in str(problem)
                refused.append(number)
        assert refused
        assert all(session(store, sessions[number]).state == "open" for number in refused)
        assert len(draft(store, sessions[-1]).rows) == 4
        with store._writing.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        for number in refused:
            assert submit(store, sessions[number], keys[number], answered(ITEMS)).rows == ITEMS
        sizes = store.responses(latest=False).groupby("person").size()
        assert len(sizes) == 30 and (sizes == ITEMS).all()


def test_a_removed_folder_is_told_by_every_call_and_survived(tmp_path, opened, answered):
    folder = tmp_path / "study"
    folder.mkdir()
    with open_store(folder / "answers.db", study="spring") as store:
        session_id = opened(store)
        folder.rename(tmp_path / "away")
        mine = key()
        for call in (lambda: submit(store, session_id, mine, answered()), lambda: session(store, session_id),
                     lambda: save_draft(store, session_id, 0, answered()), lambda: look_up(store, "x")):
            with pytest.raises(NotKept, match="no longer where it was opened"):
                call()
        (tmp_path / "away").rename(folder)
        assert submit(store, session_id, mine, answered()).rows == 3


def test_a_server_that_goes_away_is_told_and_taken_up_again(database, server, opened, answered):
    with open_store(database, study="spring", busy_seconds=2) as store:
        sessions = [opened(store, f"P{number}") for number in range(3)]
        submit(store, sessions[0], key(), answered())
        name = database.rsplit("/", 1)[-1].split("?")[0]
        server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';")
        mine, told = key(), 0
        for _ in range(6):
            try:
                submit(store, sessions[1], mine, answered())
                break
            except NotKept:
                told += 1
        assert told <= 3
        assert submit(store, sessions[1], mine, answered()).replayed
        assert submit(store, sessions[2], key(), answered()).rows == 3
        assert session(store, sessions[2]).state == "closed"
        assert (store.responses(latest=False).groupby("person").size() == 3).all()


def test_two_servers_on_one_database_keep_a_page_once(database, opened, answered):
    with open_store(database, study="spring") as first, open_store(database) as second:
        for number in range(8):
            session_id, mine, outcomes = opened(first, f"P{number}"), key(), []

            def send(store, session_id=session_id, mine=mine, outcomes=outcomes):
                outcomes.append(submit(store, session_id, mine, answered()))

            threads = [threading.Thread(target=send, args=(store,)) for store in (first, second)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(outcomes) == 2 and outcomes[0] == outcomes[1]
            assert sorted(one.replayed for one in outcomes) == [False, True]
            with pytest.raises(LinkNotOpen):
                submit(second, session_id, key(), answered())
        assert (first.responses(latest=False).groupby("person").size() == 3).all()


def test_two_windows_on_two_servers_overwrite_nothing(database, opened):
    with open_store(database, study="spring") as first, open_store(database) as second:
        session_id = opened(first)
        for version in range(6):
            outcomes = []

            def keep(store, value, version=version, outcomes=outcomes):
                try:
                    outcomes.append(save_draft(store, session_id, version, [{"item": "a", "value": value}]))
                except (StalePage, NotKept) as problem:
                    outcomes.append(problem)

            threads = [threading.Thread(target=keep, args=pair) for pair in ((first, 1), (second, 2))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            kept = [one for one in outcomes if isinstance(one, Draft)]
            assert len(kept) == 1
            assert draft(first, session_id).rows[0]["value"] == kept[0].rows[0]["value"]
            assert draft(first, session_id).page_version == version + 1


SUBMITTING = """
import secrets, sys, threading
from coachresearch.store.links import Invited, issue_all, open_session
from coachresearch.store.store import open_store
from coachresearch.store.submissions import submit
path, mark, clients, items = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_store(path, study="spring")
people = [f"{mark}-{number}" for number in range(400)]
made = issue_all(store, "spring", [Invited("T1", one, one, "self", "trust", "full", "1.0", "en") for one in people])
door = threading.Lock()
def client(name):
    for invitation in made[name::clients]:
        key = secrets.token_urlsafe(24)
        session_id = open_session(store, invitation.token)
        rows = [{"item": f"i{number}", "value": 3} for number in range(items)]
        code = submit(store, session_id, key, rows).code
        with door:
            sys.stdout.write(f"{invitation.link.person} {code}\\n")
            sys.stdout.flush()
for name in range(clients):
    threading.Thread(target=client, args=(name,)).start()
"""


def kill_under_load(path, rounds):
    open_store(path, study="spring").close()
    acknowledged = {}
    for round_ in range(rounds):
        process = subprocess.Popen([sys.executable, "-c", SUBMITTING, path, str(round_), "8", str(ITEMS)],
                                   stdout=subprocess.PIPE, text=True)
        heard = [process.stdout.readline() for _ in range(5 + 7 * (round_ % 12))]
        process.send_signal(signal.SIGKILL)
        heard += process.stdout.readlines()
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        acknowledged |= dict(line.split() for line in heard if line.endswith("\n"))
    with open_store(path, create=False) as store:
        sizes = store.responses(latest=False).groupby("person").size()
        from coachresearch.store.links import all_links

        links = {link.person: link for link in all_links(store)}
    assert len(acknowledged) >= 5 * rounds
    assert set(acknowledged) <= set(sizes.index)
    assert (sizes == ITEMS).all()
    assert {person for person, link in links.items() if link.state == "closed"} == set(sizes.index)
    assert all(links[person].receipt == code for person, code in acknowledged.items())
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_kill_9_under_load_loses_halves_and_doubles_nothing(path):
    kill_under_load(path, REDUCED)


@pytest.mark.soak
def test_kill_9_fifty_times_under_load_loses_halves_and_doubles_nothing(path):
    kill_under_load(path, WHOLE)
