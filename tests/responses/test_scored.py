"""Ready-made scores, such as totals before and after."""

import pandas as pd
import pytest

from coachresearch.core.contracts import SCORES
from coachresearch.core.errors import ResponseError, StoreError
from coachresearch.responses.mapping import score_mapping_from
from coachresearch.responses.scored import import_scores, read_scored, scored_from
from coachresearch.store.store import open_store

BASIC = {"person": {"column": "id"}, "role": {"constant": "self"}, "people": {"arm": "group"},
         "scores": [{"column": "pre", "scale": "trust", "wave": "T1", "range": [1, 5]},
                    {"column": "post", "scale": "trust", "wave": "T2", "range": [1, 5]}]}


def mapping(**changes):
    return score_mapping_from({**BASIC, **changes})


def test_totals_before_and_after(tmp_path):
    path = tmp_path / "totals.csv"
    path.write_text("id,group,pre,post\nP1,A,3.25,4\nP2,B,2,\nP3,B,99,1.5\n", encoding="utf-8")
    found = read_scored(path, mapping(missing=[99]))
    SCORES.check(found.scores_frame)
    wide = found.scores_frame.pivot(index="person", columns="wave", values="score")
    assert wide.values.tolist() == [[3.25, 4.0], [2.0, pd.NA], [pd.NA, 1.5]]
    assert found.scores_frame["n_answered"].isna().all() and (found.scores_frame["method"] == "imported").all()
    assert found.people_frame[["person", "arm"]].values.tolist() == [["P1", "A"], ["P2", "B"], ["P3", "B"]]
    assert [one.code for one in found.cautions] == ["scores_imported"]


def test_everything_wrong_is_told_at_once():
    frame = pd.DataFrame({"id": ["P1", "P1", "P3"], "group": "A", "pre": ["3,5", 9, 2], "post": [1, "high", 2], "x": 1})
    with pytest.raises(ResponseError) as refused:
        scored_from(frame, mapping(), name="totals")
    message = str(refused.value)
    for part in ("columns that the mapping does not mention: x",
                 "Person 'P1' stands here a second time (first in row 1) (totals, row 2, column id)",
                 "The score of 'trust' is '3,5', which is not a number (write decimals with a point)",
                 "The score of 'trust' is 9, but the mapping allows 1 to 5 (totals, row 2, column pre)",
                 "The score of 'trust' is 'high', which is not a number (totals, row 2, column post)"):
        assert part in message
    assert message.startswith("5 faults")


def test_one_column_is_one_scale_in_one_wave():
    twice = [BASIC["scores"][0], {**BASIC["scores"][0]}]
    with pytest.raises(ResponseError) as refused:
        scored_from(pd.DataFrame({"id": ["P1"], "group": "A", "pre": [1]}), mapping(scores=twice))
    assert "same column more than once: pre" in str(refused.value)
    assert "same scale and wave more than once: trust@T1" in str(refused.value)


def test_scores_are_kept_once(tmp_path):
    frame = pd.DataFrame({"id": ["P1"], "group": "A", "pre": [3.0], "post": [4.5]})
    found = scored_from(frame, mapping(), name="totals")
    with open_store(tmp_path / "spring.db") as store:
        receipt = import_scores(store, found)
        assert import_scores(store, found) == receipt
        kept = store.scores()
        pd.testing.assert_frame_equal(kept.drop(columns="source"), found.scores_frame)
        anew = scored_from(frame, mapping(scores=[{**BASIC["scores"][0], "scale": "care"}], ignore=["post"]))
        with pytest.raises(StoreError, match="already used for other rows"):
            import_scores(store, anew)
        import_scores(store, anew, again=True)
        assert sorted(store.scores()["scale"].unique()) == ["care", "trust"]
