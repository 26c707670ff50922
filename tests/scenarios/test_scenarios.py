"""Every scenario of this folder: days of counts, and the level each day must show.

counts: one number a day; `~` is a day on which the feeds were down
levels: the level shown at the end of each day (normal, watch, warning, critical)
no_data: yes or no for each day; left out, no day may show it
watch, warning, critical, within: the officer's limits; left out, 2, 3 and 5 in 3 days
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from indicators.levels import absolute
from indicators.levels.detector import History
from indicators.levels.hysteresis import advance
from indicators.model.level import Standing, Thresholds

HERE = Path(__file__).parent
KEYS = {"counts", "levels", "no_data", "watch", "warning", "critical", "within", "why"}


def read(path: Path) -> dict[str, Any]:
    """The scenario, refused when it holds what this runner would not look at."""
    scenario: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = scenario.keys() - KEYS
    assert not unknown, f"{path.name}: unknown keys {sorted(unknown)}"
    assert len(scenario["counts"]) == len(scenario["levels"]), f"{path.name}: give one level for each count"
    return scenario


def run(scenario: dict[str, Any]) -> list[Standing]:
    """The standing at the end of each day, each from what was known then."""
    limits = Thresholds(
        watch=scenario.get("watch", 2),
        warning=scenario.get("warning", 3),
        critical=scenario.get("critical", 5),
        within=timedelta(days=int(str(scenario.get("within", "3d")).rstrip("d"))),
    )
    counts = scenario["counts"]
    first = date(2022, 12, 1)
    standings: list[Standing] = []
    for number in range(len(counts)):
        day = first + timedelta(days=number)
        now = datetime.combine(day, time(23, 59), tzinfo=UTC)
        lead = [0] * 7  # a quiet week before, so that the window is full from the first day
        known = [*lead, *counts[: number + 1]]
        history = History(
            days=[first + timedelta(days=n - len(lead)) for n in range(len(known))],
            counts=[None if count is None else float(count) for count in known],  # type: ignore[arg-type]
            coverage=[0.0 if count is None else 1.0 for count in known],  # type: ignore[arg-type]
        )
        standings.append(
            advance(
                standings[-1] if standings else None,
                [absolute.read(history, thresholds=limits, as_of=now)],
                problem="scenario",
                indicator="i",
                now=now,
                coverage=absolute.seen_over(history, within=limits.within, as_of=now),
            )
        )
    return standings


@pytest.mark.parametrize("path", sorted(HERE.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_scenario_shows_the_levels_it_says(path: Path) -> None:
    """Each day's level and no-data flag are those written in the file."""
    scenario = read(path)
    standings = run(scenario)
    assert [standing.level.word for standing in standings] == scenario["levels"]
    expected = scenario.get("no_data", [False] * len(standings))
    assert [standing.no_data for standing in standings] == expected
