"""The generated data dictionary page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from stable_jobs.contracts.dictionary import data_dictionary
from stable_jobs.contracts.load import contracts_as_of, load_contracts
from stable_jobs.settings import data_folder
from tests.contracts.conftest import SMALL, place

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data-dictionary.md"


def test_the_committed_page_is_the_generated_one() -> None:
    contracts = contracts_as_of(data_folder("contracts"), date.max)
    assert PAGE.read_text(encoding="utf-8") == data_dictionary(contracts.values()), (
        "next: python -m stable_jobs.contracts.dictionary > docs/reference/data-dictionary.md"
    )


def test_every_column_and_rule_is_on_the_page(tmp_path: Path) -> None:
    contracts = load_contracts(place(tmp_path, SMALL))
    page = data_dictionary(contracts)
    for column in contracts[0].columns:
        assert f"| `{column.name}` | {column.header} |" in page
    for rule in contracts[0].rules:
        assert f"| `{rule.id}` |" in page
    assert "是 = `true`；否 = `false`<br>敏感 sensitive |" in page


def test_a_pipe_stays_inside_its_cell(tmp_path: Path) -> None:
    contracts = load_contracts(
        place(tmp_path, SMALL.replace("description: Yuan.", "description: Yuan | fen."))
    )
    assert "<br>Yuan \\| fen. |" in data_dictionary(contracts)


REGIONS = """\
  - property: sendingRegions
    value:
      - region: "610100"
        effectiveFrom: "2020-01-01"
        reference: 西安市来函。
        encoding: utf-8
        formats: [csv, xlsx]
        nullWords: ["", "-"]
        headers: {amount: 缴费金额}
        dueHours: 21
        tolerance: "0.005"
      - {region: "610100", effectiveFrom: "2021-01-01", reference: 西安市来函。}
"""


def test_what_differs_by_region_is_on_the_page_and_nothing_where_nothing_does(tmp_path: Path) -> None:
    line = '  - {property: tolerance, value: "0.05"}\n'
    plain = data_dictionary(load_contracts(place(tmp_path / "plain", SMALL)))
    page = data_dictionary(load_contracts(place(tmp_path / "other", SMALL.replace(line, line + REGIONS))))
    heading = "### 各地不同之处 Sending regions"
    assert (heading in plain, heading in page) == (False, True)
    assert (
        "| `610100` | 2020-01-01 | 编码 encoding: utf-8<br>格式 formats: csv, xlsx"
        "<br>空值写法 null words: '', '-'<br>表头 header: 缴费金额 = 金额 `amount`"
        "<br>报送时限 due: 21<br>隔离容忍度 tolerance: 0.5% | 西安市来函。 |"
    ) in page
    assert "| `610100` | 2021-01-01 | 此前约定终止 what held before ends | 西安市来函。 |" in page
