"""A questionnaire with two response scales and overlapping scores, and answers to it."""

import pandas as pd
import pytest

from coachresearch.instruments.instrument import Form, Instrument, Item, Licence, ResponseScale, Scale, Source

FIVE = ResponseScale("five", "frequency", (1, 2, 3, 4, 5), ((),) * 5)
SEVEN = ResponseScale("seven", "agreement", (0, 1, 2, 3, 4, 5, 6), ((),) * 7)
ITEMS = ("a", "b", "c", "d", "e")
CARE = Instrument(
    id="care", version="1.0", content_hash="c" * 64, family="manager_quality", model="reflective", status="draft",
    title=(("en", "Care"),), construct=(("en", "Care"),), languages=("en",),
    items=tuple(Item(name, "seven" if name == "e" else "five") for name in ITEMS),
    response_scales=(FIVE, SEVEN),
    scales=(
        Scale("trust", (("en", "Trust"),), (("a", 1), ("b", -1), ("c", 1)), "mean", 2),
        Scale("distrust", (("en", "Distrust"),), (("a", -1), ("b", 1), ("c", -1)), "mean", 2),
        Scale("total", (("en", "Total"),), (("a", 1), ("b", -1), ("c", 1), ("d", 1), ("e", -1)), "sum", 4),
    ),
    forms=(Form("full", ITEMS, ("self", "report", "peer"), 2.0), Form("core", ("a", "b", "c"), ("self",), 1.0)),
    reporting_floor=5, licence=Licence("CC-BY-4.0"), source=Source("Made for these tests."),
)


@pytest.fixture
def care():
    return CARE


@pytest.fixture
def answers():
    """Build long answers of one occasion: item values, None for skipped."""
    def build(values, person="P1", target=None, role="self", wave="T1", form="full", **changes):
        rows = [{"study": "spring", "wave": wave, "person": person, "target": target or person, "role": role,
                 "instrument": "care", "version": "1.0", "form": form, "item": item, "value": value,
                 "missing": "skipped" if value is None else None, "language": "en", "mode": "web"} | changes
                for item, value in zip(ITEMS, values, strict=False)]
        return pd.DataFrame(rows)
    return build
