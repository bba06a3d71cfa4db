"""A landed delivery → one typed Parquet file, every source row in it, in one pass of the engine.

No content of a file is dropped: a value that cannot be read is NULL, named in `unreadable`, and stands in
`raw` as it was sent. The form of a file (encoding, columns, quotes, totals) must be as agreed, or all of it
is refused.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.contents import as_text, check_promises, write_rows
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.settings import code_fingerprint
from stable_jobs.store.catalog import (
    Delivery,
    Snapshot,
    contents,
    deliveries_for,
    delivery_by_id,
    find_snapshot,
    fingerprint,
    mark_refused,
    mark_staged,
    register_snapshot,
)
from stable_jobs.store.engine import in_threads
from stable_jobs.store.lake import Content, Lake, LakeChanged

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine

log = logging.getLogger(__name__)
KIND = "staged"
Inputs = Mapping[str, object]


@dataclass(frozen=True)
class StageResult:
    """Per slot the delivery that is staged, now or before, and why others were refused now."""

    staged: tuple[Delivery, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class StagedFile:
    """One written Parquet file, not registered yet. `name` is relative to the lake."""

    name: str
    rows: int


def stage_delivery(
    con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, delivery: Delivery
) -> StagedFile:
    """Read a landed delivery as its contract says and write its staged Parquet under a new name.

    Columns: row_id, delivery_id, row_no (1-based, file order), delivery_region, the contract's columns in
    their order, raw, unreadable. DeliveryRefused where the file is not as agreed; nothing is registered.
    """
    slot = Slot(delivery.department, delivery.extract, delivery.region_code)
    name = lake.new_name("staged")
    with tempfile.TemporaryDirectory(prefix="staging-", dir=_scratch(con)) as folder:
        source = _landed(lake, slot, delivery, Path(folder) / "landed")
        text = as_text(contract, delivery, source, Path(folder) / "text.csv")
        rows = write_rows(con, contract, delivery, text, lake.path(name))
        lake.keep(name)  # also one that is refused next: it holds accounts
    check_promises(con, contract, delivery, lake.path(name), rows)
    return StagedFile(name, rows)


def _scratch(con: duckdb.DuckDBPyConnection) -> Path:
    """Beside the engine's own spill folder."""
    found = con.execute("SELECT current_setting('temp_directory')").fetchone()
    folder = Path(str(found[0] if found else ".")).absolute().parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _landed(lake: Lake, slot: Slot, delivery: Delivery, target: Path) -> Path:
    """A path that Python opens: the landed file itself, or a copy where the lake is not a folder.

    DeliveryRefused if its bytes are not those that came.
    """
    try:
        path = lake.check(f"landing/{delivery.sha256}", Content(delivery.sha256, delivery.size_bytes))
        if "://" not in path:
            return Path(path)
        lake.fetch(f"landing/{delivery.sha256}", target)
    except LakeChanged:
        raise refused(
            slot,
            "delivery.kept_bytes",
            expected=f"SHA-256 {delivery.sha256}",
            found="other bytes in the lake",
        ) from None
    return target


