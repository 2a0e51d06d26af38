"""The shapes in which survey services export answers: rows above them, doubled headings, columns of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Layout = Literal["qualtrics", "limesurvey", "surveymonkey", "google_forms", "microsoft_forms"]
"""Survey services whose exports are recognised."""

LAYOUTS: tuple[Layout, ...] = get_args(Layout)

_UNSAID = ("", "response", "open-ended response")

_FIRST: Mapping[Layout, tuple[tuple[str, ...], ...]] = {
    "limesurvey": (("id", "submitdate", "lastpage", "startlanguage"),
                   ("response id", "date submitted", "last page", "start language")),
    "surveymonkey": (("respondent id", "collector id", "start date", "end date"),
                     ("respondentid", "collectorid", "startdate", "enddate")),
    "google_forms": (("timestamp",), ("zeitstempel",), ("marca temporal",), ("horodateur",),
                     ("carimbo de data/hora",), ("informazioni cronologiche",), ("tijdstempel",)),
    "microsoft_forms": (("id", "start time", "completion time"), ("id", "startzeit", "fertigstellungszeit"),
                        ("id", "hora de inicio", "hora de finalización"), ("id", "heure de début", "heure de fin")),
}

OWN_COLUMNS: Mapping[Layout, tuple[str, ...]] = {
    "qualtrics": ("startdate", "enddate", "status", "ipaddress", "progress", "duration (in seconds)", "finished",
                  "recordeddate", "responseid", "recipientlastname", "recipientfirstname", "recipientemail",
                  "externalreference", "externaldatareference", "locationlatitude", "locationlongitude",
                  "distributionchannel", "userlanguage"),
    "limesurvey": ("id", "submitdate", "lastpage", "startlanguage", "seed", "token", "startdate", "datestamp", "ipaddr",
                   "refurl", "response id", "date submitted", "last page", "start language", "access code",
                   "date started", "date last action", "ip address", "referrer url"),
    "surveymonkey": ("respondent id", "collector id", "start date", "end date", "date created", "date modified",
                     "ip address", "email address", "first name", "last name", "custom data 1", "respondentid",
                     "collectorid", "startdate", "enddate"),
    "google_forms": (*(one[0] for one in _FIRST["google_forms"]), "email address", "username", "score"),
    "microsoft_forms": ("id", "start time", "completion time", "email", "name", "last modified time", "startzeit",
                        "fertigstellungszeit", "e-mail", "total points", "quiz feedback", "hora de inicio",
                        "hora de finalización", "correo electrónico", "nombre", "heure de début", "heure de fin"),
}
"""Headings that a service adds of its own accord, in lower case."""

PERSONAL: tuple[str, ...] = (
    "ipaddress", "ipaddr", "ip address", "recipientlastname", "recipientfirstname", "recipientemail",
    "locationlatitude", "locationlongitude", "email address", "first name", "last name", "email", "e-mail", "name",
    "username", "correo electrónico", "nombre",
)
"""Of these, what says who somebody is; it is never imported."""


@dataclass(frozen=True, slots=True)
class Headed:
    """The rows above the answers, understood.

    Parameters
    ----------
    columns : tuple of str
        One heading a column, each once.
    questions : tuple of str
        The wording of the question in each column, where the file holds it.
    first : int
        Position of the first row of answers, from 0.
    """

    columns: tuple[str, ...]
    questions: tuple[str, ...]
    first: int


def layout_of(rows: Sequence[Sequence[object]]) -> Layout | None:
    """Recognise the service whose export begins with these rows; None for a plain spreadsheet.

    Qualtrics is known by its third row (``{"ImportId": ...}``), SurveyMonkey by two rows of headings of which the
    second begins empty, the others by the columns they put first.
    """
    if not rows:
        return None
    first = [_plain(cell) for cell in rows[0]]
    if len(rows) > 2 and any(str(cell or "").lstrip().startswith('{"ImportId"') for cell in rows[2]):
        return "qualtrics"
    for layout, starts in _FIRST.items():
        if any(tuple(first[:len(start)]) == start for start in starts):
            if layout == "surveymonkey" and not (len(rows) > 1 and not _plain(rows[1][0] if rows[1] else "")):
                continue
            if layout == "google_forms" and len(first) < 2:
                continue
            return layout
    return None


def headed(rows: Sequence[Sequence[object]], layout: Layout) -> Headed:
    """Understand the rows above the answers.

    A heading that stands several times (as Likert rows of forms do) is numbered from the second on: ``Agree (2)``.
    """
    first = [str(cell or "").strip() for cell in rows[0]]
    if layout == "qualtrics":
        second = [str(cell or "").strip() for cell in rows[1]]
        return Headed(_once(first), tuple(_bare(text) for text in second), 3)
    if layout == "surveymonkey":
        return _doubled(first, [str(cell or "").strip() for cell in rows[1]])
    if layout == "limesurvey":
        return Headed(_once(first), tuple(_limesurvey_question(text) for text in first), 1)
    return Headed(_once(first), tuple(_bare(text) for text in first), 1)


def _doubled(first: list[str], second: list[str]) -> Headed:
    """Join SurveyMonkey's two rows: the question stands once above all of its rows."""
    columns, questions, question = [], [], ""
    for position, heading in enumerate(first):
        below = second[position] if position < len(second) else ""
        question = heading or question
        said = below.casefold() not in _UNSAID
        alone = bool(heading) and not (position + 1 < len(first) and not first[position + 1])
        columns.append(f"{question}: {below}" if said and not alone else (below if said and not question else question))
        questions.append(_bare(below if said else question))
    return Headed(_once(columns), tuple(questions), 2)


def _limesurvey_question(heading: str) -> str:
    """Take the wording out of ``Q1[SQ001]. How often ...`` or ``How often ... [I listen]``; a bare code is kept."""
    text = re.sub(r"^\w+(\[\w+\])*\.\s+", "", heading)
    return _bare(text)


def _bare(text: str) -> str:
    """Return the wording itself: of ``Question [Row]`` or ``Question - Row`` the row, without tags and line breaks."""
    plain = " ".join(re.sub(r"<[^>]{0,200}>", " ", text).split())
    found = re.search(r"\[([^\[\]]+)\]$", plain)
    return found.group(1).strip() if found else plain


def _once(headings: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    found = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        found.append(f"{heading} ({seen[heading]})" if heading and seen[heading] > 1 else heading)
    return tuple(found)


def _plain(cell: object) -> str:
    return str(cell or "").strip().casefold()
