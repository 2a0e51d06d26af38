"""Handing in and keeping drafts: once, whole, on a file and on a server; anonymous without a way back."""

import secrets
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest

from coachresearch.core.errors import StoreError
from coachresearch.store.consents import consent_of, record_consent, text_hash
from coachresearch.store.drafts import draft, save_draft
from coachresearch.store.links import close, look_up, open_session, reopen, session
from coachresearch.store.promise import keep_until, kept_until, promise, promised
from coachresearch.store.refusals import LinkNotOpen, OtherBody, PromiseFixed, Refused, StalePage
from coachresearch.store.store import InstrumentMark, open_store
from coachresearch.store.submissions import receipt_code, submit

NOON = datetime(2026, 5, 4, 12, 30, 15, 250_000, tzinfo=UTC)


def key():
    return secrets.token_urlsafe(24)


@pytest.fixture
def opened(store, invite):
    def build(**changes):
        invitation = invite(store, **changes)
        return invitation, open_session(store, invitation.token)
    return build


def test_a_submission_is_kept_whole_and_its_link_closed(store, opened, answered):
    invitation, session_id = opened()
    receipt = submit(store, session_id, key(), [
        *answered(2), {"item": "why", "text": "Grüße 🙂 ' OR 1=1 --", "seconds": 2.5, "answered_at": NOON},
        {"item": "last", "missing": "refused", "position": 4, "language": "de", "mode": "paper"}])
    frame = store.responses().set_index("item")
    assert receipt.rows == 4
    assert not receipt.replayed
    assert frame.loc["why", "text"] == "Grüße 🙂 ' OR 1=1 --"
    assert frame.loc["why", "answered_at"].to_pydatetime() == NOON
    assert frame.loc["last", ["missing", "position", "language", "mode"]].tolist() == ["refused", 4, "de", "paper"]
    assert frame.loc["trust_01", ["person", "target", "version", "language", "mode"]].tolist() == [
        "P1", "P1", "1.0", "en", "web"]
    kept = look_up(store, invitation.token)
    assert (kept.state, kept.receipt) == ("closed", receipt.code)


def test_a_replay_returns_the_first_receipt_from_any_browser_and_however_late(store, opened, answered):
    invitation, session_id = opened()
    mine, rows = key(), answered()
    first = submit(store, session_id, mine, rows)
    later = submit(store, session_id, mine, rows, now=datetime.now(UTC) + timedelta(days=2))
    elsewhere = submit(store, open_session(store, invitation.token), mine, rows)
    without = submit(store, "no session at all", mine, rows)
    assert first == later == elsewhere == without
    assert later.replayed and elsewhere.replayed and without.replayed
    assert {one.code for one in (first, later, elsewhere)} == {receipt_code(mine)}
    assert len(store.responses(latest=False)) == 3


def test_a_replay_is_known_by_its_body_when_the_draft_is_gone(store, opened, answered):
    _, session_id = opened()
    save_draft(store, session_id, 0, answered(3))
    mine = key()
    first = submit(store, session_id, mine, [{"item": "last", "value": 1}], body="last=1")
    assert first.rows == 4
    assert submit(store, session_id, mine, [], body="last=1") == first
    with pytest.raises(OtherBody):
        submit(store, session_id, mine, [], body="last=2")


def test_the_same_key_with_another_body_is_refused_and_the_first_kept(store, opened, answered):
    _, session_id = opened()
    mine = key()
    submit(store, session_id, mine, answered(value=1))
    with pytest.raises(OtherBody, match="already handed in with other answers"):
        submit(store, session_id, mine, answered(value=2))
    assert set(store.responses()["value"]) == {1}


def test_a_second_page_with_a_key_of_its_own_finds_the_link_closed(store, opened, answered):
    _, session_id = opened()
    submit(store, session_id, key(), answered(value=1))
    with pytest.raises(LinkNotOpen) as refused:
        submit(store, session_id, key(), answered(value=2))
    assert refused.value.state == "closed"
    assert set(store.responses()["value"]) == {1}


