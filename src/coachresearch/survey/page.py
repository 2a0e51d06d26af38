"""The form as a web page: drawn once a page and language, then filled in for each person; works without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from coachresearch.survey.form import WORDS, Page, Question, spoken
from coachresearch.survey.session import NextItem, Session, form_order

_FOLDER = Path(__file__).resolve().parent / "templates"
_SLOT = re.compile("\x1f([^\x1f]*)\x1f")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Blank:
    """A page with gaps: text and the names of the gaps, by turns, beginning and ending with text."""

    parts: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> str:
        """Put values, which are HTML, into the gaps; a gap without a value stays empty."""
        return "".join(part if place % 2 == 0 else values.get(part, "") for place, part in enumerate(self.parts))


@dataclass(frozen=True, slots=True)
class Typed:
    """What is put into a page for one person.

    Parameters
    ----------
    fields : mapping of str to str
        Field name to what is in it; from `posted.fields_of`, and what was typed and not kept.
    version : int
        Page version, which comes back with the answers.
    key : str
        Idempotency key of handing in.
    notice : str
        HTML shown above the questions.
    errors : mapping of str to str
        Item to what is wrong with it.
    saved : str
        When the answers were last kept, as shown; empty before.
    answered, of : int
        How far the person has come.
    """

    fields: Mapping[str, str]
    version: int
    key: str
    notice: str = ""
    errors: Mapping[str, str] | None = None
    saved: str = ""
    answered: int = 0
    of: int = 0


def in_pages(size: int) -> NextItem:
    """Ask a form in pages of so many items, in form order."""
    def next_page(session: Session) -> tuple[str, ...]:
        return form_order(session)[:size]

    return next_page


def blank_of(page: Page, *, number: int = 1, of: int = 1, languages: tuple[str, ...] = (), first: int = 1) -> Blank:
    """Draw one page of a form, with gaps for what differs from person to person.

    Parameters
    ----------
    page : Page
        With the questions of this page alone.
    number, of : int
        Which page it is, and how many there are.
    languages : tuple of str
        Languages that the form can be answered in.
    first : int
        Number of the first question, counted through the whole form.
    """
    html = _environment().get_template("form.html").render(
        page=page, language=page.language, direction=page.direction, number=number, of=of, first=first,
        languages=languages, slot=_slot, words=_words(page.language), part=part_of)
    return Blank(tuple(_SLOT.split(html)))


def filled(blank: Blank, typed: Typed, page: Page) -> str:
    """Fill in a page for one person."""
    values = {
        "notice": typed.notice, "version": str(typed.version), "key": str(escape(typed.key)),
        "answered": str(typed.answered), "of": str(typed.of), "saved": str(escape(typed.saved)),
        "progress": str(escape(WORDS.say("progress", page.language, n=typed.answered, of=typed.of))),
    }
    for question in page.questions:
        values.update(_marks(question, typed.fields))
    for item, sentence in (typed.errors or {}).items():
        values[f"error {item}"] = str(Markup('<p class="error" id="e-{}">{}</p>').format(item, sentence))
        values[f"described {item}"] = str(Markup(' aria-describedby="e-{}"').format(item))
    return blank.filled(values)


def drawn(template: str, language: str, /, **facts: object) -> str:
    """Draw a whole page, or a part of one, that has no gaps: start, consent, receipt, refusal, a form in one file."""
    page = facts.get("page")
    way = {"language": page.language, "direction": page.direction} if isinstance(page, Page) else {
        "language": spoken(language), "direction": "ltr"}
    return _environment().get_template(template).render(
        **way, words=_words(language), slot=lambda *_names: "", part=part_of, **facts)


def part_of(question: Question) -> str:
    """Return the name of the field in which an answer is given."""
    return f"a-{question.item}"


def _marks(question: Question, fields: Mapping[str, str]) -> dict[str, str]:
    answer = fields.get(part_of(question), "")
    if question.entry == "choice":
        return {f"checked {question.item} {answer}": " checked"} if answer else {}
    outside = fields.get(f"m-{question.item}", "")
    return {f"value {question.item}": str(escape(_CONTROL.sub("", answer))),
            f"checked {question.item} {outside}": " checked"}


def _slot(*names: object) -> Markup:
    return Markup("\x1f" + " ".join(map(str, names)) + "\x1f")


def _words(language: str) -> object:
    def say(code: str, **params: object) -> str:
        return WORDS.say(code, language, **params)

    return say


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)
