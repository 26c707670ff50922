"""Whose clause a day, a place or a negation is of; what is a view and not a report; what goes back."""

from __future__ import annotations

from datetime import date

import pytest
from builders_for_coding import an_item, belarus, coded, counted

from indicators.coding import explain
from indicators.model.signal import Assertion, Direction


def test_a_day_in_a_closed_aside_dates_no_other_clause() -> None:
    """The train that came on the twelfth was unloaded when the report was published."""
    (found,) = [
        one
        for one in coded("Tanks, which were built on 1 December, moved to the Brest region.")
        if one.family == "equipment_move"
    ]
    assert found.occurred_on == (date(2022, 12, 20), date(2022, 12, 20))


def test_a_carousel_that_says_whither_it_goes_back_goes_away() -> None:
    """To and fro is no direction until the words name the way back."""
    going = coded("Карусель: эшелон с танками, который пришёл под Брест, возвращается на полигон Обуз-Лесновский.")
    assert {one.direction for one in going if one.family == "equipment_move"} == {Direction.AWAY}


def test_what_leaves_for_the_border_is_not_withdrawn() -> None:
    """A train that leaves a training ground toward the border eases nothing."""
    sentence = "Со станции Полонка ушёл эшелон с танками в сторону границы с Украиной."
    assert "withdrawal" not in counted(coded(sentence))


@pytest.mark.parametrize(
    ("sentence", "family"),
    [
        ("В Гомеле нет мобильной связи.", "disruption"),
        ("У гомельській обласній лікарні в Гомелі скасували планові операції.", "hospital"),
    ],
)
def test_to_stop_is_the_deed_itself(sentence: str, family: str) -> None:
    """Where stopping is what is reported, the word for it negates nothing."""
    assert family in counted(coded(sentence))


def test_before_a_colon_the_person_beats_the_office() -> None:
    """The chairman of a service speaks, not the service that is named before him; a visited leader does not."""
    said = coded("Председатель КГБ Тертель: у границы Беларуси началось сосредоточение войск НАТО, готовится нападение")
    assert {one.attribution.actor for one in said if one.attribution} == {"TERTEL"}
    told = coded("Песков анонсировал рабочий визит Путина в Минск: запланированы переговоры с Лукашенко.")
    assert {one.attribution.actor for one in told if one.attribution} == {"PESKOV"}


def test_a_word_of_the_happening_is_no_speaker() -> None:
    """ "Military musters began:" does not credit the military."""
    found = coded("В Гомельской области начались военные сборы: призвано 500 человек")
    assert [one.attribution for one in found if one.family == "mobilisation"] == [None]


@pytest.mark.parametrize(
    "title", ["Opinion: Russian troops arrived in Belarus", "Russian troops arrived in Belarus | Opinion"]
)
def test_a_view_is_kept_and_not_counted(title: str) -> None:
    """Where the text itself says that it is somebody's view, nothing in it counts, and the reason is given."""
    (found,) = [one for one in coded("It was foreseeable.", title=title) if one.family == "troop_move"]
    assert not found.counted
    assert "opinion" in found.why
    assert "troop_move" in counted(coded("It was foreseeable.", title="Russian troops arrived in Belarus"))


def test_a_heading_that_begins_as_a_question_asks_without_its_mark() -> None:
    """Headlines leave the question mark out."""
    (found,) = [one for one in coded("", title="Were Russian tanks moved to Brest") if one.family == "equipment_move"]
    assert found.assertion is Assertion.QUESTION


def test_a_judgement_takes_no_place_from_another_clause() -> None:
    """Too few for an offensive is said of the whole direction, not of the town where tanks arrive."""
    said = coded("Сил на білоруському напрямку недостатньо для наступу, але ворог перекидає танки до Бреста")
    (judged,) = [one for one in said if one.family == "insufficiency"]
    assert judged.places == ()


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Do Brześcia przyjechały rosyjskie czołgi i 20 wagonów ze sprzętem wojskowym.", ""),
        ("Rosyjskie czołgi na Białorusi", "pl"),
        ("Des chars russes sont arrivés à Brest, dans le sud du Bélarus.", ""),
    ],
)
def test_a_language_without_wording_gives_nothing_and_says_so(text: str, lang: str) -> None:
    """Polish and others are not guessed at: no signals, and the reason in words."""
    assert coded(text, lang=lang) == []
    said = explain(an_item(text, lang=lang), belarus())
    assert said.languages == ()
    assert "no wording in the language" in str(said)
