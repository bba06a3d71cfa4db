"""The lists of a region: the columns of each, and where its rows come from."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from dataclasses import replace

from stable_jobs.accounts import masked_sql
from stable_jobs.contracts.checks import identity_number, mask_sql
from stable_jobs.contracts.model import Contract
from stable_jobs.lists.inputs import Inputs, RegionNight
from stable_jobs.messages.decision import CAUSE, REASON
from stable_jobs.money import to_capitals
from stable_jobs.policy.verdict import COLUMNS as VERDICT
from stable_jobs.publishing.table import (
    DEPARTMENTS,
    SCHEMES,
    SIZES,
    SOURCES,
    UNIT_COLUMNS,
    Column,
    Heading,
    Kind,
    ListTable,
    Rows,
    Sum,
    agreed,
    both_of,
    labelled,
    money_total,
    position,
    said_in,
    sentences,
)
from stable_jobs.store.engine import quote_literal, read_parquet_sql
from stable_jobs.validation.queries import as_sent

# --- eligibility table (data dictionary, section 3) ---

FOREIGN = frozenset({"uscc", "unit_no", "unit_name"})
WORDS = frozenset({"reasons"})


def eligibility(region: RegionNight) -> ListTable:
    """Every row; the total is the payable of taken rows."""
    return ListTable(
        name="eligibility",
        title="资格认定表 Eligibility",
        columns=tuple(Column(name, name, _kind(name), name) for name in VERDICT),
        source=f"FROM {region.rows_of(region.inputs.eligibility)}",
        order="uscc, scheme = 'difficult'",
        formats=("csv", "parquet"),
        expected=Sum(region.totals.rows, region.totals.payable),
        total_sql=(
            "coalesce(sum(CAST(payable AS DECIMAL(18, 2)))"
            " FILTER (CAST(is_taken AS BOOLEAN) AND CAST(payable AS DECIMAL(18, 2)) > 0), 0)"
        ),
        is_for_people=False,
    )


def _kind(name: str) -> Kind:
    if name in FOREIGN:
        return Kind.TEXT
    return Kind.WORD if name in WORDS else Kind.VALUE


# --- public notice list (公示名单) ---

NOTICE = (
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("headcount", "参保人数 Headcount", Kind.COUNT, "headcount"),
    Column("claimants", "领取失业金人数 Claimants", Kind.COUNT, "claimants"),
    Column("layoff_rate", "裁员率 Layoff rate", Kind.SHARE, "layoff_rate"),
    Column("premium_base", "上年实缴保费（元） Premium paid (yuan)", Kind.MONEY, "premium_base"),
    Column("payable", "返还金额（元） Amount (yuan)", Kind.MONEY, "payable"),
)


def notice(region: RegionNight) -> ListTable:
    """Taken rows with payable above 0, by code: what the public may see, never an account or a person."""
    return ListTable(
        name="notice",
        title="失业保险稳岗返还公示名单 Public notice list",
        columns=NOTICE,
        source=f"FROM {region.taken}",
        order="uscc, scheme",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.units, region.totals.payable),
        total_sql=money_total("payable"),
        notes=region.notes,
    )


ANNOUNCED = """
    SELECT e.region_code, n.notice_id, e.uscc, n.unit_name, n.headcount, n.claimants, n.layoff_rate,
           n.premium_base, n.amount
    FROM notice_lines n JOIN payments p ON p.id = n.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN notices o ON o.id = n.notice_id WHERE o.opened_on = DATE '{on}' ORDER BY e.region_code, e.uscc
