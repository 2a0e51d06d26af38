"""Loading a wording: which back ends there are, and which one a file goes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.wording_sources.npm import load_npm
from coachresearch.instruments.wording_sources.own_file import load_own_file
from coachresearch.instruments.wording_sources.psychtools import COLUMNS, load_psychtools
from coachresearch.instruments.wording_sources.table import Terms, Wording, WordingTarget

ENTRY_POINTS = "coachresearch.wording"
"""Group of entry points under which other packages may offer back ends: name = function with the shape of `BackEnd`."""


class BackEnd(Protocol):
    """Reads the wording of a scale from a file; finds all its faults before it returns anything."""

    def __call__(
        self, path: Path, target: WordingTarget, /, *, languages: Sequence[str], terms: Terms | None, sha256: str
    ) -> Wording:
        """Return the table and where it came from."""
        ...


BUILT_IN: Mapping[str, BackEnd] = {"npm_alheimsins": load_npm, "psychtools": load_psychtools, "file": load_own_file}
"""The back ends that come with the package."""


def back_ends() -> tuple[str, ...]:
    """Return the names of all back ends, those of other packages included."""
    return tuple(sorted({*BUILT_IN, *(one.name for one in entry_points(group=ENTRY_POINTS))}))


def load_wording(
    path: str | Path,
    target: WordingTarget,
    *,
    languages: Sequence[str] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
    back_end: str = "",
) -> Wording:
    """Read a wording from where its owner publishes it, or from a file of one's own.

    Parameters
    ----------
    path : str or Path
        ``.tgz``: npm archive. ``.csv`` written by the R script: psychTools. Other ``.csv``, ``.json``, ``.yaml``: own.
    target : WordingTarget
        From `published.target_of`.
    languages : sequence of str
        Which languages to load.
    terms : Terms, optional
        Needed for a file of one's own.
    sha256 : str
        Hash that the file must have; archives that were examined have one of their own.
    back_end : str
        Name of the back end, where the file name does not tell.

    Raises
    ------
    InstrumentError
        With every fault; nothing is loaded in part.
    """
    file = Path(path)
    if not file.is_file():
        raise InstrumentError(f"There is no file {file.name!r} to load the wording of {target.scale_id!r} from",
                              where=str(file), remedy="Check the path.")
    return _back_end(back_end or _told_by(file))(file, target, languages=tuple(languages), terms=terms, sha256=sha256)


def _back_end(name: str) -> BackEnd:
    if name in BUILT_IN:
        return BUILT_IN[name]
    for one in entry_points(group=ENTRY_POINTS):
        if one.name == name:
            found: BackEnd = one.load()
            return found
    raise InstrumentError(f"There is no back end {name!r}", remedy=f"There are: {', '.join(back_ends())}.")


def _told_by(file: Path) -> str:
    if file.suffix.lower() in (".tgz", ".gz"):
        return "npm_alheimsins"
    with file.open("rb") as stream:
        first = stream.readline(400).decode("utf-8", errors="replace")
    columns = tuple(name.strip().strip('"') for name in first.lstrip("\ufeff").strip().split(","))
    return "psychtools" if columns == COLUMNS else "file"
