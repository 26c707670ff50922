"""SQL of items: first sights, and what they said afterwards."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update
from sqlalchemy.sql.selectable import Select

from feeds.database import execute_many
from feeds.model import DateQuality, Item
from feeds.store.rows import CHUNK, add_missing, chunks, storable
from feeds.store.tables import ITEMS, REVISIONS

KEPT_REVISIONS = 24
"""Edits of one item that are kept word for word; later ones are only counted (some pages change on every visit)."""
WRITTEN_AT_ONCE = 5_000
ITEM_ROW = (*(field.name for field in fields(Item)), "content_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds of an item that turned up again."""

    item_id: str
    url: str
    published_at: datetime
    content_hash: str
    latest_hash: str
    latest_published_at: datetime
    revision: int


def content_hash(title: str, body: str) -> str:
    """What must differ for an entry to count as edited: its words."""
    return hashlib.blake2b(f"{title}\0{body}".encode(errors="surrogatepass"), digest_size=16).hexdigest()


def add_items(connection: Connection, items: Iterable[Item]) -> int:
    """Store first sights; those whose id is known already are left as they are. Returns how many were new."""
    statement = add_missing(connection.dialect.name, ITEMS, "item_id")
    _one_writer_of_items(connection)
    added = 0
    for chunk in chunks(items, WRITTEN_AT_ONCE):
        rows = [_item_row(item) for item in chunk]
        if connection.dialect.name == "postgresql":
            # Its driver sends many rows in one statement only when they are to be returned.
            named = [dict(zip(ITEM_ROW, row, strict=True)) for row in rows]
            added += len(connection.execute(statement.returning(ITEMS.c.seq), named).all())
        else:
            added += execute_many(connection, statement, ITEM_ROW, rows)
    return added


def add_item(connection: Connection, item: Item) -> bool:
    """Store one first sight; False when its id is known already."""
    return add_items(connection, [item]) == 1


def add_revision(connection: Connection, item: Item) -> None:
    """Store an edit as `item.revision` of its item: kept to the cap, counted beyond; the first sight stays as it is."""
    digest = content_hash(item.title, item.text)
    connection.execute(
        update(ITEMS)
        .where(ITEMS.c.item_id == item.item_id)
        .values(latest_hash=digest, latest_published_at=item.published_at, revision=item.revision)
    )
    if item.revision <= KEPT_REVISIONS:
        row = dict(zip(ITEM_ROW, _item_row(item), strict=True))
        connection.execute(insert(REVISIONS).values({column.name: row[column.name] for column in REVISIONS.columns}))


def known_items(connection: Connection, item_ids: Collection[str]) -> dict[str, Known]:
    """What is held under these ids."""
    found: dict[str, Known] = {}
    for chunk in chunks(sorted(item_ids), CHUNK):
        for row in connection.execute(_KNOWN_BY_ID, {"ids": chunk}):
            found[row.item_id] = Known(**row._mapping)
    return found


def known_of_instants(
    connection: Connection, source: str, since: datetime, published: Collection[datetime]
) -> list[Known]:
    """Items of a source, known since, published at one of these instants: a story re-issued under a new id is there."""
    return [
        Known(**row._mapping)
        for chunk in chunks(sorted(set(published)), CHUNK)
        for row in connection.execute(_KNOWN_OF_INSTANTS, {"source": source, "since": since, "instants": chunk})
    ]


def items_after(connection: Connection, seq: int, *, limit: int) -> list[tuple[int, Item]]:
    """The next first sights in the order in which they were stored; edits never come by here."""
    statement = _items().where(ITEMS.c.seq > seq).order_by(ITEMS.c.seq).limit(limit)
    return [(row.seq, _item(row)) for row in connection.execute(statement)]


def latest_seq(connection: Connection) -> int:
    """The number of the item stored last; 0 in an empty store."""
    return int(connection.execute(select(func.coalesce(func.max(ITEMS.c.seq), 0))).scalar_one())


