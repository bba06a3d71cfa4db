"""A unit's codes over time, doubts, and what decision and ledger say apart."""

from stable_jobs.store.migrations.scripts import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables, their guards and what stops a unit's payments."""
    run("0007_units.sql")


def downgrade() -> None:
    """Drop them with all they hold: the events that wrote to them no longer verify."""
    run("0007_down.sql")
