"""Groups reports into happenings: a pure function of the set of reports, in whatever order they came.

Reports that say exactly where are taken first, then the vaguer ones, each in order of publication. Each joins the open
event that it fits best, or founds one. An event is bound to the time of its founder, so a weekly drill never grows into
one endless event; its place may only become narrower, so 'southern Belarus' never ties Brest to Gomel. Nothing but an
event's own reports decides how well another fits, which is why a part of the reports can be grouped alone with the same
result (see `regrouping`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter

from indicators.events.corroboration import cancelled, judge
from indicators.events.likeness import (
    LEADERS,
    NEAR,
    SPEAKERS,
    Facts,
    Map,
    Word,
    day_gap,
    numbers_agree,
    numbers_clash,
    opposed,
    same_time,
)
from indicators.events.origin import resolve_loops
from indicators.model.event import Event, Origin, Report
from indicators.model.ruling import Ruling, RulingKind
from indicators.model.signal import Assertion, Direction, Quantity

REPEAT_WITHIN = timedelta(hours=48)
"""Wire copies arrive for about two days; later twins are anniversaries, not repeats."""

COPIED_WITHIN = timedelta(days=14)
"""A copy belongs to its root's event, whatever day it was printed; after two weeks it is an anniversary."""
_COPIED_SECONDS = COPIED_WITHIN.total_seconds()

ENOUGH = -1.0
"""Nothing in common but the kind of thing, and a day between them: two happenings."""
MOST = 3.0
"""What actors and numbers can add at most to agreement in place."""
UNASKED = -1
"""Two places that have not been compared yet."""

COUNTED = "counted"

Key = tuple[str, str]


def key_of(report: Report) -> Key:
    """What two reports must share before anything else is compared: family and indicator."""
    return report.signal.family, report.signal.indicator or ""


def class_of(report: Report) -> str:
    """Counted reports keep to themselves; of the others each way of putting it does."""
    signal = report.signal
    if signal.counted:
        return COUNTED
    return "outside" if signal.assertion.countable else signal.assertion.value


class Open:
    """An event while it grows."""

    __slots__ = (
        "actors", "direction", "facts", "items", "lineages", "named", "quantities", "rulings", "seed", "sources",
        "where",
    )  # fmt: skip

    def __init__(self, seed: Facts) -> None:
        self.seed = seed
        self.where = seed.where
        self.facts = [seed]
        self.items = {seed.item}
        self.lineages = {seed.lineage}
        self.sources = {seed.source}
        self.named = set(seed.where.names)
        self.actors = seed.actors
        self.direction = seed.direction
        self.quantities: dict[str, Quantity] = {seed.quantity.unit: seed.quantity} if seed.quantity else {}
        self.rulings: list[Ruling] = []

    def join(self, facts: Facts) -> None:
        """Take a report in; the place becomes the narrower of the two."""
        self.facts.append(facts)
        self.items.add(facts.item)
        self.lineages.add(facts.lineage)
        self.sources.add(facts.source)
        self.named |= facts.where.names
        if not self.actors:
            self.actors = facts.actors
        if self.direction is Direction.NONE:
            self.direction = facts.direction
        if facts.quantity is not None:
            self.quantities.setdefault(facts.quantity.unit, facts.quantity)
        if facts.where is not self.where and facts.where.narrower(self.where):
            self.where = facts.where

    def absorb(self, other: Open) -> None:
        """Take in all of another event, which an officer says is the same happening."""
        for facts in other.facts:
            self.join(facts)
        self.rulings += [ruling for ruling in other.rulings if ruling not in self.rulings]


def cluster(
    reports: Iterable[Report],
    *,
    within: timedelta = REPEAT_WITHIN,
    own_voices: Mapping[str, Origin] | None = None,
    rulings: Iterable[Ruling] = (),
) -> list[Event]:
    """The events that a set of reports tells of, by day; clustering what was known by T gives what was live at T.

    `own_voices` (see `origin.voices`) lets loops of mutual citation be settled; without it a family is its own voice.
    `rulings` are the officers' words in force: the latest on a mention stands.
    """
    found = cancelled(grouped(reports, within=within, own_voices=own_voices, rulings=rulings))
    found.sort(key=lambda event: (event.occurred_on, event.reports[0].signal.published_at, event.event_id))
    return found


