"""The values on which a region's money rests: recorded, confirmed, and shown to people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, Statements
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.views import Listing
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.store.loading import load_rows, temporary_table

# --- Values ---
# The values on which a region's money rests: every night records them, and two people confirm them.
#
# `night_values` has, for each region, the files' values for the event's date. Values are JSON of
# `<scheme>.<parameter>` to `value`, `from` and `reference`, without an account number.

POLICIES_SQL = Statements("policies")

POLICY_VALUES = "policy"
Content = Mapping[str, Mapping[str, Any]]
"""One region's values."""


def fill_values(connection: Connection, name: str, values: Mapping[str, Content]) -> None:
    """The temporary table `name` (region_code, content, hash) of this transaction."""
    temporary_table(connection, name, VALUES_COLUMNS)
    rows = ((region, json.dumps(content, ensure_ascii=False), None) for region, content in values.items())
    load_rows(connection, name, rows)
    connection.execute(text(f"UPDATE {name} SET hash = policy_hash(content)"))  # noqa: S608 - our own names


def note_values(event: Event, values: Mapping[str, Content]) -> None:
    """Write down what the event's date has for each region, where it is not the same as noted last."""
    fill_values(event.connection, "night_values", values)
    POLICIES_SQL.run(event.connection, "values", "nights")


def note_banks(event: Event, banks: Mapping[str, Content]) -> None:
    """Note again what the event's night has, with these values of the bank profiles instead of those noted.

    banks: by region; a region of which the night noted nothing is left out.
    """
    fill_values(event.connection, "bank_values", banks)
    temporary_table(event.connection, "night_values", VALUES_COLUMNS)
    POLICIES_SQL.run(event.connection, "with_banks", "values", "nights")


VALUES_COLUMNS = {"region_code": "text", "content": "jsonb", "hash": "text"}


def noted(connection: Connection) -> dict[str, date | None]:
    """Region of which the event's night noted its values → its deadline; None if not confirmed."""
    found = connection.execute(text(POLICIES_SQL["noted"]))
    return {row.region_code: row.deadline for row in found}


def unconfirmed(connection: Connection) -> list[str]:
    """Regions that their values stop on the event's date."""
    return list(connection.execute(text("SELECT region_code FROM policy_stops ORDER BY 1")).scalars())


def confirm_demonstration(event: Event, values: Mapping[str, Content], files: str) -> None:
    """Count as confirmed, in a demonstration, the values that equal the demonstration's own.

    files: SHA-256 of the files they come from. Only the first files that counted do count: if somebody edits
    them, people must confirm the new values.
    """
    fill_values(event.connection, "own_values", values)
    event.connection.execute(text(POLICIES_SQL["demonstration"]), {"files": files})


def note_totals(connection: Connection, *, is_again: bool = False) -> None:
    """Write down the total of each region in `night_regions` that is not held, where it is not noted so.

    is_again: as the region's last one, of a night whose units are the same.
    """
    connection.execute(text(POLICIES_SQL["totals"]), {"is_again": is_again})


def suspend_stopped(connection: Connection, *, is_again: bool = False) -> list[str]:
    """Mark as held in `night_regions` the regions that values or totals stop: their ledger stays as it was.

    The regions, by code. Their decision stands; once people have ruled, the same night is taken over.
    is_again: without `night_units`, since the night's units are those of the last one.
    """
    connection.execute(text(POLICIES_SQL["hold_for_values"]))
    note_totals(connection, is_again=is_again)
    connection.execute(text(POLICIES_SQL["hold_for_total"]))
    found = "SELECT region_code FROM policy_stops UNION SELECT region_code FROM total_stops ORDER BY 1"
    return list(connection.execute(text(found)).scalars())


def propose_values(
    event: Event, values: Mapping[str, Content], area: str, on: date, reason: str, person: str
) -> tuple[int, int]:
    """A person vouches for exactly these values, from a date on; the proposal's number and how many regions.

    Only what differs from what is confirmed for that date. LedgerRefused where nothing does.
    """
    connection = event.connection
    fill_values(connection, "night_values", values)
    asked = connection.execute(text(POLICIES_SQL["asked"]), {"on": on}).all()
    if not asked:
        raise LedgerRefused(refusal("policy_confirmed", region=area, on=on))
    POLICIES_SQL.run(connection, "values")
    number = propose(
        event,
        POLICY_VALUES,
        subject=f"policy from {on}",
        region_code=area,
        reason=reason,
        person=person,
        content={"from": on.isoformat(), "regions": {row.region_code: row.hash for row in asked}},
    )
    return number, len(asked)


def confirm_values(event: Event, proposal: Proposal, _: str) -> None:
    """The effect of a confirmed proposal of the kind `policy`: its values count from its date on."""
    event.connection.execute(
        text(POLICIES_SQL["insert_policy_confirmations"]),
        {"id": proposal.id},
    )


