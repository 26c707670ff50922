"""Everything the pages read and write, in one place: the store as of an instant, the catalogue, the settings.

Nothing is counted or decided here; what cannot be read comes back as a sentence in the pulse, never as calm.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st
import yaml
from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from feeds import database, health, registry
from feeds import store as items
from feeds.database import DatabaseUnusable
from feeds.health import Condition, Health
from feeds.model import Feed, Item, Poll
from feeds.store import FeedState
from indicators import catalogue as knowledge
from indicators.briefing import picture
from indicators.briefing.picture import Picture
from indicators.catalogue import Catalogue, CatalogueProblems
from indicators.charts import series as drawn
from indicators.levels.history import History
from indicators.levels.preview import Preview
from indicators.levels.preview import preview as preview_of
from indicators.model.alert import Silence, Subscriber
from indicators.model.correction import Correction
from indicators.model.event import Event
from indicators.model.level import Level, SetCondition, Standing, ThresholdChange, Thresholds
from indicators.model.signal import Signal
from indicators.pages.views import (
    AlertsView,
    FeedLine,
    FeedsView,
    IndicatorView,
    Passage,
    PollerState,
    Pulse,
)
from indicators.series import asof, frames
from indicators.settings import (
    MailSettings,
    Settings,
    SettingsProblems,
    SubscriberSettings,
    data_folder,
    feeds_overlay,
    load_settings,
)
from indicators.store import alerts as kept_alerts
from indicators.store import corrections as kept_corrections
from indicators.store import events as kept_events
from indicators.store import heartbeat as pulses
from indicators.store import levels as kept_levels
from indicators.store import mail_servers as kept_servers
from indicators.store import outbox as kept_mail
from indicators.store import problems as trouble
from indicators.store import silences as kept_silences
from indicators.store import subscribers as kept_subscribers
from indicators.store import thresholds as kept_thresholds
from indicators.store.mail_servers import MailServer

CONTEXT_LETTERS = 220
CHAPTERS = ("watch", "standing_watch", "replay", "commands", "settings", "catalogue")
NEW_DATABASE = "has no tables"
RHYTHM_FROM = timedelta(days=180)
QUIET_AFTER = timedelta(minutes=3)
"""A round of polls may take a minute; after three the poller is not merely busy."""
KEPT_FOR_S = 2.0
"""Several viewers at once share a reading this long."""

Found = TypeVar("Found")


class Unreadable(Exception):
    """The settings, the catalogue or the store cannot be read; the line says which and what to do."""


# --- what is read once a process --------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings in force."""
    try:
        return load_settings()
    except SettingsProblems as problems:
        raise Unreadable(str(problems)) from problems


@st.cache_resource(show_spinner=False, max_entries=8)
def catalogue(problem: str) -> Catalogue:
    """The catalogue of a problem."""
    try:
        return knowledge.load(data_folder(), problem=problem, overlay=settings().catalogue.overlay)
    except (CatalogueProblems, FileNotFoundError) as problems:
        raise Unreadable(str(problems)) from problems


@st.cache_resource(show_spinner=False, max_entries=4)
def _engine(url: str) -> Engine:
    return trouble.guard(database.open_engine(url))


def engine() -> Engine:
    """The database of this installation."""
    return _engine(settings().database.url)


def problem_id() -> str:
    """The warning problem asked for by the address, else the configured one."""
    asked = st.query_params.get("problem", "")
    known = sorted(path.parent.name for path in (data_folder() / "problems").glob("*/problem.yaml"))
    return asked if asked in known else settings().problem


@contextmanager
def looking() -> Iterator[Connection]:
    """One consistent picture of the store."""
    try:
        with trouble.reading(engine()) as connection:
            yield connection
    except DatabaseUnusable as problem:
        raise Unreadable(str(problem)) from problem


# --- now --------------------------------------------------------------------------------------------------------------


def pulse() -> Pulse:
    """Whether anyone collects, and what the pages call now."""
    real = datetime.now(UTC)
    problem = problem_id()
    try:
        with looking() as connection:
            last = pulses.latest(connection)
            word = _last_word(connection, problem, real)
    except Unreadable as line:
        return _troubled(Pulse(state=PollerState.NONE, now=real, acting_at=real), line)
    if last is None:
        return Pulse(state=PollerState.NONE, now=word or real, acting_at=real)
    quiet = last.age(real) > QUIET_AFTER
    if last.mode is pulses.Mode.REPLAY:
        state = PollerState.ENDED if quiet else PollerState.REPLAY
        label = last.note or "recorded documents"
        return Pulse(state=state, now=last.at, acting_at=last.at, heard_at=last.real_at, replay=label)
    if quiet:
        now = max(last.at, word or last.at)
        return Pulse(state=PollerState.LATE, now=now, acting_at=real, heard_at=last.real_at)
    return Pulse(state=PollerState.LIVE, now=real, acting_at=real, heard_at=last.real_at)


