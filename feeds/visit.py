"""What one visit to a source amounts to: pure decisions from the answer to items, the poll row, and the next state."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from feeds import politeness
from feeds.model import DateQuality, Entry, Feed, FeedKind, Item, Outcome, Poll
from feeds.store import FeedState, Known, content_hash

REISSUED_WITHIN = timedelta(days=30)
"""Some outlets give a story a new id with every re-run; so long an identical one is recognised as the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a source answered, before anything is written."""

    outcome: Outcome
    status: int | None = None
    detail: str = ""
    entries: tuple[Entry, ...] = ()
    document_entries: int = 0
    """Entries in the document itself; `entries` may hold those of older pages too."""
    headers: Mapping[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    retry_after: timedelta | None = None
    body_hash: str | None = None
    """Of the document that was read just now; None when there was none, or it is the one we know."""
    afresh: bool = False
    """Asked without validators and read whole."""
    ttl: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """The entries of a visit, told apart: first sights, oldest first, and edits of what was known."""

    new: tuple[Item, ...] = ()
    edits: tuple[Item, ...] = ()


def begin(feed: Feed, *, now: datetime) -> FeedState:
    """The state of a feed that was never visited at this address."""
    return FeedState(
        feed_id=feed.feed_id,
        registry_url=feed.url,
        url=feed.url,
        host=politeness.host_of(feed.url),
        next_due_at=now,
    )


def item_id(feed_id: str, entry_id: str) -> str:
    """Stable over edits and restarts, and over a source's own move from http to https."""
    identity = re.sub(r"^https?://", "//", entry_id.strip())
    digest = hashlib.blake2b(identity.encode(errors="surrogatepass"), digest_size=10).hexdigest()
    return f"{feed_id}:{digest}"


def body_hash(content: bytes) -> str:
    """Two documents with one hash need not be read twice."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def preview_is_off(feed: Feed, asked: str, found: str) -> bool:
    """True when a channel's preview page sent us to its plain page: it shows its messages to members only."""
    if feed.kind is not FeedKind.TELEGRAM:
        return False
    return urlsplit(asked).path.startswith("/s/") and not urlsplit(found).path.startswith("/s/")


def outcome_of(entries: Sequence[Entry], trouble: Outcome | None) -> Outcome:
    """What a document that could be read amounts to."""
    if trouble is not None:
        return trouble
    if not entries:
        return Outcome.EMPTY
    if all(entry.date_quality is DateQuality.FETCHED for entry in entries):
        return Outcome.UNDATED
    return Outcome.OK


def unchanged(state: FeedState, **answer: object) -> Finding:
    """The document we know, again: read, but what was wrong with it is still wrong."""
    known = state.body_outcome
    if known is None or known is Outcome.OK:
        return Finding(outcome=Outcome.UNCHANGED, document_entries=state.entries, **answer)  # type: ignore[arg-type]
    entries = state.entries if known is Outcome.UNDATED else 0
    return Finding(outcome=known, detail=state.body_detail, document_entries=entries, **answer)  # type: ignore[arg-type]


def sort_out(
    feed: Feed, entries: Iterable[Entry], *, known: Mapping[str, Known], reissued: Sequence[Known], now: datetime
) -> Sightings:
    """First sights and edits among `entries`, given what the store holds under their ids and under their words.

    A first sight keeps its date for ever. When the source dates it differently later, that is an edit like any other:
    a revision says so, and the item stays where it was in every assessment that counted it.
    """
    twins = {_sameness(held.url, held.content_hash, held.published_at): held for held in reissued}
    new: dict[str, tuple[datetime, int, Item]] = {}
    edits: dict[str, Item] = {}
    seen: set[str] = set()
    for place, entry in enumerate(entries):
        identity = item_id(feed.feed_id, entry.entry_id)
        if identity in seen:
            # Two wordings under one id in one document: the first stands, or every visit would find an edit.
            continue
        seen.add(identity)
        held = known.get(identity)
        words = content_hash(entry.title, entry.text)
        if held is not None and may_be_another(held, entry):
            by_link = known.get(link_id(feed.feed_id, entry))
            if by_link is not None or _is_another(held, entry, words):
                identity, held = link_id(feed.feed_id, entry), by_link
        if held is None and entry.date_quality is not DateQuality.FETCHED:
            held = twins.get(_sameness(entry.url, words, entry.published_at))
        if held is None:
            new[identity] = (entry.published_at, -place, item_of(feed, entry, identity, now))
        elif held.item_id not in edits and is_edit(held, entry, words):
            edits[held.item_id] = item_of(feed, entry, held.item_id, now, revision=held.revision + 1)
    return Sightings(
        new=tuple(item for _, _, item in sorted(new.values(), key=lambda row: row[:2])), edits=tuple(edits.values())
    )


