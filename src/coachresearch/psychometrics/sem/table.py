"""The parameter table of a model: every parameter of every group, written or added, fixed or free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Literal, cast

from coachresearch.core.errors import EstimationError, Fault
from coachresearch.psychometrics.sem.syntax import Model, Modifier, Operator, Term

Identification = Literal["marker", "std_lv"]
Equal = Literal["loadings", "intercepts", "residuals", "factor_variances", "factor_covariances", "means"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of one group.

    Parameters
    ----------
    lhs, op, rhs : str
        As in the text of a model.
    group : int
        Which group, from 0.
    free : int
        Place among the free parameters; -1 if it is fixed. Equal parameters share a place.
    fixed : float
        The value it is fixed at; NaN if it is free, or fixed at what was observed (`exogenous`).
    start : float
        Where to start from; NaN if not said.
    label : str
        Its label, empty without.
    exogenous : bool
        True for the means and covariances of predictors that the model takes as given.
    written : bool
        True if it stands in the text, False if it was added.
    """

    lhs: str
    op: str
    rhs: str
    group: int = 0
    free: int = -1
    fixed: float = nan
    start: float = nan
    label: str = ""
    exogenous: bool = False
    written: bool = True

    @property
    def name(self) -> str:
        """How the parameter is called in a result."""
        return f"{self.lhs} ~1" if self.op == "~1" else f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """All parameters of a model.

    Parameters
    ----------
    rows : tuple of Parameter
        Group after group.
    n_free : int
        Number of free parameters, equal ones counted once.
    observed, factors : tuple of str
        Variables of the model.
    predictors : tuple of str
        Observed variables that predict and are not predicted.
    groups : tuple of str
        Names of the groups; ``("",)`` for one.
    mean_structure : bool
        Whether means are modelled.
    """

    rows: tuple[Parameter, ...]
    n_free: int
    observed: tuple[str, ...]
    factors: tuple[str, ...]
    predictors: tuple[str, ...]
    groups: tuple[str, ...]
    mean_structure: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """How a model is completed: see `parameter_table`."""

    identification: Identification = "marker"
    orthogonal: bool = False
    mean_structure: bool = False
    fixed_predictors: bool = True
    equal: tuple[Equal, ...] = ()
    except_for: tuple[str, ...] = ()


def parameter_table(model: Model, columns: Sequence[str], groups: Sequence[str], choices: Choices) -> ParameterTable:
    """Complete a model: residual variances, covariances of factors, scaling, means, and equality across groups.

    Parameters
    ----------
    model : Model
    columns : sequence of str
        Variables of the data.
    groups : sequence of str
    choices : Choices
        How factors get their metric, whether they correlate, whether means are modelled and what is equal.

    Raises
    ------
    EstimationError
        If a variable is not in the data, a factor has the name of a column, or a modifier does not fit the groups.
    """
    _check(model, columns, groups)
    roles = _roles(model)
    terms = {_key(term): term for term in model.terms}
    added = [Term(lhs, cast(Operator, op), rhs) for lhs, op, rhs in _defaults(model, roles, choices)
             if (lhs, op, rhs) not in terms]
    drafts = [_draft(term, group, roles, choices, written=term in model.terms)
              for group in range(len(groups)) for term in (*model.terms, *added)]
    rows, count = _numbered(drafts, roles, choices, len(groups))
    return ParameterTable(rows, count, model.observed, model.factors, roles.predictors, tuple(groups),
                          choices.mean_structure)


@dataclass(frozen=True, slots=True)
class _Roles:
    factors: tuple[str, ...]
    observed: tuple[str, ...]
    markers: frozenset[tuple[str, str]]
    exogenous: tuple[str, ...]
    outcomes: tuple[str, ...]
    predictors: tuple[str, ...]


def _roles(model: Model) -> _Roles:
    latent = set(model.factors)
    first: dict[str, str] = {}
    for term in model.terms:
        if term.op == "=~":
            first.setdefault(term.lhs, term.rhs)
    indicators = {term.rhs for term in model.terms if term.op == "=~"}
    predicted = {term.lhs for term in model.terms if term.op == "~"}
    predicting = {term.rhs for term in model.terms if term.op == "~"}
    exogenous = tuple(name for name in model.factors if name not in indicators | predicted)
    everything = (*model.factors, *model.observed)
    outcomes = tuple(name for name in everything if name in predicted - predicting - indicators)
    predictors = tuple(name for name in model.observed if name in predicting - predicted - indicators - latent)
    return _Roles(model.factors, model.observed, frozenset(first.items()), exogenous, outcomes, predictors)


