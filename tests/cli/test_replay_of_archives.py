"""Replays over the dated headlines that lie beside a developer's checkout: quiet stretches stay quiet, and quick."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from command_line import vedette

from indicators.replay.truth import judge, read

FULL = os.environ.get("VEDETTE_BENCH") == "full"
QUIET = {
    "rss_2021-01_2021-08": ("2021-04-01", "2021-04-21"),
    "rss_2023-04_2023-12": ("2023-09-01", "2023-09-12"),
}
"""Each archive, and the days of it that the normal run takes."""


@pytest.mark.shared_data
@pytest.mark.parametrize("name", QUIET)
def test_a_quiet_stretch_never_reaches_high(shared: Path, name: str):
    """Neither eight months of 2021 nor nine of 2023 reach level 2 or 1."""
    first, last = QUIET[name]
    days = [] if FULL else ["--from", first, "--to", last]
    answer = vedette("replay", shared / "archive" / f"{name}.jsonl.gz", *days, "--problem", "belarus", "--json")
    assert answer.code == 0, answer.err
    assert answer.rows[-1]["days_at_level"]["2"] == answer.rows[-1]["days_at_level"]["1"] == 0
    assert min(row["level"] for row in answer.rows if row["kind"] == "level") >= 3


@pytest.mark.shared_data
def test_new_sources_raise_nothing_by_themselves(shared: Path):
    """When an archive's sources grow from two to nearly thirty, no jump of the level comes with them."""
    path = shared / "archive" / "rss_2022-03_2022-09.jsonl.gz"
    answer = vedette("replay", path, "--from", "2022-08-25", "--to", "2022-09-07", "--problem", "belarus", "--json")
    assert answer.code == 0, answer.err
    assert answer.rows[-1]["days_at_level"]["2"] == 0


@pytest.mark.shared_data
@pytest.mark.benchmark
def test_a_year_of_thirty_thousand_items(shared: Path):
    """Thirty thousand items take less than a minute of one core; the normal run asks the same of a hundredth."""
    name, first, last = (
        ("2023-04_2023-12", "2023-04-01", "2023-07-10") if FULL else ("2021-01_2021-08", "2021-02-01", "2021-02-05")
    )
    path = shared / "archive" / f"rss_{name}.jsonl.gz"
    days = ["--from", first, "--to", last]
    started = time.process_time()
    answer = vedette("replay", path, *days, "--problem", "belarus", "--json")
    took = time.process_time() - started
    read_first = 8.0  # every row of the archive is read, whichever days are asked for; the catalogue is loaded
    items = answer.rows[-1]["items"]
    assert took < read_first + 60 * items / 30_000, f"{took:.1f} s of CPU for {items} items"


def test_a_truth_file_of_the_handbook(tmp_path):
    """The truth file printed in the handbook can be used as it stands."""
    from indicators.settings import data_folder

    chapter = (data_folder() / "handbook" / "commands.md").read_text(encoding="utf-8")
    path = tmp_path / "truth.yaml"
    path.write_text(chapter.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    happened = read(path)
    assert [one.attack for one in happened] == [True, False]
    assert judge({}, happened).days_at == {5: 0, 4: 0, 3: 0, 2: 0, 1: 0}
