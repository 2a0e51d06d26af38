"""Answers and scores as tidy files that a spreadsheet can open without harm."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")


def write_csv(frame: pd.DataFrame, path: Path, *, guard_formulas: bool = True) -> Path:
    """Write a tidy frame as CSV (RFC 4180): UTF-8, decimal point, times in ISO 8601 (UTC), empty for nothing.

    Parameters
    ----------
    frame : DataFrame
        Without its index.
    path : Path
        Replaced in one step, once the new file is whole.
    guard_formulas : bool
        Put an apostrophe before text that a spreadsheet would run as a formula. Numbers are left alone.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StoreError
        If it cannot be written; an older file is then as it was.
    """
    import pandas as pd

    out = frame.copy()
    for name in out.columns:
        if isinstance(out[name].dtype, pd.DatetimeTZDtype):
            out[name] = out[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif guard_formulas and not pd.api.types.is_numeric_dtype(out[name]):
            out[name] = out[name].map(guarded, na_action="ignore")
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        out.to_csv(draft, index=False, encoding="utf-8", lineterminator="\r\n")
        draft.replace(path)
    except OSError as problem:
        raise StoreError(f"{path.name!r} cannot be written: {problem.strerror or problem}", where=str(path),
                         remedy="Check that the folder is there and may be written to.") from None
    finally:
        draft.unlink(missing_ok=True)
    return path


def guarded(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula; anything else is left alone."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
