"""What a person gets to see: all that is theirs, and of others' answers only groups that hide each of them."""

import json
import zipfile

import pytest

from coachresearch.core.errors import StoreError
from coachresearch.responses.access import write_access
from coachresearch.store.audit import log
from coachresearch.store.consents import record_consent
from coachresearch.store.directory import Contact, Directory
from coachresearch.store.erasure import leave
from coachresearch.store.links import issue, open_session
from coachresearch.store.rows import rows_of
from coachresearch.store.store import open_store

K = 3


@pytest.fixture
def store(tmp_path, answers):
    with open_store(tmp_path / "answers.db", study="spring") as opened:
        opened.append(rows_of(answers((1, 2, 3, None))))
        opened.append(rows_of(answers((5, 5, 5, 5), person="P2")))
        for number, values in enumerate(((1, 2, 3, None), (2, 2, 3, 4), (5, 3, 3, 4))):
            opened.append(rows_of(answers(values, person=f"R{number}", target="P1", role="report")))
        opened.append(rows_of(answers((4, 4, 4, 4), person="P1", target="P2", role="report")))
        yield opened


def read(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_everything_of_a_person_and_of_others_only_groups(tmp_path, store):
    names = Directory(tmp_path / "directory.db")
    names.add([Contact("P1", "Ada <b>Lovelace</b>", "=cmd@example.org", "en")])
    invitation = issue(store, study="spring", wave="T2", person="P1", target="P1", role="self", instrument="care",
                       form="full", version="1.0")
    session_id = open_session(store, invitation.token)
    record_consent(store, session_id, text_version="1", text="Text", language="en", choices={"all": True})
    leave(store, "P1", "contact")
    path = write_access(store, "P1", tmp_path / "p1.zip", min_group=K, directory=names.path, who="Ana")
    files = read(path)
    told = json.loads(files["everything.json"])
    assert len(told["given"]) == 8
    assert {row["target"] for row in told["given"]} == {"P1", "P2"}
    assert told["contact"][0]["name"] == "Ada <b>Lovelace</b>"
    assert told["consents"][0]["text_version"] == "1"
    assert told["left"][0]["level"] == "contact"
    assert told["links"][0]["wave"] == "T2"
    shown = {row["item"]: row["mean"] for row in told["about"]}
    assert shown == {"trust_01": 2.7, "trust_02": 2.3, "trust_03": 3.0}
    everything = "".join(files.values())
    assert not any(f"R{number}" in everything for number in range(3))
    assert invitation.token not in everything and session_id not in everything
    assert "<b>Lovelace" not in files["read_me.html"] and "&lt;b&gt;Lovelace" in files["read_me.html"]
    assert "'=cmd@example.org" in files["contact.csv"]
    assert path.stat().st_mode & 0o077 == 0
    assert log(store)["what"].iloc[-1] == "access given"


def test_answers_of_fewer_than_the_minimum_are_not_told(tmp_path, store):
    told = json.loads(read(write_access(store, "P1", tmp_path / "p.zip", min_group=4))["everything.json"])
    assert told["about"] == []
    told = json.loads(read(write_access(store, "P2", tmp_path / "p.zip", min_group=2))["everything.json"])
    assert told["about"] == []
    assert len(told["given"]) == 4


def test_a_stranger_and_a_careless_minimum_are_refused(tmp_path, store):
    with pytest.raises(StoreError, match="Nothing is kept about 'P9'"):
        write_access(store, "P9", tmp_path / "p9.zip", min_group=K)
    with pytest.raises(StoreError, match="a group of one"):
        write_access(store, "P1", tmp_path / "p1.zip", min_group=1)
    with pytest.raises(StoreError, match="cannot be written"):
        write_access(store, "P1", tmp_path / "none" / "p1.zip", min_group=K)
    assert not list(tmp_path.glob("*.zip"))
