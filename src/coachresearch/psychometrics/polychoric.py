"""Correlations of the normal variables that are thought to lie behind ordinal answers."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, Fault, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.ordinal import (
    BOUND,
    FloatArray,
    IntArray,
    Margins,
    influence,
    likelihood_ratio,
    margins,
    solve,
)

_NAMED = 5
_LEAST_EIGENVALUE = 1e-10
_FEW_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PolychoricCorrelations(Result):
    """Latent correlations and thresholds of k ordinal items.

    Parameters
    ----------
    items : tuple of str
        The k items.
    values : tuple of tuples of int
        The categories that were chosen at least once, of each item.
    thresholds : tuple of arrays
        Of each item, one fewer than its categories, in standard deviations of the latent variable.
    cor : array (k, k)
        Correlations.
    std_errors : array (k, k)
        Their standard errors, the estimation of the thresholds included; NaN on the diagonal and at the bound.
    pair_n : array (k, k) of int
        Rows that answered both items.
    empty_cells : array (k, k) of int
        Cells of each cross-table that nobody chose; zero on the diagonal.
    g2, df : arrays (k, k)
        Likelihood ratio of each cross-table against two normal variables, and its degrees of freedom. NaN and zero on
        the diagonal.
    at_bound : array (k, k) of bool
        Pairs whose table asks for a correlation of 1 or -1; they are held at 0.9999.
    correct : float
        What was added to each empty cell.
    tables : PairTables
        What all this was computed from, unused categories left out.
    """

    kind: ClassVar[str] = "polychoric"

    items: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    thresholds: tuple[FloatArray, ...]
    cor: FloatArray
    std_errors: FloatArray
    pair_n: IntArray
    empty_cells: IntArray
    g2: FloatArray
    df: IntArray
    at_bound: NDArray[np.bool_]
    correct: float
    tables: PairTables


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All pairs of k items, the first before the second: places (p), cross-tables (p × c × c), and their fit."""

    first: IntArray
    second: IntArray
    counts: FloatArray
    margins: Margins

    @property
    def thresholds(self) -> tuple[FloatArray, FloatArray]:
        """Thresholds of the first and of the second item of each pair (p × g)."""
        return self.margins.thresholds[self.first], self.margins.thresholds[self.second]

    def with_gaps(self) -> FloatArray:
        """Cross-tables with one more row and column for the rows that answered only one of the two items."""
        p, c, _ = self.counts.shape
        table = np.zeros((p, c + 1, c + 1))
        table[:, :-1, :-1] = self.counts
        table[:, :-1, -1] = self.margins.counts[self.first] - self.counts.sum(axis=2)
        table[:, -1, :-1] = self.margins.counts[self.second] - self.counts.sum(axis=1)
        return table

    def influence(self, rho: FloatArray, filled: FloatArray) -> FloatArray:
        """How far one row moves each correlation (p × (c + 1) × (c + 1)); see `ordinal.influence`."""
        each, n = self.margins.influence(), self.margins.n
        return influence(*self.thresholds, rho, filled, (each[self.first], each[self.second]),
                         (n[self.first], n[self.second]))


def polychoric(
    tables: PairTables, *, correct: float = 0.0, conf_level: float = 0.95, title: str = "", source: str = ""
) -> PolychoricCorrelations:
    """Polychoric correlations of all pairs of ordinal items, with their thresholds.

    Parameters
    ----------
    tables : PairTables
        From ``collect(rows, into=PairTables)``. Gaps are allowed: thresholds come from all answers of an item,
        each correlation from the rows that answered both. Use ``complete_rows=True`` there for listwise deletion.
    correct : float
        Count that is put into each empty cell of a cross-table. By default nothing is: an empty cell is an answer too,
        and 0.5 changes the correlations of skewed items.
    conf_level : float
        Level of the intervals.
    title : str
        Title of the scale.
    source : str
        Where the answers come from.

    Returns
    -------
    PolychoricCorrelations
        Estimates ``cor`` (group ``"A1 with A2"``) and ``threshold_1`` ... (group: the item).

    Raises
    ------
    EstimationError
        If an item has a single category or no answer, or a pair has no common rows; all of them are named.
    NotConverged
        If the search stops early.

    Notes
    -----
    Two-step maximum likelihood: thresholds from the margins, then one correlation a pair. Standard errors allow for the
    first step. Intervals are symmetric on Fisher's z; in simulation they hold their level from about 300 rows on, and
    cover .89 to .94 instead of .95 at 50 to 100 rows (a caution says so under 200). `cor` is not smoothed where it is
    no correlation matrix; a caution says so.

    References
    ----------
    Olsson (1979), Psychometrika 44, 443-460; Muthén (1984), Psychometrika 49, 115-132 (standard errors).
    """
    _check(tables, correct)
    used = tables.used()
    pairs = pairs_of(used)
    filled = fill_empty(used, pairs, correct)
    solution = solve(*pairs.thresholds, filled)
    _check_converged(used, pairs, solution.converged)
    moved = pairs.influence(solution.rho, filled)
    error = np.sqrt((pairs.with_gaps() * moved ** 2).sum(axis=(1, 2)))
    error[solution.at_bound] = nan
    g2 = likelihood_ratio(*pairs.thresholds, solution.rho, pairs.counts)
    return _result(used, tables, pairs, solution.rho, error, g2, solution.at_bound, correct, conf_level, title, source)


