"""A page of a questionnaire as plain data: what a notebook, a browser or a printer then draws."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.contracts import MissingKind, RaterRole
from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.instruments.instrument import Entry, Instrument, Item, Words, text_for, words_in
from coachresearch.survey.session import Choices

WORDS = Catalogue(Path(__file__).resolve().parent / "messages")
"""What respondents read around the questions: progress, errors, buttons."""

_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: the code that is kept, the label, and its kind if it lies outside the scale."""

    code: int
    label: str
    missing: MissingKind | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One item as it is shown.

    Parameters
    ----------
    item : str
        Item id.
    text : str
        The question in one language, for one rater role.
    options : tuple of Option
        The points of the response scale, in order.
    outside : tuple of Option
        Options that are no point of the scale, such as "no chance to see".
    entry : {"choice", "number", "text"}
        Whether an option is chosen, a whole number entered (one option for each number allowed), or own words written.
    unit : str
        What a number counts, such as minutes.
    """

    item: str
    text: str
    options: tuple[Option, ...]
    outside: tuple[Option, ...] = ()
    entry: Entry = "choice"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: a title, what is said first, and the questions in order.

    Parameters
    ----------
    instrument, version, form : str
        What the page was made from.
    role : RaterRole
        Whose wording it carries.
    language, direction : str
        Language code, and ``ltr`` or ``rtl``.
    title, instructions, note : str
        Heading, what the respondent is told, and what everyone must know about a draft; empty if there is nothing.
    questions : tuple of Question
    """

    instrument: str
    version: str
    form: str
    role: RaterRole
    language: str
    direction: Literal["ltr", "rtl"]
    title: str
    instructions: str
    note: str
    questions: tuple[Question, ...]

    def only(self, items: tuple[str, ...]) -> Page:
        """Return a page with the questions named in `items`, in that order."""
        by_item = {question.item: question for question in self.questions}
        return replace(self, questions=tuple(by_item[item] for item in items))

    def text(self, item: str) -> str:
        """Return the wording of one question."""
        return next(question.text for question in self.questions if question.item == item)

    def data(self) -> dict[str, Any]:
        """Return the page as dictionaries, sequences and scalars, ready for JSON."""
        return asdict(self)


def page_of(instrument: Instrument, form: str = "full", *, role: RaterRole = "self", language: str = "en") -> Page:
    """Lay out a whole form as one page.

    Parameters
    ----------
    instrument : Instrument
    form : str
        Which of the instrument's forms.
    role : RaterRole
        Whose wording is shown: who answers, seen from the target.
    language : str
        Language of the wording; it is never mixed with another one.

    Raises
    ------
    InstrumentError
        If the form is not for this role, or wording or labels are missing; every fault is named.
    """
    chosen = instrument.form(form)
    if role not in chosen.roles:
        raise InstrumentError(f"Form {form!r} of {instrument.id!r} is not answered by the role {role!r}",
                              remedy=f"It is answered by: {', '.join(chosen.roles)}.")
    if not any(instrument.item(item).text for item in chosen.items):
        raise InstrumentError(
            f"Instrument {instrument.id!r} holds keys only: the wording of its items belongs to its owner",
            where=instrument.path, remedy="Add the wording under your own licence, or import the answers from a file.")
    faults: list[Fault] = []
    questions = tuple(_question(instrument, item, role, language, faults) for item in chosen.items)
    if faults:
        raise InstrumentError.of(faults)
    return Page(
        instrument.id, instrument.version, form, role, language,
        "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
        words_in(instrument.title, language), _instructions(instrument, role, language),
        WORDS.say("note.draft", language) if instrument.status == "draft" else "", questions,
    )


def choices_of(instrument: Instrument, form: str = "full") -> tuple[Choices, ...]:
    """Return what may be answered to each item of a form, in form order."""
    found = []
    for item in instrument.form(form).items:
        scale = instrument.response_scale(item)
        found.append(Choices(item, scale.values, tuple((code, kind) for code, kind, _ in scale.missing), scale.entry))
    return tuple(found)


def spoken(language: str) -> str:
    """Return the language in which the words around the questions appear: the one asked for, or English."""
    return language if (WORDS.folder / language).is_dir() else "en"


def _question(instrument: Instrument, item_id: str, role: str, language: str, faults: list[Fault]) -> Question:
    item, scale = instrument.item(item_id), instrument.response_scale(item_id)
    place = f"instrument {instrument.id}, response scale {scale.id}"
    options = tuple(Option(code, _label(words, code, language, place, faults))
                    for code, words in zip(scale.values, scale.labels, strict=True))
    outside = tuple(Option(code, _label(words, code, language, place, faults), kind)
                    for code, kind, words in scale.missing)
    unit = words_in(scale.unit, language) if scale.unit else ""
    return Question(item_id, _wording(item, role, language, faults), options, outside, scale.entry, unit)


def _wording(item: Item, role: str, language: str, faults: list[Fault]) -> str:
    try:
        return text_for(item, role, language)
    except InstrumentError as error:
        faults += error.faults
        return ""


def _label(words: Words, code: int, language: str, place: str, faults: list[Fault]) -> str:
    if not words:
        return str(code)
    spoken = dict(words)
    if language not in spoken:
        fault = Fault(f"Option {code} has no label in language {language!r}", place, f"It has: {', '.join(spoken)}.")
        if fault not in faults:
            faults.append(fault)
        return ""
    return spoken[language]


def _instructions(instrument: Instrument, role: str, language: str) -> str:
    by_role = dict(instrument.instructions)
    words = by_role.get(role) or (by_role.get("other", ()) if role != "self" else ())
    return words_in(words, language)