def is_edit(held: Known, entry: Entry, words: str) -> bool:
    """True when an entry says something else than the newest revision held: other words, or another exact date."""
    if words != held.latest_hash:
        return True
    return entry.date_quality is DateQuality.EXACT and entry.published_at != held.latest_published_at


def may_be_another(held: Known, entry: Entry) -> bool:
    """True when an id that we know stands beside another link now: some sources give one id to several stories.

    In a document that holds them together the parser sees it; one that is left alone looks like an edit of the other.
    """
    return bool(entry.url) and _bare(entry.url) != _bare(held.url)


def link_id(feed_id: str, entry: Entry) -> str:
    """The id of an entry whose own is not its own."""
    return item_id(feed_id, entry.url)


def _is_another(held: Known, entry: Entry, words: str) -> bool:
    # A corrected headline may change the link too, but hardly the date as well.
    dated = entry.date_quality is not DateQuality.FETCHED
    return dated and words != held.latest_hash and entry.published_at != held.latest_published_at


def _bare(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url).partition("#")[0].partition("?")[0].rstrip("/")


def _sameness(url: str, words: str, published_at: datetime) -> tuple[str, str, datetime]:
    return re.sub(r"^https?://", "//", url).partition("#")[0], words, published_at


def item_of(feed: Feed, entry: Entry, identity: str, now: datetime, *, revision: int = 0) -> Item:
    """An entry as we hold it, known from `now` on."""
    return Item(
        item_id=identity,
        source=feed.feed_id,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        published_at=entry.published_at,
        known_at=now,
        lang=entry.lang,
        author=entry.author,
        forwarded_from=entry.forwarded_from,
        published_raw=entry.published_raw,
        date_method=entry.date_method,
        date_quality=entry.date_quality,
        revision=revision,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What is written after a visit."""

    poll: Poll
    state: FeedState
    hold_host_for: timedelta | None = None


def is_unanswered(finding: Finding) -> bool:
    """True when no server said anything: its fault, or our own network's."""
    return finding.outcome is Outcome.FAILED and finding.status is None


def mirror_of(feed: Feed, url: str) -> str | None:
    """The other host that shows the same channels, for when the one we ask cannot be reached."""
    parts = urlsplit(url)
    other = {"t.me": "telegram.me", "telegram.me": "t.me"}.get(parts.hostname or "")
    if feed.kind is not FeedKind.TELEGRAM or other is None:
        return None
    return urlunsplit(parts._replace(netloc=other if parts.port is None else f"{other}:{parts.port}"))


def conclude(
    feed: Feed,
    state: FeedState,
    finding: Finding,
    *,
    new_items: int,
    now: datetime,
    took: timedelta,
    deaf: bool = False,
) -> Conclusion:
    """The poll row, the feed's next state, and how long its host is to be left alone.

    `deaf`: for an hour no server at all has answered us. Then it is our network that failed: no source is blamed with
    a longer wait, and all of them are asked again soon, so that the watch is whole minutes after the network is.
    """
    gone_count = state.gone_count + 1 if politeness.means_gone(feed, finding.status) else 0
    outcome, detail = finding.outcome, finding.detail
    if outcome is Outcome.OK and finding.body_hash == state.body_hash is not None and not new_items:
        # Read afresh, and still the same: the weekly question must not make a frozen source look alive.
        outcome = Outcome.UNCHANGED
    if outcome is Outcome.EMPTY and not state.entries and finding.body_hash is not None:
        finding = replace(
            finding, detail=f"{detail or 'no entries'}; it never held any: see whether its address is right"
        )
        detail = finding.detail
    if politeness.is_gone(gone_count):
        outcome, detail = Outcome.GONE, f"{detail}, twice in a row; find where it went or disable it in the registry"
    if outcome in (Outcome.FAILED, Outcome.REFUSED, Outcome.GONE):
        changes = _after_failure(feed, state, finding, gone=outcome is Outcome.GONE, deaf=deaf, now=now)
    else:
        changes = _after_answer(feed, state, finding, new_items=new_items, now=now)
    state = replace(state, polled_at=now, gone_count=gone_count, **changes)
    if state.url != state.registry_url and outcome.observed and state.moved_to is None:
        detail = detail or f"read at {state.url}, where it moved; put that address into the registry"
    newest = newest_of(finding.entries) or (state.newest_at if outcome is Outcome.UNCHANGED else None)
    poll = Poll(
        feed_id=feed.feed_id,
        polled_at=now,
        outcome=outcome,
        status=finding.status,
        entries=finding.document_entries,
        new_items=new_items,
        newest_at=newest,
        took=took,
        detail=detail,
    )
    hold = politeness.holds_host(finding.status, finding.retry_after)
    return Conclusion(poll=poll, state=state, hold_host_for=hold)


def newest_of(entries: Iterable[Entry]) -> datetime | None:
    """The newest publication time that a source itself gave."""
    dated = (entry.published_at for entry in entries if entry.date_quality is not DateQuality.FETCHED)
    return max(dated, default=None)


def _after_failure(
    feed: Feed, state: FeedState, finding: Finding, *, gone: bool, deaf: bool, now: datetime
) -> dict[str, Any]:
    failures = 1 if deaf and is_unanswered(finding) else state.failures + 1
    if gone:
        due = politeness.next_after_gone(now=now)
    else:
        due = politeness.next_retry(feed, now=now, failures=failures, retry_after=finding.retry_after)
    changes: dict[str, Any] = {"failures": failures, "next_due_at": due.at}
    if finding.body_hash is not None:
        # A document that could not be read: remembered so that it is not read again, but never asked for
        # conditionally, for a 304 would make it look read.
        changes |= {
            "body_hash": finding.body_hash,
            "body_outcome": finding.outcome,
            "body_detail": finding.detail,
            "etag": None,
            "last_modified": None,
            "unconditional_at": now if finding.afresh else state.unconditional_at,
        }
    return changes


def _after_answer(feed: Feed, state: FeedState, finding: Finding, *, new_items: int, now: datetime) -> dict[str, Any]:
    read = finding.outcome.observed
    rate, entries, ttl_s = state.rate, state.entries, state.ttl_s
    if read and state.read_at is None:
        rate = politeness.first_rate([entry.published_at for entry in finding.entries])
    elif read:
        rate = politeness.learn(rate, new_items=new_items, since=state.read_at, now=now)
    changes: dict[str, Any] = {}
    if finding.body_hash is not None:
        entries = finding.document_entries or entries
        ttl_s = round(finding.ttl.total_seconds())
        changes = {
            "body_hash": finding.body_hash,
            "body_outcome": finding.outcome,
            "body_detail": finding.detail,
            "etag": finding.headers.get("etag"),
            "last_modified": usable_last_modified(finding.headers, now=now),
            "entries": entries,
            "newest_at": newest_of(finding.entries) or state.newest_at,
            "ttl_s": ttl_s,
        }
    max_age = politeness.max_age(finding.headers)
    due = politeness.next_visit(
        feed, now=now, rate=rate, entries=entries, ttl=timedelta(seconds=ttl_s), max_age=max_age
    )
    address = politeness.Address(url=state.url, moved_to=state.moved_to, moved_since_at=state.moved_since_at)
    if finding.redirects or address.moved_to is not None:
        address = politeness.settle(address, finding.redirects, read=read, now=now)
    if address.url != state.url:
        changes |= {"url": address.url, "host": politeness.host_of(address.url)}
    return changes | {
        "moved_to": address.moved_to,
        "moved_since_at": address.moved_since_at,
        "next_due_at": due.at,
        "rate": rate,
        "max_age_s": round(max_age.total_seconds()),
        "failures": 0,
        "read_at": now if read else state.read_at,
        "unconditional_at": now if finding.afresh else state.unconditional_at,
    }


def usable_last_modified(headers: Mapping[str, str], *, now: datetime) -> str | None:
    """The Last-Modified to send back next time, if any."""
    raw = headers.get("last-modified")
    if raw is None:
        return None
    try:
        at = parsedate_to_datetime(raw)
    except (ValueError, IndexError, OverflowError):
        return None
    return politeness.usable_last_modified(raw, at=at if at.tzinfo else None, now=now)
