"""Groups only what new reports can have changed, with the same result as grouping everything again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from indicators.events.carousel import cancelled, uncancelled
from indicators.events.clustering import REPEAT_WITHIN, Key, grouped, key_of
from indicators.events.likeness import COUNTED, Facts, Word, day_gap
from indicators.events.whereabouts import Map
from indicators.model.event import Event, Origin, Report
from indicators.model.ruling import Ruling
from indicators.model.signal import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """What some new reports changed: the events that are no more as they were, and those that take their place."""

    before: tuple[Event, ...]
    after: tuple[Event, ...]


def regroup(
    new: Iterable[Report],
    events: Iterable[Event],
    *,
    within: timedelta = REPEAT_WITHIN,
    own_voices: Mapping[str, Origin] | None = None,
    rulings: Iterable[Ruling] = (),
    again: Collection[Key] = (),
) -> Regrouped:
    """What becomes of `events` when `new` reports come: exactly what grouping all reports again would change.

    Families that officers have ruled on are grouped whole, and so are those named in `again`, whose rulings changed.
    """
    arrived, held, words = list(new), list(events), list(rulings)
    whole = {ruling.key for ruling in words if ruling.key in {key_of(report) for report in arrived}} | set(again)
    standing = [uncancelled(event) for event in held]
    touched = _touched([one for one in arrived if key_of(one) not in whole], standing, within)
    touched += [event for event in standing if (event.family, event.indicator or "") in whole]
    gone = {event.event_id for event in touched}
    reports = [report for event in touched for report in event.reports]
    remade = grouped([*reports, *arrived], within=within, own_voices=own_voices, rulings=words)
    # What came back may cancel what nothing else touched, so that is asked of all of them.
    before = {event.event_id: event for event in held}
    plain = [*(event for event in standing if event.event_id not in gone), *remade]
    after = {event.event_id: event for event in cancelled([_as_marked(event, before) for event in plain])}
    return Regrouped(
        before=tuple(event for event in held if after.get(event.event_id) != event),
        after=tuple(event for name, event in after.items() if before.get(name) != event),
    )


def _as_marked(event: Event, held: Mapping[str, Event]) -> Event:
    """The event still cancelled where its other half is no longer at hand: nothing can be said against that then."""
    mark = held[event.event_id].cancelled_by if event.event_id in held else ""
    return replace(event, counted=False, cancelled_by=mark) if mark and mark not in held else event


class _Standing:
    """An event with what decides whether it can be touched."""

    __slots__ = ("days", "event", "facts", "lineages", "name", "seed")

    def __init__(self, event: Event, places: Map) -> None:
        self.event = event
        facts = (Facts(report, places) for report in event.reports)
        self.facts = sorted(facts, key=lambda one: one.order)
        self.seed = self.facts[0]
        self.days = self.seed.opens
        self.lineages = {one.lineage for one in self.facts}
        self.name = self.seed.kind

    def admits(self, facts: Facts) -> bool:
        """Whether a report could join, by its days or its text."""
        return facts.lineage in self.lineages or _meets(facts, self.days)


def _touched(new: Sequence[Report], events: Sequence[Event], within: timedelta) -> list[Event]:
    """Every event that the new reports may change, and those needed beside it to decide as before."""
    blocks: dict[tuple[str, str], list[Report]] = {}
    for report in new:
        blocks.setdefault(key_of(report), []).append(report)
    by_key: dict[tuple[str, str], list[Event]] = {key: [] for key in blocks}
    for event in events:
        held = by_key.get((event.family, event.indicator or ""))
        if held is not None:
            held.append(event)
    touched: list[Event] = []
    for key, reports in blocks.items():
        touched.extend(_touched_in_block(reports, by_key[key], within))
    return touched


def _touched_in_block(new: Sequence[Report], events: Sequence[Event], within: timedelta) -> list[Event]:
    """The same within one family and indicator."""
    places = Map()
    standing = [_Standing(event, places) for event in events]
    arrived = [Facts(report, places) for report in new]
    words = {one.word for one in arrived}
    chosen: set[int] = set()
    moving: list[Facts] = []
    for name in sorted({one.kind for one in arrived} | {one.name for one in standing}):
        mine = [one for one in standing if one.name == name]
        front = [one for one in arrived if one.kind == name]
        # A coding that comes again replaces its elder wherever that one was put.
        front += [one for held in standing for one in held.facts if held.name == name and one.word in words]
        moving += _spread(front, mine, chosen)
    denials = [one for one in standing if one.name in (Assertion.DENIED.value, Assertion.NEGATED.value)]
    if denials or any(one.kind != COUNTED for one in moving):
        _add_opposed(standing, denials, moving, chosen, within)
    return [one.event for one in standing if id(one) in chosen]


def _spread(front: list[Facts], standing: Sequence[_Standing], chosen: set[int]) -> list[Facts]:
    """Every mention that may move because an earlier one has; chooses their events and all that might take them."""
    moved: set[Word] = set()
    moving: list[Facts] = []
    while front:
        facts = front.pop()
        if facts.word in moved:
            continue
        moved.add(facts.word)
        moving.append(facts)
        opened = facts.opens
        for one in standing:
            mine = any(member.word == facts.word for member in one.facts)
            takes = mine or one.admits(facts)
            if takes:
                chosen.add(id(one))
            for member in _later(one.facts, facts):
                if (
                    mine
                    or member.lineage == facts.lineage
                    or _meets(member, opened)
                    or (takes and (one.seed is not member))
                ):
                    front.append(member)
        # An event that takes it may from then on look otherwise to any later report it is open to.
        for one in standing:
            if id(one) in chosen and one.admits(facts):
                for other in standing:
                    front.extend(
                        member
                        for member in _later(other.facts, facts)
                        if member.word not in moved and one.admits(member)
                    )
    return moving


def _later(members: Sequence[Facts], than: Facts) -> list[Facts]:
    return [member for member in members if member.order > than.order]


def _meets(member: Facts, days: range) -> bool:
    return member.looks[0] < days.stop and days.start <= member.looks[-1]


def _add_opposed(
    standing: Sequence[_Standing],
    denials: Sequence[_Standing],
    moving: Sequence[Facts],
    chosen: set[int],
    within: timedelta,
) -> None:
    """Counted events whose denials may have changed, and every denial that speaks of a chosen event."""
    changed = [one for one in moving if one.kind != COUNTED]
    seeds = [*changed, *(one.seed for one in denials if id(one) in chosen)]
    for one in standing:
        if one.name == COUNTED and any(_may_speak_of(seed, one.seed, within) for seed in seeds):
            chosen.add(id(one))
    # A counted event may be reborn with any of its later members as founder, so each member is asked.
    counted = [one for held in standing if held.name == COUNTED and id(held) in chosen for one in held.facts]
    counted += [one for one in moving if one.kind == COUNTED]
    for denial in denials:
        if any(_may_speak_of(denial.seed, one, within) for one in counted):
            chosen.add(id(denial))


def _may_speak_of(denial: Facts, seed: Facts, within: timedelta) -> bool:
    """Whether a denial is near enough in time to weigh on what `seed` founds; place is asked when it is weighed."""
    return day_gap(denial, seed) <= 1 and abs(denial.published - seed.published) <= within.total_seconds()
