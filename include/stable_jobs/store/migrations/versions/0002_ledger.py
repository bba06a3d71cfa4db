"""The ledger: entitlements, notices, batches, payments, answers, recovery, and the chain of audit events.

Tables and guards are SQL files beside: there they are declared once. The application adds rows and changes
the state of payments and batches and what an entitlement is worth; everything else it may only read.
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Create the ledger and let the application in."""
    for name in ("0002_tables.sql", "0002_guards.sql"):
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql((SQL / name).read_text("utf-8"))


def downgrade() -> None:
    """Drop the ledger and all it holds: what was paid is then known to the bank only."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(
        (SQL / "0002_down.sql").read_text("utf-8")
    )
