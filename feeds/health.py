"""How each source fares: derived from poll rows and publication times alone, so that any past moment can be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from feeds.model import Feed, FeedKind, Outcome, Poll
from feeds.politeness import is_platform_fault

RHYTHM_NEEDS = 8
"""Publications before a rhythm is believed; with fewer, quiet cannot be told from silence."""
QUIET_FACTOR = 2
SHORTEST_SILENCE = timedelta(hours=6)
LONGEST_SILENCE = timedelta(days=30)
FROZEN_AFTER = 3
"""So many identical documents in a row before we say that a server or cache is stuck."""
DEAF_NEEDS = 4
"""So many sources must be without an answer, and none with one, before we blame our own network."""
PLATFORMS: Mapping[FeedKind, str] = {FeedKind.YOUTUBE: "YouTube", FeedKind.TELEGRAM: "Telegram"}
SERVERS_ONLY = frozenset((FeedKind.TELEGRAM,))
"""Platforms whose 404 means the channel, not the platform."""


class Condition(StrEnum):
    """How a source fares now."""

    NEVER_POLLED = "never_polled"
    DISABLED = "disabled"
    OK = "ok"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    UNDATED = "undated"
    FROZEN = "frozen"
    """Answers, always with the same document, for longer than its own rhythm allows."""
    SILENT = "silent"
    """Answers, but brings nothing new for longer than its own rhythm allows."""
    FAILING = "failing"
    LAYOUT_CHANGED = "layout_changed"
    PREVIEW_OFF = "preview_off"
    GONE = "gone"
    PLATFORM_FAULT = "platform_fault"
    """Every feed of its platform, or every feed at all, fails in the same way: not this source's doing."""

    @property
    def well(self) -> bool:
        """True when what the source publishes reaches us."""
        return self in (Condition.OK, Condition.UNCHANGED, Condition.UNDATED)


