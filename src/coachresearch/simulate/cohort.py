"""Ask imaginary people: a whole study's answers, from a truth that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.contracts import RESPONSES, RaterRole
from coachresearch.core.errors import DesignError, ResponseError
from coachresearch.draws.graded import even_thresholds, graded_answers
from coachresearch.instruments.instrument import Form, Instrument
from coachresearch.simulate.people import (
    Leaders,
    draw_leaders,
    draw_people,
    draw_relations,
    first_day,
    last_day,
    trait_after,
)
from coachresearch.simulate.truth import Truth
from coachresearch.studies.people import People
from coachresearch.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_READING, _CLICKING = 6.0, 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A simulated study.

    Parameters
    ----------
    responses : DataFrame
        Answers under the responses contract, mode ``simulated``.
    people : People
        Leaders, raters, coaching and outcome records.
    truth : Truth
        What was put in.
    careless : tuple of str
        Raters who answered without reading.
    """

    responses: pd.DataFrame
    people: People
    truth: Truth
    careless: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Raters:
    """One row a rater and target: positions of the target, the rater's own view so far, habits."""

    person: tuple[str, ...]
    target: tuple[str, ...]
    role: tuple[RaterRole, ...]
    leader: IntArray
    careless: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Questionnaire:
    """How each item of an instrument reacts."""

    items: tuple[str, ...]
    signs: IntArray
    loadings: FloatArray
    shifts: FloatArray


def simulate_cohort(study: Study, instrument: Instrument, *, truth: Truth, seed: int) -> Simulated:
    """Simulate every answer of a study.

    Parameters
    ----------
    study : Study
        One coached arm and at most one other; every wave asks forms of `instrument` only.
    instrument : Instrument
        What is asked. Items that are keyed the other way are answered the other way.
    truth : Truth
        What is true of the people.
    seed : int
        The same seed gives the same answers.

    Returns
    -------
    Simulated

    Raises
    ------
    DesignError
        If the study asks another instrument, or its arms do not fit.

    Notes
    -----
    A leader's conduct is a trait of variance 1; coaching shifts it between the first and the second wave. A rating is
    the square root of `rater_agreement` times the trait, plus the rater's own view; self-ratings are shifted by
    `self_bias`. Item reactions are graded answers of that rating. All items measure one trait, but
    for those that tell which answer to give: who reads gives it.
    """
    _check_asked(study, instrument)
    rng = np.random.default_rng(seed)
    leaders = draw_leaders(rng, study, truth)
    roles = tuple(dict.fromkeys(role for wave in study.waves for asked in wave.asked for role in asked.roles))
    relations = draw_relations(rng, leaders, roles, truth)
    people = draw_people(rng, study, leaders, relations, truth)
    raters = _raters(rng, leaders, relations, truth)
    questions = _questionnaire(rng, study, instrument, truth)
    answers = _waves(rng, study, instrument, leaders, raters, questions, truth)
    careless = tuple(sorted({name for name, flag in zip(raters.person, raters.careless, strict=True) if flag}))
    return Simulated(RESPONSES.check(answers, error=ResponseError), people, truth, careless)


def _check_asked(study: Study, instrument: Instrument) -> None:
    others = sorted({asked.instrument for wave in study.waves for asked in wave.asked} - {instrument.id})
    if others:
        raise DesignError(f"Study {study.id!r} asks {', '.join(map(repr, others))}, but {instrument.id!r} is simulated",
                          remedy="Simulate a study that asks one instrument.")


def _raters(rng: np.random.Generator, leaders: Leaders, relations: pd.DataFrame, truth: Truth) -> _Raters:
    place = {name: position for position, name in enumerate(leaders.ids)}
    targets = tuple(str(name) for name in relations["target"])
    persons = tuple(str(name) for name in relations["rater"])
    known = dict.fromkeys(persons)
    reckless = dict(zip(known, rng.random(len(known)) < truth.careless, strict=True))
    return _Raters(persons, targets, tuple(relations["role"]), np.array([place[name] for name in targets]),
                   np.array([reckless[name] for name in persons]))


def _questionnaire(
    rng: np.random.Generator, study: Study, instrument: Instrument, truth: Truth
) -> _Questionnaire:
    asked = {item for wave in study.waves for one in wave.asked for item in instrument.form(one.form).items}
    items = (*(item.id for item in instrument.items if item.use == "content"),
             *(item.id for item in instrument.items if item.use != "content" and item.id in asked))
    signs = dict.fromkeys(items, 0)
    first = study.primary.scale if study.primary is not None else ""
    wanted = [scale for scale in instrument.scales if scale.id == first]
    for scale in (*wanted, *instrument.scales):
        for item, sign in scale.keys:
            if item in signs:
                signs[item] = signs[item] or sign
    for one in map(instrument.item, items):
        signs[one.id] = signs[one.id] or signs.get(one.pair, 0)
    spread = rng.uniform(-truth.loading_spread, truth.loading_spread, size=len(items))
    return _Questionnaire(items, np.array([signs[item] or 1 for item in items]), truth.loading + spread,
                          rng.uniform(-0.3, 0.3, size=len(items)))


