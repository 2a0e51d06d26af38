"""Flags for careless answers: indices by hand, false alarms as promised, and results side by side."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.display.text import caution_sentence
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.psychometrics.careless import CarelessCuts, careless_flags, side_by_side
from coachresearch.psychometrics.careless_indices import even_odd, individual_variability, long_string, synonyms
from coachresearch.psychometrics.reliability import alpha

nan = np.nan
NAMES = [f"{scale}{i}" for scale in "abcde" for i in range(1, 7)]
SCALES = {scale: [f"{scale}{i}" for i in range(1, 7)] for scale in "abcde"}
TURNED = [f"{scale}{i}" for scale in "abcde" for i in (2, 5)]


def attentive(rng, n):
    """Five scales of six items, two of each worded the other way round; five options."""
    pattern = 0.8 * np.kron(np.eye(5), np.ones((6, 1)))
    pattern[[NAMES.index(name) for name in TURNED]] *= -1
    latent = factor_answers(rng, n, loadings=pattern)
    return pd.DataFrame(np.digitize(latent, [-1.2, -0.4, 0.4, 1.2]) + 1.0, columns=NAMES,
                        index=[f"P{i}" for i in range(n)])


def keyed(answers):
    return answers.assign(**{name: 6 - answers[name] for name in TURNED})


@pytest.fixture(scope="module")
def mixed():
    """400 attentive people, 20 who always give the same answer, 20 who answer at random."""
    rng = np.random.default_rng(1)
    answers = attentive(rng, 440)
    answers.iloc[400:420] = rng.integers(1, 6, (20, 1)).astype(float)
    answers.iloc[420:] = rng.integers(1, 6, (20, 30)).astype(float)
    found = careless_flags(answers, low=1, high=5, rng=rng, keyed=keyed(answers), scales=SCALES, title="All")
    return answers, found


def test_indices_by_hand():
    rows = np.array([[1, 1, 1, 2.0], [1, 1, nan, 1], [1, 2, 3, 4]])
    np.testing.assert_array_equal(long_string(rows), [3, 2, 1])
    np.testing.assert_allclose(individual_variability(rows), [0.5, 0, np.std([1, 2, 3, 4], ddof=1)])
    pairs = np.array([0, 2, 0]), np.array([1, 3, 3])
    np.testing.assert_allclose(synonyms(np.array([[1, 2, 3, 4.0], [4, 1, 1, 2]]), pairs),
                               [np.corrcoef([1, 3, 1], [2, 4, 4])[0, 1], np.corrcoef([4, 1, 4], [1, 2, 2])[0, 1]])
    assert np.isnan(synonyms(rows, (np.array([0]), np.array([1])))).all()
    consistent = np.array([[1, 1, 3, 3, 5, 5.0], [1, 5, 3, 3, 5, 1]])
    found = even_odd(consistent, [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])])
    np.testing.assert_allclose(found, [1, -1])


def test_straight_lines_and_random_answers_are_found(mixed):
    _, found = mixed
    place = {name: at for at, name in enumerate(found.checks)}
    assert found.flags[400:420, place["long_string"]].all()
    assert found.flags[400:420, place["variability"]].all()
    assert found.flags[420:, place["mahalanobis"]].mean() > 0.6
    assert found.flags[420:, place["synonyms"]].mean() > 0.3
    assert (found.counts[:400] >= 2).mean() < 0.05
    assert (found.counts[400:] >= 2).mean() > 0.6
    assert len(found.table) == 440
    assert found.people[0] == "P0"


def test_false_alarms_are_what_attentive_people_show():
    rng = np.random.default_rng(2)
    answers = attentive(rng, 3000)
    found = careless_flags(answers, low=1, high=5, rng=rng, keyed=keyed(answers), scales=SCALES)
    for place, name in enumerate(found.checks):
        known = ~np.isnan(found.values[:, place])
        seen = found.flags[known, place].mean()
        # sqrt(.1 × .9 / 3000) = .005 twice; synonyms also vary with the pairs that are chosen
        assert found.false_alarms[place] == pytest.approx(seen, abs=0.02), name
    assert found.estimate("false_alarm", "variability").estimate == pytest.approx(0.01, abs=0.003)


def test_results_stand_side_by_side(mixed):
    answers, found = mixed
    both = side_by_side(keyed(answers)[SCALES["a"]], found, lambda frame: alpha(collect(frame)), title="A")
    everybody, unflagged = both.estimate("alpha", "everybody"), both.estimate("alpha", "unflagged")
    assert everybody.n == 440
    assert unflagged.n == 440 - both.n_flagged
    assert unflagged.estimate > everybody.estimate
    assert f"{both.n_flagged} of 440 people have 2 flags or more" in both.summary()
    with pytest.raises(EstimationError, match="10 rows stand beside flags of 440 people"):
        side_by_side(answers.iloc[:10], found, lambda frame: alpha(collect(frame)))
    with pytest.raises(EstimationError, match="Everybody has 0 flags or more"):
        side_by_side(answers, found, lambda frame: alpha(collect(frame)), at_least=0)


def test_attention_items_and_speed():
    rng = np.random.default_rng(3)
    answers = attentive(rng, 200).assign(lure=3.0)
    answers.iloc[0, -1], answers.iloc[1, -1] = 4.0, nan
    seconds = np.full(200, 120.0)
    seconds[2] = 20
    found = careless_flags(answers, low=1, high=5, rng=rng, attention={"lure": 3}, seconds=seconds)
    at = list(found.checks)
    np.testing.assert_array_equal(np.flatnonzero(found.flags[:, at.index("attention")]), [0, 1])
    np.testing.assert_array_equal(np.flatnonzero(found.flags[:, at.index("seconds")]), [2])
    assert np.isnan(found.estimate("false_alarm", "seconds").estimate)
    assert "even_odd" not in at


def test_what_cannot_be_checked_is_said():
    rng = np.random.default_rng(4)
    few = careless_flags(attentive(rng, 12), low=1, high=5, rng=rng)
    codes = {one.code for one in few.cautions}
    assert {"flags_only", "no_distance"} <= codes
    flat = careless_flags(attentive(rng, 60).assign(a1=3.0), low=1, high=5, rng=rng)
    assert {"no_distance", "no_attentive_people"} <= {one.code for one in flat.cautions}
    assert np.isnan(flat.estimate("false_alarm", "long_string").estimate)
    assert all(caution_sentence(one) for one in (*few.cautions, *flat.cautions))


@pytest.mark.parametrize(("change", "words"), [
    ({"low": 2}, "'a1' holds 1, but its answers are whole numbers from 2 to 5"),
    ({"attention": {"lure": 3}}, "no column 'lure'"),
    ({"seconds": [1.0]}, "50 people stand beside 1 times"),
    ({"seconds": [-1.0] * 50}, "A time is negative"),
    ({"keyed": "shifted"}, "neither the answers nor their mirror image"),
    ({"keyed": "fewer"}, "other items or people"),
])
def test_bad_input_is_said(change, words):
    rng = np.random.default_rng(5)
    answers = attentive(rng, 50)
    wrong = {"shifted": answers.assign(a1=answers["a1"] % 5 + 1), "fewer": answers.iloc[:, :5]}
    given = {"low": 1, "high": 5, "rng": rng, "scales": SCALES} | change
    given["keyed"] = wrong[given["keyed"]] if "keyed" in given else None
    with pytest.raises(EstimationError, match=words):
        careless_flags(answers, **given)


def test_a_text_column_is_named():
    rng = np.random.default_rng(6)
    with pytest.raises(EstimationError, match="'a1' is of type"):
        careless_flags(attentive(rng, 50).assign(a1="x"), low=1, high=5, rng=rng)
    assert CarelessCuts().mahalanobis_p == 0.001
