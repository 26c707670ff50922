"""How far an event is to be believed: by independent voices and by those who say otherwise, never by echoes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from indicators.events.likeness import Map, Where, numbers_agree
from indicators.model.actor import AttributionKind
from indicators.model.event import Event, Origin, Report
from indicators.model.place import Place
from indicators.model.signal import Assertion, Direction

NEED_A_WITNESS = frozenset({"withdrawal", "drill_end"})
"""What officials announce to calm: nothing until somebody independent has seen it (15 February 2022)."""
CAROUSEL_WITHIN = timedelta(days=3)
"""Trains that go to the border and are back within three days have moved nothing."""
MOVEMENTS = frozenset({"equipment_move", "troop_move", "logistics", "missiles", "aviation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an event counts, how credible it is, and why, in one line."""

    credibility: int
    counted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two things said of one happening that cannot both be so, each with those who say it."""

    about: str
    """What they differ in: 'tank', 'direction', 'whether it happened', 'place'."""
    says: str
    reports: tuple[Report, ...]
    against: str
    opposing: tuple[Report, ...]

    @property
    def line(self) -> str:
        """Both sides, side by side."""
        return f"{self.says} ({_names(self.reports)}) or {self.against} ({_names(self.opposing)})"


def judge(reports: Sequence[Report], *, against: Sequence[Report] = (), counted: bool = True) -> Verdict:
    """Credibility of what `reports` say, in the face of `against`, and whether it may count."""
    if not counted:
        return Verdict(credibility=6, counted=False, why=_why_uncounted(reports))
    voices = independent(reports)
    credibility, reason = _credibility(reports, voices, _weighty(against, reports, voices))
    if reports[0].signal.family in NEED_A_WITNESS and all(origin.official for origin in voices):
        who = ", ".join(origin.name for origin in voices) or "nobody named"
        return Verdict(
            credibility=6,
            counted=False,
            why=f"said by officials alone ({who}): counts when an independent origin says so",
        )
    return Verdict(credibility=credibility, counted=True, why=reason)


def independent(reports: Iterable[Report]) -> tuple[Origin, ...]:
    """The independent voices behind some reports, first first; officials of one state, or of none known, are one."""
    seen: dict[str, Origin] = {}
    for report in reports:
        origin = report.origin
        if origin.known:
            seen.setdefault("officials" if origin.official and not origin.state else origin.voice, origin)
    if "officials" in seen and any(origin.official and origin.state for origin in seen.values()):
        # A state medium whose state is not known may be the very state that has spoken already.
        del seen["officials"]
    return tuple(seen.values())


def _credibility(reports: Sequence[Report], voices: tuple[Origin, ...], against: tuple[Origin, ...]) -> tuple[int, str]:
    """Admiralty 1 to 6, with the sentence that says why."""
    who = ", ".join(origin.name for origin in voices[:4]) + (f" and {len(voices) - 4} more" if len(voices) > 4 else "")
    best = min([report.reliability for report in reports if report.origin.known], default="F")
    if not voices:
        return 6, "no origin that could be named"
    said = f"one origin ({who})" if len(voices) == 1 else f"{len(voices)} independent origins ({who})"
    if against:
        said += f", contradicted by {', '.join(origin.name for origin in against)}"
        if len(voices) >= 2:
            return 3, said
        return (5 if len(against) >= 2 and best > "C" else 4), said
    if len(voices) >= 2:
        watched = _watched(voices, reports)
        return (1 if watched or (len(voices) >= 3 and best <= "B") else 2), said
    return (3, said) if best <= "C" else (6, f"{said}, not graded")


def _weighty(against: Sequence[Report], reports: Sequence[Report], voices: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """The voices whose contradiction weighs: nobody's who also says it, and no official's denial or own acquittal."""
    if not against:
        return ()
    speaking = {origin.voice for origin in voices}
    acting = {actor.id for report in reports for actor in report.signal.actors}
    heard = [report for report in against if _free_to_judge(report, acting)]
    return tuple(origin for origin in independent(heard) if origin.voice not in speaking)


def _free_to_judge(report: Report, acting: set[str]) -> bool:
    """An official's denial is data, not evidence; that its own state's forces were not there is no observation."""
    origin = report.origin
    if not origin.official:
        return True
    return report.signal.assertion is not Assertion.DENIED and bool(origin.state) and origin.state not in acting


def _watched(voices: tuple[Origin, ...], reports: Sequence[Report]) -> bool:
    """Whether one of the voices watches for itself."""
    free = [origin for origin in voices if not origin.official]
    if any(origin.kind == AttributionKind.INDEPENDENT_MONITOR for origin in free):
        return True
    unsaid = {origin.id for origin in free if not origin.kind}
    return bool(unsaid) and any(
        report.signal.attribution is not None
        and report.signal.attribution.kind is AttributionKind.INDEPENDENT_MONITOR
        and report.origin.id in unsaid
        for report in reports
    )


def _why_uncounted(reports: Sequence[Report]) -> str:
    """Why none of the reports may count."""
    assertion = reports[0].signal.assertion
    return reports[0].signal.why if assertion.countable else f"{assertion.value}, so it is shown and not counted"


def contradictions(event: Event, *, others: Iterable[Event] = ()) -> list[Contradiction]:
    """What the reports of an event disagree in; `others` are the uncounted events that may deny it."""
    found = [*_numbers(event), *_directions(event)]
    found.extend(_denials(event, others))
    return found


def _numbers(event: Event) -> list[Contradiction]:
    """Numbers of one thing that cannot be one number: 31 tanks or 13."""
    groups: dict[str, list[list[Report]]] = {}
    for report in event.reports:
        quantity = report.signal.quantity
        if quantity is None:
            continue
        held = groups.setdefault(quantity.unit, [])
        for group in held:
            first = group[0].signal.quantity
            if first is not None and numbers_agree(first, quantity):
                group.append(report)
                break
        else:
            held.append([report])
    return [
        Contradiction(
            about=unit,
            says=_number(held[0][0]),
            reports=tuple(held[0]),
            against=_number(other[0]),
            opposing=tuple(other),
        )
        for unit, held in sorted(groups.items())
        for other in held[1:]
    ]


def _number(report: Report) -> str:
    """A report's number as people write it."""
    quantity = report.signal.quantity
    if quantity is None:
        return "no number"
    about = "about " if quantity.approximate else ""
    span = f"{quantity.low:g}" if quantity.low == quantity.high else f"{quantity.low:g} to {quantity.high:g}"
    return f"{about}{span} {quantity.unit}"


