"""What a day of a replay costs the store, and a page after years; tiny in the normal run, full with VEDETTE_BENCH=full.

The plain way beside it keeps every version of an event as one JSON text, each in a transaction of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from store_builders import DAY, HOUR, NOON, PROBLEM, a_recommendation, a_report, a_signal, a_standing, an_event

from feeds.database import open_engine
from indicators import store
from indicators.model.event import Event
from indicators.model.level import Level
from indicators.model.series import CountChange, DayCoverage
from indicators.store import reading, writing

pytestmark = pytest.mark.benchmark

FULL = os.environ.get("VEDETTE_BENCH") == "full"
DAYS = 120 if FULL else 8
INDICATORS = [f"indicator{number:02}" for number in range(30)]


def a_day(number: int) -> list[Event]:
    """Twenty happenings of two reports each."""
    at = NOON + number * DAY
    return [
        an_event(
            f"e{number}-{one}",
            *(
                a_report(f"feed{voice}:{number}-{one}", at=at + voice * HOUR, indicator=INDICATORS[one])
                for voice in (0, 1)
            ),
            indicator=INDICATORS[one],
            occurred_on=at.date(),
        )
        for one in range(20)
    ]


def write_a_day(engine: Engine, number: int) -> None:
    """What the spine writes in a day: signals, events that grow, counts, coverage, standings every three hours."""
    at, events = NOON + number * DAY, a_day(number)
    uncounted = [a_signal(f"noise:{number}-{one}", at=at, counted=False) for one in range(40)]
    with writing(engine) as connection:
        signals = [report.signal for event in events for report in event.reports]
        store.signals.add_signals(connection, PROBLEM, [*signals, *uncounted])
        store.signals.set_cursor(connection, PROBLEM, number)
        first = [an_event(event.event_id, event.reports[0], indicator=event.indicator) for event in events]
        store.events.save(connection, PROBLEM, first, at)
        store.events.save(connection, PROBLEM, events, at + HOUR)
        changes = [
            CountChange(problem=PROBLEM, indicator=one, occurred_on=at.date(), known_at=at, events=1, mentions=2)
            for one in INDICATORS[:20]
        ]
        store.series.add_changes(connection, changes)
    held: dict[tuple[str, date], DayCoverage] = {}
    for look in range(8):
        now = at + look * 3 * HOUR
        with writing(engine) as connection:
            seen = [
                DayCoverage(indicator=one, day=(now - back * DAY).date(), exposure=2.0 + look, coverage=0.9)
                for one in INDICATORS
                for back in range(8)
            ]
            news = store.series.save_coverage(connection, PROBLEM, seen, now, held=held)
            held |= {(row.indicator, row.day): row for row in news}
            standings = [a_standing(one, Level(number % 4), at=now, count=look) for one in INDICATORS]
            store.levels.save_standings(connection, standings)
            store.levels.save_recommendation(connection, a_recommendation(3 + number % 2, at=now))


def write_a_day_plainly(path: Path, number: int) -> None:
    """The same events of a day, a text and a commit for each version, and nothing else."""
    events = a_day(number)
    first = [an_event(event.event_id, event.reports[0], indicator=event.indicator) for event in events]
    connection = sqlite3.connect(path)
    connection.execute("create table if not exists events (id text, version text)")
    for event in (*first, *events):
        connection.execute("insert into events values (?, ?)", (event.event_id, json.dumps(asdict(event), default=str)))
        connection.commit()
    connection.close()


def took(work: Callable[[], object]) -> float:
    """Milliseconds of processor time, the best of three."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        work()
        best = min(best, 1000 * (time.process_time() - begun))
    return best


def test_a_day_and_a_page_are_cheap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day of a replay written and a page read, beside the plainest way to keep the same events."""
    engine = open_engine(f"sqlite:///{tmp_path / 'vedette.db'}")
    store.upgrade(engine)
    begun = time.process_time()
    for number in range(DAYS):
        write_a_day(engine, number)
    each = 1000 * (time.process_time() - begun) / DAYS
    begun = time.process_time()
    for number in range(DAYS):
        write_a_day_plainly(tmp_path / "plain.db", number)
    plain = 1000 * (time.process_time() - begun) / DAYS
    now = NOON + DAYS * DAY
    month = (now - timedelta(days=30)).date()
    with reading(engine) as connection:
        reads = {
            "board": lambda: store.levels.board(connection, PROBLEM, as_of=now),
            "events of a month": lambda: store.events.events(connection, PROBLEM, month, as_of=now),
            "counts of everything": lambda: store.series.counts(connection, PROBLEM, as_of=now),
            "coverage of a month": lambda: store.series.coverage_frame(connection, PROBLEM, month, as_of=now),
            "200 rows of evidence": lambda: store.evidence.evidence(
                connection, PROBLEM, as_of=now, indicators=INDICATORS[:1], limit=200
            ),
            "level changes of a day": lambda: store.levels.level_changes(
                connection, PROBLEM, since=now - DAY, as_of=now
            ),
        }
        times = {name: took(work) for name, work in reads.items()}
        board = store.levels.board(connection, PROBLEM, as_of=now)
    with capsys.disabled():
        print(
            f"\nstore, {DAYS} days: a day written in {each:.1f} ms, its events alone as plain texts in "
            f"{plain:.1f} ms ({each / plain:.1f} times as dear for signals, events, counts, coverage and levels); "
            + "; ".join(f"{n} {t:.1f} ms" for n, t in times.items())
        )
    engine.dispose()
    assert board
