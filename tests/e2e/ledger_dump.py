"""The whole ledger by its own keys: two ledgers with the same dump say the same, however they were written.

No number that a sequence gave, no instant, no hash over them, no account; where the order of rows is their
meaning (the history of a payment), their place in it. Of every event: who, what kind, which date, its detail,
and how many rows it wrote of each table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

ENTITLEMENT = "concat_ws(' ', e.region_code, e.uscc, e.policy_year)"
PAYMENT = f"""(
    SELECT concat_ws(' ', {ENTITLEMENT}, p.ordinal)
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id WHERE p.id = {{}})"""
DOUBT = """
    SELECT concat_ws(' ', d.kind, e.region_code, e.uscc, o.region_code, o.uscc)
    FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
    JOIN entitlements o ON o.id = d.other_entitlement_id WHERE d.id = t.doubt_id
"""
KEYS = {
    "entitlement_id": f"SELECT {ENTITLEMENT} FROM entitlements e WHERE e.id = t.entitlement_id",
    "payment_id": PAYMENT.format("t.payment_id"),
    "notice_id": "SELECT concat_ws(' ', region_code, opened_on, ordinal) FROM notices WHERE id = t.notice_id",
    "batch_id": "SELECT batch_no FROM batches WHERE id = t.batch_id",
    "line_id": """
        SELECT b.batch_no || ' ' || l.line_no
        FROM payment_lines l JOIN batches b ON b.id = l.batch_id WHERE l.id = t.line_id""",
    "answer_id": "SELECT sha256 FROM bank_answers WHERE id = t.answer_id",
    "decision_id": "SELECT fingerprint FROM snapshots WHERE id = t.decision_id",
    "event_id": """
        SELECT concat_ws(' ', b ->> 'actor', b ->> 'kind', b ->> 'subject', b ->> 'business_date')
        FROM (SELECT body::jsonb AS b FROM audit_events WHERE id = t.event_id) said""",
    "objection_id": f"""
        SELECT {PAYMENT.format("o.payment_id")} || ' ' || o.reason
        FROM objections o WHERE o.id = t.objection_id""",
    "correction_id": f"""
        SELECT {PAYMENT.format("c.payment_id")} || ' ' || c.after_attempt
        FROM account_corrections c WHERE c.id = t.correction_id""",
    "case_id": f"""
        SELECT {ENTITLEMENT} || ' ' || c.opened_on
        FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id WHERE c.id = t.case_id""",
    "refund_id": """
        SELECT concat_ws(' ', region_code, policy_year, voucher_no)
        FROM reported_refunds WHERE id = t.refund_id""",
    "stop_id": "SELECT region_code || ' ' || reason FROM payment_stops WHERE id = t.stop_id",
    "proposal_id": "SELECT concat_ws(' ', kind, region_code, subject) FROM proposals WHERE id ="
    " t.proposal_id",
    "subject_id": """
        SELECT concat_ws(' ', kind, fingerprint) FROM snapshots WHERE subject = 'snapshot' AND id =
        t.subject_id
        UNION ALL SELECT concat_ws(' ', extract, region_code, sha256) FROM deliveries
            WHERE subject = 'delivery' AND id = t.subject_id
        UNION ALL SELECT concat_ws(' ', business_date, extract, fingerprint) FROM validations
            WHERE subject = 'validation' AND id = t.subject_id""",
    "new_account_id": f"""
        SELECT {ENTITLEMENT} || ' ' || md5(n.account_no)
        FROM new_accounts n JOIN entitlements e ON e.id = n.entitlement_id WHERE n.id = t.new_account_id""",
    "doubt_id": DOUBT,
    "other_entitlement_id": f"SELECT {ENTITLEMENT} FROM entitlements e WHERE e.id = t.other_entitlement_id",
    "night_id": "SELECT concat_ws(' ', region_code, business_date) FROM region_nights WHERE id = t.night_id",
    "last_id": "SELECT concat_ws(' ', region_code, business_date) FROM region_totals WHERE id = t.last_id",
    "total_id": "SELECT concat_ws(' ', region_code, business_date) FROM region_totals WHERE id = t.total_id",
    "release_id": "SELECT sha256 || ' ' || rule_id FROM delivery_releases WHERE id = t.release_id",
}
"""Column of a reference → the natural key of the row that it refers to."""
NATURAL = frozenset({"end_to_end_id", "rule_id"})
HISTORIES = {
    "state_changes": "payment_id",
    "batch_changes": "batch_id",
    "entitlement_revisions": "entitlement_id",
}
"""Tables whose rows follow one another, by what they are the history of."""
OWN = {
    "night_evidence": """'{"sha256": null}'::jsonb""",
    "published_files": """CASE
        WHEN batch_id IS NOT NULL AND (name = 'manifest.json' OR starts_with(name,
        'disbursement_application.'))
        THEN '{"sha256": null, "size_bytes": null}'::jsonb ELSE '{}' END""",
}
"""What a row has of its own ledger: a digest over its own numbers and names, a file with its anchor."""
EVENTS = "SELECT body FROM audit_events ORDER BY id"
COLUMNS = """
    SELECT c.table_name, array_agg(c.column_name::text) FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema IN ('public', 'ledger') AND t.table_type = 'BASE TABLE' AND c.table_name IN (
        SELECT table_name FROM information_schema.columns WHERE column_name = 'event_id'
        UNION ALL SELECT 'entitlements')
    GROUP BY c.table_name ORDER BY c.table_name
"""


def dump_ledger(connection: Connection) -> dict[str, list[str]]:
    """Table → its rows as JSON, sorted; `audit_events` likewise, without their order."""
    found = {name: _rows(connection, name, columns) for name, columns in connection.execute(text(COLUMNS))}
    assert {"payments", "instructions", "bank_results", "entitlements", "state_changes"} <= found.keys()
    return found | {"audit_events": sorted(map(_event, connection.execute(text(EVENTS)).scalars()))}


def _rows(connection: Connection, table: str, columns: list[str]) -> list[str]:
    references = [name for name in columns if name.endswith("_id") and name not in NATURAL]
    pairs = "".join(f", '{name}', ({KEYS[name]})" for name in references)
    place = (
        f", 'place', row_number() OVER (PARTITION BY {HISTORIES[table]} ORDER BY id)"
        if table in HISTORIES
        else ""
    )
    account = ", 'account_no', md5(t.account_no)" if "account_no" in columns else ""
    built = f"jsonb_build_object('table', '{table}'{pairs}{place}{account})"
    own = f" || {OWN[table]}" if table in OWN else ""
    query = f"SELECT (to_jsonb(t) - 'id' || {built}{own})::text FROM {table} t"
    return sorted(connection.exec_driver_sql(query).scalars())


def _event(body: str) -> str:
    said: Mapping[str, Any] = json.loads(body)
    kept = {name: value for name, value in said.items() if name not in ("id", "at", "rows")}
    rows = {table: found["rows"] for table, found in said["rows"].items()}
    return json.dumps(kept | {"rows": rows}, ensure_ascii=False, sort_keys=True)


def differences(
    found: Mapping[str, list[str]], expected: Mapping[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """Table → a few rows that only one side has."""
    sides = {
        table: (
            _only(found.get(table, []), expected.get(table, [])),
            _only(expected.get(table, []), found.get(table, [])),
        )
        for table in found.keys() | expected.keys()
    }
    return {table: (ours[:3], theirs[:3]) for table, (ours, theirs) in sides.items() if ours or theirs}


def _only(rows: list[str], others: list[str]) -> list[str]:
    return sorted((Counter(rows) - Counter(others)).elements())