def tetrachoric(
    tables: PairTables, *, correct: float = 0.0, conf_level: float = 0.95, title: str = "", source: str = ""
) -> PolychoricCorrelations:
    """Tetrachoric correlations: `polychoric` of items with two categories, and of nothing else.

    Parameters
    ----------
    tables, correct, conf_level, title, source
        As in `polychoric`.

    Raises
    ------
    EstimationError
        If an item has more or fewer than two categories in use; all of them are named.
    """
    faults = [Fault(f"Item {item!r} has {len(values)} categories in use: {', '.join(map(str, values))}", "",
                    "Tetrachoric correlations take two; use polychoric.")
              for item, values in zip(tables.items, tables.used().values, strict=True) if len(values) > 2]
    if faults:
        raise EstimationError.of(faults)
    return polychoric(tables, correct=correct, conf_level=conf_level, title=title, source=source)


def pairs_of(used: PairTables) -> Pairs:
    """Lay all cross-tables of items out over the same number of categories."""
    sizes = np.array([len(values) for values in used.values])
    starts = np.cumsum([0, *sizes[:-1]])
    first, second = np.triu_indices(len(sizes), 1)
    own = np.diag(used.counts)
    found = margins([own[start:start + size] for start, size in zip(starts, sizes, strict=True)])
    place = starts[:, None] + np.arange(sizes.max())[None, :]
    inside = np.arange(sizes.max())[None, :] < sizes[:, None]
    place = np.where(inside, place, 0)
    counts = used.counts[place[first][:, :, None], place[second][:, None, :]].astype(float)
    counts *= inside[first][:, :, None] & inside[second][:, None, :]
    return Pairs(first, second, counts, found)


def fill_empty(used: PairTables, pairs: Pairs, correct: float) -> FloatArray:
    """Return the cross-tables with `correct` in the cells that nobody chose."""
    if not correct:
        return pairs.counts
    return np.where(_empty(used, pairs), correct, pairs.counts)


def _empty(used: PairTables, pairs: Pairs) -> NDArray[np.bool_]:
    sizes = np.array([len(values) for values in used.values])
    inside = np.arange(sizes.max())[None, :] < sizes[:, None]
    return inside[pairs.first][:, :, None] & inside[pairs.second][:, None, :] & (pairs.counts == 0)


def _check(tables: PairTables, correct: float) -> None:
    if not 0 <= correct <= 1:
        raise EstimationError(f"correct is {correct:g}", remedy="Give the count for an empty cell, from 0 to 1.")
    if len(tables.items) < 2:
        raise EstimationError(f"Correlations need at least 2 items; there is {len(tables.items)}",
                              remedy="Collect all items of the scale.")
    faults = []
    for item, values in zip(tables.items, tables.used().values, strict=True):
        if not values:
            faults.append(Fault(f"Nobody answered item {item!r}", "", "Leave it out with select."))
        elif len(values) == 1:
            faults.append(Fault(f"Everybody gave the same answer {values[0]} to item {item!r}, so it has no threshold",
                                "", "Leave it out with select."))
    if not faults:
        apart = np.argwhere(np.triu(tables.pair_n == 0, 1))
        faults = [Fault(f"Nobody answered both {tables.items[i]!r} and {tables.items[j]!r}", "",
                        "Leave one of them out with select.") for i, j in apart]
    if faults:
        raise EstimationError.of(faults)


def _check_converged(used: PairTables, pairs: Pairs, converged: NDArray[np.bool_]) -> None:
    if not converged.all():
        names = [f"{used.items[pairs.first[at]]} with {used.items[pairs.second[at]]}"
                 for at in np.flatnonzero(~converged)[:_NAMED]]
        raise NotConverged(f"The correlation of {', '.join(names)} did not converge",
                           remedy="Look at the cross-table with tables.table(...).")


