"""Asking one person: the whole questionnaire as a state machine.

A session is a frozen record of one occasion of asking. An event (an answer, a finish ...) turns it into the next one,
or is refused with a code and leaves it as it was. What the session calls answered is always kept already: `respond`
hands the rows to `save` first and changes nothing if that fails. A notebook form, a web page, a paper form and an
adaptive test differ in who makes the events and in `next_item`, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from coachresearch.core.contracts import MissingKind, Mode, RaterRole
from coachresearch.instruments.instrument import Entry
from coachresearch.survey.events import Answered, Cleared, Event, Refusal, Reopened, Submitted, TurnedPage, Wrote

Row = dict[str, object]
"""One row under the contract `core.contracts.RESPONSES`."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be answered to one item.

    Parameters
    ----------
    item : str
        Item id.
    values : tuple of int
        Codes of the response scale, in the order shown.
    missing : tuple of (int, MissingKind)
        Codes of the options outside the scale, and the kind of missing answer each stands for.
    entry : {"choice", "number", "text"}
        How an answer is given.
    """

    item: str
    values: tuple[int, ...]
    missing: tuple[tuple[int, MissingKind], ...] = ()
    entry: Entry = "choice"

    def __post_init__(self) -> None:
        codes = self.codes
        if len(set(codes)) < len(codes):
            raise ValueError(f"item {self.item!r} uses one code for two options: {codes}")

    @property
    def codes(self) -> tuple[int, ...]:
        """Every code that can be chosen: the scale's values, then those outside it."""
        return (*self.values, *(code for code, _ in self.missing))


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who answers what about whom, when: the part that all rows of a session share.

    Parameters
    ----------
    study, wave : str
        Ids of the study and of the occasion within it.
    person, target : str
        Pseudonyms of who answers and of whom the answers are about.
    role : RaterRole
        What `person` is to `target`.
    instrument, version, form : str
        What is asked.
    language : str
        Language code of the wording shown.
    mode : Mode
        ``notebook``, ``web``, ``paper`` ...
    """

    study: str
    wave: str
    person: str
    target: str
    role: RaterRole
    instrument: str
    version: str
    form: str
    language: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept for one item.

    Parameters
    ----------
    item : str
        Item id.
    code : int or None
        The option chosen; None if the item was left out, or its answer taken back.
    seconds : float or None
        Time spent on the item over all changes, if it was measured.
    at : datetime
        When it was last changed, UTC.
    text : str or None
        What was written, where own words are asked for.
    """

    item: str
    code: int | None
    seconds: float | None
    at: datetime
    text: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is an answer: an option was chosen or something was written."""
        return self.code is not None or self.text is not None


@dataclass(frozen=True, slots=True)
class Session:
    """One occasion of asking, as far as it has come.

    Parameters
    ----------
    occasion : Occasion
    choices : tuple of Choices
        Every item that may be shown, in form order.
    pages : tuple of tuple of str
        The items shown so far, page by page.
    answers : tuple of Answer
        What is kept, one entry an item, in the order in which the items were first settled.
    submitted : bool
        Whether the form is finished; answers are then refused until it is reopened.
    revision : int
        Number of changes accepted; grows with each.
    """

    occasion: Occasion
    choices: tuple[Choices, ...]
    pages: tuple[tuple[str, ...], ...] = ()
    answers: tuple[Answer, ...] = ()
    submitted: bool = False
    revision: int = 0

    @property
    def shown(self) -> tuple[str, ...]:
        """Item ids in the order shown; the position of an item is counted from 1 in this order."""
        return tuple(item for page in self.pages for item in page)

    @property
    def kept(self) -> dict[str, Answer]:
        """Every item that has a stored row, also those left out."""
        return {answer.item: answer for answer in self.answers}

    @property
    def answered(self) -> dict[str, int]:
        """Item id to the code chosen, for every item that has an answer."""
        return {answer.item: answer.code for answer in self.answers if answer.code is not None}

    @property
    def gaps(self) -> tuple[str, ...]:
        """Items that were shown and have no answer."""
        given = {answer.item for answer in self.answers if answer.given}
        return tuple(item for item in self.shown if item not in given)


@dataclass(frozen=True, slots=True)
class Step:
    """What came of an event.

    Parameters
    ----------
    session : Session
        The next state; the old one if the event was refused.
    rows : tuple of Row
        What is to be kept, or was kept.
    refusal : Refusal or None
    error : Exception or None
        What `save` raised, for the log; the respondent reads the refusal.
    """

    session: Session
    rows: tuple[Row, ...] = ()
    refusal: Refusal | None = None
    error: Exception | None = None


NextItem = Callable[[Session], tuple[str, ...]]
"""Which items come next: one for an adaptive test, a page of them for a form, none at the end.

