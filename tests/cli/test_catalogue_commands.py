"""`vedette code` and `vedette catalogue`: what is not read is said, codes are corrected, history is coded again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import environment, vedette

from feeds import store as items
from feeds.database import open_engine
from feeds.model import Item
from indicators import store
from indicators.catalogue import load
from indicators.pipeline import Pipeline
from indicators.settings import Settings, data_folder
from indicators.store import writing

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
POLISH = "Rosyjskie czołgi przyjechały do Brześcia w nocy."


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[str]:
    """A database with one coded item."""
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    engine = open_engine(url)
    store.upgrade(engine)
    text = "A train with 20 tanks arrived in Brest from Russia on 19 December."
    item = Item(
        item_id="monitor:1", source="monitor", url="", title="", text=text, published_at=NOON, known_at=NOON, lang="en"
    )
    with writing(engine) as connection:
        items.add_items(connection, [item])
    Pipeline(engine, [load(data_folder())], {}, settings=Settings()).advance(NOON)
    engine.dispose()
    with environment(VEDETTE_DB=url, VEDETTE_CONFIG=None):
        yield url


def test_a_language_without_wording_is_named(tmp_path: Path) -> None:
    """Silence about a Polish text would look like calm; JSON lines stay pure and the notice goes to stderr."""
    file = tmp_path / "polish.txt"
    file.write_text(POLISH, encoding="utf-8")
    plain, lines = vedette("code", str(file)), vedette("code", str(file), "--json")
    assert "no wording in the language" in plain.out
    assert lines.out == ""
    assert "no wording in the language" in lines.err
    assert "no wording in the language" in vedette("catalogue", "explain", POLISH).out


def test_a_code_is_corrected_and_listed(kept: str) -> None:
    """An officer's word is kept with name and reason; an unknown item, code or verdict is refused in one line."""
    done = vedette(
        "catalogue", "correct", "monitor:1", "equipment_moves", "none", "--by", "duty", "--reason", "a parade"
    )
    assert done.code == 0
    listed = vedette("catalogue", "corrections")
    assert "duty: equipment_move of monitor:1: none" in listed.out
    assert "a parade" in listed.out
    assert "en/equipment_move" in listed.out
    (row,) = vedette("catalogue", "corrections", "--json").rows
    assert (row["verdict"], row["by"]) == ("none", "duty")
    for item, coded, right in (
        ("nobody:9", "drills", "none"),
        ("monitor:1", "hospitals", "none"),
        ("monitor:1", "equipment_moves", "nonsense"),
    ):
        refused = vedette("catalogue", "correct", item, coded, right, "--reason", "x")
        assert refused.code == 2
        assert len(refused.err.splitlines()) == 1


def test_a_recoding_is_shown_before_it_is_kept(kept: str) -> None:
    """With the same wording nothing changes, previewed or written."""
    assert "nothing changes" in vedette("catalogue", "recode", "--preview").out
    assert "written: 0 items" in vedette("catalogue", "recode", "--write").out


def test_words_that_news_is_full_of_are_listed(tmp_path: Path) -> None:
    """An anchor in every item of the background is listed with its file, line and rate."""
    archive = tmp_path / "news.jsonl.gz"
    row = {"published_at": "2022-12-20", "source": "s", "url": "u", "lang": "en", "title": "", "text": "The ceasefire."}
    with gzip.open(archive, "wt", encoding="utf-8") as file:
        for number in range(20):
            file.write(json.dumps({**row, "text": f"Tanks moved to the border, {number}."}) + "\n")
    said = vedette("catalogue", "check", "--background", str(archive))
    assert said.code == 0
    assert "equipment_move.yaml:" in said.out
    assert "100.00% of 20 items" in said.out
