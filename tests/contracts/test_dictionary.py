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
