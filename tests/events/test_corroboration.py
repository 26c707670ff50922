"""How far an event is to be believed."""

from __future__ import annotations

import pytest
from reporting import BELTA, BREST, DAILY, GOMEL, HAJUN, MINISTRY, NOBODY, RADIO, a_report

from indicators.events.clustering import cluster
from indicators.events.corroboration import contradictions, judge
from indicators.model.event import Origin
from indicators.model.signal import Assertion

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
