"""What a department offers for a date → bytes in the lake and rows in the catalog.

Bytes are landed before anything is judged, so that what is refused can still be looked at. Judged here is
what can be told without reading the rows: the name, the format, the size and the manifest. Row count and
control total are compared at staging.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from stable_jobs import settings
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.connectors.protocol import Connector, Fetched, IncomingFile
from stable_jobs.intake.manifest import check_hash, control_total, read_manifest
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.store.catalog import Delivery, delivery_by_id, mark_refused, record_delivery, take_up_again
from stable_jobs.store.lake import Lake

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


JUDGED_HERE = (
    "delivery.manifest.missing",
    "delivery.manifest.unreadable",
    "delivery.manifest.slot",
    "delivery.manifest.sha256",
    "delivery.kept_bytes",
)
"""Refusals that a corrected manifest beside the same bytes heals, even one that promises the same; and bytes
changed in the lake, which are kept anew."""


@dataclass(frozen=True)
class CollectResult:
    """What lay there: every delivery as the catalog now has it, and every problem, stray files too."""

    deliveries: tuple[Delivery, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Landed:
    """One file's bytes in the lake, and what its manifest promises of the rows or why it is refused."""

    sha256: str
    size_bytes: int
    rows: int | None = None
    control_total: Decimal | None = None
    problem: Problem | None = None


def collect_department(
    engine: Engine,
    lake: Lake,
    connector: Connector,
    contracts: Mapping[str, Contract],
    business_date: date,
    received_at: datetime | None = None,
) -> CollectResult:
    """Land and record everything offered for the extracts of `contracts`, one transaction per file.

    Running it again changes nothing but what was sent since. A refused file never stops the others.
    """
    moment = received_at or settings.now()
    deliveries: list[Delivery] = []
    problems: list[Problem] = []
    for contract in contracts.values():
        listing = connector.list_files(contract.department, contract.extract, business_date)
        problems += listing.problems
        for file in listing.files:
            try:
                landed = _land(lake, connector, contract, file)
            except DeliveryRefused as refusal:  # gone or unreadable since it was listed: nothing to record
                problems.append(refusal.problem)
                continue
            deliveries.append(_record(engine, file, landed, moment))
            problems += [landed.problem] if landed.problem else []
    return CollectResult(tuple(deliveries), tuple(problems))


def _land(lake: Lake, connector: Connector, contract: Contract, file: IncomingFile) -> Landed:
    with connector.fetch(file) as fetched:
        size = fetched.data.stat().st_size
        sha256 = lake.put_landing(fetched.data)
        try:
            return _judge(contract, file, fetched, Landed(sha256, size))
        except DeliveryRefused as refusal:
            return Landed(sha256, size, problem=refusal.problem)


def _judge(contract: Contract, file: IncomingFile, fetched: Fetched, landed: Landed) -> Landed:
    """With the manifest's promises; DeliveryRefused for the first thing that is not as agreed."""
    slot = Slot(file.department, file.extract, file.region_code)
    if file.file_format not in contract.formats:
        raise refused(slot, "delivery.format", expected=" or ".join(contract.formats), found=file.file_format)
    if landed.size_bytes > contract.max_bytes:
        expected, found = f"at most {contract.max_bytes} bytes", f"{landed.size_bytes} bytes"
        raise refused(slot, "delivery.too_large", expected=expected, found=found)
    if landed.size_bytes == 0:
        raise refused(slot, "delivery.empty", expected="a header and rows", found="0 bytes")
    manifest = read_manifest(fetched.manifest, file)
    check_hash(file, manifest, landed.sha256)
    total = control_total(contract, file, manifest)
    return replace(landed, rows=manifest.rows, control_total=total)


def _record(engine: Engine, file: IncomingFile, landed: Landed, moment: datetime) -> Delivery:
    """The catalog's row of these bytes in this slot, in the state that their manifest gives them now."""
    with engine.begin() as connection:
        delivery = record_delivery(
            connection,
            department=file.department,
            extract=file.extract,
            business_date=file.business_date,
            region_code=file.region_code,
            sequence=file.sequence,
            file_name=file.file_name,
            file_format=file.file_format,
            sha256=landed.sha256,
            size_bytes=landed.size_bytes,
            rows=landed.rows,
            control_total=landed.control_total,
            received_at=moment,
        )
        if delivery.status != "staged":
            _settle(connection, delivery, landed)
        return delivery_by_id(connection, delivery.id)


def _settle(connection: Connection, delivery: Delivery, landed: Landed) -> None:
    """Refuse it, or take up again what was refused for a manifest that has come or been corrected since."""
    if landed.problem is not None:
        mark_refused(connection, delivery.id, landed.problem)
        return
    promised = (landed.rows, landed.control_total)
    is_new = (delivery.rows, delivery.control_total) != promised
    if is_new or (delivery.problem is not None and delivery.problem["rule"] in JUDGED_HERE):
        take_up_again(connection, delivery.id, rows=landed.rows, control_total=landed.control_total)
