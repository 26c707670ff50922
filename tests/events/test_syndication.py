"""Copies are found, and what only resembles is let be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reporting import NOON, an_item

from indicators.events.fingerprint import fingerprint, fold
from indicators.events.syndication import FURNITURE_AFTER, ReprintIndex, ReprintKind

ORIGINAL = (
    "The Russian Federation has begun to move equipment to the south of Belarus. "
    "Tanks and military trucks left the training ground at Obuz-Lesnovsky on Tuesday morning. "
    "Residents counted 31 tanks on the platforms at the station of Polonka. "
    "The number of troops is small and not enough for any offensive action."
)
RUSSIAN = (
    "Российская Федерация начала переброску техники на юг Беларуси. "
    "Танки и военные грузовики покинули полигон Обуз-Лесновский во вторник утром. "
    "Жители насчитали 31 танк на платформах станции Полонка. "
    "Численность войск невелика и недостаточна для наступательных действий."
)
OTHER = (
    "The weather service expects snow in the north of the country on Wednesday. "
    "Drivers are asked to leave their cars at home and to use the trains instead. "
    "Schools in Vitebsk will open two hours later than usual because of the frost."
)


def seen(*items):
    """What the index says of the last of some items."""
    index = ReprintIndex()
    for item in items[:-1]:
        index.add(item)
    return index.add(items[-1])


def first(text=ORIGINAL, **fields):
    """The item that others repeat."""
    return an_item(text, item_id="first:1", source="first", **fields)


def later(text, hours=3.0, **fields):
    """Another source's item, some hours later."""
    fields.setdefault("item_id", "later:1")
    fields.setdefault("source", "later")
    return an_item(text, at=NOON + timedelta(hours=hours), **fields)


