"""What a report is made of: sections, and the parts that stand in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coachresearch.claims.claim import Claim
from coachresearch.display.result import Result
from coachresearch.display.tables import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence of the message catalogue: its code and what it quotes."""

    code: str
    params: tuple[tuple[str, object], ...] = ()


def say(code: str, **params: object) -> Say:
    """Build a `Say` from keywords."""
    return Say(code, tuple(sorted(params.items())))


@dataclass(frozen=True, slots=True)
class Quote:
    """The author's own words, shown as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    words: Say | Quote


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Say | Quote, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A list of names and what belongs to them."""

    pairs: tuple[tuple[Say, Say | Quote], ...]


@dataclass(frozen=True, slots=True, eq=False)
class TableOf:
    """The table of a result.

    Parameters
    ----------
    result : Result
    names : tuple of (str, str)
        Groups and their names for readers.
    terms : tuple of str
        Which estimates to show; all of them if empty.
    folded : Say or None
        The line behind which the table stands; None to show it at once.
    """

    result: Result
    names: tuple[tuple[str, str], ...] = ()
    terms: tuple[str, ...] = ()
    folded: Say | None = None


@dataclass(frozen=True, slots=True)
class Tabled:
    """A table made for this report."""

    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure: its kind, what it is drawn from, and its title."""

    kind: str
    frame: pd.DataFrame
    title: Say


@dataclass(frozen=True, slots=True, eq=False)
class LedgerOf:
    """The list of claims, with all that each rests on."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """Code or data behind a line that opens it."""

    title: Say
    text: str


Part = Say | Quote | Heading | Bullets | Terms | TableOf | Tabled | Drawn | LedgerOf | Folded


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of the page with a heading of its own."""

    id: str
    heading: Say
    parts: tuple[Part, ...]
