"""Whose word a report is: who said it first, however the sentence names him."""

from __future__ import annotations

import pytest
from builders_for_coding import coded

# sentence, family, actor credited; None is nobody of the list.
ORIGINS = [
    # The deed is itself a saying: who does it.
    ("Minsk accused Kyiv of violating its airspace.", "accusation", "BLR"),
    ("The Kremlin dismissed reports of an attack from Belarus.", "denial", "KREMLIN"),
    ("Zelensky fears a new Russian offensive from Belarus.", "concern", "ZELENSKY"),
    ("Лукашенко обвинил Польшу в подготовке нападения на Беларусь.", "accusation", "LUKASHENKO"),
    ("Киеву пригрозил ударом Лукашенко.", "threat", "LUKASHENKO"),
    ("Путин предложил Киеву перемирие на Рождество.", "ceasefire", "PUTIN"),
    ("МЗС Білорусі звинуватило Київ у провокаціях на кордоні.", "accusation", "BLR_MFA"),
    ("Мінск абвінаваціў Кіеў у падрыхтоўцы дыверсій.", "accusation", "BLR"),
    # The object of a plural verb or of a passive says nothing.
    ("Лукашенко обвинили в подготовке нападения на Украину.", "accusation", None),
    ("Lukashenko was accused by Kyiv of preparing an attack on Ukraine.", "accusation", "UKR"),
    # Behind "by", a dash, in brackets, in an aside, as the source.
    ("Tanks were spotted near Rechitsa by Belarusian Hajun.", "equipment_move", "HAJUN"),
    ("A column of tanks moved to Luninets — Hajun", "equipment_move", "HAJUN"),
    ("A column of tanks moved to Luninets (Belarusian Hajun).", "equipment_move", "HAJUN"),
    ("The Belarusian Hajun, an independent monitor, counted 30 tanks near Luninets.", "equipment_move", "HAJUN"),
    ("Tanks were moved to Luninets. Source: Belarusian Hajun.", "equipment_move", "HAJUN"),
    ("До Гомеля перекинули танки, — спікер Держприкордонслужби Андрій Демченко.", "equipment_move", "DEMCHENKO"),
    ("Зі станції Полонка пішов потяг із танками. Кінцева, за даними Гаюна, — Лунинець.", "equipment_move", "HAJUN"),
    # Who only passes it on is not the origin.
    ("Reuters, citing HUR, reports that tanks moved to Gomel.", "equipment_move", "UKR_HUR"),
    ("Tanks moved to Gomel, HUR said, according to Reuters.", "equipment_move", "UKR_HUR"),
    ("Khrenin, quoted by BelTA, said joint drills in Belarus would continue.", "drill", "KHRENIN"),
    ("BelTA quotes Khrenin as saying that joint drills in Belarus continue.", "drill", "KHRENIN"),
    ("ТАСС со ссылкой на Хренина: учения в Беларуси продлены.", "drill", "KHRENIN"),
    ("Учения в Беларуси продлены, сообщил ТАСС министр обороны Хренин.", "drill", "KHRENIN"),
    ("Навчання в Білорусі продовжено, повідомляє БелТА з посиланням на Хреніна.", "drill", "KHRENIN"),
    ("До Білорусі звезли запаси крові, — Reuters із посиланням на американських урядовців", "medical", "REUTERS"),
    # Whom it is told to, and who is only met, says nothing.
    ("Local residents filmed tanks moving to Gomel.", "equipment_move", None),
    ("Putin arrived in Minsk for talks with Lukashenko.", "leader_meeting", None),
    # An office is of the country beside it; in a text of the area's own language it is the area's.
    ("Паводле ацэнкі ўкраінскага Генштаба, танкі перакінулі пад Гомель.", "equipment_move", "UKR_GS"),
    ("Мінабароны: вайсковыя часткі паднялі па сігнале «Збор», ідзе праверка боегатоўнасці", "inspection", "BLR_MOD"),
]


@pytest.mark.parametrize(("sentence", "family", "actor"), ORIGINS, ids=[row[0][:40] for row in ORIGINS])
def test_a_report_is_of_whoever_said_it_first(sentence: str, family: str, actor: str | None) -> None:
    """The subject of a saying, the one referred to, the one behind a dash: the first voice, not the one who relays."""
    (one,) = [signal for signal in coded(sentence) if signal.family == family]
    assert (one.attribution.actor if one.attribution else None) == actor


def test_an_office_of_a_country_without_a_list_entry_is_no_other_countrys() -> None:
    """The foreign ministry of a state whose offices the list lacks is not credited to another state's ministry."""
    for sentence in (
        "МИД Германии призвал граждан немедленно покинуть Украину и Беларусь.",
        "МЗС Німеччини закликало громадян негайно залишити Білорусь.",
    ):
        credited = {one.attribution.actor for one in coded(sentence) if one.attribution}
        assert credited.isdisjoint({"UKR_MFA", "BLR_MFA", "RUS_MFA"})
