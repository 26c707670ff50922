"""Reading hostile documents in processes that can be killed: a poller never parses anything itself.

Run as a module this is the worker: it reads jobs on its standard input and answers on its standard output. Workers
are kept and used again, so a document costs one message there and one back; a worker that overruns its limits dies,
is replaced, and the document that killed it becomes a value.
"""

from __future__ import annotations

import asyncio
import datetime as datetime_module
import importlib
import io
import os
import pickle
import signal
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from feeds.errors import ParseError
from feeds.model import Feed

if TYPE_CHECKING:
    from feeds.parsing import Parsed

PARSE = "feeds.parsing:parse"
LENGTH = struct.Struct(">I")
DAYLIGHT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "HOME", "TMPDIR")
"""What a worker sees of our environment: passwords in VEDETTE_* are not for code that reads hostile bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What one document may cost, in real time."""

    cpu_seconds: int = 5
    memory_bytes: int = 1024 * 1024 * 1024
    wall_within: timedelta = timedelta(seconds=30)
    """Where the system has no CPU limits, and for a worker that waits instead of working."""
    documents: int = 5_000
    """After so many a worker is replaced, lest a library's leaks add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsable:
    """No entries: the document is none of its kind, or reading it cost too much."""

    reason: str
    over_limit: bool = False
    """True when a worker had to be stopped: the document is refused, not merely broken."""


class Parser:
    """A pool of workers. Loop-bound like a connection: use it in one event loop, and close it."""

    def __init__(
        self,
        *,
        size: int | None = None,
        limits: WorkerLimits = WorkerLimits(),
        target: str = PARSE,
        path: Sequence[str] = (),
    ) -> None:
        self._limits = limits
        self._target = target
        self._path = [*path, *(entry or str(Path.cwd()) for entry in sys.path)]
        self._room = asyncio.Semaphore(size or max(2, min(4, os.cpu_count() or 1)))
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    async def parse(
        self, content: bytes, *, feed: Feed, url: str, fetched_at: datetime, content_type: str | None = None
    ) -> Parsed | Unparsable:
        """The document's entries, or why there are none; whatever it does to its reader, the caller survives."""
        job = pickle.dumps((content, feed, url, fetched_at, content_type), pickle.HIGHEST_PROTOCOL)
        async with self._room:
            worker = self._idle.pop() if self._idle else await self._start()
            self._busy.add(worker)
            keep = False
            try:
                answer = await worker.ask(job, within=self._limits.wall_within)
                keep = not isinstance(answer, _Stopped) and worker.asked < self._limits.documents
            finally:
                self._busy.discard(worker)
                if keep:
                    self._idle.append(worker)
                else:
                    await worker.stop()
        if isinstance(answer, _Stopped):
            return Unparsable(reason=self._why(answer), over_limit=True)
        kind, value = answer
        match kind:
            case "parsed":
                parsed: Parsed = value
                return parsed
            case "memory":
                return Unparsable(reason=f"reading it needs more than {self._memory()}; not read", over_limit=True)
            case _:
                return Unparsable(reason=str(value))

    async def warm(self) -> None:
        """Start one worker ahead of the first document."""
        if not self._idle:
            self._idle.append(await self._start())

    async def close(self) -> None:
        """Stop every worker."""
        for worker in [*self._idle, *self._busy]:
            await worker.stop()
        self._idle.clear()
        self._busy.clear()

    async def _start(self) -> _Worker:
        environment = {name: os.environ[name] for name in DAYLIGHT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(self._path)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feeds.worker",
            self._target,
            str(self._limits.cpu_seconds),
            str(self._limits.memory_bytes),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment,
        )
        return _Worker(process)

    def _memory(self) -> str:
        return f"{self._limits.memory_bytes // (1024 * 1024)} MiB of memory"

    def _why(self, stopped: _Stopped) -> str:
        if stopped.by == getattr(signal, "SIGXCPU", None):
            return f"reading it took more than {self._limits.cpu_seconds} s of computing; stopped"
        if stopped.by is None:
            return f"reading it took longer than {self._limits.wall_within.seconds} s; stopped"
        return f"its reader died (signal {stopped.by}); not read"