def _last_word(connection: Connection, problem: str, real: datetime) -> datetime | None:
    """When somebody last looked or decided: without a poller the picture is as old as that, and no younger."""
    said = [poll.polled_at for poll in items.last_polls(connection).values()]
    said += [chosen.at for chosen in kept_levels.conditions_set(connection, problem, as_of=real)]
    said += [change.at for change in kept_thresholds.latest(connection, problem, as_of=real).values()]
    return max(said, default=None)


# --- the overview -----------------------------------------------------------------------------------------------------


def overview(problem: str, as_of: datetime | None, changed_since: timedelta) -> tuple[Picture, Pulse]:
    """Where a problem stood at `as_of`, or stands now."""
    beat = pulse()
    at = as_of or beat.now
    try:
        return _drawn(settings().database.url, problem, at, changed_since), beat
    except Unreadable as line:
        return picture.blank(catalogue(problem), as_of=at), _troubled(beat, line)


@st.cache_data(ttl=KEPT_FOR_S, max_entries=32, show_spinner=False)
def _drawn(_url: str, problem: str, at: datetime, changed_since: timedelta) -> Picture:
    known = catalogue(problem)
    with looking() as connection:
        return picture.draw(connection, known, as_of=at, changed_since=at - changed_since, own=_own_limits(known))


def _own_limits(known: Catalogue) -> dict[str, Thresholds]:
    return settings().deployment_thresholds({one.id: one.thresholds for one in known.indicators.values()})


def _troubled(beat: Pulse, line: Unreadable) -> Pulse:
    """The pulse with why nothing could be read; a database without tables is only new."""
    if NEW_DATABASE in str(line) or beat.trouble:
        return beat
    return replace(beat, trouble=str(line))


# --- one indicator ----------------------------------------------------------------------------------------------------


def indicator(problem: str, indicator_id: str, as_of: datetime | None, days: int) -> IndicatorView:
    """One indicator as known at `as_of`; KeyError when the catalogue has no such id."""
    beat = pulse()
    at = as_of or beat.now
    known = catalogue(problem)
    found = known.indicators[indicator_id]
    today = picture.day_of(at, known)
    since = today - timedelta(days=days - 1)
    standing: Standing | None = None
    limits: Mapping[str, kept_thresholds.Effective] = {}
    happened: list[Event] = []
    history: list[ThresholdChange] = []
    passages: dict[str, Passage] = {}
    series = drawn.Series()
    try:
        with looking() as connection:
            standings = kept_levels.latest_standings(connection, problem, as_of=at)
            standing = next((one for one in standings if one.indicator == indicator_id), None)
            limits = picture.limits_in_force(connection, known, at, _own_limits(known))
            counted, seen = picture.days_read(
                connection, problem, since - timedelta(days=7), today, at, only=indicator_id
            )
            series = picture.series_of(
                counted.get(indicator_id, []), seen.get(indicator_id, []), indicator_id, (since, today), at
            )
            happened = kept_events.events(connection, problem, since, today, as_of=at, indicator=indicator_id)
            history = kept_thresholds.history(connection, problem, indicator_id, as_of=at)
            signals = [report.signal for event in happened for report in event.reports]
            texts = items.items_by_id(connection, {signal.item_id for signal in signals})
            passages = {signal.signal_id: passage(signal, texts.get(signal.item_id)) for signal in signals}
    except Unreadable as line:
        beat = _troubled(beat, line)
    last_on = max((event.occurred_on for event in happened if event.counted), default=None)
    return IndicatorView(
        row=picture.row_of(found, known, standing, limits=limits, series=series, last_on=last_on),
        pulse=beat,
        as_of=at,
        pinned=as_of is not None,
        weight=found.weight.value,
        family=found.family,
        definition=found.definition,
        why=found.why,
        traps=found.traps,
        clauses=tuple(clause.text for clause in found.critical_when if clause.text),
        series=series,
        events=tuple(sorted(happened, key=lambda event: (event.occurred_on, event.known_at), reverse=True)),
        passages=passages,
        default=settings().deployment_thresholds({found.id: found.thresholds}).get(found.id, found.thresholds),
        changes=tuple(reversed(history)),
        carriers=_carriers(known, indicator_id, beat),
        choices=picture.names_of(known),
    )


