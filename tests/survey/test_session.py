"""The session: what an event does, what it refuses, what is kept, and how it is taken up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import ResponseError
from coachresearch.survey.events import Answered, Cleared, Refusal, Reopened, Submitted, TurnedPage, now
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Choices, Occasion, Session, after, form_order, respond


def told(session, events, *, save, next_item=form_order):
    for event in events:
        step = respond(session, event, save=save, next_item=next_item)
        assert step.refusal is None, step.refusal
        session = step.session
    return session


def test_a_session_begins_with_the_whole_form_and_no_answer(occasion, choices):
    session = begin(occasion, choices)
    assert session.pages == (("a", "b", "c"),)
    assert (session.answers, session.gaps, session.submitted) == ((), ("a", "b", "c"), False)


def test_an_answer_becomes_one_row_under_the_contract(occasion, choices, shelf, at):
    told(begin(occasion, choices), [Answered("b", 3, at(7), seconds=7.25)], save=shelf.save)
    assert shelf.history == [{
        "study": "spring", "wave": "T1", "person": "P001", "target": "P900", "role": "report", "instrument": "tiny",
        "version": "1.0.0", "form": "full", "item": "b", "value": 3, "text": None, "missing": None, "language": "en",
        "mode": "notebook", "part": 1, "position": 2, "seconds": 7.25, "answered_at": at(7),
    }]
    assert tuple(shelf.history[0]) == RESPONSES.names


def test_an_option_outside_the_scale_is_a_kind_of_missing_answer_and_no_gap(occasion, choices, shelf, at):
    session = told(begin(occasion, choices), [Answered("a", 9, at())], save=shelf.save)
    assert (shelf.latest["a"]["value"], shelf.latest["a"]["missing"]) == (None, "dont_know")
    assert session.answered == {"a": 9}
    assert session.gaps == ("b", "c")


@pytest.mark.parametrize(("event", "refusal"), [
    (Answered("z", 1, now()), Refusal("unknown_item", "z", (("item", "z"),))),
    (Cleared("z", now()), Refusal("unknown_item", "z", (("item", "z"),))),
    (Answered("a", 4, now()), Refusal("not_on_scale", "a", (("allowed", "1, 2, 3, 9"), ("code", 4)))),
    (Answered("c", 9, now()), Refusal("not_on_scale", "c", (("allowed", "0, 1"), ("code", 9)))),
    (Submitted(now()), Refusal("gaps", "", (("n", 3),))),
    (TurnedPage(2), Refusal("no_page", "", (("page", 2),))),
    (TurnedPage(0), Refusal("no_page", "", (("page", 0),))),
])
def test_what_makes_no_sense_is_refused_with_a_code_and_changes_nothing(occasion, choices, shelf, event, refusal):
    before = begin(occasion, choices)
    step = respond(before, event, save=shelf.save)
    assert step.refusal == refusal
    assert step.session == before
    assert shelf.history == []


def test_after_finishing_an_answer_is_refused_until_the_form_is_reopened(occasion, choices, shelf, at):
    session = told(begin(occasion, choices), [Answered("a", 1, at()), Submitted(at(1), with_gaps=True)],
                   save=shelf.save)
    assert session.submitted
    assert [(row["item"], row["missing"]) for row in shelf.history] == [("a", None), ("b", "skipped"), ("c", "skipped")]
    refused = respond(session, Answered("b", 2, at(2)), save=shelf.save)
    assert refused.refusal == Refusal("after_finish", "b")
    assert refused.session == session
    session = told(session, [Reopened(), Answered("b", 2, at(3)), Submitted(at(4), with_gaps=True)], save=shelf.save)
    assert shelf.latest["b"]["value"] == 2
    assert session.gaps == ("c",)


def test_the_same_event_twice_keeps_nothing_new(occasion, choices, shelf, at):
    events = [Answered("a", 1, at(1), 1.0), Submitted(at(2), with_gaps=True)]
    session = told(begin(occasion, choices), events[:1], save=shelf.save)
    again = told(session, events[:1], save=shelf.save)
    assert again == session
    done = told(session, events[1:], save=shelf.save)
    assert told(done, events[1:], save=shelf.save) == done
    assert len(shelf.history) == 3


def test_a_changed_answer_adds_its_seconds_and_a_taken_back_one_is_left_out(occasion, choices, shelf, at):
    session = told(begin(occasion, choices),
                   [Answered("a", 1, at(1), 4.0), Answered("a", 2, at(2), 1.5), Cleared("a", at(3), None)],
                   save=shelf.save)
    assert [row["seconds"] for row in shelf.history] == [4.0, 5.5, 5.5]
    assert (shelf.latest["a"]["value"], shelf.latest["a"]["missing"]) == (None, "skipped")
    assert session.gaps == ("a", "b", "c")
    assert session.revision == 3


def test_what_was_not_kept_is_not_in_the_session(occasion, choices, shelf, at):
    session = told(begin(occasion, choices), [Answered("a", 1, at())], save=shelf.save)
    shelf.broken = True
    for event in (Answered("a", 2, at(1)), Answered("b", 2, at(1)), Cleared("a", at(1)), Submitted(at(1), True)):
        step = respond(session, event, save=shelf.save)
        assert step.session == session
        assert step.refusal == Refusal("not_saved", getattr(event, "item", ""))
        assert str(step.error) == "the disk is full"
    shelf.broken = False
    assert told(session, [Answered("b", 2, at(2))], save=shelf.save).answered == {"a": 1, "b": 2}


def one_at_a_time(session: Session) -> tuple[str, ...]:
    """As an adaptive test: `c` comes next after a low answer to `a`, `b` after a high one."""
    if not session.shown:
        return ("a",)
    if len(session.shown) == 1 and "a" in session.answered:
        return ("c",) if session.answered["a"] < 2 else ("b",)
    return ()


def test_an_adaptive_order_is_shown_page_by_page_and_taken_up_where_it_was(occasion, choices, shelf, at):
    session = begin(occasion, choices, next_item=one_at_a_time)
    assert session.shown == ("a",)
    assert after(session, Answered("c", 1, at()), next_item=one_at_a_time).refusal == Refusal("not_shown", "c")
    session = told(session, [Answered("a", 1, at()), TurnedPage(2), TurnedPage(2), Answered("c", 0, at(1))],
                   save=shelf.save, next_item=one_at_a_time)
    assert session.pages == (("a",), ("c",))
    assert [(row["item"], row["part"], row["position"]) for row in shelf.history] == [("a", 1, 1), ("c", 2, 2)]
    again = begin(occasion, choices, next_item=one_at_a_time, stored=shelf.latest.values())
    assert (again.pages, again.answered, again.submitted) == (session.pages, session.answered, True)
    half = begin(occasion, choices, next_item=one_at_a_time, stored=[shelf.latest["a"]])
    assert (half.shown, half.submitted) == (("a",), False)


def test_an_order_that_repeats_or_invents_items_is_a_programming_mistake(occasion, choices):
    for page in (("a", "a"), ("z",)):
        with pytest.raises(ValueError, match="unknown or shown already"):
            begin(occasion, choices, next_item=lambda _session, page=page: page)


@pytest.mark.parametrize(("change", "message"), [
    ({"version": "0.9.0"}, "given to version '0.9.0', and version '1.0.0' is asked now"),
    ({"form": "core"}, "given to form 'core', and form 'full' is asked now"),
    ({"item": "z"}, "given to item 'z', which is not asked now"),
    ({"value": 7}, r"The stored answer 7 is not on the response scale \(1, 2, 3\)"),
    ({"value": None, "missing": "refused"}, r"'refused' is not offered \(skipped, dont_know\)"),
])
def test_rows_of_another_questionnaire_are_not_taken_up(occasion, choices, shelf, at, change, message):
    told(begin(occasion, choices), [Answered("a", 1, at())], save=shelf.save)
    with pytest.raises(ResponseError, match=message) as raised:
        begin(occasion, choices, stored=[{**shelf.history[0], **change}])
    assert "person P001" in str(raised.value)


def test_a_form_with_a_row_for_every_item_is_finished_when_taken_up(occasion, choices, shelf, at):
    told(begin(occasion, choices), [Answered("a", 1, at()), Submitted(at(1), True)], save=shelf.save)
    assert begin(occasion, choices, stored=shelf.latest.values()).submitted
    assert not begin(occasion, choices, stored=[shelf.latest["a"]]).submitted


def test_times_are_utc_and_never_negative(at):
    with pytest.raises(ValueError, match="times are UTC"):
        Answered("a", 1, datetime(2026, 3, 2))
    with pytest.raises(ValueError, match="times are UTC"):
        Cleared("a", datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=2))))
    for seconds in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="zero or more"):
            Answered("a", 1, at(), seconds)


def test_two_options_cannot_share_a_code():
    with pytest.raises(ValueError, match="one code for two options"):
        Choices("a", (1, 2), ((2, "dont_know"),))


RECORDED = [  # (event, code of refusal, items answered so far): one person, changing her mind, on a bad disk
    (Answered("a", 2, datetime(2026, 3, 2, 14, 2, tzinfo=UTC), 3.0), "", 1),
    (Answered("b", 9, datetime(2026, 3, 2, 14, 3, tzinfo=UTC), 9.0), "", 2),
    (Answered("b", 5, datetime(2026, 3, 2, 14, 3, tzinfo=UTC)), "not_on_scale", 2),
    (Submitted(datetime(2026, 3, 2, 14, 4, tzinfo=UTC)), "gaps", 2),
    (Cleared("a", datetime(2026, 3, 2, 14, 5, tzinfo=UTC), 1.0), "", 1),
    (Answered("c", 0, datetime(2026, 3, 2, 14, 6, tzinfo=UTC), 2.0), "", 2),
    (Submitted(datetime(2026, 3, 2, 14, 7, tzinfo=UTC), True), "", 2),
    (Answered("a", 1, datetime(2026, 3, 2, 14, 8, tzinfo=UTC)), "after_finish", 2),
    (Reopened(), "", 2),
    (Answered("a", 1, datetime(2026, 3, 2, 14, 9, tzinfo=UTC), 4.0), "", 3),
    (Submitted(datetime(2026, 3, 2, 14, 10, tzinfo=UTC)), "", 3),
]


def test_a_recorded_conversation_ends_as_it_did(occasion, choices, shelf):
    session = begin(occasion, choices)
    for event, code, answered in RECORDED:
        step = respond(session, event, save=shelf.save)
        session = step.session
        assert (step.refusal.code if step.refusal else "", len(session.answered)) == (code, answered), event
    assert session.submitted
    assert [(row["item"], row["value"], row["missing"], row["seconds"]) for row in shelf.history] == [
        ("a", 2, None, 3.0), ("b", None, "dont_know", 9.0), ("a", None, "skipped", 4.0), ("c", 0, None, 2.0),
        ("a", 1, None, 8.0)]


class Conversation(RuleBasedStateMachine):
    """Whatever happens, in whatever order: what the session calls kept is kept, and nothing kept is lost or altered."""

    def __init__(self) -> None:
        super().__init__()
        self.occasion = Occasion("s", "T1", "P1", "P1", "self", "tiny", "1", "full", "en", "web")
        self.choices = tuple(Choices(item, (1, 2, 3), ((9, "not_applicable"),)) for item in "abcd")
        self.rows: dict[str, dict] = {}
        self.broken = False
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self.session = begin(self.occasion, self.choices)

    def save(self, rows) -> None:
        if self.broken:
            raise OSError("no")
        self.rows |= {row["item"]: row for row in rows}

    def tell(self, event) -> None:
        before, kept = self.session, dict(self.rows)
        step = respond(before, event, save=self.save)
        if step.refusal:
            assert step.session is before
            assert self.rows == kept
        else:
            assert step.session.revision - before.revision == (step.session != before)
            assert {row["item"]: row for row in step.rows}.items() <= self.rows.items()
        self.session = step.session

    @rule(item=st.sampled_from("abcdz"), code=st.sampled_from([1, 2, 3, 4, 9, -1]),
          seconds=st.none() | st.floats(0, 1e4), later=st.integers(0, 90))
    def answer(self, item, code, seconds, later) -> None:
        self.moment += timedelta(seconds=later)
        self.tell(Answered(item, code, self.moment, seconds))

    @rule(item=st.sampled_from("abcdz"))
    def take_back(self, item) -> None:
        self.tell(Cleared(item, self.moment))

    @rule(with_gaps=st.booleans())
    def finish(self, with_gaps) -> None:
        self.tell(Submitted(self.moment, with_gaps))

    @rule()
    def reopen(self) -> None:
        self.tell(Reopened())

    @rule(to=st.integers(-1, 3))
    def turn(self, to) -> None:
        self.tell(TurnedPage(to))

    @rule(broken=st.booleans())
    def disk(self, broken) -> None:
        self.broken = broken

    @precondition(lambda self: self.rows)
    @rule()
    def come_back_later(self) -> None:
        again = begin(self.occasion, self.choices, stored=self.rows.values())
        assert again.kept == self.session.kept
        assert again.shown == self.session.shown
        self.session = replace(again, submitted=self.session.submitted, revision=self.session.revision)

    @invariant()
    def what_the_session_says_is_on_the_shelf(self) -> None:
        assert set(self.session.kept) == set(self.rows)
        for item, answer in self.session.kept.items():
            row = self.rows[item]
            assert row["value"] == (answer.code if answer.code in (1, 2, 3) else None)
            assert row["missing"] == {None: "skipped", 9: "not_applicable"}.get(answer.code)
            assert (row["seconds"], row["answered_at"]) == (answer.seconds, answer.at)
        if self.session.submitted:
            assert set(self.rows) == set("abcd")


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
