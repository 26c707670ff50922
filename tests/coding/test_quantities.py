"""How many of what, in four languages."""

from __future__ import annotations

import pytest
from builders_for_coding import coded

# sentence, family, low, high, unit, approximate.
QUANTITIES = [
    ("31 tanks were moved near Brest", "equipment_move", 31, 31, "tank", False),
    ("Dozens of military trucks moved to Luninets", "equipment_move", 24, 99, "vehicle", True),
    ("Twenty-five tanks moved to Brest", "equipment_move", 25, 25, "tank", False),
    ("Up to 10,000 Russian soldiers arrived in Belarus", "troop_move", 10000, 10000, "troops", True),
    ("Between 10 and 15 thousand Russian troops arrived in Belarus", "troop_move", 10000, 15000, "troops", True),
    ("31 танк перебросили в Брестскую область", "equipment_move", 31, 31, "tank", False),
    ("До 10 тысяч российских военнослужащих прибыли в Беларусь", "troop_move", 10000, 10000, "troops", True),
    ("10-15 тыс. российских военных прибыли в Беларусь", "troop_move", 10000, 15000, "troops", True),
    ("2,5 тысячи российских солдат прибыли в Гомель", "troop_move", 2500, 2500, "troops", False),
    ("1 500 российских солдат прибыли в Гомель", "troop_move", 1500, 1500, "troops", False),
    ("Понад 1000 російських військових прибули до Білорусі", "troop_move", 1000, 1000, "troops", True),
    ("Близько тридцяти танків перекинули до Гомеля", "equipment_move", 30, 30, "tank", True),
    ("Каля 700 расійскіх вайскоўцаў прыбылі ў Віцебск", "troop_move", 700, 700, "troops", True),
    ("Дваццаць пяць танкаў перакінулі ў Гомель", "equipment_move", 25, 25, "tank", False),
]


@pytest.mark.parametrize(
    ("sentence", "family", "low", "high", "unit", "about"), QUANTITIES, ids=[row[0][:30] for row in QUANTITIES]
)
def test_a_number_keeps_its_unit_range_and_roughness(
    sentence: str, family: str, low: float, high: float, unit: str, about: bool
) -> None:
    """Digits, words, groups of thousands, ranges and rough counts are read with their unit."""
    (signal,) = [one for one in coded(sentence) if one.family == family]
    assert signal.quantity is not None
    assert (signal.quantity.low, signal.quantity.high, signal.quantity.unit, signal.quantity.approximate) == (
        low,
        high,
        unit,
        about,
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "The 38th brigade moved tanks to Brest in 2022",
        "T-72 tanks moved to Brest",
        "38-я бригада перебросила танки в Брест",
    ],
)
def test_ordinals_years_and_models_are_no_numbers(sentence: str) -> None:
    """A brigade's number, a year and a tank's model count nothing."""
    assert all(one.quantity is None for one in coded(sentence))
