"""A unit costs the ledger fewer rows and indexes: what a row says itself is no second row."""

from stable_jobs.store.migrations.scripts import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Take the state out of payments' indexes; let payments and entitlements say how they began."""
    run("0020_rows.sql")


def downgrade() -> None:
    """Give back the indexes, and the rows that 0019 looks for."""
    run("0020_down.sql")
