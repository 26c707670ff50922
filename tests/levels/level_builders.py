"""Builders for the rooms of counts and levels: only what matters needs a name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from indicators.levels.condition import IndicatorFacts
from indicators.model.actor import Actor
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Level, Reading, ReadingState, Standing
from indicators.model.place import Place, PlaceMention
from indicators.model.signal import Assertion, Direction, Evidence, Quantity, Signal, Weight

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
HAJUN = Origin(id="HAJUN", name="Belarusian Hajun")
REUTERS = Origin(id="owner:reuters", name="Reuters")
MINISTRY = Origin(id="BLR_MOD", name="Belarus Ministry of Defence", official=True)
UNNAMED = Origin(id="unknown", name="unnamed channels")


def a_place(place_id: str = "brest", **changes: Any) -> Place:
    """Brest, or another place."""
    values: dict[str, Any] = {"name": place_id.title(), "lat": 52.1, "lon": 23.7, "radius_km": 5, "kind": "town"}
    return Place(**{"id": place_id, "country": "BLR", **values, **changes})


def a_report(origin: Origin = HAJUN, *, published_at: datetime = NOON, **changes: Any) -> Report:
    """One item's word, by `origin`."""
    places = tuple(PlaceMention(place=place) for place in changes.pop("places", ()))
    actors = tuple(Actor(id=actor, name=actor) for actor in changes.pop("actors", ()))
    values: dict[str, Any] = {
        "item_id": f"{origin.id}:{published_at:%d%H%M}",
        "source": origin.id,
        "indicator": "equipment_moves",
        "family": "equipment_move",
        "weight": Weight.SUPPORTING,
        "evidence": Evidence(item_id="x", start=0, end=5, quote="tanks"),
        "assertion": Assertion.HAPPENED,
        "occurred_on": (published_at.date(), published_at.date()),
        "counted": True,
        "why": "rule",
        "published_at": published_at,
        "known_at": published_at,
        "direction": Direction.NONE,
    }
    signal = Signal(places=places, actors=actors, **{**values, **changes})
    return Report(
        signal=signal, url="", title="", owner=origin.id, reliability="B", origin=origin, traced_by="attribution"
    )


def an_event(indicator: str | None = "equipment_moves", *, at: datetime = NOON, **changes: Any) -> Event:
    """One counted event of `indicator`, published at `at`."""
    origins = changes.pop("origins", (HAJUN,))
    quantity = changes.pop("troops", None)
    signal = changes.pop("signal", {})
    family = changes.pop("family", "equipment_move")
    if quantity is not None:
        signal = {"quantity": Quantity(low=quantity, high=quantity, unit="troops"), **signal}
    reports = tuple(
        a_report(origin, published_at=at, indicator=indicator, family=family, **signal) for origin in origins
    )
    values: dict[str, Any] = {
        "event_id": f"{indicator}-{at:%Y%m%d%H%M}-{'-'.join(origin.id for origin in origins)}",
        "occurred_on": at.date(),
        "first_known_at": at,
        "known_at": at,
        "reports": reports,
    }
    return Event(indicator=indicator, family=family, **{**values, **changes})


def a_fact(indicator: str, weight: Weight = Weight.SUPPORTING, **changes: Any) -> IndicatorFacts:
    """What the ladder knows of an indicator; its group is its own name unless said."""
    values: dict[str, Any] = {"name": indicator, "family": indicator, "group": indicator}
    return IndicatorFacts(id=indicator, weight=weight, **{**values, **changes})


def a_standing(indicator: str, level: Level = Level.NORMAL, **changes: Any) -> Standing:
    """An indicator that stands at `level`, well seen."""
    values: dict[str, Any] = {"at": NOON, "level_since": NOON, "coverage": 0.9}
    return Standing(problem="belarus", indicator=indicator, level=level, **{**values, **changes})


def a_reading(level: Level = Level.NORMAL, *, p: float | None = None, **changes: Any) -> Reading:
    """An answer of the absolute rule, or of a statistical one when `p` is given."""
    values: dict[str, Any] = {"count": 0, "why": f"reads {level.word}", "state": ReadingState.ANSWERED}
    return Reading(detector="absolute" if p is None else "nbp", level=level, p_value=p, **{**values, **changes})


def on(day: int, hour: float = 12) -> datetime:
    """An hour of the day `day` days after 1 December 2022."""
    return datetime(2022, 12, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)


def day_after(day: int) -> date:
    """The day `day` days after 1 December 2022."""
    return on(day).date()
