"""The form in a notebook: one widget a page, drawn by the browser, decided in Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.survey.events import Answered, Cleared, Event, Refusal, Reopened, Submitted, now
from coachresearch.survey.form import WORDS, Page, spoken
from coachresearch.survey.session import NextItem, Save, Session, Step, form_order, respond

_STATIC = Path(__file__).resolve().parent / "static"
_STATIC_WORDS = (
    "hint.keys", "saving", "not_answered", "no_reply",
    "button.finish", "button.finish_with_gaps", "button.reopen", "button.retry", "button.clear",
)
_LONGEST_BREAK = 86_400.0


class FormWidget(anywidget.AnyWidget):
    """A form to be filled in, in JupyterLab or Voilà; each answer is saved when it is given.

    Parameters
    ----------
    page : Page
        The form as data.
    session : Session
        A session that was begun.
    save : Save
        Keeps rows; returns only when they are durable.
    next_item : NextItem
        Which items come next.
    clock : function
        Gives the present moment, UTC.

    Raises
    ------
    InstrumentError
        If a question asks for own words, which this form cannot take.

    Notes
    -----
    The browser sends events and never decides: `state` is written in Python alone, with a revision that only grows. An
    answer counts as saved on the page when Python says so, after `save` has returned.
    """

    _esm = _STATIC / "form.js"
    _css = _STATIC / "form.css"
    page = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        page: Page,
        session: Session,
        *,
        save: Save,
        next_item: NextItem = form_order,
        clock: Callable[[], datetime] = now,
    ) -> None:
        written = [question.item for question in page.questions if question.entry == "text"]
        if written:
            raise InstrumentError(
                f"The form {page.form!r} of {page.instrument!r} asks for own words ({', '.join(written)}), and a "
                "notebook offers options only", remedy="Ask it on the web: coachresearch serve STUDY.")
        self._page = page
        self._session = session
        self._save = save
        self._next_item = next_item
        self._clock = clock
        self._errors: dict[str, str] = {}
        self._asked_to_finish = False
        self._heard: dict[str, int] = {}
        self._revision = 0
        self.error: Exception | None = None
        language = page.language
        words = {code: WORDS.say(code, language) for code in _STATIC_WORDS}
        words["saved"] = WORDS.say("saved", language, time="{time}")
        trouble = [WORDS.say("trouble", language, n=n) for n in range(len(page.questions) + 1)]
        super().__init__(page=page.only(session.pages[-1] if session.pages else ()).data(),
                         words={**words, "trouble": trouble, "language": spoken(language)}, state=self._face())
        self.on_msg(self._take_message)

    @property
    def session(self) -> Session:
        """The session as it stands: everything in it has been kept."""
        return self._session

    def tell(self, event: Event) -> Step:
        """Take in one event, from the page or from code, and show what came of it."""
        step = respond(self._session, event, save=self._save, next_item=self._next_item)
        self._session = step.session
        self.error = step.error
        self._note(event, step)
        self._show()
        return step

    def answer(self, item: str, code: int) -> None:
        """Answer one item from code, as if its option had been chosen on the page.

        Raises
        ------
        ResponseError
            If the answer was refused or could not be saved.
        """
        step = self.tell(Answered(item, code, self._clock()))
        if step.refusal:
            raise ResponseError(self._say(step.refusal), where=f"item {item}") from step.error

    def finish(self, *, with_gaps: bool = False) -> None:
        """Finish the form from code.

        Raises
        ------
        ResponseError
            If items have no answer and `with_gaps` was not given, or the form could not be saved.
        """
        step = self.tell(Submitted(self._clock(), with_gaps))
        if step.refusal:
            raise ResponseError(self._say(step.refusal), remedy="Answer them, or finish with gaps.") from step.error

    def __repr__(self) -> str:
        occasion = self._session.occasion
        return f"{occasion.instrument} ({occasion.form}), wave {occasion.wave}: {self._progress()}"

    def _take_message(self, _widget: object, content: Any, _buffers: object) -> None:
        event = _event_from(content, self._clock())
        if event is None:
            self._errors[""] = WORDS.say("refusal.not_understood", self._page.language)
        sender = content if isinstance(content, dict) else {}
        view, number = sender.get("view"), sender.get("number")
        if isinstance(view, str) and isinstance(number, int):
            self._heard = {**self._heard, view: number}
        if event is None:
            self._show()
        else:
            self.tell(event)

    def _note(self, event: Event, step: Step) -> None:
        item = getattr(event, "item", "")
        self._errors.pop("", None)
        self._errors.pop(item, None)
        if isinstance(event, Submitted):
            self._asked_to_finish = step.refusal is not None and step.refusal.code == "gaps"
        if step.refusal is None or step.refusal.code == "gaps":
            return
        if isinstance(event, Submitted):
            self._errors[""] = WORDS.say("trouble.form", self._page.language)
        else:
            known = any(question.item == item for question in self._page.questions)
            self._errors[item if known else ""] = self._say(step.refusal)

    def _show(self) -> None:
        self._revision += 1
        self.state = self._face()

    def _face(self) -> dict[str, Any]:
        session = self._session
        shown = session.shown
        return {
            "revision": self._revision,
            "answers": session.answered,
            "times": {item: kept.at.isoformat() for item, kept in session.kept.items() if kept.code is not None},
            "errors": dict(self._errors),
            "answered": len(session.answered),
            "shown": len(shown),
            "progress": self._progress(),
            "gaps": self._gaps() if self._asked_to_finish and session.gaps else None,
            "finished": self._finished() if session.submitted else "",
            "heard": self._heard,
        }

    def _progress(self) -> str:
        return WORDS.say("progress", self._page.language, n=len(self._session.answered), of=len(self._session.shown))

    def _gaps(self) -> dict[str, Any]:
        gaps = self._session.gaps
        return {"sentence": WORDS.say("gaps", self._page.language, n=len(gaps)), "items": list(gaps)}

    def _finished(self) -> str:
        of, left_out = len(self._session.shown), len(self._session.gaps)
        code = "finished.with_gaps" if left_out else "finished.complete"
        return WORDS.say(code, self._page.language, n=of - left_out, of=of, left_out=left_out)

    def _say(self, refusal: Refusal) -> str:
        return WORDS.say(f"refusal.{refusal.code}", self._page.language, **dict(refusal.params))


def _event_from(content: Any, at: datetime) -> Event | None:
    """Read a message from the page; None if it is not an event. Nothing in it is trusted."""
    if not isinstance(content, dict):
        return None
    seconds = content.get("seconds")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= _LONGEST_BREAK:
        seconds = None
    match content:
        case {"kind": "answered", "item": str(item), "code": int(code)} if not isinstance(code, bool):
            return Answered(item, code, at, seconds)
        case {"kind": "cleared", "item": str(item)}:
            return Cleared(item, at, seconds)
        case {"kind": "submitted", "with_gaps": bool(with_gaps)}:
            return Submitted(at, with_gaps)
        case {"kind": "reopened"}:
            return Reopened()
    return None
