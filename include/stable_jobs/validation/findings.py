"""The findings of an earlier night, taken over where rows, rules and code are the same (ADR 0022).

Nothing is believed that the catalog does not prove. A fingerprint that was registered with the quarantine
says of which staged files, contract, registered codes and program the findings are, and the bytes of the
quarantine must be those that were registered. A rule whose text depends on the business date is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Rule, Severity
from stable_jobs.store.catalog import contents, snapshot_by_id
from stable_jobs.store.engine import quote_literal, read_parquet_sql
from stable_jobs.store.lake import Lake, LakeChanged
from stable_jobs.store.outcomes import RuleResult
from stable_jobs.store.validations import Validation, newest_of_findings
from stable_jobs.validation.run import substitute

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Findings:
    """What an earlier validation found by some of the rules.

    rules: those that say the same today; quarantine: the path of its Parquet file.
    """

    rules: tuple[Rule, ...]
    quarantine: str
    results: tuple[RuleResult, ...]


def earlier_findings(
    connection: Connection, lake: Lake, extract: str, fingerprint: str, rules: Sequence[Rule], on: date
) -> Findings | None:
    """The newest findings under that fingerprint; None where there are none, or their file was changed."""
    found = newest_of_findings(connection, extract, fingerprint)
    if found is None:
        return None
    name = snapshot_by_id(connection, found.quarantine_snapshot_id).name
    content = contents(connection, [name]).get(name)
    if content is None:
        return None
    try:
        path = lake.check(name, content)
    except LakeChanged as error:
        log.warning("%s is validated again: %s", extract, error)
        return None
    return _same(found, path, rules, on)


def _same(found: Validation, quarantine: str, rules: Sequence[Rule], on: date) -> Findings:
    same = tuple(
        r for r in rules if substitute(r.arguments, on) == substitute(r.arguments, found.business_date)
    )
    ids = {rule.id for rule in same}
    return Findings(same, quarantine, tuple(one for one in found.results if one.rule_id in ids))


def take_over(con: duckdb.DuckDBPyConnection, findings: Findings) -> bool:
    """Add the rows that broke the critical ones of the rules to `failures`.

    False, and no row, where they are not as many as were counted: then nothing is taken over.
    """
    critical = [rule.id for rule in findings.rules if rule.severity is Severity.CRITICAL]
    literals = ", ".join(map(quote_literal, critical)) or "NULL"
    con.execute(f"""
        INSERT INTO failures SELECT rule_id, row_id FROM (
            SELECT unnest(rules) AS rule_id, row_id FROM {read_parquet_sql([findings.quarantine])}
        ) WHERE rule_id IN ({literals})
    """)  # noqa: S608 - a quoted path and quoted rule ids
    asked = con.execute("SELECT rule_id, count(*) FROM failures GROUP BY ALL").fetchall()
    taken = {str(rule): int(rows) for rule, rows in asked}
    counted = dict.fromkeys(critical, 0)
    for one in findings.results:
        if one.rule_id in counted:
            counted[one.rule_id] += one.failed
    if {rule: rows for rule, rows in counted.items() if rows} == taken:
        return True
    log.warning("the quarantine %s has other rows than were counted: not taken over", findings.quarantine)
    con.execute("DELETE FROM failures")
    return False
