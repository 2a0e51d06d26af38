"""Imaginary people: leaders in arms, their raters, their coaches and what is counted in their teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.contracts import COACHING, OUTCOMES, PEOPLE, RELATIONS, RaterRole
from coachresearch.core.errors import DesignError
from coachresearch.draws.trial import Trial, draw_trial
from coachresearch.simulate.truth import Truth
from coachresearch.studies.people import People
from coachresearch.studies.study import Arm, Study

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = ("front line", "middle", "top")
_INITIAL: dict[str, str] = {"report": "R", "peer": "P", "manager": "M", "coach": "C", "observer": "O"}
_START_AFTER = timedelta(days=14)
_MONTHS = 5
DAYS_OPEN = 18
"""How long a wave without a last day is open."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaders:
    """The people whom the study is about, with what is true of them.

    Parameters
    ----------
    ids : tuple of str
    arms : tuple of str
        Arm of each.
    trial : Trial
        Traits at the first and second wave, coaches, who stays.
    """

    ids: tuple[str, ...]
    arms: tuple[str, ...]
    trial: Trial


def draw_leaders(rng: np.random.Generator, study: Study, truth: Truth) -> Leaders:
    """Draw leaders and deal them to the arms of the study.

    Raises
    ------
    DesignError
        If the study has not one coached arm, with at most one arm beside it.
    """
    coached, comparison = arms_of(study)
    n_coached = truth.leaders - truth.leaders // 2 if comparison else truth.leaders
    trial = draw_trial(
        rng, n_coached=n_coached, n_comparison=truth.leaders - n_coached, effect=truth.effect, trend=truth.trend,
        stability=truth.stability, coaches=truth.coaches, coach_icc=truth.coach_icc, drop_out=truth.leader_drop_out)
    digits = len(str(truth.leaders))
    ids = tuple(f"L{number:0{digits}d}" for number in range(1, truth.leaders + 1))
    other = comparison.id if comparison else ""
    return Leaders(ids, tuple(coached.id if flag else other for flag in trial.coached), trial)


def arms_of(study: Study) -> tuple[Arm, Arm | None]:
    """Return the coached arm and the arm beside it."""
    coached = [arm for arm in study.arms if arm.coached]
    others = [arm for arm in study.arms if not arm.coached]
    if len(coached) != 1 or len(others) > 1:
        raise DesignError(f"Study {study.id!r} has {len(coached)} coached arms and {len(others)} others",
                          where="arms", remedy="A cohort is simulated with one coached arm and at most one other.")
    return coached[0], others[0] if others else None


def draw_relations(
    rng: np.random.Generator, leaders: Leaders, roles: Sequence[RaterRole], truth: Truth
) -> pd.DataFrame:
    """Give every leader raters in each role; one manager, oneself, and several of every other role."""
    rows: list[tuple[str, str, RaterRole]] = []
    for leader in leaders.ids:
        for role in roles:
            if role == "self":
                rows.append((leader, leader, role))
                continue
            several = role not in ("manager", "coach")
            n = int(rng.integers(truth.reports_low, truth.reports_high + 1)) if several else 1
            rows += [(leader, f"{leader}{_INITIAL[str(role)]}{number}", role) for number in range(1, n + 1)]
    return RELATIONS.check(_frame(rows, ("target", "rater", "role")), error=DesignError)


