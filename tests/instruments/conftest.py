"""A small instrument without faults, to be changed by each test."""

from __future__ import annotations

import copy
import json

import pytest
import yaml

SOUND = {
    "schema": "coachresearch/instrument/1",
    "id": "tiny",
    "version": "1.0.0",
    "family": "manager_quality",
    "model": "reflective",
    "status": "draft",
    "title": "Tiny",
    "construct": "Four acts.",
    "languages": ["en"],
    "licence": {"id": "CC-BY-4.0"},
    "source": {"citation": "Us (2026).", "found": "own", "key": "own"},
    "instructions": {"self": "How often did you?", "other": "How often did they?"},
    "response_scale": "F3",
    "response_scales": {
        "F3": {
            "kind": "frequency",
            "options": [{"value": 1, "label": "Never"}, {"value": 2, "label": "Sometimes"},
                        {"value": 3, "label": "Often"}],
            "missing": [{"code": 9, "kind": "dont_know", "label": "No chance to see"}],
        },
        "F5": {"kind": "frequency", "options": [{"value": value} for value in range(1, 6)]},
    },
    "items": [{"id": name, "text": {"self": f"I {name}.", "other": f"They {name}."}}
              for name in ("i1", "i2", "i3", "i4")],
    "scales": [
        {"id": "all", "title": "All", "keys": {"i1": 1, "i2": -1, "i3": 1, "i4": 1}, "rule": "mean", "min_answered": 3},
        {"id": "half", "title": "Half", "keys": {"i1": 1, "i2": -1}, "rule": "sum", "min_answered": 1, "parent": "all"},
    ],
    "forms": [
        {"id": "full", "items": "all", "roles": ["self", "report"], "minutes": 1},
        {"id": "short", "items": ["i2", "i1"], "roles": ["self"], "minutes": 0.5},
    ],
    "reporting_floor": 5,
}


def _yaml(content):
    return yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False, allow_unicode=True)


@pytest.fixture
def sound():
    return copy.deepcopy(SOUND)


@pytest.fixture
def written(tmp_path):
    def write(content, name="tiny.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else _yaml(content)
        path.write_text(text, encoding="utf-8")
        return path

    return write
