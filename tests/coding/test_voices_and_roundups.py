"""Who is credited, and posts that bundle a day's happenings."""

from __future__ import annotations

from datetime import date

import pytest
from builders_for_coding import DATA, belarus, coded, counted

from feeds.model import Feed
from indicators.catalogue import check
from indicators.model.signal import Direction

HAJUN = Feed(feed_id="hajun", name="Hajun", url="https://example.org", speaks_for="HAJUN", timezone="Europe/Minsk")

# sentence, family, actor credited, its kind.
VOICES = [
    ("The tanks left the Obuz-Lesnovsky range for the Brest region, Hajun reported.", "equipment_move", "HAJUN"),
    (
        "According to the General Staff of Ukraine, Russian units in Belarus continue combat training.",
        "drill",
        "UKR_GS",
    ),
    ("За даними Генштабу ЗСУ, на території Білорусі тривають навчання підрозділів РФ.", "drill", "UKR_GS"),
    (
        "Як повідомляє моніторингова група «Білоруський Гаюн», до Білорусі прибув ешелон з військовими РФ.",
        "troop_move",
        "HAJUN",
    ),
    ("Паводле «Беларускага Гаюна», у Лунінец прыбылі 15 танкаў.", "equipment_move", "HAJUN"),
    ("По словам Демченко, в Беларуси находится до 10 тысяч российских военнослужащих.", "force_size", "DEMCHENKO"),
]


@pytest.mark.parametrize(("sentence", "family", "actor"), VOICES, ids=[row[0][:30] for row in VOICES])
def test_the_one_who_says_it_is_credited(sentence: str, family: str, actor: str) -> None:
    """Verbs, prefixes and "according to" credit the actor the list knows, in four languages."""
    voice = counted(coded(sentence))[family].attribution
    assert voice is not None
    assert voice.actor == actor


def test_unnamed_channels_are_nobody_in_particular() -> None:
    """Local Telegram channels are credited by their words and are no actor."""
    voice = counted(coded("Local Telegram channels report a column of military vehicles near Luninets."))[
        "equipment_move"
    ].attribution
    assert voice is not None
    assert (voice.name, voice.actor) == ("Local Telegram channels", None)


def test_a_feed_speaks_for_its_actor_and_lends_its_ground() -> None:
    """A monitor's own post needs neither its name nor the country's."""
    move = counted(coded("Колонна техники движется на юг.", feed=HAJUN))["equipment_move"]
    assert move.attribution is not None
    assert move.attribution.actor == "HAJUN"
    assert move.direction is Direction.TOWARD


def test_a_forwarded_post_is_its_authors_word() -> None:
    """The channel a post was forwarded from is credited."""
    voice = counted(coded("Колонна танков движется к Гомелю.", forwarded_from="Беларускі Гаюн"))[
        "equipment_move"
    ].attribution
    assert voice is not None
    assert voice.actor == "HAJUN"


def test_a_voice_goes_on_through_its_paragraph_and_stops_after_it() -> None:
    """What the ministry added is the ministry's; another paragraph speaks for itself."""
    text = (
        "The Belarusian defence ministry said drills began near Brest. Field hospitals were deployed near Gomel.\n"
        "A pontoon bridge was built across the Pripyat."
    )
    found = counted(coded(text))
    assert found["medical"].attribution == found["drill"].attribution
    assert found["bridging"].attribution is None


def test_a_roundup_gives_one_signal_for_each_happening() -> None:
    """Two trains to two towns are two signals, dated by the post's heading."""
    post = (
        "Сводка за 19 декабря:\n- В Лунинец прибыл эшелон с 20 танками.\n"
        "- На аэродром Мачулищи приземлились 2 Ил-76.\n- В Полоцк прибыл эшелон с 15 танками."
    )
    signals = [signal for signal in coded(post, feed=HAJUN) if signal.counted]
    moves = {signal.places[0].place.id: signal.quantity for signal in signals if signal.family == "equipment_move"}
    assert {place: quantity.low for place, quantity in moves.items() if quantity} == {"luninets": 20, "polotsk": 15}
    assert {signal.occurred_on for signal in signals} == {(date(2022, 12, 19), date(2022, 12, 19))}
    assert "aviation" in {signal.family for signal in signals}


def test_repeated_mentions_of_one_happening_are_one_signal() -> None:
    """Heading and body tell of one move; the one signal has what only the other says."""
    signals = coded(
        "A convoy of 40 tanks was spotted near Luninets.", title="Tanks move toward the border with Ukraine in Belarus"
    )
    (move,) = [signal for signal in signals if signal.family == "equipment_move"]
    assert move.quantity is not None
    assert move.quantity.low == 40
    assert move.direction is Direction.TOWARD
    assert "luninets" in [mention.place.id for mention in move.places]


def test_other_armies_on_the_same_ground_do_not_count() -> None:
    """Poland's tanks and Ukraine's drills at the border are kept and not counted."""
    for text in ("Poland moves tanks to border with Belarus", "Ukraine conducts drills near border with Belarus"):
        signals = coded(text)
        assert signals
        assert not counted(signals)


def test_namesakes_elsewhere_do_not_count() -> None:
    """Brest in France and Voronezh are outside."""
    for text in ("French navy moves tanks to Brest in France", "Russia moves tanks to Voronezh"):
        assert not counted(coded(text))


def test_every_example_of_every_rule_is_found_by_its_rule() -> None:
    """The shipped wording finds its own examples and leaves its counter-examples alone."""
    assert belarus().lexicon.rules
    assert check(DATA) == []
