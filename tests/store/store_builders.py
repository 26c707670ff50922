"""Nouns for the store's tests: each builder names only what matters."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine

from feeds.database import open_engine
from feeds.model import Item
from indicators import store
from indicators.model.actor import Actor, Attribution, AttributionKind
from indicators.model.alert import Alert, AlertKind, Mail
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.model.place import Place, PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction, Evidence, Quantity, Signal, Weight

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PROBLEM = "crossing"


def an_item(item_id: str = "monitor:1", *, at: datetime = NOON, **rest: Any) -> Item:
    """A publication of the monitor."""
    fields: dict[str, Any] = {
        "source": item_id.split(":", maxsplit=1)[0],
        "url": f"https://example.org/{item_id}",
        "title": "Tanks moved",
        "text": "Thirty tanks were moved to the south.",
        "published_at": at,
        "known_at": at,
        "lang": "en",
    }
    return Item(item_id=item_id, **(fields | rest))


def a_signal(item_id: str = "monitor:1", *, at: datetime = NOON, start: int = 13, **rest: Any) -> Signal:
    """A coded mention with everything a signal can carry."""
    fields: dict[str, Any] = {
        "source": item_id.split(":", maxsplit=1)[0],
        "indicator": "equipment_moves",
        "family": "equipment_move",
        "weight": Weight.SUPPORTING,
        "evidence": Evidence(item_id=item_id, start=start, end=start + 12, quote="Thirty tanks"),
        "actors": (Actor(id="RUS", name="Russia"),),
        "places": (
            PlaceMention(
                place=Place(
                    id="luninets",
                    name="Luninets",
                    lat=52.25,
                    lon=26.8,
                    radius_km=3.5,
                    kind="town",
                    country="BLR",
                ),
                role=PlaceRole.TO,
            ),
        ),
        "quantity": Quantity(low=30.0, high=30.0, unit="tank", approximate=True),
        "direction": Direction.TOWARD,
        "assertion": Assertion.HAPPENED,
        "attribution": Attribution(name="The Monitor", kind=AttributionKind.INDEPENDENT_MONITOR, actor="MONITOR"),
        "occurred_on": (at.date() - DAY, at.date()),
        "counted": True,
        "why": "rule moves.3",
        "rule": "moves.3",
        "published_at": at,
        "known_at": at,
        "catalogue_version": "v1",
    }
    return Signal(item_id=item_id, **(fields | rest))


def a_report(item_id: str = "monitor:1", *, origin: str = "MONITOR", **rest: Any) -> Report:
    """One item's word."""
    facts: dict[str, Any] = {"traced_by": "attribution", "reprint_of": None, "reliability": "B"}
    facts |= {name: rest.pop(name) for name in list(rest) if name in facts}
    signal = rest.pop("signal", None) or a_signal(item_id, **rest)
    return Report(
        signal=signal,
        url=f"https://example.org/{item_id}",
        title="Tanks moved",
        owner=signal.source,
        origin=Origin(id=origin, name=origin.title(), official=False),
        **facts,
    )


def an_event(event_id: str = "e1", *reports: Report, **rest: Any) -> Event:
    """One happening."""
    told = reports or (a_report(),)
    fields: dict[str, Any] = {
        "family": "equipment_move",
        "indicator": "equipment_moves",
        "occurred_on": NOON.date(),
        "first_known_at": min(report.signal.known_at for report in told),
        "known_at": max(report.signal.known_at for report in told),
        "credibility": 3,
        "counted": True,
        "why": "one origin",
    }
    return Event(event_id=event_id, reports=told, **(fields | rest))


def a_standing(indicator: str = "equipment_moves", level: Level = Level.WATCH, **rest: Any) -> Standing:
    """Where an indicator stands."""
    fields: dict[str, Any] = {
        "problem": PROBLEM,
        "at": NOON,
        "level_since": NOON,
        "episode": "equipment_moves-2022-12-20" if level else "",
        "peak": level,
        "days_below": (date(2022, 12, 19),),
        "count": 3,
        "expected": 0.8,
        "coverage": 0.9,
        "origins": 2,
        "active": True,
        "weight": Weight.CRITICAL,
        "why": "3 events in 3 days",
    }
    return Standing(indicator=indicator, level=level, **(fields | rest))


def a_recommendation(condition: int = 4, *, at: datetime = NOON, **rest: Any) -> Recommendation:
    """What the machine recommends."""
    fields: dict[str, Any] = {
        "problem": PROBLEM,
        "why": ("3 supporting in 2 groups",),
        "coverage": 0.71,
        "blind": ("hospitals",),
        "assessable_downward": False,
        "days_below": (date(2022, 12, 18),),
        "since": at,
    }
    return Recommendation(condition=WatchCondition(condition), at=at, **(fields | rest))


def an_alert(alert_id: str = "a1", **rest: Any) -> Alert:
    """A crossing."""
    fields: dict[str, Any] = {
        "problem": PROBLEM,
        "kind": AlertKind.INDICATOR,
        "subject": "equipment_moves",
        "level": int(Level.WARNING),
        "episode": "ep1",
        "raised_at": NOON,
        "count": 3,
        "threshold": 3,
        "why": "3 events in 3 days",
    }
    return Alert(alert_id=alert_id, **(fields | rest))


def a_mail(message_id: str = "<m1@vedette>", **rest: Any) -> Mail:
    """A row of the outbox."""
    fields: dict[str, Any] = {
        "recipient": "officer@example.org",
        "alert_id": "a1",
        "subject": "[Vedette] WARNING equipment_moves",
        "content": b"Subject: x\r\n\r\nbody\r\n",
        "queued_at": NOON,
        "next_try_at": NOON,
    }
    return Mail(message_id=message_id, **(fields | rest))


PROBLEMS = itertools.count()


@cache
def shared_engine() -> Engine:
    """One database for all examples of a property, each with a problem of its own."""
    engine = open_engine("sqlite://")
    store.upgrade(engine)
    return engine
