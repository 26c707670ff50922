"""What the Event page reads and writes: one happening as known at an instant, with all that is said around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feeds import store as items
from feeds.database import DatabaseUnusable
from feeds.model import Item
from indicators.briefing import picture
from indicators.events import contradictions
from indicators.events.corroboration import Contradiction
from indicators.events.record import TrackRecord, track_records
from indicators.events.ruling import RulingRefused
from indicators.model.event import Event
from indicators.model.ruling import Ruling
from indicators.model.signal import Signal
from indicators.pages import reading
from indicators.pages.reading import Unreadable, catalogue, engine, looking, pulse, registered
from indicators.pages.views import Passage, Pulse
from indicators.store import events as kept_events
from indicators.store import rulings as kept_rulings
from indicators.store import writing
from indicators.store.events import Version

RECORD_FOR = timedelta(days=365)
"""How far back a voice's record is counted."""
LATEST_FOR = timedelta(days=14)
"""Days of the list that stands where no event is asked for."""
NEAR = timedelta(days=5)
"""Days around an event in which another may turn out to be the same happening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One happening's page."""

    pulse: Pulse
    as_of: datetime
    pinned: bool
    asked: str
    event: Event | None = None
    """None where no event of this id was known at the instant."""
    versions: tuple[Version, ...] = ()
    passages: Mapping[str, Passage] = field(default_factory=dict)
    """The words around the evidence, by signal id."""
    texts: Mapping[str, Passage] = field(default_factory=dict)
    """The whole text with the evidence marked, by signal id."""
    contradictions: tuple[Contradiction, ...] = ()
    records: tuple[TrackRecord, ...] = ()
    """Of this event's voices."""
    other_half: Event | None = None
    """The event that cancels this one."""
    siblings: tuple[Event, ...] = ()
    """Events of the same kind in the days around it."""
    rulings: tuple[Ruling, ...] = ()
    """Those in force on one of its reports."""
    indicator_name: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Feeds' names by id."""


def event(problem: str, event_id: str, as_of: datetime | None) -> EventView:
    """One event as it was known at `as_of`."""
    beat = pulse()
    at = as_of or beat.now
    known = catalogue(problem)
    view = EventView(pulse=beat, as_of=at, pinned=as_of is not None, asked=event_id, sources=_sources(beat))
    try:
        with looking() as connection:
            versions = tuple(kept_events.history(connection, problem, event_id, as_of=at))
            found = kept_events.event(connection, problem, event_id, as_of=at)
            if found is None:
                return replace(view, versions=versions)
            around = kept_events.events(
                connection,
                problem,
                found.occurred_on - NEAR,
                found.occurred_on + NEAR,
                as_of=at,
                family=found.family,
            )
            told = kept_events.events(connection, problem, (at - RECORD_FOR).date(), as_of=at)
            signals = [report.signal for report in found.reports]
            texts = items.items_by_id(connection, {signal.item_id for signal in signals})
            ruled = kept_rulings.in_force(connection, problem, as_of=at)
    except Unreadable as line:
        return replace(view, pulse=replace(beat, trouble=str(line)))
    records = track_records(told)
    mentions = {signal.signal_id for signal in signals}
    alike = [one for one in around if one.event_id != event_id and one.indicator == found.indicator]
    names = picture.names_of(known)
    return replace(
        view,
        event=found,
        versions=versions,
        passages={one.signal_id: reading.passage(one, texts.get(one.item_id)) for one in signals},
        texts={one.signal_id: _whole(one, texts.get(one.item_id)) for one in signals},
        contradictions=tuple(contradictions(found, others=around)),
        records=tuple(records[origin.id] for origin in found.origins if origin.id in records),
        other_half=next((one for one in around if one.event_id == found.cancelled_by), None),
        siblings=tuple(alike),
        rulings=tuple(one for one in ruled if mentions & set(one.mentions)),
        indicator_name=names.get(found.indicator or "", found.family),
    )


def latest(problem: str, as_of: datetime | None) -> tuple[list[Event], datetime, str]:
    """The events of the last two weeks as known at `as_of`, latest first; the instant, and why none could be read."""
    at = as_of or pulse().now
    try:
        with looking() as connection:
            found = kept_events.events(connection, problem, (at - LATEST_FOR).date(), as_of=at)
    except Unreadable as line:
        return [], at, "" if reading.NEW_DATABASE in str(line) else str(line)
    return sorted(found, key=lambda one: (one.occurred_on, one.known_at, one.event_id), reverse=True), at, ""


def rule(make: Callable[[], Ruling]) -> None:
    """Keep the ruling that `make` makes of the events on the page; Unreadable says why it cannot be."""
    try:
        ruling = make()
        with writing(engine()) as connection:
            kept_rulings.add(connection, ruling)
    except (RulingRefused, DatabaseUnusable) as line:
        raise Unreadable(str(line)) from line


def _whole(signal: Signal, item: Item | None) -> Passage:
    """The item's whole text with the evidence marked; nothing but the quote where it no longer stands there."""
    start, end = signal.evidence.start, signal.evidence.end
    body = item.body if item is not None else ""
    if body[start:end] != signal.evidence.quote:
        return Passage(pieces=((signal.evidence.quote, True),))
    return Passage(pieces=((body[:start], False), (body[start:end], True), (body[end:], False)))


def _sources(beat: Pulse) -> dict[str, str]:
    try:
        return {feed.feed_id: feed.name for feed in registered(beat.replay)}
    except Unreadable:
        # The Feeds page says what is wrong with the registry.
        return {}
