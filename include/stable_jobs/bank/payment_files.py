"""A batch as files for the bank: pain.001, and the bank's own text file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree

from stable_jobs.bank.banks import BankColumn, BankProfile, Debtor
from stable_jobs.bank.batch import Batch
from stable_jobs.publishing.files import changed_sql, inert, measured, ordered_sql
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb


# --- pain.001 ---
# A batch as ISO 20022 credit transfer initiations (pain.001.001.09), each of at most so many transactions.
#
# Nothing in a message comes from a clock. Transactions are written one by one: memory does not grow with
# them. Source: ISO 20022 message definition pain.001.001.09; CNAPS is in its external code list of clearing
# systems.

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal


NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CLEARING_SYSTEM = "CNAPS"
LONGEST_NAME = 140
"""Characters of a name that the schema takes (Max140Text)."""
ROWS = 5_000
ATTRIBUTES = {"InstdAmt": {"Ccy": "CNY"}}
AMOUNT = "{*}Amt/{*}InstdAmt"
TEXTS = 7
"""Of a transaction as we write it: id, amount, clearing system, bank, name, account, remittance."""
CONTRADICTION = Sum(-1, Decimal(-1))

Tree: TypeAlias = Mapping[str, "str | Tree"]
"""Elements by name, in the schema's order."""


@dataclass(frozen=True)
class Message:
    """One message: the batch's lines from `first` to `last`. `number` counts from 1."""

    batch: Batch
    debtor: Debtor
    number: int
    first: int
    last: int
    sum: Sum

    @property
    def file_name(self) -> str:
        """`payment.001.xml`."""
        return f"payment.{self.number:03}.xml"

    @property
    def id(self) -> str:
        """Unique among all messages, at most 35 characters: `610100-20200519-L1-1-001`."""
        return f"{self.batch.head.batch_no}-{self.number:03}"


def pain001_messages(con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile) -> list[Message]:
    """The batch's lines split at the profile's number of transactions, in order."""
    split = f"(line_no - 1) // {profile.transactions_per_file}"
    found = con.execute(
        "SELECT min(line_no), max(line_no), count(*), sum(amount)::DECIMAL(18, 2)"
        f" FROM {batch.source} GROUP BY {split} ORDER BY {split}"
    ).fetchall()
    return [
        Message(batch, profile.debtor, number, first, last, Sum(count, total))
        for number, (first, last, count, total) in enumerate(found, 1)
    ]


def write_pain001(con: duckdb.DuckDBPyConnection, message: Message, path: Path) -> None:
    """Write one message to a new file; the same lines give the same bytes."""
    with path.open("wb") as target, etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with (
            xml.element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE}),
            xml.element("CstmrCdtTrfInitn"),
        ):
            xml.write("\n", _element("GrpHdr", _group_header(message)), "\n")
            with xml.element("PmtInf"):
                for tag, content in _payment(message).items():
                    xml.write("\n", _element(tag, content))
                xml.write("\n")
                for row in _rows(con, message):
                    xml.write(_element("CdtTrfTxInf", _transaction(*row)), "\n")


def measure_pain001(path: Path) -> Sum:
    """Count and total (yuan) by the file itself: its transactions from which nothing is missing.

    CONTRADICTION where one of its own counts or control sums is another.
    """
    names = {name: f"{{{NAMESPACE}}}{name}" for name in ("NbOfTxs", "CtrlSum", "CdtTrfTxInf")}
    stated: list[str | None] = []
    count, total = 0, Decimal(0)
    for _, node in etree.iterparse(str(path), tag=list(names.values()), resolve_entities=False):
        if node.tag == names["CdtTrfTxInf"]:
            amount, is_whole = _read(node)
            count, total = count + is_whole, total + amount
            _forget(node)
        else:
            stated.append(node.text)
    return Sum(count, total) if stated == [str(count), str(total)] * 2 else CONTRADICTION


def _group_header(message: Message) -> Tree:
    return {
        "MsgId": message.id,
        "CreDtTm": f"{message.batch.head.business_date.isoformat()}T00:00:00+08:00",
        **_stated(message),
        "InitgPty": {"Nm": message.debtor.name},
    }


def _payment(message: Message) -> Tree:
    return {
        "PmtInfId": message.id,
        "PmtMtd": "TRF",
        **_stated(message),
        "ReqdExctnDt": {"Dt": message.batch.head.business_date.isoformat()},
        "Dbtr": {"Nm": message.debtor.name},
        "DbtrAcct": _account(message.debtor.account_no),
        "DbtrAgt": _agent(message.debtor.bank_code),
    }


def _stated(message: Message) -> Tree:
    return {"NbOfTxs": str(message.sum.count), "CtrlSum": str(message.sum.total)}


def _transaction(id_: str, amount: str, bank_code: str, name: str, account_no: str, text: str) -> Tree:
    return {
        "PmtId": {"EndToEndId": id_},
        "Amt": {"InstdAmt": amount},
        "CdtrAgt": _agent(bank_code),
        "Cdtr": {"Nm": name},
        "CdtrAcct": _account(account_no),
        "RmtInf": {"Ustrd": text},
    }


def _agent(bank_code: str) -> Tree:
    return {"FinInstnId": {"ClrSysMmbId": {"ClrSysId": {"Cd": CLEARING_SYSTEM}, "MmbId": bank_code}}}


def _account(account_no: str) -> Tree:
    return {"Id": {"Othr": {"Id": account_no}}}


def _element(tag: str, content: str | Tree) -> etree._Element:
    """Without a namespace of its own: where it is written the document's holds, and is not said again."""
    node = etree.Element(tag)
    _fill(node, content)
    return node


