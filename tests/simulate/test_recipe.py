"""The spring cohort: a complete study folder that its recipe makes again, byte by byte."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest

from coachresearch.core.errors import DesignError
from coachresearch.core.places import shipped
from coachresearch.instruments.reader import read_instruments
from coachresearch.responses.responses import Responses
from coachresearch.simulate.recipe import main, read_recipe, write_cohort
from coachresearch.studies.people_reader import read_people
from coachresearch.studies.reader import read_study

LARGEST = 1_000_000
MADE = ("people.csv", "relations.csv", "coaching.csv", "outcomes.csv", "responses.csv")


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "spring_cohort"
    folder.mkdir()
    for name in ("study.yaml", "recipe.yaml"):
        shutil.copy(shipped("data/synthetic") / "spring_cohort" / name, folder)
    return folder


def test_the_recipe_makes_the_same_bytes(copy):
    written = write_cohort(copy)
    assert [path.name for path in written] == list(MADE)
    for path in written:
        assert path.read_bytes() == (shipped("data/synthetic") / "spring_cohort" / path.name).read_bytes(), path.name
    assert sorted(path.name for path in copy.iterdir()) == sorted([*MADE, "study.yaml", "recipe.yaml"])


def test_the_folder_is_a_whole_study():
    folder = shipped("data/synthetic") / "spring_cohort"
    study = read_study(folder)
    people = read_people(folder, study)
    frame = pd.read_csv(folder / "responses.csv")
    Responses(frame, (read_instruments()["mq5"],), study.id)
    assert study.simulated
    assert len(people.people) == read_recipe(folder).truth.leaders
    assert people.relations.groupby(["target", "role"]).size().xs("report", level="role").between(4, 6).all()
    assert set(people.outcomes["measure"]) == {"complaints"}
    assert (people.people["treatment_start"].dt.date > study.waves[0].closes).all()
    assert (folder / "responses.csv").stat().st_size < LARGEST


def test_the_command_works_and_says_what_is_wrong(copy, capsys):
    done = subprocess.run([sys.executable, "-m", "coachresearch.simulate.recipe", str(copy)], check=False,
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (copy / "responses.csv").is_file()
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().err
    assert main([str(copy.parent)]) == 2
    assert "recipe.yaml cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("old", "new", "message"), [
    ("careless: 0.03", "careless: 3", r"careless is 3 \(recipe.yaml, line \d+\)"),
    ("seed: 20260302", "seed: spring", "seed is 'spring'|seed is spring"),
    ("instrument: mq5", "instrument: mq6", "no instrument 'mq6'"),
    ("  effect: 0.9", "  efect: 0.9", "unknown key 'efect'"),
    ("  leaders: 64", "  leaders: 12.5", r"leaders is 12.5, which is not of type integer \(recipe.yaml, line \d+\)"),
])
def test_a_recipe_that_is_wrong_names_its_line_and_writes_nothing(copy, old, new, message):
    text = (copy / "recipe.yaml").read_text(encoding="utf-8")
    assert old in text
    (copy / "recipe.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DesignError, match=message):
        write_cohort(copy)
    assert not (copy / "people.csv").exists()
