"""A watch in a database for the pages to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
import winter


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Pages that have read nothing yet, on a database that does not exist."""
    monkeypatch.setenv("VEDETTE_DB", f"sqlite:///{tmp_path / 'none' / 'absent.db'}")
    monkeypatch.setenv("VEDETTE_PROBLEM", winter.PROBLEM)
    monkeypatch.delenv("VEDETTE_CONFIG", raising=False)
    _forget()
    yield tmp_path
    _forget()


@pytest.fixture
def watch(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> winter.Winter:
    """Pages on a database with a winter in it, and a replay's poller alive."""
    kept = winter.keep_watch(fresh)
    monkeypatch.setenv("VEDETTE_DB", kept.url)
    return kept


def _forget() -> None:
    # The catalogue stays: reading it again would cost seconds and change nothing.
    from indicators.pages import reading

    reading.settings.clear()
    reading.registered.clear()
    st.cache_data.clear()
