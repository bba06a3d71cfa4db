"""Notices of trouble: what reaches the log and a real mail server, and that nothing ever raises."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from pydantic import SecretStr

from stable_jobs import notification
from stable_jobs.errors import UsageError
from stable_jobs.notification import Kind, MailSpec, Message, log_notifier, mail_notifier, notifier
from stable_jobs.settings import now

PASSWORD = "correct horse battery"
HELD = Message(
    Kind.NIGHT_HELD,
    "610100",
    date(2020, 5, 11),
    "西安市当晚未认定",
    "Xi'an was held",
    ("税务未报送。Tax sent nothing.",),
)
HOSTILE = "甲公司\r\nBcc: thief@example.org\r\n\r\n<script>\u202e\u2028."


@dataclass
class Inbox:
    """A mail server's handler: keeps what it took; refuses the recipients named."""

    refuses: tuple[str, ...] = ()
    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def mail(self) -> EmailMessage:
        [envelope] = self.envelopes
        assert isinstance(envelope.content, bytes)
        return message_from_bytes(envelope.content, policy=policy.default)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def spec(port: int, **changed: Any) -> MailSpec:
    plain = MailSpec(
        "127.0.0.1", port, "night@example.org", ("a@example.org", "b@example.org"), starttls=False
    )
    return replace(plain, **changed)


@contextmanager
def server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """A real server on a free port of this machine."""
    controller = Controller(inbox, "127.0.0.1", free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "stable_jobs.notification")
    return caplog


def lines_of(logged: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in logged.records if record.name == "stable_jobs.notification"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        pytest.param(
            HELD,
            "night_held 610100 2020-05-11: 西安市当晚未认定 Xi'an was held | 税务未报送。Tax sent nothing.",
            id="held",
        ),
        pytest.param(
            Message(Kind.CHAIN_BROKEN, None, None, "审计链断裂", "The audit chain is broken"),
            "chain_broken: 审计链断裂 The audit chain is broken",
            id="about no region and no date",
        ),
        pytest.param(
            Message(Kind.NO_ANSWER, "610100", None, "未应答", "No answer", (HOSTILE,)),
            "no_answer 610100: 未应答 No answer | 甲公司⟨U+000D⟩⟨U+000A⟩Bcc: thief@example.org"
            "⟨U+000D⟩⟨U+000A⟩⟨U+000D⟩⟨U+000A⟩<script>⟨U+202E⟩⟨U+2028⟩.",
            id="hostile text stays on its line",
        ),
    ],
)
def test_log(message: Message, line: str, logged: pytest.LogCaptureFixture) -> None:
    log_notifier(message)
    assert lines_of(logged) == [line]
    assert logged.records[0].levelno == logging.WARNING


def test_a_mail_arrives(logged: pytest.LogCaptureFixture) -> None:
    inbox = Inbox()
    with server(inbox) as port:
        notifier(spec(port))(HELD)
    [envelope] = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "night@example.org",
        ["a@example.org", "b@example.org"],
    )
    mail = inbox.mail()
    assert mail["Subject"] == "[stable-jobs] 西安市当晚未认定 Xi'an was held"
    assert (mail["From"], mail["To"]) == ("night@example.org", "a@example.org, b@example.org")
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "utf-8")
    assert mail.get_content().splitlines() == [
        "西安市当晚未认定 Xi'an was held",
        "night_held 610100 2020-05-11",
        "",
        "税务未报送。Tax sent nothing.",
    ]
    assert abs(mail["Date"].datetime - now()) < timedelta(minutes=5)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert lines_of(logged) == []


def test_a_name_cannot_write_headers_or_end_the_mail() -> None:
    """Subject and lines are whatever a department wrote."""
    inbox = Inbox()
    with server(inbox) as port:
        mail_notifier(spec(port))(replace(HELD, subject_zh=HOSTILE, lines=(".", HOSTILE, "end")))
    mail = inbox.mail()
    assert mail["Bcc"] is None
    assert inbox.envelopes[0].rcpt_tos == ["a@example.org", "b@example.org"]
    assert "⟨U+000D⟩⟨U+000A⟩Bcc: thief@example.org" in mail["Subject"]
    body = mail.get_content().splitlines()
    assert (len(body), body[3], body[-1]) == (6, ".", "end")


def test_a_long_list_is_cut_and_counted() -> None:
    inbox = Inbox()
    with server(inbox) as port:
        mail_notifier(spec(port))(replace(HELD, lines=tuple(f"line {i}" for i in range(300_000))))
    body = inbox.mail().get_content().splitlines()
    assert (len(body), body[-2], body[-1]) == (3 + notification.LINES + 1, "line 199", "…(+299800)")


def test_one_recipient_refused(logged: pytest.LogCaptureFixture) -> None:
    """The others get it, and the log says so."""
    inbox = Inbox(refuses=("b@example.org",))
    with server(inbox) as port:
        mail_notifier(spec(port))(HELD)
    assert inbox.envelopes[0].rcpt_tos == ["a@example.org"]
    assert lines_of(logged) == ["mail refused for 1 of 2 recipients"]


