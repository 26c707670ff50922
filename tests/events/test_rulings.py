"""An officer's word on what is one happening and what is two."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reporting import BREST, GOMEL, HAJUN, NOON, RADIO, a_report

from indicators.events.clustering import cluster
from indicators.events.regrouping import regroup
from indicators.model.event import Report
from indicators.model.ruling import Ruling, RulingKind


def a_ruling(kind: RulingKind, *reports: Report, ruling_id: str = "r1", hours: int = 0) -> Ruling:
    """Orlova's word on these reports."""
    signal = reports[0].signal
    return Ruling(
        ruling_id=ruling_id,
        problem="belarus",
        kind=kind,
        family=signal.family,
        indicator=signal.indicator,
        mentions=tuple(report.signal.signal_id for report in reports),
        by="Orlova",
        at=NOON + timedelta(hours=hours),
        reason="the same wagons, seen twice",
    )


def test_two_happenings_are_one_when_an_officer_says_so():
    """A train at Brest and one at Gomel become one event of two origins, whose reason names who said so and why."""
    brest = a_report("h:1", origin=HAJUN, places=(BREST,))
    gomel = a_report("r:1", origin=RADIO, places=(GOMEL,), hours=3)
    assert len(cluster([brest, gomel])) == 2
    (event,) = cluster([brest, gomel], rulings=[a_ruling(RulingKind.JOIN, brest, gomel)])
    assert event.corroborated
    assert "joined to one happening by Orlova on 20 Dec 2022 12:00Z: the same wagons, seen twice" in event.why


def test_one_happening_is_two_when_an_officer_says_so():
    """A report parted from its event founds its own; what repeats it goes with it, even when it comes later."""
    first = a_report("h:1", origin=HAJUN, places=(BREST,))
    other = a_report("r:1", origin=RADIO, places=(BREST,), hours=1)
    ruling = a_ruling(RulingKind.PART, other)
    events = cluster([first, other], rulings=[ruling])
    assert sorted(len(event.reports) for event in events) == [1, 1]
    echo = replace(a_report("d:1", places=(BREST,), hours=5), reprint_of="r:1")
    change = regroup([echo], events, rulings=[ruling])
    (grown,) = change.after
    assert [report.signal.item_id for report in grown.reports] == ["r:1", "d:1"]
    assert "parted from another happening by Orlova" in grown.why


def test_the_later_word_on_a_report_stands():
    """Parted by one officer and joined again by the next: one event, which carries both words."""
    first = a_report("h:1", origin=HAJUN, places=(BREST,))
    other = a_report("r:1", origin=RADIO, places=(BREST,), hours=1)
    words = [
        a_ruling(RulingKind.PART, other),
        a_ruling(RulingKind.JOIN, first, other, ruling_id="r2", hours=1),
    ]
    (event,) = cluster([first, other], rulings=words)
    assert event.why.index("parted") < event.why.index("joined")


def test_an_ended_ruling_leaves_no_trace():
    """When the officer takes the word back, the events are grouped as if it had never been given."""
    brest = a_report("h:1", origin=HAJUN, places=(BREST,))
    gomel = a_report("r:1", origin=RADIO, places=(GOMEL,), hours=3)
    plain = cluster([brest, gomel])
    ruling = a_ruling(RulingKind.JOIN, brest, gomel)
    change = regroup([], cluster([brest, gomel], rulings=[ruling]), again={ruling.key})
    assert list(change.after) == plain
