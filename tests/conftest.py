"""What every test shares: the count of the tests that were left out, and why; a made-up archive of wording."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections import Counter
from pathlib import Path

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


@pytest.fixture
def npm_archive(tmp_path):
    """Build an archive laid out as the npm package of the IPIP-NEO-120, with made-up texts; parts can be replaced."""

    def build(name="mini.tgz", *, languages=("en", "de"), change=None, extra=(), package=None):
        from coachresearch.instruments.cards import published_cards

        key = published_cards()["ipip_neo_120"]
        turned = set(key.data["key"]["reverse_total"])
        files = {"package/package.json": json.dumps(package or {
            "name": "@alheimsins/b5-johnson-120-ipip-neo-pi-r", "version": "0.0.1", "license": "MIT"})}
        for language in languages:
            items = [{"id": f"id-{number}", "text": f"Made-up act {number} ({language})",
                      "domain": "NEOAC"[(number - 1) % 5], "facet": ((number - 1) % 30) // 5 + 1,
                      "keyed": "minus" if number in turned else "plus"} for number in range(1, 121)]
            files[f"package/data/{language}/questions.json"] = json.dumps(items)
            options = [f"{{ text: 'Won\\'t {score} {language}', score: {score}, color: 1 }}" for score in range(1, 6)]
            back = [one.replace(f"score: {score}", f"score: {6 - score}") for score, one in enumerate(options, 1)]
            files[f"package/data/{language}/choices.js"] = (
                "module.exports = {\n plus: [\n" + ",\n".join(options) + "],\n minus: [\n" + ",\n".join(back) + "]}\n")
        files = change(files) if change else files
        path = tmp_path / name
        with tarfile.open(path, "w:gz") as archive:
            for place, text in files.items():
                content = text.encode("utf-8")
                member = tarfile.TarInfo(place)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for member in extra:
                archive.addfile(member)
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    return build


REMEDY = "Install Chromium (apt-get install chromium), or name it: CHROMIUM=path/to/chromium make test-browser."
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found or not Path(found).is_file():
        pytest.fail(f"The browser tests need Chromium, and it is not there ({found or 'none on the PATH'}). {REMEDY}")
    return found


@pytest.fixture(scope="session")
def chromium(chromium_path):
    """One browser for the whole run: a second one beside it is more than Playwright's calls allow."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=list(ARGUMENTS))
        yield started
        started.close()
