"""The weight an indicator has now: its base weight, or critical where a clause of `critical_when` holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from indicators.levels.activity import ACTIVE_WITHIN, active_events, origins_of, reported_force
from indicators.model.event import Event
from indicators.model.place import Place
from indicators.model.signal import Signal, Weight

FORCE_FAMILIES = ("force_size", "troop_move")

Nearness = Callable[[Place, str, float | None], bool]
"""Whether a place lies at or near the thing of this id, within so many kilometres where the clause names them."""


StateOf = Callable[[str], str | None]
"""The state for which an actor acts; None for one that is not to be counted."""


def itself(actor: str) -> str | None:
    """Every actor a state of its own, where nothing is known of actors."""
    return actor


def same_place(place: Place, thing: str, within_km: float | None) -> bool:
    """Nearness where nothing is known of the map: only the thing itself is near it."""
    del within_km
    return place.id == thing


class Clause(Protocol):
    """One line of `critical_when`: everything it names must hold."""

    @property
    def origins(self) -> int | None:
        """So many independent origins."""

    @property
    def units(self) -> Sequence[str]:
        """Units that count alike; an event with at least `at_least` of them."""

    @property
    def at_least(self) -> float | None:
        """The smallest number of `units` that counts."""

    @property
    def events(self) -> int | None:
        """So many events."""

    @property
    def within(self) -> timedelta | None:
        """The span it looks back over; 72 h unless it says so."""

    @property
    def near(self) -> Sequence[str]:
        """Places, rivers, borders or roads: an event at or near one of them."""

    @property
    def states(self) -> int | None:
        """So many states."""

    @property
    def within_km(self) -> float | None:
        """How near is near, where the clause says so."""

    @property
    def force(self) -> str | None:
        """`sufficiency`: the reported force reaches the problem's line."""

    @property
    def direction(self) -> str | None:
        """Only movements that go this way."""

    @property
    def families(self) -> Sequence[str]:
        """Only events of these families."""

    @property
    def routine(self) -> str | None:
        """`break`: a learned cycle of the indicator is broken."""

    @property
    def text(self) -> str:
        """The author's words for the clause."""


class Weighed(Protocol):
    """What is asked of an indicator."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def weight(self) -> Weight:
        """Its base weight."""

    @property
    def critical_when(self) -> Sequence[Clause]:
        """Any of these makes it critical."""


def effective_weight(
    indicator: Weighed,
    events: Iterable[Event],
    *,
    now: datetime,
    sufficiency_line: float = 20_000,
    is_near: Nearness = same_place,
    state_of: StateOf = itself,
    force_families: Collection[str] = FORCE_FAMILIES,
    force_lasts: timedelta = ACTIVE_WITHIN,
    breaks_routine: bool = False,
) -> tuple[Weight, str]:
    """The indicator's weight at `now`, and the clause that made it critical (empty where none did).

    `events` are those of the whole problem known by `now`; a force is reported under several indicators. `is_near`
    knows the map; `state_of` says for which state an actor acts, and None for those the problem is about;
    `breaks_routine` whether its learned cycle is broken now.
    """
    if indicator.weight is Weight.CRITICAL:
        return Weight.CRITICAL, ""
    known = list(events)
    for clause in indicator.critical_when:
        said = _holds(
            clause,
            indicator.id,
            known,
            now=now,
            sufficiency_line=sufficiency_line,
            is_near=is_near,
            state_of=state_of,
            force_families=force_families,
            force_lasts=force_lasts,
            breaks_routine=breaks_routine,
        )
        if said:
            return Weight.CRITICAL, said
    return indicator.weight, ""


def _holds(
    clause: Clause,
    indicator: str,
    events: Sequence[Event],
    *,
    now: datetime,
    sufficiency_line: float,
    is_near: Nearness,
    state_of: StateOf,
    force_families: Collection[str],
    force_lasts: timedelta,
    breaks_routine: bool,
) -> str:
    """What holds, in words with numbers; empty when some part of the clause does not."""
    within = clause.within or ACTIVE_WITHIN
    mine = active_events(events, now=now, within=within).get(indicator, [])
    mine = [event for event in mine if not clause.families or event.family in clause.families]
    if clause.direction is not None:
        mine = [event for event in mine if any(signal.direction == clause.direction for signal in _signals(event))]
    said: list[str] = []
    if clause.routine is not None:
        if not breaks_routine:
            return ""
        said.append("its routine is broken")
    if clause.near:
        hits = {event.event_id: _hits(event, clause, is_near) for event in mine}
        mine = [event for event in mine if hits[event.event_id]]
        said.append("near " + ", ".join(sorted({name for names in hits.values() for name in names})))
    if not mine:
        return ""
    if clause.at_least is not None:
        number = _largest(mine, clause.units)
        if number < clause.at_least:
            return ""
        said.append(f"{number:,.0f} {'/'.join(clause.units)}, critical from {clause.at_least:,.0f}")
    if clause.force is not None:
        reported = reported_force(events, families=force_families, now=now, within=within, lasts=force_lasts)
        if reported is None or reported[0] < sufficiency_line:
            return ""
        said.append(f"{reported[0]:,.0f} troops, the sufficiency line is {sufficiency_line:,.0f}")
    counted = (
        (clause.origins, len(origins_of(mine)), "independent origins"),
        (clause.events, len(mine), "events"),
        (clause.states, len(_states(mine, state_of)), "states"),
    )
    for needed, number, thing in counted:
        if needed is not None:
            if number < needed:
                return ""
            said.append(f"{number} {thing} in {_span(within)}, critical from {needed}")
    numbers = "; ".join(said) or f"{len(mine)} events in {_span(within)}"
    return f"{clause.text} ({numbers})" if clause.text else numbers


def _signals(event: Event) -> list[Signal]:
    return [report.signal for report in event.reports if report.signal.counted]


def _hits(event: Event, clause: Clause, is_near: Nearness) -> set[str]:
    """The names of the event's places that lie near what the clause names."""
    places = {mention.place for signal in _signals(event) for mention in signal.places}
    return {place.name for place in places if any(is_near(place, thing, clause.within_km) for thing in clause.near)}


def _largest(events: Iterable[Event], units: Sequence[str]) -> float:
    """The largest number one event reports; reports of one happening are not added up, nor are happenings."""
    return max(
        (
            signal.quantity.low
            for event in events
            for signal in _signals(event)
            if signal.quantity is not None and signal.quantity.unit in units
        ),
        default=0.0,
    )


def _states(events: Iterable[Event], state_of: StateOf) -> set[str]:
    """The states that act in these events; whose ground a report tells of does not act in it."""
    found: set[str] = set()
    for signal in (signal for event in events for signal in _signals(event)):
        acting = {state_of(actor.id) for actor in signal.actors}
        found |= {state for state in acting if state} - {mention.place.country for mention in signal.places}
    return found


def _span(within: timedelta) -> str:
    hours = within // timedelta(hours=1)
    return f"{hours} h" if hours <= 72 else f"{hours // 24} days"
