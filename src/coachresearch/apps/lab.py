"""Notebooks on your own disk, opened in JupyterLab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from coachresearch.core.places import shipped


def copy_notebooks(folder: Path) -> tuple[Path, ...]:
    """Copy the shipped notebooks into a folder; a file that is already there is kept as it is.

    Returns
    -------
    tuple of Path
        The notebooks in the folder, copied or kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for source in sorted(shipped("notebooks").glob("*.ipynb")):
        place = folder / source.name
        if not place.exists():
            shutil.copyfile(source, place)
        found.append(place)
    return tuple(found)


def open_lab(folder: Path, *, browser: bool = True) -> None:
    """Copy the notebooks and run JupyterLab on the folder until it is stopped."""
    copy_notebooks(folder)
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={folder}"]
    try:
        done = subprocess.run(command if browser else [*command, "--no-browser"], check=False)
    except KeyboardInterrupt:
        return
    raise SystemExit(done.returncode)