@pytest.mark.parametrize("text", [ORIGINAL, RUSSIAN])
@pytest.mark.parametrize(
    "copied",
    [
        lambda text: text,
        lambda text: text[: len(text) // 2],
        lambda text: "MINSK, Dec 20 (Agency) - " + text,
        lambda text: text.upper().replace("Ё", "Е"),
        lambda text: text.replace(". ", ".\n\n"),
        lambda text: ". ".join(text.split(". ")[1:3]) + ".",
        lambda text: text.replace("Tanks", "Heavy tanks").replace("Танки", "Тяжелые танки"),
        lambda text: text + " Read more about it on our site. Subscribe to the channel and tell your friends.",
        lambda text: text.split(". ")[2] + ".",
    ],
    ids=["exact", "truncated", "dateline", "capitals", "paragraphs", "brief", "edited", "footer", "one sentence"],
)
def test_copies_are_reprints(text, copied):
    """Truncated, re-headlined, re-set, edited, cut to a brief: a copy names its root."""
    reprint = seen(first(text, title="The first headline"), later(copied(text), title="Quite another headline"))
    assert reprint is not None
    assert (reprint.kind, reprint.of) == (ReprintKind.REPRINT, "first:1")
    assert 0 < reprint.shared <= reprint.total


def test_other_news_is_no_reprint():
    """News of other words shares nothing."""
    assert seen(first(), later(OTHER)) is None


def test_quotation_shares_text():
    """An article that quotes two of four sentences amid its own shares text, and says which words are the root's."""
    quoted = ". ".join(ORIGINAL.split(". ")[1:3]) + "."
    item = later(f"{OTHER} {quoted} Nobody in the government was ready to say what all of this might come to mean.")
    reprint = seen(first(), item)
    assert reprint is not None
    assert (reprint.kind, reprint.shared) == (ReprintKind.SHARES_TEXT, 2)
    assert [item.body[start:end] for start, end in reprint.spans] == [part + "." for part in quoted[:-1].split(". ")]
    start = item.body.index("31 tanks")
    assert reprint.covers(start, start + 8)
    assert not reprint.covers(0, 20)


def test_another_number_is_other_news():
    """'31 tanks' and '14 tanks' in the same words are two pieces of news."""
    one = "Monitors saw 31 tanks on a train near the station of Polonka heading to the south this morning"
    assert seen(first("", title=one), later("", title=one.replace("31", "14"))) is None
    assert seen(first("", title=one), later("", title=one.replace("the station", "station"))) is not None


def test_short_text_said_again_days_later_is_news():
    """'Take-off of a MiG-31K, alert in all of Ukraine' is an echo within two days, and a new alert after."""
    alert = "Take-off of a MiG-31K from Machulishchy, alert in all of Ukraine."
    assert seen(first(alert), later(alert, hours=2)) is not None
    assert seen(first(alert), later(alert, hours=72)) is None


def test_footer_of_a_source_is_learnt():
    """A source's standing footer makes none of its posts a copy of another once it has been seen often enough."""
    footer = "Send us what you see by the bot, stay safe, and subscribe to our channel and to our reserve channel."
    index = ReprintIndex()
    words = [
        "alpha",
        "bravo",
        "castle",
        "delta",
        "eagle",
        "forest",
        "garden",
        "harbour",
        "island",
        "jungle",
        "kettle",
        "ladder",
    ]
    verdicts = [
        index.add(later(f"New {word} seen near {word} station at {number} today. {footer}", item_id=f"later:{number}"))
        for number, word in enumerate(words)
    ]
    assert verdicts[FURNITURE_AFTER + 1 :] == [None] * (len(words) - FURNITURE_AFTER - 1)


def test_standing_teaser_is_no_text():
    """One source's constant summary under different headlines makes no reprints."""
    teaser = "All the latest news and live updates from our correspondents."
    assert (
        seen(
            later(teaser, item_id="later:1", title="Putin lands in Minsk"),
            later(teaser, item_id="later:2", title="Snow closes the road to Brest"),
        )
        is None
    )


def test_chain_of_copies_leads_to_the_root():
    """A copy of a copy names the first item, not the one in between."""
    reprint = seen(
        first(), later(ORIGINAL[:200], item_id="second:1"), later(ORIGINAL[:160], item_id="third:1", hours=5)
    )
    assert reprint is not None
    assert reprint.of == "first:1"


def test_a_source_repeating_itself_is_found():
    """A source's own post put out again is an echo too."""
    reprint = seen(first(), an_item(ORIGINAL, item_id="first:2", source="first", at=NOON + timedelta(hours=4)))
    assert reprint is not None
    assert reprint.of == "first:1"


def test_tomorrows_bulletin_is_no_reprint():
    """A source's daily formula with another number is that day's bulletin; its copy elsewhere names the right day's."""
    today = f"{ORIGINAL} In the last day there were 12 attacks on our positions along the whole of the front."
    index = ReprintIndex()
    index.add(an_item(today, item_id="staff:1", source="staff"))
    tomorrow = an_item(
        today.replace("12 attacks", "17 attacks"), item_id="staff:2", source="staff", at=NOON + timedelta(hours=24)
    )
    assert index.add(tomorrow) is None
    copy = index.add(later(tomorrow.text, hours=26))
    assert copy is not None
    assert copy.of == "staff:2"


def test_formula_with_another_place_is_no_reprint():
    """'Mozyr: an explosion was heard. Details are being clarified.' is no copy of the same line about Gomel."""
    line = "{}: an explosion was heard. Details are being clarified."
    longer = "There is smoke over the town of {} this morning. Details are being clarified by our correspondents."
    for text in (line, longer):
        item = later(text.format("Mozyr"), hours=1)
        reprint = seen(first(text.format("Gomel")), item)
        assert reprint is None or reprint.kind is ReprintKind.SHARES_TEXT
        assert reprint is None or not reprint.covers(0, item.body.index(". "))


def test_revision_is_not_its_own_reprint():
    """An edit of an item replaces it and is no copy of itself."""
    index = ReprintIndex()
    index.add(first())
    assert index.add(first(ORIGINAL + " The ministry did not answer our questions on Tuesday evening.")) is None
    assert len(index) == 1


def test_window_forgets_and_stays_bounded():
    """After the window an item is forgotten, and nothing of it stays behind."""
    index = ReprintIndex(window=timedelta(days=14))
    index.add(first())
    assert index.add(later(ORIGINAL, hours=24 * 15)) is None
    assert len(index) == 1
    index.add(later(OTHER, hours=24 * 40, item_id="later:9"))
    assert len(index) == 1
    assert len(index._postings) == len(fingerprint(first(OTHER)).digests)


def test_full_index_tells_what_it_left_early():
    """A window that cannot hold all its items says how many it let go before their time."""
    index = ReprintIndex(capacity=2)
    for number in range(5):
        index.add(an_item(f"Unique sentence number {number} tells of thing {number}.", item_id=f"a:{number}"))
    assert (len(index), index.left_early) == (2, 3)


def test_echo_of_an_echo_survives_the_root():
    """When the root has left the window, its copies still lead to it."""
    index = ReprintIndex(window=timedelta(days=14))
    index.add(first())
    index.add(later(ORIGINAL, hours=24 * 10))
    reprint = index.add(later(ORIGINAL, hours=24 * 20, item_id="last:1"))
    assert reprint is not None
    assert reprint.of == "first:1"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 40)), min_size=2, max_size=25), st.data()
)
def test_restart_changes_nothing(plan: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """An index rebuilt from the window's items and the recorded roots says of the next items what the old one would."""
    sentences = [f"{part}." for part in f"{ORIGINAL} {OTHER} {RUSSIAN}".split(". ")]
    items = []
    at = NOON
    for number, (begin, length, hours) in enumerate(plan):
        at += timedelta(hours=hours)
        text = " ".join(sentences[begin : begin + length + 1])
        items.append(an_item(text, item_id=f"s{number % 3}:{number}", source=f"s{number % 3}", at=at))
    cut = data.draw(st.integers(1, len(items) - 1))
    live = ReprintIndex(window=timedelta(days=30))
    verdicts = [live.add(item) for item in items]
    roots = {found.item_id: found.of for found in verdicts[:cut] if found and found.kind is ReprintKind.REPRINT}
    restarted = ReprintIndex.rebuilt(items[:cut], roots=roots, window=timedelta(days=30))
    assert [restarted.add(item) for item in items[cut:]] == verdicts[cut:]


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_has_a_fingerprint(text: str, title: str) -> None:
    """Hostile text breaks nothing, and a text is always a copy of itself."""
    one = fingerprint(an_item(text, item_id="a:1", title=title))
    assert one.digests == fingerprint(an_item(text, item_id="b:1", title=title)).digests


def test_folding_keeps_numbers_and_drops_dress():
    """Case, ё, apostrophes and punctuation fall away; numbers stay, and thousands are written one way."""
    assert fold("Зенітно-ракетний об’єкт, 1 500 осіб — «Ёлка»!") == [
        "зенітно ракетний",
        "обєкт",
        "1500",
        "осіб",
        "елка",
    ]
