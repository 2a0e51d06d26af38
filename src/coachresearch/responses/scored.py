"""Ready-made scores that others collected, such as a spreadsheet of totals before and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import SCORES
from coachresearch.core.errors import ResponseError
from coachresearch.responses.cells import Unclear, key_of, score_in
from coachresearch.responses.facts import Findings, cells_of, check_columns, people_of, subjects_of
from coachresearch.responses.mapping import ScoreColumn, ScoreMapping
from coachresearch.responses.table import Cell, Table, fingerprint, read_table, table_of
from coachresearch.store.store import SourceFile, Store
from coachresearch.store.writer import Receipt

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class ImportedScores:
    """Scores understood from a file, not kept anywhere yet.

    Parameters
    ----------
    scores_frame : DataFrame
        Under the scores contract, method ``imported``; `n_answered` and `n_items` are empty.
    people_frame : DataFrame
        What the file says about the targets, under the people contract.
    cautions : tuple of Caution
        ``scores_imported``: how the scores were formed is not known here.
    source_name, source_hash : str
        The file and its SHA-256.
    rows : int
        Rows of the file.
    """

    scores_frame: pd.DataFrame
    people_frame: pd.DataFrame
    cautions: tuple[Caution, ...]
    source_name: str
    source_hash: str
    rows: int


def read_scored(path: Path | str, mapping: ScoreMapping) -> ImportedScores:
    """Read ready-made scores from a CSV, Excel (.xlsx) or SPSS (.sav) file.

    Parameters
    ----------
    path : Path or str
        The file; one row a rater and target.
    mapping : ScoreMapping
        Which column holds which scale in which wave; from `read_score_mapping`.

    Returns
    -------
    ImportedScores
        An empty cell is a score that is missing: the row stays.

    Raises
    ------
    ResponseError
        With everything that is wrong in the file, by row and column.
    """
    file = mapping.file
    return _understood(read_table(Path(path), sheet=file.sheet, encoding=file.encoding, delimiter=file.delimiter),
                       mapping)


def scored_from(frame: pd.DataFrame, mapping: ScoreMapping, *, name: str = "table") -> ImportedScores:
    """Take ready-made scores from a DataFrame that is laid out like a spreadsheet; see `read_scored`."""
    return _understood(table_of(frame, name), mapping)


def import_scores(store: Store, imported: ImportedScores, *, again: bool = False) -> Receipt:
    """Keep imported scores, in one transaction; `again` and the errors as in `imports.import_answers`."""
    key = f"scores:{imported.source_hash}"
    if again:
        key = f"{key}:{fingerprint(imported.scores_frame)}"
    source = SourceFile(imported.source_name, imported.source_hash, imported.rows)
    return store.append_scores(imported.scores_frame, key=key, source=source)


def _understood(table: Table, mapping: ScoreMapping) -> ImportedScores:
    import pandas as pd

    findings = Findings(table.name)
    used = [mapping.person.column, mapping.target.column, mapping.role.column,
            *(column for _, column in mapping.people), *(one.column for one in mapping.scores)]
    check_columns(table, used, mapping.ignore, findings, mapping=mapping.name)
    _check_twice(mapping, findings)
    persons, targets, roles = subjects_of(table, mapping, findings)
    seen: dict[tuple[str, ...], int] = {}
    for number, *who in zip(table.numbers, persons, targets, roles, strict=True):
        first = seen.setdefault(tuple(who), number)
        if first != number and who[0]:
            findings.at(f"Person {who[0]!r} stands here a second time (first in row {first})", number,
                        mapping.person.column, "Keep one of the two rows.")
    rows: list[dict[str, Any]] = []
    for one in mapping.scores:
        scores = _column_scores(table, one, mapping.missing, findings)
        rows += [{"wave": one.wave, "person": person, "target": target, "role": role, "scale": one.scale,
                  "score": score, "method": "imported"}
                 for person, target, role, score in zip(persons, targets, roles, scores, strict=True)]
    people = people_of(table, targets, mapping.people, findings)
    findings.settle()
    frame = SCORES.check(pd.DataFrame(rows, columns=list(SCORES.names), dtype=object), where=table.name,
                         error=ResponseError)
    return ImportedScores(frame, people, (caution("scores_imported", file=table.name),), table.name, table.sha256,
                          len(table.rows))


def _check_twice(mapping: ScoreMapping, findings: Findings) -> None:
    for what, keys in (("column", [one.column for one in mapping.scores]),
                       ("scale and wave", [f"{one.scale}@{one.wave}" for one in mapping.scores])):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            findings.of(f"The mapping names the same {what} more than once: {', '.join(twice)}",
                        "Name each once.", where=mapping.name)


def _column_scores(
    table: Table, one: ScoreColumn, missing: tuple[str, ...], findings: Findings
) -> list[float | None]:
    nothing = {key_of(entry) for entry in missing}
    found: list[float | None] = []
    for number, cell in zip(table.numbers, cells_of(table, one.column), strict=True):
        score = _score(cell, nothing)
        if isinstance(score, Unclear):
            findings.at(f"The score of {one.scale!r} {score.what}", number, one.column, "Correct it, or list the "
                        "entry under missing.")
            score = None
        elif score is not None and one.low is not None and one.high is not None and not one.low <= score <= one.high:
            findings.at(f"The score of {one.scale!r} is {score:g}, but the mapping allows {one.low:g} to {one.high:g}",
                        number, one.column, "Correct the score or the range.")
        found.append(score)
    return found


def _score(cell: Cell, nothing: set[str]) -> float | Unclear | None:
    return None if key_of(cell) in nothing else score_in(cell)
