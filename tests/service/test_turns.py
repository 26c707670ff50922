"""Turns of the watch, on the wall clock and on a replay's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from feeds.model import Outcome, Poll
from indicators import service
from indicators.replay.clock import ReplayClock

START = datetime(2022, 12, 1, tzinfo=UTC)


@dataclass
class Gathered:
    polls: tuple[Poll, ...] = ()
    trouble: tuple[str, ...] = ()


@dataclass
class Rounds:
    """A collector whose only feed is due every `every`."""

    every: timedelta
    visits: list[datetime] = field(default_factory=list)

    async def poll_due(self, now):
        if self.visits and now < self.visits[-1] + self.every:
            return Gathered()
        self.visits.append(now)
        return Gathered((Poll(feed_id="a", polled_at=now, outcome=Outcome.FAILED, detail="a: no answer"),))

    def next_due_at(self):
        return self.visits[-1] + self.every if self.visits else START


class Spine:
    def __init__(self):
        self.walked = []

    def advance(self, now):
        self.walked.append(now)

    def next_due_at(self):
        return None


def a_station(collector, spine, beats):
    return service.Station(
        collector=collector, pipeline=spine, deliver=lambda _at: None, beat=lambda at, due: beats.append((at, due))
    )


def test_a_replay_takes_every_turn_and_ends_at_its_end():
    """On the replay's clock a feed due every five hours is visited every five hours, on the hour, to the very end."""
    collector, spine, beats = Rounds(timedelta(hours=5)), Spine(), []
    end = START + timedelta(days=2)
    clock = ReplayClock(starts_at=START, ends_at=end, real=lambda: 0.0, speed=float("inf"))
    asyncio.run(
        service.rehearse(a_station(collector, spine, beats), clock, stop=asyncio.Event(), grid=timedelta(hours=1))
    )
    assert collector.visits == [START + timedelta(hours=5 * n) for n in range(10)]
    assert spine.walked[-1] == end
    assert beats[-1][0] == end
    assert [at for at, _ in beats] == sorted({at for at, _ in beats})


def test_a_stop_ends_a_replay_between_turns():
    """A stop is honoured at once, with the turn under way finished."""
    collector, spine, beats = Rounds(timedelta(hours=1)), Spine(), []
    clock = ReplayClock(starts_at=START, ends_at=START + timedelta(days=300), real=lambda: 0.0, speed=1.0)

    async def both():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, stop.set)
        await asyncio.wait_for(
            service.rehearse(a_station(collector, spine, beats), clock, stop=stop, grid=timedelta(hours=1)), 5
        )

    asyncio.run(both())
    assert collector.visits == [START]
    assert spine.walked == [START]


def test_the_live_watch_survives_a_turn_that_fails():
    """A defect in one turn is said aloud with its name, and the next turn is taken."""

    class Stumbling(Spine):
        def advance(self, now):
            super().advance(now)
            if len(self.walked) == 1:
                raise ValueError("a broken rule")

    collector, spine, beats, said = Rounds(timedelta(seconds=0)), Stumbling(), [], []

    async def both():
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(1.0, stop.set)
        await service.watch(
            a_station(collector, spine, beats),
            clock=lambda: datetime.now(UTC),
            tick=timedelta(seconds=0.2),
            stop=stop,
            say=said.append,
        )

    asyncio.run(both())
    assert any("ValueError: a broken rule" in line for line in said)
    assert len(spine.walked) >= 2
    assert beats


def test_without_a_network_each_feed_is_named_and_the_replay_offered():
    """When nothing answers, the first round says so feed by feed and offers what needs no network."""
    polls = [Poll(feed_id=name, polled_at=START, outcome=Outcome.FAILED, detail=f"{name}: no route") for name in "ab"]
    lines = service.first_round(polls)
    assert lines[0].startswith("a: failed: a: no route")
    assert lines[1].startswith("b: failed")
    assert "0 of 2 feeds read" in lines[2]
    assert "--replay" in lines[3]


def test_the_first_round_counts_what_was_read():
    """Feeds that answered, be it with nothing new, are read; one that did not is named."""
    polls = [
        Poll(feed_id="a", polled_at=START, outcome=Outcome.OK),
        Poll(feed_id="b", polled_at=START, outcome=Outcome.UNCHANGED),
        Poll(feed_id="c", polled_at=START, outcome=Outcome.FAILED, detail="HTTP 500"),
    ]
    assert service.first_round(polls) == ["c: failed: HTTP 500", "first round: 2 of 3 feeds read"]
