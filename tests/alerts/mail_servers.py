"""Real mail servers on loopback that answer as a test wishes, and the nouns the alerts tests need."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr

from indicators.alerts.catcher import _OnFreePort
from indicators.model.alert import Alert, AlertKind, Mail
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.settings import MailSettings

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Relay:
    """A mail server: remembers what it took, and answers recipients and messages as told."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    """For a recipient, its answers in turn; the last one stays. Others are accepted."""
    data_answer: str = "250 OK"
    hang_up_after: int = 0
    """Close the connection when so many mails have been taken in one session."""
    options: dict[str, Any] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    controller: Controller | None = None

    def __enter__(self) -> Relay:
        self.controller = _OnFreePort(self, hostname="127.0.0.1", **self.options)
        self.controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.controller is not None
        self.controller.stop()

    @property
    def port(self) -> int:
        assert self.controller is not None
        return int(self.controller.port)

    async def handle_RCPT(  # noqa: N802 -- the server calls it so
        self, server: Any, session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Answer one recipient as told."""
        self.sessions.add(id(session))
        said = self.answers.get(address, ["250 OK"])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if answer == "hang up":
            server.transport.close()
            return "421 bye"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- likewise
        """Take a message, or refuse it."""
        if self.data_answer.startswith("250"):
            self.raw.append(envelope.original_content)
            self.taken.append(message_from_bytes(envelope.original_content, policy=default))
            self.recipients += envelope.rcpt_tos
        return self.data_answer

    def settings(self, **rest: Any) -> MailSettings:
        """Settings that reach this server."""
        fields: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "security": "none", "timeout": "5s"}
        return MailSettings(**(fields | {"sender": "vedette@example.org"} | rest))


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Lets the officer in with the right password; anybody else is refused, without a hanging client."""
    right = isinstance(data, LoginPassword) and data.login == b"officer" and data.password == b"geheim"
    return AuthResult(success=right, handled=right)


def password(text: str) -> SecretStr:
    """A password as the settings hold one."""
    return SecretStr(text)


def a_certificate(folder: Path, host: str = "IP:127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-made certificate for loopback, and a server's context with it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    certificate, key = folder / "relay.pem", folder / "relay.key"
    subject = ["-subj", "/CN=relay", "-addext", f"subjectAltName={host}"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *kind, *subject, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return certificate, context


def a_mail(recipient: str = "officer@example.org", message_id: str = "", **rest: Any) -> Mail:
    """A mail ready to leave."""
    name = message_id or f"<{recipient}>"
    content = f"From: vedette@example.org\r\nTo: {recipient}\r\nSubject: x\r\nMessage-ID: {name}\r\n\r\nbody\r\n"
    fields: dict[str, Any] = {
        "alert_id": "a1",
        "subject": "x",
        "content": content.encode(),
        "queued_at": NOON,
        "next_try_at": NOON,
    }
    return Mail(message_id=name, recipient=recipient, **(fields | rest))


def an_alert(**rest: Any) -> Alert:
    """A crossing."""
    fields: dict[str, Any] = {
        "alert_id": "a1",
        "problem": "crossing",
        "kind": AlertKind.INDICATOR,
        "subject": "equipment_moves",
        "level": int(Level.WARNING),
        "episode": "ep1",
        "raised_at": NOON,
        "count": 3,
        "threshold": 3,
        "why": "3 independent events in 3 days; the limit for warning is 3",
    }
    return Alert(**(fields | rest))


def a_standing(level: Level = Level.WARNING, **rest: Any) -> Standing:
    """Where an indicator stands."""
    fields: dict[str, Any] = {
        "problem": "crossing",
        "indicator": "equipment_moves",
        "at": NOON,
        "level_since": NOON,
        "episode": "ep1" if level else "",
        "peak": level,
        "count": 3,
        "coverage": 0.9,
        "origins": 2,
        "why": "3 independent events in 3 days",
    }
    return Standing(level=level, **(fields | rest))


def a_recommendation(condition: int, **rest: Any) -> Recommendation:
    """What the machine recommends."""
    fields: dict[str, Any] = {
        "problem": "crossing",
        "at": NOON,
        "why": ("one critical, corroborated",),
        "coverage": 0.71,
        "since": NOON,
    }
    return Recommendation(condition=WatchCondition(condition), **(fields | rest))
