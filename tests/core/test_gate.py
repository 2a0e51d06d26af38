"""A missing gate is not a passed gate."""

import math

import pytest

from coachresearch.core.gate import Gate, not_assessable


def test_what_could_not_be_checked_is_not_assessable():
    gate = not_assessable("mq5_total", "invariance", reason="one_wave", n=12)
    assert gate.verdict == "not_assessable"
    assert (gate.scale, gate.kind, gate.reason, gate.n) == ("mq5_total", "invariance", "one_wave", 12)
    assert math.isnan(gate.value)


def test_a_verdict_of_another_name_is_refused():
    with pytest.raises(ValueError, match="verdict 'ok' is not one of"):
        Gate("mq5_total", "reliability", "ok")


def test_a_kind_of_another_name_is_refused():
    with pytest.raises(ValueError, match="kind 'validity' is not one of"):
        Gate("mq5_total", "validity", "pass")


def test_a_gate_cannot_be_changed():
    with pytest.raises(AttributeError):
        not_assessable("mq5_total").verdict = "pass"
