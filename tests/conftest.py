"""What every test shares: the count of the tests that were left out, and why."""

from __future__ import annotations

from collections import Counter

import pytest

REASONS = {
    "browser": "needs Chromium: make test-browser",
    "notebook": "runs notebooks from top to bottom: make notebooks",
    "soak": "long calibration: make soak",
    "reference": "reads data that lie outside the project: make reference DIR=...",
}
_LEFT_OUT = pytest.StashKey[Counter]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        counts = item.config.stash.setdefault(_LEFT_OUT, Counter())
        marks = [mark.name for mark in item.iter_markers() if mark.name in REASONS]
        counts[marks[0] if marks else "other"] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for mark, count in sorted(config.stash.get(_LEFT_OUT, Counter()).items()):
        terminalreporter.write_line(f"left out here: {count} {mark} ({REASONS.get(mark, 'part of another task')})")
