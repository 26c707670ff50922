"""A warning problem is configuration: a second one, of YAML alone, with the wording of the first."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_cases import replayed

from indicators.catalogue import load
from indicators.settings import data_folder

FULL = os.environ.get("VEDETTE_BENCH") == "full"


def steps(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """The changes of the condition: day and level."""
    return [(row["at"], row["level"]) for row in rows if row["kind"] == "level"]


def test_it_shares_the_wording_and_has_a_ground_of_its_own() -> None:
    """Every rule of the first problem's lexicon is in the second, whose area and sufficiency line are its own."""
    first, second = (load(data_folder(), problem=problem) for problem in ("belarus", "ukraine-east"))
    shared, own = ({text for _, _, text, _ in one.lexicon.examples()} for one in (first, second))
    assert shared < own
    assert first.problem.area.countries.isdisjoint(second.problem.area.countries)
    assert second.problem.sufficiency_line > first.problem.sufficiency_line


def test_what_gathers_in_the_east_is_of_the_second_problem_alone(tmp_path: Path) -> None:
    """Troops that mass on the eastern border bring the second problem to Interest and leave the first at Routine."""
    begins = datetime(2021, 3, 1, 9, tzinfo=UTC)
    rows = [
        {"published_at": (begins + timedelta(days=day, hours=hour)).isoformat(), "source": source,
         "title": f"Calm news of day {day}", "text": "", "url": f"http://{source}/{day}", "lang": "en"}
        for day in range(60) for hour, source in ((0, "wire.example"), (1, "paper.example"))
    ]  # fmt: skip
    massing = ("Russian forces are massing on Ukraine's border", "Russian troops arrive in Crimea by train")
    rows += [
        {"published_at": (begins + timedelta(days=38 + 3 * n)).isoformat(), "source": "wire.example", "title": title,
         "text": "", "url": f"http://wire.example/m{n}", "lang": "en"}
        for n, title in enumerate(massing)
    ]  # fmt: skip
    path = tmp_path / "spring.jsonl"
    path.write_text("\n".join(map(json.dumps, sorted(rows, key=lambda row: row["published_at"]))), encoding="utf-8")
    assert [level for _, level in steps(replayed(str(path), "--problem", "ukraine-east"))] == [5, 4, 5]
    assert [level for _, level in steps(replayed(str(path), "--problem", "belarus"))] == [5]


@pytest.mark.shared_data
def test_the_spring_of_2021_shows_where_it_belongs(shared: Path) -> None:
    """The build-up of April 2021 stands in the second problem and is gone by the summer; the first stays at 5 or 4."""
    archive = str(shared / "archive" / "rss_2021-01_2021-08.jsonl.gz")
    days = [] if FULL else ["--from", "2021-03-20", "--to", "2021-05-20"]
    reached = steps(replayed(archive, *days, "--problem", "ukraine-east"))
    assert any(at.startswith("2021-04") and level <= 4 for at, level in reached)
    assert reached[-1][1] == 5
    if FULL:
        assert {level for _, level in steps(replayed(archive, "--problem", "belarus"))} <= {4, 5}
