"""Bring a file of answers or of ready-made scores into a study."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.core.contracts import PEOPLE, RESPONSES
from coachresearch.core.errors import Fault, ResponseError
from coachresearch.core.located import read_located
from coachresearch.display.text import caution_sentence, sentence

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.core.caution import Caution


def proposed(study: str | Path, file: str | Path, *, instrument: str = "") -> str:
    """Propose a mapping file for a spreadsheet, to be read and corrected by a person.

    Parameters
    ----------
    study : str or Path
        Study folder.
    file : str or Path
        The spreadsheet.
    instrument : str
        What was answered; may be left out if the study asks one instrument.
    """
    from coachresearch.responses.proposal import propose
    from coachresearch.responses.table import read_table

    opened = open_folder(study)
    names = [instrument] if instrument else list(opened.instruments)
    if len(names) != 1 or names[0] not in opened.instruments:
        raise ResponseError(f"Which instrument was answered in {Path(file).name}?", where=str(opened.path),
                            remedy=f"Name one with --instrument: {', '.join(opened.instruments)}.")
    asked = next(one for wave in opened.study.waves for one in wave.asked if one.instrument == names[0])
    return propose(read_table(Path(file), layout=None), opened.instruments[names[0]], form=asked.form,
                   role=asked.roles[0])


def import_into(study: str | Path, file: str | Path, mapping: str | Path, *, again: bool = False) -> str:
    """Import a file of answers or scores, all of it or nothing, and say what came of it.

    Parameters
    ----------
    study : str or Path
        Study folder.
    file : str or Path
        CSV, XLSX or SPSS .sav.
    mapping : str or Path
        YAML file; one that has ``scores`` describes ready-made scores, any other answers.
    again : bool
        Whether a file that was imported before is imported anew, with a corrected mapping.

    Raises
    ------
    CoachResearchError
        With every fault of the mapping or the file; nothing is kept then.
    """
    opened = open_folder(study)
    described = read_located(Path(mapping), error=ResponseError).data
    if isinstance(described, dict) and "scores" in described:
        return _import_scores(opened, Path(file), Path(mapping), again=again)
    return _import_answers(opened, Path(file), Path(mapping), again=again)


def is_exported(file: Path) -> bool:
    """Whether a CSV file is laid out as this toolkit exports answers, so that it needs no mapping."""
    if file.suffix.lower() != ".csv" or not file.is_file():
        return False
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        return tuple(lines.readline().strip().split(",")) == RESPONSES.names


def import_exported(study: str | Path, file: str | Path) -> str:
    """Import a CSV file of answers that this toolkit exported: columns of the responses contract, a row an answer.

    Raises
    ------
    CoachResearchError
        With every fault of the file; nothing is kept then.
    """
    import hashlib

    import pandas as pd

    from coachresearch.responses.responses import Responses
    from coachresearch.store.rows import rows_of
    from coachresearch.store.store import InstrumentMark, SourceFile, open_store

    opened, place = open_folder(study), Path(file)
    frame = RESPONSES.check(pd.read_csv(place, dtype="string", keep_default_na=False), where=place.name,
                            error=ResponseError)
    frame = in_waves(opened, frame, place.name)
    Responses(frame, tuple(opened.instruments.values()), opened.study.id)
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    marks = [InstrumentMark(one.id, one.version, one.content_hash) for one in opened.instruments.values()]
    with open_store(opened.database, study=opened.study.id) as store:
        receipt = store.append(rows_of(frame), key=f"exported:{digest}", marks=marks,
                               source=SourceFile(place.name, digest, len(frame)))
    if receipt.replayed:
        return sentence("app.imported_before", file=place.name, when=f"{receipt.received_at:%Y-%m-%d %H:%M} UTC")
    return sentence("app.imported", rows=len(frame), file=place.name, answers=len(frame),
                    database=opened.database.name, left_out=0)


def _import_answers(opened: StudyFolder, file: Path, mapping: Path, *, again: bool) -> str:
    from coachresearch.responses.imports import import_answers, read_answers
    from coachresearch.responses.mapping import read_mapping
    from coachresearch.store.store import open_store

    imported = read_answers(file, read_mapping(mapping), opened.instruments, opened.study.id)
    imported = replace(imported, responses_frame=in_waves(opened, imported.responses_frame, file.name))
    people, added = _with_new_people(opened, imported.people_frame, file.name)
    with open_store(opened.database, study=opened.study.id) as store:
        receipt = import_answers(store, imported, again=again)
    _write_people(opened, people, added)
    if receipt.replayed:
        return sentence("app.imported_before", file=file.name, when=f"{receipt.received_at:%Y-%m-%d %H:%M} UTC")
    told = sentence("app.imported", rows=imported.rows, file=file.name, answers=len(imported.responses_frame),
                    database=opened.database.name, left_out=imported.left_out)
    strangers = _not_listed(opened, imported.responses_frame)
    told += "\n" + sentence("app.not_listed", n=strangers) if strangers else ""
    return _told(told, added, imported.cautions)


def in_waves(opened: StudyFolder, answers: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the answers with titles of waves turned into their ids.

    Raises
    ------
    ResponseError
        For a wave that the study does not have, or a role that it does not ask this questionnaire in that wave.
    """
    ids = {wave.title: wave.id for wave in opened.study.waves} | {wave.id: wave.id for wave in opened.study.waves}
    asked = {(wave.id, one.instrument, role) for wave in opened.study.waves for one in wave.asked for role in one.roles}
    placed = answers.assign(wave=answers["wave"].map(lambda wave: ids.get(str(wave), str(wave))).astype("string"))
    counts = placed["wave"].value_counts()
    waves = ", ".join(one.id for one in opened.study.waves)
    faults = [Fault(f"{counts[wave]} answers are from wave {wave!r}, which the study does not have", name,
                    f"It has: {waves}. Rename it in the mapping: "
                    f"wave: {{column: ..., values: {{{wave}: {opened.study.waves[0].id}}}}}.")
              for wave in sorted({str(wave) for wave in placed["wave"]} - set(ids.values()))]
    seen = set(zip(placed["wave"], placed["instrument"], placed["role"], strict=True))
    faults += [Fault(f"The study does not ask the role {role!r} the questionnaire {instrument!r} in wave {wave!r}",
                     name, "Correct the role in the mapping, or add it to the wave in study.yaml.")
               for wave, instrument, role in sorted(seen - asked) if wave in set(ids.values())]
    if faults:
        raise ResponseError.of(faults)
    return placed