def grouped(
    reports: Iterable[Report],
    *,
    within: timedelta = REPEAT_WITHIN,
    own_voices: Mapping[str, Origin] | None = None,
    rulings: Iterable[Ruling] = (),
) -> list[Event]:
    """The same in no order, before movements out and back cancel each other."""
    # A few hundred thousand small things are made and kept; collecting garbage between them takes a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _clustered(reports, within.total_seconds(), own_voices or {}, tuple(rulings))
    finally:
        if collecting:
            gc.enable()


def _clustered(
    reports: Iterable[Report], span: float, own_voices: Mapping[str, Origin], rulings: tuple[Ruling, ...]
) -> list[Event]:
    """The same, with the span in seconds."""
    blocks: dict[Key, dict[Word, Report]] = {}
    for report in reports:
        signal = report.signal
        word = (signal.item_id, signal.evidence.start)
        block = blocks.setdefault((signal.family, signal.indicator or ""), {})
        earlier = block.setdefault(word, report)
        if earlier is not report and _knowledge(report) < _knowledge(earlier):
            block[word] = report
    places = Map()
    found: list[Event] = []
    for key in sorted(blocks):
        ruled = sorted((one for one in rulings if one.key == key), key=by_time)
        classes: dict[str, list[Facts]] = {}
        for report in blocks[key].values():
            classes.setdefault(class_of(report), []).append(Facts(report, places))
        groups = {}
        for name, facts in sorted(classes.items()):
            parts = parted(facts, ruled) if ruled else [facts]
            events = [event for part in parts for event in _grown(sorted(part, key=by_order), span, places)]
            groups[name] = joined(events, ruled) if ruled else events
        found.extend(_settled(groups, places, span, own_voices))
    return found


by_order = attrgetter("order")
by_time = attrgetter("at", "ruling_id")


def parted(facts: Sequence[Facts], rulings: Sequence[Ruling]) -> list[list[Facts]]:
    """The mentions kept apart as officers have parted them: the undisputed ones first, then each ruling's.

    What repeats a parted mention goes with it, so that an echo which comes later does not bring the two together again.
    """
    apart: dict[str, str] = {}
    echoes: dict[str, str] = {}
    for ruling in rulings:
        if ruling.kind is RulingKind.PART:
            apart |= dict.fromkeys(ruling.mentions, ruling.ruling_id)
    if not apart:
        return [list(facts)]
    for one in sorted(facts, key=by_order):
        ruling_id = apart.get(one.report.signal.signal_id)
        if ruling_id is not None:
            echoes.setdefault(one.lineage, ruling_id)
    parts: dict[str, list[Facts]] = {"": []}
    for one in facts:
        own = apart.get(one.report.signal.signal_id)
        # A root that stays keeps its copies unless they were parted by name.
        copied = echoes.get(one.lineage, "") if one.lineage != one.item else ""
        parts.setdefault(copied if own is None else own, []).append(one)
    return [parts[name] for name in sorted(parts)]


def joined(events: list[Open], rulings: Sequence[Ruling]) -> list[Open]:
    """The events with those made one that officers have joined; the word is written on what it made."""
    for ruling in rulings:
        named = set(ruling.mentions)
        ours = [event for event in events if any(one.report.signal.signal_id in named for one in event.facts)]
        for event in ours:
            event.rulings.append(ruling)
        if ruling.kind is RulingKind.JOIN and len(ours) > 1:
            first = min(ours, key=lambda event: event.seed.order)
            for other in ours:
                if other is not first:
                    first.absorb(other)
            events = [event for event in events if event is first or event not in ours]
    return events


