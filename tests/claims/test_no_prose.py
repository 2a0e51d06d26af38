"""Sentences stand in the message catalogues: the rooms that compute hold codes and numbers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import coachresearch

ROOMS = ("claims", "psychometrics", "effects")
PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? +[A-Za-z]{2,}")
_ERROR = re.compile(r"(Fault|Error|NotConverged|NotIdentified)$")


def prose_in(source: str) -> list[str]:
    """Every string literal with words and spaces that is neither a docstring nor part of an error."""
    tree = ast.parse(source)
    allowed = {id(node) for parent in ast.walk(tree) if _may_speak(parent) for node in ast.walk(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            used = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
                    and one.id == node.targets[0].id]
            if used and all(id(one) in allowed for one in used):  # part of a message that is put together first
                allowed |= {id(one) for one in ast.walk(node)}
    return [node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed
            and PROSE.search(node.value)]


def _may_speak(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Assert):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # docstrings of modules, classes, functions and attributes
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return bool(_ERROR.search(called))
    return False


@pytest.mark.parametrize("room", ROOMS)
def test_no_prose_stands_in_the_code(room: str) -> None:
    folder = Path(coachresearch.__file__).parent / room
    found = {path.name: prose_in(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(("source", "words"), [
    ('x = "nothing can be said"', ["nothing can be said"]),
    ('x = f"about {n} people here"', [" people here"]),
    ('def f():\n    """A docstring of words."""\n    raise ValueError("what went wrong")', []),
    ('y = Fault("what went wrong", "here and there")', []),
    ('known = "there are some"\nraise ValueError(known)', []),
    ('known = "there are some"\nshow(known)\nraise ValueError(known)', ["there are some"]),
    ('x = f"{a} - {b}"', []),
    ('x = "hedges_g"', []),
])
def test_the_check_can_fail(source: str, words: list[str]) -> None:
    assert prose_in(source) == words
