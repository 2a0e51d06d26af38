"""Leaving at three levels, the one audited erasure, backups under load, and nobody brought back by a restore."""

import json
import secrets
import sqlite3
import threading

import pytest

from coachresearch.core.errors import StoreError
from coachresearch.store.audit import log, record
from coachresearch.store.backup import back_up, read_backup, restore
from coachresearch.store.consents import record_consent
from coachresearch.store.directory import Contact, Directory, new_pseudonym
from coachresearch.store.drafts import save_draft
from coachresearch.store.erasure import found_of, journal_of, leave, wishes, withdraw, withdrawn
from coachresearch.store.links import look_up, open_session
from coachresearch.store.promise import promise
from coachresearch.store.refusals import Erased, LinkNotOpen, NotKept
from coachresearch.store.store import SourceFile, open_store
from coachresearch.store.submissions import submit

ITEMS = 30


def key():
    return secrets.token_urlsafe(24)


@pytest.fixture
def hand_in(invite, answered):
    def build(store, person="P1", items=3, **changes):
        invitation = invite(store, person=person, **changes)
        session_id = open_session(store, invitation.token)
        submit(store, session_id, key(), answered(items))
        return invitation
    return build


def test_ending_contact_keeps_answers_and_link(store, hand_in):
    invitation = hand_in(store)
    left = withdraw(store, invitation.link, "contact")
    assert (left.answers, left.links) == (0, 0)
    assert len(store.responses()) == 3
    assert look_up(store, invitation.token).state == "closed"
    assert withdrawn(store, "contact") == {"P1"}
    assert withdrawn(store, "use") == frozenset()


def test_ending_use_leaves_answers_out_and_closes_every_link(store, hand_in, invite, answered):
    first = hand_in(store)
    second = invite(store, wave="T2")
    session_id = open_session(store, second.token)
    save_draft(store, session_id, 0, answered(1))
    hand_in(store, "P2")
    left = withdraw(store, first.link, "use")
    assert (left.answers, left.drafts, left.links) == (3, 1, 2)
    assert set(store.responses()["person"]) == {"P2"}
    assert len(store.responses(latest=False)) == 6
    assert look_up(store, second.token).state == "withdrawn"
    with pytest.raises(LinkNotOpen):
        submit(store, session_id, key(), answered())
    assert open_session(store, second.token) is None
    assert withdrawn(store, "contact") == withdrawn(store, "use") == {"P1"}


def test_erasing_deletes_what_the_person_gave_and_nothing_else(store, hand_in, row):
    invitation = hand_in(store)
    hand_in(store, "P2")
    hand_in(store, "P2", target="P1", role="report", wave="T2")
    session_id = open_session(store, invitation.token)
    assert session_id
    assert found_of(store, "P1").answers == 3
    assert found_of(store, "P1", scope="all").answers == 6
    left = withdraw(store, invitation.link, "erase")
    assert (left.answers, left.others, left.links) == (3, 0, 1)
    assert store.responses(latest=False)["person"].tolist() == ["P2"] * 6
    assert look_up(store, invitation.token) is None
    entry = log(store).iloc[-1]
    assert (entry["who"], entry["what"], entry["subject"]) == ("respondent", "erased", "P1")
    assert json.loads(entry["details"])["answers"] == 3
    left = leave(store, "P1", "erase", scope="all", who="Ana")
    assert (left.answers, left.others) == (3, 3)
    assert len(store.responses(latest=False)) == 3
    with pytest.raises(Erased, match="holds rows of a person who was erased"):
        store.append([row()])
    with pytest.raises(Erased, match="holds rows of a person who was erased"):
        store.append([row(person="P9", target="P1", role="peer")])
    assert store.append([row(person="P9", target="P9")]).rows == 1


def test_an_erased_person_is_not_invited_again(store, invite, hand_in):
    withdraw(store, hand_in(store).link, "erase")
    with pytest.raises(Erased, match="P1 asked to be erased"):
        invite(store)


def test_an_imported_batch_keeps_its_place_when_one_of_its_people_goes(store, row):
    source = SourceFile("all.csv", "f" * 64, 2)
    store.append([row(), row(person="P2", target="P2")], key="import:f", source=source)
    leave(store, "P1", "erase")
    assert store.responses()["person"].tolist() == ["P2"]
    assert store.imports()["name"].tolist() == ["all.csv"]
    assert leave(store, "P2", "erase").answers == 1
    assert store.responses(latest=False).empty