def _knowledge(report: Report) -> tuple[object, ...]:
    """Which of two codings of one mention is the elder."""
    return report.signal.known_at, report.signal.published_at, report.signal.evidence.end, report.origin.id


def _grown(ordered: list[Facts], within: float, places: Map) -> list[Open]:
    """The events of one key and class, grown in the order of `Facts.order`."""
    events: list[Open] = []
    by_day: dict[int, list[Open]] = {}
    by_lineage: dict[str, list[Open]] = {}
    for facts in ordered:
        event = _home(facts, by_day, by_lineage, within, places)
        if event is None:
            event = Open(facts)
            events.append(event)
            for day in facts.opens:
                by_day.setdefault(day, []).append(event)
            by_lineage.setdefault(facts.lineage, []).append(event)
            continue
        if facts.lineage not in event.lineages:
            by_lineage.setdefault(facts.lineage, []).append(event)
        event.join(facts)
    return events


def _home(
    facts: Facts,
    by_day: Mapping[int, list[Open]],
    by_lineage: Mapping[str, list[Open]],
    within: float,
    places: Map,
) -> Open | None:
    """The event a report belongs to: the best fit among those of its text, else among those open on its days."""
    kin = by_lineage.get(facts.lineage)
    best = _among_kin(facts, kin, places) if kin else None
    if best is not None or facts.report.signal.assertion is Assertion.RECALLED:
        return best
    best_fit = ENOUGH
    fits, published, direction = facts.where.fits, facts.published, facts.direction
    goes = direction is not Direction.NONE
    by_people = facts.family in LEADERS
    by_day_too = not (by_people and facts.planned)
    for day in facts.looks:
        for event in by_day.get(day, ()):
            # The cheapest question first: most open events are of another place.
            place = fits.get(event.where.number, UNASKED)
            if place == UNASKED:
                place = places.agreement(facts.where, event.where)
            if (place is None and not by_people) or (place or 0) + MOST <= best_fit:
                continue
            if goes and event.direction is not direction and event.direction is not Direction.NONE:
                continue
            fit = _fit(event, facts, place, of_one_text=False)
            if fit is None or not same_time(event.seed, facts, within):
                continue
            apart = abs(event.seed.published - published)
            fit -= 0.5 * apart / within if apart < within else 0.5
            if by_day_too:
                fit -= day_gap(event.seed, facts)
            if fit > best_fit:
                best, best_fit = event, fit
    return best


def _among_kin(facts: Facts, kin: Iterable[Open], places: Map) -> Open | None:
    """The event of the report's own text, where what it says allows it."""
    best: Open | None = None
    best_fit = -1e9
    for event in kin:
        gap = day_gap(event.seed, facts)
        # One item may tell of two days; a copy belongs to its root's event whatever day it was printed.
        if (facts.item in event.items and gap > 1) or abs(facts.published - event.seed.published) > _COPIED_SECONDS:
            continue
        if opposed(event.direction, facts.direction):
            continue
        fit = _fit(event, facts, places.agreement(facts.where, event.where), of_one_text=True)
        if fit is not None and fit - gap > best_fit:
            best, best_fit = event, fit - gap
    return best


def _fit(event: Open, facts: Facts, place: int | None, *, of_one_text: bool) -> float | None:
    """How well a report fits an event whose way it does not oppose; None where they cannot be one happening."""
    fit = float(place) if place is not None else _without_place(event, facts)
    if fit is None or (place == NEAR and not of_one_text and facts.family not in LEADERS and _told_apart(event, facts)):
        return None
    if event.actors is facts.actors:
        fit += 1.0 if facts.actors else 0.0
    elif event.actors and facts.actors:
        shared = len(event.actors & facts.actors)
        if not _people_agree(facts.family, event, facts, shared):
            return None
        fit += 1.0 if shared else 0.0
    if facts.quantity is None or facts.quantity.unit not in event.quantities:
        return fit
    return _number_fit(fit, event, facts, of_one_text=of_one_text)


