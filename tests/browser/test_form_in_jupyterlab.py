"""The form in a real JupyterLab: keys, names, looks, what is on disk, and what happens when things break."""

from __future__ import annotations

import os
import re
import signal
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from coachresearch.instruments.instrument import text_for

pytestmark = pytest.mark.browser

SMALLEST_TARGET = 44  # px; the size for touch in WCAG 2.5.5
SETTLED = 700  # ms; by then JupyterLab has put the focus where it wants it
SAME_WIDTH = 1.0  # px; columns of a grid are rounded to device pixels
FOCUSED = "() => document.activeElement.closest('fieldset')?.dataset.item ?? document.activeElement.innerText ?? ''"
INSIDE = "() => Boolean(document.activeElement.closest('.coachresearch-form'))"


def radio(notebook, item: str, label: str):
    return notebook.form.locator(f"fieldset[data-item={item}]").get_by_role("radio", name=label, exact=True)


def choose(notebook, item: str, label: str) -> None:
    radio(notebook, item, label).click()
    expect(notebook.form.locator(f"fieldset[data-item={item}]")).to_have_attribute("data-state", "saved")


def enter_by_tab(notebook) -> None:
    """Go from the notebook into the form with the Tab key alone; JupyterLab may take the focus back after Escape."""
    keys = notebook.tab.keyboard
    keys.press("Escape")
    for _ in range(60):
        if notebook.tab.evaluate(INSIDE):
            notebook.tab.wait_for_timeout(SETTLED)
            if notebook.tab.evaluate(INSIDE):
                return
        keys.press("Tab")
    pytest.fail("The form is not reached with the Tab key")


def test_every_item_is_answered_by_keyboard_alone(notebook, stored, mq5):
    keys, items = notebook.tab.keyboard, mq5.form("full").items
    enter_by_tab(notebook)
    for position, item in enumerate(items):
        assert notebook.tab.evaluate(FOCUSED) == item
        keys.press("Space")
        for _ in range(position % 6):
            keys.press("ArrowRight")
        keys.press("Tab")
    expect(notebook.form.get_by_role("status")).to_contain_text(f"{len(items)} of {len(items)} answered")
    keys.press("Enter")
    expect(notebook.form.get_by_text(f"Thank you. All {len(items)} questions are answered")).to_be_focused()
    wanted = [(1, None), (2, None), (3, None), (4, None), (5, None), (None, "dont_know")]
    assert stored() == {item: wanted[position % 6] for position, item in enumerate(items)}


def test_one_tab_stop_an_item_and_one_a_button(notebook, mq5):
    keys, stops = notebook.tab.keyboard, []
    choose(notebook, "rev_1", "Often")
    notebook.form.get_by_role("radio").first.focus()
    while notebook.tab.evaluate(INSIDE):
        stops.append(notebook.tab.evaluate(FOCUSED))
        keys.press("Tab")
    assert stops == [*mq5.form("full").items, "Finish"]


def test_every_group_is_named_by_its_item(notebook, mq5):
    tree, items = notebook.form.aria_snapshot(), mq5.form("full").items
    texts = [text_for(mq5.item(item), "report", "en") for item in items]
    assert re.findall(r'^ *- group "(.*)":$', tree, flags=re.MULTILINE) == texts
    assert tree.count("- radio ") == len(items) * 6
    assert tree.count("[checked]") == 0
    assert tree.startswith('- form "Manager quality five":')
    assert f'- progressbar "0 of {len(items)} answered"' in tree
    assert f"- status: 0 of {len(items)} answered" in tree


def test_keys_typed_in_the_form_change_no_cell(notebook, stored):
    before, keys = notebook.cells(), notebook.tab.keyboard
    choose(notebook, "mot_1", "Never")
    for key in ("b", "a", "d", "d", "x", "m", "y", "z", "c", "v", "Enter", "ArrowDown", "ArrowDown",
                "j", "Shift+Enter"):
        keys.press(key)
    assert notebook.cells() == before
    assert notebook.tab.evaluate(FOCUSED) == "mot_1"
    expect(radio(notebook, "mot_1", "Sometimes")).to_be_checked()
    expect(notebook.form.locator("fieldset[data-item=mot_1]")).to_have_attribute("data-state", "saved")
    assert stored() == {"mot_1": (3, None)}


