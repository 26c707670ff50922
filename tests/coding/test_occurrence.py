"""Days as four languages name them, seen from Tuesday 20 December 2022."""

from __future__ import annotations

import pytest
from builders_for_coding import coded

# sentence, first day, last day.
DAYS = [
    ("Tanks moved to Gomel on Monday", "2022-12-19", "2022-12-19"),
    ("Tanks moved to Gomel on Tuesday", "2022-12-20", "2022-12-20"),
    ("Tanks moved to Gomel last Friday", "2022-12-16", "2022-12-16"),
    ("Tanks moved to Gomel yesterday", "2022-12-19", "2022-12-19"),
    ("Tanks moved to Gomel on December 15", "2022-12-15", "2022-12-15"),
    ("Tanks moved to Gomel on 15 December 2022", "2022-12-15", "2022-12-15"),
    ("Tanks moved to Gomel on the 15th of December", "2022-12-15", "2022-12-15"),
    ("Tanks moved to Gomel from 13 to 16 December", "2022-12-13", "2022-12-16"),
    ("Tanks moved to Gomel between 13 and 16 December", "2022-12-13", "2022-12-16"),
    ("Tanks moved to Gomel on Dec. 13-16", "2022-12-13", "2022-12-16"),
    ("Tanks moved to Gomel three days ago", "2022-12-17", "2022-12-17"),
    ("Tanks moved to Gomel last week", "2022-12-12", "2022-12-18"),
    ("Tanks moved to Gomel in December", "2022-12-01", "2022-12-20"),
    ("Tanks moved to Gomel in October", "2022-10-01", "2022-10-31"),
    ("Tanks have been moving to Gomel since 10 December", "2022-12-10", "2022-12-20"),
    ("Russia will move tanks to Gomel in January", "2022-12-20", "2022-12-20"),
    ("Танки перебросили в Гомель в понедельник", "2022-12-19", "2022-12-19"),
    ("Танки перебросили в Гомель 15 декабря", "2022-12-15", "2022-12-15"),
    ("Танки перебросили в Гомель в ночь на 19 декабря", "2022-12-19", "2022-12-19"),
    ("Танки перебросили в Гомель с 13 по 16 декабря", "2022-12-13", "2022-12-16"),
    ("Танки перебросили в Гомель вчера", "2022-12-19", "2022-12-19"),
    ("Танки перебросили в Гомель 19.12.2022", "2022-12-19", "2022-12-19"),
    ("Танки перебросили в Гомель три дня назад", "2022-12-17", "2022-12-17"),
    ("Танки перебросили в Гомель на прошлой неделе", "2022-12-12", "2022-12-18"),
    ("Танки перебросили в Гомель в прошлую пятницу", "2022-12-16", "2022-12-16"),
    ("Танки перекинули до Гомеля у понеділок", "2022-12-19", "2022-12-19"),
    ("Танки перекинули до Гомеля 15 грудня", "2022-12-15", "2022-12-15"),
    ("Танки перекинули до Гомеля вчора", "2022-12-19", "2022-12-19"),
    ("Танки перекинули до Гомеля минулої п'ятниці", "2022-12-16", "2022-12-16"),
    ("Танки перекинули до Гомеля два дні тому", "2022-12-18", "2022-12-18"),
    ("Танкі перакінулі ў Гомель у панядзелак", "2022-12-19", "2022-12-19"),
    ("Танкі перакінулі ў Гомель 15 снежня", "2022-12-15", "2022-12-15"),
    ("Танкі перакінулі ў Гомель учора", "2022-12-19", "2022-12-19"),
    ("Танкі перакінулі ў Гомель у мінулую пятніцу", "2022-12-16", "2022-12-16"),
    ("Танкі перакінулі ў Гомель тры дні таму", "2022-12-17", "2022-12-17"),
]


@pytest.mark.parametrize(("sentence", "first", "last"), DAYS, ids=[row[0][-30:] for row in DAYS])
def test_a_move_is_dated_by_its_words(sentence: str, first: str, last: str) -> None:
    """Weekdays, dates, ranges and spans resolve to days not after publication; a plan is dated as published."""
    (move,) = [signal for signal in coded(sentence) if signal.family == "equipment_move"]
    assert [day.isoformat() for day in move.occurred_on] == [first, last]
