"""The poller's sign of life, and the product's own time: in a replay the clock on the pages is the replay's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Connection, Integer, String, Table, Text, select, update

from feeds.database import Instant, metadata
from indicators.store.versions import upsert

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", String, primary_key=True),
    Column("mode", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("real_at", Instant, nullable=False),
    Column("next_due_at", Instant),
    Column("note", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Instant),
)


class Mode(StrEnum):
    """Whether time is the world's or a recording's."""

    LIVE = "live"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What the poller last said of itself."""

    mode: Mode
    at: datetime
    """The product's time."""
    real_at: datetime
    """The world's time."""
    next_due_at: datetime | None = None
    """When the next feed is due, in the product's time."""
    note: str = ""
    """What it is busy with, or what hinders it, in one line."""
    pid: int = 0
    started_at: datetime | None = None
    """When this run began, in the world's time."""
    name: str = "poller"

    @property
    def running(self) -> bool:
        """False once it ended in good order; a poller that died still says True, and only its age tells."""
        return self.pid != 0

    def age(self, real_now: datetime) -> timedelta:
        """How long ago it spoke, by the world's clock."""
        return real_now - self.real_at


def beat(connection: Connection, heartbeat: Heartbeat) -> None:
    """Say that the poller lives; the last word replaces the one before."""
    upsert(
        connection,
        heartbeats,
        ["name"],
        {
            "name": heartbeat.name,
            "mode": heartbeat.mode.value,
            "at": heartbeat.at,
            "real_at": heartbeat.real_at,
            "next_due_at": heartbeat.next_due_at,
            "note": heartbeat.note,
            "pid": heartbeat.pid,
            "started_at": heartbeat.started_at,
        },
    )


def latest(connection: Connection, name: str | None = None) -> Heartbeat | None:
    """The last sign of life, of one poller or of any; None when none ever ran on this database."""
    query = select(heartbeats)
    if name is not None:
        query = query.where(heartbeats.c.name == name)
    row = connection.execute(query.order_by(heartbeats.c.real_at.desc()).limit(1)).first()
    if row is None:
        return None
    return Heartbeat(
        name=row.name,
        mode=Mode(row.mode),
        at=row.at,
        real_at=row.real_at,
        next_due_at=row.next_due_at,
        note=row.note,
        pid=row.pid,
        started_at=row.started_at,
    )


def stop(connection: Connection, *, real_at: datetime, note: str = "stopped", name: str = "poller") -> None:
    """Say that the poller ended in good order. The product's time stays: a finished replay is still read at its end."""
    connection.execute(
        update(heartbeats).where(heartbeats.c.name == name).values(real_at=real_at, note=note, pid=0, next_due_at=None)
    )


def product_time(connection: Connection, *, real_now: datetime) -> datetime:
    """The 'now' of the pages: the recording's in a replay, the world's otherwise."""
    last = latest(connection)
    return last.at if last is not None and last.mode is Mode.REPLAY else real_now
