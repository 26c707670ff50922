"""The shipped places and voices: each says where it is from, and their derived names put a report in the area."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml

from feeds.model import Item
from indicators.catalogue import Catalogue, load
from indicators.coding import code
from indicators.settings import data_folder

# A box around the area's first country, with room for crossings on the other side of the line.
SOUTH, NORTH, WEST, EAST = 51.2, 56.2, 23.1, 32.8


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return load(data_folder())


def test_every_place_says_how_well_it_is_known() -> None:
    """Each place of the shipped files has a grade, a source and a radius; a loosely known one is drawn wide."""
    for file in sorted((data_folder() / "gazetteer").glob("*.yaml")):
        for place in yaml.safe_load(file.read_text(encoding="utf-8")).get("places", ()):
            assert place["grade"] in "ABC", place["id"]
            assert place["source"], place["id"]
            assert place["radius_km"] >= (4 if place["grade"] == "C" else 1), place["id"]


def test_places_of_the_area_lie_in_it(catalogue: Catalogue) -> None:
    """No place of the area's countries stands outside the box around them."""
    for place in catalogue.gazetteer.places.values():
        if place.country in catalogue.problem.area.countries and place.kind != "border":
            assert SOUTH <= place.lat <= NORTH, place.id
            assert WEST <= place.lon <= EAST, place.id


def test_offices_follow_one_another(catalogue: Catalogue) -> None:
    """An office ends after it began."""
    for actor in catalogue.actors.values():
        for office in actor.offices:
            assert office.since is None or office.until is None or office.since < office.until, actor.id


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("ru", "Возле Брагина разгружают эшелон с танками."),
        ("ru", "Танки стоят у калинковичского депо."),
        ("ru", "Под Речицей танки сгружают с платформ."),
        ("ru", "Под Ошмянами заметили колонну танков."),
        ("ru", "Через Беловежскую пущу прошла колонна танков."),
        ("uk", "Біля мозирського полігону помітили колону танків."),
        ("uk", "Під Калинковичами розвантажують ешелон із танками."),
        ("be", "Каля мазырскага палігона заўважылі калону танкаў."),
        ("en", "Tanks were unloaded near Rechytsa in the Homel region."),
    ],
)
def test_derived_names_put_a_report_in_the_area(catalogue: Catalogue, lang: str, text: str) -> None:
    """Case endings, adjectives and compounds of a place's name tell as much as the name."""
    at = datetime(2022, 12, 20, 12, tzinfo=UTC)
    item = Item(
        item_id="place:1",
        source="place",
        url="https://example.org/1",
        title="",
        text=text,
        published_at=at,
        known_at=at,
        lang=lang,
    )
    assert any(signal.counted for signal in code(item, catalogue)), [signal.why for signal in code(item, catalogue)]