def _directions(event: Event) -> list[Contradiction]:
    """Toward and away in one event (copies of one text that were edited)."""
    ways = {
        way: tuple(report for report in event.reports if report.signal.direction is way)
        for way in (Direction.TOWARD, Direction.AWAY)
    }
    toward, away = ways[Direction.TOWARD], ways[Direction.AWAY]
    if not toward or not away:
        return []
    return [
        Contradiction(
            about="direction", says="toward the border", reports=toward, against="away from it", opposing=away
        )
    ]


def _denials(event: Event, others: Iterable[Event]) -> list[Contradiction]:
    """Events of the same kind, place and day in which somebody says that it is not so."""
    places = Map()
    mine = _where(event, places)
    found = []
    for other in others:
        assertion = other.reports[0].signal.assertion
        if (
            (other.family, other.indicator) != (event.family, event.indicator)
            or assertion not in (Assertion.DENIED, Assertion.NEGATED)
            or abs((other.occurred_on - event.occurred_on).days) > 1
            or places.agreement(mine, _where(other, places)) is None
        ):
            continue
        found.append(
            Contradiction(
                about="whether it happened",
                says=event.reports[0].signal.assertion.value,
                reports=event.reports,
                against=assertion.value,
                opposing=other.reports,
            )
        )
    return found


