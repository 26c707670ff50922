"""Names in a sentence, the part each place plays in a movement, and whether it goes toward the border or away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from indicators.catalogue import Catalogue, KnownActor
from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Cues, Found
from indicators.model.place import Place, PlaceMention, PlaceRole
from indicators.model.signal import Direction

# Families that tell of something going from one place to another.
MOVING = frozenset(
    [
        "equipment_move",
        "troop_move",
        "grouping",
        "command",
        "logistics",
        "medical",
        "bridging",
        "aviation",
        "missiles",
        "recon",
        "withdrawal",
        "rotation",
        "force_size",
        "attack",
    ]
)
# A place this near the watched border is "at the border"; units in training grounds farther off are not.
NEAR_BORDER_KM = 60.0
BY_BORDER = "the words for the border"
_NEARER_BY_KM = 15.0
_WIDE = ("country", "region", "oblast", "area")


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place and the words that name it."""

    place: Place
    span: Span
    role: PlaceRole = PlaceRole.AT

    @property
    def mention(self) -> PlaceMention:
        """The place as a signal names it."""
        return PlaceMention(place=self.place, role=self.role)


@dataclass(frozen=True, slots=True)
class NamedActor:
    """An actor and the words that name it; an adjective names its country."""

    actor: KnownActor
    span: Span
    adjective: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """Who and where a sentence names."""

    places: tuple[NamedPlace, ...] = ()
    actors: tuple[NamedActor, ...] = ()
    lands: tuple[tuple[str, Span], ...] = ()
    """Countries named by an adjective in small letters, and the words that do."""

    def countries(self) -> frozenset[str]:
        """Every country that a place or actor of the sentence belongs to."""
        found = {
            named.place.country
            for named in self.places
            if named.place.country and named.place.kind not in ("border", "river")
        }
        found |= {named.actor.country for named in self.actors if named.actor.country}
        found |= {country for country, _ in self.lands}
        return frozenset(found)


def names_in(
    named: Sequence[tuple[int, int, int]],
    original: str,
    words: Words,
    offset: int,
    catalogue: Catalogue,
    langs: frozenset[str],
    found: Found,
    mentioned: frozenset[str],
    home: str | None = None,
) -> Names:
    """The actors and places of a sentence, of the names `named` in it.

    `mentioned` are the countries its item names, to tell namesakes apart.

    `home` is the country of whoever speaks in the item: "the ministry of defence" is that country's.
    """
    places: dict[Span, list[Place]] = {}
    actors: dict[tuple[Span, str], NamedActor] = {}
    bare: dict[Span, list[KnownActor]] = {}
    lands: dict[Span, str] = {}
    sites = {first for first, _ in found.get(("role", "site"), ())}
    for slot, first, last in named:
        lang, kind, id_ = catalogue.named[slot]
        if lang not in langs:
            continue
        capitals = _capitals(original, words, offset, first, last)
        if kind == "place":
            if any(capitals) or _named_small(words, first, last, catalogue.gazetteer.places[id_], sites):
                places.setdefault((first, last), []).append(catalogue.gazetteer.places[id_])
            elif catalogue.gazetteer.places[id_].kind == "country" and len(words.words[first]) > 5:
                lands[first, last] = catalogue.gazetteer.places[id_].country
        elif kind == "bare":
            bare.setdefault((first, last), []).append(catalogue.actors[id_])
        elif kind == "adjective" or any(capitals) or catalogue.actors[id_].kind in ("ministry", "force", "official"):
            actors[(first, last), id_] = NamedActor(catalogue.actors[id_], (first, last), kind == "adjective")
    kept_actors = _outermost(list(actors.values()))
    whose = frozenset(actor.country for actor in (one.actor for one in kept_actors) if actor.country) | mentioned
    if bare:
        kept_actors = _with_offices(kept_actors, bare, lands, words, home, whose)
    kept_places = _longest(places)
    named_countries = frozenset(named.actor.country for named in kept_actors if named.actor.country) | mentioned
    chosen = [
        NamedPlace(_which(candidates, span, kept_actors, named_countries, catalogue, words), span)
        for span, candidates in kept_places
        if not any(
            _inside(span, named.span) and span != named.span and named.actor.kind not in ("state", "alliance")
            for named in kept_actors
        )
    ]
    if mentioned:
        named_all = (
            Names(
                tuple(chosen), tuple(kept_actors), tuple((country, span) for span, country in lands.items())
            ).countries()
            | mentioned
        )
        lines = (catalogue.gazetteer.borders.get(one.place.id) for one in chosen if one.place.kind == "river")
        named_all = named_all.union(*(line.countries for line in lines if line is not None))
        chosen = [replace(one, place=_which_border(one.place, named_all, catalogue)) for one in chosen]
    return Names(tuple(chosen), tuple(kept_actors), tuple((country, span) for span, country in lands.items()))


