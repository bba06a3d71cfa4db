"""The objects of this version's database, to find out whether somebody removed a guard.

The database describes itself from PostgreSQL's catalog; `migrations/schema.csv` says what this version's
migrations and code make; `python -m stable_jobs.store.schema_check` writes it anew after either changed.
A file of code that the database was not given, or given otherwise, is a difference too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.store.database import DATABASE, MIGRATIONS, head, init_database, postgres_url
from stable_jobs.store.embedded import embedded_server
from stable_jobs.store.schema_code import applied_code, released_code, sums

FILE = MIGRATIONS / "schema.csv"
PORTABLE = frozenset(
    {"foreign key triggers", "function", "grants", "rights", "role", "rows", "setting", "table", "trigger"}
)
"""Kinds of objects that every major version of PostgreSQL describes in the same words. Expressions are not
among them: another major version may write a view or a check otherwise."""


@dataclass(frozen=True)
class Described:
    """A database's schema version, its server's major version, and each object's SHA-256."""

    version: str
    server: int
    objects: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """One object that is not as this version makes it. expected, found: SHA-256, or that it is none."""

    name: str
    expected: str
    found: str


NONE = "no such object"


def differences(connection: Connection) -> list[Difference]:
    """The objects and code that differ from this version's, by name.

    A server of another major version words some kinds otherwise: there only `PORTABLE` kinds are compared.
    """
    shipped, found = shipped_schema(), describe(connection)
    is_alike = shipped.server == found.server
    names = [n for n in {*shipped.objects, *found.objects} if is_alike or n.partition(":")[0] in PORTABLE]
    expected = {name: shipped.objects[name] for name in names if name in shipped.objects}
    there = {name: found.objects[name] for name in names if name in found.objects}
    expected |= {f"code: {name}": digest for name, digest in sums(released_code()).items()}
    there |= {f"code: {name}": digest for name, digest in applied_code(connection).items()}
    return [
        Difference(name, expected.get(name, NONE), there.get(name, NONE))
        for name in sorted({*expected, *there})
        if expected.get(name) != there.get(name)
    ]


def describe(connection: Connection) -> Described:
    """Every object of the database but PostgreSQL's own, under any settings of the connection."""
    with connection.begin_nested() as savepoint:
        connection.execute(text(PLAIN))
        objects = {one.name: one.sha256 for one in connection.execute(text(OBJECTS))}
        server = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0) // 10_000
        savepoint.rollback()
    return Described(head(), server, objects)


def shipped_schema(file: Path = FILE) -> Described:
    """The content of the file."""
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
    (version, server), *objects = rows
    return Described(version, int(server), {one[0]: one[1] for one in objects})


def write_schema(described: Described, file: Path = FILE) -> None:
    """Write the file."""
    text_ = io.StringIO()
    writer = csv.writer(text_, lineterminator="\n")
    writer.writerow((described.version, described.server))
    writer.writerows(sorted(described.objects.items()))
    file.write_text(text_.getvalue(), encoding="utf-8")


PLAIN = """
    SELECT set_config('search_path', 'pg_catalog', true), set_config('quote_all_identifiers', 'off', true),
           set_config('datestyle', 'ISO', true), set_config('intervalstyle', 'postgres', true),
           set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true)
"""

