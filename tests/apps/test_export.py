"""The export command: what leaves is noted before, what was promised is kept."""

import pytest
from typer.testing import CliRunner

from coachresearch.apps.cli import app
from coachresearch.core.errors import CoachResearchError, DesignError, ResponseError
from coachresearch.instruments.reader import read_instruments
from coachresearch.store.audit import log
from coachresearch.store.directory import Contact, Directory
from coachresearch.store.promise import promise
from coachresearch.store.store import open_store

VERSION = read_instruments()["mq5"].version


def call(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "pilot"
    call("new", folder, "--instrument", "mq5", "--form", "core", "--assignment", "one_group")
    people = [f"P{number}" for number in range(6)]
    (folder / "people.csv").write_text("person,level,team,arm,treatment_start\n" + "".join(
        f"{person},,{'a' if person != 'P5' else 'b'},coached,\n" for person in people), encoding="utf-8")
    with open_store(folder / "answers.db", study="pilot") as store:
        promise(store, "identified")
        rows = [{"study": "pilot", "wave": "T1", "person": f"R{rater}{person}", "target": person, "role": "report",
                 "instrument": "mq5", "version": VERSION, "form": "core", "item": "mot_3", "value": 4, "language": "en",
                 "mode": "web"} for person in people for rater in range(6)]
        store.append(rows)
    Directory(folder / "directory.db").add([Contact("R0P0", "Ada Lovelace", "ada@example.org")])
    return folder


def told(study):
    with open_store(study / "answers.db", create=False) as store:
        return log(store)


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx", "sav", "dta"])
def test_each_format_is_written_with_its_codebook_and_noted(study, format):
    said = call("export", study, "--format", format)
    assert f"of 36 people written to answers.{format}" in said
    assert {file.name for file in (study / "export").iterdir()} == {f"answers.{format}", "answers.codebook.csv"}
    entry = told(study).iloc[-1]
    assert entry["what"] == "exported" and f'"format": "{format}"' in entry["details"]


def test_what_is_refused_is_noted_and_nothing_is_written(study, tmp_path):
    with pytest.raises(ResponseError, match="have team b"):
        call("export", study, "--attributes", "team", "-o", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    entry = told(study).iloc[-1]
    assert entry["what"] == "export refused" and "have team b" in entry["details"]


def test_names_go_with_answers_in_identified_studies_alone(study, tmp_path):
    call("export", study, "--names", "-o", tmp_path / "named.csv")
    assert "Ada Lovelace" in (tmp_path / "named.csv").read_text(encoding="utf-8")
    with open_store(tmp_path / "other.db", study="pilot") as store, \
            open_store(study / "answers.db", create=False) as first:
        promise(store, "confidential")
        frame = first.responses()
        from coachresearch.store.rows import rows_of

        store.append(rows_of(frame))
    (study / "answers.db").unlink()
    (tmp_path / "other.db").rename(study / "answers.db")
    with pytest.raises(CoachResearchError, match="is confidential: names do not go beside answers"):
        call("export", study, "--names", "-o", tmp_path / "again.csv")
    assert not (tmp_path / "again.csv").exists()
    assert told(study).iloc[-1]["what"] == "export refused"


@pytest.mark.parametrize(("words", "message"), [
    (("--format", "ods"), "no format 'ods'"), (("--times", "hour"), "no choice 'hour'"),
    (("--attributes", "team,age"), "no attribute 'age'"),
])
def test_choices_that_do_not_exist_are_told(study, words, message):
    with pytest.raises(DesignError, match=message):
        call("export", study, *words)


def test_an_exported_csv_comes_back_as_it_left(study, tmp_path):
    call("export", study, "-o", tmp_path / "out.csv")
    (study / "answers.db").rename(tmp_path / "first.db")
    call("import", study, tmp_path / "out.csv")
    with open_store(tmp_path / "first.db", create=False) as first, \
            open_store(study / "answers.db", create=False) as second:
        order = ["wave", "person", "target", "item"]
        kept, back = (one.responses().sort_values(order, ignore_index=True) for one in (first, second))
    assert back.equals(kept)
