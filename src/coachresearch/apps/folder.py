"""A study folder, opened: the study, its people, its instruments, and where its answers lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.errors import DesignError, StoreError
from coachresearch.instruments.instrument import Instrument
from coachresearch.instruments.reader import read_instruments
from coachresearch.instruments.used import with_published
from coachresearch.studies.people import People
from coachresearch.studies.reader import FILE, read_study
from coachresearch.studies.study import Study

if TYPE_CHECKING:
    from coachresearch.responses.responses import Responses

DATABASE = "answers.db"
"""Name of the file of answers in a study folder."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyFolder:
    """What a study folder holds.

    Parameters
    ----------
    path : Path
        The folder.
    study : Study
    people : People
    instruments : mapping of str to Instrument
        Those that the study asks.
    """

    path: Path
    study: Study
    people: People
    instruments: Mapping[str, Instrument]

    @property
    def database(self) -> Path:
        """The file of answers; it may not exist yet."""
        return self.path / DATABASE

    def responses(self) -> Responses:
        """Read all answers, the latest of each.

        Raises
        ------
        StoreError
            If nothing has been answered or imported yet.
        """
        from coachresearch.responses.responses import read_responses

        if not self.database.is_file():
            raise StoreError(f"Study {self.study.id!r} has no answers yet", where=str(self.database),
                             remedy="Ask people (administer), or import a file: coachresearch import STUDY FILE.")
        return read_responses(self.database, self.study, self.instruments)


def open_folder(path: str | Path) -> StudyFolder:
    """Open a study folder.

    Parameters
    ----------
    path : str or Path
        The folder, or its ``study.yaml``. Instruments of the study's own lie in its folder ``instruments``.

    Raises
    ------
    DesignError, InstrumentError
        With every fault of the study file, the People tables or the instruments.
    """
    from coachresearch.studies.people_reader import read_people

    place = Path(path)
    folder = place if place.is_dir() else place.parent
    instruments = instruments_for(folder)
    study = read_study(place, known=forms_of(instruments))
    asked = {one.instrument for wave in study.waves for one in wave.asked}
    used = {name: instrument for name, instrument in instruments.items() if name in asked}
    return StudyFolder(folder, study, read_people(folder, study), used)


def instruments_for(folder: Path) -> Mapping[str, Instrument]:
    """Read the shipped instruments, those in the folder's own ``instruments``, and the published scales it uses.

    Recalled keys that the folder's ``confirmed_keys.yaml`` names are confirmed.
    """
    return with_published(folder, _files_of(folder))


def study_instruments(folder: Path) -> Mapping[str, Instrument]:
    """Read the instruments of a folder; as `instruments_for`, but ``confirmed_keys.yaml`` is left aside."""
    return with_published(folder, _files_of(folder), confirmed=False)


def study_folder(path: str | Path) -> Path:
    """Return the folder of a study from its path or that of its ``study.yaml``.

    Raises
    ------
    DesignError
        If it holds no study.
    """
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    if not (folder / FILE).is_file():
        raise DesignError(f"{str(folder)!r} holds no {FILE}", where=str(folder),
                          remedy="Make a study first: coachresearch new FOLDER.")
    return folder


def _files_of(folder: Path) -> Mapping[str, Instrument]:
    own = folder / "instruments"
    return read_instruments(None, own) if own.is_dir() else read_instruments()


def forms_of(instruments: Mapping[str, Instrument]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Map each instrument to its forms, and each form to the rater roles that may answer it."""
    return {name: {form.id: form.roles for form in instrument.forms} for name, instrument in instruments.items()}
