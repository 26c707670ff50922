"""The clock's room: the poller that never stops looking, its replayed twin, and the two processes side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from apscheduler.events import EVENT_JOB_ERROR
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feeds.database import DatabaseUnusable
from feeds.model import Outcome, Poll
from indicators.charts.theme import streamlit_options
from indicators.replay.clock import ReplayClock

HEALTHY_WITHIN_S = 60.0
"""A cold machine compiles a hundred modules before the first page; after this long something is wrong."""
STOPPED_WITHIN_S = 8.0

Say = Callable[[str], None]


class Gathering(Protocol):
    """What came of one round of polls."""

    @property
    def polls(self) -> Sequence[Poll]:
        """A row for each feed visited."""
        ...

    @property
    def trouble(self) -> Sequence[str]:
        """One line for each visit that could not be written."""
        ...


class Collects(Protocol):
    """The collector, as its clock sees it."""

    async def poll_due(self, now: datetime) -> Gathering:
        """Visit every feed that is due."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the next visit is due; None when nothing ever is."""
        ...


class Walks(Protocol):
    """The spine, as its clock sees it."""

    def advance(self, now: datetime) -> object:
        """Carry what is new through the rooms."""
        ...

    def next_due_at(self) -> datetime | None:
        """When the levels are to be looked at again though nothing new came."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Everything one turn of the watch needs, bound to its database and its mail."""

    collector: Collects
    pipeline: Walks
    deliver: Callable[[datetime], None]
    """Send what waits in the outbox."""
    beat: Callable[[datetime, datetime | None], None]
    """Write the heartbeat: product time, and when something is due next."""


async def turn(station: Station, now: datetime) -> Gathering:
    """One turn of the watch: poll what is due, carry it through the rooms, send what waits, and say 'alive'."""
    gathered = await station.collector.poll_due(now)
    station.pipeline.advance(now)
    station.deliver(now)
    station.beat(now, next_due(station))
    return gathered


def next_due(station: Station) -> datetime | None:
    """The earliest instant at which there is something to do."""
    due = [at for at in (station.collector.next_due_at(), station.pipeline.next_due_at()) if at is not None]
    return min(due, default=None)


async def watch(
    station: Station, *, clock: Callable[[], datetime], tick: timedelta, stop: asyncio.Event, say: Say
) -> None:
    """Take turns on the wall clock until `stop` is set. A turn that fails is said aloud and the next is taken."""
    first = True

    async def once() -> None:
        nonlocal first
        gathered = await turn(station, clock())
        if gathered.trouble:
            say(unwritten(gathered.trouble))
        if first and gathered.polls:
            first = False
            for line in first_round(gathered.polls):
                say(line)

    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_listener(lambda event: say(_fault(event)), EVENT_JOB_ERROR)
    # It would print a traceback beside the line that is said.
    logging.getLogger("apscheduler.executors").addHandler(logging.NullHandler())
    logging.getLogger("apscheduler.executors").propagate = False
    # One job, memory store: which feed is due when stands in our own table, and survives a restart there.
    scheduler.add_job(
        once,
        "interval",
        seconds=tick.total_seconds(),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)


def _fault(event: object) -> str:
    error = getattr(event, "exception", None)
    if isinstance(error, DatabaseUnusable):
        return f"this turn failed and the next will be taken: {error}"
    where = (getattr(event, "traceback", "") or "").strip().splitlines()
    detail = where[-2].strip() if len(where) > 1 else ""
    return f"this turn failed and the next will be taken: {type(error).__name__}: {error} ({detail})"


async def rehearse(station: Station, clock: ReplayClock, *, stop: asyncio.Event, grid: timedelta) -> None:
    """Take turns on the replay's clock until its end or `stop`; the clock moves on only when a turn is done.

    Turns fall on the marks of `grid`, as a live poller's fall on its ticks.
    """
    while not stop.is_set():
        await turn(station, clock.now())
        if clock.over:
            return
        due = next_due(station)
        due = None if due is None else _mark(max(due, clock.now() + timedelta(microseconds=1)), clock.starts_at, grid)
        pause = clock.wait_for(due).total_seconds()
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        if not stop.is_set():
            clock.advance(due)


