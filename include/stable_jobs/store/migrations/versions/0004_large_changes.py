"""A night in which every payment changes takes as long as one in which all are new.

The checks of changed payments are planned each time, not once for few rows.
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Replace five functions."""
    _run("0004_large_changes.sql")


def downgrade() -> None:
    """As it was: right, and slow."""
    _run("0004_down.sql")


def _run(name: str) -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql((SQL / name).read_text("utf-8"))
