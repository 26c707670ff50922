"""Items out of archives: JSON Lines, packed or not, one row at a time, whatever their size."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Engine

from feeds import store
from feeds.database import writing
from feeds.errors import FeedError
from feeds.model import DateQuality, Item
from feeds.text import clean, line

NOON = time(12, 0, tzinfo=UTC)
"""A publication that names only its day: the hour that is least wrong."""
DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
UNTIDY = re.compile(
    r"[^ -~\xa1-\xac\xae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u203a\u20ac\u2116]|  |^ | $"
)
"""Anything but printable letters and punctuation in their composed form, singly spaced."""
BATCH = 5_000


class ArchiveProblem(FeedError):
    """A row that is no item; one line names file, line, column, value and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of an archive."""

    item: Item
    sampled: bool = False
    """True for a row kept as a sample of many like it: it weighs more in a count of volume."""


def read_items(path: str | Path) -> Iterator[Item]:
    """The items of an archive, in its order; `known_at` is the publication time, for nobody knows another."""
    for row in read_rows(path):
        yield row.item


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows of an archive, in its order; raises `ArchiveProblem` at the first that is no item."""
    file = Path(path)
    try:
        with _opened(file) as stream:
            for number, raw in enumerate(stream, start=1):
                if raw.strip():
                    yield _row(raw, f"{file}:{number}")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArchiveProblem(f"{file}: cannot be read ({reason}); give a .jsonl or .jsonl.gz file") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What came of reading archives into a store."""

    read: int = 0
    added: int = 0
    """New to the store; the others were there already."""


def ingest(engine: Engine, paths: Iterable[str | Path]) -> Ingested:
    """Read archives into the store, a batch a transaction; reading one twice adds nothing."""
    read = added = 0
    for path in paths:
        items = read_items(path)
        while batch := list(islice(items, BATCH)):
            with writing(engine) as connection:
                added += store.add_items(connection, batch)
            read += len(batch)
    return Ingested(read=read, added=added)


def _opened(file: Path) -> BinaryIO:
    with file.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(file, "rb")) if packed else file.open("rb")


def _row(raw: bytes, place: str) -> Row:
    try:
        values = json.loads(raw)
    except ValueError as error:
        raise ArchiveProblem(f"{place}: is not JSON ({error}); every line must be one object") from error
    if not isinstance(values, dict):
        raise ArchiveProblem(f'{place}: is not an object; write {{"published_at": ..., "source": ..., "text": ...}}')
    text = {key: _text(values, key, place) for key in ("id", "source", "title", "text", "url", "lang", "author")}
    if not text["source"]:
        raise ArchiveProblem(f"{place}: source: is missing; name the feed or outlet")
    if not text["title"] and not text["text"]:
        raise ArchiveProblem(f"{place}: text: is missing, and title too; an item needs words")
    raw_date = _text(values, "published_at", place)
    published_at, quality, method = _instant(raw_date, "published_at", place)
    known_at = published_at
    if values.get("known_at"):
        known_at, _, _ = _instant(_text(values, "known_at", place), "known_at", place)
    title, body = _tidy(text["title"], line), _tidy(text["text"], clean)
    return Row(
        item=Item(
            item_id=f"{text['source']}:{_identity(text['id'], text['url'], title, body)}",
            source=text["source"],
            url=text["url"],
            title=title,
            text=body,
            published_at=published_at,
            known_at=known_at,
            lang=text["lang"],
            author=line(text["author"]),
            published_raw=raw_date,
            date_method=method,
            date_quality=quality,
        ),
        sampled=bool(values.get("sampled")),
    )


def _tidy(raw: str, tidy: Callable[[str], str]) -> str:
    # Nine rows in ten hold nothing to clean, and looking is ten times cheaper than cleaning.
    return raw if not UNTIDY.search(raw) else tidy(raw)


def _identity(given: str, url: str, title: str, body: str) -> str:
    # Live pages keep one address and change their headline: each headline is a publication of its own.
    identity = given or (f"{url}\n{title}" if url else f"{title}\n{body}")
    return hashlib.blake2b(identity.encode(errors="surrogatepass"), digest_size=10).hexdigest()


def _text(values: dict[str, Any], key: str, place: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and key == "id":
        return str(value)
    if not isinstance(value, str):
        raise ArchiveProblem(f"{place}: {key}: '{str(value)[:60]}' is not text; put it in quotes")
    return value


def _instant(raw: str, key: str, place: str) -> tuple[datetime, DateQuality, str]:
    try:
        at = datetime.fromisoformat(raw)
    except ValueError as error:
        message = f"'{raw[:60]}' is no instant; write 2022-12-20T08:00:00+00:00 or 2022-12-20"
        raise ArchiveProblem(f"{place}: {key}: {message}") from error
    if DAY_ONLY.fullmatch(raw):
        return datetime.combine(at.date(), NOON), DateQuality.ASSUMED, "date only"
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC), DateQuality.ASSUMED, "iso8601, zone assumed"
    return at.astimezone(UTC), DateQuality.EXACT, "iso8601"
