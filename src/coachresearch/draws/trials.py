"""Thousands of two-wave trials at once: observed scores, arms, coaches, drop-out, as arrays trials by people."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError

FloatArray = NDArray[np.float64]
Selection = Literal["none", "lowest_third", "self"]
Shape = Literal["normal", "t", "unequal", "ordinal"]


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The truth from which trials are drawn; traits in standard deviations before.

    Parameters
    ----------
    n : int
        People an arm.
    effect, trend, stability : float
        What coaching adds, what everybody gains, and the correlation of the traits within an arm.
    reliability : float
        Of the observed scores: errors have variance ``1 / reliability - 1``.
    coaches : int
        Coaches of the coached arm, who take people in turn; 0 for none.
    coach_icc : float
        Share of the later trait's variance in the coached arm that lies between coaches.
    attrition : float
        Chance of being gone later.
    informative : float
        By how many logits a later trait one standard deviation lower raises the chance of being gone, coached arm only.
    selection : {"none", "lowest_third", "self"}
        Whether chance decides the arm; only people in the lowest third are coached and others are not; or people with
        a higher trait and a coming gain choose coaching.
    shape : {"normal", "t", "unequal", "ordinal"}
        Of what is observed: normal; errors with heavy tails (t with 4 df, same variance); coached people half as
        varied again; or rounded to five steps that end one and a half standard deviations from the middle.
    """

    n: int
    effect: float = 0.0
    trend: float = 0.0
    stability: float = 0.7
    reliability: float = 0.8
    coaches: int = 0
    coach_icc: float = 0.0
    attrition: float = 0.0
    informative: float = 0.0
    selection: Selection = "none"
    shape: Shape = "normal"


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Drawn trials.

    Parameters
    ----------
    pre, post : array (trials, people)
        Observed scores; `post` is NaN for those who are gone.
    coached : array (trials, people) of bool
    coach : array (trials, people) of int
        -1 without a coach.
    """

    pre: FloatArray
    post: FloatArray
    coached: NDArray[np.bool_]
    coach: NDArray[np.int64]


def draw_trials(rng: np.random.Generator, plan: TrialPlan, trials: int) -> Trials:
    """Draw many trials of one plan.

    Raises
    ------
    EstimationError
        If a number of the plan is out of its range.
    """
    _check(plan, trials)
    n = 2 * plan.n
    trait = rng.standard_normal((trials, n))
    coming = rng.standard_normal((trials, n)) * sqrt(1 - plan.stability ** 2)
    noise = sqrt(1 / plan.reliability - 1)
    pre = trait + _errors(rng, (trials, n), noise, plan.shape)
    coached = _arms(rng, plan, trait, coming, pre)
    later = plan.trend + plan.stability * trait + coming + plan.effect * coached
    coach = np.full((trials, n), -1)
    if plan.coaches:
        order = np.cumsum(coached, axis=1) - 1
        coach = np.where(coached, order % plan.coaches, -1)
        spread = sqrt(plan.coach_icc / (1 - plan.coach_icc)) if plan.coach_icc else 0.0
        effects = rng.standard_normal((trials, plan.coaches)) * spread
        later += np.where(coached, np.take_along_axis(effects, np.maximum(coach, 0), axis=1), 0.0)
    if plan.shape == "unequal":
        later += np.where(coached, rng.standard_normal((trials, n)) * 1.118, 0.0)
    post = later + _errors(rng, (trials, n), noise, plan.shape)
    if plan.shape == "ordinal":
        pre, post = (np.clip(np.round(one / 0.75), -2, 2) * 0.75 for one in (pre, post))
    gone = rng.random((trials, n)) < _leaving(plan, later, coached)
    return Trials(pre, np.where(gone, np.nan, post), coached, coach)


def _errors(rng: np.random.Generator, shape: tuple[int, int], spread: float, law: Shape) -> FloatArray:
    if law == "t":
        return rng.standard_t(4, shape) * spread / sqrt(2)
    return rng.standard_normal(shape) * spread


def _arms(
    rng: np.random.Generator, plan: TrialPlan, trait: FloatArray, coming: FloatArray, pre: FloatArray
) -> NDArray[np.bool_]:
    trials, n = trait.shape
    if plan.selection == "self":
        wish = 0.5 * trait + 0.8 * coming + rng.standard_normal((trials, n)) * 0.8
        return np.asarray(wish >= np.median(wish, axis=1, keepdims=True))
    if plan.selection == "lowest_third":
        return np.asarray(pre <= np.quantile(pre, 1 / 3, axis=1, keepdims=True))
    order = np.argsort(rng.random((trials, n), dtype=np.float32), axis=1)
    return np.asarray(order < plan.n)


def _leaving(plan: TrialPlan, later: FloatArray, coached: NDArray[np.bool_]) -> FloatArray:
    if plan.attrition == 0:
        return np.zeros_like(later)
    base = np.log(plan.attrition / (1 - plan.attrition))
    return np.asarray(1 / (1 + np.exp(-(base - plan.informative * later * coached))))


def _check(plan: TrialPlan, trials: int) -> None:
    ranges = (
        ("n", plan.n >= 2, plan.n, "at least 2"), ("trials", trials >= 1, trials, "at least 1"),
        ("stability", -1 < plan.stability < 1, plan.stability, "between -1 and 1"),
        ("reliability", 0 < plan.reliability <= 1, plan.reliability, "above 0, up to 1"),
        ("coaches", plan.coaches >= 0, plan.coaches, "at least 0"),
        ("coach_icc", 0 <= plan.coach_icc < 1, plan.coach_icc, "from 0 up to, but below, 1"),
        ("attrition", 0 <= plan.attrition < 1, plan.attrition, "from 0 up to, but below, 1"),
    )
    for name, right, value, allowed in ranges:
        if not right:
            raise EstimationError(f"{name} is {value:g}", remedy=f"It must be {allowed}.")
