"""Coding again what is kept: after an officer's correction, and after a change of the catalogue.

Nothing that was known is rewritten. What is coded again is kept beside what was coded before, known from the instant of
recoding on; events get new versions and counts get signed changes, so that any earlier instant still shows what it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from feeds import store as items
from feeds.model import Feed, Item
from indicators.catalogue import Catalogue
from indicators.coding import code
from indicators.events import clustering, origin
from indicators.events.regrouping import regroup
from indicators.events.syndication import Reprint, ReprintIndex
from indicators.model.correction import Correction
from indicators.model.event import Event, Report
from indicators.model.series import CountChange
from indicators.model.signal import Signal
from indicators.series import counting
from indicators.store import corrections, events, rulings, series, signals
from indicators.store.signals import Coding

NEAR = timedelta(days=40)
"""Events farther than this from a corrected one cannot be touched by it: a report joins none older than a month."""
BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One signal that is coded otherwise than it was; None on a side where there is none."""

    item: Item
    before: Signal | None
    after: Signal | None

    @property
    def signal(self) -> Signal:
        """The newer of the two."""
        one = self.after or self.before
        assert one is not None
        return one

    def __str__(self) -> str:
        if self.before is None:
            return f"new: {_short(self.signal)}"
        if self.after is None:
            return f"gone: {_short(self.signal)}"
        differs = ", ".join(name for name in _TELLING if getattr(self.before, name) != getattr(self.after, name))
        return f"changed ({differs.replace('_', ' ')}): {_short(self.signal)}"


@dataclass(slots=True)
class Recoding:
    """What coding everything again would change, and the counts that would follow."""

    catalogue_version: str
    items: int = 0
    changes: list[Change] = field(default_factory=list)
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()
    recoded: dict[str, tuple[Item, list[Signal]]] = field(default_factory=dict)

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each indicator whose number of counted events changes: how many there were, and would be."""
        tallies: list[dict[str, int]] = []
        for side in (self.before, self.after):
            tally: dict[str, int] = defaultdict(int)
            for event in side:
                if counting.counts(event) and event.indicator is not None:
                    tally[event.indicator] += 1
            tallies.append(tally)
        old, new = tallies
        return {
            name: (old.get(name, 0), new.get(name, 0))
            for name in sorted(old.keys() | new.keys())
            if old.get(name, 0) != new.get(name, 0)
        }


# What makes a signal another one; the rule's name and the reason alone do not.
_TELLING = (
    "family",
    "indicator",
    "counted",
    "assertion",
    "direction",
    "quantity",
    "places",
    "actors",
    "attribution",
    "occurred_on",
    "evidence",
)


def preview(connection: Connection, catalogue: Catalogue, feeds: Mapping[str, Feed], *, as_of: datetime) -> Recoding:
    """What would change if everything kept were coded again with this catalogue; writes nothing."""
    problem = catalogue.problem.id
    found = Recoding(catalogue_version=catalogue.version)
    words = corrections.in_force(connection, problem, as_of=as_of)
    reprints = ReprintIndex()
    echoes: dict[str, Reprint | None] = {}
    for batch in _everything(connection):
        kept = signals.signals_of_items(connection, problem, [item.item_id for item in batch], as_of=as_of)
        for item in batch:
            found.items += 1
            old = kept.get(item.item_id, [])
            fresh = _coded(item, catalogue, feeds, words)
            if fresh:
                echoes[item.item_id] = reprints.add(item)
            changes = _changes(item, old, fresh)
            if changes:
                found.changes += changes
                again = [replace(one, known_at=as_of, catalogue_version=catalogue.version) for one in fresh]
                found.recoded[item.item_id] = item, again
    found.before = tuple(events.events(connection, problem, as_of=as_of))
    found.after = _regrouped(connection, catalogue, feeds, found.before, found.recoded, echoes, as_of)
    return found


def write(connection: Connection, catalogue: Catalogue, found: Recoding, now: datetime) -> tuple[CountChange, ...]:
    """Keep what a preview of this instant found; gives the changes of counts that were appended."""
    problem = catalogue.problem.id
    signals.add_signals(connection, problem, [one for _, said in found.recoded.values() for one in said])
    signals.mark_coded(
        connection, problem, [_mark(item, catalogue.version, now, said) for item, said in found.recoded.values()]
    )
    return _settle(connection, problem, found.before, found.after, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What officers' words changed: events that are new or otherwise, ids of those gone, changes of counts."""

    seq: int
    """The last word looked at."""
    events: tuple[Event, ...] = ()
    gone: frozenset[str] = frozenset()
    counts: tuple[CountChange, ...] = ()


