"""What lies within a problem: its ground, and who stands for it."""

from __future__ import annotations

from feeds.model import Feed
from indicators.catalogue import Catalogue
from indicators.coding.cues import Found
from indicators.coding.direction import MOVING, Names
from indicators.coding.families import LEAVING, SPOKEN
from indicators.model.actor import Attribution
from indicators.model.place import Place, PlaceRole


class Ground:
    """The area of a problem, and the countries whose happenings beside it may be of it."""

    def __init__(self, catalogue: Catalogue) -> None:
        area = self.area = catalogue.problem.area
        self.theatre = frozenset(area.countries).union(
            *(line.countries for line in catalogue.gazetteer.borders.values() if area.countries & set(line.countries))
        )

        self.also_in = {one.family: one.also_in for one in catalogue.indicators.values() if one.also_in}

    def also_there(self, names: Names, family: str, first: int) -> str:
        """The place outside the area where a happening found from word `first` on counts all the same, or empty.

        Such a place is where it happens or what is left: a state named before the find is who acts.
        """
        there = self.also_in.get(family)
        if not there:
            return ""
        places = [one.place for one in names.places if one.place.kind != "country" or one.span[0] > first]
        if any(place.country not in there and not self.is_home(place) for place in places):
            return ""
        return next((place.name for place in places if place.country in there), "")

    def _causes(self, found: Found) -> frozenset[int]:
        """The words right behind "because of" and "after": a place there is not where it happens."""
        return frozenset(at for _, last in found.get(("cue", "background"), ()) for at in range(last, last + 5))

    def from_home(self, feed: Feed | None) -> bool:
        """Whether a feed is kept where the problem is."""
        return feed is not None and feed.timezone in self.area.timezones

    def abroad(self, names: Names) -> bool:
        """Whether a sentence names ground outside the problem's."""
        area = self.area
        return any(
            one.place.country not in area.countries and one.place.id not in area.places and one.place.kind != "border"
            for one in names.places
        )

    def is_home(self, place: Place) -> bool:
        """Whether a place is of the area."""
        return place.country in self.area.countries or place.id in self.area.places

    @staticmethod
    def tells_way(names: Names, found: Found) -> bool:
        """Whether a sentence says which way, and names nobody's word or deed that it could be about instead."""
        ways = any(found.get(("role", name)) for name in ("to", "either", "toward", "away"))
        acting = any(one.actor.kind not in ("state", "monitor", "outlet") and not one.adjective for one in names.actors)
        return ways and not acting and not found.get(("cue", "negation"))

    def names_home(self, names: Names) -> bool:
        """Whether a sentence names a place, an actor or a country of the area."""
        area = self.area
        return (
            any(self.is_home(one.place) for one in names.places)
            or any(one.actor.country in area.countries or one.actor.id in area.actors for one in names.actors)
            or any(country in area.countries for country, _ in names.lands)
        )

    def inside(  # noqa: PLR0911 - one return a reason
        self, names: Names, found: Found, family: str, near_home: bool, voice: Attribution | None
    ) -> tuple[bool, str]:
        """Whether a happening lies within the problem, and what says so."""
        area = self.area
        named = [one.place for one in names.places]
        lands = [one for one in names.places if one.place.country in area.countries and one.place.kind == "country"]
        if lands and (family in LEAVING or (any(one.role is not PlaceRole.AT for one in lands) and family in MOVING)):
            return True, f"it goes from or to {lands[0].place.name}"
        home = [one.place.name for one in lands]
        # A river or border runs on beyond the area: alone it is inside, beside a place elsewhere it is not.
        strong = [
            place
            for place in named
            if place.country in area.countries and place.kind not in ("country", "river", "border")
        ]
        listed = [
            place
            for place in named
            if place.kind != "country"
            and place not in strong
            and (place.id in area.places or place.country in area.countries)
        ]
        behind = self._causes(found)
        elsewhere = [
            place
            for place in (one.place for one in names.places if one.span[0] not in behind)
            if place.country not in area.countries and place.id not in area.places and place.kind != "country"
        ]
        if strong:
            return True, f"{strong[0].name} is inside the area"
        if listed and not elsewhere:
            return True, f"{listed[0].name} belongs to the area"
        acting = home + [
            one.actor.name for one in names.actors if one.actor.country in area.countries or one.actor.id in area.actors
        ]
        lands_named = [country for country, _ in names.lands if country in area.countries]
        acting += lands_named
        if lands_named and family in LEAVING:
            return True, f"{lands_named[0]} is what it leaves"
        # What comes from elsewhere does not happen there, and what is launched from the area falls on others.
        # A grouping stands here and is aimed there.
        aside = (PlaceRole.FROM, PlaceRole.TO) if family == "grouping" else (PlaceRole.FROM,)
        there = [one for one in names.places if one.place in elsewhere and one.role not in aside]
        if acting and (not there or family in SPOKEN or (family == "attack" and lands_named)):
            return True, f"{acting[0]} is of the area"
        if elsewhere:
            return False, f"{elsewhere[0].name} lies outside the area"
        if voice is not None and voice.actor is not None and voice.actor in area.actors:
            return True, f"{voice.name} speaks of the area"
        foreign = sorted(names.countries() - self.theatre)
        if foreign:
            return False, f"it names {', '.join(foreign)} and nothing of the area"
        if near_home:
            return True, "the text around it names the area"
        return False, "it names no place and no actor of the area"
