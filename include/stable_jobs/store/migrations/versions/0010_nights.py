"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
    run("0010_nights.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0010_down.sql")
