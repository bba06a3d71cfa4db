"""A payment keeps its place when its state changes, and its lines have fewer indexes."""

from stable_jobs.store.migrations.scripts import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Take the state out of every index of payments; drop two indexes of lines."""
    run("0020_rows.sql")


def downgrade() -> None:
    """Give the indexes back."""
    run("0020_down.sql")
