"""Events become signed changes, and their sums what was known when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from series_builders import an_event

from indicators.model.series import CountChange, DayCoverage
from indicators.series import asof, counting, frames

DAY = date(2022, 12, 20)
T0 = datetime(2022, 12, 20, 8, tzinfo=UTC)


def changes(before: list[Any], after: list[Any], hours: float = 0) -> list[CountChange]:
    """The changes between two versions, so many hours after the start."""
    return counting.changes(before, after, problem="p", known_at=T0 + timedelta(hours=hours))


def test_an_event_counts_once_on_its_day() -> None:
    """Three reports of one happening are one event and three mentions."""
    (change,) = changes([], [an_event("a", reports=3)])
    assert (change.indicator, change.occurred_on, change.events, change.mentions) == ("moves", DAY, 1, 3)


def test_what_does_not_count_adds_nothing() -> None:
    """An uncounted event, and one without an indicator, leave the series alone."""
    assert changes([], [an_event("a", counted=False), an_event("b", indicator=None)]) == []


def test_unnamed_voices_make_one_event() -> None:
    """An event known only from unnamed channels counts as one event."""
    assert changes([], [an_event("a", origin="unknown")])[0].events == 1


def test_nothing_new_is_nothing_to_append() -> None:
    """The same set of events in another order gives no change."""
    events = [an_event("a"), an_event("b", day=DAY - timedelta(days=1))]
    assert changes(events, events[::-1]) == []


def test_a_merge_takes_one_away_when_it_became_known() -> None:
    """Two events found to be one: minus one from then on, and the past keeps its two."""
    two = [an_event("a"), an_event("b")]
    one = [an_event("a", reports=2)]
    log = [*changes([], two), *changes(two, one, hours=5)]
    assert counting.sums(log, as_of=T0) == {("moves", DAY): (2, 2)}
    assert counting.sums(log, as_of=T0 + timedelta(hours=5)) == {("moves", DAY): (1, 2)}


def test_a_corrected_day_moves_the_count() -> None:
    """An event found to be of the day before leaves one day and joins the other in one instant."""
    moved = changes([an_event("a")], [an_event("a", day=DAY - timedelta(days=1))])
    assert [(change.occurred_on.day, change.events) for change in moved] == [(19, 1), (20, -1)]


EVENT = st.builds(
    an_event,
    st.sampled_from("abcdefgh"),
    indicator=st.sampled_from(["moves", "drills", None]),
    day=st.sampled_from([DAY, DAY - timedelta(days=1)]),
    reports=st.integers(1, 3),
    counted=st.booleans(),
)
EVENTS = st.lists(EVENT, max_size=6, unique_by=lambda event: event.event_id)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=6))
def test_the_sums_say_what_the_events_say(versions: list[list[Any]]) -> None:
    """After any course of versions the sums as of each instant equal the tally of the version known then."""
    log: list[CountChange] = []
    before: list[Any] = []
    for hour, after in enumerate(versions):
        log += changes(before, after, hours=hour)
        before = after
    for hour, version in enumerate(versions):
        known = counting.sums(log, as_of=T0 + timedelta(hours=hour))
        assert {cell: pair for cell, pair in known.items() if pair != (0, 0)} == counting.tally(version)


def test_daily_is_days_by_indicators_as_of() -> None:
    """One column an indicator, one row a day, whole numbers; later knowledge is not in it."""
    log = [*changes([], [an_event("a")]), *changes([an_event("a")], [an_event("a"), an_event("b")], hours=9)]
    table = counting.daily(log, ["moves", "drills"], DAY - timedelta(days=1), DAY, T0)
    assert table.to_dict("list") == {"moves": [0, 1], "drills": [0, 0]}
    assert table.index.name == frames.DAY
    later = counting.daily(log, ["moves"], DAY, DAY, T0 + timedelta(hours=9), column=frames.MENTIONS)
    assert later["moves"].tolist() == [2]


def seen(day: date, coverage: float | None) -> DayCoverage:
    """A day seen for this share."""
    return DayCoverage(indicator="moves", day=day, exposure=2.0 * (coverage or 0.0), coverage=coverage)


def test_a_day_nobody_watched_is_not_zero() -> None:
    """Unseen days are NaN, seen days without events 0, and an event of an unseen day is kept."""
    days = frames.days_between(DAY - timedelta(days=3), DAY)
    rows = [seen(days[0], 0.0), seen(days[1], 1.0), seen(days[3], 0.0)]
    table = asof.frame(changes([], [an_event("a")]), rows, "moves", days[0], days[-1], T0)
    assert list(table.columns) == list(frames.SERIES_COLUMNS)
    np.testing.assert_array_equal(table[frames.EVENTS], [np.nan, 0, np.nan, 1])
    np.testing.assert_array_equal(table[frames.COVERAGE], [0, 1, np.nan, 0])
    np.testing.assert_array_equal(table[frames.EXPOSURE], [0, 2, 0, 0])
    assert frames.days_of(table) == days


def test_an_indicator_no_feed_carries_is_unknown_on_every_day() -> None:
    """Coverage None is NaN in the frame and its counts are unknown."""
    table = asof.frame([], [seen(DAY, None)], "moves", DAY, DAY, T0)
    assert table[[frames.EVENTS, frames.COVERAGE]].isna().all(axis=None)


def test_completeness_is_learned_from_how_late_reports_come() -> None:
    """Where six of ten events are known on their day and all two days later, the shares say so."""
    log = []
    for week in range(30):
        day = DAY - timedelta(days=week + 10)
        for number, late in enumerate([0, 0, 0, 0, 0, 0, 1, 1, 2, 2]):
            log.append(
                CountChange(
                    problem="p",
                    indicator="moves",
                    occurred_on=day,
                    known_at=datetime(day.year, day.month, day.day, number, tzinfo=UTC) + timedelta(days=late),
                    events=1,
                    mentions=1,
                )
            )
    assert asof.completeness(log, as_of=T0)[:3] == (0.6, 0.8, 1.0)
    assert asof.completeness(log[:10], as_of=T0) == (1.0,) * 7
    table = asof.frame(log, [], "moves", DAY - timedelta(days=2), DAY, T0, completeness=(0.6, 0.8))
    assert table[frames.COMPLETENESS].tolist() == [1.0, 0.8, 0.6]


def test_first_reports_belong_to_the_feed_that_had_it_first() -> None:
    """Echoes add nothing to a feed's worth, nor do events that do not count."""
    events = [an_event("a", reports=3), an_event("b", counted=False), an_event("c", day=DAY - timedelta(days=40))]
    assert counting.first_reports(events, since=DAY - timedelta(days=30), until=DAY) == {"feed0": 1}
