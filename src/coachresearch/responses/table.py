"""Spreadsheets that others made, read cell by cell: CSV, Excel and SPSS, with nothing guessed or dropped."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from coachresearch.core.errors import Fault, ResponseError
from coachresearch.responses.layouts import Layout, headed, layout_of

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | datetime | date | None

_LARGEST = 100_000_000
_LARGEST_UNPACKED = 500_000_000
_SHOWN = 20
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A spreadsheet as it stands in the file.

    Parameters
    ----------
    name : str
        File name, for messages.
    columns : tuple of str
        Headings, unique.
    rows : tuple of tuples of cells
        None where a cell is empty.
    numbers : tuple of int
        Number of each row as the file's own program shows it (the heading is row 1 of CSV and Excel files).
    sha256 : str
        Hash (hex) of the file.
    labels : mapping of column to mapping of code to text
        Value labels of an SPSS file.
    declared_missing : mapping of column to ranges
        What an SPSS file declares as missing: (lowest, highest) codes.
    layout : Layout or None
        The survey service whose export it is, if that was asked for or recognised.
    questions : mapping of column to text
        The wording of its question, where a service wrote it above the answers.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...]
    sha256: str
    labels: Mapping[str, Mapping[Cell, str]] = field(default_factory=dict)
    declared_missing: Mapping[str, tuple[tuple[Any, Any], ...]] = field(default_factory=dict)
    layout: Layout | None = None
    questions: Mapping[str, str] = field(default_factory=dict)


def read_table(
    path: Path, *, sheet: str = "", encoding: str = "", delimiter: str = "", layout: Layout | Literal[""] | None = ""
) -> Table:
    """Read a CSV, Excel (.xlsx) or SPSS (.sav) file.

    Parameters
    ----------
    path : Path
        At most 100 MB.
    sheet : str
        Sheet of an Excel file; may be left out if there is only one.
    encoding, delimiter : str
        Of a CSV file; UTF-8, and the one of comma, semicolon and tab that stands in the heading.
    layout : Layout, "" or None
        The survey service whose rows of headings are to be understood; "": a plain spreadsheet; None: find out.

    Raises
    ------
    ResponseError
        If the file is not laid out as the service does it; with every other fault: undecodable bytes, ragged rows,
        headings that are empty or stand twice, formulas without a value.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ResponseError(f"{path.name} holds {path.stat().st_size:,} bytes; at most {_LARGEST:,} are read",
                                where=path.name, remedy="Split it, or check that it is the right file.")
        content = path.read_bytes()
    except OSError as problem:
        raise ResponseError(f"{path.name} cannot be read: {problem.strerror}", where=str(path),
                            remedy="Check the path and its permissions.") from None
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        return _csv_table(path.name, content, encoding or "utf-8-sig", delimiter, layout)
    if kind == ".xlsx":
        return _excel_table(path.name, content, sheet, layout)
    if kind in (".sav", ".zsav"):
        return _spss_table(path, content)
    raise ResponseError(f"{path.name} is of a type that is not read ({kind or 'no ending'})", where=path.name,
                        remedy="Save it as CSV (UTF-8), Excel (.xlsx) or SPSS (.sav).")


def table_of(frame: pd.DataFrame, name: str = "table") -> Table:
    """Take a DataFrame as a spreadsheet; rows count from 1, the index is left aside."""
    plain = frame.astype(object).where(frame.notna(), None)
    rows = [tuple(map(_python, row)) for row in plain.itertuples(index=False, name=None)]
    return _table(name, [str(column) for column in frame.columns], rows, range(1, len(rows) + 1), _bytes_of(frame))


def fingerprint(frame: pd.DataFrame) -> str:
    """Return the SHA-256 (hex) of a frame's cells."""
    return hashlib.sha256(_bytes_of(frame)).hexdigest()


