"""What people are shown of the values that money rests on, and of regions' totals. Reads only."""

# ruff: noqa: S608 - what is put into the queries is this module's own

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.policies import Content, fill_values
from stable_jobs.ledger.views import Listing, within

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
    """What changed: all that is not confirmed, and what is confirmed that no earlier night went by.

    on: the business date; None: of each region the newest. region: only this one. since: what is confirmed is
    left out where a night up to that date had it. Values of a region that has none confirmed before are one
    change (`FIRST`), and none where they are the demonstration's own.
    """
    _look_at(connection, on)
    asked = {"region": region, "first": FIRST, "since": since}
    found = connection.execute(text(CHANGES), asked).mappings()
    return [PolicyChange(**row) for row in found]


CHANGES = """
    SELECT s.region_code, d.name, coalesce(d.old ->> 'value', '') AS old,
           coalesce(d.new ->> 'value', '') AS new,
           coalesce(d.old ->> 'reference', '') AS old_reference,
           coalesce(d.new ->> 'reference', '') AS new_reference, s.first_night, s.is_confirmed,
           CASE WHEN s.is_confirmed THEN s.proposal_id END AS proposal_id,
           CASE WHEN NOT s.is_confirmed THEN '' WHEN s.files IS NOT NULL THEN 'stable-jobs'
                ELSE p.proposed_by END AS proposed_by,
           CASE WHEN NOT s.is_confirmed THEN '' WHEN s.files IS NOT NULL THEN 'stable-jobs'
                ELSE k.decided_by END AS confirmed_by
    FROM policy_standing s
    LEFT JOIN proposals p ON p.id = s.proposal_id LEFT JOIN proposal_decisions k ON k.proposal_id = p.id
    CROSS JOIN LATERAL (
        SELECT name, old, new FROM (
            SELECT name, old, new, bool_or(name = 'fault') OVER () AS is_unread,
                   bool_or(name = 'bank.fault') OVER () AS is_bank_unread
            FROM policy_differences(s.region_code, s.before_hash, s.hash)
        ) c
        WHERE name IN ('fault', 'bank.fault') OR s.before_hash IS NOT NULL
            AND NOT is_unread AND NOT (is_bank_unread AND starts_with(name, 'bank.'))
        UNION ALL
        SELECT :first, NULL, jsonb_build_object('value', count(*)::text)
        FROM policy_differences(s.region_code, NULL, s.hash) WHERE s.before_hash IS NULL HAVING count(*) > 0
    ) d
    WHERE (NOT s.is_confirmed OR CASE WHEN CAST(:since AS date) IS NULL THEN NOT EXISTS (
            SELECT FROM region_nights w WHERE w.region_code = s.region_code AND NOT w.is_held
                AND w.business_date >= s.first_night AND w.business_date < s.business_date)
            ELSE s.first_night > CAST(:since AS date) END)
      AND NOT (s.is_confirmed AND s.files IS NOT NULL AND s.before_hash IS NULL)
      AND (CAST(:region AS text) IS NULL OR s.region_code = :region)
    ORDER BY s.is_confirmed, s.region_code, d.name
"""


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
    found = connection.execute(text(BEYOND), {"region": region}).mappings()
    return [RegionTotal(**row) for row in found]


BEYOND = """
    SELECT region_code, business_date, units, total, factor, last_date, last_total,
           coalesce(ruled_by, '') AS ruled_by, coalesce(reason, '') AS reason
    FROM total_standing WHERE is_beyond AND (CAST(:region AS text) IS NULL OR region_code = :region)
    ORDER BY region_code
"""


def _look_at(connection: Connection, on: date | None) -> None:
    """The views speak of this business date for the rest of the transaction."""
    query = "SELECT set_config('stable_jobs.business_date', :on, true)"
    connection.execute(text(query), {"on": "" if on is None else on.isoformat()})


