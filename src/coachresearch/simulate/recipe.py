"""A recipe beside the files: from seed and truth to a study folder, the same bytes every time."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.core.errors import CoachResearchError, DesignError, Fault
from coachresearch.core.located import Located, read_located
from coachresearch.instruments.reader import read_instruments
from coachresearch.simulate.cohort import Simulated, simulate_cohort
from coachresearch.simulate.truth import Truth
from coachresearch.studies.reader import read_study

if TYPE_CHECKING:
    import pandas as pd

FILE = "recipe.yaml"
"""Name of the recipe within a study folder."""

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schema", "seed", "instrument", "truth"],
    "properties": {
        "schema": {"const": "coachresearch/recipe/1", "description": "Kind and version: coachresearch/recipe/1."},
        "about": {"type": "string", "description": "What the folder is for."},
        "command": {"type": "string", "description": "The command that makes the files."},
        "seed": {"type": "integer", "minimum": 0, "description": "A whole number from 0 on."},
        "instrument": {"type": "string", "description": "Id of the instrument that is asked."},
        "truth": {
            "type": "object", "additionalProperties": False, "description": "Parts of the truth, by name.",
            "properties": {name: {"type": "integer" if name in Truth.whole() else "number",
                                  "description": "A whole number." if name in Truth.whole() else "A number."}
                           for name in Truth.names()},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a simulated study folder is made from."""

    seed: int
    instrument: str
    truth: Truth


def read_recipe(folder: str | Path) -> Recipe:
    """Read the recipe of a study folder.

    Raises
    ------
    DesignError
        With every fault of the file, and its line.
    """
    located = read_located(Path(folder) / FILE, schema=_SCHEMA, error=DesignError)
    return Recipe(located.data["seed"], located.data["instrument"], _truth(located))


def _truth(located: Located) -> Truth:
    given: Mapping[str, float] = located.data["truth"]
    try:
        return Truth(**given)  # type: ignore[arg-type]
    except DesignError as problem:
        raise DesignError.of(
            Fault(fault.what, located.where("truth", fault.what.partition(" ")[0]), fault.remedy)
            for fault in problem.faults) from None


def write_cohort(folder: str | Path) -> tuple[Path, ...]:
    """Simulate the study of a folder and write its tables beside it.

    Parameters
    ----------
    folder : str or Path
        Holds ``study.yaml`` and ``recipe.yaml``.

    Returns
    -------
    tuple of Path
        ``people.csv``, ``relations.csv``, ``coaching.csv``, ``outcomes.csv`` and ``responses.csv``, each replaced in
        one step. The same recipe gives the same bytes.

    Raises
    ------
    DesignError
        If study or recipe are wrong, or the instrument is not there.
    """
    place = Path(folder)
    recipe = read_recipe(place)
    study = read_study(place)
    instruments = read_instruments()
    if recipe.instrument not in instruments:
        raise DesignError(f"There is no instrument {recipe.instrument!r}", where=FILE,
                          remedy=f"There are: {', '.join(sorted(instruments))}.")
    made = simulate_cohort(study, instruments[recipe.instrument], truth=recipe.truth, seed=recipe.seed)
    return tuple(_written(_plain(table), place / name) for name, table in _tables(made))


def _tables(made: Simulated) -> tuple[tuple[str, pd.DataFrame], ...]:
    people = made.people
    return (("people.csv", people.people), ("relations.csv", people.relations), ("coaching.csv", people.coaching),
            ("outcomes.csv", people.outcomes), ("responses.csv", made.responses))


def _written(table: pd.DataFrame, path: Path) -> Path:
    """Write a table with line feeds alone, whatever the system, and put it in place in one step."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        table.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")
        draft.replace(path)
    except OSError as problem:
        raise DesignError(f"{path.name} cannot be written: {problem.strerror or problem}", where=str(path),
                          remedy="Check that the folder may be written to.") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Write times without parts of a second, and days without a time."""
    import pandas as pd

    plain = table.copy()
    for name in plain.columns:
        if isinstance(plain[name].dtype, pd.DatetimeTZDtype):
            days = bool((plain[name].dropna().dt.normalize() == plain[name].dropna()).all())
            plain[name] = plain[name].dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%SZ")
    return plain


def main(arguments: Sequence[str]) -> int:
    """Write the cohorts of the folders named; return 0, or 2 after saying what was wrong."""
    if not arguments:
        sys.stderr.write("Usage: python -m coachresearch.simulate.recipe FOLDER ...\n")
        return 2
    try:
        for folder in arguments:
            write_cohort(folder)
    except CoachResearchError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
