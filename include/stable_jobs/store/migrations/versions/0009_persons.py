"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
    run("0009_persons.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0009_down.sql")
