"""Workers: whatever a document does to its reader, the poller goes on."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loopback_source import hourly, rss, run

from feeds.model import Feed
from feeds.parsing import Parsed
from feeds.worker import Parser, Unparsable, WorkerLimits

NOW = datetime(2022, 12, 20, 12, tzinfo=UTC)
FEED = Feed(feed_id="x", name="X", url="https://x.example/rss")
LIMITS = WorkerLimits(cpu_seconds=1, memory_bytes=768 * 1024 * 1024, wall_within=timedelta(seconds=60))
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")


@asynccontextmanager
async def hostile(limits: WorkerLimits = LIMITS) -> AsyncIterator[Parser]:
    """A pool whose parser does what the document says."""
    parser = Parser(size=1, limits=limits, target="hostile_parsers:parse", path=[str(Path(__file__).parent)])
    try:
        yield parser
    finally:
        await parser.close()


def ask(*documents: bytes, limits: WorkerLimits = LIMITS) -> list[Parsed | Unparsable]:
    """The answers to these documents, one after the other, from one worker's place."""

    async def work() -> list[Parsed | Unparsable]:
        async with hostile(limits) as parser:
            return [await parser.parse(each, feed=FEED, url=FEED.url, fetched_at=NOW) for each in documents]

    return run(work())


@POSIX
@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"spin", "1 s of computing"),
        (b"grow", "768 MiB of memory"),
        (b"die", "signal 11"),
        (b"exit", "its reader died"),
    ],
)
def test_a_worker_that_overruns_is_replaced(document: bytes, says: str) -> None:
    """A document that costs too much is refused with its reason, and the next one is read as if nothing had been."""
    refused, read = ask(document, b"fine")
    assert isinstance(refused, Unparsable)
    assert refused.over_limit
    assert says in refused.reason
    assert isinstance(read, Parsed)


def test_a_worker_that_waits_instead_of_working_is_replaced() -> None:
    """A reader that uses no computing time and never answers is given up after a while of real time."""
    (refused,) = ask(b"hang", limits=replace(LIMITS, wall_within=timedelta(seconds=3)))
    assert isinstance(refused, Unparsable)
    assert refused.over_limit
    assert "longer than 3 s" in refused.reason


@pytest.mark.parametrize(
    ("document", "says"), [(b"bad", "no feed"), (b"defect", "KeyError"), (b"deep", "RecursionError")]
)
def test_a_document_that_cannot_be_read_is_a_value(document: bytes, says: str) -> None:
    """A broken document keeps its worker alive, is no breach of limits, and says in one line what is wrong."""
    broken, read = ask(document, b"fine")
    assert isinstance(broken, Unparsable)
    assert not broken.over_limit
    assert says in broken.reason
    assert "secret" not in broken.reason
    assert isinstance(read, Parsed)


def test_what_a_library_prints_does_not_mix_with_answers() -> None:
    """A chattering library cannot desynchronise the conversation."""
    chatter, read = ask(b"chatter", b"fine")
    assert isinstance(chatter, Parsed)
    assert isinstance(read, Parsed)


def test_a_worker_taken_over_cannot_reach_the_poller() -> None:
    """An answer is rebuilt from our own nouns only: a crafted one is refused, not executed."""
    trace = Path("/tmp/vedette-taken-over")
    trace.unlink(missing_ok=True)
    (answer,) = ask(b"evil")
    assert isinstance(answer, Unparsable)
    assert not trace.exists()


def test_a_worker_does_not_see_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords in the poller's environment do not reach code that reads hostile bytes."""
    monkeypatch.setenv("VEDETTE_SMTP_PASSWORD", "x")
    (answer,) = ask(b"secrets")
    assert isinstance(answer, Parsed)
    assert "VEDETTE" not in answer.title


def test_workers_are_kept() -> None:
    """A document does not pay for a new process."""
    answers = ask(b"who", b"who", b"bad", b"who")
    assert len({answer.title for answer in answers if isinstance(answer, Parsed)}) == 1


def test_the_limit_counts_each_document_apart() -> None:
    """A worker that has read for hours is not stopped for the sum of it."""

    async def work() -> None:
        limits = WorkerLimits(cpu_seconds=1)
        parser = Parser(size=1, limits=limits)
        body = rss(hourly(400)).encode()
        pids = set()
        try:
            for _ in range(12):
                answer = await parser.parse(body, feed=FEED, url=FEED.url, fetched_at=NOW)
                assert isinstance(answer, Parsed)
                pids |= {worker.process.pid for worker in parser._idle}
        finally:
            await parser.close()
        assert len(pids) == 1

    run(work())


def test_a_closed_pool_leaves_no_process() -> None:
    """After a stop nothing of ours is still running."""

    async def work() -> int:
        async with hostile() as parser:
            answer = await parser.parse(b"who", feed=FEED, url=FEED.url, fetched_at=NOW)
            assert isinstance(answer, Parsed)
            return int(answer.title)

    pid = run(work())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_cancelled_visit_does_not_poison_the_next() -> None:
    """The late answer to a question nobody waits for any more is not taken for the answer to the next one."""

    async def work() -> None:
        async with hostile() as parser:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await parser.parse(b"hang", feed=FEED, url=FEED.url, fetched_at=NOW)
            answer = await parser.parse(b"fine", feed=FEED, url=FEED.url, fetched_at=NOW)
            assert isinstance(answer, Parsed)

    run(work())
