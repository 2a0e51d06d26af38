"""Scores of a study, computed from its answers or imported ready-made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.core.errors import StoreError
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    from coachresearch.scoring.scores import Scores


def scores_of(opened: StudyFolder) -> Scores:
    """Form the scores of all answers, and put those beside them that were imported ready-made.

    Raises
    ------
    StoreError
        If the study has neither answers nor imported scores.
    InstrumentError
        If a key is recalled from memory and nobody has confirmed it.
    """
    from coachresearch.responses.responses import read_responses
    from coachresearch.scoring.scores import Scores, score
    from coachresearch.store.store import open_store

    if not opened.database.is_file():
        opened.responses()
    with open_store(opened.database, study=opened.study.id, read_only=True) as store:
        imported = Scores.from_imported(store.scores())
        answered = not store.responses().empty
    if not answered:
        if imported.frame.empty:
            raise StoreError(f"Study {opened.study.id!r} has no answers and no scores yet", where=str(opened.database),
                             remedy="Ask people (administer), or import a file: coachresearch import STUDY FILE.")
        return imported
    formed = score(read_responses(opened.database, opened.study, opened.instruments))
    return formed if imported.frame.empty else formed.join(imported)


def write_scores(study: str | Path, out: Path | None = None) -> str:
    """Write the scores as CSV and say where.

    Parameters
    ----------
    study : str or Path
        Study folder.
    out : Path, optional
        CSV file; ``scores.csv`` in the study folder if left out.
    """
    from coachresearch.responses.exports import write_csv

    opened = open_folder(study)
    frame = scores_of(opened).frame
    place = write_csv(frame, out or opened.path / "scores.csv")
    return sentence("app.scores", n=len(frame), file=place)
