"""When to come again: properties that hold for every feed, answer and history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import politeness
from feeds.model import Feed, FeedKind
from feeds.politeness import Address

NOW = datetime(2022, 12, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
INTERVALS = st.timedeltas(min_value=timedelta(minutes=2), max_value=timedelta(days=7))
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))
NAMES = st.text("abcdefghij_0123456789", min_size=1, max_size=12)


def a_feed(interval: timedelta = timedelta(minutes=30), feed_id: str = "x") -> Feed:
    """A feed of that interval."""
    return Feed(feed_id=feed_id, name="X", url="https://x.example/", interval=interval)


@given(INTERVALS, st.none() | st.floats(0, 1e6), st.integers(0, 5000), SPANS, SPANS)
def test_a_visit_is_never_sooner_than_polite_nor_later_than_promised(
    interval: timedelta, rate: float | None, entries: int, ttl: timedelta, max_age: timedelta
) -> None:
    """Not within two minutes; not after the interval of the registry, or an hour where the source asks for patience."""
    feed = a_feed(interval)
    due = politeness.next_visit(feed, now=NOW, rate=rate, entries=entries, ttl=ttl, max_age=max_age)
    assert NOW + politeness.FLOOR <= due.at <= NOW + max(interval, politeness.ASKED_AT_MOST)
    assert due.why
    asked = min(max(ttl, max_age), politeness.ASKED_AT_MOST)
    assert due.at >= NOW + asked


def test_a_busy_source_is_visited_before_its_document_turns_over() -> None:
    """Twenty entries and 480 messages a day: a quarter turns over in a quarter of an hour."""
    due = politeness.next_visit(a_feed(HOUR), now=NOW, rate=480, entries=20)
    assert due.at == NOW + timedelta(minutes=15)
    assert "480 items a day" in due.why


@given(INTERVALS, st.integers(1, 10_000), NAMES, st.none() | SPANS)
def test_backoff_never_gives_up_and_never_hammers(
    interval: timedelta, failures: int, feed_id: str, retry_after: timedelta | None
) -> None:
    """However often a source failed and whatever it asked for, it is visited again, neither at once nor after weeks."""
    feed = a_feed(interval, feed_id)
    due = politeness.next_retry(feed, now=NOW, failures=failures, retry_after=retry_after)
    longest = max(politeness.BACKOFF_CEILING * (1 + politeness.JITTER), politeness.RETRY_AFTER_CEILING, interval)
    assert NOW + politeness.FLOOR <= due.at <= NOW + longest
    if retry_after is not None:
        assert due.at >= NOW + min(retry_after, politeness.RETRY_AFTER_CEILING)


@given(NAMES, st.integers(1, 50))
def test_backoff_is_the_same_in_every_replay(feed_id: str, failures: int) -> None:
    """The jitter depends on the feed and the count alone."""
    first = timedelta(minutes=5)
    waits = {politeness.backoff(feed_id, failures, first=first) for _ in range(3)}
    assert len(waits) == 1
    bare = min(first * 2 ** min(failures - 1, 16), politeness.BACKOFF_CEILING)
    assert bare <= waits.pop() <= bare * (1 + politeness.JITTER)


def test_two_feeds_that_fail_together_do_not_return_together() -> None:
    """After an outage the feeds of a host do not all come back at one instant."""
    waits = {politeness.backoff(f"f{number}", 3, first=timedelta(minutes=5)) for number in range(50)}
    assert len(waits) == 50


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0.01, 10)), max_size=40))
def test_a_learned_rate_is_between_what_was_seen(visits: list[tuple[int, float]]) -> None:
    """The average never leaves the range of what visits really brought."""
    rate, now, seen = None, NOW, []
    for count, days in visits:
        later = now + timedelta(days=days)
        rate = politeness.learn(rate, new_items=count, since=now, now=later)
        seen.append(count / ((later - now) / DAY))
        now = later
    if seen:
        assert rate is not None
        assert min(seen) * 0.999 <= rate <= max(seen) * 1.001


def test_an_unknown_rate_stays_unknown() -> None:
    """One visit says nothing about a rate, and no time teaches nothing."""
    assert politeness.learn(None, new_items=5, since=None, now=NOW) is None
    assert politeness.learn(2.0, new_items=5, since=NOW, now=NOW) == 2.0
    assert politeness.first_rate([NOW, NOW + HOUR]) is None
    assert politeness.first_rate([NOW, NOW, NOW]) is None
    assert politeness.first_rate([NOW + number * HOUR for number in range(25)]) == pytest.approx(24)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("max-age=600", 600),
        ("public, Max-Age=600, must-revalidate", 600),
        ('max-age="600"', 600),
        ("no-cache, max-age=600", 0),
        ("no-store", 0),
        ("max-age=-5", 0),
        ("max-age=٦", 0),
        ("max-age=99999999999999999999", 365 * 86_400),
        ("s-maxage=600", 0),
        ("", 0),
    ],
)
def test_max_age_is_read(header: str, expected: int) -> None:
    """How long an answer stays fresh, as servers write it."""
    assert politeness.max_age({"cache-control": header}) == timedelta(seconds=expected)


def test_asking_afresh_comes_round_every_week() -> None:
    """The first visit and one a week are unconditional."""
    assert politeness.ask_afresh(unconditional_at=None, now=NOW)
    assert not politeness.ask_afresh(unconditional_at=NOW - 6 * DAY, now=NOW)
    assert politeness.ask_afresh(unconditional_at=NOW - 7 * DAY, now=NOW)


OLD, NEW, OTHER = "https://old.example/rss", "https://new.example/rss", "https://other.example/rss"


def test_a_move_is_believed_after_seven_days_of_agreement() -> None:
    """Not before; and one day's contradiction begins the seven days anew."""
    address = Address(url=OLD)
    for day in range(7):
        address = politeness.settle(address, [NEW], read=True, now=NOW + day * DAY)
        assert address.url == OLD
    moved = politeness.settle(address, [NEW], read=True, now=NOW + 7 * DAY)
    assert (moved.url, moved.applied) == (NEW, True)
    doubted = politeness.settle(address, [OTHER], read=True, now=NOW + 7 * DAY)
    assert (doubted.url, doubted.moved_to, doubted.moved_since_at) == (OLD, OTHER, NOW + 7 * DAY)


