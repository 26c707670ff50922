"""Pages of press releases, read by declared selectors, and pages that announce their feeds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from parsing_builders import a_feed, only_entry, reading

from feeds.errors import ParseError
from feeds.model import DateQuality, Entry, FeedKind, Outcome
from feeds.parsing import Parsed, discover

SELECTORS = {"item": ".release", "title": "h3", "link": "h3 a", "date": ".when", "text": ".lead"}
RELEASE = (
    '<div class="release"><h3><a href="/news/1">Учения <b>начались</b></a></h3><span class="when">{date}</span>'
    '<div class="lead"><p>Первый абзац</p><p>Второй<br>абзац</p></div></div>'
)


def page(body: str, *, head: str = "") -> str:
    """An HTML page around this body."""
    top = f'<!doctype html><html><head><meta charset="utf-8"><title>Ministry</title>{head}</head>'
    return f"{top}<body>{body}</body></html>"


def read(document: str, **selectors: str) -> Parsed:
    """The reading of a ministry's page from Minsk."""
    feed = a_feed(
        FeedKind.RELEASE_PAGE, languages=("ru",), timezone="Europe/Minsk", selectors={**SELECTORS, **selectors}
    )
    return reading(document, feed, url="https://mil.example/ru/news/")


def test_release() -> None:
    """A release's title, address, date and lead are found; the date is read in the ministry's zone and language."""
    (entry,) = read(page(RELEASE.format(date="19 декабря 2022, 14:05"))).entries
    assert (entry.title, entry.url) == ("Учения начались", "https://mil.example/news/1")
    assert (entry.entry_id, entry.text) == (entry.url, "Первый абзац\n\nВторой\nабзац")
    assert (entry.published_at, entry.date_quality) == (datetime(2022, 12, 19, 11, 5, tzinfo=UTC), DateQuality.ASSUMED)


def test_machine_readable_date_is_preferred() -> None:
    """A `datetime` attribute says more than the words beside it."""
    release = (
        '<div class="release"><h3><a href="/1">t</a></h3><time class="when" '
        'datetime="2022-12-19T14:05:00+03:00">вчера</time></div>'
    )
    assert only_entry_of(release).date_quality is DateQuality.EXACT


def only_entry_of(body: str, **selectors: str) -> Entry:
    """The entry of a page with one release."""
    (entry,) = read(page(body), **selectors).entries
    return entry


def test_selector_of_an_attribute() -> None:
    """`selector@attribute` takes the attribute; `.` means the item itself."""
    release = '<a class="release" href="/1" title="Заголовок" data-when="19.12.2022">x</a>'
    entry = only_entry_of(release, title=".@title", link=".", date=".@data-when")
    assert (entry.title, entry.url, entry.published_at.day) == ("Заголовок", "https://mil.example/1", 19)


def test_base_address() -> None:
    """A page's own base address is where its links start."""
    document = page(RELEASE.format(date="19.12.2022"), head='<base href="https://other.example/">')
    assert read(document).entries[0].url == "https://other.example/news/1"


def test_changed_layout_is_no_calm() -> None:
    """When the item selector finds nothing the page has changed: that is trouble, not a day without releases."""
    parsed = read(page("<article><h2>Учения</h2></article>"))
    assert (parsed.trouble, parsed.entries) == (Outcome.LAYOUT_CHANGED, ())
    assert "'.release'" in parsed.detail


def test_items_without_words_are_a_changed_layout() -> None:
    """Items whose titles cannot be found any more are a changed layout too."""
    parsed = read(page('<div class="release"><h2>Учения</h2></div>' * 3), text="")
    assert parsed.trouble is Outcome.LAYOUT_CHANGED
    assert "'h3'" in parsed.detail


def test_dates_not_found_are_told() -> None:
    """Releases whose dates are not found are kept, and the reading says that all of them are undated."""
    parsed = read(page(RELEASE.format(date="")))
    assert parsed.trouble is Outcome.UNDATED
    assert len(parsed.entries) == 1


def test_selectors_that_find_nothing_are_told() -> None:
    """A link or lead that is not found any more is told by name, before anybody misses it."""
    document = page('<div class="release"><h3>Учения</h3><span class="when">19.12.2022</span></div>')
    parsed = read(document)
    assert len(parsed.entries) == 1
    assert "selector link='h3 a' finds nothing" in parsed.detail
    assert "selector text='.lead' finds nothing" in parsed.detail
    assert "selector date" not in parsed.detail


def test_titles_not_found_are_a_changed_layout() -> None:
    """Leads without their titles are half a release: the layout has changed."""
    assert read(page('<div class="release"><p class="lead">Учения</p></div>')).trouble is Outcome.LAYOUT_CHANGED


@pytest.mark.parametrize("selector", ["div[", ">>", ":nope("])
def test_unusable_selector(selector: str) -> None:
    """A selector that is none is refused by name."""
    with pytest.raises(ParseError, match="is no CSS selector"):
        read(page(RELEASE), item=selector)


def test_missing_item_selector() -> None:
    """Without an item selector the refusal says what to declare."""
    with pytest.raises(ParseError, match="needs a selector `item`"):
        only_entry(page(RELEASE), a_feed(FeedKind.RELEASE_PAGE))


def test_no_page() -> None:
    """Plain text where a page was expected is refused."""
    with pytest.raises(ParseError, match="no HTML page"):
        read("Too many requests")


def test_announced_feeds() -> None:
    """Feeds a page announces are found, absolute, in order, each once, with their titles."""
    head = (
        '<link rel="stylesheet" href="/s.css"><link rel="alternate" hreflang="ru" href="/ru/">'
        '<link rel="alternate" type="application/rss+xml" title="News &amp; more" href="/rss.xml">'
        '<link rel="alternate" type="application/atom+xml" href="atom.xml"><link rel=ALTERNATE '
        'type="application/feed+json" href="/f.json">'
        '<link rel="alternate" type="application/rss+xml" title="again" href="/rss.xml">'
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/1">'
    )
    found = discover(page("<a href='/other.rss'>RSS</a>", head=head).encode(), "https://a.example/x/y")
    assert found == [
        ("https://a.example/rss.xml", "News & more"),
        ("https://a.example/x/atom.xml", ""),
        ("https://a.example/f.json", ""),
    ]


def test_links_that_look_like_feeds() -> None:
    """Where nothing is announced, links that look like feeds are offered; articles about feeding are not."""
    body = (
        '<a href="/feed/">Лента</a><a href="/rss.xml">RSS</a><a href="/news/feeding-the-army">x</a><a '
        'href="javascript:rss">y</a>'
    )
    assert [url for url, _ in discover(page(body).encode(), "https://a.example/")] == [
        "https://a.example/feed/",
        "https://a.example/rss.xml",
    ]


def test_telegram_address_leads_to_its_preview() -> None:
    """A channel's address leads to the preview that can be read."""
    assert discover(b"<html></html>", "https://t.me/Hajun_BY") == [
        ("https://t.me/s/Hajun_BY", "Telegram channel Hajun_BY")
    ]


def test_hostile_page_announces_nothing() -> None:
    """A page too deep to be read announces nothing, and costs nothing."""
    assert discover(b"<div>" * 100_000, "https://a.example/") == []
