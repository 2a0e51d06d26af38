"""The form as one file, where no server is allowed: answered in a browser, handed back as a small JSON file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from coachresearch.core.errors import Fault, ResponseError
from coachresearch.survey.form import WORDS, Page
from coachresearch.survey.page import drawn
from coachresearch.survey.posted import Fields
from coachresearch.survey.session import Occasion

FORMAT = "coachresearch answers 1"
_STATIC = Path(__file__).resolve().parent / "static"
_LARGEST = 2_000_000
_FACTS = ("study", "wave", "person", "target", "role", "instrument", "version", "form", "language", "content_hash")


@dataclass(frozen=True, slots=True)
class Returned:
    """A file of answers as it came back.

    Parameters
    ----------
    facts : mapping of str to str
        study, wave, person, target, role, instrument, version, form, language and content_hash, as the file has them.
    fields : tuple of (str, str)
        Answers, as a posted page has them.
    finished_at : datetime
        By the clock of the respondent's computer, UTC.
    """

    facts: Mapping[str, str]
    fields: Fields
    finished_at: datetime


def static_form(page: Page, occasion: Occasion, content_hash: str, *, lines: tuple[str, ...] = ()) -> str:
    """Draw a whole form as one HTML file for one person; it asks nothing of any server.

    Parameters
    ----------
    page : Page
    occasion : Occasion
        Who answers what about whom; comes back with the answers.
    content_hash : str
        Of the instrument, so that an edited one is noticed when the answers come back.
    lines : tuple of str
        What is said first, a paragraph each.
    """
    facts = {name: getattr(occasion, name) for name in _FACTS[:-1]} | {"content_hash": content_hash}
    style = _lean((_STATIC / "page.css").read_text(encoding="utf-8"))
    script = (_STATIC / "static_form.js").read_text(encoding="utf-8")
    return drawn(
        "static_form.html", page.language, page=page, lines=lines, facts=json.dumps(facts, ensure_ascii=False),
        progress=WORDS.say("file.progress", page.language, n="{n}", of=len(page.questions)), style=Markup(style),
        style_hash=_hash(style), script=Markup(script), script_hash=_hash(script), first=1)


def paper_form(page: Page, occasion: Occasion, *, lines: tuple[str, ...] = ()) -> str:
    """Draw a whole form for the printer: a box and its code for each option, lines for own words."""
    return drawn("paper.html", page.language, page=page, lines=lines, person=occasion.person, target=occasion.target,
                 wave=occasion.wave)


def is_returned(file: Path) -> bool:
    """Whether a file looks like answers that such a form handed back."""
    if file.suffix.lower() != ".json" or not file.is_file():
        return False
    with file.open("rb") as opened:
        return FORMAT.encode("ascii") in opened.read(400)


def read_returned(file: Path) -> Returned:
    """Read a file of answers; nothing in it is trusted.

    Raises
    ------
    ResponseError
        If it is not such a file, with every fault found.
    """
    if file.stat().st_size > _LARGEST:
        raise ResponseError(f"{file.name!r} is larger than answers to a form can be", where=str(file),
                            remedy="Ask for the file again.")
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise ResponseError(f"{file.name!r} is not whole: {problem}", where=str(file),
                            remedy="Ask for the file again.") from None
    content = content if isinstance(content, dict) else {}
    faults = [Fault(f"{name!r} is missing or no text", str(file), "Ask for the file again.")
              for name in ("format", *_FACTS, "finished_at") if not isinstance(content.get(name), str)]
    fields = content.get("fields")
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        faults.append(Fault("'fields' are not answers", str(file), "Ask for the file again."))
    if not faults and content["format"] != FORMAT:
        faults.append(Fault(f"The format is {content['format']!r}, not {FORMAT!r}", str(file), "Use a newer version."))
    finished = _time(content.get("finished_at"))
    if finished is None:
        faults.append(Fault(f"'finished_at' is no time: {content.get('finished_at')!r}", str(file),
                            "Ask for the file again."))
    if faults or finished is None:
        raise ResponseError.of(faults)
    return Returned({name: content[name] for name in _FACTS}, tuple(content["fields"].items()), finished)


def _time(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
        return time.astimezone(UTC) if time is not None and time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _lean(style: str) -> str:
    return re.sub(r"\s*\n\s*", "\n", style).strip()
