"""Runs migrations on the connection that `stable_jobs.store.database` passes in; it commits."""

from alembic import context
from sqlalchemy import Connection

from stable_jobs.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, version_table_schema="public")
with context.begin_transaction():
    context.run_migrations()
