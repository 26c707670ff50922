"""Real and adversarial documents that lie beside a developer's checkout: what others' test suites expect of them."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bounded_work import WORK_S

from feeds.errors import ParseError
from feeds.model import Entry, Feed, FeedKind
from feeds.parsing import Parsed, parse, sniff
from feeds.text import plain_line

DOCUMENTS = Path(__file__).resolve().parents[3].parent / "shared" / "feeds"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADDRESS = "http://127.0.0.1/feed"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not (DOCUMENTS / "manifest.jsonl").is_file(), reason="shared data absent"),
]

# Where we differ on purpose: (end of the file's name, what) and why.
ACCEPTED = {
    ("rss1/rss_1.0_debian.xml", "ids"): "its suite derives ids of its own by hashing; ours is the link",
    ("rss1/rss_1.0_debian.xml", "dates"): "a date without a time is noon UTC here, midnight there",
}
# Documents of feed formats that are no feeds of news, and so are refused: what they are.
REFUSED = {
    "samples/feed.common.json": "the input of a converter: items without a JSON Feed's version",
    "cdf/channel_href_map_link.xml": "a channel of a format from 1997, without any item",
    "yandex/ya_blogActivity-ya_Posts-url.xml": "a list of subscriptions in RDF",
    "rss11/must/pos-odd-prefixes.xml": "an empty channel of RSS 1.1, which nobody publishes",
}
NO_FEEDS = ("json", "opml", "other")


def manifest() -> list[dict[str, Any]]:
    """The rows of the manifest."""
    return [json.loads(row) for row in (DOCUMENTS / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def read(row: dict[str, Any]) -> Parsed:
    """The document of a row, as `vedette parse` would read it: its kind sniffed, no source known."""
    content = (DOCUMENTS / row["file"]).read_bytes()
    headers = dict(header.lower().split(": ", 1) for header in row.get("response_headers", ()) if ": " in header)
    kind = sniff(content, headers.get("content-type")) or FeedKind.SYNDICATION
    feed = Feed(feed_id="document", name="document", url=ADDRESS, kind=kind, languages=())
    return parse(content, feed=feed, url=ADDRESS, fetched_at=NOW, content_type=headers.get("content-type"))


def refusal_of(row: dict[str, Any]) -> str | None:
    """The line with which the document of a row is refused; None when it is read."""
    try:
        read(row)
    except ParseError as refusal:
        return str(refusal)
    return None


def accepted(row: dict[str, Any], what: str) -> bool:
    """True where the difference is one of ours."""
    return any(row["file"].endswith(end) and what == kind for end, kind in ACCEPTED)


def told(capsys: pytest.CaptureFixture[str], heading: str, scores: Counter[tuple[str, bool]]) -> None:
    """The score of each format, on the terminal whatever is captured."""
    with capsys.disabled():
        sys.stdout.write(f"\n{heading}: ")
        for form in sorted({form for form, _ in scores}):
            right, wrong = scores[form, True], scores[form, False]
            sys.stdout.write(f"{form} {right}/{right + wrong}  ")


@pytest.mark.parametrize("what", ["entries", "ids", "dates"])
def test_expectations_of_other_suites(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the manifest states entries, ids or dates, we find the same ones in the same order."""
    scores: Counter[tuple[str, bool]] = Counter()
    wrong = []
    for row in manifest():
        if f"expected_{what}" not in row:
            continue
        found, expected = measured(read(row), row, what)
        right = found == expected
        scores[row["format"], right] += 1
        if not right and not accepted(row, what):
            wrong.append((row["file"], found, expected))
    told(capsys, what, scores)
    assert wrong == []


def measured(parsed: Parsed, row: dict[str, Any], what: str) -> tuple[object, object]:
    """What we found and what was expected, made comparable."""
    expected = row[f"expected_{what}"]
    if what == "entries":
        return len(parsed.entries), expected
    if what == "ids":
        return [entry.entry_id for entry in parsed.entries], expected
    instants = [datetime.fromisoformat(raw.replace("Z", "+00:00")) if raw else None for raw in expected]
    near = [
        instant
        if instant is not None and abs(entry.published_at - instant) < timedelta(seconds=1)
        else None
        if instant is None
        else entry.published_at
        for entry, instant in zip(parsed.entries, instants, strict=True)
    ]
    return near, instants


def test_neighbouring_expectations(capsys: pytest.CaptureFixture[str]) -> None:
    """Titles and links agree with the expected outputs that lie beside the documents."""
    scores: Counter[tuple[str, bool]] = Counter()
    wrong = []
    for row in manifest():
        if "expected_file" not in row:
            continue
        expected = json.loads((DOCUMENTS / row["expected_file"]).read_text(encoding="utf-8"))
        entries = read(row).entries
        for entry, other in zip(entries, expected.get("entries") or expected["items"], strict=True):
            for what, ours, theirs in compared(entry, other):
                scores[f"{row['format']} {what}", ours == theirs] += 1
                if ours != theirs:
                    wrong.append((row["file"], what, ours, theirs))
    told(capsys, "neighbours", scores)
    assert wrong == []


def compared(entry: Entry, other: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Ours beside theirs: titles as the words they say, links as they are."""
    title = other.get("title") or ""
    yield "title", entry.title, plain_line(title["content"] if isinstance(title, dict) else title)
    links = other.get("links") or []
    link = other.get("link") or (links[0]["href"] if links and isinstance(links[0], dict) else "")
    if link:
        yield "link", entry.url, link


def test_every_document_is_read_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Every document is read, or refused in one line, in under six seconds of CPU; and no feed is refused."""
    scores: Counter[tuple[str, bool]] = Counter()
    slow, refused, lines = [], [], 0
    for row in manifest():
        started = time.process_time()
        refusal = refusal_of(row)
        scores[row["format"], refusal is None] += 1
        if refusal is not None:
            lines += refusal.count("\n")
            if row["format"] not in NO_FEEDS and not row["file"].endswith(tuple(REFUSED)):
                refused.append((row["file"], refusal))
        if (took := time.process_time() - started) > WORK_S:
            slow.append((row["file"], took))
    told(capsys, "read", scores)
    assert refused == []
    assert slow == []
    assert lines == 0


def test_no_entry_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """A document that is read gives as many entries as it has item or entry elements."""
    scores: Counter[tuple[str, bool]] = Counter()
    wrong = []
    for row in manifest():
        if not row.get("raw_item_tags"):
            continue
        try:
            entries = len(read(row).entries)
        except ParseError:
            continue
        scores[row["format"], entries == row["raw_item_tags"]] += 1
        if entries != row["raw_item_tags"]:
            wrong.append((row["file"], entries, row["raw_item_tags"]))
    told(capsys, "elements", scores)
    assert wrong == []
