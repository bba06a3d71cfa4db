"""The evidence of a night in its event: its files' bytes and its rows of the catalog."""

from stable_jobs.store.migrations.scripts import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables and let the application in."""
    run("0013_proof.sql")


def downgrade() -> None:
    """Drop them with all they hold: the events of the nights no longer verify."""
    run("0013_down.sql")
