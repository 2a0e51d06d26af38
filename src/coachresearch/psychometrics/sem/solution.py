"""A model fitted to groups of means and covariances: what every later question is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.psychometrics.sem.indices import (
    Counts,
    ModelFit,
    baseline_of,
    model_fit,
    saturated_log_likelihood,
    srmr_of,
)
from coachresearch.psychometrics.sem.matrices import FloatArray, Implied, Layout, implied, layout
from coachresearch.psychometrics.sem.maximum_likelihood import (
    Seen,
    fit_ml,
    information,
    observed_information,
    starting_values,
)
from coachresearch.psychometrics.sem.robust import SecondPass, second_pass
from coachresearch.psychometrics.sem.table import ParameterTable

SemEstimator = Literal["ml", "mlr", "mlm"]
Information = Literal["expected", "observed"]

_SINGULAR = 1e-7
"""Smallest eigenvalue of the scaled information below which two parameters cannot be told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A model at its estimates.

    Parameters
    ----------
    table : ParameterTable
    layouts : tuple of Layout
        One for each group.
    seen : tuple of Seen
    theta : array (q)
        Free parameters.
    covariance : array (q, q)
        Of the free parameters.
    expected : array (q, q)
        Expected information.
    fit : ModelFit
    steps : int
    """

    table: ParameterTable
    layouts: tuple[Layout, ...]
    seen: tuple[Seen, ...]
    theta: FloatArray
    covariance: FloatArray
    expected: FloatArray
    fit: ModelFit
    steps: int

    @property
    def implied(self) -> tuple[Implied, ...]:
        """Implied means and covariances of each group."""
        return tuple(implied(where, self.theta) for where in self.layouts)


def solve(
    table: ParameterTable, seen: Sequence[Seen], *, estimator: SemEstimator, information_kind: Information,
    rows: Sequence[FloatArray] = (), level: float = 0.90,
) -> Solution:
    """Fit a model and work out errors and fit.

    Raises
    ------
    NotIdentified
        If there are more parameters than moments, or two parameters cannot be told apart; they are named.
    EstimationError
        If the covariances of a group are not positive definite.
    NotConverged
        If the search stops early.
    """
    means = table.mean_structure
    predictors = _fixed_predictors(table)
    df = degrees(table, seen, predictors)
    for name, data in zip(table.groups, seen, strict=True):
        check_positive(name, data, table.observed)
    layouts = tuple(layout(table, g, data.cov, data.mean) for g, data in enumerate(seen))
    given = np.full(table.n_free, np.nan)
    for one in table.rows:
        if one.free >= 0 and one.start == one.start:
            given[one.free] = one.start
    found = fit_ml(layouts, seen, starting_values(layouts, seen, given), means=means)
    check_identified(table, found.information)
    passed = second_pass(layouts, seen, rows, found.theta, predictors, means=means) if len(rows) else None
    observed = estimator == "mlr" or information_kind == "observed"
    bread = (observed_information(layouts, seen, found.theta, means=means) if observed
             else information(layouts, seen, found.theta, means=means))
    inverse: FloatArray = np.asarray(np.linalg.pinv(bread, hermitian=True), dtype=float)
    baseline, baseline_df = baseline_of(seen, predictors)
    counts = Counts(sum(data.n for data in seen), len(seen), table.n_free, df, baseline_df)
    filled = [implied(where, found.theta) for where in layouts]
    fit = model_fit(found.discrepancy, baseline, counts, saturated=saturated_log_likelihood(seen, predictors),
                    srmr=srmr_of(seen, filled, means=means), level=level,
                    factors=None if passed is None or not df else _factors(passed, estimator, inverse, df, baseline_df))
    covariance = inverse
    if passed is not None:
        covariance = inverse @ (passed.meat if estimator == "mlr" else passed.centred) @ inverse
    return Solution(table, layouts, tuple(seen), found.theta, covariance, found.information, fit, found.steps)


def _factors(
    passed: SecondPass, estimator: SemEstimator, inverse: FloatArray, df: int, baseline_df: int
) -> tuple[float, float]:
    if estimator == "mlr":
        own = passed.kurtosis - float(np.sum(inverse * passed.meat))
        return own / df, passed.baseline[0] / baseline_df
    own = passed.weighted - float(np.sum(inverse * passed.centred))
    return own / df, passed.baseline[1] / baseline_df


def _fixed_predictors(table: ParameterTable) -> tuple[int, ...]:
    given = {one.lhs for one in table.rows if one.exogenous}
    return tuple(i for i, name in enumerate(table.observed) if name in given)


def degrees(table: ParameterTable, seen: Sequence[Seen], predictors: Sequence[int]) -> int:
    """Moments less free parameters; refuses a model with more parameters than moments."""
    k, given = len(table.observed), len(predictors)
    moments = k * (k + 1) // 2 - given * (given + 1) // 2 + (k - given if table.mean_structure else 0)
    df = moments * len(seen) - table.n_free
    if df < 0:
        raise NotIdentified(f"The model has {table.n_free} free parameters, and the data have "
                            f"{moments * len(seen)} moments", remedy="Fix parameters or make them equal, "
                            "or give a factor more items: one factor alone needs three.")
    return df


def check_positive(name: str, data: Seen, columns: Sequence[str]) -> None:
    """Refuse covariances that are not positive definite, naming the variables that determine each other."""
    where = f"group {name}" if name else ""
    flat = [column for column, value in zip(columns, np.diag(data.cov), strict=True) if not value > 0]
    if flat:
        raise EstimationError(f"{', '.join(map(repr, flat))} does not vary", where=where, remedy="Leave it out.")
    scale = np.sqrt(np.diag(data.cov))
    roots, vectors = np.linalg.eigh(data.cov / np.outer(scale, scale))
    if roots[0] < 1e-10:
        most = [column for column, part in zip(columns, vectors[:, 0], strict=True) if abs(part) > 0.1]
        raise EstimationError(
            f"The covariances of {len(columns)} variables over {data.n} rows are not positive definite; "
            f"{', '.join(most)} determine each other", where=where,
            remedy="Take more people than variables, and no variable that is made of others.")


def check_identified(table: ParameterTable, expected: FloatArray) -> None:
    """Refuse a model of which two parameters cannot be told apart, naming them."""
    if not len(expected):
        return
    scale = np.sqrt(np.maximum(np.diag(expected), 1e-300))
    roots, vectors = np.linalg.eigh(expected / np.outer(scale, scale))
    if roots[0] >= _SINGULAR * 1e-3:
        return
    places = set(np.flatnonzero(np.abs(vectors[:, 0]) > 0.1).tolist())
    names = dict.fromkeys(one.name for one in table.rows if one.free in places)
    raise NotIdentified(f"The data cannot tell apart {', '.join(names)}",
                        remedy="Fix one of them or make some equal; two items alone need equal loadings, and a factor "
                        "needs a metric.")
