"""Confirmatory factor analysis and structural models of one or several groups, from means and covariances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, ClassVar, get_args

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import numeric_rows
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.sem.indices import ModelFit
from coachresearch.psychometrics.sem.matrices import FloatArray, slopes
from coachresearch.psychometrics.sem.maximum_likelihood import Seen
from coachresearch.psychometrics.sem.solution import Information, SemEstimator, Solution, solve
from coachresearch.psychometrics.sem.standardised import STANDARDS, entries_of, parameter_values
from coachresearch.psychometrics.sem.syntax import Model
from coachresearch.psychometrics.sem.table import (
    Choices,
    Equal,
    Identification,
    Parameter,
    parameter_table,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConfirmatoryModel(Result):
    """A confirmatory model at its estimates.

    Parameters
    ----------
    model : Model
        As written.
    estimator : {"ml", "mlr", "mlm"}
    information : {"expected", "observed"}
        Behind the standard errors.
    choices : Choices
        How the model was completed.
    n : int
        Rows of all groups.
    groups : tuple of str
    parameters, standardised_latent, standardised : tuple of Estimate
        Every parameter, fixed ones with error 0; in units of the factors; in units of all variables.
    r_squared : tuple of Estimate
        Share of variance explained of every variable that the model explains.
    fit : ModelFit
    solution : Solution
        Matrices and information, for further questions.
    full_information : bool
        Whether rows with gaps took part; observed moments are then the saturated estimates.
    """

    kind: ClassVar[str] = "cfa"

    model: Model
    estimator: SemEstimator
    information: Information
    choices: Choices
    n: int
    groups: tuple[str, ...]
    parameters: tuple[Estimate, ...]
    standardised_latent: tuple[Estimate, ...]
    standardised: tuple[Estimate, ...]
    r_squared: tuple[Estimate, ...]
    fit: ModelFit
    solution: Solution
    full_information: bool = False

    @property
    def residuals(self) -> tuple[FloatArray, ...]:
        """Observed minus implied correlations of each group (k × k)."""
        found = []
        for data, one in zip(self.solution.seen, self.solution.implied, strict=True):
            seen, model = np.sqrt(np.diag(data.cov)), np.sqrt(np.diag(one.cov))
            found.append(data.cov / np.outer(seen, seen) - one.cov / np.outer(model, model))
        return tuple(found)


def cfa(
    moments: Moments, model: Model, *, estimator: SemEstimator = "ml", rows: pd.DataFrame | None = None,
    identification: Identification = "marker", orthogonal: bool = False, mean_structure: bool = False,
    fixed_predictors: bool = True, information: Information = "expected", conf_level: float = 0.95, title: str = "",
    source: str = "",
) -> ConfirmatoryModel:
    """Fit a confirmatory or structural model to one group.

    Parameters
    ----------
    moments : Moments
        Complete rows; columns that the model does not name are left aside.
    model : Model
        From `parse_model` or `model_of_keys`.
    estimator : {"ml", "mlr", "mlm"}
        Maximum likelihood; the same estimates with sandwich errors and Yuan and Bentler's test; with robust errors
        and Satorra and Bentler's test.
    rows : DataFrame, optional
        The rows behind `moments`, for "mlr" and "mlm": fourth moments are a second pass.
    identification : {"marker", "std_lv"}
        The first loading of a factor is 1, or its (residual) variance.
    orthogonal : bool
        Whether factors are uncorrelated unless the model says otherwise.
    mean_structure : bool
        Whether means are modelled.
    fixed_predictors : bool
        Whether observed predictors are taken as given.
    information : {"expected", "observed"}
        Behind the standard errors of "ml" and "mlm"; "mlr" always takes the observed one.
    conf_level : float
        Level of the intervals of parameters; that of the root mean square error is 0.90.
    title, source : str

    Returns
    -------
    ConfirmatoryModel
        With cautions for variances that are not positive and for few rows.

    Raises
    ------
    EstimationError
        If a variable is missing, only correlations are known, covariances are not positive definite, or robust errors
        are asked without the rows.
    NotIdentified, NotConverged
        If parameters cannot be told apart, or the search stops early.

    References
    ----------
    Jöreskog (1969), Psychometrika 34, 183-202; Bollen (1989), Structural Equations with Latent Variables. Likelihood
    with divisor n.
    """
    choices = Choices(identification, orthogonal, mean_structure, fixed_predictors)
    return _fitted({"": moments}, model, choices, estimator, None if rows is None else {"": rows}, information,
                   conf_level, title, source)


def cfa_groups(
    groups: Mapping[str, Moments], model: Model, *, equal: tuple[Equal, ...] = (), except_for: tuple[str, ...] = (),
    estimator: SemEstimator = "ml", rows: Mapping[str, pd.DataFrame] | None = None,
    identification: Identification = "marker", orthogonal: bool = False, fixed_predictors: bool = True,
    information: Information = "expected", conf_level: float = 0.95, title: str = "", source: str = "",
) -> ConfirmatoryModel:
    """Fit one model to several independent groups at once, with means.

    Parameters
    ----------
    groups : mapping of str to Moments
        At least two.
    model : Model
    equal : tuple of str
        What is equal in all groups: "loadings", "intercepts", "residuals", "factor_variances", "factor_covariances",
        "means". With equal intercepts the factor means of later groups are free, with equal loadings their variances.
    except_for : tuple of str
        Parameters that stay free all the same, by name: ``"visual =~ x2"``, ``"x3 ~1"``.
    estimator, rows, identification, orthogonal, fixed_predictors, information, conf_level, title, source
        As in `cfa`; `rows` by group.

    Raises
    ------
    EstimationError
        As in `cfa`; with one group only; if a name in `except_for` is no parameter of the model.
    NotIdentified, NotConverged
        As in `cfa`.

    References
    ----------
    Jöreskog (1971), Psychometrika 36, 409-426; Sörbom (1974), British Journal of Mathematical and Statistical
    Psychology 27, 229-239 (means).
    """
    if len(groups) < 2:
        raise EstimationError(f"There is {len(groups)} group", remedy="Give two or more, or use cfa.")
    unknown = [one for one in equal if one not in get_args(Equal)]
    if unknown:
        raise EstimationError(f"{', '.join(map(repr, unknown))} cannot be made equal",
                              remedy=f"Use some of: {', '.join(get_args(Equal))}.")
    choices = Choices(identification, orthogonal, True, fixed_predictors, equal, except_for)
    return _fitted(groups, model, choices, estimator, rows, information, conf_level, title, source)


def _fitted(
    groups: Mapping[str, Moments], model: Model, choices: Choices, estimator: SemEstimator,
    rows: Mapping[str, pd.DataFrame] | None, information: Information, conf_level: float, title: str, source: str,
) -> ConfirmatoryModel:
    checked_options(model, estimator, information, conf_level, choices)
    columns = next(iter(groups.values())).columns
    table = parameter_table(model, columns, tuple(groups), choices)
    _check_exceptions(choices, table.rows)
    chosen = {name: _checked(name, one.select(table.observed), means=table.mean_structure)
              for name, one in groups.items()}
    seen = tuple(Seen(one.n, one.scatter / one.n, one.mean) for one in chosen.values())
    second = _second(chosen, rows, estimator)
    solution = solve(table, seen, estimator=estimator, information_kind=information, rows=second)
    return model_result(solution, model, choices, estimator, "observed" if estimator == "mlr" else information,
                        conf_level, title, source, method=f"sem_{estimator}", moments=chosen)


def model_result(
    solution: Solution, model: Model, choices: Choices, estimator: SemEstimator, information: Information,
    conf_level: float, title: str, source: str, *, method: str, moments: Mapping[str, Moments],
) -> ConfirmatoryModel:
    """Wrap a solution into its result; `moments` are behind the cautions."""
    n = solution.fit.n
    listed = dict(zip(STANDARDS, _parameters(solution, model, n, conf_level, method), strict=True))
    return ConfirmatoryModel(
        title=title, source=source, method=method, model=model, estimator=estimator, information=information,
        choices=choices, n=n, groups=solution.table.groups,
        estimates=(*listed["none"], *fit_estimates(solution.fit, method)), parameters=listed["none"],
        standardised_latent=listed["latent"], standardised=listed["all"],
        r_squared=_explained(solution, n, method), fit=solution.fit, solution=solution,
        cautions=_cautions(moments, solution))


def checked_options(
    model: object, estimator: str, information: str, conf_level: float, choices: Choices
) -> None:
    """Refuse options that are not known."""
    if not isinstance(model, Model):
        raise EstimationError(f"A {type(model).__name__} is not a model",
                              remedy="Read the text with parse_model, or take model_of_keys.")
    for value, allowed in ((estimator, SemEstimator), (information, Information),
                           (choices.identification, Identification)):
        if value not in get_args(allowed):
            raise EstimationError(f"{value!r} is not known", remedy=f"Use one of: {', '.join(get_args(allowed))}.")
    if not 0 < conf_level < 1:
        raise EstimationError(f"conf_level is {conf_level}", remedy="It lies between 0 and 1: 0.95, not 95.")


def _check_exceptions(choices: Choices, rows: Sequence[Parameter]) -> None:
    known = {one.name for one in rows}
    unknown = [name for name in choices.except_for if name not in known]
    if unknown:
        raise EstimationError(f"{', '.join(map(repr, unknown))} is no parameter of the model",
                              remedy=f"Parameters are: {', '.join(sorted(known))}.")


def _checked(name: str, moments: Moments, *, means: bool) -> Moments:
    where = f"group {name}" if name else ""
    if moments.standardised:
        raise EstimationError("Only correlations are known, and the errors of a model need the metric of its variables",
                              where=where, remedy="Give sd to Moments.from_published.")
    if moments.n < 2:
        raise EstimationError(f"There are {moments.n} complete rows; {moments.n_left_out} were left out for gaps",
                              where=where, remedy="Collect more answers, or fewer columns.")
    if moments.n <= len(moments.columns):
        raise EstimationError(f"There are {moments.n} complete rows for {len(moments.columns)} variables", where=where,
                              remedy="A model needs more rows than variables in every group.")
    if means and bool(np.isnan(moments.mean).any()):
        raise EstimationError("The means are not known", where=where, remedy="Give mean to Moments.from_published.")
    return moments


def _second(
    groups: Mapping[str, Moments], rows: Mapping[str, pd.DataFrame] | None, estimator: SemEstimator
) -> tuple[FloatArray, ...]:
    if estimator == "ml":
        return ()
    if rows is None:
        raise EstimationError(f"The estimator {estimator!r} needs fourth moments, which means and covariances do not "
                              "hold", remedy="Hand over the rows as well: rows=..., for a second pass.")
    found = []
    for name, moments in groups.items():
        if name not in rows:
            raise EstimationError(f"There are no rows of group {name!r}", remedy="Give the rows of every group.")
        absent = [column for column in moments.columns if column not in rows[name].columns]
        if absent:
            raise EstimationError(f"Variable {', '.join(map(repr, absent))} is not in the rows",
                                  where=f"group {name}" if name else "", remedy="Give the rows behind the moments.")
        _, values = numeric_rows(rows[name][list(moments.columns)])
        complete = values[~np.isnan(values).any(axis=1)]
        same = len(complete) == moments.n and np.allclose(complete.mean(axis=0), moments.mean) and np.allclose(
            np.sum((complete - moments.mean) ** 2, axis=0), np.diag(moments.scatter))
        if not same:
            raise EstimationError("The rows are not those behind the moments: their number, means or variances "
                                  "differ", where=f"group {name}" if name else "",
                                  remedy="Give the rows behind the moments.")
        found.append(complete)
    return tuple(found)


def _parameters(
    solution: Solution, model: Model, n: int, conf_level: float, method: str
) -> list[tuple[Estimate, ...]]:
    """Every parameter as it is, in units of the factors, and of all variables."""
    table, layouts = solution.table, solution.layouts
    entries = entries_of(table, layouts)
    values = parameter_values(table, layouts, entries, solution.theta, model.defined)
    moves = slopes(lambda at: parameter_values(table, layouts, entries, at, model.defined).ravel(), solution.theta)
    variances = np.sum((moves @ solution.covariance) * moves, axis=1)
    errors = np.sqrt(np.where(variances < -1e-10, nan, np.maximum(variances, 0.0))).reshape(values.shape)
    names = [(one.name, table.groups[one.group]) for one in table.rows]
    names += [(one.name, "") for one in model.defined]
    return [tuple(_estimates(names, *pair, n, conf_level, method)) for pair in zip(values, errors, strict=True)]


def _estimates(
    names: Sequence[tuple[str, str]], values: FloatArray, errors: FloatArray, n: int, conf_level: float, method: str
) -> list[Estimate]:
    from scipy.stats import norm

    away = float(norm.ppf((1 + conf_level) / 2)) * errors
    known = (errors > 1e-12) & ~np.isnan(values)  # neither fixed nor undefined
    ratio = np.divide(values, errors, out=np.full(len(values), nan), where=known)
    chance = 2 * norm.sf(np.abs(ratio))
    found = []
    for i, (term, group) in enumerate(names):
        value = float(values[i])
        if not known[i]:
            error = float(errors[i]) if value == value else nan
            found.append(Estimate(term, value, group, std_error=error, n=n, method=method))
            continue
        found.append(Estimate(
            term, value, group, std_error=float(errors[i]), statistic=float(ratio[i]), p_value=float(chance[i]),
            conf_low=value - float(away[i]), conf_high=value + float(away[i]), conf_level=conf_level, n=n,
            method=method))
    return found


def _explained(solution: Solution, n: int, method: str) -> tuple[Estimate, ...]:
    found = []
    for group, one in zip(solution.table.groups, solution.implied, strict=True):
        for i, name in enumerate((*solution.table.observed, *solution.table.factors)):
            moved = any(row.op in ("=~", "~") and name == (row.rhs if row.op == "=~" else row.lhs)
                        for row in solution.table.rows)
            if moved:
                share = float(1 - one.spread[i, i] / one.total[i, i])
                found.append(Estimate(f"r_squared {name}", share, group, n=n, method=method))
    return tuple(found)


def fit_estimates(fit: ModelFit, method: str) -> tuple[Estimate, ...]:
    """Return the indices of fit as estimates, the corrected ones under their own names."""
    n = fit.n
    found = [
        Estimate("chi_square", fit.chi_square, df=float(fit.df), p_value=fit.p_value, n=n, method=method),
        Estimate("cfi", fit.cfi, n=n, method=method), Estimate("tli", fit.tli, n=n, method=method),
        Estimate("rmsea", fit.rmsea, p_value=fit.close_fit_p, conf_low=fit.rmsea_low, conf_high=fit.rmsea_high,
                 conf_level=fit.rmsea_level, n=n, method=method),
        Estimate("srmr", fit.srmr, n=n, method=method), Estimate("aic", fit.aic, n=n, method=method),
        Estimate("bic", fit.bic, n=n, method=method),
        Estimate("log_likelihood", fit.log_likelihood, n=n, method=method)]
    if fit.corrected is None:
        return tuple(found)
    own = fit.corrected
    found.append(Estimate("chi_square_scaled", own.chi_square, df=float(fit.df), p_value=own.p_value, n=n,
                          method=method))
    if own.rmsea == own.rmsea:
        found += [
            Estimate("cfi_robust", own.cfi, n=n, method=method), Estimate("tli_robust", own.tli, n=n, method=method),
            Estimate("rmsea_robust", own.rmsea, conf_low=own.rmsea_low, conf_high=own.rmsea_high,
                     conf_level=fit.rmsea_level, n=n, method=method)]
    return tuple(found)


def _cautions(groups: Mapping[str, Moments], solution: Solution) -> tuple[Caution, ...]:
    found = list(dict.fromkeys(one for moments in groups.values() for one in row_cautions(moments)))
    names = (*solution.table.observed, *solution.table.factors)
    for group, one in zip(solution.table.groups, solution.implied, strict=True):
        for name, value in zip(names, np.diag(one.spread), strict=True):
            if value < 0:
                found.append(caution("sem_negative_variance", variable=name, value=float(value), group=group or "-"))
        k = len(solution.table.observed)
        latent = one.total[k:, k:]
        if len(latent) > 1 and float(np.linalg.eigvalsh(latent)[0]) < -1e-8:
            found.append(caution("sem_factors_not_positive", group=group or "-"))
    undefined = np.flatnonzero(np.diag(solution.covariance) <= 0)
    if len(undefined):
        found.append(caution("sem_error_undefined", parameters=", ".join(dict.fromkeys(
            one.name for one in solution.table.rows if one.free in undefined))))
    q = solution.table.n_free
    if solution.fit.n < q:
        found.append(caution("sem_fewer_rows_than_parameters", n=solution.fit.n, parameters=q))
    elif solution.fit.n < 5 * q:
        found.append(caution("sem_few_rows", n=solution.fit.n, parameters=q))
    if solution.fit.df == 0:
        found.append(caution("sem_saturated"))
    return tuple(found)
