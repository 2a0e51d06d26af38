"""The data commands: what they do to a study folder, and what they refuse."""

import re
import secrets

import pytest
from typer.testing import CliRunner

from coachresearch.apps.cli import app
from coachresearch.core.errors import CoachResearchError, DesignError
from coachresearch.store.directory import Contact, Directory
from coachresearch.store.links import issue, open_session
from coachresearch.store.store import open_store
from coachresearch.store.submissions import submit


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
    (folder / "people.csv").write_text(
        "person,level,team,arm,treatment_start\nP1,,,coached,\nP2,,,coached,\nP3,,,coached,\n", encoding="utf-8")
    (folder / "relations.csv").write_text("target,rater,role,wave\nP1,P2,report,\nP3,R9,report,\n", encoding="utf-8")
    with open_store(folder / "answers.db", study="pilot") as store:
        for person, target in (("P1", "P1"), ("P2", "P2"), ("P2", "P1"), ("P3", "P3")):
            role = "self" if person == target else "report"
            token = issue(store, study="pilot", wave="T1", person=person, target=target, role=role,
                          instrument="mq5", form="core", version="1.0", language="en").token
            submit(store, open_session(store, token), secrets.token_urlsafe(24), [{"item": "mot_3", "value": 4}])
    Directory(folder / "directory.db").add([Contact(f"P{n}", f"Name {n}", f"{n}@example.org") for n in (1, 2, 3)])
    return folder


def people(folder):
    with open_store(folder / "answers.db", create=False) as store:
        return sorted(store.responses()["person"])


def test_status_and_promise(study):
    assert "4 answers of 3 people in answers.db" in call("data", "status", study)
    assert "confidential" in call("data", "promise", study, "confidential")
    with pytest.raises(CoachResearchError, match="cannot become 'anonymous'"):
        call("data", "promise", study, "anonymous")
    with pytest.raises(CoachResearchError, match="no mode 'secret'"):
        call("data", "promise", study, "secret")


def test_withdrawing_at_each_level(study):
    assert "P1 will get no more mail" in call("data", "withdraw", study, "P1", "--level", "contact")
    assert Directory(study / "directory.db").contact("P1").no_contact
    assert "1 answer of P1 left out from now on" in call("data", "withdraw", study, "P1", "--level", "use")
    assert people(study) == ["P2", "P2", "P3"]
    told = call("data", "withdraw", study, "P2", "--level", "erase")
    assert "2 answers" in told and "people.csv, relations.csv" in told
    assert people(study) == ["P3"]
    assert "P2" not in (study / "people.csv").read_text() + (study / "relations.csv").read_text()
    assert Directory(study / "directory.db").contact("P2") is None
    with pytest.raises(CoachResearchError, match="no level 'away'"):
        call("data", "withdraw", study, "P3", "--level", "away")


def test_erasing_first_dry_then_for_good(study):
    (study / "report.html").write_text("old")
    call("data", "backup", study)
    assert "Would be erased: 2 answers" in call("data", "erase", study, "P1", "--dry-run")
    assert people(study) == ["P1", "P2", "P2", "P3"]
    told = call("data", "erase", study, "P1", "--reason", "asked by mail")
    assert "2 answers" in told and "1 were given by others" in told
    assert "report.html" in told and "Backups made before" in told
    assert people(study) == ["P2", "P3"]
    again = call("data", "restore", study, next((study / "backups").iterdir()), "--replace")
    assert "1 wish to leave carried out again" in again
    assert people(study) == ["P2", "P3"]
    assert re.search(r"root|runner|\w+: erased P1", call("data", "log", study))


def test_access(study):
    assert "about-P1.zip" in call("data", "access", study, "P1")
    assert (study / "about-P1.zip").is_file()
    with pytest.raises(CoachResearchError, match="Nothing is kept about 'nobody'"):
        call("data", "access", study, "nobody")


def test_retention(study):
    assert "No date is decided" in call("data", "retain", study)
    told = call("data", "retain", study, "--until", "2999-12-31")
    assert "Kept until 2999-12-31" in told and "3 people, 4 answers, 4 links" in told
    with pytest.raises(CoachResearchError, match="kept until 2999-12-31"):
        call("data", "retain", study, "--carry-out", "everything")
    with pytest.raises(CoachResearchError, match="is not a day"):
        call("data", "retain", study, "--until", "soon")
    assert "The date has passed" in call("data", "retain", study, "--until", "2020-01-31")
    call("data", "retain", study, "--carry-out", "identities")
    assert len(people(study)) == 4
    assert not (study / "directory.db").exists()
    call("data", "retain", study, "--carry-out", "everything")
    assert people(study) == []


def test_what_cannot_be_done_is_told(study, tmp_path):
    with pytest.raises(CoachResearchError, match="is there already"):
        call("data", "backup", study)
        call("data", "restore", study, next((study / "backups").iterdir()))
    with pytest.raises(CoachResearchError, match="not a backup"):
        call("data", "restore", study, tmp_path, "--replace")
    with pytest.raises((DesignError, FileNotFoundError)):
        call("data", "status", tmp_path / "nowhere")
    with pytest.raises(CoachResearchError, match="cannot be reached"):
        call("data", "status", study, "--database", "postgresql://127.0.0.1:1/none")