def test_an_answer_is_taken_back_with_a_key_or_a_button(notebook, stored):
    choose(notebook, "mot_1", "Often")
    notebook.tab.keyboard.press("Delete")
    expect(notebook.form.get_by_role("status")).to_contain_text("0 of ")
    choose(notebook, "mot_1", "Rarely")
    notebook.form.get_by_role("button", name="Take back").click()
    expect(notebook.form.get_by_role("status")).to_contain_text("0 of ")
    assert notebook.form.locator("input:checked").count() == 0
    assert stored() == {"mot_1": (None, "skipped")}


def test_a_reloaded_page_takes_the_form_up_again(notebook):
    for item, label in (("mot_1", "Often"), ("rev_1", "No chance to see"), ("rel_5", "Never")):
        choose(notebook, item, label)
    notebook.open().run()
    expect(notebook.form.get_by_role("status")).to_contain_text("3 of ")
    for item, label in (("mot_1", "Often"), ("rev_1", "No chance to see"), ("rel_5", "Never")):
        expect(radio(notebook, item, label)).to_be_checked()
    assert notebook.form.locator("input:checked").count() == 3


def test_finishing_with_gaps_names_them_and_asks(notebook, stored, mq5):
    items = mq5.form("full").items
    choose(notebook, "mot_1", "Often")
    notebook.form.get_by_role("button", name="Finish").click()
    question = notebook.form.get_by_text(f"{len(items) - 1} questions have no answer yet")
    expect(question).to_be_focused()
    assert notebook.form.get_by_role("link").count() == len(items) - 1
    notebook.form.get_by_role("link").nth(3).click()
    assert notebook.tab.evaluate(FOCUSED) == items[4]
    expect(notebook.form.locator("fieldset").nth(4)).to_be_in_viewport()
    notebook.tab.keyboard.press("Space")
    expect(notebook.form.get_by_text(f"{len(items) - 2} questions have no answer yet")).to_be_visible()
    notebook.form.get_by_role("button", name="Finish and leave them out").click()
    thanks = f"2 of {len(items)} questions are answered, {len(items) - 2} left out"
    expect(notebook.form.get_by_text(thanks)).to_be_focused()
    assert sorted(stored().values(), key=str) == [(1, None), (4, None)] + [(None, "skipped")] * (len(items) - 2)
    assert radio(notebook, "mot_1", "Rarely").is_disabled()
    notebook.form.get_by_role("button", name="Change my answers").click()
    choose(notebook, "mot_1", "Rarely")
    assert stored()["mot_1"] == (2, None)


def test_an_answer_that_cannot_be_saved_says_so_until_it_is(notebook, stored):
    choose(notebook, "mot_1", "Often")
    file = notebook.server.folder / notebook.name.replace(".ipynb", ".db")
    away = file.with_suffix(".away")
    file.rename(away)
    radio(notebook, "rev_1", "Never").click()
    message = notebook.form.get_by_role("alert")
    expect(message).to_contain_text("1 answer is NOT saved")
    question = notebook.form.locator("fieldset[data-item=rev_1]")
    expect(question).to_contain_text("Not saved: this answer could not be written down.")
    expect(notebook.form.get_by_role("status")).to_contain_text("1 of ")
    expect(radio(notebook, "rev_1", "Never")).to_be_checked()
    away.rename(file)
    notebook.form.get_by_role("button", name="Try to save again").click()
    expect(question).to_have_attribute("data-state", "saved")
    expect(message).not_to_contain_text("NOT saved")
    assert stored() == {"mot_1": (4, None), "rev_1": (1, None)}


