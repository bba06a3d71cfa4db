"""The views of the values on which money rests, and of regions' totals, for people. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.policies import Content
from stable_jobs.ledger.statements import Statements
from stable_jobs.ledger.views import Listing

SQL = Statements("policy_views")

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
    found = connection.execute(text(SQL["changes"]), asked).mappings()
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
    found = connection.execute(text(SQL["beyond"]), {"region": region}).mappings()
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
    query = SQL["stop_of"]
    return str(connection.scalar(text(query), {"region": region_code}) or "")


def differences_of(connection: Connection, values: Mapping[str, Content], on: date) -> Listing:
    """These values beside what is confirmed for that date: one row per difference."""
    given = json.dumps(values, ensure_ascii=False)
    return _listing(connection, SQL["asked"], values=given, id=None, on=on)


def differences_of_proposal(connection: Connection, proposal_id: int) -> Listing:
    """The values that a proposal of the kind `policy` names, beside those confirmed for its date."""
    date_of = "SELECT content ->> 'from' FROM proposals WHERE id = :id AND kind = 'policy'"
    found = connection.scalar(text(date_of), {"id": proposal_id})
    return _listing(connection, SQL["asked"], values=None, id=proposal_id, on=found)


def _listing(connection: Connection, query: str, **values: object) -> Listing:
    found = connection.execute(text(query), values)
    return Listing(tuple(found.keys()), tuple(tuple(row) for row in found))


def confirmations(connection: Connection, region: str | None = None) -> Listing:
    """Every confirmation: of which region, from when, by whom, by which proposal."""
    return _listing(connection, SQL["confirmations"], region=region)
