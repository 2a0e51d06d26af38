"""Many rows become one small summary: count, means and scatter of complete rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError

Unit = Literal["person", "rating", "team_mean"]
FloatArray = NDArray[np.float64]

_SYMMETRY = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Count, mean and scatter of complete rows: all that linear psychometrics needs to know of them.

    Parameters
    ----------
    columns : tuple of str
        Names of the k columns; none twice.
    n : int
        Number of complete rows.
    mean : array (k)
        Column means; NaN where they are not known (no rows, or a published table without means).
    scatter : array (k, k)
        Sums of squares and products about the means: ``(n - 1)`` times the covariance matrix.
    unit : {"person", "rating", "team_mean"}
        What a row is. Declared at collection, so that a reliability of persons is never computed from team means.
    n_left_out : int
        Rows that were left out because an answer was missing.
    standardised : bool
        True if only correlations are known: variances are 1 by convention and the metric of the items is lost.

    Notes
    -----
    A summary is not anonymous: the Moments of one person are that person's answers.
    """

    columns: tuple[str, ...]
    n: int
    mean: FloatArray
    scatter: FloatArray
    unit: Unit = "person"
    n_left_out: int = 0
    standardised: bool = False

    def __post_init__(self) -> None:
        k = len(self.columns)
        mean, scatter = np.array(self.mean, dtype=float), np.array(self.scatter, dtype=float)
        if mean.shape != (k,) or scatter.shape != (k, k):
            raise EstimationError(f"Moments of {k} columns need a mean of shape ({k},) and a scatter of shape "
                                  f"({k}, {k}), not {mean.shape} and {scatter.shape}")
        if len(set(self.columns)) != k:
            twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
            raise EstimationError(f"Column {', '.join(map(repr, twice))} stands twice", remedy="Rename one of them.")
        if self.unit not in get_args(Unit):
            raise EstimationError(f"The unit {self.unit!r} of a row is not known",
                                  remedy=f"Use one of: {', '.join(get_args(Unit))}.")
        mean.setflags(write=False)
        scatter.setflags(write=False)
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scatter", scatter)

    @classmethod
    def from_rows(cls, columns: Sequence[str], rows: ArrayLike, *, unit: Unit = "person") -> Moments:
        """Summarise an array of rows (n × k); rows with NaN are left out and counted.

        Raises
        ------
        EstimationError
            If a column holds an infinite value, or the shape does not fit the columns.
        """
        values = np.asarray(rows, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise EstimationError(f"The rows have shape {values.shape}, which does not fit {len(columns)} columns")
        infinite = np.isinf(values).any(axis=0)
        if infinite.any():
            raise EstimationError(f"Column {columns[int(np.argmax(infinite))]!r} holds an infinite value",
                                  remedy="Correct it, or leave it empty.")
        complete = values[~np.isnan(values).any(axis=1)]
        mean = complete.mean(axis=0) if len(complete) else np.full(len(columns), np.nan)
        centred = complete - mean
        return cls(tuple(columns), len(complete), mean, centred.T @ centred, unit, len(values) - len(complete))

    @classmethod
    def from_published(
        cls,
        n: int,
        mean: ArrayLike | None = None,
        *,
        cor: ArrayLike,
        sd: ArrayLike | None = None,
        columns: Sequence[str] | None = None,
        unit: Unit = "person",
    ) -> Moments:
        """Rebuild the summary from a printed correlation table.

        Parameters
        ----------
        n : int
            Number of people in the table, at least 2.
        mean, sd : array (k), optional
            Means and standard deviations (divisor n - 1). Without `sd` the result marks itself as standardised,
            and estimators that need the metric of the items refuse it.
        cor : array (k, k)
            Correlations; the full table, or its lower triangle with zeros above.
        columns : sequence of str, optional
            Names; ``item_1`` ... if not given.
        unit : {"person", "rating", "team_mean"}
            What was correlated.

        Raises
        ------
        EstimationError
            If the table is not square, not symmetric, has no unit diagonal or a value beyond -1 and 1.
        """
        table = _correlations(cor)
        k = len(table)
        if n < 2:
            raise EstimationError(f"A correlation table of n = {n} says nothing", remedy="n must be at least 2.")
        spread = np.ones(k) if sd is None else np.asarray(sd, dtype=float)
        if spread.shape != (k,) or not (spread > 0).all():
            raise EstimationError(f"sd must hold {k} numbers above 0")
        names = tuple(columns) if columns is not None else tuple(f"item_{i}" for i in range(1, k + 1))
        centre = np.full(k, np.nan) if mean is None else np.asarray(mean, dtype=float)
        scatter = (n - 1) * table * np.outer(spread, spread)
        return cls(names, n, centre, scatter, unit, 0, standardised=sd is None)

    def __add__(self, other: Moments) -> Moments:
        """Merge two summaries of different rows, about their means.

        Raises
        ------
        EstimationError
            If columns or units differ, or if means are not known.

        References
        ----------
        Chan, Golub & LeVeque (1983), The American Statistician 37, 242-247.
        """
        self._check_mergeable(other)
        left_out = self.n_left_out + other.n_left_out
        if self.n == 0 or other.n == 0:
            filled = other if self.n == 0 else self
            return Moments(filled.columns, filled.n, filled.mean, filled.scatter, filled.unit, left_out)
        n = self.n + other.n
        step = other.mean - self.mean
        mean = self.mean + step * (other.n / n)
        scatter = self.scatter + other.scatter + np.outer(step, step) * (self.n * other.n / n)
        return Moments(self.columns, n, mean, scatter, self.unit, left_out)

    def _check_mergeable(self, other: Moments) -> None:
        if self.columns != other.columns:
            raise EstimationError(f"Moments of columns {', '.join(self.columns)} and of {', '.join(other.columns)} "
                                  "cannot be merged", remedy="Select the same columns in the same order from both.")
        if self.unit != other.unit:
            raise EstimationError(f"Moments of unit {self.unit!r} and of unit {other.unit!r} cannot be merged",
                                  remedy="Collect both with the same unit.")
        if any(one.standardised or (one.n > 0 and bool(np.isnan(one.mean).any())) for one in (self, other)):
            raise EstimationError("Moments without means or standard deviations cannot be merged",
                                  remedy="Give mean and sd to Moments.from_published.")

    @property
    def cov(self) -> FloatArray:
        """Covariance matrix (k × k), divisor n - 1.

        Raises
        ------
        EstimationError
            With fewer than two complete rows.
        """
        if self.n < 2:
            raise EstimationError(f"A covariance needs at least 2 complete rows; there are {self.n} "
                                  f"({self.n_left_out} were left out for gaps)",
                                  remedy="Collect more answers, or fewer columns.")
        return _frozen(self.scatter / (self.n - 1))

    @property
    def sd(self) -> FloatArray:
        """Standard deviations (k), divisor n - 1."""
        return _frozen(np.sqrt(np.diag(self.cov)))

    @property
    def constant(self) -> tuple[str, ...]:
        """Columns without any variance."""
        spread = np.diag(self.scatter)
        size = np.where(np.isnan(self.mean), 0.0, np.abs(self.mean))
        negligible = spread <= 1e-24 * max(self.n, 1) * np.maximum(size, 1e-150) ** 2
        return tuple(name for name, flat in zip(self.columns, negligible, strict=True) if flat)

    @property
    def cor(self) -> FloatArray:
        """Correlation matrix (k × k).

        Raises
        ------
        EstimationError
            If a column has no variance; it is named.
        """
        cov = self.cov
        if self.constant:
            raise EstimationError(f"Column {', '.join(map(repr, self.constant))} does not vary, "
                                  "so its correlations are not defined", remedy="Leave it out with select.")
        scale = np.sqrt(np.diag(cov))
        table = cov / np.outer(scale, scale)
        np.fill_diagonal(table, 1.0)
        return _frozen(table)

    def select(self, columns: Sequence[str]) -> Moments:
        """Keep some columns, in the order given; rows that were left out stay left out.

        Raises
        ------
        EstimationError
            If a column is not there.
        """
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                                  remedy=f"There are: {', '.join(self.columns)}.")
        at = [self.columns.index(name) for name in columns]
        return Moments(tuple(columns), self.n, self.mean[at], self.scatter[np.ix_(at, at)], self.unit,
                       self.n_left_out, self.standardised)


def _frozen(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values


def _correlations(cor: ArrayLike) -> FloatArray:
    table = np.array(cor, dtype=float)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise EstimationError(f"A correlation table is square; this one has shape {table.shape}")
    if not np.triu(table, 1).any():
        table = np.tril(table) + np.tril(table, -1).T
    if not np.allclose(table, table.T, atol=_SYMMETRY):
        raise EstimationError("The correlation table is not symmetric", remedy="Give the full table or one triangle.")
    if not np.allclose(np.diag(table), 1.0, atol=_SYMMETRY):
        raise EstimationError("The diagonal of a correlation table is 1",
                              remedy="Covariances enter as correlations and standard deviations.")
    if (np.abs(table) > 1 + _SYMMETRY).any():
        raise EstimationError(f"A correlation lies between -1 and 1; the table holds {np.abs(table).max():g}")
    return table
