"""No sentence is written for nothing: every entry of these rooms is named somewhere in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

import coachresearch
from coachresearch.display.rules import RULES
from coachresearch.display.text import MESSAGES

SOURCE = Path(coachresearch.__file__).parent


def _named() -> tuple[set[str], list[re.Pattern[str]]]:
    exact: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                exact.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.]+"
                         for part in node.values]
                if re.match(r"[a-z_]+\\\.", parts[0]):
                    patterns.append(re.compile("".join(parts)))
    for template in sorted(SOURCE.rglob("*.html")):
        exact |= set(re.findall(r'say\("([\w.]+)"\)', template.read_text(encoding="utf-8")))
    return exact, patterns


@pytest.mark.parametrize("room", ["display", "claims", "reports"])
def test_every_entry_is_named_in_the_code(room: str) -> None:
    exact, patterns = _named()
    codes = yaml.safe_load((MESSAGES.folder / "en" / f"{room}.yaml").read_text(encoding="utf-8"))
    words = {f"word.{word}" for rule in RULES.values() for word in (rule.below, *(name for _, name in rule.cuts))}
    built = {code for code in codes if code.startswith("claim.")}  # put together in claims.claim, and tested there
    known = exact | words | built
    lost = [code for code in codes if code not in known and not any(one.fullmatch(code) for one in patterns)]
    assert lost == []


@pytest.mark.parametrize(("prefix", "codes"), [
    ("verdict", ("supported", "not_shown", "opposite", "cannot_be_told", "withdrawn")),
    ("gate_word", ("pass", "fail", "not_assessable")),
    ("gate_kind", ("reliability", "structure", "invariance", "agreement")),
    ("season", ("spring", "summer", "autumn", "winter")),
    ("summary.gate", ("pass", "fail", "not_assessable")),
    ("summary.design", ("randomised", "waitlist", "stepped_wedge", "discontinuity", "difference_in_differences",
                        "matched", "self_selected", "one_group", "cross_section")),
    ("estimand", ("ancova_difference", "change_difference", "mean_change", "mean_difference", "hedges_g",
                  "hedges_g_change", "d_av", "did", "jump", "wedge_effect")),
    ("unit", ("points", "sd")),
])
def test_every_choice_has_exactly_its_entries(prefix: str, codes: tuple[str, ...]) -> None:
    found = {code.removeprefix(f"{prefix}.") for code in MESSAGES.codes() if code.startswith(f"{prefix}.")}
    assert found == set(codes)
