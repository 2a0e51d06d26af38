"""Confirmatory models of people with missing answers: full information, nobody left out for a gap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.em import FullInformation, em_moments
from coachresearch.moments.moments import Moments
from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel, checked_options, model_result
from coachresearch.psychometrics.sem.indices import Counts, ModelFit, model_fit, srmr_of
from coachresearch.psychometrics.sem.matrices import FloatArray, Layout, implied, layout
from coachresearch.psychometrics.sem.maximum_likelihood import Seen, starting_values
from coachresearch.psychometrics.sem.missing_likelihood import (
    Part,
    fit_missing,
    observed_information,
    parts_of,
    saturated_information,
    saturated_layout,
    scores,
)
from coachresearch.psychometrics.sem.solution import (
    SemEstimator,
    Solution,
    check_identified,
    check_positive,
    degrees,
)
from coachresearch.psychometrics.sem.syntax import Model
from coachresearch.psychometrics.sem.table import Choices, Identification, ParameterTable, parameter_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class _Gaps:
    """What the fit needs of rows with gaps: their parts, the saturated moments, and the rows for a second pass."""

    parts: tuple[Part, ...]
    saturated: FullInformation
    rows: FloatArray | None


def cfa_missing(
    patterns: Patterns, model: Model, *, estimator: SemEstimator = "ml", rows: pd.DataFrame | None = None,
    identification: Identification = "marker", orthogonal: bool = False, conf_level: float = 0.95, title: str = "",
    source: str = "",
) -> ConfirmatoryModel:
    """Fit a confirmatory or structural model to rows with gaps, with means.

    Parameters
    ----------
    patterns : Patterns
        From ``collect(rows, into=Patterns)``.
    model : Model
    estimator : {"ml", "mlr"}
        Full-information maximum likelihood; the same estimates with sandwich errors and Yuan and Bentler's test.
    rows : DataFrame, optional
        The rows behind `patterns`, for "mlr".
    identification, orthogonal, conf_level, title, source
        As in `cfa`. Predictors are never taken as given: their gaps count as well.

    Returns
    -------
    ConfirmatoryModel
        Errors come from the observed information. The robust variants of CFI, TLI and RMSEA are not offered.

    Raises
    ------
    EstimationError
        As in `cfa`; for "mlm", which has no full-information form; if a variable has no answer or two have no common
        row.
    NotIdentified, NotConverged
        As in `cfa`.

    Notes
    -----
    Gaps are missing at random given the other variables of the model.

    References
    ----------
    Arbuckle (1996), in Marcoulides & Schumacker (eds.), Advanced Structural Equation Modeling, 243-277. Yuan & Bentler
    (2000), Sociological Methodology 30, 165-200.
    """
    choices = Choices(identification, orthogonal, True, False)
    checked_options(model, estimator, "observed", conf_level, choices)
    if estimator == "mlm":
        raise EstimationError("The estimator 'mlm' is for complete rows", remedy='Use estimator="mlr".')
    table = parameter_table(model, patterns.columns, ("",), choices)
    chosen = patterns.select(table.observed)
    if chosen.n <= len(table.observed):
        raise EstimationError(f"There are {chosen.n} rows for {len(table.observed)} variables",
                              remedy="A model needs more rows than variables.")
    gaps = _Gaps(parts_of(chosen), em_moments(chosen), _rows(chosen, rows, estimator))
    solution = _solve(table, gaps, estimator)
    found = model_result(solution, model, choices, estimator, "observed", conf_level, title, source,
                         method=f"sem_fiml_{estimator}", moments={"": _answered(chosen)})
    incomplete = gaps.saturated.n - gaps.saturated.n_complete
    said = (caution("sem_missing_at_random", n=incomplete, of=gaps.saturated.n),) if incomplete else ()
    return replace(found, full_information=True, cautions=(*said, *found.cautions))


def _answered(patterns: Patterns) -> Moments:
    """Rows and unit for the cautions, as if complete."""
    k = len(patterns.columns)
    return Moments(patterns.columns, patterns.n, np.zeros(k), np.zeros((k, k)), patterns.unit, patterns.n_left_out)


def _rows(patterns: Patterns, rows: pd.DataFrame | None, estimator: SemEstimator) -> FloatArray | None:
    if estimator == "ml":
        return None
    if rows is None:
        raise EstimationError(f"The estimator {estimator!r} needs fourth moments, which patterns do not hold",
                              remedy="Hand over the rows as well: rows=..., for a second pass.")
    absent = [name for name in patterns.columns if name not in rows.columns]
    if absent:
        raise EstimationError(f"Variable {', '.join(map(repr, absent))} is not in the rows",
                              remedy="Give the rows behind the patterns.")
    _, values = numeric_rows(rows[list(patterns.columns)])
    some = values[~np.isnan(values).all(axis=1)]
    means = sum(part.n * _spread(part.mean, part.columns, patterns.columns) for part in patterns.parts)
    if len(some) != patterns.n or not np.allclose(np.nansum(some, axis=0), means):
        raise EstimationError("The rows are not those behind the patterns: their number or their means differ",
                              remedy="Give the rows behind the patterns.")
    return some


def _spread(mean: FloatArray, columns: tuple[str, ...], every: tuple[str, ...]) -> FloatArray:
    found = np.zeros(len(every))
    found[[every.index(name) for name in columns]] = mean
    return found


def _solve(table: ParameterTable, gaps: _Gaps, estimator: SemEstimator) -> Solution:
    saturated = gaps.saturated
    seen = (Seen(saturated.n, saturated.cov, saturated.mean),)
    df = degrees(table, seen, ())
    check_positive("", seen[0], table.observed)
    where = layout(table, 0, saturated.cov, saturated.mean)
    given = np.full(table.n_free, np.nan)
    for one in table.rows:
        if one.free >= 0 and one.start == one.start:
            given[one.free] = one.start
    found = fit_missing(where, gaps.parts, starting_values((where,), seen, given))
    check_identified(table, found.information)
    inverse = np.asarray(np.linalg.pinv(observed_information(where, gaps.parts, found.theta), hermitian=True))
    covariance, factors = inverse, None
    if gaps.rows is not None:
        slopes = scores(where, gaps.rows, found.theta)
        meat = slopes.T @ slopes
        covariance = inverse @ meat @ inverse
        factors = _factors(gaps, float(np.sum(inverse * meat)), df) if df else None
    fit = _fit(gaps, where, found.theta, found.discrepancy, table, df, factors)
    return Solution(table, (where,), seen, found.theta, covariance, found.information, fit, found.steps)


def _factors(gaps: _Gaps, own: float, df: int) -> tuple[float, float]:
    assert gaps.rows is not None
    cov, mean = gaps.saturated.cov, gaps.saturated.mean
    where, theta = saturated_layout(cov, mean)
    slopes = scores(where, gaps.rows, theta)
    whole = float(np.trace(np.linalg.solve(saturated_information(gaps.parts, cov, mean), slopes.T @ slopes)))
    scaled = (gaps.rows - np.nanmean(gaps.rows, axis=0)) / np.nanstd(gaps.rows, axis=0)
    alone = float(np.sum(np.nanmean((scaled ** 2 - 1) ** 2, axis=0))) / 2 + len(cov)
    pairs = len(cov) * (len(cov) - 1) // 2
    return (whole - own) / df, (whole - alone) / pairs


def _fit(
    gaps: _Gaps, where: Layout, theta: FloatArray, value: float, table: ParameterTable, df: int,
    factors: tuple[float, float] | None,
) -> ModelFit:
    saturated = gaps.saturated
    k = len(table.observed)
    seen = (Seen(saturated.n, saturated.cov, saturated.mean),)
    fit = model_fit(value + 2 * saturated.log_likelihood, _alone(gaps.parts, k) + 2 * saturated.log_likelihood,
                    Counts(saturated.n, 1, table.n_free, df, k * (k - 1) // 2),
                    saturated=saturated.log_likelihood, srmr=srmr_of(seen, (implied(where, theta),), means=True),
                    factors=factors)
    if fit.corrected is None:
        return fit
    return replace(fit, corrected=replace(fit.corrected, cfi=nan, tli=nan, rmsea=nan, rmsea_low=nan, rmsea_high=nan))


def _alone(parts: tuple[Part, ...], k: int) -> float:
    """Minus twice the log-likelihood of variables that do not correlate, each from all who answered it."""
    rows, total, square = np.zeros(k), np.zeros(k), np.zeros(k)
    for part in parts:
        rows[part.at] += part.n
        total[part.at] += part.n * part.mean
    centre = total / rows
    for part in parts:
        square[part.at] += part.n * (np.diag(part.cov) + (part.mean - centre[part.at]) ** 2)
    return float(np.sum(rows * (np.log(2 * np.pi * square / rows) + 1)))