def _key(term: Term) -> tuple[str, str, str]:
    if term.op == "~~":
        return min(term.lhs, term.rhs), "~~", max(term.lhs, term.rhs)
    return term.lhs, term.op, term.rhs


def _defaults(model: Model, roles: _Roles, choices: Choices) -> list[tuple[str, str, str]]:
    pairs = [(name, name) for name in (*roles.observed, *roles.factors)]
    sets = [roles.outcomes, roles.predictors] if choices.orthogonal else [
        roles.exogenous, roles.outcomes, roles.predictors]
    pairs += [(one, two) for names in sets for i, one in enumerate(names) for two in names[i + 1:]]
    found = [(min(one, two), "~~", max(one, two)) for one, two in pairs]
    means = (*roles.observed, *roles.factors) if choices.mean_structure else ()
    return found + [(name, "~1", "") for name in means]


def _draft(term: Term, group: int, roles: _Roles, choices: Choices, *, written: bool) -> Parameter:
    given = term.modifiers[group if len(term.modifiers) > 1 else 0] if term.modifiers else Modifier()
    fixed, said = given.fixed, given.free or not isnan(given.fixed)
    if not said and term.op == "=~" and choices.identification == "marker" and (term.lhs, term.rhs) in roles.markers:
        fixed = 1.0
    variance = term.op == "~~" and term.lhs == term.rhs
    released = group > 0 and "loadings" in choices.equal and "factor_variances" not in choices.equal
    if not said and variance and term.lhs in roles.factors and choices.identification == "std_lv" and not released:
        fixed = 1.0
    latent_mean = term.op == "~1" and term.lhs in roles.factors
    moved = group > 0 and "intercepts" in choices.equal and "means" not in choices.equal
    if not said and latent_mean and not moved and not written:
        fixed = 0.0
    given_by_data = (choices.fixed_predictors and not written and term.lhs in roles.predictors
                     and (term.op == "~1" or term.rhs in roles.predictors))
    return Parameter(term.lhs, term.op, term.rhs, group, -1, fixed, given.start, given.label, given_by_data, written)


def _numbered(
    drafts: list[Parameter], roles: _Roles, choices: Choices, groups: int
) -> tuple[tuple[Parameter, ...], int]:
    places: dict[object, int] = {}
    found = []
    for one in drafts:
        if one.exogenous or not isnan(one.fixed):
            found.append(one)
            continue
        shared = groups > 1 and _kind(one, roles) in choices.equal and one.name not in choices.except_for
        key: object = one.label or (one.name if shared else (one.name, one.group))
        place = places.setdefault(key, len(places))
        found.append(replace(one, free=place))
    return tuple(found), len(places)


def _kind(one: Parameter, roles: _Roles) -> str:
    latent = one.lhs in roles.factors
    if one.op == "=~":
        return "loadings"
    if one.op == "~1":
        return "means" if latent else "intercepts"
    if one.op == "~~" and latent:
        return "factor_variances" if one.lhs == one.rhs else "factor_covariances"
    return "residuals" if one.op == "~~" and one.lhs == one.rhs else "other"


def _check(model: Model, columns: Sequence[str], groups: Sequence[str]) -> None:
    faults = []
    for name in model.observed:
        if name not in columns:
            place = next((term.where for term in model.terms if name in (term.lhs, term.rhs)), "")
            faults.append(Fault(f"Variable {name!r} is not in the data", place, f"There are: {', '.join(columns)}."))
    for name in model.factors:
        if name in columns:
            place = next(term.where for term in model.terms if term.lhs == name)
            faults.append(Fault(f"Factor {name!r} has the name of a variable of the data", place,
                                "Give the factor a name of its own."))
    for term in model.terms:
        if len(term.modifiers) not in (0, 1, len(groups)):
            faults.append(Fault(f"{term.lhs} {term.op} {term.rhs} has {len(term.modifiers)} modifiers for "
                                f"{len(groups)} groups", term.where, "Give one for all groups or one for each."))
        if term.op == "=~" and term.lhs == term.rhs:
            faults.append(Fault(f"Factor {term.lhs!r} measures itself", term.where, "Name its items."))
    if faults:
        raise EstimationError.of(faults)