def _mark(at: datetime, origin: datetime, grid: timedelta) -> datetime:
    """The first mark of the grid at or after `at`."""
    return origin + -((origin - at) // grid) * grid


def unwritten(trouble: Sequence[str]) -> str:
    """One line for everything a round could not write; the reason is nearly always the same for all."""
    return trouble[0] if len(trouble) == 1 else f"{trouble[0]}; so {len(trouble) - 1} more"


def first_round(polls: Sequence[Poll]) -> list[str]:
    """What a person should know after the first round: which feeds answered, which did not, and what to do then."""
    read = [poll for poll in polls if poll.outcome.observed or poll.outcome is Outcome.EMPTY]
    missed = [poll for poll in polls if poll not in read]
    lines = [f"{poll.feed_id}: {poll.outcome.value}: {poll.detail or 'no detail'}" for poll in missed]
    lines.append(f"first round: {len(read)} of {len(polls)} feeds read")
    if polls and not read:
        lines.append("no feed could be read: is there a network? `vedette run --replay belarus-2022-12` needs none")
    return lines


# --- two processes ---------------------------------------------------------------------------------------------------


class CannotRun(Exception):
    """Why `vedette run` does not start: one line with the remedy."""


def free_port(host: str, wanted: int) -> None:
    """Refuse, in one line, a port that something else holds."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise CannotRun(
                f"port {wanted} on {host}: {error.strerror}; stop what holds it or choose another with --port"
            ) from error


def dashboard_command(page: Path, *, host: str, port: int) -> list[str]:
    """The page server's command line. Settings go as flags, so that they hold from any working directory."""
    flags = {
        **streamlit_options(),
        "server.headless": "true",
        "server.address": host,
        "server.port": str(port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "logger.level": "warning",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(page)]
    return command + [part for name, value in flags.items() for part in (f"--{name}", value)]


def supervise(
    *, poller: Sequence[str], dashboard: Sequence[str], address: str, environment: Mapping[str, str], say: Say
) -> int:
    """Run poller and dashboard until interrupted or until one dies; then stop both. 0 after an interrupt, else 1.

    Says one line with the address when the dashboard answers and the poller is alive.
    """
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in (("poller", poller), ("dashboard", dashboard)):
            # A session of its own: Ctrl-C comes to this process alone, which then stops both in order.
            children[name] = subprocess.Popen(  # noqa: S603 -- our own two commands
                command,
                env=dict(environment),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                # The page server announces itself in its own words; the address is said once, by us.
                stdout=subprocess.DEVNULL if name == "dashboard" else None,
            )
        started = time.monotonic()
        announced = False
        while not stopping:
            for name, child in children.items():
                if child.poll() is not None:
                    say(f"the {name} stopped by itself with exit code {child.returncode}; stopping the other")
                    return 1
            if not announced and _healthy(address):
                announced = True
                say(f"Vedette is on watch at {address} (Ctrl-C stops it)")
            if not announced and time.monotonic() - started > HEALTHY_WITHIN_S:
                say(f"the dashboard at {address} did not answer within {HEALTHY_WITHIN_S:.0f} s; stopping")
                return 1
            time.sleep(0.1)
        return 0
    finally:
        _stop_all(children.values())
        for number, handler in before.items():
            signal.signal(number, handler)


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:  # noqa: S310 -- our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop_all(children: Collection[subprocess.Popen[bytes]]) -> None:
    running = [child for child in children if child.poll() is None]
    for child in running:
        # The child alone: it closes its own workers, and a worker killed under it would look like a lost source.
        child.terminate()
    deadline = time.monotonic() + STOPPED_WITHIN_S
    for child in running:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
            child.wait()
    # A child's own children (parsing workers) share its group: none may be left behind.
    for child in children:
        _signal_group(child, signal.SIGKILL)


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def stop_event_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, so that a turn under way is finished before the poller ends."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
