"""A second witness: what is written, and that it is marked as run or not."""

import json
import stat
import sys

import numpy as np
import pandas as pd
import pytest

from coachresearch.apps.witnesses import write_witness
from coachresearch.core.errors import CoachResearchError, EstimationError
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.collect import collect
from coachresearch.psychometrics.efa import exploratory_factors
from coachresearch.psychometrics.icc import icc_table
from coachresearch.psychometrics.items import item_analysis
from coachresearch.psychometrics.reliability import reliability
from coachresearch.psychometrics.rotation import Rotation
from coachresearch.psychometrics.witness import witness


@pytest.fixture
def rows():
    return pd.DataFrame(factor_answers(np.random.default_rng(1), 100, loadings=[0.7] * 5), columns=list("abcde"))


@pytest.fixture
def program(tmp_path):
    """Stand-in for Rscript: finds each expected number, moved by the number in a file of the parent folder."""
    script = tmp_path / "program"
    script.write_text(f"""#!{sys.executable}
import csv, pathlib, sys
off = pathlib.Path("../off")
if off.is_file() and not off.read_text():
    sys.exit("no package called psych")
rows = list(csv.DictReader(open("expected.csv")))
with open("found.csv", "w") as file:
    csv.writer(file).writerows([[row["term"], row["estimate"]] for row in rows])
print("compared")
sys.exit(1 if off.is_file() else 0)
""", encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return str(script)


def test_a_witness_that_was_not_run_says_so(rows, tmp_path):
    moments = collect(rows)
    found = write_witness(reliability(moments, title="T"), moments, tmp_path / "w")
    assert found.status == "not_executed"
    assert json.loads((tmp_path / "w/witness.json").read_text(encoding="utf-8"))["status"] == "not_executed"
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == [
        "data.csv", "expected.csv", "witness.R", "witness.json"]
    table = pd.read_csv(tmp_path / "w/data.csv", index_col=0)
    np.testing.assert_allclose(table.to_numpy(), moments.cov)
    expected = pd.read_csv(tmp_path / "w/expected.csv").set_index("term")
    wanted = reliability(moments, title="T").estimate("alpha").estimate
    assert expected.loc["alpha", "estimate"] == pytest.approx(wanted)
    script = (tmp_path / "w/witness.R").read_text(encoding="utf-8")
    assert "n <- 100\n" in script
    assert "library(psych)" in script


def test_what_the_other_program_says_is_kept(rows, tmp_path, program):
    moments = collect(rows)
    result = reliability(moments, title="T")
    assert write_witness(result, moments, tmp_path / "w", execute=True, program=program).status == "agrees"
    (tmp_path / "off").write_text("1", encoding="utf-8")
    again = write_witness(result, moments, tmp_path / "w", execute=True, program=program)
    assert (again.status, again.said) == ("differs", "compared")
    (tmp_path / "off").write_text("", encoding="utf-8")
    failed = write_witness(result, moments, tmp_path / "w", execute=True, program=program)
    assert (failed.status, failed.said) == ("failed", "no package called psych")


def test_what_cannot_be_witnessed_is_said(rows, tmp_path):
    moments = collect(rows)
    result = reliability(moments, title="T")
    with pytest.raises(EstimationError, match="needs Moments"):
        witness(result, rows)
    with pytest.raises(EstimationError, match="needs a frame of rows"):
        witness(icc_table(rows), moments)
    with pytest.raises(EstimationError, match="no witness for results of kind 'item_analysis'"):
        witness(item_analysis(pd.DataFrame({"a": [1, 2], "b": [2, 1]}), low=1, high=2, title="T"), moments)
    target = exploratory_factors(moments, 2, rotation=Rotation("target", wanted=np.eye(5)[:, :2]))
    with pytest.raises(EstimationError, match="no witness for the rotation 'target'"):
        witness(target, moments)
    with pytest.raises(CoachResearchError, match="'no_such_program' is not installed"):
        write_witness(result, moments, tmp_path / "w", execute=True, program="no_such_program")
    assert not (tmp_path / "w").exists()
    (tmp_path / "used").mkdir()
    (tmp_path / "used/mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(CoachResearchError, match="'used' holds other things"):
        write_witness(result, moments, tmp_path / "used")
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine.txt"]
