"""The Feeds page: what is read and what is not, and what people do about it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import platformdirs
import pytest
import winter
from streamlit.testing.v1 import AppTest
from test_pages import plain, run, told

from feeds import database, store
from feeds.health import Condition, Health
from feeds.model import Feed
from feeds.registry import Change, load_feeds
from indicators import store as kept
from indicators.pages import feed_board, feed_care, reading
from indicators.pages.views import FeedLine
from indicators.settings import data_folder

RSS = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>The Paper</title><item><title>Tanks seen near the town"
    b"</title><guid>1</guid><pubDate>Tue, 20 Dec 2022 08:00:00 GMT</pubDate></item></channel></rss>"
)
ONE = next(feed for feed in load_feeds(data_folder() / "feeds") if feed.enabled)
HOSTILE = '<script>alert(1)</script>"&'


@pytest.fixture
def own(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Live pages on an empty database; gives the file that changes of sources will be in."""
    monkeypatch.setenv("HOME", str(fresh))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(fresh / "config"))
    monkeypatch.setenv("VEDETTE_ALLOW_HOSTS", "127.0.0.0/8")
    monkeypatch.delenv("VEDETTE_FEEDS", raising=False)
    url = f"sqlite:///{fresh / 'live.db'}"
    monkeypatch.setenv("VEDETTE_DB", url)
    kept.upgrade(database.open_engine(url))
    reading.settings.clear()
    feed_care.forget()
    yield platformdirs.user_config_path("vedette", appauthor=False) / "feeds.yaml"
    feed_care.forget()


