"""An attack, a scare and a fuss, replayed: what the ladder must reach and what it must not."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indicators.settings import data_folder

RECORDED = data_folder() / "replay"


def replayed(*words: str) -> list[dict[str, Any]]:
    """The lines of `vedette replay --json`."""
    answer = subprocess.run(
        [sys.executable, "-m", "indicators.cli", "replay", *words, "--json"],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture(scope="module")
def attack() -> list[dict[str, Any]]:
    folder = RECORDED / "belarus-2022-02"
    return replayed(str(folder), "--truth", str(folder / "truth.yaml"))


def test_the_attack_is_warned_of(attack) -> None:
    """Case A reaches 2 a week before 24 February 2022 and 1 before it, and says by how many days."""
    summary = attack[-1]
    assert summary["lead_days"]["2"] >= 7
    assert summary["lead_days"]["1"] >= 1
    assert summary["false_days"]["2"] == 0
    print("\nlead days:", summary["lead_days"])


def test_a_claimed_pull_back_lowers_nothing(attack) -> None:
    """After 15 February, when a ministry announces a pull-back, the condition never falls."""
    steps = [(row["at"], row["level"]) for row in attack if row["kind"] == "level" and row["at"] >= "2022-02-15"]
    levels = [level for _, level in steps]
    assert levels == sorted(levels, reverse=True)


def test_a_replay_tells_all_its_figures(attack) -> None:
    """Before the summary stand each level's card, the naive rule, and precision and recall as the limit moves."""
    scores = attack[-2]
    assert scores["kind"] == "scores"
    card = scores["condition"]["2"]
    assert card["pod"] == 1.0
    assert card["far"] == 0.0
    assert card["lead_days"]["attack-2022-02-24"] == [9, 9]
    assert "too few events to rank rules" in card["why"]
    assert {"pod", "far", "false_per_week", "chance_pod"} <= scores["naive"].keys()
    assert [row["p"] for row in scores["precision_recall"]] == sorted(
        (row["p"] for row in scores["precision_recall"]), reverse=True
    )


QUIET = ("Shares end the week little changed", "A museum buys a lost portrait", "The cup final goes to penalties")
FUSS = [
    (6, "Belarus says it is sending troops to the border with Ukraine", "Minsk named drones that crossed its border."),
    (6, "Lukashenko: third of the army goes to the border", "He spoke on state television."),
    (7, "Belarus moves tanks to the Gomel region", "The defence ministry showed a train with armoured vehicles."),
    (8, "Ukraine warns Belarus against a tragic mistake", "Kyiv called on Minsk to pull back its forces."),
    (9, "Monitors: about 1,100 Belarusian soldiers near the border", "They stand up to 50 km from it."),
    (10, "Border guards see no strike group in Belarus", "The moves are information-related and political, they said."),
    (11, "Belarus deploys air defence near the border", "Additional units were placed on combat duty."),
    (
        13,
        "Forces near the border pose no threat, Kyiv says",
        "There are not enough of them for an offensive.",
    ),
]


def test_a_fuss_of_eleven_hundred_men_is_not_high(tmp_path: Path) -> None:
    """Case C, August 2024: moves and words for a week, 1,100 men counted, no attack; heard, and never level 2."""
    rows = []
    begins = datetime(2024, 5, 20, 8, tzinfo=UTC)
    for day in range(100):
        at = begins + timedelta(days=day)
        for source in ("wire.example", "paper.example"):
            title = QUIET[day % 3]
            rows.append({"published_at": at, "source": source, "title": f"{title}, day {day}", "text": ""})
    for back, title, text in FUSS:
        for hours, source in ((0, "wire.example"), (3, "paper.example")):
            at = datetime(2024, 8, 5, 9, tzinfo=UTC) + timedelta(days=back, hours=hours)
            rows.append({"published_at": at, "source": source, "title": title, "text": text})
    path = tmp_path / "fuss.jsonl"
    rows.sort(key=lambda row: row["published_at"])
    path.write_text(
        "\n".join(
            json.dumps({**row, "published_at": row["published_at"].isoformat(), "url": f"http://x/{n}", "lang": "en"})
            for n, row in enumerate(rows)
        ),
        encoding="utf-8",
    )
    summary = replayed(str(path))[-1]
    assert summary["days_at_level"]["2"] == summary["days_at_level"]["1"] == 0
    assert summary["signals"] > 5


def test_an_archive_coded_elsewhere_is_the_same_replay(tmp_path: Path) -> None:
    """With Dask, and from Parquet, the replay says what it says without; its tables can be read back."""
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: install vedette[cluster]")
    pytest.importorskip("distributed", reason="distributed is not installed: install vedette[cluster]")
    import pyarrow as pa

    rows = [
        {
            "published_at": (datetime(2022, 1, 1, 9, tzinfo=UTC) + timedelta(days=day)).isoformat(),
            "source": f"source{day % 2}.example",
            "title": f"Tanks moved to the Gomel region of Belarus, report {day}" if day % 5 == 0 else f"Calm day {day}",
            "text": "",
            "url": f"http://x/{day}",
            "lang": "en",
        }
        for day in range(30)
    ]
    lines, parquet = tmp_path / "a.jsonl", tmp_path / "a.parquet"
    lines.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    plain = replayed(str(lines))
    spread = replayed(str(parquet), "--engine", "dask", "--workers", "1", "--out", str(tmp_path / "out"))
    assert [row for row in spread if row["kind"] != "summary"] == [row for row in plain if row["kind"] != "summary"]
    assert spread[-1]["signals"] == plain[-1]["signals"] > 0
    assert pq.read_table(tmp_path / "out" / "signals.parquet").num_rows == plain[-1]["signals"]
    assert pq.read_table(tmp_path / "out" / "days.parquet").num_rows > 0
