"""Where a happening counts: in the area, and for some indicators in the country that is threatened."""

from __future__ import annotations

import pytest
from builders_for_coding import coded

LEFT = [
    ("US closes embassy in Kyiv, moves operations to Lviv", "en"),
    ("Germany urges its citizens to leave Ukraine", "en"),
    ("Japan tells nationals to evacuate Ukraine immediately", "en"),
    ("Ukraine's foreign ministry tells its citizens to leave Belarus", "en"),
    ("МИД Германии призвал граждан немедленно покинуть Украину", "ru"),
    ("Велика Британія відкликає частину персоналу посольства в Києві", "uk"),
]
NOT_HERE = [
    "Ukraine tells citizens to leave Russia",
    "Ukraine closes its embassy in Tehran and evacuates staff",
    "Ukrainian embassy in London shut after suspicious package",
    "Germany urges its citizens to leave Iran",
]


@pytest.mark.parametrize(("text", "lang"), LEFT, ids=[text for text, _ in LEFT])
def test_embassies_leave_the_country_threatened_too(text: str, lang: str) -> None:
    """Who tells citizens to leave the country threatened warns as loudly as who leaves the one next door."""
    assert [one.indicator for one in coded(text, lang=lang) if one.counted and one.family == "embassy"] == ["embassies"]


@pytest.mark.parametrize("text", NOT_HERE)
def test_what_the_threatened_country_does_elsewhere_is_not_of_the_area(text: str) -> None:
    """The threatened country's own embassies abroad tell nothing."""
    assert not [one for one in coded(text, lang="en") if one.counted]


@pytest.mark.parametrize("text", ["Tanks moved to Lviv by rail.", "A field hospital was set up near Kharkiv."])
def test_other_indicators_keep_to_the_area(text: str) -> None:
    """Only the indicator that says so counts outside the area."""
    assert not [one for one in coded(text, lang="en") if one.counted]


AIMED = [
    ("Через Припять у границы с Украиной российские саперы перебросили наплавной мост.", "bridging", "ru"),
    ("У южных рубежей Беларуси создан ударный кулак для наступления на Киев.", "grouping", "ru"),
]


@pytest.mark.parametrize(("text", "family", "lang"), AIMED, ids=[family for _, family, _ in AIMED])
def test_what_stands_here_is_here_whatever_it_is_aimed_at(text: str, family: str, lang: str) -> None:
    """A target elsewhere does not move a grouping there, and whose sappers they are does not move the border."""
    assert family in [one.family for one in coded(text, lang=lang) if one.counted]
