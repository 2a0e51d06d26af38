"""Data protection on the command line: promise, access, leaving, retention, backup, restore, log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coachresearch.core.errors import StoreError

if TYPE_CHECKING:
    from coachresearch.apps.folder import StudyFolder
    from coachresearch.store.erasure import Left
    from coachresearch.store.store import Store

data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                       help="Keep promises: access, leaving, erasure, retention, backup and restore.")

DIRECTORY = "directory.db"
"""Name of the file of names and addresses in a study folder."""

BACKUPS = "backups"

Folder = Annotated[Path, typer.Argument(help="Study folder, or its study.yaml.")]
Person = Annotated[str, typer.Argument(help="Pseudonym.")]
Database = Annotated[str, typer.Option(help="Where the answers lie, if not in the study folder: a file or "
                                            "postgresql+psycopg://host/name.")]


@data_app.command("status")
def status(study: Folder, database: Database = "") -> None:
    """Say what is kept, under which promise, and until when."""
    from coachresearch.store.retention import retention

    with _opened(study, database) as (folder, store):
        typer.echo(_say("answers", answers=len(store.responses(latest=False)), people=retention(store).people,
                        database=store.place.name))
        typer.echo(_promise_line(folder, store))
        typer.echo(_until_line(store))


@data_app.command("promise")
def promise_mode(
    study: Folder,
    mode: Annotated[str, typer.Argument(help="anonymous, confidential or identified.")],
    database: Database = "",
) -> None:
    """Decide what respondents are promised; fixed once somebody has begun to answer."""
    from coachresearch.store.promise import MODES, promise

    with _opened(study, database, create=True) as (folder, store):
        chosen = next((one for one in MODES if one == mode), None)
        if chosen is None:
            raise StoreError(f"There is no mode {mode!r}", remedy=f"Choose one of {', '.join(MODES)}.")
        promise(store, chosen)
        typer.echo(_promise_line(folder, store))


@data_app.command("access")
def access(
    study: Folder, person: Person,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The .zip; in the study folder if not said.")] = None,
    database: Database = "",
) -> None:
    """Write everything that is kept about one person into a .zip, to be handed to them."""
    from coachresearch.responses.access import write_access

    with _opened(study, database) as (folder, store):
        place = out or folder.path / f"about-{_safe(person)}.zip"
        write_access(store, person, place, min_group=max(folder.study.min_group, 2),
                     directory=folder.path / DIRECTORY)
        typer.echo(_say("access", file=place.name, person=person))


@data_app.command("withdraw")
def withdraw(
    study: Folder, person: Person,
    level: Annotated[str, typer.Option(help="contact: no more mail; use: answers left out from now on; erase: "
                                            "answers that the person gave deleted.")],
    database: Database = "",
) -> None:
    """Let a person leave, at one of three levels."""
    from coachresearch.store.erasure import LEVELS, leave

    with _opened(study, database) as (folder, store):
        chosen = next((one for one in LEVELS if one == level), None)
        if chosen is None:
            raise StoreError(f"There is no level {level!r}", remedy=f"Choose one of {', '.join(LEVELS)}.")
        _told(folder, leave(store, person, chosen))


@data_app.command("erase")
def erase(
    study: Folder, person: Person,
    scope: Annotated[str, typer.Option(help="given: answers of the person; all: also those of others about "
                                            "them.")] = "all",
    reason: Annotated[str, typer.Option(help="Kept with the erasure; never a name.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    database: Database = "",
) -> None:
    """Erase a person: answers, scores, consents, links, name, and their rows in the study's tables."""
    from coachresearch.store.erasure import SCOPES, found_of, leave

    with _opened(study, database) as (folder, store):
        chosen = next((one for one in SCOPES if one == scope), None)
        if chosen is None:
            raise StoreError(f"There is no scope {scope!r}", remedy=f"Choose one of {', '.join(SCOPES)}.")
        if dry_run:
            found = found_of(store, person, scope=chosen)
            typer.echo(_say("would_erase", person=person, answers=found.answers, others=found.others,
                            scores=found.scores, consents=found.consents, links=found.links))
            return
        _told(folder, leave(store, person, "erase", scope=chosen, reason=reason))


@data_app.command("retain")
def retain(
    study: Folder,
    until: Annotated[str, typer.Option(help="Last day on which the answers are kept, as 2028-12-31; never: no "
                                            "date.")] = "",
    carry_out: Annotated[str, typer.Option(help="identities: let names, links and unfinished forms go; everything: "
                                                "the answers as well. Only after the day has passed.")] = "",
    database: Database = "",
) -> None:
    """Decide until when a study is kept; say what would go; carry it out after the day."""
    from datetime import date

    from coachresearch.store.promise import keep_until
    from coachresearch.store.retention import let_go, retention

    with _opened(study, database) as (folder, store):
        if until:
            try:
                keep_until(store, None if until == "never" else date.fromisoformat(until))
            except ValueError:
                raise StoreError(f"{until!r} is not a day", remedy="Write it as 2028-12-31, or never.") from None
        if carry_out:
            if carry_out not in ("identities", "everything"):
                raise StoreError(f"There is no choice {carry_out!r}", remedy="Choose identities or everything.")
            gone = let_go(store, "everything" if carry_out == "everything" else "identities")
            (folder.path / DIRECTORY).unlink(missing_ok=True)
            typer.echo(_say("gone", what=carry_out, people=gone.people, links=gone.links, drafts=gone.drafts))
            typer.echo(_say("copies", folder=BACKUPS))
            return
        found = retention(store)
        typer.echo(_until_line(store))
        typer.echo(_say("would_go", people=found.people, answers=found.answers, links=found.links,
                        drafts=found.drafts))
        if found.due:
            typer.echo(_say("due"))


