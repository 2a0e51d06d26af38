"""A study of one small questionnaire on the web: its links, its browsers, and what is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from coachresearch.fieldwork.asking import ConsentText
from coachresearch.fieldwork.server import collection_app
from coachresearch.instruments.reader import read_instruments
from coachresearch.store.links import issue
from coachresearch.store.store import open_store

ORIGIN = {"origin": "http://testserver"}


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    ticks: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.ticks += timedelta(**span).total_seconds()


@dataclass
class Place:
    """The running study."""

    store: object
    app: object
    clock: Clock

    def token(self, person: str = "P1", *, instrument: str = "mq5", form: str = "core", **more) -> str:
        return issue(self.store, study="spring", wave="T1", person=person, target=more.pop("target", person),
                     role=more.pop("role", "self"), instrument=instrument, form=form, **more).token

    def browser(self) -> TestClient:
        return TestClient(self.app, headers=ORIGIN, follow_redirects=True, raise_server_exceptions=False)

    def arrived(self, token: str = "", *, consent: bool = True) -> TestClient:
        browser = self.browser()
        page = browser.post("/open", data={"token": token or self.token()})
        if consent:
            browser.post("/consent", data={"_hash": value(page.text, "_hash"), "given": "yes", "_language": "en"})
        return browser

    def kept(self):
        return self.store.responses()


def value(html: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', html).group(1)


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html))


def answers(html: str, code: int = 3) -> dict[str, str]:
    """The whole page answered as a browser would send it."""
    names = dict.fromkeys(re.findall(r'<input type="radio" name="(a-[^"]*)"', html))
    return hidden(html) | dict.fromkeys(names, str(code))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def instruments():
    return read_instruments()


@pytest.fixture
def place(tmp_path, clock, instruments):
    with open_store(tmp_path / "answers.db", study="spring", busy_seconds=0.3) as store:
        app = collection_app(store, instruments, title="A study", consent=ConsentText(), clock=clock,
                             ticks=lambda: clock.ticks)
        yield Place(store, app, clock)


@pytest.fixture
def tools():
    from types import SimpleNamespace

    return SimpleNamespace(value=value, hidden=hidden, answers=answers, origin=ORIGIN)