def draw_people(
    rng: np.random.Generator, study: Study, leaders: Leaders, relations: pd.DataFrame, truth: Truth
) -> People:
    """Lay out the four tables of people for leaders who were drawn."""
    coached, _ = arms_of(study)
    starts = {coached.id: last_day(study, 0) + _START_AFTER}
    starts |= {arm.id: last_day(study, 1) + _START_AFTER for arm in study.arms if arm.id != coached.id}
    levels = rng.choice(len(_LEVELS), size=len(leaders.ids), p=(0.5, 0.35, 0.15))
    waiting = study.assignment == "waitlist"
    rows = [(leader, _LEVELS[level], f"T{leader[1:]}", arm,
             starts[arm] if arm == coached.id or waiting else None)
            for leader, level, arm in zip(leaders.ids, levels, leaders.arms, strict=True)]
    people = _frame(rows, ("person", "level", "team", "arm", "treatment_start"))
    return People(
        PEOPLE.check(people, error=DesignError), relations,
        COACHING.check(_coaching(rng, leaders, starts[coached.id], first_day(study, 1)), error=DesignError),
        OUTCOMES.check(_outcomes(rng, study, leaders, relations, truth), error=DesignError))


def first_day(study: Study, position: int) -> datetime:
    """Return the first day of a wave; waves without days lie half a year apart from 2026-03-02 on."""
    opens = study.waves[position].opens if position < len(study.waves) else None
    if opens is not None:
        return datetime(opens.year, opens.month, opens.day, tzinfo=UTC)
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=189 * position)


def last_day(study: Study, position: int) -> datetime:
    """Return the last day of a wave; waves without days are open for eighteen days."""
    closes = study.waves[position].closes if position < len(study.waves) else None
    if closes is not None:
        return datetime(closes.year, closes.month, closes.day, tzinfo=UTC)
    return first_day(study, position) + timedelta(days=DAYS_OPEN)


def _coaching(rng: np.random.Generator, leaders: Leaders, start: datetime, end: datetime) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    last = end - timedelta(days=7)
    n_coaches = int(leaders.trial.coach.max()) + 1
    for leader, coach in zip(leaders.ids, leaders.trial.coach, strict=True):
        if coach < 0:
            continue
        changes = n_coaches > 1 and rng.random() < 0.1
        middle = start + (last - start) // 2
        rows.append((leader, f"K{coach + 1}", "external", start, middle if changes else last,
                     "change of coach" if changes else "planned end"))
        if changes:
            rows.append((leader, f"K{(coach + 1) % n_coaches + 1}", "external", middle, last, "planned end"))
    return _frame(rows, ("person", "coach", "kind", "start", "end", "reason"))


def _outcomes(
    rng: np.random.Generator, study: Study, leaders: Leaders, relations: pd.DataFrame, truth: Truth
) -> pd.DataFrame:
    reports = relations[relations["role"] != "self"].groupby("target").size()
    rows = []
    for position, traits in ((0, leaders.trial.pre), (1, leaders.trial.post)):
        months = _months_before(first_day(study, position))
        for leader, trait, stays in zip(leaders.ids, traits, leaders.trial.stays, strict=True):
            if position == 1 and not stays:
                continue
            size = float(reports.get(leader, 1))
            rate = size * truth.complaints * float(np.exp(truth.complaints_slope * trait))
            rows += [(f"T{leader[1:]}", month, "complaints", float(count), size)
                     for month, count in zip(months, rng.poisson(rate, size=_MONTHS), strict=True)]
    return _frame(rows, ("unit", "period", "measure", "value", "exposure"))


def _months_before(day: datetime) -> tuple[str, ...]:
    last = day.year * 12 + day.month - 1
    return tuple(f"{month // 12}-{month % 12 + 1:02d}" for month in range(last - _MONTHS, last))


def _frame(rows: Sequence[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def trait_after(
    rng: np.random.Generator, leaders: Leaders, position: int, truth: Truth
) -> NDArray[np.float64]:
    """Return the leaders' conduct at a wave: as drawn at the first two, carried on from the second afterwards."""
    if position == 0:
        return leaders.trial.pre
    traits = leaders.trial.post
    centre = truth.trend + np.where(leaders.trial.coached, truth.effect, 0.0)
    for _ in range(position - 1):
        noise = rng.standard_normal(len(traits)) * np.sqrt(1 - truth.stability ** 2)
        traits = centre + truth.stability * (traits - centre) + noise
    return traits
