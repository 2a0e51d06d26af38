"""What is kept is read back, latest first; what cannot be a file of answers is refused and left alone."""

import sqlite3
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from coachresearch.core.contracts import RESPONSES, SCORES
from coachresearch.core.errors import StoreError
from coachresearch.store.store import InstrumentMark, SourceFile, open_store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.db"


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_answers_come_back_under_the_contract(path, row):
    when = datetime(2026, 3, 31, 14, 2, 5, 250, tzinfo=UTC)
    with open_store(path, study="spring") as store:
        store.append([row(text="Grüße 🙂", seconds=2.5, answered_at=when), row(item="trust_02", value=None,
                                                                                missing="skipped")])
        frame = store.responses()
    assert list(frame.columns) == list(RESPONSES.names)
    assert dict(frame.dtypes.astype(str)) == dict(RESPONSES.empty().dtypes.astype(str))
    assert frame.loc[0, "text"] == "Grüße 🙂"
    assert frame.loc[0, "answered_at"] == pd.Timestamp(when)
    assert frame["value"].tolist() == [4, pd.NA]
    assert frame.loc[1, "missing"] == "skipped"


def test_the_latest_answer_counts_and_nothing_is_forgotten(path, row):
    with open_store(path) as store:
        store.append([row(value=1)])
        store.append([row(value=2)])
        store.append([row(value=5, wave="T2")])
        assert store.responses()["value"].tolist() == [2, 5]
        history = store.responses(latest=False)
        assert history["value"].tolist() == [1, 2, 5]
        assert history["sequence"].is_monotonic_increasing
        assert store.responses(wave="T2")["value"].tolist() == [5]
        assert store.responses(person="P2").empty


def test_opened_again_it_holds_the_same(path, sheet):
    with open_store(path, study="spring") as store:
        store.append(sheet("P1"))
        first = store.responses()
    with open_store(path, create=False, read_only=True) as store:
        pd.testing.assert_frame_equal(store.responses(), first)
        assert store.study == "spring"
    assert [file.name for file in path.parent.iterdir()] == ["answers.db"]


def test_a_replay_returns_the_first_receipt(path, row):
    with open_store(path) as store:
        first = store.append([row(answered_at=datetime(2026, 1, 1, tzinfo=UTC))], key="token-1")
        again = store.append([row(answered_at=datetime(2026, 1, 3, tzinfo=UTC))], key="token-1")
        assert again == first
        assert (first.replayed, again.replayed) == (False, True)
        assert len(store.responses(latest=False)) == 1


def test_a_key_used_for_other_answers_is_refused_and_the_first_kept(path, row):
    with open_store(path) as store:
        store.append([row(value=1)], key="token-1")
        with pytest.raises(StoreError, match="already used for other rows"):
            store.append([row(value=2)], key="token-1")
        assert store.responses()["value"].tolist() == [1]


