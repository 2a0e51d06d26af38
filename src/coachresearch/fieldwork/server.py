"""The web server of a study: from the link to the receipt, and nothing shown as saved that is not on disk."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from coachresearch.core.errors import CoachResearchError, StoreError
from coachresearch.fieldwork.asking import (
    ConsentText,
    Heard,
    Questionnaire,
    Questionnaires,
    first_open,
    hear,
    session_of,
)
from coachresearch.fieldwork.guard import Guard, Guesses
from coachresearch.instruments.instrument import Instrument
from coachresearch.store.consents import consent_of, record_consent, text_hash
from coachresearch.store.drafts import Draft, draft, save_draft
from coachresearch.store.links import SESSION_DAYS, Link, end_session, look_up, open_session, session
from coachresearch.store.refusals import LinkNotOpen, OtherBody, Refused, StalePage
from coachresearch.store.store import Store
from coachresearch.store.submissions import SHORTEST_KEY, submit
from coachresearch.survey.events import Submitted, now
from coachresearch.survey.form import WORDS, spoken
from coachresearch.survey.page import Typed, drawn, filled
from coachresearch.survey.posted import Fields, body_of, fields_of, merged
from coachresearch.survey.session import Session, after

COOKIE = "coachresearch"
MOST_FIELDS = 2_000
GUESSES, WITHIN = 30, 600.0
"""Unknown tokens that one address may try within so many seconds."""
_WAIT_FOR_DISK = 15.0
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z]{2,4})?")
_STATIC = Path(__file__).resolve().parents[1] / "survey" / "static"
_FILES = {"page.css": "text/css", "page.js": "text/javascript"}


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """What the pages need: where answers go, what is asked, and the clock."""

    store: Store
    questionnaires: Questionnaires
    title: str
    consent: ConsentText
    guesses: Guesses
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One request, read: the posted fields, the session id, and what kind of answer is wanted."""

    path: str
    query: Mapping[str, str]
    fields: Fields
    session_id: str
    address: str
    secure: bool
    json: bool

    def field(self, name: str) -> str:
        """Return the first value of a field; empty if it is not there."""
        return next((value for known, value in self.fields if known == name), "")

    @property
    def language(self) -> str:
        """The language asked for, if the pages around the form speak it; English otherwise."""
        wanted = self.field("_language") or self.query.get("language", "")
        return spoken(wanted) if _LANGUAGE.fullmatch(wanted) else "en"

    def number(self, name: str) -> int:
        """Return a field or a part of the query as a whole number; 0 if it is none."""
        text = self.field(name) or self.query.get(name.removeprefix("_"), "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


Handler = Callable[[Asker, Call], Response]


class _Changed(Exception):
    """The questionnaire is not the version that the link was opened with."""


def collection_app(
    store: Store, instruments: Mapping[str, Instrument], *, title: str = "", consent: ConsentText | None = None,
    clock: Callable[[], datetime] = now, ticks: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Make the web application of one study.

    Parameters
    ----------
    store : Store
        Where the links are and the answers go.
    instruments : mapping of str to Instrument
        What links may ask for.
    title : str
        Shown on the pages around the form.
    consent : ConsentText, optional
        What people agree to first; the usual text if left out.
    clock, ticks : function
        The present moment (UTC), and seconds that only grow.

    Returns
    -------
    Starlette
        Pages: ``/l/TOKEN`` (changes nothing), ``/open``, ``/consent``, ``/form``, ``/submit``, ``/leave``, ``/health``.
    """
    asker = Asker(store, Questionnaires(instruments), title or WORDS.say("web.title"), consent or ConsentText(),
                  Guesses(GUESSES, WITHIN, ticks), clock)

    def page(path: str, handler: Handler, method: str) -> Route:
        async def answer(request: Request) -> Response:
            return await _answered(asker, request, handler)

        return Route(path, answer, methods=[method])

    async def missing(_request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        return _message(asker, "web.unknown" if status in (404, 405) else "web.malformed", status)

    async def broken(_request: Request, _problem: Exception) -> Response:
        return _message(asker, "web.unavailable", 500)

    return Starlette(
        routes=[
            page("/l/{token:path}", _start, "GET"), page("/open", _open, "POST"), page("/consent", _consent, "POST"),
            page("/form", _show, "GET"), page("/form", _keep, "POST"), page("/submit", _hand_in, "POST"),
            page("/submit", _show, "GET"), page("/leave", _leave, "POST"), page("/health", _health, "GET"),
            *(Route(f"/static/{name}", _static(name)) for name in _FILES),
        ],
        middleware=[Middleware(Guard, say=lambda code, status: _message(asker, code, status))],
        exception_handlers={HTTPException: missing, Exception: broken},
    )


async def _answered(asker: Asker, request: Request, handler: Handler) -> Response:
    """Read a request and have it answered in a thread, so that waiting for the disk holds nobody else up."""
    try:
        fields = await _fields(request)
    except ValueError:
        return _message(asker, "web.malformed", 400)
    token = request.path_params.get("token")
    call = Call(request.url.path, {**request.query_params, **({"token": token} if token else {})}, fields,
                request.cookies.get(COOKIE, ""), request.client.host if request.client else "",
                request.url.scheme == "https", "application/json" in request.headers.get("accept", ""))
    return await run_in_threadpool(_safely, asker, call, handler)


async def _fields(request: Request) -> Fields:
    if request.method != "POST":
        return ()
    body = await request.body()
    if not body:
        return ()
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ValueError(kind)
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS,
                      encoding="utf-8", errors="replace")
    return tuple((name, value.replace("\r\n", "\n")) for name, value in pairs)


def _safely(asker: Asker, call: Call, handler: Handler) -> Response:
    try:
        return handler(asker, call)
    except LinkNotOpen as problem:
        return _not_open(asker, call, problem)
    except _Changed:
        return _told(asker, call, "web.changed", 409)
    except Refused as problem:
        code = "web.other_body" if isinstance(problem, OtherBody) else "web.malformed"
        return _told(asker, call, code, 409, to_form=True)
    except StoreError:
        return _not_stored(asker, call)
    except CoachResearchError:
        return _told(asker, call, "web.unavailable", 500)


def _start(asker: Asker, call: Call) -> Response:
    token = call.query.get("token", "")
    link = look_up(asker.store, token, now=asker.clock())
    if link is None or link.state not in ("open", "closed"):
        return _unknown(asker, call)
    return HTMLResponse(drawn("start.html", _language(asker, call, link), title=asker.title, mode=link.mode,
                              token=token))


def _open(asker: Asker, call: Call) -> Response:
    token = call.field("token")
    link = look_up(asker.store, token, now=asker.clock())
    if link is None or link.state not in ("open", "closed"):
        return _unknown(asker, call)
    new = open_session(asker.store, token, mark=asker.questionnaires.mark(link), now=asker.clock(),
                       timeout=_WAIT_FOR_DISK)
    if new is None:
        return _unknown(asker, call)
    answer = RedirectResponse("/form", 303)
    answer.set_cookie(COOKIE, new, max_age=SESSION_DAYS * 86_400, httponly=True, samesite="lax", secure=call.secure)
    return answer


def _consent(asker: Asker, call: Call) -> Response:
    link = _link(asker, call)
    language = _language(asker, call, link)
    text = "\n".join(asker.consent.lines(link.mode, language))
    given = call.field("given")
    if call.field("_hash") == text_hash(text) and given in ("yes", "no"):
        record_consent(asker.store, call.session_id, text_version=asker.consent.version, text=text, language=language,
                       choices={}, given=given == "yes", now=asker.clock(), timeout=_WAIT_FOR_DISK)
    return RedirectResponse("/form", 303)


def _show(asker: Asker, call: Call) -> Response:
    found = session(asker.store, call.session_id, now=asker.clock())
    if found is None:
        return _told(asker, call, "web.session", 401)
    if found.state == "closed":
        return HTMLResponse(drawn("receipt.html", found.language or "en", title=asker.title, code=found.receipt,
                                  again=True))
    link = _link(asker, call)
    language = _language(asker, call, link)
    if (asked := _unconsented(asker, call, link, language)) is not None:
        return asked
    questionnaire, kept, person = _taken_up(asker, call, link)
    number = call.number("_page")
    number = number if 1 <= number <= len(questionnaire.parts) else first_open(person, questionnaire)
    return _page(asker, questionnaire, person, kept, number, fields_of(person))


def _keep(asker: Asker, call: Call) -> Response:
    link = _link(asker, call)
    if (asked := _unconsented(asker, call, link, _language(asker, call, link))) is not None:
        return asked
    questionnaire, kept, person = _taken_up(asker, call, link)
    heard = hear(person, questionnaire, call.fields, asker.clock())
    number = min(max(call.number("_page"), 1), len(questionnaire.parts))
    try:
        kept = _kept(asker, call, kept, heard)
    except StalePage as problem:
        return _stale(asker, call, questionnaire, person, kept, number, problem)
    if heard.refusals:
        return _refused(asker, call, questionnaire, heard, kept, number)
    if call.json:
        return JSONResponse(_news(questionnaire, heard.session, kept))
    onward = number + {"next": 1, "back": -1}.get(call.field("_go"), 0)
    return RedirectResponse(f"/form?page={min(max(onward, 1), len(questionnaire.parts))}"
                            f"&language={questionnaire.page.language}", 303)


def _hand_in(asker: Asker, call: Call) -> Response:
    key, body = call.field("_key"), body_of(call.fields)
    if len(key) < SHORTEST_KEY:
        return _told(asker, call, "web.malformed", 422, to_form=True)
    found = session(asker.store, call.session_id, now=asker.clock())
    if found is None or found.state == "closed":
        return _handed_in(asker, call, key, (), body, found)
    link = _link(asker, call)
    if (asked := _unconsented(asker, call, link, _language(asker, call, link))) is not None:
        return asked
    questionnaire, kept, person = _taken_up(asker, call, link)
    number = min(max(call.number("_page"), 1), len(questionnaire.parts))
    heard = hear(person, questionnaire, call.fields, asker.clock())
    if kept.page_version != call.number("_version"):
        problem = StalePage(kept.page_version, kept.saved_at or asker.clock())
        return _stale(asker, call, questionnaire, person, kept, number, problem)
    if heard.refusals:
        return _refused(asker, call, questionnaire, heard, _kept(asker, call, kept, heard), number)
    step = after(heard.session, Submitted(asker.clock(), call.field("_gaps") == "yes"))
    if step.refusal:
        kept = _kept(asker, call, kept, heard)
        gaps = [(item, questionnaire.page.text(item), questionnaire.page_with(item)) for item in heard.session.gaps]
        notice = _notice(questionnaire, number, gaps=gaps)
        return _page(asker, questionnaire, heard.session, kept, number, fields_of(heard.session), notice=notice,
                     status=422)
    return _handed_in(asker, call, key, (*heard.rows, *step.rows), body, link)


def _handed_in(
    asker: Asker, call: Call, key: str, rows: tuple[dict[str, object], ...], body: str, link: Link | None
) -> Response:
    receipt = submit(asker.store, call.session_id, key, rows, body=body, now=asker.clock(), timeout=_WAIT_FOR_DISK)
    return HTMLResponse(drawn("receipt.html", (link.language if link else None) or "en", title=asker.title,
                              code=receipt.code, again=False))


def _leave(asker: Asker, call: Call) -> Response:
    if call.session_id:
        end_session(asker.store, call.session_id)
    answer = _told(asker, call, "web.left", 200)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=call.secure)
    return answer


def _health(asker: Asker, _call: Call) -> Response:
    try:
        asker.store.write(lambda _connection: None, timeout=_WAIT_FOR_DISK)
    except CoachResearchError as problem:
        return JSONResponse({"stored": False, "why": str(problem.faults[0].what)}, 503)
    return JSONResponse({"stored": True})


def _static(name: str) -> Callable[[Request], Any]:
    content = (_STATIC / name).read_bytes()

    async def give(_request: Request) -> Response:
        return Response(content, media_type=_FILES[name], headers={"cache-control": "public, max-age=3600"})

    return give


def _link(asker: Asker, call: Call) -> Link:
    link = session(asker.store, call.session_id, now=asker.clock())
    if link is None or link.state != "open":
        raise LinkNotOpen(None if link is None else link.state)
    return link


def _language(asker: Asker, call: Call, link: Link) -> str:
    languages = asker.questionnaires.languages(link)
    wanted = call.field("_language") or call.query.get("language", "")
    return wanted if wanted in languages else languages[0]


def _unconsented(asker: Asker, call: Call, link: Link, language: str) -> Response | None:
    """Return the page that asks for consent, or None if it was given to the text in one of the form's languages."""
    texts = {one: "\n".join(asker.consent.lines(link.mode, one)) for one in asker.questionnaires.languages(link)}
    found = [decided for text in dict.fromkeys(texts.values())
             if (decided := consent_of(asker.store, call.session_id, text=text)) is not None]
    latest = max(found, key=lambda decided: decided.at, default=None)
    if latest is not None and latest.given:
        return None
    if call.json:
        return JSONResponse({"message": WORDS.say("web.session", language), "again": False}, 403)
    return HTMLResponse(drawn(
        "consent.html", language, title=WORDS.say("consent.title", language), refused=latest is not None,
        lines=asker.consent.lines(link.mode, language), version=asker.consent.version,
        digest=text_hash(texts[language])))


def _taken_up(asker: Asker, call: Call, link: Link) -> tuple[Questionnaire, Draft, Session]:
    questionnaire = asker.questionnaires.of(link, _language(asker, call, link))
    if link.version is not None and link.version != questionnaire.mark.version:
        raise _Changed
    kept = draft(asker.store, call.session_id, now=asker.clock())
    return questionnaire, kept, session_of(link, questionnaire, kept)


def _kept(asker: Asker, call: Call, kept: Draft, heard: Heard) -> Draft:
    if not heard.rows:
        return kept
    rows = [{name: value for name, value in row.items() if value is not None} for row in heard.rows]
    return save_draft(asker.store, call.session_id, call.number("_version"), rows, now=asker.clock(),
                      timeout=_WAIT_FOR_DISK)


def _page(
    asker: Asker, questionnaire: Questionnaire, person: Session, kept: Draft, number: int, fields: Mapping[str, str], *,
    notice: str = "", errors: Mapping[str, str] | None = None, status: int = 200,
) -> Response:
    page = questionnaire.parts[number - 1]
    saved = WORDS.say("saved", page.language, time=f"{kept.saved_at:%H:%M} UTC") if kept.saved_at else ""
    typed = Typed(fields, kept.page_version, secrets.token_urlsafe(24), notice, errors, saved,
                  len(person.shown) - len(person.gaps), len(person.shown))
    return HTMLResponse(filled(questionnaire.blanks[number - 1], typed, page), status)


def _stale(
    asker: Asker, call: Call, questionnaire: Questionnaire, person: Session, kept: Draft, number: int,
    problem: StalePage,
) -> Response:
    sentence = WORDS.say("web.other_window", questionnaire.page.language, time=f"{problem.saved_at:%H:%M}")
    if call.json:
        return JSONResponse({"message": sentence, "again": False}, 409)
    old = Draft(call.number("_version"), kept.saved_at, kept.rows)
    notice = _notice(questionnaire, number, sentence=sentence)
    return _page(asker, questionnaire, person, old, number, merged(fields_of(person), call.fields), notice=notice,
                 status=409)


def _refused(
    asker: Asker, call: Call, questionnaire: Questionnaire, heard: Heard, kept: Draft, number: int
) -> Response:
    language = questionnaire.page.language
    told = {refusal.item: WORDS.say(f"refusal.{refusal.code}", language, **dict(refusal.params))
            for refusal in heard.refusals}
    if call.json:
        return JSONResponse({"message": " ".join(told.values()), "again": False} | _news(
            questionnaire, heard.session, kept), 422)
    known = {question.item: question.text for question in questionnaire.page.questions}
    notice = _notice(questionnaire, number, errors=[(item, known.get(item, item), why) for item, why in told.items()])
    return _page(asker, questionnaire, heard.session, kept, number, merged(fields_of(heard.session), call.fields),
                 notice=notice, errors=told, status=422)


def _news(questionnaire: Questionnaire, person: Session, kept: Draft) -> dict[str, Any]:
    answered, of = len(person.shown) - len(person.gaps), len(person.shown)
    return {"version": kept.page_version, "saved_at": kept.saved_at.isoformat() if kept.saved_at else None,
            "answered": answered, "progress": WORDS.say("progress", questionnaire.page.language, n=answered, of=of)}


def _notice(
    questionnaire: Questionnaire, number: int, *, sentence: str = "", errors: list[tuple[str, str, str]] | None = None,
    gaps: list[tuple[str, str, int]] | None = None,
) -> str:
    return drawn("notice.html", questionnaire.page.language, sentence=sentence, errors=errors or [], gaps=gaps or [],
                 number=number, reload=bool(sentence))


def _unknown(asker: Asker, call: Call) -> Response:
    """Answer a token that opens nothing: the same page, whatever is wrong with it."""
    if asker.guesses.too_many(call.address):
        return _told(asker, call, "web.too_many", 429)
    return _told(asker, call, "web.unknown", 404)


def _not_open(asker: Asker, call: Call, problem: LinkNotOpen) -> Response:
    if problem.state == "closed":
        found = session(asker.store, call.session_id, now=asker.clock())
        if call.json or found is None:
            return _told(asker, call, "web.other_body", 409)
        return HTMLResponse(drawn("receipt.html", found.language or "en", title=asker.title, code=found.receipt,
                                  again=True), 409)
    if problem.state is not None:
        return _told(asker, call, "web.unknown", 404)
    if call.fields and not call.json:
        return _again(asker, call, "web.session", 401)
    return _told(asker, call, "web.session", 401)


def _not_stored(asker: Asker, call: Call) -> Response:
    """Answer while nothing can be stored: what was typed stays in the page, and can be sent again."""
    if call.json:
        return JSONResponse({"message": WORDS.say("web.not_stored", call.language), "again": True}, 503)
    if not call.fields:
        return _message(asker, "web.unavailable", 503, language=call.language)
    return _again(asker, call, "web.not_stored", 503)


def _again(asker: Asker, call: Call, code: str, status: int) -> Response:
    """Give back what was typed, with a button that sends it again."""
    return HTMLResponse(drawn("again.html", call.language, title=asker.title, action=call.path, fields=call.fields,
                              sentence=WORDS.say(code, call.language)), status)


def _told(asker: Asker, call: Call, code: str, status: int, *, to_form: bool = False) -> Response:
    if call.json:
        return JSONResponse({"message": WORDS.say(code, call.language), "again": False}, status)
    return _message(asker, code, status, language=call.language, to_form=to_form)


def _message(asker: Asker, code: str, status: int, *, language: str = "en", to_form: bool = False) -> Response:
    return HTMLResponse(drawn("message.html", language, title=asker.title, sentence=WORDS.say(code, language),
                              to_form=to_form), status)
