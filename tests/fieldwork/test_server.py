"""From the link to the receipt, and everything that was seen to go wrong elsewhere."""

from __future__ import annotations

import html
import re
import shutil
import sqlite3
import threading
import unicodedata

import pytest
from starlette.testclient import TestClient


def test_from_the_link_to_the_receipt(place, tools):
    token = place.token()
    browser = place.browser()
    start = browser.get(f"/l/{token}")
    assert start.status_code == 200
    assert "under a pseudonym" in start.text
    consent = browser.post("/open", data={"token": token})
    assert "Taking part is voluntary" in consent.text
    form = browser.post("/consent", data={"_hash": tools.value(consent.text, "_hash"), "given": "yes"})
    assert form.text.count("<fieldset") == 10
    done = browser.post("/submit", data=tools.answers(form.text))
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    kept = place.kept()
    assert (len(kept), set(kept["value"]), set(kept["mode"])) == (10, {3}, {"web"})
    assert list(kept.sort_values("position")["position"]) == list(range(1, 11))


def test_back_after_handing_in_shows_the_receipt_and_no_form(place, tools):
    browser = place.arrived()
    done = browser.post("/submit", data=tools.answers(browser.get("/form").text))
    for path in ("/form", "/submit"):
        again = browser.get(path)
        assert "Already handed in" in again.text
        assert done.text.split('<bdi>')[1][:11] in again.text


def test_refresh_and_another_device_show_what_is_kept(place, tools):
    token = place.token(form="full")
    browser = place.arrived(token)
    first = browser.get("/form").text
    page = browser.post("/form", data=tools.answers(first, 2) | {"_go": "next"})
    assert page.url.query == b"page=2&language=en"
    for other in (browser, place.arrived(token, consent=False)):
        resumed = other.get("/form").text
        assert tools.value(resumed, "_page") == "2"
        assert "10 of 27 answered" in resumed
        assert other.get("/form?page=1").text.count(" checked>") == 10


def test_a_mail_scanner_that_opens_the_link_changes_nothing(place):
    token = place.token()
    before = dump(place)
    browser = place.browser()
    for address in (f"/l/{token}", f"/l/{token}?utm_source=mail&gclid=1"):
        for _ in range(5):
            assert browser.get(address).status_code == 200
        assert browser.head(address).status_code == 200
    assert browser.get(f"/l/{token}", headers={"host": "TESTSERVER"}).status_code == 200
    assert dump(place) == before


@pytest.mark.parametrize("spoil", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), lambda token: token[:20], str.swapcase,
    lambda _: "' OR 1=1 --", lambda _: "{{7*7}}", lambda _: "%00", lambda _: "../../etc/passwd", lambda _: "x" * 5000,
])
def test_a_wrong_token_gets_the_same_neutral_page(place, spoil):
    right = place.token()
    browser = place.browser()
    page = browser.get(f"/l/{spoil(right)}")
    nothing = browser.get("/l/nothing")
    assert (page.status_code, page.text) == (404, nothing.text)
    assert browser.post("/open", data={"token": spoil(right)}).text == nothing.text


def test_an_expired_link_looks_like_an_unknown_one(place):
    token = place.token(expires=place.clock.now)
    browser = place.browser()
    page = browser.get(f"/l/{token}")
    assert (page.status_code, page.text) == (404, browser.get("/l/nothing").text)


def test_guessing_tokens_is_stopped_and_the_people_behind_the_same_address_are_not(place):
    token = place.token()
    browser = place.browser()
    found = [browser.get(f"/l/guess{number}").status_code for number in range(40)]
    assert found == [404] * 30 + [429] * 10
    assert browser.get(f"/l/{token}").status_code == 200
    place.clock.later(minutes=11)
    assert browser.get("/l/guess").status_code == 404