def test_a_killed_kernel_loses_no_answer_shown_as_saved(notebook, stored, mq5):
    pid = kernel_of(notebook)
    items = mq5.form("full").items
    for position, item in enumerate(items):
        radio(notebook, item, "Often").click(no_wait_after=True)
        if position == 12:
            os.kill(pid, signal.SIGKILL)
    expect(notebook.form.get_by_role("alert")).to_contain_text("NOT saved", timeout=15_000)
    expect(notebook.form.locator("[data-state=saving]")).to_have_count(0, timeout=15_000)
    saved = notebook.form.locator("[data-state=saved]").evaluate_all("all => all.map(one => one.dataset.item)")
    lost = notebook.form.locator("[data-state=failed]")
    assert 0 < len(saved) < len(items)
    assert len(saved) + lost.count() == len(items)
    expect(lost.first).to_contain_text("Not saved: the notebook does not reply. Run this cell again")
    assert dict.fromkeys(saved, (4, None)).items() <= stored().items()
    notebook.open().run()
    assert notebook.form.locator("input:checked").count() == len(stored())


def kernel_of(notebook) -> int:
    found = notebook.tab.evaluate("""async () => {
      const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
      const future = kernel.requestExecute({code: 'import os; print(os.getpid())'});
      let text = '';
      future.onIOPub = (message) => { if (message.header.msg_type === 'stream') text += message.content.text; };
      await future.done;
      return text;
    }""")
    return int(found)


def test_axe_finds_nothing_in_any_state(notebook):
    axe, found = Axe(), []

    def look(state: str) -> None:
        outcome = axe.run(notebook.tab, context=".coachresearch-form").response
        found.extend((state, one["id"], one["nodes"][0]["html"]) for one in outcome["violations"])
        assert outcome["passes"], "axe looked at nothing"

    look("fresh")
    choose(notebook, "mot_1", "Often")
    file = notebook.server.folder / notebook.name.replace(".ipynb", ".db")
    file.rename(file.with_suffix(".away"))
    radio(notebook, "rev_1", "Never").click()
    expect(notebook.form.get_by_role("alert")).to_contain_text("NOT saved")
    look("not saved")
    file.with_suffix(".away").rename(file)
    notebook.form.get_by_role("button", name="Try to save again").click()
    notebook.form.get_by_role("button", name="Finish").click()
    expect(notebook.form.get_by_text("questions have no answer yet")).to_be_focused()
    look("gaps")
    notebook.form.get_by_role("button", name="Finish and leave them out").click()
    expect(notebook.form.get_by_text("questions are answered")).to_be_focused()
    look("finished")
    assert found == []


def test_columns_are_equal_when_wide_and_one_when_narrow(notebook):
    first = notebook.form.locator("fieldset").first
    points = [tile.bounding_box() for tile in first.locator(".cr-scale .cr-tile").all()]
    outside = first.locator(".cr-outside .cr-tile").bounding_box()
    assert max(box["width"] for box in points) - min(box["width"] for box in points) <= SAME_WIDTH
    assert len({round(box["y"]) for box in points}) == 1
    assert all(box["height"] >= SMALLEST_TARGET for box in points)
    between = [after["x"] - before["x"] - before["width"] for before, after in pairwise(points)]
    assert outside["x"] - points[-1]["x"] - points[-1]["width"] > 2 * max(between)

    notebook.tab.set_viewport_size({"width": 375, "height": 800})
    notebook.tab.evaluate("() => { jupyterapp.commands.execute('application:toggle-left-area') }")
    expect(first.locator(".cr-options")).to_have_css("flex-direction", "column")
    boxes = [tile.bounding_box() for tile in first.locator(".cr-tile").all()]
    assert len({round(box["x"]) for box in boxes}) == 1
    assert all(box["height"] >= SMALLEST_TARGET for box in boxes)
    assert notebook.form.evaluate("form => form.scrollWidth <= form.clientWidth")
