"""The same store tests on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from feeds.database import open_engine
from indicators import store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty, up-to-date database of each kind."""
    url = (
        f"sqlite:///{tmp_path / 'vedette.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    engine = open_engine(url)
    store.upgrade(engine)
    yield engine
    engine.dispose()
