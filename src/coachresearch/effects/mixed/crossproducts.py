"""Everything the criterion needs of the rows: sums of products, taken once.

The grouping with most random effects is solved group by group (`first`); the others form the border. Border columns
that no row and no first group connects never meet, so the border falls into components (with nested groupings one a
top-level group), which are solved as small dense matrices side by side; crossed groupings make one larger one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Bucket:
    """Components of about one size: `count` of them, each padded to `size` columns.

    Parameters
    ----------
    count, size : int
    column, entry : int
        Where its columns, and the entries of its square matrices, begin among those of all buckets.
    pads : array (count, size) of bool
        Columns that are padding.
    places : tuple of (theta, array of flat entries)
        For every parameter of the border: the entries of the (count, size, size) factor that hold it.
    diagonal : bool
        Whether every border grouping has one random effect only.
    """

    count: int
    size: int
    column: int
    entry: int
    pads: Any
    places: tuple[tuple[int, IntArray], ...]
    diagonal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The structure of the random effects: which grouping is first, where every border column stands.

    Parameters
    ----------
    factors : tuple of Factor
        The first one is solved group by group unless `first` is None.
    first : Factor or None
    border : tuple of Factor
    columns : tuple of array (m*q)
        For each border factor: the padded column of each of its random effects.
    buckets : tuple of Bucket
    n_columns, n_entries : int
        Padded columns and matrix entries of all buckets.
    n_theta : int
        Parameters of all relative factors; those of `first` come first.
    """

    factors: tuple[Factor, ...]
    first: Factor | None
    border: tuple[Factor, ...]
    columns: tuple[IntArray, ...]
    buckets: tuple[Bucket, ...]
    n_columns: int
    n_entries: int
    n_theta: int


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Cross-products of the rows, for one weighting of them.

    Parameters
    ----------
    layout : Layout
    n, p : int
        Rows and fixed effects.
    A : array (m, q, q)
        Z1'Z1 of each first group.
    ZX : array (m, q, p), Zy : array (R, m, q)
        Z1'X and Z1'y, for R outcomes.
    C : sparse (m*q, columns)
        Z1'Z2.
    P : sparse (entries, m*q*q) and its transpose
        Linear map from the blocks W to C'WC.
    A22 : array (entries), A2X : array (columns, p), A2y : array (R, columns)
        Z2'Z2, Z2'X, Z2'y.
    XX : array (p, p), Xy : array (R, p), yy : array (R)
    log_weights : float
        Log determinant of the residual variances relative to the first stratum.
    """

    layout: Layout
    n: int
    p: int
    A: FloatArray
    ZX: FloatArray
    Zy: FloatArray
    C: Any
    P: Any
    PT: Any
    A22: FloatArray
    A2X: FloatArray
    A2y: FloatArray
    XX: FloatArray
    Xy: FloatArray
    yy: FloatArray
    log_weights: float


def lay_out(factors: tuple[Factor, ...]) -> Layout:
    """Choose the grouping that is solved group by group and lay out the border."""
    candidates = [one for one in factors if one.simple]
    first = max(candidates, key=lambda one: one.m * one.q) if candidates else None
    border = tuple(one for one in factors if one is not first)
    ordered = border if first is None else (first, *border)
    n_theta = sum(len(one.pattern) for one in ordered)
    if not border:
        return Layout(ordered, first, (), (), (), 0, 0, n_theta)
    labels = _components(first, border)
    sizes = np.bincount(labels)
    columns, buckets, n_columns, n_entries = _place(labels, sizes, border, len(first.pattern) if first else 0)
    return Layout(ordered, first, border, columns, buckets, n_columns, n_entries, n_theta)


def _components(first: Factor | None, border: tuple[Factor, ...]) -> IntArray:
    """Component of every border column, by what shares a row or a first group."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    starts = np.cumsum([0, *(one.m for one in border)])
    n = border[0].codes.shape[0]
    chains = [np.where(one.codes >= 0, one.codes + start, -1) for one, start in zip(border, starts[:-1], strict=True)]
    if first is not None:
        chains.append(np.where(first.codes >= 0, first.codes + starts[-1], -1))
    nodes = np.concatenate(chains, axis=1)
    last = np.full(n, -1)
    edges = []
    for column in nodes.T:
        both = (last >= 0) & (column >= 0)
        edges.append(np.stack([last[both], column[both]]))
        last = np.where(column >= 0, column, last)
    ends = np.concatenate(edges, axis=1)
    total = int(starts[-1]) + (first.m if first is not None else 0)
    graph = sparse.coo_array((np.ones(ends.shape[1], dtype=np.int8), (ends[0], ends[1])), shape=(total, total))
    found = connected_components(graph.tocsr(), directed=False)[1]
    groups = np.concatenate([np.repeat(found[start:stop], one.q)
                             for one, start, stop in zip(border, starts[:-1], starts[1:], strict=True)])
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _place(
    labels: IntArray, sizes: IntArray, border: tuple[Factor, ...], theta_from: int
) -> tuple[tuple[IntArray, ...], tuple[Bucket, ...], int, int]:
    padded = np.maximum(sizes.max() if len(sizes) * sizes.max() ** 2 <= 4 * (sizes ** 2).sum() + 4096
                        else 2 ** np.ceil(np.log2(sizes)), sizes).astype(np.int64) * np.ones(len(sizes), dtype=np.int64)
    order = np.argsort(labels, kind="stable")
    within = np.empty(len(labels), dtype=np.int64)
    within[order] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    start = np.empty(len(sizes), dtype=np.int64)
    bounds, at, entry = [], 0, 0
    for size in np.unique(padded):
        members = np.flatnonzero(padded == size)
        start[members] = at + np.arange(len(members)) * size
        bounds.append((len(members), int(size), at, entry))
        at += len(members) * int(size)
        entry += len(members) * int(size) ** 2
    column = start[labels] + within
    cuts = np.cumsum([one.m * one.q for one in border])[:-1]
    columns = tuple(np.split(column, cuts))
    diagonal = all(one.q == 1 for one in border)
    buckets = tuple(_bucket(*bound, border, columns, theta_from, diagonal) for bound in bounds)
    return columns, buckets, at, entry


