"""A grouping with its random effects, as plain arrays: who belongs where, with what weight, times which effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """Random effects of one grouping.

    Parameters
    ----------
    name : str
        The grouping: ``coach``.
    levels : tuple of str
        Its m groups.
    effects : tuple of str
        Its q random effects, ``intercept`` or a column's name.
    codes : array (n, t) of int
        Group of each row, -1 where there is none; t is 1 unless a row may belong to several groups.
    weights : array (n, t)
        Weight of each membership; 1 in the plain case, 0 where there is no group.
    values : array (n, q)
        The columns that the effects multiply.
    pattern : tuple of (int, int)
        Places (row, column) of the lower triangle that are estimated, in column order.
    """

    name: str
    levels: tuple[str, ...]
    effects: tuple[str, ...]
    codes: IntArray
    weights: FloatArray
    values: FloatArray
    pattern: tuple[tuple[int, int], ...]

    @property
    def m(self) -> int:
        """Number of groups."""
        return len(self.levels)

    @property
    def q(self) -> int:
        """Random effects a group."""
        return len(self.effects)

    @property
    def simple(self) -> bool:
        """Whether a row belongs to one group at most."""
        return self.codes.shape[1] == 1

    def scaled(self, scales: FloatArray) -> Factor:
        """The same with every effect's column divided by its scale."""
        return Factor(self.name, self.levels, self.effects, self.codes, self.weights, self.values / scales,
                      self.pattern)

    def scales(self) -> FloatArray:
        """Root mean square of each effect's column over the rows that have a group."""
        weight = np.sqrt((self.weights ** 2).sum(1))[:, None]
        rms: FloatArray = np.sqrt(((self.values * weight) ** 2).sum(0) / max(int((weight > 0).sum()), 1))
        return np.where(rms > 0, rms, 1.0)

    def matrix(self) -> Any:
        """Sparse design matrix Z (n, m*q); columns go by group, and within a group by effect."""
        from scipy import sparse

        n, t = self.codes.shape
        there = self.codes >= 0
        if t == 1 and there.all():
            columns = (self.codes * self.q + np.arange(self.q)).ravel()
            data = (self.values * self.weights).ravel()
            return sparse.csr_array((data, columns, np.arange(0, n * self.q + 1, self.q)), shape=(n, self.m * self.q))
        rows, place = np.nonzero(there)
        columns = self.codes[rows, place][:, None] * self.q + np.arange(self.q)
        data = self.values[rows] * self.weights[rows, place][:, None]
        long = np.repeat(rows, self.q)
        return sparse.coo_array((data.ravel(), (long, columns.ravel())), shape=(n, self.m * self.q)).tocsr()
