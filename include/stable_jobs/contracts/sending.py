"""What a contract says of single sending regions (`sendingRegions`): read and checked as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

from stable_jobs.contracts import document
from stable_jobs.contracts.fault import fault
from stable_jobs.contracts.model import Contract, SendingRegion, Terms
from stable_jobs.regions import NATION, is_known, upward


def sending_regions(entries: Iterable[document.SendingRegion]) -> tuple[SendingRegion, ...]:
    """The document's entries as plain values, in its order."""
    return tuple(
        SendingRegion(
            region=entry.region,
            effective_from=entry.effective_from,
            reference=entry.reference,
            terms=Terms(**{f.name: getattr(entry, f.name) for f in fields(Terms)}),
            headers=entry.headers,
        )
        for entry in entries
    )


def check_sending_regions(file: Path, contract: Contract) -> None:
    """ContractError where an entry is of no region, doubles another, ends nothing, or mixes up headers."""
    for position, entry in enumerate(contract.sending_regions):
        place = f"customProperties.sendingRegions.{position}"
        if entry.region != NATION and not is_known(entry.region):
            expected = f"a region code of GB/T 2260, or {NATION} for the file for all regions"
            raise fault(file, f"{place}.region", expected, entry.region)
        _check_days(file, place, contract, entry)
        _check_headers(file, f"{place}.headers", contract, entry)


def _check_days(file: Path, place: str, contract: Contract, entry: SendingRegion) -> None:
    days = Counter(other.effective_from for other in contract.entries_of(entry.region))
    if days[entry.effective_from] > 1:
        expected = f"one entry of region {entry.region} from a day"
        raise fault(file, f"{place}.effectiveFrom", expected, f"two from {entry.effective_from}")
    if entry.is_empty and entry.effective_from == min(days):
        raise fault(file, place, "something that differs, or an earlier entry that it ends", "neither")


def _check_headers(file: Path, place: str, contract: Contract, entry: SendingRegion) -> None:
    """Each column's header stands for that column only, with every entry that can hold beside this one."""
    names = {c.name for c in contract.columns}
    for name in entry.headers:
        if name not in names:
            raise fault(file, f"{place}.{name}", "a column of this contract", name)
    for day in sorted(_days_of(contract, entry)):
        for name, header in _mixed_up(contract, contract.for_region(entry.region, day)):
            expected = "a header that is no other column's, in the contract or here"
            raise fault(file, f"{place}.{name}", expected, f"{header}, as it holds from {day}")


def _days_of(contract: Contract, entry: SendingRegion) -> Iterator[date]:
    """The days on which something changes for the entry's region."""
    return (one.effective_from for level in upward(entry.region) for one in contract.entries_of(level))


def _mixed_up(contract: Contract, resolved: Contract) -> Iterator[tuple[str, str]]:
    """Changed headers that are another column's, there or in the contract."""
    taken = Counter(c.header for c in resolved.columns)
    before = {c.header: c.name for c in contract.columns}
    for column in resolved.columns:
        owner = before.get(column.header)
        if owner != column.name and (owner is not None or taken[column.header] > 1):
            yield column.name, column.header
