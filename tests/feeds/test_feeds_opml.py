"""Lists of feeds as other readers write and read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import FeedKind
from feeds.opml import OpmlProblem, read, write
from feeds.registry import load_feeds

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "feeds"


def test_a_list_written_is_the_list_read() -> None:
    """Id, name, address, kind, first language and topics travel; grades do not, for an officer gives them."""
    feeds = load_feeds(SHIPPED).feeds
    back = read(write(feeds))
    for before, after in zip(feeds, back, strict=True):
        assert (after.feed_id, after.name, after.url, after.kind) == (
            before.feed_id,
            before.name,
            before.url,
            before.kind,
        )
        assert (after.languages, after.topics) == (before.languages[:1], before.topics)
        assert after.reliability == "F"


def test_foreign_lists_are_read() -> None:
    """Nested folders, capitals of one's own, a missing title, a channel, a double, and what is no web address."""
    content = b"""<opml version="1.0"><body>
      <outline text="News"><outline text="Inner">
        <outline TITLE="First &amp; best" xmlurl="https://a.example/rss" type="rss"/>
      </outline></outline>
      <outline xmlUrl="https://www.b.example/feed"/>
      <outline text="C" xmlUrl="https://t.me/s/chan"/>
      <outline text="D" xmlUrl="https://www.youtube.com/feeds/videos.xml?channel_id=UC1"/>
      <outline text="again" xmlUrl="https://a.example/rss"/>
      <outline text="First best" xmlUrl="https://e.example/rss"/>
      <outline text="bad" xmlUrl="javascript:alert(1)"/>
      <outline text="worse" xmlUrl="https://u:p@x.example/"/>
    </body></opml>"""
    feeds = read(content, taken=["chan"])
    assert [(feed.feed_id, feed.kind) for feed in feeds] == [
        ("first_best", FeedKind.SYNDICATION),
        ("www_b_example", FeedKind.SYNDICATION),
        ("t_me", FeedKind.TELEGRAM),
        ("youtube_com", FeedKind.YOUTUBE),
        ("first_best_2", FeedKind.SYNDICATION),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<opml><body>", "not well-formed"),
        (b"<rss/>", "not <opml>"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><opml/>", "declares a document type"),
        (b"<opml>" + b" " * 5_000_000, "larger than 4 MiB"),
        (b"", "not well-formed"),
        (b"<opml>" + b"<outline>" * 80 + b"</outline>" * 80 + b"</opml>", "more than 64 folders deep"),
    ],
)
def test_what_is_no_list_is_named(content: bytes, says: str) -> None:
    """One line says what is wrong with the file."""
    with pytest.raises(OpmlProblem, match=says):
        read(content)


@given(st.binary(max_size=400))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    """Any bytes are a list or a problem."""
    try:
        read(content)
    except OpmlProblem as problem:
        assert "\n" not in str(problem)  # noqa: PT017 - either ending is right


@pytest.mark.shared_data
def test_real_lists_are_read(shared: Path) -> None:
    """Lists of other people's readers are read without a crash, and most of them give feeds."""
    lists = sorted((shared / "feeds").rglob("*.opml"))
    found = 0
    for path in lists:
        try:
            found += bool(read(path.read_bytes()))
        except OpmlProblem:
            continue
    assert not lists or found