@data_app.command("backup")
def backup(
    study: Folder,
    into: Annotated[Path | None, typer.Option(help="Folder of the backups; in the study folder if not said.")] = None,
    database: Database = "",
) -> None:
    """Copy the answers and the directory as they stand now, while answers come in."""
    from coachresearch.store.backup import back_up

    with _opened(study, database) as (folder, store):
        made = back_up(store, into or folder.path / BACKUPS, directory=folder.path / DIRECTORY)
        typer.echo(_say("backup", folder=made.folder, answers=made.counts["responses"],
                        moment=f"{made.made_at:%Y-%m-%d %H:%M:%S}"))


@data_app.command("restore")
def restore(
    study: Folder,
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put the present file aside.")] = False,
    database: Database = "",
) -> None:
    """Put a backup in place; whoever has left since is let go again."""
    from coachresearch.apps.folder import open_folder
    from coachresearch.store.backup import restore as put_back

    opened = open_folder(study)
    made, again, aside = put_back(folder, database or opened.database, directory=opened.path / DIRECTORY,
                                  replace=replace)
    typer.echo(_say("restored", answers=made.counts["responses"], moment=f"{made.made_at:%Y-%m-%d %H:%M:%S}",
                    again=again))
    if aside is not None:
        typer.echo(_say("aside", file=aside.name))


@data_app.command("log")
def audit_log(study: Folder, database: Database = "") -> None:
    """Print the audit log: when, who, what, about whom; never an answer."""
    from coachresearch.store.audit import log

    with _opened(study, database) as (_, store):
        for entry in log(store).itertuples():
            subject = f" {entry.subject}" if isinstance(entry.subject, str) else ""
            details = f" {entry.details}" if isinstance(entry.details, str) else ""
            typer.echo(f"{entry.received_at:%Y-%m-%dT%H:%M:%SZ} {entry.who}: {entry.what}{subject}{details}")


@contextmanager
def _opened(study: Path, database: str, *, create: bool = False) -> Iterator[tuple[StudyFolder, Store]]:
    from coachresearch.apps.folder import open_folder
    from coachresearch.store.store import open_store

    folder = open_folder(study)
    with open_store(database or folder.database, create=create, study=folder.study.id) as store:
        yield folder, store


def _told(folder: StudyFolder, left: Left) -> None:
    """Let go what lies outside the store, and say what came of it."""
    from coachresearch.store.directory import Directory

    names = Directory(folder.path / DIRECTORY)
    if left.level == "erase":
        names.remove(left.person)
        cleaned = _without(folder.path, left.person)
    else:
        names.stop_contact(left.person)
        cleaned = []
    typer.echo(_say(left.level, person=left.person, answers=left.answers, others=left.others, scores=left.scores,
                    consents=left.consents, links=left.links))
    if left.out_of_reach:
        typer.echo(_say("out_of_reach", person=left.person))
    if cleaned:
        typer.echo(_say("tables", person=left.person, files=", ".join(cleaned)))
    outputs = sorted(file.name for pattern in ("*.html", "*.json", "scores*.csv", "export*")
                     for file in folder.path.glob(pattern) if file.is_file())
    if left.level != "contact" and outputs:
        typer.echo(_say("outputs", files=", ".join(outputs)))
    if left.level == "erase" and (folder.path / BACKUPS).is_dir():
        typer.echo(_say("copies", folder=BACKUPS))


def _without(folder: Path, person: str) -> list[str]:
    """Take a person out of the study's tables; returns which files changed."""
    import csv
    import io
    import uuid

    changed = []
    for name, columns in (("people.csv", ("person",)), ("relations.csv", ("target", "rater")),
                          ("coaching.csv", ("person", "coach")), ("outcomes.csv", ("unit",))):
        file = folder / name
        if not file.is_file():
            continue
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
        places = [rows[0].index(column) for column in columns if rows and column in rows[0]]
        kept = [row for number, row in enumerate(rows)
                if number == 0 or not any(place < len(row) and row[place] == person for place in places)]
        if len(kept) == len(rows):
            continue
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(kept)
        draft = file.with_name(f".{name}.{uuid.uuid4().hex}.new")
        draft.write_text(text.getvalue(), encoding="utf-8")
        draft.replace(file)
        changed.append(name)
    return changed


def _promise_line(folder: StudyFolder, store: Store) -> str:
    from coachresearch.store.promise import promised

    return _say("promise", study=folder.study.id, mode=promised(store))


def _until_line(store: Store) -> str:
    from coachresearch.store.promise import kept_until

    day = kept_until(store)
    return _say("until", day=day.isoformat()) if day else _say("until_open")


def _safe(person: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in person)[:40]


def _say(code: str, **params: object) -> str:
    from coachresearch.display.text import sentence

    return sentence(f"data.{code}", **params)
