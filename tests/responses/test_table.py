"""Files are read as they stand, within limits."""

import hashlib

import openpyxl
import pandas as pd
import pytest

from coachresearch.core.errors import ResponseError
from coachresearch.responses import table
from coachresearch.responses.table import read_table, table_of


def test_cells_rows_and_hash(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,note,\nP1,"two\nlines",\n\n,,\nP2, ,\n')
    found = read_table(path)
    assert found.columns == ("id", "note")
    assert found.rows == (("P1", "two\nlines"), ("P2", None))
    assert found.numbers == (2, 5)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_files_beyond_the_limits_are_refused(tmp_path, monkeypatch):
    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.save(tmp_path / "a.xlsx")
    monkeypatch.setattr(table, "_LARGEST_UNPACKED", 100)
    with pytest.raises(ResponseError, match=r"a\.xlsx unpacks to .* at most 100 are read"):
        read_table(tmp_path / "a.xlsx")
    monkeypatch.setattr(table, "_LARGEST", 100)
    with pytest.raises(ResponseError, match=r"a\.xlsx holds .* bytes; at most 100 are read"):
        read_table(tmp_path / "a.xlsx")


def test_a_frame_of_any_types():
    frame = pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "t": pd.to_datetime(["2026-01-01", None]),
                          "s": ["x", float("nan")], "b": [True, False], 5: [1.5, 2]})
    found = table_of(frame)
    assert found.columns == ("i", "t", "s", "b", "5")
    assert found.rows[0] == (1, pd.Timestamp("2026-01-01").to_pydatetime(), "x", True, 1.5)
    assert found.rows[1] == (None, None, None, False, 2.0)
    assert table_of(frame).sha256 == found.sha256 != table_of(frame.assign(s="y")).sha256
