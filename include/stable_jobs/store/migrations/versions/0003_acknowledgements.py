"""People's answers to a validation report: acknowledgements, and the audit event of each released delivery.

A release was a row of the catalog without an event. From here on the database refuses one that no event
covers; those made before stay as they are, outside the chain.
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create both tables and let the application in."""
    _run("0003_acknowledgements.sql")


def downgrade() -> None:
    """Drop both with all they hold: the events that wrote to them no longer verify."""
    _run("0003_down.sql")


def _run(name: str) -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql((SQL / name).read_text("utf-8"))
