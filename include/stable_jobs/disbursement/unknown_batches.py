"""Batches in the published folders that the ledger does not know: their units may have been paid already.

A ledger that was restored from an older copy forms the same batch again, with other bytes and the same
end-to-end ids. So the folders are looked into before anything is instructed.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.published import RESTORED, units_in, unknown_batches
from stable_jobs.night.context import NightContext

UNIT = "统一社会信用代码"
"""The header of the units' codes in a batch's detail."""


def published_elsewhere(night: NightContext, connection: Connection, batch: Batch) -> str | None:
    """The reason why the batch may not be published: a folder that the ledger does not know has a unit of it.

    Any unit of the batch, under any end-to-end id: a restored ledger may count its payments otherwise. A
    folder that cannot be read stops every batch of its region.
    """
    out = night.settings.out_root
    folders = unknown_batches(connection, out, batch.region_code)
    if not folders:
        return None
    own = frozenset(connection.scalars(text(UNITS), {"id": batch.id}))
    for folder in folders:
        units = units_in(folder, UNIT)
        if units is None or units & own:
            which = "units that cannot be read" if units is None else f"{len(units & own)} of its units"
            return (
                f"batch {batch.batch_no} is not published: {folder.relative_to(out).as_posix()} holds"
                f" {which}, and the"
                f" ledger does not know that folder: {RESTORED}"
            )
    return None


UNITS = """
    SELECT e.uscc FROM payment_lines l JOIN payments p ON p.id = l.payment_id
    JOIN entitlements e ON e.id = p.entitlement_id WHERE l.batch_id = :id
"""
