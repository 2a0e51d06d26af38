"""The shelf of instruments: looking them up, searching them, and what may be said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Family, Instrument, ModelKind, Status, words_in
from coachresearch.instruments.ledger import Entry, standing
from coachresearch.instruments.reader import read_instruments

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("instrument", "version", "title", "family", "items", "scales", "forms", "languages", "licence", "status",
            "level", "key")
MESSAGES = Catalogue(Path(__file__).with_name("messages"))
"""What may be said of instruments."""


class UnknownInstrument(InstrumentError, KeyError):
    """An instrument that is not in the library; the message lists near names."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Library(Mapping[str, Instrument]):
    """Instruments by id; it can be read like a dictionary and not be changed.

    Parameters
    ----------
    instruments : tuple of Instrument
        Each id once.
    """

    instruments: tuple[Instrument, ...]

    def __getitem__(self, instrument_id: str) -> Instrument:
        for instrument in self.instruments:
            if instrument.id == instrument_id:
                return instrument
        near = get_close_matches(str(instrument_id), list(self), n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UnknownInstrument(f"There is no instrument {instrument_id!r}",
                                remedy=f"{hint}There are: {', '.join(self)}.")

    def __iter__(self) -> Iterator[str]:
        return iter(instrument.id for instrument in self.instruments)

    def __len__(self) -> int:
        return len(self.instruments)

    def __repr__(self) -> str:
        return f"Library({', '.join(self)})"

    def search(
        self,
        words: str = "",
        *,
        family: Family | None = None,
        model: ModelKind | None = None,
        status: Status | None = None,
        language: str | None = None,
        role: RaterRole | None = None,
        licence: str | None = None,
    ) -> tuple[Instrument, ...]:
        """Return the instruments to which everything asked for applies, in the order of their ids.

        Parameters
        ----------
        words : str
            Each word must occur in id, title, construct, or title or definition of a scale; case is ignored.
        family, model, status : str, optional
            As in the instrument file.
        language : str, optional
            A language in which everything a respondent reads is present.
        role : RaterRole, optional
            A rater role that some form addresses.
        licence : str, optional
            Id of the licence.
        """
        wanted = words.casefold().split()
        return tuple(
            one for one in self.instruments
            if family in (None, one.family)
            and model in (None, one.model)
            and status in (None, one.status)
            and licence in (None, one.licence.id)
            and (language is None or language in one.languages)
            and (role is None or any(role in form.roles for form in one.forms))
            and all(word in _described(one) for word in wanted)
        )

    @property
    def frame(self) -> pd.DataFrame:
        """A fresh table, one row per instrument.

        `level` is the claim level, empty where there is none of ours; `key` is own, found, unverified or confirmed.
        """
        import pandas as pd

        rows = [
            {
                "instrument": one.id,
                "version": one.version,
                "title": words_in(one.title, "en"),
                "family": one.family,
                "items": len(one.items),
                "scales": len(one.scales),
                "forms": ", ".join(form.id for form in one.forms),
                "languages": ", ".join(one.languages),
                "licence": one.licence.id,
                "status": one.status,
                "level": claim_level(one),
                "key": _key_state(one),
            }
            for one in self.instruments
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"level": "Int64"})


def library(folder: str | Path | None = None, *more: str | Path) -> Library:
    """Open the library of the instruments in one or more folders; of those that come with the package by default.

    Raises
    ------
    InstrumentError
        With every fault of every file, as in `read_instruments`.
    """
    return Library(tuple(read_instruments(folder, *more).values()))


def claim_level(instrument: Instrument, entries: Sequence[Entry] = ()) -> int | None:
    """Return the rung on the ladder of claims: 0 for a draft without evidence, None for what others published.

    The level is computed from the entries of the evidence ledger, never stated in the file.
    """
    if not entries:
        return 0 if instrument.status == "draft" else None
    return standing(instrument, entries).level


def claim_sentences(instrument: Instrument, language: str = "en") -> tuple[str, ...]:
    """Return exactly what may be said of an instrument: its level, and the state of a key that was recalled."""
    name = words_in(instrument.title, language)
    said = [MESSAGES.say(f"level.{instrument.status}", language, name=name)]
    confirmed = instrument.key_confirmation
    if instrument.recalled_key:
        said.append(MESSAGES.say("key.unverified", language, name=name))
    elif confirmed is not None:
        said.append(MESSAGES.say("key.confirmed", language, name=name, by=confirmed.by, on=confirmed.on,
                                  against=confirmed.against))
    said += [MESSAGES.say(f"translation.{one.state}", language, name=name, language=one.language)
             for one in instrument.translations if instrument.status == "draft" and one.state != "tested"]
    loaded = instrument.wording
    if loaded is not None:
        said.append(MESSAGES.say("wording.loaded", language, name=name, file=loaded.file,
                                 version=loaded.version or loaded.back_end, sha256=loaded.sha256,
                                 licence=loaded.licence))
        said += [MESSAGES.say("wording.by", language, by=loaded.by, origin=loaded.origin)] if loaded.by else []
    return tuple(said)


def _key_state(instrument: Instrument) -> str:
    if instrument.recalled_key:
        return "unverified"
    return instrument.source.key if instrument.key_confirmation is None else "confirmed"


def _described(instrument: Instrument) -> str:
    told = [instrument.title, instrument.construct, *(scale.title for scale in instrument.scales),
            *(scale.definition for scale in instrument.scales)]
    return " ".join([instrument.id, *(text for words in told for _, text in words)]).casefold()
