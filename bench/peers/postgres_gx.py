"""Peer: PostgreSQL, with Great Expectations pushed down: `python -m bench.peers.postgres_gx SPEC …`.

The server is the one that the project ships, under the scratch folder. Files are copied in as they are, in
their own encoding; the rules, the join and the lists are the server's work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from bench.peers.decision_sql import decision, tables
from bench.peers.spec import FOR_ALL, Column, Extract, Job, Landed, Spec, headers, job
from stable_jobs.store.embedded import embedded_server

PIECE = 1 << 20
TYPES = {
    "integer": "bigint",
    "month": "integer",
    "money": "numeric",
    "date": "date",
    "open_date": "date",
    "timestamp": "timestamp",
}
READABLE = {
    "integer": "^-?[0-9]{1,18}$",
    "month": "^[0-9]{6}$",
    "money": r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$",
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "open_date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
}
SETTINGS = {
    "work_mem": "256MB",
    "maintenance_work_mem": "256MB",
    "hash_mem_multiplier": "2",
    "jit": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
}
"""Of a server that loads, reads once and throws away; changed by a reload."""


def main() -> None:
    """Load, validate and reject, decide, and write one list per region."""
    work = job()
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with embedded_server(work.scratch) as url:
        with connected(url) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
            prepare(connection, work.spec)
        files = [list(group) for _, group in groupby(work.files, lambda file: file.extract.name)]
        with ThreadPoolExecutor(work.spec.threads) as pool:
            list(pool.map(lambda some: load(url, work.spec, some), sorted(files, key=_size, reverse=True)))
        validate(url, work.spec, files)
        write(url, work)


def _size(files: Sequence[Landed]) -> int:
    return sum(file.path.stat().st_size for file in files)


@contextmanager
def connected(url: URL) -> Iterator[psycopg.Connection[Any]]:
    """A connection without transactions of its own."""
    host = str(url.query["host"])
    with psycopg.connect(host=host, user=url.username, dbname=url.database, autocommit=True) as connection:
        yield connection


def prepare(connection: psycopg.Connection[Any], spec: Spec) -> None:
    """The small tables, and the checks of codes as functions."""
    for name, query in tables(spec).items():
        connection.execute(f"CREATE TABLE {name} AS {query}")
    known = ", ".join(f"('{code}')" for code in spec.known_regions)
    connection.execute(f"CREATE TABLE known_regions AS SELECT * FROM (VALUES {known}) AS k (code)")
    connection.execute("CREATE TABLE rejected (extract_name text, region_code text, uscc text)")
    for name, body in checks(spec).items():
        kind = "RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        connection.execute(f"CREATE FUNCTION {name}(c text) {kind} RETURN {body}")


def checks(spec: Spec) -> dict[str, str]:
    """By name whether a code `c` is right, as an expression."""
    heads, provinces = _texts(spec.heads), _texts(spec.provinces)
    total = " + ".join(
        f"(strpos('{spec.alphabet}', substr(c, {place}, 1)) - 1) * {weight}"
        for place, weight in enumerate(spec.weights, start=1)
    )
    is_credit_code = (
        f"(c ~ '^[{spec.alphabet}]{{18}}$' AND c ~ '^..[0-9]{{6}}' AND left(c, 2) IN ({heads}) "
        f"AND (substr(c, 3, 2) IN ({provinces}) OR substr(c, 3, 6) = '100000') "
        f"AND (31 - ({total}) % 31) % 31 = strpos('{spec.alphabet}', substr(c, 18, 1)) - 1)"
    )
    is_old = f"({_mod_11_10(15)} AND left(c, 2) IN ({provinces}))"
    return {
        "is_unit_code": f"CASE length(c) WHEN 18 THEN {is_credit_code} WHEN 15 THEN {is_old} ELSE false END",
        "is_bank_code": _mod_11_10(12),
        "is_account_no": (
            "(c ~ '^[0-9A-Z]{5,34}$' AND c ~ '^([A-Z]*[0-9]){5}' "
            "AND c !~ '^([0-9]+E[0-9]+[DFL]?|0X[0-9A-F]+)$' AND replace(c, left(c, 1), '') <> '')"
        ),
    }


def _texts(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _mod_11_10(digits: int) -> str:
    """Whether the last digit is the check digit of ISO 7064 MOD 11,10."""
    product = "10"
    for place in range(1, digits):
        product = f"((({product} + substr(c, {place}, 1)::int - 1) % 10 + 1) * 2 % 11)"
    right = f"({product} + substr(c, {digits}, 1)::int) % 10 = 1"
    return f"CASE WHEN c ~ '^[0-9]{{{digits}}}$' THEN {right} ELSE false END"


# --- Loading ---


def load(url: URL, spec: Spec, files: Sequence[Landed]) -> None:
    """One extract's files into its table `<extract>_rows`; checks what the manifests promise.

    The files are copied into typed columns. Where one has a value that does not fit, or an amount with parts
    of a fen, they are copied as text and cast where that is possible, so that the rules find the row.
    """
    extract = files[0].extract
    with connected(url) as connection:
        connection.execute(_create(extract, is_text=False))
        try:
            _copy(connection, files)
            is_typed = not _has_parts_of_fen(connection, extract)
        except psycopg.DataError:
            is_typed = False
        if not is_typed:
            connection.execute(f"DROP TABLE {extract.name}_rows")
            connection.execute(_create(extract, is_text=True))
            _copy(connection, files)
            connection.execute(_typed(extract))
        _clear_null_words(connection, extract)
        connection.execute(f"ANALYZE {extract.name}_rows")
        for name in sorted({column.name for column in extract.columns if column.check}):
            check = extract.column(name).check
            codes = f"SELECT DISTINCT {name} AS code FROM {extract.name}_rows"
            bad = f"SELECT code FROM ({codes}) AS codes WHERE NOT is_{check}(code)"
            connection.execute(f"CREATE TABLE {extract.name}_{name}_bad AS {bad}")
        _check_promises(connection, files)


def _has_parts_of_fen(connection: psycopg.Connection[Any], extract: Extract) -> bool:
    amounts = [column.name for column in extract.columns if column.kind == "money"]
    found = " OR ".join(f"scale({name}) > 2" for name in amounts) or "false"
    row = connection.execute(f"SELECT EXISTS (SELECT FROM {extract.name}_rows WHERE {found})").fetchone()
    return row is not None and bool(row[0])


def _create(extract: Extract, *, is_text: bool) -> str:
    columns = ", ".join(
        f"{c.name} {'text' if is_text else TYPES.get(c.kind, 'text')}" for c in extract.columns
    )
    return (
        f"CREATE UNLOGGED TABLE {extract.name}_rows (row_id bigint GENERATED ALWAYS AS IDENTITY, "
        f"file_region text, unreadable text, {columns})"
    )


def _copy(connection: psycopg.Connection[Any], files: Sequence[Landed]) -> None:
    for file in files:
        name, encoding = file.extract.name, file.extract.encoding
        connection.execute(f"ALTER TABLE {name}_rows ALTER file_region SET DEFAULT '{file.region}'")
        options = f"FORMAT csv, HEADER, NULL '', ENCODING '{'GB18030' if encoding == 'gb18030' else 'UTF8'}'"
        columns = ", ".join(headers(file))
        with (
            file.path.open("rb") as source,
            connection.cursor() as cursor,
            cursor.copy(f"COPY {name}_rows ({columns}) FROM STDIN ({options})") as copy,
        ):
            source.seek(3 if encoding == "utf-8-sig" else 0)
            while piece := source.read(PIECE):
                copy.write(piece)


def _typed(extract: Extract) -> str:
    """Statements that turn text columns into typed ones; what cannot be read is NULL and named."""
    words = _texts(extract.null_words)
    typed = [column for column in extract.columns if column.kind in TYPES]
    unread = " || ".join(
        f"CASE WHEN {c.name} NOT IN ({words}) AND NOT ({_is_readable(c)}) THEN ';{c.name};' ELSE '' END"
        for c in typed
    )
    casts = ", ".join(
        f"ALTER {c.name} TYPE {TYPES[c.kind]} "
        f"USING CASE WHEN {_is_readable(c)} THEN {c.name}::{TYPES[c.kind]} END"
        for c in typed
    )
    return f"UPDATE {extract.name}_rows SET unreadable = {unread}; ALTER TABLE {extract.name}_rows {casts}"


def _is_readable(column: Column) -> str:
    kind = TYPES[column.kind]
    return f"{column.name} ~ '{READABLE[column.kind]}' AND pg_input_is_valid({column.name}, '{kind}')"


def _clear_null_words(connection: psycopg.Connection[Any], extract: Extract) -> None:
    """COPY knows one word for NULL: the others are rare in what is text."""
    words = _texts(extract.null_words)
    names = [
        c.name for c in extract.columns if c.kind not in TYPES and not set(c.labels) & set(extract.null_words)
    ]
    cleared = ", ".join(f"{name} = CASE WHEN {name} NOT IN ({words}) THEN {name} END" for name in names)
    found = " OR ".join(f"{name} IN ({words})" for name in names)
    connection.execute(f"UPDATE {extract.name}_rows SET {cleared} WHERE {found}")


def _check_promises(connection: psycopg.Connection[Any], files: Sequence[Landed]) -> None:
    extract = files[0].extract
    total = " + ".join(f"coalesce(sum({name}), 0)" for name in extract.control_total) or "0"
    query = f"SELECT file_region, count(*), {total} FROM {extract.name}_rows GROUP BY file_region"
    found = {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    for file in files:
        rows, yuan = found.get(file.region, (0, Decimal(0)))
        file.check(rows, yuan)


# --- Validating ---


def validate(url: URL, spec: Spec, files: Sequence[Sequence[Landed]]) -> None:
    """Run every extract's rules through Great Expectations in the server; reject the rows that break one.

    Counts are asked for first; only of a rule that is broken the failing rows are looked up.
    """
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_postgres("peers", connection_string=str(url.set(host="localhost")))
    with connected(url) as connection:
        for some in files:
            extract = some[0].extract
            table = f"{extract.name}_rows"
            batch = (
                source.add_table_asset(table, table_name=table)
                .add_batch_definition_whole_table("all")
                .get_batch()
            )
            expectations = expectations_of(gx.expectations, spec, extract, some)
            outcome = batch.validate(
                gx.ExpectationSuite(extract.name, expectations=list(expectations.values())),
                result_format={
                    "result_format": "BASIC", "partial_unexpected_count": 0,
                    "return_unexpected_index_query": True, "exclude_unexpected_values": True,
                    "unexpected_index_column_names": ["row_id"],
                },
            )  # fmt: skip
            failing = [_failing(result, table) for result in outcome.results if not result.success]
            _reject(connection, spec, some, failing)
            connection.execute(_view(extract))


def expectations_of(e: Any, spec: Spec, extract: Extract, files: Sequence[Landed]) -> dict[str, Any]:
    """Every rule by its name as an expectation."""
    found = dict[str, Any]()
    for column in extract.columns:
        found |= {f"{column.name}.{n}": one for n, one in _column_expectations(e, extract, column)}
    conditions = {"region_code.known": _unknown_region(), "region_code.expected": _unexpected_region(extract)}
    names = ", ".join(("file_region", *extract.key))
    conditions["key.unique"] = (
        f"({names}) IN (SELECT {names} FROM {{batch}} GROUP BY {names} HAVING count(*) > 1)"
    )
    if extract.windows:
        inside = " OR ".join(
            f"{name} BETWEEN {_limit(extract.column(name), first)} AND {_limit(extract.column(name), last)}"
            for name, first, last in extract.windows
        )
        conditions["window"] = f"NOT ({inside})"
    found |= {name: _no_rows(e, condition) for name, condition in conditions.items()}
    for late, early in extract.orders:
        found[f"{late}.order"] = e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=late, column_B=early, or_equal=True, ignore_row_if="either_value_is_missing"
        )
    return found


def _column_expectations(e: Any, extract: Extract, column: Column) -> Iterator[tuple[str, Any]]:
    name = column.name
    if column.required:
        yield "required", e.ExpectColumnValuesToNotBeNull(column=name)
    if column.labels:
        yield "known_value", e.ExpectColumnValuesToBeInSet(column=name, value_set=list(column.labels))
    if column.kind in TYPES:
        yield "readable", _no_rows(e, f"unreadable LIKE '%;{name};%'")
    if column.minimum is not None or column.maximum is not None:
        yield (
            "bounds",
            e.ExpectColumnValuesToBeBetween(column=name, min_value=column.minimum, max_value=column.maximum),
        )
    if column.kind == "month":
        yield "month", _no_rows(e, f"{name} % 100 NOT BETWEEN 1 AND 12")
    if column.length is not None:
        low, high = column.length
        yield "length", e.ExpectColumnValueLengthsToBeBetween(column=name, min_value=low, max_value=high)
    if column.not_after is not None:
        yield "not_after", _no_rows(e, f"{name} > {_limit(column, column.not_after)}")
    if column.check is not None:
        yield "code", _no_rows(e, f"{name} IN (SELECT code FROM {extract.name}_{name}_bad)")


def _no_rows(e: Any, condition: str) -> Any:
    return e.UnexpectedRowsExpectation(unexpected_rows_query=f"SELECT * FROM {{batch}} WHERE {condition}")


def _limit(column: Column, text: str) -> str:
    return f"DATE '{text}'" if column.kind == "date" else text


def _unknown_region() -> str:
    return f"region_code NOT IN (SELECT code FROM known_regions) AND region_code <> '{FOR_ALL}'"


def _unexpected_region(extract: Extract) -> str:
    own = "region_code <> file_region"
    if extract.row_region == "upward":
        above = f"left(file_region, 4) || '00', left(file_region, 2) || '0000', '{FOR_ALL}'"
        own = f"region_code NOT IN (file_region, {above})"
    return f"file_region <> '{FOR_ALL}' AND {own}"


def _failing(result: Any, table: str) -> str:
    """The query of the rows that break a rule: the rule's own, or that of Great Expectations."""
    infos = result.exception_info or {}
    for info in [infos] if "raised_exception" in infos else infos.values():
        if info["raised_exception"]:
            raise SystemExit(f"{table}: {info['exception_message']}")
    query = result.expectation_config.kwargs.get("unexpected_rows_query")
    if query is not None:
        return str(query).format(batch=table)
    return str(result.result["unexpected_index_query"]).rstrip().removesuffix(";")


