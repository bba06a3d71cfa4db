"""The decision in force of each date, nights that were withdrawn, and finance's word on recovered money."""

from stable_jobs.store.migrations.scripts import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """The tables, what they are read by, and the guards."""
    run("0010_nights.sql")


def downgrade() -> None:
    """As it was: the newest row of a region counts, and one person closes a recovery case."""
    run("0010_down.sql")
