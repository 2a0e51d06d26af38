"""Leaving a study: no more mail, no further use, or erased; and the list of the erased, which outlives every backup."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update

from coachresearch.core.errors import StoreError
from coachresearch.store.audit import note
from coachresearch.store.links import Link
from coachresearch.store.refusals import NotKept
from coachresearch.store.store import Store
from coachresearch.store.tables import (
    batches,
    consents,
    drafts,
    erasures,
    imported_scores,
    imports,
    links,
    responses,
    sessions,
    withdrawals,
)

Level = Literal["contact", "use", "erase"]
"""``contact``: no more mail. ``use``: and what was answered is left out from now on. ``erase``: and it is deleted."""

Scope = Literal["given", "all"]
"""``given``: the answers that the person gave; ``all``: also those that others gave about the person."""

LEVELS: tuple[Level, ...] = get_args(Level)
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Left:
    """What came of a wish to leave.

    Parameters
    ----------
    person : str
        Pseudonym.
    level : {"contact", "use", "erase"}
    answers : int
        Rows of answers that were left out or deleted.
    others : int
        Of these, rows that others gave about the person.
    scores, consents, drafts, links : int
        Rows deleted, drafts deleted, links closed for good.
    out_of_reach : bool
        Whether something was handed in anonymously: it cannot be found any more, by anybody.
    """

    person: str
    level: Level
    answers: int = 0
    others: int = 0
    scores: int = 0
    consents: int = 0
    drafts: int = 0
    links: int = 0
    out_of_reach: bool = False


def withdraw(store: Store, link: Link, level: Level, *, who: str = "respondent") -> Left:
    """Let the person behind a link leave; what they gave, in all waves of the study, is meant.

    Raises
    ------
    StoreError
        If there is no such level.
    NotKept
        If it could not be written; nothing is changed then.
    """
    return leave(store, link.person, level, who=who)


def leave(
    store: Store, person: str, level: Level, *, scope: Scope = "given", reason: str = "", who: str = ""
) -> Left:
    """Let a person leave.

    Parameters
    ----------
    store : Store
    person : str
        Pseudonym.
    level : {"contact", "use", "erase"}
    scope : {"given", "all"}
        What is erased, where the level is ``erase``.
    reason : str
        Kept with an erasure; never a name.
    who : str
        Who does it, for the audit log.

    Returns
    -------
    Left

    Raises
    ------
    StoreError
        If there is no such level or scope.
    """
    if level not in LEVELS:
        raise StoreError(f"There is no level {level!r}", remedy=f"Choose one of {', '.join(LEVELS)}.")
    if scope not in SCOPES:
        raise StoreError(f"There is no scope {scope!r}", remedy=f"Choose one of {', '.join(SCOPES)}.")
    at = datetime.now(UTC)
    remember(store, [Wish(person, level, scope, at)])
    left = store.write(lambda connection: _leave(connection, Wish(person, level, scope, at), reason, who))
    if level == "erase":
        store.tidy()
    return left


def found_of(store: Store, person: str, *, scope: Scope = "given") -> Left:
    """Say what an erasure would delete, and delete nothing."""
    return store.look(lambda connection: _counted(connection, person, "erase", scope))


def withdrawn(store: Store, level: Level) -> frozenset[str]:
    """Return the people who have left at this level or a further one."""
    levels = LEVELS[LEVELS.index(level):]

    def ask(connection: Connection) -> frozenset[str]:
        found = set(connection.execute(select(withdrawals.c.person).where(withdrawals.c.level.in_(levels))).scalars())
        return frozenset(found | set(connection.execute(select(erasures.c.person)).scalars()))

    return store.look(ask)


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wanted to leave, how far, and when."""

    person: str
    level: Level
    scope: Scope
    at: datetime


def wishes(store: Store) -> tuple[Wish, ...]:
    """Return everyone's wishes to leave, oldest first: those in the store and those remembered beside it."""
    def ask(connection: Connection) -> list[Wish]:
        left = connection.execute(select(withdrawals.c.person, withdrawals.c.level, withdrawals.c.received_at)).all()
        gone = connection.execute(select(erasures.c.person, erasures.c.scope, erasures.c.received_at)).all()
        return [*(Wish(person, _level(level), "given", _utc(at)) for person, level, at in left),
                *(Wish(person, "erase", "all" if scope == "all" else "given", _utc(at)) for person, scope, at in gone)]

    kept = store.look(ask)
    beside = remembered(store.place.path) if store.place.path else []
    known = {(one.person, one.level, one.scope) for one in kept}
    extra = [one for one in beside if (one.person, one.level, one.scope) not in known]
    return tuple(sorted([*kept, *extra], key=lambda one: one.at))


def replay(store: Store, left: Iterable[Wish], *, who: str = "") -> tuple[Left, ...]:
    """Carry out wishes that a store, restored from a backup, does not know of yet.

    Returns
    -------
    tuple of Left
        Those that were new to it.
    """
    def know(connection: Connection) -> set[tuple[str, str, str]]:
        found = connection.execute(select(withdrawals.c.person, withdrawals.c.level)).all()
        gone = connection.execute(select(erasures.c.person, erasures.c.scope)).all()
        return {*((person, level, "given") for person, level in found), *((one, "erase", scope) for one, scope in gone)}

    known = store.look(know)
    new = [one for one in left if (one.person, one.level, one.scope) not in known]

    def carry_out(connection: Connection) -> tuple[Left, ...]:
        return tuple(_leave(connection, one, "replayed after a restore", who) for one in new)

    done = store.write(carry_out)
    store.tidy()
    return done


