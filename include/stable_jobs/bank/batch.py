"""A batch: payments that are sent together, and the checks of each line before any file is written."""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from stable_jobs.accounts import is_account_no_sql
from stable_jobs.errors import StepError
from stable_jobs.names import UNPRINTABLE, has_sql
from stable_jobs.publishing.table import DEMONSTRATION, DEPARTMENTS, Sum, where
from stable_jobs.store.engine import quote_literal

if TYPE_CHECKING:
    import duckdb


LINE = {
    "line_no": "BIGINT",
    "end_to_end_id": "VARCHAR",
    "region_code": "VARCHAR",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "size_class": "VARCHAR",
    "headcount": "BIGINT",
    "amount": "DECIMAL(18, 2)",
    "account_name": "VARCHAR",
    "account_no": "VARCHAR",
    "bank_code": "VARCHAR",
    "bank_name": "VARCHAR",
    "account_source": "VARCHAR",
    "priority": "BIGINT",
    "attempt": "BIGINT",
}
"""The columns of a line that a batch's files are made of, as the engine types them: see the ledger's view
`batch_lines`."""

APPROVED = "已批准，银行尚未答复 approved, not yet answered by the bank"
NOBODY = "免人工审批 no person's approval is asked for"
NEXT_STEP = "correct the line or take it out of the batch; nothing was written"
ACCOUNT_NO = "[0-9A-Z][0-9A-Z-]{0,33}"
WITHOUT_HYPHENS = "replace(account_no, '-', '')"
FILLED = ("account_name", "account_no", "bank_code", "uscc", "unit_name")


@dataclass(frozen=True)
class BatchHead:
    """The head of a batch. total: yuan. hash: of the lines; the approvals are bound to it.

    names: the region's, Chinese and English. approvals: (level, person and, in brackets, where
    else than in Airflow and whether unauthenticated), none where no person is asked.
    anchor: the ledger's last event before the batch was instructed, `64:abcd…`.
    """

    batch_no: str
    region_code: str
    business_date: date
    policy_year: int
    review_level: int
    count: int
    total: Decimal
    hash: str
    names: tuple[str, str]
    is_demo: bool
    approvals: tuple[tuple[str, str], ...]
    anchor: str = ""

    @property
    def sum(self) -> Sum:
        """The count and total that each file of the batch must have."""
        return Sum(self.count, self.total)

    @property
    def status(self) -> str:
        """How far the batch is, and whether it is a demonstration."""
        return f"{APPROVED}; {DEMONSTRATION}" if self.is_demo else APPROVED

    @property
    def approvers(self) -> str:
        """The people who approved, by level."""
        return "; ".join(f"第{level}级 level {level}: {who}" for level, who in self.approvals) or NOBODY

    @property
    def notes(self) -> tuple[str, ...]:
        """Above a workbook's header."""
        return (
            where(self.names, self.region_code, self.business_date),
            f"批次 batch {self.batch_no}",
            f"批次摘要 hash {self.hash}",
            f"审批 approved by {self.approvers}",
            self.status,
        )


@dataclass(frozen=True)
class Batch:
    """A head and its lines. `source`: a table expression that DuckDB can read, with the columns of a line."""

    head: BatchHead
    source: str

    @property
    def remittance(self) -> str:
        """SQL for the text on the payee's statement."""
        return f"{quote_literal(f'{self.head.policy_year}年失业保险稳岗返还 ')} || uscc"


def line_fault_sql() -> str:
    """SQL over a line's columns: why it cannot go to a bank, in words without any value of it, or NULL."""
    cases = " ".join(f"WHEN {broken} THEN {quote_literal(what)}" for what, broken in _line_faults().items())
    return f"CASE {cases} END"


