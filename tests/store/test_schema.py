"""The steps of the schema, taken one after another, lead to the tables as they are declared."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import coachresearch.store.migrations as steps
from coachresearch.core.errors import StoreError
from coachresearch.store import schema
from coachresearch.store.database import engine_for, place_of
from coachresearch.store.promise import promised
from coachresearch.store.store import open_store
from coachresearch.store.tables import APPEND_ONLY, CHANGING, REVISIONS, metadata


def test_from_nothing_to_the_head_gives_the_declared_tables(tmp_path):
    open_store(tmp_path / "answers.db").close()
    engine = engine_for(tmp_path / "answers.db", access="read", busy_seconds=1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        triggers = {name for (name,) in found}
        tables = set(inspect(connection).get_table_names())
    assert tables == {*APPEND_ONLY, *CHANGING, "alembic_version"} == {*metadata.tables, "alembic_version"}
    assert triggers == {f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete", "replace")} | {
        "responses_not_erased", "imported_scores_not_erased"}


def test_a_server_gets_the_same_tables(empty_database, row):
    database, place = empty_database, place_of(empty_database)
    with open_store(database, study="spring") as store:
        store.append([row()])
    engine = engine_for(place, access="read", busy_seconds=1)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        for table in APPEND_ONLY:
            kinds = connection.exec_driver_sql(
                f"SELECT count(*) FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal").scalar()
            assert kinds == (4 if table in ("responses", "imported_scores") else 3), table
    engine.dispose()
    with open_store(database, create=False) as store:
        assert store.study == "spring"
        assert len(store.responses()) == 1


def test_a_file_of_the_first_schema_is_brought_up_to_date_with_its_answers(tmp_path, row):
    path = tmp_path / "answers.db"
    engine = engine_for(path, access="create", busy_seconds=1)
    with engine.begin() as connection:
        schema.migrate(connection, "0001")
        schema._introduce(connection, "spring")
        connection.exec_driver_sql("INSERT INTO batches (received_at, key, digest, rows, flagged) "
                                   "VALUES ('2026-01-01 10:00:00.000000', 'k', 'd', 1, 0)")
        filled = row(received_at="2026-01-01 10:00:00.000000", batch=1)
        connection.exec_driver_sql(f"INSERT INTO responses ({', '.join(filled)}) "
                                   f"VALUES ({', '.join('?' * len(filled))})", tuple(filled.values()))
    engine.dispose()
    with pytest.raises(StoreError, match="not up to date"):
        open_store(path, read_only=True)
    with open_store(path, study="spring") as store:
        assert store.responses()["value"].tolist() == [4]
        assert promised(store) == "confidential"


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