def journal_of(path: Path) -> Path:
    """Return the file beside a store in which wishes to leave are remembered; it is not part of a backup."""
    return path.with_name(f"{path.name}.left.jsonl")


def remember(store: Store, left: Iterable[Wish]) -> None:
    """Note wishes beside the store before they are carried out, so that a restore finds them.

    On a server there is no file beside it; there the wishes are in the database alone.

    Raises
    ------
    NotKept
        If the note cannot be written; nothing may be erased then.
    """
    if store.place.path is None:
        return
    lines = "".join(json.dumps({"person": one.person, "level": one.level, "scope": one.scope,
                                "at": one.at.isoformat()}, ensure_ascii=False) + "\n" for one in left)
    journal = journal_of(store.place.path)
    try:
        with journal.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        raise NotKept(f"{journal.name!r} cannot be written: {problem.strerror}", where=str(journal),
                      remedy="Check the folder's permissions and the disk. Nothing was erased.") from None


def remembered(path: Path) -> list[Wish]:
    """Read the wishes noted beside a store; a line that a crash left unfinished is passed over."""
    journal = journal_of(path)
    if not journal.is_file():
        return []
    found = []
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            found.append(Wish(str(entry["person"]), _level(entry["level"]),
                              "all" if entry["scope"] == "all" else "given", datetime.fromisoformat(entry["at"])))
        except (json.JSONDecodeError, KeyError, TypeError, ValueError):
            continue
    return found


def _leave(connection: Connection, wish: Wish, reason: str, who: str) -> Left:
    found = _counted(connection, wish.person, wish.level, wish.scope)
    now = datetime.now(UTC)
    if wish.level == "erase":
        connection.execute(insert(erasures).values(received_at=now, person=wish.person, scope=wish.scope,
                                                   reason=reason))
        _erase(connection, wish)
    else:
        connection.execute(insert(withdrawals).values(received_at=now, person=wish.person, level=wish.level))
        if wish.level == "use":
            _end_links(connection, wish.person)
    note(connection, {"contact": "contact ended", "use": "use ended", "erase": "erased"}[wish.level], who=who,
         subject=wish.person, details={"scope": wish.scope, "answers": found.answers, "others": found.others,
                                       "scores": found.scores, "links": found.links})
    return found


def _erase(connection: Connection, wish: Wish) -> None:
    """Delete rows in the order that foreign keys ask for; a batch goes with the last of its rows."""
    touched = set(connection.execute(select(responses.c.batch).where(_rows_of(responses, wish))).scalars())
    touched |= set(connection.execute(select(imported_scores.c.batch).where(_rows_of(imported_scores, wish))).scalars())
    _end_links(connection, wish.person)
    connection.execute(delete(links).where(links.c.person == wish.person))
    if wish.scope == "all":
        about = select(links.c.id).where(links.c.target == wish.person)
        for table in (drafts, sessions):
            connection.execute(delete(table).where(table.c.link.in_(about)))
        connection.execute(delete(links).where(links.c.target == wish.person))
    for table in (responses, imported_scores):
        connection.execute(delete(table).where(_rows_of(table, wish)))
    connection.execute(delete(consents).where(consents.c.person == wish.person))
    for batch in touched:
        used = [connection.execute(select(1).select_from(table).where(table.c.batch == batch).limit(1)).first()
                for table in (responses, imported_scores, imports)]
        if not any(used):
            connection.execute(delete(batches).where(batches.c.sequence == batch))


def _end_links(connection: Connection, person: str) -> None:
    mine = select(links.c.id).where(links.c.person == person)
    for table in (drafts, sessions):
        connection.execute(delete(table).where(table.c.link.in_(mine)))
    connection.execute(update(links).where(links.c.person == person).values(state="withdrawn"))


def _rows_of(table: Table, wish: Wish) -> Any:
    mine = table.c.person == wish.person
    return or_(mine, table.c.target == wish.person) if wish.scope == "all" else mine


def _counted(connection: Connection, person: str, level: Level, scope: Scope) -> Left:
    if level == "contact":
        return Left(person, level)
    wish = Wish(person, level, scope if level == "erase" else "given", datetime.now(UTC))

    def count(table: Table, *wanted: Any) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(*wanted)).scalar() or 0)

    mine = links.c.person == person
    about = (responses.c.target == person, responses.c.person != person)
    gone = level == "erase"
    return Left(
        person, level, answers=count(responses, _rows_of(responses, wish)),
        others=count(responses, *about) if wish.scope == "all" else 0,
        scores=count(imported_scores, _rows_of(imported_scores, wish)) if gone else 0,
        consents=count(consents, consents.c.person == person) if gone else 0,
        drafts=count(drafts, drafts.c.link.in_(select(links.c.id).where(mine))), links=count(links, mine),
        out_of_reach=bool(count(links, mine, links.c.mode == "anonymous", links.c.state == "closed")))


def _level(text: object) -> Level:
    for level in LEVELS:
        if level == text:
            return level
    raise ValueError(f"no level {text!r}")


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
