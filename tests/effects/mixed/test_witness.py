"""The R script says the same model; where R is at hand, it gives the same numbers."""

import shutil
import subprocess

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Membership, Random
from coachresearch.effects.mixed.witness import witness_mixed


def test_the_script_names_the_model(trial):
    data = trial.assign(arm=np.where(trial["coached"] == 1, "coached", "comparison"))
    model = mixed_model(data, outcome="y", fixed=("wave*arm",), df="kenward_roger", reference={"arm": "comparison"},
                        random=(Random("person", ("1", "wave")), Random("coach", absent="no_effect")))
    found = witness_mixed(model, data)
    assert "y ~ 1 + wave + arm + wave:arm + (1 + wave | g1) + (0 + g2_there | g2)" in found.script
    assert 'relevel(factor(d$arm), ref = "comparison")' in found.script
    assert "library(pbkrtest)" in found.script
    assert len(found.data_csv.splitlines()) == 136
    assert found.expected == model.estimates


def test_r_gives_the_same_numbers(trial, tmp_path):
    model = mixed_model(trial, outcome="y", fixed=("wave*coached",),
                        random=(Random("person"), Random("coach", absent="no_effect")))
    found = witness_mixed(model, trial)
    assert "library(lmerTest)\n" in found.script
    program = shutil.which("Rscript")
    installed = 'quit(status = !nzchar(system.file(package = "lmerTest")))'
    there = program and not subprocess.run([program, "-e", installed], capture_output=True, check=False).returncode
    if there:
        (tmp_path / "witness.csv").write_text(found.data_csv, encoding="utf-8")
        (tmp_path / "witness.R").write_text(found.script, encoding="utf-8")
        done = subprocess.run([program, "witness.R"], cwd=tmp_path, capture_output=True, text=True, check=True)
        rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("wave ", "wave:coached"))]
        for row in rows:
            one = model.estimate(row[0])
            wanted = [one.estimate, one.std_error, one.df]
            assert [float(value) for value in row[1:4]] == pytest.approx(wanted, rel=1e-4)
        assert len(rows) == 2


def test_what_lme4_cannot_fit_has_no_script(trial):
    by_arm = mixed_model(trial, outcome="y", fixed=("wave",), random=(Random("person"),), residual_by="coached")
    with pytest.raises(EstimationError, match="one residual variance"):
        witness_mixed(by_arm, trial)
    several = mixed_model(trial, outcome="y", fixed=("wave",), random=(Membership(("coach", "coach2")),))
    with pytest.raises(EstimationError, match="several groups a row"):
        witness_mixed(several, trial)
    odd = trial.rename(columns={"y": "the score"})
    model = mixed_model(odd, outcome="the score", fixed=("wave",), random=(Random("person"),))
    with pytest.raises(EstimationError, match="R cannot read the column names 'the score'"):
        witness_mixed(model, odd)