def _waves(
    rng: np.random.Generator, study: Study, instrument: Instrument, leaders: Leaders, raters: _Raters,
    questions: _Questionnaire, truth: Truth,
) -> pd.DataFrame:
    import pandas as pd

    n = len(raters.person)
    view = rng.standard_normal(n)
    parts = []
    for position, wave in enumerate(study.waves):
        if position:
            view = truth.rater_stability * view + np.sqrt(1 - truth.rater_stability ** 2) * rng.standard_normal(n)
        trait = trait_after(rng, leaders, position, truth)[raters.leader]
        own = np.array([role == "self" for role in raters.role])
        rating = np.sqrt(truth.rater_agreement) * trait + np.sqrt(1 - truth.rater_agreement) * view
        rating = rating + np.where(own, truth.self_bias, 0.0)
        present = rng.random(n) >= truth.rater_silence
        present &= leaders.trial.stays[raters.leader] if position else True
        for asked in wave.asked:
            rows = np.flatnonzero(present & np.array([role in asked.roles for role in raters.role]))
            form = instrument.form(asked.form)
            parts.append(_answers(rng, study, position, instrument, form, raters, rows, rating[rows], questions, truth))
    return pd.concat(parts, ignore_index=True)


def _answers(
    rng: np.random.Generator, study: Study, position: int, instrument: Instrument, form: Form, raters: _Raters,
    rows: IntArray, rating: FloatArray, questions: _Questionnaire, truth: Truth,
) -> pd.DataFrame:
    import pandas as pd

    n, k = len(rows), len(form.items)
    values, may_be_unseen = _values(rng, instrument, form, rating, raters.careless[rows], questions, truth)
    lot = rng.random((n, k))
    own = np.array([raters.role[row] == "self" for row in rows], dtype=bool).reshape(n, 1)
    skipped = lot < truth.skipped
    unseen = ~skipped & (lot < truth.skipped + truth.no_chance) & may_be_unseen & ~own
    seconds = _seconds(rng, n, k, raters.careless[rows])
    opens, closes = first_day(study, position), last_day(study, position)
    began = rng.integers(0, int((closes - opens).total_seconds()), size=n)
    moments = began.reshape(n, 1) + np.floor(np.cumsum(seconds, axis=1)).astype(np.int64)
    missing = np.where(skipped, "skipped", np.where(unseen, "dont_know", "")).ravel()
    flat = pd.Series(values.ravel(), dtype="Int64").mask(missing != "")
    return pd.DataFrame({
        "study": study.id, "wave": study.waves[position].id,
        "person": np.repeat([raters.person[row] for row in rows], k),
        "target": np.repeat([raters.target[row] for row in rows], k),
        "role": np.repeat([raters.role[row] for row in rows], k),
        "instrument": instrument.id, "version": instrument.version, "form": form.id,
        "item": np.tile(form.items, n), "value": flat, "text": pd.NA,
        "missing": pd.Series(missing, dtype="string").mask(missing == ""), "language": study.language,
        "mode": "simulated", "part": 1, "position": np.tile(np.arange(1, k + 1), n), "seconds": seconds.ravel(),
        "answered_at": pd.Timestamp(opens) + pd.to_timedelta(moments.ravel(), unit="s"),
    })


def _values(
    rng: np.random.Generator, instrument: Instrument, form: Form, rating: FloatArray, careless: NDArray[np.bool_],
    questions: _Questionnaire, truth: Truth,
) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the codes as ticked (raters × items), and which items offer a way to say that one could not see."""
    values = np.empty((len(rating), len(form.items)), dtype=np.int64)
    unseen = np.zeros(len(form.items), dtype=bool)
    habit, line = rng.random(len(rating)) < 0.5, rng.random(len(rating))
    for place, item in enumerate(form.items):
        options = instrument.response_scale(item)
        number = questions.items.index(item)
        n_options = len(options.values)
        cuts = even_thresholds(n_options, centre=truth.centre + questions.shifts[number])
        category = graded_answers(rng, rating, loadings=[questions.loadings[number]], thresholds=cuts)[:, 0]
        ticked = category if questions.signs[number] > 0 else n_options - 1 - category
        thoughtless = np.where(habit, (line * n_options).astype(int), rng.integers(0, n_options, size=len(rating)))
        expected = instrument.item(item).expects
        if expected is not None:
            ticked = np.full(len(rating), options.values.index(expected))
        values[:, place] = np.array(options.values)[np.where(careless, thoughtless, ticked)]
        unseen[place] = any(kind == "dont_know" for _, kind, _ in options.missing)
    return values, unseen


def _seconds(rng: np.random.Generator, n: int, k: int, careless: NDArray[np.bool_]) -> FloatArray:
    typical = np.where(careless, _CLICKING, _READING).reshape(n, 1)
    return np.round(typical * np.exp(0.4 * rng.standard_normal((n, k))), 1)