def _bucket(
    count: int, size: int, column: int, entry: int, border: tuple[Factor, ...], columns: tuple[IntArray, ...],
    theta: int, diagonal: bool,
) -> Bucket:
    pads = np.ones(count * size, dtype=bool)
    places = []
    for factor, where in zip(border, columns, strict=True):
        inside = (where.reshape(factor.m, factor.q) - column)
        mine = (inside[:, 0] >= 0) & (inside[:, 0] < count * size)
        inside = inside[mine]
        pads[inside.ravel()] = False
        for a, b in factor.pattern:
            flat = inside[:, a] if diagonal else inside[:, a] * size + inside[:, b] % size
            places.append((theta, flat))
            theta += 1
    return Bucket(count, size, column, entry, pads.reshape(count, size), tuple(places), diagonal)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows themselves, ready to be weighted: design, outcomes and random effects' columns."""

    layout: Layout
    X: FloatArray
    Y: FloatArray
    pattern: Pattern


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Where Z1'Z2 and C'WC have entries: of one row each, and summed."""

    Z1: Any
    Z2: Any
    cell: IntArray
    cell_row: IntArray
    cell_value: FloatArray
    indices: IntArray
    indptr: IntArray
    left: IntArray
    right: IntArray
    order: IntArray
    map_indices: IntArray
    map_indptr: IntArray


_NONE = np.zeros(0, dtype=np.int64)


def rows(layout: Layout, X: FloatArray, Y: FloatArray) -> Rows:
    """Prepare the rows: X (n, p), Y (R, n)."""
    return Rows(layout, X, Y, _pattern(layout, X.shape[0]))


def _pattern(layout: Layout, n: int) -> Pattern:
    from scipy import sparse

    first, size = layout.first, layout.n_columns
    Z1 = first.matrix() if first is not None else None
    if not layout.border:
        return Pattern(Z1, None, _NONE, _NONE, np.zeros(0), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE)
    parts = [one.matrix() for one in layout.border]
    Z2 = sparse.hstack(parts).tocsr()
    Z2 = sparse.csr_array((Z2.data, np.concatenate(layout.columns)[Z2.indices], Z2.indptr), shape=(n, size))
    if first is None:
        return Pattern(Z1, Z2, _NONE, _NONE, np.zeros(0), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE)
    q = first.q
    counts = np.diff(Z2.indptr) * (first.codes[:, 0] >= 0)
    kept = np.repeat(first.codes[:, 0] >= 0, np.diff(Z2.indptr))
    row = np.repeat(np.arange(n), counts)
    values = first.values[row] * first.weights[row] * Z2.data[kept][:, None]
    keys = ((first.codes[row, 0][:, None] * q + np.arange(q)) * size + Z2.indices[kept][:, None]).ravel()
    distinct, cell = np.unique(keys, return_inverse=True)
    C_row, C_col = distinct // size, distinct % size
    indptr = np.searchsorted(C_row, np.arange(first.m * q + 1))
    left, right, at, to = _pairs(layout, first, C_row, C_col)
    order = np.lexsort((to, at))
    map_indptr = np.searchsorted(at[order], np.arange(layout.n_entries + 1))
    return Pattern(Z1, Z2, cell.astype(np.int64), np.repeat(row, q), values.ravel(), C_col, indptr,
                   left, right, order, to[order], map_indptr)


def _pairs(
    layout: Layout, first: Factor, C_row: IntArray, C_col: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Pairs of entries of C in one first group, the entry of the border they feed and the entry of W between them."""
    q, group = first.q, C_row // first.q
    per_group = np.bincount(group, minlength=first.m)
    begin = np.cumsum(per_group) - per_group
    left = np.repeat(np.arange(len(C_row)), per_group[group])
    inside = np.arange(len(left)) - np.repeat(np.cumsum(per_group[group]) - per_group[group], per_group[group])
    right = begin[group[left]] + inside
    row_of, base = entry_bases(layout)
    at = base[C_col[left]] + row_of[C_col[right]]
    to = (group[left] * q + C_row[left] % q) * q + C_row[right] % q
    return left, right, at, to


