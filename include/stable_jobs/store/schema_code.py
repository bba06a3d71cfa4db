"""The code in the database: functions, triggers and views, one object a file below `schema/`.

Tables are versioned: a migration changes them once. Code is repeatable: after the newest migration the whole
set is applied again if any file of it changed, in the migration's transaction, and `applied_code` says which
files' SHA-256 the database has. A function whose parameters or result change is dropped by a migration first;
views are dropped here before tables change.
"""

from __future__ import annotations

import re
from functools import cache
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.errors import StepError

FOLDER = Path(__file__).parent / "schema"
FUNCTIONS, TRIGGERS, VIEWS = "functions", "triggers", "views"
FORMER_VIEWS = (
    "views/entitlement_standing",
    "views/policy_standing",
    "views/total_standing",
    "views/standing_holds",
)
"""Views that migrations made before `applied_code` was kept, and that have another name by now."""


@cache
def released_code() -> dict[str, str]:
    """This version's files by name (`views/open_doubts`), each after those that it needs."""
    texts = {
        f"{kind}/{path.stem}": path.read_text("utf-8")
        for kind in (FUNCTIONS, VIEWS, TRIGGERS)
        for path in sorted((FOLDER / kind).glob("*.sql"))
    }
    before_triggers = [name for name in texts if not name.startswith(TRIGGERS)]
    needs = {name: _needed(name, texts[name], before_triggers) for name in before_triggers}
    in_order = [*TopologicalSorter(needs).static_order(), *(n for n in texts if n.startswith(TRIGGERS))]
    return {name: texts[name] for name in in_order}


def _needed(name: str, sql: str, others: list[str]) -> list[str]:
    """The functions and views that must be there before this one: those named in a view or an SQL function.

    The body of a function in PL/pgSQL is looked at only when it runs.
    """
    if "LANGUAGE plpgsql" in sql:
        return []
    words = set(re.findall(r"\w+\(|\w+", re.sub(r"--.*", "", sql)))
    return [
        other
        for other in others
        if other != name
        and (f"{_bare(other)}(" in words if other.startswith(FUNCTIONS) else _bare(other) in words)
    ]


def _bare(name: str) -> str:
    return name.partition("/")[2]


def sums(code: dict[str, str]) -> dict[str, str]:
    """Each file's SHA-256."""
    return {name: sha256(sql.encode()).hexdigest() for name, sql in code.items()}


def applied_code(connection: Connection) -> dict[str, str]:
    """The files' SHA-256 that the database was last given; none before the version that keeps them."""
    if connection.scalar(text("SELECT to_regclass('public.applied_code')")) is None:
        return {}
    return {
        one.name: one.sha256
        for one in connection.execute(text("SELECT name, sha256 FROM public.applied_code"))
    }


def is_applied(connection: Connection) -> bool:
    """Whether the database has this version's code."""
    return applied_code(connection) == sums(released_code())


def apply_code(connection: Connection) -> None:
    """Drop what is no longer in the set and make every object anew, as the owner, in its transaction."""
    released = released_code()
    gone = set(applied_code(connection)) - set(released)
    drop_views(connection)
    for name in sorted(gone, reverse=True):
        _drop(connection, name)
    for sql in released.values():
        connection.execution_options(no_parameters=True).exec_driver_sql(sql)
    connection.execute(text("DELETE FROM public.applied_code"))
    connection.execute(
        text("INSERT INTO public.applied_code (name, sha256) VALUES (:name, :sha256)"),
        [{"name": name, "sha256": digest} for name, digest in sums(released).items()],
    )


def drop_views(connection: Connection) -> None:
    """Drop the views, those applied before and this version's, with the functions that read them.

    Until `apply_code` the database counts as having no code. StepError where a view or function of somebody
    else reads them: dropping it is not ours.
    """
    known = {*applied_code(connection), *released_code(), *FORMER_VIEWS}
    names = [_bare(name) for name in known]
    built = connection.execute(
        text(BUILT_ON_VIEWS), {"views": [_bare(n) for n in known if n.startswith(VIEWS)]}
    )
    for kind, shown, name in built.all():
        if name not in names:
            raise StepError(
                f"{shown} was not made by this product and reads the ledger's views, which are about to be"
                " made anew: drop it, run `stable-jobs db init`, and make it again."
            )
        connection.exec_driver_sql(f"DROP {kind} {shown}")
    if applied_code(connection):
        connection.execute(text("UPDATE public.applied_code SET sha256 = ''"))


BUILT_ON_VIEWS = """
    WITH RECURSIVE built_on AS (
        SELECT DISTINCT coalesce(r.ev_class, d.objid) AS object, d.refobjid AS needed
        FROM pg_depend d
        LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
        WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
            AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
            AND coalesce(r.ev_class, d.objid) <> d.refobjid
    ),
    dropped (object, depth) AS (
        SELECT to_regclass(quote_ident(name))::oid, 0 FROM unnest(CAST(:views AS text[])) AS name
        WHERE to_regclass(quote_ident(name)) IS NOT NULL
        UNION
        SELECT b.object, d.depth + 1 FROM dropped d JOIN built_on b ON b.needed = d.object
    )
    SELECT
        CASE WHEN p.oid IS NULL THEN 'VIEW' ELSE 'ROUTINE' END AS kind,
        CASE WHEN p.oid IS NULL THEN d.object::regclass::text ELSE d.object::regprocedure::text END AS shown,
        coalesce(p.proname, c.relname) AS name
    FROM (SELECT object, max(depth) AS depth FROM dropped GROUP BY object) d
    LEFT JOIN pg_proc p ON p.oid = d.object
    LEFT JOIN pg_class c ON c.oid = d.object
    ORDER BY d.depth DESC, shown
"""
"""Views by name, and every view and function built on them: what is built on most comes last."""


def _drop(connection: Connection, name: str) -> None:
    """Drop a function or trigger that the set no longer has; views are dropped already."""
    bare = _bare(name)
    if name.startswith(FUNCTIONS):
        connection.exec_driver_sql(f"DROP ROUTINE IF EXISTS {bare}")
    elif name.startswith(TRIGGERS) and "." in bare:
        table, _, trigger = bare.partition(".")
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger} ON {table}")
