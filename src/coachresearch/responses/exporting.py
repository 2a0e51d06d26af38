"""Answers handed on: looked over for people who could be told apart, then written with their codebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import Fault, ResponseError
from coachresearch.responses.exports import write_csv
from coachresearch.responses.labelled import spelled, write_spss, write_stata
from coachresearch.responses.responses import Responses
from coachresearch.responses.sheets import write_excel, write_parquet
from coachresearch.responses.variables import KEYS, WORDS, codebook, variables_of, wide_answers

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet", "xlsx", "sav", "dta"]
Shape = Literal["long", "wide"]
Times = Literal["day", "none", "full"]
Attribute = Literal["level", "team", "arm"]

FORMATS: tuple[Format, ...] = get_args(Format)
TIMES: tuple[Times, ...] = get_args(Times)
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
_LABELLED = ("sav", "dta")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """What is handed on.

    Parameters
    ----------
    format : {"csv", "parquet", "xlsx", "sav", "dta"}
    shape : {"long", "wide"}
        A row an answer, or a row a rater, target, role and wave. SPSS and Stata files are wide.
    attributes : tuple of {"level", "team", "arm"}
        What is said of the target beside the answers.
    language : bool
        Whether the language of each answer is said; ``und`` stands in its place otherwise.
    times : {"day", "none", "full"}
        When something was answered: the day, nothing, or to the second. Seconds per item go with ``full``.
    texts : bool
        Whether answers in people's own words go with it.
    guard_formulas : bool
        CSV only: an apostrophe before text that a spreadsheet would run.
    label_language : str
        Of labels and codebook.
    """

    format: Format
    shape: Shape = "long"
    attributes: tuple[Attribute, ...] = ()
    language: bool = True
    times: Times = "day"
    texts: bool = True
    guard_formulas: bool = True
    label_language: str = "en"


@dataclass(frozen=True, slots=True)
class Exported:
    """Files that were written.

    Parameters
    ----------
    path, codebook : Path
    rows, people : int
        Rows of the file, and people who gave them.
    cautions : tuple of Caution
        ``label_cut``, ``cell_cut``, ``names_changed``, ``rater_groups_small``, ``texts_included``.
    """

    path: Path
    codebook: Path
    rows: int
    people: int
    cautions: tuple[Caution, ...]


def export(
    responses: Responses, path: Path, choice: Choice, *, min_group: int, people: pd.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
) -> Exported:
    """Write answers and, beside them, ``<name>.codebook.csv``.

    Parameters
    ----------
    responses : Responses
    path : Path
        Replaced in one step.
    choice : Choice
    min_group : int
        The study's smallest group that may be shown.
    people : DataFrame, optional
        Under the people contract; needed for attributes.
    names : mapping of pseudonym to name, optional
        Only in identified studies: names beside the answers. Who calls this has made sure of the promise.

    Returns
    -------
    Exported

    Raises
    ------
    ResponseError
        If fewer people than `min_group` share some combination of what is said about them; nothing is written then.
    StoreError
        If a file cannot be written.
    """
    frame = _prepared(responses, choice)
    attributes = _attributes(frame, choice, people)
    found = small_groups(frame, attributes, language=choice.language, min_group=min_group)
    if found:
        raise ResponseError.of(found)
    cautions = list(_told(frame, choice, min_group))
    checked = Responses(frame, responses.instruments, responses.study_id)
    variables = variables_of(checked, language=choice.label_language)
    extra = [name for name in ("language",) if choice.language]
    wide = _joined(wide_answers(checked, variables, extra=extra), attributes, names)
    out = wide if choice.shape == "wide" or choice.format in _LABELLED else _joined(_sorted(frame), attributes, names)
    renamed: dict[str, str] = {}
    notes = _notes(out, choice)
    if choice.format == "sav":
        renamed, more = write_spss(out, variables, path, title=responses.study_id,
                                   language=choice.label_language)
        cautions += more
    elif choice.format == "dta":
        renamed, more = write_stata(out, variables, path, title=responses.study_id,
                                   language=choice.label_language)
        cautions += more
    book = codebook(variables, wide, names=renamed if renamed else None, notes=notes)
    if choice.format == "csv":
        write_csv(out, path, guard_formulas=choice.guard_formulas)
    elif choice.format == "xlsx":
        cautions += write_excel({"answers": out, "codebook": book}, path)
    elif choice.format == "parquet":
        write_parquet(out, path, about={"study": responses.study_id, "codebook": book.to_csv(index=False)})
    if spelled(renamed):
        cautions.append(caution("names_changed", n=len(spelled(renamed)), format=choice.format))
    beside = write_csv(book, path.with_name(f"{path.stem}.codebook.csv"))
    return Exported(path, beside, len(out), int(frame["person"].nunique()), tuple(cautions))


def small_groups(
    frame: pd.DataFrame, attributes: pd.DataFrame | None, *, language: bool, min_group: int
) -> tuple[Fault, ...]:
    """Look for combinations of what is said about people that fewer than `min_group` of them share.

    Counted are people who answered (by attributes of the target, role and language) and targets (by attributes).

    Returns
    -------
    tuple of Fault
        One a combination, with its size; nobody's pseudonym.
    """
    said = [] if attributes is None else list(attributes.columns)
    rows = frame if attributes is None else frame.join(attributes, on="target")
    people = int(rows["person"].nunique())
    if people < min_group:
        return (Fault(f"{people} people answered, and groups below {min_group} are not shown", "",
                      "Wait for more answers."),)
    found: list[Fault] = []
    quasi = [*said, *(["language"] if language else [])]
    checks = [("person", quasi, "answers"), ("target", said, "people")]
    for unit, columns, what in checks:
        if not columns:
            continue
        sizes = rows.groupby(columns, dropna=False)[unit].nunique()
        small = sizes[sizes < min_group]
        for values, n in list(small.items())[:_SHOWN]:
            combination = ", ".join(f"{name} {value}" for name, value in
                                    zip(columns, values if isinstance(values, tuple) else (values,), strict=True))
            found.append(Fault(f"Only {n} {'person answered' if n == 1 else 'people answered'} with {combination}"
                               if what == "answers" else f"Only {n} of those answered about have {combination}", "",
                               f"Groups below {min_group} are not shown: leave out {' or '.join(columns)}, or merge "
                               "its values."))
        if len(small) > _SHOWN:
            found.append(Fault(f"{len(small) - _SHOWN} more such groups"))
    return tuple(found)


def _prepared(responses: Responses, choice: Choice) -> pd.DataFrame:
    frame = responses.frame.copy()
    if not choice.language:
        frame["language"] = "und"
    if choice.times != "full":
        frame["seconds"] = None
        frame["answered_at"] = frame["answered_at"].dt.floor("D") if choice.times == "day" else None
    if not choice.texts:
        texts = frame["text"].notna() & frame["value"].isna()
        frame = frame[~texts].assign(text=None)
    return RESPONSES.check(frame.reset_index(drop=True), error=ResponseError)


def _attributes(frame: pd.DataFrame, choice: Choice, people: pd.DataFrame | None) -> pd.DataFrame | None:
    if not choice.attributes:
        return None
    if people is None:
        raise ResponseError("Attributes are asked for, but no table of people was given", remedy="Hand over people.")
    about = people.set_index("person")[list(choice.attributes)]
    return about.reindex(sorted(set(map(str, frame["target"]))))


def _told(frame: pd.DataFrame, choice: Choice, min_group: int) -> Sequence[Caution]:
    found = []
    raters = frame[~frame["role"].isin(["self", "manager"])].groupby(["wave", "target", "role"])["person"].nunique()
    small = int((raters < min_group).sum())
    if small:
        found.append(caution("rater_groups_small", n=small, min_group=min_group))
    texts = int(frame["text"].notna().sum())
    if choice.texts and texts:
        found.append(caution("texts_included", n=texts))
    return found


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """Put rows in the order of their keys: the order in which they came in says who was first."""
    return frame.sort_values([*KEYS, "instrument", "item"], kind="stable", ignore_index=True)


def _joined(
    frame: pd.DataFrame, attributes: pd.DataFrame | None, names: Mapping[str, str] | None
) -> pd.DataFrame:
    if attributes is not None:
        frame = frame.join(attributes, on="target")
    if names is not None:
        frame = frame.assign(person_name=frame["person"].map(dict(names)).astype("string"))
    return frame


def _notes(out: pd.DataFrame, choice: Choice) -> list[tuple[str, str]]:
    found = []
    for column in map(str, out.columns):
        code = {"answered_at": "answered_at_day" if choice.times == "day" else "answered_at",
                "text": "text_guarded" if choice.format == "csv" and choice.guard_formulas else "text"
                }.get(column, column)
        if WORDS.knows(f"column.{code}"):
            found.append((column, WORDS.say(f"column.{code}", choice.label_language)))
    return found
