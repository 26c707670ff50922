"""The spine: reads from the store, walks through the rooms one after the other, and writes what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from feeds import store as items
from feeds.model import Feed, Item
from indicators.alerts import message, silencing, transitions
from indicators.catalogue import Catalogue
from indicators.coding import code
from indicators.events import clustering, origin
from indicators.events.syndication import Reprint, ReprintIndex
from indicators.levels import absolute, condition, hysteresis, weight
from indicators.levels.detector import History
from indicators.model.alert import Alert
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Recommendation, Standing, Thresholds
from indicators.model.series import CountChange, DayCoverage
from indicators.model.signal import Signal
from indicators.series import asof, counting, coverage, frames
from indicators.settings import Settings
from indicators.store import events, levels, series, signals, thresholds
from indicators.store.problems import reading, writing
from indicators.store.signals import Coding

BATCH = 2_000
"""Items coded in one transaction: a crash repeats at most so many."""
LOOK_AGAIN_EVERY = timedelta(hours=3)
"""Levels are looked at again this often though nothing new came: time itself clears them."""
REMEMBER_FOR = timedelta(days=30)
"""Reports kept at hand; a report older than this joins no event any more."""
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
COVER_DAYS = 8
"""Days whose coverage a new poll can still change: a late success vouches back over a gap, never over a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What one walk through the rooms brought."""

    now: datetime
    items: int = 0
    signals: int = 0
    events: int = 0
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
    ) -> None:
        self._engine = engine
        self._desks = [_Desk(catalogue, feeds, settings) for catalogue in catalogues]
        self._looked_at: datetime | None = None
        with reading(engine) as connection:
            for desk in self._desks:
                desk.remember(connection)

    def advance(self, now: datetime) -> Advance:
        """Code what is new, fold it into events, count, look at the levels where due, and queue what is to be mailed."""
        done = Advance(now=now)
        for desk in self._desks:
            while True:
                with writing(self._engine) as connection:
                    step = desk.take_in(connection, now)
                done = _sum(done, step)
                if step.items < BATCH:
                    break
            if done.signals or self._is_due(now):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.look(connection, now))
        if done.signals or self._is_due(now):
            self._looked_at = now
        return done

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
        alerts=one.alerts + other.alerts,
    )


@dataclass(slots=True)
class _Desk:
    """One problem's place in the spine, with what it has at hand."""

    catalogue: Catalogue
    feeds: Mapping[str, Feed]
    settings: Settings
    reprints: ReprintIndex = field(default_factory=ReprintIndex)
    origins: dict[str, Origin] = field(default_factory=dict)
    """Of each item that said something, whose word it was: what a reprint of it inherits."""
    reports: dict[clustering.Key, dict[str, Report]] = field(default_factory=lambda: defaultdict(dict))
    events: dict[clustering.Key, dict[str, Event]] = field(default_factory=lambda: defaultdict(dict))
    changes: dict[str, list[CountChange]] = field(default_factory=lambda: defaultdict(list))
    lookout: coverage.Lookout = field(init=False)
    seen: dict[str, dict[date, DayCoverage]] = field(default_factory=lambda: defaultdict(dict))
    polled_until: datetime = DAWN
    standings: dict[str, Standing] = field(default_factory=dict)
    recommendation: Recommendation | None = None
    zone: ZoneInfo = field(init=False)
    ladder: condition.Ladder = field(init=False)
    carries: Mapping[str, frozenset[str]] = field(init=False)
    channels: Mapping[str, Origin] = field(init=False)
    voices: Mapping[str, Origin] = field(init=False)

    def __post_init__(self) -> None:
        problem = self.catalogue.problem
        self.zone = ZoneInfo(problem.timezone)
        self.ladder = condition.Ladder.of(problem.ladder, sufficiency_line=problem.sufficiency_line)
        self.lookout = coverage.Lookout(self.feeds.values(), zone=self.zone)
        self.carries = carriers(self.catalogue, self.feeds.values())
        self.channels = origin.known_channels(self.feeds.values(), self.catalogue.actors)
        self.voices = origin.voices(self.feeds.values(), self.catalogue.actors)

    @property
    def id(self) -> str:
        """The problem's id."""
        return self.catalogue.problem.id

    # -- at the start ---------------------------------------------------------------------------------------------

    def remember(self, connection: Connection) -> None:
        """Read back what the desk had at hand when it last stopped."""
        last = signals.cursor(connection, self.id).moved_at
        if last is None:
            return
        since = last - REMEMBER_FOR
        for event in events.events(connection, self.id, since.date(), as_of=last):
            self._hold([event])
            for report in event.reports:
                self.reports[clustering.key_of(report)][report.signal.signal_id] = report
                self.origins.setdefault(report.signal.item_id, report.origin)
        spoken = sorted(items.items_by_id(connection, list(self.origins)).values(), key=_order_of_knowledge)
        roots = {
            report.signal.item_id: report.reprint_of
            for block in self.reports.values()
            for report in block.values()
            if report.reprint_of is not None
        }
        self.reprints = ReprintIndex.rebuilt(spoken, roots=roots)
        for change in series.changes(connection, self.id, since.date(), as_of=last):
            self.changes[change.indicator].append(change)
        for row in series.coverage(connection, self.id, since.date(), as_of=last):
            self.seen[row.indicator][row.day] = row
        self.standings = {one.indicator: one for one in levels.latest_standings(connection, self.id, as_of=last)}
        self.recommendation = levels.latest_recommendation(connection, self.id, as_of=last)

    # -- item -> signal -> event -> count ------------------------------------------------------------------------

    def take_in(self, connection: Connection, now: datetime) -> Advance:
        """Code the next items, fold what they say into events, and append what that changes in the counts."""
        cursor = signals.cursor(connection, self.id)
        fresh = items.items_after(connection, cursor.seq, limit=BATCH)
        if not fresh:
            return Advance(now=now)
        found = {item.item_id: self._code(item) for _, item in fresh}
        spoken = [signal for said in found.values() for signal in said]
        signals.add_signals(connection, self.id, spoken)
        signals.mark_coded(connection, self.id, [self._mark(item, found[item.item_id]) for _, item in fresh])
        signals.set_cursor(connection, self.id, fresh[-1][0], catalogue_version=self.catalogue.version, moved_at=now)
        reports = [
            report for _, item in fresh if found[item.item_id] for report in self._trace(item, found[item.item_id])
        ]
        changed = self._regroup(connection, reports, now)
        return Advance(now=now, items=len(fresh), signals=len(spoken), events=changed)

    def _code(self, item: Item) -> list[Signal]:
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
        root = self.origins.get(reprint.of) if reprint is not None else None
        reports = [
            origin.trace(
                signal,
                item=item,
                feed=self.feeds.get(item.source),
                reprint=reprint,
                root=root,
                actors=self.catalogue.actors,
                channels=self.channels,
            )
            for signal in said
        ]
        self.origins.setdefault(item.item_id, reports[0].origin)
        return reports

    def _regroup(self, connection: Connection, fresh: Sequence[Report], now: datetime) -> int:
        """Group again what the fresh reports can touch; write the events that differ and the counts that follow."""
        touched: dict[clustering.Key, list[Report]] = defaultdict(list)
        for report in fresh:
            key, name = clustering.key_of(report), report.signal.signal_id
            if name not in self.reports[key]:
                self.reports[key][name] = report
                touched[key].append(report)
        written = 0
        for key, arrived in touched.items():
            self._forget(key, now)
            held = self.events[key]
            again = clustering.affected(arrived, held.values())
            names = {report.signal.signal_id for report in again}
            before = [event for event in held.values() if names & {r.signal.signal_id for r in event.reports}]
            after = clustering.cluster(again, own_voices=self.voices)
            gone = {event.event_id for event in before} - {event.event_id for event in after}
            known = {event.event_id: event for event in before}
            differ = [event for event in after if known.get(event.event_id) != event]
            events.save(connection, self.id, differ, now, retired=gone)
            changed = counting.changes(before, after, problem=self.id, known_at=now)
            series.add_changes(connection, changed)
            for change in changed:
                self.changes[change.indicator].append(change)
            for name in gone:
                del held[name]
            self._hold(after)
            written += len(differ)
        return written

    def _hold(self, found: Iterable[Event]) -> None:
        for event in found:
            self.events[(event.family, event.indicator or "")][event.event_id] = event

    def _forget(self, key: clustering.Key, now: datetime) -> None:
        """Let go of events that nothing new can touch any more."""
        horizon = now - REMEMBER_FOR
        for event in [one for one in self.events[key].values() if one.reports[-1].signal.published_at < horizon]:
            del self.events[key][event.event_id]
            for report in event.reports:
                self.reports[key].pop(report.signal.signal_id, None)

    # -- count -> reading -> level -> alert ----------------------------------------------------------------------

    def look(self, connection: Connection, now: datetime) -> Advance:
        """Where every indicator and the problem stand at `now`, and what that says to people."""
        self._cover(connection, now)
        known = [event for block in self.events.values() for event in block.values()]
        limits = thresholds.effective(
            connection,
            self.id,
            self.defaults,
            as_of=now,
            deployment=self.settings.deployment_thresholds(self.defaults),
        )
        before = dict(self.standings)
        active = condition.active_events(known, now=now, within=self.ladder.active_within)
        for name in self.catalogue.indicators:
            self.standings[name] = self._stand(name, limits[name].thresholds, known, active.get(name, []), now)
        levels.save_standings(connection, self.standings.values())
        earlier, self.recommendation = (
            self.recommendation,
            condition.recommend(
                self.recommendation,
                self.standings.values(),
                known,
                self.catalogue.indicators.values(),
                self.ladder,
                now=now,
                problem=self.id,
                zone=self.zone,
            ),
        )
        levels.save_recommendation(connection, self.recommendation)
        return Advance(now=now)

    @property
    def defaults(self) -> Mapping[str, Thresholds]:
        """The catalogue's own thresholds."""
        return {name: indicator.thresholds for name, indicator in self.catalogue.indicators.items()}

    def _cover(self, connection: Connection, now: datetime) -> None:
        polls = items.polls_between(connection, self.polled_until, now)
        self.lookout.add(polls)
        self.polled_until = now
        today = now.astimezone(self.zone).date()
        days = frames.days_between(today - timedelta(days=COVER_DAYS - 1), today)
        known = (event for block in self.events.values() for event in block.values())
        firsts = counting.first_reports(known, since=days[0], until=today)
        seen = coverage.shown(self.lookout, self.carries, days, now, firsts)
        series.save_coverage(connection, self.id, seen, now)
        for row in seen:
            self.seen[row.indicator][row.day] = row

    def _stand(
        self,
        name: str,
        limits: Thresholds,
        known: Sequence[Event],
        active: Sequence[Event],
        now: datetime,
    ) -> Standing:
        today = now.astimezone(self.zone).date()
        since = today - timedelta(days=max(COVER_DAYS, limits.within.days + 1))
        frame = asof.frame(self.changes[name], self.seen[name].values(), name, since, today, now)
        history = History(**frames.history(frame))
        reading = absolute.read(history, thresholds=limits, as_of=now, zone=self.zone)
        effective, clause = weight.effective_weight(
            self.catalogue.indicators[name], known, now=now, sufficiency_line=self.ladder.sufficiency_line
        )
        standing = hysteresis.advance(
            self.standings.get(name),
            [reading],
            problem=self.id,
            indicator=name,
            now=now,
            coverage=absolute.seen_over(history, within=limits.within, as_of=now, zone=self.zone),
            origins=len(condition.origins_of(active)),
            active=bool(active),
            weight=effective,
            zone=self.zone,
        )
        return replace(standing, why=f"{standing.why} Critical: {clause}.") if clause else standing


def carriers(catalogue: Catalogue, feeds: Iterable[Feed]) -> dict[str, frozenset[str]]:
    """Which feeds can carry each indicator, by the topics of the feeds and the languages the catalogue reads."""
    found: dict[str, set[str]] = {name: set() for name in catalogue.indicators}
    for feed in feeds:
        if not set(feed.languages) & set(catalogue.languages):
            continue
        carried = catalogue.problem.carried_by(feed.topics)
        for name in catalogue.indicators if carried is None else carried:
            found[name].add(feed.feed_id)
    return {name: frozenset(ids) for name, ids in found.items()}


def _order_of_knowledge(item: Item) -> tuple[datetime, str]:
    return item.known_at, item.item_id