def test_many_threads_append_at_once(path, sheet):
    failures = []

    def answer(name):
        try:
            for wave in range(5):
                store.append(sheet(f"P{name}", items=10, wave=f"T{wave}"), key=f"{name}-{wave}")
        except StoreError as problem:
            failures.append(problem)

    with open_store(path) as store:
        threads = [threading.Thread(target=answer, args=(name,)) for name in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        frame = store.responses(latest=False)
    assert len(frame) == 16 * 5 * 10
    assert (frame.groupby("batch").size() == 10).all()


def test_a_broken_row_spoils_its_batch_alone_and_names_every_fault(path, row):
    with open_store(path) as store:
        with pytest.raises(StoreError) as refused:
            store.append([row(), row(role="boss", value=2.5), row(person="")])
        text = str(refused.value)
        assert "3 faults" in text
        assert "row 2, column role" in text and "self, manager, peer" in text
        assert "2.5, which is not a whole number (row 2, column value)" in text
        assert "'person' is empty (row 3, column person)" in text
        store.append([row()])
        assert len(store.responses(latest=False)) == 1


@pytest.mark.parametrize(("changes", "message"), [
    ({"surprise": 1}, "Unknown column 'surprise'"),
    ({"value": True}, "not a whole number"),
    ({"value": "4"}, "not a whole number"),
    ({"value": 2**40}, "beyond 2147483647"),
    ({"seconds": float("nan")}, "not a finite number"),
    ({"answered_at": datetime(2026, 1, 1)}, "no time zone"),
    ({"answered_at": "2026-01-01"}, "not a date and time"),
    ({"wave": 1}, "not text"),
    ({"wave": "  "}, "is blank"),
    ({"person": "P1\x00"}, "no identifier may hold"),
])
def test_values_of_the_wrong_kind_are_refused(path, row, changes, message):
    with open_store(path) as store:
        with pytest.raises(StoreError, match=message):
            store.append([row(**changes)])
        assert store.responses().empty


def test_text_is_kept_in_one_normal_form_and_mended_text_is_flagged(path, row):
    with open_store(path) as store:
        receipt = store.append([
            row(item="a", text="e\u0301"), row(item="b", text="before\x00after"), row(item="c", text="half \ud83d"),
            row(item="d", text="' OR 1=1 --"), row(item="e", text="\u202eabc"),
        ])
        history = store.responses(latest=False)
    assert receipt.flagged == 2
    assert history["text"].tolist() == ["é", "beforeafter", "half \ufffd", "' OR 1=1 --", "\u202eabc"]
    assert history["flags"].tolist() == [pd.NA, "nul", "surrogate", pd.NA, pd.NA]


def test_no_rows_is_no_batch(path):
    with open_store(path) as store, pytest.raises(StoreError, match="no rows to keep"):
        store.append([])


@pytest.mark.parametrize("table", ["responses", "imported_scores", "batches", "imports", "instruments", "meta"])
def test_the_database_refuses_to_change_or_delete(path, row, table):
    scores = pd.DataFrame({"wave": ["T1"], "person": ["P1"], "target": ["P1"], "role": ["self"], "scale": ["trust"],
                           "score": [3.5], "method": ["imported"]})
    with open_store(path, study="spring") as store:
        store.append([row()], marks=[InstrumentMark("trust", "1.0", "abc")])
        store.append_scores(scores, source=SourceFile("scores.csv", "0" * 64, 1))
    key = "name" if table == "meta" else "sequence"
    connection = sqlite3.connect(path)
    copy = f"SELECT * FROM {table} ORDER BY {key} LIMIT 1"
    for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}",
                      f"INSERT OR REPLACE INTO {table} {copy}"):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            connection.execute(statement)
        connection.rollback()
    connection.close()


def test_scores_and_the_import_log(path):
    scores = pd.DataFrame({"wave": ["T1", "T2"], "person": "P1", "target": "P1", "role": "self", "scale": "trust",
                           "score": [3.5, None], "method": "imported"})
    source = SourceFile("scores.csv", "f" * 64, 1)
    with open_store(path) as store:
        receipt = store.append_scores(scores, key="scores.csv", source=source)
        assert store.append_scores(scores, key="scores.csv", source=source) == receipt
        kept = store.scores()
        assert kept["score"].tolist() == [3.5, pd.NA]
        assert kept["source"].tolist() == ["scores.csv"] * 2
        SCORES.check(kept.drop(columns="source"))
        log = store.imports()
        assert log[["name", "sha256", "rows"]].values.tolist() == [["scores.csv", "f" * 64, 1]]
        with pytest.raises(StoreError, match="'boss', which is not one of"):
            store.append_scores(scores.assign(role="boss"), source=source)


def test_an_instrument_changed_under_its_old_version_is_refused(path, row):
    with open_store(path) as store:
        store.append([row()], marks=[InstrumentMark("trust", "1.0", "abc")])
        with pytest.raises(StoreError, match=r"'trust' 1\.0 is not what it was"):
            store.append([row(wave="T2")], marks=[InstrumentMark("trust", "1.0", "xyz")])
        store.append([row(wave="T2", version="1.1")], marks=[InstrumentMark("trust", "1.1", "xyz")])
        assert [mark.content_hash for mark in store.marks()] == ["abc", "xyz"]
        assert store.responses()["version"].tolist() == ["1.0", "1.1"]


