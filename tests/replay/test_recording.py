"""The shipped recording, and what is said of a broken one."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.parsing import parse
from indicators.replay.documents import render
from indicators.replay.recording import RecordingProblem, load
from indicators.settings import data_folder

SHIPPED = data_folder() / "replay"
NAME = "belarus-2022-12"


@pytest.fixture(scope="module")
def tape():
    return load(NAME, shipped=SHIPPED)


def test_it_is_a_winter_of_many_voices(tape):
    """About 120 days to 25 December 2022, at least eight sources of five forms, in four languages."""
    assert (tape.ends_at - tape.starts_at).days in range(115, 126)
    assert tape.ends_at.date().isoformat() == "2022-12-25"
    assert len(tape.feeds) >= 8
    assert {one.form for one in tape.behaviours.values()} == {"rss", "atom", "jsonfeed", "telegram", "youtube"}
    languages = Counter(one.lang for ones in tape.publications.values() for one in ones)
    assert set(languages) == {"en", "ru", "uk", "be"}
    assert min(languages.values()) >= 100


def test_it_says_that_it_is_a_reconstruction(tape):
    """Nobody can take the recording for what outlets wrote."""
    assert "reconstruction" in tape.label.lower()
    assert all("reconstruction" in feed.name for feed in tape.feeds)


def test_one_source_falls_silent_and_others_answer_errors(tape):
    """The faults a collector must name are in it."""
    last = {source: max(one.at for one in ones) for source, ones in tape.publications.items()}
    assert any(at < tape.ends_at - timedelta(days=20) for at in last.values())
    statuses = {fault.status for one in tape.behaviours.values() for fault in one.faults}
    assert {404, 500, 503} <= statuses


@pytest.mark.parametrize("days", [1, 45, 110, 120])
def test_every_document_reads_as_it_was_written(tape, days):
    """Each source's document, read by the real parsers, gives its window: the same texts, the same instants."""
    at = tape.starts_at + timedelta(days=days)
    for feed in tape.feeds:
        window = tape.window(feed.feed_id, at)
        text, content_type = render(
            tape.behaviours[feed.feed_id].form,
            name=feed.name, source=feed.feed_id, base="http://recording.invalid", window=window, at=at,
        )  # fmt: skip
        parsed = parse(text.encode(), feed=feed, url=feed.url, fetched_at=at, content_type=content_type)
        said = {(entry.title, entry.text, entry.published_at) for entry in parsed.entries}
        written = {(*one.as_of(at), one.at) for one in window}
        assert said == written, feed.feed_id


def test_an_edit_shows_from_its_instant_on(tape):
    """A changed article reads as before until it was changed."""
    edited = next(one for ones in tape.publications.values() for one in ones if one.edits)
    change = edited.edits[0]
    assert edited.as_of(change.at - timedelta(seconds=1)) == (edited.title, edited.text)
    assert edited.as_of(change.at) == (change.title, change.text)


def test_paging_backward_meets_every_message(tape):
    """Going back page by page from the last day, no message of the channel is missed or seen twice."""
    seen: list[str] = []
    page = tape.window("hajun", tape.ends_at)
    while page:
        seen += [one.id for one in page]
        page = tape.window("hajun", tape.ends_at, before=page[-1].id)
    assert sorted(seen) == sorted(one.id for one in tape.publications["hajun"])


def test_an_unknown_name_is_one_line_with_the_known_ones():
    """A mistyped name is answered with what there is."""
    with pytest.raises(RecordingProblem, match=NAME):
        load("belarus-2202", shipped=SHIPPED)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("items.jsonl", '{"id": "x", "source": "nobody", "at": "2022-10-01T00:00:00Z", "lang": "ru"}\n', "nobody"),
        ("items.jsonl", "{broken\n", ":1:"),
        ("items.jsonl", '{"id": "x", "source": "hajun", "at": "2022-10-01T00:00:00", "lang": "ru"}\n', "zone"),
        ("manifest.yaml", "id: x\nunknown: 1\n", "unknown"),
        ("manifest.yaml", "id: [\n", "manifest.yaml"),
    ],
)
def test_a_broken_recording_is_one_clear_line(tmp_path: Path, file: str, text: str, words: str):
    """Each fault names the file and what is wrong in it, on one line."""
    folder = tmp_path / "tape"
    shutil.copytree(SHIPPED / NAME, folder)
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(RecordingProblem) as raised:
        load(folder, shipped=SHIPPED)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_is_served_before_its_time(tape):
    """No document holds a publication of the future."""
    at = datetime(2022, 12, 19, 12, tzinfo=UTC)
    assert all(one.at <= at for feed in tape.feeds for one in tape.window(feed.feed_id, at))
