"""The values that a region's money rests on: found by every night, confirmed by two people, or nothing moves.

`night_values` holds, per region, what the files say for the event's date. Values are JSON of
`<scheme>.<parameter>` to `value`, `from` and `reference`, without an account number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import run_statements
from stable_jobs.store.loading import load_rows, temporary_table

KIND = "policy"
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
    run_statements(event.connection, (VALUES, NIGHTS))


def note_banks(event: Event, banks: Mapping[str, Content]) -> None:
    """Note again what the event's night has, with these values of the bank profiles instead of those noted.

    banks: by region; a region of which the night noted nothing is left out.
    """
    fill_values(event.connection, "bank_values", banks)
    temporary_table(event.connection, "night_values", VALUES_COLUMNS)
    run_statements(event.connection, (WITH_BANKS, VALUES, NIGHTS))


VALUES_COLUMNS = {"region_code": "text", "content": "jsonb", "hash": "text"}

WITH_BANKS = """
    INSERT INTO night_values (region_code, content, hash)
    SELECT region_code, content, policy_hash(content) FROM (
        SELECT s.region_code, coalesce((
            SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(v.content) e
            WHERE NOT starts_with(e.key, 'bank.')), '{}') || b.content AS content
        FROM policy_standing s JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
        JOIN bank_values b ON b.region_code = s.region_code WHERE s.business_date = ledger_date()
    ) merged
"""


def noted(connection: Connection) -> dict[str, date | None]:
    """Region of which the event's night noted its values → its deadline; None if not confirmed."""
    found = connection.execute(
        text("""
            SELECT s.region_code, CASE WHEN s.is_confirmed
                THEN CAST(v.content -> 'general.deadline' ->> 'value' AS date) END AS deadline
            FROM policy_standing s JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
            WHERE s.business_date = ledger_date()
        """)
    )
    return {row.region_code: row.deadline for row in found}


VALUES = """
    INSERT INTO policy_values (region_code, hash, content)
    SELECT region_code, hash, content FROM night_values n
    WHERE NOT EXISTS (
        SELECT FROM policy_values v WHERE (v.region_code, v.hash) = (n.region_code, n.hash))
    ORDER BY region_code
"""

NIGHTS = """
    INSERT INTO policy_nights (region_code, hash)
    SELECT n.region_code, n.hash FROM night_values n
    LEFT JOIN policy_standing s ON s.region_code = n.region_code AND s.business_date = ledger_date()
    WHERE s.hash IS DISTINCT FROM n.hash ORDER BY n.region_code
"""


def unconfirmed(connection: Connection) -> list[str]:
    """Regions that their values stop on the event's date."""
    return list(connection.execute(text("SELECT region_code FROM policy_stops ORDER BY 1")).scalars())


def confirm_demonstration(event: Event, values: Mapping[str, Content], files: str) -> None:
    """Count as confirmed, in a demonstration, what equals the demonstration's own values.

    files: SHA-256 of the files they come from. Other files than the first that counted do not count: whoever
    edits them in their place has them confirmed by people.
    """
    fill_values(event.connection, "own_values", values)
    event.connection.execute(text(DEMONSTRATION), {"files": files})


DEMONSTRATION = """
    INSERT INTO policy_confirmations (region_code, effective_on, hash, files)
    SELECT s.region_code, ledger_date(), s.hash, :files
    FROM policy_standing s JOIN own_values o ON (o.region_code, o.hash) = (s.region_code, s.hash)
    WHERE NOT s.is_confirmed AND NOT o.content ?| ARRAY['fault', 'bank.fault']
      AND NOT EXISTS (SELECT FROM policy_confirmations k WHERE k.files <> :files)
    ORDER BY s.region_code
"""


def note_totals(connection: Connection) -> None:
    """Write down the total of each region in `night_regions` that is not held, where it is not noted so."""
    connection.execute(text(TOTALS))


