"""The question to a person who approves a batch, and the effect of the answer. The ledger decides on it."""

# ruff: noqa: S608 - what is put into the queries is this module's own

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.ledger.batches import (
    APPROVED,
    REFUSED,
    Batch,
    answer_hands,
    approval_answers,
    approvers,
    has_answer_on_trust,
    known_batch,
    missing_level,
    record_answer,
)
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.people import AIRFLOW, NO_REASON, Hand, acting, kept_reason
from stable_jobs.ledger.policies import (
    DEMO,
    PolicyChange,
    RegionTotal,
    policy_changes,
    policy_version,
    totals_beyond,
)
from stable_jobs.messages.ledger import BATCH_CHECK
from stable_jobs.money import format_yuan
from stable_jobs.night.context import NightContext
from stable_jobs.publishing.table import SCHEMES, names_of
from stable_jobs.rendering.text import visible

LARGEST = 10
MOST_CHANGES = 20
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>&~])")


@dataclass(frozen=True)
class Request:
    """One question to one level of approvers. body: Markdown, all foreign text escaped; no account."""

    batch_no: str
    batch_hash: str
    level: int
    subject: str
    body: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Against the last published batch of the same region and level: more units and yuan, or fewer."""

    batch_no: str
    count: int
    total: Decimal


@dataclass(frozen=True)
class Facts:
    """A batch as its approver sees it. Foreign text is as it came; no account.

    given: (level, approver, answer, reason); change: None for the first of its kind; checks: code of `CHECKS`
    → how many; largest: (unit, scheme, yuan), the largest amount first;
    hands: level → the place of its answer, as `answer_hands` gives it.
    """

    given: tuple[tuple[int, str, str, str], ...]
    change: Change | None
    checks: Mapping[str, int]
    largest: tuple[tuple[str, str, Decimal], ...]
    policy: tuple[PolicyChange, ...] = ()
    """The changes of the region's values since its last published batch."""
    totals: tuple[RegionTotal, ...] = ()
    confirmed: str = ""
    """The confirmation of its region's values: `proposal N`, `demonstration`, `no`; empty if not known."""
    hands: Mapping[int, str] = field(default_factory=dict)


def waiting_batches(night: NightContext, batches: Sequence[Batch]) -> list[Batch]:
    """Those of the batches that wait for an approval."""
    with night.database.connect() as connection:
        return [batch for batch in batches if missing_level(connection, batch) is not None]


def approval_request(
    night: NightContext, batch_no: str, level: int, *, is_authenticated: bool = False
) -> Request | None:
    """The question for that level; None if it is answered or not needed, or if the batch has ended.

    is_authenticated: for people who are assigned under a checked login and act under one; nobody is asked
    beside an answer on trust.
    """
    with night.database.connect() as connection:
        batch = known_batch(connection, batch_no)
        if missing_level(connection, batch) != level:
            return None
        if is_authenticated and has_answer_on_trust(connection, batch.id):
            return None
        people = tuple(approvers(connection, batch.region_code, level, is_authenticated=is_authenticated))
        body = "\n".join(_body(batch, approval_facts(connection, batch), level))
    name = night.names.get(batch.region_code)
    place = name.both if name else batch.region_code
    money = f"{batch.count} 户 units, {format_yuan(batch.total)} 元 yuan"
    subject = f"{place}: {money} · {batch_no} · 第 {level} 级 level {level}"
    return Request(batch_no, batch.hash, level, subject, body, people)


def answer(
    night: NightContext,
    batch_no: str,
    batch_hash: str,
    level: int,
    person: str,
    is_approved: bool,
    reason: str,
    answered_in: str,
) -> None:
    """Record the answer that Airflow took under the person's login. Of its reason accounts are masked.

    LedgerRefused where the ledger does not take it from this person for these lines.
    """
    with (
        acting(Hand(AIRFLOW, answered_in)),
        ledger_event(
            night.database, "approval", actor=person, business_date=night.business_date, subject=batch_no
        ) as event,
    ):
        record_answer(
            event,
            batch_no,
            batch_hash=batch_hash,
            level=level,
            person=person,
            answer=APPROVED if is_approved else REFUSED,
            reason=kept_reason(reason) or ("" if is_approved else NO_REASON),
            answered_in=answered_in,
        )


