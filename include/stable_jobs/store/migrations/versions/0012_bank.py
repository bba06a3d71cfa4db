"""The bank's word: whose fault a reject is, contradictions and their settlement, accounts after a return."""

from stable_jobs.store.migrations.scripts import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables, views and guards, and let the application in."""
    run("0012_bank.sql")


def downgrade() -> None:
    """Drop them with all they hold: the events that wrote to them no longer verify."""
    run("0012_down.sql")
