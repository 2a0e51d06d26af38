"""Column contracts: every frame that passes from room to room is checked once, at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coachresearch.core.errors import CoachResearchError, Fault

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "integer", "number", "time"]

_DTYPES: dict[Kind, str] = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
    "time": "datetime64[us, UTC]",
}
_FAULTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract.

    Parameters
    ----------
    name : str
        Exact column name.
    kind : {"text", "integer", "number", "time"}
        What it holds; stored as pandas ``string``, ``Int64``, ``Float64`` or UTC ``datetime64[us]``.
    required : bool
        Whether every row needs a value.
    allowed : tuple of str
        The allowed values; empty if any will do.
    """

    name: str
    kind: Kind
    required: bool = False
    allowed: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """The pandas dtype."""
        return _DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class Contract:
    """The exact columns of a frame.

    Parameters
    ----------
    name : str
        Name used in messages.
    columns : tuple of Column
        In order.
    key : tuple of str
        Columns that together name a row once; empty if rows may repeat.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def empty(self) -> pd.DataFrame:
        """Return a frame with no rows and the right dtypes."""
        import pandas as pd

        return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in self.columns})

    def faults(self, frame: pd.DataFrame, *, where: str = "") -> tuple[Fault, ...]:
        """Find everything in which `frame` breaks the contract.

        Parameters
        ----------
        frame : pandas.DataFrame
            May lack columns that are not required; may not hold unknown ones.
        where : str
            File or table name for the messages. Row numbers count from 1, a header not counted.
        """
        found: list[Fault] = []
        place = f"{where}, " if where else ""
        unknown = [str(name) for name in frame.columns if name not in self.names]
        for name in unknown:
            found.append(Fault(f"Column {name!r} is not known to {self.name}", f"{place}column {name}",
                               f"Rename or remove it; known columns are {', '.join(self.names)}."))
        for column in self.columns:
            if column.name not in frame.columns:
                if column.required:
                    found.append(Fault(f"Column {column.name!r} of {self.name} is missing", where,
                                       "Add the column."))
                continue
            found += _column_faults(column, frame[column.name], place)
        found += self._repeated(frame, place)
        return tuple(found)

    def check(
        self, frame: pd.DataFrame, *, where: str = "", error: type[CoachResearchError] = CoachResearchError
    ) -> pd.DataFrame:
        """Return a copy of `frame` with exactly the contract's columns, order and dtypes.

        Raises
        ------
        CoachResearchError
            Of the type given as `error`, with every fault that was found.
        """
        found = self.faults(frame, where=where)
        if found:
            raise error.of(found)
        return self._cast(frame)

    def _cast(self, frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        parts = {}
        for column in self.columns:
            if column.name in frame.columns:
                parts[column.name] = _converted(column, frame[column.name]).reset_index(drop=True)
            else:
                nothing = pd.NaT if column.kind == "time" else pd.NA
                parts[column.name] = pd.Series(nothing, index=range(len(frame)), dtype=column.dtype)
        return pd.DataFrame(parts, columns=list(self.names))

    def _repeated(self, frame: pd.DataFrame, place: str) -> list[Fault]:
        if not self.key or any(name not in frame.columns for name in self.key):
            return []
        repeated = frame.duplicated(list(self.key), keep="first")
        rows = [int(position) + 1 for position, twice in enumerate(repeated) if twice]
        keys = ", ".join(self.key)
        return [Fault(f"Row repeats an earlier one: {keys} = "
                      + ", ".join(str(value) for value in frame.iloc[row - 1][list(self.key)]),
                      f"{place}row {row}", "Keep one of the two rows.") for row in rows[:_FAULTS_SHOWN]]


def _converted(column: Column, values: pd.Series) -> pd.Series:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values):
        values = values.mask(values.astype("string").str.strip() == "")
    if column.kind == "time":
        times = pd.to_datetime(values, utc=True, errors="raise", format="ISO8601") \
            if not pd.api.types.is_datetime64_any_dtype(values) else pd.to_datetime(values, utc=True)
        return times.astype(column.dtype)
    if column.kind in ("integer", "number"):
        return pd.to_numeric(values, errors="raise").astype(column.dtype)
    return values.astype(column.dtype)


def _column_faults(column: Column, values: pd.Series, place: str) -> list[Fault]:
    import pandas as pd

    spot = f"{place}column {column.name}"
    missing = values.isna() | (values.astype("string").str.strip() == "")
    found = []
    if column.required:
        found += [Fault(f"{column.name!r} is empty", f"{place}row {row}, column {column.name}", "Fill it in.")
                  for row in _rows(missing)]
    present = values[~missing]
    if column.kind in ("integer", "number"):
        numbers = pd.to_numeric(present, errors="coerce")
        bad = numbers.isna() | ((numbers % 1 != 0) if column.kind == "integer" else False)
        wanted = "a whole number" if column.kind == "integer" else "a number"
        found += _bad_values(column, values, ~missing, bad, place, f"is not {wanted}")
    elif column.kind == "time" and not pd.api.types.is_datetime64_any_dtype(values):
        bad = pd.to_datetime(present, utc=True, errors="coerce", format="ISO8601").isna()
        found += _bad_values(column, values, ~missing, bad, place, "is not a date (2026-03-31 or 2026-03-31T14:02Z)")
    elif column.allowed:
        bad = ~present.astype("string").isin(column.allowed)
        found += _bad_values(column, values, ~missing, bad, place, f"is not one of {', '.join(column.allowed)}")
    if len(found) > _FAULTS_SHOWN:
        more = len(found) - _FAULTS_SHOWN
        found = [*found[:_FAULTS_SHOWN], Fault(f"{more} more faults of this kind", spot, "Mend the ones above first.")]
    return found


def _bad_values(
    column: Column, values: pd.Series, present: pd.Series, bad: pd.Series, place: str, complaint: str
) -> list[Fault]:
    wrong = present.copy()
    wrong[present] = bad.to_numpy(dtype=bool)
    return [Fault(f"{column.name!r} is {values.iloc[row - 1]!r}, which {complaint}",
                  f"{place}row {row}, column {column.name}", "Correct the value.") for row in _rows(wrong)]


def _rows(flags: pd.Series) -> list[int]:
    return [position + 1 for position, flag in enumerate(flags.to_numpy(dtype=bool)) if flag]