def preview(problem: str, indicator_id: str, limits: Thresholds, *, at: datetime, days: int) -> Preview:
    """How often these limits would have fired over the last days, each day as it was then known."""
    known = catalogue(problem)
    today = picture.day_of(at, known)
    zone = ZoneInfo(known.problem.timezone)
    reach = timedelta(days=limits.within.days + 1)
    first = today - timedelta(days=days - 1)
    with looking() as connection:
        counted, seen = picture.days_read(connection, problem, first - reach, today, at, only=indicator_id)

    def known_then(on: date) -> tuple[datetime, History]:
        # The last day is looked at whole: its history also says how many events there were.
        since = first - reach if on == today else on - reach
        then = at if on == today else datetime.combine(on, time(23, 59), tzinfo=zone)
        frame = asof.frame(counted.get(indicator_id, []), seen.get(indicator_id, []), indicator_id, since, on, then)
        return then, History(**frames.history(frame))

    lived = [first + timedelta(days=number) for number in range(days)]
    return preview_of((known_then(on) for on in lived), limits, zone=zone)


def _carriers(known: Catalogue, indicator_id: str, beat: Pulse) -> tuple[str, ...]:
    try:
        sources = registered(beat.replay)
    except Unreadable:
        # The Feeds page says what is wrong with the registry.
        return ()
    carrying = carriers_of(known, sources)[indicator_id]
    return tuple(feed.name for feed in sources if feed.feed_id in carrying)


def passage(signal: Signal, item: Item | None) -> Passage:
    """The evidence with the words around it; only the quote where the text at hand does not hold it there."""
    start, end = signal.evidence.start, signal.evidence.end
    body = item.body if item is not None else ""
    if not body or body[start:end] != signal.evidence.quote:
        return Passage(pieces=((signal.evidence.quote, True),))
    left, right = max(0, start - CONTEXT_LETTERS), min(len(body), end + CONTEXT_LETTERS)
    # Cut at a space, so that no word is shown in half.
    left = body.find(" ", left, start) + 1 if left and body.find(" ", left, start) >= 0 else left
    right = body.rfind(" ", end, right) if right < len(body) and body.rfind(" ", end, right) >= 0 else right
    before = ("… " if left else "") + body[left:start]
    after = body[end:right] + (" …" if right < len(body) else "")
    return Passage(pieces=((before, False), (body[start:end], True), (after, False)))


# --- feeds ------------------------------------------------------------------------------------------------------------


def feeds(problem: str, as_of: datetime | None, days: int = 14) -> FeedsView:
    """How every source is, and what each failing one blinds."""
    beat = pulse()
    at = as_of or beat.now
    known = catalogue(problem)
    try:
        sources = registered(beat.replay)
        note = ""
    except Unreadable as line:
        sources, note = (), str(line)
    polls: list[Poll] = []
    last: dict[str, Poll] = {}
    states: dict[str, FeedState] = {}
    published: dict[str, list[datetime]] = {}
    try:
        with looking() as connection:
            polls = items.polls_between(connection, at - timedelta(days=days), at + timedelta(seconds=1))
            last = items.last_polls(connection, as_of=at)
            states = items.states_of(connection, list(last))
            published = items.item_times(connection, since=at - RHYTHM_FROM, as_of=at)
    except Unreadable as line:
        beat = _troubled(beat, line)
    registered_ids = {feed.feed_id for feed in sources}
    # A visited source that the registry no longer holds is shown all the same: its polls are part of the past.
    strangers = [Feed(feed_id=feed_id, name=feed_id, url="") for feed_id in sorted(set(last) - registered_ids)]
    everyone = [*sources, *strangers]
    fares = health.assess(everyone, polls, published, now=at)
    carried = carriers_of(known, sources)
    failing = {fare.feed_id for fare in fares if good(fare) is False}
    names = picture.names_of(known)
    visits: dict[str, list[Poll]] = {}
    for poll in polls:
        visits.setdefault(poll.feed_id, []).append(poll)
    lines = []
    for feed, fare in zip(everyone, fares, strict=True):
        carries = [one for one, by in carried.items() if feed.feed_id in by] if feed.feed_id in failing else []
        state = states.get(feed.feed_id)
        lines.append(
            FeedLine(
                feed=feed,
                fare=fare,
                good=good(fare),
                next_due_at=state.next_due_at if state is not None and as_of is None else None,
                share=_read_by_day(visits.get(feed.feed_id, []), at, days),
                blinds=tuple(names[one] for one in carries if carried[one] <= failing),
                weakens=tuple(names[one] for one in carries if not carried[one] <= failing),
            )
        )
    together = ""
    if len(failing) >= 3 and len(failing) * 2 > len(last):
        together = (
            f"{len(failing)} of {len(last)} sources fail at once: look at the network or the platform before each feed."
        )
    return FeedsView(
        pulse=beat, as_of=at, pinned=as_of is not None, lines=tuple(lines), together=together, trouble=note
    )


