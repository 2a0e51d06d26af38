"""Wide answers for SPSS and Stata, with labels and kinds of missing; what their formats cut is told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import MISSING_KINDS
from coachresearch.core.errors import StoreError
from coachresearch.responses.variables import WORDS, Variable

if TYPE_CHECKING:
    import pandas as pd

SPSS_LABEL, SPSS_VALUE_LABEL, STATA_LABEL = 256, 120, 80
"""Longest variable label and value label of SPSS in bytes, longest variable label of Stata in characters."""

_SPSS_WORDS = frozenset(("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"))
_STATA_WORDS = frozenset((
    "_all", "_b", "_coef", "_cons", "_n", "_pi", "_pred", "_rc", "_skip", "_se", "byte", "double", "float", "if", "in",
    "int", "long", "str", "strl", "using", "with", "alias",
))
_STATA_LETTERS = dict(zip(MISSING_KINDS, "abcde", strict=True))


def names_for(columns: Sequence[str], *, longest: int, stata: bool = False) -> dict[str, str]:
    """Give every column a name that the format allows, unique whatever its case; most stay as they are.

    Parameters
    ----------
    columns : sequence of str
    longest : int
        Bytes of SPSS, characters of Stata; names are made of ASCII and so both.
    stata : bool
        Whether Stata's rules hold; SPSS's otherwise.

    Returns
    -------
    dict
        Column to name; the codebook holds both.
    """
    taken: set[str] = set()
    found = {}
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", column)
        if not plain[:1].isalpha():
            plain = f"v{plain}"
        if plain.casefold() in (_STATA_WORDS if stata else _SPSS_WORDS) or re.fullmatch(r"str\d+", plain):
            plain = f"{plain}_"
        plain = (plain.rstrip("_") or "v") if not stata else plain
        if plain.casefold() in _SPSS_WORDS and not stata:
            plain = f"v_{plain}"
        name, number = plain[:longest], 2
        while name.casefold() in taken:
            ending = f"_{number}"
            name, number = f"{plain[:longest - len(ending)]}{ending}", number + 1
        taken.add(name.casefold())
        found[column] = name
    return found


def write_spss(
    frame: pd.DataFrame, variables: Sequence[Variable], path: Path, *, title: str = "", language: str = "en"
) -> tuple[dict[str, str], tuple[Caution, ...]]:
    """Write an SPSS .sav file: labels, value labels, user-missing codes, levels of measurement.

    Parameters
    ----------
    frame : DataFrame
        From `variables.wide_answers`.
    variables : sequence of Variable
    path : Path
        Replaced in one step.
    title : str
        File label.
    language : str
        Of the labels of kinds of missing.

    Returns
    -------
    dict
        Column to name in the file.
    tuple of Caution
        ``label_cut``: labels longer than the format takes; the codebook holds them whole.
    """
    import pyreadstat

    names = names_for(list(frame.columns), longest=64)
    described = {one.name: one for one in variables}
    said = {kind: WORDS.say(f"missing.{kind}", language) for kind in MISSING_KINDS}
    cut = _Cut("SPSS")
    labels = {names[column]: cut.bytes(described[column].label, SPSS_LABEL) if column in described else column
              for column in frame.columns}
    value_labels: dict[str, Any] = {names[one.name]: {
        **{code: cut.bytes(label, SPSS_VALUE_LABEL) for code, label in one.values if label},
        **{code: said[kind] for code, kind in one.missing}} for one in variables if one.missing}
    ranges: dict[str, Any] = {names[one.name]: [{"lo": min(code for code, _ in one.missing),
                                                 "hi": max(code for code, _ in one.missing)}]
                              for one in variables if one.missing}
    measures = {names[column]: _measure(described.get(column)) for column in frame.columns}
    plain = _plain(frame).rename(columns=names)
    _write(path, lambda draft: pyreadstat.write_sav(
        plain, str(draft), file_label=title[:60], column_labels=labels, variable_value_labels=value_labels,
        missing_ranges=ranges, variable_measure=measures))
    return names, cut.cautions()


def write_stata(
    frame: pd.DataFrame, variables: Sequence[Variable], path: Path, *, title: str = "", language: str = "en"
) -> tuple[dict[str, str], tuple[Caution, ...]]:
    """Write a Stata .dta file (format 118): kinds of missing as .a to .e, in the order of `MISSING_KINDS`.

    Parameters and returns as in `write_spss`; the codes of missing answers are not in the file, the letters are.
    """
    import pyreadstat

    names = names_for(list(frame.columns), longest=32, stata=True)
    described = {one.name: one for one in variables}
    said = {kind: WORDS.say(f"missing.{kind}", language) for kind in MISSING_KINDS}
    cut = _Cut("Stata")
    labels = {names[column]: cut.characters(described[column].label, STATA_LABEL) if column in described else column
              for column in frame.columns}
    plain = _plain(frame)
    letters: dict[str, list[str]] = {}
    for one in variables:
        if not one.missing:
            continue
        coded = {float(code): _STATA_LETTERS[kind] for code, kind in one.missing}
        column = plain[one.name].astype(object)
        plain[one.name] = column.map(lambda value, coded=coded: coded.get(value, value))
        letters[names[one.name]] = list(_STATA_LETTERS.values())
    value_labels: dict[str, Any] = {names[one.name]: {
        **{code: label for code, label in one.values if label},
        **{_STATA_LETTERS[kind]: said[kind] for _, kind in one.missing}} for one in variables if one.missing}
    _write(path, lambda draft: pyreadstat.write_dta(
        plain.rename(columns=names), str(draft), file_label=title[:80], column_labels=labels,
        variable_value_labels=value_labels, missing_user_values=letters, version=15))
    return names, cut.cautions()


class _Cut:
    """Cuts labels to what a format takes, and counts."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._counts: dict[tuple[int, str], int] = {}

    def bytes(self, text: str, longest: int) -> str:
        raw = text.encode("utf-8")
        if len(raw) <= longest:
            return text
        self._counts[longest, "bytes"] = self._counts.get((longest, "bytes"), 0) + 1
        return raw[:longest].decode("utf-8", "ignore")

    def characters(self, text: str, longest: int) -> str:
        if len(text) <= longest:
            return text
        self._counts[longest, "characters"] = self._counts.get((longest, "characters"), 0) + 1
        return text[:longest]

    def cautions(self) -> tuple[Caution, ...]:
        return tuple(caution("label_cut", n=n, program=self._program, longest=longest, unit=unit)
                     for (longest, unit), n in self._counts.items())


def _measure(one: Variable | None) -> str:
    if one is None or one.kind == "text":
        return "nominal"
    if one.kind == "number":
        return "scale"
    return "ordinal" if one.ordered else "nominal"


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    out = pd.DataFrame(index=frame.index)
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            out[name] = column.dt.tz_convert("UTC").dt.tz_localize(None)
        elif pd.api.types.is_numeric_dtype(column.dtype):
            out[name] = column.astype("float64")
        else:
            out[name] = column.astype(object).where(column.notna(), "")
    return out


def _write(path: Path, write: Any) -> None:
    import pyreadstat

    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(draft)
        draft.replace(path)
    except (OSError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as problem:
        raise StoreError(f"{path.name!r} cannot be written: {getattr(problem, 'strerror', None) or problem}",
                         where=str(path), remedy="Check that the folder is there and may be written to.") from None
    finally:
        draft.unlink(missing_ok=True)


def spelled(names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns whose names had to be changed."""
    return tuple(column for column, name in names.items() if column != name)
