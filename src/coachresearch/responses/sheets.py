"""Excel and Parquet files of answers: every text is text, whatever it begins with."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

LONGEST_CELL = 32_767
"""Characters that an Excel cell holds."""


def write_excel(sheets: Mapping[str, pd.DataFrame], path: Path) -> tuple[Caution, ...]:
    """Write an Excel file: a frame a sheet, texts as texts (no formula, no link is ever made of one).

    Control characters are written the way Excel escapes them.

    Returns
    -------
    tuple of Caution
        ``cell_cut``: texts longer than a cell holds.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    cut = 0
    for name, frame in sheets.items():
        sheet = book.create_sheet(name)

        def cell(value: Any, sheet: Any = sheet) -> Any:
            nonlocal cut
            if not isinstance(value, str):
                return value
            cut += len(value) > LONGEST_CELL
            ready = WriteOnlyCell(sheet, value=_escaped(value[:LONGEST_CELL]))
            ready.data_type = "s"
            return ready

        sheet.append([cell(str(column)) for column in frame.columns])
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None):
            sheet.append([cell(_plain(value)) for value in row])
    content = io.BytesIO()
    book.save(content)
    _kept(path, lambda draft: draft.write_bytes(content.getvalue()))
    return (caution("cell_cut", n=cut, longest=LONGEST_CELL),) if cut else ()


def write_parquet(frame: pd.DataFrame, path: Path, *, about: Mapping[str, str]) -> None:
    """Write a Parquet file; `about` is kept in its metadata under ``coachresearch``.

    Raises
    ------
    StoreError
        If pyarrow is not installed, or the file cannot be written.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise StoreError("Parquet files need the package pyarrow, which is not installed",
                         remedy="Install it with: pip install 'coachresearch[parquet]'.")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    told = {**(table.schema.metadata or {}), b"coachresearch": json.dumps(dict(about), ensure_ascii=False).encode()}
    _kept(path, lambda draft: pq.write_table(table.replace_schema_metadata(told), str(draft)))


def _escaped(text: str) -> str:
    """Write what XML cannot hold as Excel does, ``_x000B_``; and what looks like that so that it stays as it is."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return re.sub(r"[\x00-\x08\x0b-\x0d\x0e-\x1f]", lambda found: f"_x{ord(found.group()):04X}_", text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.item() if hasattr(value, "item") else value


def _kept(path: Path, write: Callable[[Path], Any]) -> None:
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(draft)
        draft.replace(path)
    except OSError as problem:
        raise StoreError(f"{path.name!r} cannot be written: {problem.strerror or problem}", where=str(path),
                         remedy="Check that the folder is there and may be written to.") from None
    finally:
        draft.unlink(missing_ok=True)
