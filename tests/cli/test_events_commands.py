"""`vedette events`: what happened, who said so, and an officer's word on what is one happening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import environment, vedette

from feeds.database import open_engine
from indicators import store
from indicators.model.event import Event, Origin, Report
from indicators.model.signal import Assertion, Evidence, Quantity, Signal, Weight
from indicators.store.heartbeat import Heartbeat, Mode

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)


def a_report(item_id: str, *, indicator: str = "equipment_moves", hours: int = 0, tanks: int = 31) -> Report:
    at = NOON + timedelta(hours=hours)
    signal = Signal(
        item_id=item_id, source=item_id.partition(":")[0], indicator=indicator, family="equipment_move",
        weight=Weight.SUPPORTING, evidence=Evidence(item_id=item_id, start=0, end=5, quote="tanks"),
        assertion=Assertion.HAPPENED, occurred_on=(at.date(), at.date()), counted=True, why="a rule",
        quantity=Quantity(low=tanks, high=tanks, unit="tank"), published_at=at, known_at=at,
    )  # fmt: skip
    name = signal.source.title()
    return Report(
        signal=signal, url=f"https://{signal.source}.example/1", title="Tanks", owner=signal.source, reliability="B",
        origin=Origin(id=f"owner:{signal.source}", name=name), traced_by="publisher",
    )  # fmt: skip


def an_event(event_id: str, *reports: Report) -> Event:
    first = reports[0].signal
    return Event(
        event_id=event_id, family=first.family, indicator=first.indicator, occurred_on=first.occurred_on[1],
        first_known_at=first.known_at, known_at=reports[-1].signal.known_at, reports=reports, credibility=2,
        why="two origins",
    )  # fmt: skip


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[str]:
    """A store with a doubted event of two reports, another of the same kind, and one of another kind."""
    url = f"sqlite:///{tmp_path / 'watch.db'}"
    engine = open_engine(url)
    store.upgrade(engine)
    found = [
        an_event("e1", a_report("monitor:1"), a_report("radio:1", hours=1, tanks=13)),
        an_event("e2", a_report("daily:1", hours=2)),
        an_event("e3", a_report("daily:2", indicator="bridging", hours=3)),
    ]
    now = NOON + timedelta(hours=6)
    with store.writing(engine) as connection:
        store.signals.add_signals(connection, "belarus", [one.signal for event in found for one in event.reports])
        store.events.save(connection, "belarus", found, now)
        store.heartbeat.beat(connection, Heartbeat(at=now, real_at=datetime.now(UTC), mode=Mode.REPLAY, note="a tape"))
    engine.dispose()
    with environment(VEDETTE_DB=url):
        yield url


def test_an_event_shows_who_said_what_and_what_is_contradicted(watch):
    """Every report with its origin and words, then both numbers side by side."""
    shown = vedette("events", "show", "e1")
    assert shown.code == 0
    assert "monitor:1  origin Monitor (publisher): tanks" in shown.out
    assert "contradicted in tank: 31 tank (Monitor) or 13 tank (Radio)" in shown.out


def test_a_ruling_is_kept_listed_and_ended(watch):
    """An officer joins two events, sees the ruling, and takes it back."""
    joined = vedette("events", "join", "e1", "e2", "--by", "Orlova", "--reason", "one train")
    assert joined.code == 0
    (kept,) = vedette("events", "rulings", "--json").rows
    assert (kept["kind"], kept["by"], kept["reason"], kept["in_force"]) == ("join", "Orlova", "one train", True)
    assert kept["ruling_id"] in joined.out
    assert vedette("events", "unrule", kept["ruling_id"], "--reason", "two trains after all").code == 0
    (ended,) = vedette("events", "rulings", "--json").rows
    assert not ended["in_force"]
    assert vedette("events", "unrule", kept["ruling_id"], "--reason", "again").code == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("join", "e1", "--reason", "x"), 2, "one event alone"),
        (("join", "e1", "e3", "--reason", "x"), 2, "two kinds of happening"),
        (("join", "e1", "e9", "--reason", "x"), 1, "event e9: not known"),
        (("join", "e1", "e2", "--reason", " "), 2, "give your name and a reason"),
        (("part", "e1", "--item", "daily:1", "--reason", "x"), 2, "daily:1 is no report of event e1"),
        (("part", "e2", "--item", "daily:1", "--reason", "x"), 2, "neither none nor all"),
    ],
)
def test_a_ruling_that_cannot_be_is_refused_in_one_line(watch, words, code, said):
    """What is wrong and what to do, and nothing is kept."""
    answer = vedette("events", *words)
    assert answer.code == code
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert vedette("events", "rulings", "--json").rows == []


def test_a_report_is_parted(watch):
    """The report that speaks of another train goes, by the id of its item."""
    assert vedette("events", "part", "e1", "--item", "radio:1", "--by", "Orlova", "--reason", "another train").code == 0
    (kept,) = vedette("events", "rulings", "--json").rows
    assert (kept["kind"], len(kept["mentions"])) == ("part", 1)
