"""How append-only rows are read: the newest one known by an instant speaks; older and later ones are silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, Integer, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

T = TypeVar("T")
Serial = BigInteger().with_variant(Integer, "sqlite")
"""A row number that never runs out on either database."""
AT_ONCE = 500
"""How many ids one statement carries; below every driver's limit."""


@cache
def alias(table: Table, name: str) -> FromClause:
    """A table under another name, made once: its columns are dear to build and a statement asks for few of them."""
    return table.alias(name)


def newest(
    rows: FromClause, table: Table, keys: Sequence[str], *, as_of: datetime, at: str = "known_at"
) -> ColumnElement[bool]:
    """The condition that a row of `rows` (an alias of `table`) is the last for its `keys` among those known by `as_of`.

    Among rows of one instant the one written later speaks, so a step may correct itself.
    """
    # One look-up at the end of an index for each row; comparing every two versions of a key would be quadratic.
    later = alias(table, "later")
    last = (
        select(later.c.seq)
        .where(*(later.c[key] == rows.c[key] for key in keys), later.c[at] <= as_of)
        .order_by(later.c[at].desc(), later.c.seq.desc())
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )
    return and_(rows.c[at] <= as_of, rows.c.seq == last)


def insert_new(connection: Connection, table: Table) -> SqliteInsert | PostgresqlInsert:
    """An INSERT into `table` that passes over rows already there."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def add_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Write `row` unless one with its keys is there, and say whether it was written."""
    statement = insert_new(connection, table).values(**row).returning(next(iter(table.primary_key)))
    return connection.execute(statement).first() is not None


def upsert(connection: Connection, table: Table, keys: Sequence[str], values: dict[str, Any]) -> None:
    """Write the one row of `keys`: new, or over the one that is there."""
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=rest))


def batches(things: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """`things` in runs short enough for one statement."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
