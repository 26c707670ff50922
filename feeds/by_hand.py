"""Items that a person enters: the words of a source that has gone dark, marked with who entered them and when."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from feeds import store, trial
from feeds.database import writing
from feeds.dates import FUTURE_WITHIN
from feeds.errors import FeedError
from feeds.model import DateQuality, Entry, Feed, FeedKind, Item
from feeds.parsing import digests
from feeds.parsing.document import Draft
from feeds.parsing.encoding import decode
from feeds.parsing.language import language_of
from feeds.parsing.links import absolute
from feeds.text import clean, line, plain
from feeds.visit import item_id, item_of
from feeds.worker import Parser

METHOD = "entered by hand"
"""What stands as the date's method, so that nobody takes the item for one that was collected."""
LONGEST = 200_000
"""Characters of one item."""
LARGEST = 8 * 1024 * 1024
"""Bytes of a file."""
_NO_TEXT = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")
_PAGE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
EARLIEST = timedelta(days=3660)


class EntryRefused(FeedError):
    """What a person entered cannot be an item; one line says why and what to do."""


def mark(by: str, at: datetime) -> str:
    """The author's field of an entered item: who entered it, and when."""
    return f"{METHOD} by {line(by)[:80]} at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def from_text(
    feed: Feed,
    text: str,
    *,
    by: str,
    now: datetime,
    published_at: datetime | None = None,
    title: str = "",
    url: str = "",
) -> tuple[Item, ...]:
    """The item a pasted text is, or the items of its parts where it is a digest. Raises `EntryRefused`."""
    body, head = clean(text[: LONGEST + 1]), line(title)[:500]
    if not line(by):
        raise EntryRefused("the name of who enters it is missing; give it: people will ask")
    if not body and not head:
        raise EntryRefused("there are no words in it; paste the text of the post")
    if len(text) > LONGEST:
        raise EntryRefused(f"the text is longer than {LONGEST} characters; enter its parts one by one")
    address = absolute(url, "") if url.strip() else ""
    if url.strip() and not address:
        raise EntryRefused(f"'{line(url)[:80]}' is no web address; write https://host/path or leave it out")
    at = _checked(published_at, now)
    identity = address or f"hand:{hashlib.sha256(f'{head}{chr(10) * 2}{body}'.encode()).hexdigest()[:40]}"
    draft = Draft(source_id=identity, url=address, title=head, text=body)
    return tuple(
        _entered(
            feed,
            Entry(
                entry_id=part_id,
                url=part.url,
                title=part.title,
                text=part.text,
                published_at=at,
                published_raw=published_at.isoformat() if published_at else "",
                date_method=METHOD,
                date_quality=DateQuality.ASSUMED,
                lang=language_of(f"{part.title}\n{part.text}", among=feed.languages),
            ),
            by=by,
            now=now,
        )
        for part, part_id in digests.apart(draft, identity, declared=feed.digest)
    )


def from_entries(feed: Feed, entries: Iterable[Entry], *, by: str, now: datetime) -> tuple[Item, ...]:
    """The items of a saved page or feed: as they would have been collected, but for who brought them."""
    if not line(by):
        raise EntryRefused("the name of who enters it is missing; give it: people will ask")
    return tuple(
        _entered(feed, replace(entry, date_method=f"{METHOD}, {entry.date_method}"), by=by, now=now)
        for entry in entries
    )


def _entered(feed: Feed, entry: Entry, *, by: str, now: datetime) -> Item:
    return replace(item_of(feed, entry, item_id(feed.feed_id, entry.entry_id), now), author=mark(by, now))


async def from_document(
    feed: Feed,
    content: bytes,
    *,
    by: str,
    now: datetime,
    published_at: datetime | None = None,
    title: str = "",
    url: str = "",
) -> tuple[Item, ...]:
    """What a person brought as a file: the entries of a document of the source's kind, else its words as one text.

    The file is read in a worker, like everything from outside. Raises `EntryRefused`.
    """
    if len(content) > LARGEST:
        raise EntryRefused(f"the file is larger than {LARGEST // 1024**2} MiB; enter its parts one by one")
    if content.startswith(_NO_TEXT):
        raise EntryRefused("the file is neither a text nor a saved page; give its words as a text")
    kind = FeedKind.SYNDICATION if feed.kind is FeedKind.MANUAL else feed.kind
    parser = Parser(size=1, target=trial.READER)
    try:
        found = await trial.read(content, parser=parser, feed=replace(feed, kind=kind), url=url or feed.url, now=now)
    finally:
        await parser.close()
    if found.parsed is not None and found.parsed.entries:
        return from_entries(feed, found.parsed.entries, by=by, now=now)
    text = decode(content, languages=feed.languages)
    if "\0" in text:
        raise EntryRefused("the file is no text; give its words as a text")
    words = plain(text, certainly_html=True) if _PAGE.search(text[:4000]) else text
    return from_text(feed, words, by=by, now=now, published_at=published_at, title=title, url=url)


def _checked(published_at: datetime | None, now: datetime) -> datetime:
    if published_at is None:
        return now
    if published_at > now + FUTURE_WITHIN:
        raise EntryRefused(f"{published_at:%Y-%m-%d %H:%M} lies in the future; correct the date")
    if published_at < now - EARLIEST:
        raise EntryRefused(f"{published_at:%Y-%m-%d %H:%M} is more than ten years ago; `vedette ingest` takes archives")
    return published_at.astimezone(UTC)


def keep(engine: Engine, items: Iterable[Item]) -> int:
    """Store them; how many were new. What the source itself already brought is left as it is."""
    with writing(engine) as connection:
        return store.add_items(connection, list(items))
