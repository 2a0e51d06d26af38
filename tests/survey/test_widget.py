"""The widget without a browser: what it hears, what it shows, and that nothing unsaved looks saved."""

from __future__ import annotations

import pytest

from coachresearch.core.errors import ResponseError
from coachresearch.survey.form import Option, Page, Question
from coachresearch.survey.resume import begin
from coachresearch.survey.widget import FormWidget


@pytest.fixture
def page() -> Page:
    scale = (Option(1, "Never"), Option(2, "Sometimes"), Option(3, "Often"))
    outside = (Option(9, "Cannot say", "dont_know"),)
    questions = (Question("a", "First?", scale, outside), Question("b", "Second?", scale, outside),
                 Question("c", "Third?", (Option(0, "No"), Option(1, "Yes"))))
    return Page("tiny", "1.0.0", "full", "report", "en", "ltr", "Tiny", "", "", questions)


@pytest.fixture
def form(page, occasion, choices, shelf, at) -> FormWidget:
    return FormWidget(page, begin(occasion, choices), save=shelf.save, clock=at)


def hear(form, **message) -> None:
    """As the page would send it."""
    form._handle_custom_msg({"view": "v", "number": 1, **message}, [])


def test_an_answer_from_the_page_is_kept_and_shown_as_saved(form, shelf, at):
    hear(form, kind="answered", item="a", code=3, seconds=2.5, number=7)
    assert (shelf.latest["a"]["value"], shelf.latest["a"]["seconds"]) == (3, 2.5)
    state = form.state
    assert (state["answers"], state["times"]) == ({"a": 3}, {"a": at().isoformat()})
    assert (state["progress"], state["heard"], state["errors"]) == ("1 of 3 answered", {"v": 7}, {})


def test_the_revision_only_grows(form):
    seen = [form.state["revision"]]
    for message in ({"kind": "answered", "item": "a", "code": 3}, {"kind": "answered", "item": "a", "code": 77},
                    {"kind": "cleared", "item": "a"}, {"kind": "nonsense"}, {"kind": "submitted", "with_gaps": False}):
        hear(form, **message)
        seen.append(form.state["revision"])
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("message", [
    {}, {"kind": "answered"}, {"kind": "answered", "item": "a", "code": "3"},
    {"kind": "answered", "item": 3, "code": 3}, {"kind": "answered", "item": "a", "code": True},
    {"kind": "submitted"}, {"kind": "erase"},
])
def test_what_is_not_an_event_is_not_taken(form, shelf, message):
    hear(form, **message)
    assert form.state["errors"] == {"": "Not saved: the page sent something that is not an answer."}
    assert shelf.history == []
    form._handle_custom_msg("text", [])
    assert shelf.history == []


@pytest.mark.parametrize("seconds", [-1, "2", None, True, float("nan"), float("inf"), 1e9])
def test_a_clock_that_cannot_be_right_costs_the_seconds_and_not_the_answer(form, shelf, seconds):
    hear(form, kind="answered", item="a", code=3, seconds=seconds)
    assert (shelf.latest["a"]["value"], shelf.latest["a"]["seconds"]) == (3, None)


def test_a_refused_answer_is_told_at_its_question_until_a_good_one_comes(form):
    hear(form, kind="answered", item="b", code=4)
    assert form.state["errors"] == {"b": "Not saved: 4 is not one of the answers offered (1, 2, 3, 9)."}
    hear(form, kind="answered", item="b", code=2)
    assert form.state["errors"] == {}
    hear(form, kind="answered", item="zzz", code=2)
    assert form.state["errors"] == {"": "Not saved: there is no question zzz in this form."}


def test_an_answer_that_was_not_kept_does_not_look_saved(form, shelf):
    shelf.broken = True
    hear(form, kind="answered", item="a", code=3, number=4)
    state = form.state
    assert (state["answers"], state["times"], state["progress"]) == ({}, {}, "0 of 3 answered")
    assert state["errors"] == {"a": "Not saved: this answer could not be written down."}
    assert state["heard"] == {"v": 4}
    assert isinstance(form.error, OSError)
    hear(form, kind="submitted", with_gaps=True)
    assert form.state["finished"] == ""
    assert "could not be finished" in form.state["errors"][""]


def test_finishing_with_gaps_asks_first(form):
    hear(form, kind="answered", item="a", code=3)
    assert form.state["gaps"] is None
    hear(form, kind="submitted", with_gaps=False)
    assert form.state["gaps"]["items"] == ["b", "c"]
    assert form.state["gaps"]["sentence"].startswith("2 questions have no answer yet.")
    hear(form, kind="answered", item="c", code=0)
    assert form.state["gaps"]["items"] == ["b"]
    hear(form, kind="submitted", with_gaps=True)
    assert form.state["finished"].startswith("Thank you. 2 of 3 questions are answered, 1 left out")
    hear(form, kind="reopened")
    assert form.state["finished"] == ""


def test_from_code_it_does_what_the_page_does(form, shelf):
    form.answer("a", 1)
    with pytest.raises(ResponseError, match=r"8 is not one of the answers offered \(1, 2, 3, 9\).*item a"):
        form.answer("a", 8)
    with pytest.raises(ResponseError, match="2 questions have no answer yet"):
        form.finish()
    form.finish(with_gaps=True)
    assert form.session.submitted
    assert sorted(shelf.latest) == ["a", "b", "c"]


def test_a_saved_notebook_shows_progress_and_no_answer(form):
    form.answer("a", 3)
    assert repr(form) == "tiny (full), wave T1: 1 of 3 answered"
    shown, _ = form._repr_mimebundle_()
    assert shown["text/plain"] == repr(form)
