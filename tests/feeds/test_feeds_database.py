"""The engine: both databases, instants, and locks that are taken in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, event, insert, select, text
from sqlalchemy.exc import OperationalError

from feeds.database import DatabaseUnusable, Instant, open_engine, reading, writing

TIMES = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", Instant))
NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)


@pytest.fixture
def times(engine: Engine) -> Engine:
    """A store with one table of instants."""
    TIMES.create(engine)
    return engine


def test_an_instant_returns_as_the_same_instant_in_utc(times: Engine) -> None:
    """Whatever zone an instant was written in, it comes back as the same instant, in UTC."""
    minsk = NOON.astimezone(timezone(timedelta(hours=3)))
    with writing(times) as connection:
        connection.execute(insert(TIMES), [{"at": NOON}, {"at": minsk}, {"at": None}])
    with reading(times) as connection:
        found = connection.execute(select(TIMES.c.at).order_by(TIMES.c.id)).scalars().all()
    assert found == [NOON, NOON, None]
    assert found[1] is not None
    assert found[1].tzinfo is UTC


def test_a_naive_instant_is_refused(times: Engine) -> None:
    """Nobody can say which zone a naive instant means, so it is never stored."""
    with pytest.raises(Exception, match="has no zone"), writing(times) as connection:
        connection.execute(insert(TIMES), [{"at": datetime(2022, 12, 20)}])  # noqa: DTZ001 - that is the fault


def test_instants_compare_in_sql(times: Engine) -> None:
    """Fractions of a second do not upset the order: text on SQLite is of fixed width."""
    hours = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1)]
    with writing(times) as connection:
        connection.execute(insert(TIMES), [{"at": at} for at in reversed(hours)])
    with reading(times) as connection:
        later = connection.execute(select(TIMES.c.at).where(TIMES.c.at > NOON).order_by(TIMES.c.at)).scalars().all()
    assert later == hours[1:]


def test_a_reader_does_not_wait_for_a_writer(times: Engine) -> None:
    """A page can be read while a poll is being written, and sees nothing of it before it is whole."""
    with writing(times) as writer:
        writer.execute(insert(TIMES), [{"at": NOON}])
        with reading(times) as reader:
            assert reader.execute(select(TIMES.c.id)).all() == []


def test_read_then_write_waits_its_turn(tmp_path: Path) -> None:
    """Two transactions that read first and write later both succeed, one after the other, instead of one failing."""
    engine = open_engine(tmp_path / "turns.db")
    TIMES.create(engine)
    import threading

    def count_and_add() -> None:
        for _ in range(20):
            with writing(engine) as connection:
                count = len(connection.execute(select(TIMES.c.id)).all())
                connection.execute(insert(TIMES), [{"id": count + 1, "at": NOON}])

    threads = [threading.Thread(target=count_and_add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert len(connection.execute(select(TIMES.c.id)).all()) == 80


def test_a_locked_database_is_told_as_any_other_trouble(tmp_path: Path) -> None:
    """A writer that waits in vain for its turn ends in the error that every caller of a database looks for."""
    engine = open_engine(tmp_path / "x.db")

    @event.listens_for(engine, "checkout")
    def impatient(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    with writing(engine), pytest.raises(OperationalError, match="locked"), writing(engine):
        pass
    engine.dispose()


def test_sqlite_is_set_up_for_a_poller_and_pages(sqlite: Engine) -> None:
    """Write-ahead log, foreign keys and a patient busy timeout are on for every connection."""
    with reading(sqlite) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "foreign_keys")
        }
        busy = connection.execute(text("PRAGMA busy_timeout")).scalar_one()
    assert found == {"journal_mode": "wal", "foreign_keys": 1}
    assert busy >= 10_000


def test_the_folder_of_a_database_is_made(tmp_path: Path) -> None:
    """A first start needs no preparation: the folder is made."""
    open_engine(tmp_path / "new" / "deep" / "vedette.db")
    assert (tmp_path / "new" / "deep" / "vedette.db").exists()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////proc/none/vedette.db", "cannot be made"),
        ("mysql://user:secret@host/name", "'mysql' is not served"),
        ("://", "cannot be read"),
        ("postgresql://user:secret@127.0.0.1:1/name", "check the address"),
    ],
)
def test_an_unusable_database_is_named_with_its_remedy(url: str, says: str) -> None:
    """One line says which database, what is wrong and what to do, and never repeats a password."""
    with pytest.raises(DatabaseUnusable) as caught:
        open_engine(url)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """A folder where a file is meant is said, with a file name to use."""
    with pytest.raises(DatabaseUnusable, match="is a folder"):
        open_engine(tmp_path)


def test_a_database_in_memory_is_one_for_all_threads() -> None:
    """A test may use memory: a second thread sees what the first wrote."""
    from concurrent.futures import ThreadPoolExecutor

    engine = open_engine("sqlite://")
    TIMES.create(engine)
    with writing(engine) as connection:
        connection.execute(insert(TIMES), [{"at": NOON}])

    def count() -> int:
        with reading(engine) as connection:
            return len(connection.execute(select(TIMES.c.id)).all())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(count).result() == 1