@dataclass(frozen=True)
class Tls:
    """A certificate for 127.0.0.1 and the server's context with it."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate that signs itself, valid for an hour."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    _self_signed(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return Tls(certificate, context)


def _self_signed(certificate: Path, key: Path) -> None:
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1)).not_valid_after(now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(made, hashes.SHA256())
    )  # fmt: skip
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(made.private_bytes(pem, pkcs8, serialization.NoEncryption()))


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_known = (data.login, data.password) == (b"night", PASSWORD.encode())
    return AuthResult(success=is_known, handled=is_known)


def guarded(tls: Tls) -> dict[str, Any]:
    """A server that takes mail only after STARTTLS and a password."""
    return {
        "tls_context": tls.context, "require_starttls": True, "auth_required": True, "authenticator": _login,
    }  # fmt: skip


def with_login(port: int, password: str = PASSWORD) -> MailSpec:
    return spec(port, user="night", password=SecretStr(password), starttls=True)


def test_over_tls_with_a_password(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.file))
    inbox = Inbox()
    with server(inbox, **guarded(tls)) as port:
        mail_notifier(with_login(port))(HELD)
    assert inbox.mail()["Subject"].startswith("[stable-jobs] 西安市")
    assert lines_of(logged) == []


def _told_instead(logged: pytest.LogCaptureFixture, reason: str) -> None:
    """The log has the reason and the message, and no password."""
    failure, message = lines_of(logged)
    assert failure.startswith("mail to 127.0.0.1 not sent: ")
    assert reason in failure
    assert message.startswith("night_held 610100 2020-05-11: 西安市当晚未认定")
    assert PASSWORD not in logged.text
    assert "secret" not in logged.text


def test_a_wrong_password(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.file))
    inbox = Inbox()
    with server(inbox, **guarded(tls)) as port:
        mail_notifier(with_login(port, "secret"))(HELD)
    assert inbox.envelopes == []
    _told_instead(logged, "user or password refused (535)")


def test_a_certificate_nobody_vouches_for(tls: Tls, logged: pytest.LogCaptureFixture) -> None:
    """The password is not sent to whoever answers."""
    inbox = Inbox()
    with server(inbox, **guarded(tls)) as port:
        mail_notifier(with_login(port))(HELD)
    assert inbox.envelopes == []
    _told_instead(logged, "SSLCertVerificationError")


def test_a_server_without_tls_is_not_trusted(logged: pytest.LogCaptureFixture) -> None:
    inbox = Inbox()
    with server(inbox) as port:
        mail_notifier(with_login(port))(HELD)
    assert inbox.envelopes == []
    _told_instead(logged, "STARTTLS extension not supported")


def test_everybody_refused(logged: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(refuses=("a@example.org", "b@example.org"))
    with server(inbox) as port:
        mail_notifier(spec(port))(HELD)
    _told_instead(logged, "SMTPRecipientsRefused")


def test_nobody_listens(logged: pytest.LogCaptureFixture) -> None:
    mail_notifier(spec(free_port()))(HELD)
    _told_instead(logged, "ConnectionRefusedError")


def test_a_server_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    """It is given up after some seconds."""
    monkeypatch.setattr(notification, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail_notifier(spec(silent.getsockname()[1]))(HELD)
    _told_instead(logged, "timed out")


def test_without_a_server_it_is_the_log() -> None:
    assert notifier(None) is log_notifier


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"recipients": ()}, "at least one recipient", id="nobody to tell"),
        pytest.param({"user": "night"}, "user and password, or neither", id="user without password"),
        pytest.param({"password": SecretStr("secret")}, "user and password, or neither", id="password alone"),
        pytest.param(
            {"user": "night", "password": SecretStr("secret")}, "only over STARTTLS", id="no encryption"
        ),
        pytest.param(
            {"user": "night", "password": SecretStr("secret电"), "starttls": True},
            "in ASCII", id="a password that SMTP cannot carry",
        ),
        pytest.param(
            {"user": "夜", "password": SecretStr("secret"), "starttls": True},
            "in ASCII", id="a user that it cannot",
        ),
        pytest.param({"sender": "nobody"}, "an address like", id="sender without domain"),
        pytest.param({"sender": ""}, "an address like", id="no sender"),
        pytest.param({"recipients": ("a@b.cn\r\nBcc: c@d.cn",)}, "an address like", id="a header in it"),
        pytest.param({"recipients": ("a@b.cn\n",)}, "an address like", id="a line break after an address"),
        pytest.param({"recipients": ("a@b.cn,c@d.cn",)}, "an address like", id="two addresses in one"),
        pytest.param({"recipients": ("Name <a@b.cn>",)}, "an address like", id="a name beside the address"),
        pytest.param({"recipients": ("甲@b.cn",)}, "an address like", id="letters that few servers take"),
    ],
)  # fmt: skip
def test_a_server_that_cannot_work(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        spec(25, **changed)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_password_does_not_show() -> None:
    assert PASSWORD not in repr(with_login(25))