def _fill(node: etree._Element, content: str | Tree) -> None:
    if isinstance(content, str):
        node.text = content
        return
    for tag, inner in content.items():
        _fill(etree.SubElement(node, tag, ATTRIBUTES.get(tag)), inner)


def _rows(con: duckdb.DuckDBPyConnection, message: Message) -> Iterator[tuple[str, ...]]:
    batch = message.batch
    found = con.execute(
        "SELECT end_to_end_id, amount::DECIMAL(18, 2)::VARCHAR, bank_code,"
        f" left(account_name, {LONGEST_NAME}), account_no, {batch.remittance} FROM {batch.source}"
        f" WHERE line_no BETWEEN {message.first} AND {message.last} ORDER BY line_no"
    )
    while rows := found.fetchmany(ROWS):
        yield from rows


def _read(transaction: etree._Element) -> tuple[Decimal, bool]:
    """Its amount, and whether none of its texts is missing."""
    texts = sum(1 for text in transaction.itertext() if text)
    return Decimal(transaction.findtext(AMOUNT) or 0), texts == TEXTS


def _forget(transaction: etree._Element) -> None:
    """Free what was read: the element and everything before it."""
    transaction.clear(keep_tail=True)
    parent = transaction.getparent()
    while parent is not None and transaction.getprevious() is not None:
        del parent[0]


# --- The bank's own text file ---
# A batch as the bank's own text file: columns, order, encoding and line ends are the profile's.
#
# Text is quoted with `"` where it holds the delimiter or a quote. Values stand as they are; a formula is made
# inert unless the profile says why not.

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal


LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
FOREIGN = frozenset({"unit_name", "account_name", "bank_name"})
BLOCK = 1 << 20
DIALECT = "FORMAT csv, QUOTE '\"', ESCAPE '\"'"


def write_bank_csv(con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, path: Path) -> None:
    """Write the batch's lines to a new file; the same lines and profile give the same bytes."""
    table, file = _table(batch, profile), profile.file
    rows = ordered_sql(table)
    if file.inert:
        rows = changed_sql(table, Kind.TEXT, inert, rows)
    named = (f"{quote_identifier(c.name)} AS {quote_identifier(c.header)}" for c in table.columns)
    plain = path.with_suffix(".plain")
    options = f"{DIALECT}, HEADER {file.header}, DELIMITER {quote_literal(file.delimiter)}"
    con.execute(f"COPY (SELECT {', '.join(named)} FROM ({rows})) TO {quote_literal(str(plain))} ({options})")
    _transcode(plain, "utf-8", path, file.encoding, LINE_ENDS[file.line_end])
    plain.unlink()


def measure_bank_csv(con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, path: Path) -> Sum:
    """Count and total (yuan) by the file itself."""
    table, file = _table(batch, profile), profile.file
    plain = path.with_suffix(".plain")
    _transcode(path, file.encoding, plain, "utf-8", "\n")
    columns = ", ".join(f"{quote_literal(c.name)}: 'VARCHAR'" for c in table.columns)
    found = measured(
        con, table,
        f"read_csv({quote_literal(str(plain))}, header = {file.header}, auto_detect = false, quote = '\"',"
        f" escape = '\"', delim = {quote_literal(file.delimiter)}, columns = {{{columns}}})",
    )  # fmt: skip
    plain.unlink()
    made = [c.header for c in table.columns if c.kind is Kind.TEXT] if file.inert else []
    return replace(found, inert=tuple(made))


def _transcode(source: Path, read: str, target: Path, write: str, line_end: str) -> None:
    with (
        source.open(encoding=read) as reader,
        target.open("w", encoding=write, newline=line_end) as writer,
    ):
        shutil.copyfileobj(reader, writer, BLOCK)


def _table(batch: Batch, profile: BankProfile) -> ListTable:
    """The bank's columns as a list: `c0`, `c1` … by place."""
    file = profile.file
    place = {column.value: f"c{n}" for n, column in enumerate(file.columns)}
    yuan = money_total(place["amount"]) if "amount" in place else _fen_total(place["amount_fen"])
    return ListTable(
        name="bank",
        title=profile.name_zh,
        columns=tuple(_column(n, column, batch, profile) for n, column in enumerate(file.columns)),
        source=f"FROM {batch.source}",
        order="line_no",
        formats=(),
        expected=batch.head.sum,
        count_sql=f"count(*) FILTER ({place['end_to_end_id']} <> '' AND {place['account_no']} <> '')",
        total_sql=yuan,
    )


def _fen_total(column: str) -> str:
    return f"coalesce(sum(CAST({column} AS DECIMAL(18, 0))), 0) * CAST(0.01 AS DECIMAL(3, 2))"


def _column(number: int, column: BankColumn, batch: Batch, profile: BankProfile) -> Column:
    kind = Kind.TEXT if column.value in FOREIGN else Kind.WORD
    return Column(f"c{number}", column.header, kind, _value(column, batch, profile))


def _value(column: BankColumn, batch: Batch, profile: BankProfile) -> str:
    """SQL of what stands there."""
    if column.value is None:
        return quote_literal(column.constant or "")
    head, debtor = batch.head, profile.debtor
    same = {
        "batch_no": head.batch_no,
        "business_date": head.business_date.isoformat(),
        "business_day": f"{head.business_date:%Y%m%d}",
        "policy_year": str(head.policy_year),
        "currency": "CNY",
        "debtor_name": debtor.name,
        "debtor_account_no": debtor.account_no,
        "debtor_bank_code": debtor.bank_code,
    }
    made = {"amount_fen": "CAST(amount * 100 AS BIGINT)", "remittance": batch.remittance}
    if column.value in same:
        return quote_literal(same[column.value])
    return made.get(column.value, column.value)
