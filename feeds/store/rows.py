"""What the stores of this room share: what may stand in a row, and rows in handy portions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
CHUNK = 500
"""Ids named in one statement."""


def insert_into(dialect: str, table: Table) -> Any:
    """An INSERT that can say what becomes of a row that is there already, as each database words it."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def add_missing(dialect: str, table: Table, key: str) -> Any:
    """An INSERT that leaves rows as they are that are there already."""
    statement = insert_into(dialect, table).on_conflict_do_nothing(index_elements=[key])
    # Where rows come back, they are asked for: so that PostgreSQL's driver sends many in one statement.
    return statement if dialect == "postgresql" else statement.inline()


def storable(value: str) -> str:
    """The text as both databases can hold it."""
    # PostgreSQL holds no NUL and neither database a lone surrogate; the parser's door removes both, archives may not.
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in order, so many at a time."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
