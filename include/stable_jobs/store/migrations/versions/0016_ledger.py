"""The ledger's tables, functions and views in a schema of their own: its catalog lists those tables."""

from stable_jobs.store.migrations.scripts import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Move them there."""
    run("0016_ledger.sql")


def downgrade() -> None:
    """Move tables and functions back; the views were dropped before."""
    run("0016_down.sql")
