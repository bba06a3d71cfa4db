"""A landed delivery → one typed Parquet file, every source row in it, in one pass of the engine.

What a file holds is never dropped: a value that cannot be read is NULL, named in `unreadable`, and stands in
`raw` as it was sent. What a file is (encoding, columns, quotes, totals) must be as agreed, or all of it is
refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.decoding import Text, decode
from stable_jobs.intake.diagnosis import diagnose
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.intake.staging_sql import staging_sql
from stable_jobs.intake.workbook import convert
from stable_jobs.settings import code_fingerprint
from stable_jobs.store.catalog import (
    Delivery,
    Snapshot,
    deliveries_for,
    delivery_by_id,
    find_snapshot,
    fingerprint,
    mark_refused,
    mark_staged,
    register_snapshot,
)
from stable_jobs.store.engine import quote_identifier, quote_literal
from stable_jobs.store.lake import Content, Lake, LakeChanged
from stable_jobs.store.threads import in_threads

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine

KIND = "staged"


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
    with tempfile.TemporaryDirectory(prefix="staging-", dir=_scratch(con)) as folder:
        source = _landed(lake, slot, delivery, Path(folder) / "landed")
        text = _as_text(slot, contract, delivery, source, Path(folder) / "text.csv")
        staged = _write(con, lake, slot, contract, delivery, text)
        lake.keep(staged.name)  # also one that is refused next: it holds accounts
    _check_promises(con, lake, slot, contract, delivery, staged)
    return staged


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


def _as_text(slot: Slot, contract: Contract, delivery: Delivery, source: Path, target: Path) -> Text:
    read = convert if delivery.file_format == "xlsx" else decode
    return read(slot, contract, source, target)


def _write(
    con: duckdb.DuckDBPyConnection, lake: Lake, slot: Slot, contract: Contract, delivery: Delivery, text: Text
) -> StagedFile:
    import duckdb

    name = lake.new_name("staged")
    query = staging_sql(contract, delivery, text)
    target = quote_literal(lake.path(name))
    try:
        found = con.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    except duckdb.InvalidInputException as error:
        raise diagnose(slot, text.path, len(contract.columns), str(error)) from None
    return StagedFile(name, int(found[0]) if found else 0)


def _check_promises(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    slot: Slot,
    contract: Contract,
    delivery: Delivery,
    staged: StagedFile,
) -> None:
    """Rows where the contract requires them, and the manifest's rows and control total."""
    if delivery.rows is not None and staged.rows != delivery.rows:
        raise refused(
            slot, "delivery.manifest.rows", expected=f"{delivery.rows} rows", found=f"{staged.rows} rows"
        )
    if staged.rows == 0 and contract.rows_required:
        raise refused(slot, "delivery.no_rows", expected="at least one row", found="0 rows")
    total = _control_total(con, lake, contract, staged)
    if total is not None and delivery.control_total is not None and total != delivery.control_total:
        raise refused(
            slot,
            "delivery.manifest.control_total",
            expected=f"{delivery.control_total} yuan",
            found=f"{total} yuan",
        )


def _control_total(
    con: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, staged: StagedFile
) -> Decimal | None:
    """Yuan over all rows; None where the contract names no columns or an amount cannot be read.

    An unreadable amount makes the sum unknown: its row is quarantined, the rest of the delivery stays.
    """
    if not contract.control_total:
        return None
    names = [quote_identifier(name) for name in contract.control_total]
    amounts = " + ".join(f"coalesce(sum({name}), 0)" for name in names)
    unknown = " OR ".join(
        f"contains(unreadable, {quote_literal(f';{name};')})" for name in contract.control_total
    )
    path = quote_literal(lake.path(staged.name))
    sums = f"CAST({amounts} AS DECIMAL(38,2)), coalesce(bool_or({unknown}), false)"
    found = con.execute(f"SELECT {sums} FROM read_parquet({path})").fetchone()  # noqa: S608 - all quoted
    return None if found is None or found[1] else Decimal(found[0])


def stage_department(
    engine: Engine,
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contracts: Mapping[str, Contract],
    business_date: date,
    known_at: datetime | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> StageResult:
    """Stage what counts of the extracts of `contracts` and is not staged by this code and contract yet.

    Of each slot the newest delivery is read, and an older one only where every newer one is refused (ADR
    0004): a slot that was sent two thousand times costs one reading. An older one that nobody needed stays
    `landed`. One transaction per delivery: a crash leaves files that nobody knows and deliveries still to
    stage. A file is read by one thread, in order, so as many slots are read at once as it has threads.
    meanwhile: what the caller will need then; called where there is something to stage.
    """
    with engine.connect() as connection:
        slots = [
            (contract, slot)
            for extract, contract in contracts.items()
            for slot in _newest_first(
                deliveries_for(connection, business_date, extract=extract, known_at=known_at)
            )
        ]
    is_new = any(slot[0].status == "landed" for _, slot in slots)
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


def _newest_first(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Per slot what was not refused, the last one sent first. deliveries: by region, sequence and id."""
    readable = (delivery for delivery in deliveries if delivery.status != "refused")
    return [list(slot)[::-1] for _, slot in groupby(readable, attrgetter("region_code"))]


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
    inputs = _inputs(contract, delivery)
    with engine.connect() as connection:
        snapshot = find_snapshot(connection, KIND, fingerprint(**inputs))
    try:
        return _mark(engine, delivery, snapshot or _register(engine, con, lake, contract, delivery, inputs))
    except DeliveryRefused as refusal:
        with engine.begin() as connection:
            mark_refused(connection, delivery.id, refusal.problem)
        return refusal.problem


def _inputs(contract: Contract, delivery: Delivery) -> dict[str, object]:
    """All that a staged file depends on. The delivery's id is in its rows."""
    return {
        "delivery": delivery.id,
        "sha256": delivery.sha256,
        "rows": delivery.rows,
        "control_total": delivery.control_total,
        "contract": contract.fingerprint,
        "code": code_fingerprint(),
    }


def _register(
    engine: Engine,
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    contract: Contract,
    delivery: Delivery,
    inputs: Mapping[str, object],
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
            inputs=inputs,
            content=content,
        )


def _mark(engine: Engine, delivery: Delivery, snapshot: Snapshot) -> Delivery:
    if delivery.staged_snapshot_id == snapshot.id:
        return delivery
    with engine.begin() as connection:
        mark_staged(connection, delivery.id, snapshot.id)
        return delivery_by_id(connection, delivery.id)
