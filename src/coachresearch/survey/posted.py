"""What a browser sent, turned into events; nothing in it is trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from coachresearch.survey.events import Answered, Cleared, Event, Refusal, Wrote
from coachresearch.survey.form import Page, Question
from coachresearch.survey.session import Session

LONGEST_TEXT = 20_000
_LONGEST_NUMBER = 9

Fields = tuple[tuple[str, str], ...]
"""Names and values in the order sent."""


def events_in(fields: Fields, page: Page, at: datetime) -> tuple[tuple[Event, ...], tuple[Refusal, ...]]:
    """Read the answers in a posted form.

    Parameters
    ----------
    fields : tuple of (str, str)
        ``a-ITEM``: an option's code, a number or a text; ``m-ITEM``: the code of an option outside the scale, beside
        a number or a text. Other names are left alone.
    page : Page
        The whole form.
    at : datetime
        When they came, UTC.

    Returns
    -------
    tuple of Event
        One an item, in the order sent; an empty field takes the answer back.
    tuple of Refusal
        What cannot be an answer, each with its item.
    """
    questions = {question.item: question for question in page.questions}
    mine = [(name[:1], name[2:], value) for name, value in fields if name[:2] in ("a-", "m-")]
    twice = Counter((kind, item) for kind, item, _ in mine)
    given = {(kind, item): value for kind, item, value in mine}
    events: list[Event] = []
    refusals: list[Refusal] = []
    for item in dict.fromkeys(item for _, item, _ in mine):
        if item not in questions:
            refusals.append(Refusal("unknown_item", item, (("item", item[:60]),)))
        elif max(twice["a", item], twice["m", item]) > 1:
            refusals.append(Refusal("twice", item))
        else:
            read = _read(questions[item], given.get(("a", item), ""), given.get(("m", item), ""), at)
            if isinstance(read, Refusal):
                refusals.append(read)
            else:
                events.append(read)
    return tuple(events), tuple(refusals)


def fields_of(session: Session) -> dict[str, str]:
    """Return the fields that show what is kept."""
    fields: dict[str, str] = {}
    entries = {choices.item: choices for choices in session.choices}
    for answer in session.answers:
        choices = entries[answer.item]
        if answer.text is not None:
            fields[f"a-{answer.item}"] = answer.text
        elif answer.code is not None:
            outside = choices.entry != "choice" and answer.code not in choices.values
            fields[f"{'m' if outside else 'a'}-{answer.item}"] = str(answer.code)
    return fields


def body_of(fields: Fields) -> str:
    """Return what tells one handing-in from another: its answers, in a fixed order."""
    return "\n".join(f"{name}={value!r}" for name, value in sorted(fields) if name[:2] in ("a-", "m-"))


def merged(kept: dict[str, str], fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Put what was typed over what is kept."""
    return {**kept, **{name: value for name, value in fields if name[:2] in ("a-", "m-")}}


def _read(question: Question, answer: str, outside: str, at: datetime) -> Event | Refusal:
    item = question.item
    if question.entry == "choice":
        if outside:
            return Refusal("not_understood", item)
        return _number(question, answer, at) if answer else Cleared(item, at)
    if answer.strip() and outside:
        return Refusal("both", item)
    if outside:
        return _number(question, outside, at)
    if not answer.replace("\x00", "").strip():
        return Cleared(item, at)
    if question.entry == "number":
        return _number(question, answer, at)
    if len(answer) > LONGEST_TEXT:
        return Refusal("too_long", item, (("n", LONGEST_TEXT),))
    return Wrote(item, answer, at)


def _number(question: Question, text: str, at: datetime) -> Event | Refusal:
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(plain) <= _LONGEST_NUMBER and plain.removeprefix("-").isdecimal():
        return Answered(question.item, int(plain), at)
    return Refusal("not_a_number" if question.entry == "number" else "not_understood", question.item)
