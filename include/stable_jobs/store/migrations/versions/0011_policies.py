"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing yet."""
    run("0011_policies.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0011_down.sql")
