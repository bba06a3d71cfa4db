"""What the night leaves betrays no account and runs nowhere: not in a spreadsheet, not in a browser."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from stable_jobs_demo.names import HOSTILE
from tests.e2e.conftest import Night
from tests.e2e.published import decided, digit_runs, read_csv, texts

pytestmark = pytest.mark.xdist_group("night")


def test_account_numbers_are_in_the_disbursement_detail_only(night: Night, accounts: set[str]) -> None:
    found = {
        path.name.split(".")[0]
        for path in (night.home.path / "out").rglob("*")
        if path.is_file() and any(digit_runs(text) & accounts for text in texts(path))
    }

    assert found == {"disbursement_detail"}


def test_no_account_number_is_printed(night: Night, accounts: set[str]) -> None:
    assert not digit_runs(night.printed + night.progress) & accounts


def test_no_account_number_is_in_the_database(
    stored: dict[str, list[dict[str, Any]]], accounts: set[str]
) -> None:
    assert len(stored["deliveries"]) > 90
    assert len(stored["validation_results"]) > 1_000
    for name, rows in stored.items():
        assert not digit_runs(str(rows)) & accounts, name


def names_in(rows: list[dict[str, Any]]) -> set[str]:
    return {str(row[column]) for row in rows for column in row if "单位名称" in str(column)}


def visible(name: str) -> str:
    """As the lists promise to show it: a control or format character by its number."""
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Zl", "Zp") else c for c in name
    )


def test_hostile_names_are_whole_and_inert_in_csv(night: Night) -> None:
    rows = [row for folder in decided(night.home.out) for row in read_csv(folder / "notice.csv")]
    found = names_in(rows)

    for name in HOSTILE:
        shown = visible(name)
        assert (f"'{shown}" if shown[0] in "=+-@" else shown) in found
    assert not [name for name in found if name.lstrip()[:1] in tuple("=+-@\t\r＝＋－＠")]


def test_every_csv_cell_is_inert(night: Night) -> None:
    for path in night.home.out.rglob("*.csv"):
        cells = {cell for row in read_csv(path) for cell in row.values() if cell and cell[0] in "=+-@\t\r"}
        assert not [cell for cell in cells if not re.fullmatch(r"-?\d+(\.\d+)?", cell)], path


def test_hostile_names_are_text_in_workbooks(night: Night) -> None:
    found: set[str] = set()
    for folder in decided(night.home.out):
        book = openpyxl.load_workbook(folder / "notice.xlsx")
        for row in book.active.iter_rows():
            assert not [cell for cell in row if cell.data_type == "f" or cell.hyperlink]
            found.update(str(cell.value) for cell in row if cell.data_type in ("s", "inlineStr"))

    assert {visible(name) for name in HOSTILE} <= found


def test_no_workbook_has_a_formula_or_a_link(night: Night) -> None:
    for path in night.home.out.rglob("*.xlsx"):
        parts = "".join(texts(path))
        assert not re.search(r"<f[ >]|<hyperlink|externalLink|vbaProject|ddeLink", parts), path


class Links(HTMLParser):
    """Tags of a page and what it points to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.targets: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.targets += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")
        ]


def pages(night: Night) -> Iterator[tuple[Path, str, Links]]:
    for path in sorted((night.home.out / "validation").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        links = Links()
        links.feed(text)
        yield path, text, links


def test_the_report_needs_no_other_host(night: Night) -> None:
    found = list(pages(night))

    assert len(found) == 14
    for path, text, links in found:
        foreign = re.findall(r"""(?:https?:)?//[^\s"'<>)]+""", text)
        assert set(foreign) <= {"http://www.w3.org/2000/svg"}, path
        assert not links.handlers
        assert not links.tags.keys() & {"iframe", "object", "embed", "base", "form"}
        local = [t for t in links.targets if not t.startswith(("#", "data:image/"))]
        assert local
        assert [t for t in local if not (path.parent / t.split("#")[0]).exists()] == []


def test_the_report_holds_no_foreign_tag(night: Night) -> None:
    for path, text, links in pages(night):
        assert "alert(" not in text, path
        assert not re.search(r"<b>粗|\{\{ 7", text), path
        assert links.tags["script"] <= 1, path
