"""The figures of every region, asked once for the night, and what must hold before lists are written."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stable_jobs.lists.inputs import Inputs, Totals
from stable_jobs.lists.sheets.quarantined import rows_sql
from stable_jobs.store.engine import quote_literal

if TYPE_CHECKING:
    import duckdb

HELD_COLUMNS = ("reason", "department", "extract", "detail")


def region_totals(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, Totals]:
    """Totals of each region that has eligibility rows."""
    decided = _by_region(con, _eligibility_sql(inputs))
    beside = [
        _by_region(con, sql) for sql in (_owed_sql(inputs), _orphans_sql(inputs), _quarantined_sql(inputs))
    ]
    return {
        code: Totals(
            **figures, **{name: value for part in beside for name, value in part.get(code, {}).items()}
        )
        for code, figures in decided.items()
    }


def held_reasons(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, list[dict[str, str | None]]]:
    """Why each held region is held, sorted."""
    columns = ", ".join(HELD_COLUMNS)
    rows = con.execute(f"SELECT region_code, {columns} FROM {_read(inputs.held)} ORDER BY ALL").fetchall()
    reasons: dict[str, list[dict[str, str | None]]] = {}
    for code, *values in rows:
        reasons.setdefault(code, []).append(dict(zip(HELD_COLUMNS, values, strict=True)))
    return reasons


def reconciliation_lines(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, dict[str, Any]]:
    """Each region's reconciliation line as plain values; yuan as text with two places."""
    return {
        code: {name: value if isinstance(value, int) else str(value) for name, value in line.items()}
        for code, line in _by_region(con, f"FROM {_read(inputs.reconciliation)}").items()
    }


def broken_promises(con: duckdb.DuckDBPyConnection, inputs: Inputs) -> dict[str, str]:
    """Region → why it may not be published: an undecided row, or a taken one without an amount, is on no work
    list, a unit is taken twice, or a row that is to be paid has no payee or more than one."""
    found: dict[str, list[str]] = {}
    for sentence, sql in _promises(inputs).items():
        asked = f"SELECT region_code, count(*) FROM ({sql}) GROUP BY region_code ORDER BY region_code"
        for region, count in con.execute(asked).fetchall():
            found.setdefault(region, []).append(f"{count} {sentence}")
    return {region: "; ".join(sentences) for region, sentences in found.items()}


def _promises(inputs: Inputs) -> Mapping[str, str]:
    eligibility, owed, payees = map(_read, (inputs.eligibility, inputs.owed, inputs.payees))
    waiting = f"FROM {eligibility} WHERE decision = 'undecided' OR (is_taken AND payable IS NULL)"
    paid = f"FROM {eligibility} WHERE is_taken AND payable > 0"
    return {
        "undecided or unpriced row(s) that no department owes": (
            f"SELECT w.region_code FROM ({waiting}) AS w"
            f" ANTI JOIN {owed} AS o USING (region_code, uscc, scheme)"
        ),
        "unit(s) taken twice": (
            f"SELECT region_code FROM {eligibility} WHERE is_taken"
            " GROUP BY region_code, uscc HAVING count(*) > 1"
        ),
        "row(s) to be paid that are not eligible": f"SELECT region_code {paid} AND decision <> 'eligible'",
        "unit(s) to be paid without exactly one account": (
            f"SELECT e.region_code FROM ({paid}) AS e LEFT JOIN {payees} AS p USING (region_code, uscc)"
            " GROUP BY e.region_code, e.uscc HAVING count(p.account_no) <> 1"
        ),
    }


def _eligibility_sql(inputs: Inputs) -> str:
    paid = "FILTER (is_taken AND payable > 0)"
    return (
        f"SELECT region_code, count(*) AS rows, count(*) {paid} AS units,"
        f" coalesce(sum(payable) {paid}, 0)::DECIMAL(38, 2) AS payable,"
        " count(*) FILTER (decision = 'ineligible') AS ineligible"
        f" FROM {_read(inputs.eligibility)} GROUP BY region_code"
    )


def _owed_sql(inputs: Inputs) -> str:
    return f"SELECT region_code, count(*) AS owed FROM {_read(inputs.owed)} GROUP BY region_code"


def _orphans_sql(inputs: Inputs) -> str:
    return (
        "SELECT region_code, count(*) AS orphans, coalesce(sum(amount), 0)::DECIMAL(38, 2) AS orphan_amount"
        f" FROM {_read(inputs.orphans)} GROUP BY region_code"
    )


def _quarantined_sql(inputs: Inputs) -> str:
    rows = rows_sql(inputs)
    return f"SELECT home_region AS region_code, count(*) AS quarantined FROM ({rows}) GROUP BY home_region"


def _by_region(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, dict[str, Any]]:
    """A query with a region_code, as one mapping per region."""
    asked = con.execute(sql)
    names = [column[0] for column in asked.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
    return {row.pop("region_code"): row for row in rows}


def _read(path: str) -> str:
    return f"read_parquet({quote_literal(path)})"
