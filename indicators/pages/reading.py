"""Everything the pages read and write, in one place: the store as of an instant, the catalogue, the settings.

Nothing is counted or decided here; what cannot be read comes back as a sentence in the pulse, never as calm.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import Connection, Engine

from feeds import database
from feeds import store as items
from feeds.database import DatabaseUnusable
from feeds.model import Feed, Item, Poll
from indicators import catalogue as knowledge
from indicators.catalogue import Catalogue, CatalogueProblems, Indicator
from indicators.charts import series as drawn
from indicators.charts.board import Row
from indicators.model.event import Event
from indicators.model.level import Board, Level, SetCondition, Standing, ThresholdChange, Thresholds
from indicators.model.series import CountChange, DayCoverage
from indicators.model.signal import Signal
from indicators.pages.views import (
    Change,
    IndicatorView,
    PanelView,
    Passage,
    Picture,
    PollerState,
    Pulse,
)
from indicators.series import asof, frames
from indicators.settings import Settings, SettingsProblems, data_folder, load_settings
from indicators.store import events as kept_events
from indicators.store import heartbeat as pulses
from indicators.store import levels as kept_levels
from indicators.store import problems as trouble
from indicators.store import series as kept_series
from indicators.store import thresholds as kept_thresholds

SPARK_DAYS = 60
PANEL_DAYS = 90
MAP_DAYS = 7
CONTEXT_LETTERS = 220
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
    try:
        with looking() as connection:
            last = pulses.latest(connection)
            stopped = _last_word(connection) if last is None else None
    except Unreadable as problem:
        # A database without tables is a new one: there is nothing wrong with it.
        fresh = "has no tables" in str(problem)
        return Pulse(state=PollerState.NONE, now=real, trouble="" if fresh else str(problem))
    if last is None:
        return Pulse(state=PollerState.NONE, now=stopped or real)
    quiet = last.age(real) > QUIET_AFTER
    if last.mode is pulses.Mode.REPLAY:
        state = PollerState.ENDED if quiet else PollerState.REPLAY
        return Pulse(state=state, now=last.at, heard_at=last.real_at, busy=last.note, replay=_replayed(last))
    if quiet:
        return Pulse(state=PollerState.LATE, now=last.at, heard_at=last.real_at, busy=last.note)
    return Pulse(state=PollerState.LIVE, now=real, heard_at=last.real_at, busy=last.note)


def _replayed(last: pulses.Heartbeat) -> str:
    return last.name.removeprefix("replay ") if last.name.startswith("replay ") else "recorded documents"


def _last_word(connection: Connection) -> datetime | None:
    """When somebody last looked: without a poller the picture is as old as that."""
    polls = items.last_polls(connection)
    return max((poll.polled_at for poll in polls.values()), default=None)


# --- the overview -----------------------------------------------------------------------------------------------------


def overview(problem: str, as_of: datetime | None, changed_since: timedelta) -> Picture:
    """Where a problem stood at `as_of`, or stands now."""
    beat = pulse()
    at = as_of or beat.now
    known = catalogue(problem)
    try:
        return _overview(settings().database.url, problem, at, changed_since, beat, as_of is not None)
    except Unreadable as problem_line:
        fresh = "has no tables" in str(problem_line)
        board = Board(
            problem=problem, name=known.problem.name, as_of=at, recommendation=None, set=None, history=(), standings=()
        )
        shown = beat if fresh or beat.trouble else Pulse(state=beat.state, now=beat.now, trouble=str(problem_line))
        rows = tuple(_row(indicator, known, limits={}) for indicator in known.indicators.values())
        return Picture(
            problem=problem,
            name=known.problem.name,
            question=known.problem.question,
            board=board,
            pulse=shown,
            pinned=as_of is not None,
            rows=rows,
            names=_names(known),
            home=tuple(sorted(known.problem.area.countries)),
        )


@st.cache_data(ttl=KEPT_FOR_S, max_entries=32, show_spinner=False)
def _overview(_url: str, problem: str, at: datetime, changed_since: timedelta, beat: Pulse, pinned: bool) -> Picture:
    known = catalogue(problem)
    today = _day(at, known)
    with looking() as connection:
        board = kept_levels.board(
            connection,
            problem,
            as_of=at,
            name=known.problem.name,
            order=tuple(known.indicators),
            history_since=at - timedelta(days=PANEL_DAYS),
        )
        limits = _limits(connection, known, at)
        since = today - timedelta(days=PANEL_DAYS + 7)
        counted, seen = _days(connection, problem, since, today, at)
        happened = kept_events.events(connection, problem, since, today, as_of=at)
        chosen = kept_levels.conditions_set(connection, problem, as_of=at)
        changes = _changes(connection, known, board, chosen, since=at - changed_since, as_of=at)
    standing = {one.indicator: one for one in board.standings}
    last_on = _last_days(happened)
    rows = []
    panels = []
    for indicator in known.indicators.values():
        series = _series(counted.get(indicator.id, ()), seen.get(indicator.id, ()), indicator.id, since, today, at)
        rows.append(
            _row(
                indicator,
                known,
                standing.get(indicator.id),
                limits=limits,
                series=series,
                last_on=last_on.get(indicator.id),
            )
        )
        if indicator.id in known.problem.board:
            panels.append(
                PanelView(
                    title=f"{indicator.code} {indicator.name}",
                    series=_tail(series, PANEL_DAYS),
                    thresholds=limits[indicator.id].thresholds,
                    standing=standing.get(indicator.id),
                )
            )
    order = {
        known.indicators[one].name: place for place, one in enumerate(known.problem.board) if one in known.indicators
    }
    panels.sort(key=lambda panel: order.get(panel.title.split(" ", 1)[1], 99))
    near = today - timedelta(days=MAP_DAYS)
    return Picture(
        problem=problem,
        name=known.problem.name,
        question=known.problem.question,
        board=board,
        pulse=beat,
        pinned=pinned,
        rows=tuple(rows),
        panels=tuple(panels),
        events=tuple(event for event in happened if event.counted and event.occurred_on >= near),
        changes=tuple(changes),
        settings=tuple(chosen),
        names=_names(known),
        home=tuple(sorted(known.problem.area.countries)),
    )


def _row(
    indicator: Indicator,
    known: Catalogue,
    standing: Standing | None = None,
    *,
    limits: Mapping[str, kept_thresholds.Effective],
    series: drawn.Series | None = None,
    last_on: date | None = None,
) -> Row:
    effective = limits.get(indicator.id)
    thresholds = effective.thresholds if effective else indicator.thresholds
    counts = drawn.over_window(series, thresholds.within)[-SPARK_DAYS:] if series is not None else ()
    return Row(
        id=indicator.id,
        code=indicator.code,
        name=indicator.name,
        group=known.problem.groups.get(indicator.group, indicator.group),
        standing=standing,
        thresholds=thresholds,
        changed=effective is not None and effective.change is not None,
        counts=counts,
        last_on=last_on,
    )


def _changes(
    connection: Connection,
    known: Catalogue,
    board: Board,
    chosen: Sequence[SetCondition],
    *,
    since: datetime,
    as_of: datetime,
) -> list[Change]:
    """What became different since an instant, latest first."""
    found: list[Change] = []
    told = [entry for entry in board.history if entry.at > since]
    for entry in told:
        before = [one for one in board.history if one.at < entry.at]
        was = f" from {before[-1].condition.value} {before[-1].condition.word}" if before else ""
        why = f": {entry.why[0]}" if entry.why else ""
        text = f"Recommended condition to {entry.condition.value} {entry.condition.word}{was}{why}"
        found.append(Change(at=entry.at, text=text, condition=int(entry.condition)))
    for one in chosen:
        if one.at > since:
            text = f"{one.by} set the condition to {one.condition.value} {one.condition.word}: {one.reason}"
            found.append(Change(at=one.at, text=text, condition=int(one.condition)))
    names = _names(known)
    for standing in kept_levels.level_changes(connection, known.problem.id, since=since, as_of=as_of):
        if standing.no_data and standing.no_data_since == standing.at:
            text = f"{names.get(standing.indicator, standing.indicator)}: no data any more. {standing.why}"
        else:
            text = f"{names.get(standing.indicator, standing.indicator)} {standing.level.word}. {standing.why}"
        found.append(Change(at=standing.at, text=text, level=int(standing.level), indicator=standing.indicator))
    for changed in kept_thresholds.latest(connection, known.problem.id, as_of=as_of).values():
        if changed.at > since:
            limits = f"{changed.thresholds.watch}/{changed.thresholds.warning}/{changed.thresholds.critical}"
            text = (
                f"{changed.by} changed {names.get(changed.indicator, changed.indicator)} to {limits}: {changed.reason}"
            )
            found.append(Change(at=changed.at, text=text, indicator=changed.indicator))
    return sorted(found, key=lambda change: change.at, reverse=True)


# --- one indicator ----------------------------------------------------------------------------------------------------


def indicator(problem: str, indicator_id: str, as_of: datetime | None, days: int) -> IndicatorView:
    """One indicator as known at `as_of`; KeyError when the catalogue has no such id."""
    beat = pulse()
    at = as_of or beat.now
    known = catalogue(problem)
    found = known.indicators[indicator_id]
    today = _day(at, known)
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
            limits = _limits(connection, known, at)
            counted, seen = _days(connection, problem, since - timedelta(days=7), today, at, only=indicator_id)
            series = _series(counted.get(indicator_id, ()), seen.get(indicator_id, ()), indicator_id, since, today, at)
            happened = kept_events.events(connection, problem, since, today, as_of=at, indicator=indicator_id)
            history = kept_thresholds.history(connection, problem, indicator_id, as_of=at)
            signals = [report.signal for event in happened for report in event.reports]
            texts = items.items_by_id(connection, {signal.item_id for signal in signals})
            passages = {signal.signal_id: passage(signal, texts.get(signal.item_id)) for signal in signals}
    except Unreadable as line:
        if "has no tables" not in str(line) and not beat.trouble:
            beat = Pulse(state=beat.state, now=beat.now, trouble=str(line))
    last_on = max((event.occurred_on for event in happened if event.counted), default=None)
    return IndicatorView(
        row=_row(found, known, standing, limits=limits, series=series, last_on=last_on),
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
        carriers=tuple(feed.name for feed in registered() if _carries(known, feed, indicator_id)),
        choices=_names(known),
    )


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


def new_id() -> str:
    """A name for something made on a page."""
    return secrets.token_hex(6)


# --- small readings ---------------------------------------------------------------------------------------------------


@st.cache_data(ttl=60, show_spinner=False)
def registered() -> list[Feed]:
    """The feeds of this installation; none where the registry cannot be read, which the Feeds page says."""
    from feeds import registry

    sources = [data_folder() / "feeds", *([settings().feeds.overlay] if settings().feeds.overlay else [])]
    return list(registry.load_feeds([path for path in sources if path is not None and path.exists()]).feeds)


def last_polls(as_of: datetime) -> dict[str, Poll]:
    """The newest visit to each feed."""
    with looking() as connection:
        return items.last_polls(connection, as_of=as_of)


def _carries(known: Catalogue, feed: Feed, indicator_id: str) -> bool:
    carried = known.problem.carried_by(feed.topics)
    return carried is None or indicator_id in carried


def _names(known: Catalogue) -> dict[str, str]:
    return {one.id: f"{one.code} {one.name}" for one in known.indicators.values()}


def _day(at: datetime, known: Catalogue) -> date:
    return at.astimezone(ZoneInfo(known.problem.timezone)).date()


def _limits(connection: Connection, known: Catalogue, at: datetime) -> dict[str, kept_thresholds.Effective]:
    default = {one.id: one.thresholds for one in known.indicators.values()}
    own = settings().deployment_thresholds(default)
    return kept_thresholds.effective(connection, known.problem.id, default, as_of=at, deployment=own)


def _days(
    connection: Connection, problem: str, since: date, until: date, at: datetime, *, only: str | None = None
) -> tuple[dict[str, list[CountChange]], dict[str, list[DayCoverage]]]:
    """Count changes and coverage by indicator."""
    wanted = [only] if only else None
    counted: dict[str, list[CountChange]] = {}
    seen: dict[str, list[DayCoverage]] = {}
    for change in kept_series.changes(connection, problem, since, until, as_of=at, indicators=wanted):
        counted.setdefault(change.indicator, []).append(change)
    for cover in kept_series.coverage(connection, problem, since, until, as_of=at, indicators=wanted):
        seen.setdefault(cover.indicator, []).append(cover)
    return counted, seen


def _series(
    counted: Sequence[CountChange],
    seen: Sequence[DayCoverage],
    indicator_id: str,
    since: date,
    until: date,
    at: datetime,
) -> drawn.Series:
    """The frame of an indicator as charts take it: None for what is not known."""
    frame = asof.frame(counted, seen, indicator_id, since, until, at)
    return drawn.Series(
        days=frames.days_of(frame),
        events=tuple(None if math.isnan(count) else count for count in frame[frames.EVENTS].tolist()),
        coverage=tuple(None if math.isnan(share) else share for share in frame[frames.COVERAGE].tolist()),
    )


def _tail(series: drawn.Series, days: int) -> drawn.Series:
    return drawn.Series(days=series.days[-days:], events=series.events[-days:], coverage=series.coverage[-days:])


def _last_days(happened: Sequence[Event]) -> dict[str, date]:
    found: dict[str, date] = {}
    for event in happened:
        if event.counted and event.indicator:
            found[event.indicator] = max(event.occurred_on, found.get(event.indicator, event.occurred_on))
    return found


def level_of(number: int | None) -> Level | None:
    """A level from its number."""
    return None if number is None else Level(number)


def thresholds_sentence(limits: Thresholds) -> str:
    """Limits as people say them."""
    return f"watch {limits.watch}, warning {limits.warning}, critical {limits.critical} in {limits.within.days} days"