OBJECTS = """
WITH space AS (
    SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
),
relation AS (
    SELECT c.*, s.nspname || '.' || c.relname AS name FROM pg_class c JOIN space s ON s.oid = c.relnamespace
),
described (name, said) AS (
    SELECT 'table: ' || name, concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
        pg_get_userbyid(relowner), reloptions::text)
    FROM relation WHERE relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT 'column: ' || r.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    a.attnotnull,
        a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation)
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT 'constraint: ' || r.name || '.' || c.conname,
        concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable, c.condeferred)
    FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid WHERE c.contype NOT IN ('n', 't')
    UNION ALL
    SELECT 'index: ' || r.name, concat_ws(' ', pg_get_indexdef(r.oid), i.indisvalid, i.indisready,
    i.indislive)
    FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
    UNION ALL
    SELECT 'trigger: ' || r.name || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'foreign key triggers: ' || r.name, concat_ws(' ', count(*), string_agg(t.tgenabled::text, ''
        ORDER BY t.tgenabled))
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE t.tgisinternal GROUP BY r.name
    UNION ALL
    SELECT CASE WHEN p.prosqlbody IS NULL THEN 'function: ' ELSE 'sql function: ' END || s.nspname || '.'
    || p.proname
            || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        concat_ws(' ', CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE
        p.prokind::text END,
            pg_get_userbyid(p.proowner))
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'view: ' || name, pg_get_viewdef(oid) FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT 'rule: ' || r.name || '.' || w.rulename, concat_ws(' ', pg_get_ruledef(w.oid), w.ev_enabled)
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy: ' || r.name || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
    p.polroles::text,
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT 'event trigger: ' || evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text)
    FROM pg_event_trigger
    UNION ALL
    SELECT 'extension: ' || extname, extversion FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT 'grants: ' || g.name, string_agg(concat_ws(' ', coalesce(a.rolname, 'everybody'), g.privilege,
    g.is_grantable),
        ', ' ORDER BY a.rolname, g.privilege, g.is_grantable)
    FROM (
        SELECT r.name, r.relowner AS owner, x.grantee, x.privilege_type AS privilege, x.is_grantable
        FROM relation r CROSS JOIN LATERAL aclexplode(r.relacl) x
        UNION ALL
        SELECT r.name || '.' || t.attname, r.relowner, x.grantee, x.privilege_type, x.is_grantable
        FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid CROSS JOIN LATERAL aclexplode(t.attacl) x
        UNION ALL
        SELECT s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        p.proowner,
            x.grantee, x.privilege_type, x.is_grantable
        FROM pg_proc p JOIN space s ON s.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) x
        UNION ALL
        SELECT 'schema ' || s.nspname, s.nspowner, x.grantee, x.privilege_type, x.is_grantable
        FROM space s CROSS JOIN LATERAL aclexplode(s.nspacl) x
    ) g LEFT JOIN pg_roles a ON a.oid = g.grantee
    WHERE g.grantee <> g.owner GROUP BY g.name
    UNION ALL
    SELECT 'role: ' || r.rolname, concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,
    rolreplication,
        (SELECT string_agg(m.roleid::regrole::text, ',' ORDER BY m.roleid::regrole::text)
        FROM pg_auth_members m WHERE m.member = r.oid))
    FROM pg_roles r WHERE r.rolname LIKE 'stable_jobs%'
    UNION ALL
    SELECT 'setting: ' || CASE setrole WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(setrole) END, setting
    FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) setting
    WHERE setting ~ '^(session_replication_role|search_path|role|row_security)='
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND (setrole = 0 OR pg_get_userbyid(setrole) LIKE 'stable_jobs%')
    UNION ALL
    SELECT 'rows: ledger.life_cycle', string_agg(concat_ws(' ', subject, from_state, to_state), ', '
        ORDER BY subject, from_state, to_state) FROM ledger.life_cycle
    UNION ALL
    SELECT 'rows: ledger.later_columns', string_agg(concat_ws(' ', table_name, column_name), ', '
        ORDER BY table_name, column_name) FROM ledger.later_columns
)
SELECT name,
    encode(sha256(convert_to(string_agg(coalesce(said, ''), E'\\n' ORDER BY said), 'UTF8')), 'hex') AS sha256
FROM described GROUP BY name ORDER BY name
"""
"""Owners' own rights are left out: the words for them differ by major version."""


def main() -> None:
    """Make a database of this version on an embedded server and write what it is made of into the file."""
    import tempfile

    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with tempfile.TemporaryDirectory(prefix="schema-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as server:
            init_database(server)
            url = postgres_url(server.set(database=DATABASE).render_as_string(hide_password=False))
            engine = create_engine(url, poolclass=NullPool)
            with engine.connect() as connection:
                write_schema(describe(connection))
            engine.dispose()


if __name__ == "__main__":
    main()
