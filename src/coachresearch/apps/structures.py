"""The structure of a scale beside its precision: does one factor describe the items?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coachresearch.core.errors import EstimationError
from coachresearch.core.gate import Gate, not_assessable
from coachresearch.moments.moments import Unit
from coachresearch.reports.facts import ScaleMeasurement

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SEED = 20260301
"""Of the random samples in parallel analyses of a report, so that it can be built again byte for byte."""


def with_structure(
    one: ScaleMeasurement, items: pd.DataFrame, *, unit: Unit, rng: np.random.Generator
) -> ScaleMeasurement:
    """Add one-factor fit, parallel analysis and their gate to a measured scale.

    Parameters
    ----------
    one : ScaleMeasurement
        With its precision measured; without, it is returned as it is.
    items : DataFrame
        Keyed items of the scale.
    unit : {"person", "rating", "team_mean"}
    rng : Generator

    Returns
    -------
    ScaleMeasurement
        Where the structure cannot be tested, its place is empty and its gate is *not assessable*.
    """
    from coachresearch.moments.collect import collect
    from coachresearch.psychometrics.structure import structure, structure_gate

    if one.reliability is None:
        return one
    try:
        found = structure(collect(items, unit=unit), rng=rng, title=one.title, scale=one.id,
                          source=one.reliability.source)
    except EstimationError:
        reason = "too_few_items_structure" if items.shape[1] < 4 else "not_computed"
        gate = not_assessable(one.id, "structure", reason=reason, n=len(items))
        return replace(one, gates=(*one.gates, _counted(gate, unit)))
    return replace(one, gates=(*one.gates, _counted(structure_gate(found), unit)), structure=found)


def _counted(gate: Gate, unit: Unit) -> Gate:
    return replace(gate, unit="person" if unit == "person" else "rating")
