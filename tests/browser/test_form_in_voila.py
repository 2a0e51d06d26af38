"""The same form as a page of its own, on a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

READY_WITHIN = 40_000  # ms; Voilà starts a kernel for each visit, 3 to 5 s on a quiet machine


def opened(tab, voila, name: str):
    tab.goto(f"{voila.address}/voila/render/{name}")
    form = tab.locator(".coachresearch-form")
    form.locator("fieldset").first.wait_for(timeout=READY_WITHIN)
    return form


def test_it_is_answered_and_a_refresh_restores(tab, voila, ask, answers_in, mq5):
    tab.set_viewport_size({"width": 375, "height": 740})
    name = voila.notebook("asking", ask.format(database="voila.db"))
    form = opened(tab, voila, name)
    for item, label in (("mot_1", "Often"), ("rev_1", "No chance to see")):
        form.locator(f"fieldset[data-item={item}]").get_by_role("radio", name=label, exact=True).click()
        expect(form.locator(f"fieldset[data-item={item}]")).to_have_attribute("data-state", "saved")
    assert answers_in(voila.folder / "voila.db") == {"mot_1": (4, None), "rev_1": (None, "dont_know")}
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

    form = opened(tab, voila, name)
    expect(form.get_by_role("status")).to_contain_text(f"2 of {len(mq5.form('full').items)} answered")
    expect(form.locator("fieldset[data-item=mot_1]").get_by_role("radio", name="Often")).to_be_checked()
    assert form.locator("input:checked").count() == 2
