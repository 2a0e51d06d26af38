"""Coach effects: shrinkage in closed form, the minimum of coachees, refusals."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.effects.mixed.coaches import coach_effects
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random


def cohort(sizes=(12, 8, 6, 9, 3, 7), seed=1):
    rng = np.random.default_rng(seed)
    coach = np.repeat([f"c{place}" for place in range(len(sizes))], sizes)
    y = rng.normal(size=len(sizes)).repeat(sizes) + rng.normal(size=len(coach))
    return pd.DataFrame({"coach": coach, "y": y, "person": [f"p{place}" for place in range(len(coach))]})


def test_effects_are_shrunken_means():
    data = cohort()
    model = mixed_model(data, outcome="y", fixed=(), random=(Random("coach"),))
    found = coach_effects(model)
    between = model.estimate("random_sd", "coach: intercept").estimate ** 2
    within = model.estimate("residual_sd").estimate ** 2
    for one in (one for one in found.estimates if one.term == "coach_effect"):
        own = data.loc[data["coach"] == one.group, "y"]
        share = between / (between + within / len(own))
        assert one.estimate == pytest.approx(share * (own.mean() - model.fit.beta[0]), abs=1e-8)
        assert one.std_error == pytest.approx((between * (1 - share)) ** 0.5, rel=1e-8)
        assert one.n == len(own)
    shown = found.figure_frame
    assert shown["estimate"].is_monotonic_increasing
    assert "c4" not in set(shown["label"])
    assert caution_sentence(found.cautions[-1]) == \
        "1 of 6 coaches have fewer than 5 coachees and are not shown singly."
    found.plot()


def test_coachees_are_people_and_not_rows(trial):
    model = mixed_model(trial, outcome="y", fixed=("wave*coached",),
                        random=(Random("person"), Random("coach", absent="no_effect")))
    found = coach_effects(model, member="person", minimum=5)
    people = trial.dropna(subset="coach").groupby("coach")["person"].nunique()
    assert {one.group: one.n for one in found.estimates if one.term == "coach_effect"} == people.to_dict()


def test_too_few_coachees_are_refused():
    model = mixed_model(cohort((6, 7, 3, 2, 2)), outcome="y", fixed=(), random=(Random("coach"),))
    with pytest.raises(EstimationError, match=r"2 of 5 groups of 'coach' have at least 5 coachees"):
        coach_effects(model)
    with pytest.raises(EstimationError, match="minimum is 1"):
        coach_effects(model, minimum=1)
    with pytest.raises(EstimationError, match="no random effect 'intercept' of 'trainer'"):
        coach_effects(model, group="trainer")
    with pytest.raises(EstimationError, match="no grouping 'person' of coachees"):
        coach_effects(model, member="person")
