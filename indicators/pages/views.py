"""What a page is given to show: read from the store by `reading`, placed by the pages; None where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model import Feed
from indicators.charts.board import Row
from indicators.charts.series import Series
from indicators.model.alert import Alert, Mail, Silence, Subscriber
from indicators.model.event import Event
from indicators.model.level import Board, SetCondition, Standing, ThresholdChange, Thresholds


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
    heard_at: datetime | None = None
    """Real time of its last sign of life."""
    busy: str = ""
    replay: str = ""
    """Name of what is replayed."""
    trouble: str = ""
    """Why the store cannot be read, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that became different and that an officer coming on watch should hear of."""

    at: datetime
    text: str
    level: int | None = None
    """The Level it rose or fell to, where it is about an indicator."""
    condition: int | None = None
    """The WatchCondition, where it is about the problem."""
    indicator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """One of the indicators drawn together."""

    title: str
    series: Series
    thresholds: Thresholds
    standing: Standing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The Overview."""

    problem: str
    name: str
    question: str
    board: Board
    pulse: Pulse
    pinned: bool = False
    """Whether a past instant is being looked at."""
    rows: tuple[Row, ...] = ()
    panels: tuple[PanelView, ...] = ()
    events: tuple[Event, ...] = ()
    """Counted events of the last days, for the map."""
    changes: tuple[Change, ...] = ()
    settings: tuple[SetCondition, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Indicator id to code and name."""
    home: tuple[str, ...] = ()


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
    state: str
    """One word: ok, frozen, empty, undated, unreachable, never ..."""
    good: bool | None
    """None when it was never polled."""
    detail: str = ""
    polled_at: datetime | None = None
    newest_at: datetime | None = None
    next_due_at: datetime | None = None
    rhythm: timedelta | None = None
    """Its usual span between publications."""
    share: tuple[float | None, ...] = ()
    """Observed share of each recent day."""
    blinds: tuple[str, ...] = ()
    """Indicators that only this feed, or only failing feeds, can carry."""
    weakens: tuple[str, ...] = ()
    """Indicators that lose part of their coverage with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsView:
    """Health at a glance."""

    pulse: Pulse
    as_of: datetime
    lines: tuple[FeedLine, ...]
    together: str = ""
    """One sentence when many sources fail at once: look at the network or the platform, not at each feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsView:
    """The alert desk."""

    pulse: Pulse
    as_of: datetime
    pinned: bool
    alerts: tuple[Alert, ...]
    mails: tuple[Mail, ...]
    silences: tuple[Silence, ...]
    subscribers: tuple[Subscriber, ...]
    configured: tuple[Subscriber, ...]
    """Those of the settings file, which the page cannot change."""
    mail_settings: tuple[tuple[str, str], ...]
    """Key and value as shown; never a secret."""
    names: Mapping[str, str] = field(default_factory=dict)
