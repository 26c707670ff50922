"""How a source fares, judged from polls and publications alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.health import Condition, Health, assess, silence_limit
from feeds.model import Feed, FeedKind, Outcome, Poll

NOW = datetime(2022, 12, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OK, SAME, FAIL = Outcome.OK, Outcome.UNCHANGED, Outcome.FAILED


def a_feed(feed_id: str = "x", **changes: object) -> Feed:
    """A feed with what a test names."""
    plain = Feed(feed_id=feed_id, name="X", url=f"https://{feed_id}.example/")
    return replace(plain, **changes)  # type: ignore[arg-type]


def polls(*outcomes: Outcome, feed_id: str = "x", status: int | None = 200) -> list[Poll]:
    """Hourly visits that end now."""
    count = len(outcomes)
    return [
        Poll(feed_id=feed_id, polled_at=NOW - (count - 1 - n) * HOUR, outcome=each, status=status, detail=f"d{n}")
        for n, each in enumerate(outcomes)
    ]


def every(gap: timedelta, count: int, *, last: datetime) -> list[datetime]:
    """Publications in a steady rhythm."""
    return [last - n * gap for n in range(count)]


def health(visits: list[Poll], published: list[datetime] | None = None, feed: Feed | None = None) -> Health:
    """One feed's row."""
    feed = feed or a_feed()
    (row,) = assess([feed], visits, {feed.feed_id: published or []}, now=NOW)
    return row


@pytest.mark.parametrize(
    ("outcome", "condition"),
    [
        (Outcome.OK, Condition.OK),
        (Outcome.UNCHANGED, Condition.UNCHANGED),
        (Outcome.UNDATED, Condition.UNDATED),
        (Outcome.EMPTY, Condition.EMPTY),
        (Outcome.LAYOUT_CHANGED, Condition.LAYOUT_CHANGED),
        (Outcome.PREVIEW_OFF, Condition.PREVIEW_OFF),
        (Outcome.GONE, Condition.GONE),
        (Outcome.FAILED, Condition.FAILING),
        (Outcome.REFUSED, Condition.FAILING),
    ],
)
def test_a_source_is_as_its_last_visit_found_it(outcome: Outcome, condition: Condition) -> None:
    """Every outcome has its condition, with the poll row's own words and the instant since when."""
    row = health(polls(OK, outcome if condition.well else FAIL, outcome, outcome))
    assert row.condition is condition
    assert row.detail == "d3"
    assert row.condition.well is outcome.observed


def test_since_when_it_fails_is_known() -> None:
    """The row says since when, how often, and when the source was last really read."""
    row = health(polls(OK, SAME, FAIL, Outcome.REFUSED, FAIL))
    assert (row.since_at, row.failures, row.read_at) == (NOW - 2 * HOUR, 3, NOW - 3 * HOUR)


def test_a_source_never_visited_is_not_well() -> None:
    """No visit is no calm."""
    row = health([])
    assert (row.condition, row.since_at, row.condition.well) == (Condition.NEVER_POLLED, None, False)


def test_a_disabled_source_is_said_to_be() -> None:
    """It is not failing; nobody asks it."""
    assert health(polls(FAIL), feed=a_feed(enabled=False)).condition is Condition.DISABLED


def test_silence_is_judged_by_a_sources_own_rhythm() -> None:
    """Two days without a word are silence from an hourly channel and nothing from a weekly one."""
    visits = polls(*[OK] * 72)
    hourly = health(visits, every(HOUR, 40, last=NOW - 2 * DAY))
    weekly = health(visits, every(7 * DAY, 40, last=NOW - 2 * DAY))
    assert hourly.condition is Condition.SILENT
    assert hourly.since_at == NOW - 2 * DAY + timedelta(hours=6)
    assert "nothing new for 48 h; its rhythm allows 6 h" in hourly.detail
    assert weekly.condition is Condition.OK


def test_nights_are_part_of_a_rhythm() -> None:
    """A newsroom that sleeps ten hours every night is not silent in the morning."""
    days = [NOW - d * DAY + h * HOUR for d in range(1, 8) for h in range(0, 12)]
    row = health(polls(*[OK] * 10), days)
    assert row.condition is Condition.OK
    assert row.expected_within is not None
    assert row.expected_within >= 20 * HOUR