@pytest.fixture
def site() -> Iterator[str]:
    """An address on loopback where a feed stands."""

    class Paper(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(RSS)))
            self.end_headers()
            self.wfile.write(RSS)

        def log_message(self, *_words: object) -> None:
            """Nothing to a test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Paper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/rss"
    server.shutdown()
    server.server_close()


def press(app: AppTest, label: str) -> AppTest:
    """Press the button with these words."""
    next(button for button in app.button if button.label == label).click()
    return app.run()


def a_line(
    name: str, condition: Condition, *, blinds: tuple[str, ...] = (), weakens: tuple[str, ...] = (), hours: int = 3
) -> FeedLine:
    """A source in some state for some hours."""
    since = winter.NOW - timedelta(hours=hours)
    return FeedLine(
        feed=Feed(feed_id=name.lower(), name=name, url="https://a.example/"),
        fare=Health(feed_id=name.lower(), condition=condition, since_at=since, detail="HTTP 503"),
        good=condition.well if condition is not Condition.DISABLED else None,
        blinds=blinds,
        weakens=weakens,
    )


def test_every_state_has_a_word_and_a_glyph_of_its_own() -> None:
    """No two states that mean different things look alike, colours left aside; none is left out."""
    assert set(feed_board.SIGNS) == set(Condition)
    looks = {(sign.word, sign.glyph) for sign in feed_board.SIGNS.values()}
    assert len(looks) == len({sign.order for sign in feed_board.SIGNS.values()}) == len({glyph for _, glyph in looks})


def test_states_are_counted_the_worst_first_and_the_read_always() -> None:
    """A tile a state with its number; none read is told as 0, not left out."""
    lines = [a_line("A", Condition.SILENT), a_line("B", Condition.FAILING), a_line("C", Condition.FAILING)]
    text = plain(feed_board.states(lines, winter.NOW))
    assert re.search(r"3\s+Sources.*2\s+Failing.*1\s+Silent.*0\s+Read", text)


def test_the_indicators_that_lost_a_source_are_listed() -> None:
    """The blind first, then those that just lost one, each with how many of how many and the latest loss."""
    lines = [
        a_line("Old", Condition.FAILING, weakens=("P1 Leaders",), hours=200),
        a_line("New", Condition.SILENT, weakens=("M1 Tanks", "P9 Trains"), hours=2),
        a_line("Last", Condition.GONE, blinds=("M8 Bridges",), weakens=("M1 Tanks",), hours=60),
    ]
    carriers = {"P1 Leaders": 5, "M1 Tanks": 4, "P9 Trains": 9, "M8 Bridges": 1}
    rows = [plain(row) for row in feed_board.lost(lines, winter.NOW, carriers, str).split("<li")[1:]]
    assert [next(name for name in carriers if name in row) for row in rows] == [
        "M8 Bridges",
        "M1 Tanks",
        "P9 Trains",
        "P1 Leaders",
    ]
    assert "BLIND" in rows[0]
    assert "▼ 2 of 4" in rows[1]
    assert "latest: New, silent for 2 h" in rows[1]
    assert "▽ 1 of 5" in rows[3]
    assert feed_board.lost([], winter.NOW, {}, str) == ""


def test_a_troubled_source_says_what_is_known_of_it() -> None:
    """State, since when, why, what it blinds, last read, next visit, rhythm, who changed it last; nothing as markup."""
    line = a_line(HOSTILE, Condition.FAILING, blinds=(HOSTILE,))
    changes = {line.feed.feed_id: (Change(at=winter.NOW, by=HOSTILE, reason=HOSTILE, what="edited"),)}
    markup = feed_board.troubled([line], winter.NOW, {line.feed.feed_id: HOSTILE}, changes)
    for word in ("Failing", "for 3 h", "HTTP 503", "Blinds", "Last read", "Next visit", "not yet learned", "edited"):
        assert word in plain(markup)
    assert "<script" not in markup
    assert "nan" not in plain(markup).lower()
    assert "None" not in plain(markup)


def test_a_replay_s_sources_cannot_be_changed(watch) -> None:
    """Recorded sources are shown, and no form."""
    app = run("feeds")
    assert not app.exception
    assert "recorded sources" in plain(told(app))
    assert [button.label for button in app.button if button.label in ("Try it", "Save", "Enter it")] == []


def test_a_source_is_tried_and_added_on_the_page(own, site) -> None:
    """Trying shows what was found and keeps nothing; adding writes the entry with who and why."""
    app = run("feeds")
    app.text_input(key="feeds_try_url").set_value(site)
    app = press(app, "Try it")
    assert not app.exception
    text = plain(told(app))
    for word in ("The Paper", "1 entries", "rfc822, exact", "Tanks seen near the town", "20 Dec 2022 08:00 UTC"):
        assert word in text
    assert not own.exists()
    assert "name and a reason" in plain(told(press(app, "Add this source")))
    app.text_input(key="feeds_add_by").set_value("Maj. A. Novak")
    app.text_input(key="feeds_add_reason").set_value("a new voice")
    app = press(app, "Add this source")
    assert not app.exception
    added = load_feeds(data_folder() / "feeds", overlay=own)
    assert added.get("the_paper").url == site
    assert (added.changes["the_paper"][0].by, added.changes["the_paper"][0].reason) == ("Maj. A. Novak", "a new voice")


def test_an_address_inside_is_refused_on_the_page(own) -> None:
    """What the poller would not ask is not asked from the page either."""
    app = run("feeds")
    app.text_input(key="feeds_try_url").set_value("http://10.0.0.1/rss")
    app = press(app, "Try it")
    assert not app.exception
    assert "Nothing can be read there" in plain(told(app))
    app.text_input(key="feeds_try_url").set_value("file:///etc/passwd")
    assert "no web address" in " ".join(error.value for error in press(app, "Try it").error)


def test_a_source_is_switched_off_on_the_page(own) -> None:
    """The toggle and a reason disable a source; the page then shows who did it."""
    app = run("feeds")
    app.selectbox(key="feeds_change_id").set_value(ONE.feed_id)
    app = app.run()
    key = f"feeds_edit_{ONE.feed_id}"
    app.toggle(key=f"{key}_enabled").set_value(False)
    app.text_input(key=f"{key}_interval").set_value("5")
    app.text_input(key=f"{key}_by").set_value("Maj. A. Novak")
    app.text_input(key=f"{key}_reason").set_value("it went dark")
    app = press(app, "Save")
    assert "5m" in " ".join(error.value for error in app.error)
    app.text_input(key=f"{key}_interval").set_value("45m")
    app = press(app, "Save")
    assert not app.exception
    feed = load_feeds(data_folder() / "feeds", overlay=own).get(ONE.feed_id)
    assert (feed.enabled, feed.interval) == (False, timedelta(minutes=45))
    assert "by Maj. A. Novak" in plain(told(run("feeds")))


def test_a_post_is_entered_on_the_page(own) -> None:
    """Pasted words become an item of the chosen source, marked with who entered them."""
    app = run("feeds")
    app.selectbox(key="feeds_enter_id").set_value(ONE.feed_id)
    app = app.run()
    app.text_area[0].set_value("Tanks were seen at the border")
    app.text_input(key="feeds_enter_by").set_value("Maj. A. Novak")
    app = press(app, "Enter it")
    assert not app.exception
    with reading.looking() as connection:
        ((_, item),) = store.items_after(connection, 0, limit=5)
    assert (item.source, item.text) == (ONE.feed_id, "Tanks were seen at the border")
    assert item.author.startswith("entered by hand by Maj. A. Novak")
