"""Full-information mean and covariance: against lavaan, closed forms, and gaps that say too little."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.moments.collect import collect
from coachresearch.moments.em import em_moments
from coachresearch.moments.patterns import Patterns

CLOSE = 1e-6  # The search stops when a round moves nothing by more than 1e-8 of a standard deviation.


def test_complete_rows_are_their_own_answer():
    rows = np.random.default_rng(1).normal(size=(40, 3))
    found = em_moments(Patterns.from_rows("abc", rows))
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(found.cov, np.cov(rows, rowvar=False, ddof=0), atol=1e-10)
    np.testing.assert_allclose(found.mean_cov, found.cov / 40)
    _sign, log_det = np.linalg.slogdet(found.cov)
    assert found.log_likelihood == pytest.approx(-20 * (3 * np.log(2 * np.pi) + log_det + 3))


def test_a_monotone_gap_has_a_closed_form():
    """Two columns, the second with gaps: regress it on the first (Anderson, 1957)."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    y = 1 + 0.8 * x + rng.normal(size=200)
    seen = x < 0.5
    found = em_moments(Patterns.from_rows("xy", np.column_stack([x, np.where(seen, y, np.nan)])))
    slope = np.cov(x[seen], y[seen], ddof=0)[0, 1] / x[seen].var()
    intercept = y[seen].mean() - slope * x[seen].mean()
    residual = np.mean((y[seen] - intercept - slope * x[seen]) ** 2)
    np.testing.assert_allclose(found.mean, [x.mean(), intercept + slope * x.mean()], atol=CLOSE)
    np.testing.assert_allclose(found.cov[1], [slope * x.var(), residual + slope ** 2 * x.var()], atol=CLOSE)


def test_the_likelihood_is_the_one_of_the_rows_and_at_its_top():
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(3)
    rows = rng.multivariate_normal([1, 2, 3], [[2, 1, 0.5], [1, 2, 1], [0.5, 1, 2]], size=150)
    rows[rng.random(rows.shape) < 0.25] = np.nan
    found = em_moments(Patterns.from_rows("abc", rows))

    def likelihood(mean, cov):
        return sum(multivariate_normal.logpdf(row[seen], mean[seen], cov[np.ix_(seen, seen)])
                   for row, seen in ((row, ~np.isnan(row)) for row in rows) if seen.any())

    top = likelihood(found.mean, found.cov)
    assert found.log_likelihood == pytest.approx(top, abs=1e-8)
    for at in range(3):
        for step in (-1e-3, 1e-3):
            moved = found.mean + step * np.eye(3)[at]
            assert likelihood(moved, found.cov) < top
            assert likelihood(found.mean, found.cov + step * np.eye(3)[[at]].T @ np.eye(3)[[at]]) < top


def test_columns_that_cannot_be_estimated_are_named():
    rows = np.random.default_rng(1).normal(size=(20, 3))
    rows[:10, 0] = rows[10:, 1] = np.nan
    with pytest.raises(EstimationError, match="No row answers both 'a' and 'b'"):
        em_moments(Patterns.from_rows("abc", rows))
    with pytest.raises(EstimationError, match="Nobody answered 'b'"):
        em_moments(Patterns.from_rows("ab", [[1.0, np.nan], [2.0, np.nan]]))
    with pytest.raises(EstimationError, match="'b' does not vary"):
        em_moments(Patterns.from_rows("ab", [[1.0, 3.3], [2.0, 3.3], [2.5, np.nan]]))
    with pytest.raises(EstimationError, match="0 rows with answers"):
        em_moments(collect(pd.DataFrame({"a": [np.nan]}), into=Patterns))


def test_fewer_rows_than_columns_and_twins_do_not_converge():
    rows = np.random.default_rng(1).normal(size=(4, 6))
    with pytest.raises(NotConverged, match="6 columns from 4 rows with 1 sets"):
        em_moments(Patterns.from_rows("abcdef", rows))
    twin = np.random.default_rng(1).normal(size=(30, 2))
    with pytest.raises(NotConverged, match="repeat each other"):
        em_moments(Patterns.from_rows("abc", np.column_stack([twin, twin[:, 0]])))
    gappy = np.random.default_rng(2).normal(size=(60, 3))
    gappy[np.random.default_rng(3).random((60, 3)) < 0.3] = np.nan
    with pytest.raises(NotConverged):
        em_moments(Patterns.from_rows("abc", gappy), most_steps=2)
