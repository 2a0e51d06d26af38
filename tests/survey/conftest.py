"""A small questionnaire, a clock that only goes forward, and a place that keeps rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from coachresearch.survey.session import Choices, Occasion

START = datetime(2026, 3, 2, 14, 2, tzinfo=UTC)


@dataclass
class Shelf:
    """Keeps rows as the store does: all of them in order, the latest of each item counts; can be made to fail."""

    history: list[dict] = field(default_factory=list)
    broken: bool = False

    def save(self, rows: tuple[Mapping[str, object], ...]) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.history += [dict(row) for row in rows]

    @property
    def latest(self) -> dict[str, dict]:
        return {row["item"]: row for row in self.history}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def occasion() -> Occasion:
    return Occasion("spring", "T1", "P001", "P900", "report", "tiny", "1.0.0", "full", "en", "notebook")


@pytest.fixture
def choices() -> tuple[Choices, ...]:
    return (Choices("a", (1, 2, 3), ((9, "dont_know"),)), Choices("b", (1, 2, 3), ((9, "dont_know"),)),
            Choices("c", (0, 1)))


@pytest.fixture
def at():
    return lambda seconds=0: START + timedelta(seconds=seconds)
