"""Scripts for R: every place filled, no analysis witnessed by another one."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.effects.designs.one_group import one_group
from coachresearch.effects.designs.randomised import randomised
from coachresearch.effects.meta.analysis import meta_analysis
from coachresearch.effects.witness import witness

ARMS = {"pre": "trust@T1", "post": "trust@T2", "arm": "arm", "coached": "c", "comparison": "o", "title": "x"}


def people():
    rng = np.random.default_rng(1)
    return pd.DataFrame({"trust@T1": rng.standard_normal(40), "trust@T2": rng.standard_normal(40),
                         "arm": np.resize(["c", "o"], 40), "team": np.repeat(list("abcdefgh"), 5),
                         "age": rng.standard_normal(40)})


@pytest.mark.parametrize(("options", "called"), [({}, "vcovHC(m"), ({"cluster": "team"}, "coef_test(m")])
def test_a_two_arm_design_is_written_out(options, called):
    script = witness(randomised(people(), **ARMS, **options), data="spring.csv")
    assert called in script
    assert 'read.csv("spring.csv"' in script
    assert "{" not in script


def test_studies_are_written_at_full_precision():
    frame = pd.DataFrame({"y": [0.1 + 0.2, 0.5, 0.4], "v": [0.01, 0.02, 0.03]})
    script = witness(meta_analysis(frame, effect="y", variance="v", title="x"))
    assert "0.30000000000000004, 0.5, 0.4" in script
    assert 'method = "REML", test = "knha"' in script


def test_what_the_script_would_not_repeat_is_refused():
    with pytest.raises(EstimationError, match="without covariates"):
        witness(randomised(people(), **ARMS, covariates=["age"]))
    with pytest.raises(EstimationError, match="has no script for R"):
        witness(one_group(people(), pre="trust@T1", post="trust@T2", title="x"))
