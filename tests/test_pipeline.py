"""The spine: what it keeps, what a restart changes (nothing), and what it shows of the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from feeds import store as items
from feeds.database import open_engine
from feeds.model import Feed, Item, Outcome, Poll
from indicators import store
from indicators.catalogue import Catalogue, load
from indicators.events.ruling import joining
from indicators.model.event import Event
from indicators.pipeline import Pipeline
from indicators.replay import recording
from indicators.settings import Settings, data_folder
from indicators.store import events, levels, reading, rulings, series, writing

BEGIN = datetime(2022, 12, 11, tzinfo=UTC)
END = datetime(2022, 12, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder())


@pytest.fixture(scope="module")
def tape() -> recording.Recording:
    return recording.load("belarus-2022-12", shipped=data_folder() / "replay")


@pytest.fixture(scope="module")
def published(tape: recording.Recording) -> list[Item]:
    """The recorded items of twelve days, known an hour after they were published."""
    return sorted(
        (
            Item(
                item_id=f"{one.source}:{one.id}",
                source=one.source,
                url=f"http://recording.invalid/{one.id}",
                title=one.title,
                text=one.text,
                published_at=one.at,
                known_at=one.at + HOUR,
                lang=one.lang,
            )
            for ones in tape.publications.values()
            for one in ones
            if BEGIN <= one.at < END
        ),
        key=lambda item: (item.known_at, item.item_id),
    )


def a_store(folder: Path, name: str) -> Engine:
    engine = open_engine(f"sqlite:///{folder / name}.db")
    store.upgrade(engine)
    return engine


def live(
    engine: Engine, catalogue: Catalogue, feeds: dict[str, Feed], published: Iterable[Item], *, restarts: bool = False
) -> None:
    """Twelve days of the watch in steps of four hours: polls, items as they become known, the spine."""
    spine = Pipeline(engine, [catalogue], feeds, settings=Settings())
    waiting = list(published)
    now, step = BEGIN, timedelta(hours=4)
    while now <= END:
        if restarts:
            spine = Pipeline(engine, [catalogue], feeds, settings=Settings())
        due = [item for item in waiting if item.known_at <= now]
        waiting = waiting[len(due) :]
        with writing(engine) as connection:
            items.add_items(connection, due)
            items.add_polls(
                connection, [Poll(feed_id=name, polled_at=now, outcome=Outcome.OK, status=200) for name in feeds]
            )
        spine.advance(now)
        now += step


@pytest.fixture(scope="module")
def lived(tmp_path_factory, catalogue, tape, published) -> Engine:
    engine = a_store(tmp_path_factory.mktemp("spine"), "straight")
    live(engine, catalogue, {feed.feed_id: feed for feed in tape.feeds}, published)
    return engine


def picture(engine: Engine, problem: str, at: datetime) -> tuple[object, ...]:
    """All that was known at an instant."""
    with reading(engine) as connection:
        return (
            events.events(connection, problem, as_of=at),
            levels.board(connection, problem, as_of=at),
            series.counts(connection, problem, as_of=at).to_dict("list"),
        )


def test_a_restart_changes_nothing(lived, tmp_path, catalogue, tape, published):
    """A spine started anew at every step leaves the same events, counts and levels as one that never stopped."""
    again = a_store(tmp_path, "restarted")
    live(again, catalogue, {feed.feed_id: feed for feed in tape.feeds}, published, restarts=True)
    for day in range(2, 13, 2):
        at = BEGIN + timedelta(days=day)
        assert picture(again, catalogue.problem.id, at) == picture(lived, catalogue.problem.id, at)


def test_the_past_reads_as_it_was_shown(tmp_path, lived, catalogue, tape, published):
    """Looking back at an instant gives what a watch that ended at that instant had shown."""
    until = BEGIN + timedelta(days=9, hours=12)
    short = a_store(tmp_path, "short")
    live(
        short, catalogue, {feed.feed_id: feed for feed in tape.feeds},
        [item for item in published if item.known_at <= until],
    )  # fmt: skip
    assert picture(short, catalogue.problem.id, until) == picture(lived, catalogue.problem.id, until)


def test_the_ministrys_sentence_is_one_event(lived, catalogue):
    """However many pages carry the sentence of 13 December, the inspection it tells of counts once that day."""
    with reading(lived) as connection:
        found = events.events(
            connection, catalogue.problem.id, BEGIN.date(), datetime(2022, 12, 13, tzinfo=UTC).date(), as_of=END
        )
    inspections = [event for event in found if event.indicator == "snap_inspection" and event.counted]
    assert len(inspections) == 1
    assert len(inspections[0].reports) >= 4


def test_mondays_meeting_is_one_event(lived, catalogue):
    """The meeting of 19 December counts once, though a dozen pages tell of it in four languages."""
    with reading(lived) as connection:
        found = events.events(connection, catalogue.problem.id, as_of=END)
    monday = [
        event
        for event in found
        if event.indicator == "leader_meetings" and event.counted and event.occurred_on.isoformat() == "2022-12-19"
    ]
    assert len(monday) == 1
    assert len({report.signal.source for report in monday[0].reports}) >= 6


def test_the_movement_of_20_december_names_its_origin(lived, catalogue):
    """The movement is known from one monitor, however many outlets carry it."""
    with reading(lived) as connection:
        found = events.events(connection, catalogue.problem.id, as_of=END)
    moves = [
        event
        for event in found
        if event.indicator == "equipment_moves" and event.occurred_on.isoformat() == "2022-12-20"
    ]
    largest = max(moves, key=lambda event: len(event.reports))
    assert len({report.signal.source for report in largest.reports}) >= 4
    assert [origin.id for origin in largest.origins] == ["HAJUN"]


def test_it_never_shows_high(lived, catalogue):
    """A winter without an attack never reaches level 2 or 1, and the movement brings it at least to Interest."""
    with reading(lived) as connection:
        history = levels.condition_history(connection, catalogue.problem.id, as_of=END)
    assert min(step.condition for step in history) >= 3
    assert min(step.condition for step in history) <= 4


def test_an_officers_ruling_is_carried_out_and_the_past_stays(tmp_path, catalogue, tape, published):
    """Two happenings joined are one from then on, in events and counts, after a restart too; ended, they are two."""
    until = BEGIN + timedelta(days=9, hours=12)
    engine, feeds = a_store(tmp_path, "ruled"), {feed.feed_id: feed for feed in tape.feeds}
    live(engine, catalogue, feeds, [item for item in published if item.known_at <= until])
    problem = catalogue.problem.id

    def moves(at: datetime) -> list[Event]:
        with reading(engine) as connection:
            found = events.events(connection, problem, as_of=at, indicator="equipment_moves")
        return [event for event in found if event.counted and event.occurred_on.isoformat() == "2022-12-20"]

    def counted(at: datetime) -> int:
        with reading(engine) as connection:
            counts = series.counts(connection, problem, as_of=at, indicators=["equipment_moves"])
        return int(counts.loc[counts["day"].astype(str) == "2022-12-20", "events"].sum())

    def advanced(hours: int) -> datetime:
        at = END + hours * HOUR
        Pipeline(engine, [catalogue], feeds, settings=Settings()).advance(at)
        return at

    before = moves(END)
    assert len(before) >= 2
    ruling = joining(before, problem=problem, by="Orlova", at=END + HOUR, reason="one train, seen twice")
    with writing(engine) as connection:
        rulings.add(connection, ruling)
    joined_at = advanced(2)
    (one,) = moves(joined_at)
    assert "joined to one happening by Orlova" in one.why
    assert (counted(END), counted(joined_at)) == (len(before), 1)
    assert moves(END) == before
    with writing(engine) as connection:
        rulings.add(connection, replace(ruling, at=END + 3 * HOUR, in_force=False))
    ended_at = advanced(4)
    assert moves(ended_at) == before
    assert (counted(joined_at), counted(ended_at)) == (1, len(before))
