"""Words of a file that intake refuses: the reasons, and in Chinese what was expected and what was found.

A problem is kept in English, as it always was: in the catalog, in the log and on the command line. A Chinese
page finds the sentence again by its English one.
"""

from __future__ import annotations

from dataclasses import dataclass

from stable_jobs.messages.kept import in_chinese
from stable_jobs.words import Words


@dataclass(frozen=True)
class Refusal:
    """A fault, and the sender's next step."""

    what_zh: str
    what_en: str
    next_step_zh: str
    next_step_en: str


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

SLOT = (
    Words("部门 {code}", "department {code}"),
    Words("数据集 {code}", "extract {code}"),
    Words("业务日期 {code}", "business_date {code}"),
    Words("区划 {code}", "region_code {code}"),
)

EXPECTED = (
    Words("{bytes} 字节以内", "at most {bytes} bytes"),
    Words("解压后 {bytes} 字节以内", "at most {bytes} bytes unpacked"),
    Words("目录在 {bytes} 字节以内", "a directory of at most {bytes} bytes"),
    Words("{cells} 个单元格以内", "at most {cells} cells"),
    Words(
        "有错误或与其他单元格合并的单元格在 {cells} 个以内",
        "at most {cells} cells with an error or merged with others",
    ),
    Words("{rows} 行以内", "at most {rows} rows"),
    Words("至少一行", "at least one row"),
    Words("{rows} 行", "{rows} rows"),
    Words("{yuan} 元", "{yuan} yuan"),
    Words("{fields} 列", "{fields} fields"),
    Words("{columns} 列", "{columns} columns"),
    Words("每行 {fields} 列", "rows of {fields} fields"),
    Words("表头和数据行", "a header and rows"),
    Words("每列各一次", "each column once"),
    Words("通篇为 {end}", "{end} throughout"),
    Words("字段正常结束", "a closed field"),
    Words("引号成对", "every mark closed"),
    Words("最后一个字符完整", "a whole last character"),
    Words("带 BOM 的 UTF-8", "UTF-8 with BOM"),
    Words("不带 BOM 的 {encoding}", "{encoding} without BOM"),
    Words("带 BOM 的 UTF-8", "utf-8-sig"),
    Words("UTF-8", "utf-8"),
    Words("GB18030", "gb18030"),
    Words("CSV 文本", "CSV text"),
    Words("csv 或 xlsx", "csv or xlsx"),
    Words("xlsx 或 csv", "xlsx or csv"),
    Words("工作簿", "a workbook"),
    Words("XLSX 工作簿", "an XLSX workbook"),
    Words("不设密码的 XLSX", "an XLSX without password"),
    Words("只有一个工作表有约定的表头", "one sheet with the header"),
    Words("数据文件本身", "the data file itself"),
    Words("数据文件", "the data file"),
    Words("夜间流程的用户可以读取的文件", "a file that the night's user may read"),
    Words(
        "<区划>[.序号].csv 或 .xlsx，普通文件，旁边有 <同名>.manifest.json",
        "<region>[.N].csv or .xlsx, a plain file beside <same name>.manifest.json",
    ),
    Words("UTF-8 的一个 JSON 对象", "one JSON object in UTF-8"),
    Words("约定的字段，不多不少", "the agreed fields, and no others"),
    Words("约定的字段，不多不少；{field}：{how}", "the agreed fields, and no others; {field}: {how}"),
    Words("文本，如 {example}", "text such as {example}"),
    Words("日期文本，{example}", "a day as text, {example}"),
    Words("六位数字的文本，{example}", "six digits as text, {example}"),
    Words("不加引号的非负整数", "a whole number from 0 on, without quotation marks"),
    Words("64 位十六进制数字的文本", "64 hexadecimal digits as text"),
    Words("以元计的文本，{example}", "yuan as text, {example}"),
    Words("时刻文本，{example}", "a moment as text, {example}"),
    *SLOT,
)
"""The content that was expected, as problems state it. The first pattern that fits the whole text counts."""

