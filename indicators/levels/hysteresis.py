"""A level that holds still: quick to rise, slow to fall, frozen while nothing can be seen.

Order: normal, watch, warning, critical; learning and no data stand beside the level. Rules (all are arguments):

- the officer's own limit raises at once, to the level it names; so does a statistical detector at warning or above;
- a statistical detector at watch raises after two consecutive days, or three of the last five;
- a level falls one step at a time, after three observed days on which no rule still held it, and no sooner than three
  days after it last changed. A statistical rule holds a level until its probability is five times the limit;
- an evaluation without data moves nothing and counts for nothing.

Days are counted, not evaluations, so it may be called once a day or every minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from indicators.levels import no_data
from indicators.model.level import Level, Reading, ReadingState, Standing
from indicators.model.signal import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How quick to rise and how slow to fall."""

    clear_days: int = 3
    """Observed days below before a level falls one step."""
    hold_for: timedelta = timedelta(days=3)
    """A level that changed stays at least so long before it falls."""
    watch_consecutive: int = 2
    watch_of: int = 3
    """So many days ..."""
    watch_within: int = 5
    """... of the last so many."""
    limits: tuple[float, float, float] = (0.01, 0.001, 0.0001)
    """Probabilities below which a statistical rule says watch, warning, critical."""
    recovery: float = 5.0
    """A level is held until the probability exceeds its limit so many times."""


DEFAULT = Timing()


def advance(
    standing: Standing | None,
    readings: Sequence[Reading],
    *,
    problem: str,
    indicator: str,
    now: datetime,
    coverage: float | None,
    origins: int = 0,
    active: bool = False,
    weight: Weight = Weight.SUPPORTING,
    timing: Timing = DEFAULT,
    zone: tzinfo = UTC,
) -> Standing:
    """Where the indicator stands after these readings, one of each rule, taken at `now`.

    The higher of several rules wins and `why` says which. `coverage`, `origins`, `active` and `weight` are carried
    along for the board. With the same arguments it gives the same standing, however often it is asked.
    """
    before = standing or Standing(problem=problem, indicator=indicator, level=Level.NORMAL, at=now, level_since=now)
    now = max(now, before.at)
    today = now.astimezone(zone).date()
    answered = [reading for reading in readings if reading.state is ReadingState.ANSWERED]
    blind = no_data.is_blind(coverage) or not any(r.state is not ReadingState.NO_DATA for r in readings)
    seen = replace(
        before,
        at=now,
        no_data=blind,
        no_data_since=(before.no_data_since or now) if blind else None,
        learning=any(reading.state is ReadingState.LEARNING for reading in readings),
        coverage=coverage,
        origins=origins,
        active=active,
        weight=weight,
    )
    days_at_watch = _days_at_watch(before.days_at_watch, answered, today, timing)
    strongest = _strongest(answered, days_at_watch, timing)
    level = strongest.level if strongest else Level.NORMAL
    count, expected = _numbers(readings, strongest)
    seen = replace(seen, days_at_watch=days_at_watch, count=count, expected=expected)
    if level > before.level:
        return _raised(seen, level, strongest, now)
    if blind:
        return replace(seen, why=_blind_sentence(seen, readings))
    if level == before.level or _held(answered, before.level, timing):
        return replace(seen, days_below=(), why=_sentence(seen, readings, strongest))
    unseen = next((reading for reading in readings if reading.state is ReadingState.NO_DATA), None)
    if unseen is not None:  # the rule that cannot see may be the one that holds the level
        why = f"Held at {before.level.word}: the {unseen.detector} rule cannot see. {unseen.why}"
        return replace(seen, why=why.rstrip())
    return _lowered(seen, today, now, readings, timing)


def _days_at_watch(
    before: tuple[date, ...], answered: Sequence[Reading], today: date, timing: Timing
) -> tuple[date, ...]:
    since = today - timedelta(days=timing.watch_within - 1)
    days = {day for day in before if since <= day <= today}
    if any(reading.p_value is not None and reading.level >= Level.WATCH for reading in answered):
        days.add(today)
    return tuple(sorted(days))


