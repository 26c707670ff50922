"""Signals: every coded mention, kept as it was coded, with what shows that an item was coded at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)

from feeds.database import Instant, metadata
from indicators.model.actor import Actor, Attribution, AttributionKind
from indicators.model.place import Place, PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction, Evidence, Quantity, Signal, Weight
from indicators.store.versions import Serial, batches, insert_new, upsert

signals = Table(
    "signals",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("signal_id", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("indicator", String),
    Column("family", String, nullable=False),
    Column("weight", String, nullable=False),
    Column("evidence_start", Integer, nullable=False),
    Column("evidence_end", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("actors", JSON, nullable=False),
    Column("places", JSON, nullable=False),
    Column("quantity_low", Float),
    Column("quantity_high", Float),
    Column("unit", String),
    Column("approximate", Boolean),
    Column("direction", String, nullable=False),
    Column("assertion", String, nullable=False),
    Column("attributed_to", String),
    Column("attributed_kind", String),
    Column("attributed_actor", String),
    Column("occurred_from", Date, nullable=False),
    Column("occurred_to", Date, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("rule", String, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("catalogue_version", String, nullable=False),
    UniqueConstraint("problem", "signal_id", "known_at", "catalogue_version"),
    Index("ix_signals_item", "problem", "item_id"),
    Index("ix_signals_indicator_published", "problem", "indicator", "published_at"),
    Index("ix_signals_published", "problem", "published_at"),
)

codings = Table(
    "codings",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("catalogue_version", String, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("signals", Integer, nullable=False),
    UniqueConstraint("problem", "item_id", "revision", "catalogue_version"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("problem", String, primary_key=True),
    Column("seq", Serial, nullable=False),
    Column("catalogue_version", String, nullable=False),
    Column("moved_at", Instant),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """That one revision of an item was coded, with which catalogue, and how many signals it gave: often none."""

    item_id: str
    revision: int
    catalogue_version: str
    known_at: datetime
    signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a problem's coding has come in the stream of items, and with which catalogue."""

    seq: int = 0
    catalogue_version: str = ""
    moved_at: datetime | None = None


def add_signals(connection: Connection, problem: str, found: Iterable[Signal]) -> None:
    """Keep `found`; one already kept, from a run that was cut short, is passed over."""
    rows = [_row(problem, signal) for signal in found]
    if rows:
        connection.execute(insert_new(connection, signals), rows)


def mark_coded(connection: Connection, problem: str, coded: Iterable[Coding]) -> None:
    """Keep that these revisions were coded, so that 'no signal' and 'not looked at' stay two things."""
    rows = [
        {
            "problem": problem,
            "item_id": coding.item_id,
            "revision": coding.revision,
            "catalogue_version": coding.catalogue_version,
            "known_at": coding.known_at,
            "signals": coding.signals,
        }
        for coding in coded
    ]
    if rows:
        connection.execute(insert_new(connection, codings), rows)


def signals_of(connection: Connection, problem: str, item_id: str, *, as_of: datetime | None = None) -> list[Signal]:
    """What an item says, by the last coding known by `as_of`, in the order of the text."""
    return signals_of_items(connection, problem, [item_id], as_of=as_of).get(item_id, [])


def signals_of_items(
    connection: Connection, problem: str, item_ids: Sequence[str], *, as_of: datetime | None = None
) -> dict[str, list[Signal]]:
    """What each of several items says, by the last coding known by `as_of`; items that say nothing are left out."""
    found: dict[str, dict[str, Signal]] = {}
    spoken_by: dict[str, str] = {}
    for some in batches(list(item_ids)):
        last = select(codings.c.item_id, codings.c.catalogue_version).where(
            codings.c.problem == problem, codings.c.item_id.in_(some)
        )
        kept = select(signals).where(signals.c.problem == problem, signals.c.item_id.in_(some))
        if as_of is not None:
            last = last.where(codings.c.known_at <= as_of)
            kept = kept.where(signals.c.known_at <= as_of)
        spoken_by |= {row.item_id: row.catalogue_version for row in connection.execute(last.order_by(codings.c.seq))}
        for row in connection.execute(kept.order_by(signals.c.seq)):
            signal = signal_from(row)
            held = found.setdefault(signal.item_id, {})
            version = spoken_by.get(signal.item_id)
            if version is None and any(one.catalogue_version != signal.catalogue_version for one in held.values()):
                held.clear()  # without a mark the newest catalogue speaks
            if version is None or version == signal.catalogue_version:
                held[signal.signal_id] = signal
    return {
        item_id: sorted(held.values(), key=lambda signal: (signal.evidence.start, signal.evidence.end, signal.family))
        for item_id, held in found.items()
        if held
    }


def recent(
    connection: Connection, problem: str, *, published_since: datetime, as_of: datetime, counted: bool | None = None
) -> list[Signal]:
    """Signals published since, as known by `as_of`, earliest publication first."""
    query = select(signals).where(
        signals.c.problem == problem, signals.c.published_at >= published_since, signals.c.known_at <= as_of
    )
    if counted is not None:
        query = query.where(signals.c.counted.is_(counted))
    rows = connection.execute(query.order_by(signals.c.published_at, signals.c.seq))
    return [signal_from(row) for row in rows]


