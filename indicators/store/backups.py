"""A copy of an embedded database while it is in use, and the way back from it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from feeds.database import open_engine
from indicators.store.problems import StoreProblem, explain
from indicators.store.schema import upgrade

PAGES_AT_ONCE = 2_000
"""Between so many pages writers get their turn."""
BUSY_WITHIN_S = 30.0


def backup(engine: Engine, path: Path) -> Path:
    """Copy the database to `path` as it stands, while others write; a copy that failed leaves no file behind."""
    source = _file_of(engine)
    if path.is_dir():
        raise StoreProblem(f"backup {path}: is a folder; name a file in it")
    if path.exists() and path.samefile(source):
        raise StoreProblem(f"backup {path}: is the database itself; name another file")
    unfinished = path.with_name(f"{path.name}.part")
    with _explained(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, unfinished)
            _make_one_file(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def restore(url: str, path: Path) -> Path | None:
    """Put the copy at `path` in place of the database at `url`, and bring it to the newest schema.

    What stood there before is kept beside it; the answer says where, or None when there was nothing. A poller or page
    that has the database open sees the restored one with its next look.
    """
    _check(path)
    engine = open_engine(url)
    target = _file_of(engine)
    if path.samefile(target):
        raise StoreProblem(f"restore {path}: is the database itself; name a copy that `vedette db backup` made")
    kept = None
    with _explained(target):
        if _holds_tables(target):
            kept = backup(engine, target.with_name(f"{target.name}.before-restore"))
        _copy(path, target)
    upgrade(engine)
    engine.dispose()
    return kept


def _file_of(engine: Engine) -> Path:
    if engine.dialect.name != "sqlite":
        raise StoreProblem("backup: PostgreSQL has its own tools; use pg_dump and pg_restore")
    if not engine.url.database or engine.url.database == ":memory:":
        raise StoreProblem("backup: a database in memory has no file; name one by VEDETTE_DB")
    return Path(engine.url.database)


def _check(path: Path) -> None:
    if not path.is_file():
        raise StoreProblem(f"restore {path}: no such file; name a copy that `vedette db backup` made")
    with _explained(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found != "ok":
        raise StoreProblem(f"restore {path}: the copy is damaged ({' '.join(str(found).split())}); take an older one")
    if not {"items", "signals"} <= tables:
        raise StoreProblem(f"restore {path}: holds no Vedette tables; name a copy that `vedette db backup` made")


def _holds_tables(target: Path) -> bool:
    with closing(sqlite3.connect(target, timeout=BUSY_WITHIN_S)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_WITHIN_S)) as old,
        closing(sqlite3.connect(target, timeout=BUSY_WITHIN_S)) as new,
    ):
        old.backup(new, pages=PAGES_AT_ONCE, sleep=0.01)


def _make_one_file(path: Path) -> None:
    """A copy travels as one file: without a write-ahead log beside it."""
    with closing(sqlite3.connect(path, timeout=BUSY_WITHIN_S)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, place=os.fspath(place)) or StoreProblem(f"database {place}: {error}; try again") from error
    except OSError as error:
        raise StoreProblem(f"database {place}: {error.strerror}; choose another place or change its rights") from error
