"""A problem kept in English is told in Chinese: what was expected, and what was found."""

from __future__ import annotations

import pytest

from stable_jobs.intake.connectors import EXPECTED_NAME
from stable_jobs.messages.refusals import expected_of, found_of
from tests.latin import english

ROWS = "the agreed fields, and no others; rows: a whole number from 0 on, without quotation marks"


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        pytest.param("10 fields", "10 列", id="a figure"),
        pytest.param("at most 300 bytes unpacked", "解压后 300 字节以内", id="the longer pattern"),
        pytest.param("gb18030 without BOM", "不带 BOM 的 GB18030", id="an encoding inside"),
        pytest.param(
            ROWS, "约定的字段，不多不少；rows：不加引号的非负整数", id="a field and how it is written"
        ),
        pytest.param(
            EXPECTED_NAME, "<区划>[.序号].csv 或 .xlsx，普通文件，旁边有 <同名>.manifest.json", id="a name"
        ),
        pytest.param("610100.manifest.json", "610100.manifest.json", id="a name alone"),
        pytest.param("单位名称、账号", "单位名称、账号", id="columns"),
    ],
)
def test_expected(text: str, chinese: str) -> None:
    assert expected_of(text).zh == chinese
    assert expected_of(text).en == text
    assert english(chinese) in ([], ["rows"])


@pytest.mark.parametrize(
    ("rule", "text", "chinese"),
    [
        pytest.param("ragged", "9 fields", "9 列", id="a figure"),
        pytest.param("not_a_workbook", "BadZipFile", "内部结构已损坏的工作簿", id="a library's word"),
        pytest.param("not_a_workbook", "an HTML page", "HTML 网页", id="a kind of file"),
        pytest.param("packed", "a gzip archive", "gzip 压缩包", id="a kind of archive"),
        pytest.param("no_access", "a.csv: Permission denied", "a.csv：没有读取权限", id="no right"),
        pytest.param("no_access", "a.csv: Stale handle", "a.csv：无法打开的文件或文件夹", id="another error"),
        pytest.param("missing_file", "only a.manifest.json", "只有 a.manifest.json", id="only a manifest"),
        pytest.param("name", "a.csv is gone", "a.csv 已不在", id="gone"),
        pytest.param("name", "a.csv: a link instead of a file", "a.csv：是链接而不是文件", id="a link"),
        pytest.param("manifest.unreadable", "rows: Field required", "缺少 rows", id="a field is missing"),
        pytest.param(
            "manifest.unreadable", "rows: Input is odd", "rows：不是约定的写法", id="a field is odd"
        ),
        pytest.param("manifest.unreadable", "Expecting value: line 1", "不是约定的写法", id="no JSON"),
        pytest.param("header.extra", "none、(no name)", "none、（无名称）", id="the sender's own words"),
        pytest.param("header.missing", "3 columns without it", "3 列中没有该列", id="no such column"),
        pytest.param("sheets", "more、none", "more、none", id="names of sheets"),
    ],
)
def test_found(rule: str, text: str, chinese: str) -> None:
    found = found_of(f"delivery.{rule}", text)
    assert (found.zh, found.en) == (chinese, text)
