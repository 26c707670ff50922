"""The spine: reads from the store, walks through the rooms one after the other, and writes what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from feeds import store as items
from feeds.model import Feed, Item
from indicators import recoding
from indicators.catalogue import Catalogue
from indicators.coding import code
from indicators.events import clustering, origin
from indicators.events.regrouping import regroup
from indicators.events.syndication import Reprint, ReprintIndex
from indicators.model.alert import Alert
from indicators.model.event import Event, Origin, Report
from indicators.model.ruling import Ruling
from indicators.model.signal import Signal
from indicators.outlook import Outlook
from indicators.series import counting
from indicators.settings import Settings
from indicators.store import (
    corrections,
    events,
    rulings,
    series,
    signals,
)
from indicators.store.problems import reading, writing
from indicators.store.signals import Coding

BATCH = 2_000
"""Items coded in one transaction: a crash repeats at most so many."""
LOOK_AGAIN_EVERY = timedelta(hours=6)
"""Levels are looked at again this often though nothing new came: time itself clears them."""
REMEMBER_FOR = timedelta(days=30)
"""Reports kept at hand; a report older than this joins no event any more."""


Coded = Mapping[str, Sequence[Signal]]
"""By item, what it says: the work of another machine, or of none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What one walk through the rooms brought."""

    now: datetime
    items: int = 0
    signals: int = 0
    events: int = 0
    counts: int = 0
    """Changes of counts: whether the levels have anything new to look at."""
    alerts: tuple[Alert, ...] = ()


class Pipeline:
    """Carries what the store holds through coding, events, series, levels and alerts, for each problem.

    Everything it keeps in memory is in the store too and is read back at the start, so that a restart changes nothing.
    """

    def __init__(
        self,
        engine: Engine,
        catalogues: Sequence[Catalogue],
        feeds: Mapping[str, Feed],
        *,
        settings: Settings,
        recording: str = "",
        coded: Coded | None = None,
    ) -> None:
        self._engine = engine
        self._desks = [_Desk(catalogue, feeds, settings, recording, coded) for catalogue in catalogues]
        self._looked_at: datetime | None = None
        with reading(engine) as connection:
            looked = [at for desk in self._desks if (at := desk.remember(connection)) is not None]
        if len(looked) == len(self._desks):
            self._looked_at = min(looked, default=None)

    def advance(self, now: datetime) -> Advance:
        """Code what is new, fold it into events and count; look at the levels where due; queue what is to be mailed."""
        done = Advance(now=now)
        for desk in self._desks:
            while self._has_fresh(desk):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.take_in(connection, now))
            if self._has_rulings(desk, now):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.rule(connection, now))
            if self._has_corrections(desk):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.correct(connection, now))
            if done.counts or self._is_due(now):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.look(connection, now))
        if done.counts or self._is_due(now):
            self._looked_at = now
        return done

    def surprises(self, problem: str) -> dict[str, float]:
        """The p-value of the predictive rule at the last look, of those indicators for which it answered."""
        return next((desk.outlook.surprises for desk in self._desks if desk.id == problem), {})

    def _has_fresh(self, desk: _Desk) -> bool:
        # Most turns bring nothing; they must not queue for the write lock.
        with reading(self._engine) as connection:
            return bool(items.items_after(connection, signals.cursor(connection, desk.id).seq, limit=1))

    def _has_rulings(self, desk: _Desk, now: datetime) -> bool:
        with reading(self._engine) as connection:
            return tuple(rulings.in_force(connection, desk.id, as_of=now)) != desk.rulings

    def _has_corrections(self, desk: _Desk) -> bool:
        with reading(self._engine) as connection:
            return bool(corrections.after(connection, desk.id, desk.corrected_up_to(connection)))

    def next_due_at(self) -> datetime | None:
        """When the levels are to be looked at again though nothing new came."""
        return None if self._looked_at is None else self._looked_at + LOOK_AGAIN_EVERY

    def _is_due(self, now: datetime) -> bool:
        return self._looked_at is None or now - self._looked_at >= LOOK_AGAIN_EVERY


def _sum(one: Advance, other: Advance) -> Advance:
    return Advance(
        now=other.now,
        items=one.items + other.items,
        signals=one.signals + other.signals,
        events=one.events + other.events,
        counts=one.counts + other.counts,
        alerts=one.alerts + other.alerts,
    )


@dataclass(slots=True)
class _Desk:
    """One problem's place in the spine, with what it has at hand."""

    catalogue: Catalogue
    feeds: Mapping[str, Feed]
    settings: Settings
    recording: str = ""
    """The label of the recording that is being replayed; empty in the world."""
    coded: Coded | None = None
    """What items mean, where that was worked out beforehand."""
    reprints: ReprintIndex = field(default_factory=ReprintIndex)
    origins: dict[str, dict[str, Origin]] = field(default_factory=lambda: defaultdict(dict))
    """Of each item that said something, whose word each family was: what a reprint of it inherits."""
    reported: dict[str, datetime] = field(default_factory=dict)
    """Signals already folded into events: an edit or a restart brings none of them again."""
    events: dict[clustering.Key, dict[str, Event]] = field(default_factory=lambda: defaultdict(dict))
    rulings: tuple[Ruling, ...] = ()
    """What officers said of happenings, as the events at hand are grouped by."""
    outlook: Outlook = field(init=False)
    channels: Mapping[str, Origin] = field(init=False)
    voices: Mapping[str, Origin] = field(init=False)

    def __post_init__(self) -> None:
        self.outlook = Outlook(self.catalogue, self.feeds, self.settings, self.recording)
        self.channels = origin.known_channels(self.feeds.values(), self.catalogue.actors)
        self.voices = origin.voices(self.feeds.values(), self.catalogue.actors)

    @property
    def id(self) -> str:
        """The problem's id."""
        return self.catalogue.problem.id

    @property
    def levels_id(self) -> str:
        """Under this name the store keeps when the levels were last looked at."""
        return f"{self.id}:levels"

    # -- at the start ---------------------------------------------------------------------------------------------

    def remember(self, connection: Connection) -> datetime | None:
        """Read back what the desk had at hand when it last stopped; says when it last looked at its levels."""
        looked_at = signals.cursor(connection, self.levels_id).moved_at
        last = max(
            (at for at in (signals.cursor(connection, self.id).moved_at, looked_at) if at is not None), default=None
        )
        if last is None:
            return None
        since = last - REMEMBER_FOR
        self.rulings = tuple(rulings.in_force(connection, self.id, as_of=last))
        roots: dict[str, str] = {}
        for event in events.events(connection, self.id, since.date(), as_of=last):
            self._hold([event])
            for report in event.reports:
                self.reported[report.signal.signal_id] = report.signal.published_at
                roots[report.signal.item_id] = report.reprint_of or ""
                self.origins[report.signal.item_id].setdefault(report.signal.family, report.origin)
        spoken = sorted(items.items_by_id(connection, list(self.origins)).values(), key=_order_of_knowledge)
        self.reprints = ReprintIndex.rebuilt(spoken, roots={item: root for item, root in roots.items() if root})
        self.outlook.remember(connection, last, polled_since=since)
        return looked_at

    # -- item -> signal -> event -> count ------------------------------------------------------------------------

    def take_in(self, connection: Connection, now: datetime) -> Advance:
        """Code the next items, fold what they say into events, and append what that changes in the counts."""
        cursor = signals.cursor(connection, self.id)
        fresh = items.items_after(connection, cursor.seq, limit=BATCH)
        self.outlook.publish(item for _, item in fresh)
        found = {item.item_id: self._code(item) for _, item in fresh}
        spoken = [signal for said in found.values() for signal in said]
        signals.add_signals(connection, self.id, spoken)
        signals.mark_coded(connection, self.id, [self._mark(item, found[item.item_id]) for _, item in fresh])
        signals.set_cursor(connection, self.id, fresh[-1][0], catalogue_version=self.catalogue.version, at=now)
        reports = [
            report for _, item in fresh if found[item.item_id] for report in self._trace(item, found[item.item_id])
        ]
        written, counted = self._regroup(connection, reports, now)
        return Advance(now=now, items=len(fresh), signals=len(spoken), events=written, counts=counted)

    def rule(self, connection: Connection, now: datetime) -> Advance:
        """Group again what officers have joined, parted or let go since the last look."""
        before, self.rulings = self.rulings, tuple(rulings.in_force(connection, self.id, as_of=now))
        again = {ruling.key for ruling in set(before) ^ set(self.rulings)}
        written, counted = self._regroup(connection, (), now, again=again)
        return Advance(now=now, events=written, counts=counted)

    def _code(self, item: Item) -> list[Signal]:
        if self.coded is not None and item.item_id in self.coded:
            return list(self.coded[item.item_id])
        return code(item, self.catalogue, feed=self.feeds.get(item.source))

    def _mark(self, item: Item, said: Sequence[Signal]) -> Coding:
        return Coding(
            item_id=item.item_id,
            revision=item.revision,
            catalogue_version=self.catalogue.version,
            known_at=item.known_at,
            signals=len(said),
        )

    def _trace(self, item: Item, said: Sequence[Signal]) -> list[Report]:
        # Only items that say something can be echoed as evidence, so only they are kept for comparison.
        reprint: Reprint | None = self.reprints.add(item)
        roots = self.origins.get(reprint.of, {}) if reprint is not None else {}
        reports = [
            origin.trace(
                signal,
                item=item,
                feed=self.feeds.get(item.source),
                reprint=reprint,
                root=roots.get(signal.family) or next(iter(roots.values()), None),
                actors=self.catalogue.actors,
                channels=self.channels,
            )
            for signal in said
        ]
        for report in reports:
            self.origins[item.item_id].setdefault(report.signal.family, report.origin)
        return reports

    def _regroup(
        self, connection: Connection, fresh: Sequence[Report], now: datetime, *, again: Collection[clustering.Key] = ()
    ) -> tuple[int, int]:
        """Group again what the fresh reports can touch; write the events that differ and the counts that follow.

        Gives the number of events written and of counts changed.
        """
        new: dict[clustering.Key, dict[str, Report]] = defaultdict(dict)
        for report in fresh:
            if report.signal.signal_id not in self.reported:
                self.reported[report.signal.signal_id] = report.signal.published_at
                new[clustering.key_of(report)][report.signal.signal_id] = report
        written = counted = 0
        for key in [*new, *sorted(set(again) - set(new))]:
            self._forget(key, now)
            step = regroup(
                new[key].values() if key in new else (),
                self.events[key].values(),
                own_voices=self.voices,
                rulings=self.rulings,
                again={key} & set(again),
            )
            gone = {event.event_id for event in step.before} - {event.event_id for event in step.after}
            events.save(connection, self.id, step.after, now, retired=gone)
            changed = counting.changes(step.before, step.after, problem=self.id, known_at=now)
            series.add_changes(connection, changed)
            self.outlook.count(changed)
            for name in gone:
                del self.events[key][name]
            self._hold(step.after)
            written += len(step.after)
            counted += len(changed)
        return written, counted

    def _hold(self, found: Iterable[Event]) -> None:
        for event in found:
            self.events[(event.family, event.indicator or "")][event.event_id] = event

    def _forget(self, key: clustering.Key, now: datetime) -> None:
        """Let go of events that nothing new can touch any more."""
        horizon, held = now - REMEMBER_FOR, self.events[key]
        old = {one.event_id: one for one in held.values() if one.reports[-1].signal.published_at < horizon}
        for event in old.values():
            # Two that cancel each other are let go of together.
            if event.cancelled_by in old or event.cancelled_by not in held:
                del held[event.event_id]

    def corrected_up_to(self, connection: Connection) -> int:
        """The last officer's correction that was applied."""
        return signals.cursor(connection, f"{self.id}:corrections").seq

    def correct(self, connection: Connection, now: datetime) -> Advance:
        """Apply what officers have corrected since the last look."""
        since = self.corrected_up_to(connection)
        done = recoding.correct(connection, self.catalogue, self.feeds, since=since, now=now)
        signals.set_cursor(connection, f"{self.id}:corrections", done.seq, at=now)
        for block in self.events.values():
            for name in done.gone & block.keys():
                del block[name]
        self._hold(done.events)
        self.outlook.count(done.counts)
        return Advance(now=now, events=len(done.events), counts=len(done.counts))

    # -- count -> reading -> level -> alert ----------------------------------------------------------------------

    def look(self, connection: Connection, now: datetime) -> Advance:
        """Where every indicator and the problem stand at `now`, and what that says to people."""
        signals.set_cursor(connection, self.levels_id, 0, at=now)
        events = (event for block in self.events.values() for event in block.values())
        return Advance(now=now, alerts=self.outlook.look(connection, events, now))


def _order_of_knowledge(item: Item) -> tuple[datetime, str]:
    return item.known_at, item.item_id
