"""The page in a real browser: nothing is fetched, nothing complains, nothing scrolls sideways."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachresearch.reports.facts import ScaleMeasurement
from coachresearch.reports.measurement import measurement_report
from coachresearch.reports.study import study_report

pytestmark = pytest.mark.browser
NARROW = (320, 375, 1280)


@pytest.fixture(params=["study", "measurement"])
def saved(request, tmp_path: Path, new_facts, new_change, new_scale, new_claim, new_measurement_facts) -> Path:
    scales = [new_scale(), new_scale("Care for people in the team and around it", 0.5),
              ScaleMeasurement(id="s", title="Safety")]
    if request.param == "measurement":
        return measurement_report(new_measurement_facts(simulated=True), scales).save(tmp_path / "report.html")
    changes = [new_change(), new_change("Safety", -0.2, 0.3)]
    claims = [new_claim(), new_claim(changes[1], scales[2], id="b"), new_claim(changes[1], scales[1], id="c")]
    facts = new_facts(simulated=True)
    return study_report(facts, measurement=scales, changes=changes, claims=claims).save(tmp_path / "report.html")


def test_a_report_stands_alone_and_can_be_read_by_anybody(chromium, saved: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    requests: list[str] = []
    complaints: list[str] = []
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(saved.as_uri())
    for fold in tab.locator("summary").all():
        fold.click()
    assert [address for address in requests if not address.startswith("data:")] == [saved.as_uri()]
    assert complaints == []
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    for width in NARROW:
        tab.set_viewport_size({"width": width, "height": 900})
        reach = tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert reach[0] <= reach[1], f"the page scrolls sideways at {width} px"
        narrow = Axe().run(tab)
        assert narrow.violations_count == 0, narrow.generate_report()
    tab.close()


def test_the_accessibility_tree_names_figures_and_tables(chromium, saved: Path) -> None:
    tab = chromium.new_page(viewport={"width": 375, "height": 900})
    tab.goto(saved.as_uri())
    figures = tab.get_by_role("img").all()
    tables = tab.get_by_role("table").all()
    assert len(figures) >= 2
    assert len(tables) >= 2
    tree = tab.locator("body").aria_snapshot()
    assert "- heading" in tree
    assert "placeholder" not in tree
    for figure in figures:
        words = figure.evaluate("one => one.querySelector('title').textContent + one.querySelector('desc').textContent")
        assert len(words) > 60
    tab.close()


def test_the_page_prints_with_its_folded_parts(chromium, saved: Path, tmp_path: Path) -> None:
    tab = chromium.new_page()
    tab.goto(saved.as_uri())
    printed = tab.pdf(tagged=True)
    assert printed.startswith(b"%PDF")
    assert b"/StructTreeRoot" in printed
    tab.close()
