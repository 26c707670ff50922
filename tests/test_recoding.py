"""Coding again: an officer's word and a changed catalogue add to what is known, and rewrite nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from feeds import store as items
from feeds.database import open_engine
from feeds.model import Feed, Item
from indicators import recoding, store
from indicators.catalogue import Catalogue, load
from indicators.model.correction import Correction, Verdict
from indicators.model.signal import Signal
from indicators.pipeline import Pipeline
from indicators.settings import Settings, data_folder
from indicators.store import corrections, events, reading, series, signals, writing

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TANKS = "A train with 20 tanks arrived in Brest from Russia on 19 December."
DRILL = "Joint military exercises of Russian and Belarusian troops began near Brest on 19 December."


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder())


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = open_engine(f"sqlite:///{tmp_path / 'recoding.db'}")
    store.upgrade(made)
    return made


def an_item(name: str, text: str, at: datetime = NOON) -> Item:
    return Item(
        item_id=name, source="monitor", url=f"http://example.invalid/{name}", title="", text=text,
        published_at=at, known_at=at, lang="en",
    )  # fmt: skip


def a_watch(engine: Engine, catalogue: Catalogue) -> Pipeline:
    feed = Feed(feed_id="monitor", name="Monitor", url="http://example.invalid/feed", languages=("en",))
    return Pipeline(engine, [catalogue], {"monitor": feed}, settings=Settings())


def a_word(signal: Signal, verdict: Verdict, at: datetime, **of: str) -> Correction:
    return Correction(
        problem="belarus", signal_id=signal.signal_id, item_id=signal.item_id, source=signal.source,
        rule=signal.rule, catalogue_version=signal.catalogue_version, family=signal.family, counted=signal.counted,
        verdict=verdict, by="officer", at=at, reason="the picture is of a parade",
        right_family=of.get("right_family", ""), right_indicator=of.get("right_indicator"),
    )  # fmt: skip


def counted(engine: Engine, indicator: str, at: datetime) -> int:
    with reading(engine) as connection:
        frame = series.counts(connection, "belarus", as_of=at)
    return int(frame[frame["indicator"] == indicator]["events"].sum()) if len(frame) else 0


def said(engine: Engine, item: str, family: str, at: datetime) -> Signal:
    with reading(engine) as connection:
        return next(one for one in signals.signals_of(connection, "belarus", item, as_of=at) if one.family == family)


def a_store(engine: Engine, catalogue: Catalogue) -> Pipeline:
    watch = a_watch(engine, catalogue)
    with writing(engine) as connection:
        items.add_items(connection, [an_item("a", TANKS), an_item("b", DRILL)])
    watch.advance(NOON)
    return watch


def test_a_corrected_signal_counts_no_more_from_then_on(engine: Engine, catalogue: Catalogue) -> None:
    """An officer's word takes a wrong code out of the counts from its instant; earlier instants read as they did."""
    watch = a_store(engine, catalogue)
    signal = said(engine, "a", "equipment_move", NOON)
    assert counted(engine, "equipment_moves", NOON) == 1
    with writing(engine) as connection:
        corrections.add(connection, a_word(signal, Verdict.NONE, NOON + HOUR))
    watch.advance(NOON + HOUR)
    assert counted(engine, "equipment_moves", NOON + HOUR) == 0
    assert counted(engine, "equipment_moves", NOON) == 1
    now = said(engine, "a", "equipment_move", NOON + HOUR)
    assert not now.counted
    assert "corrected by officer" in now.why
    assert now.known_at == NOON + HOUR
    assert now.catalogue_version != signal.catalogue_version
    assert said(engine, "a", "equipment_move", NOON).counted
    # Nothing more happens at the next turn, nor after a restart.
    assert watch.advance(NOON + 2 * HOUR).events == 0
    assert a_watch(engine, catalogue).advance(NOON + 3 * HOUR).events == 0
    assert counted(engine, "equipment_moves", NOON + 3 * HOUR) == 0