def accept_total(event: Event, region_code: str, on: date, reason: str, person: str) -> None:
    """A person lets a region's total of a night stand. LedgerRefused where none of that night is stopped."""
    known = event.connection.execute(
        text(POLICIES_SQL["accept_total"]),
        {"region": region_code, "on": on},
    ).one_or_none()
    if known is None or not known.is_beyond or known.ruled_by is not None:
        if known is None:
            raise LedgerRefused(refusal("total_unknown", region=region_code, on=on))
        if known.is_beyond:
            raise LedgerRefused(refusal("total_accepted", region=region_code, on=on, person=known.ruled_by))
        raise LedgerRefused(refusal("total_stops_nothing", region=region_code, on=on))
    event.connection.execute(
        text("INSERT INTO total_rulings (total_id, reason, ruled_by) VALUES (:id, :reason, :person)"),
        {"id": known.id, "reason": reason, "person": person},
    )
    event.detail.update({"region": region_code, "night": on.isoformat(), "total": str(known.total)})


# --- Views of the values ---
# The views of the values on which money rests, and of regions' totals, for people. Reads only.

POLICY_VIEWS_SQL = Statements("policy_views")

FIRST = "first values"
"""Stands for the names of all values where a region has none that were confirmed before."""


@dataclass(frozen=True)
class PolicyChange:
    """One value that is not what was confirmed before. old, new: empty where it is not set.

    first_night: the first business date that had it. proposed_by, confirmed_by: empty until they agreed,
    `stable-jobs` for the demonstration's own values.
    """

    region_code: str
    name: str
    old: str
    new: str
    old_reference: str
    new_reference: str
    first_night: date
    is_confirmed: bool
    proposal_id: int | None
    proposed_by: str
    confirmed_by: str


def policy_changes(
    connection: Connection, on: date | None = None, region: str | None = None, since: date | None = None
) -> list[PolicyChange]:
    """The changes: all unconfirmed values, and confirmed ones that no earlier night used.

    on: the business date; None: of each region the newest. region: only this one. since: confirmed values
    are left out if a night up to that date had them. The first values of a region are one change (`FIRST`),
    and none if they are the demonstration's own.
    """
    _look_at(connection, on)
    asked = {"region": region, "first": FIRST, "since": since}
    found = connection.execute(text(POLICY_VIEWS_SQL["changes"]), asked).mappings()
    return [PolicyChange(**row) for row in found]


@dataclass(frozen=True)
class RegionTotal:
    """A region's total that is beyond the factor of its last night's. ruled_by: empty until one has."""

    region_code: str
    business_date: date
    units: int
    total: Decimal
    factor: Decimal
    last_date: date
    last_total: Decimal
    ruled_by: str
    reason: str


def totals_beyond(
    connection: Connection, on: date | None = None, region: str | None = None
) -> list[RegionTotal]:
    """Totals that stop, or would stop but for a person's word; of a date, or each region's newest."""
    _look_at(connection, on)
    found = connection.execute(text(POLICY_VIEWS_SQL["beyond"]), {"region": region}).mappings()
    return [RegionTotal(**row) for row in found]


def _look_at(connection: Connection, on: date | None) -> None:
    """The views speak of this business date for the rest of the transaction."""
    query = "SELECT set_config('stable_jobs.business_date', :on, true)"
    connection.execute(text(query), {"on": "" if on is None else on.isoformat()})


def policy_version(connection: Connection, region_code: str) -> dict[str, str]:
    """The values by which a region's money goes, for manifests: their hash and who confirmed them."""
    row = connection.execute(
        text(
            "SELECT hash, is_confirmed, proposal_id, files FROM policies_in_force WHERE region_code = :region"
        ),
        {"region": region_code},
    ).one_or_none()
    if row is None:
        return {}
    if not row.is_confirmed:
        return {"policy_values": row.hash, "policy_confirmed": "no"}
    return {
        "policy_values": row.hash,
        "policy_confirmed": f"proposal {row.proposal_id}" if row.proposal_id else DEMO,
    }


DEMO = "demonstration"


def stop_of(connection: Connection, region_code: str) -> str:
    """Why a region's values or its total stop its money; empty where they do not."""
    query = POLICY_VIEWS_SQL["stop_of"]
    return str(connection.scalar(text(query), {"region": region_code}) or "")


def differences_of(connection: Connection, values: Mapping[str, Content], on: date) -> Listing:
    """These values beside what is confirmed for that date: one row per difference."""
    given = json.dumps(values, ensure_ascii=False)
    return _listing(connection, POLICY_VIEWS_SQL["asked"], values=given, id=None, on=on)


def differences_of_proposal(connection: Connection, proposal_id: int) -> Listing:
    """The values that a proposal of the kind `policy` names, beside those confirmed for its date."""
    date_of = "SELECT content ->> 'from' FROM proposals WHERE id = :id AND kind = 'policy'"
    found = connection.scalar(text(date_of), {"id": proposal_id})
    return _listing(connection, POLICY_VIEWS_SQL["asked"], values=None, id=proposal_id, on=found)


def _listing(connection: Connection, query: str, **values: object) -> Listing:
    found = connection.execute(text(query), values)
    return Listing(tuple(found.keys()), tuple(tuple(row) for row in found))


def confirmations(connection: Connection, region: str | None = None) -> Listing:
    """Every confirmation: of which region, from when, by whom, by which proposal."""
    return _listing(connection, POLICY_VIEWS_SQL["confirmations"], region=region)
