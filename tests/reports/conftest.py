from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from coachresearch.claims.claim import Claim, make_claim
from coachresearch.core.caution import caution
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate
from coachresearch.display.figures.category_use import category_frame
from coachresearch.display.figures.paired_slope import change_frame
from coachresearch.display.result import Result
from coachresearch.reports.facts import (
    ArmFacts,
    InstrumentFacts,
    MeasurementFacts,
    Provenance,
    ScaleMeasurement,
    StudyFacts,
    WaveFacts,
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FakeChange(Result):
    kind: ClassVar[str] = "change"

    @property
    def figure_frame(self) -> pd.DataFrame:
        pre, post = np.array([3.0, 2.5, 4.0, 3.5, 2.0, 3.0]), np.array([3.5, 3.5, 4.0, 3.5, 2.5, 3.0])
        within = [one for one in self.estimates if one.term == "mean_change"]
        between = [one for one in self.estimates if one.term == "ancova_difference"]
        return change_frame(pre, post, ["c", "c", "c", "w", "w", "w"], within, low=1, high=5, differences=between)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FakeReliability(Result):
    kind: ClassVar[str] = "reliability"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FakeItems(Result):
    kind: ClassVar[str] = "item_analysis"

    @property
    def figure_frame(self) -> pd.DataFrame:
        return category_frame(["i1", "i2"], [1, 2, 3], np.array([[10, 20, 63], [0, 50, 43]]))


def make_change(title: str = "Trust in the leader", low: float = 0.1, high: float = 0.7, n: int = 46) -> Result:
    return FakeChange(
        title=title, method="change_two_arms", cautions=(caution("no_answer_in_arm", arm="w", n=2, of=48, wave="T2"),),
        estimates=(
            Estimate("mean_pre", 3.2, "c", n=47), Estimate("mean_post", 3.7, "c", n=47),
            Estimate("mean_change", 0.5, "c", conf_low=0.3, conf_high=0.7, conf_level=0.95, n=47, method="paired_t"),
            Estimate("mean_pre", 3.2, "w", n=n), Estimate("mean_post", 3.3, "w", n=n),
            Estimate("mean_change", 0.1, "w", conf_low=-0.1, conf_high=0.3, conf_level=0.95, n=n, method="paired_t"),
            Estimate("ancova_difference", (low + high) / 2, "c - w", conf_low=low, conf_high=high, conf_level=0.95,
                     p_value=0.0004, n=47 + n, method="ancova_hc3"),
        ))


def make_scale(
    title: str = "Trust in the leader", alpha: float = 0.84, n: int = 93, **changed: Any
) -> ScaleMeasurement:
    gate = Gate("trust", "reliability", "pass" if alpha >= 0.7 else "fail", "alpha", alpha, "nunnally1978", n)
    reliability = FakeReliability(
        title=title, method="reliability", cautions=(caution("rows_left_out", n=3, of=96),), estimates=(
            Estimate("alpha", alpha, conf_low=alpha - 0.05, conf_high=alpha + 0.04, conf_level=0.95, n=n,
                     method="alpha_feldt"),
            Estimate("sem", 0.22, n=n, method="sem_alpha"), Estimate("loading", 0.7, "i1", n=n)))
    items = FakeItems(title=title, method="item_analysis", estimates=(
        Estimate("mean", 3.4, "i1", n=n), Estimate("item_total_r", 0.5, "i1", n=n)))
    return replace(ScaleMeasurement(id="trust", title=title, gates=(gate,), reliability=reliability, items=items),
                   **changed)


def make_one_claim(change: Result | None = None, scale: ScaleMeasurement | None = None, **changed: Any) -> Claim:
    change, scale = change or make_change(), scale or make_scale()
    told: dict[str, Any] = {
        "id": "primary", "outcome": change.title, "estimand": "ancova_difference", "design": "randomised",
        "estimate": change.estimate("ancova_difference", "c - w"), "gate": scale.gates[0] if scale.gates else None,
        "status_level": None, "smallest_worthwhile": 0.2, "coached": "Coached", "comparison": "Waiting",
    }
    return make_claim(**(told | changed))


PROVENANCE = Provenance(data_hash="ab" * 32, versions=(("coachresearch", "0.1.0"),), seed=7,
                        command="coachresearch evaluate study.yaml")
INSTRUMENT = InstrumentFacts(id="trust", title="Trust items", version="1.0", content_hash="cd" * 32,
                             licence="CC-BY-4.0", citation="Author (2020). A scale of trust.", level=None,
                             doi="10.1000/1")


def make_facts(**changed: Any) -> StudyFacts:
    return replace(StudyFacts(
        title="Spring cohort", question="Did coaching change trust?", design="randomised",
        arms=(
            ArmFacts(id="c", title="Coached", coached=True, assigned=48, answered=(("T1", 48), ("T2", 47)),
                     analysed=47),
            ArmFacts(id="w", title="Waiting", coached=False, assigned=48, answered=(("T1", 48), ("T2", 46)),
                     analysed=46),
        ),
        waves=(WaveFacts(id="T1", title="Before", opens="2026-03-02", closes="2026-03-13"),
               WaveFacts(id="T2", title="After")),
        instruments=(INSTRUMENT,), min_group=5, provenance=PROVENANCE, goal="More trust", season="spring",
        registration="osf.io/abc", notes=("Two teams were merged.",)), **changed)


def make_measurement_facts(**changed: Any) -> MeasurementFacts:
    return replace(MeasurementFacts(
        title="Trust items", n=93, instruments=(replace(INSTRUMENT, level=0),), min_group=5, provenance=PROVENANCE,
        question="How precisely do they measure?", source="answers.csv"), **changed)


@pytest.fixture(scope="session")
def new_change() -> Callable[..., Result]:
    return make_change


@pytest.fixture(scope="session")
def new_scale() -> Callable[..., ScaleMeasurement]:
    return make_scale


@pytest.fixture(scope="session")
def new_claim() -> Callable[..., Claim]:
    return make_one_claim


@pytest.fixture(scope="session")
def new_facts() -> Callable[..., StudyFacts]:
    return make_facts


@pytest.fixture(scope="session")
def new_measurement_facts() -> Callable[..., MeasurementFacts]:
    return make_measurement_facts