def test_a_corrected_form_is_a_later_row_and_the_latest_counts(store, opened, answered):
    invitation, session_id = opened()
    submit(store, session_id, key(), answered(value=1))
    reopen(store, invitation.link)
    submit(store, session_id, key(), answered(2, value=5))
    assert store.responses().set_index("item")["value"].to_dict() == {"trust_01": 5, "trust_02": 5, "trust_03": 1}
    assert len(store.responses(latest=False)) == 5


@pytest.mark.parametrize(("rows", "message"), [
    ([{"item": "a", "value": 1}, {"item": "a", "value": 2}], "'a' is answered twice"),
    ([{"value": 1}], "'item' is empty"),
    ([{"item": "a", "surprise": 1}], "Unknown column 'surprise'"),
    ([{"item": "a", "value": "4"}], "not a whole number"),
    ([{"item": "a", "missing": "bored"}], "not one of skipped"),
    ([{"item": "a\x00", "value": 1}], "no identifier may hold"),
    ([{"item": "a", "value": 1, "person": "P2"}], "name person 'P2', but the link is for 'P1'"),
    ([{"item": "a", "value": 1, "version": "9"}], "name version '9', but the link is for '1.0'"),
    ([{"item": "a", "value": 1, "wave": "T1"}, {"item": "b", "value": 1, "wave": "T2"}], "two values of 'wave'"),
    ([], "no answer to hand in"),
])
def test_what_cannot_be_handed_in_leaves_everything_as_it_was(store, opened, rows, message):
    invitation, session_id = opened()
    with pytest.raises(StoreError, match=message):
        submit(store, session_id, key(), rows)
    assert store.responses(latest=False).empty
    assert look_up(store, invitation.token).state == "open"
    assert submit(store, session_id, key(), [{"item": "a", "value": 1}]).rows == 1


def test_full_rows_of_the_contract_are_taken_where_they_agree_with_the_link(store, opened, row):
    _, session_id = opened()
    submit(store, session_id, key(), [row(), row(item="trust_02", value=None, missing="skipped")])
    assert store.responses()["item"].tolist() == ["trust_01", "trust_02"]


def test_mended_text_is_flagged(store, opened):
    _, session_id = opened()
    receipt = submit(store, session_id, key(), [{"item": "a", "text": "be\x00fore"}, {"item": "b", "text": "e\u0301"}])
    assert receipt.flagged == 1
    assert store.responses(latest=False).set_index("item")["text"].to_dict() == {"a": "before", "b": "é"}


def test_sessions_that_are_unknown_withdrawn_or_expired_hand_nothing_in(store, invite, opened, answered):
    expiring = open_session(store, invite(store, expires=NOON).token, now=NOON - timedelta(hours=1))
    for session_id, state in ((expiring, "expired"), ("wrong", None)):
        with pytest.raises(LinkNotOpen) as refused:
            submit(store, session_id, key(), answered(), now=NOON)
        assert refused.value.state == state
    _, session_id = opened(person="P2")
    late = datetime.now(UTC) + timedelta(days=8)
    with pytest.raises(LinkNotOpen, match="no such session"):
        submit(store, session_id, key(), answered(), now=late)
    assert store.responses().empty


def test_a_link_that_was_never_shown_a_questionnaire_takes_nothing(store, opened, invite, answered):
    invitation, session_id = opened(version=None)
    with pytest.raises(StoreError, match="no version of its questionnaire"):
        submit(store, session_id, key(), answered())
    session_id = open_session(store, invitation.token, mark=InstrumentMark("trust", "2.0", "abc"))
    submit(store, session_id, key(), answered())
    assert set(store.responses()["version"]) == {"2.0"}


def test_a_short_key_is_refused(store, opened, answered):
    with pytest.raises(Refused, match="needs 16"):
        submit(store, opened()[1], "1", answered())


