"""Rules over several indicators: so many of these at a level, and a weighted index; with what chance alone would do.

A composite is not the watch condition: it is a rule an officer adds beside the ladder, with its own list of indicators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from indicators.model.event import Event
from indicators.model.level import IndexValue, Level, Reading, ReadingState, Standing, WatchCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A level that an indicator held from an instant to another; `until` is None while it still does."""

    indicator: str
    level: Level
    since: datetime
    until: datetime | None = None
    items: frozenset[str] = frozenset()
    """The items behind it: an article that feeds two indicators is counted once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """So many of these indicators at watch, or so many at warning, within a span."""

    name: str
    of: tuple[str, ...]
    at_watch: int = 3
    at_warning: int = 2
    within: timedelta = timedelta(days=7)
    required: tuple[str, ...] = ()
    """All of these must be among them."""
    veto: tuple[str, ...] = ()
    """None of these may be."""
    decisive: tuple[str, ...] = ()
    """Any of these at warning is enough by itself."""
    raises: WatchCondition = WatchCondition.INTEREST
    """The watch condition that it carries the problem to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether a composite holds, and why."""

    holds: bool
    level: Level
    """The level at which enough of them stand; NORMAL when it does not hold."""
    indicators: tuple[str, ...]
    why: str


def judge(composite: Composite, held: Sequence[Held], *, now: datetime) -> Answer:
    """Whether enough of the composite's indicators held a level within its span before `now`.

    Indicators that rest on the same items alone are one: what an article says in two ways it says once.
    """
    since = now - composite.within
    live = [one for one in held if one.since <= now and (one.until is None or one.until > since)]
    barred = sorted({one.indicator for one in live if one.indicator in composite.veto and one.level >= Level.WATCH})
    if barred:
        return Answer(
            holds=False, level=Level.NORMAL, indicators=(), why=f"{composite.name}: barred by {_list(barred)}."
        )
    alone = sorted(
        {one.indicator for one in live if one.indicator in composite.decisive and one.level >= Level.WARNING}
    )
    if alone:
        why = f"{composite.name}: {_list(alone)} at warning, which is enough."
        return Answer(holds=True, level=Level.WARNING, indicators=tuple(alone), why=why)
    found: tuple[str, ...] = ()
    for level, needed in ((Level.WARNING, composite.at_warning), (Level.WATCH, composite.at_watch)):
        found = _distinct([one for one in live if one.level >= level and one.indicator in composite.of])
        missing = [name for name in composite.required if name not in found]
        if len(found) >= needed and not missing:
            why = (
                f"{len(found)} of {len(composite.of)} at {level.word} within {_days(composite.within)}: {_list(found)}."
            )
            return Answer(holds=True, level=level, indicators=found, why=f"{composite.name}: {why}")
    missing = [name for name in composite.required if name not in found]
    lacks = f"; {_list(missing)} not among them" if missing else ""
    why = f"{composite.name}: {len(found)} of the {composite.at_watch} needed at watch{lacks}."
    return Answer(holds=False, level=Level.NORMAL, indicators=found, why=why)


def _distinct(held: Sequence[Held]) -> tuple[str, ...]:
    """The indicators, without those whose items all stand behind one taken before."""
    taken: dict[str, frozenset[str]] = {}
    for one in sorted(held, key=lambda one: (-len(one.items), one.indicator)):
        echo = bool(one.items) and any(one.items <= items for items in taken.values())
        if one.indicator not in taken and not echo:
            taken[one.indicator] = one.items
    return tuple(sorted(taken))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def _days(span: timedelta) -> str:
    return f"{span // timedelta(days=1)} days"


def by_chance(shares: Sequence[float], at_least: int) -> float:
    """How often so many of independent indicators stand together, when each stands for its share of days.

    >>> [round(by_chance([0.034] * 10, k), 4) for k in (2, 3, 4)]
    [0.0434, 0.0039, 0.0002]
    """
    exactly = np.zeros(len(shares) + 1)
    exactly[0] = 1.0
    for share in shares:
        exactly[1:] = exactly[1:] * (1 - share) + exactly[:-1] * share
        exactly[0] *= 1 - share
    return float(exactly[max(at_least, 0) :].sum())


HALF_LIFE = timedelta(days=7)
REPORTING_AT_LEAST = 0.6
SURPRISE_AT_MOST = 6.0


def index(
    name: str,
    previous: IndexValue | None,
    surprises: Mapping[str, float | None],
    weights: Mapping[str, float],
    *,
    now: datetime,
) -> IndexValue:
    """The index after these p-values: the weighted mean of -log10 p, each at most 6, over 6.

    It keeps the larger of what is new and what it was, halved every seven days. An indicator without data (None, or not
    named) leaves both sums; with under 60 % of the weight reporting there is no value. `previous` is the last that had
    one.
    """
    total = sum(weights.values())
    known = {name: p for name, p in surprises.items() if p is not None and name in weights}
    weight = sum(weights[name] for name in known)
    reporting = weight / total if total else 0.0
    if not total or reporting < REPORTING_AT_LEAST:
        return IndexValue(name=name, value=None, at=now, reporting=reporting)
    fresh = sum(weights[name] * min(-np.log10(max(p, 1e-300)), SURPRISE_AT_MOST) for name, p in known.items())
    value = float(fresh / (weight * SURPRISE_AT_MOST))
    if previous is not None and previous.value is not None:
        value = max(value, previous.value * 0.5 ** ((now - previous.at) / HALF_LIFE))
    return IndexValue(name=name, value=value, at=now, reporting=reporting)


def limits(values: Sequence[float], *, shares: Sequence[float] = (0.95, 0.99, 0.999)) -> tuple[float, ...] | None:
    """The index's own limits of watch, warning, critical from its history; None where that is under 100 values."""
    if len(values) < 100:
        return None
    return tuple(float(limit) for limit in np.quantile(np.asarray(values, dtype=float), list(shares)))


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRule:
    """A weighted index of surprise; it carries the problem to a condition while it is above its own 99th percentile."""

    name: str
    weights: Mapping[str, float]
    raises: WatchCondition = WatchCondition.INTEREST


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A composite that holds now: the watch condition it carries the problem to, and why."""

    condition: WatchCondition
    why: str


PAST = timedelta(days=365)
"""An index has its limits from so long a past of its own."""
CLIMBS_BY = 0.005
"""A rise of an index by less is not worth keeping."""


class Composites:
    """The composites of a problem with what they look back at: levels held of late, and the past of each index."""

    def __init__(self, rules: Sequence[Composite] = (), indices: Sequence[IndexRule] = ()) -> None:
        self._rules = tuple(rules)
        self._indices = tuple(indices)
        self._held: dict[str, list[tuple[datetime, Level]]] = {}
        self._past: dict[str, list[IndexValue]] = {one.name: [] for one in indices}
        self._fresh: list[IndexValue] = []

    def __bool__(self) -> bool:
        return bool(self._rules or self._indices)

    @property
    def within(self) -> timedelta:
        """How far back the levels held are looked at."""
        return max((one.within for one in self._rules), default=timedelta(0))

    @property
    def index_names(self) -> tuple[str, ...]:
        """The indices by name."""
        return tuple(one.name for one in self._indices)

    def recall(self, standings: Iterable[Standing], changes: Iterable[Standing]) -> None:
        """What stood when the watch stopped, and the changes of level in the span before."""
        for one in standings:
            self._held[one.indicator] = [(one.level_since, one.level)]
        for one in sorted(changes, key=lambda one: one.at, reverse=True):
            held = self._held.setdefault(one.indicator, [])
            if not held or one.level_since < held[0][0]:
                held.insert(0, (one.level_since, one.level))

    def recall_index(self, name: str, values: Sequence[IndexValue]) -> None:
        """The kept values of an index, oldest first."""
        self._past[name] = list(values)

    def judge(
        self,
        standings: Iterable[Standing],
        readings: Mapping[str, Sequence[Reading]],
        active: Mapping[str, Sequence[Event]],
        *,
        now: datetime,
    ) -> tuple[Carried, ...]:
        """What holds now, given where every indicator stands, what its rules say, and its active events."""
        for one in standings:
            held = self._held.setdefault(one.indicator, [])
            if not held or held[-1][1] is not one.level:
                held.append((one.level_since, one.level))
            # The step in force at the span's beginning is the last that lies before it.
            while len(held) > 1 and held[1][0] <= now - self.within:
                del held[0]
        spans = [
            Held(
                indicator=name,
                level=level,
                since=since,
                until=held[number + 1][0] if number + 1 < len(held) else None,
                items=frozenset(r.signal.item_id for event in active.get(name, ()) for r in event.reports),
            )
            for name, held in self._held.items()
            for number, (since, level) in enumerate(held)
        ]
        answers = [(rule, judge(rule, spans, now=now)) for rule in self._rules]
        found = [Carried(condition=rule.raises, why=answer.why) for rule, answer in answers if answer.holds]
        self._fresh = []
        for rule in self._indices:
            found += self._surprise(rule, readings, now)
        return tuple(found)

    def fresh_values(self) -> tuple[IndexValue, ...]:
        """The values of the last judgement that are worth keeping."""
        return tuple(self._fresh)

    def _surprise(self, rule: IndexRule, readings: Mapping[str, Sequence[Reading]], now: datetime) -> list[Carried]:
        past = self._past[rule.name]
        before = next((one for one in reversed(past) if one.value is not None), None)
        surprises = {name: _p_value(readings.get(name, ())) for name in rule.weights}
        value = index(rule.name, before, surprises, rule.weights, now=now)
        own = [one.value for one in past if one.value is not None and one.at > now - PAST]
        last = past[-1] if past else None
        climbs = (value.value or 0.0) > (0.0 if last is None or last.value is None else last.value) + CLIMBS_BY
        if last is None or climbs or last.at.date() != value.at.date():
            past.append(value)
            self._fresh.append(value)
        bounds = limits(own)
        if bounds is None or value.value is None or value.value < bounds[1]:
            return []
        why = f"{rule.name}: index {value.value:.2f}, above {bounds[1]:.2f}, the 99th percentile of its past year."
        return [Carried(condition=rule.raises, why=why)]


def _p_value(readings: Sequence[Reading]) -> float | None:
    """What the first rule that learns has to say; None where it says nothing."""
    return next(
        (one.p_value for one in readings if one.p_value is not None and one.state is ReadingState.ANSWERED), None
    )