# Adjectives made from place names end so in the Slavic languages; they are written small.
_PLACE_ADJECTIVE = re.compile("[сцз]ь?к[а-яіўї]{1,4}$")


def _named_small(words: Words, first: int, last: int, place: Place, sites: set[int]) -> bool:
    """Whether words in small letters name a place: a border, or an adjective with the noun of the place."""
    if place.kind == "border":
        return True
    if place.kind == "country" or not _PLACE_ADJECTIVE.search(words.words[first]):
        return False
    return last - first > 1 or (last in sites and words.joined[last])


def _with_offices(
    actors: list[NamedActor],
    bare: Mapping[Span, Sequence[KnownActor]],
    lands: Mapping[Span, str],
    words: Words,
    home: str | None,
    mentioned: frozenset[str],
) -> list[NamedActor]:
    """The actors with those whose office is named without its country."""
    kept = list(actors)
    for span, owners in bare.items():
        plain = next((named for named in kept if named.span == span and named.actor in owners), None)
        if plain is not None:
            # A language may know an office as its own country's; the country named beside it says otherwise.
            if _country_beside(span, kept, lands, words) in (None, plain.actor.country):
                continue
            kept.remove(plain)
        owner = _owner(owners, span, kept, lands, words, home, mentioned)
        if owner is not None and not any(_inside(span, named.span) for named in kept):
            kept.append(NamedActor(owner, span))
    return _outermost(kept)


def _owner(
    owners: Sequence[KnownActor],
    span: Span,
    actors: Sequence[NamedActor],
    lands: Mapping[Span, str],
    words: Words,
    home: str | None,
    mentioned: frozenset[str],
) -> KnownActor | None:
    """Whose ministry "the ministry" is: of the country named beside it, of the speaker's, of the only one named."""
    countries = {owner.country: owner for owner in owners}
    beside = _country_beside(span, actors, lands, words)
    if beside is not None:
        return countries.get(beside)
    if home in countries:
        return countries[home]
    possible = [owner for country, owner in countries.items() if country in mentioned]
    return possible[0] if len(possible) == 1 else None


def _country_beside(span: Span, actors: Sequence[NamedActor], lands: Mapping[Span, str], words: Words) -> str | None:
    """The country that stands right before or behind an office: "Ukraine's", "українського", "of Belarus"."""
    rows = [(named.span, named.actor.country) for named in actors if named.actor.kind == "state"]
    rows += list(lands.items())
    for (first, last), country in rows:
        before = last == span[0] and words.joined[span[0]]
        behind = first - span[1]
        linked = behind == 0 or (behind == 1 and words.words[span[1]] in ("of", "в", "у", "ў", "in"))
        if country and (before or (linked and all(words.joined[span[1] : first + 1]))):
            return country
    return None


def without_speaker(names: Names, speaker: Span) -> Names:
    """The names without those who only speak: what a sentence is about is not who tells it."""
    if speaker[0] == speaker[1]:
        return names
    return Names(
        tuple(one for one in names.places if not _inside(one.span, speaker)),
        tuple(one for one in names.actors if not _inside(one.span, speaker)),
        tuple((country, span) for country, span in names.lands if not _inside(span, speaker)),
    )


def _capitals(original: str, words: Words, offset: int, first: int, last: int) -> list[bool]:
    return [original[words.starts[at] - offset : words.starts[at] - offset + 1].isupper() for at in range(first, last)]


def _inside(one: Span, other: Span) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]


