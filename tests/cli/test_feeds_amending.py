"""`vedette feeds edit`, `disable`, `enable`, `check`, `enter`: what people change, kept apart from what was shipped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import platformdirs
import pytest
import yaml
from command_line import Answer, environment, vedette

from feeds import overlay, store
from feeds.database import open_engine, reading
from feeds.model import DateQuality, Item
from feeds.registry import Change, load_feeds
from indicators.cli.roster import Roster, stamp_of
from indicators.settings import data_folder

SHIPPED = data_folder() / "feeds"
ONE = next(feed for feed in load_feeds(SHIPPED) if feed.enabled)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SIGNED = ("--by", "Maj. A. Novak", "--reason", "it went dark")
RSS = (
    "<?xml version='1.0'?><rss version='2.0'><channel><title>The Paper</title><item><title>Tanks seen near the town"
    "</title><guid>1</guid><pubDate>Tue, 20 Dec 2022 08:00:00 GMT</pubDate></item></channel></rss>"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A user without any configuration; gives the file that their changes will be in."""
    names = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "VEDETTE_DB": f"sqlite:///{tmp_path / 'watch.db'}",
    }
    with environment(**names, VEDETTE_CONFIG=None, VEDETTE_FEEDS=None):
        yield platformdirs.user_config_path("vedette", appauthor=False) / "feeds.yaml"


def in_force(home: Path) -> dict[str, object]:
    """The one source's entry as every command sees it."""
    row = next(row for row in vedette("feeds", "list", "--json").rows if row["feed_id"] == ONE.feed_id)
    return dict(row)


def refused(answer: Answer, *words: str) -> None:
    assert answer.code == 2, answer
    assert len(answer.err.splitlines()) == 1, answer.err
    assert all(word in answer.err for word in words), answer.err


def kept(home: Path) -> list[Item]:
    """What the store holds."""
    with reading(open_engine(f"sqlite:///{home.parents[2] / 'watch.db'}")) as connection:
        return [item for _, item in store.items_after(connection, 0, limit=100)]


def test_a_source_is_disabled_and_enabled_with_who_when_and_why(home):
    """The user's own file holds only what differs, and who changed it, when, why; what was shipped stays."""
    shipped = (SHIPPED / "monitors.yaml").read_bytes()
    answer = vedette("feeds", "disable", ONE.feed_id, *SIGNED)
    assert answer.code == 0, answer.err
    assert in_force(home)["enabled"] is False
    (entry,) = yaml.safe_load(home.read_text(encoding="utf-8"))["feeds"]
    assert set(entry) == {"id", "enabled", "changes"}
    assert (entry["changes"][0]["by"], entry["changes"][0]["reason"]) == ("Maj. A. Novak", "it went dark")
    assert vedette("feeds", "enable", ONE.feed_id, *SIGNED).code == 0
    assert in_force(home)["enabled"] is True
    registry = load_feeds(SHIPPED, overlay=home)
    assert [change.what for change in registry.changes[ONE.feed_id]] == ["disabled", "enabled"]
    assert (SHIPPED / "monitors.yaml").read_bytes() == shipped
    assert "already" in vedette("feeds", "enable", ONE.feed_id, *SIGNED).out


def test_a_source_is_edited(home):
    """Any key can be changed; what the registry would refuse is refused in one line, and nothing is written."""
    answer = vedette(
        "feeds", "edit", ONE.feed_id, "--interval", "45m", "--topics", "air, posture", "--grade", "D", *SIGNED
    )
    assert answer.code == 0, answer.err
    row = in_force(home)
    assert (row["interval"], row["topics"], row["reliability"]) == (2700, ["air", "posture"], "D")
    before = home.read_text(encoding="utf-8")
    refused(vedette("feeds", "edit", ONE.feed_id, "--interval", "5", *SIGNED), "interval", "5m")
    refused(vedette("feeds", "edit", ONE.feed_id, "--url", "ftp://x", *SIGNED), "url")
    refused(vedette("feeds", "edit", ONE.feed_id, "--digest", "perhaps", *SIGNED), "digest")
    refused(vedette("feeds", "edit", ONE.feed_id, *SIGNED), "nothing to change")
    refused(vedette("feeds", "edit", "no_such_source", "--name", "X", *SIGNED), "no_such_source")
    refused(vedette("feeds", "disable", ONE.feed_id, "--reason", "  "), "reason")
    assert home.read_text(encoding="utf-8") == before


def test_other_lines_of_the_file_stay(home):
    """Comments, order and other entries of a person's own file survive a change of one entry."""
    home.parent.mkdir(parents=True)
    own = f"# ours\nfeeds:\n\n  # first\n  - id: {ONE.feed_id}\n    interval: 20m\n\n  # second\n  - id: mine\n"
    home.write_text(own + "    name: Mine  # a note\n    url: https://mine.example/rss\n# end\n", encoding="utf-8")
    assert vedette("feeds", "disable", ONE.feed_id, *SIGNED).code == 0
    text = home.read_text(encoding="utf-8")
    for line in ("# ours", "  # first", "  # second", "    name: Mine  # a note", "# end"):
        assert line in text.splitlines()
    assert load_feeds(SHIPPED, overlay=home).get(ONE.feed_id).enabled is False


