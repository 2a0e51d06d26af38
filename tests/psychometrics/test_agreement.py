"""Agreement among raters nested in targets, against printed and recomputed values."""

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics.agreement import icc_nested

EXACT = 1e-6  # closed forms on the same data

# Shrout and Fleiss (1979), table 2: six targets (rows), four judges (columns).
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_the_printed_example():
    found = icc_nested(RATINGS.ravel(), np.repeat(np.arange(6), 4), title="x")
    assert round(found.estimate("icc1").estimate, 2) == 0.17  # their table 4: ICC(1,1) = .17
    assert round(found.estimate("icc2").estimate, 2) == 0.44  # ICC(1,4) = .44
    assert found.estimate("icc1").conf_low == pytest.approx(-0.1329323, abs=EXACT)  # psych 2.2.9, ICC(), lower bound
    assert found.estimate("icc1").conf_high == pytest.approx(0.7225601, abs=EXACT)
    assert (found.n_targets, found.n_ratings, found.raters_per_target) == (6, 24, 4.0)


def test_single_ratings_are_left_out_and_counted():
    scores = np.append(RATINGS.ravel(), [3.0, np.nan])
    targets = np.append(np.repeat(np.arange(6), 4), [7, 0])
    found = icc_nested(scores, targets, title="x")
    without = icc_nested(RATINGS.ravel(), targets[:24], title="x")
    assert found.estimate("icc1").estimate == without.estimate("icc1").estimate
    assert found.cautions[0].code == "single_ratings"
    assert "1 rating is the only one" in found.summary()


def test_truth_is_recovered():
    rng = np.random.default_rng(7)
    targets = np.repeat(np.arange(2000), 5)
    scores = rng.normal(0, np.sqrt(0.3), 2000)[targets] + rng.normal(0, np.sqrt(0.7), 10000)
    found = icc_nested(scores, targets, title="x")
    assert found.estimate("icc1").estimate == pytest.approx(0.3, abs=0.03)
    assert found.estimate("icc2").estimate == pytest.approx(5 * 0.3 / (1 + 4 * 0.3), abs=0.03)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(EstimationError, match="Fewer than two targets"):
        icc_nested([1.0, 2.0, 3.0], ["a", "a", "b"], title="x")
    with pytest.raises(EstimationError, match="All ratings are the same"):
        icc_nested([3.0, 3.0, 3.0, 3.0], ["a", "a", "b", "b"], title="x")
