"""Nothing yet."""

from stable_jobs.store.migrations.scripts import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Nothing yet."""
    run("0013_proof.sql")


def downgrade() -> None:
    """Nothing yet."""
    run("0013_down.sql")