def _lasts(days: tuple[date, ...], timing: Timing) -> bool:
    if not days:
        return False
    run = 1
    while days[-1] - timedelta(days=run) in days:
        run += 1
    return run >= timing.watch_consecutive or len(days) >= timing.watch_of


def _strongest(answered: Sequence[Reading], days_at_watch: tuple[date, ...], timing: Timing) -> Reading | None:
    """The reading that may raise: the highest; the officer's own limit before a statistical one of the same level."""
    lasting = _lasts(days_at_watch, timing)
    able = [
        reading
        for reading in answered
        if reading.level is not Level.NORMAL and (reading.p_value is None or reading.level > Level.WATCH or lasting)
    ]
    return max(able, key=lambda reading: (reading.level, reading.p_value is None), default=None)


def _held(answered: Sequence[Reading], level: Level, timing: Timing) -> bool:
    """Whether some rule still holds `level`: its own level, or a probability not yet beyond the recovery limit."""
    if level is Level.NORMAL:
        return True
    limit = timing.recovery * timing.limits[level - 1]
    return any(
        reading.level >= level or (reading.p_value is not None and reading.p_value <= limit) for reading in answered
    )


def _numbers(readings: Sequence[Reading], strongest: Reading | None) -> tuple[int, float | None]:
    """The count and expectation to show: those of the rule that wins, else of the first rule, with any expectation."""
    if not readings:
        return 0, None
    shown = strongest or readings[0]
    expected = shown.expected
    if expected is None:
        expected = next((reading.expected for reading in readings if reading.expected is not None), None)
    # Two figures are as fine as a person reads it; finer would be a new standing at every look.
    return shown.count, None if expected is None else float(f"{expected:.2g}")


def _raised(seen: Standing, level: Level, strongest: Reading | None, now: datetime) -> Standing:
    begun = seen.episode or f"{seen.problem}/{seen.indicator}/{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return replace(
        seen,
        level=level,
        level_since=now,
        episode=begun,
        peak=max(seen.peak, level),
        days_below=(),
        why=strongest.why if strongest else "",
    )


def _lowered(seen: Standing, today: date, now: datetime, readings: Sequence[Reading], timing: Timing) -> Standing:
    days = tuple(sorted({*seen.days_below, today}))
    said = _said(readings)
    if len(days) < timing.clear_days or now - seen.level_since < timing.hold_for:
        progress = f"{min(len(days), timing.clear_days)} of {timing.clear_days} observed days below"
        return replace(seen, days_below=days, why=f"Held at {seen.level.word}: {progress}. {said}".rstrip())
    level = Level(seen.level - 1)
    over = level is Level.NORMAL
    return replace(
        seen,
        level=level,
        level_since=now,
        days_below=(),
        episode="" if over else seen.episode,
        peak=Level.NORMAL if over else seen.peak,
        why=f"Down from {seen.level.word} after {len(days)} observed days below. {said}".rstrip(),
    )


def _sentence(seen: Standing, readings: Sequence[Reading], strongest: Reading | None) -> str:
    if strongest and strongest.level >= seen.level:
        return strongest.why
    if seen.level is Level.NORMAL:
        return _said(readings)
    return f"Held at {seen.level.word}: not yet clear of its recovery limit. {_said(readings)}".rstrip()


def _blind_sentence(seen: Standing, readings: Sequence[Reading]) -> str:
    said = next((reading.why for reading in readings if reading.state is ReadingState.NO_DATA), "")
    said = said or no_data.sentence(seen.coverage, 1)
    return said if seen.level is Level.NORMAL else f"Frozen at {seen.level.word}. {said}"


def _said(readings: Sequence[Reading]) -> str:
    """What the first rule that answered has to say, else the first rule at all."""
    ranked = sorted(readings, key=lambda reading: reading.state is not ReadingState.ANSWERED)
    return ranked[0].why if ranked else ""
