"""Summaries on disk: back as they were, and nothing of groups that are too small."""

import numpy as np
import pandas as pd
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect, collect_by
from coachresearch.moments.moments import Moments
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import Patterns
from coachresearch.moments.saving import load, save


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.integers(1, 3, size=(60, 2)).astype(float), columns=["a", "b"])
    values.loc[:9, "b"] = np.nan
    values.loc[10:11, "a"] = np.nan
    return values


def test_what_was_saved_comes_back(frame, tmp_path):
    moments = collect(frame, unit="rating")
    assert save(moments, tmp_path / "m.json", min_group=5).withheld == ()
    back = load(tmp_path / "m.json")
    assert (back.columns, back.n, back.unit, back.n_left_out) == (moments.columns, moments.n, "rating", 12)
    np.testing.assert_array_equal(back.scatter, moments.scatter)
    tables = collect(frame, into=PairTables)
    save(tables, tmp_path / "p.json", min_group=2)
    np.testing.assert_array_equal(load(tmp_path / "p.json").counts, tables.counts)
    published = Moments.from_published(50, cor=[[1, 0.5], [0.5, 1]])
    save(published, tmp_path / "r.json", min_group=5)
    assert load(tmp_path / "r.json").standardised
    assert np.isnan(load(tmp_path / "r.json").mean).all()


def test_rare_patterns_and_small_groups_are_withheld_and_counted(frame, tmp_path):
    saved = save(collect(frame, into=Patterns), tmp_path / "q.json", min_group=5)
    back = load(tmp_path / "q.json")
    assert saved.rows_withheld == 2
    assert [part.n for part in back.parts] == [48, 10]
    assert back.n_left_out == 2
    groups = collect_by(frame.assign(coach=["x"] * 57 + ["y"] * 3), "coach")
    saved = save(groups, tmp_path / "g.json", min_group=5)
    assert saved.withheld == ("y",)
    assert list(load(tmp_path / "g.json")) == ["x"]


def test_too_few_rows_and_rare_cells_are_refused_and_nothing_is_written(frame, tmp_path):
    path = tmp_path / "no.json"
    with pytest.raises(EstimationError, match=r"does not have 5 rows \(there are 3\)"):
        save(collect(frame.iloc[-3:]), path, min_group=5)
    with pytest.raises(EstimationError, match="No group has 100 rows"):
        save(collect_by(frame.assign(coach="x"), "coach"), path, min_group=100)
    with pytest.raises(EstimationError, match="cells of the cross-tables hold fewer than 20 rows"):
        save(collect(frame, into=PairTables), path, min_group=20)
    with pytest.raises(EstimationError, match="No set of answered items has 50 rows"):
        save(collect(frame, into=Patterns), path, min_group=50)
    with pytest.raises(EstimationError, match="min_group is 0"):
        save(collect(frame), path, min_group=0)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_summary_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"format": "other"}')
    with pytest.raises(EstimationError, match=r"not a saved summary \(.*x.json\)"):
        load(tmp_path / "x.json")
    with pytest.raises(EstimationError, match="not a saved summary"):
        load(tmp_path / "none.json")
