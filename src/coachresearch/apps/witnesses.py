"""Save the second witness of a result to a folder, and call it where R is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.errors import CoachResearchError

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.display.result import Result
    from coachresearch.moments.moments import Moments
    from coachresearch.psychometrics.witness import Witness

_WITHIN = 600.0


def write_witness(
    result: Result, data: Moments | pd.DataFrame, folder: str | Path, *, execute: bool = False, program: str = "Rscript"
) -> Witness:
    """Write script, data and expected numbers of a result to a folder, and run the script if asked.

    Parameters
    ----------
    result : Result
    data : Moments or DataFrame
        What it was computed from.
    folder : str or Path
        Made if it is not there; a folder that holds anything else than an earlier witness is refused.
    execute : bool
        Whether to call R.
    program : str
        Name or path of Rscript.

    Returns
    -------
    Witness
        Its `status` also stands in ``witness.json``: ``not_executed``, ``agrees``, ``differs`` or ``failed``.

    Raises
    ------
    CoachResearchError
        If the folder is in use, or R is asked for and not installed.
    """
    from coachresearch.psychometrics.witness import witness

    place, made = Path(folder), witness(result, data)
    if execute and shutil.which(program) is None:
        raise CoachResearchError(f"The program {program!r} is not installed, so the witness cannot be executed",
                                 remedy="Install R with the packages that the script names, or leave execute out.")
    if place.exists() and any(place.iterdir()) and not (place / "witness.json").is_file():
        raise CoachResearchError(f"The folder {place.name!r} holds other things", where=str(place),
                                 remedy="Choose an empty folder; nothing was changed.")
    place.mkdir(parents=True, exist_ok=True)
    _put(place / "witness.R", made.script)
    _put(place / "data.csv", made.data.to_csv(index=False, lineterminator="\n"))
    _put(place / "expected.csv", made.expected.to_csv(index=False, lineterminator="\n"))
    made = _executed(made, place, program) if execute else made
    _put(place / "witness.json", json.dumps(
        {"kind": made.kind, "title": made.title, "status": made.status, "said": made.said}, indent=1) + "\n")
    return made


def _executed(made: Witness, place: Path, program: str) -> Witness:
    (place / "found.csv").unlink(missing_ok=True)
    done = subprocess.run([program, "witness.R"], cwd=place, capture_output=True, text=True, check=False,
                          timeout=_WITHIN)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    if not (place / "found.csv").is_file():
        return replace(made, status="failed", said=said[-1] if said else "")
    return replace(made, status="agrees" if done.returncode == 0 else "differs", said=said[-1] if said else "")


def _put(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
