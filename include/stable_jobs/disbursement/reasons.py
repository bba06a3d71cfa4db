"""The reasons why payments did not go out on a date, for the person who ran the disbursement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stable_jobs.ledger.waits import Waits, waits
from stable_jobs.night.context import NightContext
from stable_jobs.night.handed import decision_to_pay
from stable_jobs.night.unlisted import after_lists
from stable_jobs.policy.determine import Decision
from stable_jobs.store.engine import quote_literal

SHOWN = 3
"""Extracts that are named; the report has all."""
WORDS = {
    "no_night": "no night of the region counts: run `stable-jobs night --date {on}`",
    "nothing_came": "it sent nothing for {on}: its newest night is {night}",
    "never_came": "it sent nothing for {on} and has no night that counts",
    "withdrawn": "the night of {on} was withdrawn: its newest night is {night}",
    "older_night": "there is no night of {on}: its newest night is {night}",
    "newer_night": "its newest night is {night}: disburse that date",
    "held": "held that night: {detail}",
    "notice": "on public notice until {detail}",
    "approval": "batch {detail} waits for an answer",
    "objection": "a decision on the objection: `stable-jobs objection list`",
    "account_correction": "another account: `stable-jobs returns list`",
    "hold": "payments are held: {detail}",
    "budget": "the refund budget does not reach",
    "refund_in_doubt": "a ruling on finance's refund: `stable-jobs refund list`",
    "year_over": "a person: it is of a policy year that is over",
    "review_level": "a known size",
    "account": "an account that a bank can take",
    "next_night": "the next night, which weighs what changed since this one",
}


def reasons(night: NightContext, left: Sequence[Waits]) -> tuple[Waits, ...]:
    """Each region's causes in words. left: payments ready when batches were formed that are in none."""
    with night.database.connect() as connection:
        known = waits(connection, night.business_date)
    explained = {one.region_code for one in left}
    rows = [one for one in known if one.cause != "waiting_list" or one.region_code not in explained]
    rows += left
    held = _held(night, decision_to_pay(night)) if any(one.cause == "held" for one in rows) else {}
    return tuple(
        replace(one, detail=_words(night, one, held))
        for one in sorted(rows, key=lambda w: (w.region_code, w.cause))
    )


def _words(night: NightContext, one: Waits, held: Mapping[str, str]) -> str:
    detail = held.get(one.region_code, "see the report") if one.cause == "held" else one.detail
    is_first = one.cause == "nothing_came" and one.night is None
    sentence = WORDS.get("never_came" if is_first else one.cause)
    if sentence is None:
        return detail or "see the list of what waits"
    return sentence.format(on=night.business_date, night=one.night, detail=detail)


def _held(night: NightContext, decision: Decision | None) -> dict[str, str]:
    """Region → the reasons for which nothing was decided."""
    if decision is None:
        return {}
    with night.database.connect() as connection:
        decision = after_lists(connection, decision)
    path = quote_literal(night.lake.path(decision.held.name))
    query = f"""
        SELECT region_code, string_agg(what, '; ' ORDER BY what) FROM (
            SELECT region_code, reason || ' × ' || count(*) || coalesce(' (' || nullif(concat_ws(', ',
                array_to_string(list_sort(list(coalesce(nullif(extract, ''), detail)))[:{SHOWN}], ', '),
                CASE WHEN count(*) > {SHOWN} THEN '…' END), '') || ')', '') AS what
            FROM read_parquet({path}) GROUP BY region_code, reason)
        GROUP BY region_code
    """  # noqa: S608 - the path goes through quote_literal
    return dict(night.duck.execute(query).fetchall())
