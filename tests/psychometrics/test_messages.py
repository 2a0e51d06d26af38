"""Every code of this room that a reader may meet has its sentence."""

import re
from pathlib import Path

import coachresearch
from coachresearch.display.text import MESSAGES

SOURCES = sorted((Path(coachresearch.__file__).parent / "psychometrics").rglob("*.py"))


def codes(pattern):
    return {found for path in SOURCES for found in re.findall(pattern, path.read_text(encoding="utf-8"))}


def test_every_caution_has_its_sentence():
    plain = codes(r'\bcaution\(\s*"([a-z0-9_]+)"')
    by_arm = codes(r'_about\([^,()]+, "([a-z0-9_]+)"')
    assert plain
    for code in plain | by_arm | {f"{code}_in_arm" for code in by_arm}:
        assert MESSAGES.knows(f"caution.{code}"), code


def test_every_method_has_its_sentence():
    found = codes(r'\bmethod="([a-z0-9_]+)"')
    assert found
    for code in found:
        assert MESSAGES.knows(f"method.{code}"), code


def test_every_kind_of_result_has_its_title():
    for kind in codes(r'kind: ClassVar\[str\] = "([a-z_]+)"'):
        assert MESSAGES.knows(f"title.{kind}"), kind