def cursor(connection: Connection, problem: str) -> Cursor:
    """How far this problem's coding has come; at the beginning when it never ran."""
    row = connection.execute(select(cursors).where(cursors.c.problem == problem)).first()
    if row is None:
        return Cursor()
    return Cursor(seq=row.seq, catalogue_version=row.catalogue_version, moved_at=row.moved_at)


def set_cursor(
    connection: Connection, problem: str, seq: int, *, catalogue_version: str = "", at: datetime | None = None
) -> None:
    """Remember, in the same transaction as what was coded, how far coding has come."""
    values = {"problem": problem, "seq": seq, "catalogue_version": catalogue_version, "moved_at": at}
    upsert(connection, cursors, ["problem"], values)


def count(connection: Connection, problem: str, *, as_of: datetime | None = None) -> int:
    """How many signals are kept for a problem."""
    query = select(func.count()).select_from(signals).where(signals.c.problem == problem)
    if as_of is not None:
        query = query.where(signals.c.known_at <= as_of)
    return int(connection.execute(query).scalar_one())


Identity = tuple[str, datetime, str]


def identity(signal: Signal) -> Identity:
    """What makes a kept signal this one and no other, within a problem."""
    return signal.signal_id, signal.known_at, signal.catalogue_version


def numbers_of(connection: Connection, problem: str, wanted: Iterable[Signal]) -> dict[Identity, int]:
    """The row number of each of these signals; those not kept yet are kept now."""
    by_identity = {identity(signal): signal for signal in wanted}
    numbers = _numbers(connection, problem, by_identity)
    missing = [signal for key, signal in by_identity.items() if key not in numbers]
    if missing:
        connection.execute(insert(signals), [_row(problem, signal) for signal in missing])
        numbers |= _numbers(connection, problem, {identity(signal): signal for signal in missing})
    return numbers


def _numbers(connection: Connection, problem: str, wanted: dict[Identity, Signal]) -> dict[Identity, int]:
    found: dict[Identity, int] = {}
    for some in batches(sorted({signal_id for signal_id, _, _ in wanted})):
        rows = connection.execute(
            select(signals.c.seq, signals.c.signal_id, signals.c.known_at, signals.c.catalogue_version).where(
                signals.c.problem == problem, signals.c.signal_id.in_(some)
            )
        )
        for seq, signal_id, known_at, version in rows:
            key = (signal_id, known_at, version)
            if key in wanted:
                found[key] = seq
    return found


def _row(problem: str, signal: Signal) -> dict[str, Any]:
    quantity, voice = signal.quantity, signal.attribution
    return {
        "problem": problem,
        "signal_id": signal.signal_id,
        "item_id": signal.item_id,
        "source": signal.source,
        "indicator": signal.indicator,
        "family": signal.family,
        "weight": signal.weight.value,
        "evidence_start": signal.evidence.start,
        "evidence_end": signal.evidence.end,
        "quote": signal.evidence.quote,
        "actors": [[actor.id, actor.name] for actor in signal.actors],
        "places": [_place_row(mention) for mention in signal.places],
        "quantity_low": quantity.low if quantity else None,
        "quantity_high": quantity.high if quantity else None,
        "unit": quantity.unit if quantity else None,
        "approximate": quantity.approximate if quantity else None,
        "direction": signal.direction.value,
        "assertion": signal.assertion.value,
        "attributed_to": voice.name if voice else None,
        "attributed_kind": voice.kind.value if voice else None,
        "attributed_actor": voice.actor if voice else None,
        "occurred_from": signal.occurred_on[0],
        "occurred_to": signal.occurred_on[1],
        "counted": signal.counted,
        "why": signal.why,
        "rule": signal.rule,
        "published_at": signal.published_at,
        "known_at": signal.known_at,
        "catalogue_version": signal.catalogue_version,
    }


def _place_row(mention: PlaceMention) -> dict[str, Any]:
    place = mention.place
    return {
        "id": place.id,
        "name": place.name,
        "lat": place.lat,
        "lon": place.lon,
        "radius_km": place.radius_km,
        "kind": place.kind,
        "country": place.country,
        "grade": place.grade,
        "role": mention.role.value,
    }


def _mention(row: dict[str, Any]) -> PlaceMention:
    place = {name: value for name, value in row.items() if name != "role"}
    return PlaceMention(place=Place(**place), role=PlaceRole(row["role"]))


def signal_from(row: Row[Any]) -> Signal:
    """The signal a row of this table, or of a join that carries its columns, holds."""
    return Signal(
        item_id=row.item_id,
        source=row.source,
        indicator=row.indicator,
        family=row.family,
        weight=Weight(row.weight),
        evidence=Evidence(item_id=row.item_id, start=row.evidence_start, end=row.evidence_end, quote=row.quote),
        actors=tuple(Actor(id=actor_id, name=name) for actor_id, name in row.actors),
        places=tuple(_mention(place) for place in row.places),
        quantity=None
        if row.unit is None
        else Quantity(low=row.quantity_low, high=row.quantity_high, unit=row.unit, approximate=row.approximate),
        direction=Direction(row.direction),
        assertion=Assertion(row.assertion),
        attribution=None
        if row.attributed_to is None
        else Attribution(name=row.attributed_to, kind=AttributionKind(row.attributed_kind), actor=row.attributed_actor),
        occurred_on=(row.occurred_from, row.occurred_to),
        counted=row.counted,
        why=row.why,
        rule=row.rule,
        published_at=row.published_at,
        known_at=row.known_at,
        catalogue_version=row.catalogue_version,
    )
