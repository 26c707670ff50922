"""How happenings grow out of reports: each joins the open event that it fits best, or founds one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from indicators.events.likeness import (
    LEADERS,
    NO_WAY,
    SPEAKERS,
    Facts,
    day_gap,
    numbers_agree,
    numbers_clash,
    opposed,
    same_time,
)
from indicators.events.whereabouts import NEAR, Map
from indicators.model.ruling import Ruling
from indicators.model.signal import Quantity

COPIED_WITHIN = timedelta(days=14)
"""A copy belongs to its root's event, whatever day it was printed; after two weeks it is an anniversary."""
_COPIED_SECONDS = COPIED_WITHIN.total_seconds()

ENOUGH = -1.0
"""Nothing in common but the kind of thing, and a day between them: two happenings."""
SAME_PEOPLE = 1.0
SAME_NUMBER = 2.0
"""What actors and numbers add to agreement in place."""
MOST = SAME_PEOPLE + SAME_NUMBER
ELSEWHERE = 0.5
"""What leaders who meet have in common when their places differ."""
UNASKED = -1
"""Two places that have not been compared yet."""


class Open:
    """An event while it grows."""

    __slots__ = (
        "actors", "at", "direction", "facts", "items", "named", "published", "quantities", "rulings", "seed", "sources",
        "where",
    )  # fmt: skip

    def __init__(self, seed: Facts) -> None:
        self.seed = seed
        self.published = seed.published
        self.where = seed.where
        self.at = seed.where.number
        self.facts = [seed]
        self.items = {seed.item}
        self.sources = {seed.source}
        self.named = seed.where.names
        self.actors = seed.actors
        self.direction = seed.direction
        self.quantities: dict[str, Quantity] = {seed.quantity.unit: seed.quantity} if seed.quantity else {}
        self.rulings: list[Ruling] = []

    def join(self, facts: Facts) -> None:
        """Take a report in; the place becomes the narrower of the two."""
        self.facts.append(facts)
        self.items.add(facts.item)
        self.sources.add(facts.source)
        if not self.actors:
            self.actors = facts.actors
        if self.direction is NO_WAY:
            self.direction = facts.direction
        if facts.quantity is not None:
            self.quantities.setdefault(facts.quantity.unit, facts.quantity)
        where = facts.where
        if where is not self.where:
            self.named |= where.names
            if where.narrower(self.where):
                self.where = where
                self.at = where.number

    def heard_before(self, facts: Facts) -> bool:
        """Whether the report's source has told of this in another item."""
        return facts.source in self.sources and facts.item not in self.items

    def absorb(self, other: Open) -> None:
        """Take in all of another event, which an officer says is the same happening."""
        for facts in other.facts:
            self.join(facts)
        self.rulings += [ruling for ruling in other.rulings if ruling not in self.rulings]


