"""Means, spread and correlations of items with gaps, as a result."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.moments.collect import collect
from coachresearch.moments.patterns import Patterns
from coachresearch.psychometrics.full_information import full_information


def test_estimates_carry_their_own_n_and_the_gaps_are_said():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.multivariate_normal([0, 1], [[1, 0.5], [0.5, 1]], size=100), columns=["a", "b"])
    frame.loc[:59, "b"] = np.nan
    frame.loc[99] = np.nan
    result = full_information(collect(frame, into=Patterns), title="T")
    assert (result.estimate("mean", "a").n, result.estimate("mean", "b").n) == (99, 39)
    assert result.estimate("cor", "a with b").n == 39
    assert result.estimate("mean", "b").std_error > result.estimate("mean", "a").std_error
    assert {one.code for one in result.cautions} == {"rows_without_answer", "rows_with_gaps_kept", "little_coverage"}
    assert all(caution_sentence(one) for one in result.cautions)
    assert "Items with gaps: T" in result.summary()


def test_complete_rows_give_the_plain_means():
    frame = pd.DataFrame({"a": [1.0, 2, 4, 9], "b": [3.0, 1, 1, 0]})
    result = full_information(collect(frame, into=Patterns))
    assert result.estimate("mean", "a").estimate == 4
    assert result.estimate("sd", "a").estimate == pytest.approx(frame["a"].std(ddof=0))
    assert not result.cautions
    with pytest.raises(EstimationError, match="conf_level is 95"):
        full_information(collect(frame, into=Patterns), conf_level=95)