"""
"""The units of the notices opened on a date, as the ledger has them."""
ANNOUNCED_ROWS = {
    "region_code": "VARCHAR",
    "notice_id": "BIGINT",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "headcount": "BIGINT",
    "claimants": "BIGINT",
    "layoff_rate": "DECIMAL(18, 6)",
    "premium_base": "DECIMAL(18, 2)",
    "amount": "DECIMAL(18, 2)",
}


def public_notice(rows: Rows, heading: Heading) -> ListTable:
    """One row per unit, by code; never an account or a person."""
    return ListTable(
        name="notice",
        title="失业保险稳岗返还公示名单 Public notice list",
        columns=tuple(replace(c, sql="amount") if c.name == "payable" else c for c in NOTICE),
        source=f"FROM {rows.source}",
        order="uscc",
        formats=("csv", "xlsx"),
        expected=rows.sum,
        total_sql=money_total("payable"),
        notes=heading.notes,
    )


# --- disbursement detail (拨付明细) ---

DETAIL_TITLE = "失业保险稳岗返还拨付明细 Disbursement detail"
DETAIL = (
    Column("priority", "顺序 Priority", Kind.COUNT, "priority"),
    *UNIT_COLUMNS,
    Column("account_name", "户名 Account name", Kind.TEXT, "account_name"),
    Column("account_no", "账号 Account number", Kind.TEXT, "account_no"),
    Column("bank_name", "开户行 Bank", Kind.TEXT, "bank_name"),
    Column("bank_code", "行号 CNAPS code", Kind.TEXT, "bank_code"),
    Column("account_source", "账户来源 Account source", Kind.WORD, labelled("account_source", SOURCES)),
    Column("payable", "金额（元） Amount (yuan)", Kind.MONEY, "payable"),
)
PAYABLE_LINES = "count(*) FILTER (account_no <> '' AND bank_code <> '' AND account_name <> '')"
"""Lines that name whom to pay where."""


def disbursement_detail(region: RegionNight) -> ListTable:
    """Taken rows with payable above 0 and their payee, by priority, then by code; none is final yet.

    The only list with accounts, in the order in which money would go.
    """
    return ListTable(
        name="disbursement_detail",
        title=DETAIL_TITLE,
        columns=(*DETAIL, Column("status", "状态 Status", Kind.WORD, quote_literal(region.status))),
        source=f"FROM ({_with_payees(region)})",
        order="priority, uscc, scheme",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.units, region.totals.payable),
        count_sql=PAYABLE_LINES,
        total_sql=money_total("payable"),
        notes=(*region.notes, region.status),
    )


def _with_payees(region: RegionNight) -> str:
    return (
        f"SELECT e.* EXCLUDE (account_source), p.* EXCLUDE (region_code, uscc) FROM {region.taken} AS e"
        f" LEFT JOIN {region.rows_of(region.inputs.payees)} AS p"
        " ON p.region_code = e.region_code AND p.uscc = e.uscc"
    )


# --- disbursement application (拨付申请表) ---

TOTAL = "合计 Total"
PART = f"scheme <> '{TOTAL}'"
WHOLE = f"scheme = '{TOTAL}'"
WRITTEN = 10**16
"""Yuan; below it a total can be written in capitals."""
TOO_LARGE = "金额过大，无法书写大写 too large to be written in capitals"
APPLICATION = (
    Column("scheme", "返还类型 Scheme", Kind.WORD, "scheme"),
    Column("size_class", "企业划型 Size", Kind.WORD, "size_class"),
    Column("units", "单位数 Units", Kind.COUNT, "units"),
    Column("headcount", "参保人数 Headcount", Kind.COUNT, "headcount"),
    Column("payable", "金额（元） Amount (yuan)", Kind.MONEY, "payable"),
    Column("capitals", "大写 In capitals", Kind.WORD, "capitals"),
)


def disbursement_application(region: RegionNight) -> ListTable:
    """One row per scheme and size, then the region's total; the groups must add up to it."""
    return application(
        rows=region.taken,
        expected=Sum(region.totals.units, region.totals.payable),
        marks=(Column("status", "状态 Status", Kind.WORD, quote_literal(region.status)),),
        notes=(*region.notes, region.status),
    )


def application(
    *, rows: str, expected: Sum, marks: tuple[Column, ...], notes: tuple[str, ...], amount: str = "payable"
) -> ListTable:
    """An application for `rows`, a table expression with scheme, size_class, headcount and `amount` (yuan).

    marks: columns that say the same in every line, after the figures.
    """
    return ListTable(
        name="disbursement_application",
        title="失业保险稳岗返还拨付申请表 Disbursement application",
        columns=(*APPLICATION, *marks),
        source=f"FROM ({_groups(rows, amount)} UNION ALL {_total(rows, expected)})",
        order="place, size_place",
        formats=("csv", "xlsx"),
        expected=expected,
        count_sql=agreed("units", "DECIMAL(18, 0)", PART, WHOLE),
        total_sql=agreed("payable", "DECIMAL(38, 2)", PART, WHOLE),
        is_summary=True,
        notes=notes,
    )


