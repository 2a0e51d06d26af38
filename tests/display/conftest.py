from __future__ import annotations

from typing import ClassVar

import pytest

from coachresearch.core.caution import caution
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result


class FakeReliability(Result):
    kind: ClassVar[str] = "reliability"


class FakeItems(Result):
    kind: ClassVar[str] = "item_analysis"


@pytest.fixture
def reliability() -> Result:
    return FakeReliability(
        title="Trust", method="reliability", source="T1", cautions=(caution("rows_left_out", n=3, of=44),),
        estimates=(
            Estimate("alpha", 0.8412, conf_low=0.781, conf_high=0.889, conf_level=0.95, n=41, method="alpha_feldt"),
            Estimate("sem", 0.2251, n=41, method="sem_alpha"),
            Estimate("loading", 0.71, group="trust_01", n=41),
            Estimate("loading", -0.62, group="trust_02", n=41),
        ))


@pytest.fixture
def items() -> Result:
    return FakeItems(title="Trust", method="item_analysis", estimates=(
        Estimate("mean", 3.456, group="trust_01", n=40), Estimate("floor", 0.05, group="trust_01", n=40),
        Estimate("mean", 2.0, group="<b>", n=41), Estimate("floor", 0.0, group="<b>", n=41)))