def correct(
    connection: Connection, catalogue: Catalogue, feeds: Mapping[str, Feed], *, since: int, now: datetime
) -> Corrected:
    """Apply the words kept after row `since`; one that finds the signal right changes nothing."""
    problem = catalogue.problem.id
    fresh = corrections.after(connection, problem, since)
    if not fresh:
        return Corrected(seq=since)
    words = corrections.in_force(connection, problem, as_of=now)
    last = {one.item_id: one.seq for one in fresh}
    recoded: dict[str, tuple[Item, list[Signal]]] = {}
    held: list[Signal] = []
    for item_id, item in items.items_by_id(connection, list(last)).items():
        old = signals.signals_of(connection, problem, item_id, as_of=now)
        said = _coded(item, catalogue, feeds, words)
        if not _changes(item, old, said):
            continue
        version = f"{catalogue.version}+{last[item_id]}"
        said = [replace(one, known_at=now, catalogue_version=version) for one in said]
        signals.add_signals(connection, problem, said)
        signals.mark_coded(connection, problem, [_mark(item, version, now, said)])
        recoded[item_id] = item, said
        held += old
    if not recoded:
        return Corrected(seq=fresh[-1].seq)
    days = [day for _, said in recoded.values() for one in (*said, *held) for day in one.occurred_on]
    near = events.events(connection, problem, min(days) - NEAR, max(days) + NEAR, as_of=now)
    after = _regrouped(connection, catalogue, feeds, near, recoded, {}, now)
    counted = _settle(connection, problem, near, after, now)
    standing = {event.event_id: event for event in near}
    return Corrected(
        seq=fresh[-1].seq,
        events=tuple(event for event in after if standing.get(event.event_id) != event),
        gone=frozenset(standing) - {event.event_id for event in after},
        counts=counted,
    )


def _everything(connection: Connection) -> Iterator[list[Item]]:
    """Every item kept, in the order in which it was stored."""
    seq = 0
    while True:
        batch = items.items_after(connection, seq, limit=BATCH)
        if not batch:
            return
        yield [item for _, item in batch]
        seq = batch[-1][0]


def _coded(item: Item, catalogue: Catalogue, feeds: Mapping[str, Feed], words: Sequence[Correction]) -> list[Signal]:
    """What an item says by this catalogue, with the officers' words applied."""
    said = code(item, catalogue, feed=feeds.get(item.source))
    own = {one.signal_id: one for one in words if one.item_id == item.item_id}
    found: dict[str, Signal] = {}
    for signal in said:
        word = own.get(signal.signal_id)
        applied = (signal,) if word is None else word.applied(signal, weight=catalogue.weight(word.right_indicator))
        for one in applied:
            # What another rule already found of the right family stays as it was found.
            found.setdefault(one.signal_id, one)
    return list(found.values())


def _changes(item: Item, old: Sequence[Signal], new: Sequence[Signal]) -> list[Change]:
    before = {one.signal_id: one for one in old}
    after = {one.signal_id: one for one in new}
    found = []
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None or other is None or any(getattr(one, key) != getattr(other, key) for key in _TELLING):
            found.append(Change(item=item, before=one, after=other))
    return found


def _mark(item: Item, version: str, now: datetime, said: Sequence[Signal]) -> Coding:
    return Coding(
        item_id=item.item_id, revision=item.revision, catalogue_version=version, known_at=now, signals=len(said)
    )


def _regrouped(
    connection: Connection,
    catalogue: Catalogue,
    feeds: Mapping[str, Feed],
    before: Sequence[Event],
    recoded: Mapping[str, tuple[Item, Sequence[Signal]]],
    echoes: Mapping[str, Reprint | None],
    now: datetime,
) -> tuple[Event, ...]:
    """The events after the signals of some items were replaced, all of each touched family and indicator anew."""
    if not recoded:
        return tuple(before)
    channels = origin.known_channels(feeds.values(), catalogue.actors)
    known: dict[str, Report] = {}
    standing: list[Event] = []
    again: set[clustering.Key] = set()
    for event in before:
        kept = tuple(report for report in event.reports if report.signal.item_id not in recoded)
        if len(kept) < len(event.reports):
            again.add((event.family, event.indicator or ""))
            for report in event.reports:
                known.setdefault(report.signal.item_id, report)
            if not kept:
                continue
            event = replace(event, reports=kept)  # noqa: PLW2901 - the event goes on without them
        standing.append(event)
    arrived: list[Report] = []
    for item_id, (item, said) in recoded.items():
        for signal in said:
            again.add((signal.family, signal.indicator or ""))
            if item_id in known:
                arrived.append(replace(known[item_id], signal=signal))
                continue
            echo = echoes.get(item_id)
            root = known.get(echo.of) if echo is not None else None
            arrived.append(
                origin.trace(
                    signal,
                    item=item,
                    feed=feeds.get(item.source),
                    reprint=echo,
                    root=root.origin if root is not None else None,
                    actors=catalogue.actors,
                    channels=channels,
                )
            )
    step = regroup(
        arrived,
        standing,
        own_voices=origin.voices(feeds.values(), catalogue.actors),
        rulings=rulings.in_force(connection, catalogue.problem.id, as_of=now),
        again=again,
    )
    after = {event.event_id: event for event in standing}
    for event in step.before:
        after.pop(event.event_id, None)
    after |= {event.event_id: event for event in step.after}
    return tuple(after.values())


def _settle(
    connection: Connection, problem: str, before: Sequence[Event], after: Sequence[Event], now: datetime
) -> tuple[CountChange, ...]:
    """Keep the events that differ and append what that changes in the counts."""
    held = {event.event_id: event for event in before}
    changed = [event for event in after if held.get(event.event_id) != event]
    gone = set(held) - {event.event_id for event in after}
    events.save(connection, problem, changed, now, retired=gone)
    counted = counting.changes(before, after, problem=problem, known_at=now)
    series.add_changes(connection, counted)
    return tuple(counted)


def _short(signal: Signal) -> str:
    quote = " ".join(signal.evidence.quote.split())
    shown = quote if len(quote) <= 100 else quote[:97] + "..."
    counts = "counted" if signal.counted else "not counted"
    return f"{signal.indicator or signal.family}, {signal.assertion}, {counts} ({signal.rule}): {shown}"
