"""What a count series is made of, before it becomes columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChange:
    """A signed change of one indicator's count on one day, appended when it became known and never edited.

    The count as of an instant is the sum of the changes known by then, so a late report, a merge of two events or a
    correction changes what is known now and leaves what was known before.
    """

    problem: str
    indicator: str
    occurred_on: date
    known_at: datetime
    events: int
    """Change in the number of independent events."""
    mentions: int
    """Change in the number of counted reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCoverage:
    """What could be seen of one indicator on one day, from poll rows and nothing else."""

    indicator: str
    day: date
    exposure: float
    """Items usually published by the feeds that carry it, times the share of their word that was observed."""
    coverage: float | None
    """Observed share of what the carrying feeds usually give, 0 to 1; None when no feed carries the indicator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLabel:
    """What is known of an indicator's past days: such days leave every baseline and stay on the plot."""

    problem: str
    indicator: str
    first_on: date
    last_on: date
    label: str
    """`episode` (a past warning), `event` or `test` (said by a person), or `none`: these days are ordinary."""
    by: str
    at: datetime
    reason: str