def test_another_study_is_refused(path, row):
    with open_store(path, study="spring") as store, pytest.raises(StoreError, match="'autumn' in the file of study"):
        store.append([row(study="autumn")])
    with pytest.raises(StoreError, match="answers of study 'spring', not 'autumn'"):
        open_store(path, study="autumn")


def test_closed_and_read_only_stores_say_so(path, row):
    store = open_store(path)
    store.append([row()])
    store.close()
    store.close()
    for use in (lambda: store.append([row()]), store.responses):
        with pytest.raises(StoreError, match="is closed"):
            use()
    with open_store(path, read_only=True) as store, pytest.raises(StoreError, match="for reading alone"):
        store.append([row()])


def test_places_that_cannot_hold_answers_are_refused_and_left_alone(tmp_path):
    (tmp_path / "empty.db").touch()
    (tmp_path / "table.db").write_text("person,q1\nP1,4\n", encoding="utf-8")
    (tmp_path / "folder.db").mkdir()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE meta (name TEXT)")
    other.commit()
    other.close()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    for name, message in (("empty.db", "it is empty"), ("table.db", "not an SQLite database"),
                          ("folder.db", "is not a file"), ("other.db", "but not a file of answers"),
                          ("missing/answers.db", "folder .* is not there")):
        with pytest.raises(StoreError, match=message):
            open_store(tmp_path / name)
    with pytest.raises(StoreError, match=r"no file 'none\.db'"):
        open_store(tmp_path / "none.db", create=False)
    with pytest.raises(StoreError, match=r"no file 'none\.db'"):
        open_store(tmp_path / "none.db", read_only=True)
    with pytest.raises(StoreError, match="address of type 'mysql'"):
        open_store("mysql://somewhere/answers")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


def test_a_damaged_file_is_refused(path, sheet):
    with open_store(path) as store:
        store.append(sheet("P1"))
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"\xff" * 4000 + whole[4200:])
    with pytest.raises(StoreError, match=r"cannot be read|not a file of answers"):
        open_store(path)


def test_an_address_opens_the_same_file(path, row):
    with open_store(f"sqlite:///{path}") as store:
        store.append([row()])
    with open_store(path, create=False) as store:
        assert len(store.responses()) == 1


def test_a_newer_schema_is_refused_and_left_as_it_was(path):
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = contents(path.parent)
    with pytest.raises(StoreError, match="schema '9999'; this version knows 0001") as refused:
        open_store(path)
    assert "install that version" in str(refused.value)
    assert contents(path.parent) == before


READ_ONLY = """
import os, sys
from pathlib import Path
from coachresearch.core.errors import StoreError
from coachresearch.store.store import open_store

def use(folder):
    row = dict(study="spring", wave="T2", person="P1", target="P1", role="self", instrument="trust", version="1.0",
               form="full", item="trust_01", value=3, language="en", mode="web")
    with open_store(folder / "answers.db", read_only=True) as store:
        yield str(len(store.responses()))
    try:
        open_store(folder / "new.db").close()
        with open_store(folder / "answers.db") as store:
            yield store.append([row])
    except StoreError as problem:
        yield str(problem)
    try:
        with open_store(folder / "answers.db") as store:
            yield store.append([row])
    except StoreError as problem:
        yield str(problem)

list(use(Path(sys.argv[2])))
if os.geteuid() == 0:
    os.setuid(65534)
print("|".join(map(str, use(Path(sys.argv[1])))))
"""


def test_a_read_only_folder_can_be_read_and_is_not_written_to(tmp_path, sheet):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in (folder, tmp_path):
            with open_store(place / "answers.db") as store:
                store.append(sheet("P1"))
        (folder / "answers.db").chmod(0o444)
        folder.chmod(0o555)
        before = contents(folder)
        done = subprocess.run([sys.executable, "-c", READ_ONLY, name, tmp_path], capture_output=True, text=True,
                              check=False)
        after = contents(folder)
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    rows, begun, written = done.stdout.split("|")
    assert rows == "30"
    assert "'new.db' cannot be written" in begun and "folder and the file may be written to" in begun
    assert "Nothing was written to 'answers.db': attempt to write a readonly database" in written
    assert after == before
