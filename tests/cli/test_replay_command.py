"""`vedette replay`: the past as it would have been lived."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from command_line import an_archive, vedette

from feeds.model import Feed, FeedKind
from indicators.model.level import WatchCondition
from indicators.replay import archive, truth
from indicators.series.coverage import Lookout

UTC = ZoneInfo("UTC")
FIRST = date(2022, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def a_row(number: int, source: str, **given: Any) -> dict[str, Any]:
    return {"published_at": f"{day(number)}T10:00:00+00:00", "source": source} | given


# --- sources -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "domain"),
    [
        ("https://www.bbc.co.uk/news/rss.xml", "bbc.co.uk"),
        ("http://feeds.bbci.co.uk/news/rss.xml", "bbci.co.uk"),
        ("https://rss.nytimes.com/services/xml", "nytimes.com"),
        ("1tv.ru", "1tv.ru"),
        ("en.kremlin.ru speeches", "kremlin.ru"),
        ("https://tvn24.pl", "tvn24.pl"),
        ("A map of events (a group)", ""),
        ("", ""),
    ],
)
def test_an_owner_is_a_registered_domain(source: str, domain: str):
    """The owner of a source is the domain somebody registered, whatever host or page it is served from."""
    assert archive.registrable(source) == domain


def test_every_source_has_an_id_of_its_own():
    """Sources in any alphabet get an id that a registry takes; one address, with or without s, is one source."""
    sources = ["https://a.example/rss", "Карта событий", "Карта", "x" * 300, "A map (of, things)"]
    ids = [archive.slug(source) for source in sources]
    assert len(set(ids)) == len(ids)
    assert all(name.replace("_", "").isalnum() and name.isascii() and 2 <= len(name) <= 64 for name in ids)
    assert archive.slug("http://a.example/rss/") == archive.slug("https://www.a.example/rss")


def test_a_registered_source_keeps_its_grade_and_voice(tmp_path):
    """A source that the registry knows is that feed; one on a registered owner's domain is that owner's."""
    known = [
        Feed(feed_id="monitor", name="Monitor", url="https://t.me/s/monitor", speaks_for="MONITOR", reliability="B"),
        Feed(feed_id="paper", name="Paper", url="https://www.paper.example/world/rss", owner="press_house"),
    ]
    rows = [a_row(n, source) for n in range(8) for source in ("http://t.me/s/monitor", "https://paper.example/rss")]
    found = archive.gather([an_archive(tmp_path / "a.gz", *rows)], known=known, zone=UTC)
    assert found.feeds["monitor"].speaks_for == "MONITOR"
    assert found.feeds["paper_example_rss"].owner == "press_house"
    assert found.feeds["paper_example_rss"].topics == ("general",)
    assert {item.source for item in found.days[FIRST]} == {"monitor", "paper_example_rss"}


def test_channels_of_one_platform_are_different_voices(tmp_path):
    """Two channels on one platform share its domain and have different owners."""
    rows = [a_row(n, source) for n in range(8) for source in ("https://t.me/s/one", "https://t.me/s/two")]
    found = archive.gather([an_archive(tmp_path / "a.gz", *rows)], zone=UTC)
    assert len({feed.owner for feed in found.feeds.values()}) == 2


def test_languages_come_from_the_rows(tmp_path):
    """A source speaks what a fair share of its rows is in; a slip of the label makes no language."""
    rows = [a_row(n, "https://a.example", lang="en" if n == 9 else "pl") for n in range(10)]
    rows += [a_row(n, "https://b.example", lang="en" if n % 2 else "ru") for n in range(10)]
    found = archive.gather([an_archive(tmp_path / "a.gz", *rows)], zone=UTC)
    assert found.feeds["a_example"].languages == ("pl",)
    assert set(found.feeds["b_example"].languages) == {"en", "ru"}


# --- what was observed ---------------------------------------------------------------------------------------------


def test_an_absent_day_is_a_gap(tmp_path):
    """Every day with a row is observed whole, and a day without one not at all, though rows lie on both sides of it."""
    rows = [a_row(n, "https://a.example") for n in range(12) if n not in (5, 8, 9)]
    found = archive.gather([an_archive(tmp_path / "a.gz", *rows)], zone=UTC)
    lookout = Lookout(found.feeds.values())
    for one in found.days:
        lookout.add(found.polls(one))
    shares = lookout.observed(list(found.days))[0] / 86_400
    assert [round(float(share), 2) for share in shares] == [0 if n in (5, 8, 9) else 1 for n in range(12)]


def test_single_pages_are_no_feed(tmp_path):
    """A source of which three pages were kept in three weeks is read, but its silence between them is no gap."""
    rows = [a_row(n, "https://a.example/rss") for n in range(21)]
    rows += [a_row(n, "https://b.example", url=f"https://b.example/{n}") for n in (0, 9, 20)]
    found = archive.gather([an_archive(tmp_path / "a.gz", *rows)], zone=UTC)
    assert found.feeds["b_example"].kind is FeedKind.MANUAL
    assert found.items == 24
    assert {poll.feed_id for one in found.days for poll in found.polls(one)} == {"a_example_rss"}


@pytest.mark.parametrize(("year", "weight"), [(2021, 1), (2022, 8), (2023, 12)])
def test_a_sampled_row_stands_for_many(tmp_path, year: int, weight: int):
    """A row kept as a sample counts in what a source published for all the rows it stands for."""
    row = {"published_at": f"{year}-05-01", "source": "https://a.example"}
    path = an_archive(tmp_path / "a.gz", row | {"sampled": 1}, row | {"sampled": 0})
    found = archive.gather([path], zone=UTC)
    assert {poll.entries for poll in found.polls(date(year, 5, 1))} == {weight + 1}


def test_days_without_a_row_are_lived_too(tmp_path):
    """The stretch asked for is lived from its first day to its last, whatever the archive holds of it."""
    path = an_archive(tmp_path / "a.gz", a_row(3, "https://a.example"), a_row(40, "https://a.example"))
    found = archive.gather([path], since=FIRST, until=day(6), zone=UTC)
    assert list(found.days) == [day(n) for n in range(7)]
    assert found.items == 1


# --- the command ---------------------------------------------------------------------------------------------------

COLUMN = "Belarusian Hajun: a column of {} tanks moves towards the border with Ukraine near Gomel"


def a_winter(path: Path) -> Path:
    """Three weeks of calm, then on one day two outlets with different tank columns."""
    rows = [a_row(n, source) for n in range(28) for source in ("https://one.example/rss", "https://two.example/rss")]
    rows += [
        a_row(21 + n, source, title=COLUMN.format(21 + n), url=f"https://x.example/{n}")
        for n, source in enumerate(("https://one.example/rss", "https://two.example/rss", "https://one.example/rss"))
    ]
    return an_archive(path, *sorted(rows, key=lambda row: row["published_at"]))


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> list[dict[str, Any]]:
    """What `replay --json` prints of the winter."""
    folder = tmp_path_factory.mktemp("replay")
    happened = folder / "truth.yaml"
    happened.write_text("events: [{id: a, kind: attack, onset: [2022-01-25, 2022-01-26], end: 2022-01-28}]\n")
    answer = vedette("replay", a_winter(folder / "a.gz"), "--problem", "belarus", "--truth", happened, "--json")
    assert answer.code == 0, answer.err
    assert not answer.err
    return answer.rows


def test_the_last_line_sums_up(lived):
    """The last line, and only it, is the summary, with every key of the contract and each day in one place."""
    assert [row["kind"] for row in lived].count("summary") == 1
    last = lived[-1]
    assert list(last) == [
        "kind", "items", "signals", "events", "days_at_level", "first_at_level", "lead_days", "false_days", "seconds",
    ]  # fmt: skip
    assert last["items"] == 59
    assert last["signals"] >= 3
    assert last["events"] >= 1
    assert sum(last["days_at_level"].values()) == 28
    assert list(last["days_at_level"]) == ["5", "4", "3", "2", "1"]


def test_levels_change_when_something_happens(lived):
    """A calm stretch stands at 5; the columns of one day raise it that day, and the lead is counted to the onset."""
    levels = [row for row in lived if row["kind"] == "level"]
    assert (levels[0]["at"], levels[0]["level"]) == ("2022-01-01", 5)
    assert levels[1]["at"] == "2022-01-22"
    assert levels[1]["level"] < 5
    assert levels[1]["why"]
    assert lived[-1]["first_at_level"]["4"] == "2022-01-22"
    assert lived[-1]["lead_days"]["4"] == 3
    assert lived[-1]["false_days"]["4"] == 0
    risen = [row for row in lived if row["kind"] == "indicator"]
    assert ("equipment_moves", "watch") in {(row["indicator"], row["level"]) for row in risen}


def test_a_replay_gives_the_same_twice(tmp_path):
    """Two replays of one archive differ in nothing but the seconds they took."""
    path = a_winter(tmp_path / "a.gz")
    one, other = (vedette("replay", path, "--problem", "belarus", "--json").rows for _ in range(2))
    assert [row | {"seconds": 0} for row in one] == [row | {"seconds": 0} for row in other]
    assert one[-1]["lead_days"] == one[-1]["false_days"] == {}, "without a truth nobody knows"


def test_what_cannot_be_replayed_is_said_in_one_line(tmp_path):
    """A missing archive, a broken row, days the wrong way round, no row in them, a broken truth: exit 2, one line."""
    path = an_archive(tmp_path / "a.gz", a_row(0, "https://a.example"))
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"source": "a"}\n')
    bad_truth = tmp_path / "truth.yaml"
    bad_truth.write_text("events: [{id: a, kind: war, onset: 2022-01-01, end: 2022-01-02}]\n")
    for words in (
        [tmp_path / "none.jsonl"],
        [broken],
        [path, "--from", "2022-02-01", "--to", "2022-01-01"],
        [path, "--from", "2022-02-01"],
        [path, "--truth", bad_truth],
        [path, "--truth", tmp_path / "none.yaml"],
        [path, "--engine", "abacus"],
    ):
        answer = vedette("replay", *words, "--json")
        assert answer.code == 2, words
        assert not answer.out
        assert "Traceback" not in answer.err
        assert len(answer.err.splitlines()) == 1 or "--engine" in words, answer.err


# --- the verdict ---------------------------------------------------------------------------------------------------


def conditions(levels: str) -> dict[date, WatchCondition]:
    return {day(number): WatchCondition(int(level)) for number, level in enumerate(levels)}


def the_truth(tmp_path: Path, *events: str) -> tuple[truth.Happening, ...]:
    path = tmp_path / "truth.yaml"
    path.write_text("events:\n" + "".join(f"  - {event}\n" for event in events))
    return truth.read(path)


def test_the_truth_takes_single_days_and_calm(tmp_path):
    """An onset may be one day; a stretch in which nothing happened needs no days at all."""
    found = the_truth(tmp_path, "{id: a, kind: scare, onset: 2022-01-05, end: 2022-01-06}", "{id: b, kind: none}")
    assert [(one.id, one.attack, one.onset) for one in found] == [("a", False, (day(4), day(4)))]


def test_graver_counts_for_less_grave(tmp_path):
    """A jump from 5 to 2 reached 4 and 3 on the same day; days are counted at the exact condition."""
    verdict = truth.judge(conditions("5522355"), None)
    assert verdict.days_at == {5: 4, 4: 0, 3: 1, 2: 2, 1: 0}
    assert verdict.first_at == {4: day(2), 3: day(2), 2: day(2)}


def test_lead_and_false_days(tmp_path):
    """Lead runs from the start of the warning that stood before the onset; days far from the attack are false."""
    attack = the_truth(tmp_path, f"{{id: a, kind: attack, onset: [{day(50)}, {day(52)}], end: {day(60)}}}")
    verdict = truth.judge(conditions("544" + "5" * 40 + "4433322" + "2" * 11), attack)
    assert verdict.lead == {4: 7, 3: 5, 2: 2}
    assert verdict.false_days == {4: 2, 3: 0, 2: 0, 1: 0}
    assert verdict.cards[WatchCondition.HIGH].pod == 1.0


def test_a_missed_attack_has_no_lead(tmp_path):
    """One attack of two that nobody warned of leaves no lead to boast of; a late notice is below zero."""
    first = f"{{id: a, kind: attack, onset: [{day(2)}, {day(2)}], end: {day(3)}}}"
    late = truth.judge(conditions("55553"), the_truth(tmp_path, first))
    assert late.lead == {4: -2, 3: -2}
    second = f"{{id: b, kind: attack, onset: [{day(70)}, {day(70)}], end: {day(71)}}}"
    missed = truth.judge(conditions("55553" + "5" * 80), the_truth(tmp_path, first, second))
    assert missed.lead == {}


def test_without_an_attack_every_warning_is_false(tmp_path):
    """In a stretch that was only a scare, each day at a level is a false one."""
    scare = the_truth(tmp_path, f"{{id: a, kind: scare, onset: [{day(1)}, {day(1)}], end: {day(3)}}}")
    verdict = truth.judge(conditions("54325"), scare)
    assert verdict.false_days == {4: 3, 3: 2, 2: 1, 1: 0}
    assert verdict.lead == {}