@dataclass(frozen=True, slots=True)
class _Stopped:
    by: int | None
    """The signal that ended the worker; None when we lost patience."""


class _Worker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.asked = 0

    async def ask(self, job: bytes, *, within: timedelta) -> tuple[str, Any] | _Stopped:
        self.asked += 1
        try:
            async with asyncio.timeout(within.total_seconds()):
                return _loads(await self._exchange(job))
        except TimeoutError:
            return _Stopped(None)
        except (asyncio.IncompleteReadError, ConnectionError):
            return _Stopped(-(await self.process.wait()))

    async def _exchange(self, job: bytes) -> bytes:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(LENGTH.pack(len(job)) + job)
        await self.process.stdin.drain()
        (length,) = LENGTH.unpack(await self.process.stdout.readexactly(LENGTH.size))
        return await self.process.stdout.readexactly(length)

    async def stop(self) -> None:
        if self.process.returncode is None:
            try:
                self.process.kill()
            except ProcessLookupError:
                return
        await self.process.wait()


class _Answer(pickle.Unpickler):
    """A worker that was taken over by a document must not reach us by its answer: only our own nouns come through."""

    def find_class(self, module: str, name: str) -> Any:
        return _noun(module, name)


@cache
def _noun(module: str, name: str) -> type:
    if module == "datetime" and name in ("datetime", "timedelta", "timezone"):
        return vars(datetime_module)[name]  # type: ignore[no-any-return]
    if module == "feeds.model" or module.startswith("feeds.parsing"):
        found = getattr(importlib.import_module(module), name, None)
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
            return found
    raise pickle.UnpicklingError(f"{module}.{name} is not part of an answer")


def _loads(answer: bytes) -> tuple[str, Any]:
    try:
        kind, value = _Answer(io.BytesIO(answer)).load()
    except (pickle.UnpicklingError, ValueError, TypeError, EOFError, AttributeError, IndexError) as error:
        return "failed", f"its reader gave no answer that can be used ({type(error).__name__})"
    return str(kind), value


# --- inside the worker ---------------------------------------------------------------------------------------------


def serve(parse: Callable[..., object], jobs: BinaryIO, answers: BinaryIO, cpu_seconds: int) -> None:
    """Answer jobs until there are no more."""
    while head := jobs.read(LENGTH.size):
        (length,) = LENGTH.unpack(head)
        content, feed, url, fetched_at, content_type = pickle.loads(jobs.read(length))  # noqa: S301 - from our parent
        _allow_cpu(cpu_seconds)
        try:
            answer: tuple[str, object] = (
                "parsed",
                parse(content, feed=feed, url=url, fetched_at=fetched_at, content_type=content_type),
            )
        except ParseError as error:
            answer = ("failed", str(error))
        except MemoryError:
            answer = ("memory", None)
        except Exception as error:  # noqa: BLE001 - a hostile document may raise anything; the poll row will say what
            answer = ("failed", f"its reader failed on it ({type(error).__name__}); please report the document")
        message = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        answers.write(LENGTH.pack(len(message)) + message)
        answers.flush()


def _allow_cpu(seconds: int) -> None:
    # The limit counts from the process's birth, so every document moves it on.
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + seconds + 1, hard))


def _bound(memory_bytes: int) -> None:
    # Ctrl-C goes to the whole group; the poller decides when its workers stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # which refuses to bound an address space
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def main(target: str, cpu_seconds: int, memory_bytes: int) -> None:
    """Be a worker: bind oneself, load the parser, serve."""
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not land among the answers.
    os.dup2(2, 1)
    _bound(memory_bytes)
    module, _, name = target.partition(":")
    serve(getattr(importlib.import_module(module), name), jobs, answers, cpu_seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