def items_by_id(connection: Connection, item_ids: Collection[str]) -> dict[str, Item]:
    """First sights by id; an unknown id is absent."""
    found: dict[str, Item] = {}
    for chunk in chunks(sorted(set(item_ids)), CHUNK):
        for row in connection.execute(_items().where(ITEMS.c.item_id.in_(chunk))):
            found[row.item_id] = _item(row)
    return found


def revisions_of(connection: Connection, item_id: str, *, as_of: datetime | None = None) -> list[Item]:
    """Every kept wording of an item, first sight first, as far as known by `as_of`."""
    first = items_by_id(connection, [item_id]).get(item_id)
    if first is None or (as_of is not None and first.known_at > as_of):
        return []
    statement = select(REVISIONS).where(REVISIONS.c.item_id == item_id).order_by(REVISIONS.c.revision)
    if as_of is not None:
        statement = statement.where(REVISIONS.c.known_at <= as_of)
    wordings = [first]
    for row in connection.execute(statement):
        values = dict(row._mapping, date_quality=DateQuality(row.date_quality))
        wordings.append(replace(first, **values))
    return wordings


def item_times(
    connection: Connection, *, since: datetime, as_of: datetime, limit: int = 60
) -> dict[str, list[datetime]]:
    """Per source, when its newest items were published, oldest first: the rhythm from which silence is judged."""
    rank = func.row_number().over(partition_by=ITEMS.c.source, order_by=ITEMS.c.published_at.desc()).label("rank")
    newest = (
        select(ITEMS.c.source, ITEMS.c.published_at, rank)
        .where(ITEMS.c.known_at <= as_of, ITEMS.c.known_at >= since)
        .subquery()
    )
    times: dict[str, list[datetime]] = defaultdict(list)
    statement = select(newest.c.source, newest.c.published_at).where(newest.c.rank <= limit)
    for source, published_at in connection.execute(statement.order_by(newest.c.source, newest.c.published_at)):
        times[source].append(published_at)
    return dict(times)


# --- statements: each built once, for building one costs more than the database needs to answer it ------------------


def _known() -> Select[Any]:
    return select(
        ITEMS.c.item_id,
        ITEMS.c.url,
        ITEMS.c.published_at,
        ITEMS.c.content_hash,
        func.coalesce(ITEMS.c.latest_hash, ITEMS.c.content_hash).label("latest_hash"),
        func.coalesce(ITEMS.c.latest_published_at, ITEMS.c.published_at).label("latest_published_at"),
        ITEMS.c.revision,
    )


_KNOWN_BY_ID = _known().where(ITEMS.c.item_id.in_(bindparam("ids", expanding=True)))
_KNOWN_OF_INSTANTS = _known().where(
    ITEMS.c.published_at.in_(bindparam("instants", expanding=True)),
    ITEMS.c.source == bindparam("source"),
    ITEMS.c.known_at >= bindparam("since"),
)


# --- rows ----------------------------------------------------------------------------------------------------------


def _items() -> Select[Any]:
    # Always the first sight: `revision` in the table counts edits, the item we hand out is the one that fired.
    columns = [ITEMS.c[field.name] for field in fields(Item) if field.name != "revision"]
    return select(ITEMS.c.seq, *columns)


def _item(row: Row[Any]) -> Item:
    values = dict(row._mapping)
    del values["seq"]
    values["date_quality"] = DateQuality(values["date_quality"])
    return Item(**values)


def _item_row(item: Item) -> tuple[Any, ...]:
    # In the order of ITEM_ROW.
    title, body = storable(item.title), storable(item.text)
    return (
        item.item_id,
        item.source,
        storable(item.url),
        title,
        body,
        item.published_at,
        item.known_at,
        item.lang,
        storable(item.author),
        storable(item.forwarded_from),
        storable(item.published_raw),
        item.date_method,
        item.date_quality.value,
        item.revision,
        content_hash(title, body),
    )


def _one_writer_of_items(connection: Connection) -> None:
    # A sequence numbers rows before they are committed: without this a reader could pass number 11, committed, before
    # number 10, still open, and never see 10. The lock is held for the few milliseconds in which a poll is written.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(8622043317)"))
