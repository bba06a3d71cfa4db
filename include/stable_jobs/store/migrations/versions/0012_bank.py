"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing yet."""
    run("0012_bank.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0012_down.sql")
