"""Why a unit that is due money cannot be paid as it stands: its name, or its account, and who must mend it.

SQL over a unit's columns, for the list of what waits; no value of the unit is in the words.
"""

from __future__ import annotations

from collections.abc import Iterator

from stable_jobs.accounts import is_account_no_sql
from stable_jobs.bank.batch import ACCOUNT_NO, WITHOUT_HYPHENS
from stable_jobs.names import UNPRINTABLE, has_sql
from stable_jobs.publishing.words import DEPARTMENTS
from stable_jobs.store.engine import quote_literal

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
    is_taken = f"regexp_full_match(account_no, '{ACCOUNT_NO}') AND {is_account_no_sql(WITHOUT_HYPHENS)}"
    number = f"coalesce({is_taken}, false)"
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