def _outermost(named: Sequence[NamedActor]) -> list[NamedActor]:
    """Actors whose name is not part of a longer actor's name; the state inside a ministry's name is kept out too."""
    return sorted(
        (one for one in named if not any(_inside(one.span, other.span) and one.span != other.span for other in named)),
        key=lambda one: one.span,
    )


def _longest(places: dict[Span, list[Place]]) -> list[tuple[Span, list[Place]]]:
    spans = sorted(places, key=lambda span: (span[0] - span[1], span[0]))
    kept: list[Span] = []
    for span in spans:
        if not any(span[0] < other[1] and other[0] < span[1] for other in kept):
            kept.append(span)
    return [(span, places[span]) for span in sorted(kept)]


def _which(
    candidates: Sequence[Place],
    span: Span,
    actors: Sequence[NamedActor],
    countries: frozenset[str],
    catalogue: Catalogue,
    words: Words,
) -> Place:
    """Of namesakes: the one whose country stands beside, else one inside the area, else one of the text's countries."""
    if len(candidates) == 1:
        return candidates[0]
    beside = {
        named.actor.country
        for named in actors
        if (named.actor.kind == "state" and -1 <= named.span[0] - span[1] <= 1) or 0 <= span[0] - named.span[1] <= 1
    }
    for candidate in candidates:
        if candidate.country in beside:
            return candidate
    area = catalogue.problem.area
    inside = [one for one in candidates if one.country in area.countries or one.id in area.places]
    if inside and (countries & area.countries or not any(one.country in countries for one in candidates)):
        return inside[0]
    for candidate in candidates:
        if candidate.country in countries:
            return candidate
    return inside[0] if inside else candidates[0]


def _which_border(place: Place, countries: frozenset[str], catalogue: Catalogue) -> Place:
    """Of borders, the one whose both sides the item names: "Poland ... to the border with Belarus" is theirs."""
    line = catalogue.gazetteer.borders.get(place.id)
    if line is None or line.kind != "border" or set(line.countries) <= countries:
        return place
    shared = [
        other
        for other in catalogue.gazetteer.borders.values()
        if other.kind == "border" and set(other.countries) <= countries and set(other.countries) & set(line.countries)
    ]
    return catalogue.gazetteer.places[shared[0].id] if shared else place


def with_roles(names: Names, words: Words, found: Found, cues: Cues, *, moving: bool, home: frozenset[str]) -> Names:
    """The same names, each place with its part in the movement."""
    between = {at for first, last in found.get(("role", "between"), ()) for at in range(first, last)}
    border = {at for first, last in found.get(("role", "border"), ()) for at in range(first, last)}
    adjective = {at for named in names.actors if named.adjective for at in range(*named.span)}
    adjective |= {at for _, span in names.lands for at in range(*span)}
    states = {at for named in names.actors if named.actor.kind == "state" for at in range(*named.span)}
    capitals = {named.span for named in names.actors if named.actor.kind == "state"}
    ends: dict[int, list[str]] = {}
    begins: dict[int, int] = {}
    apart = _measured(found)
    for role in ("from", "to", "at", "either"):
        for first, last in found.get(("role", role), ()):
            ends.setdefault(last, []).append("at" if first in apart else role)
            begins[last] = min(first, begins.get(last, first))
    sites = {at for first, last in found.get(("role", "site"), ()) for at in range(first, last)} | between
    placed = []
    previous: NamedPlace | None = None
    for named in names.places:
        at = named.span[0]
        roles: list[str] = []
        for _ in range(6):
            if at in ends:
                # "the border with Ukraine": the preposition belongs to the border.
                roles = [] if at >= 2 and at - 2 in border else ends[at]
                break
            if at == 0 or (at - 1) not in between | border | adjective | states:
                break
            at -= 1
        role = _role(roles, words, at, cues, moving=moving)
        if role is PlaceRole.AT and moving and at in begins and begins[at] - 1 in sites - states:
            # "From the camp near the town": the place is where the camp is, and its part the camp's.
            role = _role_of_site(begins[at] - 1, ends, sites | adjective, words, cues)
        if not roles and previous is not None and _listed(words, previous.span[1], named.span[0]):
            role = previous.role
        if not roles and named.place.kind != "country" and named.span in capitals and named.place.country not in home:
            # "Moscow says": the capital stands for its state.
            continue
        previous = NamedPlace(named.place, named.span, role)
        placed.append(previous)
    return Names(tuple(placed), names.actors, names.lands)


