"""Signals and events: what was known when is kept unalterably."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from store_builders import DAY, HOUR, NOON, PROBLEM, PROBLEMS, a_report, a_signal, an_event, an_item, shared_engine

from feeds.store import add_item
from indicators import store
from indicators.model.event import Event
from indicators.model.signal import Assertion
from indicators.store import writing


def test_a_signal_comes_back_as_it_was(engine: Engine) -> None:
    """Everything a signal carries survives the store, the empty parts too."""
    full = a_signal()
    bare = a_signal(
        start=40,
        indicator=None,
        family="concern",
        actors=(),
        places=(),
        quantity=None,
        attribution=None,
        counted=False,
        assertion=Assertion.QUESTION,
    )
    with writing(engine) as connection:
        store.signals.add_signals(connection, PROBLEM, [bare, full])
        store.signals.add_signals(connection, PROBLEM, [bare, full])
        assert store.signals.signals_of(connection, PROBLEM, "monitor:1") == [full, bare]
        assert store.signals.signals_of(connection, "another", "monitor:1") == []
        assert store.signals.signals_of(connection, PROBLEM, "monitor:1", as_of=NOON - HOUR) == []
        assert store.signals.count(connection, PROBLEM) == 2


def test_recoding_leaves_the_past_as_it_was(engine: Engine) -> None:
    """A new catalogue speaks from the instant of recoding on, even when it finds nothing any more."""
    old, new = a_signal(), a_signal(start=20, catalogue_version="v2", known_at=NOON + HOUR)
    with writing(engine) as connection:
        store.signals.add_signals(connection, PROBLEM, [old])
        store.signals.mark_coded(connection, PROBLEM, [_coded("v1", NOON, 1)])
        store.signals.add_signals(connection, PROBLEM, [new])
        store.signals.mark_coded(connection, PROBLEM, [_coded("v2", NOON + HOUR, 1)])
        store.signals.mark_coded(connection, PROBLEM, [_coded("v3", NOON + 2 * HOUR, 0)])
        read = [store.signals.signals_of(connection, PROBLEM, "monitor:1", as_of=NOON + n * HOUR) for n in range(3)]
    assert read == [[old], [new], []]


def _coded(version: str, at: object, found: int) -> store.signals.Coding:
    return store.signals.Coding(item_id="monitor:1", revision=0, catalogue_version=version, known_at=at, signals=found)


def test_the_cursor_says_how_far_coding_has_come(engine: Engine) -> None:
    """A restart goes on where the last committed step ended."""
    with writing(engine) as connection:
        assert store.signals.cursor(connection, PROBLEM).seq == 0
        store.signals.set_cursor(connection, PROBLEM, 7, catalogue_version="v1", at=NOON)
        store.signals.set_cursor(connection, PROBLEM, 9, catalogue_version="v1", at=NOON)
    with writing(engine) as connection:
        assert store.signals.cursor(connection, PROBLEM) == store.signals.Cursor(
            seq=9, catalogue_version="v1", moved_at=NOON
        )


def test_an_event_comes_back_as_it_was(engine: Engine) -> None:
    """An event and its reports survive the store, though their signals were not kept before."""
    first = a_report("monitor:1")
    second = a_report(
        "wire:9", origin="unknown", at=NOON + HOUR, traced_by="reprint of monitor:1", reprint_of="monitor:1"
    )
    given_event = an_event("e1", first, second)
    with writing(engine) as connection:
        saved = store.events.save(connection, PROBLEM, [given_event], NOON + HOUR)
        assert saved == store.events.Saved(versions=1, reports=2, retired=0)
        assert store.events.events(connection, PROBLEM, as_of=NOON + HOUR) == [given_event]
        assert store.events.event(connection, PROBLEM, "e1", as_of=NOON + HOUR) == given_event
        assert store.events.events(connection, PROBLEM, as_of=NOON) == []
        assert store.events.event(connection, "another", "e1", as_of=NOON + HOUR) is None
        assert store.events.save(connection, PROBLEM, [given_event], NOON + 2 * HOUR).versions == 0


def test_a_late_report_and_a_merge_leave_the_past_alone(engine: Engine) -> None:
    """As of each instant the events are those shown live: two at first, then one with both voices."""
    one = an_event("e1", a_report("monitor:1"))
    two = an_event("e2", a_report("ministry:1", origin="MINISTRY"))
    merged = an_event("e1", one.reports[0], two.reports[0], credibility=1, why="two origins")
    split = an_event("e1", one.reports[0], why="the ministry spoke of another")
    with writing(engine) as connection:
        store.events.save(connection, PROBLEM, [one, two], NOON)
        store.events.save(connection, PROBLEM, [merged], NOON + HOUR, retired=["e2"])
        store.events.save(connection, PROBLEM, [split, two], NOON + 2 * HOUR)
        read = [store.events.events(connection, PROBLEM, as_of=NOON + n * HOUR) for n in range(3)]
    assert [[found.event_id for found in events] for events in read] == [["e1", "e2"], ["e1"], ["e1", "e2"]]
    assert read[0] == [one, two]
    assert {report.owner for report in read[1][0].reports} == {"monitor", "ministry"}
    assert read[2] == [split, two]


def test_events_are_chosen_by_day_and_indicator(engine: Engine) -> None:
    """Both ends of the span are included, and an event that moved to another day is found only there."""
    early = an_event("e1", occurred_on=date(2022, 12, 1))
    late = an_event("e2", a_report("monitor:2"), occurred_on=date(2022, 12, 9), indicator="drills", family="drill")
    moved = replace(early, occurred_on=date(2022, 12, 5))
    with writing(engine) as connection:
        store.events.save(connection, PROBLEM, [early, late], NOON)
        store.events.save(connection, PROBLEM, [moved], NOON + HOUR)

        def found(since: int, until: int, **rest: str) -> list[str]:
            days = date(2022, 12, since), date(2022, 12, until)
            events = store.events.events(connection, PROBLEM, *days, as_of=NOON + HOUR, **rest)
            return [event.event_id for event in events]

        assert found(1, 4) == []
        assert found(5, 9) == ["e1", "e2"]
        assert found(5, 9, indicator="drills") == ["e2"]
        assert found(5, 9, family="equipment_move") == ["e1"]


def test_events_are_read_in_two_statements(engine: Engine) -> None:
    """Reading many events costs as many statements as reading one."""
    many = [an_event(f"e{n:03}", a_report(f"monitor:{n}"), a_report(f"wire:{n}", at=NOON + HOUR)) for n in range(60)]
    with writing(engine) as connection:
        store.events.save(connection, PROBLEM, many, NOON + HOUR)
        told: list[str] = []
        event.listen(connection, "before_cursor_execute", lambda *call: told.append(call[2]))
        assert store.events.events(connection, PROBLEM, as_of=NOON + DAY) == many
    assert len(told) == 2


def test_evidence_carries_the_words_the_item_and_the_origin(engine: Engine) -> None:
    """A page gets quote, title, link, source and origin in one read, latest first, as known then."""
    report = a_report("monitor:1")
    question = a_signal("wire:2", at=NOON + HOUR, counted=False, assertion=Assertion.QUESTION)
    with writing(engine) as connection:
        add_item(connection, an_item("monitor:1"))
        add_item(connection, an_item("wire:2", at=NOON + HOUR, title="Will tanks move?"))
        store.signals.add_signals(connection, PROBLEM, [question])
        store.events.save(connection, PROBLEM, [an_event("e1", report)], NOON)
        rows = store.evidence.evidence(connection, PROBLEM, as_of=NOON + HOUR, indicators=["equipment_moves"])
        assert [(row.title, row.event_id) for row in rows] == [("Will tanks move?", None), ("Tanks moved", "e1")]
        assert rows[1].quote == "Thirty tanks"
        assert rows[1].origin == report.origin
        assert rows[1].url == "https://example.org/monitor:1"
        assert len(store.evidence.evidence(connection, PROBLEM, as_of=NOON)) == 1
        assert len(store.evidence.evidence(connection, PROBLEM, as_of=NOON + DAY, counted=True)) == 1
        assert len(store.evidence.evidence(connection, PROBLEM, as_of=NOON + DAY, limit=1, offset=1)) == 1
        assert store.evidence.evidence(connection, PROBLEM, as_of=NOON + DAY, since=date(2022, 12, 21)) == []
        assert store.evidence.how_many(connection, PROBLEM, as_of=NOON + DAY) == {"equipment_moves": 2}


def test_evidence_of_a_recoded_item_is_the_last_coding_known(engine: Engine) -> None:
    """A new catalogue replaces the old reading of an item on the page, and only from its instant on."""
    with writing(engine) as connection:
        add_item(connection, an_item("monitor:1"))
        store.signals.add_signals(connection, PROBLEM, [a_signal()])
        recoded = a_signal(catalogue_version="v2", known_at=NOON + HOUR, why="rule moves.4")
        store.signals.add_signals(connection, PROBLEM, [recoded])
        then = store.evidence.evidence(connection, PROBLEM, as_of=NOON)
        now = store.evidence.evidence(connection, PROBLEM, as_of=NOON + HOUR)
    assert [row.signal.why for row in then] == ["rule moves.3"]
    assert [row.signal.why for row in now] == ["rule moves.4"]


EVENT_IDS = ("e1", "e2", "e3")
STEPS = st.lists(
    st.dictionaries(st.sampled_from(EVENT_IDS), st.frozensets(st.integers(0, 5), min_size=1), max_size=3), max_size=6
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_any_past_instant_reads_as_it_was_shown(steps: list[dict[str, frozenset[int]]]) -> None:
    """Whatever joins, leaves, retires and returns, each instant gives exactly the events held live at it."""
    problem = f"problem{next(PROBLEMS)}"
    live: dict[str, Event] = {}
    shown: list[list[Event]] = []
    with writing(shared_engine()) as connection:
        for number, step in enumerate(steps):
            before = dict(live)
            live = {
                event_id: an_event(event_id, *(a_report(f"monitor:{n}", at=NOON + n * HOUR) for n in sorted(members)))
                for event_id, members in step.items()
            }
            changed = [event for event_id, event in live.items() if before.get(event_id) != event]
            at = NOON + number * DAY
            store.events.save(connection, problem, changed, at, retired=before.keys() - live.keys())
            shown.append([live[event_id] for event_id in sorted(live)])
        for number, events in enumerate(shown):
            as_of = NOON + number * DAY + timedelta(minutes=1)
            read = store.events.events(connection, problem, as_of=as_of)
            assert sorted(read, key=lambda event: event.event_id) == events