def _bytes_of(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode("utf-8", "surrogatepass")


def _python(value: Any) -> Cell:
    if hasattr(value, "to_pydatetime"):
        stamp: datetime = value.to_pydatetime(warn=False)
        return stamp
    plain: Cell = value.item() if hasattr(value, "item") else value
    return plain


def _table(
    name: str, columns: list[str], rows: list[tuple[Cell, ...]], numbers: Iterable[int], content: bytes,
    labels: Mapping[str, Mapping[Cell, str]] | None = None,
    declared_missing: Mapping[str, tuple[tuple[Any, Any], ...]] | None = None,
) -> Table:
    faults = [Fault(f"The heading {heading!r} stands {columns.count(heading)} times", f"{name}, heading",
                    "Give each column a name of its own.")
              for heading in dict.fromkeys(columns) if heading and columns.count(heading) > 1]
    for position, heading in enumerate(columns):
        if not heading and any(_filled(row[position]) for row in rows):
            faults.append(Fault(f"Column {position + 1} has no heading", f"{name}, heading", "Give it one."))
    if faults:
        raise ResponseError.of(faults)
    named = [position for position, heading in enumerate(columns) if heading]
    kept = [(number, tuple(row[position] if _filled(row[position]) else None for position in named))
            for number, row in zip(numbers, rows, strict=True) if any(map(_filled, row))]
    if not kept:
        raise ResponseError(f"{name} holds no rows", where=name, remedy="Check that it is the right file and sheet.")
    return Table(name, tuple(columns[position] for position in named), tuple(row for _, row in kept),
                 tuple(number for number, _ in kept), hashlib.sha256(content).hexdigest(), labels or {},
                 declared_missing or {})


def _filled(cell: Cell) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip()) and cell == cell


def _headed_table(
    name: str, rows: list[tuple[Cell, ...]], numbers: list[int], content: bytes,
    layout: Layout | Literal[""] | None,
) -> Table | None:
    """Take the rows of a service's export apart; None for a plain spreadsheet."""
    found = layout_of(rows[:3])
    if layout == "" or (layout is None and found is None):
        return None
    if layout is not None and found != layout:
        raise ResponseError(f"{name} is not laid out as {layout} exports it", where=f"{name}, heading",
                            remedy="Export it again without changes, or take the layout out of the mapping.")
    assert found is not None
    head = headed(rows[:3], found)
    width = len(head.columns)
    below = [(number, (*row, *(None,) * (width - len(row))))
             for number, row in zip(numbers[head.first:], rows[head.first:], strict=True) if any(map(_filled, row))]
    table = _table(name, list(head.columns), [row for _, row in below], [number for number, _ in below], content)
    said = {column: text for column, text in zip(head.columns, head.questions, strict=False) if column and text}
    return replace(table, layout=found, questions=said)


