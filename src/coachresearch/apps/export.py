"""Hand answers on: checked, written with their codebook, and noted in the audit log before anything leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.data import DIRECTORY
from coachresearch.apps.folder import open_folder
from coachresearch.core.errors import CoachResearchError, DesignError, StoreError
from coachresearch.display.text import caution_sentence, sentence

if TYPE_CHECKING:
    from coachresearch.responses.exporting import Choice

_ENDINGS = {"csv": ".csv", "parquet": ".parquet", "xlsx": ".xlsx", "sav": ".sav", "dta": ".dta"}


def export_study(
    study: str | Path, *, format: str = "csv", out: Path | None = None, wide: bool = False,
    attributes: str = "", language: bool = True, times: str = "day", texts: bool = True, names: bool = False,
    guard_formulas: bool = True, label_language: str = "",
) -> str:
    """Export the answers of a study folder, and say what was written.

    Parameters
    ----------
    study : str or Path
        Study folder.
    format : str
        ``csv``, ``parquet``, ``xlsx``, ``sav`` (SPSS) or ``dta`` (Stata).
    out : Path, optional
        The file; ``answers.<format>`` in the folder ``export`` of the study if left out.
    wide : bool
        A row a rater instead of a row an answer; SPSS and Stata files are wide always.
    attributes : str
        Of ``level``, ``team``, ``arm``, separated by commas.
    language, times, texts, guard_formulas, label_language
        As in `responses.exporting.Choice`.
    names : bool
        Names beside the answers; refused unless the study is an identified one.

    Raises
    ------
    CoachResearchError
        If people could be told apart, a name is asked for that was promised away, or the file cannot be written.
        What was refused is noted in the audit log.
    """
    from coachresearch.responses.exporting import export
    from coachresearch.store.audit import record
    from coachresearch.store.directory import Directory
    from coachresearch.store.promise import promised
    from coachresearch.store.store import open_store

    opened = open_folder(study)
    choice = _choice(format, wide, attributes, language, times, texts, guard_formulas,
                     label_language or opened.study.language)
    responses = opened.responses()
    place = out or opened.path / "export" / f"answers{_ENDINGS[choice.format]}"
    if out is None:
        place.parent.mkdir(exist_ok=True)
    told: dict[str, str | int | None] = {"format": choice.format, "attributes": ", ".join(choice.attributes),
                                         "names": int(names)}
    with open_store(opened.database, create=False, study=opened.study.id) as store:
        try:
            if names and promised(store) != "identified":
                raise StoreError(f"This study is {promised(store)}: names do not go beside answers",
                                 remedy="Leave out --names.")
            known = {one.person: one.name for one in Directory(opened.path / DIRECTORY).contacts()} if names else None
            written = export(responses, place, choice, min_group=opened.study.min_group, people=opened.people.people,
                             names=known)
        except CoachResearchError as refusal:
            record(store, "export refused", details={**told, "why": refusal.faults[0].what})
            raise
        try:
            record(store, "exported", details={**told, "rows": written.rows, "people": written.people,
                                               "file": place.name})
        except CoachResearchError:
            place.unlink(missing_ok=True)
            written.codebook.unlink(missing_ok=True)
            raise
    lines = [sentence("export.done", rows=written.rows, people=written.people, file=written.path.name,
                      codebook=written.codebook.name)]
    return "\n".join([*lines, *(caution_sentence(one) for one in (*responses.cautions, *written.cautions))])


def _choice(
    format: str, wide: bool, attributes: str, language: bool, times: str, texts: bool, guard_formulas: bool,
    label_language: str,
) -> Choice:
    from coachresearch.responses.exporting import ATTRIBUTES, FORMATS, TIMES, Choice

    form = next((one for one in FORMATS if one == format), None)
    clock = next((one for one in TIMES if one == times), None)
    wanted = [name.strip() for name in attributes.split(",") if name.strip()]
    strange = [name for name in wanted if name not in ATTRIBUTES]
    if form is None:
        raise DesignError(f"There is no format {format!r}", remedy=f"Choose one of {', '.join(FORMATS)}.")
    if clock is None:
        raise DesignError(f"There is no choice {times!r} of times", remedy=f"Choose one of {', '.join(TIMES)}.")
    if strange:
        raise DesignError(f"There is no attribute {', '.join(map(repr, strange))}",
                          remedy=f"Choose of {', '.join(ATTRIBUTES)}.")
    return Choice(form, "wide" if wide else "long", tuple(name for name in ATTRIBUTES if name in wanted), language,
                  clock, texts, guard_formulas, label_language)
