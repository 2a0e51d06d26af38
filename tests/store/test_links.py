"""Invitations: kept hashed, looked up without a trace, exchanged for sessions, open until they are not."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from coachresearch.core.errors import StoreError
from coachresearch.store.links import (
    SESSION_DAYS,
    Invited,
    all_links,
    close,
    end_session,
    issue,
    issue_all,
    look_up,
    open_session,
    reopen,
    session,
)
from coachresearch.store.refusals import LinkNotOpen, Refused
from coachresearch.store.store import InstrumentMark, open_store

MARK = InstrumentMark("trust", "1.0", "abc")


def test_a_token_has_256_bits_and_is_kept_hashed_alone(tmp_path, invite):
    with open_store(tmp_path / "answers.db", study="spring") as store:
        first, second = invite(store), invite(store, person="P2")
        session_id = open_session(store, first.token)
    assert first.token != second.token
    assert len(first.token) == 43
    assert first.token not in repr(first)
    kept = (tmp_path / "answers.db").read_bytes()
    assert first.token.encode() not in kept
    assert session_id.encode() not in kept
    assert first.link.id.encode() in kept


def test_looking_up_changes_nothing(store, invite):
    invitation = invite(store)
    found = [look_up(store, invitation.token) for _ in range(5)]
    assert found == [invitation.link] * 5
    assert found[0].state == "open"
    assert found[0].opened_at is None


@pytest.mark.parametrize("spoil", [
    lambda token: token[:-1], lambda token: token + "x", str.swapcase, lambda token: "", lambda token: "é\ud800",
    lambda token: ("A" if token[0] != "A" else "B") + token[1:], lambda token: "' OR 1=1 --", lambda token: "\x00",
    lambda token: token * 1000,
], ids=["truncated", "longer", "case", "empty", "surrogate", "one character", "sql", "nul", "long"])
def test_a_wrong_token_is_nobody_whatever_is_wrong_with_it(store, invite, spoil):
    token = spoil(invite(store).token)
    assert look_up(store, token) is None
    assert open_session(store, token) is None


def test_each_exchange_makes_a_new_session_and_keeps_the_old_one(store, invite):
    invitation = invite(store)
    first, second = open_session(store, invitation.token), open_session(store, invitation.token)
    assert first != second
    assert session(store, first).id == session(store, second).id == invitation.link.id
    assert session(store, invitation.token) is None
    assert session(store, "attacker's own") is None
    end_session(store, first)
    assert session(store, first) is None
    assert session(store, second) is not None


def test_the_first_exchange_is_noted_and_fixes_the_version(store, invite):
    invitation = invite(store, version=None)
    open_session(store, invitation.token, mark=MARK)
    opened = look_up(store, invitation.token)
    assert opened.version == "1.0"
    assert opened.opened_at is not None
    assert store.marks() == (MARK,)
    open_session(store, invitation.token, mark=InstrumentMark("trust", "1.1", "xyz"))
    assert look_up(store, invitation.token).version == "1.0"
    assert look_up(store, invitation.token).opened_at == opened.opened_at


def test_another_or_a_changed_questionnaire_is_refused(store, invite):
    token = invite(store).token
    open_session(store, token, mark=MARK)
    with pytest.raises(Refused, match="asks for 'trust', not 'care'"):
        open_session(store, token, mark=InstrumentMark("care", "1.0", "abc"))
    with pytest.raises(Refused, match="is not what it was"):
        open_session(store, token, mark=InstrumentMark("trust", "1.0", "xyz"))


def test_a_link_expires_to_the_second(store, invite):
    end = datetime(2026, 5, 1, 18, tzinfo=UTC)
    token = invite(store, expires=end).token
    session_id = open_session(store, token, now=end - timedelta(seconds=1))
    assert look_up(store, token, now=end - timedelta(seconds=1)).state == "open"
    assert look_up(store, token, now=end).state == "expired"
    assert session(store, session_id, now=end).state == "expired"
    assert open_session(store, token, now=end + timedelta(seconds=1)) is None


def test_a_session_ends_after_its_days_and_the_link_opens_another(store, invite):
    token = invite(store).token
    began = datetime(2026, 5, 1, tzinfo=UTC)
    session_id = open_session(store, token, now=began)
    assert session(store, session_id, now=began + timedelta(days=SESSION_DAYS, seconds=-1)) is not None
    assert session(store, session_id, now=began + timedelta(days=SESSION_DAYS, seconds=1)) is None
    assert open_session(store, token, now=began + timedelta(days=30)) is not None


def test_a_closed_link_opens_for_its_receipt_and_can_be_opened_again(store, invite):
    invitation = invite(store)
    assert close(store, invitation.link).state == "closed"
    session_id = open_session(store, invitation.token)
    assert session(store, session_id).state == "closed"
    assert reopen(store, invitation.link).state == "open"
    assert session(store, session_id).state == "open"


def test_closing_a_link_that_is_not_there_says_so(store, invite):
    from dataclasses import replace

    with pytest.raises(LinkNotOpen, match="no such session"):
        close(store, replace(invite(store).link, id="0" * 32))


def test_many_are_made_together_or_not_at_all(store):
    people = [Invited("T1", f"P{number}", "P0", "report", "trust", "full") for number in range(1, 200)]
    made = issue_all(store, "spring", people)
    assert len({one.token for one in made}) == 199
    assert [one.link.person for one in made] == [one.person for one in people]
    assert len(all_links(store, wave="T1")) == 199
    assert all_links(store, wave="T2") == ()
    with pytest.raises(StoreError, match="do not fit"):
        issue_all(store, "spring", [people[0], Invited("T1", "P1", "P2", "self", "trust", "full")])
    assert len(all_links(store)) == 199


@pytest.mark.parametrize(("changes", "message"), [
    ({"study": "autumn"}, "of study 'autumn' in the file of study 'spring'"),
    ({"role": "boss"}, "no role 'boss'"),
    ({"role": "report"}, "do not fit"),
    ({"target": "P2"}, "do not fit"),
    ({"expires": datetime(2026, 1, 1)}, "has no time zone"),
])
def test_links_that_cannot_be_are_refused(store, changes, message):
    facts = {"study": "spring", "wave": "T1", "person": "P1", "target": "P1", "role": "self", "instrument": "trust",
             "form": "full"} | changes
    with pytest.raises(StoreError, match=message):
        issue(store, **facts)


def test_a_removed_file_is_told_and_answers_again_when_it_is_back(tmp_path, invite):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        token = invite(store).token
        path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreError, match="no longer where it was opened"):
            look_up(store, token)
        (tmp_path / "elsewhere.db").rename(path)
        assert look_up(store, token) is not None


def test_tokens_are_found_by_index(tmp_path):
    open_store(tmp_path / "answers.db").close()
    connection = sqlite3.connect(tmp_path / "answers.db")
    for table, column in (("links", "token_hash"), ("sessions", "id_hash")):
        plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = 'x'").fetchall()
        assert "USING INDEX" in plan[0][3], plan
    connection.close()
