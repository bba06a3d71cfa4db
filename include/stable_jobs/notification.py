"""Alerts about trouble that a person must know now, into the log or by e-mail. None ends a night.

A message carries counts, codes of units and names; never an account number or a person of an enterprise.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from enum import StrEnum

from pydantic import SecretStr

from stable_jobs.errors import UsageError
from stable_jobs.rendering.text import shorten, visible
from stable_jobs.settings import now

log = logging.getLogger(__name__)

SECONDS = 20
"""How long a mail server may take to answer: the night waits for it."""
LINES = 200
"""Lines of a message that are sent; the rest is counted."""
LINE_LENGTH = 500
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+", re.ASCII)
"""One address: nothing that would end the header or begin another name."""


class Kind(StrEnum):
    """The kind of trouble; the last is none: the anchor that a night writes outside of the database."""

    NIGHT_HELD = "night_held"
    DELIVERIES_OWED = "deliveries_owed"
    AWAITING_APPROVAL = "awaiting_approval"
    RETURNS_ARRIVED = "returns_arrived"
    NO_ANSWER = "no_answer"
    CHAIN_BROKEN = "chain_broken"
    DEADLINE_MISSED = "deadline_missed"
    LEDGER_ANCHOR = "ledger_anchor"


@dataclass(frozen=True)
class Message:
    """One notice. `region_code`, `business_date`: None where it is about none alone; `lines`: what happened
    and what to do, one sentence each. Others' text may be in it as they wrote it: it is made harmless here.
    """

    kind: Kind
    region_code: str | None
    business_date: date | None
    subject_zh: str
    subject_en: str
    lines: tuple[str, ...] = ()


Notifier = Callable[[Message], None]
"""Tells somebody, and never raises."""


@dataclass(frozen=True)
class MailSpec:
    """A mail server and its recipients. UsageError for one that cannot work or would show the password."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: SecretStr | None = None
    starttls: bool = True

    def __post_init__(self) -> None:
        if not self.recipients:
            raise UsageError(
                "mail: expected at least one recipient; found none; next: name one, or no server"
            )
        if (self.user is None) != (self.password is None):
            raise UsageError("mail: expected user and password, or neither; found one alone")
        if self.user is not None and not self.starttls:
            raise UsageError("mail: a password goes only over STARTTLS; next: turn it on, or give no user")
        if not (self.user or "").isascii() or not _secret(self).isascii():
            raise UsageError("mail: expected user and password in ASCII, as SMTP's login takes no other")
        for address in (self.sender, *self.recipients):
            if not ADDRESS.fullmatch(address):
                found = visible(shorten(address))
                raise UsageError(f"mail: expected an address like office@example.org; found {found}")


def notifier(spec: MailSpec | None) -> Notifier:
    """By mail where a server is given, else into the log."""
    return log_notifier if spec is None else mail_notifier(spec)


def log_notifier(message: Message) -> None:
    """One warning of one line."""
    log.warning("%s: %s", " ".join(_head(message)), " | ".join((_subject(message), *_lines(message))))


def mail_notifier(spec: MailSpec) -> Notifier:
    """A mail in plain UTF-8 to all recipients. A mail that cannot be sent is logged, with the reason."""

    def notify(message: Message) -> None:
        try:
            _send(spec, _mail(spec, message))
        except Exception as error:  # whatever a mail server does, the night goes on
            log.error("mail to %s not sent: %s", visible(spec.host), _reason(error))
            log_notifier(message)

    return notify


def _send(spec: MailSpec, mail: EmailMessage) -> None:
    import smtplib
    import ssl

    with smtplib.SMTP(spec.host, spec.port, timeout=SECONDS) as server:
        if spec.starttls:
            server.starttls(context=ssl.create_default_context())
        if spec.user is not None:
            server.login(spec.user, _secret(spec))
        refused = server.send_message(mail)
    if refused:
        log.warning("mail refused for %d of %d recipients", len(refused), len(spec.recipients))


def _secret(spec: MailSpec) -> str:
    return "" if spec.password is None else spec.password.get_secret_value()


def _mail(spec: MailSpec, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = spec.sender, ", ".join(spec.recipients)
    mail["Subject"] = f"[stable-jobs] {_subject(message)}"
    mail["Date"] = now()
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join((_subject(message), " ".join(_head(message)), "", *_lines(message))) + "\n")
    return mail


def _head(message: Message) -> tuple[str, ...]:
    day = None if message.business_date is None else message.business_date.isoformat()
    return tuple(_line(part) for part in (message.kind.value, message.region_code, day) if part is not None)


def _subject(message: Message) -> str:
    return f"{_line(message.subject_zh)} {_line(message.subject_en)}"


def _lines(message: Message) -> tuple[str, ...]:
    lines = tuple(_line(text) for text in message.lines[:LINES])
    left_out = len(message.lines) - LINES
    return (*lines, f"…(+{left_out})") if left_out > 0 else lines


def _line(text: str) -> str:
    """On one line, so that it forges neither a header nor a line of the log."""
    return visible(shorten(text, LINE_LENGTH))


def _reason(error: Exception) -> str:
    """Without what the server says to a refused password: it may repeat it."""
    import smtplib

    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"user or password refused ({error.smtp_code})"
    return _line(f"{type(error).__name__}: {error}")
