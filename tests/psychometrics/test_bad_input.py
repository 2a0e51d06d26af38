"""Every public measurement either answers with a result that can be read, or says what is wrong; it never stumbles."""

import numpy as np
import pandas as pd
import pytest

import coachresearch as cr
from coachresearch.core.errors import CoachResearchError
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.polychoric import polychoric

BASE = pd.DataFrame(np.digitize(factor_answers(np.random.default_rng(1), 60, loadings=[0.7] * 6), [-1, 0, 1]) + 1.0,
                    columns=list("abcdef"))
FRAMES = {
    "sound": BASE, "constant item": BASE.assign(a=3.0), "one person": BASE.iloc[:1], "two people": BASE.iloc[:2],
    "fewer people than items": BASE.iloc[:4], "nobody": BASE.iloc[:0], "all missing": BASE * np.nan,
    "unanswered item": BASE.assign(a=np.nan), "item twice": BASE.assign(b=BASE["a"]),
    "sum of items": BASE.assign(f=BASE["a"] + BASE["b"]), "text": BASE.assign(a="x"),
    "infinite": BASE.assign(a=np.where(np.arange(60) == 3, np.inf, BASE["a"])), "all the same": BASE * 0 + 2,
    "one item": BASE[["a"]], "two items": BASE[["a", "b"]], "no item": BASE[[]], "beyond the scale": BASE + 10,
    "half missing": BASE.mask(np.random.default_rng(2).random(BASE.shape) < 0.5),
    "turned item": BASE.assign(a=5 - BASE["a"]),
}
SCALES = {"x": ["a", "b", "c"], "y": ["d", "e", "f"]}


def rng():
    return np.random.default_rng(3)


CALLS = {
    "reliability": lambda frame: cr.reliability(frame, title="T"),
    "bounds": lambda frame: cr.reliability_bounds(cr.collect(frame)),
    "resampled": lambda frame: cr.bootstrap_reliability(frame, rng=rng(), draws=100),
    "without items": lambda frame: cr.omega_if_dropped(cr.collect(frame)),
    "general factor": lambda frame: cr.omega_hierarchical(cr.collect(frame), 2, rng=rng()),
    "ordinal": lambda frame: cr.ordinal_reliability(polychoric(cr.collect(frame, into=PairTables))),
    "htmt": lambda frame: cr.discriminant_validity(cr.collect(frame), SCALES),
    "strata": lambda frame: cr.stratified_alpha(cr.collect(frame), SCALES),
    "teams of three": lambda frame: cr.two_level_reliability(
        cr.collect_by(frame.assign(team=[f"t{i // 3}" for i in range(len(frame))]), "team")),
    "structure": lambda frame: cr.structure(cr.collect(frame), rng=rng(), draws=20),
    "dimensions": lambda frame: cr.dimensions(cr.collect(frame)),
    "one factor": lambda frame: cr.exploratory_factors(cr.collect(frame), 1),
    "two factors": lambda frame: cr.bootstrap_factors(
        frame, cr.exploratory_factors(cr.collect(frame), 2, rng=rng()), rng=rng(), draws=100),
    "careless": lambda frame: cr.careless_flags(frame, low=1, high=4, rng=rng(), keyed=frame, scales=SCALES),
    "icc": cr.icc_table,
    "icc with gaps": lambda frame: cr.icc_table(frame, gaps="reml"),
    "categories": lambda frame: cr.category_agreement(frame, level="ordinal", rng=rng(), draws=100),
    "concordance": lambda frame: cr.kendall_w(frame),
    "r_wg": lambda frame: cr.within_group(frame, [i // 3 for i in range(len(frame))], low=1, high=4),
    "team means": lambda frame: cr.team_means(
        frame.iloc[:, 0] if frame.shape[1] else [], [i // 3 for i in range(len(frame))]),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_input_is_answered_or_refused_in_words(call):
    answered = []
    for name, frame in FRAMES.items():
        before = frame.copy()
        try:
            found = CALLS[call](frame)
        except CoachResearchError as problem:
            assert all(fault.what for fault in problem.faults), name
            assert name != "sound", problem
        else:
            answered.append(name)
            assert not hasattr(found, "summary") or found.summary()
        pd.testing.assert_frame_equal(frame, before)
    assert "sound" in answered
    assert "text" not in answered
