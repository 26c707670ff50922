"""Builders for counts and coverage."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from feeds.model import Feed, Outcome, Poll
from indicators.model.event import Event, Origin, Report
from indicators.model.signal import Assertion, Evidence, Signal, Weight

START = datetime(2022, 12, 1, tzinfo=UTC)


def an_event(
    event_id: str,
    *,
    indicator: str | None = "moves",
    day: date = date(2022, 12, 20),
    reports: int = 1,
    counted: bool = True,
    origin: str | None = None,
) -> Event:
    """An event of `reports` reports by as many feeds."""
    at = datetime.combine(day, time(7), tzinfo=UTC)
    made = []
    for number in range(reports):
        signal = Signal(
            item_id=f"{event_id}{number}",
            source=f"feed{number}",
            indicator=indicator,
            family="move",
            weight=Weight.SUPPORTING,
            evidence=Evidence(item_id=event_id, start=0, end=1, quote="x"),
            assertion=Assertion.HAPPENED,
            occurred_on=(day, day),
            counted=counted,
            why="",
            published_at=at,
            known_at=at,
        )
        voice = origin or f"owner:{number}"
        made.append(
            Report(
                signal=signal,
                url="",
                title="",
                owner=voice,
                reliability="B",
                origin=Origin(id=voice, name=voice),
                traced_by="publisher",
            )
        )
    return Event(
        event_id=event_id,
        family="move",
        indicator=indicator,
        occurred_on=day,
        first_known_at=at,
        known_at=at,
        reports=tuple(made),
        counted=counted,
    )


def a_feed(feed_id: str = "a", minutes: int = 30, **changes: Any) -> Feed:
    """A feed polled every `minutes`."""
    return Feed(feed_id=feed_id, name=feed_id, url="", interval=timedelta(minutes=minutes), **changes)


def a_poll(hours: float, feed_id: str = "a", outcome: Outcome = Outcome.UNCHANGED) -> Poll:
    """A poll so many hours after the start."""
    return Poll(feed_id=feed_id, polled_at=START + timedelta(hours=hours), outcome=outcome, new_items=1)


def polls(since: float, until: float, every: float = 0.5, feed_id: str = "a") -> list[Poll]:
    """Successful polls from `since` to `until`, in hours after the start."""
    return [a_poll(since + every * n, feed_id) for n in range(int((until - since) / every) + 1)]
