"""One factor: reliable scales that hold several, gates by a named rule, items left out one by one."""

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.draws.factor import factor_answers
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.dropped import omega_if_dropped
from coachresearch.psychometrics.factor import extract
from coachresearch.psychometrics.reliability import alpha, omega_total
from coachresearch.psychometrics.structure import structure, structure_gate

TWO = np.kron(np.eye(2), np.full((6, 1), 0.85))
RELATED = np.array([[1, 0.55], [0.55, 1]])


def moments(rng, n, loadings, phi=None, **more):
    rows = factor_answers(rng, n, loadings=loadings, phi=phi)
    return Moments.from_rows([f"i{i}" for i in range(rows.shape[1])], rows, **more)


def test_a_high_alpha_does_not_pass_for_one_factor():
    rng = np.random.default_rng(1)
    found = moments(rng, 800, TWO, RELATED)
    assert alpha(found).estimate("alpha").estimate > 0.90
    result = structure(found, rng=rng, title="Two", scale="two")
    gate = structure_gate(result)
    assert (gate.verdict, gate.kind, gate.statistic, gate.scale) == ("fail", "structure", "rmsea", "two")
    assert result.parallel.n_factors == 2
    assert "2 factors stand out from chance" in result.summary()


def test_one_factor_passes_and_few_people_decide_nothing():
    rng = np.random.default_rng(2)
    assert structure_gate(structure(moments(rng, 800, [0.7] * 8), rng=rng)).verdict == "pass"
    few = structure_gate(structure(moments(rng, 30, [0.7] * 8), rng=rng))
    assert (few.verdict, few.reason) == ("not_assessable", "too_few_people")
    some = [structure_gate(structure(moments(rng, 80, [0.7] * 8), rng=rng)) for _ in range(12)]
    assert "interval_straddles_cut" in {gate.reason for gate in some}
    with pytest.raises(EstimationError, match="no structure rule 'x'"):
        structure_gate(structure(moments(rng, 100, [0.7] * 8), rng=rng), "x")


def test_what_has_no_structure_to_test():
    rng = np.random.default_rng(3)
    with pytest.raises(EstimationError, match="3 items leave nothing to test"):
        structure(moments(rng, 100, [0.7] * 3), rng=rng)
    with pytest.raises(EstimationError, match="cannot be tested on team means"):
        structure(moments(rng, 100, [0.7] * 5, unit="team_mean"), rng=rng)
    with pytest.raises(EstimationError):
        structure(moments(rng, 5, [0.7] * 5), rng=rng)


def test_omega_without_an_item_is_that_of_the_others():
    found = moments(np.random.default_rng(4), 300, [0.8, 0.7, 0.6, 0.5, 0.1])
    dropped = omega_if_dropped(found)
    for place, item in enumerate(found.columns):
        others = found.select([name for name in found.columns if name != item])
        wanted = omega_total(others).estimate("omega_total").estimate
        assert dropped.without[place] == pytest.approx(wanted, abs=1e-9)
        assert dropped.estimate("alpha_if_dropped", item).estimate == pytest.approx(
            alpha(others).estimate("alpha").estimate, abs=1e-12)
    assert dropped.without[4] > dropped.omega
    assert dropped.figure_frame.shape == (5, 3)
    with pytest.raises(EstimationError, match="Without one of 3 items"):
        omega_if_dropped(found.select(["i0", "i1", "i2"]))


def test_the_fit_of_one_factor_is_that_of_its_residuals():
    found = moments(np.random.default_rng(5), 200, [0.7] * 6)
    result = structure(found, rng=np.random.default_rng(6))
    residual = found.cor - extract(found.cor).implied
    wanted = np.sqrt(np.sum(np.tril(residual) ** 2) / 21)
    assert result.estimate("srmr").estimate == pytest.approx(wanted, abs=1e-9)
