"""Documents made to stop a poller: read or refused in one line, within a bounded time, and never with a crash."""

from __future__ import annotations

import random

import pytest
from bounded_work import bounded_work
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing_builders import a_feed, atom, refusal_of, rss

from feeds.model import FeedKind

MANY = 100_000


def described(words: str) -> str:
    """A feed with one item of this description."""
    return rss(f"<item><title>t</title><description>{words}</description></item>")


def cdata(words: str) -> str:
    """The words as a section of raw text."""
    return f"<![CDATA[{words}]]>"


BOMB = "<!DOCTYPE x [<!ENTITY a0 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY a{number} '{f'&a{number - 1};' * 10}'>" for number in range(1, 10)
)
HOSTILE_FEEDS: dict[str, str] = {
    "entity bomb": rss("<item><title>&a9;</title></item>", head=f"{BOMB}]>"),
    "long entity repeated": rss(
        "<item><title>" + "&a;" * 20_000 + "</title></item>", head=f"<!DOCTYPE x [<!ENTITY a '{'a' * 50_000}'>]>"
    ),
    "many entities": rss("<item><title>t</title></item>", head="<!DOCTYPE x [" + "<!ENTITY a 'b'>" * 50_000 + "]>"),
    "entity declarations open": "<!DOCTYPE " + "<!ENTITY " * 50_000 + rss("<item><title>t</title></item>"),
    "comments in text": described(cdata("<!--" * 50_000)),
    "comments escaped": described("&lt;!--" * 50_000),
    "comments raw": described("<!--" * 50_000),
    "nested elements": rss("<a>" * MANY + "</a>" * MANY),
    "nested elements open": rss("<a>" * MANY),
    "nested in text": described(cdata("<div>" * MANY)),
    "attributes cut": described('<a href="x' * MANY),
    "attributes cut in text": described(cdata('<a href="x' * MANY)),
    "many attributes": rss("<item " + " ".join(f'a{number}="1"' for number in range(50_000)) + "/>"),
    "many attributes bare": rss("<item " + " ".join(f"a{number}=1" for number in range(50_000)) + "/>"),
    "many categories": rss(
        "<item>" + "".join(f"<category>c{number}</category>" for number in range(20_000)) + "</item>"
    ),
    "long author": rss("<item><author>" + "a." * MANY + "@</author></item>"),
    "long author, ill-formed": rss("<item><author>" + "a." * MANY + "@</author></item>") + "<",
    "long date": rss("<item><pubDate>" + "2003" + " " * 200_000 + "x</pubDate></item>"),
    "ampersands": described("&" * 200_000),
    "references": described("&amp;" * 200_000),
    "brackets": described("<" * 200_000),
    "unclosed sections": described("<![CDATA[" * MANY),
    "instructions": rss("<?x " * MANY),
    "declarations": rss("<!x " * MANY),
    "doctypes": "<!DOCTYPE x>" * 50_000 + rss("<item><title>t</title></item>"),
    "marks": described("a" + "\u0301\u0316" * MANY),
    "spaces": described(" " * 1_000_000),
    "irregular dates": rss(
        "".join(f"<item><pubDate>day {number} of 2022 x</pubDate></item>" for number in range(3000))
    ),
    "too many entries": rss("<item/>" * 60_000),
    "too many elements": described("<x/>" * 300_000),
    "too many marks": described("<" * 2_000_000),
    "short tags": rss("<item><x/" * MANY),
    "many links": atom(
        "<entry><id>1</id>" + "".join(f'<link href="/{number}"/>' for number in range(20_000)) + "</entry>"
    ),
    "long base": atom('<entry xml:base="http://' + "a/" * MANY + '"><id>1</id><link href="../x"/></entry>'),
}


@pytest.mark.parametrize("name", HOSTILE_FEEDS)
def test_hostile_feeds_cost_little(name: str) -> None:
    """A feed built to exhaust a parser is read, or refused in one line, within seconds of CPU."""
    with bounded_work():
        refusal = refusal_of(HOSTILE_FEEDS[name]) or "read"
    assert "\n" not in refusal
    assert len(refusal) < 300


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (FeedKind.JSONFEED, b"[" * 200_000),
        (FeedKind.JSONFEED, b'{"items":' * MANY),
        (FeedKind.JSONFEED, b'{"version":"https://jsonfeed.org/version/1","items":[{"id":' + b"9" * 10_000 + b"}]}"),
        (
            FeedKind.JSONFEED,
            b'{"version":"https://jsonfeed.org/version/1","items":[{"id":"\\ud800","title":"\\udfff"}]}',
        ),
        (FeedKind.TELEGRAM, b'<div class="tgme_widget_message" data-post="a/1">' + b"<div>" * MANY),
        (FeedKind.TELEGRAM, b'<div class="tgme_widget_message" data-post="a/1"><p class="js-message_text">' * 5_000),
        (FeedKind.TELEGRAM, b'<div class="tgme_x" ' + b" ".join(b"a%d=1" % number for number in range(50_000)) + b">"),
        (FeedKind.RELEASE_PAGE, b"<div class=item>" * MANY),
        (FeedKind.GDELT, b'{"articles":[' + b"[" * MANY),
    ],
)
def test_hostile_pages_cost_little(kind: FeedKind, content: bytes) -> None:
    """So is any other kind of document."""
    with bounded_work():
        refusal = refusal_of(content, a_feed(kind, selectors={"item": ".item", "title": "h3"})) or "read"
    assert "\n" not in refusal


SEEDS = [
    rss("<item><title>t &amp; x</title><guid>1</guid><pubDate>Mon, 19 Dec 2022 14:05:00 MSK</pubDate></item>").encode(),
    atom('<entry xml:lang="ru"><id>1</id><title type="html">&lt;b&gt;т</title><link href="/a"/></entry>').encode(),
    b'{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_html":"<p>x"}]}',
    b'<html><body class="tgme_x"><div class="tgme_widget_message" data-post="a/1">'
    b'<div class="js-message_text">x</div></div>',
]
SCRAPS = (
    b"< > & &# &#x ; ]]> <![CDATA[ <! <? /> \x00 \xff \xed\xa0\x80 <item> </item> \" <!-- <!DOCTYPE xmlns:a='' <a:b> "
    b"<link { } <source> <image> <svg> <media:rating> <author> <textinput> &a; \r \x85 <!ENTITY"
).split(b" ")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.sampled_from([*FeedKind][:-2]))
def test_damaged_documents_never_crash(seed: bytes, chance: int, kind: FeedKind) -> None:
    """A document damaged anywhere in any way is read or refused; nothing else happens."""
    dice = random.Random(chance)
    content = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(content) + 1)
        content[place : place + dice.choice((0, 0, 1, 5, 30))] = dice.choice(SCRAPS)
    assert "\n" not in (refusal_of(bytes(content), a_feed(kind)) or "read")
