"""Tidy files: whole, plain, and harmless in a spreadsheet."""

import csv

import pandas as pd
import pytest

from coachresearch.core.errors import StoreError
from coachresearch.responses.exports import write_csv

DANGEROUS = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\ttab", "\rreturn", "＝1")


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_formulas_are_disarmed_and_numbers_left_alone(tmp_path):
    frame = pd.DataFrame({"text": pd.Series([*DANGEROUS, "plain", None], dtype="string"), "score": range(-4, 5)})
    rows = read(write_csv(frame, tmp_path / "a.csv"))
    assert [row[0] for row in rows[1:]] == [*(f"'{text}" for text in DANGEROUS), "plain", ""]
    assert [row[1] for row in rows[1:]] == [str(number) for number in range(-4, 5)]
    assert [row[0] for row in read(write_csv(frame, tmp_path / "b.csv", guard_formulas=False))[1:]] == [
        *DANGEROUS, "plain", ""]


def test_answers_come_out_plainly(tmp_path, answers, care):
    frame = answers((1, None, 3, 4), person="Pé", answered_at=pd.Timestamp("2026-03-31 14:02Z"))
    rows = read(write_csv(frame, tmp_path / "a.csv"))
    assert rows[0][:4] == ["study", "wave", "person", "target"]
    first = dict(zip(rows[0], rows[1], strict=True))
    assert (first["person"], first["answered_at"]) == ("Pé", "2026-03-31T14:02:00.000000Z")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, answers, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("old", encoding="utf-8")

    def fail(self, target, **_):
        target.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        write_csv(answers(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text(encoding="utf-8") == "old"
    with pytest.raises(StoreError, match="cannot be written"):
        write_csv(answers(), tmp_path / "none" / "a.csv")
