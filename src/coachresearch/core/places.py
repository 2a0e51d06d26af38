"""Where the files that come with the package lie: in a checkout or in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from coachresearch.core.errors import CoachResearchError

Shipped = Literal["instruments", "notebooks", "data/synthetic"]

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(what: Shipped) -> Path:
    """Return the folder of files that came with the package.

    Parameters
    ----------
    what : {"instruments", "notebooks", "data/synthetic"}
        Which of the top-level folders of the project.

    Raises
    ------
    CoachResearchError
        If neither the wheel's copy nor the checkout's folder is there.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent.parent):
        folder = root / what
        if folder.is_dir():
            return folder
    raise CoachResearchError(
        f"The folder {what!r} that comes with coachresearch is not there",
        remedy="Install the package again: pip install --force-reinstall coachresearch.",
    )
