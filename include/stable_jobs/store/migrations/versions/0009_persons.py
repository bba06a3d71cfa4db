"""The login of each person's act, one key for each person, and a role that may only read."""

from stable_jobs.store.migrations.scripts import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Hands of events, persons that the ledger knows, views for the pages' role."""
    run("0009_persons.sql")


def downgrade() -> None:
    """Back to names on trust."""
    run("0009_down.sql")
