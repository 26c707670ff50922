"""What could be seen, from poll rows and nothing else."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_builders import START, a_feed, a_poll, polls

from feeds.model import Feed, FeedKind, Outcome, Poll
from indicators.model.series import DayCoverage
from indicators.series.coverage import Lookout, cover, shown
from indicators.series.frames import days_between

DAYS = days_between(START.date(), START.date() + timedelta(days=3))


def look(
    rows: list[Poll],
    *,
    hours: float = 96,
    feeds: tuple[Feed, ...] = (a_feed(),),
    firsts: dict[str, int] | None = None,
    carries: dict[str, list[str]] | None = None,
) -> dict[tuple[str, date], DayCoverage]:
    """Coverage by indicator and day."""
    found = cover(
        rows,
        feeds,
        carries or {"moves": [feed.feed_id for feed in feeds]},
        DAYS,
        START + timedelta(hours=hours),
        firsts or {},
    )
    return {(row.indicator, row.day): row for row in found}


def shares(found: dict[tuple[str, date], DayCoverage], indicator: str = "moves") -> list[float | None]:
    """The coverage of an indicator, day by day."""
    mine = [row.coverage for (name, _), row in found.items() if name == indicator]
    return [None if share is None else round(share, 3) for share in mine]


def test_steady_polls_see_everything() -> None:
    """A feed polled on time is seen the whole day, and the day in progress up to its last poll."""
    assert shares(look(polls(0, 96))) == [1.0] * 4
    assert shares(look(polls(0, 36), hours=36)) == [1.0, 1.0]


def test_two_missed_polls_lose_nothing_and_a_day_is_lost() -> None:
    """A success vouches back over six hours; over a longer gap only for its own interval."""
    assert shares(look([*polls(0, 10), *polls(16, 96)])) == [1.0] * 4
    assert shares(look([*polls(0, 12), *polls(36, 96)])) == [0.5, round(12.5 / 24, 3), 1.0, 1.0]


def test_failures_see_nothing() -> None:
    """Polls that did not read the source vouch for nothing, whatever HTTP said."""
    failing = [a_poll(24 + n / 2, outcome=out) for n in range(48) for out in [Outcome.EMPTY, Outcome.FAILED]]
    assert shares(look([*polls(0, 24), *failing, *polls(48, 96)])) == [1.0, round(0.5 / 24, 3), 1.0, 1.0]


def test_nothing_begun_is_not_there() -> None:
    """Days after `as_of` have no row: they are neither seen nor unseen."""
    assert len(look(polls(0, 96), hours=30)) == 2
    assert look(polls(0, 96), hours=0) == {}


def test_later_polls_do_not_change_the_past() -> None:
    """As of an instant, polls made later are not looked at, though they would vouch back."""
    assert shares(look([a_poll(0), a_poll(6)], hours=4)) == [0.0]
    assert shares(look([a_poll(0), a_poll(6)], hours=6)) == [1.0]


def test_a_new_feed_is_not_missed_before_it_began() -> None:
    """Coverage before a feed's first poll is that of the others; exposure grows when it joins."""
    found = look([*polls(0, 96), *polls(48, 96, feed_id="b")], feeds=(a_feed(), a_feed("b")))
    assert shares(found) == [1.0] * 4
    exposures = [row.exposure for row in found.values()]
    assert exposures[3] == pytest.approx(2 * exposures[0], rel=0.2)


def test_the_one_monitor_that_matters_weighs_what_it_is_worth() -> None:
    """Ten echoing feeds on time do not hide the loss of the one with all the first reports."""
    feeds = (a_feed("monitor"), *[a_feed(f"echo{n}") for n in range(10)])
    rows = [p for n in range(10) for p in polls(0, 24 * 90, every=6, feed_id=f"echo{n}")]
    rows += polls(0, 24 * 80, every=6, feed_id="monitor")
    days = days_between(START.date(), START.date() + timedelta(days=89))
    carries = {"moves": [feed.feed_id for feed in feeds]}
    found = cover(rows, feeds, carries, days, START + timedelta(days=90), {"monitor": 40})
    assert found[0].coverage == 1.0
    assert found[89].coverage == pytest.approx(0.114, abs=0.001)


def test_carried_by_none_and_never_polled() -> None:
    """No carrying feed is None; carrying feeds never polled are 0; a disabled or manual feed carries nothing."""
    manual = a_feed("m", kind=FeedKind.MANUAL)
    off = a_feed("off", enabled=False)
    found = look(
        polls(0, 96),
        feeds=(a_feed(), a_feed("b"), manual, off),
        carries={"none": [], "new": ["b"], "hand": ["m", "off"], "gone": ["no_such_feed"], "moves": ["a"]},
    )
    assert shares(found, "none") == shares(found, "hand") == shares(found, "gone") == [None] * 4
    assert shares(found, "new") == [0.0] * 4
    assert shares(found, "moves") == [1.0] * 4


OUTCOME = st.sampled_from(list(Outcome))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 96), OUTCOME), max_size=40), st.integers(0, 40))
def test_adding_polls_as_they_come_is_the_same_as_all_at_once(rows: list[tuple[float, Outcome]], cut: int) -> None:
    """A lookout kept while polls come equals one made from all rows; no share leaves 0 to 1."""
    made = sorted((a_poll(hours, outcome=outcome) for hours, outcome in rows), key=lambda poll: poll.polled_at)
    kept = Lookout([a_feed()])
    kept.add(made[:cut])
    kept.add(made[cut:])
    at = START + timedelta(hours=96)
    afresh = cover(made[::-1], [a_feed()], {"moves": ["a"]}, DAYS, at, {})
    assert shown(kept, {"moves": ["a"]}, DAYS, at, {}) == afresh
    assert all(0 <= (row.coverage or 0) <= 1 for row in afresh)


@pytest.mark.benchmark
def test_a_season_of_polls_is_read_quickly() -> None:
    """30 indicators, 120 days, 50 feeds, 100,000 polls: under 3 s at first, under 0.15 s for each round after."""
    feeds = [a_feed(f"f{n}", 86) for n in range(50)]
    rows = [p for n in range(50) for p in polls(0, 24 * 120, every=1.44, feed_id=f"f{n}")]
    rows.sort(key=lambda poll: poll.polled_at)
    days = days_between(START.date(), START.date() + timedelta(days=119))
    carries = {f"i{n}": [f"f{m}" for m in range(50) if (m + n) % 3] for n in range(30)}
    lookout = Lookout(feeds)
    began = time.process_time()
    lookout.add(rows)
    first = time.process_time() - began
    began = time.process_time()
    found = shown(lookout, carries, days, START + timedelta(days=120), {})
    again = time.process_time() - began
    print(f"{len(rows)} polls read in {first:.2f} s; {len(found)} rows in {again:.3f} s")
    assert len(found) == 3600
    assert first < 3
    assert again < 0.15
