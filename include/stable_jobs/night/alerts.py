"""The alerts of a night and of the ledger, sent through the notifier of the settings."""

# ruff: noqa: S608 - the path goes through quote_literal

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from stable_jobs.ledger.batches import Batch, approvers, missing_level
from stable_jobs.ledger.verify import Verified, last_anchor
from stable_jobs.money import format_yuan
from stable_jobs.night.context import NightContext
from stable_jobs.night.figures import after_lists
from stable_jobs.night.policies import policy_facts
from stable_jobs.notification import Kind, MailSpec, Message, notifier
from stable_jobs.policy.determine import Decision
from stable_jobs.publishing.table import DEPARTMENTS
from stable_jobs.settings import Settings
from stable_jobs.store.engine import quote_literal


def tell_suspended(night: NightContext, decision: Decision) -> None:
    """Send the regions that are held tonight, with the reasons, and those whose money waits for people."""
    with night.database.connect() as connection:
        decision = after_lists(connection, decision)
    path = quote_literal(night.lake.path(decision.held.name))
    rows = night.duck.execute(
        f"""
        SELECT region_code, reason, department, extract, CASE WHEN coalesce(extract, '') = '' THEN detail END
        FROM read_parquet({path}) ORDER BY ALL
        """
    ).fetchall()
    stopped = [place.code for place in policy_facts(night).stopped]
    if rows or stopped:
        lines = [" ".join(str(value) for value in row if value) for row in rows]
        lines += [f"{code} policy or total: stable-jobs policy show --region {code}" for code in stopped]
        regions = len({*stopped, *(row[0] for row in rows)})
        _tell(night, Kind.NIGHT_HELD, f"{regions} 个地区暂缓", f"{regions} regions are held", lines)


def tell_owed(night: NightContext, department: str, count: int, lines: Sequence[str]) -> None:
    """How many deliveries a department must send, or send again, and which."""
    if count:
        name = DEPARTMENTS[department].partition(" ")[0]
        said = (f"{name}有 {count} 份报送待补", f"{department} owes {count} deliveries")
        _tell(night, Kind.DELIVERIES_OWED, *said, lines)


def tell_awaiting(night: NightContext, batches: Sequence[Batch]) -> None:
    """Send the batches that wait, with the people who may answer and the command for it."""
    if not batches:
        return
    with night.database.connect() as connection:
        lines = tuple(
            f"{batch.batch_no}: {batch.count} 户 units, {format_yuan(batch.total)} 元 yuan,"
            f" 第 {level} 级 level {level}: {_people(connection, batch, level)};"
            f" stable-jobs batch approve {batch.batch_no} --level {level} --by NAME"
            for batch in batches
            if (level := missing_level(connection, batch)) is not None
        )
    _tell(
        night,
        Kind.AWAITING_APPROVAL,
        f"{len(lines)} 个批次待审批",
        f"{len(lines)} batches wait for approval",
        lines,
    )


def _people(connection: Connection, batch: Batch, level: int) -> str:
    return ", ".join(approvers(connection, batch.region_code, level)) or "无人 nobody"


def tell_returns(night: NightContext, lines: Sequence[str]) -> None:
    """Send the lines that the bank returned, and the rows of its answer that were refused."""
    if lines:
        _tell(
            night,
            Kind.RETURNS_ARRIVED,
            "银行退回或答复有误",
            "the bank returned payments or its answer is wrong",
            lines,
        )


def tell_unanswered(night: NightContext, lines: Sequence[str]) -> None:
    """Lines that the bank has not answered in the region's days. Nothing is sent again."""
    if lines:
        _tell(
            night,
            Kind.NO_ANSWER,
            "银行逾期未答复，不重发",
            "the bank has not answered; nothing is sent again",
            lines,
        )


def tell_broken(night: NightContext, verified: Verified) -> None:
    """The ledger is not what it says."""
    if verified.breaks:
        lines = tuple(one.sentence() for one in verified.breaks)
        _tell(night, Kind.CHAIN_BROKEN, "账本核对不符", "the ledger does not verify", lines)


def tell_late(night: NightContext, regions: Sequence[str]) -> None:
    """Regions that promised an answer on the same day, and the run is not over."""
    lines = tuple(f"{region}: 承诺当日办结 promised the same day" for region in regions)
    _tell(night, Kind.DEADLINE_MISSED, "当日办结时限已过", "the same-day deadline has passed", lines)


def tell_anchor(night: NightContext) -> None:
    """Send the ledger's newest event: a person who changes the database cannot change a mail already sent."""
    with night.database.connect() as connection:
        anchor = last_anchor(connection)
    if anchor is not None:
        _tell(
            night,
            Kind.LEDGER_ANCHOR,
            f"账本凭证 {anchor}",
            f"ledger anchor {anchor}",
            (f"请保存 keep this message; stable-jobs ledger verify --anchor {anchor}",),
        )


def _tell(night: NightContext, kind: Kind, zh: str, en: str, lines: Sequence[str]) -> None:
    tell = notifier(mail_spec(night.settings))
    tell(Message(kind, None, night.business_date, zh, en, tuple(lines)))


def mail_spec(settings: Settings) -> MailSpec | None:
    """The mail server of the settings, if one is named; its recipients are separated by commas."""
    if settings.mail_host is None:
        return None
    return MailSpec(
        host=settings.mail_host,
        port=settings.mail_port,
        sender=settings.mail_sender,
        recipients=tuple(filter(None, (one.strip() for one in settings.mail_recipients.split(",")))),
        user=settings.mail_user,
        password=settings.mail_password,
        starttls=settings.mail_starttls,
    )
