"""Agreement among raters against printed tables, second roads and known truths."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence, method_sentences
from coachresearch.psychometrics.icc import icc_table, retest
from coachresearch.psychometrics.kappa import category_agreement, cohen_kappa, kendall_w, light_kappa
from coachresearch.psychometrics.team_means import one_way_components, team_means
from coachresearch.psychometrics.within_group import agreement, chance_agreement, null_variance, within_group

EXACT = 1e-6  # closed forms on the same data
SEARCHED = 1e-4  # variance components are searched for
JUDGES = pd.DataFrame([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
                      columns=list("abcd"), dtype=float)  # Shrout & Fleiss (1979), table 2
nan = np.nan
CODERS = pd.DataFrame({  # Krippendorff (2011), reliability data with missing values, four observers
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan], "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
    "C": [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan], "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan]})


def codes(result):
    return {one.code for one in result.cautions}


def test_the_printed_example_of_six_forms():
    found = icc_table(JUDGES)
    printed = {"icc1_1": 0.17, "icc2_1": 0.29, "icc3_1": 0.71, "icc1_k": 0.44, "icc2_k": 0.62, "icc3_k": 0.91}
    for term, value in printed.items():  # Shrout & Fleiss (1979), table 4
        assert round(found.estimate(term).estimate, 2) == value
    two = found.estimate("icc2_1")
    assert (two.conf_low, two.conf_high) == pytest.approx((0.0187865, 0.7610844), abs=EXACT)  # psych 2.2.9, ICC()
    assert found.estimate("raters_needed").estimate == 6  # .7 × .71 / (.29 × .3) = 5.7
    assert method_sentences(found)


def test_gaps_are_left_out_or_used():
    gappy = JUDGES.copy()
    gappy.iloc[0, 0] = np.nan
    left, used = icc_table(gappy), icc_table(gappy, gaps="reml")
    assert (left.n_targets, used.n_targets) == (5, 6)
    assert "targets_left_out" in codes(left)
    assert "icc_limits_of_full_table" in codes(used)
    full, plain = icc_table(JUDGES, gaps="reml"), icc_table(JUDGES)  # without gaps both lead to the same place
    assert full.estimate("icc2_1").estimate == pytest.approx(plain.estimate("icc2_1").estimate, abs=SEARCHED)


def test_a_retest_knows_level_from_order():
    rng = np.random.default_rng(1)
    true = rng.normal(0, 1, 4000)
    found = retest(true + rng.normal(0, 0.5, 4000), true + 1 + rng.normal(0, 0.5, 4000))
    assert found.estimate("icc3_1").estimate == pytest.approx(0.8, abs=0.02)
    assert found.estimate("icc2_1").estimate == pytest.approx(1 / (1 + 0.25 + 0.5), abs=0.02)
    assert found.estimate("sem_consistency").estimate == pytest.approx(0.5, abs=0.02)
    assert found.estimate("sdc").estimate == pytest.approx(1.96 * np.sqrt(2 * 0.75), abs=0.05)
    assert found.estimate("mean_change").estimate == pytest.approx(1, abs=0.05)


def test_r_wg_by_hand():
    frame, group = pd.DataFrame({"x": [4, 4, 5, 5, 1, 5]}, dtype=float), ["a", "a", "a", "a", "b", "b"]
    found = within_group(frame, group, low=1, high=5)
    np.testing.assert_allclose(found.rwg, [1 - (1 / 3) / 2, 0])  # the second group's variance exceeds the null
    np.testing.assert_allclose(found.rwg_lindell, [1 - (1 / 3) / 2, 1 - 8 / 2])
    np.testing.assert_allclose(found.ad_mean, [0.5, 2])
    two = within_group(frame.assign(y=frame["x"]), group, low=1, high=5)
    np.testing.assert_allclose(two.rwg[0], 2 * (5 / 6) / (2 * (5 / 6) + 1 / 6))
    assert two.estimate("rwg_j", "a").n == 4
    assert "uniform_null" in codes(found)


def test_nulls_have_their_published_variances():
    """James, Demaree & Wolf (1984); LeBreton & Senter (2008), table 2, five options."""
    published = {"uniform": 2.0, "triangular": 4 / 3, "slight_skew": 1.34, "moderate_skew": 0.90, "heavy_skew": 0.44}
    for name, value in published.items():
        assert null_variance(name, 1, 5) == pytest.approx(value, abs=1e-9)
    assert null_variance("uniform", 1, 7) == pytest.approx((49 - 1) / 12)
    with pytest.raises(EstimationError, match="five options, not for 7"):
        null_variance("slight_skew", 1, 7)
    with pytest.raises(EstimationError, match=r"3 probabilities that add up to 0\.9"):
        null_variance([0.3, 0.3, 0.3], 1, 3)


def test_chance_reaches_high_agreement_in_small_groups():
    frame = pd.DataFrame({"x": np.tile([1.0, 3, 5], 20)})
    found = within_group(frame, np.repeat(np.arange(20), 3), low=1, high=5)
    three = chance_agreement(found, np.random.default_rng(2), low=1, high=5)[0]
    assert three.group == "3"
    assert three.estimate > 0.7  # the usual cut-off, reached by people who agree about nothing
    ten = agreement(np.array([2.0]), 2.0, 10)
    assert (ten[0][0], ten[1][0]) == (0, 0)


def test_groups_that_cannot_agree_are_named():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 9]})
    with pytest.raises(EstimationError, match="'x' holds 9"):
        within_group(frame, list("aabb"), low=1, high=5)
    with pytest.raises(EstimationError, match="No group has two complete rows"):
        within_group(frame.iloc[:3], list("abc"), low=1, high=5)
    with pytest.raises(EstimationError, match="1 of 3 rows have no group"):
        within_group(frame.iloc[:3], ["a", None, "a"], low=1, high=5)
    single = within_group(frame.iloc[:3], list("aab"), low=1, high=5)
    assert "single_ratings" in codes(single)


def test_kappa_of_the_example_of_1969():
    """Fleiss, Cohen & Everitt (1969), table 1: 200 patients, three diagnoses; errors as psych 2.2.9 has them."""
    table = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    pairs = np.repeat(np.array([(a, b) for a in range(3) for b in range(3)]), table.ravel(), axis=0)
    found = cohen_kappa(pairs[:, 0], pairs[:, 1])
    assert round(found.estimate, 3) == 0.429
    assert found.std_error == pytest.approx(0.05371100487, abs=EXACT)
    assert found.n == 200


def test_kappa_at_its_edges():
    assert cohen_kappa([1, 2, 3], [1, 2, 3]).estimate == 1
    with pytest.raises(EstimationError, match="one category only"):
        cohen_kappa([1, 1, 1], [1, 1, 1])
    with pytest.raises(EstimationError, match="code 4 is not among"):
        cohen_kappa([1, 4], [1, 2], categories=[1, 2, 3])
    assert cohen_kappa([1, 2, np.nan], [1, 2, 1]).n == 2
    linear, plain = (cohen_kappa([1, 2, 3, 1], [1, 3, 3, 2], weights=name).estimate for name in ("linear", "none"))
    assert linear > plain


def test_the_printed_alphas_of_krippendorff():
    printed = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}  # Krippendorff (2011), p. 8
    for level, value in printed.items():
        found = category_agreement(CODERS, level=level)
        assert round(found.estimate("krippendorff").estimate, 3) == value
    assert "targets_rated_once" in codes(found)


def test_gwet_by_a_second_road():
    """Target by target and pair by pair, as the definition says."""
    rows, values = CODERS.to_numpy(), np.arange(1, 6)
    weights = 1 - np.subtract.outer(values, values) ** 2 / 16
    for level, weight, term in (("nominal", np.eye(5), "ac1"), ("interval", weights, "ac2")):
        agreed, shares = [], []
        for row in rows:
            rated = row[~np.isnan(row)].astype(int)
            shares.append([np.mean(rated == value) for value in values])
            if len(rated) > 1:
                agreed.append(np.mean([weight[a - 1, b - 1] for i, a in enumerate(rated)
                                       for j, b in enumerate(rated) if i != j]))
        share = np.mean(shares, axis=0)
        chance = weight.sum() / 20 * np.sum(share * (1 - share))
        got = category_agreement(CODERS, level=level).estimate(term).estimate
        assert got == pytest.approx((np.mean(agreed) - chance) / (1 - chance), abs=1e-12)


def test_fleiss_equals_the_average_share_formula_and_light_the_mean_of_pairs():
    full = CODERS.dropna()
    counts = np.stack([(full == value).sum(axis=1) for value in range(1, 6)], axis=1).astype(float)
    share = counts.sum(axis=0) / counts.sum()
    within = (np.sum(counts ** 2, axis=1) - 4) / 12
    wanted = (within.mean() - np.sum(share ** 2)) / (1 - np.sum(share ** 2))
    assert category_agreement(full).estimate("kappa_fleiss").estimate == pytest.approx(wanted, abs=1e-12)
    pairs = [cohen_kappa(full[a], full[b]).estimate for a, b in ("AB", "AC", "AD", "BC", "BD", "CD")]
    assert light_kappa(full).estimate == pytest.approx(np.mean(pairs), abs=1e-12)


def test_resampled_targets_give_the_spread_of_alpha():
    rng = np.random.default_rng(13)
    true = rng.integers(1, 4, 200)
    ratings = pd.DataFrame({name: np.where(rng.random(200) < 0.8, true, rng.integers(1, 4, 200)) for name in "abc"},
                           dtype=float)
    found = category_agreement(ratings, rng=rng, draws=500).estimate("krippendorff")
    assert found.conf_low < 0.8 ** 2 < found.conf_high  # two raters both know the truth with .64, else agree by chance
    again = [category_agreement(ratings.iloc[rng.integers(200, size=200)]).estimate("krippendorff").estimate
             for _ in range(100)]
    assert found.std_error == pytest.approx(np.std(again), rel=0.3)


def test_concordance_is_one_for_the_same_order():
    assert kendall_w(pd.DataFrame({"a": [1.0, 2, 3], "b": [10.0, 20, 30]})).estimate == 1
    with pytest.raises(EstimationError, match="1 targets were ranked"):
        kendall_w(pd.DataFrame({"a": [1.0], "b": [10.0]}))


def test_components_are_those_of_balanced_analysis_of_variance():
    values = JUDGES.to_numpy().ravel()
    between, within = one_way_components(values, np.repeat(np.arange(6), 4))
    assert within == pytest.approx(6.263889, abs=1e-5)  # mean square within, Shrout & Fleiss, table 3
    assert between == pytest.approx((11.241667 - 6.263889) / 4, abs=1e-5)


def test_team_means_are_shown_with_error_and_not_ranked():
    rng = np.random.default_rng(4)
    target = np.repeat(np.arange(40), 4)
    scores = rng.normal(0, 0.5, 40)[target] + rng.normal(0, 1, 160)
    found = team_means(scores, target)
    assert not found.may_rank
    assert {"not_ranked"} == codes(found)
    assert "not ranked" in found.summary()
    with pytest.raises(EstimationError, match=r"40 of 40 means are less reliable than 0\.70"):
        found.ranking()
    many = team_means(np.tile([1.0, 2.0, 3.0], 8) + rng.normal(0, 0.2, 24), np.tile(["x", "y", "z"], 8))
    assert many.ranking() == ("z", "y", "x")
    assert many.estimate("mean", "z").std_error > 0


def test_roles_are_not_averaged_unasked():
    scores, target, role = [1.0, 2, 3, 4], ["a", "a", "b", "b"], ["self", "peer", "self", "peer"]
    with pytest.raises(EstimationError, match="2 roles: peer, self"):
        team_means(scores, target, roles=role)
    assert "roles_averaged" in codes(team_means(scores, target, roles=role, across_roles=True))


@pytest.mark.parametrize("call", [
    lambda: icc_table(JUDGES[["a"]]), lambda: icc_table(JUDGES.iloc[:1]), lambda: icc_table(JUDGES * 0),
    lambda: icc_table(JUDGES.replace(9.0, np.inf)), lambda: category_agreement(JUDGES[["a"]]),
    lambda: category_agreement(JUDGES * np.nan), lambda: category_agreement(JUDGES * 0 + 1),
    lambda: icc_table(JUDGES.assign(a="x")), lambda: team_means([1.0, 2.0], ["a", "b"]),
    lambda: team_means([1.0, 1.0, 1.0, 1.0], list("aabb")), lambda: retest([1.0, 2.0], [1.0])])
def test_bad_input_is_said(call):
    with pytest.raises(EstimationError) as problem:
        call()
    assert problem.value.faults[0].remedy


def test_every_caution_here_has_its_sentence():
    worst = category_agreement(pd.DataFrame({"a": [1.0] * 30 + [2], "b": [1.0] * 31}))
    backwards = icc_table(pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [4.0, 3, 2, 1]}))
    assert "one_category_rules" in codes(worst)
    assert {"negative_icc", "no_number_of_raters"} <= codes(backwards)
    assert all(caution_sentence(one) for one in (*worst.cautions, *backwards.cautions))
