"""One conversation through every face of the form: what is kept is the same."""

from __future__ import annotations

import pytest

from coachresearch.survey.events import Answered, Cleared, Submitted, Wrote
from coachresearch.survey.form import Option, Page, Question, choices_of, page_of
from coachresearch.survey.page import Typed, blank_of, filled, in_pages
from coachresearch.survey.posted import events_in, fields_of
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Occasion, after
from coachresearch.survey.widget import FormWidget

FACTS = ["item", "value", "text", "missing", "position", "person", "target", "role", "instrument", "version", "form",
         "language"]


@pytest.fixture
def conversation(instruments):
    """Items and codes in the order given: changes of mind, options outside the scale, and two left out."""
    page = page_of(instruments["mq5"], "full")
    items = [question.item for question in page.questions]
    said = [(item, 1 + position % 5) for position, item in enumerate(items) if position not in (4, 17)]
    outside = next((question for question in page.questions if question.outside), None)
    changed = [(items[0], 5), (items[12], 1)]
    return [*said, *changed, *([(outside.item, outside.outside[0].code)] if outside else [])]


def facts(rows) -> dict[str, tuple]:
    latest = {row["item"]: row for row in rows}
    return {item: tuple(row[name] for name in FACTS) for item, row in latest.items()}


def through_the_widget(instruments, conversation) -> dict[str, tuple]:
    rows: list[dict] = []
    mq5 = instruments["mq5"]
    occasion = Occasion("spring", "T1", "P1", "P1", "self", "mq5", mq5.version, "full", "en", "notebook")
    form = FormWidget(page_of(mq5, "full"), begin(occasion, choices_of(mq5)), save=rows.extend)
    for item, code in conversation:
        form.answer(item, code)
    form.finish(with_gaps=True)
    return facts(rows)


def through_the_web(place, tools, conversation) -> dict[str, tuple]:
    browser = place.arrived(place.token(form="full"))
    page = browser.get("/form?page=1").text
    for item, code in conversation:
        page = browser.post("/form", data=tools.hidden(page) | {f"a-{item}": str(code), "_go": "save"}).text
    assert browser.post("/submit", data=tools.hidden(page) | {"_gaps": "yes"}).status_code == 200
    kept = place.kept().astype(object)
    return facts(kept.where(kept.notna(), None).to_dict("records"))


def test_a_recorded_conversation_keeps_the_same_in_a_notebook_and_on_the_web(place, tools, instruments, conversation):
    notebook = through_the_widget(instruments, conversation)
    assert len(notebook) == 27
    assert sum(row[FACTS.index("missing")] == "skipped" for row in notebook.values()) == 2
    assert through_the_web(place, tools, conversation) == notebook


def test_a_notebook_form_refuses_questions_that_ask_for_own_words(instruments):
    from coachresearch.core.errors import InstrumentError

    crr = instruments["crr"]
    occasion = Occasion("s", "T1", "P1", "P1", "self", "crr", crr.version, "own_words", "en", "notebook")
    with pytest.raises(InstrumentError, match="asks for own words"):
        FormWidget(page_of(crr, "own_words"), begin(occasion, choices_of(crr, "own_words")), save=list)


def test_own_words_and_numbers_are_kept_taken_up_again_and_taken_back(instruments, clock):
    crr = instruments["crr"]
    occasion = Occasion("s", "T1", "P1", "P1", "self", "crr", crr.version, "own_words", "en", "web")
    choices = choices_of(crr, "own_words")
    session = begin(occasion, choices)
    first = session.shown[0]
    step = after(session, Wrote(first, "more calm", clock.now))
    assert (step.rows[0]["text"], step.rows[0]["value"], step.rows[0]["missing"]) == ("more calm", None, None)
    assert first not in step.session.gaps
    again = begin(occasion, choices, stored=step.rows)
    assert fields_of(again) == {f"a-{first}": "more calm"}
    back = after(again, Cleared(first, clock.now))
    assert (back.rows[0]["text"], back.rows[0]["missing"]) == (None, "skipped")
    assert after(again, Wrote(first, "more calm", clock.now)).rows == ()
    done = after(again, Submitted(clock.now, with_gaps=True))
    assert [row["missing"] for row in done.rows] == ["skipped"] * (len(choices) - 1)


def test_words_for_a_question_with_options_are_refused(instruments, clock):
    mq5 = instruments["mq5"]
    occasion = Occasion("s", "T1", "P1", "P1", "self", "mq5", mq5.version, "core", "en", "web")
    session = begin(occasion, choices_of(mq5, "core"))
    assert after(session, Wrote(session.shown[0], "often", clock.now)).refusal.code == "not_a_text"


@pytest.fixture
def mixed() -> Page:
    scale = (Option(1, "أبدا"), Option(2, "<b>"))
    outside = (Option(9, "Cannot say", "dont_know"),)
    return Page("tiny", "1", "full", "self", "ar", "rtl", "T & T", "", "", (
        Question("c", "Choose?", scale, outside), Question("n", "How many?", (Option(0, "0"), Option(1, "1")), outside,
                                                          "number", "minutes"),
        Question("t", "Say?", (), outside, "text")))


def test_a_page_is_drawn_once_and_filled_for_each_person(mixed):
    blank = blank_of(mixed)
    assert blank_of(mixed) == blank
    typed = Typed({"a-c": "2", "a-n": '1"', "m-t": "9"}, 3, "key", errors={"n": "Not saved"}, answered=1, of=3)
    html = filled(blank, typed, mixed)
    assert '<html lang="ar" dir="rtl">' in html
    assert "T &amp; T" in html
    assert "<b>" not in html
    assert 'name="a-c" value="2" checked' in html
    assert 'value="1&#34;"' in html
    assert 'name="m-t" value="9" checked' in html
    assert 'aria-describedby="e-n"' in html
    assert "\x1f" not in html
    assert html.count(" checked>") == 3


@pytest.mark.parametrize(("fields", "codes"), [
    ((("a-n", "1"), ("m-n", "9")), ["both"]), ((("a-n", "1.5"),), ["not_a_number"]),
    ((("m-c", "9"),), ["not_understood"]), ((("a-c", "x"),), ["not_understood"]),
    ((("a-t", "x" * 20_001),), ["too_long"]), ((("a-t", "x" * 20_000),), []), ((("a-z", "1"),), ["unknown_item"]),
    ((("a-c", "1"), ("a-c", "1")), ["twice"]), ((("_other", "1"),), []),
])
def test_fields_that_are_no_answer_are_refused_each_with_its_reason(mixed, clock, fields, codes):
    assert [refusal.code for refusal in events_in(fields, mixed, clock.now)[1]] == codes


def test_numbers_may_be_typed_in_other_digits(mixed, clock):
    events, _ = events_in((("a-n", " ١ "),), mixed, clock.now)
    assert events == (Answered("n", 1, clock.now),)


def test_pages_hold_so_many_items_in_form_order(instruments, clock):
    mq5 = instruments["mq5"]
    occasion = Occasion("s", "T1", "P1", "P1", "self", "mq5", mq5.version, "full", "en", "web")
    session = begin(occasion, choices_of(mq5), next_item=in_pages(10))
    assert session.pages == (mq5.form("full").items[:10],)