TOTALS = """
    INSERT INTO region_totals (region_code, units, total, factor, floor)
    SELECT * FROM (
        SELECT r.region_code, count(u.uscc) AS units,
               least(coalesce(sum(u.entitlement), 0), 9999999999999999.99) AS total,
               (v.content -> 'general.total_factor' ->> 'value')::numeric AS factor,
               (v.content -> 'general.total_floor' ->> 'value')::numeric AS floor
        FROM night_regions r JOIN policy_standing s ON s.region_code = r.region_code
        JOIN policy_values v ON (v.region_code, v.hash) = (s.region_code, s.hash)
        LEFT JOIN night_units u ON u.region_code = r.region_code AND u.decision = 'eligible'
        WHERE NOT r.is_held GROUP BY r.region_code, v.content
    ) t
    WHERE NOT EXISTS (
        SELECT FROM total_standing s
        WHERE s.region_code = t.region_code AND s.business_date = ledger_date()
          AND (s.units, s.total) = (t.units, t.total) AND s.factor IS NOT DISTINCT FROM t.factor)
    ORDER BY region_code
"""


def hold_stopped(connection: Connection) -> list[str]:
    """Mark as held in `night_regions` what its values or its total stop: the ledger stays as it was there.

    The regions, by code. Their decision stands; once people have ruled, the same night is taken over.
    """
    connection.execute(text(HOLD.format(stops="policy_stops")))
    note_totals(connection)
    connection.execute(text(HOLD.format(stops="total_stops")))
    found = "SELECT region_code FROM policy_stops UNION SELECT region_code FROM total_stops ORDER BY 1"
    return list(connection.execute(text(found)).scalars())


HOLD = """
    UPDATE night_regions r SET is_held = true FROM {stops} s
    WHERE s.region_code = r.region_code AND NOT r.is_held
"""


def propose_values(
    event: Event, values: Mapping[str, Content], area: str, on: date, reason: str, person: str
) -> tuple[int, int]:
    """A person vouches for exactly these values, from a date on; the proposal's number and how many regions.

    Only what differs from what is confirmed for that date. LedgerRefused where nothing does.
    """
    connection = event.connection
    fill_values(connection, "night_values", values)
    asked = connection.execute(text(ASKED), {"on": on}).all()
    if not asked:
        raise LedgerRefused(f"region {area}: every value for {on} is confirmed: there is nothing to propose")
    run_statements(connection, (VALUES,))
    number = propose(
        event,
        KIND,
        subject=f"policy from {on}",
        region_code=area,
        reason=reason,
        person=person,
        content={"from": on.isoformat(), "regions": {row.region_code: row.hash for row in asked}},
    )
    return number, len(asked)


ASKED = """
    SELECT n.region_code, n.hash FROM night_values n
    LEFT JOIN LATERAL (
        SELECT k.hash FROM policy_confirmations k
        WHERE k.region_code = n.region_code AND k.effective_on <= :on
        ORDER BY k.effective_on DESC, k.id DESC LIMIT 1) c ON true
    WHERE c.hash IS DISTINCT FROM n.hash ORDER BY 1
"""


def confirm_values(event: Event, proposal: Proposal, _: str) -> None:
    """What follows from a confirmed proposal of the kind `policy`: those values count from its date on."""
    event.connection.execute(
        text("""
            INSERT INTO policy_confirmations (region_code, effective_on, hash, proposal_id)
            SELECT r.key, CAST(p.content ->> 'from' AS date), r.value, p.id
            FROM proposals p, jsonb_each_text(p.content -> 'regions') r WHERE p.id = :id ORDER BY r.key
        """),
        {"id": proposal.id},
    )


def accept_total(event: Event, region_code: str, on: date, reason: str, person: str) -> None:
    """A person lets a region's total of a night stand. LedgerRefused where none of that night is stopped."""
    known = event.connection.execute(
        text("""
            SELECT t.id, t.is_beyond, t.total, r.ruled_by FROM region_totals t
            LEFT JOIN total_rulings r ON r.total_id = t.id
            WHERE t.region_code = :region AND t.business_date = :on ORDER BY t.id DESC LIMIT 1
        """),
        {"region": region_code, "on": on},
    ).one_or_none()
    if known is None or not known.is_beyond or known.ruled_by is not None:
        why = "no total of that night is known"
        if known is not None:
            why = f"{known.ruled_by} accepted it" if known.is_beyond else "its total stops nothing"
        raise LedgerRefused(f"region {region_code} on {on}: {why}")
    event.connection.execute(
        text("INSERT INTO total_rulings (total_id, reason, ruled_by) VALUES (:id, :reason, :person)"),
        {"id": known.id, "reason": reason, "person": person},
    )
    event.detail.update({"region": region_code, "night": on.isoformat(), "total": str(known.total)})
