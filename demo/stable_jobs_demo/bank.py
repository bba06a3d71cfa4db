"""A stand-in for the bank: pays most lines, returns some, forgets a few, and answers in two formats.

Its answer to a line depends on the seed and the file's end-to-end ids alone, so that a second run gives the
same bytes. It reads payment files as a bank does, from published folders, and knows no ledger.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stable_jobs.bank.banks import BankAnswer, Banks
from stable_jobs.errors import StepError, UsageError
from stable_jobs.publishing.folders import MANIFEST, latest_manifest, workspace

if TYPE_CHECKING:
    from lxml import etree

PAYMENT_FILE = re.compile(r"payment\.[0-9]+\.xml", re.ASCII)
MESSAGE_ID = re.compile(r"([0-9]{6})-[0-9A-Za-z-]{1,26}", re.ASCII)
"""As we write it: region, day, level, batch, file. It becomes the answer's file name."""
REPORT = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
ONE_RETURNED_IN = 40
ONE_FORGOTTEN_IN = 200
ALWAYS_RETURNED_FROM = 10
"""Lines of a file from which at least one is returned."""
ALWAYS_FORGOTTEN_FROM = 30
REASONS = (("AC01", "账号不存在"), ("AC04", "账户已销户"), ("BE01", "户名不符"))

Reason: TypeAlias = tuple[str, str]
Tree: TypeAlias = Mapping[str, "str | Tree"]


@dataclass(frozen=True)
class BankDay:
    """The bank's answers: the payment files answered now, and the number of their lines by result."""

    files: tuple[Path, ...]
    paid: int
    returned: int
    forgotten: int


@dataclass(frozen=True)
class Line:
    """One instruction: its id, and its amount in yuan as written."""

    end_to_end_id: str
    amount: str


@dataclass(frozen=True)
class Instruction:
    """One payment file as the bank reads it."""

    message_id: str
    payment_id: str
    kind: str
    execute_on: date
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Decided:
    """The lines that are answered, in the file's order (reason None: paid), and how many are not."""

    answered: tuple[tuple[Line, Reason | None], ...]
    forgotten: int

    @property
    def returned(self) -> int:
        """Lines sent back."""
        return sum(reason is not None for _, reason in self.answered)


def answer_payments(
    folder: Path, answers: Path, seed: int, *, banks: Banks, on: date | None = None
) -> BankDay:
    """Answer every payment file published in or below `folder` that has no answer yet in `answers`.

    Writes `<MsgId>.xml` (pain.002.001.12) or, for every second one, `<MsgId>.csv` as the bank's profile says.
    on: the day of booking; None: the day that the file asks for. UsageError for a region whose bank is not a
    demonstration's: nobody may answer in a real bank's name.
    """
    answers.mkdir(parents=True, exist_ok=True)
    done = [_answer(path, answers, seed, banks, on) for path in _payment_files(folder)]
    new = [(path, decided) for path, decided in filter(None, done)]
    return BankDay(
        tuple(path for path, _ in new),
        sum(len(decided.answered) - decided.returned for _, decided in new),
        sum(decided.returned for _, decided in new),
        sum(decided.forgotten for _, decided in new),
    )


def _payment_files(folder: Path) -> list[Path]:
    """The payment files in force: what no manifest names is not published."""
    found = []
    for first in sorted(folder.rglob(MANIFEST)):
        manifest = latest_manifest(first.parent)
        files = {} if manifest is None else manifest.files
        found += [
            first.parent / files[name]["file"] for name in sorted(files) if PAYMENT_FILE.fullmatch(name)
        ]
    return found


def _answer(
    path: Path, answers: Path, seed: int, banks: Banks, on: date | None
) -> tuple[Path, Decided] | None:
    """The answer's file and what it says; None where the message has been answered."""
    asked = _read(path)
    profile = banks.of(asked.message_id[:6])
    if not profile.demo:
        raise UsageError(f"{path}: {profile.name_en} is not a demonstration's bank: answer with its own file")
    target = answers / f"{asked.message_id}.{_ending(asked.message_id)}"
    if any((answers / f"{asked.message_id}.{ending}").exists() for ending in ("xml", "csv")):
        return None
    decided = _decide(asked.lines, seed)
    with workspace(answers) as work:
        written = work / target.name
        if target.suffix == ".xml":
            _write_xml(written, asked, decided, on or asked.execute_on)
        else:
            _write_csv(written, profile.answer, decided, on or asked.execute_on)
        written.replace(target)
    return target, decided


def _ending(message_id: str) -> str:
    """By the sum of its digits: neighbouring files and levels take turns, whatever else there is."""
    return "csv" if sum(int(digit) for digit in message_id if digit.isdigit()) % 2 else "xml"


