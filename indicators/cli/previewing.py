"""Before a limit is changed: `thresholds preview`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from indicators.cli.context import Unusable, as_of, catalogue, database, emit, limits_in_force, product_now, shared
from indicators.levels import preview
from indicators.levels.history import History, whole_days
from indicators.model.alert import Alert, AlertKind
from indicators.model.level import Level, Thresholds
from indicators.model.series import CountChange
from indicators.series import asof, frames
from indicators.store import alerts, series, thresholds
from indicators.store.problems import reading

YEAR = 365
BUDGET = 1.0
"""Chance alone may reach a proposed limit so often a year, unless the officer says otherwise."""
RAISED = (Level.WATCH, Level.WARNING, Level.CRITICAL)


def add_options(inner: Any) -> None:
    """`vedette thresholds preview`."""
    trial = shared(inner.add_parser("preview", help="how often limits would have fired in the last twelve months"))
    trial.add_argument("indicator")
    for level in RAISED:
        trial.add_argument(f"--{level.word}", type=int, help="a limit (default: the one in force)")
    trial.add_argument("--days", type=int, help="counted over so many days (default: as in force)")
    trial.add_argument(
        "--budget", type=_often, default=BUDGET, metavar="N", help="false alarms a year that chance alone may cost (1)"
    )
    trial.add_argument("--as-of", type=as_of, help="the twelve months that end then (default: now)")
    trial.add_argument("--json", action="store_true")
    trial.set_defaults(run=run_preview)


def _often(text: str) -> float:
    """So many times a year, more than never."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 365:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0 and up to 365; write 1 or 0.5")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Days in a row at a level or above."""

    level: Level
    since: date
    until: date

    def __str__(self) -> str:
        days = f"{self.since}" if self.since == self.until else f"{self.since} to {self.until}"
        return f"{self.level.word} on {days}"


def run_preview(chosen: argparse.Namespace) -> None:
    """How often these limits would have fired as then known, what they would have missed, and what chance does."""

    book, engine = catalogue(chosen), database(chosen, create=False)
    if chosen.indicator not in book.indicators:
        raise Unusable(f"{chosen.indicator}: no such indicator; `vedette thresholds list` names them")
    at = product_now(chosen, engine)
    present = limits_in_force(chosen, engine, at)[chosen.indicator].thresholds
    wanted = Thresholds(
        watch=present.watch if chosen.watch is None else chosen.watch,
        warning=present.warning if chosen.warning is None else chosen.warning,
        critical=present.critical if chosen.critical is None else chosen.critical,
        within=present.within if chosen.days is None else timedelta(days=chosen.days),
    )
    try:
        thresholds.check(wanted, indicator=chosen.indicator)
    except thresholds.ThresholdsRefused as refused:
        raise Unusable(str(refused)) from refused
    zone = ZoneInfo(book.problem.timezone)
    past = _Past.read(engine, book.problem.id, chosen.indicator, at, zone, within=max(wanted.within, present.within))
    found = preview.preview(past.days, wanted, zone=zone)
    now = found if wanted == present else preview.preview(past.days, present, zone=zone)
    missed = [one for level in RAISED for one in _stretches(now.held, level) if not _reached(found.held, one)]
    judged = [alert for alert in past.judged_true if not _foretold(found.held, alert, zone)]
    rate = found.events / found.observed if found.observed else 0.0
    proposed = {
        level: preview.within_budget(rate, wanted, level, per_year=chosen.budget, spread=found.spread)
        for level in RAISED
        if found.observed
    }
    if chosen.json:
        emit(
            {
                "indicator": chosen.indicator,
                "as_of": at,
                "limits": _limits(wanted),
                "in_force": _limits(present),
                "days": found.days,
                "observed": found.observed,
                "events": found.events,
                "fired": _by_word(found.fired),
                "by_chance": {word: round(often, 2) for word, often in _by_word(found.by_chance).items()},
                "days_at": _by_word(found.days_at),
                "fired_in_force": _by_word(now.fired),
                "missed": [{"level": one.level.word, "from": one.since, "to": one.until} for one in missed],
                "missed_alerts": [alert.alert_id for alert in judged],
                "budget": chosen.budget,
                "within_budget": _by_word(proposed),
            }
        )
        return
    print(f"{chosen.indicator}: {_words(wanted)}")
    print(found.why)
    if wanted != present:
        print(f"In force: {_words(present)}. {now.why}")
        print(f"Missed of what those said: {', '.join(map(str, missed)) or 'nothing'}.")
    said = ", ".join(f"{alert.raised_at:%Y-%m-%d} {Level(alert.level).word}" for alert in judged)
    if past.judged_true:
        print(f"Missed of the alerts judged true ({len(past.judged_true)}): {said or 'none'}.")
    if proposed:
        limits = ", ".join(f"{level.word} {limit}" for level, limit in proposed.items())
        print(f"A budget of {chosen.budget:g} false alarms a year for each level proposes: {limits}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Twelve months of one indicator: each day's end with what was known then."""

    indicator: str
    days: tuple[tuple[datetime, History], ...]
    judged_true: tuple[Alert, ...]
    """The alerts about it that an officer afterwards judged to have been true."""

    @classmethod
    def read(
        cls, engine: Engine, problem: str, indicator: str, at: datetime, zone: ZoneInfo, *, within: timedelta
    ) -> _Past:
        """Out of the store's count changes and coverage."""
        today = at.astimezone(zone).date()
        first = today - timedelta(days=YEAR - 1)
        reach = timedelta(days=whole_days(within) + 1)
        lived: list[tuple[datetime, History]] = []
        with reading(engine) as connection:
            changes = series.changes(connection, problem, first - reach, today, as_of=at, indicators=[indicator])
            for number in range(YEAR):
                day = first + timedelta(days=number)
                # The last day is looked at whole: its history also says how many events there were.
                since = first - reach if day == today else day - reach
                then = at if day == today else datetime.combine(day, time(23, 59, 59), tzinfo=zone)
                seen = series.coverage(connection, problem, since, day, as_of=then, indicators=[indicator])
                bearing: list[CountChange] = [one for one in changes if since <= one.occurred_on <= day]
                columns = asof.columns(bearing, seen, indicator, since, day, then)
                lived.append((then, History(**frames.history(columns))))
            raised = alerts.alerts(connection, problem, as_of=at, raised_since=lived[0][0])
        return cls(
            indicator=indicator,
            days=tuple(lived),
            judged_true=tuple(
                alert
                for alert in raised
                if alert.kind is AlertKind.INDICATOR and alert.subject == indicator and alert.assessment == "true"
            ),
        )