def test_drafts_are_kept_merged_and_handed_in(store, opened):
    _, session_id = opened()
    assert draft(store, session_id).page_version == 0
    first = save_draft(store, session_id, 0, [{"item": "a", "value": 1, "answered_at": NOON},
                                              {"item": "b", "value": 2}])
    second = save_draft(store, session_id, first.page_version, [{"item": "b", "value": 3},
                                                                {"item": "c", "text": "é\x00"}])
    kept = draft(store, session_id)
    assert (first.page_version, second.page_version, kept.page_version) == (1, 2, 2)
    assert [row["item"] for row in kept.rows] == ["a", "b", "c"]
    submit(store, session_id, key(), [{"item": "c", "text": "ü"}, {"item": "d", "missing": "skipped"}])
    frame = store.responses().set_index("item")
    assert frame["value"].dropna().to_dict() == {"a": 1, "b": 3}
    assert frame.loc["a", "answered_at"].to_pydatetime() == NOON
    assert frame.loc["c", "text"] == "ü"
    assert len(frame) == 4
    assert draft(store, session_id).rows == ()
    with pytest.raises(LinkNotOpen):
        save_draft(store, session_id, 0, [{"item": "a", "value": 1}])


def test_a_draft_can_be_left_out(store, opened):
    _, session_id = opened()
    save_draft(store, session_id, 0, [{"item": "hidden", "value": 1}])
    submit(store, session_id, key(), [{"item": "a", "value": 1}], with_draft=False)
    assert store.responses()["item"].tolist() == ["a"]


def test_the_older_of_two_windows_is_told_and_overwrites_nothing(store, opened, invite):
    invitation, one = opened()
    other = open_session(store, invitation.token)
    save_draft(store, one, 0, [{"item": "a", "value": 1}], now=datetime.now(UTC))
    with pytest.raises(StalePage, match=r"answered at \d\d:\d\d .* in another window") as stale:
        save_draft(store, other, 0, [{"item": "a", "value": 5}])
    assert stale.value.version == 1
    assert draft(store, other).rows[0]["value"] == 1
    save_draft(store, other, stale.value.version, [{"item": "a", "value": 5}])
    with pytest.raises(Refused, match="nothing is kept yet"):
        save_draft(store, opened(person="P2")[1], 3, [{"item": "a", "value": 5}])


