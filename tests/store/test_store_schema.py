"""The history of the schema: a new database and an upgraded one are the same, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from store_builders import PROBLEM

from feeds import store as collection
from feeds.database import metadata, open_engine
from indicators import store
from indicators.store import StoreProblem, reading, writing
from indicators.store.migrations import NEWEST
from indicators.store.schema import HISTORY


def test_the_migrated_schema_is_the_one_in_the_rooms(engine: Engine) -> None:
    """Every table, column, type, index and constraint that the stores use is what the migrations made."""
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert inspect(connection).has_table("alembic_version")


def test_the_newest_step_is_named() -> None:
    """The shortcut for an up-to-date database looks at the step that is really the last."""
    config = Config()
    config.set_main_option("script_location", str(HISTORY))
    script = ScriptDirectory.from_config(config)
    assert script.get_current_head() == NEWEST
    assert len(script.get_bases()) == 1


def test_upgrading_again_touches_nothing(engine: Engine) -> None:
    """Every start may upgrade: what is there stays."""
    with writing(engine) as connection:
        store.signals.set_cursor(connection, PROBLEM, 7)
    store.upgrade(engine)
    with reading(engine) as connection:
        assert store.signals.cursor(connection, PROBLEM).seq == 7


def test_a_database_that_collection_began_is_taken_over(tmp_path: Path) -> None:
    """A poller that made its own tables first loses nothing when the rest joins them."""
    engine = open_engine(f"sqlite:///{tmp_path / 'begun.db'}")
    collection.create_tables(engine)
    store.upgrade(engine)
    with reading(engine) as connection:
        assert store.signals.count(connection, PROBLEM) == 0
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == NEWEST
    engine.dispose()


def test_two_processes_may_start_at_once(engine: Engine) -> None:
    """Poller and pages upgrade the same new database together, and both find it whole."""
    with writing(engine) as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    troubles: list[BaseException] = []

    def start() -> None:
        try:
            store.upgrade(engine)
        except BaseException as trouble:  # noqa: BLE001 -- carried to the main thread
            troubles.append(trouble)

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert troubles == []
    with reading(engine) as connection:
        assert store.signals.count(connection, PROBLEM) == 0


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    """A database of a later version is refused in one line, and not touched."""
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreProblem, match="which this version does not know") as refused:
        store.upgrade(engine)
    assert "\n" not in str(refused.value)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
