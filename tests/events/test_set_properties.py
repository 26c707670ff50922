"""What must hold of grouping for any reports at all, in any order, at any instant, after any restart."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from reporting import (
    BELARUS,
    BELTA,
    BREST,
    BREST_REGION,
    GOMEL,
    HAJUN,
    MINISTRY,
    MINSK,
    NOBODY,
    NOON,
    RADIO,
    SOUTH,
    ZYABROVKA,
    a_report,
)

from indicators.events.clustering import cluster
from indicators.events.regrouping import regroup
from indicators.model.event import Event, Report
from indicators.model.ruling import Ruling, RulingKind
from indicators.model.signal import Assertion, Direction

PLACES = ((), (BREST,), (GOMEL,), (ZYABROVKA,), (SOUTH,), (BREST_REGION,), (BELARUS,), (MINSK,), (BREST, GOMEL))
ASSERTIONS = (*[Assertion.HAPPENED] * 6, Assertion.PLANNED, Assertion.PLANNED, *Assertion)


@st.composite
def histories(draw: st.DrawFn, most: int = 24) -> list[Report]:
    """Reports of a fortnight: echoes, reprints, late arrivals, plans, denials, vague and exact places."""
    count = draw(st.integers(1, most))
    chance = draw(st.randoms(use_true_random=False))
    reports = []
    for number in range(count):
        hours = chance.choice((chance.randrange(0, 330, 3), chance.randrange(0, 72, 3)))
        day = (NOON + timedelta(hours=hours)).date()
        family = chance.choice(("drill", "equipment_move", "leader_meeting", "withdrawal"))
        assertion = chance.choice(ASSERTIONS)
        shift = chance.choice((0, 0, 0, -1, -2, -6) if assertion is not Assertion.PLANNED else (0, 0, 1, 3, 9))
        item = f"{chance.choice('abcd')}:{chance.randrange(number + 1) if chance.random() < 0.2 else number}"
        reports.append(
            a_report(
                item,
                family=family,
                indicator=family,
                places=chance.choice(PLACES),
                on=(day + timedelta(days=shift - chance.choice((0, 0, 0, 1, 20))), day + timedelta(days=shift)),
                hours=hours,
                known_at=NOON + timedelta(hours=hours + chance.choice((0, 0, 1, 5, 60))),
                quantity=(chance.choice((13, 30, 31, 200)), "tank") if chance.random() < 0.3 else None,
                direction=chance.choice((Direction.NONE, Direction.NONE, Direction.TOWARD, Direction.AWAY)),
                assertion=assertion,
                actors=chance.choice(((), ("PUTIN", "LUKASHENKO"), ("LUKASHENKO",), ("XI", "LUKASHENKO"))),
                origin=chance.choice((HAJUN, MINISTRY, BELTA, RADIO, NOBODY)),
                start=chance.choice((0, 40)),
                reprint_of=f"{chance.choice('abcd')}:{chance.randrange(number + 1)}"
                if chance.random() < 0.15
                else None,
            )
        )
    return reports


def in_order_of_knowledge(reports: list[Report]) -> list[Report]:
    """As a poller would have got them."""
    return sorted(reports, key=lambda one: (one.signal.known_at, one.signal.item_id, one.signal.evidence.start))


def once_each(reports: list[Report]) -> list[Report]:
    """Of two reports of one mention the first stays, as a store keeps it."""
    kept: dict[str, Report] = {}
    for report in reports:
        kept.setdefault(report.signal.signal_id, report)
    return list(kept.values())


@settings(max_examples=80, deadline=None)
@given(histories(), st.integers(0, 1000))
def test_order_of_arrival_changes_nothing(reports: list[Report], seed: int) -> None:
    """Any order of the same reports gives the same events, to the last word."""
    shuffled = list(reports)
    random.Random(seed).shuffle(shuffled)
    assert cluster(reports) == cluster(shuffled)


@settings(max_examples=50, deadline=None)
@given(histories())
def test_every_report_is_in_exactly_one_event(reports: list[Report]) -> None:
    """No report is lost and none is counted twice."""
    events = cluster(reports)
    held = [report.signal.signal_id for event in events for report in event.reports]
    assert sorted(held) == sorted({report.signal.signal_id for report in reports})
    assert len({event.event_id for event in events}) == len(events)


@settings(max_examples=80, deadline=None)
@given(histories(), st.integers(1, 5))
def test_grouping_the_affected_alone_equals_grouping_all(reports: list[Report], batch: int) -> None:
    """Live, batch by batch, the events are at every instant those of all reports known by then, grouped afresh."""
    arriving = once_each(in_order_of_knowledge(reports))
    live: dict[str, Event] = {}
    for start in range(0, len(arriving), batch):
        change = regroup(arriving[start : start + batch], live.values())
        for event in change.before:
            assert live.pop(event.event_id) == event
        for event in change.after:
            assert event.event_id not in live
            live[event.event_id] = event
        assert sorted(live.values(), key=lambda one: one.event_id) == sorted(
            cluster(arriving[: start + batch]), key=lambda one: one.event_id
        )


@st.composite
def rulings_on(draw: st.DrawFn, reports: list[Report]) -> list[Ruling]:
    """A few words of officers on some of these reports, later ones against earlier ones."""
    chance = draw(st.randoms(use_true_random=False))
    made = []
    for number in range(draw(st.integers(1, 4))):
        about = chance.choice(reports).signal
        kin = [one.signal.signal_id for one in reports if one.signal.family == about.family]
        made.append(
            Ruling(
                ruling_id=f"r{number}",
                problem="belarus",
                kind=chance.choice(list(RulingKind)),
                family=about.family,
                indicator=about.indicator,
                mentions=tuple(sorted({about.signal_id, *chance.sample(kin, min(len(kin), 2))})),
                by="Orlova",
                at=NOON + timedelta(hours=number),
                reason="the same train",
            )
        )
    return made


@settings(max_examples=60, deadline=None)
@given(st.data(), histories(), st.integers(1, 5), st.integers(0, 1000))
def test_rulings_hold_in_any_order_and_for_what_comes_later(
    data: st.DataObject, reports: list[Report], batch: int, seed: int
) -> None:
    """Officers' words give the same events whether they came before, between or after the reports, in any order."""
    arriving = once_each(in_order_of_knowledge(reports))
    rulings = data.draw(rulings_on(arriving))
    whole = cluster(arriving, rulings=rulings)
    shuffled = list(arriving)
    random.Random(seed).shuffle(shuffled)
    assert cluster(shuffled, rulings=rulings[::-1]) == whole
    live: dict[str, Event] = {}
    spoken: list[Ruling] = []
    for start in range(0, len(arriving) + batch, batch):
        changed = rulings[len(spoken) : start // batch + 1] if start < len(arriving) else rulings[len(spoken) :]
        spoken += changed
        change = regroup(
            arriving[start : start + batch], live.values(), rulings=spoken, again={ruling.key for ruling in changed}
        )
        for event in change.before:
            assert live.pop(event.event_id) == event
        live |= {event.event_id: event for event in change.after}
    assert sorted(live.values(), key=lambda one: one.event_id) == sorted(whole, key=lambda one: one.event_id)


@settings(max_examples=50, deadline=None)
@given(histories())
def test_an_event_never_outgrows_its_founder(reports: list[Report]) -> None:
    """Without copies of one text, an event's days lie within a day of its founder, or the week of its plan."""
    for event in cluster([report for report in reports if report.reprint_of is None]):
        if any(r.signal.item_id == o.signal.item_id for r in event.reports for o in event.reports if r is not o):
            continue
        days = [min(report.signal.occurred_on[1], report.signal.published_at.date()) for report in event.reports]
        planned = event.reports[0].signal.assertion is Assertion.PLANNED
        assert max(days) - min(days) <= timedelta(days=12 if planned else 5)