def stage_department(
    engine: Engine,
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contracts: Mapping[str, Contract],
    business_date: date,
    known_at: datetime | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> StageResult:
    """Stage the deliveries of `contracts` that count and are not staged by this code and contract yet.

    Of each slot the newest delivery is read, and an older one only where every newer one is refused (ADR
    0004): a slot that was sent two thousand times costs one reading. An older one that nobody needed stays
    `landed`. One transaction per delivery: a crash leaves files that nobody knows and deliveries still to
    stage. A file is read by one thread, in order, so as many slots are read at once as it has threads.
    meanwhile: what the caller will need then; called where there is something to stage.
    """
    with engine.connect() as connection:
        slots = [
            (agreed, readable)
            for extract, contract in contracts.items()
            for region, slot in groupby(
                deliveries_for(connection, business_date, extract=extract, known_at=known_at),
                attrgetter("region_code"),
            )
            if (readable := _newest_first(agreed := contract.for_region(region, business_date), slot))
        ]
    is_new = any(slot[0].status != "staged" for _, slot in slots)
    staged = in_threads(
        con,
        lambda own, item: list(_stage_slot(engine, own, lake, *item)),
        slots,
        meanwhile if is_new else lambda: None,
    )
    found = [one for slot in staged for one in slot]
    return StageResult(
        tuple(one for one in found if isinstance(one, Delivery)),
        tuple(one for one in found if isinstance(one, Problem)),
    )


def _newest_first(contract: Contract, slot: Iterable[Delivery]) -> list[Delivery]:
    """The deliveries of a slot that may be read, the last one sent first. slot: by sequence and id."""
    return [delivery for delivery in slot if _may_be_read(contract, delivery)][::-1]


def _may_be_read(contract: Contract, delivery: Delivery) -> bool:
    """Not refused; or refused as another contract or other code read it, which may have been the reason."""
    if delivery.status != "refused":
        return True
    judged_by = (delivery.problem or {}).get("judged_by")
    return judged_by is not None and judged_by != fingerprint(**_inputs(contract, delivery))


def _stage_slot(
    engine: Engine,
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contract: Contract,
    newest_first: Sequence[Delivery],
) -> Iterator[Delivery | Problem]:
    """The newest that can be read, after the Problem of every newer one."""
    for delivery in newest_first:
        found = _stage(engine, con, lake, contract, delivery)
        yield found
        if isinstance(found, Delivery):
            return


def _stage(
    engine: Engine, con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, delivery: Delivery
) -> Delivery | Problem:
    snapshot, inputs = _read_before(engine, lake, delivery, _inputs(contract, delivery))
    try:
        return _mark(engine, delivery, snapshot or _register(engine, con, lake, contract, delivery, inputs))
    except DeliveryRefused as refusal:
        problem = replace(refusal.problem, judged_by=fingerprint(**_inputs(contract, delivery)))
        with engine.begin() as connection:
            mark_refused(connection, delivery.id, problem)
        return problem


def _inputs(contract: Contract, delivery: Delivery) -> Inputs:
    """All that a staged file depends on, but for the number that stands in its rows.

    The same bytes for the same slot are read once, on whatever date they are sent again (ADR 0022).
    """
    return {
        "sha256": delivery.sha256,
        "region_code": delivery.region_code,
        "rows": delivery.rows,
        "control_total": delivery.control_total,
        "contract": contract.reading,
        "code": code_fingerprint(),
    }


def _read_before(
    engine: Engine, lake: Lake, delivery: Delivery, inputs: Inputs
) -> tuple[Snapshot | None, Inputs]:
    """The file that these inputs were staged as, and the inputs under which it is registered.

    None where the bytes were never read so, or where the file is no longer as it was registered: then the
    inputs say in whose place the new one stands. The delivery's own file is not looked at here: whoever reads
    it does.
    """
    with engine.connect() as connection:
        while (snapshot := find_snapshot(connection, KIND, fingerprint(**inputs))) is not None:
            if snapshot.id == delivery.staged_snapshot_id:
                break
            known = contents(connection, [snapshot.name]).get(snapshot.name)
            try:
                if known is not None:
                    lake.check(snapshot.name, known)
                    break
            except LakeChanged as error:
                log.warning("delivery %d is staged again from its landed bytes: %s", delivery.id, error)
            inputs = {**inputs, "instead_of": snapshot.name}
    return snapshot, inputs


def _register(
    engine: Engine,
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contract: Contract,
    delivery: Delivery,
    inputs: Inputs,
) -> Snapshot:
    file = stage_delivery(con, lake, contract, delivery)
    content = lake.keep(file.name)
    with engine.begin() as connection:
        return register_snapshot(
            connection,
            kind=KIND,
            business_date=delivery.business_date,
            fingerprint=fingerprint(**inputs),
            name=file.name,
            rows=file.rows,
            inputs={**inputs, "delivery": delivery.id},
            content=content,
        )


def _mark(engine: Engine, delivery: Delivery, snapshot: Snapshot) -> Delivery:
    if delivery.staged_snapshot_id == snapshot.id:
        return delivery
    with engine.begin() as connection:
        mark_staged(connection, delivery.id, snapshot.id)
        return delivery_by_id(connection, delivery.id)
