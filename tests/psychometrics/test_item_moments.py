"""Item statistics from a summary are those of the rows."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.moments.collect import collect
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.item_moments import item_moments
from coachresearch.psychometrics.items import item_analysis


def test_they_are_those_of_the_complete_rows():
    rng = np.random.default_rng(1)
    trait = rng.normal(size=300)
    frame = pd.DataFrame({name: np.clip(np.round(3 + trait * sign + rng.normal(size=300)), 1, 5)
                          for name, sign in (("a", 1), ("b", 1), ("c", 1), ("d", -1))})
    rows = item_analysis(frame, low=1, high=5, title="T")
    found = item_moments(collect(frame), title="T")
    for term in ("mean", "sd", "item_total_r", "alpha_if_dropped"):
        for item in frame:
            one, two = found.estimate(term, item), rows.estimate(term, item)
            assert (one.estimate, one.n) == (pytest.approx(two.estimate, rel=1e-12), two.n)
            np.testing.assert_allclose([one.conf_low, one.conf_high], [two.conf_low, two.conf_high], rtol=1e-12)
    assert [one.code for one in found.cautions] == ["negative_item"]


def test_gaps_and_constants_are_said_and_correlations_alone_refused():
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "flat": [2.0, 2, 2, 2], "c": [1.0, 3, 2, np.nan]})
    found = item_moments(collect(frame))
    assert {one.code for one in found.cautions} == {"rows_left_out", "constant_item"}
    assert all(caution_sentence(one) for one in found.cautions)
    assert np.isnan(found.estimate("item_total_r", "flat").estimate)
    with pytest.raises(EstimationError, match="need the standard deviations"):
        item_moments(Moments.from_published(50, cor=[[1, 0.5], [0.5, 1]]))
    with pytest.raises(EstimationError, match="at least 2 complete rows"):
        item_moments(collect(frame.iloc[:1]))