def good(fare: Health) -> bool | None:
    """Whether a source reaches us; None where nobody tries."""
    if fare.condition in (Condition.NEVER_POLLED, Condition.DISABLED):
        return None
    return fare.condition.well


def carriers_of(known: Catalogue, sources: Sequence[Feed]) -> dict[str, frozenset[str]]:
    """Which sources can carry each indicator, by their ids."""
    # The spine brings every room with it: only the pages that ask for this pay for the import.
    from indicators.outlook import carriers

    return carriers(known, sources)


def _read_by_day(visits: Sequence[Poll], at: datetime, days: int) -> tuple[float | None, ...]:
    """The share of each day's visits that read the source; None on a day without a visit."""
    by_day: dict[date, list[Poll]] = {}
    for poll in visits:
        by_day.setdefault(poll.polled_at.date(), []).append(poll)
    share: list[float | None] = []
    for back in range(days - 1, -1, -1):
        of_day = by_day.get(at.date() - timedelta(days=back), [])
        share.append(sum(poll.outcome.observed for poll in of_day) / len(of_day) if of_day else None)
    return tuple(share)


# --- the alert desk ---------------------------------------------------------------------------------------------------


def alert_desk(problem: str, as_of: datetime | None) -> AlertsView:
    """Alerts, mails, silences and subscribers: what people do here counts from the instant they do it."""
    beat = pulse()
    at = as_of or beat.acting_at
    known = catalogue(problem)
    made = AlertsView(
        pulse=beat,
        as_of=at,
        pinned=as_of is not None,
        configured=settings().configured_subscribers,
        mail_settings=_mail_rows(settings().mail, None),
        names=picture.names_of(known) | {problem: known.problem.name},
    )
    try:
        with looking() as connection:
            return replace(
                made,
                alerts=tuple(kept_alerts.alerts(connection, problem, as_of=at, limit=300)),
                mails=tuple(mail for mail in kept_mail.mails(connection) if mail.queued_at <= at),
                caught=tuple(kept_mail.caught(connection, as_of=at)),
                silences=tuple(kept_silences.running(connection, problem, as_of=at)),
                subscribers=tuple(kept_subscribers.added(connection)),
                mail_settings=_mail_rows(
                    kept_servers.effective(connection, settings().mail), kept_servers.latest(connection)
                ),
            )
    except Unreadable as line:
        return replace(made, pulse=_troubled(beat, line))


def _mail_rows(mail: MailSettings, last: MailServer | None) -> tuple[tuple[str, str], ...]:
    """How mail leaves, for people: whether there is a password, never which."""
    if not mail.configured:
        return (("host", "not set: no mail leaves. Set a server below, in vedette.toml, or by VEDETTE_SMTP_HOST"),)
    return (
        ("host", f"{mail.host}:{mail.effective_port}"),
        ("security", mail.security),
        ("sender", mail.sender),
        ("username", mail.username or "none"),
        ("password", "set" if mail.password.get_secret_value() else "none"),
        (
            "set by",
            f"{last.by}, {last.at:%d %b %Y %H:%M} UTC" if last and last.host else "the settings file or environment",
        ),
    )


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(work: Callable[[Connection], Found]) -> Found:
    """Do `work` in one transaction, on tables that are there; else `Unreadable` with its line."""
    try:
        _prepare(settings().database.url)
        with trouble.writing(engine()) as connection:
            done = work(connection)
    except (DatabaseUnusable, ValueError) as problem:
        raise Unreadable(str(problem)) from problem
    st.cache_data.clear()
    return done


@st.cache_resource(show_spinner=False, max_entries=4)
def _prepare(url: str) -> None:
    """Bring the database to the newest schema before the first write of this process."""
    from indicators import store

    store.upgrade(_engine(url))


def set_condition(chosen: SetCondition) -> None:
    """Keep the condition a named person set."""
    _write(lambda connection: kept_levels.set_condition(connection, chosen))


def change_thresholds(changed: ThresholdChange) -> None:
    """Keep an officer's thresholds."""
    _write(lambda connection: kept_thresholds.change(connection, changed))


