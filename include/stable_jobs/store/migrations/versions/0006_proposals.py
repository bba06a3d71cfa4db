"""Proposals that two people must agree on, and the mark of a demonstration installation.

From here on the tables that an event's digest covers come from the database's own catalog, so that a later
version adds a table without a new digest; a column that a later version adds counts where it has a value.
"""

from stable_jobs.store.migrations.scripts import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables and let the application in."""
    run("0006_proposals.sql")


def downgrade() -> None:
    """Drop them with all they hold: the events that wrote to them no longer verify."""
    run("0006_down.sql")