def _without_place(event: Open, facts: Facts) -> float | None:
    """Leaders who meet are where they are, whatever town the writer names; all else is at one place or another."""
    return 0.5 if facts.family in LEADERS and len(event.actors & facts.actors) >= 2 else None


def _told_apart(event: Open, facts: Facts) -> bool:
    """Whether one source tells twice on a day of places near each other: it would have named one place one way."""
    return facts.source in event.sources and facts.item not in event.items


def _number_fit(fit: float, event: Open, facts: Facts, *, of_one_text: bool) -> float | None:
    """Agreement in number; another one is a contradiction when all else is the same, else another happening."""
    assert facts.quantity is not None
    held = event.quantities[facts.quantity.unit]
    if numbers_agree(held, facts.quantity):
        return fit + 2.0
    if of_one_text:
        return fit - 1.0
    alike = fit >= NEAR or not event.named.isdisjoint(facts.where.names)
    if not alike or numbers_clash(held, facts.quantity) or day_gap(event.seed, facts) > 0:
        return None
    return fit - 1.0


def _people_agree(family: str, event: Open, facts: Facts, shared: int) -> bool:
    """Whether the actors allow one happening."""
    if family in LEADERS:
        return shared >= min(2, len(event.actors), len(facts.actors))
    return shared > 0 or family not in SPEAKERS


def _settled(
    groups: Mapping[str, list[Open]], places: Map, within: float, own_voices: Mapping[str, Origin]
) -> list[Event]:
    """Finished events of one key: loops resolved, contradiction weighed, credibility given."""
    against = [event for name in (Assertion.DENIED.value, Assertion.NEGATED.value) for event in groups.get(name, ())]
    found = []
    for name, events in groups.items():
        for event in events:
            opposing = [other for other in against if name == COUNTED and gainsays(other, event, places, within)]
            found.append(_event(name, event, opposing, own_voices))
    return found


def gainsays(denial: Open, event: Open, places: Map, within: float) -> bool:
    """Whether a denial speaks of this event."""
    return (
        day_gap(event.seed, denial.seed) <= 1
        and abs(event.seed.published - denial.seed.published) <= within
        and not opposed(event.direction, denial.direction)
        and places.agreement(event.where, denial.where) is not None
    )


def _by_publication(facts: Facts) -> tuple[float, Word]:
    return facts.published, facts.word


def _event(name: str, grown: Open, opposing: list[Open], own_voices: Mapping[str, Origin]) -> Event:
    """The finished event."""
    told = sorted(grown.facts, key=_by_publication) if len(grown.facts) > 1 else grown.facts
    reports = resolve_loops([facts.report for facts in told], own_voices)
    earliest = told[0]
    # A meeting falls on the day it took place, not on that of its announcement.
    met = (facts for facts in told if not facts.planned) if earliest.family in LEADERS else iter(())
    dated = next(met, earliest)
    against = tuple(facts.report for other in opposing for facts in other.facts)
    verdict = judge(reports, against=against, counted=name == COUNTED)
    known = [facts.report.signal.known_at for facts in told]
    # Of those known at one instant the first published: `told` is in that order.
    first_known_at = min(known)
    first = told[known.index(first_known_at)]
    why = verdict.why
    if grown.rulings:
        why = "; ".join([why, *(_said(ruling) for ruling in sorted(grown.rulings, key=by_time))])
    return Event(
        event_id=f"e{first.report.signal.signal_id}",
        family=earliest.family,
        indicator=earliest.report.signal.indicator,
        occurred_on=date.fromordinal(dated.announced if dated.planned else dated.day),
        first_known_at=first_known_at,
        known_at=max([*known, *[report.signal.known_at for report in against]]),
        reports=reports,
        credibility=verdict.credibility,
        counted=verdict.counted,
        why=why,
    )


def _said(ruling: Ruling) -> str:
    """An officer's ruling as it stands in the event's reasons."""
    what = "joined to one happening" if ruling.kind is RulingKind.JOIN else "parted from another happening"
    return f"{what} by {ruling.by} on {ruling.at:%d %b %Y %H:%M}Z: {ruling.reason}"
