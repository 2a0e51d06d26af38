"""What a report must be told about a study beside its results."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from coachresearch.apps.folder import StudyFolder
from coachresearch.display.text import sentence
from coachresearch.instruments.instrument import Instrument, words_in
from coachresearch.instruments.library import claim_level, claim_sentences
from coachresearch.reports.facts import InstrumentFacts, Provenance
from coachresearch.studies.study import Outcome, Wave

if TYPE_CHECKING:
    import pandas as pd

_NAMED = ("coachresearch", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")


def provenance(opened: StudyFolder, command: str, *frames: pd.DataFrame) -> Provenance:
    """Describe the data by their hash, and the software by its versions.

    Parameters
    ----------
    opened : StudyFolder
    command : str
        What to call to get the same page again, without any path of this machine.
    *frames : DataFrame
        All data that the report rests on. The hash is of their CSV text, so it does not depend on the database file.
    """
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%S.%fZ").encode())
    return Provenance(data_hash=digest.hexdigest(), versions=versions(), command=f"{command} {opened.study.id}")


def versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of this package and of the libraries that numbers and figures come from."""
    return tuple((name, _version(name)) for name in _NAMED)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        from coachresearch import __version__

        return __version__ if name == "coachresearch" else ""


def instrument_facts(opened: StudyFolder) -> tuple[InstrumentFacts, ...]:
    """Describe each instrument of the study."""
    language = opened.study.language
    return tuple(
        InstrumentFacts(
            id=one.id, title=words_in(one.title, language), version=one.version, content_hash=one.content_hash,
            licence=one.licence.id, citation=one.source.citation, doi=one.source.doi, level=claim_level(one),
            said=claim_sentences(one))
        for one in opened.instruments.values())


def role_words(role: str, language: str) -> str:
    """Say who answered: ``rated by direct reports``."""
    return sentence(f"role.{role}", language)


def outcome_title(opened: StudyFolder, outcome: Outcome) -> str:
    """Name an outcome for readers: the scale's title and who answered."""
    language = opened.study.language
    one = instrument_of(opened, outcome)
    scale = words_in(one.scale(outcome.scale).title, language) if one is not None else outcome.scale
    return sentence("outcome.title", language, scale=scale, role=role_words(outcome.role, language))


def wave_title(opened: StudyFolder, outcome: Outcome, wave: Wave) -> str:
    """Name an outcome in one wave: the scale's title, who answered, and the wave's title."""
    language = opened.study.language
    one = instrument_of(opened, outcome)
    scale = words_in(one.scale(outcome.scale).title, language) if one is not None else outcome.scale
    return sentence("outcome.title_wave", language, scale=scale, role=role_words(outcome.role, language),
                    wave=wave.title)


def instrument_of(opened: StudyFolder, outcome: Outcome) -> Instrument | None:
    """Find the instrument that forms an outcome's scale; None where its scores came ready-made."""
    for one in opened.instruments.values():
        if outcome.instrument in ("", one.id) and any(scale.id == outcome.scale for scale in one.scales):
            return one
    return None
