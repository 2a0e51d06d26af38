"""The web form in a real browser: by keyboard, without JavaScript, narrow, magnified, and nothing asked elsewhere."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time

import pytest
import uvicorn

from coachresearch.fieldwork.server import collection_app
from coachresearch.survey.form import page_of

pytestmark = pytest.mark.browser
START_WITHIN = 30.0  # seconds; the machine may be busy
SEEN_WITHIN = 15_000  # milliseconds


@pytest.fixture
def site(place, instruments):
    """The study's application behind a real server."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        server = uvicorn.Server(uvicorn.Config(collection_app(place.store, instruments, title="A study"),
                                               log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_WITHIN
        while not server.started and time.monotonic() < until:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join(START_WITHIN)


def opened(chromium, *, script: bool, width: int, **more):
    window = chromium.new_context(java_script_enabled=script, viewport={"width": width, "height": 800}, **more)
    tab = window.new_page()
    tab.set_default_timeout(SEEN_WITHIN)
    return tab


def looked_at(tab) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


def reach(tab) -> None:
    wide = tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"the page scrolls sideways: {wide}"


def key_to(tab, locator) -> None:
    """Press Tab until something has the focus; it must be reached within one round."""
    for _ in range(80):
        if locator.evaluate("one => one === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError("not reached by keyboard")


@pytest.mark.parametrize("width", [375, 1280])
def test_from_link_to_receipt_by_keyboard_without_javascript(chromium, site, place, width):
    tab = opened(chromium, script=False, width=width)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{site}/l/{place.token(form='full')}")
    for name in ("Begin or go on", "I agree and want to take part"):
        button = tab.get_by_role("button", name=name)
        tab.wait_for_load_state()
        key_to(tab, button)
        tab.keyboard.press("Enter")
    for number in (1, 2, 3):
        tab.wait_for_selector(f"input[name=_page][value='{number}']", state="attached")
        groups = tab.get_by_role("group")
        for position in range(groups.count()):
            group = groups.nth(position)
            assert group.get_by_role("radio").count() >= 5
            key_to(tab, group.get_by_role("radio").first)
            tab.keyboard.press("Space")
            tab.keyboard.press("ArrowDown")
        button = tab.get_by_role("button", name="Next page" if number < 3 else "Finish", exact=True)
        key_to(tab, button)
        tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Thank you").wait_for()
    assert tab.locator("#receipt").inner_text().count("-") == 1
    assert {address.split("/")[2] for address in asked if not address.startswith("data:")} == {site.split("/")[2]}
    kept = place.kept()
    assert (len(kept), set(kept["value"])) == (27, {2})
    tab.context.close()


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_every_page_passes_axe_and_names_each_group_by_its_item(chromium, site, place, instruments, width):
    tab = opened(chromium, script=True, width=width, forced_colors="active" if width == 768 else "none")
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(f"{site}/l/{place.token()}")
    for name in ("Begin or go on", "I agree and want to take part"):
        looked_at(tab)
        reach(tab)
        tab.get_by_role("button", name=name).click()
    for question in page_of(instruments["mq5"], "core").questions:
        assert tab.get_by_role("group", name=question.text).count() == 1
        assert tab.get_by_role("group", name=question.text).get_by_role("radio").count() == len(
            (*question.options, *question.outside))
    looked_at(tab)
    reach(tab)
    small = tab.evaluate("[...document.querySelectorAll('label, button, a')].filter(one => one.offsetParent)"
                         ".map(one => one.getBoundingClientRect()).filter(box => box.height < 24 || box.width < 24)")
    assert small == []
    tab.get_by_role("button", name="Finish", exact=True).click()
    tab.get_by_role("alert").filter(has_text="10 questions have no answer yet").wait_for()
    looked_at(tab)
    assert [text for text in complaints if "422" not in text] == []
    tab.context.close()


def test_each_answer_is_saved_when_it_is_given_and_said_so(chromium, site, place):
    tab = opened(chromium, script=True, width=375)
    token = place.token()
    tab.goto(f"{site}/l/{token}")
    tab.get_by_role("button", name="Begin or go on").click()
    tab.get_by_role("button", name="I agree and want to take part").click()
    for number in range(2):
        tab.get_by_role("group").nth(number).get_by_role("radio").nth(3).check()
        tab.get_by_text(f"{number + 1} of 10 answered").wait_for()
    assert tab.locator("#saved").inner_text().startswith("Saved ")
    tab.get_by_role("group").nth(4).get_by_role("radio").nth(3).check()
    tab.get_by_text("3 of 10 answered").wait_for()
    tab.get_by_role("group").nth(4).get_by_role("button", name="Take back").click()
    tab.get_by_text("2 of 10 answered").wait_for()
    assert tab.get_by_role("button", name="Take back").count() == 2
    looked_at(tab)
    other = opened(chromium, script=False, width=375)
    other.goto(f"{site}/l/{token}")
    other.get_by_role("button", name="Begin or go on").click()
    assert other.locator("input:checked").count() == 2
    for shown in (tab, other):
        shown.context.close()


def test_a_red_banner_says_that_answers_are_not_being_stored_and_they_are_sent_again(chromium, site, place):
    tab = opened(chromium, script=True, width=375)
    tab.goto(f"{site}/l/{place.token()}")
    tab.get_by_role("button", name="Begin or go on").click()
    tab.get_by_role("button", name="I agree and want to take part").click()
    tab.get_by_text("0 of 10 answered").wait_for()
    with sqlite3.connect(place.store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        tab.get_by_role("group").nth(0).get_by_role("radio").nth(3).check()
        tab.get_by_role("alert").filter(has_text="NOT being stored").wait_for()
        looked_at(tab)
        other.execute("ROLLBACK")
    tab.get_by_role("group").nth(1).get_by_role("radio").nth(3).check()
    tab.get_by_text("2 of 10 answered").wait_for()
    assert tab.get_by_role("alert").count() == 0
    tab.context.close()
