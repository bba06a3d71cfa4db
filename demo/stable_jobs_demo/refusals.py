"""The broken region: thirteen deliveries, and each is refused for another reason.

The sound part of each is a region of a few ordinary units, written as any other and then spoiled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stable_jobs_demo.block import Block, Extra
from stable_jobs_demo.deliver import Slot, Written, encode, start_of, write_manifest
from stable_jobs_demo.files import Office


@dataclass(frozen=True)
class Refusal:
    """A delivery that cannot be taken. `rule`: the id under which intake refuses it."""

    extract: str
    name: str
    rule: str
    why: str


REFUSALS = (
    Refusal("insured_units", "no_rows", "delivery.no_rows", "a header and nothing below it"),
    Refusal("monthly_headcount", "missing_column", "delivery.header.missing", "the second column is gone"),
    Refusal("benefit_claims", "truncated", "delivery.truncated", "the file ends inside a quoted field"),
    Refusal("benefit_standards", "too_large", "delivery.too_large", "one byte more than the contract allows"),
    Refusal("applications", "ragged", "delivery.ragged", "a row has one field more than the header"),
    Refusal("premium_payments", "wrong_rows", "delivery.manifest.rows", "the manifest counts one row more"),
    Refusal("taxpayers", "extra_column", "delivery.header.extra", "a column that was not agreed"),
    Refusal("fund_balances", "empty", "delivery.empty", "no byte"),
    Refusal("prior_refunds", "wrong_total", "delivery.manifest.control_total", "the total is a fen too high"),
    Refusal(
        "payee_accounts", "wrong_hash", "delivery.manifest.sha256", "one digit changed after the manifest"
    ),
    Refusal("exclusion_list", "no_manifest", "delivery.manifest.missing", "no manifest"),
    Refusal("priority_list", "wrong_encoding", "delivery.encoding", "GB18030 where UTF-8 was agreed"),
    Refusal(
        "enterprise_sizes", "not_a_workbook", "delivery.not_a_workbook", "text under the name of a workbook"
    ),
)


REFUNDED = 1_234_56
"""Fen paid before to the region's first unit."""


def spoil_all(office: Office, region: str) -> None:
    """Spoil every delivery that was written for the region."""
    for refusal in REFUSALS:
        _SPOIL[refusal.name](office.slot(refusal.extract, region))


def expected(office: Office, region: str) -> list[dict[str, str]]:
    """The refusals as the answer key lists them."""
    return [
        {
            "department": office.contracts[refusal.extract].department,
            "extract": refusal.extract,
            "region": region,
            "refusal": refusal.name,
            "rule": refusal.rule,
        }
        for refusal in REFUSALS
    ]


def sound_extras(block: Block, moment_year: int) -> list[tuple[str, Extra]]:
    """A listing and a refund for the region, so that no file of it is empty by accident."""
    code, region = str(block.uscc[0]), block.city.code
    listing = {
        "uscc": code, "list_type": "zombie", "listed_on": block.insured_since[0].astype(object),
        "removed_on": None, "authority": "工业和信息化局", "region_code": region,
    }  # fmt: skip
    refund = {
        "uscc": code, "policy_year": moment_year, "scheme": "general", "amount": REFUNDED,
        "paid_date": block.determined_on[0].astype(object), "voucher_no": f"P{region}{moment_year}00000001",
        "payment_reference": None, "region_code": region,
    }  # fmt: skip
    return [(region, Extra("exclusion_list", listing)), (region, Extra("prior_refunds", refund))]


def _rewrite(slot: Slot, data: bytes, rows: int) -> None:
    """New bytes, and a manifest that agrees with them."""
    slot.path("csv").write_bytes(data)
    write_manifest(slot, Written(rows, hashlib.sha256(data).hexdigest(), None))


def _lines(slot: Slot) -> list[bytes]:
    return slot.path("csv").read_bytes().splitlines(keepends=True)


def _no_rows(slot: Slot) -> None:
    _rewrite(slot, start_of(slot.contract), 0)


def _missing_column(slot: Slot) -> None:
    cut = [b",".join(_without(line.split(b","), 1)) for line in _lines(slot)]
    _rewrite(slot, b"".join(cut), len(cut) - 1)


def _without(fields: Sequence[bytes], place: int) -> list[bytes]:
    return [field for k, field in enumerate(fields) if k != place]


def _extra_column(slot: Slot) -> None:
    head, *rows = _lines(slot)
    added = [head.replace(b"\r\n", encode(",法定代表人\r\n", slot.contract))]
    added += [row.replace(b"\r\n", encode(",某某\r\n", slot.contract)) for row in rows]
    _rewrite(slot, b"".join(added), len(rows))


def _truncated(slot: Slot) -> None:
    lines = _lines(slot)
    _rewrite(slot, b"".join(lines[:-1]) + b'"' + lines[-1][:10], len(lines) - 1)


def _too_large(slot: Slot) -> None:
    """Blank lines to one byte above the limit: a hole in the file, which costs no disk."""
    path = slot.path("csv")
    with path.open("r+b") as file:
        file.truncate(slot.contract.max_bytes + 1)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_manifest(slot, Written(1, digest, None))


def _ragged(slot: Slot) -> None:
    lines = _lines(slot)
    lines[2] = lines[2].replace(b"\r\n", b",1\r\n")
    _rewrite(slot, b"".join(lines), len(lines) - 1)


def _empty(slot: Slot) -> None:
    _rewrite(slot, b"", 0)


def _wrong_rows(slot: Slot) -> None:
    manifest = _manifest(slot)
    _say(slot, manifest, rows=int(str(manifest["rows"])) + 1)


def _wrong_total(slot: Slot) -> None:
    _say(slot, _manifest(slot), control_total="1234.57")


def _wrong_hash(slot: Slot) -> None:
    data = slot.path("csv").read_bytes()
    slot.path("csv").write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])


def _no_manifest(slot: Slot) -> None:
    slot.path("manifest.json").unlink()


def _wrong_encoding(slot: Slot) -> None:
    data = slot.path("csv").read_bytes().decode("utf-8").encode("gb18030")
    _rewrite(slot, data, data.count(b"\r\n") - 1)


def _not_a_workbook(slot: Slot) -> None:
    """The CSV itself under the other name."""
    data = slot.path("csv").read_bytes()
    slot.path("csv").unlink()
    slot.path("xlsx").write_bytes(data)


def _manifest(slot: Slot) -> dict[str, object]:
    said: dict[str, object] = json.loads(slot.path("manifest.json").read_text(encoding="utf-8"))
    return said


def _say(slot: Slot, manifest: dict[str, object], **changes: object) -> None:
    text = json.dumps(manifest | changes, ensure_ascii=False, indent=1) + "\n"
    slot.path("manifest.json").write_text(text, encoding="utf-8")


_SPOIL: dict[str, Callable[[Slot], None]] = {
    "no_rows": _no_rows,
    "missing_column": _missing_column,
    "truncated": _truncated,
    "too_large": _too_large,
    "ragged": _ragged,
    "wrong_rows": _wrong_rows,
    "extra_column": _extra_column,
    "empty": _empty,
    "wrong_total": _wrong_total,
    "wrong_hash": _wrong_hash,
    "no_manifest": _no_manifest,
    "wrong_encoding": _wrong_encoding,
    "not_a_workbook": _not_a_workbook,
}
