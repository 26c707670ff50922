"""The spine: reads from the store, walks through the rooms one after the other, and writes what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from feeds import health
from feeds import store as items
from feeds.model import Feed, Item, Poll
from indicators.alerts import message, transitions
from indicators.alerts import outbox as letters
from indicators.catalogue import Catalogue
from indicators.coding import code
from indicators.events import clustering, origin
from indicators.events.regrouping import regroup
from indicators.events.syndication import Reprint, ReprintIndex
from indicators.levels import absolute, activity, condition, hysteresis, weight
from indicators.levels.detector import History
from indicators.levels.ladder import Ladder
from indicators.model.alert import Alert, AlertKind
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Recommendation, Standing, Thresholds
from indicators.model.place import Place
from indicators.model.ruling import Ruling
from indicators.model.series import CountChange, DayCoverage
from indicators.model.signal import Signal
from indicators.series import asof, counting, coverage, frames
from indicators.settings import Settings
from indicators.store import (
    alerts,
    events,
    levels,
    mail_servers,
    outbox,
    rulings,
    series,
    signals,
    silences,
    subscribers,
    thresholds,
)
from indicators.store.problems import reading, writing
from indicators.store.signals import Coding

BATCH = 2_000
"""Items coded in one transaction: a crash repeats at most so many."""
LOOK_AGAIN_EVERY = timedelta(hours=6)
"""Levels are looked at again this often though nothing new came: time itself clears them."""
REMEMBER_FOR = timedelta(days=30)
"""Reports kept at hand; a report older than this joins no event any more."""
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
HEALTH_FOR = timedelta(days=14)
"""How far back a source's troubles are looked at."""
RHYTHM_FOR = timedelta(days=180)
"""How far back a source's rhythm is learned: one that fell silent must not be forgotten into health."""
COVER_DAYS = 8
"""Days whose coverage a new poll can still change: a late success vouches back over a gap, never over a week."""


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
    ) -> None:
        self._engine = engine
        self._desks = [_Desk(catalogue, feeds, settings, recording) for catalogue in catalogues]
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
            if done.counts or self._is_due(now):
                with writing(self._engine) as connection:
                    done = _sum(done, desk.look(connection, now))
        if done.counts or self._is_due(now):
            self._looked_at = now
        return done

    def _has_fresh(self, desk: _Desk) -> bool:
        # Most turns bring nothing; they must not queue for the write lock.
        with reading(self._engine) as connection:
            return bool(items.items_after(connection, signals.cursor(connection, desk.id).seq, limit=1))

    def _has_rulings(self, desk: _Desk, now: datetime) -> bool:
        with reading(self._engine) as connection:
            return tuple(rulings.in_force(connection, desk.id, as_of=now)) != desk.rulings

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
    reprints: ReprintIndex = field(default_factory=ReprintIndex)
    origins: dict[str, dict[str, Origin]] = field(default_factory=lambda: defaultdict(dict))
    """Of each item that said something, whose word each family was: what a reprint of it inherits."""
    reported: dict[str, datetime] = field(default_factory=dict)
    """Signals already folded into events: an edit or a restart brings none of them again."""
    events: dict[clustering.Key, dict[str, Event]] = field(default_factory=lambda: defaultdict(dict))
    rulings: tuple[Ruling, ...] = ()
    """What officers said of happenings, as the events at hand are grouped by."""
    changes: dict[str, list[CountChange]] = field(default_factory=lambda: defaultdict(list))
    lookout: coverage.Lookout = field(init=False)
    seen: dict[str, dict[date, DayCoverage]] = field(default_factory=lambda: defaultdict(dict))
    polls: list[Poll] = field(default_factory=list)
    """The last two weeks', for the health of sources."""
    polled_until: datetime = DAWN
    standings: dict[str, Standing] = field(default_factory=dict)
    recommendation: Recommendation | None = None
    zone: ZoneInfo = field(init=False)
    ladder: Ladder = field(init=False)
    carries: Mapping[str, frozenset[str]] = field(init=False)
    channels: Mapping[str, Origin] = field(init=False)
    voices: Mapping[str, Origin] = field(init=False)
    bears_for: timedelta = field(init=False)
    """The longest span any clause or rung of this problem looks back over, with two days for late reports."""

    def __post_init__(self) -> None:
        problem = self.catalogue.problem
        self.zone = ZoneInfo(problem.timezone)
        self.ladder = Ladder.of(problem.ladder, sufficiency_line=problem.sufficiency_line)
        self.lookout = coverage.Lookout(self.feeds.values(), zone=self.zone)
        self.carries = carriers(self.catalogue, self.feeds.values())
        spans = [
            one.within for found in self.catalogue.indicators.values() for one in found.critical_when if one.within
        ]
        self.bears_for = max([self.ladder.active_within, *spans]) + timedelta(days=2)
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
        since = self.polled_until = last - REMEMBER_FOR
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
        for change in series.changes(connection, self.id, since.date(), as_of=last):
            self.changes[change.indicator].append(change)
        for row in series.coverage(connection, self.id, since.date(), as_of=last):
            self.seen[row.indicator][row.day] = row
        self.standings = {one.indicator: one for one in levels.latest_standings(connection, self.id, as_of=last)}
        self.recommendation = levels.latest_recommendation(connection, self.id, as_of=last)
        return looked_at

    # -- item -> signal -> event -> count ------------------------------------------------------------------------

    def take_in(self, connection: Connection, now: datetime) -> Advance:
        """Code the next items, fold what they say into events, and append what that changes in the counts."""
        cursor = signals.cursor(connection, self.id)
        fresh = items.items_after(connection, cursor.seq, limit=BATCH)
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
            for change in changed:
                self.changes[change.indicator].append(change)
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

    # -- count -> reading -> level -> alert ----------------------------------------------------------------------

    def look(self, connection: Connection, now: datetime) -> Advance:
        """Where every indicator and the problem stand at `now`, and what that says to people."""
        signals.set_cursor(connection, self.levels_id, 0, at=now)
        self._cover(connection, now)
        known = [event for block in self.events.values() for event in block.values() if self._bears(event, now)]
        limits = thresholds.effective(
            connection,
            self.id,
            self.defaults,
            as_of=now,
            deployment=self.settings.deployment_thresholds(self.defaults),
        )
        before = dict(self.standings)
        active = activity.active_events(known, now=now, within=self.ladder.active_within)
        for name in self.catalogue.indicators:
            self.standings[name] = self._stand(name, limits[name].thresholds, known, active.get(name, []), now)
        levels.save_standings(connection, self.standings.values())
        self.recommendation = condition.recommend(
            self.recommendation,
            self.standings.values(),
            known,
            self.catalogue.indicators.values(),
            self.ladder,
            now=now,
            problem=self.id,
            zone=self.zone,
        )
        levels.save_recommendation(connection, self.recommendation)
        changes = transitions.decide(
            before.values(),
            self.standings.values(),
            self.recommendation,
            # Those raised so lately that another would be the same to a person count as known.
            alerts.lately(connection, self.id, as_of=now, raised_since=now - transitions.DEFAULT.cooldown),
            now=now,
            thresholds={name: one.thresholds for name, one in limits.items()},
            sights=self._sights(connection, now),
            problem=self.id,
        )
        alerts.save(connection, [change.alert for change in changes], at=now)
        self._queue(connection, [change for change in changes if change.mail], limits, active, now)
        return Advance(now=now, alerts=tuple(change.alert for change in changes))

    def _sights(self, connection: Connection, now: datetime) -> list[transitions.Sight]:
        """How each source that this problem relies on can be read."""
        relied_on = frozenset().union(*self.carries.values())
        feeds = [feed for feed in self.feeds.values() if feed.feed_id in relied_on and feed.enabled]
        published = items.item_times(connection, since=now - RHYTHM_FOR, as_of=now)
        blind = (health.Condition.NEVER_POLLED, health.Condition.DISABLED)
        return [
            transitions.Sight(
                feed_id=one.feed_id, blind_since=None if one.condition.well else one.since_at, why=one.detail
            )
            for one in health.assess(feeds, self.polls, published, now=now)
            if one.condition not in blind
        ]

    def _queue(
        self,
        connection: Connection,
        changes: Sequence[transitions.Change],
        limits: Mapping[str, thresholds.Effective],
        active: Mapping[str, Sequence[Event]],
        now: datetime,
    ) -> None:
        """Write the letters these changes call for, and put a mail for each subscriber in the outbox."""
        # A replay's mail goes to its own catcher, whatever people have set.
        mail = self.settings.mail if self.recording else mail_servers.effective(connection, self.settings.mail)
        if not changes or not mail.configured:
            return
        board = levels.board(
            connection, self.id, as_of=now, name=self.catalogue.problem.name, order=list(self.catalogue.indicators)
        )
        names = {name: one.name for name, one in self.catalogue.indicators.items()}
        names |= {feed.feed_id: feed.name for feed in self.feeds.values()}
        everyone = subscribers.everyone(connection, self.settings.configured_subscribers)
        muted = silences.running(connection, self.id, as_of=now)
        for change in changes:
            subject = change.alert.subject
            evidence = active.get(subject, ()) if change.alert.kind is AlertKind.INDICATOR else ()
            letter = message.write(
                change,
                board=board,
                as_of=now,
                evidence=evidence or [event for found in active.values() for event in found],
                thresholds=limits[subject].thresholds if subject in limits else None,
                names=names,
                page=self._page(change.alert),
                recording=self.recording,
            )
            mails = letters.prepare(
                change,
                letter,
                subscribers=everyone,
                silences=muted,
                sender=mail.sender,
                now=now,
            )
            outbox.put(connection, mails)

    def _page(self, alert: Alert) -> str:
        place = {
            AlertKind.INDICATOR: f"indicator?id={alert.subject}",
            AlertKind.CONDITION: "overview",
            AlertKind.FEED: "feeds",
        }[alert.kind]
        return f"{self.settings.dashboard.link}/{place}"

    def _bears(self, event: Event, now: datetime) -> bool:
        """Whether an event is young enough to bear on any clause or rung."""
        return event.counted and now - event.reports[-1].signal.published_at <= self.bears_for

    @property
    def defaults(self) -> Mapping[str, Thresholds]:
        """The catalogue's own thresholds."""
        return {name: indicator.thresholds for name, indicator in self.catalogue.indicators.items()}

    def _cover(self, connection: Connection, now: datetime) -> None:
        fresh = items.polls_between(connection, self.polled_until, now)
        self.lookout.add(fresh)
        self.polls = [poll for poll in (*self.polls, *fresh) if poll.polled_at >= now - HEALTH_FOR]
        self.polled_until = now
        today = now.astimezone(self.zone).date()
        days = frames.days_between(today - timedelta(days=COVER_DAYS - 1), today)
        known = (event for block in self.events.values() for event in block.values())
        firsts = counting.first_reports(known, since=days[0], until=today)
        seen = coverage.shown(self.lookout, self.carries, days, now, firsts)
        held = {(name, day): kept[day] for name, kept in self.seen.items() for day in days if day in kept}
        # What is at hand is what was kept, so that a restart, or a look back, sees the same.
        for row in series.save_coverage(connection, self.id, seen, now, held=held):
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
        days = asof.columns(self.changes[name], self.seen[name].values(), name, since, today, now)
        history = History(**frames.history(days))
        reading = absolute.read(history, thresholds=limits, as_of=now, zone=self.zone)
        effective, clause = weight.effective_weight(
            self.catalogue.indicators[name],
            known,
            now=now,
            sufficiency_line=self.ladder.sufficiency_line,
            is_near=self._is_near,
            state_of=self._state_of,
            force_families=self.ladder.force_families,
        )
        covered = absolute.seen_over(history, within=limits.within, as_of=now, zone=self.zone)
        standing = hysteresis.advance(
            self.standings.get(name),
            [reading],
            problem=self.id,
            indicator=name,
            now=now,
            # A hundredth is as fine as a person reads it; finer would be a new standing at every look.
            coverage=None if covered is None else round(covered, 2),
            origins=len(activity.origins_of(active)),
            active=bool(active),
            weight=effective,
            zone=self.zone,
        )
        return replace(standing, why=f"{standing.why} Critical: {clause}.") if clause else standing

    def _is_near(self, place: Place, thing: str, within_km: float | None) -> bool:
        by = {} if within_km is None else {"within_km": within_km}
        return self.catalogue.gazetteer.lies_by(place.id, thing, **by)

    def _state_of(self, actor: str) -> str | None:
        known = self.catalogue.actors.get(actor)
        state = known.country or (known.id if known.kind == "state" else None) if known is not None else None
        return None if state in self.catalogue.problem.area.countries else state


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
