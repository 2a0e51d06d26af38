"""How thresholds and polychoric correlations vary together from sample to sample: the weights of ordinal models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.moments.sources import Batch, batches
from coachresearch.psychometrics.ordinal import FloatArray
from coachresearch.psychometrics.polychoric import Pairs, PolychoricCorrelations, fill_empty, pairs_of

_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class PolychoricCovariance:
    """Asymptotic covariance of thresholds and polychoric correlations.

    Parameters
    ----------
    terms : tuple of str
        ``A1|t1`` ... for the thresholds of all items, then ``A1~~A2``, ``A1~~A3`` ... for the correlations: the order
        of `estimates` and `matrix`.
    estimates : array (m)
        Thresholds and correlations.
    matrix : array (m, m)
        Covariance matrix of the estimates. Its inverse weights an ordinal model (WLS); the inverse of its diagonal does
        so in DWLS, whose robust errors and tests need all of it. Filled with NaN off the diagonal where only
        cross-tables were at hand (`polychoric_variances`).
    n : int
        Rows.
    """

    terms: tuple[str, ...]
    estimates: FloatArray
    matrix: FloatArray
    n: int

    @property
    def gamma(self) -> FloatArray:
        """`n` times the covariance matrix (m × m), as programs for structural models call it."""
        return self.matrix * self.n

    def select(self, items: tuple[str, ...]) -> PolychoricCovariance:
        """Keep the thresholds and correlations of some items, in the order in which they stand."""
        keep = [place for place, term in enumerate(self.terms)
                if all(item in items for item in _items_of(term))]
        return PolychoricCovariance(tuple(self.terms[at] for at in keep), self.estimates[keep],
                                    self.matrix[np.ix_(keep, keep)], self.n)


def polychoric_acov(
    data: Any, correlations: PolychoricCorrelations, *, progress: Callable[[int, int], object] | None = None
) -> PolychoricCovariance:
    """Asymptotic covariance of thresholds and polychoric correlations, by a second pass over the rows.

    Cross-tables tell how each correlation varies, but not how the correlations of four items vary together; that takes
    the rows.

    Parameters
    ----------
    data : frame, Arrow data, path, DuckDB relation, or iterable of frames and record batches
        The same rows from which the tables of `correlations` were collected.
    correlations : PolychoricCorrelations
        From `polychoric`.
    progress : function of (batches, rows), optional
        Called after each batch; an exception that it raises ends the pass.

    Returns
    -------
    PolychoricCovariance
        Of m = thresholds + pairs terms.

    Raises
    ------
    EstimationError
        If the rows are not those of the tables, or a correlation is held at its bound.

    Notes
    -----
    Needs memory for about three m × m arrays: 60 items of five categories have m = 2010 (32 MB each).

    References
    ----------
    Muthén (1984), Psychometrika 49, 115-132; Muthén & Satorra (1995), Psychometrika 60, 489-503. Observed
    cross-products of the scores, as in lavaan.
    """
    tables = correlations.tables
    pairs, terms, estimates = _layout(correlations)
    filled = fill_empty(tables, pairs, correlations.correct)
    moved = pairs.influence(correlations.cor[pairs.first, pairs.second], filled)
    single, n_items = _threshold_moves(correlations, pairs), len(tables.items)
    total, seen, rows = np.zeros((len(terms), len(terms))), np.zeros_like(pairs.margins.counts), 0
    complete = bool((tables.pair_n == tables.n).all())
    for number, batch in enumerate(batches(data, columns=tables.items), start=1):
        codes = _codes(batch, tables.values)
        codes = codes[(codes >= 0).all(axis=1)] if complete else codes[(codes >= 0).any(axis=1)]
        for start in range(0, len(codes), _ROWS):
            part = codes[start:start + _ROWS]
            scores = _scores(part, pairs, moved, single)
            total += scores.T @ scores
        for item in range(n_items):
            seen[item] += np.bincount(codes[codes[:, item] >= 0, item], minlength=seen.shape[1])
        rows += len(codes)
        if progress is not None:
            progress(number, rows)
    if rows != tables.n or not np.array_equal(seen, pairs.margins.counts):
        raise EstimationError(f"The {rows} rows of the second pass are not the {tables.n} rows of the cross-tables",
                              remedy="Hand over the rows from which the tables were collected.")
    return _frozen(terms, estimates, total, tables.n)


def polychoric_variances(correlations: PolychoricCorrelations) -> PolychoricCovariance:
    """Asymptotic variances of thresholds and correlations from the cross-tables alone; covariances are NaN.

    Parameters
    ----------
    correlations : PolychoricCorrelations
        From `polychoric`.

    Notes
    -----
    Enough for the weights of DWLS; its robust errors need `polychoric_acov`.
    """
    pairs, terms, estimates = _layout(correlations)
    tables = correlations.tables
    errors = [correlations.estimate(f"threshold_{at + 1}", item).std_error
              for item, taus in zip(tables.items, correlations.thresholds, strict=True) for at in range(len(taus))]
    matrix = np.full((len(terms), len(terms)), np.nan)
    np.fill_diagonal(matrix, np.concatenate([
        np.square(errors), correlations.std_errors[pairs.first, pairs.second] ** 2]))
    return _frozen(terms, estimates, matrix, tables.n)


def _layout(correlations: PolychoricCorrelations) -> tuple[Pairs, tuple[str, ...], FloatArray]:
    if correlations.at_bound.any():
        first, second = np.argwhere(np.triu(correlations.at_bound, 1))[0]
        raise EstimationError(
            f"The correlation of {correlations.items[first]!r} and {correlations.items[second]!r} is held at its "
            "bound, so it has no standard error",
            remedy="Leave one of the two items out, or join their rare categories.")
    pairs = pairs_of(correlations.tables)
    items = correlations.items
    terms = [f"{item}|t{at + 1}" for item, taus in zip(items, correlations.thresholds, strict=True)
             for at in range(len(taus))]
    terms += [f"{items[i]}~~{items[j]}" for i, j in zip(pairs.first, pairs.second, strict=True)]
    estimates = np.concatenate([*correlations.thresholds, correlations.cor[pairs.first, pairs.second]])
    return pairs, tuple(terms), estimates


def _threshold_moves(correlations: PolychoricCorrelations, pairs: Pairs) -> list[FloatArray]:
    """Of each item, how far an answer moves each of its thresholds (c + 1 × thresholds); the last row is a gap."""
    found = []
    each, n = pairs.margins.influence(), pairs.margins.n
    for item, taus in enumerate(correlations.thresholds):
        table = np.zeros((each.shape[1] + 1, len(taus)))
        table[:-1] = each[item][:, :len(taus)] / n[item]
        found.append(table)
    return found


def _codes(batch: Batch, values: tuple[tuple[int, ...], ...]) -> NDArray[np.int64]:
    """Return the place of each answer among the categories of its item (n × k); -1 for a gap."""
    codes = np.empty((batch.n, len(values)), dtype=np.int64)
    for place, (item, categories) in enumerate(zip(batch.names, values, strict=True)):
        given, gap = batch.values[place], batch.gaps[place]
        absent = gap if gap is not None else np.isnan(given) if given.dtype.kind == "f" else np.zeros(batch.n, bool)
        at = np.minimum(np.searchsorted(categories, given), len(categories) - 1)
        if (~absent & (np.asarray(categories)[at] != given)).any():
            raise EstimationError(f"Item {item!r} holds answers that its cross-tables do not have",
                                  remedy="Hand over the rows from which the tables were collected.")
        codes[:, place] = np.where(absent, -1, at)
    return codes


def _scores(codes: NDArray[np.int64], pairs: Pairs, moved: FloatArray, single: list[FloatArray]) -> FloatArray:
    thresholds = [table[codes[:, item]] for item, table in enumerate(single)]
    size = moved.shape[1]
    place = np.where(codes < 0, size - 1, codes)
    cell = place[:, pairs.first] * size + place[:, pairs.second]
    correlations = moved.reshape(len(moved), -1)[np.arange(len(moved))[None, :], cell]
    return np.concatenate([*thresholds, correlations], axis=1)


def _items_of(term: str) -> tuple[str, ...]:
    return tuple(term.split("~~")) if "~~" in term else (term.rsplit("|t", 1)[0],)


def _frozen(terms: tuple[str, ...], estimates: FloatArray, matrix: FloatArray, n: int) -> PolychoricCovariance:
    estimates.setflags(write=False)
    matrix.setflags(write=False)
    return PolychoricCovariance(terms, estimates, matrix, n)
