"""Alpha and omega are refused where the items of a score need not go together."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from coachresearch.apps.measure import measure_scale
from coachresearch.instruments.reader import read_instruments
from coachresearch.responses.responses import Responses
from coachresearch.studies.study import Wave

PEOPLE = 30


def answered(instrument, form):
    rows = [{"study": "s", "wave": "T1", "person": f"P{person}", "target": f"P{person}", "role": "self",
             "instrument": instrument.id, "version": instrument.version, "form": form, "item": item,
             "value": instrument.response_scale(item).values[(person * (place + 3) + place) %
                                                             len(instrument.response_scale(item).values)],
             "language": "en", "mode": "web"}
            for person in range(PEOPLE) for place, item in enumerate(instrument.form(form).items)]
    return Responses(pd.DataFrame(rows), (instrument,), "s")


@pytest.mark.parametrize(("name", "form", "scale", "measured"), [
    ("tshape", "full", "tshape_breadth", False), ("tshape", "full", "tshape_bridge", True),
    ("session_pulse", "full", "session_pulse", False), ("tmc", "cases", "tmc_cases", False),
    ("lsup", "full", "lsup_total", True),
])
def test_reliability_is_given_for_reflective_scores_alone(name, form, scale, measured):
    instrument = read_instruments()[name]
    opened = SimpleNamespace(study=SimpleNamespace(id="s", language="en"))
    found = measure_scale(opened, answered(instrument, form), instrument.scale(scale), instrument,
                          Wave("T1", 1, "First", ()), "self")
    assert (found.reliability is not None) is measured
    if not measured:
        gate, = found.gates
        assert (gate.verdict, gate.reason) == ("not_assessable", "not_reflective")


def test_the_refusal_follows_the_model_and_not_the_name():
    pulse = read_instruments()["session_pulse"]
    shown = replace(pulse, model="reflective")
    opened = SimpleNamespace(study=SimpleNamespace(id="s", language="en"))
    found = measure_scale(opened, answered(shown, "full"), shown.scale("session_pulse"), shown,
                          Wave("T1", 1, "First", ()), "self")
    assert found.reliability is not None
