"""An alert, its mail, who receives it, and what mutes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from indicators.model.level import Level


class AlertKind(StrEnum):
    """What the alert is about."""

    INDICATOR = "indicator"
    CONDITION = "condition"
    """The problem's recommended watch condition became graver."""
    FEED = "feed"
    """A source fell silent or failed: one alert per feed, never per indicator."""


class AlertState(StrEnum):
    """Where an alert is in its life. No data never clears one."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A crossing worth a person's attention. One per subject, level and episode."""

    alert_id: str
    problem: str
    kind: AlertKind
    subject: str
    """The indicator's id, the problem's id or the feed's id."""
    level: int
    """A Level for an indicator, the WatchCondition for a condition, 0 for a feed."""
    episode: str
    raised_at: datetime
    state: AlertState = AlertState.RAISED
    count: int = 0
    threshold: int = 0
    """The limit that was crossed; 0 where there is none."""
    why: str = ""
    cleared_at: datetime | None = None
    acked_by: str = ""
    acked_at: datetime | None = None
    ack_until: datetime | None = None
    """An acknowledgement expires at the end of the shift; then the alert is open again."""
    note: str = ""
    assessment: str = ""
    """The officer's judgement afterwards: 'true', 'false', 'exercise', 'unclear', or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who gets mail, from which level up."""

    address: str
    problem: str = "*"
    minimum: Level = Level.WARNING
    indicators: tuple[str, ...] = ()
    """Only these indicators; empty means all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Mutes mail about a subject until an instant; the board is never muted."""

    silence_id: str
    problem: str
    subject: str
    """An indicator, a feed, or `*`."""
    by: str
    reason: str
    starts_at: datetime
    ends_at: datetime


class MailState(StrEnum):
    """Where a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    """Refused for good; a person must look."""
    MUTED = "muted"
    """A silence held it back; the row says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One row of the outbox. The Message-ID is fixed when queued, so a retry is the same mail."""

    message_id: str
    recipient: str
    alert_id: str
    subject: str
    content: bytes
    """The whole message in SMTP form."""
    queued_at: datetime
    state: MailState = MailState.WAITING
    tries: int = 0
    next_try_at: datetime
    sent_at: datetime | None = None
    error: str = ""
