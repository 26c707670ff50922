"""How good the warnings were: detection, false alarms and lead time against dated events, beside what chance would do.

A warning is an episode: a stretch at or above a level. It leads an event when it starts within `lead_within` before the
event's onset, and detects it when it starts within `detect_within` after. An onset is a span of days when history does
not name the day: the earliest warning counts from its first, lead time is told for both ends. Every other episode is
false. Beside it stands chance: the share of events that as many episodes thrown at random on the same days would meet,
1 - exp(-rate * window).

Paper: D. Wilks, Statistical Methods in the Atmospheric Sciences (verification of rare events); B. Efron and
R. Tibshirani, An Introduction to the Bootstrap (1993), for the intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

ENOUGH_EVENTS = 10
"""With fewer, no rule can be ranked above another."""
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A dated event of the truth file, or a scare that was none."""

    id: str
    attack: bool
    """False for a scare: a warning then is a false one, and the card says how many fell in it."""
    onset: tuple[date, date]
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A stretch at or above a level."""

    subject: str
    """The indicator, or the problem."""
    since: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of one event."""

    id: str
    lead: tuple[int, int] | None
    """Days from the first warning to the first and to the last possible day of onset; None when none came in time."""
    detected: int | None
    """Days from the first possible day of onset to the first warning after it; None when there was none in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The figures of one level."""

    events: Sequence[Found]
    episodes: int
    false: int
    in_scares: Mapping[str, int]
    series: int
    days: int
    pod: float | None
    """Share of events led or detected; None without events."""
    pod_between: tuple[float, float] | None
    """Its 90 % interval, by bootstrap over events."""
    far: float | None
    """Share of episodes that were false; None without episodes."""
    false_per_series_year: float
    false_per_week: float
    chance_pod: float
    """What as many episodes at random would have met."""

    @property
    def lead(self) -> tuple[float, float, float] | None:
        """First quartile, median and third quartile of lead time in days, to the first day of onset; late is 0."""
        if not self.events:
            return None
        days = [found.lead[0] if found.lead else 0 for found in self.events]
        low, middle, high = np.quantile(np.array(days, dtype=float), [0.25, 0.5, 0.75])
        return float(low), float(middle), float(high)

    @property
    def why(self) -> str:
        """The card in one line."""
        if self.pod is None:
            head = "No event to find"
        else:
            met = sum(found.lead is not None or found.detected is not None for found in self.events)
            head = f"{met} of {len(self.events)} events met (chance {self.chance_pod:.0%})"
            if len(self.events) < ENOUGH_EVENTS:
                head += ", too few events to rank rules"
        false = f"{self.false} of {self.episodes} episodes false, {self.false_per_series_year:.2f} a series-year"
        return f"{head}; {false}."


def score(
    happenings: Sequence[Happening],
    episodes: Sequence[Episode],
    *,
    first: date,
    last: date,
    series: int = 1,
    lead_within: timedelta = timedelta(days=30),
    detect_within: timedelta = timedelta(days=14),
    seed: int = 1,
) -> Card:
    """The card of these episodes over the days `first` to `last` of so many series.

    An event whose onset lies outside the days is not asked for.
    """
    attacks = [one for one in happenings if one.attack and first <= one.onset[0] <= last]
    found = [_find(one, episodes, lead_within, detect_within) for one in attacks]
    false = [one for one in episodes if not any(_meets(one, event, lead_within) for event in attacks)]
    days = (last - first).days + 1
    met = np.array([one.lead is not None or one.detected is not None for one in found], dtype=float)
    between = None
    if len(met):
        draws = np.random.default_rng(seed).choice(met, (DRAWS, len(met))).mean(axis=1)
        between = (float(np.quantile(draws, 0.05)), float(np.quantile(draws, 0.95)))
    return Card(
        events=found,
        episodes=len(episodes),
        false=len(false),
        in_scares={
            one.id: sum(one.onset[0] - lead_within <= episode.since <= one.end for episode in false)
            for one in happenings
            if not one.attack
        },
        series=series,
        days=days,
        pod=float(met.mean()) if len(met) else None,
        pod_between=between,
        far=len(false) / len(episodes) if episodes else None,
        false_per_series_year=len(false) / (series * days / 365),
        false_per_week=len(false) / (days / 7),
        chance_pod=float(1 - np.exp(-len(episodes) / days * (lead_within + detect_within).days)),
    )


def _find(event: Happening, episodes: Sequence[Episode], lead_within: timedelta, detect_within: timedelta) -> Found:
    early, late = event.onset
    before = [one.since for one in episodes if early - lead_within <= one.since < early]
    after = [one.since for one in episodes if early <= one.since <= late + detect_within]
    lead = min(before, default=None)
    seen = min(after, default=None)
    return Found(
        id=event.id,
        lead=None if lead is None else ((early - lead).days, (late - lead).days),
        detected=None if seen is None else (seen - early).days,
    )


def _meets(episode: Episode, event: Happening, lead_within: timedelta) -> bool:
    """Whether an episode started before an event as its warning, or while it lasted."""
    return event.onset[0] - lead_within <= episode.since <= event.end


def precision_recall(cards: Mapping[float, Card]) -> list[tuple[float, float | None, float | None]]:
    """Limit, precision (share of episodes that were true) and recall (share of events met), as the limit moves."""
    return [(limit, None if card.far is None else 1 - card.far, card.pod) for limit, card in sorted(cards.items())]