BY_OUTCOME: Mapping[Outcome, Condition] = {
    Outcome.OK: Condition.OK,
    Outcome.UNCHANGED: Condition.UNCHANGED,
    Outcome.EMPTY: Condition.EMPTY,
    Outcome.UNDATED: Condition.UNDATED,
    Outcome.LAYOUT_CHANGED: Condition.LAYOUT_CHANGED,
    Outcome.PREVIEW_OFF: Condition.PREVIEW_OFF,
    Outcome.GONE: Condition.GONE,
    Outcome.REFUSED: Condition.FAILING,
    Outcome.FAILED: Condition.FAILING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One source's row on the Sources page."""

    feed_id: str
    condition: Condition
    since_at: datetime | None
    """Since when it has been so, as far as the given polls reach; None when it was never visited."""
    detail: str = ""
    polled_at: datetime | None = None
    read_at: datetime | None = None
    """The last visit that really read the source."""
    newest_at: datetime | None = None
    """Its newest publication."""
    expected_within: timedelta | None = None
    """The longest quiet that its rhythm allows; None while its rhythm is unknown."""
    failures: int = 0
    """Visits in a row that read nothing."""


def assess(
    feeds: Iterable[Feed],
    polls: Iterable[Poll],
    published: Mapping[str, Sequence[datetime]],
    *,
    now: datetime,
) -> list[Health]:
    """How every source fares at `now`, one row a feed in the given order, from the polls and publications known then.

    Give polls of as many days as a `since` should reach back; `published` is per feed, in any order.
    """
    feeds = list(feeds)
    visits: dict[str, list[Poll]] = {}
    for poll in sorted(polls, key=lambda poll: poll.polled_at):
        if poll.polled_at <= now:
            visits.setdefault(poll.feed_id, []).append(poll)
    faults = _faults(feeds, visits)
    return [
        _one(feed, visits.get(feed.feed_id, []), published.get(feed.feed_id, ()), faults.get(feed.kind, ""), now)
        for feed in feeds
    ]


def silence_limit(published: Sequence[datetime]) -> timedelta | None:
    """The longest quiet that a rhythm allows: twice its second longest gap, at least six hours; None while unknown.

    The longest gap is left out, for it may be an outage that nobody wishes to take for a habit.
    """
    times = sorted(set(published))
    if len(times) < RHYTHM_NEEDS:
        return None
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return min(max(QUIET_FACTOR * gaps[-2], SHORTEST_SILENCE), LONGEST_SILENCE)


def _faults(feeds: Sequence[Feed], visits: Mapping[str, Sequence[Poll]]) -> dict[FeedKind, str]:
    """By kind of feed, whose fault it is that all of them fail; kinds that fail one by one are absent."""
    last = {feed.feed_id: visits[feed.feed_id][-1] for feed in feeds if feed.enabled and visits.get(feed.feed_id)}
    unanswered = [poll for poll in last.values() if poll.outcome is Outcome.FAILED and poll.status is None]
    if len(unanswered) == len(last) >= DEAF_NEEDS:
        return dict.fromkeys(FeedKind, "no source at all answers: look at this machine's own network")
    faults = {}
    for kind, name in PLATFORMS.items():
        of_kind = [last[feed.feed_id] for feed in feeds if feed.kind is kind and feed.feed_id in last]
        if any(poll.outcome not in (Outcome.FAILED, Outcome.REFUSED) for poll in of_kind):
            continue
        statuses = [None if kind in SERVERS_ONLY and poll.status == 404 else poll.status for poll in of_kind]
        if is_platform_fault(statuses):
            faults[kind] = f"every {name} source fails"
    return faults


def _one(feed: Feed, visits: Sequence[Poll], published: Sequence[datetime], fault: str, now: datetime) -> Health:
    limit = silence_limit([at for at in published if at <= now])
    newest = max((at for at in published if at <= now), default=None)
    last = visits[-1] if visits else None
    read = [poll for poll in visits if poll.outcome.observed]
    condition, since, detail = _condition(feed, visits, newest, limit, fault, now)
    return Health(
        feed_id=feed.feed_id,
        condition=condition,
        since_at=since,
        detail=detail,
        polled_at=last.polled_at if last else None,
        read_at=read[-1].polled_at if read else None,
        newest_at=newest,
        expected_within=limit,
        failures=_unread_in_a_row(visits),
    )


def _condition(
    feed: Feed,
    visits: Sequence[Poll],
    newest: datetime | None,
    limit: timedelta | None,
    fault: str,
    now: datetime,
) -> tuple[Condition, datetime | None, str]:
    if not feed.enabled:
        return Condition.DISABLED, None, "disabled in the registry"
    if not visits:
        return Condition.NEVER_POLLED, None, "no visit yet"
    last = visits[-1]
    condition = BY_OUTCOME[last.outcome]
    if condition.well and newest is not None and limit is not None and now - newest > limit:
        return _quiet(visits, newest, limit, now)
    if condition.well:
        return condition, _since(visits, lambda poll: BY_OUTCOME[poll.outcome].well), last.detail
    since, detail = _since(visits, lambda poll: BY_OUTCOME[poll.outcome] is condition), last.detail
    if condition is Condition.FAILING and fault:
        condition, detail = Condition.PLATFORM_FAULT, f"{fault}; {detail}"
    return condition, since, detail


def _quiet(
    visits: Sequence[Poll], newest: datetime, limit: timedelta, now: datetime
) -> tuple[Condition, datetime, str]:
    quiet_for = f"nothing new for {_words(now - newest)}; its rhythm allows {_words(limit)}"
    same = [poll for poll in visits if poll.polled_at > newest]
    if len(same) >= FROZEN_AFTER and all(poll.outcome is Outcome.UNCHANGED for poll in same[1:]):
        return (
            Condition.FROZEN,
            newest + limit,
            f"{quiet_for}; always the same document: see whether its cache is stuck",
        )
    return Condition.SILENT, newest + limit, quiet_for


def _since(visits: Sequence[Poll], holds: Callable[[Poll], bool]) -> datetime:
    since = visits[-1].polled_at
    for poll in reversed(visits):
        if not holds(poll):
            break
        since = poll.polled_at
    return since


def _unread_in_a_row(visits: Sequence[Poll]) -> int:
    count = 0
    for poll in reversed(visits):
        if poll.outcome.observed:
            break
        count += 1
    return count


def _words(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours} h" if hours < 72 else f"{hours // 24} d"
