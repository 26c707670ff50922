"""Mails out, each once: who gets which, what a silence holds back, and when a deferred one is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from indicators.alerts import message, silencing, smtp
from indicators.alerts.message import Letter
from indicators.alerts.transitions import Change
from indicators.model.alert import Mail, MailState, Silence, Subscriber
from indicators.settings import MailSettings

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
GIVE_UP_AFTER = 80
"""Tries; with the waits above that is a little over three days, after which an alert is no news."""
AT_ONCE = 50
"""Mails handed over in one session."""


class Queue(Protocol):
    """Where mails wait: the store's outbox."""

    def claim(self, *, now: datetime, limit: int) -> Sequence[Mail]:
        """The mails due, held for this sender alone."""

    def record(self, mails: Iterable[Mail]) -> None:
        """Keep how each try went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one round of sending came to."""

    sent: int = 0
    deferred: int = 0
    dead: int = 0
    trouble: str = ""
    """The last thing that went wrong, in one line."""


def prepare(
    change: Change,
    letter: Letter,
    *,
    subscribers: Iterable[Subscriber],
    silences: Iterable[Silence],
    sender: str,
    now: datetime,
) -> list[Mail]:
    """The mails a change of an alert calls for, one a recipient. Muted ones are kept too, with the silence's reason."""
    if not change.mail:
        return []
    silence = silencing.muted(change.alert, silences, now)
    held = f"silenced until {silence.ends_at:%Y-%m-%d %H:%M} UTC by {silence.by}: {silence.reason}" if silence else ""
    mails = []
    for recipient in silencing.recipients(change.alert, subscribers):
        addressed = message.address(letter, recipient=recipient, sender=sender, now=now)
        mails.append(
            Mail(
                message_id=str(addressed["Message-ID"]),
                recipient=recipient,
                alert_id=change.alert.alert_id,
                subject=letter.subject,
                content=addressed.as_bytes(),
                queued_at=now,
                next_try_at=now,
                state=MailState.MUTED if silence else MailState.WAITING,
                error=held,
            )
        )
    return mails


def deliver(queue: Queue, settings: MailSettings, *, now: datetime, limit: int = AT_ONCE) -> Delivery:
    """Send what is due. `now` is the world's time, in a replay too: mail servers know no other.

    Without a mail server nothing is claimed and everything waits.
    """
    if not settings.configured:
        return Delivery()
    total = Delivery()
    while mails := queue.claim(now=now, limit=limit):
        receipts = smtp.send(settings, mails)
        tried = [settled(mail, receipt, now=now) for mail, receipt in zip(mails, receipts, strict=True)]
        queue.record(tried)
        total = _sum(total, tried)
        if len(mails) < limit:
            break
    return total


def settled(mail: Mail, receipt: smtp.Receipt, *, now: datetime) -> Mail:
    """The mail after a try: out, put off, or dead."""
    tries = mail.tries + 1
    if receipt.verdict is smtp.Verdict.SENT:
        return replace(mail, state=MailState.SENT, tries=tries, sent_at=now, error="")
    if receipt.verdict is smtp.Verdict.DEAD or tries >= GIVE_UP_AFTER:
        return replace(mail, state=MailState.DEAD, tries=tries, error=receipt.detail)
    return replace(mail, tries=tries, next_try_at=now + wait(tries), error=receipt.detail)


def wait(tries: int) -> timedelta:
    """How long after so many tries: half a minute, doubling, at most an hour."""
    doublings: int = 2 ** min(tries - 1, 16)
    return min(LONGEST_WAIT, FIRST_WAIT * doublings)


def _sum(total: Delivery, tried: Sequence[Mail]) -> Delivery:
    troubles = [mail.error for mail in tried if mail.error]
    return Delivery(
        sent=total.sent + sum(mail.state is MailState.SENT for mail in tried),
        deferred=total.deferred + sum(mail.state is MailState.WAITING for mail in tried),
        dead=total.dead + sum(mail.state is MailState.DEAD for mail in tried),
        trouble=troubles[-1] if troubles else total.trouble,
    )
