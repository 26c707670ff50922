"""All rules that speak for one indicator, each in one reading; the higher wins, and hysteresis says which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from indicators.levels import absolute, buildup, predictive, routine
from indicators.levels.history import History
from indicators.model.level import Level, Reading, ReadingState, Thresholds

Statistical = Callable[[History, datetime, tzinfo], Reading]

STATISTICAL: Mapping[str, Statistical] = MappingProxyType(
    {
        predictive.NAME: lambda history, as_of, zone: predictive.read(history, as_of=as_of, zone=zone),
        buildup.NAME: lambda history, as_of, zone: buildup.read(history, as_of=as_of, zone=zone),
        routine.NAME: lambda history, as_of, zone: routine.read(history, as_of=as_of, zone=zone),
    }
)
"""The rules that learn from the past."""
ALL = tuple(STATISTICAL)
DAYS_NEEDED = max(predictive.DEFAULT.memory, buildup.DEFAULT.memory, routine.DEFAULT.memory) + 2
"""How many days of history the longest memory looks at, the day of `as_of` included."""


def readings(
    history: History,
    *,
    thresholds: Thresholds,
    as_of: datetime,
    zone: tzinfo = UTC,
    statistical: Sequence[str] = ALL,
) -> list[Reading]:
    """The officer's limit first, then the statistical rules asked for, in order; each answers or says why not.

    Give `DAYS_NEEDED` days of history where there are so many; what a rule cannot see it says it is learning.
    """
    found = [absolute.read(history, thresholds=thresholds, as_of=as_of, zone=zone)]
    found += [STATISTICAL[name](history, as_of, zone) for name in statistical]
    return found


def builds_up(found: Sequence[Reading]) -> bool:
    """Whether the build-up rule stands at warning or above: the ladder's sustained build-up."""
    return any(
        reading.detector == buildup.NAME and reading.state is ReadingState.ANSWERED and reading.level >= Level.WARNING
        for reading in found
    )
