"""What can befall a database while it works, said in one line with its remedy; nothing half-written ever stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError

from feeds import database
from feeds.database import DatabaseUnusable


class StoreProblem(DatabaseUnusable, OperationalError):
    """The database refused a read or a write for a reason outside the program; the step was rolled back whole.

    It is also the driver's kind of error: who is ready for a refusal by the database is ready for one in plain words.
    """

    def __init__(self, line: str) -> None:
        OperationalError.__init__(self, None, None, Exception(line))
        self.args = (line,)

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[StoreProblem], tuple[str]]:
        return StoreProblem, (str(self),)


SQLITE_REASONS = (
    ("disk is full", "the disk is full; free some space, the step is tried again and nothing recorded is lost"),
    ("readonly database", "is not writable; change the rights of the file and its folder, or set VEDETTE_DB"),
    ("database is locked", "another process kept it locked too long; stop that process or wait, then try again"),
    ("unable to open", "cannot be opened; check its folder and rights, or set VEDETTE_DB"),
    ("disk i/o error", "the disk is full or failing; free some space or check it, the step is tried again"),
    ("malformed", "is damaged; restore a copy: vedette db restore BACKUP"),
    ("not a database", "is not a Vedette database; name another file by VEDETTE_DB"),
    ("no such table", "has no tables yet or older ones; run: vedette db upgrade"),
    ("no such column", "has older tables; run: vedette db upgrade"),
)
POSTGRESQL_REASONS = {
    "53100": "the server's disk is full; free some space, the step is tried again and nothing recorded is lost",
    "25006": "is read-only; connect to the primary server or change the rights",
    "42501": "this account may not do that; grant it rights on the schema",
    "53300": "the server has no connection left; raise max_connections or run fewer processes",
    "57P01": "the server is shutting down; start it again",
    "42P01": "has no tables yet or older ones; run: vedette db upgrade",
    "42703": "has older tables; run: vedette db upgrade",
}


def explain(error: BaseException, *, place: str) -> StoreProblem | None:
    """The one clear line for `error`, or None when it is a defect of ours and must show as one."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(original, sqlite3.Error):
        words = str(original).lower()
        for sign, remedy in SQLITE_REASONS:
            if sign in words:
                return StoreProblem(f"database {place}: {remedy}")
        return None
    state = getattr(original, "sqlstate", None)
    if state in POSTGRESQL_REASONS:
        return StoreProblem(f"database {place}: {POSTGRESQL_REASONS[state]}")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreProblem(f"database {place}: the connection was lost; check the server, the next round tries again")
    return None


def guard(engine: Engine) -> Engine:
    """`engine`, from now on raising `StoreProblem` where the database and not the program is at fault."""
    if not event.contains(engine, "handle_error", _raise_explained):
        event.listen(engine, "handle_error", _raise_explained)
    return engine


def _raise_explained(context: ExceptionContext) -> None:
    place = _place(context.engine) if context.engine is not None else ""
    problem = explain(context.sqlalchemy_exception or context.original_exception, place=place)
    if problem is not None:
        raise problem from context.original_exception


def _place(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return engine.url.database or "in memory"
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it stays or none, and trouble with the database is one `StoreProblem`."""
    try:
        with database.writing(engine) as connection:
            yield connection
    except (sqlite3.Error, DBAPIError) as error:
        _translate(error, engine)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent picture; trouble with the database is one `StoreProblem`."""
    try:
        with database.reading(engine) as connection:
            yield connection
    except (sqlite3.Error, DBAPIError) as error:
        _translate(error, engine)


def _translate(error: BaseException, engine: Engine) -> NoReturn:
    problem = explain(error, place=_place(engine))
    if problem is None:
        raise error
    raise problem from error