def test_check_tells_what_a_document_is(home, tmp_path):
    """Kind, title, newest entries with the rule that gave their date; as JSON too."""
    file = tmp_path / "rss.xml"
    file.write_text(RSS, encoding="utf-8")
    answer = vedette("feeds", "check", file)
    assert answer.code == 0, answer.err
    for word in ("syndication, 1 entries", "The Paper", "2022-12-20 08:00", "rfc822 (exact)", "Tanks seen"):
        assert word in answer.out
    summary, entry = vedette("feeds", "check", file, "--json").rows
    assert (summary["kind"], summary["entries"], summary["outcome"]) == ("syndication", 1, "ok")
    assert entry["title"] == "Tanks seen near the town"
    file.write_text("<html><head></head><body>Hello</body></html>", encoding="utf-8")
    assert vedette("feeds", "check", file).code == 1


def test_check_refuses_what_the_poller_would(home):
    """An address inside is refused as it would be when polled."""
    answer = vedette("feeds", "check", "http://127.0.0.1:9/rss")
    assert answer.code == 1
    assert len(answer.err.splitlines()) == 1
    assert "public" in answer.err or "refused" in answer.err


def test_a_bomb_is_read_in_a_worker(home, tmp_path):
    """A document built to exhaust its reader is refused in one line; the command survives."""
    file = tmp_path / "bomb.xml"
    file.write_text("<rss><channel>" + "<a>" * 100_000, encoding="utf-8")
    for words in (("parse", file, "--json"), ("feeds", "check", file)):
        answer = vedette(*words)
        assert answer.code in (1, 2)
        assert len(answer.err.splitlines()) == 1


def test_a_post_is_entered_by_hand(home, tmp_path):
    """A pasted text becomes an item of its source: who and when stand in it, its date is not taken for the source's."""
    text = tmp_path / "post.txt"
    text.write_text("Колонна техники замечена у границы", encoding="utf-8")
    words = ("feeds", "enter", ONE.feed_id, text, "--by", "Maj. A. Novak", "--published-at", "2026-11-20T08:00Z")
    assert vedette(*words).code == 0
    assert "0 new items of 1" in vedette(*words).out
    (item,) = kept(home)
    assert (item.source, item.text) == (ONE.feed_id, "Колонна техники замечена у границы")
    assert item.author.startswith("entered by hand by Maj. A. Novak at ")
    assert (item.date_method, item.date_quality) == ("entered by hand", DateQuality.ASSUMED)
    assert item.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    text.write_text("   ", encoding="utf-8")
    refused(vedette("feeds", "enter", ONE.feed_id, text), "no words")
    text.write_text("words", encoding="utf-8")
    refused(vedette("feeds", "enter", ONE.feed_id, text, "--published-at", "2090-01-01"), "future")
    refused(vedette("feeds", "enter", ONE.feed_id, text, "--url", "javascript:alert(1)"), "web address")


def test_a_saved_page_is_entered_as_its_posts(home, tmp_path):
    """A saved feed or preview page gives the items that polling would have given, under the same ids."""
    feed = next(feed for feed in load_feeds(SHIPPED) if feed.kind == "syndication")
    file = tmp_path / "saved.xml"
    file.write_text(RSS, encoding="utf-8")
    assert "1 new items of 1" in vedette("feeds", "enter", feed.feed_id, file, "--by", "N").out
    (item,) = kept(home)
    assert (item.title, item.published_at) == ("Tanks seen near the town", datetime(2022, 12, 20, 8, tzinfo=UTC))
    assert item.date_method == "entered by hand, rfc822"


class Watching:
    """A collector that only remembers what it was told to watch."""

    def __init__(self) -> None:
        self.told: list[set[str]] = []

    def replace_feeds(self, feeds) -> None:
        self.told.append({feed.feed_id for feed in feeds if feed.enabled})

    async def poll_due(self, now: datetime) -> datetime:
        return now


def test_a_running_poller_takes_up_changes(tmp_path):
    """Between two rounds a changed file is read; one with faults changes nothing and is said aloud."""
    file, said, made = tmp_path / "feeds.yaml", [], []
    collector = Watching()

    def load():
        found = load_feeds(SHIPPED, overlay=file if file.exists() else None)
        return {feed.feed_id: feed for feed in found}

    roster = Roster(
        collector, lambda feeds: made.append(feeds) or len(made), load(), place=file, load=load, say=said.append
    )
    asyncio.run(roster.poll_due(NOW))
    assert collector.told == []
    change = Change(at=NOW, by="N", reason="dark", what="disabled")
    overlay.amend(file, ONE.feed_id, {"enabled": False}, change, below=SHIPPED)
    asyncio.run(roster.poll_due(NOW))
    assert ONE.feed_id not in collector.told[-1]
    assert roster.spine.inner == 2
    assert said == [f"sources changed: {ONE.feed_id}"]
    file.write_text("feeds: [\n", encoding="utf-8")
    asyncio.run(roster.poll_due(NOW))
    assert len(collector.told) == 1
    assert "keeps those it has" in said[-1]
    assert stamp_of(tmp_path / "absent") == ()
