"""What a code may look like is checked in a form that costs less."""

from stable_jobs.store.migrations.scripts import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Spell the checks of codes without counted repetitions."""
    run("0019_checks.sql")


def downgrade() -> None:
    """Spell them as before."""
    run("0019_down.sql")
