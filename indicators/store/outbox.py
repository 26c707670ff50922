"""The outbox: each mail once, whatever restarts; claimed before it is sent, so two senders never send the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    func,
    insert,
    or_,
    select,
    update,
)

from feeds.database import Instant, metadata
from indicators.model.alert import Mail, MailState
from indicators.store.problems import writing
from indicators.store.versions import Serial, add_new

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", String, primary_key=True),
    Column("recipient", String, nullable=False),
    Column("alert_id", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant, nullable=False),
    Column("claimed_until", Instant),
    Column("sent_at", Instant),
    Column("error", Text, nullable=False),
    Index("ix_outbox_due", "state", "next_try_at"),
    Index("ix_outbox_queued", "queued_at"),
    Index("ix_outbox_alert", "alert_id"),
)

caught_mail = Table(
    "caught_mail",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("sender", String, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message_id", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("dated_at", Instant),
    Column("caught_at", Instant, nullable=False),
    Index("ix_caught_mail_dated", "dated_at"),
)

CLAIM_FOR = timedelta(minutes=5)
"""How long a sender may take over its batch; then another may think it dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """A mail of a replay, caught on this machine instead of being sent to people."""

    seq: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    content: bytes
    dated_at: datetime | None
    """The mail's own date: the replay's clock."""
    caught_at: datetime


def put(connection: Connection, mails: Iterable[Mail]) -> int:
    """Queue these mails; one queued before, sent or not, is passed over. The answer says how many are new."""
    new = 0
    for mail in mails:
        row = {
            "message_id": mail.message_id,
            "recipient": mail.recipient,
            "alert_id": mail.alert_id,
            "subject": mail.subject,
            "content": mail.content,
            "queued_at": mail.queued_at,
            "state": mail.state.value,
            "tries": mail.tries,
            "next_try_at": mail.next_try_at,
            "sent_at": mail.sent_at,
            "error": mail.error,
        }
        new += add_new(connection, outbox, row)
    return new


def claim(connection: Connection, *, now: datetime, limit: int = 50, hold_for: timedelta = CLAIM_FOR) -> list[Mail]:
    """The mails due now, held for this sender alone until `hold_for` has passed."""
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)
    due = (
        select(outbox.c.message_id)
        .where(outbox.c.state == MailState.WAITING.value, outbox.c.next_try_at <= now, free)
        .order_by(outbox.c.next_try_at, outbox.c.message_id)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    ids = list(connection.execute(due).scalars())
    if not ids:
        return []
    connection.execute(update(outbox).where(outbox.c.message_id.in_(ids)).values(claimed_until=now + hold_for))
    rows = connection.execute(
        select(outbox).where(outbox.c.message_id.in_(ids)).order_by(outbox.c.queued_at, outbox.c.message_id)
    )
    return [_mail(row) for row in rows]


def record(connection: Connection, tried: Iterable[Mail]) -> None:
    """Keep how each try went, and let go of the mails. One that is out stays out, whatever a slow sender says of it."""
    for mail in tried:
        connection.execute(
            update(outbox)
            .where(outbox.c.message_id == mail.message_id, outbox.c.state != MailState.SENT.value)
            .values(
                state=mail.state.value,
                tries=mail.tries,
                next_try_at=mail.next_try_at,
                sent_at=mail.sent_at,
                error=mail.error,
                claimed_until=None,
            )
        )


class Queue:
    """The outbox as a sender sees it: each call is a transaction of its own; none is open while mail is on its way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, *, now: datetime, limit: int = 50) -> list[Mail]:
        """The mails due, held for this sender alone."""
        with writing(self._engine) as connection:
            return claim(connection, now=now, limit=limit)

    def record(self, mails: Iterable[Mail]) -> None:
        """Keep how each try went."""
        with writing(self._engine) as connection:
            record(connection, mails)


def retry(connection: Connection, message_id: str, *, now: datetime) -> bool:
    """Put a dead or muted mail back in line, as an officer asks; the answer says whether there was one."""
    again = (MailState.DEAD.value, MailState.MUTED.value)
    done = connection.execute(
        update(outbox)
        .where(outbox.c.message_id == message_id, outbox.c.state.in_(again))
        .values(state=MailState.WAITING.value, next_try_at=now, claimed_until=None, tries=0, error="")
    )
    return bool(done.rowcount > 0)


def mails(
    connection: Connection,
    *,
    state: MailState | None = None,
    alert_id: str | None = None,
    limit: int | None = 200,
) -> list[Mail]:
    """The mails of the outbox, last queued first."""
    query = select(outbox)
    if state is not None:
        query = query.where(outbox.c.state == state.value)
    if alert_id is not None:
        query = query.where(outbox.c.alert_id == alert_id)
    query = query.order_by(outbox.c.queued_at.desc(), outbox.c.message_id).limit(limit)
    return [_mail(row) for row in connection.execute(query)]


def tally(connection: Connection) -> dict[MailState, int]:
    """How many mails are in each state; states without one are there with 0."""
    rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    found = {MailState(state): number for state, number in rows}
    return {state: found.get(state, 0) for state in MailState}


def next_try_at(connection: Connection) -> datetime | None:
    """When the next waiting mail is due; None when none waits."""
    query = select(func.min(outbox.c.next_try_at)).where(outbox.c.state == MailState.WAITING.value)
    found: datetime | None = connection.execute(query).scalar_one()
    return found


class Handed(Protocol):
    """A mail as a mail server on this machine took it."""

    @property
    def sender(self) -> str:
        """Who sent it."""

    @property
    def recipients(self) -> Sequence[str]:
        """Whom it was for."""

    @property
    def subject(self) -> str:
        """Its subject."""

    @property
    def message_id(self) -> str:
        """Its own id."""

    @property
    def dated_at(self) -> datetime | None:
        """The mail's own date."""

    @property
    def content(self) -> bytes:
        """All of it."""


def catch(connection: Connection, mail: Handed, *, at: datetime) -> None:
    """Keep a mail caught on this machine at `at`, by the world's clock."""
    connection.execute(
        insert(caught_mail).values(
            sender=mail.sender,
            recipients="\n".join(mail.recipients),
            subject=mail.subject,
            message_id=mail.message_id,
            content=mail.content,
            dated_at=mail.dated_at,
            caught_at=at,
        )
    )


def keeper(engine: Engine, *, clock: Callable[[], datetime]) -> Callable[[Handed], None]:
    """What a mail catcher calls for each mail it takes."""

    def keep(mail: Handed) -> None:
        with writing(engine) as connection:
            catch(connection, mail, at=clock())

    return keep


def caught(connection: Connection, *, as_of: datetime | None = None, limit: int | None = 200) -> list[CaughtMail]:
    """The mails caught, last first; with `as_of` only those dated by then."""
    query = select(caught_mail)
    if as_of is not None:
        query = query.where(caught_mail.c.dated_at <= as_of)
    query = query.order_by(caught_mail.c.dated_at.desc(), caught_mail.c.seq.desc()).limit(limit)
    return [
        CaughtMail(
            seq=row.seq,
            sender=row.sender,
            recipients=tuple(row.recipients.split("\n")),
            subject=row.subject,
            message_id=row.message_id,
            content=bytes(row.content),
            dated_at=row.dated_at,
            caught_at=row.caught_at,
        )
        for row in connection.execute(query)
    ]


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        message_id=row.message_id,
        recipient=row.recipient,
        alert_id=row.alert_id,
        subject=row.subject,
        content=bytes(row.content),
        queued_at=row.queued_at,
        state=MailState(row.state),
        tries=row.tries,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        error=row.error,
    )
