"""A unit's codes over time, doubts, and what decision and ledger say apart."""

from stable_jobs.store.migrations.scripts import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables, their guards and what stops a unit's payments."""
    run("0007_units.sql")


def downgrade() -> None:
    """Take them away; refused by whoever keeps the ledger's rows elsewhere, not by the database."""
    run("0007_down.sql")
