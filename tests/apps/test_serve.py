"""Serving a study: who gets a link, the sheet, what is unsafe, and the server as a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from coachresearch.apps.folder import open_folder
from coachresearch.apps.serve import Setting, consent_text, invite, run, unsafe
from coachresearch.apps.setup import new_study
from coachresearch.core.errors import DesignError
from coachresearch.fieldwork.asking import ConsentText
from coachresearch.store.links import look_up
from coachresearch.store.promise import keep_until
from coachresearch.store.store import open_store

START_WITHIN = 40.0  # seconds; the machine may be busy


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "spring"
    new_study(folder, title="Spring <cohort>", assignment="waitlist", instrument="mq5", form="core")
    arm = open_folder_arm(folder)
    (folder / "people.csv").write_text(f"person,level,team,arm,treatment_start\nP001,1,A,{arm},\nP002,1,A,{arm},\n",
                                       encoding="utf-8")
    (folder / "relations.csv").write_text("target,rater,role,wave\nP001,R001,report,\nP001,R002,report,T2\n",
                                          encoding="utf-8")
    return folder


def open_folder_arm(folder: Path) -> str:
    return re.search(r"arms:\s*\n\s*- *\{? *id: *(\w+)", (folder / "study.yaml").read_text(encoding="utf-8")).group(1)


def invited(setting: Setting) -> list[str]:
    folder = open_folder(setting.study)
    with open_store(folder.database, study=folder.study.id) as store:
        return list(invite(setting, folder, store, setting.address))


def test_everybody_who_is_asked_gets_one_link_and_nobody_gets_a_second(study):
    folder = open_folder(study)
    asked = folder.study.waves[0].asked
    roles = {role for one in asked for role in one.roles}
    expected = 2 * ("self" in roles) + ("report" in roles)
    lines = invited(Setting(study, "T1", base="https://survey.example.org"))
    tokens = re.findall(r"https://survey\.example\.org/l/([\w-]{43})", "\n".join(lines))
    assert len(tokens) == len(set(tokens)) == expected
    assert not any("R002" in line for line in lines)
    with open_store(folder.database) as store:
        assert all(look_up(store, token).state == "open" for token in tokens)
    again = invited(Setting(study, "T1"))
    assert again == [f"{expected} of {expected} links were made before and stay good; "
                     "they stand in the sheets written then."]


def test_the_sheet_holds_a_code_a_person_and_is_for_its_owner_alone(study):
    lines = invited(Setting(study, "T1", base="https://survey.example.org"))
    sheet = study / "links-T1.html"
    text = sheet.read_text(encoding="utf-8")
    links = re.findall(r"https://survey\.example\.org/l/[\w-]{43}", "\n".join(lines))
    assert text.count("<svg") == len(links)
    assert all(link in text for link in links)
    assert "Spring &lt;cohort&gt;" in text
    assert "http" not in re.sub(r"https://survey\.example\.org\S*|http://www\.w3\.org\S*", "", text)
    if os.name == "posix":
        assert sheet.stat().st_mode & 0o077 == 0


def test_a_study_without_people_is_told(study):
    (study / "people.csv").write_text("person,level,team,arm,treatment_start\n", encoding="utf-8")
    (study / "relations.csv").unlink()
    with pytest.raises(DesignError, match=r"asks nobody who stands in people\.csv"):
        invited(Setting(study, "T1"))


@pytest.mark.parametrize("base", ["survey.example.org", "ftp://x", "https://x.org/path", "https://"])
def test_a_base_that_is_no_site_is_refused(study, base):
    with pytest.raises(DesignError, match="not the address of a site"):
        invited(Setting(study, "T1", base=base))


def test_a_port_that_is_taken_is_told_before_links_are_made(study):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DesignError, match="cannot listen"):
            run(Setting(study, "T1", port=taken.getsockname()[1]), say=print)
    assert not (study / "answers.db").exists()


def test_the_check_names_what_is_unsafe_and_makes_nothing(study):
    before = sorted(study.iterdir())
    alone = "\n".join(unsafe(Setting(study, "T1")))
    assert "Only this computer can open the links" in alone
    assert "No backup was made" in alone
    assert "consent text of your own" in alone
    assert "unencrypted" in "\n".join(unsafe(Setting(study, "T1", host="0.0.0.0")))
    assert "goes past HTTPS" in "\n".join(unsafe(Setting(study, "T1", host="0.0.0.0", base="https://x.org")))
    assert sorted(study.iterdir()) == before


def test_the_check_is_content_where_all_is_decided(study):
    from datetime import date

    with open_store(study / "answers.db", study=open_folder(study).study.id) as store:
        keep_until(store, date(2030, 1, 1))
    (study / "answers.db").chmod(0o600)
    (study / "backups").mkdir()
    (study / "consent.en.txt").write_text("version: 2\nWho we are.\n", encoding="utf-8")
    said = unsafe(Setting(study, "T1", base="https://survey.example.org"))
    assert said == ("Nothing unsafe was found in what can be seen from here.",)
    (study / "links-T1.html").write_text("x", encoding="utf-8")
    (study / "links-T1.html").chmod(0o644)
    assert len(unsafe(Setting(study, "T1", base="https://survey.example.org"))) == 2


def test_consent_texts_of_several_languages_share_a_version(study):
    assert consent_text(study) == ConsentText()
    (study / "consent.en.txt").write_text("version: 2\nWho we are.\n", encoding="utf-8")
    (study / "consent.de.txt").write_text("Version: 2\nWer wir sind.\n", encoding="utf-8")
    assert consent_text(study) == ConsentText("2", (("de", "Wer wir sind."), ("en", "Who we are.")))
    (study / "consent.de.txt").write_text("version: 1\nWer wir sind.\n", encoding="utf-8")
    with pytest.raises(DesignError, match="different versions"):
        consent_text(study)
    (study / "consent.de.txt").write_text("Wer wir sind.\n", encoding="utf-8")
    with pytest.raises(DesignError, match="is not a consent text"):
        consent_text(study)


def test_the_command_serves_the_link_that_it_prints(study):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "coachresearch", "serve", str(study), "--wave", "T1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "PYTHONUNBUFFERED": "1"}) as server:
        try:
            said = ""
            for line in server.stdout:
                said += line
                if "Listening" in line:
                    break
            link = re.search(r"http://127\.0\.0\.1:\d+/l/[\w-]{43}", said).group(0)
            page = fetched(link)
            assert "Begin or go on" in page
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/open", data=b"token=x", timeout=START_WITHIN)
        finally:
            server.terminate()


def fetched(address: str) -> str:
    until = time.monotonic() + START_WITHIN
    while True:
        try:
            with urllib.request.urlopen(address, timeout=START_WITHIN) as answer:
                return answer.read().decode("utf-8")
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
