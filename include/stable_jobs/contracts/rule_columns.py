"""Rules that follow from one column: required, readable, bounds, length, and those of its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from stable_jobs import accounts
from stable_jobs.contracts import checks
from stable_jobs.contracts.document import Options
from stable_jobs.contracts.model import Column, Kind, Rule, Scope, Severity
from stable_jobs.names import INVISIBLE, PRIVATE, UNPRINTABLE, has_sql

RESEND_ZH = "请更正后重新报送本文件。"
RESEND_EN = "Correct the row and send the file again."
LABELLED = (Kind.ENUM, Kind.BOOLEAN)


@dataclass(frozen=True)
class Saying:
    """The texts of a rule for an officer, in both languages."""

    zh: str
    en: str
    next_zh: str = RESEND_ZH
    next_en: str = RESEND_EN


@dataclass(frozen=True)
class Place:
    """A column of an extract, as rules name it."""

    extract: str
    column: Column
    options: Options

    @property
    def zh(self) -> str:
        """The header, in Chinese quotes."""
        return f"「{self.column.header}」"

    @property
    def en(self) -> str:
        """The name, with the header beside it."""
        return f"`{self.column.name}` ({self.column.header})"


def column_rules(place: Place) -> Iterator[Rule]:
    """All rules of one column, in a fixed order."""
    if place.column.required:
        yield _required(place)
    yield _known_value(place) if place.column.kind in LABELLED else _readable(place)
    if place.options.minimum is not None:
        yield _minimum(place)
    if place.options.maximum is not None:
        yield _maximum(place)
    if place.options.max_length is not None or place.options.min_length is not None:
        yield _length(place)
    if place.column.kind is Kind.MONTH:
        yield _month(place)
    if place.column.is_account_no:
        yield from _account_no(place)
    if place.options.format is not None:
        yield from FORMATS[place.options.format](place)


def make_rule(
    place: Place,
    what: str,
    saying: Saying,
    expectation: str,
    arguments: dict[str, Any],
    severity: Severity = Severity.CRITICAL,
) -> Rule:
    """A row rule of one column."""
    return Rule(
        id=f"{place.extract}.{place.column.name}.{what}",
        severity=severity,
        scope=Scope.ROW,
        expectation=expectation,
        arguments=arguments,
        columns=(place.column.name,),
        sentence_zh=saying.zh,
        sentence_en=saying.en,
        next_step_zh=saying.next_zh,
        next_step_en=saying.next_en,
    )


def query_rule(
    place: Place, what: str, saying: Saying, failing: str, severity: Severity = Severity.CRITICAL
) -> Rule:
    """A row rule of one column whose failing rows meet a condition."""
    arguments = {"unexpected_rows_query": checks.rows_where(failing)}
    return make_rule(place, what, saying, "UnexpectedRowsExpectation", arguments, severity)


def quoted(name: str) -> str:
    """A column's name in SQL. Names are letters, digits and underscores; some are SQL's own words."""
    return f'"{name}"'


def _required(place: Place) -> Rule:
    """Not for a text that could not be read, which is staged as NULL too: one fault breaks one rule."""
    saying = Saying(
        f"{place.zh}不能为空。",
        f"{place.en} must not be empty.",
        "请补填该列后重新报送本文件。",
        "Fill in the column and send the file again.",
    )
    name = place.column.name
    return query_rule(place, "required", saying, f"{quoted(name)} IS NULL AND NOT ({_unreadable(name)})")


YEARS_ZH, YEARS_EN = "不早于1900年，也不是9999年", "not before 1900 and not of 9999"
READABLE = {
    Kind.TEXT: ("文字", "text"),
    Kind.CODE: ("代码", "a code"),
    Kind.INTEGER: ("整数", "a whole number"),
    Kind.MONEY: ("金额（元，至多两位小数）", "an amount in yuan with at most two decimals"),
    Kind.DATE: (f"日期（如2020-05-11），{YEARS_ZH}", f"a date such as 2020-05-11, {YEARS_EN}"),
    Kind.OPEN_DATE: (
        "日期（如2020-05-11），不早于1900年；无截止日期的留空或填9999-12-31",
        "a date such as 2020-05-11, not before 1900; without an end, empty or 9999-12-31",
    ),
    Kind.TIMESTAMP: (
        f"时间（如2020-05-11 09:30:00），{YEARS_ZH}",
        f"a time such as 2020-05-11 09:30:00, {YEARS_EN}",
    ),
    Kind.MONTH: (f"年月（如202005），{YEARS_ZH}", f"a month such as 202005, {YEARS_EN}"),
}
"""How a readable value of each kind is described."""


def _readable(place: Place) -> Rule:
    zh, en = READABLE[place.column.kind]
    saying = Saying(f"{place.zh}无法识别，应为{zh}。", f"{place.en} cannot be read; it should be {en}.")
    rule = query_rule(place, "readable", saying, _unreadable(place.column.name))
    return replace(rule, is_tolerated=place.column.is_account_no)


def _known_value(place: Place) -> Rule:
    labels = place.column.labels
    saying = Saying(
        f"{place.zh}不在允许的取值之内：{'、'.join(labels)}。",
        f"{place.en} is none of the values allowed: {', '.join(labels)}.",
        "请改用允许的取值后重新报送本文件。",
        "Use one of the values allowed and send the file again.",
    )
    return query_rule(place, "known_value", saying, _unreadable(place.column.name))


def _unreadable(name: str) -> str:
    return f"unreadable IS NOT NULL AND contains(unreadable, ';{name};')"


def _minimum(place: Place) -> Rule:
    bound = place.options.minimum
    saying = Saying(f"{place.zh}不得小于{bound}。", f"{place.en} must not be less than {bound}.")
    arguments = {"column": place.column.name, "min_value": bound}
    return make_rule(place, "minimum", saying, "ExpectColumnValuesToBeBetween", arguments)


def _maximum(place: Place) -> Rule:
    bound = place.options.maximum
    saying = Saying(f"{place.zh}不得大于{bound:,}。", f"{place.en} must not be more than {bound:,}.")
    arguments = {"column": place.column.name, "max_value": bound}
    return make_rule(place, "maximum", saying, "ExpectColumnValuesToBeBetween", arguments)


def _length(place: Place) -> Rule:
    low, high = place.options.min_length, place.options.max_length
    saying = Saying(
        f"{place.zh}的字符数应在{low or 0}至{high or '不限'}之间。",
        f"{place.en} must have {low or 0} to {high or 'any number of'} characters.",
        "请检查是否丢失前导零，更正后重新报送。",
        "Look for lost leading zeros, correct the row and send the file again.",
    )
    arguments = {"column": place.column.name, "min_value": low, "max_value": high}
    return make_rule(place, "length", saying, "ExpectColumnValueLengthsToBeBetween", arguments)


def _month(place: Place) -> Rule:
    name = quoted(place.column.name)
    saying = Saying(
        f"{place.zh}的月份应在01至12之间。", f"The month of {place.en} must be between 01 and 12."
    )
    return query_rule(place, "month", saying, f"mod({name}, 100) NOT BETWEEN 1 AND 12")


def _credit_code(place: Place) -> Iterator[Rule]:
    name = place.column.name
    severity = Severity.CRITICAL if place.column.required else Severity.WARNING
    saying = Saying(
        f"{place.zh}既不是有效的18位统一社会信用代码，也不是有效的15位注册号（字符、登记管理部门、机构类别、"
        "行政区划或校验位有误）。",
        f"{place.en} is neither a valid 18-character credit code nor a valid 15-digit registration number "
        "(alphabet, authority, kind, division or check digit).",
        "请按营业执照核对代码后重新报送；执照上确为该代码的，由两人登记（stable-jobs code register）。",
        "Compare the code with the business licence and send the file again; where the licence does bear it, "
        "two people register it (stable-jobs code register).",
    )
    failing = f"{checks.fails(name, checks.unit_code)} AND NOT coalesce({checks.registered(name)}, false)"
    yield query_rule(place, "code", saying, failing, severity)
    yield _old_number(place)


def _old_number(place: Place) -> Rule:
    name = quoted(place.column.name)
    saying = Saying(
        f"{place.zh}为15位原注册号，需经新旧代码对照才能关联；没有对照的无法关联。",
        f"{place.en} is an old 15-digit number: it joins only through the crosswalk of insured units, where "
        "there is one.",
        "请尽量改用18位统一社会信用代码。",
        "Send the 18-character code where it exists.",
    )
    return query_rule(place, "old_number", saying, f"length({name}) = 15", Severity.INFO)


def _registration_no(place: Place) -> Iterator[Rule]:
    saying = Saying(
        f"{place.zh}不是有效的15位注册号，不能用于新旧代码对照。",
        f"{place.en} is no valid 15-digit registration number and gives no crosswalk.",
    )
    failing = checks.fails(place.column.name, checks.registration_no)
    yield query_rule(place, "code", saying, failing, Severity.WARNING)


def _bank_code(place: Place) -> Iterator[Rule]:
    saying = Saying(
        f"{place.zh}不是有效的12位行号（校验位有误）。",
        f"{place.en} is no valid 12-digit CNAPS code (check digit).",
        "请向开户行核对行号后重新报送。",
        "Check the code with the bank and send the file again.",
    )
    yield query_rule(place, "code", saying, checks.fails(place.column.name, checks.bank_code))


def _account_no(place: Place) -> Iterator[Rule]:
    name = place.column.name
    saying = Saying(
        f"{place.zh}不是银行可以受理的账号：应为{accounts.SHORTEST}至{accounts.LONGEST}位数字或字母（空格、连字符和"
        "圆点除外），且未被电子表格改成小数、科学计数、公式、日期或星号。",
        f"{place.en} is no number of an account that a bank can take: expected {accounts.SHORTEST} to "
        f"{accounts.LONGEST} digits or letters (blanks, hyphens and dots aside), not what a spreadsheet made "
        "of it: a decimal, a power of ten, a formula, a date, stars.",
        "请将该列设为文本格式，向开户行或单位核对完整账号后重新报送。",
        "Keep the column as text, check the whole number with the bank or the unit, and send the file again.",
    )
    rule = query_rule(place, "account_no", saying, checks.fails(name, accounts.is_account_no_sql))
    yield replace(rule, is_tolerated=True)
    column = quoted(name)
    lost = Saying(
        f"{place.zh}第15位以后全为零，可能已被电子表格改动。",
        f"{place.en} has zeros only after its 15th digit: a spreadsheet may have lost the others.",
        "请与开户行或单位核对完整账号；无误则无需处理。",
        "Check the whole number with the bank or the unit; nothing to do if it is right.",
    )
    failing = f"length({column}) >= 18 AND regexp_full_match(substr({column}, 16), '0+')"
    yield query_rule(place, "digits_lost", lost, failing, Severity.WARNING)


def _name(place: Place) -> Iterator[Rule]:
    column = quoted(place.column.name)
    spoiled = Saying(
        f"{place.zh}含有乱码替换字符（U+FFFD），上游解码有误。",
        f"{place.en} holds U+FFFD: it was decoded wrongly upstream.",
        "请从源系统重新导出该名称。",
        "Export the name again from the source system.",
    )
    failing = f"contains({column}, chr(65533))"
    yield query_rule(place, "replacement_character", spoiled, failing, Severity.WARNING)
    control = Saying(
        f"{place.zh}含有银行报文不能容纳的字符（控制字符、换行或分段符、非字符），不能拨付。",
        f"{place.en} holds characters that no bank's file can carry (control characters, separators of lines "
        "or paragraphs, non-characters): nothing is paid under it.",
        "请删除这些字符后重新报送该名称。",
        "Remove the characters from the name and send the file again.",
    )
    failing = has_sql(column, UNPRINTABLE)
    yield query_rule(place, "control_character", control, failing, Severity.WARNING)
    hidden = Saying(
        f"{place.zh}含有不可见的格式字符（如零宽空格U+200B）：看似相同的名称并不相同。",
        f"{place.en} holds characters that nobody sees, such as U+200B: names that look alike are not the "
        "same.",
        "请删除这些字符后重新报送该名称。",
        "Remove the characters from the name and send the file again.",
    )
    yield query_rule(place, "invisible_character", hidden, has_sql(column, INVISIBLE), Severity.WARNING)
    private = Saying(
        f"{place.zh}含有自定义区（私用区）字符，其他系统和银行无法识别。",
        f"{place.en} holds private-use characters, which other systems and banks cannot read.",
        "请改用标准字符（GB 18030-2022）后重新报送该名称。",
        "Write the name with the characters of GB 18030-2022 and send the file again.",
    )
    yield query_rule(place, "private_character", private, has_sql(column, PRIVATE), Severity.WARNING)


def _none(_: Place) -> Iterator[Rule]:
    """`region_code`: its rules need the contract's row region, and stand with the delivery's."""
    yield from ()


FORMATS: dict[str, Callable[[Place], Iterator[Rule]]] = {
    "credit_code": _credit_code,
    "registration_no": _registration_no,
    "bank_code": _bank_code,
    "name": _name,
    "region_code": _none,
}
"""The rules that each `logicalTypeOptions.format` adds."""