def _reject(
    connection: psycopg.Connection[Any], spec: Spec, files: Sequence[Landed], failing: Sequence[str]
) -> None:
    """Take the rows out of the table, and keep what units they name."""
    if not failing:
        return
    extract = files[0].extract
    rows = " UNION ".join(f"SELECT row_id FROM ({query}) AS failing" for query in failing)
    connection.execute(f"CREATE TABLE {extract.name}_broken AS {rows}")
    taken = f"DELETE FROM {extract.name}_rows WHERE row_id IN (SELECT row_id FROM {extract.name}_broken)"
    region = f"CASE WHEN file_region = '{FOR_ALL}' THEN region_code ELSE file_region END"
    named = f"uscc AS uscc, is_unit_code(uscc) AS is_known, {region} AS region" if extract.has_unit else ""
    columns = ", ".join(filter(None, ("file_region", named)))
    connection.execute(
        f"CREATE TABLE {extract.name}_out AS WITH gone AS ({taken} RETURNING *) SELECT {columns} FROM gone"
    )
    if extract.has_unit:
        connection.execute(
            f"INSERT INTO rejected SELECT DISTINCT '{extract.name}', region, uscc "
            f"FROM {extract.name}_out WHERE is_known"
        )
    counts = connection.execute(f"SELECT file_region, count(*) FROM {extract.name}_out GROUP BY 1").fetchall()
    for file in files:
        file.tolerate(dict(counts).get(file.region, 0))


