"""Hands mails to a mail server: one session for a batch, certificates verified, each answer taken for what it is."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from indicators.model.alert import Mail
from indicators.settings import MailSettings


class Verdict(StrEnum):
    """What the server made of a mail."""

    SENT = "sent"
    DEFERRED = "deferred"
    """Not now: the server is away, or said so."""
    DEAD = "dead"
    """Never: this mail, to this address, was refused for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to one mail."""

    message_id: str
    verdict: Verdict
    detail: str = ""
    """One line: the server, its answer, the remedy."""


class _Unreachable(Exception):
    """No session could be opened; the line says why."""


WHAT_ABOUT_THE_PASSWORD = "check mail.username and VEDETTE_SMTP_PASSWORD"  # noqa: S105 -- a hint, not a password
CONFIGURATION_CODES = (530, 534, 535, 538)
"""The server wants another login: every mail would be refused alike, and none of them is at fault."""


def send(settings: MailSettings, mails: Sequence[Mail]) -> list[Receipt]:
    """Hand over these mails in one session where it lasts; every mail gets a receipt, in order."""
    receipts: list[Receipt] = []
    waiting = list(mails)
    while waiting:
        before = len(receipts)
        try:
            with _session(settings) as server:
                while waiting:
                    receipts.append(_one(server, settings, waiting[0]))
                    waiting.pop(0)
        except _Unreachable as trouble:
            return receipts + [_deferred(mail, str(trouble)) for mail in waiting]
        except (smtplib.SMTPServerDisconnected, OSError) as broken:
            # The session died under this mail: it waits, the rest gets a session of its own.
            receipts.append(_deferred(waiting.pop(0), f"{_place(settings)}: hung up ({_said(broken)}); tried again"))
        if len(receipts) == before:  # pragma: no cover -- each turn settles at least one mail
            break
    return receipts


def send_test(settings: MailSettings, address: str, *, now: datetime) -> str:
    """Send one mail to `address` that says the way is open; the answer is what went wrong, or nothing."""
    if not settings.configured:
        return "mail: no server is set; add mail.host and mail.sender, or VEDETTE_SMTP_HOST and VEDETTE_SMTP_SENDER"
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = "[Vedette] Test mail"
    letter["From"] = settings.sender
    letter["To"] = address
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<test.{now:%Y%m%dT%H%M%S%f}@{settings.sender.partition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("This mail shows that alerts can reach you. Nothing else happened.\n", cte="7bit")
    mail = Mail(
        message_id=letter["Message-ID"],
        recipient=address,
        alert_id="",
        subject=letter["Subject"],
        content=letter.as_bytes(),
        queued_at=now,
        next_try_at=now,
    )
    (receipt,) = send(settings, [mail])
    return "" if receipt.verdict is Verdict.SENT else receipt.detail


def _one(server: smtplib.SMTP, settings: MailSettings, mail: Mail) -> Receipt:
    """One mail over an open session; a refusal of this mail is a receipt, a dead session is an exception."""
    try:
        server.sendmail(settings.sender, [mail.recipient], mail.content)
    except smtplib.SMTPRecipientsRefused as refused:
        code, answer = refused.recipients[mail.recipient]
        return _refused(settings, mail, code, answer, f"recipient {mail.recipient}")
    except smtplib.SMTPSenderRefused as refused:
        return _refused(settings, mail, refused.smtp_code, refused.smtp_error, f"sender {settings.sender}")
    except smtplib.SMTPDataError as refused:
        return _refused(settings, mail, refused.smtp_code, refused.smtp_error, "message")
    return Receipt(message_id=mail.message_id, verdict=Verdict.SENT)


def _refused(settings: MailSettings, mail: Mail, code: int, answer: bytes | str, what: str) -> Receipt:
    said = _line(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)
    detail = f"{_place(settings)}: {what} refused: {code} {said}"
    if code in CONFIGURATION_CODES:
        return _deferred(mail, f"{detail}; {WHAT_ABOUT_THE_PASSWORD}")
    if code < 500:
        return _deferred(mail, f"{detail}; tried again later")
    return Receipt(message_id=mail.message_id, verdict=Verdict.DEAD, detail=f"{detail}; correct it, then retry")


def _deferred(mail: Mail, detail: str) -> Receipt:
    return Receipt(message_id=mail.message_id, verdict=Verdict.DEFERRED, detail=detail)


@contextmanager
def _session(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    server = _open(settings)
    try:
        yield server
    finally:
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()  # the server hung up first; what it had taken, it has


def _open(settings: MailSettings) -> smtplib.SMTP:
    place = _place(settings)
    try:
        return _logged_in(settings)
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate cannot be trusted ({error.verify_message}); set mail.ca_file to its authority"
    except ssl.SSLError as error:
        reason = f"no encrypted session ({error.reason or error}); check mail.security and mail.port"
    except smtplib.SMTPNotSupportedError as error:
        if "STARTTLS" in str(error):
            reason = "does not offer STARTTLS; set mail.security to 'tls', or to 'none' on a trusted network"
        else:
            reason = "does not offer a login; leave mail.username empty, or check mail.port"
    except smtplib.SMTPAuthenticationError as error:
        reason = f"login refused ({error.smtp_code}); {WHAT_ABOUT_THE_PASSWORD}"
    except TimeoutError:
        reason = f"no answer within {settings.timeout.total_seconds():.0f} s; check mail.host and mail.port"
    except socket.gaierror:
        reason = "no such host; check mail.host"
    except ConnectionRefusedError:
        reason = "connection refused; check mail.port, and that the server runs"
    except (smtplib.SMTPException, OSError) as error:
        reason = f"no session ({_said(error)}); check mail.host, mail.port and mail.security"
    raise _Unreachable(f"{place}: {reason}")


def _logged_in(settings: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    # The machine's own short name: asking the network for a long one can take many seconds where there is none.
    own_name, wait = socket.gethostname() or "localhost", settings.timeout.total_seconds()
    where = (settings.host, settings.effective_port)
    server: smtplib.SMTP
    if settings.security == "tls":
        server = smtplib.SMTP_SSL(*where, local_hostname=own_name, timeout=wait, context=context)
    else:
        server = smtplib.SMTP(*where, local_hostname=own_name, timeout=wait)
    try:
        server.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            server.starttls(context=context)
            server.ehlo()
        if settings.username:
            server.login(settings.username, settings.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _place(settings: MailSettings) -> str:
    return f"mail server {settings.host}:{settings.effective_port}"


def _said(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return _line(f"{error.smtp_code} {said}")
    return _line(str(error) or type(error).__name__)


def _line(text: str) -> str:
    """A server's words on one line: they are hostile too."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
