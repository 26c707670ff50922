"""All rules that speak for an indicator, each in one reading; the higher wins, and hysteresis says which.

The officer's own limit comes first and speaks from the first day on. Beside it stand the rules that learn: NBP, which
says that it is learning or cannot see; the build-up; and, where a routine is known, its break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from indicators.levels import absolute, buildup, predictive, routine
from indicators.levels.history import Histories, History, whole_days
from indicators.model.level import Level, Reading, ReadingState, Thresholds

DAYS_NEEDED = max(predictive.DEFAULT.memory, buildup.DEFAULT.memory, routine.DEFAULT.memory) + 2
"""How many days of history the longest memory looks at, the day of `as_of` included."""


def readings(
    history: History,
    *,
    thresholds: Thresholds,
    as_of: datetime,
    zone: tzinfo = UTC,
) -> list[Reading]:
    """What every rule says of one indicator; give `DAYS_NEEDED` days of history where there are so many."""
    return all_readings(Histories.alone(history), {"": thresholds}, as_of=as_of, zone=zone)[""]


def all_readings(
    histories: Histories,
    thresholds: Mapping[str, Thresholds],
    *,
    as_of: datetime,
    zone: tzinfo = UTC,
) -> dict[str, list[Reading]]:
    """`readings` of every indicator of the board, in one look."""
    surprise = predictive.look(histories, as_of=as_of, zone=zone, limits=False)
    growth = buildup.read_all(histories, as_of=as_of, zone=zone)
    found: dict[str, list[Reading]] = {}
    for row, name in enumerate(histories.names):
        history = histories.row(row)
        limits = thresholds[name]
        fixed = absolute.read(history, thresholds=limits, as_of=as_of, zone=zone)
        fixed = replace(fixed, expected=surprise.expected(row, whole_days(limits.within)))
        kept = routine.read(history, as_of=as_of, zone=zone)
        found[name] = [fixed, surprise.readings[row], *(one for one in (growth[row], kept) if _speaks(one))]
    return found


def _speaks(reading: Reading) -> bool:
    """A build-up without a reference and a cycle that nobody keeps are no rules yet, and hold nothing up."""
    return reading.state is not ReadingState.LEARNING


def builds_up(found: Sequence[Reading]) -> bool:
    """Whether the build-up rule stands at warning or above: the ladder's sustained build-up."""
    return any(
        reading.detector == buildup.NAME and reading.state is ReadingState.ANSWERED and reading.level >= Level.WARNING
        for reading in found
    )


def breaks_routine(found: Sequence[Reading]) -> bool:
    """Whether a known cycle is broken: something missing, doubled, or out of turn."""
    return any(
        reading.detector == routine.NAME and reading.state is ReadingState.ANSWERED and reading.level >= Level.WATCH
        for reading in found
    )
