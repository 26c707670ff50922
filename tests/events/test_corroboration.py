"""How far an event is to be believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from reporting import BELTA, BREST, DAILY, GOMEL, HAJUN, MINISTRY, NOBODY, RADIO, SOUTH, a_report

from indicators.events.clustering import cluster, grouped
from indicators.events.corroboration import carousel, contradictions, judge
from indicators.events.regrouping import regroup
from indicators.model.event import Origin
from indicators.model.place import PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction

UKRAINE = Origin(id="UKR_GS", name="General Staff of Ukraine", official=True, state="UKR")


def said(*origins, reliability="C", **fields):
    """One report a voice."""
    return [
        a_report(f"s{n}:1", origin=origin, reliability=reliability, hours=n, **fields)
        for n, origin in enumerate(origins)
    ]


@pytest.mark.parametrize(
    ("origins", "reliability", "credibility"),
    [
        ((NOBODY, NOBODY, NOBODY), "A", 6),
        ((RADIO,), "F", 6),
        ((RADIO,), "C", 3),
        ((RADIO, RADIO, RADIO), "B", 3),
        ((RADIO, NOBODY), "C", 3),
        ((RADIO, DAILY), "C", 2),
        ((RADIO, MINISTRY), "C", 2),
        ((RADIO, HAJUN), "C", 1),
        ((RADIO, DAILY, UKRAINE), "C", 2),
        ((RADIO, DAILY, UKRAINE), "B", 1),
        ((MINISTRY, BELTA), "B", 3),
        ((MINISTRY, UKRAINE), "C", 2),
    ],
)
def test_credibility_counts_independent_voices(origins, reliability, credibility):
    """Echoes, nameless sources and a state's several mouths add nothing; a monitor or a graded third voice confirms."""
    verdict = judge(said(*origins, reliability=reliability))
    assert (verdict.credibility, verdict.counted) == (credibility, True)
    assert verdict.why


def test_state_media_do_not_confirm_their_state():
    """A ministry and its agency are one origin of the event."""
    (event,) = cluster(said(MINISTRY, BELTA, family="drill", indicator="drills"))
    assert len(event.origins) == 1
    assert not event.corroborated


def test_withdrawal_by_officials_alone_is_not_counted():
    """'Troops return to base', says the ministry, and its agency: shown, not counted, until somebody has seen it."""
    officials = said(MINISTRY, BELTA, family="withdrawal", indicator="withdrawals")
    (event,) = cluster(officials)
    assert not event.counted
    assert "officials alone" in event.why
    sighting = a_report("h:1", origin=HAJUN, family="withdrawal", indicator="withdrawals", hours=5)
    (event,) = cluster([*officials, sighting])
    assert event.counted
    assert event.credibility == 1


def test_two_states_cannot_vouch_for_a_withdrawal():
    """Officials of two states are still officials."""
    (event,) = cluster(said(MINISTRY, UKRAINE, family="drill_end", indicator="drill_end"))
    assert not event.counted


def test_observer_who_saw_nothing_makes_it_doubtful():
    """One origin against one that looked and saw nothing: doubtful. Its report is an event of its own, not counted."""
    report = a_report("r:1", origin=RADIO, places=(BREST,))
    nothing = a_report("h:1", origin=HAJUN, places=(BREST,), assertion=Assertion.NEGATED, hours=3)
    event, other = sorted(cluster([report, nothing]), key=lambda event: not event.counted)
    assert (event.credibility, event.counted, other.counted) == (4, True, False)
    assert "Hajun" in event.why
    assert event.known_at == nothing.signal.known_at


def test_official_denial_weighs_nothing():
    """'We move no tanks', says the ministry: kept, and the event is as credible as before."""
    denial = a_report("m:1", origin=MINISTRY, places=(BREST,), assertion=Assertion.DENIED, hours=3)
    event = next(event for event in cluster([a_report("r:1", places=(BREST,)), denial]) if event.counted)
    assert event.credibility == 3


def test_official_does_not_clear_its_own_state():
    """A state's word that its own forces were not there weighs nothing; another state's observers do weigh."""
    moved = [a_report("r:1", actors=("RUS", "BLR"))]
    own = [a_report("m:1", origin=MINISTRY, assertion=Assertion.NEGATED)]
    other = [a_report("u:1", origin=UKRAINE, assertion=Assertion.NEGATED)]
    assert judge(moved, against=own).credibility == 3
    assert judge(moved, against=other).credibility == 4


def test_ungraded_word_against_two_is_improbable():
    """One ungraded origin against two that saw nothing."""
    nothing = said(HAJUN, DAILY, assertion=Assertion.NEGATED)
    assert judge(said(RADIO, reliability="E"), against=nothing).credibility == 5


def test_denial_elsewhere_does_not_contradict():
    """That nothing was seen at Gomel says nothing of Brest."""
    event = next(
        event
        for event in cluster(
            [
                a_report("r:1", places=(BREST,)),
                a_report("h:1", origin=HAJUN, places=(GOMEL,), assertion=Assertion.NEGATED),
            ]
        )
        if event.counted
    )
    assert event.credibility == 3


def test_numbers_stand_side_by_side():
    """31 tanks or 13: one event, both numbers, each with its voice."""
    (event,) = cluster(
        [
            a_report("h:1", origin=HAJUN, places=(BREST,), quantity=(31, "tank")),
            a_report("r:1", origin=RADIO, places=(BREST,), quantity=(13, "tank"), hours=2),
            a_report("d:1", origin=DAILY, places=(BREST,), quantity=(30, "tank"), hours=3),
        ]
    )
    (found,) = contradictions(event)
    assert found.line == "31 tank (Belarusian Hajun, The Daily) or 13 tank (Radio)"


def test_withdrawn_or_not_stand_side_by_side():
    """A withdrawal and the word that it did not happen are shown together."""
    events = cluster(
        [
            a_report("m:1", origin=MINISTRY, family="withdrawal", places=(BREST,)),
            a_report("h:1", origin=HAJUN, family="withdrawal", places=(BREST,), assertion=Assertion.NEGATED, hours=4),
        ]
    )
    event = next(event for event in events if event.reports[0].origin == MINISTRY)
    (found,) = contradictions(event, others=events)
    assert (found.about, found.against) == ("whether it happened", "negated")
    assert found.opposing[0].origin == HAJUN


def test_agreement_is_no_contradiction():
    """Reports that agree contradict nothing."""
    (event,) = cluster(said(RADIO, DAILY, places=(BREST,), quantity=(31, "tank")))
    assert contradictions(event) == []


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