def _stretches(held: Mapping[date, Level], level: Level) -> list[_Stretch]:
    """When exactly this level or a graver one was held; only those that did not go further up are this level's."""
    found = []
    for reached, run in groupby(sorted(held), key=lambda day: held[day] >= level):
        days = list(run)
        if reached and max(held[day] for day in days) is level:
            found.append(_Stretch(level=level, since=days[0], until=days[-1]))
    return found


def _reached(held: Mapping[date, Level], stretch: _Stretch) -> bool:
    """Whether the level was reached at some time in that stretch."""
    return any(stretch.since <= day <= stretch.until and level >= stretch.level for day, level in held.items())


def _foretold(held: Mapping[date, Level], alert: Alert, zone: ZoneInfo) -> bool:
    """Whether the alert's level would have been held on its day or the next."""
    day = alert.raised_at.astimezone(zone).date()
    return max(held.get(day, Level.NORMAL), held.get(day + timedelta(days=1), Level.NORMAL)) >= alert.level


def _by_word(figures: Mapping[Level, Any]) -> dict[str, Any]:
    return {level.word: figures[level] for level in RAISED if level in figures}


def _limits(limits: Thresholds) -> dict[str, int]:
    return {
        **{level.word: limits.limit(level) for level in RAISED},
        "days": whole_days(limits.within),
    }


def _words(limits: Thresholds) -> str:
    said = ", ".join(f"{level.word} {limits.limit(level)}" for level in RAISED)
    return f"{said} in {whole_days(limits.within)} d"