def test_a_visit_that_read_nothing_neither_confirms_nor_contradicts() -> None:
    """A parked domain or an outage in between does not move a source, and does not begin the seven days anew."""
    address = Address(url=OLD, moved_to=NEW, moved_since_at=NOW)
    assert politeness.settle(address, [OTHER], read=False, now=NOW + 9 * DAY) == address
    assert politeness.settle(address, [], read=True, now=NOW + DAY) == Address(url=OLD)


def test_https_is_believed_at_once_and_its_loss_never() -> None:
    """The same address with https is taken over at the first sight; a way back to http is not taken."""
    plain = Address(url="http://old.example/rss")
    assert politeness.settle(plain, [OLD], read=True, now=NOW) == Address(url=OLD, applied=True)
    secure = Address(url=OLD)
    for day in range(30):
        secure = politeness.settle(secure, ["http://old.example/rss"], read=True, now=NOW + day * DAY)
    assert secure == Address(url=OLD)


@given(
    st.lists(st.tuples(st.sampled_from([OLD, NEW, OTHER, "http://new.example/rss", None]), st.booleans()), max_size=60)
)
def test_nothing_moves_us_within_a_week_or_off_https(days: list[tuple[str | None, bool]]) -> None:
    """Whatever a source says in whatever order, an address we ask is https and was agreed on for seven days."""
    address, moved_at = Address(url=OLD), NOW - 8 * DAY
    for number, (target, read) in enumerate(days):
        now = NOW + number * DAY
        after = politeness.settle(address, [target] if target else [], read=read, now=now)
        assert after.url.startswith("https://")
        if after.url != address.url:
            assert now - moved_at >= 7 * DAY
            moved_at = now
        address = after


def test_gone_needs_two_words_and_never_youtubes() -> None:
    """One 410 may be a slip; YouTube's statuses mean nothing; a 404 is no good-bye."""
    feed = a_feed()
    assert politeness.means_gone(feed, 410)
    assert not politeness.means_gone(feed, 404)
    assert not politeness.means_gone(replace(feed, kind=FeedKind.YOUTUBE), 410)
    assert [politeness.is_gone(count) for count in (0, 1, 2, 3)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("statuses", "fault"),
    [
        ([404, 404, 500], True),
        ([404, 404, 200], False),
        ([404], False),
        ([], False),
        ([404, None], False),
        ([403, 404], False),
    ],
)
def test_a_platform_is_at_fault_when_all_its_feeds_fail_alike(statuses: list[int | None], fault: bool) -> None:
    """One channel's 404 may be that channel; every channel's is the platform."""
    assert politeness.is_platform_fault(statuses) is fault


def test_a_host_is_left_alone_as_long_as_it_asks() -> None:
    """A 429 without a word holds the host a minute; no server can hold it for more than a day."""
    assert politeness.holds_host(429, None) == timedelta(minutes=1)
    assert politeness.holds_host(503, HOUR) == HOUR
    assert politeness.holds_host(503, None) is None
    assert politeness.holds_host(500, HOUR) is None
    assert politeness.holds_host(429, 400 * DAY) == DAY


def test_hosts_have_their_own_spacing() -> None:
    """The one that asks for five seconds gets six; strangers get two."""
    assert politeness.spacing_of("api.gdeltproject.org") == timedelta(seconds=6)
    assert politeness.spacing_of("x.example") == timedelta(seconds=2)
    assert politeness.host_of("https://User@X.Example:8443/a") == "x.example"
    assert politeness.host_of("http://[bad") == ""
