"""RSS, RDF and Atom, well-formed and not: what each document says, no more and no less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from parsing_builders import NOW, URL, a_feed, atom, only_entry, reading, rss

from feeds.errors import ParseError
from feeds.model import DateQuality, FeedKind, Outcome


def test_rss_item() -> None:
    """An item's id, link, title, text, date and author arrive as the source wrote them, in plain text."""
    entry = only_entry(
        rss(
            "<item><title>Columns &amp;amp; drills</title><link>/a?b=1&amp;c=2</link><guid isPermaLink='false'>"
            "id-1</guid>"
            "<pubDate>Mon, 19 Dec 2022 14:05:00 MSK</pubDate><dc:creator>Reporter</dc:creator>"
            "<description>&lt;p&gt;A column&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;&lt;p&gt;of "
            "tanks&lt;/p&gt;</description></item>"
        )
    )
    assert (entry.entry_id, entry.url) == ("id-1", "https://news.example/a?b=1&c=2")
    assert (entry.title, entry.text) == ("Columns & drills", "A column\n\nof tanks")
    assert entry.published_at == datetime(2022, 12, 19, 11, 5, tzinfo=UTC)
    assert (entry.published_raw, entry.date_method) == ("Mon, 19 Dec 2022 14:05:00 MSK", "zone table")
    assert (entry.author, entry.lang, entry.date_quality) == ("Reporter", "en", DateQuality.EXACT)


def test_full_content_wins_over_summary() -> None:
    """Where an item carries its whole text besides a summary, the whole text is read."""
    entry = only_entry(
        rss(
            "<item><title>t</title><description>short</description><content:encoded>the whole "
            "text</content:encoded></item>"
        )
    )
    assert entry.text == "the whole text"


def test_title_less_item() -> None:
    """An item without a title is an entry all the same."""
    assert only_entry(rss("<item><description>words</description></item>")).text == "words"


def test_repeated_guid_is_no_identity() -> None:
    """A guid that stands beside several links identifies nothing; the links do."""
    items = "".join(
        f"<item><guid isPermaLink='false'>same</guid><link>/{n}</link><title>t{n}</title></item>" for n in range(3)
    )
    assert [entry.entry_id for entry in reading(rss(items)).entries] == [f"https://news.example/{n}" for n in range(3)]


def test_repeated_link_is_no_identity() -> None:
    """Without guids, a link to the home page beside several titles identifies nothing; the words do, and stably."""
    items = "".join(f"<item><link>https://news.example/</link><title>t{n}</title></item>" for n in range(3))
    identities = [entry.entry_id for entry in reading(rss(items)).entries]
    assert len(set(identities)) == 3
    assert all(identity.startswith("sha256:") for identity in identities)
    assert identities == [entry.entry_id for entry in reading(rss(items)).entries]


def test_guid_that_is_no_address_is_no_link() -> None:
    """An id nobody marked as no permalink becomes a link only when it is an address."""
    assert only_entry(rss("<item><guid>abc</guid><title>t</title></item>")).url == ""
    assert only_entry(rss("<item><guid>https://a.example/1</guid><title>t</title></item>")).url == "https://a.example/1"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://["])
def test_only_web_addresses_are_links(link: str) -> None:
    """A link with another scheme, or one that cannot be taken apart, is no link."""
    assert (
        only_entry(rss(f"<item><guid isPermaLink='false'>1</guid><link>{link}</link><title>t</title></item>")).url == ""
    )


def test_atom_prefers_publication() -> None:
    """An Atom entry is dated by its publication; only without one, by its last change."""
    both = "<published>2022-12-18T10:00:00Z</published><updated>2022-12-19T10:00:00Z</updated>"
    assert only_entry(atom(f"<entry><id>1</id><title>t</title>{both}</entry>")).published_at.day == 18
    late = "<updated>2022-12-19T10:00:00Z</updated>"
    assert only_entry(atom(f"<entry><id>1</id><title>t</title>{late}</entry>")).published_at.day == 19


