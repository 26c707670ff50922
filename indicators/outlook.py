"""The second half of the spine, for one problem: counts become readings, levels, a recommendation, alerts, letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from feeds import health
from feeds import store as items
from feeds.model import Feed, Item
from indicators.alerts import message, transitions
from indicators.alerts import outbox as letters
from indicators.catalogue import Catalogue
from indicators.levels import absolute, activity, condition, hysteresis, past, predictive, rules, weight
from indicators.levels.composite import Composites
from indicators.levels.history import Histories, Recent
from indicators.levels.ladder import Ladder
from indicators.model.alert import Alert, AlertKind
from indicators.model.event import Event
from indicators.model.level import Level, Reading, Recommendation, Standing, Thresholds
from indicators.model.place import Place
from indicators.model.series import CountChange, SeriesLabel
from indicators.series import counting, coverage, frames
from indicators.series.ledger import Ledger
from indicators.series.rhythm import RHYTHM_FOR, Rhythm
from indicators.settings import Settings
from indicators.store import (
    alerts,
    indices,
    labels,
    levels,
    mail_servers,
    outbox,
    series,
    silences,
    subscribers,
    thresholds,
)

DAWN = datetime(1970, 1, 1, tzinfo=UTC)
COVER_DAYS = 8
"""Days whose coverage a new poll can still change: a late success vouches back over a gap, never over a week."""
MACHINE = "vedette"
"""Who labels an episode that has ended by itself."""


@dataclass(slots=True)
class Outlook:
    """Where one problem's indicators and the problem itself stand, and what that says to people.

    What it keeps in memory is in the store too and is read back at the start, so that a restart changes nothing.
    """

    catalogue: Catalogue
    feeds: Mapping[str, Feed]
    settings: Settings
    recording: str = ""
    """The label of the recording that is being replayed; empty in the world."""
    zone: ZoneInfo = field(init=False)
    ladder: Ladder = field(init=False)
    carries: Mapping[str, frozenset[str]] = field(init=False)
    ledger: Ledger = field(init=False)
    lookout: coverage.Lookout = field(init=False)
    rhythm: Rhythm = field(default_factory=Rhythm)
    composites: Composites = field(init=False)
    surprises: dict[str, float] = field(default_factory=dict)
    """The p-value of the predictive rule at the last look, where it answered."""
    polled_until: datetime = DAWN
    standings: dict[str, Standing] = field(default_factory=dict)
    kept: dict[str, Standing] = field(default_factory=dict)
    """The standings as they were last written."""
    recommendation: Recommendation | None = None
    recommended: Recommendation | None = None
    """The recommendation as it was last written."""
    bears_for: timedelta = field(init=False)
    """The longest span any rule of this problem looks back over at events, with two days for late reports."""

    def __post_init__(self) -> None:
        problem = self.catalogue.problem
        self.zone = ZoneInfo(problem.timezone)
        self.ladder = Ladder.of(problem.ladder, sufficiency_line=problem.sufficiency_line)
        self.lookout = coverage.Lookout(self.feeds.values(), zone=self.zone)
        self.carries = carriers(self.catalogue, self.feeds.values())
        groups = {name: " ".join(sorted(feeds)) for name, feeds in self.carries.items()}
        self.ledger = Ledger(tuple(self.catalogue.indicators), groups=groups, zone=self.zone)
        self.composites = Composites(self.ladder.composites, self.ladder.indices)
        spans = [
            one.within for found in self.catalogue.indicators.values() for one in found.critical_when if one.within
        ]
        week = timedelta(days=7)
        self.bears_for = max([self.ladder.active_within, self.ladder.force_lasts, week, *spans]) + timedelta(days=2)

    @property
    def id(self) -> str:
        """The problem's id."""
        return self.catalogue.problem.id

    @property
    def defaults(self) -> Mapping[str, Thresholds]:
        """The catalogue's own thresholds."""
        return {name: indicator.thresholds for name, indicator in self.catalogue.indicators.items()}

    # -- what becomes known -------------------------------------------------------------------------------------

    def remember(self, connection: Connection, last: datetime, *, polled_since: datetime) -> None:
        """Read back what was at hand at `last`, the instant at which the watch last stopped."""
        self.polled_until = polled_since
        since = last.astimezone(self.zone).date() - timedelta(days=rules.DAYS_NEEDED)
        self.ledger.count(series.changes(connection, self.id, since, as_of=last))
        self.ledger.cover(series.coverage(connection, self.id, since, as_of=last))
        for source, times in items.item_times(connection, since=last - RHYTHM_FOR, as_of=last).items():
            self.rhythm.published(source, times)
        self.kept = {one.indicator: one for one in levels.latest_standings(connection, self.id, as_of=last)}
        self.standings = dict(self.kept)
        self.recommended = self.recommendation = levels.latest_recommendation(connection, self.id, as_of=last)
        if self.composites:
            span = last - self.composites.within
            self.composites.recall(
                self.kept.values(), levels.level_changes(connection, self.id, since=span, as_of=last)
            )
            for name in self.composites.index_names:
                year = last - timedelta(days=365)
                self.composites.recall_index(name, indices.history(connection, self.id, name, since=year, as_of=last))

    def publish(self, fresh: Iterable[Item]) -> None:
        """Take these items for their sources' rhythm."""
        for item in fresh:
            self.rhythm.published(item.source, [item.published_at])

    def count(self, changes: Iterable[CountChange]) -> None:
        """Take these changes of counts into account."""
        self.ledger.count(changes)

    # -- count -> reading -> level -> alert ---------------------------------------------------------------------

    def look(self, connection: Connection, events: Iterable[Event], now: datetime) -> tuple[Alert, ...]:
        """Where every indicator and the problem stand at `now`, given all events at hand, and what people are told."""
        everything = list(events)
        self._cover(connection, everything, now)
        known = [event for event in everything if self._bears(event, now)]
        limits = thresholds.effective(
            connection,
            self.id,
            self.defaults,
            as_of=now,
            deployment=self.settings.deployment_thresholds(self.defaults),
        )
        before = dict(self.standings)
        histories, readings = self._read(connection, known, limits, now)
        self.surprises = {
            name: one.p_value
            for name, found in readings.items()
            for one in found
            if one.detector == predictive.NAME and one.p_value is not None
        }
        active = activity.active_events(known, now=now, within=self.ladder.active_within)
        for row, name in enumerate(self.catalogue.indicators):
            history = histories.row(row)
            covered = absolute.seen_over(history, within=limits[name].thresholds.within, as_of=now, zone=self.zone)
            self.standings[name] = self._stand(name, readings[name], covered, known, active.get(name, []), now)
        self._label(connection, before, histories, now)
        self.kept |= {
            one.indicator: one for one in levels.save_standings(connection, self.standings.values(), held=self.kept)
        }
        self._recommend(connection, known, readings, active, now)
        changes = transitions.decide(
            before.values(),
            self.standings.values(),
            self.recommendation,
            # Those raised so lately that another would be the same to a person count as known.
            alerts.lately(connection, self.id, as_of=now, raised_since=now - transitions.DEFAULT.cooldown),
            now=now,
            thresholds={name: one.thresholds for name, one in limits.items()},
            sights=self._sights(now),
            problem=self.id,
        )
        alerts.save(connection, [change.alert for change in changes], at=now)
        self._queue(connection, [change for change in changes if change.mail], limits, active, now)
        return tuple(change.alert for change in changes)

    def _bears(self, event: Event, now: datetime) -> bool:
        """Whether an event is young enough to bear on any rule."""
        return event.counted and now - event.reports[-1].signal.published_at <= self.bears_for

    def _cover(self, connection: Connection, events: Iterable[Event], now: datetime) -> None:
        fresh = items.polls_between(connection, self.polled_until, now)
        self.lookout.add(fresh)
        self.rhythm.visited(fresh)
        self.polled_until = now
        today = now.astimezone(self.zone).date()
        learned = frames.days_between(today - timedelta(days=coverage.LEARNS_FOR), today)
        firsts = counting.first_reports(events, since=learned[0], until=today)
        days = learned[-COVER_DAYS:]
        seen = coverage.shown(self.lookout, self.carries, days, now, firsts, learned_from=learned)
        # What is at hand is what was kept, so that a restart, or a look back, sees the same.
        self.ledger.cover(series.save_coverage(connection, self.id, seen, now, held=self.ledger.held(days)))

    def _read(
        self,
        connection: Connection,
        known: Sequence[Event],
        limits: Mapping[str, thresholds.Effective],
        now: datetime,
    ) -> tuple[Histories, dict[str, list[Reading]]]:
        since = now.astimezone(self.zone).date() - timedelta(days=rules.DAYS_NEEDED)
        self.ledger.label(labels.days(labels.known(connection, self.id, as_of=now, since=since)))
        happened: dict[str, list[datetime]] = {}
        for event in known:
            if event.indicator is not None and event.first_known_at <= now:
                happened.setdefault(event.indicator, []).append(activity.happened_at(event))
        histories = Histories(
            **self.ledger.columns(now, rules.DAYS_NEEDED), recent=Recent(**self.ledger.moving(happened, now))
        )
        wanted = {name: one.thresholds for name, one in limits.items()}
        return histories, rules.all_readings(histories, wanted, as_of=now, zone=self.zone)

    def _stand(
        self,
        name: str,
        readings: Sequence[Reading],
        covered: float | None,
        known: Sequence[Event],
        active: Sequence[Event],
        now: datetime,
    ) -> Standing:
        effective, clause = weight.effective_weight(
            self.catalogue.indicators[name],
            [event for event in known if event.indicator == name or event.family in self.ladder.force_families],
            now=now,
            sufficiency_line=self.ladder.sufficiency_line,
            is_near=self._is_near,
            state_of=self._state_of,
            force_families=self.ladder.force_families,
            force_lasts=self.ladder.force_lasts,
            breaks_routine=rules.breaks_routine(readings),
        )
        standing = hysteresis.advance(
            self.standings.get(name),
            readings,
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

    def _label(
        self, connection: Connection, before: Mapping[str, Standing], histories: Histories, now: datetime
    ) -> None:
        """Label the episodes that have ended with this look."""
        found = []
        for row, name in enumerate(self.catalogue.indicators):
            if not past.is_over(before.get(name), self.standings[name]):
                continue
            days = past.episode(before[name], self.standings[name], histories.row(row), zone=self.zone)
            if days is not None:
                found.append(self._episode(name, days, before[name].peak, now))
        labels.add(connection, found)

    def _episode(self, name: str, days: tuple[date, date], peak: Level, now: datetime) -> SeriesLabel:
        return SeriesLabel(
            problem=self.id,
            indicator=name,
            first_on=days[0],
            last_on=days[1],
            label="episode",
            by=MACHINE,
            at=now,
            reason=f"an episode that reached {peak.word} and is over",
        )

    def _recommend(
        self,
        connection: Connection,
        known: Sequence[Event],
        readings: Mapping[str, Sequence[Reading]],
        active: Mapping[str, Sequence[Event]],
        now: datetime,
    ) -> None:
        answers = self.composites.judge(self.standings.values(), readings, active, now=now) if self.composites else ()
        if self.composites:
            indices.add(connection, self.id, self.composites.fresh_values())
        self.recommendation = condition.recommend(
            self.recommendation,
            self.standings.values(),
            known,
            self.catalogue.indicators.values(),
            self.ladder,
            now=now,
            problem=self.id,
            build_ups={name for name, found in readings.items() if rules.builds_up(found)},
            composites=answers,
            zone=self.zone,
        )
        if levels.save_recommendation(connection, self.recommendation, held=self.recommended):
            self.recommended = self.recommendation

    def _sights(self, now: datetime) -> list[transitions.Sight]:
        """How each source that this problem relies on can be read."""
        relied_on = frozenset().union(*self.carries.values())
        feeds = [feed for feed in self.feeds.values() if feed.feed_id in relied_on and feed.enabled]
        blind = (health.Condition.NEVER_POLLED, health.Condition.DISABLED)
        return [
            transitions.Sight(
                feed_id=one.feed_id, blind_since=None if one.condition.well else one.since_at, why=one.detail
            )
            for one in self.rhythm.assess(feeds, now)
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