def correct(word: Correction) -> None:
    """Keep an officer's word on a coded signal."""
    _write(lambda connection: kept_corrections.add(connection, word))


def acknowledge(alert_id: str, *, by: str, at: datetime, until: datetime, note: str) -> None:
    """Take an alert on until the shift ends."""
    _write(lambda connection: kept_alerts.acknowledge(connection, alert_id, by=by, at=at, until=until, note=note))


def assess(alert_id: str, *, assessment: str, at: datetime) -> None:
    """Keep what an officer judges an alert to have been."""
    _write(lambda connection: kept_alerts.assess(connection, alert_id, assessment=assessment, at=at))


def enter(entered: Sequence[Item]) -> int:
    """Keep items that a person entered by hand; how many were new."""
    return _write(lambda connection: items.add_items(connection, entered))


def add_silence(silence: Silence) -> None:
    """Mute mail about a subject for a while."""
    _write(lambda connection: kept_silences.add(connection, silence))


def end_silence(silence_id: str, *, at: datetime) -> None:
    """Let mail about its subject leave again."""
    _write(lambda connection: kept_silences.end(connection, silence_id, at=at))


def subscribe(address: str, *, minimum: Level, indicators: Sequence[str], problem: str, by: str, at: datetime) -> None:
    """Add a subscriber."""
    try:
        wish = SubscriberSettings(address=address, minimum=minimum, indicators=tuple(indicators))
    except ValidationError as problems:
        raise Unreadable(f"{address}: {problems.errors()[0]['msg'].removeprefix('Value error, ')}") from problems
    noun = Subscriber(address=wish.address, problem=problem, minimum=minimum, indicators=tuple(indicators))
    _write(lambda connection: kept_subscribers.add(connection, noun, by=by, at=at))


def unsubscribe(address: str) -> None:
    """Strike a subscriber."""
    _write(lambda connection: kept_subscribers.remove(connection, address))


def send_test_mail(address: str) -> str:
    """Send one mail now; the trouble in one line, or nothing when it left."""
    from indicators.alerts import smtp

    with looking() as connection:
        mail = kept_servers.effective(connection, settings().mail)
    return smtp.send_test(mail, address, now=datetime.now(UTC)) or ""


def set_mail_server(server: MailServer) -> None:
    """Let mail leave by another server; refused in one line where it cannot be used."""
    _write(lambda connection: kept_servers.change(connection, server, settings().mail))


def handbook() -> dict[str, str]:
    """The chapters of the handbook by file stem, in their order."""
    folder = data_folder() / "handbook"
    chapters = sorted(folder.glob("*.md"), key=_place_in_the_book) if folder.is_dir() else []
    return {chapter.stem: chapter.read_text(encoding="utf-8") for chapter in chapters}


def _place_in_the_book(chapter: Path) -> tuple[int, str]:
    """What an officer needs at three in the morning comes first."""
    return (CHAPTERS.index(chapter.stem) if chapter.stem in CHAPTERS else len(CHAPTERS), chapter.stem)


def new_id() -> str:
    """A name for something made on a page."""
    return secrets.token_hex(6)


# --- small readings ---------------------------------------------------------------------------------------------------


@st.cache_resource(ttl=60, show_spinner=False, max_entries=4)
def registered(replayed: str = "") -> tuple[Feed, ...]:
    """The feeds of this installation, or those of the recording that is replayed."""
    places = [data_folder() / "feeds"]
    if replayed:
        places = _recording_feeds(replayed) or places
    overlay = None if replayed else feeds_overlay(settings())
    try:
        return registry.load_feeds([place for place in places if place.exists()], overlay=overlay).feeds
    except registry.RegistryProblems as problems:
        raise Unreadable(str(problems)) from problems


def _recording_feeds(label: str) -> list[Path]:
    """The registry of the recording that bears this label: the poller says in its heartbeat what it replays."""
    folders = [*(data_folder() / "replay").glob("*/manifest.yaml")]
    if os.environ.get("VEDETTE_REPLAY"):
        folders.insert(0, Path(os.environ["VEDETTE_REPLAY"]) / "manifest.yaml")
    for manifest in folders:
        if manifest.is_file() and yaml.safe_load(manifest.read_text(encoding="utf-8")).get("label") == label:
            return [manifest.with_name("feeds.yaml")]
    return []


def indicator_names(problem: str) -> dict[str, str]:
    """Every indicator of a problem, by id, in the catalogue's order."""
    return picture.names_of(catalogue(problem))
