"""Tables and columns get the words of the glossary; the digest of an event keeps the names that it hashed."""

from stable_jobs.store.migrations.scripts import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Rename them, with the constraints and indexes that bear their names."""
    run("0017_names.sql")


def downgrade() -> None:
    """Give the earlier names back."""
    run("0017_down.sql")