def _view(extract: Extract) -> str:
    """The accepted rows under the extract's name, labels as values, an open end as NULL."""
    columns = ", ".join(f"{_value(column)} AS {column.name}" for column in extract.columns)
    return f"CREATE VIEW {extract.name} AS SELECT {columns} FROM {extract.name}_rows"


def _value(column: Column) -> str:
    if column.kind == "open_date":
        return f"CASE WHEN {column.name} < DATE '9999-01-01' THEN {column.name} END"
    if not column.labels:
        return column.name
    cases = " ".join(f"WHEN '{label}' THEN '{value}'" for label, value in column.labels.items())
    kind = "boolean" if column.kind == "boolean" else "text"
    return f"CAST(CASE {column.name} {cases} END AS {kind})"


# --- Deciding and writing ---


def write(url: URL, work: Job) -> None:
    """Decide in one statement, then copy each region's rows out.

    The planner knows nothing of the sizes of aggregates: it would take nested loops over thousands of units.
    """
    with connected(url) as connection:
        connection.execute("SET enable_nestloop = off")
        connection.execute(f"CREATE UNLOGGED TABLE paid AS {decision(work.spec)}")
        regions = connection.execute("SELECT DISTINCT region_code FROM paid").fetchall()
        for (region,) in regions:
            rows = f"SELECT * FROM paid WHERE region_code = '{region}' ORDER BY uscc"
            _write_list(connection, rows, work.out / f"{region}.csv")


def _write_list(connection: psycopg.Connection[Any], rows: str, path: Path) -> None:
    with (
        path.open("wb") as target,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT csv, HEADER)") as copy,
    ):
        for piece in copy:
            target.write(piece)


if __name__ == "__main__":
    main()
