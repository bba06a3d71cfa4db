"""Public notice list (公示名单): what the public may see, never an account or a person."""

from __future__ import annotations

from stable_jobs.lists.inputs import RegionNight
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total

COLUMNS = (
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("headcount", "参保人数 Headcount", Kind.COUNT, "headcount"),
    Column("claimants", "领取失业金人数 Claimants", Kind.COUNT, "claimants"),
    Column("layoff_rate", "裁员率 Layoff rate", Kind.SHARE, "layoff_rate"),
    Column("premium_base", "上年实缴保费（元） Premium paid (yuan)", Kind.MONEY, "premium_base"),
    Column("payable", "返还金额（元） Amount (yuan)", Kind.MONEY, "payable"),
)


def notice(region: RegionNight) -> ListTable:
    """Taken rows with payable above 0, by code."""
    return ListTable(
        name="notice",
        title="失业保险稳岗返还公示名单 Public notice list",
        columns=COLUMNS,
        source=f"FROM {region.taken}",
        order="uscc, scheme",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.units, region.totals.payable),
        total_sql=money_total("payable"),
        notes=region.notes,
    )
