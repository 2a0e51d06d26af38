"""Set up the project and run its tasks with nothing but Python and the package index.

Usage: python tasks.py TASK [options]      (on Windows: py tasks.py TASK)
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 13)
LEFT_OUT = "not browser and not notebook and not soak and not reference"


def main() -> int:
    """Run one task and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=sorted(TASKS), help="what to do")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="options handed on to the task")
    chosen = parser.parse_args()
    check_python()
    return TASKS[chosen.task](chosen.rest)


def check_python() -> None:
    """Stop with a remedy if this Python cannot do the work."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        seen = ".".join(map(str, sys.version_info[:3]))
        stop(f"Python {seen} runs this file, but coachresearch needs Python 3.11, 3.12 or 3.13.",
             "Install one of them and call it by name, for instance: python3.12 tasks.py demo")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as missing:
        stop(f"This Python comes without the module {missing.name!r}, so it cannot make a virtual environment.",
             "On Debian or Ubuntu: apt install python3-venv. Elsewhere: install Python from python.org.")


def stop(what: str, remedy: str) -> None:
    """Say what is wrong and what to do, and leave."""
    print(f"{what}\n{remedy}", file=sys.stderr)
    raise SystemExit(2)


def python() -> str:
    """Return the path of the virtual environment's Python."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def run(*command: str, **environment: str) -> int:
    """Run a command in the project folder and return its exit code."""
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode


def set_up(*, developer: bool) -> None:
    """Make `.venv` and install from the lock, once for each state of the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = ["-e", ".[examples,notebook,scale]" if developer else ".[examples]"]
    if developer:
        wanted += project["dependency-groups"]["dev"]
    state = hashlib.sha256("".join(
        [(ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "constraints.txt")]
        + [sys.version]).encode()).hexdigest()
    stamps = [VENV / f"stamp-{kind}" for kind in (["developer"] if developer else ["developer", "user"])]
    if any(stamp.is_file() and stamp.read_text(encoding="utf-8") == state for stamp in stamps):
        return
    began = time.monotonic()
    if not Path(python()).is_file():
        print("Making .venv ...", flush=True)
        if run(sys.executable, "-m", "venv", str(VENV)):
            stop("The virtual environment could not be made.", "Remove the folder .venv, check the disk, try again.")
    print("Installing from the lock (some minutes the first time) ...", flush=True)
    if run(python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt",
           *wanted):
        stop("The installation did not finish; pip says why above.",
             "Check that the package index can be reached, then run the same command again.")
    stamps[0 if developer else 1].write_text(state, encoding="utf-8")
    print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)


def demo(rest: list[str]) -> int:
    """Run the main job on simulated and on public answers, to two HTML reports."""
    set_up(developer=False)
    return run(python(), "-m", "coachresearch", "demo", *(rest or ["--out", "out/demo"]))


def lab(rest: list[str]) -> int:
    """Open the notebooks in JupyterLab."""
    set_up(developer=False)
    return run(python(), "-m", "coachresearch", "lab", *rest)


def test(rest: list[str]) -> int:
    """Run the tests, the wheel test included; browser and notebook tests have tasks of their own."""
    set_up(developer=True)
    return run(python(), "-m", "pytest", "-q", "-m", LEFT_OUT, *rest)


def marked(marker: str, rest: list[str]) -> int:
    """Run the tests of one marker."""
    set_up(developer=True)
    return run(python(), "-m", "pytest", "-q", "-m", marker, *rest)


def lint(rest: list[str]) -> int:
    """Check style, types and layers."""
    set_up(developer=True)
    bin_folder = Path(python()).parent
    checks = [(python(), "-m", "ruff", "check", *(rest or ["src", "tests", "benchmarks", "tasks.py"])),
              (python(), "-m", "mypy"), (str(bin_folder / "lint-imports"),)]
    return max([run(*check) for check in checks])


def bench(rest: list[str]) -> int:
    """Measure speed side by side with peers; nothing here is a test."""
    set_up(developer=True)
    return run(python(), "-m", "benchmarks", *rest)


def reference(rest: list[str]) -> int:
    """Hold the numbers against a folder of reference data: make reference DIR=folder."""
    set_up(developer=True)
    if not rest:
        stop("Which folder of reference data?", "Name it: make reference DIR=path/to/reference")
    return run(python(), "-m", "benchmarks.reference", *rest)


def lock(rest: list[str]) -> int:
    """Write constraints.txt anew for all systems and Python versions, without any address."""
    set_up(developer=True)
    if run(python(), "-m", "pip", "install", "--quiet", "uv"):
        stop("uv could not be installed.", "Check that the package index can be reached.")
    return run(python(), "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--no-header",
               "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--all-extras", "--group", "dev",
               "pyproject.toml", "-o", "constraints.txt", *rest)


TASKS = {
    "bench": bench,
    "demo": demo,
    "lab": lab,
    "lint": lint,
    "lock": lock,
    "notebooks": lambda rest: marked("notebook", rest),
    "reference": reference,
    "soak": lambda rest: marked("soak", rest),
    "test": test,
    "test-browser": lambda rest: marked("browser", rest),
}

if __name__ == "__main__":
    raise SystemExit(main())
