"""`vedette feeds add`, `import-opml`, `export-opml`: sources of one's own, from real servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import platformdirs
import pytest
from command_line import Answer, environment, vedette

from feeds import opml, overlay
from feeds.model import Feed, FeedKind
from feeds.registry import load_feeds
from indicators.settings import data_folder

ITEM = (
    "<item><title>Tanks seen near the town</title><guid>1</guid><pubDate>Tue, 20 Dec 2022 08:00:00 GMT</pubDate></item>"
)
RSS = f"<?xml version='1.0'?><rss version='2.0'><channel><title>The Paper &amp; Co</title>{ITEM}</channel></rss>"
LINK = '<link rel="alternate" type="application/rss+xml" title="{}" href="{}">'
PAGE = "<!doctype html><html><head><title>Home</title>{}</head><body><p>Welcome</p></body></html>"


@dataclass
class Site:
    """A web site on loopback: `pages[path]` is what it shows."""

    base: str = ""
    pages: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def shows(self, path: str, body: str, kind: str = "application/rss+xml") -> str:
        """From now on `path` shows this; gives its address."""
        self.pages[path] = (200, kind, body)
        return self.base + path


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that shows nothing yet."""
    shown = Site()

    class Reading(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = shown.pages.get(self.path, (404, "text/plain", "nothing here"))
            content = body.encode()
            self.send_response(status)
            self.send_header("Location" if status == 301 else "Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            """Nothing to a test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Reading)
    shown.base = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shown
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A user without any configuration; gives the file that their sources will be in."""
    names = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "VEDETTE_ALLOW_HOSTS": "127.0.0.0/8"}
    with environment(**names, VEDETTE_CONFIG=None, VEDETTE_FEEDS=None):
        yield platformdirs.user_config_path("vedette", appauthor=False) / "feeds.yaml"


def listed() -> dict[str, str]:
    return {row["feed_id"]: row["url"] for row in vedette("feeds", "list", "--json").rows}


def refused(answer: Answer, code: int, *words: str) -> None:
    assert answer.code == code, answer
    assert len(answer.err.splitlines()) == 1, answer.err
    assert all(word in answer.err for word in words), answer.err


def test_a_feed_is_added_to_the_users_own_file(site, home):
    """`feeds add` reads the feed and writes its entry to the user's feeds.yaml; every command knows it from then on."""
    url = site.shows("/rss.xml", RSS)
    answer = vedette("feeds", "add", url, "--topics", "posture,air", "--grade", "C", "--owner", "paper")
    assert answer.code == 0, answer.err
    assert "the_paper_co" in answer.out
    assert str(home) in answer.out
    (feed,) = load_feeds(home)
    assert (feed.feed_id, feed.name, feed.url) == ("the_paper_co", "The Paper & Co", url)
    assert (feed.kind, feed.languages, feed.topics) == (FeedKind.SYNDICATION, ("en",), ("posture", "air"))
    assert (feed.reliability, feed.owner) == ("C", "paper")
    assert listed()["the_paper_co"] == url


def test_what_is_said_goes_before_what_is_found(site, home):
    """Id, name, languages given on the command line stand; nothing but the address is needed."""
    url = site.shows("/rss.xml", RSS)
    answer = vedette("feeds", "add", url, "--id", "paper_by", "--name", "Газета", "--languages", "be, ru")
    assert answer.code == 0, answer.err
    (feed,) = load_feeds(home)
    assert (feed.feed_id, feed.name, feed.languages, feed.topics) == ("paper_by", "Газета", ("be", "ru"), ("general",))
    assert (feed.owner, feed.reliability) == ("paper_by", "F")


def test_a_page_leads_to_its_feed(site, home):
    """The address of a page that announces one feed adds that feed."""
    feed = site.shows("/feed.xml", RSS)
    page = site.shows("/", PAGE.format(LINK.format("News", "/feed.xml")), "text/html")
    assert vedette("feeds", "add", page).code == 0
    assert [one.url for one in load_feeds(home)] == [feed]


def test_several_feeds_are_listed_and_none_is_added(site, home):
    """A page with several feeds lists them on stdout and exits 1: the choice is a person's."""
    links = LINK.format("News", "/news.xml") + LINK.format("Comments", "/comments.xml")
    answer = vedette("feeds", "add", site.shows("/", PAGE.format(links), "text/html"))
    refused(answer, 1, "2 feeds")
    assert [line.split()[0] for line in answer.out.splitlines()] == [
        site.base + "/news.xml",
        site.base + "/comments.xml",
    ]
    assert not home.exists()


def test_what_is_no_feed_is_said(site, home):
    """A page without feeds, a missing page, a list of feeds, an unreachable host: exit 1, one line, nothing kept."""
    refused(vedette("feeds", "add", site.shows("/bare", PAGE.format(""), "text/html")), 1, "announces no feed")
    refused(vedette("feeds", "add", site.base + "/gone"), 1, "404")
    refused(vedette("feeds", "add", site.shows("/list", "<opml version='2.0'/>", "text/xml")), 1, "import-opml")
    refused(vedette("feeds", "add", site.shows("/text", "Hello.", "text/plain")), 1)
    refused(vedette("feeds", "add", "http://127.0.0.1:9/rss"), 1)
    refused(vedette("feeds", "add", site.shows("/broken", "<rss><channel><item>", "text/xml"), "--kind", "gdelt"), 1)
    assert not home.exists()


def test_what_cannot_be_an_address_is_refused(site, home):
    """A file, a scheme that is not the web's, a password in the address, an id that no registry takes: exit 2."""
    for address in ("rss.xml", "file:///etc/passwd", "ftp://a.example/rss", "http://me:secret@a.example/", "http://["):
        refused(vedette("feeds", "add", address), 2, "web address")
    refused(vedette("feeds", "add", site.shows("/rss.xml", RSS), "--id", "Über Paper"), 2, "small letters")
    refused(vedette("feeds", "add", site.base + "/rss.xml", "--topics", "Air Force!"), 2, "topics")
    assert not home.exists()


def test_nothing_is_registered_twice(site, home):
    """An address that is asked already is named with its source; a taken id is refused, a made one gets a number."""
    first, second = site.shows("/a.xml", RSS), site.shows("/b.xml", RSS)
    assert vedette("feeds", "add", first).code == 0
    refused(vedette("feeds", "add", first + "/"), 1, "the_paper_co")
    refused(vedette("feeds", "add", second, "--id", "the_paper_co"), 2, "the_paper_co")
    assert vedette("feeds", "add", second).code == 0
    assert [feed.feed_id for feed in load_feeds(home)] == ["the_paper_co", "the_paper_co_2"]


def test_a_feed_that_moved_for_good_is_registered_where_it_went(site, home):
    """After a permanent redirect the new address is what is asked from now on."""
    new = site.shows("/new.xml", RSS)
    site.pages["/old.xml"] = (301, "/new.xml", "")
    assert vedette("feeds", "add", site.base + "/old.xml").code == 0
    assert [feed.url for feed in load_feeds(home)] == [new]


def test_the_overlay_of_the_settings_is_written_to(site, home, tmp_path):
    """Where the settings name an overlay, a file or a folder, the entry goes there, and the user's own is not read."""
    folder = tmp_path / "deployment"
    folder.mkdir()
    home.parent.mkdir(parents=True)
    home.write_text("feeds:\n- {id: own_one, name: Own, url: 'https://own.example/rss'}\n")
    assert "own_one" in listed()
    with environment(VEDETTE_FEEDS=str(folder)):
        assert vedette("feeds", "add", site.shows("/a.xml", RSS)).code == 0
        assert [feed.feed_id for feed in load_feeds(folder / "feeds.yaml")] == ["the_paper_co"]
        assert "own_one" not in listed()
    with environment(VEDETTE_FEEDS=str(folder / "feeds.yaml")):
        assert vedette("feeds", "add", site.shows("/b.xml", RSS)).code == 0
    assert len(load_feeds(folder)) == 2


def test_nothing_is_written_under_the_shipped_data(site, home):
    """An overlay that is part of the shipped data is refused, and the data stay as they were."""
    place = data_folder() / "feeds" / "west.yaml"
    before = place.read_bytes()
    url = site.shows("/rss.xml", RSS)
    with environment(VEDETTE_FEEDS=str(data_folder() / "handbook")):
        refused(vedette("feeds", "add", url), 2, "shipped")
    assert place.read_bytes() == before
    assert not (data_folder() / "handbook" / "feeds.yaml").exists()


# --- the file ------------------------------------------------------------------------------------------------------

ONE = Feed(feed_id="one", name="One", url="https://one.example/rss", owner="one")


@pytest.mark.parametrize(
    "present",
    [
        "",
        "\n\n",
        "# only a remark\n",
        "# ours\nfeeds:\n- id: old   # since May\n  name: Old\n  url: https://old.example/rss\n",
        "feeds:\n    # indented\n    - {id: old, name: Old, url: 'https://old.example/rss'}",
    ],
)
def test_no_line_of_a_file_is_touched(tmp_path, present: str):
    """What stood in the file, remarks and indentation included, stands there afterwards, with the entry behind it."""
    file = tmp_path / "feeds.yaml"
    file.write_text(present)
    overlay.add(file, [ONE])
    assert file.read_text().startswith(present.rstrip("\n"))
    assert "one" in {feed.feed_id for feed in load_feeds(file)}
    assert [path.name for path in tmp_path.iterdir()] == ["feeds.yaml"]


@pytest.mark.parametrize("present", ["feeds: []\n", "feeds: [{id: a}]\n", "other: 1\n", "- a\n", "feeds: {a: b\n"])
def test_a_file_of_another_form_is_left_alone(tmp_path, present: str):
    """A file that is no plain list of sources is refused in one line and stays as it is."""
    file = tmp_path / "feeds.yaml"
    file.write_text(present)
    with pytest.raises(overlay.OverlayProblem, match=r"feeds\.yaml"):
        overlay.add(file, [ONE])
    assert file.read_text() == present


# --- lists of other readers ----------------------------------------------------------------------------------------


def test_a_list_comes_in_once(home, tmp_path):
    """Imported sources are graded F and can carry anything; a second import, and what is registered, add nothing."""
    shipped = next(feed for feed in load_feeds(data_folder() / "feeds") if feed.url)
    new = Feed(feed_id="fresh", name="Fresh", url="https://fresh.example/rss", reliability="A")
    path = tmp_path / "list.opml"
    path.write_bytes(opml.write([shipped, new]))
    answer = vedette("feeds", "import-opml", path)
    assert answer.code == 0, answer.err
    assert "1 of 2" in answer.out
    (feed,) = load_feeds(home)
    assert (feed.url, feed.reliability, feed.topics) == (new.url, "F", ("general",))
    assert "nothing new" in vedette("feeds", "import-opml", path).out
    assert len(load_feeds(home)) == 1


def test_a_list_that_cannot_be_read_is_said(home, tmp_path):
    """A missing file and one that is no list: exit 2, one line."""
    refused(vedette("feeds", "import-opml", tmp_path / "none.opml"), 2, "none.opml")
    (tmp_path / "bad.opml").write_text("<html></html>")
    refused(vedette("feeds", "import-opml", tmp_path / "bad.opml"), 2, "bad.opml")


def test_what_goes_out_comes_back(home, tmp_path):
    """An export, to a file or to standard output, holds every source that has an address."""
    path = tmp_path / "out.opml"
    assert vedette("feeds", "export-opml", path).code == 0
    printed = vedette("feeds", "export-opml")
    assert printed.out.encode() == path.read_bytes() + b"\n"
    assert {feed.url for feed in opml.read(path.read_bytes())} == {url for url in listed().values() if url}
    refused(vedette("feeds", "export-opml", tmp_path / "none" / "out.opml"), 2, "out.opml")
