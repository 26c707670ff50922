"""A collector on a source of loopback, one round at a time, and what it left in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from loopback_source import START
from sqlalchemy import Engine

from feeds import store
from feeds.database import reading
from feeds.ledger import BEGINNING
from feeds.model import Feed, Item, Poll
from feeds.polling import Collector, CollectorSettings
from feeds.worker import Parser

NOON = START + timedelta(hours=4)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AT_ONCE = CollectorSettings(allow_hosts=("127.0.0.1",), spacing={}, default_spacing=timedelta(0), workers=1)


def a_feed(url: str, **changes: object) -> Feed:
    """A feed polled every ten minutes."""
    plain = Feed(feed_id="news", name="News", url=url, interval=10 * MINUTE)
    return replace(plain, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def collecting(
    engine: Engine, *feeds: Feed, settings: CollectorSettings = AT_ONCE, parser: Parser | None = None
) -> AsyncIterator[Collector]:
    """A collector on these feeds."""
    async with Collector(engine, feeds, settings, parser=parser) as collector:
        yield collector


def stored(engine: Engine) -> list[Item]:
    """Every first sight, in the order of storing."""
    with reading(engine) as connection:
        return [item for _, item in store.items_after(connection, 0, limit=10_000)]


def polled(engine: Engine) -> list[Poll]:
    """Every visit."""
    with reading(engine) as connection:
        return store.polls_between(connection, BEGINNING, START + 999 * DAY)


async def visit_once(collector: Collector, now: datetime) -> Poll:
    """The one poll of a round."""
    round_ = await collector.poll_due(now)
    assert len(round_.polls) == 1, round_
    return round_.polls[0]