def _role_of_site(at: int, ends: Mapping[int, list[str]], within: set[int], words: Words, cues: Cues) -> PlaceRole:
    """The part that a camp or ground plays, by the preposition before it; `at` is its last word."""
    for _ in range(4):
        if not words.joined[at]:
            return PlaceRole.AT
        if at in ends:
            return _role([role for role in ends[at] if role != "at"], words, at, cues, moving=True)
        at -= 1
        if at < 0 or (at not in within and at not in ends):
            return PlaceRole.AT
    return PlaceRole.AT


def _measured(found: Found) -> frozenset[int]:
    """The words that only measure: the "from" of "6 km from" and of "not far from"."""
    return frozenset(last for _, last in found.get(("role", "distance"), ())) | frozenset(
        last - 1 for first, last in found.get(("role", "at"), ()) if last - first > 1
    )


def _role(roles: Sequence[str], words: Words, at: int, cues: Cues, *, moving: bool) -> PlaceRole:
    if "from" in roles:
        return PlaceRole.FROM
    if "to" in roles and moving:
        return PlaceRole.TO
    if "either" in roles and moving and at < len(words):
        word = words.words[at]
        if not word.endswith(cues.at_endings) or _PLURAL_NAME.search(word):
            return PlaceRole.TO
    return PlaceRole.AT


# Names of towns that are plurals keep their first form where something goes to them.
_PLURAL_NAME = re.compile("([иіы](ч|щ|шч)|[ёея]вц|[оа]вц)[иіы]$")


def _listed(words: Words, end: int, start: int) -> bool:
    """Whether one name follows another in a list."""
    return start - end <= 1 and (
        start == end or words.words[end] in ("and", "or", "и", "і", "та", "й", "или", "або", "ды")
    )


def foreign_force(names: Names, found: Found, taken: Span, forces: frozenset[str], home: frozenset[str]) -> str | None:
    """The country whose forces a sentence tells of, where it is none of `forces`; None where it is, or cannot be told.

    Those who only say so, and countries behind a preposition, are not the ones who move.
    """
    prepositions = {
        last for role in ("from", "to", "at", "either", "beside") for _, last in found.get(("role", role), ())
    }
    border = {first for first, _ in found.get(("role", "border"), ())}
    speaking = list(found.get(("voice", "verbs"), ()))
    according = list(found.get(("voice", "according"), ()))
    movers: list[tuple[int, str]] = []
    rows = [(named.span, named.actor.country or named.actor.id, named.actor.kind) for named in names.actors]
    rows += [(span, country, "adjective") for country, span in names.lands]
    for (first, last), country, kind in rows:
        if first >= taken[1] or first in prepositions or kind in ("outlet", "agency", "monitor") or last in border:
            continue
        if any(0 <= verb[0] - last <= 3 and verb[1] <= taken[0] for verb in speaking) or any(
            0 <= first - one[1] <= 5 for one in according
        ):
            continue
        movers.append((first, country))
    # A watched army from abroad named anywhere before is the likelier one: "criticises Russia's plan to move ...".
    abroad = any(first < taken[1] and country in forces - home for (first, _), country, _ in rows)
    if not movers or abroad or any(country in forces for _, country in movers):
        return None
    return max(movers)[1]