FOUND = (
    Words("没有", "none"),
    Words("超过", "more"),
    Words("{bytes} 字节", "{bytes} bytes"),
    Words("解压后 {bytes} 字节", "{bytes} bytes unpacked"),
    Words("单元格到第 {row} 行、第 {column} 列", "cells as far as row {row}, column {column}"),
    Words("{rows} 行", "{rows} rows"),
    Words("{yuan} 元", "{yuan} yuan"),
    Words("{fields} 列", "{fields} fields"),
    Words("{columns} 列中没有该列", "{columns} columns without it"),
    Words("没有表头的值", "a value without header"),
    Words("没有任何有值的单元格", "no cell with a value"),
    Words("读取程序不接受的一行", "a row the engine refuses"),
    Words("文件已结束", "the file's end"),
    Words("右引号之后还有文字", "text after a closing mark"),
    Words("引号没有右半", "a mark that is never closed"),
    Words("带 BOM 的 UTF-8", "UTF-8 with BOM"),
    Words("带 BOM 的 GB18030", "GB18030 with BOM"),
    Words("没有 BOM", "no BOM"),
    Words("UTF-8", "utf-8"),
    Words("GB18030", "gb18030"),
    Words("第 {line} 行、位置 {offset} 的字节 {byte}", "byte {byte} at offset {offset}, line {line}"),
    Words("数据湖中是另外的字节", "other bytes in the lake"),
    Words("XLSX 工作簿", "an XLSX workbook"),
    Words("损坏的 ZIP 压缩包", "a damaged ZIP archive"),
    Words("旧版 .xls 工作簿", "an old .xls workbook"),
    Words("加密的工作簿", "an encrypted workbook"),
    Words("加密的部件", "encrypted parts"),
    Words("{kind} 压缩包", "a {kind} archive"),
    Words("其他程序的复合文件", "a compound file of another program"),
    Words("PDF 文件", "a PDF"),
    Words("RTF 文档", "a rich-text document"),
    Words("图片", "a picture"),
    Words("可执行程序，请勿打开", "a program: do not open it"),
    Words("二进制 .xlsb 工作簿", "a binary .xlsb workbook"),
    Words("文字文档（.docx）", "a text document (.docx)"),
    Words("OpenDocument 表格（.ods）", "an OpenDocument sheet (.ods)"),
    Words("HTML 网页", "an HTML page"),
    Words("另存的网页", "a saved web page"),
    Words("XML 电子表格 2003", "an XML Spreadsheet 2003"),
    Words("XML 文档", "an XML document"),
    Words("文本，如 CSV", "text, such as CSV"),
    Words("种类不明的字节", "bytes of no known kind"),
    Words("使读取程序中断的文件", "a file that breaks the reader"),
    Words("{name} 已不在", "{name} is gone"),
    Words("只有 {name}", "only {name}"),
    Words("{name}：是链接而不是文件夹", "{name}: a link instead of a folder"),
    Words("{name}：是文件而不是文件夹", "{name}: a file instead of a folder"),
    Words("{name}：是链接而不是文件", "{name}: a link instead of a file"),
    Words("{name}：是文件夹或设备", "{name}: a folder or device"),
    Words("{name}：名称不在约定之内", "{name}: a name outside the agreement"),
    Words("{name}：没有读取权限", "{name}: Permission denied"),
    Words("UTF-16 文本，或不是文本", "text in UTF-16, or none"),
    Words("字段 {name} 出现两次", "the field {name} twice"),
    Words("{name} 不是 JSON", "{name} is not JSON"),
    Words("缺少 {field}", "{field}: Field required"),
    Words("{field} 不在约定之内", "{field}: Extra inputs are not permitted"),
    *SLOT,
)
"""The content that was found instead."""

OTHERWISE = {
    "delivery.not_a_workbook": Words("内部结构已损坏的工作簿", ""),
    "delivery.no_access": Words("无法打开的文件或文件夹", ""),
    "delivery.manifest.unreadable": Words("不是约定的写法", ""),
}
"""Rule → the Chinese for a finding whose English quotes a library: its words are for an engineer."""
AS_SENT = ("delivery.header.duplicate", "delivery.header.missing", "delivery.header.extra", "delivery.sheets")
"""Rules that show the sender's own headers or names of sheets."""


def expected_of(text: str) -> Words:
    """The content that a problem expected, in both languages; figures and names stay as they are."""
    return Words(in_chinese(text, EXPECTED) or text, text)


def found_of(rule: str, text: str) -> Words:
    """The content that a problem of that rule found instead, in both languages."""
    if rule in AS_SENT and not text.endswith(" columns without it"):
        return Words(text.replace("(no name)", "（无名称）"), text)
    chinese = in_chinese(text, FOUND)
    if chinese is None and rule in OTHERWISE:
        field, named, _ = text.partition(": ")
        chinese = OTHERWISE[rule].zh
        if named and rule != "delivery.not_a_workbook" and " " not in field:
            chinese = f"{field}：{chinese}"
    return Words(text if chinese is None else chinese, text)