def test_atom_text_type_is_not_markup() -> None:
    """In a construct of type text a bracket is a bracket; in one of type html it is markup."""
    entry = only_entry(
        atom(
            '<entry><id>1</id><title type="text">a &lt;b&gt; c</title><summary type="html">'
            "&lt;b&gt;x&lt;/b&gt;</summary></entry>"
        )
    )
    assert (entry.title, entry.text) == ("a <b> c", "x")


def test_atom_first_alternate_is_the_link() -> None:
    """Of several alternates the first readable one is the publication's page; enclosures and edits are not."""
    links = (
        '<link rel="edit" href="/edit"/><link rel="alternate" type="application/json" href="/json"/>'
        '<link rel="alternate" type="text/html" href="/page"/><link href="/other"/>'
    )
    assert only_entry(atom(f"<entry><id>1</id><title>t</title>{links}</entry>")).url == "https://news.example/page"


def test_relative_links_start_at_the_document() -> None:
    """Relative links are resolved against the document's address, and against its xml:base where it declares one."""
    assert only_entry(rss("<item><link>../a</link><title>t</title></item>")).url == "https://news.example/a"
    based = '<entry xml:base="https://other.example/x/"><id>1</id><title>t</title><link href="y"/></entry>'
    assert only_entry(atom(based)).url == "https://other.example/x/y"


def test_rdf_items() -> None:
    """RSS 1.0 items stand beside their channel; `rdf:about` identifies them, `dc:date` dates them."""
    entry = only_entry(
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>n</title></channel>'
        '<item rdf:about="https://a.example/1"><title>t</title><link>https://a.example/1</link>'
        "<dc:date>2022-12-19T14:05:00+03:00</dc:date></item></rdf:RDF>"
    )
    assert (entry.entry_id, entry.published_at.hour) == ("https://a.example/1", 11)


def test_aggregated_item_names_its_outlet() -> None:
    """A search feed's item says which outlet it comes from; that outlet, not the search, is its voice."""
    entry = only_entry(rss('<item><title>t</title><source url="https://o.example">Outlet</source></item>'))
    assert entry.forwarded_from == "Outlet"


def test_hints() -> None:
    """How often a source wishes to be read, and where it offers to push, are kept for the schedule."""
    parsed = reading(rss("", channel="<ttl>45</ttl><atom:link rel='hub' href='https://hub.example/'/>"))
    assert (parsed.hints.ttl, parsed.hints.hub) == (timedelta(minutes=45), "https://hub.example/")
    period = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    assert reading(rss("", channel=period)).hints.ttl == timedelta(hours=6)


def test_empty_feed_is_empty_not_calm() -> None:
    """A feed without entries is said to be empty."""
    assert reading(rss("")).trouble is Outcome.EMPTY


def test_undated_feed_says_so() -> None:
    """When no entry carries a usable date the document says so and shows one of them."""
    parsed = reading(rss("<item><title>t</title><pubDate>n/a</pubDate></item>"))
    assert parsed.trouble is Outcome.UNDATED
    assert "'n/a'" in parsed.detail
    assert [(entry.published_at, entry.date_quality) for entry in parsed.entries] == [(NOW, DateQuality.FETCHED)]


@pytest.mark.parametrize(
    "broken",
    [
        rss("<item><title>a &nbsp; b & c</title></item><item><title>d</title></item>"),
        rss("<item><title>a</title></item><item><title>d</title></item>") + "<junk>",
        rss("<item><title>a</title></item><item><title>d</title></item>")[:-8],
        "\n\n  " + rss("<item><title>a\x00\x0b</title></item><item><title>d</title></item>"),
        rss("<item><title>a&#0;&#xD800;&#99999999;</title></item><item><title>d</title></item>"),
    ],
    ids=["entities", "junk after", "cut short", "controls", "impossible references"],
)
def test_ill_formed_documents_are_recovered(broken: str) -> None:
    """A fault in one place does not lose what stands elsewhere."""
    titles = [entry.title for entry in reading(broken).entries]
    assert titles[-1].startswith("d")
    assert len(titles) == 2