def _result(
    used: PairTables, given: PairTables, pairs: Pairs, rho: FloatArray, error: FloatArray, g2: FloatArray,
    at_bound: NDArray[np.bool_], correct: float, conf_level: float, title: str, source: str,
) -> PolychoricCorrelations:
    k = len(used.items)
    at = (pairs.first, pairs.second)
    sizes = np.array([len(values) for values in used.values])
    cor = _square(k, at, rho, 1.0)
    pair_n, empty = used.pair_n, _square(k, at, _empty(used, pairs).sum(axis=(1, 2)), 0)
    df = _square(k, at, sizes[pairs.first] * sizes[pairs.second] - sizes[pairs.first] - sizes[pairs.second], 0)
    taus = tuple(row[:size - 1].copy() for row, size in zip(pairs.margins.thresholds, sizes, strict=True))
    arrays = (cor, pair_n, empty, df, *taus)
    for array in arrays:
        array.setflags(write=False)
    bound = _square(k, at, at_bound, False)
    errors, ratios = _square(k, at, error, nan), _square(k, at, g2, nan)
    for array in (bound, errors, ratios):
        array.setflags(write=False)
    method = "polychoric_corrected" if correct else "polychoric_two_step"
    estimates = (*_correlations(used, pairs, rho, error, conf_level, method), *_thresholds(used, taus))
    return PolychoricCorrelations(
        title=title, estimates=estimates, method=method, source=source, items=used.items, values=used.values,
        cautions=_cautions(used, given, cor, empty, bound, correct), thresholds=taus, cor=cor, std_errors=errors,
        pair_n=pair_n, empty_cells=empty, g2=ratios, df=df, at_bound=bound, correct=correct, tables=used)


def _square(k: int, at: tuple[IntArray, IntArray], values: NDArray, diagonal: float) -> NDArray:
    table = np.full((k, k), diagonal, dtype=values.dtype)
    table[at] = values
    table[at[::-1]] = values
    return table


def _correlations(
    used: PairTables, pairs: Pairs, rho: FloatArray, error: FloatArray, conf_level: float, method: str
) -> list[Estimate]:
    from scipy.special import ndtri

    reach = float(ndtri((1 + conf_level) / 2)) * error / (1 - rho ** 2)
    low, high = np.tanh(np.arctanh(rho) - reach), np.tanh(np.arctanh(rho) + reach)
    n = pairs.counts.sum(axis=(1, 2)).astype(int)
    items = used.items
    return [Estimate("cor", value, f"{items[i]} with {items[j]}", se, conf_low=lower, conf_high=upper,
                     conf_level=conf_level if se == se else nan, n=rows, method=method)
            for i, j, value, se, lower, upper, rows in zip(
                pairs.first.tolist(), pairs.second.tolist(), rho.tolist(), error.tolist(), low.tolist(), high.tolist(),
                n.tolist(), strict=True)]


def _thresholds(used: PairTables, taus: tuple[FloatArray, ...]) -> list[Estimate]:
    own = np.diag(used.counts)
    found = []
    for item, place, tau in zip(used.items, used.places, taus, strict=True):
        n = int(own[place].sum())
        share = np.cumsum(own[place])[:-1] / n
        error = np.sqrt(share * (1 - share) / n) * np.sqrt(2 * np.pi) * np.exp(tau ** 2 / 2)
        found += [Estimate(f"threshold_{at + 1}", float(tau[at]), item, float(error[at]), n=n, method="thresholds")
                  for at in range(len(tau))]
    return found


def _cautions(
    used: PairTables, given: PairTables, cor: FloatArray, empty: IntArray, at_bound: NDArray[np.bool_], correct: float
) -> tuple[Caution, ...]:
    items, found = used.items, []
    if used.n_left_out:
        found.append(caution("rows_left_out", n=used.n_left_out, of=used.n + used.n_left_out))
    if used.unit == "rating":
        found.append(caution("ratings_not_independent", n=used.n))
    if used.unit == "team_mean":
        found.append(caution("correlations_of_team_means", n=used.n))
    if int(used.pair_n.min()) < used.n:
        found.append(caution("pairs_differ_in_n", low=int(used.pair_n.min()), high=int(used.pair_n.max())))
    if int(used.pair_n.min()) < _FEW_ROWS:
        found.append(caution("polychoric_few_rows", n=int(used.pair_n.min())))
    for item, before, after in zip(items, given.values, used.values, strict=True):
        unused = [value for value in before if value not in after]
        if unused:
            found.append(caution("unused_category", item=item, values=", ".join(map(str, unused))))
    with_empty = int((np.triu(empty, 1) > 0).sum())
    if with_empty:
        code = "empty_cells_filled" if correct else "empty_cells"
        some = {"correct": correct} if correct else {}
        found.append(caution(code, n=with_empty, of=len(items) * (len(items) - 1) // 2, **some))
    pinned = np.argwhere(np.triu(at_bound, 1))
    found += [caution("polychoric_at_bound", first=items[i], second=items[j], value=BOUND if cor[i, j] > 0 else -BOUND)
              for i, j in pinned]
    smallest = float(np.linalg.eigvalsh(cor)[0])
    if smallest < _LEAST_EIGENVALUE:
        found.append(caution("not_positive_definite", value=smallest))
    return tuple(found)
