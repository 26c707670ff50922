"""Out and back: what came home has moved nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from reporting import BREST, GOMEL, MINISTRY, SOUTH, a_report

from indicators.events.carousel import carousel
from indicators.events.clustering import cluster, grouped
from indicators.events.regrouping import regroup
from indicators.model.place import PlaceMention, PlaceRole
from indicators.model.signal import Direction


def a_train(item_id, *, to, days, size=31.0, unit="tank"):
    """A train to Brest or from it."""
    return a_report(
        item_id,
        places=(PlaceMention(place=BREST, role=PlaceRole.TO if to else PlaceRole.FROM),),
        direction=Direction.TOWARD if to else Direction.AWAY,
        quantity=(size, unit),
        hours=24 * days,
    )


def test_carousel_cancels_itself_and_says_so():
    """Thirty-one tanks to the border and back within three days are a pair that moved nothing."""
    reports = [a_train("a:1", to=True, days=0), a_train("b:1", to=False, days=2)]
    (pair,) = carousel(grouped(reports))
    assert (pair.out.occurred_on, pair.back.occurred_on) == (date(2022, 12, 20), date(2022, 12, 22))
    assert "back 2 days later" in pair.why
    out, back = cluster(reports)
    assert not out.counted
    assert not back.counted
    assert (out.cancelled_by, back.cancelled_by) == (back.event_id, out.event_id)


def test_a_return_that_only_officials_tell_of_undoes_nothing():
    """The ministry says that the tanks are back: what independent people saw go still counts."""
    out, back = cluster([a_train("a:1", to=True, days=0), replace(a_train("b:1", to=False, days=2), origin=MINISTRY)])
    assert out.counted
    assert not out.cancelled_by
    assert not back.cancelled_by


def test_what_was_cancelled_stays_so_when_its_other_half_is_no_longer_at_hand():
    """The elder half is forgotten first: the younger does not count again for that."""
    _, back = cluster([a_train("a:1", to=True, days=0), a_train("b:1", to=False, days=2)])
    elsewhere = a_report("c:1", places=(GOMEL,), hours=60)
    change = regroup([elsewhere], [back])
    assert change.before == ()
    assert [event.reports[0].signal.item_id for event in change.after] == ["c:1"]


def test_what_was_cancelled_counts_again_when_the_return_is_another_train():
    """Thirty-one tanks went; the thirteen that came back are first thought to be they, until their number is known."""
    out = a_train("a:1", to=True, days=0)
    back = a_report("b:1", places=(PlaceMention(place=BREST, role=PlaceRole.FROM),), direction=Direction.AWAY, hours=48)
    events = cluster([out, back])
    assert [event.counted for event in events] == [False, False]
    counted = replace(a_train("b:2", to=False, days=2, size=200.0), reprint_of="b:1")
    change = regroup([counted], events)
    assert all(event.counted and not event.cancelled_by for event in change.after)
    assert {event.event_id for event in change.before} == {event.event_id for event in events}


@pytest.mark.parametrize(
    "back", [{"days": 5}, {"days": 1, "size": 200.0}, {"days": 1, "unit": "truck"}], ids=["late", "others", "trucks"]
)
def test_other_things_or_times_are_no_carousel(back):
    """Five days later, or another number, or other vehicles: both movements stand."""
    assert carousel(grouped([a_train("a:1", to=True, days=0), a_train("b:1", to=False, **back)])) == []


def test_one_return_cancels_one_movement():
    """Two trains out and one back leave one at the border: the later one is taken for the one that turned."""
    events = grouped([
        a_train("a:1", to=True, days=0), a_train("b:1", to=True, days=2), a_train("c:1", to=False, days=3),
    ])  # fmt: skip
    (pair,) = carousel(events)
    assert pair.out.occurred_on == date(2022, 12, 22)


def test_shared_region_is_no_track():
    """A column out to Gomel and another back from Brest, both told of as in southern Belarus, are no carousel."""
    out = a_report("a:1", places=(GOMEL, SOUTH), direction=Direction.TOWARD)
    back = a_report("b:1", places=(BREST, SOUTH), direction=Direction.AWAY, hours=24)
    assert carousel(grouped([out, back])) == []
