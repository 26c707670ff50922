"""Levels as of every past instant are those that were shown then, whatever came late."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import store as items
from feeds.database import open_engine
from feeds.model import Feed, Item, Outcome, Poll
from indicators import store
from indicators.catalogue import Catalogue, load
from indicators.model.level import Level, WatchCondition
from indicators.pipeline import Pipeline
from indicators.replay import recording
from indicators.settings import Settings, data_folder
from indicators.store import levels, reading, writing

BEGIN = datetime(2022, 12, 17, tzinfo=UTC)
END = datetime(2022, 12, 23, tzinfo=UTC)
STEP = timedelta(hours=8)
Shown = dict[str, tuple[Level, bool, int, str, str]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder())


@pytest.fixture(scope="module")
def tape() -> recording.Recording:
    return recording.load("belarus-2022-12", shipped=data_folder() / "replay")


def live(
    engine: Engine, catalogue: Catalogue, feeds: dict[str, Feed], published: list[Item], until: datetime
) -> dict[datetime, tuple[WatchCondition, Shown]]:
    """The watch from its beginning to `until`, and what it showed at each step."""
    spine = Pipeline(engine, [catalogue], feeds, settings=Settings())
    shown = {}
    now = BEGIN
    while now <= until:
        due = [item for item in published if now - STEP < item.known_at <= now]
        with writing(engine) as connection:
            items.add_items(connection, due)
            items.add_polls(
                connection,
                [
                    Poll(feed_id=name, polled_at=now, outcome=Outcome.OK, status=200, new_items=3)
                    for number, name in enumerate(feeds)
                    if (number + now.day) % 7
                ],
            )
        spine.advance(now)
        shown[now] = as_of(engine, catalogue.problem.id, now)
        now += STEP
    return shown


def as_of(engine: Engine, problem: str, at: datetime) -> tuple[WatchCondition, Shown]:
    """The board of an instant, read back."""
    with reading(engine) as connection:
        recommended = levels.latest_recommendation(connection, problem, as_of=at)
        standings = levels.latest_standings(connection, problem, as_of=at)
    assert recommended is not None
    return recommended.condition, {
        one.indicator: (one.level, one.no_data, one.count, one.episode, one.why) for one in standings
    }


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1000), cut=st.integers(3, 17))
def test_a_past_instant_shows_what_was_shown(
    catalogue: Catalogue, tape: recording.Recording, seed: int, cut: int
) -> None:
    """With reports up to four days late in any order, each past board reads as it was shown, and a watch that ended at
    any instant had shown the same."""
    chance = random.Random(seed)
    published = []
    for item in tape.items():
        if BEGIN - timedelta(days=2) <= item.published_at < END:
            late = timedelta(hours=chance.choice((0.1, 1, 5, 30, 96)))
            published.append(
                Item(
                    item_id=item.item_id,
                    source=item.source,
                    url=f"http://recording.invalid/{item.item_id}",
                    title=item.title,
                    text=item.text,
                    published_at=item.published_at,
                    known_at=max(item.published_at + late, BEGIN - timedelta(hours=1)),
                    lang=item.lang,
                )
            )
    published.sort(key=lambda item: (item.known_at, item.item_id))
    feeds = {feed.feed_id: feed for feed in tape.feeds}
    with TemporaryDirectory() as folder:
        whole, short = (open_engine(f"sqlite:///{Path(folder) / name}.db") for name in ("whole", "short"))
        for engine in (whole, short):
            store.upgrade(engine)
        shown = live(whole, catalogue, feeds, published, END)
        for at, board in shown.items():
            assert as_of(whole, catalogue.problem.id, at) == board
        until = BEGIN + cut * STEP
        assert live(short, catalogue, feeds, published, until)[until] == shown[until]
        assert any(level is not Level.NORMAL for _, board in shown.values() for level, *_ in board.values())
        for engine in (whole, short):
            engine.dispose()
