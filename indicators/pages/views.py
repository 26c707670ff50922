"""What a page is given to show: read from the store by `reading`, placed by the pages; None where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from feeds.health import Health
from feeds.model import Feed
from indicators.charts.board import Row
from indicators.charts.series import Series
from indicators.model.alert import Alert, Mail, Silence, Subscriber
from indicators.model.event import Event
from indicators.model.level import ThresholdChange, Thresholds
from indicators.store.outbox import CaughtMail


class PollerState(StrEnum):
    """Whether anyone is collecting."""

    LIVE = "live"
    REPLAY = "replay"
    LATE = "late"
    """It was running and has not been heard of for too long."""
    ENDED = "ended"
    """A replay that ran to its last day."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What is known of the poller, and the instant the pages call now."""

    state: PollerState
    now: datetime
    acting_at: datetime
    """The instant to write beside what a person does: the replay's in a replay, else the world's."""
    heard_at: datetime | None = None
    """Real time of its last sign of life."""
    replay: str = ""
    """Name of what is replayed."""
    trouble: str = ""
    """Why the store cannot be read, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One report's words with the evidence marked, as (text, is evidence) pieces."""

    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorView:
    """One indicator's page."""

    row: Row
    pulse: Pulse
    as_of: datetime
    pinned: bool
    weight: str
    family: str
    definition: str
    why: str
    traps: tuple[str, ...]
    clauses: tuple[str, ...]
    """What makes it critical, as sentences."""
    series: Series
    events: tuple[Event, ...]
    passages: Mapping[str, Passage]
    """By signal id."""
    default: Thresholds
    changes: tuple[ThresholdChange, ...]
    """Latest first."""
    carriers: tuple[str, ...]
    """Names of the feeds that can carry it."""
    choices: Mapping[str, str]
    """Every indicator, for the picker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """How one feed is."""

    feed: Feed
    fare: Health
    good: bool | None
    """Whether it reaches us; None where nobody tries."""
    next_due_at: datetime | None = None
    share: tuple[float | None, ...] = ()
    """Share of each recent day's visits that read it; None on a day without one."""
    blinds: tuple[str, ...] = ()
    """Indicators that only this feed, or only failing feeds, can carry."""
    weakens: tuple[str, ...] = ()
    """Indicators that lose part of their coverage with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsView:
    """Health at a glance."""

    pulse: Pulse
    as_of: datetime
    pinned: bool
    lines: tuple[FeedLine, ...]
    trouble: str = ""
    """Why the registry cannot be read."""
    together: str = ""
    """One sentence when many sources fail at once: look at the network or the platform, not at each feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsView:
    """The alert desk."""

    pulse: Pulse
    as_of: datetime
    pinned: bool
    alerts: tuple[Alert, ...] = ()
    mails: tuple[Mail, ...] = ()
    caught: tuple[CaughtMail, ...] = ()
    """The mails of a replay, caught on this machine."""
    silences: tuple[Silence, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    configured: tuple[Subscriber, ...] = ()
    """Those of the settings file, which the page cannot change."""
    mail_settings: tuple[tuple[str, str], ...] = ()
    """Key and value as shown; never a secret."""
    names: Mapping[str, str] = field(default_factory=dict)
