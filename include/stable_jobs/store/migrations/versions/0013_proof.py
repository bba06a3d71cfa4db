"""What proves what a night stood on: its files' bytes and its rows of the catalog, in its event."""

from stable_jobs.store.migrations.scripts import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables and let the application in."""
    run("0013_proof.sql")


def downgrade() -> None:
    """Drop them with all they hold: the events of the nights no longer verify."""
    run("0013_down.sql")
