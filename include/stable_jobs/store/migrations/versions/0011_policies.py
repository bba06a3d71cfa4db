"""The values on which money rests, recorded and confirmed; regions' totals; no refund above its premium."""

from stable_jobs.store.migrations.scripts import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Tables, what stops a region for its values or its total, and the guards."""
    run("0011_policies.sql")


def downgrade() -> None:
    """Drop them: nothing stops a region for its values or its total any more."""
    run("0011_down.sql")
