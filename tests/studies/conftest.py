"""A small study without faults, to be changed by each test, and its folder."""

from __future__ import annotations

import copy
import json

import pytest
import yaml

ASKED = {"instrument": "mq5", "form": "core", "roles": ["self", "report"]}
SOUND = {
    "schema": "coachresearch/study/1",
    "id": "spring",
    "title": "Spring cohort",
    "question": "What changes?",
    "assignment": "waitlist",
    "arms": [{"id": "coached", "title": "Coached", "coached": True},
             {"id": "waiting", "title": "Waiting", "coached": False}],
    "waves": [{"id": "T1", "title": "Before", "opens": "2026-03-02", "closes": "2026-03-13", "asked": [ASKED]},
              {"id": "T2", "title": "After", "opens": "2026-06-01", "asked": [ASKED]}],
    "primary": {"scale": "mq5_core", "role": "report", "instrument": "mq5"},
    "min_group": 5,
}


@pytest.fixture
def sound():
    return copy.deepcopy(SOUND)


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "study.yaml"
        text = content if isinstance(content, str) else yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return path

    return write
