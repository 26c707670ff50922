"""From drafts to entries: identity, instant and language, by the same rules for every kind of document."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from feeds.dates import DateReader
from feeds.model import DateQuality, Entry, FeedKind, Outcome
from feeds.parsing import digests
from feeds.parsing.document import Document, Draft, Hints, Parsed
from feeds.parsing.language import language_of

# What a message carries besides words is told in our own words, which are nobody's language.
_IN_BRACKETS = re.compile(r"^\[[^\]\n]{1,200}\]", re.MULTILINE)


def finish(
    document: Document,
    drafts: Sequence[Draft],
    *,
    kind: FeedKind,
    title: str,
    next_page: str | None = None,
    hints: Hints | None = None,
    notes: Iterable[str] = (),
    declared_language: str = "",
) -> Parsed:
    """The parsed document: every draft an entry, and the trouble they have in common."""
    reader = document.dates()
    remarks = [note for note in notes if note]
    leaning = (
        "" if declared_language else language_of("\n".join(_words_of(one.title, one.text[:300]) for one in drafts))
    )
    entries = tuple(
        _entry(document, part, identity, reader, declared_language, leaning)
        for draft, whole in zip(drafts, identities(drafts), strict=True)
        for part, identity in digests.apart(draft, whole, declared=document.feed.digest)
    )
    if reader.unread:
        remarks.append(f"{reader.unread} irregular dates were not tried; declare the feed's day order and languages")
    trouble = None
    if not entries:
        trouble = Outcome.EMPTY
        remarks.insert(0, "the document holds no entries")
    elif all(entry.date_quality is DateQuality.FETCHED for entry in entries):
        trouble = Outcome.UNDATED
        shown = next((entry.published_raw for entry in entries if entry.published_raw), "")
        given = f"dates such as {shown[:60]!r} cannot be read" if shown else "none carries a date"
        remarks.insert(0, f"{len(entries)} entries, {given}; items get the time of the fetch")
    return Parsed(
        title=title,
        entries=entries,
        kind=kind,
        next_page=next_page,
        hints=hints or Hints(),
        trouble=trouble,
        detail="; ".join(remarks),
    )


def identities(drafts: Sequence[Draft]) -> list[str]:
    """One identity a draft: the source's id, else the link, else a digest of the words.

    An id that stands beside several links in one document is no id (some sources give all items the same one), nor is
    a link beside several titles (a home page instead of the article).
    """
    links_of_id: defaultdict[str, set[str]] = defaultdict(set)
    titles_of_link: defaultdict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        links_of_id[draft.source_id].add(draft.url)
        titles_of_link[draft.url].add(draft.title)
    chosen = []
    for draft in drafts:
        if draft.source_id and len(links_of_id[draft.source_id]) == 1:
            chosen.append(draft.source_id)
        elif draft.url and len(titles_of_link[draft.url]) == 1:
            chosen.append(draft.url)
        else:
            chosen.append(digest(draft.title, draft.text))
    return chosen


def digest(title: str, text: str) -> str:
    """The identity of words that have no other."""
    return "sha256:" + hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()[:40]


def _words_of(title: str, text: str) -> str:
    return _IN_BRACKETS.sub("", f"{title}\n{text}")


def _entry(document: Document, draft: Draft, identity: str, reader: DateReader, declared: str, leaning: str) -> Entry:
    dated = reader.first_of(*draft.dates)
    return Entry(
        entry_id=identity,
        url=draft.url,
        title=draft.title,
        text=draft.text,
        published_at=dated.at,
        published_raw=dated.raw,
        date_method=dated.method,
        date_quality=dated.quality,
        lang=language_of(
            _words_of(draft.title, draft.text),
            declared=draft.lang or declared,
            among=document.feed.languages,
            leaning=leaning,
        ),
        author=draft.author,
        forwarded_from=draft.forwarded_from,
        forwarded_handle=draft.forwarded_handle,
    )
