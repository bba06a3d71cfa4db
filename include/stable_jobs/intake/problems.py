"""Every reason for which intake refuses a file: a stable id, what is wrong, what the sender does next.

One table, so that an officer reads the same sentence in the report, the log and the documentation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stable_jobs.errors import DeliveryRefused, Problem


@dataclass(frozen=True)
class Refusal:
    """What is wrong, and what the sender does next."""

    what_zh: str
    what_en: str
    next_step_zh: str
    next_step_en: str


SHOWN_CHARACTERS = 60
"""A found value is cut here: a hostile file must not fill a report."""

REFUSALS: dict[str, Refusal] = {
    "delivery.name": Refusal(
        "文件名或位置不符合约定",
        "the file's name or place is not as agreed",
        "按“区划代码[.序号].csv|xlsx”重新命名后再放入",
        "rename it <region>[.N].csv|xlsx and drop it again",
    ),
    "delivery.no_access": Refusal(
        "文件或文件夹无法打开",
        "the file or folder may not be opened",
        "开放读取权限后，下次运行自动接收",
        "make it readable for the night's user; the next run takes it",
    ),
    "delivery.missing_file": Refusal(
        "有清单而无数据文件",
        "there is a manifest without its data file",
        "补放数据文件",
        "drop the data file beside its manifest",
    ),
    "delivery.format": Refusal(
        "文件格式不在合同之内",
        "the contract does not take this file format",
        "按合同约定的格式重新导出",
        "export again in a format of the contract",
    ),
    "delivery.too_large": Refusal(
        "文件超过合同上限",
        "the file is larger than the contract's limit",
        "核对导出范围后重新报送",
        "check what was exported and send again",
    ),
    "delivery.empty": Refusal(
        "文件为空",
        "the file is empty",
        "重新导出并报送",
        "export and send again",
    ),
    "delivery.no_rows": Refusal(
        "应有数据而一行也没有",
        "rows are required and there are none",
        "核对导出条件后重新报送",
        "check the export's conditions and send again",
    ),
    "delivery.encoding": Refusal(
        "编码与合同不符",
        "the bytes are not in the contract's encoding",
        "按合同约定的编码重新导出",
        "export again in the encoding of the contract",
    ),
    "delivery.truncated": Refusal(
        "文件在中途结束",
        "the file ends in the middle of a row",
        "重新传输完整文件",
        "transfer the whole file again",
    ),
    "delivery.header.missing": Refusal(
        "缺少约定的列",
        "an agreed column is missing",
        "补齐表头后重新报送",
        "send again with exactly the contract's headers",
    ),
    "delivery.header.extra": Refusal(
        "有约定之外的列",
        "there is a column that was not agreed",
        "删除多余列后重新报送",
        "send again with exactly the contract's headers",
    ),
    "delivery.header.duplicate": Refusal(
        "同一列出现两次",
        "a column appears twice",
        "保留一列后重新报送",
        "keep one of them and send again",
    ),
    "delivery.ragged": Refusal(
        "该行的列数与表头不同",
        "a row has another number of fields than the header",
        "检查该行的逗号与引号后重新导出",
        "check commas and quotes of that row and export again",
    ),
    "delivery.quotes": Refusal(
        "引号没有正确闭合",
        "a quotation mark is not closed as it should be",
        "检查该行的引号后重新导出",
        "check the quotation marks of that row and export again",
    ),
    "delivery.line_ends": Refusal(
        "换行符不一致",
        "the line ends are not the same throughout",
        "用同一种换行符重新导出",
        "export again with one kind of line end",
    ),
    "delivery.line_too_long": Refusal(
        "一行过长",
        "a line is too long to be a row",
        "检查该行后重新导出",
        "check that row and export again",
    ),
    "delivery.csv": Refusal(
        "不能按 CSV 读取",
        "the file cannot be read as CSV",
        "从原系统导出，或用表格软件打开后另存为标准 CSV；只改扩展名无效",
        "export it, or open it and save it, as plain CSV: a new name alone changes nothing",
    ),
    "delivery.not_a_workbook": Refusal(
        "不是可读的 XLSX 工作簿",
        "the file is not a readable XLSX workbook",
        "用表格软件打开后另存为“Excel 工作簿（.xlsx）”再报送；只改扩展名无效",
        "open it, save it as .xlsx and send again: a new name alone changes nothing",
    ),
    "delivery.old_workbook": Refusal(
        "文件是旧版 .xls 工作簿",
        "the file is an old .xls workbook",
        "用表格软件打开后另存为“Excel 工作簿（.xlsx）”再报送；只改扩展名无效",
        "open it, save it as .xlsx and send again: a new name alone changes nothing",
    ),
    "delivery.packed": Refusal(
        "文件是压缩包",
        "the file is a packed archive",
        "解压后报送其中的数据文件",
        "unpack it and send the data file inside",
    ),
    "delivery.encrypted": Refusal(
        "工作簿已加密",
        "the workbook is encrypted",
        "取消密码保护后重新报送",
        "remove the password and send again",
    ),
    "delivery.sheets": Refusal(
        "多个工作表都有约定的表头",
        "several sheets carry the agreed header",
        "只保留一个数据工作表",
        "keep one sheet with data and send again",
    ),
    "delivery.kept_bytes": Refusal(
        "留存的文件内容已被改动",
        "the bytes kept of this delivery are not those that came",
        "查明何人改动后，再次运行收集；原文件不在时请部门重新报送",
        "find out who changed them and run the night again: the file is taken anew, or sent again",
    ),
    "delivery.manifest.missing": Refusal(
        "缺少清单文件",
        "there is no manifest beside the file",
        "补放清单文件",
        "drop <same name>.manifest.json beside the file",
    ),
    "delivery.manifest.unreadable": Refusal(
        "清单不能按约定读取",
        "the manifest cannot be read as agreed",
        "按约定字段以 UTF-8 文本重新生成清单",
        "make the manifest again, with the agreed fields as UTF-8 text",
    ),
    "delivery.manifest.slot": Refusal(
        "清单内容与文件位置不符",
        "the manifest speaks of another delivery",
        "核对部门、数据集、日期和区划后重新报送",
        "check department, extract, date and region and send again",
    ),
    "delivery.manifest.sha256": Refusal(
        "文件与清单的哈希不符",
        "the file is not the one the manifest describes",
        "重新传输文件或重新生成清单",
        "transfer the file again, or make the manifest again",
    ),
    "delivery.manifest.rows": Refusal(
        "行数与清单不符",
        "the number of rows is not the manifest's",
        "核对后重新导出文件和清单",
        "check, then export file and manifest again",
    ),
    "delivery.manifest.control_total": Refusal(
        "金额合计与清单不符",
        "the control total is not the manifest's, or is missing",
        "核对金额合计后重新报送",
        "check the control total and send again",
    ),
}


@dataclass(frozen=True)
class Slot:
    """Whose file it is: what every problem with it must name. `region` is empty where it cannot be told."""

    department: str
    extract: str
    region: str


def problem(
    slot: Slot, rule: str, *, expected: str, found: str, row: int | None = None, column: str | None = None
) -> Problem:
    """The Problem of that rule (KeyError for an unknown one). `found` must not hold a sensitive value."""
    return Problem(
        **vars(REFUSALS[rule]),
        rule=rule,
        department=slot.department,
        extract=slot.extract,
        region=slot.region,
        expected=expected,
        found=found,
        owes=slot.department,
        row=row,
        column=column,
    )


def refused(
    slot: Slot, rule: str, *, expected: str, found: str, row: int | None = None, column: str | None = None
) -> DeliveryRefused:
    """The exception to raise; the arguments are those of `problem`."""
    return DeliveryRefused(problem(slot, rule, expected=expected, found=found, row=row, column=column))


def no_access(slot: Slot, name: str, error: OSError) -> DeliveryRefused:
    """The refusal of a file or folder that the operating system will not let the night read."""
    said = f"{shown(name)}: {error.strerror or type(error).__name__}"
    return refused(slot, "delivery.no_access", expected="a file that the night's user may read", found=said)


def shown(text: str) -> str:
    """A department's text fit for `found`: printable, short, without digits that may be an account."""
    masked = re.sub(r"\d{7,}", lambda run: "*" * len(run.group()), text)
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in masked)
    return printable if len(printable) <= SHOWN_CHARACTERS else printable[:SHOWN_CHARACTERS] + "…"
