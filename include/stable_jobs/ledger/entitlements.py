"""A night's decisions become entitlements and payments on notice; changed ones fall out, with the reason.

One statement does each thing for every unit of every region, under the code that the ledger knows the unit
by. If decision and ledger count different amounts for no known reason, the unit gets nothing new.
Nothing here touches money that was instructed: a higher entitlement is topped up once the open payment has
ended, a lower one opens a recovery case.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.ledger.batches import BATCHES_SQL, note_codes, resolve_units, void_stale
from stable_jobs.ledger.event import Statements
from stable_jobs.ledger.notices import NIGHT_SQL, leave_out_known, older_regions
from stable_jobs.ledger.proposals import note_money_back
from stable_jobs.ledger.rulings import note_doubt_terms, note_doubts, note_refunds

SQL = Statements("entitlements")


def apply_night(connection: Connection) -> list[str]:
    """Take over the decisions in `night_units`; the regions left out because a newer night is known.

    Inside `ledger_event` with the night's business date. A decision that is known already changes nothing.
    """
    older = older_regions(connection)
    leave_out_known(connection)
    note_codes(connection)
    resolve_units(connection)
    note_refunds(connection)
    note_money_back(connection)
    SQL.run(connection, "nights", "standing", "falling", "voided")
    BATCHES_SQL.run(connection, "unbatched")
    SQL.run(connection, "withdrawn", "superseded", "standing_again", "standing", "due")
    SQL.run(
        connection,
        "disagreements",
        "new_entitlements",
        "revised",
        "forms",
        "notices",
        "payments",
        "notice_lines",
        "recovery",
        "corrected",
        "new_accounts",
    )
    note_doubts(connection)
    void_stale(connection)
    return older


# --- A night that brings nothing new ---
# The night says what the last one said, so the ledger writes down the night and nothing else.
#
# The caller compares the decisions' rows in the engine; they are not loaded for that.


def last_taken(connection: Connection) -> int | None:
    """The id of the decision that the ledger took over last, if the same rows would change nothing tonight.

    Inside `ledger_event`. None where anything has happened in the ledger since, a date has come by which
    money counts, or not all of the last night's regions came from one decision.
    """
    found: int | None = connection.scalar(text(NIGHT_SQL["last_taken"]))
    return found


def take_over_again(connection: Connection) -> bool:
    """Take over a night whose units, refunds and codes are those of `last_taken`; False: apply it whole.

    With `night_regions` filled and what is stopped marked. False where `last_taken` finds none, other regions
    are held than then, or other doubts stop a region's payments.
    """
    is_other = note_doubt_terms(connection) or not connection.scalar(text(NIGHT_SQL["same_regions"]))
    if is_other or last_taken(connection) is None:
        return False
    SQL.run(connection, "nights")
    return True
