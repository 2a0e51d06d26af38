"""Run schema steps on a connection handed over by `store.schema`."""

from __future__ import annotations

from alembic import context

from coachresearch.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False
)
context.run_migrations()
