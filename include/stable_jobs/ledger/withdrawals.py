"""A night that two people take back: it is no region's newest any more, and what it promised goes with it.

What was instructed stays, and so does the payment list of the night: the bank has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.candidates import UNBATCHED
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.proposals import Proposal, propose
from stable_jobs.ledger.statements import run_statements
from stable_jobs.regions import NATION

WITHDRAWAL = "night_withdrawal"


@dataclass(frozen=True)
class Undone:
    """What a region's night did that its withdrawal takes back, and what stays (yuan).

    announced: payments put on notice or cleared in its name, not instructed; batches: formed ones.
    """

    region_code: str
    night_id: int
    announced: int
    announced_yuan: Decimal
    batches: int
    instructed: int
    instructed_yuan: Decimal


def would_undo(connection: Connection, business_date: date, region_code: str = NATION) -> list[Undone]:
    """By region, of the regions in `region_code` whose newest night is that date's."""
    values = {"on": business_date, "region": region_code}
    return [Undone(*row) for row in connection.execute(text(UNDONE), values)]


OF_NIGHT = """
    (n.opened_on = w.business_date OR EXISTS (
        SELECT FROM notice_closings k WHERE k.notice_id = n.id AND k.closed_on = w.business_date))
"""
"""A payment's notice was opened or closed in the name of the night: its days are to run again."""

UNDONE = f"""
    SELECT w.region_code, (
            SELECT max(s.id) FROM standing_nights s
            WHERE s.region_code = w.region_code AND s.business_date = w.business_date),
        p.announced, p.announced_yuan, (
            SELECT count(*) FROM batches b WHERE b.region_code = w.region_code
            AND b.business_date = w.business_date AND b.state = 'formed'),
        i.instructed, i.instructed_yuan
    FROM newest_nights w
    CROSS JOIN LATERAL (
        SELECT count(*) AS announced, coalesce(sum(p.amount), 0) AS announced_yuan
        FROM payments p JOIN notices n ON n.id = p.notice_id
        WHERE n.region_code = w.region_code AND p.state IN ('on_notice', 'objected', 'cleared', 'batched')
          AND {OF_NIGHT}) p
    CROSS JOIN LATERAL (
        SELECT count(*) AS instructed, coalesce(sum(i.amount), 0) AS instructed_yuan
        FROM instructions i JOIN batches b ON b.id = i.batch_id
        WHERE b.region_code = w.region_code AND i.instructed_on = w.business_date) i
    WHERE w.business_date = :on AND is_within(w.region_code, :region)
    ORDER BY w.region_code
"""  # noqa: S608 - one constant of this module is put into another


def propose_withdrawal(
    event: Event, business_date: date, region_code: str, reason: str, person: str
) -> tuple[int, list[Undone]]:
    """A person asks that the night of a date be taken back, of a region and those below it; the proposal.

    LedgerRefused where it is nobody's newest night: what came after it stands on what came after.
    """
    found = would_undo(event.connection, business_date, region_code)
    if not found:
        raise LedgerRefused(_not_newest(event.connection, business_date, region_code))
    number = propose(
        event,
        WITHDRAWAL,
        subject=f"night {business_date.isoformat()}",
        reason=reason,
        person=person,
        region_code=region_code,
        content={
            "business_date": business_date.isoformat(),
            "nights": {one.region_code: one.night_id for one in found},
        },
    )
    return number, found


def _not_newest(connection: Connection, business_date: date, region_code: str) -> str:
    query = """
        SELECT string_agg(DISTINCT business_date::text, ', ' ORDER BY business_date::text) FROM newest_nights
        WHERE is_within(region_code, :region)
    """
    newest = connection.scalar(text(query), {"region": region_code}) or "none"
    return (
        f"the night of {business_date} is the newest night of no region of {region_code}; found: {newest};"
        " only a region's newest night can be withdrawn"
    )


def withdraw_night(event: Event, proposal: Proposal, person: str) -> None:
    """Another person has confirmed it. LedgerRefused where the night is not the newest any more."""
    connection = event.connection
    before = [
        one
        for one in would_undo(connection, date.fromisoformat(proposal.content["business_date"]))
        if one.region_code in proposal.content["nights"]
    ]
    run_statements(connection, (NIGHTS,), proposal=proposal.id)
    run_statements(connection, (VOIDED, UNBATCHED, TAKEN_BACK, SUPERSEDED, RECOGNISED))
    event.detail.update(
        business_date=proposal.content["business_date"],
        regions=sorted(proposal.content["nights"]),
        announced=sum(one.announced for one in before),
        instructed=sum(one.instructed for one in before),
        confirmed_by=person,
    )


NIGHTS = """
    INSERT INTO night_withdrawals (night_id, region_code, business_date, proposal_id)
    SELECT n.value::bigint, n.key, (p.content ->> 'business_date')::date, p.id
    FROM proposals p CROSS JOIN LATERAL jsonb_each_text(p.content -> 'nights') n
    WHERE p.id = :proposal ORDER BY n.key
"""

VOIDED = """
    UPDATE batches b SET state = 'voided', reason = 'the night was withdrawn'
    FROM night_withdrawals w
    WHERE w.event_id = ledger_event() AND b.state = 'formed' AND b.region_code = w.region_code
      AND b.business_date = w.business_date
"""

TAKEN_BACK = f"""
    UPDATE payments p SET state = 'withdrawn', reason = 'night_withdrawn',
        changed_on = coalesce(ledger_date(), p.changed_on)
    FROM notices n, night_withdrawals w
    WHERE n.id = p.notice_id AND w.event_id = ledger_event() AND w.region_code = n.region_code
      AND p.state IN ('on_notice', 'objected', 'cleared') AND {OF_NIGHT}
"""  # noqa: S608 - one constant of this module is put into another

SUPERSEDED = """
    INSERT INTO recovery_closings (case_id, outcome, reason, closed_by)
    SELECT c.id, 'superseded', 'the night was withdrawn', 'stable-jobs'
    FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
    JOIN night_withdrawals w ON w.event_id = ledger_event() AND w.region_code = e.region_code
        AND w.business_date = c.opened_on
    LEFT JOIN recovery_closings k ON k.case_id = c.id WHERE k.case_id IS NULL ORDER BY c.id
"""

RECOGNISED = """
    UPDATE entitlements e SET entitled_amount = s.outside + s.paid + s.open + s.waived - s.recovering
    FROM entitlement_standing s, night_withdrawals w
    WHERE w.event_id = ledger_event() AND s.region_code = w.region_code AND e.id = s.entitlement_id
      AND e.entitled_amount <> s.outside + s.paid + s.open + s.waived - s.recovering
"""
"""Recognised is what was settled and what is open; the next night weighs it again."""