def test_a_correction_can_name_the_right_family_and_be_taken_back(engine: Engine, catalogue: Catalogue) -> None:
    """What was of another family counts there; a later word on the same signal stands in the place of the first."""
    watch = a_store(engine, catalogue)
    signal = said(engine, "b", "drill", NOON)
    before = counted(engine, "drills", NOON)
    with writing(engine) as connection:
        word = a_word(signal, Verdict.OTHER, NOON + HOUR, right_family="inspection", right_indicator="snap_inspection")
        corrections.add(connection, word)
    watch.advance(NOON + HOUR)
    assert counted(engine, "drills", NOON + HOUR) == before - 1
    assert counted(engine, "snap_inspection", NOON + HOUR) == 1
    with writing(engine) as connection:
        corrections.add(connection, a_word(signal, Verdict.RIGHT, NOON + 2 * HOUR))
    watch.advance(NOON + 2 * HOUR)
    assert counted(engine, "drills", NOON + 2 * HOUR) == before
    assert counted(engine, "snap_inspection", NOON + 2 * HOUR) == 0


def test_precision_is_of_what_was_judged(engine: Engine, catalogue: Catalogue) -> None:
    """Each rule and source shows how much of what officers judged was right; one nobody judged shows nothing."""
    a_store(engine, catalogue)
    tanks, drill = said(engine, "a", "equipment_move", NOON), said(engine, "b", "drill", NOON)
    with writing(engine) as connection:
        corrections.add(connection, a_word(tanks, Verdict.NONE, NOON + HOUR))
        corrections.add(connection, a_word(drill, Verdict.RIGHT, NOON + HOUR))
    with reading(engine) as connection:
        by_rule = {one.name: one for one in corrections.precision(connection, "belarus", of="rule", as_of=NOON + HOUR)}
        (source,) = corrections.precision(connection, "belarus", of="source", as_of=NOON + HOUR)
        assert corrections.precision(connection, "belarus", of="rule", as_of=NOON) == []
    assert by_rule[tanks.rule].share == 0.0
    assert by_rule[drill.rule].share == 1.0
    assert (source.name, source.judged, source.right) == ("monitor", 2, 1)


def test_an_unchanged_catalogue_changes_nothing(engine: Engine, catalogue: Catalogue) -> None:
    """Coding everything again with the same wording finds nothing to write."""
    a_store(engine, catalogue)
    with reading(engine) as connection:
        found = recoding.preview(connection, catalogue, {}, as_of=NOON + HOUR)
    assert found.items == 2
    assert found.changes == []
    assert found.counts() == {}


def test_a_changed_catalogue_is_previewed_and_then_written(
    engine: Engine, catalogue: Catalogue, tmp_path: Path
) -> None:
    """The preview names what would change and writes nothing; the recoding is known from its own instant on."""
    narrow = tmp_path / "narrow" / "problems" / "belarus" / "lexicon" / "en"
    narrow.mkdir(parents=True)
    (narrow / "equipment_move.yaml").write_text(
        "family: equipment_move\nrules:\n  - pattern: no such wording at all\n    matches: [no such wording at all]\n"
    )
    (narrow / "added.yaml").write_text(
        "family: bridging\nrules:\n  - pattern: train with 20 tanks\n    matches: [A train with 20 tanks]\n"
    )
    a_store(engine, catalogue)
    with reading(engine) as connection:
        before = events.events(connection, "belarus", as_of=NOON)
    wider = load(data_folder(), overlay=tmp_path / "narrow")
    now = NOON + HOUR
    with reading(engine) as connection:
        found = recoding.preview(connection, wider, {}, as_of=now)
    assert {(one.before is None, one.signal.family) for one in found.changes} >= {(True, "bridging")}
    assert found.counts()["bridging"] == (0, 1)
    assert counted(engine, "bridging", now) == 0
    with writing(engine) as connection:
        recoding.write(connection, wider, found, now)
    assert counted(engine, "bridging", now) == 1
    assert counted(engine, "bridging", NOON) == 0
    with reading(engine) as connection:
        assert events.events(connection, "belarus", as_of=NOON) == before
    assert said(engine, "a", "bridging", now).catalogue_version == wider.version
    with reading(engine) as connection:
        assert recoding.preview(connection, wider, {}, as_of=now + HOUR).changes == []
