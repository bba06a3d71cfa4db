"""Alembic: the database schema, version by version. Run by `stable_jobs.store.database`."""
