"""Rows of answers, one item each, made by hand."""

import pytest


def _row(**changes):
    return {"study": "spring", "wave": "T1", "person": "P1", "target": "P1", "role": "self", "instrument": "trust",
            "version": "1.0", "form": "full", "item": "trust_01", "value": 4, "language": "en", "mode": "web"} | changes


@pytest.fixture
def row():
    return _row


@pytest.fixture
def sheet():
    """A whole questionnaire: one row per item."""
    def build(person, items=30, **changes):
        return [_row(person=person, target=person, item=f"trust_{number:02}", **changes)
                for number in range(1, items + 1)]
    return build
