"""Planning: formulas against R's power functions, simulation against formulas."""

from dataclasses import replace

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.draws.trials import TrialPlan, draw_trials
from coachresearch.effects.planning.power import (
    people_for_shares,
    people_needed,
    power_ancova,
    power_clusters,
    power_groups,
    power_t,
    precision,
    smallest_effect,
)
from coachresearch.effects.planning.simulated import ancova_fits, fits_of, reliability_of_items, simulated_power
from coachresearch.effects.regression import ancova_difference

PROGRAM = 1e-5  # R's uniroot stops there


def test_formulas_agree_with_r():  # R 4.2.2: power.t.test, power.anova.test, power.prop.test
    assert people_needed(effect=0.5) == pytest.approx(63.7657637142739, rel=PROGRAM)
    assert power_t(n=40, effect=0.5, both_tails=False) == pytest.approx(0.598131600923826, rel=PROGRAM)
    assert people_needed(effect=0.3, power=0.9, comparison="paired") == pytest.approx(118.686546284234, rel=PROGRAM)
    assert power_t(n=20, effect=0.1) == pytest.approx(0.0609591246541122, rel=PROGRAM)
    assert power_groups(groups=3, n=30, between_variance=1, within_variance=9) == pytest.approx(0.616612938273227)
    assert people_for_shares(first=0.5, second=0.7) == pytest.approx(92.998844822865, rel=PROGRAM)
    assert power_ancova(n=50, effect=0.4, correlation=0.6) == pytest.approx(0.69688881910372, rel=PROGRAM)
    assert power_clusters(clusters=12, people=10, icc=0.05, effect=0.4) == pytest.approx(0.725069308635532, rel=PROGRAM)


def test_the_smallest_effect_is_the_other_way_round():
    assert smallest_effect(n=people_needed(effect=0.37)) == pytest.approx(0.37, abs=1e-8)
    assert precision(n=50, correlation=0.6) < precision(n=50)


def test_many_fits_are_the_single_fit():
    trials = draw_trials(np.random.default_rng(1), TrialPlan(n=12, attrition=0.2), 5)
    many = ancova_fits(trials)
    for row in range(5):
        there, coached = np.isfinite(trials.post[row]), trials.coached[row]
        c, o = there & coached, there & ~coached
        one = ancova_difference(trials.pre[row][c], trials.post[row][c], trials.pre[row][o], trials.post[row][o])
        assert (many.estimate[row], many.error[row], many.df[row]) == pytest.approx(
            (one.estimate, one.std_error, one.df), abs=1e-12)


def test_simulation_meets_the_formula_where_the_formula_holds():
    plan = TrialPlan(n=50, effect=0.4, stability=0.6, reliability=1.0)
    found = simulated_power(plan, rng=np.random.default_rng(2), trials=6000, title="x")
    power = found.estimate("power", "50 / 0.4")
    assert power.estimate == pytest.approx(power_ancova(n=50, effect=0.4, correlation=0.6), abs=0.025)
    assert found.estimate("coverage", "50 / 0.4").estimate == pytest.approx(0.95, abs=0.012)


def test_unreliability_costs_power():
    rng = np.random.default_rng(3)
    plan = TrialPlan(n=30, effect=0.5)
    good, poor = (simulated_power(replace(plan, reliability=one), rng=rng, trials=1500, title="x").grid[0][2]
                  for one in (0.95, 0.5))
    assert poor < good - 0.1
    assert reliability_of_items(0.5, items=5, planned=10) == pytest.approx(2 / 3)


def test_choosing_makes_a_false_effect_and_chance_does_not():
    rng = np.random.default_rng(4)
    fair, chosen = (fits_of(TrialPlan(n=60, selection=one), rng, 800).estimate.mean() for one in ("none", "self"))
    assert abs(fair) < 0.03
    assert chosen > 0.2


@pytest.mark.parametrize("plan", [TrialPlan(n=1), TrialPlan(n=5, reliability=0.0), TrialPlan(n=5, attrition=1.0)])
def test_impossible_plans_are_refused(plan):
    with pytest.raises(EstimationError, match="It must be"):
        draw_trials(np.random.default_rng(1), plan, 10)


def test_impossible_questions_are_refused():
    with pytest.raises(EstimationError, match="cannot be shown"):
        people_needed(effect=0.0)
    with pytest.raises(EstimationError, match="alpha is 5"):
        power_t(n=10, effect=0.5, alpha=5)