def direction_of(  # noqa: PLR0911 - one return a reason
    names: Names, words: Words, found: Found, catalogue: Catalogue, span: Span
) -> tuple[Direction, str]:
    """Whether a movement goes toward the border the problem watches, and what says so."""
    apart = _measured(found)
    goes_away = _near([one for one in found.get(("role", "away"), ()) if one[0] not in apart], span)
    home = catalogue.problem.area.countries
    bound = _to_border(names, words, found, catalogue, span)
    if bound is not None:
        return (Direction.TOWARD if bound else Direction.AWAY), BY_BORDER
    sources = [one.place for one in names.places if one.role is PlaceRole.FROM]
    targets = [one.place for one in names.places if one.role is PlaceRole.TO]
    if any(
        one.country not in home and one.kind != "border" and not _watched(one, catalogue) for one in targets
    ) and not any(one.country in home for one in targets):
        return Direction.AWAY, f"it goes to {targets[0].name}"
    nearest_target = _nearest(targets, catalogue)
    nearest_source = _nearest(sources, catalogue)
    if (
        nearest_target is not None
        and nearest_source is not None
        and abs(nearest_target - nearest_source) > _NEARER_BY_KM
    ):
        if nearest_target < nearest_source:
            return Direction.TOWARD, f"{nearest_target:.0f} km from the border after {nearest_source:.0f} km"
        return Direction.AWAY, f"{nearest_target:.0f} km from the border after {nearest_source:.0f} km"
    if goes_away:
        return Direction.AWAY, "the words for going back"
    if _near(found.get(("role", "toward"), ()), span):
        return Direction.TOWARD, "the words for going south or nearer"
    if nearest_target is not None and nearest_target <= NEAR_BORDER_KM:
        return Direction.TOWARD, f"it goes to within {nearest_target:.0f} km of the border"
    return Direction.NONE, ""


def _near(spans: Sequence[Span], span: Span, reach: int = 8) -> bool:
    return any(first - span[1] <= reach and span[0] - last <= reach for first, last in spans)


def _watched(place: Place, catalogue: Catalogue) -> bool:
    toward = catalogue.problem.toward
    return place.id == toward.border or place.id in toward.places or place.id in catalogue.problem.area.places


def _nearest(places: Sequence[Place], catalogue: Catalogue) -> float | None:
    """How near the watched border the nearest of `places` lies; wide areas tell nothing."""
    found = [distance for place in places if (distance := border_km(place, catalogue)) is not None]
    return min(found, default=None)


def border_km(place: Place, catalogue: Catalogue) -> float | None:
    """How far a place lies from what TOWARD means in this problem; None where it is too wide to tell or unknown."""
    toward = catalogue.problem.toward
    if place.id == toward.border or place.id in toward.places:
        return 0.0
    if place.kind == "country":
        return None
    found = []
    for id_ in ((toward.border,) if toward.border else ()) + toward.places:
        apart = catalogue.gazetteer.distance_km(place.id, id_)
        if apart is not None:
            found.append(apart)
    return min(found, default=None)


def _to_border(names: Names, words: Words, found: Found, catalogue: Catalogue, span: Span) -> bool | None:
    """True: to the watched border; False: away from it; None: the sentence does not say."""
    toward = catalogue.problem.toward
    line = catalogue.gazetteer.borders.get(toward.border or "")
    border_words = list(found.get(("role", "border"), ()))
    border_words += [named.span for named in names.places if named.place.id == toward.border]
    for first, last in border_words:
        if not _near([(first, last)], span, 14):
            continue
        if any(
            one.place.kind == "border" and one.place.id != toward.border and first < one.span[1] and one.span[0] < last
            for one in names.places
        ):
            continue
        countries = {
            named.actor.country
            for named in names.actors
            if named.actor.country
            and named.actor.kind == "state"
            and -3 <= named.span[0] - last <= 3
            and first - named.span[1] <= 2
        }
        countries |= {
            named.place.country
            for named in names.places
            if named.place.kind == "country" and -3 <= named.span[0] - last <= 3 and first - named.span[1] <= 2
        }
        countries |= {country for country, (one, two) in names.lands if -3 <= one - last <= 3 and first - two <= 2}
        if line is not None and countries and not countries <= set(line.countries):
            continue
        role = _border_role(words, found, first, names)
        if role == "to":
            return True
        if role == "from":
            return False
    return None


def _border_role(words: Words, found: Found, first: int, names: Names) -> str | None:
    adjective = {at for named in names.actors for at in range(*named.span)} | {
        at for _, span in names.lands for at in range(*span)
    }
    between = {at for one, two in found.get(("role", "between"), ()) for at in range(one, two)} | adjective
    at = first
    apart = _measured(found)
    for _ in range(5):
        for role in ("to", "from"):
            if any(last == at and one not in apart for one, last in found.get(("role", role), ())):
                return role
        if at == 0 or (at - 1) not in between:
            return None
        at -= 1
    return None
