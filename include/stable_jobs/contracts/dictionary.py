"""The data dictionary page, written from the contracts: `python -m stable_jobs.contracts.dictionary`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from stable_jobs.contracts.model import Column, Contract, Kind, Rule, SendingRegion
from stable_jobs.money import share

KINDS = {
    Kind.TEXT: "文字 text",
    Kind.CODE: "代码 code",
    Kind.INTEGER: "整数 integer",
    Kind.MONEY: "金额（元） money, yuan, decimal(18,2)",
    Kind.DATE: "日期 date",
    Kind.OPEN_DATE: "日期，可无截止 date, open end",
    Kind.TIMESTAMP: "时间 timestamp, Asia/Shanghai",
    Kind.MONTH: "年月 month, YYYYMM",
    Kind.BOOLEAN: "是否 boolean",
    Kind.ENUM: "取值 enumeration",
}
SEVERITIES = {"critical": "严重 critical", "warning": "警告 warning", "info": "提示 info"}
SCOPES = {"row": "行 row", "delivery": "文件 delivery", "unit": "单位 unit"}
INTRODUCTION = """# 数据字典 Data dictionary

<!-- Generated from include/contracts by `python -m stable_jobs.contracts.dictionary`. Do not edit. -->

每个部门报送的每份数据：文件要求、各列及校验规则。由数据合同自动生成。
This page has every extract of every department: the file, its columns and the rules that check it. It is
generated from the contracts.

- 严重 critical：行被隔离，或整份文件暂不采用。The row is quarantined, or the delivery is held.
- 警告 warning：计数并显示，数据照常使用。Counted and shown; the row stays.
- 提示 info：仅供参考。Shown.
"""

SENDING = """下列地区及其下级报送的文件，自该日起按此处约定，此外一概不收；未列出的从上一级，再从合同。
Files of these regions and those below them are as said here from that day on, and in no other way.
A property that is not named comes from the level above, then from the contract.
"""


def data_dictionary(contracts: Iterable[Contract]) -> str:
    """The page in Markdown, Chinese beside English: the same contracts give the same bytes."""
    return "\n".join([INTRODUCTION, *(line for contract in contracts for line in _section(contract))])


def _section(contract: Contract) -> Iterator[str]:
    yield f"## {contract.title_zh} {contract.title_en} (`{contract.department}/{contract.extract}`)\n"
    yield f"{contract.purpose_zh}\n{contract.purpose_en}\n"
    yield from _table(("文件 File", ""), _file_facts(contract))
    yield "### 列 Columns\n"
    header = ("列 Column", "表头 Header", "类型 Kind", "必填 Required", "说明 Meaning")
    yield from _table(header, map(_column, contract.columns))
    yield from _sending(contract)
    yield "### 规则 Rules\n"
    header = ("规则 Rule", "级别 Severity", "范围 Scope", "说明 Meaning", "处理 Next step")
    yield from _table(header, map(_rule, contract.rules))


def _file_facts(contract: Contract) -> Iterator[tuple[str, ...]]:
    yield "版本 Version", f"{contract.version}，自 from {contract.effective_from}"
    yield "格式 Formats", f"{', '.join(contract.formats)}；{contract.encoding}"
    yield "大小上限 Largest size", f"{contract.max_bytes // 2**20:,} MiB"
    yield "主键 Key", ", ".join(contract.key)
    yield "空值写法 Null words", ", ".join(repr(word) for word in contract.null_words)
    yield "控制总额 Control total", " + ".join(contract.control_total) or "—"
    yield "无行的含义 A missing row means", {"none": "无 none", "unknown": "未知 unknown"}[contract.absence]
    yield "零行 Zero rows", "不可 refused" if contract.rows_required else "可 accepted"
    yield "地区 Region of a row", _region(contract)
    yield "对象 Subject", contract.subject
    yield "报送时限 Due", f"业务日期零点起 hours after 00:00 of the business date: {contract.due_hours}"
    yield "最长沿用 Stands in for", f"{contract.oldest_days} 天 days"
    yield "隔离容忍度 Tolerance", share(contract.tolerance)


def _sending(contract: Contract) -> Iterator[str]:
    """Where a region's files differ; nothing where all are alike."""
    if contract.sending_regions:
        yield "### 各地不同之处 Sending regions\n"
        yield SENDING
        header = ("地区 Region", "自 From", "不同之处 What differs", "依据 Reference")
        yield from _table(header, (_sending_region(contract, one) for one in contract.sending_regions))


def _sending_region(contract: Contract, one: SendingRegion) -> tuple[str, ...]:
    return f"`{one.region}`", str(one.effective_from), "<br>".join(_differences(contract, one)), one.reference


def _differences(contract: Contract, one: SendingRegion) -> Iterator[str]:
    terms = one.terms
    if terms.encoding is not None:
        yield f"编码 encoding: {terms.encoding}"
    if terms.formats is not None:
        yield f"格式 formats: {', '.join(terms.formats)}"
    if terms.null_words is not None:
        yield f"空值写法 null words: {', '.join(map(repr, terms.null_words)) or '—'}"
    for name, header in one.headers.items():
        yield f"表头 header: {header} = {contract.column(name).header} `{name}`"
    if terms.due_hours is not None:
        yield f"报送时限 due: {terms.due_hours}"
    if terms.tolerance is not None:
        yield f"隔离容忍度 tolerance: {share(terms.tolerance)}"
    if one.is_empty:
        yield "此前约定终止 what held before ends"


def _region(contract: Contract) -> str:
    return {
        "own": "本文件的地区 the file's region",
        "upward": "本文件的地区或其上级 the file's region or one above it",
        "sent": "报送所指地区 the region it was sent for",
    }[contract.row_region]


def _column(column: Column) -> tuple[str, ...]:
    labels = "；".join(f"{label} = `{value}`" for label, value in column.labels.items())
    meaning = [column.description_zh, column.description_en, labels, "敏感 sensitive" * column.is_sensitive]
    return (
        f"`{column.name}`",
        column.header,
        KINDS[column.kind],
        "是 yes" if column.required else "否 no",
        "<br>".join(text for text in meaning if text),
    )


def _rule(rule: Rule) -> tuple[str, ...]:
    return (
        f"`{rule.id}`",
        SEVERITIES[rule.severity],
        SCOPES[rule.scope],
        f"{rule.sentence_zh}<br>{rule.sentence_en}",
        f"{rule.next_step_zh}<br>{rule.next_step_en}",
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _line(header)
    yield _line(("---",) * len(header))
    yield from map(_line, rows)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    from stable_jobs.contracts.load import contracts_as_of
    from stable_jobs.settings import data_folder

    print(data_dictionary(contracts_as_of(data_folder("contracts"), date.max).values()), end="")