def _read(path: Path) -> Instruction:
    from lxml import etree

    root = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    lines = tuple(
        Line(_text(node, "{*}PmtId/{*}EndToEndId"), _text(node, "{*}Amt/{*}InstdAmt"))
        for node in root.iterfind(".//{*}CdtTrfTxInf")
    )
    message_id = _text(root, ".//{*}GrpHdr/{*}MsgId")
    if not MESSAGE_ID.fullmatch(message_id):
        raise StepError(f"{path}: expected a MsgId like 610100-20200519-L1-1-001; found {message_id}")
    payment_id = _text(root, ".//{*}PmtInf/{*}PmtInfId")
    kind = etree.QName(root).namespace or ""
    asked_on = date.fromisoformat(_text(root, ".//{*}ReqdExctnDt/{*}Dt"))
    return Instruction(message_id, payment_id, kind.rpartition(":")[2], asked_on, lines)


def _text(node: etree._Element, path: str) -> str:
    return node.findtext(path) or ""


def _draw(seed: int, line: Line) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{line.end_to_end_id}".encode()).digest()[:8])


def _decide(lines: Sequence[Line], seed: int) -> Decided:
    draws = {line: _draw(seed, line) for line in lines}
    order = sorted(lines, key=draws.__getitem__)
    returned = {line for line in lines if draws[line] % ONE_RETURNED_IN == 0}
    if not returned and len(lines) >= ALWAYS_RETURNED_FROM:
        returned = {order[0]}
    forgotten = {line for line in lines if draws[line] // ONE_RETURNED_IN % ONE_FORGOTTEN_IN == 0} - returned
    if not forgotten and len(lines) >= ALWAYS_FORGOTTEN_FROM:
        forgotten = {next(line for line in reversed(order) if line not in returned)}
    reasons = {line: REASONS[draws[line] // ONE_RETURNED_IN % len(REASONS)] for line in returned}
    return Decided(
        tuple((line, reasons.get(line)) for line in lines if line not in forgotten), len(forgotten)
    )


def _write_csv(path: Path, agreed: BankAnswer, decided: Decided, on: date) -> None:
    columns = agreed.columns.model_dump()
    with path.open("w", encoding=agreed.encoding, newline="") as target:
        writer = csv.writer(target, delimiter=agreed.delimiter)
        writer.writerow(columns.values())
        for line, reason in decided.answered:
            code, words = reason or ("", "")
            fields = {
                "end_to_end_id": line.end_to_end_id,
                "amount": line.amount,
                "status": agreed.paid[0] if reason is None else agreed.returned[0],
                "reason_code": code,
                "reason_text": words,
                "booked_on": on.strftime(agreed.date_format),
            }
            writer.writerow(fields[name] for name in columns)


def _write_xml(path: Path, asked: Instruction, decided: Decided, on: date) -> None:
    from lxml import etree

    with path.open("wb") as target, etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element(f"{{{REPORT}}}Document", nsmap={None: REPORT}), xml.element("CstmrPmtStsRpt"):
            xml.write("\n", _element("GrpHdr", _header(asked, on)))
            xml.write("\n", _element("OrgnlGrpInfAndSts", _group(asked, decided)), "\n")
            with xml.element("OrgnlPmtInfAndSts"):
                xml.write(_element("OrgnlPmtInfId", asked.payment_id), "\n")
                for line, reason in decided.answered:
                    xml.write(_element("TxInfAndSts", _transaction(line, reason, on)), "\n")


def _header(asked: Instruction, on: date) -> Tree:
    return {"MsgId": f"A-{asked.message_id}", "CreDtTm": f"{on.isoformat()}T16:30:00+08:00"}


def _group(asked: Instruction, decided: Decided) -> Tree:
    is_whole = not decided.returned and not decided.forgotten
    return {
        "OrgnlMsgId": asked.message_id,
        "OrgnlMsgNmId": asked.kind,
        "OrgnlNbOfTxs": str(len(asked.lines)),
        "GrpSts": "ACSC" if is_whole else "PART",
    }


def _transaction(line: Line, reason: Reason | None, on: date) -> Tree:
    back: Tree = {} if reason is None else {"StsRsnInf": {"Rsn": {"Cd": reason[0]}, "AddtlInf": reason[1]}}
    return {
        "OrgnlEndToEndId": line.end_to_end_id,
        "TxSts": "ACSC" if reason is None else "RJCT",
        **back,
        "OrgnlTxRef": {"Amt": {"InstdAmt": line.amount}, "IntrBkSttlmDt": on.isoformat()},
    }


def _element(tag: str, content: str | Tree) -> etree._Element:
    from lxml import etree

    node = etree.Element(tag, {"Ccy": "CNY"} if tag == "InstdAmt" else None)
    if isinstance(content, str):
        node.text = content
    else:
        node.extend(_element(name, inner) for name, inner in content.items())
    return node