def _groups(rows: str, amount: str) -> str:
    return (
        f"SELECT {labelled('scheme', SCHEMES)} AS scheme, {labelled('size_class', SIZES)} AS size_class,"
        f" count(*) AS units, sum(headcount)::BIGINT AS headcount, sum({amount})::DECIMAL(38, 2) AS payable,"
        f" NULL AS capitals, {position('scheme', SCHEMES)} AS place,"
        f" {position('size_class', SIZES)} AS size_place"
        f" FROM {rows} AS t GROUP BY t.scheme, t.size_class"
    )


def _total(rows: str, expected: Sum) -> str:
    assert expected.total is not None
    capitals = quote_literal(to_capitals(expected.total) if expected.total < WRITTEN else TOO_LARGE)
    return (
        f"SELECT {quote_literal(TOTAL)}, NULL, {expected.count}, (SELECT sum(headcount)::BIGINT FROM {rows}),"
        f" {expected.total}::DECIMAL(38, 2), {capitals}, {len(SCHEMES) + 2}, 0"
    )


# --- work list (待补正单位清单) ---

WORK_LIST = (
    Column("department", "负责部门 Owed by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    *UNIT_COLUMNS,
    Column("reason", "事项代码 Reason code", Kind.WORD, "reason"),
    Column("reason_text", "事项 Reason", Kind.WORD, labelled("reason", both_of(REASON))),
    Column("cause", "原因 Cause", Kind.WORD, labelled("cause", both_of(CAUSE))),
    Column("detail_zh", "说明", Kind.TEXT, "detail_zh"),
    Column("detail_en", "Detail", Kind.TEXT, "detail_en"),
)


def work_list(region: RegionNight) -> ListTable:
    """One row per unit, scheme and thing missing, by the department that owes it."""
    return ListTable(
        name="work_list",
        title="待补正单位清单 Work list of undecided units",
        columns=WORK_LIST,
        source=f"FROM {region.rows_of(region.inputs.owed)}",
        order=(
            f"{position('department', DEPARTMENTS)}, department, extract, uscc, scheme = 'difficult',"
            " reason, cause, detail_zh, detail_en"
        ),
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.owed, None),
        notes=region.notes,
    )


# --- rejected units (不予返还单位清单) ---

REJECTED = (
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("unit_no", "单位编号 Unit number", Kind.TEXT, "unit_no"),
    Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
    Column("scheme", "返还类型 Scheme", Kind.WORD, labelled("scheme", SCHEMES)),
    Column("reasons", "原因代码 Reason codes", Kind.WORD, "reasons"),
    Column("reasons_zh", "原因", Kind.WORD, sentences("reasons", said_in("zh", REASON), "；")),
    Column("reasons_en", "Reasons", Kind.WORD, sentences("reasons", said_in("en", REASON), "; ")),
)


def rejected(region: RegionNight) -> ListTable:
    """Ineligible rows, by code, each with every reason: a firm sees them all."""
    return ListTable(
        name="rejected",
        title="不予返还单位清单 Rejected units",
        columns=REJECTED,
        source=f"FROM {region.rows_of(region.inputs.eligibility)} WHERE decision = 'ineligible'",
        order="uscc, scheme = 'difficult'",
        formats=("csv", "xlsx"),
        expected=Sum(region.totals.ineligible, None),
        notes=region.notes,
    )


# --- rows that match no insured unit ---

