"""One file, judged before it is sent, as the night would judge it: no database, no lake, no other delivery.

Two facts that only the night knows are left out: the rows accepted last, and the registered codes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract, Rule, Scope
from stable_jobs.digests import sha256_of
from stable_jobs.errors import DeliveryRefused, Problem
from stable_jobs.intake.connectors import MANIFEST, IncomingFile, check_hash, control_total, read_manifest
from stable_jobs.intake.contents import as_text, check_outside, check_promises, write_rows
from stable_jobs.intake.problems import Slot
from stable_jobs.report.parts import expected_of, measured
from stable_jobs.report.samples import Row, samples_of
from stable_jobs.settings import Settings
from stable_jobs.store.engine import connect, quote_literal
from stable_jobs.validation.quarantine import (
    Part,
    count_parts,
    judge,
    judged_parts,
    outcome_of,
    write_quarantine,
)
from stable_jobs.validation.queries import find_failures, open_staged
from stable_jobs.validation.run import FAILURES
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb

ROWS_SHOWN = 5


@dataclass(frozen=True)
class Broken:
    """A row rule that rows of the file broke: how many did, and the first of them, masked."""

    rule: Rule
    failed: int
    samples: tuple[Row, ...]


@dataclass(frozen=True)
class HeldPart:
    """A delivery rule that would hold the file, or one region's part of a file for all."""

    rule: Rule
    region_code: str
    expected: Words | None
    found: Words


@dataclass(frozen=True)
class Checked:
    """The result for one file. `contract`: the one in force for its slot; a refused file's rows are None."""

    file: Path
    contract: Contract
    region_code: str
    business_date: date
    manifest: Path | None
    refusal: Problem | None = None
    received: int | None = None
    accepted: int | None = None
    quarantined: int | None = None
    broken: tuple[Broken, ...] = ()
    held_parts: tuple[HeldPart, ...] = ()

    @property
    def verdict(self) -> str:
        """`refused`, `held`, `quarantined` (some rows) or `accepted` (all of it)."""
        if self.refusal is not None:
            return "refused"
        if self.held_parts:
            return "held"
        return "quarantined" if self.quarantined else "accepted"


@dataclass(frozen=True)
class SentFile:
    """The file as intake sees it. No delivery of a catalog: its number stands for none."""

    department: str
    extract: str
    region_code: str
    file_format: str
    rows: int | None = None
    control_total: Decimal | None = None
    id: int = 1


def manifest_beside(file: Path) -> Path | None:
    """`<same name>.manifest.json` in the same folder, if it is there."""
    manifest = file.with_name(file.stem + MANIFEST)
    return manifest if manifest.is_file() else None


def check_file(
    settings: Settings, contract: Contract, file: Path, region: str, on: date, manifest: Path | None
) -> Checked:
    """Judge a file that is to be sent for a region and business date by the contract in force then.

    manifest: beside the promises that it makes; None: there is none, so nothing is compared. OSError where
    the file cannot be read.
    """
    agreed = contract.for_region(region, on)
    checked = Checked(file, agreed, region, on, manifest)
    with tempfile.TemporaryDirectory(prefix="stable-jobs-check-") as folder:
        own = settings.model_copy(update={"home": Path(folder), "lake": None})
        with connect(own) as con:
            try:
                sent = _promised(checked)
                return _judged(con, checked, sent, Path(folder))
            except DeliveryRefused as refusal:
                return replace(checked, refusal=refusal.problem)


def _promised(checked: Checked) -> SentFile:
    """The file with what its manifest promises of its rows; DeliveryRefused: format, size, manifest."""
    contract, file = checked.contract, checked.file
    ending = file.suffix.lower().removeprefix(".")
    where = (contract.department, contract.extract, checked.region_code)
    check_outside(Slot(*where), contract, ending, file.stat().st_size)
    if checked.manifest is None:
        return SentFile(*where, ending)
    name = checked.manifest.name
    incoming = IncomingFile(
        contract.department,
        contract.extract,
        checked.business_date,
        checked.region_code,
        1,
        file.name,
        ending,
        name,
    )
    with checked.manifest.open("rb") as promised:
        manifest = read_manifest(promised, incoming)
    check_hash(incoming, manifest, sha256_of(file))
    return SentFile(*where, ending, manifest.rows, control_total(contract, incoming, manifest))


def _judged(con: duckdb.DuckDBPyConnection, checked: Checked, sent: SentFile, folder: Path) -> Checked:
    contract, on = checked.contract, checked.business_date
    staged, quarantine = str(folder / "staged.parquet"), str(folder / "quarantine.parquet")
    text = as_text(contract, sent, checked.file.absolute(), folder / "text.csv")
    check_promises(con, contract, sent, staged, write_rows(con, contract, sent, text, staged))
    open_staged(con, [staged])
    con.execute(FAILURES)
    rules = [rule for rule in contract.rules if rule.scope is Scope.ROW]
    find_failures(con, rules, "staged", on)
    write_quarantine(con, contract, quarantine)
    parts = count_parts(con, [sent], quarantine, rules)
    return replace(
        checked,
        received=sum(part.received for part in parts),
        accepted=sum(part.accepted for part in parts),
        quarantined=sum(part.quarantined for part in parts),
        broken=_broken(con, contract, rules),
        held_parts=_held_parts(con, checked, parts),
    )


def _broken(con: duckdb.DuckDBPyConnection, contract: Contract, rules: Sequence[Rule]) -> tuple[Broken, ...]:
    found = con.execute("SELECT rule_id, count(*) FROM failures GROUP BY rule_id").fetchall()
    counted: Mapping[str, int] = dict(found)
    return tuple(
        Broken(rule, counted[rule.id], tuple(samples_of(con, contract, rule, _rows_of(rule), ROWS_SHOWN)))
        for rule in rules
        if rule.id in counted
    )


def _rows_of(rule: Rule) -> str:
    failed = f"SELECT row_id FROM failures WHERE rule_id = {quote_literal(rule.id)}"  # noqa: S608 - quoted
    return f"SELECT * FROM staged WHERE row_id IN ({failed})"  # noqa: S608 - as above


def _held_parts(
    con: duckdb.DuckDBPyConnection, checked: Checked, parts: Sequence[Part]
) -> tuple[HeldPart, ...]:
    contract, on = checked.contract, checked.business_date
    judgement = judge(con, contract, on, judged_parts(parts, contract, {}, on), run=find_failures)
    rules = {rule.id: rule for rule in contract.rules}
    outcomes = [outcome_of(part, judgement, frozenset()) for part in parts]
    return tuple(
        HeldPart(
            rules[one.held_rule],
            one.region_code,
            expected_of(one.held_rule, contract, one.held_detail or {}),
            measured(one.held_detail or {}),
        )
        for one in outcomes
        if one.held_rule is not None
    )