def _csv_table(
    name: str, content: bytes, encoding: str, delimiter: str, layout: Layout | Literal[""] | None
) -> Table:
    text = _decoded(name, content, encoding)
    separator = delimiter or _delimiter_of(name, _first_row(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[Cell, ...]] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    try:
        columns = [heading.strip() for heading in next(reader, [])]
        rows.append(tuple(columns))
        numbers.append(1)
        for number, row in enumerate(reader, start=2):
            if row and len(row) != len(columns):
                faults.append(Fault(f"The row has {len(row)} cells, the heading {len(columns)}",
                                    f"{name}, row {number}",
                                    "Look for a missing or a stray separator or quotation mark."))
            elif row:
                rows.append(tuple(row))
                numbers.append(number)
    except csv.Error as problem:
        faults.append(Fault(f"{name} is not CSV: {problem}", f"{name}, line {reader.line_num}",
                            "Look for an unclosed quotation mark."))
    if faults:
        raise ResponseError.of(_capped(faults, name))
    return _headed_table(name, rows, numbers, content, layout) or _table(name, columns, rows[1:], numbers[1:], content)


def _first_row(text: str) -> str:
    """Return the heading without what stands in quotation marks, which may hold separators and line breaks."""
    outside = re.sub(r'"[^"]*"', "", text[:200_000])
    return outside.split("\n", 1)[0]


def _decoded(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError:
        raise ResponseError(f"There is no encoding {encoding!r}", where=name,
                            remedy="Usual ones are utf-8, cp1252 and utf-16.") from None
    except UnicodeDecodeError as problem:
        if encoding.startswith("utf-8") and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            raise ResponseError.of(_capped(_undecodable(name, content), name)) from None
        raise ResponseError(f"{name} is not {encoding} (byte {problem.start})", where=name,
                            remedy="Name its encoding in the mapping, for example encoding: utf-16.") from None


def _undecodable(name: str, content: bytes) -> list[Fault]:
    faults = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as problem:
            faults.append(Fault(f"Byte 0x{line[problem.start]:02X} is not UTF-8",
                                f"{name}, line {number}, byte {problem.start + 1}",
                                "Save the file as UTF-8, or name its encoding in the mapping (encoding: cp1252)."))
    return faults


def _delimiter_of(name: str, heading: str) -> str:
    present = [mark for mark in _DELIMITERS if mark in heading]
    if len(present) > 1:
        raise ResponseError(f"The heading holds {' and '.join(_DELIMITERS[mark] for mark in present)}",
                            where=f"{name}, heading", remedy='Name the separator in the mapping (delimiter: ";").')
    return present[0] if present else ","


def _excel_table(name: str, content: bytes, sheet: str, layout: Layout | Literal[""] | None) -> Table:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _LARGEST_UNPACKED:
            raise ResponseError(f"{name} unpacks to {unpacked:,} bytes; at most {_LARGEST_UNPACKED:,} are read",
                                where=name, remedy="Check that it is the right file.")
        values = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as problem:
        raise ResponseError(f"{name} is not an Excel file: {problem}", where=name,
                            remedy="Save it again as .xlsx, or as CSV (UTF-8).") from None
    names = values.sheetnames
    if (sheet and sheet not in names) or (not sheet and len(names) != 1):
        what = f"has no sheet {sheet!r}" if sheet else "has several sheets"
        raise ResponseError(f"{name} {what}: {', '.join(names)}", where=name,
                            remedy="Name the sheet in the mapping (sheet: ...).")
    chosen = sheet or names[0]
    shown = [tuple(row) for row in values[chosen].iter_rows(values_only=True)]
    typed = [tuple(row) for row in formulas[chosen].iter_rows(values_only=True)]
    faults = [Fault("The formula has no stored value", f"{name}, row {number}, column {position + 1}",
                    "Open the file in Excel, save it, and read it again.")
              for number, (row, source) in enumerate(zip(shown, typed, strict=True), start=1)
              for position, (cell, formula) in enumerate(zip(row, source, strict=True))
              if cell is None and isinstance(formula, str) and formula.startswith("=")]
    if faults:
        raise ResponseError.of(_capped(faults, name))
    service = _headed_table(name, shown, list(range(1, len(shown) + 1)), content, layout) if shown else None
    if service is not None:
        return service
    columns = ["" if cell is None else str(cell).strip() for cell in shown[0]] if shown else []
    width = len(columns)
    rows = [(*row, *(None,) * (width - len(row))) for row in shown[1:]]
    return _table(name, columns, rows, range(2, len(rows) + 2), content)


def _spss_table(path: Path, content: bytes) -> Table:
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_sav(path, user_missing=True)
    except (pyreadstat.ReadstatError, ValueError, OSError) as problem:
        raise ResponseError(f"{path.name} is not an SPSS file: {problem}", where=path.name,
                            remedy="Save it again as .sav, or as CSV (UTF-8).") from None
    plain = frame.astype(object).where(frame.notna(), None)
    rows = [tuple(map(_python, row)) for row in plain.itertuples(index=False, name=None)]
    labels: dict[str, Mapping[Cell, str]] = {column: dict(texts.items())
                                             for column, texts in meta.variable_value_labels.items()}
    ranges: dict[str, list[Any]] = dict(meta.missing_ranges)
    missing = {column: tuple((one["lo"], one["hi"]) for one in declared) for column, declared in ranges.items()}
    return _table(path.name, list(map(str, frame.columns)), rows, range(1, len(rows) + 1), content,
                  labels=labels, declared_missing=missing)


def _capped(faults: list[Fault], name: str) -> list[Fault]:
    if len(faults) <= _SHOWN:
        return faults
    more = Fault(f"{len(faults) - _SHOWN} more faults of this kind", name, "Mend the ones above first.")
    return [*faults[:_SHOWN], more]
