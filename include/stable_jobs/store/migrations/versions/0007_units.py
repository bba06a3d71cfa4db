"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
    run("0007_units.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0007_down.sql")
