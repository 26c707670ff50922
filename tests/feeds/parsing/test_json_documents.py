"""JSON Feed and GDELT article lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing_builders import URL, a_feed, reading, refusal_of

from feeds.errors import ParseError
from feeds.model import Entry, FeedKind, Outcome

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["id", "url", "title", "items", "articles", "authors", "author", "name", "content_html",
                         "date_published", "seendate", "version", "hubs", "next_url", "language", "domain"]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


def item(**fields: object) -> Entry:
    """The entry of a JSON Feed with one item of these fields."""
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [fields]}
    (entry,) = reading(json.dumps(document), a_feed(FeedKind.JSONFEED)).entries
    return entry


def test_item() -> None:
    """An item's fields arrive; HTML becomes text; the date is exact."""
    entry = item(
        id="1", url="/a", title="A <b> title", content_html="<p>one</p><p>two</p>",
        date_published="2022-12-19T14:05:00+03:00", authors=[{"name": "One"}, {"name": "Two"}],
    )  # fmt: skip
    assert (entry.entry_id, entry.url) == ("1", "https://news.example/a")
    assert (entry.title, entry.text, entry.author) == ("A <b> title", "one\n\ntwo", "One, Two")
    assert entry.published_at == datetime(2022, 12, 19, 11, 5, tzinfo=UTC)


def test_older_forms() -> None:
    """Version 1.0 names one author; ids may be numbers; a modification stands in for a missing publication."""
    entry = item(id=17, author={"name": "One"}, content_text="a < b\nc", date_modified="2022-12-19T14:05:00Z")
    assert (entry.entry_id, entry.author, entry.text) == ("17", "One", "a < b\nc")
    assert entry.published_at.day == 19


def test_item_without_id() -> None:
    """An item that forgot its id is identified by its link, or by its words."""
    assert item(url="https://a.example/1", title="t").entry_id == "https://a.example/1"
    assert item(title="t").entry_id.startswith("sha256:")


def test_external_link() -> None:
    """A link post that names only another's page leads there."""
    assert item(id="1", external_url="https://other.example/").url == "https://other.example/"


def test_next_page_and_hub() -> None:
    """The continuation and the hub are kept as absolute addresses."""
    parsed = reading(
        '{"version": "https://jsonfeed.org/version/1", "items": [], "next_url": "?page=2",'
        ' "hubs": [{"type": "WebSub", "url": "https://hub.example/"}]}'
    )
    assert (parsed.next_page, parsed.hints.hub) == (f"{URL}?page=2", "https://hub.example/")
    assert parsed.trouble is Outcome.EMPTY


GDELT = {
    "articles": [
        {"url": "https://a.example/1", "title": "Putin , Lukashenko meet ( again ) ", "seendate": "20221219T140500Z",
         "domain": "a.example", "language": "Russian", "sourcecountry": "Russia"},
        {"url": "https://b.example/2", "title": "Drills", "seendate": "20221219T120000Z", "domain": "b.example"},
    ]
}  # fmt: skip


def test_gdelt_articles() -> None:
    """An article is its address, its title as it was printed, and the outlet that said it."""
    first, second = reading(json.dumps(GDELT), a_feed(FeedKind.GDELT)).entries
    assert (first.entry_id, first.url) == ("https://a.example/1", "https://a.example/1")
    assert (first.title, first.text, first.forwarded_from) == ("Putin, Lukashenko meet (again)", "", "a.example")
    assert first.published_at == datetime(2022, 12, 19, 14, 5, tzinfo=UTC)
    assert second.forwarded_from == "b.example"


def test_gdelt_empty_answer() -> None:
    """No articles is an empty answer, not an error."""
    assert reading("{}", a_feed(FeedKind.GDELT)).trouble is Outcome.EMPTY


def test_gdelt_stray_backslash() -> None:
    """The service's unescaped backslashes and line breaks inside strings are forgiven."""
    document = '{"articles": [{"url": "https://a.example/1", "title": "a \\x b\n c", "seendate": "20221219T140500Z"}]}'
    assert reading(document, a_feed(FeedKind.GDELT)).entries[0].title == "a \\x b c"


@pytest.mark.parametrize(
    "answer", ["Please limit requests to one every 5 seconds.", "", "[]", '{"a": 1}', "<html></html>"]
)
def test_gdelt_complaints_are_refused(answer: str) -> None:
    """The service's complaints come as plain text; the officer reads them as they are."""
    with pytest.raises(ParseError) as refusal:
        reading(answer, a_feed(FeedKind.GDELT))
    assert "\n" not in str(refusal.value)
    if answer.startswith("Please"):
        assert "Please limit requests" in str(refusal.value)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from([FeedKind.JSONFEED, FeedKind.GDELT, FeedKind.SYNDICATION]))
def test_any_json_is_read_or_refused(value: object, kind: FeedKind) -> None:
    """No JSON value, of whatever types in whatever places, does more than be refused."""
    for document in (
        value,
        {"version": "https://jsonfeed.org/version/1", "items": [value, value]},
        {"articles": [value]},
    ):
        assert "\n" not in (refusal_of(json.dumps(document), a_feed(kind)) or "read")


def test_an_id_that_is_an_address_stands_for_a_missing_one() -> None:
    """The format advises permanent addresses as ids; a number is an id and no address."""
    assert item(id="https://a.example/1", content_text="x").url == "https://a.example/1"
    assert (item(id=7, content_text="x").entry_id, item(id=7, content_text="x").url) == ("7", "")


def test_the_feeds_authors_are_its_items() -> None:
    """An item without authors has those of the feed, in either version's form."""
    for authors in ({"authors": [{"name": "One"}]}, {"author": {"name": "One"}}):
        document = {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": "1", "content_text": "x"}],
            **authors,
        }
        assert reading(json.dumps(document), a_feed(FeedKind.JSONFEED)).entries[0].author == "One"


def test_untidy_json_is_read() -> None:
    """A comma behind the last item and a missing version are forgiven where the items are this format's."""
    untidy = '{"title": "News", "items": [{"id": "1", "content_text": "x, ]",},]}'
    assert [entry.text for entry in reading(untidy, a_feed(FeedKind.JSONFEED)).entries] == ["x, ]"]
    assert refusal_of('{"items": [{"name": "no feed"}]}', a_feed(FeedKind.JSONFEED)) is not None
