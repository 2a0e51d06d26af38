"""Taking a session up again from the rows that were kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from coachresearch.core.errors import Fault, ResponseError
from coachresearch.survey.session import Answer, Choices, NextItem, Occasion, Session, form_order, page_from


def begin(
    occasion: Occasion,
    choices: tuple[Choices, ...],
    *,
    next_item: NextItem = form_order,
    stored: Iterable[Mapping[str, Any]] = (),
) -> Session:
    """Begin a session with its first page, or take it up where the stored rows end.

    Parameters
    ----------
    occasion : Occasion
    choices : tuple of Choices
        Every item that may be shown.
    next_item : NextItem
        Which items come next.
    stored : iterable of mapping
        Rows kept earlier for the same study, wave, person, target, role and instrument; empty cells are None.

    Returns
    -------
    Session
        Finished if every item has a row and no page is left; otherwise open, at the last page that holds an answer.

    Raises
    ------
    ResponseError
        If stored rows belong to another version or form, or to items or values that are not offered now.
    """
    session = Session(occasion, choices)
    waiting = _restored(session, tuple(stored))
    session = replace(session, revision=len(waiting))
    while True:
        page = page_from(next_item, session)
        if not page:
            break
        session = replace(session, pages=(*session.pages, page),
                          answers=(*session.answers, *(waiting.pop(item) for item in page if item in waiting)))
        if not waiting:
            break
    if waiting:
        raise ResponseError(
            f"Stored answers were given to items that are not shown now: {', '.join(waiting)}",
            where=_place(occasion), remedy="Ask with the same order of items as before.")
    settled = len(session.answers) == len(session.shown) and not page_from(next_item, session)
    return replace(session, submitted=settled)


def _restored(session: Session, rows: tuple[Mapping[str, Any], ...]) -> dict[str, Answer]:
    choices = {known.item: known for known in session.choices}
    faults = [fault for row in rows for fault in _misfits(session.occasion, choices, row)]
    if faults:
        raise ResponseError.of(faults)
    in_order = sorted(rows, key=lambda row: (row["answered_at"], row["position"] or 0))
    return {row["item"]: _answer_in(choices[row["item"]], row) for row in in_order}


def _answer_in(choices: Choices, row: Mapping[str, Any]) -> Answer:
    kinds = {kind: code for code, kind in reversed(choices.missing)}
    code = row["value"] if row["value"] is not None else kinds.get(row["missing"])
    return Answer(row["item"], None if code is None else int(code), row["seconds"], row["answered_at"],
                  row.get("text") if choices.entry == "text" else None)


def _misfits(occasion: Occasion, choices: Mapping[str, Choices], row: Mapping[str, Any]) -> list[Fault]:
    place = f"{_place(occasion)}, item {row['item']}"
    found = [Fault(f"Stored answers were given to {name} {row[name]!r}, and {name} {now!r} is asked now", place,
                   f"Ask with {name} {row[name]!r}, or as another wave.")
             for name, now in (("version", occasion.version), ("form", occasion.form)) if row[name] != now]
    if found:
        return found
    if row["item"] not in choices:
        return [Fault(f"A stored answer was given to item {row['item']!r}, which is not asked now", place,
                      "Ask with the same instrument and form as before.")]
    allowed = choices[row["item"]].values
    if row["value"] is not None and row["value"] not in allowed:
        return [Fault(f"The stored answer {row['value']} is not on the response scale ({_listed(allowed)})", place,
                      "Correct the stored answer.")]
    kinds = ("skipped", *(kind for _, kind in choices[row["item"]].missing))
    written = choices[row["item"]].entry == "text" and row.get("text") is not None
    if row["value"] is None and not written and row["missing"] not in kinds:
        return [Fault(f"The stored kind of missing answer {row['missing']!r} is not offered ({_listed(kinds)})", place,
                      "Correct the stored answer.")]
    return []


def _place(occasion: Occasion) -> str:
    return (f"study {occasion.study}, wave {occasion.wave}, person {occasion.person}, target {occasion.target}, "
            f"instrument {occasion.instrument}")


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
