"""The map: whose land is whose, and what is never drawn as a point."""

from __future__ import annotations

import math

import pytest

from indicators.charts.maps import Move, Spot, circle, map_figure, outline, wide_words
from indicators.charts.theme import DARK, LIGHT
from indicators.model.level import Level
from indicators.model.place import Place
from indicators.settings import data_folder


@pytest.fixture(scope="module")
def land():
    return outline(data_folder() / "map")


def a_place(**given) -> Place:
    known = {"id": "brestsky", "name": "Brestsky", "lat": 51.98, "lon": 23.9, "radius_km": 8.0}
    return Place(**(known | {"kind": "training_ground", "country": "BLR", "grade": "B"} | given))


@pytest.mark.parametrize(
    ("town", "lon", "lat", "country"),
    [
        ("Simferopol", 34.10, 44.95, "UKR"),
        ("Sevastopol", 33.55, 44.60, "UKR"),
        ("Donetsk", 37.80, 48.00, "UKR"),
        ("Minsk", 27.57, 53.90, "BLR"),
        ("Brest", 23.75, 52.10, "BLR"),
        ("Homel", 30.98, 52.44, "BLR"),
        ("Kyiv", 30.52, 50.45, "UKR"),
        ("Warsaw", 21.01, 52.23, "POL"),
        ("Vilnius", 25.28, 54.69, "LTU"),
        ("Smolensk", 32.05, 54.78, "RUS"),
    ],
)
def test_a_town_lies_in_the_country_it_belongs_to(land, town, lon, lat, country) -> None:
    """The shipped outlines follow internationally recognised borders; Crimea is Ukraine."""
    assert land.country_at(lon, lat) == country, town


def test_the_shipped_outlines_stay_small() -> None:
    """The region fits in 250 KB, so that a page and a briefing can carry it."""
    assert (data_folder() / "map" / "region.geojson").stat().st_size < 250_000


@pytest.mark.parametrize("given", [{"grade": "C"}, {"kind": "region", "grade": "A"}])
def test_a_place_known_roughly_is_a_circle_and_never_a_point(land, given) -> None:
    """A grade C place or a region is drawn as its radius, with a number and no dot."""
    spot = Spot(place=a_place(radius_km=60, **given), mark=DARK.level(Level.WARNING), rank=20, count=4)
    figure = map_figure(land, [spot])
    dots = [
        trace for trace in figure.data if "markers" in (trace.mode or "") and trace.marker.color == (spot.mark.color,)
    ]
    assert dots == []
    assert any(trace.line.dash == "dot" and len(trace.x) == 49 for trace in figure.data)
    lon, lat = circle(spot.place)
    north = (max(lat) - spot.place.lat) * 111.32
    east = (max(lon) - spot.place.lon) * 111.32 * math.cos(math.radians(spot.place.lat))
    assert north == pytest.approx(60, rel=0.02)
    assert east == pytest.approx(60, rel=0.02)


def test_an_exact_place_shows_its_level_and_count(land) -> None:
    """Colour of the level, number of events, name in the hover text, escaped."""
    spot = Spot(place=a_place(name="<b>Brest</b>"), mark=LIGHT.level(Level.WATCH), rank=10, count=7)
    figure = map_figure(land, [spot], theme=LIGHT)
    trace = next(trace for trace in figure.data if trace.text and "<b>7</b>" in trace.text)
    assert trace.marker.color == (LIGHT.level(Level.WATCH).color,)
    assert "&lt;b&gt;Brest" in trace.customdata[0]


def test_the_map_asks_the_network_for_nothing(land) -> None:
    """Only plain polygons: no geo subplot, no tiles, no address anywhere in the figure."""
    start, end = a_place(), a_place(id="obuz", lat=52.9, lon=25.6)
    text = map_figure(land, [], [Move(start=start, end=end, mark=DARK.level(Level.WATCH))]).to_json()
    assert "http" not in text
    assert '"geo"' not in text
    assert "mapbox" not in text


def test_every_mark_differs_from_the_land_it_lies_on(land) -> None:
    """The country a problem watches is a shade off its neighbours, in both looks."""
    for theme in (DARK, LIGHT):
        figure = map_figure(land, [], theme=theme, home=["BLR"])
        fills = [trace.fillcolor for trace in figure.data if trace.fill == "toself"]
        assert theme.home in fills
        assert theme.land in fills
        assert theme.home != theme.land


def test_a_place_known_too_widely_is_named_beside_the_map_and_not_drawn(land) -> None:
    """A circle of half the map would hide the rest: such a place is told in words instead, with its count."""
    spot = Spot(place=a_place(name="Southern Belarus", kind="region", radius_km=250), mark=DARK.blind, rank=0, count=4)
    assert "Southern Belarus (4)" in wide_words([spot])
    assert "Southern" not in map_figure(land, [spot]).to_json()
    assert wide_words([]) == ""
