"""Whether two wordings have too much in common: the same content words in a row, as texts or as salted hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Instrument

RUN = 5
"""So many content words in a row make two wordings alike."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class SharedRun:
    """A run of content words that an item of ours shares with a wording of somebody else.

    Parameters
    ----------
    item : str
        Our item, as ``instrument.item``.
    other : str
        Name of the wording compared with; empty where only hashes are held.
    words : tuple of str
        The run.
    """

    item: str
    other: str
    words: tuple[str, ...]


def content_words(text: str) -> tuple[str, ...]:
    """Return the words of an English text that carry content, in order and in lower case; plain s-endings are cut."""
    found = [word.lower().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text)]
    return tuple(_base(word) for word in found if word not in _function_words())


def content_runs(text: str, *, length: int = RUN) -> tuple[tuple[str, ...], ...]:
    """Return every run of `length` content words in a row; none if the text has fewer."""
    words = content_words(text)
    return tuple(words[start:start + length] for start in range(len(words) - length + 1))


def shared_runs(
    ours: Iterable[Instrument], loaded: Mapping[str, str], *, length: int = RUN
) -> tuple[SharedRun, ...]:
    """List every run of content words that our items share with wordings that were loaded.

    Parameters
    ----------
    ours : iterable of Instrument
        Drafts of our own; what others published is left out.
    loaded : mapping of str to str
        Name and English wording of the items of other owners.
    length : int
        Content words in a row.

    Returns
    -------
    tuple of SharedRun
        In the order of our items; empty if nothing is alike.
    """
    if length < 1:
        raise InstrumentError(f"A run of {length} words is none", where="length", remedy="Use 1 or more.")
    known: dict[tuple[str, ...], list[str]] = {}
    for name, text in loaded.items():
        for run in content_runs(text, length=length):
            known.setdefault(run, []).append(name)
    found = [SharedRun(item, other, run) for item, text in _wordings(ours)
             for run in content_runs(text, length=length) for other in known.get(run, ())]
    return tuple(dict.fromkeys(found))


def run_hashes(texts: Iterable[str], *, salt: str, length: int = RUN) -> frozenset[str]:
    """Return salted hashes of every run of content words, from which the wording cannot be read.

    Parameters
    ----------
    texts : iterable of str
        English wordings.
    salt : str
        Any text; the same one is needed to compare.
    length : int
        Content words in a row.
    """
    return frozenset(_hashed(run, salt) for text in texts for run in content_runs(text, length=length))


def shared_hashes(
    ours: Iterable[Instrument], hashes: frozenset[str], *, salt: str, length: int = RUN
) -> tuple[SharedRun, ...]:
    """List every run of content words of our items whose salted hash is among those of other wordings."""
    found = [SharedRun(item, "", run) for item, text in _wordings(ours) for run in content_runs(text, length=length)
             if _hashed(run, salt) in hashes]
    return tuple(dict.fromkeys(found))


def _wordings(instruments: Iterable[Instrument]) -> Iterator[tuple[str, str]]:
    for instrument in instruments:
        for item in instrument.items if instrument.status == "draft" else ():
            for _, words in item.text:
                text = dict(words).get("en")
                if text is not None and item.use != "attention":
                    yield f"{instrument.id}.{item.id}", text


def _base(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _hashed(run: tuple[str, ...], salt: str) -> str:
    return hashlib.sha256(f"{salt}\n{' '.join(run)}".encode()).hexdigest()[:_DIGITS]


@cache
def _function_words() -> frozenset[str]:
    import yaml

    lists = yaml.safe_load((Path(__file__).with_name("wording") / "en.yaml").read_text(encoding="utf-8"))
    return frozenset(lists["function_words"])