def test_entry_cut_to_nothing_is_left_out_and_told() -> None:
    """A document cut off inside an entry gives the whole ones; an entry of which nothing arrived is no entry."""
    parsed = reading(rss("<item><title>whole</title></item><item><title>hal")[:-20])
    assert [entry.title for entry in parsed.entries] == ["whole"]
    assert "the last entry is cut off" in parsed.detail


def test_entities_of_files_are_not_read() -> None:
    """An entity that names a file of ours stays a name."""
    head = '<!DOCTYPE rss [<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    assert "file" in only_entry(rss("<item><title>&file;</title></item>", head=head)).title


def test_language_of_entry() -> None:
    """In a source of several languages each entry is given the one it is written in."""
    items = "<item><title>Калона тэхнікі ў Гомелі</title></item><item><title>Колонна техники, объявлено</title></item>"
    parsed = reading(rss(items), a_feed(languages=("ru", "be")))
    assert [entry.lang for entry in parsed.entries] == ["be", "ru"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("<!doctype html><html><head><title>x</title></head><body>News</body></html>", "vedette feeds add"),
        ("<html><body><p>Just a moment...</p></body></html>", "HTML page"),
        ('<opml version="2.0"><head/><body><outline xmlUrl="https://a/"/></body></opml>', "import-opml"),
        ("", "empty"),
        ("   \n", "empty"),
        ("Service unavailable", "no RSS, RDF or Atom"),
        ('{"error": "x"}', "no JSON Feed"),
        ("<svg><title>x</title></svg>", "no RSS, RDF or Atom"),
    ],
)
def test_what_is_no_feed_is_refused(document: str, words: str) -> None:
    """A document that is no feed is refused in one line that names the address, what was found, and what to do."""
    with pytest.raises(ParseError) as refusal:
        reading(document)
    assert words in str(refusal.value)
    assert URL in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_json_feed_under_a_syndication_feed() -> None:
    """A source that moves from RSS to JSON Feed without notice is read on."""
    parsed = reading(
        '{"version": "https://jsonfeed.org/version/1.1", "title": "n", "items": [{"id": "1", "title": "t"}]}'
    )
    assert (parsed.kind, len(parsed.entries)) == (FeedKind.JSONFEED, 1)


def test_manual_feed_has_no_documents() -> None:
    """A manual feed cannot be parsed; its items are pasted in."""
    with pytest.raises(ParseError, match="manual"):
        reading("x", a_feed(FeedKind.MANUAL))


def test_youtube_channel() -> None:
    """A channel's videos are read with the words of their description, and the day they appeared."""
    entry = only_entry(
        '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns="http://www.w3.org/2005/Atom"><title>Channel</title><entry><id>yt:video:abc</id><yt:videoId>abc</yt:videoId>'
        '<title>Briefing</title><link rel="alternate" href="https://www.youtube.com/watch?v=abc"/>'
        "<author><name>Channel</name></author><published>2022-12-19T14:05:00+00:00</published>"
        "<updated>2022-12-20T01:00:00+00:00</updated><media:group><media:title>Briefing</media:title>"
        '<media:content url="https://www.youtube.com/v/abc"/><media:description>First line\nsecond '
        "line</media:description>"
        "</media:group></entry></feed>",
        a_feed(FeedKind.YOUTUBE),
    )
    assert (entry.entry_id, entry.url) == ("yt:video:abc", "https://www.youtube.com/watch?v=abc")
    assert (entry.title, entry.text) == ("Briefing", "First line\nsecond line")
    assert (entry.published_at.day, entry.author) == (19, "Channel")


def test_every_entry_is_kept() -> None:
    """Nothing is capped: a thousand entries in, a thousand out, in the source's order."""
    items = "".join(f"<item><title>t{number}</title></item>" for number in range(1000))
    assert [entry.title for entry in reading(rss(items)).entries] == [f"t{number}" for number in range(1000)]
