"""Whither, how many, and whether it lies ahead: told by a preposition's case, a head noun, a day to come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from builders_for_coding import coded, counted

from indicators.model.signal import Assertion, Direction


@pytest.mark.parametrize(
    ("sentence", "place", "role"),
    [
        ("«Искандеры» перевезли под Мозырь.", "mozyr", "to"),
        ("«Искандеры» стоят под Мозырем.", "mozyr", "at"),
        ("Танки перебросили в Барановичи.", "baranovichi", "to"),
        ("Танки заметили в Барановичах.", "baranovichi", "at"),
    ],
)
def test_the_case_behind_a_preposition_tells_whither_from_where(sentence: str, place: str, role: str) -> None:
    """One preposition serves both; names that are plurals keep their first form where something goes to them."""
    roles = {(one.place.id, one.role.value) for signal in coded(sentence) for one in signal.places}
    assert (place, role) in roles


def test_a_posts_next_sentence_may_say_whither() -> None:
    """Of a post's move the short sentence behind it tells the way, where it speaks of nobody else."""
    text = "Вчера с полигона Обуз-Лесновский вышел эшелон с танками Т-72. Направление — Лунинец."
    assert counted(coded(text, lang="ru"))["equipment_move"].direction is Direction.TOWARD


@pytest.mark.parametrize(
    ("sentence", "family", "low", "unit"),
    [
        ("At least three troop trains with Russian soldiers arrived in Baranavichy.", "troop_move", 3, "train"),
        ("Two S-400 battalions have been redeployed to Gomel region.", "missiles", 2, "battalion"),
        ("Два дивизиона С-400 перебросили в Гомельскую область.", "missiles", 2, "battalion"),
        ("Две тысячи триста российских военных прибыли в Беларусь эшелонами.", "troop_move", 2300, "troops"),
    ],
)
def test_a_number_counts_the_head_noun_and_all_its_words(sentence: str, family: str, low: int, unit: str) -> None:
    """What a noun only describes is not what is counted, and a number goes on below its thousand."""
    quantity = counted(coded(sentence))[family].quantity
    assert quantity is not None
    assert (quantity.low, quantity.unit) == (low, unit)


def test_what_begins_on_a_day_to_come_is_planned() -> None:
    """A closing "from 1 January", told on 30 December, is next year's and lies ahead."""
    told = datetime(2022, 12, 30, 12, tzinfo=UTC)
    (closed,) = [
        one
        for one in coded("Belarus shuts the sky over Gomel region to civil planes from 1 January.", published_at=told)
        if one.family == "airspace"
    ]
    assert closed.counted
    assert closed.assertion is Assertion.PLANNED


def test_the_no_of_those_who_would_do_it_denies() -> None:
    """The accused's own "no" is a denial; another's "no" only finds nothing."""
    own = {one.family: one for one in coded("Скрытой мобилизации в Беларуси не проводится, заверил Вольфович.")}
    assert own["mobilisation"].assertion is Assertion.DENIED
    assert own["denial"].counted


def test_the_borders_own_adjective_is_no_army() -> None:
    """Tanks at the border of two states are not the army of either."""
    assert "equipment_move" in counted(coded("У белорусско-украинской границы стоят танки."))
