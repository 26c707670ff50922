"""GDELT's files of every quarter-hour: articles out of tables, packed or not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from parsing_builders import a_feed, reading, refusal_of

from feeds.model import DateQuality, FeedKind
from feeds.parsing import sniff
from feeds.parsing.gdelt_files import spelt

GDELT = a_feed(FeedKind.GDELT)
ADDRESS = "https://www.paper.example/world/2022/12/tanks-arrive-at-the-border-12345.html"
TEN = datetime(2022, 12, 20, 10, 15, tzinfo=UTC)


def columns(count: int, **filled: str) -> str:
    """A row of so many columns, those named `c<number>` filled."""
    row = [""] * count
    for name, value in filled.items():
        row[int(name[1:])] = value
    return "\t".join(row)


def an_event(number: str, *, url: str = ADDRESS, country: str = "BO") -> str:
    """A row of the events table."""
    return columns(
        61, c0=number, c1="20221220", c6="RUSSIA", c16="BELARUS", c26="0154", c52="Brest", c53=country,
        c59="20221220101500", c60=url,
    )  # fmt: skip


def packed(text: str, name: str = "20221220101500.export.CSV") -> bytes:
    """The table as GDELT packs it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [str.encode, packed])
def test_events_become_the_articles_that_tell_of_them(pack: Callable[[str], bytes]) -> None:
    """Rows of one article are one entry: its address is its id, its title what the address spells, dated in UTC."""
    content = pack("\n".join((an_event("1"), an_event("2"), an_event("3", url="https://b.example/x"), "")))
    assert sniff(content) is FeedKind.GDELT
    first, second = reading(content, GDELT).entries
    assert (first.entry_id, first.url) == (ADDRESS, ADDRESS)
    assert first.title == "Tanks arrive at the border"
    assert first.text == "[Russia and Belarus; Brest; CAMEO 0154]"
    assert (first.published_at, first.date_quality) == (TEN, DateQuality.EXACT)
    assert first.forwarded_from == "paper.example"
    assert second.title == ""


def test_a_feed_may_ask_for_some_countries() -> None:
    """With a country selector only articles about those countries are entries."""
    content = "\n".join((an_event("1"), an_event("2", url="https://b.example/x", country="US")))
    feed = replace(GDELT, selectors={"country": "BO, UP"})
    assert [entry.url for entry in reading(content, feed).entries] == [ADDRESS]


def test_the_knowledge_graph_and_the_mentions_are_read() -> None:
    """The graph's page title is the title; a mention gives its article; tables tell themselves apart."""
    graph = columns(
        27, c0="20221220101500-1", c1="20221220101500", c3="b.example", c4="https://b.example/1",
        c9="4#Brest#BO#BO01#52#23#1", c26="<PAGE_TITLE>Tanks &amp; trains</PAGE_TITLE>",
    )  # fmt: skip
    (entry,) = reading(graph, GDELT).entries
    assert (entry.title, entry.text, entry.forwarded_from) == ("Tanks & trains", "[Brest]", "b.example")
    mention = columns(16, c0="1", c1="20221220100000", c2="20221220101500", c4="b.example", c5="https://b.example/1")
    (entry,) = reading(mention, GDELT).entries
    assert (entry.url, entry.published_at) == ("https://b.example/1", TEN)


def test_the_list_of_latest_files_leads_to_the_events() -> None:
    """The list has no entries; it says where they are."""
    digest = "3ad8a8f4f8f0f2d0c0a2f6a8a7f0c3b1"
    names = ("gkg.csv", "export.CSV", "mentions.CSV")
    listed = "\n".join(f"69 {digest} http://data.example/v2/20221220101500.{name}.zip" for name in names)
    parsed = reading(listed, GDELT)
    assert parsed.continues_at == "http://data.example/v2/20221220101500.export.CSV.zip"
    assert parsed.entries == ()


def test_what_is_no_file_of_theirs_is_refused() -> None:
    """A packed picture, a broken archive, other tables: one line, and rows of another shape are counted."""
    for content in (packed("x", "picture.png"), packed(an_event("1"))[:60], b"a\tb\tc\n"):
        refusal = refusal_of(content, GDELT)
        assert refusal is not None
        assert "\n" not in refusal
    parsed = reading(an_event("1") + "\nnot\ta row\n", GDELT)
    assert len(parsed.entries) == 1
    assert "1 rows" in parsed.detail


def test_an_address_spells_a_title_only_in_words() -> None:
    """Numbers, single words and query strings spell nothing."""
    assert spelt("https://a.example/2022/12/20/drills_near_the-border") == "Drills near the border"
    assert spelt("https://a.example/news/12345") == ""
    assert spelt("https://a.example/article?id=a-b-c-d") == ""
