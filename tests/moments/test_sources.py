"""The one door: the same rows, whatever holds them, give the same summaries."""

import sys

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coachresearch.core.errors import CoachResearchError, EstimationError
from coachresearch.moments.collect import collect, collect_by
from coachresearch.moments.pairs import PairTables
from coachresearch.moments.patterns import Patterns
from coachresearch.moments.sources import batches


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    values = rng.integers(1, 8, size=(1500, 4)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    return pd.DataFrame(values, columns=list("abcd"))


@pytest.fixture
def table(frame):
    return pa.Table.from_pandas(frame.astype("Int8"), preserve_index=False)


@pytest.fixture
def parquet(table, tmp_path):
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=400)
    return tmp_path / "rows.parquet"


def sources(frame, table, parquet):
    connection = duckdb.connect()
    yield "frames", [frame[:700], frame[700:]]
    yield "nullable frame", frame.astype("Int16")
    yield "arrow table", table
    yield "record batches", table.to_batches(max_chunksize=333)
    yield "record batch", table.combine_chunks().to_batches()[0]
    yield "reader", pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=500))
    yield "floats", pa.Table.from_pandas(frame, preserve_index=False)
    yield "decimals", table.cast(pa.schema([(name, pa.decimal128(5, 0)) for name in "abcd"]))
    yield "parquet", parquet
    yield "parquet as text", str(parquet)
    yield "parquet folder", parquet.parent
    yield "duckdb", connection.sql(f"SELECT * FROM '{parquet}'")


def test_every_source_gives_the_same_summaries(frame, table, parquet):
    counts, moments, patterns = (collect(frame, into=kind) for kind in (PairTables, None or type(collect(frame)),
                                                                         Patterns))
    for kind in (PairTables, Patterns, type(moments)):
        for name, source in sources(frame, table, parquet):
            found = collect(source, into=kind)
            assert (found.n, found.n_left_out) == {PairTables: (counts.n, counts.n_left_out),
                                                   Patterns: (patterns.n, patterns.n_left_out)}.get(
                kind, (moments.n, moments.n_left_out)), name
            if kind is PairTables:
                np.testing.assert_array_equal(found.counts, counts.counts, name)
            else:
                one = found.complete if kind is Patterns else found
                np.testing.assert_allclose(one.scatter, moments.scatter, rtol=1e-12, atol=1e-10, err_msg=name)


def test_integers_are_summed_exactly_whatever_the_batches():
    rng = np.random.default_rng(3)
    values = (1000 + rng.integers(0, 60, size=(5000, 3))).astype(np.int16)
    frame = pd.DataFrame(values, columns=list("abc"))
    found = collect(frame)
    wide = values.astype(object)
    total = wide.sum(axis=0)
    exact = (len(wide) * (wide.T @ wide) - np.outer(total, total)) / len(wide)
    np.testing.assert_allclose(found.scatter, exact.astype(float), rtol=1e-14)
    np.testing.assert_allclose(found.mean, (total / len(wide)).astype(float), rtol=1e-15)
    huge = frame.astype("int64") * 10 ** 12
    np.testing.assert_allclose(collect(huge).scatter, exact.astype(float) * 1e24, rtol=1e-9)


def test_columns_are_read_in_the_order_asked_for(parquet, table, frame):
    for source in (parquet, table, frame):
        assert collect(source, columns=["c", "a"]).columns == ("c", "a")
        with pytest.raises(EstimationError, match=r"no column 'z'.*\n.*a, b, c, d"):
            collect(source, columns=["z"])


@pytest.mark.parametrize(("values", "kind"), [
    (["x", "y"], "string"), (pd.to_datetime(["2026-01-01"] * 2), "timestamp"), ([True, None], None)])
def test_a_column_that_is_not_a_number_is_named(values, kind):
    data = pa.table({"a": [1, 2], "b": values})
    if kind is None:
        assert collect(data).n_left_out == 1
        return
    with pytest.raises(EstimationError, match=rf"'b' is of type .*{kind}.*, not a number"):
        collect(data)


def test_a_column_of_nothing_is_all_gaps():
    assert collect(pa.table({"a": [1, 2], "b": pa.nulls(2)})).n_left_out == 2


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(EstimationError, match=r"no Parquet file \(.*none.parquet\)"):
        collect(tmp_path / "none.parquet")
    (tmp_path / "half.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(EstimationError, match=r"cannot be read as Parquet \(.*half.parquet\)"):
        collect(tmp_path / "half.parquet")
    with pytest.raises(EstimationError, match=r"(?s)cannot be read from 'dict'.*DuckDB relation"):
        collect({"a": 1})
    with pytest.raises(EstimationError, match="cannot be read from 'int'"):
        collect([1, 2])
    with pytest.raises(EstimationError, match="cannot be read from 'ndarray'"):
        list(batches(np.eye(2)))


def test_a_missing_package_names_the_extra(monkeypatch, parquet):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CoachResearchError, match=r"(?s)'pyarrow'.*coachresearch\[scale\]"):
        collect(parquet)


def test_progress_is_told_and_can_end_the_pass(frame):
    told = []
    collect([frame[:500], frame[500:]], progress=lambda *at: told.append(at))
    assert told == [(1, 500), (2, 1500)]

    def stop(number, rows):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        collect([frame, frame], progress=stop)


def test_options_that_mean_nothing_are_refused(frame):
    with pytest.raises(EstimationError, match="cannot be collected into 'dict'"):
        collect(frame, into=dict)
    with pytest.raises(EstimationError, match="Only PairTables take values"):
        collect(frame, into=Patterns, values=[1, 2])


def test_groups_are_collected_from_every_source(frame, tmp_path):
    frame["coach"] = np.where(np.arange(1500) % 3 == 0, "y", "x")
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "rows.parquet", row_group_size=400)
    here = collect_by(frame, "coach", into=PairTables, values=range(1, 8))
    for source in (tmp_path / "rows.parquet", [frame[:600], frame[600:]],
                   duckdb.connect().sql(f"SELECT * FROM '{tmp_path / 'rows.parquet'}'")):
        found = collect_by(source, "coach", into=PairTables, values=range(1, 8))
        assert list(found) == ["y", "x"]
        np.testing.assert_array_equal(found["y"].counts, here["y"].counts)
    assert collect_by(frame, "coach", columns=["b"])["x"].columns == ("b",)
