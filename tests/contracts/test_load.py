"""Contracts as of a date, and one broken document per message."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from stable_jobs.contracts.load import contracts_as_of, load_contracts
from stable_jobs.contracts.model import Kind
from stable_jobs.errors import ContractError
from tests.contracts.conftest import SMALL, place

Small = Callable[[str, str], Path]


def test_every_part_of_a_document_arrives(tmp_path: Path) -> None:
    (contract,) = load_contracts(place(tmp_path, SMALL))
    assert (contract.department, contract.extract, contract.version) == ("water", "meters", "1.0.0")
    assert (contract.title_zh, contract.title_en) == ("水表", "Water meters")
    assert contract.effective_from == date(2019, 1, 1)
    assert contract.key == ("uscc", "month")
    assert (contract.encoding, contract.formats, contract.null_words) == ("gb18030", ("csv",), ("", "无"))
    assert (contract.max_bytes, contract.rows_required, contract.control_total) == (
        1_000_000,
        True,
        ("amount",),
    )
    assert (contract.absence, contract.row_region, contract.subject) == ("unknown", "own", "unit")
    assert (contract.due_hours, contract.oldest_days, contract.tolerance) == (20, 7, Decimal("0.05"))
    assert contract.fingerprint == hashlib.sha256(SMALL.encode()).hexdigest()
    assert [c.kind for c in contract.columns] == [Kind.CODE, Kind.MONTH, Kind.MONEY, Kind.BOOLEAN, Kind.CODE]
    metered = contract.column("is_metered")
    assert dict(metered.labels) == {"是": "true", "否": "false"}
    assert (metered.is_sensitive, metered.required) == (True, False)


LATER = SMALL.replace('"2019-01-01"', "2020-05-11").replace("version: 1.0.0", "version: 2.0.0")


@pytest.mark.parametrize(
    ("on", "version"),
    [
        pytest.param(date(2019, 1, 1), "1.0.0", id="first day of the first"),
        pytest.param(date(2020, 5, 10), "1.0.0", id="last day of the first"),
        pytest.param(date(2020, 5, 11), "2.0.0", id="first day of the second"),
    ],
)
def test_the_version_in_force(tmp_path: Path, on: date, version: str) -> None:
    place(tmp_path, SMALL)
    place(tmp_path, LATER, "water/meters.2.odcs.yaml")
    assert contracts_as_of(tmp_path, on)["meters"].version == version
    assert len(load_contracts(tmp_path)) == 2


def test_departments_come_in_the_order_of_the_night(tmp_path: Path) -> None:
    for department in ("water", "economy", "labor", "arts"):
        text = SMALL.replace("meters", f"of_{department}").replace("water", department)
        place(tmp_path, text, f"{department}/of_{department}.odcs.yaml")
    order = list(contracts_as_of(tmp_path, date(2020, 1, 1)))
    assert order == ["of_labor", "of_economy", "of_arts", "of_water"]


def test_a_contract_that_is_not_yet_in_force_is_left_out(tmp_path: Path) -> None:
    place(tmp_path, SMALL)
    place(tmp_path, LATER.replace("meters", "pipes"), "water/pipes.odcs.yaml")
    assert list(contracts_as_of(tmp_path, date(2020, 5, 10))) == ["meters"]


def test_no_contract_in_force(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="a contract in force on 2018-12-31"):
        contracts_as_of(place(tmp_path, SMALL), date(2018, 12, 31))


def test_a_folder_without_contracts(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="found none; next: check the folder's path"):
        load_contracts(tmp_path)


def test_two_versions_from_one_day(tmp_path: Path) -> None:
    place(tmp_path, SMALL)
    place(tmp_path, SMALL, "water/meters.2.odcs.yaml")
    with pytest.raises(
        ContractError, match="meters: expected one version from a day; found two from 2019-01-01"
    ):
        load_contracts(tmp_path)


def test_one_extract_of_two_departments(tmp_path: Path) -> None:
    place(tmp_path, SMALL)
    place(tmp_path, SMALL.replace("water", "labor"), "labor/meters.odcs.yaml")
    with pytest.raises(ContractError, match="meters: expected one department; found labor and water"):
        load_contracts(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "domain: water", "domain: tax", "domain, schema.name, id: expected domain water", id="folder"
        ),
        pytest.param("id: water-meters", "id: meters", "id water-meters", id="id"),
        pytest.param("  - name: meters\n", "  - name: pipes\n", "found water, pipes", id="schema name"),
        pytest.param("name: Water meters\n", "", "name: expected a text", id="no title"),
        pytest.param("version: 1.0.0\n", "", "version: expected a text; found nothing", id="no version"),
        pytest.param("purpose: A", "limitations: A", "description.purpose: expected a text", id="no purpose"),
        pytest.param(
            "[amount]", "[uscc]", "controlTotal: expected columns of kind money; found uscc", id="total"
        ),
        pytest.param(
            "value: [amount]}\n  - {property: absence",
            "value: [sum]}\n  - {property: absence",
            "found sum",
            id="total of an unknown column",
        ),
        pytest.param(
            "subject, value: unit", "subject, value: region", "subject: expected region where", id="subject"
        ),
        pytest.param("name: region_code", "name: region", "a column region_code; found", id="no region"),
        pytest.param(
            "{column: month, from",
            "{column: year, from",
            "windows.column: expected a column of",
            id="window of an unknown column",
        ),
        pytest.param(
            "from: Y-2/12",
            "from: Y-2",
            "windows.month: expected a bound that fits",
            id="bound of another kind",
        ),
        pytest.param(
            "from: Y-2/12",
            "from: Y-2/13",
            "windows.0.from: expected String should match",
            id="thirteenth month",
        ),
        pytest.param(
            "name: meters.amount.ceiling",
            "name: pipes.amount.ceiling",
            "an id that starts with meters.",
            id="rule of another extract",
        ),
        pytest.param(
            "name: meters.amount.ceiling",
            "name: meters.amount.required",
            "stands once; found meters.amount.required",
            id="rule id twice",
        ),
        pytest.param(
            "columns, value: [amount]",
            "columns, value: [sum]",
            "rule meters.amount.ceiling: expected columns of this contract; found sum",
            id="rule on an unknown column",
        ),
    ],
)
def test_a_broken_contract_names_the_place(small: Small, old: str, new: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        load_contracts(small(old, new))
    said = str(caught.value)
    assert "meters.odcs.yaml: " in said
    assert message in said
    assert "; next: " in said


def test_two_tables_in_one_document(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="schema: expected one table; found 2"):
        load_contracts(place(tmp_path, SMALL + "  - name: pipes\n"))
