"""The steps of the schema, taken one after another, lead to the tables as they are declared."""

import threading

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import coachresearch.store.migrations as steps
from coachresearch.store.database import engine_for
from coachresearch.store.store import open_store
from coachresearch.store.tables import APPEND_ONLY, REVISIONS, metadata


def test_from_nothing_to_the_head_gives_the_declared_tables(tmp_path):
    open_store(tmp_path / "answers.db").close()
    engine = engine_for(tmp_path / "answers.db", access="read", busy_seconds=1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        triggers = {name for (name,) in found}
        tables = set(inspect(connection).get_table_names())
    assert tables == {*APPEND_ONLY, "alembic_version"} == {*metadata.tables, "alembic_version"}
    assert triggers == {f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete", "replace")}


def test_the_known_revisions_are_the_steps_that_are_shipped():
    config = Config()
    config.set_main_option("script_location", steps.__path__[0])
    found = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == REVISIONS


def test_two_who_begin_the_same_file_at_once_share_one(tmp_path, row):
    barrier = threading.Barrier(4)
    failures = []

    def begin(name):
        barrier.wait()
        try:
            with open_store(tmp_path / "answers.db", study="spring") as store:
                store.append([row(person=name, target=name)])
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=begin, args=(f"P{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(tmp_path / "answers.db", create=False) as store:
        assert len(store.responses()) == 4
    assert [file.name for file in tmp_path.iterdir()] == ["answers.db"]
