"""A problem as of an instant, read whole: what the Overview shows and the briefing prints. Nothing is counted here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from indicators.catalogue import Catalogue, Indicator
from indicators.charts import series as drawn
from indicators.charts.board import Row
from indicators.model.event import Event
from indicators.model.level import Board, SetCondition, Standing, Thresholds
from indicators.model.series import CountChange, DayCoverage
from indicators.series import asof, frames
from indicators.store import events as kept_events
from indicators.store import levels as kept_levels
from indicators.store import series as kept_series
from indicators.store import thresholds as kept_thresholds

SPARK_DAYS = 60
PANEL_DAYS = 90
MAP_DAYS = 7
MARGIN_DAYS = 14
"""A window may reach back this far beyond the first day drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that became different and that an officer coming on watch should hear of."""

    at: datetime
    text: str
    level: int | None = None
    """The Level it rose or fell to, where it is about an indicator."""
    condition: int | None = None
    """The WatchCondition, where it is about the problem."""
    indicator: str | None = None
    blind: bool = False
    """Whether it is that nothing can be seen any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """One of the indicators drawn together."""

    title: str
    series: drawn.Series
    thresholds: Thresholds
    standing: Standing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Where a problem stood at an instant, and what led there."""

    problem: str
    name: str
    question: str
    board: Board
    rows: tuple[Row, ...] = ()
    panels: Mapping[str, PanelView] = field(default_factory=dict)
    """Every indicator's series over the last weeks, by id."""
    together: tuple[str, ...] = ()
    """The indicators the problem wants drawn together."""
    events: tuple[Event, ...] = ()
    """Counted events of the last days, for the map."""
    changes: tuple[Change, ...] = ()
    settings: tuple[SetCondition, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Indicator id to code and name."""
    home: tuple[str, ...] = ()


def draw(
    connection: Connection,
    known: Catalogue,
    *,
    as_of: datetime,
    changed_since: datetime,
    own: Mapping[str, Thresholds] | None = None,
) -> Picture:
    """The problem as it was known at `as_of`; `own` are the deployment's thresholds."""
    problem, today = known.problem.id, day_of(as_of, known)
    board = kept_levels.board(
        connection,
        problem,
        as_of=as_of,
        name=known.problem.name,
        order=tuple(known.indicators),
        history_since=as_of - timedelta(days=PANEL_DAYS),
    )
    limits = limits_in_force(connection, known, as_of, own)
    since = today - timedelta(days=PANEL_DAYS + MARGIN_DAYS)
    counted, seen = days_read(connection, problem, since, today, as_of)
    near = today - timedelta(days=MAP_DAYS - 1)
    happened = kept_events.events(connection, problem, near, today, as_of=as_of)
    chosen = kept_levels.conditions_set(connection, problem, as_of=as_of)
    standing = {one.indicator: one for one in board.standings}
    rows: list[Row] = []
    panels: dict[str, PanelView] = {}
    for indicator in known.indicators.values():
        changes = counted.get(indicator.id, [])
        series = series_of(changes, seen.get(indicator.id, []), indicator.id, (since, today), as_of)
        rows.append(
            row_of(
                indicator,
                known,
                standing.get(indicator.id),
                limits=limits,
                series=series,
                last_on=_last_day(changes),
            )
        )
        panels[indicator.id] = PanelView(
            title=f"{indicator.code} {indicator.name}",
            series=_tail(series, PANEL_DAYS),
            thresholds=limits[indicator.id].thresholds,
            standing=standing.get(indicator.id),
        )
    return Picture(
        problem=problem,
        name=known.problem.name,
        question=known.problem.question,
        board=board,
        rows=tuple(rows),
        panels=panels,
        together=tuple(one for one in known.problem.board if one in panels),
        events=tuple(event for event in happened if event.counted),
        changes=tuple(_changes(connection, known, board, chosen, since=changed_since, as_of=as_of)),
        settings=tuple(chosen),
        names=names_of(known),
        home=tuple(sorted(known.problem.area.countries)),
    )


def blank(known: Catalogue, *, as_of: datetime) -> Picture:
    """The picture of a problem of which nothing is known yet."""
    board = Board(
        problem=known.problem.id,
        name=known.problem.name,
        as_of=as_of,
        recommendation=None,
        set=None,
        history=(),
        standings=(),
    )
    return Picture(
        problem=known.problem.id,
        name=known.problem.name,
        question=known.problem.question,
        board=board,
        rows=tuple(row_of(indicator, known, limits={}) for indicator in known.indicators.values()),
        names=names_of(known),
        home=tuple(sorted(known.problem.area.countries)),
    )


def row_of(
    indicator: Indicator,
    known: Catalogue,
    standing: Standing | None = None,
    *,
    limits: Mapping[str, kept_thresholds.Effective],
    series: drawn.Series | None = None,
    last_on: date | None = None,
) -> Row:
    """One indicator as a line of the board."""
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
    for standing in kept_levels.level_changes(connection, known.problem.id, since=since, as_of=as_of):
        found.append(
            Change(
                at=standing.at,
                text=standing.why,
                level=int(standing.level),
                indicator=standing.indicator,
                blind=standing.no_data and standing.no_data_since == standing.at,
            )
        )
    for changed in kept_thresholds.latest(connection, known.problem.id, as_of=as_of).values():
        if changed.at > since:
            limits = f"{changed.thresholds.watch}/{changed.thresholds.warning}/{changed.thresholds.critical}"
            text = f"{changed.by} changed the thresholds to {limits}: {changed.reason}"
            found.append(Change(at=changed.at, text=text, indicator=changed.indicator))
    return sorted(found, key=lambda change: change.at, reverse=True)


def names_of(known: Catalogue) -> dict[str, str]:
    """Indicator id to code and name."""
    return {one.id: f"{one.code} {one.name}" for one in known.indicators.values()}


def day_of(at: datetime, known: Catalogue) -> date:
    """The problem's day at an instant."""
    return at.astimezone(ZoneInfo(known.problem.timezone)).date()


def limits_in_force(
    connection: Connection, known: Catalogue, at: datetime, own: Mapping[str, Thresholds] | None = None
) -> dict[str, kept_thresholds.Effective]:
    """The thresholds of every indicator at `at`: an officer's, else the deployment's, else the catalogue's."""
    default = {one.id: one.thresholds for one in known.indicators.values()}
    return kept_thresholds.effective(connection, known.problem.id, default, as_of=at, deployment=own)


def days_read(
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


def series_of(
    counted: Sequence[CountChange],
    seen: Sequence[DayCoverage],
    indicator_id: str,
    days: tuple[date, date],
    at: datetime,
) -> drawn.Series:
    """The frame of an indicator as charts take it: None for what is not known."""
    frame = asof.frame(counted, seen, indicator_id, *days, at)
    return drawn.Series(
        days=frames.days_of(frame),
        events=tuple(None if math.isnan(count) else count for count in frame[frames.EVENTS].tolist()),
        coverage=tuple(None if math.isnan(share) else share for share in frame[frames.COVERAGE].tolist()),
        mentions=tuple(None if math.isnan(count) else count for count in frame[frames.MENTIONS].tolist()),
    )


def _tail(series: drawn.Series, days: int) -> drawn.Series:
    return drawn.Series(
        days=series.days[-days:],
        events=series.events[-days:],
        coverage=series.coverage[-days:],
        mentions=series.mentions[-days:],
    )


def _last_day(counted: Sequence[CountChange]) -> date | None:
    """The latest day on which something still counts."""
    sums: dict[date, int] = {}
    for change in counted:
        sums[change.occurred_on] = sums.get(change.occurred_on, 0) + change.events
    return max((day for day, events in sums.items() if events > 0), default=None)