def approval_facts(connection: Connection, batch: Batch) -> Facts:
    """The facts that a person who approves the batch must see, wherever it is shown."""
    return Facts(
        given=tuple(approval_answers(connection, batch.id)),
        change=_change(connection, batch),
        checks={
            code: int(connection.scalar(text(query), {"id": batch.id}) or 0) for code, query in CHECKS.items()
        },
        largest=_largest(connection, batch),
        policy=tuple(
            policy_changes(
                connection, batch.business_date, batch.region_code, _last_published(connection, batch)
            )
        ),
        totals=tuple(totals_beyond(connection, batch.business_date, batch.region_code)),
        confirmed=policy_version(connection, batch.region_code).get("policy_confirmed", ""),
        hands=answer_hands(connection, batch.id),
    )


def _last_published(connection: Connection, batch: Batch) -> date:
    """The date of the region's last batch before this one's; the beginning of the policy year without one."""
    query = """
        SELECT max(business_date) FROM batches
        WHERE region_code = :region AND state = 'published' AND business_date < :on
    """
    found = connection.scalar(text(query), {"region": batch.region_code, "on": batch.business_date})
    return found or date(batch.policy_year - 1, 12, 31)


def _change(connection: Connection, batch: Batch) -> Change | None:
    last = connection.execute(
        text("""
            SELECT batch_no, count, total FROM batches WHERE region_code = :region AND review_level = :level
              AND state = 'published' AND id < :id ORDER BY id DESC LIMIT 1
        """),
        {"region": batch.region_code, "level": batch.review_level, "id": batch.id},
    ).one_or_none()
    if last is None:
        return None
    before_no, count, total = last
    return Change(before_no, batch.count - count, batch.total - total)


DOUBTED = """
    SELECT l.id
    FROM (SELECT id, kind, entitlement_id FROM doubts
          UNION ALL SELECT id, kind, other_entitlement_id FROM doubts) d
    JOIN payments p ON p.entitlement_id = d.entitlement_id
    JOIN payment_lines l ON l.payment_id = p.id AND l.batch_id = :id
    LEFT JOIN doubt_rulings k ON k.doubt_id = d.id WHERE k.outcome IS DISTINCT FROM 'gone'
"""
"""Lines of units about which there is a doubt, whatever was ruled on it."""
LINES = "SELECT count(*) FROM payment_lines WHERE batch_id = :id"
CHECKS = {
    "person_accounts": f"{LINES} AND account_source = 'person'",
    "premium_accounts": f"{LINES} AND account_source = 'premium'",
    "later_attempts": f"{LINES} AND attempt > 1",
    "shared_accounts": f"""
        SELECT count(*) FROM (
            SELECT line_id AS id FROM shared_accounts WHERE batch_id = :id
            UNION SELECT id FROM ({DOUBTED} AND d.kind = 'shared_account') others
        ) shared
    """,
    "doubts": f"SELECT count(DISTINCT id) FROM ({DOUBTED} AND d.kind <> 'shared_account') doubted",
    "fell_out": """
        SELECT count(*) FROM batches b JOIN state_changes c ON c.changed_on = b.business_date
        JOIN payments p ON p.id = c.payment_id JOIN notices n ON n.id = p.notice_id
        WHERE b.id = :id AND c.to_state = 'withdrawn' AND c.reason NOT IN ('amount_changed', 'scheme_changed')
          AND n.region_code = b.region_code
    """,
    "doubtful_refunds": """
        SELECT count(*) FROM doubtful_refunds d JOIN batches b ON b.id = :id
        WHERE d.region_code = b.region_code
    """,
    "open_recoveries": """
        SELECT count(*) FROM recovery_cases c JOIN entitlements e ON e.id = c.entitlement_id
        JOIN batches b ON b.id = :id LEFT JOIN recovery_closings k ON k.case_id = c.id
        WHERE e.region_code = b.region_code AND k.case_id IS NULL
    """,
    "ended_batches": """
        SELECT count(*) FROM batches o JOIN batches b ON b.id = :id
        WHERE o.region_code = b.region_code AND o.state IN ('voided', 'refused') AND o.id < b.id
    """,
}
"""The points to look at before approving: code and count."""


