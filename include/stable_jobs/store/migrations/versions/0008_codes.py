"""How accounts and names are compared; whose account may bear another name; codes that people registered."""

from stable_jobs.store.migrations.scripts import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them."""
    run("0008_codes.sql")


def downgrade() -> None:
    """Take them away."""
    run("0008_down.sql")
