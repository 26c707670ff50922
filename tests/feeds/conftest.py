"""Engines for the tests of collection: everything that touches the store must hold on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from feeds import store
from feeds.database import open_engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store, on each database in turn."""
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path / 'vedette.db'}")
    else:
        opened = open_engine(request.getfixturevalue("postgres_url"))
    store.create_tables(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An empty store on SQLite, for what does not depend on the database."""
    opened = open_engine(f"sqlite:///{tmp_path / 'vedette.db'}")
    store.create_tables(opened)
    yield opened
    opened.dispose()
