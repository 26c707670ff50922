"""Feeds and items: `run`, `poll`, `ingest`."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from feeds.client import Client
from feeds.model import Feed
from feeds.polling import Collector
from indicators import service
from indicators.alerts import outbox as letters
from indicators.alerts.catcher import Catcher
from indicators.cli.context import (
    Finding,
    Unusable,
    catalogue,
    database,
    now,
    registry,
    settings,
    shared,
)
from indicators.cli.roster import Roster
from indicators.model.level import Level
from indicators.pipeline import Pipeline
from indicators.replay import recording
from indicators.replay.clock import ReplayClock
from indicators.replay.server import LoopbackResolver, RecordingServer
from indicators.settings import (
    MailSettings,
    Settings,
    SubscriberSettings,
    dashboard_file,
    data_folder,
    own_feeds_file,
)
from indicators.store import heartbeat, mail_servers, outbox
from indicators.store.heartbeat import Heartbeat, Mode
from indicators.store.problems import StoreProblem, reading, writing

REPLAY_SUBSCRIBER = SubscriberSettings(address="watch@replay.invalid", minimum=Level.WATCH)
SPEED = 1.5 * 86_400
"""A day and a half a second: a winter in a minute and a half, slow enough to be watched."""
REPLAY_GRID = timedelta(hours=1)
"""A replay takes its turns on the hours of its own clock: fine enough for levels, and a winter passes in minutes."""


def run_options(command: argparse.ArgumentParser) -> None:
    """`vedette run`."""
    shared(command)
    command.add_argument("--port", type=int, help="the dashboard's port (default: settings, 8501)")
    command.add_argument("--replay", metavar="NAME-or-FOLDER", help="watch a recorded stretch, not the live feeds")
    command.add_argument(
        "--speed", type=_speed, default=SPEED, help="replay seconds per second, or 'max' (default: 1.5 days a second)"
    )
    command.set_defaults(run=run_run)


def poll_options(command: argparse.ArgumentParser) -> None:
    """`vedette poll`."""
    shared(command)
    command.add_argument("--once", action="store_true", help="one round, then stop")
    command.add_argument("--feed", metavar="ID", help="this feed only")
    command.add_argument("--replay", metavar="NAME-or-FOLDER", help=argparse.SUPPRESS)
    command.add_argument("--speed", type=_speed, default=SPEED, help=argparse.SUPPRESS)
    command.set_defaults(run=run_poll)


def ingest_options(command: argparse.ArgumentParser) -> None:
    """`vedette ingest`."""
    shared(command)
    command.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE.jsonl[.gz]")
    command.set_defaults(run=run_ingest)


def _speed(text: str) -> float:
    try:
        value = float("inf") if text in ("max", "0") else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no speed; write product seconds per second, or 'max'") from error
    if not value > 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not above 0; write product seconds per second, or 'max'")
    return value


def run_run(chosen: argparse.Namespace) -> int:
    """Start poller and dashboard; stop both on Ctrl-C."""
    in_force = settings(chosen)
    host, port = in_force.dashboard.host, in_force.dashboard.port if chosen.port is None else chosen.port
    if not 0 < port < 65536:
        raise Unusable(f"--port {port}: not a port; choose one from 1 to 65535")
    service.free_port(host, port)
    poller = [sys.executable, "-m", "indicators.cli", "poll"]
    environment = dict(os.environ)
    if chosen.config:
        environment["VEDETTE_CONFIG"] = str(Path(chosen.config).resolve())
    if chosen.replay:
        tape = recording.load(chosen.replay, shipped=data_folder() / "replay")
        url = chosen.db or f"sqlite:///{_replay_folder(tape.id) / 'replay.db'}"
        place = chosen.replay if not Path(chosen.replay).is_dir() else str(Path(chosen.replay).resolve())
        poller += ["--replay", place, "--speed", "max" if chosen.speed == float("inf") else repr(chosen.speed)]
        environment["VEDETTE_PROBLEM"] = chosen.problem or tape.problem
        environment["VEDETTE_REPLAY"] = place
        print(f"replaying {tape.title} ({tape.label}); database {url}", flush=True)
    else:
        url = in_force.database.url
        environment["VEDETTE_PROBLEM"] = in_force.problem
        catalogue(chosen), registry(chosen)  # every fault of the data is said before anything is started
    environment["VEDETTE_DB"] = url
    environment["VEDETTE_PORT"] = str(port)
    chosen.db = url
    database(chosen).dispose()
    return service.supervise(
        poller=poller,
        dashboard=service.dashboard_command(dashboard_file(), host=host, port=port),
        address=f"http://{host}:{port}",
        environment=environment,
        say=_say,
    )


def _replay_folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"vedette-{name}-"))


def _say(line: str) -> None:
    print(line, file=sys.stdout, flush=True)


def run_poll(chosen: argparse.Namespace) -> int:
    """Poll until stopped, or once."""
    # What a visit met stands in its row, what could not be written is said once a round; only defects are shown whole.
    faults = logging.StreamHandler()
    faults.setLevel(logging.ERROR)
    logging.getLogger("feeds").addHandler(faults)
    return asyncio.run(_replayed(chosen) if chosen.replay else _live(chosen))


@dataclasses.dataclass(slots=True, kw_only=False)
class _Mailbag:
    """Sends what waits, and says once what hinders it; the mail itself waits in the outbox."""

    engine: Engine
    settings: MailSettings
    say: Callable[[str], None] | None = None
    fixed: bool = False
    """True in a replay: its catcher takes the mail, whatever server people have set."""
    trouble: str = ""

    def deliver(self, _at: datetime) -> None:
        """Send what is due."""
        # Mail servers know the world's time only, in a replay too.
        at = now()
        with reading(self.engine) as connection:
            due_at = outbox.next_try_at(connection)
            mail = self.settings if self.fixed else mail_servers.effective(connection, self.settings)
        if due_at is None or due_at > at:
            return
        done = letters.deliver(outbox.Queue(self.engine), mail, now=at)
        if done.trouble and done.trouble != self.trouble and self.say is not None:
            self.say(done.trouble)
        self.trouble = done.trouble


async def _once(station: service.Station, mailbag: _Mailbag) -> int:
    try:
        gathered = await service.turn(station, now())
    except StoreProblem as problem:
        raise Finding(str(problem)) from problem
    for line in service.first_round(gathered.polls):
        _say(line)
    if gathered.trouble:
        raise Finding(service.unwritten(gathered.trouble))
    if mailbag.trouble:
        raise Finding(mailbag.trouble)
    return 0 if any(poll.outcome.observed for poll in gathered.polls) or not gathered.polls else 1


async def _live(chosen: argparse.Namespace) -> int:
    in_force, feeds = settings(chosen), _asked_for(chosen, registry(chosen))
    engine = database(chosen)
    async with AsyncExitStack() as open_until_done:
        client = Client(allow_hosts=in_force.feeds.allow_hosts, user_agent=in_force.feeds.user_agent)
        mailbag = _Mailbag(engine, in_force.mail)
        station = await _station(chosen, engine, feeds, client, in_force, open_until_done, mailbag, mode=Mode.LIVE)
        if chosen.once:
            return await _once(station, mailbag)
        stop = service.stop_event_on_signals(asyncio.get_running_loop())
        mailbag.say = _say
        await service.watch(station, clock=now, tick=in_force.poller.tick, stop=stop, say=_say)
    return 0


async def _replayed(chosen: argparse.Namespace) -> int:
    tape = recording.load(chosen.replay, shipped=data_folder() / "replay")
    engine = database(chosen)
    clock = ReplayClock(starts_at=tape.starts_at, ends_at=tape.ends_at, real=time.monotonic, speed=chosen.speed)
    async with AsyncExitStack() as open_until_done:
        server = await open_until_done.enter_async_context(RecordingServer(tape, clock.now))
        catcher = open_until_done.enter_context(Catcher(outbox.keeper(engine, clock=now)))
        # Never to configured people: a server on this machine takes every mail, and the Alerts page shows it.
        mail = MailSettings(host="127.0.0.1", port=catcher.port, security="none", sender="vedette@replay.invalid")
        rehearsed = settings(chosen).model_copy(update={"mail": mail, "subscribers": (REPLAY_SUBSCRIBER,)})
        feeds = {feed.feed_id: feed for feed in server.feeds()}
        client = Client(allow_hosts=("127.0.0.0/8",), resolver=LoopbackResolver())
        mailbag = _Mailbag(engine, mail, say=_say, fixed=True)
        station = await _station(
            chosen, engine, feeds, client, rehearsed, open_until_done, mailbag, mode=Mode.REPLAY, note=tape.label
        )
        stop = service.stop_event_on_signals(asyncio.get_running_loop())
        started = time.monotonic()
        await service.rehearse(station, clock, stop=stop, grid=REPLAY_GRID)
        if clock.over:
            _say(f"the replay reached {clock.now():%d %B %Y %H:%M} UTC after {time.monotonic() - started:.0f} s")
        await stop.wait()
    return 0


async def _station(
    chosen: argparse.Namespace,
    engine: Engine,
    feeds: Mapping[str, Feed],
    client: Client,
    in_force: Settings,
    open_until_done: AsyncExitStack,
    mailbag: _Mailbag,
    *,
    mode: Mode,
    note: str = "",
) -> service.Station:
    collector = await open_until_done.enter_async_context(Collector(engine, feeds.values(), client=client))

    def spine(known: Mapping[str, Feed]) -> Pipeline:
        return Pipeline(engine, [catalogue(chosen)], known, settings=in_force, recording=note)

    roster = Roster(
        collector,
        spine,
        feeds,
        place=(in_force.feeds.overlay or own_feeds_file()) if mode is Mode.LIVE else None,
        load=lambda: _asked_for(chosen, registry(chosen)),
        say=_say,
    )
    began = now()

    def beat(at: datetime, due_at: datetime | None) -> None:
        with writing(engine) as connection:
            heartbeat.beat(
                connection,
                Heartbeat(
                    mode=mode,
                    at=at,
                    real_at=now(),
                    next_due_at=due_at,
                    note=note,
                    pid=os.getpid(),
                    started_at=began,
                ),
            )

    return service.Station(collector=roster, pipeline=roster.spine, deliver=mailbag.deliver, beat=beat)


def _asked_for(chosen: argparse.Namespace, feeds: Mapping[str, Feed]) -> Mapping[str, Feed]:
    """All sources, or the one that was named."""
    if getattr(chosen, "feed", None) is None:
        return feeds
    if chosen.feed not in feeds:
        raise Unusable(f"--feed {chosen.feed}: no such feed; `vedette feeds list` names them")
    return {chosen.feed: feeds[chosen.feed]}


def run_ingest(chosen: argparse.Namespace) -> None:
    """Items of archives into the store, and what they say into the series."""
    from feeds import archive

    for path in chosen.archives:
        if not path.is_file():
            raise Unusable(f"{path}: no such file; name an archive of JSON Lines, plain or .gz")
    engine = database(chosen)
    done = archive.ingest(engine, chosen.archives)
    _say(f"{done.added} new items of {done.read} read")
