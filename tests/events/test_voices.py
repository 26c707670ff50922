"""What must hold of voices for any reports at all: who confirms whom, and whose word weighs nothing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from reporting import BELTA, BREST, DAILY, HAJUN, MINISTRY, NOBODY, RADIO, a_report

from indicators.events.clustering import cluster
from indicators.events.corroboration import contradictions, judge
from indicators.events.likeness import numbers_agree
from indicators.events.record import track_records
from indicators.model.event import Origin, Report
from indicators.model.signal import Assertion

STATELESS = Origin(id="owner:herald", name="The Herald", official=True)
"""A medium that some state controls; which one is not known."""
OFFICIALS = (MINISTRY, BELTA, STATELESS, replace(BELTA, id="owner:channel_one", name="Channel One"))
FREE = (HAJUN, RADIO, DAILY)


def told(*origins: Origin, family: str = "equipment_move", **fields: object) -> list[Report]:
    """One report of each voice, an hour apart, of the same happening."""
    return [
        a_report(f"s{n}:1", origin=origin, places=(BREST,), hours=n, family=family, indicator=family, **fields)
        for n, origin in enumerate(origins)
    ]


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.integers(2, 6), st.integers(0, 3))
def test_a_circle_of_citations_of_any_length_is_one_voice(order: list[int], length: int, outsiders: int) -> None:
    """Each of a circle names the next as its source and nobody saw anything: one voice, and so is whoever cites one."""
    circle = [f"outlet{number}" for number in order[:length]]
    cited = {name: circle[(place + 1) % length] for place, name in enumerate(circle)}
    cited |= {f"reader{number}": circle[number % length] for number in range(outsiders)}
    reports = [
        a_report(f"{name}:1", origin=Origin(id=f"owner:{other}", name=other), places=(BREST,), hours=hour)
        for hour, (name, other) in enumerate(cited.items())
    ]
    (event,) = cluster(reports)
    assert [origin.id for origin in event.origins] == [f"owner:{circle[0]}"]
    assert all("loop" in report.traced_by for report in event.reports if report.origin.name != cited[report.owner])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(OFFICIALS), min_size=1, max_size=8))
def test_a_states_mouths_never_confirm_it(officials: list[Origin]) -> None:
    """However many ministries and media of one state, or of none known, say so: one voice, nothing confirmed."""
    (event,) = cluster(told(*officials))
    assert len(event.origins) == 1
    assert not event.corroborated
    assert event.credibility >= 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(OFFICIALS), max_size=5),
    st.lists(st.sampled_from(FREE), max_size=3),
    st.sampled_from(("withdrawal", "drill_end")),
)
def test_a_withdrawal_weighs_nothing_until_somebody_has_seen_it(
    officials: list[Origin], free: list[Origin], family: str
) -> None:
    """Announced by officials or by nobody it never counts; with one independent sighting it does, in any company."""
    reports = told(*officials, NOBODY, *free, family=family)
    (event,) = cluster(reports)
    assert event.counted == bool(free)
    assert event.counted or event.credibility == 6


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((*FREE, MINISTRY, NOBODY)), min_size=1, max_size=6), st.integers(1, 12), st.data())
def test_echoes_add_nothing(origins: list[Origin], echoes: int, data: st.DataObject) -> None:
    """Any number of further reports from voices already heard, or from nobody, leave the grade as it was."""
    reports = told(*origins)
    again = told(*[data.draw(st.sampled_from([*origins, NOBODY])) for _ in range(echoes)])
    late = [replace(one, signal=replace(one.signal, item_id=f"late{n}:1")) for n, one in enumerate(again)]
    assert judge([*reports, *late]) == judge(reports)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((MINISTRY, BELTA)), min_size=1, max_size=6), st.sampled_from(FREE))
def test_denials_of_officials_take_nothing_away(deniers: list[Origin], witness: Origin) -> None:
    """However often a state denies what somebody saw, the event is as credible as before."""
    seen = told(witness)
    denials = [
        replace(one, signal=replace(one.signal, item_id=f"denial{n}:1"))
        for n, one in enumerate(told(*deniers, assertion=Assertion.DENIED))
    ]
    (alone,) = cluster(seen)
    event = next(event for event in cluster([*seen, *denials]) if event.counted)
    assert (event.credibility, event.why) == (alone.credibility, alone.why)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from((13, 14, 30, 31, 33)), min_size=1, max_size=8))
def test_every_number_of_an_event_is_the_first_or_stands_against_it(sizes: list[int]) -> None:
    """No number is lost: each agrees with the first one of its side, and each side is shown against the first."""
    for event in cluster(
        [
            a_report(f"s{n}:1", origin=FREE[n % 3], places=(BREST,), hours=n, quantity=(size, "tank"))
            for n, size in enumerate(sizes)
        ]
    ):
        found = contradictions(event)
        sides = [found[0].reports, *(one.opposing for one in found)] if found else [event.reports]
        assert sorted(one.signal.item_id for side in sides for one in side) == sorted(
            one.signal.item_id for one in event.reports
        )
        for side in sides:
            first = side[0].signal.quantity
            assert first is not None
            assert all(one.signal.quantity and numbers_agree(first, one.signal.quantity) for one in side)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((*FREE, MINISTRY, NOBODY)), st.integers(0, 6)), min_size=1, max_size=15))
def test_a_track_record_counts_each_happening_once(heard: list[tuple[Origin, int]]) -> None:
    """Every happening that somebody known tells of has one who was first; nobody is confirmed more often than first."""
    events = cluster(
        [
            a_report(f"s{n}:1", origin=origin, places=(BREST,), hours=96 * week + n / 10)
            for n, (origin, week) in enumerate(heard)
        ]
    )
    records = track_records(events).values()
    assert sum(record.first for record in records) == sum(bool(event.origins) for event in events)
    assert sum(record.confirmed for record in records) == sum(event.corroborated for event in events)
    assert all(record.confirmed <= record.first and record.line for record in records)
