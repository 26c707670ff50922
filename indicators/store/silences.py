"""Silences: who mutes mail about what, until when and why. The board is never muted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, String, Table, Text, insert, select, update

from feeds.database import Instant, metadata
from indicators.model.alert import Silence

silences = Table(
    "silences",
    metadata,
    Column("silence_id", String, primary_key=True),
    Column("problem", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Index("ix_silences_ends", "ends_at"),
)


class SilenceRefused(ValueError):
    """This silence cannot be; the line names the value and the remedy."""


def add(connection: Connection, silence: Silence) -> None:
    """Keep a silence. It needs an end and a reason: a mute without them is forgotten."""
    if silence.ends_at <= silence.starts_at:
        raise SilenceRefused(f"silence of {silence.subject}: ends before it starts; give a later end")
    if not silence.reason.strip():
        raise SilenceRefused(f"silence of {silence.subject}: has no reason; say why mail is muted")
    connection.execute(
        insert(silences).values(
            silence_id=silence.silence_id,
            problem=silence.problem,
            subject=silence.subject,
            made_by=silence.by,
            reason=silence.reason,
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
        )
    )


def end(connection: Connection, silence_id: str, *, at: datetime) -> bool:
    """End a silence early; the answer says whether one was still running."""
    done = connection.execute(
        update(silences).where(silences.c.silence_id == silence_id, silences.c.ends_at > at).values(ends_at=at)
    )
    return bool(done.rowcount > 0)


def running(connection: Connection, problem: str | None = None, *, as_of: datetime) -> list[Silence]:
    """The silences in force at `as_of`, the first to end first."""
    query = select(silences).where(silences.c.starts_at <= as_of, silences.c.ends_at > as_of)
    return _read(connection, query, problem)


def all_silences(connection: Connection, problem: str | None = None) -> list[Silence]:
    """Every silence ever made, the first to end first."""
    return _read(connection, select(silences), problem)


def _read(connection: Connection, query: Any, problem: str | None) -> list[Silence]:
    if problem is not None:
        query = query.where(silences.c.problem.in_([problem, "*"]))
    return [_silence(row) for row in connection.execute(query.order_by(silences.c.ends_at, silences.c.silence_id))]


def _silence(row: Row[Any]) -> Silence:
    return Silence(
        silence_id=row.silence_id,
        problem=row.problem,
        subject=row.subject,
        by=row.made_by,
        reason=row.reason,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )
