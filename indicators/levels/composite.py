"""Rules over several indicators: so many of these at a level, and a weighted index; with what chance alone would do.

A composite is not the watch condition: it is a rule an officer adds beside the ladder, with its own list of indicators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from indicators.model.level import Level


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A weighted index of surprise, 0 to 1, with a memory; None while too little of its weight reports."""

    value: float | None
    at: datetime
    reporting: float
    """Share of the weight that has data."""


def index(
    previous: Index | None, surprises: Mapping[str, float | None], weights: Mapping[str, float], *, now: datetime
) -> Index:
    """The index after these p-values: the weighted mean of -log10 p, each at most 6, over 6.

    It keeps the larger of what is new and what it was, halved every seven days. An indicator without data (None, or not
    named) leaves both sums; with under 60 % of the weight reporting there is no value, and the memory waits.
    """
    total = sum(weights.values())
    known = {name: p for name, p in surprises.items() if p is not None and name in weights}
    weight = sum(weights[name] for name in known)
    reporting = weight / total if total else 0.0
    if not total or reporting < REPORTING_AT_LEAST:
        return Index(value=None, at=now if previous is None else previous.at, reporting=reporting)
    fresh = sum(weights[name] * min(-np.log10(max(p, 1e-300)), SURPRISE_AT_MOST) for name, p in known.items())
    value = float(fresh / (weight * SURPRISE_AT_MOST))
    if previous is not None and previous.value is not None:
        value = max(value, previous.value * 0.5 ** ((now - previous.at) / HALF_LIFE))
    return Index(value=value, at=now, reporting=reporting)


def limits(values: Sequence[float], *, shares: Sequence[float] = (0.95, 0.99, 0.999)) -> tuple[float, ...] | None:
    """The index's own limits of watch, warning, critical from its history; None where that is under 100 values."""
    if len(values) < 100:
        return None
    return tuple(float(limit) for limit in np.quantile(np.asarray(values, dtype=float), list(shares)))
