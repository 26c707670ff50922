"""Feeds of search services: whose article it is, and where it really stands."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from parsing_builders import atom, only_entry, rss

from feeds.parsing.links import unwrapped

REAL = "https://www.paper.example/world/tanks-arrive/"


def an_article(link: str, more: str = "") -> str:
    """A feed of a search with one article."""
    return rss(f"<item><title>Tanks arrive - The Paper</title><link>{link}</link>{more}</item>")


def test_the_publisher_comes_from_the_source_element() -> None:
    """The element's name is the publisher; the guid stays the id, the title stays as printed."""
    source = '<guid isPermaLink="false">abc</guid><source url="https://paper.example">The Paper</source>'
    entry = only_entry(an_article("https://news.google.com/rss/articles/abc?oc=5", source))
    assert (entry.entry_id, entry.forwarded_from, entry.title) == ("abc", "The Paper", "Tanks arrive - The Paper")
    assert entry.url == "https://news.google.com/rss/articles/abc?oc=5"


def test_an_article_name_that_holds_its_address_leads_there() -> None:
    """Older names of articles are the address in base64; newer ones hold only a number and stay as they are."""
    packed = b"\x08\x13\x22" + bytes([len(REAL)]) + REAL.encode() + b"\xd2\x01\x00"
    name = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    assert only_entry(an_article(f"https://news.google.com/rss/articles/{name}?oc=5")).url == REAL
    newer = base64.urlsafe_b64encode(b"\x08\x13\x22\x20AU_yqLMabcdefgh").decode().rstrip("=")
    assert unwrapped(f"https://news.google.com/rss/articles/{newer}") == f"https://news.google.com/rss/articles/{newer}"


@pytest.mark.parametrize(
    "wrapped",
    [
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&amp;tid=6&amp;url={quote(REAL, safe='')}&amp;c=1",
        f"https://www.google.com/url?rct=j&amp;sa=t&amp;url={REAL}&amp;ct=ga",
    ],
)
def test_pages_that_only_lead_on_are_left_out(wrapped: str) -> None:
    """The article's own address is the link, and the identity where there is no other: the wrapping changes daily."""
    entry = only_entry(an_article(wrapped))
    assert (entry.url, entry.entry_id) == (REAL, REAL)


def test_a_wrapping_cannot_smuggle_another_scheme() -> None:
    """What a wrapping names is an address only if it is one of the web."""
    wrapped = "https://www.google.com/url?url=javascript:alert(1)"
    assert unwrapped(wrapped) == wrapped


def test_several_authors_are_named_without_their_mail() -> None:
    """Atom's authors stand side by side; an address of mail is no name."""
    authors = "<author><name>A</name></author><author><name>B</name><email>b@x.example</email></author>"
    assert only_entry(atom(f"<entry><title>x</title>{authors}</entry>")).author == "A, B"
