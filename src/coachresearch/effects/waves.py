"""Two waves of the same people, checked once at the door and cut into arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError, Fault

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

_NAMED = 10


@dataclass(frozen=True, slots=True, eq=False)
class ArmScores:
    """Scores of one arm at two waves: `pre` and `post` of everybody (NaN for a gap), and who has both."""

    id: str
    pre: FloatArray
    post: FloatArray

    @property
    def both(self) -> NDArray[np.bool_]:
        """Who gave a score at both waves."""
        return ~np.isnan(self.pre) & ~np.isnan(self.post)

    @property
    def n_pre(self) -> int:
        """People with a score before."""
        return int((~np.isnan(self.pre)).sum())

    @property
    def n_post(self) -> int:
        """People with a score after."""
        return int((~np.isnan(self.post)).sum())

    @property
    def pairs(self) -> tuple[FloatArray, FloatArray]:
        """Scores of the people with both, before and after."""
        return self.pre[self.both], self.post[self.both]


@dataclass(frozen=True, slots=True, eq=False)
class TwoWaves:
    """The arms that are analysed, and who was left out."""

    arms: tuple[ArmScores, ...]
    n_without_arm: int
    n_other_arms: int
    other_arms: tuple[str, ...]


def read_waves(
    frame: pd.DataFrame, *, pre: str, post: str, arm: str | None, coached: str | None, comparison: str | None,
    person: str | None,
) -> TwoWaves:
    """Check a frame of people by waves and cut it into arms.

    Raises
    ------
    EstimationError
        For missing or non-numeric columns, infinite values, people with two rows, arms that are not there, or an
        arm column with several arms and no word on which of them is coached.
    """
    _check_columns(frame, [name for name in (pre, post, arm, person) if name is not None])
    _check_persons(frame, person)
    before, after = _column(frame, pre), _column(frame, post)
    if arm is None:
        if coached is not None or comparison is not None:
            raise EstimationError("Arms are named, but no column says who belongs to which",
                                  remedy='Name the column: arm="arm".')
        return TwoWaves((ArmScores("", before, after),), 0, 0, ())
    labels = [None if missing else str(value) for value, missing in zip(frame[arm], frame[arm].isna(), strict=True)]
    seen = tuple(dict.fromkeys(label for label in labels if label is not None))
    chosen = _chosen(seen, coached, comparison)
    cut = []
    for name in chosen:
        rows = np.array([label == name for label in labels], dtype=bool)
        cut.append(ArmScores(name, before[rows], after[rows]))
    others = tuple(name for name in seen if name not in chosen)
    n_other = sum(label in others for label in labels)
    return TwoWaves(tuple(cut), labels.count(None), n_other, others)


def _chosen(seen: tuple[str, ...], coached: str | None, comparison: str | None) -> tuple[str, ...]:
    there = f"The frame holds the arms: {', '.join(seen) or 'none'}."
    if coached is None:
        if comparison is not None or len(seen) != 1:
            raise EstimationError("It is not said which arm was coached",
                                  remedy=f"Name it: coached=..., and comparison=... if there is one. {there}")
        return seen
    wanted = (coached,) if comparison is None else (coached, comparison)
    absent = [name for name in wanted if name not in seen]
    if absent:
        raise EstimationError(f"Nobody is in arm {', '.join(map(repr, absent))}", remedy=there)
    if len(set(wanted)) < len(wanted):
        raise EstimationError(f"Arm {coached!r} cannot be compared with itself", remedy=there)
    return wanted


def _check_columns(frame: pd.DataFrame, names: list[str]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")


def _check_persons(frame: pd.DataFrame, person: str | None) -> None:
    ids = frame.index if person is None else frame[person]
    twice = list(dict.fromkeys(str(one) for one in ids[ids.duplicated()]))
    if twice:
        shown = ", ".join(twice[:_NAMED]) + (" ..." if len(twice) > _NAMED else "")
        raise EstimationError(f"{len(twice)} {'person has' if len(twice) == 1 else 'people have'} more than one row: "
                              f"{shown}", remedy="Hand over one row a person, with a column for each wave.")


def _column(frame: pd.DataFrame, name: str) -> FloatArray:
    column = frame[name]
    if getattr(column.dtype, "kind", "O") not in "biuf":
        raise EstimationError.of([Fault(f"Column {name!r} is of type {column.dtype}, not a number",
                                        remedy="Hand over scores.")])
    values: FloatArray = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise EstimationError(f"Column {name!r} holds an infinite value", remedy="Correct it, or leave it empty.")
    return values
