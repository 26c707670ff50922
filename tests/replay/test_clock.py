"""The clock of a replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.replay.clock import ReplayClock

START = datetime(2022, 8, 27, tzinfo=UTC)
END = datetime(2022, 12, 25, 23, 59, tzinfo=UTC)


class Stopwatch:
    """Real seconds that pass when told."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def a_clock(*, speed: float = 86_400.0, real: Stopwatch | None = None) -> ReplayClock:
    return ReplayClock(starts_at=START, ends_at=END, real=real or Stopwatch(), speed=speed)


@given(st.lists(st.none() | st.integers(min_value=-10_000, max_value=20_000_000), max_size=30))
def test_it_never_goes_back_and_never_passes_what_is_due(offsets):
    """Whatever is due when, time stands or goes on, never past the due instant and never past the end."""
    clock = a_clock()
    for offset in offsets:
        before = clock.now()
        due = None if offset is None else START + timedelta(seconds=offset)
        after = clock.advance(due)
        assert before <= after <= END
        assert due is None or after == max(before, min(due, END))


def test_it_waits_so_that_the_speed_is_kept():
    """At a day a second, an instant two days on is not reached before two seconds have passed."""
    real = Stopwatch()
    clock = a_clock(real=real)
    assert clock.wait_for(START + timedelta(days=2)) == timedelta(seconds=2)
    real.at = 5.0
    assert clock.wait_for(START + timedelta(days=2)) == timedelta(0)


def test_it_does_not_wait_at_full_speed():
    """Without a limit the work alone sets the pace."""
    assert a_clock(speed=float("inf")).wait_for(END) == timedelta(0)


def test_a_speed_of_nothing_is_refused():
    """A clock that would never move says so at once."""
    with pytest.raises(ValueError, match="not above 0"):
        a_clock(speed=0)
