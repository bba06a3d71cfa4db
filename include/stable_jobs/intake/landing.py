"""A department's files for a date → bytes in the lake and rows in the catalog.

This step judges all that needs no reading of rows: the name, the format, the size and the manifest.
Row count and control total are compared at staging. A refused file is landed like any other, so that it can
still be looked at, but for one that is larger than its contract allows, or closed to us: of that, a note of
some hundred bytes is kept in its place, and not one byte of it is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING

from stable_jobs import settings
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused, Problem, StepError
from stable_jobs.intake.connectors import (
    Connector,
    Fetched,
    IncomingFile,
    Manifest,
    check_hash,
    control_total,
    read_manifest,
)
from stable_jobs.intake.contents import check_outside, too_large
from stable_jobs.intake.problems import Slot, no_access
from stable_jobs.store.catalog import (
    Delivery,
    deliveries_by_id,
    mark_refused,
    record_deliveries,
    take_up_again,
)
from stable_jobs.store.lake import CHUNK, Content, Lake, content_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


JUDGED_HERE = (
    "delivery.format",
    "delivery.too_large",
    "delivery.manifest.missing",
    "delivery.manifest.unreadable",
    "delivery.manifest.slot",
    "delivery.manifest.sha256",
    "delivery.kept_bytes",
)
"""Refusals that are over once the same bytes pass here: the manifest was corrected, even to one that promises
the same, or the contract now takes them; and bytes changed in the lake, which are kept anew."""
WRITERS = 8
"""Files landed at once: each waits for the disk to confirm it, and the disk confirms several in one go."""
NOT_COPIED = ("delivery.too_large", "delivery.no_access")
"""Refusals of files of which a note is kept."""


@dataclass(frozen=True)
class CollectResult:
    """The files found: every delivery as the catalog now has it, and every problem.

    `unrecorded`: the problems that belong to no delivery: a stray name, a closed folder, a file that
    disappeared.
    """

    deliveries: tuple[Delivery, ...]
    problems: tuple[Problem, ...]
    unrecorded: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Landed:
    """One file's bytes in the lake, and its manifest's promises of rows, or the reason of its refusal."""

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
    """Land and record everything offered for the extracts of `contracts`, one transaction per extract.

    Running it again changes nothing but what was sent since. A refused file never stops the others.
    """
    moment = received_at or settings.now()
    deliveries: list[Delivery] = []
    problems: list[Problem] = []
    unrecorded: list[Problem] = []
    for contract in contracts.values():
        listing = connector.list_files(contract.department, contract.extract, business_date)
        found = _Landing(lake, connector, contract, business_date).land_all(listing.files)
        landed = [(f, one) for f, one in zip(listing.files, found, strict=True) if isinstance(one, Landed)]
        deliveries += _record(engine, landed, moment)
        gone = [one for one in found if isinstance(one, Problem)]
        unrecorded += [*listing.problems, *gone]
        problems += [*listing.problems, *gone, *(one.problem for _, one in landed if one.problem)]
    return CollectResult(tuple(deliveries), tuple(problems), tuple(unrecorded))


@dataclass(frozen=True)
class _Landing:
    """One extract's files on their way into the lake. `stop`: set when the process is told to end."""

    lake: Lake
    connector: Connector
    contract: Contract
    business_date: date
    stop: Event = field(default_factory=Event)

    def land_all(self, files: Sequence[IncomingFile]) -> list[Landed | Problem]:
        """Each file, in their order. An error, or a signal, begins nothing more and is raised."""
        with ThreadPoolExecutor(WRITERS, "landing") as pool:
            try:
                return list(pool.map(self._land, files))
            except BaseException:
                self.stop.set()
                raise

    def _land(self, file: IncomingFile) -> Landed | Problem:
        """The file in the lake; the Problem of one that is gone since it was listed, unkept."""
        try:
            with self.connector.fetch(file) as fetched:
                return self._take(file, fetched)
        except DeliveryRefused as refusal:
            return self._note(refusal.problem, 0) if refusal.problem.rule in NOT_COPIED else refusal.problem

    def _take(self, file: IncomingFile, fetched: Fetched) -> Landed:
        """Size, format and manifest first; then the copy, which is hashed on the way; then the hash."""
        manifest, problem = self._judge(file, fetched)
        if problem is not None and problem.rule in NOT_COPIED:
            return self._note(problem, fetched.size_bytes)
        try:
            content = self._copied(file, fetched, manifest)
        except DeliveryRefused as refusal:
            return self._note(refusal.problem, fetched.size_bytes)
        landed = Landed(content.sha256, content.size_bytes, problem=problem)
        return landed if manifest is None else _promised(landed, self._agreed(file), file, manifest)

    def _agreed(self, file: IncomingFile) -> Contract:
        """The contract as it holds for whom the file is from."""
        return self.contract.for_region(file.region_code, self.business_date)

    def _judge(self, file: IncomingFile, fetched: Fetched) -> tuple[Manifest | None, Problem | None]:
        """The manifest, or the first thing that is not as agreed. The data is not read."""
        try:
            check_outside(_slot(file), self._agreed(file), file.file_format, fetched.size_bytes)
            return read_manifest(fetched.manifest, file), None
        except DeliveryRefused as refusal:
            return None, refusal.problem

    def _copied(self, file: IncomingFile, fetched: Fetched, manifest: Manifest | None) -> Content:
        """The bytes in the lake. Those that are there, as the manifest says, are not written again."""
        if manifest is not None and self.lake.has_landed(manifest.sha256):
            content = content_of(self._pieces(file, fetched))
            if content.sha256 == manifest.sha256:
                return content
        return self.lake.land(self._pieces(file, fetched))

    def _pieces(self, file: IncomingFile, fetched: Fetched) -> Iterator[bytes]:
        """The data from its start. DeliveryRefused at the contract's limit, and where it cannot be read."""
        size, limit = 0, self.contract.max_bytes
        try:
            fetched.data.seek(0)
            while piece := fetched.data.read(CHUNK):
                size += len(piece)
                if size > limit:
                    raise too_large(_slot(file), limit, f"more than {limit} bytes, read to there")
                if self.stop.is_set():
                    raise StepError("the process was told to end while files were landed")
                yield piece
        except OSError as error:
            raise no_access(_slot(file), file.file_name, error) from None

    def _note(self, problem: Problem, size: int) -> Landed:
        """In place of the bytes: why there are none. The same file refused again is the same note."""
        text = f"not kept [{problem.rule}]: expected {problem.expected}; found {problem.found}\n"
        return Landed(self.lake.land([text.encode()]).sha256, size, problem=problem)