def test_many_hand_in_at_once_and_each_is_kept_once(store, invite, answered):
    people = [f"P{number}" for number in range(40)]
    sessions = [open_session(store, invite(store, person=person).token) for person in people]
    keys, failures = [key() for _ in people], []

    def send(number):
        try:
            for _ in range(2):
                submit(store, sessions[number], keys[number], answered(5))
        except StoreError as problem:
            failures.append(problem)

    threads = [threading.Thread(target=send, args=(number % 40,)) for number in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (store.responses(latest=False).groupby("person").size() == 5).all()
    assert store.responses()["person"].nunique() == 40


def test_a_refused_submission_spoils_nobody_elses(store, invite, answered):
    good = [open_session(store, invite(store, person=f"P{number}").token) for number in range(20)]
    outcomes = []

    def send(session_id):
        try:
            outcomes.append(submit(store, session_id, key(), answered()).rows)
        except LinkNotOpen:
            outcomes.append(None)

    threads = [threading.Thread(target=send, args=(one,)) for pair in zip(good, ["wrong"] * 20, strict=True)
               for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [3] * 20 + [None] * 20


def test_anonymous_answers_keep_no_way_back(store, opened, answered):
    promise(store, "anonymous")
    invitation, session_id = opened()
    save_draft(store, session_id, 0, [{"item": "drafted", "value": 2, "answered_at": NOON}], now=NOON)
    record_consent(store, session_id, text_version="1", text="We ...", language="en", choices={}, now=NOON)
    mine = key()
    receipt = submit(store, session_id, mine, [row | {"answered_at": NOON} for row in answered(2)], now=NOON)
    frame = store.responses(latest=False)
    assert len(frame) == 3
    assert frame["person"].nunique() == 1
    assert frame["person"][0].startswith("A") and "P1" not in set(frame["person"])
    assert (frame["person"] == frame["target"]).all()
    day = datetime(2026, 5, 4, tzinfo=UTC)
    assert {time.to_pydatetime() for column in ("answered_at", "received_at") for time in frame[column]} == {day}
    assert receipt.received_at == day
    assert (frame["sequence"] > 1000).all()
    kept = look_up(store, invitation.token)
    assert (kept.state, kept.receipt) == ("closed", receipt.code)
    assert kept.opened_at.hour == kept.opened_at.minute == 0
    assert submit(store, session_id, mine, [row | {"answered_at": NOON} for row in answered(2)], now=NOON) == receipt
    with pytest.raises(Refused, match="anonymous link cannot be opened again"):
        reopen(store, invitation.link)


def test_anonymous_rows_do_not_stand_in_the_order_they_came_in(store, invite, answered):
    promise(store, "anonymous")
    came = []
    for number in range(12):
        before = set(store.responses()["person"])
        submit(store, open_session(store, invite(store, person=f"P{number}").token), key(), answered(1))
        came += list(set(store.responses()["person"]) - before)
    stand = store.responses(latest=False)["person"].tolist()
    assert sorted(came) == sorted(stand)
    assert came != stand


def test_nothing_in_an_anonymous_file_joins_a_person_to_answers(tmp_path, invite, answered):
    path = tmp_path / "answers.db"
    with open_store(path, study="spring") as store:
        promise(store, "anonymous")
        for number in range(5):
            invitation = invite(store, person=f"Person{number}")
            session_id = open_session(store, invitation.token)
            save_draft(store, session_id, 0, answered(2))
            submit(store, session_id, key(), answered(3))
    connection = sqlite3.connect(path)
    values = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        values[table] = {str(cell) for row in rows for cell in row if cell is not None and len(str(cell)) > 8}
    connection.close()
    apart = values["links"] | values["sessions"] | values["drafts"]
    together = (values["responses"] | values["batches"]) & apart
    days = {f"{datetime.now(UTC):%Y-%m-%d} 00:00:00.000000"}
    assert together <= days


def test_about_others_the_target_stays_and_the_rater_does_not(store, opened, answered):
    promise(store, "anonymous")
    _, session_id = opened(person="R1", target="P1", role="report")
    submit(store, session_id, key(), answered(1))
    frame = store.responses()
    assert frame["target"].tolist() == ["P1"]
    assert frame["person"][0] not in ("R1", "P1")


def test_the_promise_is_fixed_once_somebody_began_under_it(store, opened, answered):
    assert promised(store) == "confidential"
    assert promise(store, "identified") == promised(store) == "identified"
    _, session_id = opened()
    assert session(store, session_id).mode == "identified"
    promise(store, "anonymous")
    assert session(store, session_id).mode == "anonymous"
    save_draft(store, session_id, 0, answered(1))
    for mode in ("confidential", "identified"):
        with pytest.raises(PromiseFixed, match="is 'anonymous' and cannot become"):
            promise(store, mode)
    assert promise(store, "anonymous") == "anonymous"
    submit(store, session_id, key(), answered(1))
    with pytest.raises(PromiseFixed, match="answers were given under it"):
        promise(store, "confidential")
    with pytest.raises(StoreError, match="no mode 'secret'"):
        promise(store, "secret")


def test_the_retention_date_can_be_set_moved_and_lifted(store):
    assert kept_until(store) is None
    keep_until(store, NOON.date())
    assert kept_until(store) == NOON.date()
    keep_until(store, None)
    assert kept_until(store) is None


def test_consent_is_to_one_text_in_one_wording(store, opened):
    invitation, session_id = opened()
    assert consent_of(store, session_id, text="Text A") is None
    given = record_consent(store, session_id, text_version="1", text="Text A", language="en",
                           choices={"take_part": True, "quotes": False}, now=NOON)
    assert consent_of(store, session_id, text="Text A") == given
    assert given.text_hash == text_hash("Text A")
    assert given.choices == (("take_part", True), ("quotes", False))
    assert given.at == NOON
    assert consent_of(store, session_id, text="Text A, changed") is None
    record_consent(store, session_id, text_version="1", text="Text A", language="en", choices={}, given=False)
    assert not consent_of(store, session_id, text="Text A").given
    close(store, invitation.link)
    with pytest.raises(LinkNotOpen):
        record_consent(store, session_id, text_version="1", text="Text A", language="en", choices={})
