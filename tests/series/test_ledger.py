"""The days kept at hand are the days that the store would give."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from series_builders import START

from indicators.model.series import CountChange, DayCoverage
from indicators.series import asof
from indicators.series.ledger import BUCKETS, Ledger

NAMES = ("moves", "drills")


def a_change(day: int, *, late: float = 0.5, events: int = 1, indicator: str = "moves") -> CountChange:
    """A count of the day so many days after the start, known so many days later."""
    return CountChange(
        problem="p",
        indicator=indicator,
        occurred_on=(START + timedelta(days=day)).date(),
        known_at=START + timedelta(days=day + late),
        events=events,
        mentions=events,
    )


def a_day(day: int, share: float | None = 1.0, *, exposure: float = 10.0, indicator: str = "moves") -> DayCoverage:
    """What could be seen on that day."""
    return DayCoverage(
        indicator=indicator,
        day=(START + timedelta(days=day)).date(),
        exposure=exposure * (share or 0.0),
        coverage=share,
    )


def a_ledger(changes: list[CountChange], days: list[DayCoverage]) -> Ledger:
    ledger = Ledger(NAMES, zone=UTC)
    ledger.count(changes)
    ledger.cover(days)
    return ledger


CHANGES = st.lists(st.tuples(st.integers(-40, 39), st.floats(0, 6), st.integers(1, 4)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(CHANGES, st.permutations(range(40)))
def test_the_ledger_is_the_store_at_hand(arrivals: list[tuple[int, float, int]], order: list[int]) -> None:
    """Whatever came and in whatever order, its columns are those made from all rows as of the instant."""
    changes = sorted(
        (a_change(day, late=late, events=events) for day, late, events in arrivals), key=lambda one: one.known_at
    )
    days = [a_day(day, None if day % 9 == 0 else (day % 5) / 4) for day in order]
    now = START + timedelta(days=39, hours=20)
    changes = [one for one in changes if one.known_at <= now]
    found = a_ledger(changes, days).columns(now, 60)
    midnight = datetime.combine(now.date(), datetime.min.time(), UTC)
    wanted = asof.columns(
        changes, days, "moves", found["days"][0], now.date(), now,
        completeness=asof.completeness(changes, as_of=midnight),
    )  # fmt: skip
    for ours, theirs in (
        ("counts", "events"),
        ("exposure", "exposure"),
        ("coverage", "coverage"),
        ("completeness", "completeness"),
    ):
        np.testing.assert_allclose(found[ours][0], wanted[theirs], err_msg=ours)


def test_a_moving_day_lies_over_two() -> None:
    """At six in the evening the last 24 hours have three quarters of today and one quarter of yesterday."""
    ledger = a_ledger([], [a_day(day, exposure=100.0 * (day + 1)) for day in range(10)])
    ledger.cover([DayCoverage(indicator="moves", day=(START + timedelta(days=10)).date(), exposure=30, coverage=1.0)])
    now = START + timedelta(days=10, hours=18)
    happened = {"moves": [now - timedelta(hours=1), now - timedelta(hours=23), now - timedelta(hours=25)]}
    found = ledger.moving(happened, now)
    assert found["counts"].shape == (2, BUCKETS)
    assert list(found["counts"][0, -2:]) == [1, 2]
    assert found["exposure"][0, -1] == 30 + 1000 * 0.25
    assert found["exposure"][0, -2] == 1000 * 0.75 + 900 * 0.25
    assert np.isnan(found["counts"][1]).all()


def test_what_is_labelled_is_said_anew() -> None:
    """Labels given later stand for all: what they do not name is ordinary again."""
    ledger = a_ledger([a_change(3)], [a_day(day) for day in range(10)])
    day = (START + timedelta(days=3)).date()
    now = START + timedelta(days=9, hours=12)
    ledger.label({"moves": {day}})
    assert ledger.columns(now, 60)["labelled"].sum() == 1
    ledger.label({})
    assert not ledger.columns(now, 60)["labelled"].any()
    assert ledger.columns(now, 60)["counts"][0, 3] == 1


def test_before_its_first_day_there_is_nothing() -> None:
    """A ledger that begins ten days ago gives ten days, however many are asked for."""
    found = a_ledger([], [a_day(day) for day in range(10)]).columns(START + timedelta(days=9, hours=1), 184)
    assert found["days"] == tuple(date(2022, 12, 1) + timedelta(days=n) for n in range(10))
