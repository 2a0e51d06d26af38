"""A small questionnaire made by hand, and answers to it."""

import pandas as pd
import pytest

from coachresearch.instruments.instrument import (
    Form,
    Instrument,
    Item,
    Licence,
    ResponseScale,
    Scale,
    Source,
)

OFTEN5 = ResponseScale(
    "often5", "frequency", (1, 2, 3, 4, 5),
    tuple((("de", german), ("en", english)) for english, german in (
        ("Never", "Nie"), ("Rarely", "Selten"), ("Sometimes", "Manchmal"), ("Often", "Oft"), ("Always", "Immer"))),
    ((9, "dont_know", (("en", "No chance to see"),)),),
)
ITEMS = ("trust_01", "trust_02", "trust_03", "trust_04")
CARE = Instrument(
    id="care", version="1.0", content_hash="c" * 64, family="manager_quality", model="reflective", status="draft",
    title=(("en", "Care"),), construct=(("en", "Care"),), languages=("de", "en"),
    items=tuple(Item(name, "often5", (("self", (("en", f"Sentence {name}"),)),)) for name in ITEMS),
    response_scales=(OFTEN5,),
    scales=(Scale("trust", (("en", "Trust"),), (("trust_01", 1), ("trust_02", -1), ("trust_03", 1), ("trust_04", 1)),
                  "mean", 3),),
    forms=(Form("full", ITEMS, ("self", "report"), 2.0), Form("core", ITEMS[:2], ("self", "report"), 1.0)),
    reporting_floor=5, licence=Licence("CC-BY-4.0"), source=Source("Made for these tests."),
)


@pytest.fixture
def care():
    return CARE


@pytest.fixture
def instruments():
    return {"care": CARE}


@pytest.fixture
def answers():
    """Build long answers of one occasion: item values, None for skipped."""
    def build(values=(1, 2, 3, 4), person="P1", target=None, role="self", wave="T1", form="full", **changes):
        rows = [{"study": "spring", "wave": wave, "person": person, "target": target or person, "role": role,
                 "instrument": "care", "version": "1.0", "form": form, "item": item, "value": value,
                 "missing": "skipped" if value is None else None, "language": "en", "mode": "web"} | changes
                for item, value in zip(ITEMS, values, strict=False)]
        return pd.DataFrame(rows)
    return build
