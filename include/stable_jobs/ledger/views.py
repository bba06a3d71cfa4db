"""What people are shown of the ledger: lists to work through, one unit's history, the sums. Reads only.

Each function gives a `Listing` whose headers are the query's own column names. Numbers that count nothing
(ids, years, levels) are text. Of an account the last four characters are
shown, and those only of eight or more.
"""

# ruff: noqa: S608 - what is put into the queries is this module's own

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Listing:
    """A table to print."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Which:
    """Which rows: of a region and all below it, or of one unit of exactly that region.

    is_all: those that wait for nobody any more, too.
    """

    region: str | None = None
    uscc: str | None = None
    is_all: bool = False


EVERY = Which()


def _ask(connection: Connection, query: str, **values: object) -> Listing:
    found = connection.execute(text(query), values)
    return Listing(tuple(found.keys()), tuple(tuple(row) for row in found))


def within(column: str) -> str:
    """SQL: the region asked for or one below it; all where none is asked for."""
    return f"(CAST(:region AS text) IS NULL OR is_within({column}, :region))"


def at(event: str = "a") -> str:
    """SQL: the minute, in Asia/Shanghai, at which an audit event was written."""
    return f"replace(left({event}.body::jsonb ->> 'at', 16), 'T', ' ')"


def actor() -> str:
    """SQL: who did the event, and beside the name whether nobody checked that."""
    return "as_known(a.body::jsonb ->> 'actor', a.id)"


OF_UNIT = f"""
    {within("e.region_code")}
    AND (CAST(:uscc AS text) IS NULL
         OR e.region_code = CAST(:region AS text)
            AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
"""
"""A unit is found by each of its codes."""
THE_UNIT = "e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc))"


def objections(connection: Connection, which: Which = EVERY) -> Listing:
    """Objections that wait for a decision, oldest first; with the decided ones where all are asked for."""
    return _ask(connection, OBJECTIONS, **vars(which))


OBJECTIONS = f"""
    SELECT o.id::text AS id, e.region_code AS region, e.uscc, e.unit_name AS unit, p.amount AS yuan,
           o.reason AS objection, as_known(o.entered_by, o.event_id) AS "entered by", {at()} AS at,
           p.state AS payment, coalesce(k.outcome, 'open') AS decision,
           as_known(k.decided_by, k.event_id) AS "decided by", k.reason AS why
    FROM objections o JOIN payments p ON p.id = o.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN audit_events a ON a.id = o.event_id LEFT JOIN objection_decisions k ON k.objection_id = o.id
    WHERE (:is_all OR k.objection_id IS NULL) AND {OF_UNIT} ORDER BY o.id
"""


def recoveries(connection: Connection, which: Which = EVERY) -> Listing:
    """Recovery cases that nobody has closed; with the closed ones where all are asked for."""
    return _ask(connection, RECOVERIES, **vars(which))


RECOVERIES = f"""
    SELECT c.id::text AS id, e.region_code AS region, e.uscc, e.unit_name AS unit,
           e.policy_year::text AS year, c.amount AS yuan, c.reason AS cause, c.opened_on AS opened,
           coalesce(k.outcome, 'open') AS outcome,
           as_known(k.closed_by, k.event_id) AS "closed by", k.reason AS why
    FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
    LEFT JOIN recovery_closings k ON k.case_id = c.id
    WHERE (:is_all OR k.case_id IS NULL) AND {OF_UNIT} ORDER BY c.id
"""


def refunds(connection: Connection, which: Which = EVERY) -> Listing:
    """Refunds reported by finance that may be ours and wait for a ruling; all that concern ours if asked."""
    return _ask(connection, REFUNDS, **vars(which))


REFUNDS = f"""
    SELECT e.id::text AS id, e.region_code AS region, e.uscc, u.unit_name AS unit,
           e.policy_year::text AS year, e.scheme, e.amount AS yuan, e.paid_date AS "paid on",
           e.voucher_no AS voucher, e.payment_reference AS reference, e.standing, k.ruling,
           as_known(k.ruled_by, k.event_id) AS "ruled by", k.reason AS why
    FROM reported_refunds e LEFT JOIN refund_rulings k ON k.refund_id = e.id
    LEFT JOIN entitlements u
        ON (u.region_code, u.uscc, u.policy_year) = (e.region_code, e.uscc, e.policy_year)
    WHERE (:is_all OR e.standing = 'doubtful' AND k.refund_id IS NULL) AND {OF_UNIT} ORDER BY e.id
"""


def holds(connection: Connection, which: Which = EVERY) -> Listing:
    """Holds that stand; with the released ones where all are asked for."""
    return _ask(connection, HOLDS, region=which.region, is_all=which.is_all)


HOLDS = f"""
    SELECT h.id::text AS id, h.region_code AS region, h.reason,
           as_known(h.held_by, h.event_id) AS "held by", {at()} AS at,
           as_known(r.released_by, r.event_id) AS "released by", {at("b")} AS released, r.reason AS why
    FROM region_holds h JOIN audit_events a ON a.id = h.event_id
    LEFT JOIN region_hold_releases r ON r.hold_id = h.id LEFT JOIN audit_events b ON b.id = r.event_id
    WHERE (:is_all OR r.hold_id IS NULL) AND {within("h.region_code")} ORDER BY h.id
"""


def assigned(connection: Connection, which: Which = EVERY) -> Listing:
    """Who is assigned as approver where; of a region: those assigned there, above and below."""
    return _ask(connection, ASSIGNED, region=which.region)


ASSIGNED = f"""
    SELECT s.person, s.region_code AS region, s.level::text AS level,
           as_known(c.entered_by, c.event_id) AS "assigned by", {at()} AS at
    FROM assigned_approvers s
    JOIN LATERAL (
        SELECT entered_by, event_id FROM approver_changes
        WHERE (person, region_code, level) = (s.person, s.region_code, s.level)
        ORDER BY id DESC LIMIT 1) c ON true
    JOIN audit_events a ON a.id = c.event_id
    WHERE {within("s.region_code")} OR is_within(:region, s.region_code)
    ORDER BY s.region_code, s.level, s.person
"""


def is_assigned(connection: Connection, person: str, region_code: str, level: int) -> bool:
    """Whether that person is assigned as approver of that level for exactly that region."""
    query = """
        SELECT EXISTS (SELECT FROM assigned_approvers
            WHERE (person, region_code, level) = (:person, :region, :level))
    """
    values = {"person": person, "region": region_code, "level": level}
    return bool(connection.scalar(text(query), values))


def budgets(connection: Connection) -> Listing:
    """Every budget entered by people, the newest of each pooling region and year last and in force.

    committed: yuan in batches, instructed and not withdrawn, each payment once.
    """
    return _ask(connection, BUDGETS)


BUDGETS = f"""
    SELECT k.pooling_region AS region, k.policy_year::text AS year, k.amount AS yuan,
           k.id = max(k.id) OVER (PARTITION BY k.pooling_region, k.policy_year) AS "in force",
           coalesce(s.committed, 0) AS committed, k.reason,
           as_known(k.entered_by, k.event_id) AS "entered by", {at()} AS at
    FROM budget_entries k JOIN audit_events a ON a.id = k.event_id
    LEFT JOIN (
        SELECT l.pooling_region, e.policy_year, sum(l.amount) AS committed
        FROM payment_lines l JOIN payments p ON p.id = l.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id
        WHERE l.id = (SELECT max(id) FROM payment_lines WHERE payment_id = p.id)
          AND p.state IN ('batched', 'instructed', 'paid', 'returned', 'corrected')
        GROUP BY l.pooling_region, e.policy_year
    ) s ON (s.pooling_region, s.policy_year) = (k.pooling_region, k.policy_year)
    ORDER BY k.pooling_region, k.policy_year, k.id
"""


def batch_list(connection: Connection, on: date | None = None, *, is_open: bool = False) -> Listing:
    """Batches by number; those formed on a date, those that are neither published, voided nor refused."""
    return _ask(connection, BATCHES, on=on, is_open=is_open)


BATCHES = """
    SELECT batch_no AS batch, region_code AS region, business_date AS formed, review_level::text AS level,
           count AS units, total AS yuan, state, reason
    FROM batches
    WHERE (NOT :is_open OR state = 'formed') AND (CAST(:on AS date) IS NULL OR business_date = :on)
    ORDER BY batch_no
"""


def batch_history(connection: Connection, batch_id: int) -> Listing:
    """What became of a batch: each change of its state, of which night, when, by whom and why."""
    return _ask(connection, BATCH_HISTORY, id=batch_id)


BATCH_HISTORY = f"""
    SELECT c.to_state AS state, c.changed_on AS night, {at()} AS at, {actor()} AS by,
           c.reason, c.event_id::text AS event
    FROM batch_changes c JOIN audit_events a ON a.id = c.event_id WHERE c.batch_id = :id ORDER BY c.id
"""


def batch_answers(connection: Connection, batch_id: int) -> Listing:
    """Who answered for a batch, where, under a checked login or not, and who ran the command line."""
    return _ask(connection, BATCH_ANSWERS, id=batch_id)


BATCH_ANSWERS = f"""
    SELECT p.level::text AS level, p.approver, p.answer, p.reason, p.answered_in AS "answered in",
           CASE WHEN h.is_authenticated THEN 'authenticated' ELSE 'unauthenticated' END AS login,
           coalesce(h.os_user || '@' || h.host, '') AS "system user", {at()} AS at
    FROM approvals p JOIN audit_events a ON a.id = p.event_id JOIN approval_hands h ON h.approval_id = p.id
    WHERE p.batch_id = :id ORDER BY p.level
"""


def batch_preparers(connection: Connection, batch_id: int) -> Listing:
    """Who had a hand in a line of a batch, and by what: they may not approve it."""
    return _ask(connection, BATCH_PREPARERS, id=batch_id)


BATCH_PREPARERS = """
    SELECT as_known(p.person, h.event_id) AS person, p.deed
    FROM batch_preparers p
    LEFT JOIN LATERAL (
        SELECT min(event_id) AS event_id FROM event_hands
        WHERE person = p.person AND NOT is_authenticated) h ON true
    WHERE p.batch_id = :id ORDER BY p.person, p.deed
"""
"""Marked is who ever acted under a login that nobody checked: a preparer has no event of their own."""


def unit_sums(connection: Connection, region_code: str, uscc: str) -> Listing:
    """One unit's entitlements, year by year; no row where the ledger does not know it."""
    return _ask(connection, UNIT_SUMS, region=region_code, uscc=uscc)


UNIT_SUMS = f"""
    SELECT s.policy_year::text AS year, s.uscc, s.unit_name AS unit, s.scheme, s.entitled_amount AS entitled,
           s.outside, s.paid, s.open, s.waived, s.recovering, e.decided_on AS decided
    FROM entitlements e
    CROSS JOIN LATERAL (SELECT * FROM entitlement_standing s WHERE s.entitlement_id = e.id OFFSET 0) s
    WHERE {THE_UNIT} ORDER BY s.policy_year
"""
"""OFFSET 0 keeps the planner from adding up every unit's payments to show one unit's."""


def unit_changes(connection: Connection, region_code: str, uscc: str) -> Listing:
    """Every change of state of a unit's payments: which night, when, by whom and why."""
    return _ask(connection, UNIT_CHANGES, region=region_code, uscc=uscc)


UNIT_CHANGES = f"""
    SELECT e.policy_year || '-' || lpad(p.ordinal::text, 2, '0') AS payment, p.amount AS yuan,
           c.to_state AS state, c.changed_on AS night, {at()} AS at, {actor()} AS by,
           c.reason, c.event_id::text AS event
    FROM state_changes c JOIN payments p ON p.id = c.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN audit_events a ON a.id = c.event_id
    WHERE {THE_UNIT} ORDER BY c.id
"""


def unit_lines(connection: Connection, region_code: str, uscc: str) -> Listing:
    """The lines of a unit's payments in batches, with the masked account and the bank's answer."""
    return _ask(connection, UNIT_LINES, region=region_code, uscc=uscc)


UNIT_LINES = f"""
    SELECT l.end_to_end_id AS line, b.batch_no AS batch, b.state, l.amount AS yuan, l.bank_name AS bank,
           m.account, l.account_source AS source, i.instructed_on AS instructed, r.outcome AS answer,
           concat_ws(' ', r.reason_code, r.reason_text) AS "bank's reason",
           (SELECT string_agg(DISTINCT c.outcome, ' ') FROM open_contradictions c WHERE c.line_id = l.id)
               AS "then said"
    FROM payment_lines l JOIN batches b ON b.id = l.batch_id JOIN payments p ON p.id = l.payment_id
    JOIN entitlements e ON e.id = p.entitlement_id JOIN masked_accounts m ON m.line_id = l.id
    LEFT JOIN instructions i ON i.line_id = l.id LEFT JOIN line_results r ON r.line_id = l.id
    WHERE {THE_UNIT} ORDER BY l.id
"""


def sums(connection: Connection, region_code: str | None = None) -> Listing:
    """Per region and policy year, and over all regions asked for (`all`), yuan.

    entitled = outside + paid + open + waived - recovering.
    """
    return _ask(connection, SUMS, region=region_code)


SUMS = f"""
    SELECT coalesce(region_code, 'all') AS region, policy_year::text AS year, count(*) AS units,
           sum(entitled_amount) AS entitled, sum(outside) AS outside, sum(paid) AS paid, sum(open) AS open,
           sum(waived) AS waived, sum(recovering) AS recovering
    FROM entitlement_standing WHERE {within("region_code")}
    GROUP BY GROUPING SETS ((region_code, policy_year), (policy_year)) ORDER BY policy_year, 1
"""


def newest_date(connection: Connection) -> date | None:
    """The newest business date of which the ledger took over a night."""
    found: date | None = connection.scalar(text("SELECT max(business_date) FROM standing_nights"))
    return found


def proposals(connection: Connection, which: Which = EVERY) -> Listing:
    """What waits for a second person, oldest first; with what is answered where all is asked for."""
    return _ask(connection, PROPOSALS, region=which.region, is_all=which.is_all)


PROPOSALS = f"""
    SELECT p.id::text AS id, p.kind, p.region_code AS region, p.subject, p.reason,
           as_known(p.proposed_by, p.event_id) AS "proposed by", {at()} AS at,
           coalesce(d.outcome, 'open') AS answer,
           as_known(d.decided_by, d.event_id) AS "answered by", d.reason AS why
    FROM proposals p JOIN audit_events a ON a.id = p.event_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id
    WHERE (:is_all OR d.proposal_id IS NULL) AND {within("p.region_code")} ORDER BY p.id
"""


def registered_codes(connection: Connection, which: Which = EVERY) -> Listing:
    """Codes that two people registered for a region though their check character is wrong."""
    return _ask(connection, REGISTERED, region=which.region)


REGISTERED = f"""
    SELECT r.code, r.region_code AS region, r.evidence, p.reason, p.proposed_by AS "proposed by",
           d.decided_by AS "confirmed by", {at()} AS at
    FROM registered_codes r JOIN audit_events a ON a.id = r.event_id
    JOIN proposals p ON p.id = r.proposal_id JOIN proposal_decisions d ON d.proposal_id = p.id
    WHERE {within("r.region_code")} ORDER BY r.region_code, r.code
"""


def doubts(connection: Connection, which: Which = EVERY) -> Listing:
    """Doubts that wait for a ruling, oldest first; with those that have ended where all are asked for."""
    return _ask(connection, DOUBTS, **vars(which))


DOUBTS = f"""
    SELECT d.id::text AS id, d.kind AS doubt, e.region_code AS region,
           concat_ws(' ', e.region_code, e.uscc, e.unit_name) AS one,
           concat_ws(' ', o.region_code, o.uscc, o.unit_name) AS other, d.units AS sharing,
           CASE WHEN EXISTS (
               SELECT FROM doubt_stops s WHERE s.entitlement_id IN (d.entitlement_id, d.other_entitlement_id)
               AND starts_with(s.detail, 'doubt ' || d.id || ' (')) THEN 'stops' ELSE 'shown' END AS effect,
           {at()} AS at,
           CASE k.outcome WHEN 'cleared' THEN 'two_units' WHEN 'same' THEN 'same_unit' WHEN 'gone' THEN 'gone'
                ELSE 'open' END AS ruling, k.ruled_by AS "ruled by", k.reason AS why
    FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
    JOIN entitlements o ON o.id = d.other_entitlement_id
    JOIN audit_events a ON a.id = d.event_id LEFT JOIN doubt_rulings k ON k.doubt_id = d.id
    WHERE (:is_all OR k.doubt_id IS NULL) AND (({OF_UNIT}) OR ({OF_UNIT.replace("e.", "o.")}))
    ORDER BY d.id
"""


def disagreements(connection: Connection, which: Which = EVERY) -> Listing:
    """Units of which the newest night's decision says another amount than the ledger."""
    return _ask(connection, DISAGREEMENTS, region=which.region, uscc=which.uscc)


DISAGREEMENTS = f"""
    SELECT e.region_code AS region, e.uscc, e.unit_name AS unit, e.policy_year::text AS year, e.cause,
           e.payable, e.already_paid AS "already paid", e.difference AS "to pay",
           e.counted AS "counted as paid"
    FROM open_disagreements e WHERE {OF_UNIT} ORDER BY e.region_code, e.uscc
"""


def changed_codes(connection: Connection, region_code: str, uscc: str) -> Listing:
    """How a unit's codes took each other's place, oldest first; no row for a unit that always had one."""
    return _ask(connection, CHANGED_CODES, region=region_code, uscc=uscc)


CHANGED_CODES = f"""
    SELECT c.old_code AS "old code", c.new_code AS "new code", {at()} AS at,
           coalesce('doubt ' || c.doubt_id, 'labor') AS source
    FROM code_changes c JOIN audit_events a ON a.id = c.event_id
    WHERE c.region_code = :region AND c.old_code IN (SELECT unit_codes(:region, :uscc)) ORDER BY c.id
"""
