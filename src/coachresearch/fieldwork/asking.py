"""One person's form on the web: what is kept of it, what a posted page does to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Instrument, Words, words_in
from coachresearch.store.drafts import Draft
from coachresearch.store.links import Link
from coachresearch.store.promise import Mode
from coachresearch.store.store import InstrumentMark
from coachresearch.survey.events import Refusal, TurnedPage
from coachresearch.survey.form import WORDS, Page, choices_of, page_of
from coachresearch.survey.page import Blank, blank_of, in_pages
from coachresearch.survey.posted import Fields, events_in
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Choices, Occasion, Row, Session, after

PAGE_SIZE = 10
"""Questions on one page."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What people are asked to agree to: its version, and the text in each language; without a text, the usual one."""

    version: str = "standard-1"
    text: Words = ()

    def lines(self, mode: Mode, language: str) -> tuple[str, ...]:
        """Return what is shown: the promise, then the text, a paragraph each."""
        text = words_in(self.text, language) or WORDS.say("consent.standard", language)
        return (WORDS.say(f"promise.{mode}", language), *(line for line in text.splitlines() if line.strip()))


@dataclass(frozen=True, slots=True, eq=False)
class Questionnaire:
    """One form in one language for one role, drawn once.

    Parameters
    ----------
    page : Page
        The whole form.
    parts : tuple of Page
        The form page by page.
    blanks : tuple of Blank
        The pages, drawn.
    choices : tuple of Choices
    mark : InstrumentMark
    """

    page: Page
    parts: tuple[Page, ...]
    blanks: tuple[Blank, ...]
    choices: tuple[Choices, ...]
    mark: InstrumentMark

    def page_with(self, item: str) -> int:
        """Return the number of the page on which an item stands."""
        return next(number for number, part in enumerate(self.parts, start=1)
                    if any(question.item == item for question in part.questions))


class Questionnaires:
    """Every form that links may ask for, drawn at first use and kept per version, form, role and language."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._drawn: dict[tuple[str, str, str, str], Questionnaire] = {}

    def languages(self, link: Link) -> tuple[str, ...]:
        """Return the languages in which a link's form can be answered, the preferred one first."""
        spoken = self._instrument(link).languages
        first = link.language if link.language in spoken else "en" if "en" in spoken else spoken[0]
        return (first, *(language for language in spoken if language != first))

    def mark(self, link: Link) -> InstrumentMark:
        """Return what a link's instrument holds now."""
        instrument = self._instrument(link)
        return InstrumentMark(instrument.id, instrument.version, instrument.content_hash)

    def of(self, link: Link, language: str) -> Questionnaire:
        """Return a link's form in one of its languages."""
        key = (link.instrument, link.form, link.role, language)
        if key not in self._drawn:
            self._drawn[key] = self._draw(link, language)
        return self._drawn[key]

    def _draw(self, link: Link, language: str) -> Questionnaire:
        instrument = self._instrument(link)
        page = page_of(instrument, link.form, role=link.role, language=language)
        items = tuple(question.item for question in page.questions)
        parts = tuple(page.only(items[start:start + PAGE_SIZE]) for start in range(0, len(items), PAGE_SIZE))
        languages = tuple(sorted(instrument.languages))
        blanks = tuple(blank_of(part, number=number, of=len(parts), languages=languages,
                                first=1 + PAGE_SIZE * (number - 1)) for number, part in enumerate(parts, start=1))
        return Questionnaire(page, parts, blanks, choices_of(instrument, link.form), self.mark(link))

    def _instrument(self, link: Link) -> Instrument:
        if link.instrument not in self._instruments:
            raise InstrumentError(f"A link asks for the instrument {link.instrument!r}, which is not there",
                                  remedy=f"Known instruments: {', '.join(sorted(self._instruments))}.")
        return self._instruments[link.instrument]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What came of a posted page: the session with it, rows to be kept, and what was refused."""

    session: Session
    rows: tuple[Row, ...]
    refusals: tuple[Refusal, ...]


def session_of(link: Link, questionnaire: Questionnaire, draft: Draft) -> Session:
    """Take a session up where the draft ends; every page may be turned to."""
    occasion = Occasion(link.study, link.wave, link.person, link.target, link.role, link.instrument,
                        link.version or questionnaire.mark.version, link.form, questionnaire.page.language, "web")
    own = {"version": occasion.version, "form": occasion.form}
    session = begin(occasion, questionnaire.choices, next_item=in_pages(PAGE_SIZE),
                    stored=[{**row, **own} for row in draft.rows])
    return turned_to(replace(session, submitted=False), len(questionnaire.parts))


def turned_to(session: Session, number: int) -> Session:
    """Show every page up to `number`."""
    while len(session.pages) < number:
        session = after(session, TurnedPage(len(session.pages) + 1), next_item=in_pages(PAGE_SIZE)).session
    return session


def hear(session: Session, questionnaire: Questionnaire, fields: Fields, at: datetime) -> Heard:
    """Take in a posted page: what can be kept is kept, and each thing refused is told at its question."""
    events, refused = events_in(fields, questionnaire.page, at)
    refusals = list(refused)
    rows: dict[object, Row] = {}
    for event in events:
        step = after(session, event)
        session = step.session
        rows.update((row["item"], row) for row in step.rows)
        if step.refusal:
            refusals.append(step.refusal)
    return Heard(session, tuple(rows.values()), tuple(refusals))


def first_open(session: Session, questionnaire: Questionnaire) -> int:
    """Return the page with the first question that has no row yet; the last page if there is none."""
    kept = session.kept
    waiting: Iterable[str] = (item for item in session.shown if item not in kept)
    first = next(iter(waiting), "")
    return questionnaire.page_with(first) if first else len(questionnaire.parts)
