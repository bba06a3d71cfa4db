"""Quarantined rows by reference: which file and row broke which rules. The rows' values stay in the lake."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from stable_jobs.contracts.checks import identity_number
from stable_jobs.lists.inputs import Inputs, RegionNight
from stable_jobs.publishing.files.text import masked
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum
from stable_jobs.publishing.words import DEPARTMENTS, labelled, position
from stable_jobs.store.engine import quote_literal

READ = ("delivery_id", "row_no", "home_region", "uscc", "rules", "is_unit_known")
EMPTY = (
    "SELECT NULL::BIGINT AS delivery_id, NULL::BIGINT AS row_no, NULL::VARCHAR AS home_region,"
    " NULL::VARCHAR AS uscc, NULL::VARCHAR[] AS rules, NULL::BOOLEAN AS is_unit_known,"
    " NULL::VARCHAR AS department, NULL::VARCHAR AS extract WHERE false"
)
COLUMNS = (
    Column("department", "负责部门 Sent by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    Column("file", "文件 File", Kind.WORD, "file"),
    Column("row_no", "数据行号 Row", Kind.VALUE, "row_no"),
    Column(
        "uscc",
        "统一社会信用代码 Credit code",
        Kind.TEXT,
        f"CASE WHEN is_unit_known AND NOT ({identity_number('uscc')}) THEN uscc ELSE {masked('uscc')} END",
    ),
    Column("rules", "违反的规则 Rules broken", Kind.WORD, "array_to_string(rules, ';')"),
)


def rows_sql(inputs: Inputs) -> str:
    """All quarantined rows of the night, references only."""
    names = ", ".join(map(quote_literal, READ))
    files = (
        f"SELECT COLUMNS(lambda c: c IN ({names})), {quote_literal(file.department)} AS department,"
        f" {quote_literal(file.extract)} AS extract FROM read_parquet({quote_literal(file.path)})"
        for file in inputs.quarantine
    )
    return " UNION ALL BY NAME ".join([EMPTY, *files])


def _files_sql(inputs: Inputs) -> str:
    """Delivery id → its file."""
    rows = ["(NULL::BIGINT, NULL::VARCHAR)"]
    rows += [f"({number}, {quote_literal(file)})" for number, file in inputs.files.items()]
    return f"(VALUES {', '.join(rows)}) AS f (delivery_id, file)"


def quarantined(region: RegionNight) -> ListTable:
    """One row per quarantined row that belongs to the region, by sending department.

    A code that is not known to be a unit's is masked: it may be anything.
    """
    return ListTable(
        name="quarantined",
        title="已隔离的数据行 Quarantined rows",
        columns=COLUMNS,
        source=(
            f"FROM ({rows_sql(region.inputs)}) LEFT JOIN {_files_sql(region.inputs)} USING (delivery_id)"
            f" WHERE home_region = {quote_literal(region.code)}"
        ),
        order=f"{position('department', DEPARTMENTS)}, department, extract, file, row_no",
        formats=("csv",),
        expected=Sum(region.totals.quarantined, None),
        notes=region.notes,
    )