ORPHANS = (
    Column("department", "负责部门 Sent by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    Column("uscc", "统一社会信用代码 Credit code", Kind.TEXT, "uscc"),
    Column("rows", "行数 Rows", Kind.COUNT, '"rows"'),
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
)


def orphans(region: RegionNight) -> ListTable:
    """One row per extract and code, by sending department, with its yuan."""
    return ListTable(
        name="orphans",
        title="未匹配参保单位的数据 Rows that match no insured unit",
        columns=ORPHANS,
        source=f"FROM {region.rows_of(region.inputs.orphans)}",
        order=f'{position("department", DEPARTMENTS)}, department, extract, uscc, "rows", amount',
        formats=("csv",),
        expected=Sum(region.totals.orphans, region.totals.orphan_amount),
        total_sql=money_total("amount"),
        notes=region.notes,
    )


# --- quarantined rows ---

READ = ("delivery_id", "row_no", "home_region", "uscc", "rules", "is_unit_known")
NO_ROWS = (
    "SELECT NULL::BIGINT AS delivery_id, NULL::BIGINT AS row_no, NULL::VARCHAR AS home_region,"
    " NULL::VARCHAR AS uscc, NULL::VARCHAR[] AS rules, NULL::BOOLEAN AS is_unit_known,"
    " NULL::VARCHAR AS department, NULL::VARCHAR AS extract WHERE false"
)
QUARANTINED = (
    Column("department", "负责部门 Sent by", Kind.WORD, labelled("department", DEPARTMENTS)),
    Column("extract", "数据表 Extract", Kind.WORD, "extract"),
    Column("file", "文件 File", Kind.WORD, "file"),
    Column("row_no", "数据行号 Row", Kind.VALUE, "row_no"),
    Column(
        "uscc",
        "统一社会信用代码 Credit code",
        Kind.TEXT,
        f"CASE WHEN is_unit_known AND NOT ({identity_number('uscc')}) THEN uscc"
        f" ELSE {masked_sql('uscc', keeps_length=True)} END",
    ),
    Column("rules", "违反的规则 Rules broken", Kind.WORD, "array_to_string(rules, ';')"),
)


def quarantined_sql(inputs: Inputs) -> str:
    """All quarantined rows of the night, references only."""
    names = ", ".join(map(quote_literal, READ))
    files = (
        f"SELECT COLUMNS(lambda c: c IN ({names})), {quote_literal(file.department)} AS department,"
        f" {quote_literal(file.extract)} AS extract FROM read_parquet({quote_literal(file.path)})"
        for file in inputs.quarantine
    )
    return " UNION ALL BY NAME ".join([NO_ROWS, *files])


def _files_sql(inputs: Inputs) -> str:
    """Delivery id → its file."""
    rows = ["(NULL::BIGINT, NULL::VARCHAR)"]
    rows += [f"({number}, {quote_literal(file)})" for number, file in inputs.files.items()]
    return f"(VALUES {', '.join(rows)}) AS f (delivery_id, file)"


def quarantined(region: RegionNight) -> ListTable:
    """One row per quarantined row that belongs to the region, by sending department.

    It says which file and row broke which rules; the rows' values stay in the lake. A code that is not known
    to be a unit's is masked: it may be anything.
    """
    return ListTable(
        name="quarantined",
        title="已隔离的数据行 Quarantined rows",
        columns=QUARANTINED,
        source=(
            f"FROM ({quarantined_sql(region.inputs)})"
            f" LEFT JOIN {_files_sql(region.inputs)} USING (delivery_id)"
            f" WHERE home_region = {quote_literal(region.code)}"
        ),
        order=f"{position('department', DEPARTMENTS)}, department, extract, file, row_no",
        formats=("csv",),
        expected=Sum(region.totals.quarantined, None),
        notes=region.notes,
    )


def quarantined_rows(contract: Contract, path: str, delivery_id: int, rows: int) -> ListTable:
    """One row per quarantined row of the delivery, in the file's order, with the rules it broke.

    For the department that must correct them. path: the quarantine of a validation of the extract. Values are
    as sent, but accounts are masked.
    """
    ours = (
        Column("data_row", "数据行号 Row", Kind.VALUE, "row_no"),
        Column("counted_in", "地区 Region", Kind.WORD, "home_region"),
        Column("broken", "违反的规则 Rules broken", Kind.WORD, "array_to_string(rules, ';')"),
    )
    sent = (
        Column(c.name, f"{c.header} {c.name}", Kind.TEXT, mask_sql(contract, c, as_sent(c)))
        for c in contract.columns
    )
    return ListTable(
        name="quarantined_rows",
        title="已隔离的数据行 Quarantined rows",
        columns=(*ours, *sent),
        source=f"FROM {read_parquet_sql([path])} WHERE delivery_id = {delivery_id:d}",
        order="row_id",
        formats=("csv",),
        expected=Sum(rows, None),
    )
