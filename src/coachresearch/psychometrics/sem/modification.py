"""What would change if a fixed parameter were freed: score tests and expected changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel
from coachresearch.psychometrics.sem.matrices import FloatArray, Implied, Layout, implied, with_entries
from coachresearch.psychometrics.sem.maximum_likelihood import entry_information, entry_slopes
from coachresearch.psychometrics.sem.solution import Solution

_NAMED = "{} =~ {}", "{} ~~ {}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModificationIndices(Result):
    """Score tests of parameters that the model fixes at zero, the largest first.

    Parameters
    ----------
    change_latent, change_all : array (m)
        Expected change in units of the factors, and of all variables, in the order of `estimates`.
    """

    kind: ClassVar[str] = "modification_indices"

    change_latent: FloatArray
    change_all: FloatArray


def modification_indices(model: ConfirmatoryModel, *, most: int | None = None) -> ModificationIndices:
    """Test each loading and each covariance of residuals that the model leaves out.

    Parameters
    ----------
    model : ConfirmatoryModel
    most : int, optional
        How many to keep, the largest first; all if not given.

    Returns
    -------
    ModificationIndices
        `statistic` is the index (chi-square with one degree of freedom, without correction for looking at many),
        `estimate` the expected change.

    Raises
    ------
    EstimationError
        If the model leaves out no loading and no covariance, or was fitted to rows with gaps.

    References
    ----------
    Sörbom (1989), Psychometrika 54, 371-384; Saris, Satorra & Sörbom (1987), Sociological Methodology 17, 105-129.
    """
    if model.full_information:
        raise EstimationError("Modification indices need complete rows, and this model has rows with gaps",
                              remedy="Fit the complete rows with cfa, and ask again.")
    solution = model.solution
    listed: list[tuple[Estimate, float, float]] = []
    inverse = np.asarray(np.linalg.pinv(solution.expected, hermitian=True), dtype=float)
    for group in range(len(solution.layouts)):
        candidates = _candidates(solution, group)
        if candidates:
            listed += _group(solution, group, candidates, inverse, model.method)
    if not listed:
        raise EstimationError("The model leaves out no loading and no covariance",
                              remedy="There is nothing to free: see its residuals.")
    listed.sort(key=lambda one: -one[0].statistic)
    listed = listed[:most]
    return ModificationIndices(
        title=model.title, source=model.source, method="score_test", cautions=model.cautions,
        estimates=tuple(one[0] for one in listed), change_latent=np.array([one[1] for one in listed]),
        change_all=np.array([one[2] for one in listed]))


def _candidates(solution: Solution, group: int) -> list[tuple[int, int, int]]:
    """Loadings and covariances (kind, row, column) that stand nowhere in the table."""
    where, table = solution.layouts[group], solution.table
    at = {name: i for i, name in enumerate(where.variables)}
    given = {name for row in table.rows if row.exogenous for name in (row.lhs, row.rhs) if name}
    measured = {row.rhs for row in table.rows if row.op == "=~"}
    there = {(row.op, *sorted((row.lhs, row.rhs))) for row in table.rows}
    predicted = {row.lhs for row in table.rows if row.op == "~"} | measured
    found = []
    for factor in table.factors:
        found += [(0, at[item], at[factor]) for item in table.observed
                  if item in measured and ("=~", *sorted((factor, item))) not in there]
    names = [name for name in where.variables if name not in given]
    for i, one in enumerate(names):
        for two in names[i + 1:]:
            alike = (one in measured and two in measured) or (one in table.factors) == (two in table.factors)
            mixed = one in table.factors and (one in predicted) != (two in predicted)
            if alike and not mixed and ("~~", *sorted((one, two))) not in there and not _linked(table.rows, one, two):
                found.append((1, at[one], at[two]))
    return found


def _linked(rows: Sequence[object], one: str, two: str) -> bool:
    return any({getattr(row, "lhs", ""), getattr(row, "rhs", "")} == {one, two} and getattr(row, "op", "") != "~~"
               for row in rows)


def _group(
    solution: Solution, group: int, candidates: list[tuple[int, int, int]], inverse: FloatArray, method: str
) -> list[tuple[Estimate, float, float]]:
    from scipy.stats import chi2

    where, data = solution.layouts[group], solution.seen[group]
    found, means = implied(where, solution.theta), solution.table.mean_structure
    wider = with_entries(where, candidates)
    own = len(where.place)
    slope = np.asarray(entry_slopes(wider, data, found, means=means), dtype=float)[own:]
    table = entry_information(wider, data.n, found, means=means)
    cross = np.zeros((len(candidates), len(solution.theta)))
    np.add.at(cross.T, where.place, table[own:, :own].T)
    left = np.diag(table)[own:] - np.sum((cross @ inverse) * cross, axis=1)
    usable = left > 1e-8 * np.diag(table)[own:]
    listed = []
    for place in np.flatnonzero(usable):
        index, change = float(slope[place] ** 2 / left[place]), float(slope[place] / left[place])
        kind, i, j = candidates[place]
        latent, everything = _standardised(change, candidates[place], found, where)
        names = (where.variables[j], where.variables[i]) if kind == 0 else (where.variables[i], where.variables[j])
        listed.append((Estimate(_NAMED[kind].format(*names), change, solution.table.groups[group], statistic=index,
                                df=1.0, p_value=float(chi2.sf(index, 1)), n=data.n, method="score_test"),
                       latent, everything))
    return listed


def _standardised(
    change: float, entry: tuple[int, int, int], found: Implied, where: Layout
) -> tuple[float, float]:
    kind, i, j = entry
    total, spread = np.diag(found.total), np.diag(found.spread)
    if kind == 0:
        scaled = change * float(np.sqrt(total[j])) if total[j] > 0 else float("nan")
        return scaled, scaled / float(np.sqrt(total[i]))
    size = float(spread[i] * spread[j])
    everything = change / size ** 0.5 if size > 0 else float("nan")
    return (everything if min(i, j) >= where.k else change), everything