def assert_lines(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """StepError naming batch and line, never an account, unless every line can go to a bank.

    Together they must be the head's: numbered from 1 on, each end-to-end id once, of its region, with its
    count and total.
    """
    fault = con.execute(
        f"SELECT line_no, fault FROM (SELECT line_no, {line_fault_sql()} AS fault FROM {batch.source})"
        " WHERE fault IS NOT NULL ORDER BY line_no NULLS FIRST LIMIT 1"
    ).fetchone()
    if fault is not None:
        raise _error(batch, f"line {fault[0]}: {fault[1]}")
    for what, is_so in _whole(con, batch).items():
        if not is_so:
            raise _error(batch, f"expected {what}, found otherwise")


def _line_faults() -> Mapping[str, str]:
    empty = " OR ".join(f"coalesce(trim({name}), '') = ''" for name in FILLED)
    return {
        "expected a line number, found none": "line_no IS NULL",
        "expected an end-to-end id of at most 35 digits, capitals and hyphens, found another text": (
            "NOT coalesce(regexp_full_match(end_to_end_id, '[0-9A-Z-]{1,35}'), false)"
        ),
        "expected an amount above 0, found none or less": "NOT coalesce(amount > 0, false)",
        f"expected {', '.join(FILLED)}, found an empty one": empty,
        "expected names without control characters, found one": has_sql(
            "concat_ws(' ', account_name, unit_name, bank_name, uscc)", UNPRINTABLE
        ),
        "expected an account number of 5 to 34 digits, letters and hyphens, found another text": (
            f"NOT (regexp_full_match(account_no, '{ACCOUNT_NO}') AND {is_account_no_sql(WITHOUT_HYPHENS)})"
        ),
        "expected a bank code of 12 digits, found another text": (
            "NOT regexp_full_match(bank_code, '[0-9]{12}')"
        ),
    }


def _whole(con: duckdb.DuckDBPyConnection, batch: Batch) -> Mapping[str, bool]:
    head = batch.head
    asked = con.execute(
        "SELECT count(*), coalesce(sum(amount), 0)::DECIMAL(18, 2), count(DISTINCT end_to_end_id),"
        " count(DISTINCT line_no), coalesce(min(line_no), 0), coalesce(max(line_no), 0),"
        f" count(*) FILTER (region_code = {quote_literal(head.region_code)}) FROM {batch.source}"
    )
    ((count, total, ids, numbers, first, last, own),) = asked.fetchall()
    return {
        "at least one line": count > 0,
        f"{head.count} line(s) and {head.total} yuan": Sum(count, total) == head.sum,
        "each end-to-end id once": ids == count,
        "lines numbered from 1 on without a gap": (numbers, first, last) == (count, 1, count),
        f"lines of region {head.region_code} only": own == count,
    }


def _error(batch: Batch, what: str) -> StepError:
    return StepError(f"batch {batch.head.batch_no}: {what}; next: {NEXT_STEP}")


# --- why a unit that is due money cannot be paid as it stands ---


SOURCES = {"corporate": ("finance", "payee_accounts"), "premium": ("tax", "taxpayers")}
"""Where an account of each source comes from."""
EMPTY = "为空 is empty"
SIGNS = "含有银行报文不能容纳的字符 holds characters that no bank's file can carry"
NUMBER = "不是银行可以受理的账号 is no number that a bank can take"
CODE = "不是12位行号 is no bank code of 12 digits"
NEXT = "请更正后重新报送 correct it and send the file again"


def name_fault_sql() -> str:
    """Why no bank can take the unit's name, or NULL."""
    return f"CASE {' '.join(_name_cases('labor', 'insured_units', '单位名称', 'unit_name', 'true'))} END"


def account_fault_sql() -> str:
    """Why no bank can take the account (its name, number, bank or bank's name), or NULL; NULL without one."""
    cases = (
        case
        for source, (department, extract) in SOURCES.items()
        for case in _account_cases(department, extract, f"account_source = {quote_literal(source)}")
    )
    return f"CASE {' '.join(cases)} END"


def _account_cases(department: str, extract: str, is_source: str) -> Iterator[str]:
    yield from _name_cases(department, extract, "户名", "account_name", is_source)
    is_well_formed = f"regexp_full_match(account_no, '{ACCOUNT_NO}') AND {is_account_no_sql(WITHOUT_HYPHENS)}"
    number = f"coalesce({is_well_formed}, false)"
    yield _case(
        department, extract, "账号", "account_no", "account_no", NUMBER, f"{is_source} AND NOT {number}"
    )
    is_code = "coalesce(regexp_full_match(bank_code, '[0-9]{12}'), false)"
    yield _case(department, extract, "行号", "bank_code", "code", CODE, f"{is_source} AND NOT {is_code}")
    signs = f"{is_source} AND {has_sql('bank_name', UNPRINTABLE)}"
    yield _case(department, extract, "开户行", "bank_name", "control_character", SIGNS, signs)


def _name_cases(department: str, extract: str, label: str, column: str, when: str) -> Iterator[str]:
    empty = f"{when} AND coalesce(trim({column}), '') = ''"
    yield _case(department, extract, label, column, "required", EMPTY, empty)
    signs = f"{when} AND {has_sql(column, UNPRINTABLE)}"
    yield _case(department, extract, label, column, "control_character", SIGNS, signs)


def _case(department: str, extract: str, label: str, column: str, rule: str, fault: str, broken: str) -> str:
    told = (
        f"{DEPARTMENTS[department]} {extract}: {label} {column} {fault} ({extract}.{column}.{rule}); {NEXT}"
    )
    return f"WHEN {broken} THEN {quote_literal(told)}"