It must give the same answer for the same session, so that a session can be taken up again.
"""

Save = Callable[[tuple[Row, ...]], object]
"""Keeps rows; returns only when they are durable, raises if they are not."""


def form_order(session: Session) -> tuple[str, ...]:
    """Give all items not shown yet, in form order: the whole form as one page."""
    shown = set(session.shown)
    return tuple(choices.item for choices in session.choices if choices.item not in shown)


def respond(session: Session, event: Event, *, save: Save, next_item: NextItem = form_order) -> Step:
    """Take in one event: decide, keep, and only then move on.

    If `save` raises, whatever the reason, the session stays as it was and the refusal is ``not_saved``.
    """
    step = after(session, event, next_item=next_item)
    if not step.rows:
        return step
    try:
        save(step.rows)
    except Exception as error:
        return Step(session, refusal=Refusal("not_saved", getattr(event, "item", "")), error=error)
    return step


def after(session: Session, event: Event, *, next_item: NextItem = form_order) -> Step:
    """Decide what an event does, without keeping anything.

    The same event twice has the effect of once: nothing new is to be kept the second time.
    """
    match event:
        case Answered(item, code, at, seconds):
            return _settle(session, item, code, at, seconds)
        case Wrote(item, text, at, seconds):
            return _settle(session, item, None, at, seconds, text)
        case Cleared(item, at, seconds):
            return _settle(session, item, None, at, seconds)
        case TurnedPage(to):
            return _turn(session, to, next_item)
        case Submitted(at, with_gaps):
            return _finish(session, at, with_gaps)
        case Reopened():
            return Step(_changed(session, submitted=False) if session.submitted else session)


def _settle(
    session: Session, item: str, code: int | None, at: datetime, seconds: float | None, text: str | None = None
) -> Step:
    refusal = _objection(session, item, code, text)
    if refusal:
        return Step(session, refusal=refusal)
    written = text if text and text.strip() else None
    before = session.kept.get(item)
    if (before.code, before.text) == (code, written) if before else code is None and written is None:
        return Step(session)
    spent = [time for time in (before.seconds if before else None, seconds) if time is not None]
    answer = Answer(item, code, sum(spent) if spent else None, at, written)
    return Step(_changed(session, answers=_with(session.answers, answer)), (_row(session, answer),))


def _objection(session: Session, item: str, code: int | None, text: str | None) -> Refusal | None:
    choices = {known.item: known for known in session.choices}
    if item not in choices:
        return Refusal("unknown_item", item, (("item", item),))
    if session.submitted:
        return Refusal("after_finish", item)
    if item not in session.shown:
        return Refusal("not_shown", item)
    if text is not None and choices[item].entry != "text":
        return Refusal("not_a_text", item)
    if code is not None and code not in choices[item].codes:
        return Refusal("not_on_scale", item, (("allowed", _offered(choices[item])), ("code", code)))
    return None


def _offered(choices: Choices) -> str:
    if choices.entry != "number":
        return ", ".join(map(str, choices.codes))
    span = f"{min(choices.values)} – {max(choices.values)}"
    return ", ".join([span, *(str(code) for code, _ in choices.missing)])


def _turn(session: Session, to: int, next_item: NextItem) -> Step:
    if 1 <= to <= len(session.pages):
        return Step(session)
    page = page_from(next_item, session)
    if to != len(session.pages) + 1 or not page:
        return Step(session, refusal=Refusal("no_page", "", (("page", to),)))
    return Step(_changed(session, pages=(*session.pages, page)))


def _finish(session: Session, at: datetime, with_gaps: bool) -> Step:
    if session.submitted:
        return Step(session)
    gaps = session.gaps
    if gaps and not with_gaps:
        return Step(session, refusal=Refusal("gaps", "", (("n", len(gaps)),)))
    kept = session.kept
    left_out = [Answer(item, None, None, at) for item in gaps if item not in kept]
    rows = tuple(_row(session, answer) for answer in left_out)
    return Step(_changed(session, answers=(*session.answers, *left_out), submitted=True), rows)


def _changed(
    session: Session,
    *,
    pages: tuple[tuple[str, ...], ...] | None = None,
    answers: tuple[Answer, ...] | None = None,
    submitted: bool | None = None,
) -> Session:
    return replace(
        session,
        pages=session.pages if pages is None else pages,
        answers=session.answers if answers is None else answers,
        submitted=session.submitted if submitted is None else submitted,
        revision=session.revision + 1,
    )


def _with(answers: tuple[Answer, ...], answer: Answer) -> tuple[Answer, ...]:
    if any(old.item == answer.item for old in answers):
        return tuple(answer if old.item == answer.item else old for old in answers)
    return (*answers, answer)


def _row(session: Session, answer: Answer) -> Row:
    occasion = session.occasion
    choices = next(known for known in session.choices if known.item == answer.item)
    on_scale = answer.code in choices.values
    outside = dict(choices.missing).get(answer.code) if answer.code is not None else "skipped"
    present = on_scale or answer.text is not None
    part = next(number for number, page in enumerate(session.pages, start=1) if answer.item in page)
    return {
        "study": occasion.study, "wave": occasion.wave, "person": occasion.person, "target": occasion.target,
        "role": occasion.role, "instrument": occasion.instrument, "version": occasion.version,
        "form": occasion.form, "item": answer.item,
        "value": answer.code if on_scale else None, "text": answer.text, "missing": None if present else outside,
        "language": occasion.language, "mode": occasion.mode, "part": part,
        "position": session.shown.index(answer.item) + 1, "seconds": answer.seconds, "answered_at": answer.at,
    }


def page_from(next_item: NextItem, session: Session) -> tuple[str, ...]:
    """Ask `next_item` for a page, and hold it to known items that were not shown yet.

    Raises
    ------
    ValueError
        If it gives an unknown item, or one twice.
    """
    page = next_item(session)
    known = {choices.item for choices in session.choices}
    wrong = [item for item in page if item not in known or item in session.shown]
    if wrong or len(set(page)) < len(page):
        raise ValueError(f"next_item gave items that are unknown or shown already: {page}")
    return page
