"""SQL of visits: one row each, written once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from feeds.database import execute_many
from feeds.model import Outcome, Poll
from feeds.store.rows import chunks, storable
from feeds.store.tables import POLLS

WRITTEN_AT_ONCE = 5_000
POLL_ROW = tuple(column.name for column in POLLS.columns if column.name != "seq")


def add_polls(connection: Connection, polls: Iterable[Poll]) -> None:
    """Store visits."""
    for chunk in chunks(polls, WRITTEN_AT_ONCE):
        execute_many(connection, _ADD_POLL, POLL_ROW, [_poll_row(poll) for poll in chunk])


def polls_between(
    connection: Connection, since: datetime, until: datetime, *, feed_id: str | None = None
) -> list[Poll]:
    """Visits from `since` up to, not including, `until`, oldest first."""
    statement = select(POLLS).where(POLLS.c.polled_at >= since, POLLS.c.polled_at < until)
    if feed_id is not None:
        statement = statement.where(POLLS.c.feed_id == feed_id)
    return [_poll(row) for row in connection.execute(statement.order_by(POLLS.c.polled_at, POLLS.c.seq))]


def last_polls(connection: Connection, *, as_of: datetime | None = None) -> dict[str, Poll]:
    """The newest visit to each feed, as far as known by `as_of`; as quick after a year as after a day."""
    # The feeds are found by hopping along the index from one to the next, never by reading every visit.
    first = select(func.min(POLLS.c.feed_id).label("feed_id")).cte("hop", recursive=True)
    further = select(func.min(POLLS.c.feed_id)).where(POLLS.c.feed_id > first.c.feed_id).scalar_subquery()
    feeds = first.union_all(select(further).where(first.c.feed_id.is_not(None)))
    newest = select(POLLS.c.seq).where(POLLS.c.feed_id == feeds.c.feed_id)
    if as_of is not None:
        newest = newest.where(POLLS.c.polled_at <= as_of)
    newest = newest.order_by(POLLS.c.polled_at.desc(), POLLS.c.seq.desc()).limit(1)
    statement = select(POLLS).join(feeds, POLLS.c.seq == newest.correlate(feeds).scalar_subquery())
    return {row.feed_id: _poll(row) for row in connection.execute(statement)}


def any_answer_since(connection: Connection, since: datetime) -> bool:
    """True when any server at all answered us: otherwise it is our own network that is down."""
    return connection.execute(_ANY_ANSWER, {"since": since}).first() is not None


_ADD_POLL = insert(POLLS)
_ANY_ANSWER = select(POLLS.c.seq).where(POLLS.c.polled_at >= bindparam("since"), POLLS.c.status.is_not(None)).limit(1)


def _poll(row: Row[Any]) -> Poll:
    return Poll(
        feed_id=row.feed_id,
        polled_at=row.polled_at,
        outcome=Outcome(row.outcome),
        status=row.status,
        entries=row.entries,
        new_items=row.new_items,
        newest_at=row.newest_at,
        took=timedelta(milliseconds=row.took_ms),
        detail=row.detail,
    )


def _poll_row(poll: Poll) -> tuple[Any, ...]:
    # In the order of POLL_ROW.
    return (
        poll.feed_id,
        poll.polled_at,
        poll.outcome.value,
        poll.status,
        poll.entries,
        poll.new_items,
        poll.newest_at,
        round(poll.took.total_seconds() * 1000),
        storable(poll.detail),
    )
