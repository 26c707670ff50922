"""The one database: an engine on SQLite or PostgreSQL, the shared metadata, and instants that stay aware UTC."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    Insert,
    MetaData,
    QueuePool,
    String,
    Update,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.types import TypeDecorator, TypeEngine

BUSY_WITHIN_MS = 30_000
"""How long a SQLite writer waits for its turn before it says 'database is locked'."""
CACHE_KIB = 32 * 1024
"""Of a SQLite connection: indexes that grow at random places are not read again for every row."""
CHECKPOINT_PAGES = 8_000
"""The log is folded into the file every 32 MB: a page that many items touch is then copied once for all of them."""
CONNECT_WITHIN_S = 10
IN_UTC = {"options": "-c timezone=UTC"}
"""A PostgreSQL session reckons days in UTC unless the address says otherwise."""

metadata = MetaData(
    # Named constraints, so that a migration can name what it drops on either database.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class DatabaseUnusable(Exception):
    """The database cannot be opened; one line names it, what is wrong, and what to do."""


class Instant(TypeDecorator[datetime]):
    """An aware instant in, the same instant in UTC out, comparable in SQL on both databases."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`timestamptz` on PostgreSQL; on SQLite, text of fixed width that sorts as time does."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(26))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive instant: nobody can say which zone it meant."""
        if value is None:
            return None
        return _in_utc(value) if dialect.name == "postgresql" else _text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        at: datetime = value
        return at.astimezone(UTC)


def open_engine(url: str | Path) -> Engine:
    """An engine for `url` (`sqlite:///path`, a plain path, or `postgresql://...`), tried once; else `DatabaseUnusable`.

    Write inside `writing(engine)` and read inside `reading(engine)`. A plain `engine.begin()` works too: on SQLite it
    takes the write lock at its first writing statement, so a transaction that reads first and writes later belongs in
    `writing`, which takes the lock at once and so can never find at its end that somebody was quicker.
    """
    parsed = _parse(url)
    match parsed.get_backend_name():
        case "sqlite":
            engine = _open_sqlite(parsed)
        case "postgresql":
            engine = _open_postgresql(parsed)
        case other:
            raise DatabaseUnusable(
                f"database: '{other}' is not served; use sqlite:///path/to/file.db or postgresql://..."
            )
    _try(engine)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that means to write: on SQLite it holds the write lock from its start. Commits unless it raises."""
    with engine.connect() as connection:
        connection.execution_options(vedette_intent="write")
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent picture that never waits for a writer on SQLite; whatever is written inside is not kept."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def execute_many(
    connection: Connection, statement: Insert | Update, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> int:
    """Execute one statement for every row, whose values stand in the order of `names`; how many rows it touched.

    On SQLite the rows go straight to its driver: making each of them ready one by one costs more than storing it.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows]).rowcount
    words, places, instants = _for_driver(statement, tuple(names))
    columns = [[row[place] for row in rows] for place in places]
    for place in instants:
        columns[place] = list(_texts(columns[place]))
    return connection.exec_driver_sql(words, list(zip(*columns, strict=True))).rowcount


@cache
def _for_driver(statement: Insert | Update, names: tuple[str, ...]) -> tuple[str, list[int], list[int]]:
    """The words of a statement for SQLite, which value stands at each of its places, and which places are instants."""
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(names))
    asked = list(compiled.positiontup or ())
    instants = [place for place, name in enumerate(asked) if isinstance(compiled.binds[name].type, Instant)]
    return compiled.string, [names.index(name) for name in asked], instants


def _texts(values: Iterable[datetime | None]) -> Iterator[str | None]:
    # Rows that are written together mostly share their instants.
    last: datetime | None = None
    words: str | None = None
    for value in values:
        if value is not last:
            last, words = value, None if value is None else _text(value)
        yield words


def _text(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = _in_utc(value)
    return value.isoformat(" ", "microseconds")[:26]


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"instant {value.isoformat()} has no zone; give an aware datetime")
    return value.astimezone(UTC)


def _parse(url: str | Path) -> URL:
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=os.fspath(Path(url).expanduser()))
    try:
        parsed = make_url(url)
        parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        # The address may hold a password: it is not repeated.
        raise DatabaseUnusable(
            "database: the URL cannot be read; write sqlite:///path or postgresql://user@host/name"
        ) from error
    return parsed


def _open_sqlite(url: URL) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    if in_memory:
        # One connection, or every thread would see an empty database of its own.
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"check_same_thread": False},
        )
    else:
        _make_room(Path(str(url.database)).expanduser())
        engine = create_engine(
            url.set(database=os.fspath(Path(str(url.database)).expanduser())), poolclass=QueuePool, max_overflow=20
        )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "before_cursor_execute", _begin_at_first_statement)
    return engine


def _make_room(path: Path) -> None:
    if path.is_dir():
        raise DatabaseUnusable(f"database {path}: is a folder; name a file in it, such as {path / 'vedette.db'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(
            f"database {path}: its folder cannot be made ({error.strerror}); choose another by VEDETTE_DB"
        ) from error
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise DatabaseUnusable(
                f"database {path}: {place} is not writable; change its rights or choose another by VEDETTE_DB"
            )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction control begins too late and never IMMEDIATE; ours replaces it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_WITHIN_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("vedette_intent") == "write":
        connection.info.pop("vedette_begin_due", None)
        _raw(connection, "BEGIN IMMEDIATE")
    else:
        connection.info["vedette_begin_due"] = True


READS = re.compile(r"\s*(SELECT|VALUES|EXPLAIN|PRAGMA)\b", re.IGNORECASE)
READS_UNLESS = re.compile(r"\s*WITH\b(?!.*\b(INSERT|UPDATE|DELETE)\b)", re.IGNORECASE | re.DOTALL)


def _begin_at_first_statement(
    connection: Connection, _cursor: object, statement: str, _parameters: object, _context: object, _many: bool
) -> None:
    # A deferred transaction that turns into a writer fails at once when another wrote meanwhile, whatever the busy
    # timeout; so a transaction whose first statement writes takes the lock before it.
    if connection.info.pop("vedette_begin_due", False):
        reads = READS.match(statement) or READS_UNLESS.match(statement)
        _raw(connection, "BEGIN" if reads else "BEGIN IMMEDIATE")


def _raw(connection: Connection, statement: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    if not driver.in_transaction:
        try:
            driver.execute(statement)
        except sqlite3.Error as error:
            # As it would come out of any other statement: whoever expects a database to be locked expects this.
            raise OperationalError(statement, None, error) from error


def _open_postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            max_overflow=20,
            connect_args={"connect_timeout": CONNECT_WITHIN_S, **({} if "options" in url.query else IN_UTC)},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise DatabaseUnusable("database: PostgreSQL needs its driver; install vedette[postgres]") from error


def _try(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        place = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0]
        engine.dispose()
        # On a disk that is full to the last byte even opening fails so.
        full = "disk I/O error" in reason
        remedy = (
            "the disk is full or failing; free some space" if full else "check the address, the server and the rights"
        )
        raise DatabaseUnusable(f"database {place}: {reason}; {remedy}") from error
