"""Whether the same thing was measured in the same way in several groups: the ladder, and the gate it yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, ClassVar

from coachresearch.core.caution import Caution, caution
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, not_assessable
from coachresearch.display.result import Result
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel, cfa_groups
from coachresearch.psychometrics.sem.difference import Difference, difference_test
from coachresearch.psychometrics.sem.invariance_rules import STEPS, Step, invariance_rule
from coachresearch.psychometrics.sem.solution import SemEstimator
from coachresearch.psychometrics.sem.syntax import Model
from coachresearch.psychometrics.sem.table import Equal, Identification

if TYPE_CHECKING:
    import pandas as pd

_EQUAL: tuple[tuple[Equal, ...], ...] = (
    (), ("loadings",), ("loadings", "intercepts"), ("loadings", "intercepts", "residuals"))


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """One step of the ladder.

    Parameters
    ----------
    step : {"configural", "metric", "scalar", "strict"}
    model : ConfirmatoryModel
    difference : Difference or None
        Against the step before; None for the first.
    delta_cfi, delta_rmsea, delta_srmr : float
        This step minus the step before; of the scaled indices with a robust estimator.
    holds : bool
        Whether the rule counts the step as reached, this step alone.
    """

    step: Step
    model: ConfirmatoryModel
    difference: Difference | None
    delta_cfi: float
    delta_rmsea: float
    delta_srmr: float
    holds: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Invariance(Result):
    """The ladder of measurement invariance across independent groups.

    Parameters
    ----------
    rungs : tuple of Rung
        Configural, metric (equal loadings), scalar (and intercepts), strict (and residual variances).
    reached : str
        The last step up to which every step holds; ``none`` if the model does not even fit.
    freed : tuple of str
        Parameters that were left free on purpose.
    rule : str
        Code of the rule that decided.
    smallest : int
        Rows of the smallest group.
    groups : tuple of str
    unit : str
        What a row is.
    """

    kind: ClassVar[str] = "invariance"

    rungs: tuple[Rung, ...]
    reached: str
    freed: tuple[str, ...]
    rule: str
    smallest: int
    groups: tuple[str, ...]
    unit: str


def invariance(
    groups: Mapping[str, Moments], model: Model, *, estimator: SemEstimator = "ml",
    rows: Mapping[str, pd.DataFrame] | None = None, free: tuple[str, ...] = (), rule: str = "chen2007",
    identification: Identification = "marker", title: str = "", source: str = "",
) -> Invariance:
    """Climb the ladder of invariance across independent groups.

    Parameters
    ----------
    groups : mapping of str to Moments
        From `collect_by`; people, not ratings of the same people.
    model : Model
    estimator : {"ml", "mlr", "mlm"}
    rows : mapping of str to DataFrame, optional
        Rows of each group, for robust estimators.
    free : tuple of str
        Parameters that stay free in every group, by name (``"x3 ~1"``): partial invariance.
    rule : str
        Code of the rule that decides each step.
    identification, title, source
        As in `cfa_groups`.

    Returns
    -------
    Invariance
        Estimates stand under the step as their group. A caution says what may be compared.

    Raises
    ------
    EstimationError
        As in `cfa_groups`; if there is no such rule.

    References
    ----------
    Meredith (1993), Psychometrika 58, 525-543; Vandenberg & Lance (2000), Organizational Research Methods 3, 4-70.
    """
    judge = invariance_rule(rule)
    rungs: list[Rung] = []
    for step, equal in zip(STEPS, _EQUAL, strict=True):
        fitted = cfa_groups(groups, model, equal=equal, except_for=free, estimator=estimator, rows=rows,
                            identification=identification, title=title, source=source)
        rungs.append(_rung(step, fitted, rungs[-1] if rungs else None, rule))
    reached = "none"
    for rung in rungs:
        if not rung.holds:
            break
        reached = rung.step
    smallest = min(one.n for one in groups.values())
    said = _cautions(rungs, reached, free, smallest, judge.fewest_people)
    return Invariance(
        title=title, source=source, method="invariance_ladder", estimates=_estimates(rungs), cautions=said,
        rungs=tuple(rungs), reached=reached, freed=free, rule=rule, smallest=smallest, groups=tuple(groups),
        unit=next(iter(groups.values())).unit)


def invariance_gate(ladder: Invariance, scale: str, *, needed: Step = "scalar") -> Gate:
    """Whether groups may be compared on a scale, as a gate of a claim.

    Parameters
    ----------
    ladder : Invariance
    scale : str
        Identifier of the scale.
    needed : {"configural", "metric", "scalar", "strict"}
        The step that the claim needs: equal intercepts to compare means.

    Returns
    -------
    Gate
        Not assessable if the smallest group has fewer rows than the rule asks for, or rows are not people; else pass
        or fail. The deciding number is the largest fall of the comparative fit up to the step needed, or the root
        mean square error where the model itself does not fit.
    """
    n = sum(rung.model.n for rung in ladder.rungs[:1])
    if ladder.unit != "person":
        return not_assessable(scale, "invariance", reason="groups_not_of_people", n=n)
    if ladder.smallest < invariance_rule(ladder.rule).fewest_people:
        return not_assessable(scale, "invariance", reason="group_too_small", n=n)
    climbed = ladder.rungs[:STEPS.index(needed) + 1]
    first = ladder.rungs[0]
    if not first.holds:
        return Gate(scale, "invariance", "fail", "rmsea", _rmsea(first.model), invariance_rule(ladder.rule).configural,
                    n)
    falls = [rung.delta_cfi for rung in climbed[1:]]
    verdict = "pass" if all(rung.holds for rung in climbed) else "fail"
    return Gate(scale, "invariance", "fail" if verdict == "fail" else "pass",
                "delta_cfi" if falls else "rmsea", min(falls) if falls else _rmsea(first.model),
                ladder.rule if falls else invariance_rule(ladder.rule).configural, n)


def _rung(step: Step, fitted: ConfirmatoryModel, before: Rung | None, rule: str) -> Rung:
    delta, test = (nan, nan, nan), None
    if before is not None:
        test = difference_test(fitted, before.model)
        delta = (_cfi(fitted) - _cfi(before.model), _misfit(fitted) - _misfit(before.model),
                 fitted.fit.srmr - before.model.fit.srmr)
    holds = invariance_rule(rule).holds(step, fitted.n, delta, _misfit(fitted))
    return Rung(step, fitted, test, *delta, holds)


def _cfi(model: ConfirmatoryModel) -> float:
    return model.fit.cfi if model.fit.corrected is None else model.fit.corrected.cfi_scaled


def _rmsea(model: ConfirmatoryModel) -> float:
    return model.fit.rmsea if model.fit.corrected is None else model.fit.corrected.rmsea_scaled


def _misfit(model: ConfirmatoryModel) -> float:
    """Root mean square error; a model with nothing to test has none."""
    return _rmsea(model) if model.fit.df else 0.0


def _estimates(rungs: list[Rung]) -> tuple[Estimate, ...]:
    found: list[Estimate] = []
    for rung in rungs:
        fit, step, n, method = rung.model.fit, rung.step, rung.model.n, rung.model.method
        chi, p = (fit.chi_square, fit.p_value) if fit.corrected is None else (
            fit.corrected.chi_square, fit.corrected.p_value)
        found += [Estimate("chi_square", chi, step, df=float(fit.df), p_value=p, n=n, method=method),
                  Estimate("cfi", _cfi(rung.model), step, n=n, method=method),
                  Estimate("rmsea", _rmsea(rung.model), step, n=n, method=method),
                  Estimate("srmr", fit.srmr, step, n=n, method=method)]
        if rung.difference is not None:
            test = rung.difference
            found += [Estimate("chi_square_difference", test.chi_square, step, df=float(test.df),
                               p_value=test.p_value, n=n, method="invariance_ladder"),
                      Estimate("delta_cfi", rung.delta_cfi, step, n=n, method="invariance_ladder"),
                      Estimate("delta_rmsea", rung.delta_rmsea, step, n=n, method="invariance_ladder"),
                      Estimate("delta_srmr", rung.delta_srmr, step, n=n, method="invariance_ladder")]
    return tuple(found)


def _cautions(
    rungs: list[Rung], reached: str, free: tuple[str, ...], smallest: int, fewest: int
) -> tuple[Caution, ...]:
    said = {"none": caution("invariance_none"), "configural": caution("invariance_configural"),
            "metric": caution("invariance_metric"), "scalar": caution("invariance_scalar"),
            "strict": caution("invariance_strict")}
    found = [said[reached]]
    if smallest < fewest:
        found = [caution("invariance_group_too_small", n=smallest, needed=fewest)]
    if free:
        found.append(caution("invariance_freed", parameters=", ".join(free)))
    for rung in rungs:
        if rung.difference is not None and isnan(rung.difference.chi_square):
            found.append(caution("sem_negative_scaling", step=rung.step))
    return tuple(dict.fromkeys([*found, *(one for rung in rungs for one in rung.model.cautions)]))