def test_an_unknown_rhythm_accuses_nobody() -> None:
    """With a handful of publications, quiet cannot be told from silence."""
    row = health(polls(OK), every(HOUR, 7, last=NOW - 30 * DAY))
    assert (row.condition, row.expected_within) == (Condition.OK, None)


def test_a_server_that_always_sends_the_same_is_frozen() -> None:
    """Silence with ever the same document points at a stuck cache, not at a source that has nothing to say."""
    frozen = health(polls(*[SAME] * 48), every(HOUR, 40, last=NOW - 2 * DAY))
    assert frozen.condition is Condition.FROZEN
    assert "cache" in frozen.detail


def test_failing_outranks_silence() -> None:
    """A source that cannot be read is not blamed for saying nothing."""
    assert health(polls(OK, FAIL), every(HOUR, 40, last=NOW - 9 * DAY)).condition is Condition.FAILING


def test_what_was_not_yet_known_does_not_count() -> None:
    """A past moment is judged by what was known then."""
    visits = polls(FAIL, FAIL, OK)
    (row,) = assess([a_feed()], visits, {}, now=NOW - HOUR)
    assert (row.condition, row.polled_at) == (Condition.FAILING, NOW - HOUR)


def test_a_platforms_fault_is_not_its_channels() -> None:
    """When every YouTube feed answers 404, none of them is gone; when one of them answers, the others are failing."""
    feeds = [a_feed(name, kind=FeedKind.YOUTUBE) for name in ("a", "b", "c")]
    failing = [poll for name in ("a", "b", "c") for poll in polls(FAIL, FAIL, feed_id=name, status=404)]
    rows = assess(feeds, failing, {}, now=NOW)
    assert {row.condition for row in rows} == {Condition.PLATFORM_FAULT}
    assert "YouTube" in rows[0].detail
    mixed = failing[:4] + polls(OK, OK, feed_id="c")
    assert [row.condition.value for row in assess(feeds, mixed, {}, now=NOW)] == ["failing", "failing", "ok"]


def test_a_deleted_channel_is_not_telegrams_fault() -> None:
    """Two channels of Telegram that answer 404 are two channels; two that answer 502 are Telegram."""
    feeds = [a_feed(name, kind=FeedKind.TELEGRAM) for name in ("a", "b")]
    for status, condition in ((404, Condition.FAILING), (502, Condition.PLATFORM_FAULT)):
        visits = [poll for name in ("a", "b") for poll in polls(FAIL, feed_id=name, status=status)]
        assert {row.condition for row in assess(feeds, visits, {}, now=NOW)} == {condition}


def test_when_nobody_answers_it_is_our_own_network() -> None:
    """Four sources without any answer at all are one fault here, not four there; one answer and they are theirs."""
    feeds = [a_feed(name) for name in "abcd"]
    silent = [poll for name in "abcd" for poll in polls(FAIL, feed_id=name, status=None)]
    rows = assess(feeds, silent, {}, now=NOW)
    assert {row.condition for row in rows} == {Condition.PLATFORM_FAULT}
    assert "own network" in rows[0].detail
    answered = silent[:3] + polls(FAIL, feed_id="d", status=500)
    assert {row.condition for row in assess(feeds, answered, {}, now=NOW)} == {Condition.FAILING}


@given(
    st.lists(st.sampled_from(list(Outcome)), max_size=30),
    st.lists(st.datetimes(NOW.replace(tzinfo=None) - 90 * DAY, NOW.replace(tzinfo=None)), max_size=40),
)
def test_every_history_has_one_row(outcomes: list[Outcome], times: list[datetime]) -> None:
    """Whatever happened, there is one row; it is well only if the last visit read the source."""
    published = [at.replace(tzinfo=UTC) for at in times]
    row = health(polls(*outcomes), published)
    assert row.since_at is None or row.since_at <= NOW
    if row.condition.well:
        assert outcomes[-1].observed
    if outcomes and not outcomes[-1].observed:
        assert not row.condition.well


@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=60, unique=True))
def test_one_outage_does_not_become_a_habit(minutes: list[int]) -> None:
    """A single gap, however long, does not lengthen what quiet is allowed beyond thirty days or under six hours."""
    times = [NOW - timedelta(minutes=each) for each in minutes]
    limit = silence_limit(times)
    assert limit is not None
    assert timedelta(hours=6) <= limit <= timedelta(days=30)
    assert silence_limit([*times, min(times) - 300 * DAY]) in (limit, silence_limit([*times, min(times) - 200 * DAY]))