def _where(event: Event, places: Map) -> Where:
    """The narrowest place that a report of the event names."""
    found = places.where(event.reports[0].signal.places)
    for report in event.reports[1:]:
        other = places.where(report.signal.places)
        if other.narrower(found):
            found = other
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Carousel:
    """Out and back: two counted events that cancel each other, and the line that says so."""

    out: Event
    back: Event
    why: str


def cancelled(events: Sequence[Event]) -> list[Event]:
    """The events with every pair that went out and came back marked: each names the other and neither is counted."""
    other: dict[str, str] = {}
    for pair in carousel(events):
        other[pair.out.event_id] = pair.back.event_id
        other[pair.back.event_id] = pair.out.event_id
    if not other:
        return list(events)
    return [
        replace(event, counted=False, cancelled_by=other[event.event_id]) if event.event_id in other else event
        for event in events
    ]


def uncancelled(event: Event) -> Event:
    """The event as it stands by itself."""
    return replace(event, counted=True, cancelled_by="") if event.cancelled_by else event


def carousel(events: Iterable[Event], *, within: timedelta = CAROUSEL_WITHIN) -> list[Carousel]:
    """Pairs of movements of the same things toward the border and away again within three days; each event once.

    That they came back must be said by somebody who is no official: a withdrawal that is only announced undoes nothing.
    """
    moved = [event for event in events if event.counted and event.family in MOVEMENTS]
    if not any(_way(event) is Direction.AWAY for event in moved):
        return []
    ordered = sorted(
        moved,
        key=lambda event: (event.occurred_on, event.reports[0].signal.published_at, event.event_id),
    )
    out_on: dict[tuple[str, int], list[Event]] = {}
    for event in reversed(ordered):
        if _way(event) is Direction.TOWARD:
            out_on.setdefault((event.family, event.occurred_on.toordinal()), []).append(event)
    places = Map()
    tracks: dict[str, tuple[Place, ...]] = {}

    def track(event: Event) -> tuple[Place, ...]:
        # A point of the way, never a region: in a shared one half of all things move.
        if event.event_id not in tracks:
            wheres = {places.where(report.signal.places) for report in event.reports}
            tracks[event.event_id] = tuple({place.id: place for where in wheres for place in where.specific}.values())
        return tracks[event.event_id]

    taken: set[str] = set()
    pairs = []
    for back in ordered:
        if _way(back) is not Direction.AWAY or all(origin.official for origin in back.origins):
            continue
        on = back.occurred_on.toordinal()
        for out in chain.from_iterable(
            out_on.get((back.family, day), ()) for day in range(on, on - within.days - 1, -1)
        ):
            if out.event_id in taken or not _same_things(out, back) or not places.any_near(track(out), track(back)):
                continue
            taken.add(out.event_id)
            days = (back.occurred_on - out.occurred_on).days
            when = "the same day" if days == 0 else f"{days} day{'s' if days > 1 else ''} later"
            pairs.append(
                Carousel(
                    out=out,
                    back=back,
                    why=f"out on {out.occurred_on} and back {when}: a carousel, nothing stayed at the border",
                )
            )
            break
    return pairs


def _way(event: Event) -> Direction:
    """The direction that the first report with one gives."""
    return next(
        (report.signal.direction for report in event.reports if report.signal.direction is not Direction.NONE),
        Direction.NONE,
    )


def _same_things(out: Event, back: Event) -> bool:
    """Whether what went and what came back can be the same: like numbers where both have them, of one unit."""
    went = {r.signal.quantity.unit: r.signal.quantity for r in reversed(out.reports) if r.signal.quantity}
    came = {r.signal.quantity.unit: r.signal.quantity for r in reversed(back.reports) if r.signal.quantity}
    shared = went.keys() & came.keys()
    if shared:
        return any(numbers_agree(went[unit], came[unit]) for unit in shared)
    # Tanks that went and trucks that came back are two movements; without numbers on one side the place decides.
    return not (went and came)


def _names(reports: Iterable[Report]) -> str:
    """The voices of some reports, for one line."""
    return ", ".join(dict.fromkeys(report.origin.name for report in reports))
