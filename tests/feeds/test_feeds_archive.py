"""Archives become items, whatever their size, and a bad row is named."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from feeds import store
from feeds.archive import UNTIDY, ArchiveProblem, ingest, read_items, read_rows
from feeds.database import reading
from feeds.model import DateQuality
from feeds.text import clean, line

ROW = {
    "published_at": "2022-12-20T08:00:00+03:00",
    "source": "https://x.example/rss",
    "title": "Columns seen",
    "text": "Near Luninets.",
    "url": "https://x.example/1",
    "lang": "en",
    "sampled": 0,
}


def an_archive(folder: Path, *rows: object, packed: bool = False) -> Path:
    """A file of these rows."""
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path = folder / ("a.jsonl.gz" if packed else "a.jsonl")
    path.write_bytes(gzip.compress(lines.encode()) if packed else lines.encode())
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_a_row_becomes_an_item_known_when_published(tmp_path: Path, packed: bool) -> None:
    """Nobody knows when an archive's item was first seen; its publication stands for it."""
    (row,) = read_rows(an_archive(tmp_path, ROW, "", packed=packed))
    at = datetime(2022, 12, 20, 5, tzinfo=UTC)
    item = row.item
    assert (item.published_at, item.known_at, item.date_quality) == (at, at, DateQuality.EXACT)
    assert (item.source, item.title, item.text, item.lang) == (ROW["source"], "Columns seen", "Near Luninets.", "en")
    assert item.item_id.startswith("https://x.example/rss:")
    assert not row.sampled


def test_a_day_alone_is_noon(tmp_path: Path) -> None:
    """A publication that names only its day is taken for noon, and says that something was assumed."""
    items = list(
        read_items(
            an_archive(tmp_path, ROW | {"published_at": "2022-12-20"}, ROW | {"published_at": "2022-12-20T07:00"})
        )
    )
    assert [item.published_at.hour for item in items] == [12, 7]
    assert {item.date_quality for item in items} == {DateQuality.ASSUMED}


def test_an_item_may_be_known_later_than_published(tmp_path: Path) -> None:
    """An archive that knows when it saw an item keeps that apart."""
    (item,) = read_items(an_archive(tmp_path, ROW | {"known_at": "2022-12-21T00:00:00Z", "sampled": 1}))
    assert item.known_at == datetime(2022, 12, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "a.jsonl:2: is not JSON"),
        ("[1]", "a.jsonl:2: is not an object"),
        (ROW | {"published_at": "soon"}, "a.jsonl:2: published_at: 'soon' is no instant; write 2022-12-20T08"),
        (ROW | {"published_at": None}, "published_at: '' is no instant"),
        (ROW | {"source": ""}, "a.jsonl:2: source: is missing"),
        (ROW | {"title": "", "text": None}, "a.jsonl:2: text: is missing"),
        (ROW | {"title": 5}, "a.jsonl:2: title: '5' is not text"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: object, says: str) -> None:
    """File, line, column, value and remedy, in one line."""
    with pytest.raises(ArchiveProblem) as caught:
        list(read_items(an_archive(tmp_path, ROW, row)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Absent, a folder, or cut short in its packing."""
    cut = an_archive(tmp_path, *[ROW] * 500, packed=True)
    cut.write_bytes(cut.read_bytes()[:60])
    for path in (tmp_path / "none.jsonl", tmp_path, cut):
        with pytest.raises(ArchiveProblem, match="cannot be read"):
            list(read_items(path))


def test_reading_an_archive_twice_adds_nothing(tmp_path: Path, engine: Engine) -> None:
    """The same rows have the same ids for ever; a changed headline at one address is a publication of its own."""
    path = an_archive(tmp_path, ROW, ROW, ROW | {"title": "Columns gone"})
    first, second = ingest(engine, [path]), ingest(engine, [path, path])
    assert (first.read, first.added, second.read, second.added) == (3, 2, 6, 0)
    with reading(engine) as connection:
        assert store.latest_seq(connection) >= 2


@given(st.text(max_size=60))
def test_text_that_is_passed_uncleaned_needed_no_cleaning(text: str) -> None:
    """The short cut past the cleaner changes no text."""
    if not UNTIDY.search(text):
        assert clean(text) == text
        assert line(text) == text


@pytest.mark.shared_data
def test_real_archives_are_read_whole(shared: Path) -> None:
    """Every row of an archive of thousands becomes an item with an id of its own day and words."""
    items = list(read_items(shared / "archive" / "eyes_on_russia_2022-03_2022-11.jsonl.gz"))
    assert len(items) > 5_000
    assert all(item.published_at.tzinfo is UTC for item in items)