def _largest(connection: Connection, batch: Batch) -> tuple[tuple[str, str, Decimal], ...]:
    rows = connection.execute(
        text("""
            SELECT unit_name, scheme, amount FROM payment_lines WHERE batch_id = :id
            ORDER BY amount DESC, line_no LIMIT :most
        """),
        {"id": batch.id, "most": LARGEST},
    )
    return tuple((name, scheme, Decimal(amount)) for name, scheme, amount in rows)


def _body(batch: Batch, facts: Facts, level: int) -> list[str]:
    return [
        f"**批次 Batch** {batch.batch_no}",
        "",
        f"**户数 units** {batch.count} · **金额 yuan** {format_yuan(batch.total)}",
        "",
        f"摘要 hash `{batch.hash}`",
        "",
        *_given_lines(facts, level),
        *_change_lines(facts),
        *_policy_lines(facts),
        *_check_lines(facts),
        *_largest_lines(facts),
    ]


def _given_lines(facts: Facts, level: int) -> list[str]:
    known = [
        f"第 {n} 级 level {n}: {_shown(who)} — {what}{_shown(facts.hands.get(n, ''))}"
        for n, who, what, _ in facts.given
    ]
    return [*(f"- {line}" for line in known), ""] if known and level > 1 else []


def _change_lines(facts: Facts) -> list[str]:
    change = facts.change
    if change is None:
        return ["上一批次 last batch: 无 none", ""]
    return [
        f"较上一批次 against {change.batch_no}: {change.count:+d} 户 units, {change.total:+,} 元 yuan",
        "",
    ]


def _policy_lines(facts: Facts) -> list[str]:
    """Values that are new since the last batch, and whose word they and the total stand on."""
    lines = [_policy_line(one) for one in facts.policy[:MOST_CHANGES]]
    more = len(facts.policy) - MOST_CHANGES
    lines += [f"- 另有 and {more} 项 more: stable-jobs policy show"] if more > 0 else []
    lines += [
        f"- 地区总额 total {one.total:,} 元 yuan > {one.factor:f} × {one.last_total:,} ({one.last_date}); "
        + (_shown(one.ruled_by) or "未核对 nobody has accepted it")
        for one in facts.totals
    ]
    if facts.confirmed == DEMO:
        lines = ["- 演示参数，未经复核 the demonstration's own values, confirmed by nobody", *lines]
    return ["**政策参数 Policy values**", *lines, ""] if lines else []


def _policy_line(one: PolicyChange) -> str:
    people = (
        f"{_shown(one.proposed_by)}, {_shown(one.confirmed_by)}"
        if one.is_confirmed
        else "未复核 not confirmed"
    )
    values = f"{_shown(one.old) or '–'} → {_shown(one.new) or '–'}"
    return f"- {_shown(one.name)}: {values} ({_shown(one.new_reference)}); {one.first_night}; {people}"


def _check_lines(facts: Facts) -> list[str]:
    labels = names_of(BATCH_CHECK)
    lines = [f"- {labels[code]}: {count}" for code, count in facts.checks.items() if count]
    return ["**请注意 Look at**", *(lines or ["- 无 nothing"]), ""]


def _largest_lines(facts: Facts) -> list[str]:
    return [
        "| 金额最大的单位 Largest | 类型 Scheme | 金额 Yuan |",
        "| --- | --- | ---: |",
        *(
            f"| {_shown(name)} | {SCHEMES[scheme]} | {format_yuan(yuan)} |"
            for name, scheme, yuan in facts.largest
        ),
    ]


def _shown(foreign: str) -> str:
    """Other people's text inside Markdown: visible, on one line, and nothing but text."""
    return MARKDOWN.sub(r"\\\1", str(visible(foreign)))