def test_the_database_itself_deletes_nobody_who_was_not_noted(tmp_path, hand_in):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        hand_in(store)
        hand_in(store, "P2")
        withdraw(store, hand_in(store, "P3").link, "erase")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys=ON")
    for statement in ("DELETE FROM responses", "DELETE FROM batches", "DELETE FROM erasures", "DELETE FROM audit",
                      "UPDATE audit SET who = 'x'", "UPDATE responses SET value = 1",
                      "UPDATE erasures SET person = 'P1'"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
        connection.rollback()
    connection.close()


def test_what_was_erased_is_not_in_the_file_any_more(tmp_path, invite):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        invitation = invite(store)
        session_id = open_session(store, invitation.token)
        save_draft(store, session_id, 0, [{"item": "why", "text": "my manager Zebulon shouts"}])
        submit(store, session_id, key(), [{"item": "a", "value": 1}])
        assert b"Zebulon" in path.read_bytes() + path.with_name("answers.db-wal").read_bytes()
        withdraw(store, invitation.link, "erase")
        store.tidy()
        log_ = path.with_name("answers.db-wal")
        assert b"Zebulon" not in path.read_bytes() + (log_.read_bytes() if log_.exists() else b"")


def test_anonymous_answers_cannot_be_found_and_the_person_is_told(store, hand_in):
    promise(store, "anonymous")
    invitation = hand_in(store)
    left = withdraw(store, invitation.link, "erase")
    assert left.out_of_reach
    assert left.answers == 0
    assert len(store.responses()) == 3


def test_levels_and_scopes_that_do_not_exist_are_refused(store):
    with pytest.raises(StoreError, match="no level 'vanish'"):
        leave(store, "P1", "vanish")
    with pytest.raises(StoreError, match="no scope 'some'"):
        leave(store, "P1", "erase", scope="some")


def test_nothing_is_erased_that_could_not_be_remembered(tmp_path, hand_in):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        invitation = hand_in(store)
        journal_of(path).mkdir()
        with pytest.raises(NotKept, match="Nothing was erased"):
            withdraw(store, invitation.link, "erase")
        assert len(store.responses()) == 3


def test_the_audit_log_holds_no_answers(store, hand_in, invite):
    invitation = invite(store)
    session_id = open_session(store, invitation.token)
    record_consent(store, session_id, text_version="1", text="Text", language="en", choices={"a": True})
    submit(store, session_id, key(), [{"item": "why", "text": "unrepeatable words", "seconds": 4.5}])
    record(store, "exported", who="Ana", details={"format": "csv", "rows": 1})
    withdraw(store, invitation.link, "erase")
    told = log(store)
    assert told["what"].tolist() == ["links issued", "exported", "erased"]
    assert "unrepeatable" not in told.to_csv()
    assert told["received_at"].is_monotonic_increasing


def test_a_backup_under_load_stands_at_a_moment_between_two_submissions(store, tmp_path, invite, answered):
    people = [f"P{number}" for number in range(60)]
    sessions = [open_session(store, invite(store, person=person).token) for person in people]
    go = threading.Event()

    def send(half):
        for session_id in half:
            submit(store, session_id, key(), answered(ITEMS))
            go.set()

    threads = [threading.Thread(target=send, args=(sessions[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    go.wait(10)
    made = back_up(store, tmp_path / "backups", who="Ana")
    for thread in threads:
        thread.join()
    found = read_backup(made.folder)
    assert found.counts == made.counts
    assert 0 < found.counts["batches"] <= 60
    assert found.counts["responses"] == found.counts["batches"] * ITEMS
    with open_store(made.folder / "answers.db", read_only=True) as copy:
        assert (copy.responses().groupby("person").size() == ITEMS).all()
    assert log(store)["what"].iloc[-1] == "backed up"


def test_a_restore_brings_nobody_back(tmp_path, hand_in, invite):
    path, names = tmp_path / "answers.db", Directory(tmp_path / "directory.db")
    with open_store(path, study="spring") as store:
        links = [hand_in(store, f"P{number}").link for number in range(4)]
        names.add([Contact(f"P{number}", f"Name {number}", f"{number}@example.org", "en") for number in range(4)])
        made = back_up(store, tmp_path / "backups", directory=names.path)
        withdraw(store, links[0], "erase")
        withdraw(store, links[1], "use")
        withdraw(store, links[2], "contact")
    with pytest.raises(StoreError, match="is there already"):
        restore(made.folder, path)
    found, again, aside = restore(made.folder, path, directory=names.path, replace=True, who="Ana")
    assert (found.counts["responses"], again) == (12, 3)
    assert aside is not None and aside.exists()
    with open_store(path) as store:
        assert set(store.responses()["person"]) == {"P2", "P3"}
        assert "P0" not in set(store.responses(latest=False)["person"])
        assert log(store)["what"].tolist()[-1] == "restored"
    assert [(one.person, one.no_contact) for one in names.contacts()] == [("P1", True), ("P2", True), ("P3", False)]


def test_a_restore_remembers_the_erased_when_the_store_itself_is_lost(tmp_path, hand_in):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        link = hand_in(store).link
        hand_in(store, "P2")
        made = back_up(store, tmp_path / "backups")
        withdraw(store, link, "erase")
    path.unlink()
    with journal_of(path).open("a") as journal:
        journal.write('{"person": "P2", "lev')
    _, again, aside = restore(made.folder, path)
    assert (again, aside) == (1, None)
    with open_store(path) as store:
        assert set(store.responses()["person"]) == {"P2"}
        assert [(one.person, one.level) for one in wishes(store)] == [("P1", "erase")]


def test_a_server_is_backed_up_into_a_file_and_a_file_restored_into_a_server(database, tmp_path, hand_in, server):
    with open_store(database, study="spring") as store:
        hand_in(store)
        hand_in(store, "P2")
        made = back_up(store, tmp_path / "backups")
        expected = store.responses(latest=False)
    assert made.counts["responses"] == 6
    with open_store(made.folder / "answers.db", read_only=True) as copy:
        assert copy.responses(latest=False).equals(expected)
    with pytest.raises(StoreError, match="holds answers already"):
        restore(made.folder, database)
    server.psql("CREATE DATABASE second;")
    try:
        restore(made.folder, server.get_uri(database="second"))
        with open_store(server.get_uri(database="second")) as store:
            assert store.responses(latest=False).equals(expected)
            hand_in(store, "P3")
            assert len(store.responses()) == 9
    finally:
        server.psql("DROP DATABASE second WITH (FORCE);")


@pytest.mark.parametrize("spoil", ["manifest", "cut", "missing", "counts", "other"])
def test_a_backup_that_is_not_whole_is_refused_and_changes_nothing(tmp_path, hand_in, spoil):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        hand_in(store)
        made = back_up(store, tmp_path / "backups")
    copy, manifest = made.folder / "answers.db", made.folder / "manifest.json"
    told = json.loads(manifest.read_text())
    if spoil == "manifest":
        manifest.write_text("{")
    elif spoil == "cut":
        copy.write_bytes(copy.read_bytes()[:-4096])
    elif spoil == "missing":
        copy.unlink()
    elif spoil == "counts":
        manifest.write_text(json.dumps(told | {"counts": told["counts"] | {"responses": 4}}))
    else:
        manifest.write_text(json.dumps(told | {"format": "else"}))
    with pytest.raises(StoreError, match=r"not a backup|missing or not as it was|does not hold the rows"):
        restore(made.folder, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_a_backup_that_fails_leaves_nothing_behind(store, tmp_path):
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(NotKept, match="backup could not be made"):
        back_up(store, tmp_path / "blocked")
    assert (tmp_path / "blocked").read_text() == "a file"


def test_the_directory_keeps_names_apart_and_private(tmp_path):
    names = Directory(tmp_path / "directory.db")
    assert names.contacts() == ()
    names.add([Contact("P1", "Ada Lovelace", "ada@example.org", "en")])
    names.add([Contact("P1", "Ada King", "ada@example.org", "en")])
    assert names.contact("P1").name == "Ada King"
    assert "Ada" not in repr(names.contact("P1"))
    assert names.path.stat().st_mode & 0o077 == 0
    assert names.stop_contact("P1") and names.contact("P1").no_contact
    names.add([Contact("P1", "Ada King", "new@example.org", "en")])
    assert names.contact("P1").no_contact
    assert names.remove("P1") and not names.remove("P1")
    assert b"Lovelace" not in names.path.read_bytes() and b"Ada King" not in names.path.read_bytes()
    with pytest.raises(StoreError, match="no pseudonym"):
        names.add([Contact(" ", "x", "y", "en")])


def test_a_file_of_answers_is_no_directory_and_a_directory_no_file_of_answers(tmp_path):
    open_store(tmp_path / "answers.db").close()
    with pytest.raises(StoreError, match="not a directory of names"):
        Directory(tmp_path / "answers.db").contacts()
    (tmp_path / "text.db").write_text("hello")
    with pytest.raises(StoreError, match="cannot be used"):
        Directory(tmp_path / "text.db").contacts()
    Directory(tmp_path / "directory.db").add([Contact("P1", "Ada", "ada@example.org", "en")])
    with pytest.raises(StoreError, match="not a file of answers"):
        open_store(tmp_path / "directory.db")


def test_pseudonyms_are_drawn_and_not_computed():
    drawn = {new_pseudonym() for _ in range(500)}
    assert len(drawn) == 500
    assert all(len(one) == 8 and one.startswith("P") for one in drawn)
