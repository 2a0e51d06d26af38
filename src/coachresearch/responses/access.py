"""Everything that is kept about one person, in one archive: for people to read, and for programs."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.core.errors import StoreError
from coachresearch.responses.exports import guarded
from coachresearch.responses.variables import WORDS
from coachresearch.store.audit import record
from coachresearch.store.consents import consents_of
from coachresearch.store.directory import Directory
from coachresearch.store.erasure import wishes
from coachresearch.store.links import all_links
from coachresearch.store.promise import promised
from coachresearch.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]


def write_access(
    store: Store, person: str, path: Path, *, min_group: int, directory: Path | None = None, who: str = "",
    language: str = "en",
) -> Path:
    """Write what is kept about a person: ``everything.json``, a CSV a table, and a page to read.

    What others answered about the person is told as means of groups; a group with fewer than `min_group` raters who
    answered an item is left out, except the person's own answers. Tokens are not in the store and so not here.

    Parameters
    ----------
    store : Store
    person : str
        Pseudonym.
    path : Path
        A ``.zip``; replaced in one step.
    min_group : int
        The study's smallest group that may be shown, at least 2.
    directory : Path, optional
        The file of names and addresses.
    who : str
        For the audit log, in which the access is noted.
    language : str
        Of the page.

    Raises
    ------
    StoreError
        If nothing is kept about such a person, `min_group` is below 2, or the archive cannot be written.
    """
    if min_group < 2:
        raise StoreError(f"min_group is {min_group}; a group of one is that one's answers", remedy="Use 2 or more.")
    parts = _parts(store, person, min_group, directory)
    if not any(parts.values()):
        raise StoreError(f"Nothing is kept about {person!r}", where=str(store.place),
                         remedy="Check the pseudonym; after an anonymous form or an erasure there is nothing left.")
    mode = promised(store)
    about = {"study": store.study, "person": person, "mode": mode, "made_at": datetime.now(UTC).isoformat()}
    content = {"everything.json": json.dumps({**about, **parts}, ensure_ascii=False, indent=1, default=str),
               "read_me.html": _page(about, parts, min_group, language),
               **{f"{name}.csv": _csv(rows) for name, rows in parts.items() if rows}}
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file, \
                zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in content.items():
                archive.writestr(name, text.encode("utf-8"))
        draft.replace(path)
    except OSError as problem:
        raise StoreError(f"{path.name!r} cannot be written: {problem.strerror}", where=str(path),
                         remedy="Check that the folder is there and may be written to.") from None
    finally:
        draft.unlink(missing_ok=True)
    record(store, "access given", who=who, subject=person, details={name: len(rows) for name, rows in parts.items()})
    return path


def _parts(store: Store, person: str, min_group: int, directory: Path | None) -> dict[str, Rows]:
    history = store.responses(latest=False)
    given = history[history["person"] == person].drop(columns=["batch"])
    scores = store.scores()
    contact = Directory(directory).contact(person) if directory is not None else None
    return {
        "contact": [{"name": contact.name, "address": contact.address, "language": contact.language,
                     "no_contact": contact.no_contact}] if contact else [],
        "links": [{"wave": link.wave, "target": link.target, "role": link.role, "instrument": link.instrument,
                   "state": link.state, "receipt": link.receipt, "opened_at": link.opened_at}
                  for link in all_links(store, person=person)],
        "consents": [{"text_version": one.text_version, "text_hash": one.text_hash, "language": one.language,
                      "choices": json.dumps(dict(one.choices)), "given": one.given, "at": one.at}
                     for one in consents_of(store, person)],
        "given": _rows(given),
        "about": about_person(store.responses(), person, min_group=min_group),
        "scores": _rows(scores[(scores["target"] == person) & (scores["person"] == person)]),
        "left": [{"level": one.level, "scope": one.scope, "at": one.at} for one in wishes(store)
                 if one.person == person],
    }


def about_person(answers: pd.DataFrame, person: str, *, min_group: int) -> Rows:
    """Tell what others answered about a person: wave, role, item, n and mean of groups that may be shown.

    Returns
    -------
    sequence of mappings
        Means rounded to one decimal; texts never; a group below `min_group` not at all, and no total that would give
        it away.
    """
    others = answers[(answers["target"] == person) & (answers["person"] != person) & answers["value"].notna()]
    groups = others.groupby(["wave", "role", "instrument", "item"], sort=True)["value"]
    return [{"wave": wave, "role": role, "instrument": instrument, "item": item,
             "mean": round(float(values.astype(float).mean()), 1), "raters": f"at least {min_group}"}
            for (wave, role, instrument, item), values in groups if len(values) >= min_group]


def _rows(frame: pd.DataFrame) -> Rows:
    plain = frame.astype(object).where(frame.notna(), None)
    rows: Rows = [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
    return rows


def _csv(rows: Rows) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([guarded(value) if value is not None else "" for value in row.values()] for row in rows)
    return text.getvalue()


def _page(about: Mapping[str, str], parts: Mapping[str, Rows], min_group: int, language: str) -> str:
    def say(code: str, **params: object) -> str:
        return html.escape(WORDS.say(f"access.{code}", language, **params))

    title = say("title", study=about["study"], person=about["person"])
    body = [f"<h1>{title}</h1><p>{say('made', day=about['made_at'][:10])} {say('mode.' + about['mode'])}</p>"]
    for name, rows in parts.items():
        body.append(f"<h2>{say(name)}</h2>")
        if name == "about":
            body.append(f"<p>{say('about_note', k=min_group)}</p>")
        body.append(_table(rows) if rows else f"<p>{say('nothing')}</p>")
    return (f"<!DOCTYPE html><html lang=\"{html.escape(language)}\"><head><meta charset=\"utf-8\">"
            f"<meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>"
            "<style>body{font:16px system-ui;margin:2rem;max-width:70rem}table{border-collapse:collapse}"
            "td,th{border:1px solid #999;padding:.2rem .5rem;text-align:start}.wide{overflow-x:auto}</style>"
            f"</head><body>{''.join(body)}</body></html>")


def _table(rows: Rows) -> str:
    def cell(value: object) -> str:
        return f"<td><bdi>{'' if value is None else html.escape(str(value))}</bdi></td>"

    head = "".join(f"<th scope=\"col\">{html.escape(str(name))}</th>" for name in rows[0])
    lines = "".join(f"<tr>{''.join(cell(value) for value in row.values())}</tr>" for row in rows)
    return f"<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
