"""Filling in what is missing, several times over, by regressions on everything else (chained equations)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.effects.sizes import FloatArray

if TYPE_CHECKING:
    import pandas as pd

Draw = Literal["matching", "normal"]
Progress = Callable[[int, int], bool]
"""Called after each imputation with how many are done and how many there will be; returning False cancels."""

_DONORS = 5
_RIDGE = 1e-5


class Cancelled(Exception):
    """The work was stopped by the caller; nothing of it is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Imputations:
    """Filled-in copies of a table.

    Parameters
    ----------
    columns : tuple of str
    values : array (m, n, k)
        Observed values are the same in all copies.
    missing : array (n, k) of bool
    """

    columns: tuple[str, ...]
    values: FloatArray
    missing: np.ndarray

    def __iter__(self) -> Iterator[pd.DataFrame]:
        import pandas as pd

        for copy in self.values:
            yield pd.DataFrame(copy, columns=list(self.columns))


def impute(
    frame: pd.DataFrame, *, rng: np.random.Generator, columns: Sequence[str] | None = None, imputations: int = 20,
    cycles: int = 10, draw: Draw = "matching", by: str | None = None, progress: Progress | None = None,
) -> Imputations:
    """Fill in missing numbers several times, each time as uncertain as they are.

    Parameters
    ----------
    frame : DataFrame
        One row a person; numeric columns (arms and other words as 0 and 1).
    rng : Generator
        Source of randomness.
    columns : sequence of str, optional
        Columns that are filled in and used; all numeric ones if not given. The outcome belongs among them.
    imputations, cycles : int
        Copies, and rounds through the columns for each.
    draw : {"matching", "normal"}
        Take the value of a person with a similar prediction (stays on the scale), or draw from the regression.
    by : str, optional
        Column whose groups are filled in apart (the arm), so that effects that differ between them are kept.
    progress : callable, optional
        Told after each copy; returning False stops the work.

    Returns
    -------
    Imputations

    Raises
    ------
    EstimationError
        For columns that are not numeric, are missing altogether, or leave too few people.
    Cancelled
        If `progress` said so.

    Notes
    -----
    Right where being missing depends on what was observed (and is in the columns), not on the missing value itself;
    see `tipping_point` for what if it does.

    References
    ----------
    Van Buuren (2018), Flexible Imputation of Missing Data, 2nd ed., algorithms 3.1, 3.3 and 4.3; Little (1988), Journal
    of Business & Economic Statistics 6, 287-296 (matching).
    """
    names = tuple(columns) if columns is not None else tuple(
        str(one) for one in frame.columns if getattr(frame[one].dtype, "kind", "O") in "biuf" and one != by)
    absent = [name for name in names if name not in frame.columns]
    if absent or (by is not None and by not in frame.columns):
        raise EstimationError(f"There is no column {', '.join(map(repr, [*absent, *([by] if by else [])]))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    words = [name for name in names if getattr(frame[name].dtype, "kind", "O") not in "biuf"]
    if words:
        raise EstimationError(f"Column {', '.join(map(repr, words))} is not a number",
                              remedy="Turn words into columns of 0 and 1.")
    if imputations < 2 or cycles < 1:
        raise EstimationError(f"{imputations} imputations and {cycles} cycles", remedy="At least 2 and 1.")
    table = frame[list(names)].to_numpy(dtype=float, na_value=np.nan)
    gaps = np.isnan(table)
    groups = [np.arange(len(table))] if by is None else [
        np.flatnonzero((frame[by] == name).to_numpy()) for name in frame[by].dropna().unique()]
    for rows in groups:
        _check(table[rows], names)
    filled = np.empty((imputations, *table.shape))
    for copy in range(imputations):
        filled[copy] = table
        for rows in groups:
            filled[copy][rows] = _chain(table[rows], gaps[rows], rng, cycles, draw)
        if progress is not None and not progress(copy + 1, imputations):
            raise Cancelled
    for array in (filled, gaps):
        array.setflags(write=False)
    return Imputations(names, filled, gaps)


def _check(table: FloatArray, names: tuple[str, ...]) -> None:
    there = (~np.isnan(table)).sum(axis=0)
    empty = [name for name, n in zip(names, there, strict=True) if n < 2]
    if empty:
        raise EstimationError(f"Column {', '.join(map(repr, empty))} has fewer than two values (in an arm)",
                              remedy="Leave it out: there is nothing to learn it from.")


def _chain(table: FloatArray, gaps: np.ndarray, rng: np.random.Generator, cycles: int, draw: Draw) -> FloatArray:
    n, k = table.shape
    now = table.copy()
    order = [int(j) for j in np.argsort(gaps.sum(axis=0), kind="stable") if gaps[:, j].any()]
    for j in range(k):
        if gaps[:, j].any():
            now[gaps[:, j], j] = rng.choice(table[~gaps[:, j], j], int(gaps[:, j].sum()))
    centre, scale = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (now - centre) / scale
    design = np.column_stack([np.ones(n), z])
    for _ in range(cycles):
        for j in order:
            here = ~gaps[:, j]
            keep = np.arange(k + 1) != j + 1
            x = design[:, keep]
            drawn, donors = _regress(x[here], z[here, j], x[~here], rng, draw)
            z[~here, j] = drawn
            now[~here, j] = drawn * scale[j] + centre[j] if donors is None else table[here, j][donors]
            design[:, j + 1] = z[:, j]
    return now


def _regress(
    x: FloatArray, y: FloatArray, wanted: FloatArray, rng: np.random.Generator, draw: Draw
) -> tuple[FloatArray, np.ndarray | None]:
    """Draw the missing values of one column given the others (Bayesian linear regression with a slight ridge).

    With matching, the places of the donors come second.
    """
    n, p = x.shape
    cross = x.T @ x
    cross[np.diag_indices(p)] *= 1 + _RIDGE
    cross[np.diag_indices(p)] += 1e-10
    triangle = np.linalg.cholesky(cross)
    inverse = np.linalg.inv(triangle)
    b = inverse.T @ (inverse @ (x.T @ y))
    left = y - x @ b
    df = max(n - p, 1)
    sigma = (float(left @ left) / rng.chisquare(df)) ** 0.5
    drawn = b + sigma * (inverse.T @ rng.standard_normal(p))
    if draw == "normal":
        return np.asarray(wanted @ drawn + sigma * rng.standard_normal(len(wanted))), None
    ours, theirs = x @ b, wanted @ drawn
    order = np.argsort(ours, kind="stable")
    place = np.searchsorted(ours[order], theirs)
    donors = min(_DONORS, n)
    window = np.clip(place[:, None] + np.arange(-donors, donors), 0, n - 1)
    distance = np.abs(ours[order][window] - theirs[:, None])
    distance[:, 1:][window[:, 1:] == window[:, :-1]] = np.inf
    nearest = np.argpartition(distance, donors - 1, axis=1)[:, :donors]
    chosen = nearest[np.arange(len(wanted)), rng.integers(0, donors, len(wanted))]
    places = order[window[np.arange(len(wanted)), chosen]]
    return y[places], places
