"""What finance reports as paid, laid beside what we paid: each payment is counted once.

A row with one of our references is ours. One without that equals a payment of ours in unit, year, scheme and
amount may be the same money or a second payment: a person rules, and until then nothing more is paid.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.statements import run_statements


def note_refunds(connection: Connection) -> None:
    """Record the rows of `night_refunds` about our payments; the rest, by unit, into `unit_outside`."""
    run_statements(connection, (MATCHED, NOTED, OUTSIDE))


MATCHED = """
    CREATE TEMPORARY TABLE matched ON COMMIT DROP AS
    SELECT f.*, CASE
        WHEN i.amount = f.amount THEN 'ours'
        WHEN i.amount IS NOT NULL THEN 'differs'
        WHEN f.payment_reference IS NULL AND EXISTS (
            SELECT FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
            LEFT JOIN ledger_codes c ON c.region_code = e.region_code AND c.code = e.uscc
            WHERE e.region_code = f.region_code AND coalesce(c.ledger_code, e.uscc) = f.uscc
              AND e.policy_year = f.policy_year
              AND p.scheme = f.scheme AND p.amount = f.amount AND p.state IN ('instructed', 'paid'))
        THEN 'doubtful' END AS standing
    FROM night_refunds f
    JOIN night_regions r ON r.region_code = f.region_code AND NOT r.is_held
    LEFT JOIN (
        SELECT i.end_to_end_id, i.amount, e.region_code, coalesce(c.ledger_code, e.uscc) AS uscc,
               e.policy_year
        FROM instructions i JOIN payments p ON p.id = i.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id
        LEFT JOIN ledger_codes c ON c.region_code = e.region_code AND c.code = e.uscc
    ) i ON (i.end_to_end_id, i.region_code, i.uscc, i.policy_year)
        = (f.payment_reference, f.region_code, f.uscc, f.policy_year)
    WHERE f.policy_year = extract(year FROM ledger_date())
"""
"""Another unit's reference proves nothing: such a row counts for the unit it names."""

NOTED = """
    INSERT INTO reported_refunds
        (region_code, voucher_no, uscc, policy_year, scheme, amount, paid_date, payment_reference, standing)
    SELECT region_code, voucher_no, uscc, policy_year, scheme, amount, paid_date, payment_reference, standing
    FROM matched WHERE standing IS NOT NULL ORDER BY region_code, voucher_no
    ON CONFLICT (region_code, policy_year, voucher_no) DO NOTHING
"""

OUTSIDE = """
    CREATE TEMPORARY TABLE unit_outside ON COMMIT DROP AS
    SELECT region_code, uscc, sum(amount) AS outside FROM (
        SELECT m.region_code, m.uscc, m.amount
        FROM matched m
        LEFT JOIN (
            SELECT f.*, coalesce(c.ledger_code, f.uscc) AS ledger_code FROM reported_refunds f
            LEFT JOIN ledger_codes c ON c.region_code = f.region_code AND c.code = f.uscc
        ) f ON (f.region_code, f.ledger_code, f.policy_year, f.voucher_no)
            = (m.region_code, m.uscc, m.policy_year, m.voucher_no)
        LEFT JOIN refund_rulings k ON k.refund_id = f.id
        WHERE coalesce(f.standing, '') NOT IN ('ours', 'differs')
          AND (f.standing IS DISTINCT FROM 'doubtful' OR k.ruling = 'outside')
        UNION ALL SELECT region_code, uscc, amount FROM paid_elsewhere WHERE amount > 0
    ) beside GROUP BY region_code, uscc
"""
"""With what the unit got under an entitlement that a person ruled to be the same unit's."""


def rule_on_refund(event: Event, refund_id: int, ruling: str, reason: str, person: str) -> None:
    """A person says whether a doubtful row is the `same` money as ours or was paid `outside`."""
    known = event.connection.scalar(
        text("SELECT standing FROM reported_refunds WHERE id = :id"), {"id": refund_id}
    )
    if known != "doubtful":
        raise LedgerRefused(
            f"refund {refund_id} is not in doubt: `stable-jobs refund list` shows those that are"
        )
    event.connection.execute(
        text("""
            INSERT INTO refund_rulings (refund_id, ruling, reason, ruled_by)
            VALUES (:id, :ruling, :reason, :person)
        """),
        {"id": refund_id, "ruling": ruling, "reason": reason, "person": person},
    )
    event.detail.update({"refund": refund_id, "ruling": ruling})


PAID_BY_US = """
    WITH ours AS (
        SELECT e.region_code, e.uscc, e.policy_year,
               CASE WHEN i.attempt = f.attempt AND NOT f.came_back THEN i.amount ELSE 0 END AS amount,
               i.end_to_end_id AS payment_reference, NULL AS voucher_no
        FROM instructions i
        JOIN payments p ON p.id = i.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id
        JOIN payments_sent(DATE '{on}') f ON f.payment_id = i.payment_id
        WHERE i.instructed_on < DATE '{on}'
          AND NOT (p.state IN ('withdrawn', 'waived') AND p.changed_on < DATE '{on}')
        UNION ALL
        SELECT f.region_code, f.uscc, f.policy_year, 0, NULL, f.voucher_no
        FROM reported_refunds f JOIN refund_rulings k ON k.refund_id = f.id AND k.ruling = 'same'
    )
    SELECT region_code, uscc, policy_year, amount, payment_reference, voucher_no FROM ours
    UNION ALL
    SELECT o.region_code, a.alias, o.policy_year, o.amount, o.payment_reference, o.voucher_no
    FROM ours o JOIN unit_aliases a ON a.region_code = o.region_code AND a.code = o.uscc
    ORDER BY 1, 2, 3, 5, 6
"""
"""What a night on `{on}` counts as paid by us: each payment once under every code of its unit, with every
reference finance may name. Money that came back is not already paid."""
