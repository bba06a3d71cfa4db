"""Disbursement detail (拨付明细): the only list with accounts, in the order in which money would go."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total
from stable_jobs.publishing.words import SCHEMES, SOURCES, labelled
from stable_jobs.store.engine import quote_literal

TITLE = "失业保险稳岗返还拨付明细 Disbursement detail"
COLUMNS = (
    Column("priority", "顺序 Priority", Kind.COUNT, "priority"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("account_name", "户名 Account name", Kind.TEXT, "account_name"),
    Column("account_no", "账号 Account number", Kind.TEXT, "account_no"),
    Column("bank_name", "开户行 Bank", Kind.TEXT, "bank_name"),
    Column("bank_code", "行号 CNAPS code", Kind.TEXT, "bank_code"),
    Column("account_source", "账户来源 Account source", Kind.WORD, labelled("account_source", SOURCES)),
    Column("payable", "金额（元） Amount (yuan)", Kind.MONEY, "payable"),
)
COUNT = "count(*) FILTER (account_no <> '' AND bank_code <> '' AND account_name <> '')"
"""Lines that name whom to pay where."""


def disbursement_detail(region: RegionNight) -> ListTable:
    """Taken rows with payable above 0 and their payee, by priority, then by code; none is final yet."""
    return ListTable(
        name="disbursement_detail",
        title=TITLE,
        columns=(*COLUMNS, Column("status", "状态 Status", Kind.WORD, quote_literal(region.status))),
        source=f"FROM ({_paid(region)})",
        order="priority, uscc, scheme",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.units, region.totals.payable),
        count_sql=COUNT,
        total_sql=money_total("payable"),
        notes=(*region.notes, region.status),
    )


def _paid(region: RegionNight) -> str:
    return (
        f"SELECT e.* EXCLUDE (account_source), p.* EXCLUDE (region_code, uscc) FROM {region.taken} AS e"
        f" LEFT JOIN {region.rows_of(region.inputs.payees)} AS p"
        " ON p.region_code = e.region_code AND p.uscc = e.uscc"
    )