def entry_bases(layout: Layout) -> tuple[IntArray, IntArray]:
    """For each padded column: its place in its component, and the first entry of its row of the matrix."""
    place = np.empty(layout.n_columns, dtype=np.int64)
    base = np.empty(layout.n_columns, dtype=np.int64)
    for one in layout.buckets:
        here = np.arange(one.count * one.size)
        place[one.column:one.column + len(here)] = here % one.size
        base[one.column:one.column + len(here)] = one.entry + here * one.size
    return place, base


def products(given: Rows, variances: FloatArray | None = None) -> Products:
    """Sum the products of the rows, each divided by its relative residual variance (n), if any."""
    layout, pattern, first = given.layout, given.pattern, given.layout.first
    X, Y = given.X, given.Y
    n, p = X.shape
    weight = None if variances is None else 1 / variances
    XW, YW = (X, Y) if weight is None else (X * weight[:, None], Y * weight)
    m, q = (first.m, first.q) if first is not None else (0, 1)
    A, ZX, Zy = np.zeros((m, q, q)), np.zeros((m, q, p)), np.zeros((len(Y), m, q))
    if first is not None:
        A = _group_products(first, weight)
        ZT = pattern.Z1.T.tocsr() if len(Y) > 1 else pattern.Z1.T
        ZX = (ZT @ XW).reshape(m, q, p)
        Zy = np.ascontiguousarray((ZT @ YW.T).T).reshape(len(Y), m, q)
    C = P = PT = None
    A22, A2X, A2y = np.zeros(0), np.zeros((0, p)), np.zeros((len(Y), 0))
    if layout.border:
        Z2T = pattern.Z2.T
        A2X, A2y = Z2T @ XW, np.ascontiguousarray((Z2T @ YW.T).T)
        A22 = _border_products(layout, pattern.Z2, weight)
        if first is not None:
            C, P, PT = _linking(layout, pattern, weight, m * q)
    log_weights = 0.0 if variances is None else float(np.log(variances).sum())
    return Products(layout, n, p, A, ZX, Zy, C, P, PT, A22, A2X, A2y, X.T @ XW, Y @ XW, np.sum(Y * YW, axis=1),
                    log_weights)


def _group_products(first: Factor, weight: FloatArray | None) -> FloatArray:
    code, values = first.codes[:, 0], first.values * first.weights
    there = code >= 0
    if not there.all():
        code, values = code[there], values[there]
        weight = None if weight is None else weight[there]
    A = np.empty((first.m, first.q, first.q))
    for a in range(first.q):
        for b in range(a + 1):
            product = values[:, a] * values[:, b] * (1.0 if weight is None else weight)
            A[:, a, b] = A[:, b, a] = np.bincount(code, weights=product, minlength=first.m)
    return A


def _border_products(layout: Layout, Z2: Any, weight: FloatArray | None) -> FloatArray:
    if weight is None:
        whole = (Z2.T @ Z2).tocoo()
    else:
        from scipy import sparse

        whole = (Z2.T @ (sparse.diags_array(weight) @ Z2)).tocoo()
    place, base = entry_bases(layout)
    summed = np.bincount(base[whole.row] + place[whole.col], weights=whole.data, minlength=layout.n_entries)
    return np.asarray(summed, dtype=np.float64)


def _linking(layout: Layout, pattern: Pattern, weight: FloatArray | None, rows_of_c: int) -> tuple[Any, Any, Any]:
    from scipy import sparse

    value = pattern.cell_value if weight is None else pattern.cell_value * weight[pattern.cell_row]
    data = np.bincount(pattern.cell, weights=value, minlength=len(pattern.indices))
    C = sparse.csr_array((data, pattern.indices, pattern.indptr), shape=(rows_of_c, layout.n_columns))
    products_of = (data[pattern.left] * data[pattern.right])[pattern.order]
    first = layout.first
    wide = rows_of_c * (first.q if first is not None else 1)
    P = sparse.csr_array((products_of, pattern.map_indices, pattern.map_indptr), shape=(layout.n_entries, wide))
    return C, P, P.T
