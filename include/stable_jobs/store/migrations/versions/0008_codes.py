"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
    run("0008_codes.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0008_down.sql")