def _not_listed(opened: StudyFolder, answers: pd.DataFrame) -> int:
    """Count the pairs of rater and rated that a table of relations does not list; none where there is no such table."""
    known = opened.people.relations
    if known.empty:
        return 0
    listed = set(zip(known["target"], known["rater"], known["role"], strict=True))
    others = answers[answers["role"] != "self"]
    return len(set(zip(others["target"], others["person"], others["role"], strict=True)) - listed)


def _import_scores(opened: StudyFolder, file: Path, mapping: Path, *, again: bool) -> str:
    from coachresearch.responses.mapping import read_score_mapping
    from coachresearch.responses.scored import import_scores, read_scored
    from coachresearch.store.store import open_store

    imported = read_scored(file, read_score_mapping(mapping))
    people, added = _with_new_people(opened, imported.people_frame, file.name)
    with open_store(opened.database, study=opened.study.id) as store:
        receipt = import_scores(store, imported, again=again)
    _write_people(opened, people, added)
    if receipt.replayed:
        return sentence("app.imported_before", file=file.name, when=f"{receipt.received_at:%Y-%m-%d %H:%M} UTC")
    told = sentence("app.imported_scores", rows=imported.rows, file=file.name, scores=len(imported.scores_frame),
                    database=opened.database.name)
    return _told(told, added, imported.cautions)


def _told(first: str, added: int, cautions: tuple[Caution, ...]) -> str:
    lines = [first] + ([sentence("app.people_added", n=added)] if added else [])
    return "\n".join([*lines, *(caution_sentence(one) for one in cautions)])


def _with_new_people(opened: StudyFolder, found: pd.DataFrame, name: str) -> tuple[pd.DataFrame, int]:
    """Add the people of a file to those known; refuse a file that contradicts what is known."""
    import pandas as pd

    known = opened.people.people
    both = known.merge(found, on="person", suffixes=("", "_file"))
    faults = []
    for column in ("level", "team", "arm"):
        differs = both[column].notna() & both[f"{column}_file"].notna() & (both[column] != both[f"{column}_file"])
        faults += [f"{row.person} ({column} {row[column]}, in the file {row[f'{column}_file']})"
                   for _, row in both[differs].iterrows()]
    if faults:
        raise ResponseError(f"The file contradicts people.csv: {'; '.join(faults[:20])}", where=name,
                            remedy="Correct one of the two.")
    arms = {arm.id for arm in opened.study.arms}
    strangers = sorted({str(arm) for arm in found["arm"].dropna()} - arms)
    if strangers:
        raise ResponseError(f"The study has no arm {', '.join(map(repr, strangers))}", where=name,
                            remedy=f"It has: {', '.join(sorted(arms))}. Rename them in the mapping or the study file.")
    new = found[~found["person"].isin(known["person"])]
    return PEOPLE.check(pd.concat([known, new], ignore_index=True)), len(new)


def _write_people(opened: StudyFolder, people: pd.DataFrame, added: int) -> None:
    if not added:
        return
    text = people.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%SZ")
    handle, name = tempfile.mkstemp(dir=opened.path, prefix=".people-")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    Path(name).replace(opened.path / "people.csv")
