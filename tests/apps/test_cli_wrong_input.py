"""Wrong input ends in a sentence with a remedy, exit code 2, and everything as it was."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from coachresearch.core.places import shipped

CORE = ("mot_3", "rev_2", "dec_1", "acc_3", "rel_3", "mot_4", "rev_4", "dec_2", "acc_5", "rel_4")


def call(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "coachresearch", *map(str, words)], capture_output=True, text=True,
                          check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(folder: Path, *words: object) -> str:
    before = contents(folder)
    done = call(*words)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert contents(folder) == before
    return done.stderr


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "pilot"
    done = call("new", folder, "--instrument", "mq5", "--form", "core", "--assignment", "one_group")
    assert done.returncode == 0, done.stderr
    (folder / "people.csv").write_text("person,level,team,arm,treatment_start\nL1,,,coached,\n", encoding="utf-8")
    return folder


@pytest.fixture
def mapping(study) -> Path:
    items = "\n".join(f"  {item}: {item}" for item in CORE)
    place = study.parent / "mapping.yaml"
    place.write_text("instrument: mq5\nform: core\nperson: {column: who}\ntarget: {column: leader}\n"
                     "role: {constant: report}\nwave: {constant: T1}\nlanguage: {constant: en}\n"
                     f"items:\n{items}\n", encoding="utf-8")
    return place


def answers(value: int) -> pd.DataFrame:
    return pd.DataFrame([{"who": "r1", "leader": "L1", **dict.fromkeys(CORE, 4)},
                         {"who": "r2", "leader": "L1", **dict.fromkeys(CORE, 3), "rel_3": value}])


def test_a_yaml_with_three_faults(tmp_path):
    text = (shipped("instruments") / "manager_quality" / "mq5.yaml").read_text(encoding="utf-8")
    broken = (text.replace("model: reflective", "model: reflexive")
              .replace("keys: {mot_1: 1, mot_2: -1", "keys: {mot_99: 1, mot_2: -1")
              .replace("min_answered: 17", "min_answered: 170"))
    place = tmp_path / "mine.yaml"
    place.write_text(broken, encoding="utf-8")
    said = refused(tmp_path, "instruments", "check", place)
    for part in ("reflexive", "mot_99", "170", "line "):
        assert part in said
    assert said.count("mine.yaml, line") >= 3


def test_a_six_on_a_five_point_scale(study, mapping):
    file = study.parent / "answers.csv"
    answers(6).to_csv(file, index=False)
    said = refused(study, "import", study, file, "--mapping", mapping)
    for part in ("6", "rel_3", "1 to 5", "row "):
        assert part in said
    answers(5).to_csv(file, index=False)
    assert call("import", study, file, "--mapping", mapping).returncode == 0


def test_an_spss_file_with_an_unknown_variable(study, mapping):
    file = study.parent / "answers.sav"
    pyreadstat.write_sav(answers(5).assign(shoe_size=41), str(file))
    said = refused(study, "import", study, file, "--mapping", mapping)
    assert "shoe_size" in said
    assert "ignore" in said


def test_a_wave_that_names_an_absent_instrument(study):
    place = study / "study.yaml"
    place.write_text(place.read_text(encoding="utf-8").replace("instrument: mq5", "instrument: mq6"), encoding="utf-8")
    said = refused(study, "evaluate", study)
    assert "mq6" in said
    assert "study.yaml, line" in said


def test_a_folder_that_cannot_be_written(tmp_path):
    if os.name == "posix" and os.geteuid() == 0:
        locked = Path("/sys")  # the administrator may write anywhere else
    else:
        locked = tmp_path / "locked"
        locked.mkdir()
        locked.chmod(0o555)
    done = call("new", locked / "study")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "permissions" in done.stderr or "Choose another" in done.stderr
    assert not (locked / "study").exists()


def test_a_study_without_answers(study):
    for command in ("score", "measure", "evaluate", "report"):
        assert "no answers yet" in refused(study, command, study)


def test_a_folder_that_is_no_study(tmp_path):
    assert "holds no study.yaml" in refused(tmp_path, "measure", tmp_path)
    assert "nowhere" in refused(tmp_path, "measure", tmp_path / "nowhere")


def test_a_demo_folder_of_somebody_else(tmp_path):
    mine = tmp_path / "spring_cohort"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    said = refused(tmp_path, "demo", "--out", tmp_path)
    assert "not made by this command" in said


def test_the_same_file_twice_changes_nothing(study, mapping):
    file = study.parent / "answers.csv"
    answers(5).to_csv(file, index=False)
    assert call("import", study, file, "--mapping", mapping).returncode == 0
    before = (study / "people.csv").read_bytes()
    again = call("import", study, file, "--mapping", mapping)
    assert again.returncode == 0
    assert "imported before" in again.stdout
    assert (study / "people.csv").read_bytes() == before


def test_a_damaged_file_of_answers(study):
    shutil.copy(study / "study.yaml", study / "answers.db")
    said = refused(study, "measure", study)
    assert "answers.db" in said


def test_a_wave_or_role_that_the_study_does_not_have(study, mapping):
    file = study.parent / "answers.csv"
    answers(5).to_csv(file, index=False)
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("wave: {constant: T1}", "wave: {constant: Spring}"), encoding="utf-8")
    assert "20 answers are from wave 'Spring'" in refused(study, "import", study, file, "--mapping", mapping)
    mapping.write_text(text.replace("role: {constant: report}", "role: {constant: peer}"), encoding="utf-8")
    assert "does not ask the role 'peer'" in refused(study, "import", study, file, "--mapping", mapping)
    mapping.write_text(text.replace("wave: {constant: T1}", "wave: {constant: Before}"), encoding="utf-8")
    assert call("import", study, file, "--mapping", mapping).returncode == 0  # the title of the wave will do


def test_a_study_of_which_one_wave_is_answered_still_gets_its_report(study, mapping):
    file = study.parent / "answers.csv"
    answers(5).to_csv(file, index=False)
    assert call("import", study, file, "--mapping", mapping).returncode == 0
    done = call("report", study)
    assert (done.returncode, done.stderr) == (0, "")
    assert (study / "reports" / "study.html").is_file()


def test_a_file_is_imported_anew_only_when_asked(study, mapping):
    file = study.parent / "answers.csv"
    answers(5).to_csv(file, index=False)
    assert call("import", study, file, "--mapping", mapping).returncode == 0
    mapping.write_text(mapping.read_text(encoding="utf-8") + "labels: {often: 4}\nmissing: {'3': skipped}\n",
                       encoding="utf-8")
    assert "--again" in refused(study, "import", study, file, "--mapping", mapping)
    assert call("import", study, file, "--mapping", mapping, "--again").returncode == 0