def policy_version(connection: Connection, region_code: str) -> dict[str, str]:
    """What a region's money goes by, for manifests: the values' hash, and by whom they are confirmed."""
    row = connection.execute(
        text(
            "SELECT hash, is_confirmed, proposal_id, files FROM policy_standing WHERE region_code = :region"
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
    query = """
        SELECT cause || ': ' || detail FROM (SELECT * FROM policy_stops UNION ALL SELECT * FROM total_stops) s
        WHERE region_code = :region ORDER BY cause LIMIT 1
    """
    return str(connection.scalar(text(query), {"region": region_code}) or "")


def differences_of(connection: Connection, values: Mapping[str, Content], on: date) -> Listing:
    """These values beside what is confirmed for that date: one row per difference."""
    fill_values(connection, "asked_values", values)
    return _listing(connection, ASKED.format(source="asked_values"), on=on)


def differences_of_proposal(connection: Connection, proposal_id: int) -> Listing:
    """What a proposal of the kind `policy` asks to confirm, beside what is confirmed for its date."""
    source = """(
        SELECT v.region_code, v.content, v.hash FROM proposals p
        CROSS JOIN LATERAL jsonb_each_text(p.content -> 'regions') r
        JOIN policy_values v ON (v.region_code, v.hash) = (r.key, r.value)
        WHERE p.kind = 'policy' AND p.id = :id)"""
    date_of = "SELECT content ->> 'from' FROM proposals WHERE id = :id AND kind = 'policy'"
    found = connection.scalar(text(date_of), {"id": proposal_id})
    return _listing(connection, ASKED.format(source=source), on=found, id=proposal_id)


ASKED = """
    SELECT a.region_code AS region, d.name, d.old ->> 'value' AS old, d.new ->> 'value' AS new,
           d.old ->> 'reference' AS "old reference", d.new ->> 'reference' AS "new reference",
           d.new ->> 'from' AS "from",
           (SELECT min(f.business_date) FROM policy_nights f
            WHERE (f.region_code, f.hash) = (a.region_code, a.hash)) AS "first night",
           CASE WHEN c.hash IS NULL THEN 'nothing' WHEN c.files IS NOT NULL THEN 'demonstration'
                ELSE p.proposed_by || ', ' || k.decided_by END AS "old confirmed by"
    FROM {source} a
    LEFT JOIN LATERAL (
        SELECT s.hash, s.files, s.proposal_id, v.content FROM policy_confirmations s
        JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
        WHERE s.region_code = a.region_code AND s.effective_on <= CAST(:on AS date)
        ORDER BY s.effective_on DESC, s.id DESC LIMIT 1) c ON true
    LEFT JOIN proposals p ON p.id = c.proposal_id LEFT JOIN proposal_decisions k ON k.proposal_id = p.id
    CROSS JOIN LATERAL (
        SELECT coalesce(n.key, o.key) AS name, o.value AS old, n.value AS new
        FROM jsonb_each(a.content) n FULL JOIN jsonb_each(coalesce(c.content, '{{}}')) o ON o.key = n.key
        WHERE n.value IS DISTINCT FROM o.value) d
    WHERE c.hash IS DISTINCT FROM a.hash
    ORDER BY 1, 2
"""


def _listing(connection: Connection, query: str, **values: object) -> Listing:
    found = connection.execute(text(query), values)
    return Listing(tuple(found.keys()), tuple(tuple(row) for row in found))


def confirmations(connection: Connection, region: str | None = None) -> Listing:
    """Every confirmation: of which region, from when, by whom, by which proposal."""
    return _listing(connection, CONFIRMATIONS, region=region)


CONFIRMATIONS = f"""
    SELECT c.region_code AS region, c.effective_on AS "from", c.proposal_id::text AS proposal,
           coalesce(p.proposed_by, 'stable-jobs (demonstration)') AS "proposed by",
           d.decided_by AS "confirmed by",
           p.reason, c.hash AS "values"
    FROM policy_confirmations c LEFT JOIN proposals p ON p.id = c.proposal_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
    WHERE {within("c.region_code")} ORDER BY c.region_code, c.effective_on, c.id
"""
