"""`vedette thresholds preview`: what a limit would have done, before it is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from command_line import environment, vedette

from feeds.database import open_engine
from indicators import store
from indicators.model.alert import Alert, AlertKind
from indicators.model.level import Level
from indicators.model.series import CountChange, DayCoverage

PROBLEM, INDICATOR = "belarus", "equipment_moves"
TODAY = date(2022, 12, 20)
BURST, SMALL, LATE = date(2022, 3, 10), date(2022, 6, 1), date(2022, 9, 1)
NIGHT = time(23, 0, tzinfo=UTC)


def a_change(on: date, events: int, *, known_on: date | None = None) -> CountChange:
    return CountChange(
        problem=PROBLEM,
        indicator=INDICATOR,
        occurred_on=on,
        known_at=datetime.combine(known_on or on, time(12), UTC),
        events=events,
        mentions=events,
    )


@pytest.fixture(scope="module")
def year(tmp_path_factory) -> Iterator[str]:
    """A year with a burst of four, a two, and a four that became known a month late; blind in November."""
    url = f"sqlite:///{tmp_path_factory.mktemp('preview') / 'watch.db'}"
    engine = open_engine(url)
    store.upgrade(engine)
    with store.writing(engine) as connection:
        store.series.add_changes(
            connection,
            [a_change(BURST, 4), a_change(SMALL, 2), a_change(LATE, 4, known_on=LATE + timedelta(days=30))],
        )
        for number in range(380):
            day = TODAY - timedelta(days=number)
            share = 0.0 if day.month == 11 else 1.0
            row = DayCoverage(indicator=INDICATOR, day=day, exposure=share, coverage=share)
            store.series.save_coverage(connection, PROBLEM, [row], datetime.combine(day, NIGHT))
        alert = Alert(
            alert_id="A1",
            problem=PROBLEM,
            kind=AlertKind.INDICATOR,
            subject=INDICATOR,
            level=int(Level.WARNING),
            episode="e",
            raised_at=datetime.combine(BURST, time(13), UTC),
        )
        store.alerts.save(connection, [alert], at=alert.raised_at)
        store.alerts.assess(connection, "A1", assessment="true", at=datetime.combine(BURST, NIGHT))
    engine.dispose()
    with environment(VEDETTE_DB=url, VEDETTE_PROBLEM=PROBLEM, VEDETTE_CONFIG=None):
        yield url


def previewed(*words: str) -> dict:
    answer = vedette("thresholds", "preview", INDICATOR, "--as-of", f"{TODAY}", "--json", *words)
    assert answer.code == 0, answer.err
    (row,) = answer.rows
    return row


def test_rises_are_counted_as_then_known(year):
    """Twelve months are looked at; what became known a month late fired nothing, blind days are not observed."""
    found = previewed("--watch", "2", "--warning", "3", "--critical", "5", "--days", "3")
    assert (found["days"], found["events"]) == (365, 10)
    assert 325 <= found["observed"] <= 340
    assert found["fired"] == {"watch": 2, "warning": 1, "critical": 0}
    assert found["by_chance"]["watch"] > found["by_chance"]["critical"]
    assert set(found["within_budget"]) == {"watch", "warning", "critical"}


def test_a_higher_limit_says_what_it_misses(year):
    """A limit of five would have missed the burst that the present one saw, and the alert that was judged true."""
    found = previewed("--watch", "5", "--warning", "6", "--critical", "7")
    assert found["fired"] == {"watch": 0, "warning": 0, "critical": 0}
    assert {row["from"] for row in found["missed"]} >= {f"{BURST}"}
    assert found["missed_alerts"] == ["A1"]
    assert previewed()["missed"] == []
    assert previewed()["missed_alerts"] == []


def test_people_are_told_in_sentences(year):
    """Without --json the same is said in a few lines that name the limits and the days."""
    limits = ["--watch", "9", "--warning", "9", "--critical", "9"]
    said = vedette("thresholds", "preview", INDICATOR, "--as-of", f"{TODAY}", *limits)
    assert said.code == 0, said.err
    assert "In 365 days" in said.out
    assert f"on {BURST}" in said.out
    assert "alerts judged true (1): 2022-03-10 warning" in said.out
    assert "A budget of 1 false alarms a year" in said.out


def test_nothing_is_changed(year):
    """A preview sets no limit."""
    before = vedette("thresholds", "list").out
    previewed("--watch", "9", "--warning", "9", "--critical", "9")
    assert vedette("thresholds", "list").out == before


def test_limits_that_cannot_be_are_refused(year, tmp_path: Path):
    """Limits that do not rise, that count nothing, an unknown indicator, no database: exit 2, one line."""
    for words in (
        [INDICATOR, "--watch", "5", "--warning", "3"],
        [INDICATOR, "--watch", "0"],
        [INDICATOR, "--days", "0"],
        ["no_such_thing"],
        [INDICATOR, "--db", f"sqlite:///{tmp_path / 'none.db'}"],
    ):
        answer = vedette("thresholds", "preview", *words)
        assert answer.code == 2, words
        assert len(answer.err.splitlines()) == 1, answer.err
