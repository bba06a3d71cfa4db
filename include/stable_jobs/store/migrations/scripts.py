"""Migrations whose statements are SQL files beside: what each of them does up and down is in `sql/`."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op
from sqlalchemy import text

SQL = Path(__file__).parent / "sql"

CODE = re.compile(
    r"^CREATE (?:OR REPLACE )?((?:FUNCTION|PROCEDURE|VIEW) .*?(?:AS \$\$.*?\$\$;|BEGIN ATOMIC$.*?^END;|;$))",
    re.MULTILINE | re.DOTALL,
)
"""A function, procedure or view of a migration, to the end of its statement."""

PATCHES = re.compile(r"^DO \$\$.*?^END \$\$;", re.MULTILINE | re.DOTALL)


def run(name: str) -> None:
    """Run the statements of `sql/<name>` in the migration's transaction."""
    _execute((SQL / name).read_text("utf-8"))


def code_of_migrations(before: str) -> None:
    """Make functions and views again as the migrations before a revision left them.

    The views must have been dropped. The changes of 0012 to the code of earlier migrations are made again.
    Functions that those migrations do not know are dropped, with the triggers that call them.
    """
    made_by_migrations = {"tables_of_event"}
    for path in sorted(SQL.glob("[0-9]*.sql")):
        if path.name < before and not path.stem.endswith("_down"):
            script = path.read_text("utf-8")
            patches = PATCHES.findall(script) if path.name.startswith("0012") else []
            made_by_migrations |= {one.split("(")[0].split()[1] for one in CODE.findall(script)}
            for made in (*(f"CREATE OR REPLACE {one}" for one in CODE.findall(script)), *patches):
                _execute(made)
            for view in re.findall(r"^CREATE (?:OR REPLACE )?VIEW (\w+)", script, re.MULTILINE):
                _execute(f"GRANT SELECT ON {view} TO stable_jobs_app")
    _execute("CALL know_event_tables()")
    for name, shown in op.get_bind().execute(text(ROUTINES)).all():
        if name not in made_by_migrations:
            _execute(f"DROP ROUTINE {shown} CASCADE")


ROUTINES = """
    SELECT proname, oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
"""


def _execute(statements: str) -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)
