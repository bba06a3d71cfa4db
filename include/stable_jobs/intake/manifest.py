"""The manifest beside a delivery, read strictly: a delivery that disagrees with it is not accepted."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from stable_jobs.contracts.model import Contract
from stable_jobs.intake.connectors.protocol import IncomingFile
from stable_jobs.intake.problems import Slot, no_access, refused, shown

MAX_MANIFEST_BYTES = 64 * 1024
MAX_ROWS = 10**12
"""More rows than any file that a contract takes could hold."""
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FIELDS = {
    "department": 'text such as "labor"',
    "extract": 'text such as "insured_units"',
    "business_date": 'a day as text, "2020-05-11"',
    "region_code": 'six digits as text, "610100"',
    "rows": "a whole number from 0 on, without quotation marks",
    "sha256": "64 hexadecimal digits as text",
    "control_total": 'yuan as text, "1234.50"',
    "sent_at": 'a moment as text, "2020-05-11T08:00:00+08:00"',
}
"""How each field is written, for whoever wrote it otherwise."""
CONTROL_TOTAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")

Text = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}\z"), AfterValidator(str.lower)]


class Manifest(BaseModel):
    """`<same name>.manifest.json`. `control_total` is yuan as a string, so that no float touches it.

    As programs on Windows write it, too: a hash in capitals, a byte-order mark before the text.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    department: Text
    extract: Text
    business_date: date
    region_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}\z")]
    rows: Annotated[int, Field(ge=0)]
    sha256: Sha256
    control_total: str | None = None
    sent_at: datetime


def read_manifest(source: IO[bytes] | None, file: IncomingFile) -> Manifest:
    """The manifest, if it exists, is readable and names this file's slot; DeliveryRefused otherwise."""
    slot = Slot(file.department, file.extract, file.region_code)
    if source is None:
        stem = file.file_name.removesuffix("." + file.file_format)
        raise refused(slot, "delivery.manifest.missing", expected=f"{stem}.manifest.json", found="none")
    manifest = _parse(slot, _read(slot, source, file.manifest_name or ""))
    if manifest.rows > MAX_ROWS:
        raise _unreadable(slot, f"at most {MAX_ROWS:,} rows", shown(f"{manifest.rows:,} rows"))
    _check_slot(slot, manifest, file)
    return manifest


def check_hash(file: IncomingFile, manifest: Manifest, sha256: str) -> None:
    """DeliveryRefused unless the landed bytes are those that the manifest describes."""
    if manifest.sha256 != sha256:
        slot = Slot(file.department, file.extract, file.region_code)
        raise refused(slot, "delivery.manifest.sha256", expected=manifest.sha256, found=sha256)


def control_total(contract: Contract, file: IncomingFile, manifest: Manifest) -> Decimal | None:
    """The stated total in yuan; None where the contract asks for none. DeliveryRefused if it is not a total.

    The sum itself is compared when the rows have been read.
    """
    if not contract.control_total:
        return None
    stated = manifest.control_total
    if stated is None or not CONTROL_TOTAL.fullmatch(stated):
        slot = Slot(file.department, file.extract, file.region_code)
        found = "none" if stated is None else shown(stated)
        raise refused(
            slot, "delivery.manifest.control_total", expected='yuan as text, "1234.50"', found=found
        )
    return Decimal(stated)


def _read(slot: Slot, source: IO[bytes], name: str) -> bytes:
    try:
        content = source.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise no_access(slot, name, error) from None
    if len(content) > MAX_MANIFEST_BYTES:
        raise _unreadable(slot, f"at most {MAX_MANIFEST_BYTES} bytes", "more")
    return content


def _parse(slot: Slot, content: bytes) -> Manifest:
    if content.startswith(UTF16_MARKS) or b"\0" in content:
        raise _unreadable(slot, "one JSON object in UTF-8", "text in UTF-16, or none")
    try:
        text = content.decode("utf-8-sig")
        json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        agreed = "the agreed fields, and no others"
        expected = f"{agreed}; {where}: {FIELDS[where]}" if where in FIELDS else agreed
        raise _unreadable(slot, expected, shown(f"{where}: {first['msg']}")) from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(slot, "one JSON object in UTF-8", shown(str(error))) from None


def _no_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise ValueError(f"the field {name} twice")
        named[name] = value
    return named


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unreadable(slot: Slot, expected: str, found: str) -> Exception:
    return refused(slot, "delivery.manifest.unreadable", expected=expected, found=found)


def _check_slot(slot: Slot, manifest: Manifest, file: IncomingFile) -> None:
    for name in ("department", "extract", "business_date", "region_code"):
        expected, found = str(getattr(file, name)), str(getattr(manifest, name))
        if expected != found:
            raise refused(
                slot, "delivery.manifest.slot", expected=f"{name} {expected}", found=f"{name} {shown(found)}"
            )
