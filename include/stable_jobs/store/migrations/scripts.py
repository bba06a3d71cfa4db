"""Migrations whose statements are SQL files beside: what each of them does up and down is in `sql/`."""

from __future__ import annotations

from pathlib import Path

from alembic import op

SQL = Path(__file__).parent / "sql"


def run(name: str) -> None:
    """Run the statements of `sql/<name>` in the migration's transaction."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql((SQL / name).read_text("utf-8"))