def test_a_cookie_set_before_the_link_is_opened_is_useless(place):
    browser = place.browser()
    browser.cookies.set("coachresearch", "attackers-choice")
    browser.post("/open", data={"token": place.token()}, follow_redirects=False)
    thief = place.browser()
    thief.cookies.set("coachresearch", "attackers-choice")
    assert thief.get("/form").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http(place):
    for scheme in ("http", "https"):
        browser = TestClient(place.app, base_url=f"{scheme}://testserver", headers={"origin": f"{scheme}://testserver"})
        cookie = browser.post("/open", data={"token": place.token()}, follow_redirects=False).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert ("Secure" in cookie) == (scheme == "https")


@pytest.mark.parametrize("headers", [
    {}, {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://testserver.evil.example"},
    {"origin": "http://[broken"}, {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    {"sec-fetch-site": "cross-site"},
])
def test_a_post_from_elsewhere_stores_nothing(place, headers):
    before = dump(place)
    answer = TestClient(place.app).post("/open", data={"token": place.token()}, headers=headers)
    assert answer.status_code == 403
    assert [line for line in dump(place) if "INTO \"sessions\"" in line] == [
        line for line in before if "INTO \"sessions\"" in line]


def test_the_same_page_sent_twice_is_kept_once_with_one_receipt(place, tools):
    token = place.token()
    browser = place.arrived(token)
    body = tools.answers(browser.get("/form").text)
    first = browser.post("/submit", data=body)
    other = place.arrived(token, consent=False)
    place.clock.later(days=2)
    again = [one.post("/submit", data=body) for one in (browser, other)]
    assert [one.text for one in again] == [first.text] * 2
    assert len(place.store.responses(latest=False)) == 10


def test_the_same_key_with_other_answers_is_refused_and_the_first_are_kept(place, tools):
    browser = place.arrived()
    body = tools.answers(browser.get("/form").text)
    browser.post("/submit", data=body)
    other = browser.post("/submit", data=body | {next(name for name in body if name[:2] == "a-"): "5"})
    assert (other.status_code, "The first ones are kept" in other.text) == (409, True)
    assert set(place.kept()["value"]) == {3}


def test_two_windows_on_one_page_overwrite_nothing(place, tools):
    browser = place.arrived()
    page = browser.get("/form").text
    assert browser.post("/form", data=tools.answers(page, 2) | {"_go": "save"}).status_code == 200
    for path in ("/form", "/submit"):
        older = browser.post(path, data=tools.answers(page, 5))
        assert older.status_code == 409
        assert f"was answered at {place.clock.now:%H:%M} (UTC) in another window" in older.text
        assert 'value="5" checked' in older.text
    assert 'value="2" checked' in browser.get("/form").text
    assert len(place.kept()) == 0


def test_handing_in_with_gaps_asks_first_and_names_them(place, tools):
    browser = place.arrived()
    page = browser.get("/form").text
    body = tools.answers(page)
    left_out = [name for name in body if name[:2] == "a-"][:2]
    body = {name: text for name, text in body.items() if name not in left_out}
    asked = browser.post("/submit", data=body)
    assert asked.status_code == 422
    assert "2 questions have no answer yet" in asked.text
    assert all(f'href="#q-{name[2:]}"' in asked.text for name in left_out)
    done = browser.post("/submit", data=body | tools.hidden(asked.text) | {"_gaps": "yes"})
    assert done.status_code == 200
    kept = place.kept().set_index("item")["missing"]
    assert {f"a-{item}" for item in kept[kept == "skipped"].index} == set(left_out)


@pytest.mark.parametrize(("name", "text"), [
    ("a-mot_99", "3"), ("a-' OR 1=1 --", "3"), ("first", "77"), ("first", "-1"), ("first", "<script>"),
    ("first", "٣٣٣"), ("first", "\x00"), ("first", "3" * 400), ("a-<script>alert(1)</script>", "1"),
])
def test_what_is_not_an_answer_is_told_at_its_question_and_the_others_are_kept(place, tools, name, text):
    browser = place.arrived()
    body = tools.answers(browser.get("/form").text)
    first = next(known for known in body if known[:2] == "a-")
    answer = browser.post("/form", data=body | {first if name == "first" else name: text})
    assert answer.status_code == 422
    assert "Not saved" in answer.text
    assert "<script>" not in answer.text
    kept = browser.get("/form").text
    assert kept.count(" checked>") == (9 if name == "first" else 10)


def test_an_item_answered_twice_on_one_page_is_refused(place, tools):
    browser = place.arrived()
    item = next(name for name in tools.answers(browser.get("/form").text) if name[:2] == "a-")
    answer = browser.post("/form", content=f"_version=0&_page=1&{item}=1&{item}=2",
                          headers={"content-type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, "answered twice" in answer.text) == (422, True)


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b"a=" + b"x" * 600_000, "application/x-www-form-urlencoded", 413),
    (b"&".join(b"f%d=1" % number for number in range(5_000)), "application/x-www-form-urlencoded", 400),
    (b'{"a": 1}', "application/json", 400), (b"--x\r\n", "multipart/form-data; boundary=x", 400),
    (b"\xff\xfe%zz=%ff", "application/x-www-form-urlencoded", 200),
])
def test_a_body_that_is_no_form_is_refused_and_the_server_goes_on(place, body, kind, status):
    browser = place.arrived()
    assert browser.post("/form", content=body, headers={"content-type": kind}).status_code == status
    assert browser.get("/form").status_code == 200


@pytest.mark.parametrize("text", ["\x00", " \x00 ", "a\x00b", "\x1f\x0b", "\u2028", "\ufeff", "x" * 20_000])
def test_odd_characters_never_look_like_a_full_disk(place, tools, text):
    browser = place.arrived(place.token(instrument="crr", form="own_words"))
    page = browser.get("/form").text
    name = re.findall(r'<textarea[^>]* name="(a-[^"]*)"', page)[0]
    assert browser.post("/form", data=tools.hidden(page) | {name: text, "_go": "save"}).status_code == 200
    assert browser.get("/form").status_code == 200


def test_a_body_without_a_stated_length_is_cut_off_too(place):
    browser = place.arrived()
    answer = browser.post("/form", content=(b"a=" + b"x" * 1000 for _ in range(2_000)),
                          headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


def test_a_body_that_trickles_in_is_given_up(place):
    import asyncio

    from starlette.responses import PlainTextResponse

    from coachresearch.fieldwork.guard import Guard

    said: list[int] = []

    async def drip():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def hear(message):
        said.extend([message["status"]] if message["type"] == "http.response.start" else [])

    guard = Guard(place.app, lambda code, status: PlainTextResponse(code, status), slowest=0.1)
    scope = {"type": "http", "method": "POST", "path": "/form", "query_string": b"",
             "headers": [(b"host", b"x"), (b"origin", b"http://x")]}
    asyncio.run(guard(scope, drip, hear))
    assert said == [408]


def test_an_instrument_edited_while_a_draft_is_open_is_told_and_the_draft_kept(place, tools, instruments):
    from dataclasses import replace

    from coachresearch.fieldwork.server import collection_app

    browser = place.arrived()
    browser.post("/form", data=tools.answers(browser.get("/form").text, 2))
    edited = {"mq5": replace(instruments["mq5"], version="9.9.9", content_hash="0" * 64)}
    other = TestClient(collection_app(place.store, edited, clock=place.clock), headers=tools.origin)
    other.cookies.set("coachresearch", browser.cookies.get("coachresearch"))
    told = other.get("/form")
    assert (told.status_code, "was changed after you began" in told.text) == (409, True)
    assert browser.get("/form").text.count(" checked>") == 10


def test_an_instrument_that_was_removed_is_no_crash(place, tools):
    from coachresearch.fieldwork.server import collection_app

    token = place.token()
    other = TestClient(collection_app(place.store, {}, clock=place.clock), headers=tools.origin)
    told = other.get(f"/l/{token}")
    assert (told.status_code, "cannot be shown at the moment" in told.text) == (500, True)
    assert "content-security-policy" in told.headers


HOSTILE = ("<script>alert(1)</script>", "</textarea><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://x\")",
           "{{7*7}} %s ' OR 1=1 --", "שלום \u202eevil\u202c", "👩‍👩‍👧 e\u0301", "line one\nline two")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_typed_and_shown_as_text(place, tools, text):
    browser = place.arrived(place.token(instrument="crr", form="own_words"))
    page = browser.get("/form").text
    names = re.findall(r'<textarea[^>]* name="(a-[^"]*)"', page)
    shown = browser.post("/form", data=tools.hidden(page) | {names[0]: text, "_go": "save"})
    assert shown.status_code == 200
    expected = unicodedata.normalize("NFC", text)
    inside = shown.text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0]
    assert html.unescape(inside) == expected
    done = browser.post("/submit", data=tools.hidden(shown.text) | {names[0]: text, "_gaps": "yes"})
    assert done.status_code == 200
    kept = place.kept().set_index("item")
    assert kept.loc[names[0][2:], "text"] == expected


def test_numbers_are_typed_and_held_to_their_limits(place, tools):
    browser = place.arrived(place.token(instrument="tmc", form="hours"))
    page = browser.get("/form").text
    assert "A whole number from 0 to 300" in page
    name = re.search(r'<input class="entry"[^>]* name="(a-[^"]*)"', page).group(1)
    for wrong in ("301", "2.5", "many"):
        answer = browser.post("/form", data=tools.hidden(page) | {name: wrong})
        assert (answer.status_code, f'value="{wrong}"' in answer.text) == (422, True)
    kept = browser.post("/form", data=tools.hidden(page) | {name: " 120 "})
    assert 'value="120"' in kept.text


@pytest.mark.parametrize("path", ["/form", "/submit"])
def test_while_nothing_can_be_stored_the_typed_answers_stay_in_the_page(place, tools, path):
    browser = place.arrived()
    body = tools.answers(browser.get("/form").text, 4)
    with sqlite3.connect(place.store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = browser.post(path, data=body)
        told = browser.post("/form", data=body | {"_go": "auto"}, headers={"accept": "application/json"})
        health = browser.get("/health")
        other.execute("ROLLBACK")
    assert (answer.status_code, told.status_code, health.status_code) == (503, 503, 503)
    assert "NOT being stored" in answer.text
    assert told.json()["again"] is True
    assert tools.hidden(answer.text).items() >= {name: text for name, text in body.items() if name[0] == "a"}.items()
    again = browser.post(path, data=tools.hidden(answer.text))
    assert again.status_code == 200
    assert browser.get("/health").json() == {"stored": True}
    assert ("Thank you" if path == "/submit" else 'value="4" checked') in again.text


def test_a_removed_folder_is_told_and_the_server_stays_alive(place, tools):
    browser = place.arrived()
    body = tools.answers(browser.get("/form").text, 4)
    away = place.store.path.parent.with_name("away")
    shutil.move(place.store.path.parent, away)
    answer = browser.post("/submit", data=body)
    assert (answer.status_code, "NOT being stored" in answer.text) == (503, True)
    assert browser.get("/health").status_code == 503
    shutil.move(away, place.store.path.parent)
    assert browser.post("/submit", data=tools.hidden(answer.text)).status_code == 200


def test_answers_sent_without_a_cookie_can_be_sent_again_after_opening_the_link(place, tools):
    token = place.token()
    browser = place.arrived(token)
    body = tools.answers(browser.get("/form").text, 4)
    browser.cookies.clear()
    lost = browser.post("/form", data=body)
    assert (lost.status_code, "does not know who you are" in lost.text) == (401, True)
    browser.post("/open", data={"token": token})
    assert 'value="4" checked' in browser.post("/form", data=tools.hidden(lost.text)).text


def test_without_consent_no_question_is_shown_and_no_answer_taken(place, tools):
    browser = place.arrived(consent=False)
    page = browser.get("/form")
    refused = browser.post("/consent", data={"_hash": tools.value(page.text, "_hash"), "given": "no"})
    assert "You did not agree" in refused.text
    for path in ("/form", "/submit"):
        answer = browser.post(path, data={"_key": "k" * 20, "_version": "0", "a-mot_1": "3"})
        assert "fieldset" not in answer.text
    stale = browser.post("/consent", data={"_hash": "another text", "given": "yes"})
    assert "fieldset" not in stale.text
    assert len(place.kept()) == 0


def test_somebody_else_on_the_same_computer_sees_nothing_of_the_first(place, tools):
    browser = place.arrived()
    browser.post("/form", data=tools.answers(browser.get("/form").text, 2))
    old = browser.cookies.get("coachresearch")
    assert "has forgotten the link" in browser.post("/leave").text
    browser.cookies.set("coachresearch", old)
    assert browser.get("/form").status_code == 401


def test_every_answer_carries_strict_headers_and_no_inline_script(place):
    browser = place.arrived()
    for path in ("/form", "/l/x", "/health", "/static/page.js", "/nothing"):
        answer = browser.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = browser.get("/form").text
    assert len(page.encode()) < 30_000
    assert "http://" not in page
    assert "style=" not in page
    assert "onclick" not in page


@pytest.mark.parametrize("language", ["../../..", "/", "xx", "\x00", "de/../en", "<script>"])
def test_a_hostile_language_is_answered_in_a_language_that_there_is(place, language):
    browser = place.arrived()
    for answer in (browser.get("/form", params={"language": language}),
                   browser.post("/form", data={"_language": language, "_page": "99", "_version": "x"}),
                   place.browser().post("/form", data={"_language": language})):
        assert answer.status_code in (200, 401)
        assert "<script>" not in answer.text.replace("&lt;", "")


def test_the_form_changes_language_and_keeps_what_was_answered(place, tools):
    browser = place.arrived()
    browser.post("/form", data=tools.answers(browser.get("/form").text, 2))
    german = browser.get("/form?language=de").text
    assert '<html lang="de" dir="ltr">' in german
    assert german.count(" checked>") == 10
    assert "10 von 10 beantwortet" in german


def test_saving_as_one_goes_says_when_and_gives_the_next_version(place, tools):
    browser = place.arrived()
    page = browser.get("/form").text
    item = next(name for name in tools.answers(page) if name[:2] == "a-")
    told = browser.post("/form", data={"_version": "0", "_page": "1", "_go": "auto", item: "4"},
                        headers={"accept": "application/json"}).json()
    assert told == {"version": 1, "saved_at": place.clock.now.isoformat(), "answered": 1,
                    "progress": "1 of 10 answered"}
    stale = browser.post("/form", data={"_version": "0", "_page": "1", "_go": "auto", item: "5"},
                         headers={"accept": "application/json"})
    assert (stale.status_code, stale.json()["again"]) == (409, False)


def test_an_anonymous_study_keeps_no_way_back(tmp_path, place, tools):
    from coachresearch.store.promise import promise

    promise(place.store, "anonymous")
    browser = place.arrived()
    assert "Thank you" in browser.post("/submit", data=tools.answers(browser.get("/form").text)).text
    assert "P1" not in set(place.kept()["person"])
    assert "Already handed in" in browser.get("/form").text


def test_many_people_at_once_each_get_their_own_receipt(place, tools):
    browsers = [place.arrived(place.token(f"P{number}")) for number in range(8)]
    bodies = [tools.answers(browser.get("/form").text, 1 + number % 5) for number, browser in enumerate(browsers)]
    found: dict[int, str] = {}

    def send(number: int) -> None:
        found[number] = browsers[number].post("/submit", data=bodies[number]).text

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({text.split("<bdi>")[1][:11] for text in found.values()}) == 8
    kept = place.kept()
    assert len(kept) == 80
    assert (kept.groupby("person")["value"].nunique() == 1).all()


def dump(place) -> list[str]:
    with sqlite3.connect(place.store.path) as connection:
        return list(connection.iterdump())