def _slot(file: IncomingFile) -> Slot:
    return Slot(file.department, file.extract, file.region_code)


def _promised(landed: Landed, contract: Contract, file: IncomingFile, manifest: Manifest) -> Landed:
    """With what the manifest says of the rows, if it is a manifest of these bytes."""
    try:
        check_hash(file, manifest, landed.sha256)
        total = control_total(contract, file, manifest)
    except DeliveryRefused as refusal:
        return replace(landed, problem=refusal.problem)
    return replace(landed, rows=manifest.rows, control_total=total)


def _record(
    engine: Engine, landed: Sequence[tuple[IncomingFile, Landed]], moment: datetime
) -> list[Delivery]:
    """The catalog's rows of these bytes in their slots, in the state that their manifests give them now."""
    if not landed:
        return []
    with engine.begin() as connection:
        known = record_deliveries(connection, [_values(file, one, moment) for file, one in landed])
        for delivery, (_, one) in zip(known, landed, strict=True):
            if delivery.status != "staged":
                _settle(connection, delivery, one)
        return deliveries_by_id(connection, [delivery.id for delivery in known])


def _values(file: IncomingFile, landed: Landed, moment: datetime) -> dict[str, object]:
    names = ("department", "extract", "business_date", "region_code", "sequence", "file_name", "file_format")
    promised = ("sha256", "size_bytes", "rows", "control_total")
    values = {name: getattr(file, name) for name in names} | {
        name: getattr(landed, name) for name in promised
    }
    return {**values, "received_at": moment}


def _settle(connection: Connection, delivery: Delivery, landed: Landed) -> None:
    """Refuse it, or take up again what was refused for a manifest that has come or been corrected since."""
    if landed.problem is not None:
        if delivery.problem != landed.problem.as_dict():
            mark_refused(connection, delivery.id, landed.problem)
        return
    promised = (landed.rows, landed.control_total)
    is_new = (delivery.rows, delivery.control_total) != promised
    if is_new or (delivery.problem is not None and delivery.problem["rule"] in JUDGED_HERE):
        take_up_again(connection, delivery.id, rows=landed.rows, control_total=landed.control_total)
