"""Other analyses by design: which run, and that many leavers are asked about."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.apps.checks import Compared, design_checks
from coachresearch.core.estimate import Estimate


def compared(n=160, lost=0.0, comparison="o", **changed):
    rng = np.random.default_rng(5)
    pre, coached = rng.standard_normal(n), np.arange(n) % 2 == 0
    post = 0.6 * pre + 0.5 * coached + 0.6 * rng.standard_normal(n)
    table = pd.DataFrame({"arm": np.where(coached, "c", "o"), "team": [f"t{one // 8}" for one in range(n)],
                          "level": np.resize(["a", "a", "b"], n), "s@T1": pre,
                          "s@T2": np.where(rng.random(n) < lost, np.nan, post)},
                         index=[f"P{one}" for one in range(n)])
    told = {"table": table, "pre": "s@T1", "post": "s@T2", "coached": "c", "comparison": comparison, "title": "Trust",
            "language": "en", "reliability": Estimate("alpha", 0.85, conf_low=0.8, conf_high=0.9, conf_level=0.95)}
    return Compared(**(told | changed))


@pytest.mark.parametrize(("assignment", "codes"), [
    ("randomised", ["change_scores", "post_scores", "everybody"]),
    ("waitlist", ["change_scores", "post_scores", "everybody"]),
    ("self_selected", ["change_scores", "true_score", "weighted", "doubly_robust"]),
])
def test_each_design_has_its_other_analyses(assignment, codes):
    found = design_checks(compared(), assignment)
    assert [code for code, _ in found.sensitivity] == codes
    assert all(one.conf_low < one.estimate < one.conf_high for _, one in found.sensitivity)
    assert found.results[0].title == "Trust: other analyses"
    assert found.main is not None and found.main.n == 160


def test_one_group_knows_its_teams():
    found = design_checks(compared(comparison=None), "one_group")
    assert found.main is not None and found.main.term == "mean_change"
    alone = compared(comparison=None)
    assert design_checks(compared(comparison=None, table=alone.table.assign(team=None)), "one_group").main is None


def test_many_leavers_are_asked_about_and_the_answer_stays_the_same():
    once, again = (design_checks(compared(lost=0.35), "randomised").sensitivity for _ in range(2))
    assert once[-1][0] == "leavers_shifted"
    assert once == again
    plain = dict(once)["everybody"]
    assert abs(once[-1][1].estimate) < abs(plain.estimate)


def test_what_the_data_do_not_allow_is_left_out():
    one = compared()
    gone = one.table.assign(**{"s@T2": one.table["s@T2"].where(one.table["arm"] == "o")})
    assert design_checks(compared(table=gone), "randomised").sensitivity == ()
