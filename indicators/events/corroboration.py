"""How far an event is to be believed: by independent voices and by those who say otherwise, never by echoes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from indicators.events.likeness import numbers_agree
from indicators.events.whereabouts import Map, Where
from indicators.model.actor import AttributionKind
from indicators.model.event import NOBODY, Event, Origin, Report, independent
from indicators.model.signal import Assertion, Direction

NEED_A_WITNESS = frozenset({"withdrawal", "drill_end"})
"""What officials announce to calm: nothing until somebody independent has seen it (15 February 2022)."""


class Verdict(NamedTuple):
    """Whether an event counts, how credible it is, and why, in one line."""

    credibility: int
    counted: bool
    why: str


MONITOR = AttributionKind.INDEPENDENT_MONITOR


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
        return Verdict(6, False, _why_uncounted(reports))
    voices = independent(reports)
    if reports[0].signal.family in NEED_A_WITNESS and all(origin.official for origin in voices):
        who = ", ".join(origin.name for origin in voices) or "nobody named"
        return Verdict(6, False, f"said by officials alone ({who}): counts when an independent origin says so")
    credibility, reason = _credibility(reports, voices, _weighty(against, reports, voices) if against else ())
    return Verdict(credibility, True, reason)


def _credibility(reports: Sequence[Report], voices: tuple[Origin, ...], against: tuple[Origin, ...]) -> tuple[int, str]:
    """Admiralty 1 to 6, with the sentence that says why."""
    count = len(voices)
    if count == 0:
        return 6, "no origin that could be named"
    said = ", ".join([origin.name for origin in voices[:4]])
    if count == 1:
        said = f"one origin ({said})"
    else:
        said = f"{count} independent origins ({said}{f' and {count - 4} more' if count > 4 else ''})"
    if against:
        said += f", contradicted by {', '.join(origin.name for origin in against)}"
        if count >= 2:
            return 3, said
        return (5 if len(against) >= 2 and _best(reports) > "C" else 4), said
    if count >= 2:
        return (1 if _watched(voices, reports) or (count >= 3 and _best(reports) <= "B") else 2), said
    return (3, said) if _best(reports) <= "C" else (6, f"{said}, not graded")


def _best(reports: Sequence[Report]) -> str:
    """The best grade of those who name whom they have it from."""
    return min([report.reliability for report in reports if report.origin.id != NOBODY], default="F")


def _weighty(against: Sequence[Report], reports: Sequence[Report], voices: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """The voices whose contradiction weighs: nobody's who also says it, and no official's denial or own acquittal."""
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
    unsaid = set()
    for origin in voices:
        if not origin.official:
            if origin.kind == MONITOR:
                return True
            if not origin.kind:
                unsaid.add(origin.id)
    if not unsaid:
        return False
    for report in reports:
        said = report.signal.attribution
        if said is not None and said.kind is MONITOR and report.origin.id in unsaid:
            return True
    return False


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


def _names(reports: Iterable[Report]) -> str:
    """The voices of some reports, for one line."""
    return ", ".join(dict.fromkeys(report.origin.name for report in reports))