class Growth:
    """Grows the events of one key and kind."""

    __slots__ = ("_by_day", "_leaders", "_places", "_speakers", "_within")

    def __init__(self, family: str, within: float, places: Map) -> None:
        self._leaders = family in LEADERS
        self._speakers = family in SPEAKERS
        self._within = within
        self._places = places
        self._by_day: defaultdict[int, list[Open]] = defaultdict(list)

    def of(self, ordered: Iterable[Facts]) -> list[Open]:
        """The events that reports make, taken in the order of `Facts.order`."""
        events: list[Open] = []
        by_lineage: dict[str, Open] = {}
        others: defaultdict[str, list[Open]] = defaultdict(list)
        """Of a lineage that several events tell of, all but the first."""
        for facts in ordered:
            lineage = facts.lineage
            first = by_lineage.get(lineage)
            event = None if first is None else self._among_kin(facts, (first, *others.get(lineage, ())))
            if event is None and not facts.recalled:
                event = self._among_open(facts)
            if event is not None:
                event.join(facts)
            else:
                event = Open(facts)
                events.append(event)
                for day in facts.opens:
                    self._by_day[day].append(event)
            if first is None:
                by_lineage[lineage] = event
            elif event is not first and event not in others[lineage]:
                others[lineage].append(event)
        return events

    def _among_kin(self, facts: Facts, kin: Iterable[Open]) -> Open | None:
        """The event of the report's own text, where what it says allows it."""
        best: Open | None = None
        best_fit = -1e9
        for event in kin:
            gap = day_gap(event.seed, facts)
            # One item may tell of two days; a copy belongs to its root's event whatever day it was printed.
            if (facts.item in event.items and gap > 1) or abs(facts.published - event.published) > _COPIED_SECONDS:
                continue
            if opposed(event.direction, facts.direction):
                continue
            fit = self._fit(event, facts, self._places.agreement(facts.where, event.where), True)
            if fit is not None and fit - gap > best_fit:
                best, best_fit = event, fit - gap
        return best

    def _among_open(self, facts: Facts) -> Open | None:
        """The best fit among the events that are open on the days of a report."""
        best: Open | None = None
        best_fit = ENOUGH
        direction, published, leaders, within = facts.direction, facts.published, self._leaders, self._within
        agrees = facts.where.fits.get
        by_day = self._by_day
        goes = direction is not NO_WAY
        gaps_count = not (leaders and facts.planned)
        most = (SAME_PEOPLE if facts.actors else 0.0) + (SAME_NUMBER if facts.quantity is not None else 0.0)
        for day in facts.looks:
            for event in by_day.get(day, ()):
                # The cheapest questions first: most open events are of another place, or go another way.
                place = agrees(event.at, UNASKED)
                if place is None and not leaders:
                    continue
                if goes and event.direction is not direction and event.direction is not NO_WAY:
                    continue
                if place == UNASKED:
                    place = self._places.agreement(facts.where, event.where)
                if place is None and (not leaders or best_fit >= MOST):
                    continue
                apart = abs(event.published - published)
                late = 0.5 * apart / within if apart < within else 0.5
                seed = event.seed
                gap = day_gap(seed, facts) if seed.day != facts.day and gaps_count else 0
                # Whatever else they have in common cannot make this the best.
                if (ELSEWHERE if place is None else place) + most - late - gap <= best_fit:
                    continue
                fit = self._fit(event, facts, place, False)
                if fit is not None and fit - late - gap > best_fit and same_time(seed, facts, within):
                    best, best_fit = event, fit - late - gap
        return best

    def _fit(self, event: Open, facts: Facts, place: int | None, of_one_text: bool) -> float | None:
        """How well a report fits an event whose way it does not oppose; None where they cannot be one happening."""
        held, actors, quantity = event.actors, facts.actors, facts.quantity
        if place is None:
            # Leaders who meet are where they are, whatever town the writer names; all else is at one place or another.
            if not self._leaders or len(held & actors) < 2:
                return None
            fit = ELSEWHERE
        else:
            # Who tells twice on a day of places near each other tells of two: one place would have had one name.
            if place == NEAR and not (of_one_text or self._leaders or not event.heard_before(facts)):
                return None
            fit = float(place)
        if held is actors:
            fit += SAME_PEOPLE if actors else 0.0
        elif held and actors:
            shared = len(held & actors)
            if self._leaders and shared < min(2, len(held), len(actors)):
                return None
            if shared:
                fit += SAME_PEOPLE
            elif self._speakers:
                return None
        if quantity is None:
            return fit
        number = event.quantities.get(quantity.unit)
        return fit if number is None else _number_fit(fit, event, facts, number, quantity, of_one_text)


def _number_fit(
    fit: float, event: Open, facts: Facts, held: Quantity, said: Quantity, of_one_text: bool
) -> float | None:
    """Agreement in number; another one is a contradiction when all else is the same, else another happening."""
    if numbers_agree(held, said):
        return fit + SAME_NUMBER
    if of_one_text:
        return fit - 1.0
    alike = fit >= NEAR or not event.named.isdisjoint(facts.where.names)
    if not alike or numbers_clash(held, said) or day_gap(event.seed, facts) > 0:
        return None
    return fit - 1.0
