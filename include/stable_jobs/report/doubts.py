"""What the ledger doubts of a night's units: counted by region and kind, as the ledger knew it that night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.report.words import place_of
from stable_jobs.words import Json, Place, Words, place_from_json, place_json


@dataclass(frozen=True)
class DoubtLine:
    """How many doubts of a kind waited for a ruling in a region. kind: of `ledger.doubts.KINDS`, or
    `disagreement`: units of which decision and ledger said different amounts."""

    place: Place
    kind: str
    count: int


def doubt_lines(connection: Connection, on: date, names: Mapping[str, Words]) -> tuple[DoubtLine, ...]:
    """Of the newest night of each region on that date; what came later is not in it."""
    found = connection.execute(text(QUERY), {"on": on})
    return tuple(DoubtLine(place_of(region, names), kind, count) for region, kind, count in found)


QUERY = """
    WITH nights AS MATERIALIZED (
        SELECT DISTINCT ON (region_code) region_code, event_id FROM region_nights
        WHERE business_date = :on ORDER BY region_code, id DESC
    )
    SELECT n.region_code, d.kind, count(*)
    FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
    JOIN nights n ON n.region_code = e.region_code AND d.event_id <= n.event_id
    LEFT JOIN doubt_rulings k ON k.doubt_id = d.id AND k.event_id <= n.event_id
    WHERE k.doubt_id IS NULL AND e.policy_year = extract(year FROM CAST(:on AS date))
    GROUP BY n.region_code, d.kind
    UNION ALL
    SELECT n.region_code, 'disagreement', count(*)
    FROM disagreements d JOIN nights n ON n.region_code = d.region_code AND n.event_id = d.event_id
    GROUP BY n.region_code
    ORDER BY 1, 2
"""


def doubts_json(lines: tuple[DoubtLine, ...]) -> list[Json]:
    """For `validation.json`."""
    return [{**place_json(line.place), "kind": line.kind, "count": line.count} for line in lines]


def doubt_from_json(said: Mapping[str, Any]) -> DoubtLine:
    """Back from it."""
    return DoubtLine(place_from_json(said), said["kind"], said["count"])
