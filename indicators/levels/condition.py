"""The watch condition a problem is recommended: the ladder's rules over its indicators, and how it steps down.

The machine recommends and says why; a named person sets the level. It rises at once and falls one step at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Protocol

from indicators.levels import no_data
from indicators.levels.activity import active_events, origins_of, reported_force
from indicators.levels.composite import Carried
from indicators.levels.ladder import Ladder
from indicators.model.event import Event, Origin
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.model.signal import Weight

__all__ = ["Facts", "IndicatorFacts", "Ladder", "active_events", "entry", "origins_of", "recommend"]

DEFAULT = Ladder()


class Facts(Protocol):
    """What the ladder needs to know of an indicator."""

    @property
    def id(self) -> str:
        """The indicator's id."""

    @property
    def code(self) -> str:
        """Its short code, M1."""

    @property
    def name(self) -> str:
        """Its name as an officer reads it."""

    @property
    def family(self) -> str:
        """The family of its events."""

    @property
    def group(self) -> str:
        """The domain it belongs to: accumulation across groups is what counts."""

    @property
    def weight(self) -> Weight:
        """Base weight."""

    @property
    def rhetoric(self) -> bool:
        """Words only: it never carries a condition above the ceiling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFacts:
    """`Facts` as plain values."""

    id: str
    code: str = ""
    name: str = ""
    family: str = ""
    group: str = ""
    weight: Weight = Weight.SUPPORTING
    rhetoric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """What the rules look at."""

    above: tuple[Facts, ...]
    """Supporting or critical, at watch or higher."""
    critical: tuple[Facts, ...]
    """Effectively critical and active."""
    corroborated: tuple[Facts, ...]
    """Of these, with enough independent origins."""
    voices: Mapping[str, tuple[Origin, ...]]
    force: tuple[float, Event] | None
    eased: tuple[Facts, ...]
    """Counter-indicators confirmed by a voice that is not official."""
    build_ups: tuple[Facts, ...]
    carried: tuple[Carried, ...]
    """The composites and indices that hold."""


def _picture(
    standings: Mapping[str, Standing],
    events: Sequence[Event],
    facts: Sequence[Facts],
    *,
    ladder: Ladder,
    build_ups: Collection[str],
    composites: Sequence[Carried],
    now: datetime,
) -> _Picture:
    active = active_events(events, now=now, within=ladder.active_within)
    voices = {indicator: origins_of(found) for indicator, found in active.items()}

    def weight(fact: Facts) -> Weight:
        return standings[fact.id].weight if fact.id in standings else fact.weight

    critical = tuple(f for f in facts if weight(f) is Weight.CRITICAL and f.id in active)
    return _Picture(
        above=tuple(
            fact
            for fact in facts
            if weight(fact) in (Weight.SUPPORTING, Weight.CRITICAL)
            and fact.id in standings
            and standings[fact.id].level >= Level.WATCH
        ),
        critical=critical,
        corroborated=tuple(fact for fact in critical if len(voices[fact.id]) >= ladder.origins),
        voices=voices,
        force=reported_force(
            events,
            families=ladder.force_families,
            now=now,
            within=ladder.active_within,
            lasts=ladder.force_lasts,
        ),
        eased=tuple(
            fact
            for fact in facts
            if weight(fact) is Weight.COUNTER and any(not origin.official for origin in voices.get(fact.id, ()))
        ),
        build_ups=tuple(fact for fact in facts if fact.id in build_ups and weight(fact) is not Weight.COUNTER),
        carried=tuple(composites),
    )


def _groups(facts: Iterable[Facts]) -> int:
    return len({fact.group for fact in facts})


def _label(fact: Facts) -> str:
    return f"{fact.code} {fact.name}".strip() or fact.id


def _list(facts: Sequence[Facts]) -> str:
    return ", ".join(_label(fact) for fact in facts)


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _only_words(facts: Sequence[Facts]) -> bool:
    return bool(facts) and all(fact.rhetoric for fact in facts)


def _interest(picture: _Picture, ladder: Ladder) -> list[str]:
    lines = []
    above = picture.above
    if len(above) >= ladder.interest_supporting and _groups(above) >= ladder.interest_groups:
        lines.append(f"{len(above)} indicators above baseline in {_number(_groups(above), 'group')}: {_list(above)}")
    if picture.critical and len(picture.critical) >= ladder.interest_critical:
        lines.append(f"{len(picture.critical)} critical active: {_list(picture.critical)}")
    if ladder.interest_build_up and picture.build_ups:
        lines.append(f"Sustained build-up: {_list(picture.build_ups)}")
    return [*lines, *_carried(picture, WatchCondition.INTEREST)]


def _heightened(picture: _Picture, ladder: Ladder) -> list[str]:
    lines = []
    if picture.corroborated and len(picture.corroborated) >= ladder.heightened_critical:
        said = "; ".join(
            f"{_label(fact)} ({', '.join(origin.name for origin in picture.voices[fact.id])})"
            for fact in picture.corroborated
        )
        lines.append(f"{len(picture.corroborated)} critical corroborated: {said}")
    above = picture.above
    if len(above) >= ladder.heightened_supporting and _groups(above) >= ladder.heightened_groups:
        lines.append(f"{len(above)} indicators above baseline in {_number(_groups(above), 'group')}: {_list(above)}")
    return [*lines, *_carried(picture, WatchCondition.HEIGHTENED)]


def _carried(picture: _Picture, condition: WatchCondition) -> list[str]:
    return [one.why for one in picture.carried if one.condition is condition]


def _high(picture: _Picture, ladder: Ladder) -> list[str]:
    critical = picture.critical
    if len(critical) < ladder.high_critical or _groups(critical) < ladder.high_groups:
        return []
    lines = [f"{len(critical)} critical active in {_number(_groups(critical), 'group')}: {_list(critical)}"]
    if ladder.high_force:
        if picture.force is None or picture.force[0] < ladder.sufficiency_line:
            return []
        lines.append(f"{picture.force[0]:,.0f} troops reported; the sufficiency line is {ladder.sufficiency_line:,.0f}")
    return lines


def _imminent(picture: _Picture, ladder: Ladder) -> list[str]:
    named = [fact for fact in picture.critical if fact.family in ladder.imminent_families]
    enough = len(picture.critical) >= ladder.imminent_critical and _groups(picture.critical) >= ladder.high_groups
    if not enough or (ladder.imminent_families and not named):
        return []
    if ladder.imminent_unless_eased and picture.eased:
        return []
    counted = picture.force is not None and picture.force[0] >= ladder.sufficiency_line
    if ladder.high_force and not counted and len(picture.corroborated) < ladder.imminent_corroborated:
        return []
    said = "" if counted or not ladder.high_force else f", {len(picture.corroborated)} of them corroborated"
    return [f"{len(picture.critical)} critical active{said}, among them {_list(named) or 'any'}; no easing confirmed"]


def entry(
    standings: Mapping[str, Standing],
    events: Sequence[Event],
    facts: Sequence[Facts],
    ladder: Ladder,
    *,
    now: datetime,
    build_ups: Collection[str] = (),
    composites: Sequence[Carried] = (),
) -> tuple[WatchCondition, tuple[str, ...]]:
    """The gravest condition whose rule holds now, and why; no memory. High and imminent each need heightened."""
    picture = _picture(standings, events, facts, ladder=ladder, build_ups=build_ups, composites=composites, now=now)
    reached = WatchCondition.ROUTINE
    why = ["No critical indicator active; too few others above baseline to matter together"]
    if picture.above:
        why.append(f"Above baseline: {_list(picture.above)}")
    for condition, rule in _RULES.items():
        lines = rule(picture, ladder)
        if not lines and condition in (WatchCondition.INTEREST, WatchCondition.HIGH):
            continue  # the next one up asks for other things: interest for no less, imminent for no count of troops
        if not lines:
            break
        if condition < ladder.rhetoric_ceiling and _only_words(picture.critical):
            why.append(f"Not {condition.word}: words alone carry no more than level {ladder.rhetoric_ceiling}")
            break
        reached, why = condition, [*lines, *(why if condition < WatchCondition.HEIGHTENED else ())]
    return reached, (*why, *_missing(reached, picture, ladder))


_RULES: Mapping[WatchCondition, Callable[[_Picture, Ladder], list[str]]] = MappingProxyType(
    {
        WatchCondition.INTEREST: _interest,
        WatchCondition.HEIGHTENED: _heightened,
        WatchCondition.HIGH: _high,
        WatchCondition.IMMINENT: _imminent,
    }
)


def _missing(reached: WatchCondition, picture: _Picture, ladder: Ladder) -> list[str]:
    """What keeps it from High, where it stands right below: the line an officer argues with."""
    if reached is not WatchCondition.HEIGHTENED:
        return []
    said = []
    if len(picture.critical) < ladder.high_critical:
        said.append(f"{len(picture.critical)} of {ladder.high_critical} critical active")
    elif _groups(picture.critical) < ladder.high_groups:
        said.append(f"critical ones in {_groups(picture.critical)} of {_number(ladder.high_groups, 'group')}")
    if ladder.high_force and (picture.force is None or picture.force[0] < ladder.sufficiency_line):
        largest = "no force size reported" if picture.force is None else f"{picture.force[0]:,.0f} troops reported"
        said.append(f"{largest}, the sufficiency line is {ladder.sufficiency_line:,.0f}")
    return [f"Not High: {'; '.join(said)}"] if said else []


def recommend(
    previous: Recommendation | None,
    standings: Iterable[Standing],
    events: Sequence[Event],
    facts: Iterable[Facts],
    ladder: Ladder = DEFAULT,
    *,
    now: datetime,
    problem: str | None = None,
    build_ups: Collection[str] = (),
    composites: Sequence[Carried] = (),
    zone: tzinfo = UTC,
) -> Recommendation:
    """The watch condition the machine recommends at `now`, and why in short lines that name the indicators.

    `events` are those known by `now` (what is too old for a rule is ignored by it), `build_ups` the indicators whose
    build-up rule stands at warning or above, `composites` those that hold. It rises at once to whatever the ladder
    says. It steps down one at a time, after three observed days on which the ladder said less than the condition held,
    and not at all while under 60 % of the critical indicators are observable. Nothing an official claims lowers it:
    counter-indicators only keep it from the top, and only when a voice that is not official confirms them.
    """
    by_id = {standing.indicator: standing for standing in standings}
    catalogue = tuple(facts)
    wanted, why = entry(by_id, events, catalogue, ladder, now=now, build_ups=build_ups, composites=composites)
    observable, blind, coverage, seeing = _sight(by_id, catalogue, ladder)
    name = problem or (previous.problem if previous else next((s.problem for s in by_id.values()), ""))
    lines = why if observable else (*why, seeing)
    fresh = Recommendation(
        problem=name,
        at=now,
        condition=wanted,
        why=lines,
        coverage=coverage,
        blind=blind,
        assessable_downward=observable,
        since=now,
    )
    if previous is None or wanted < previous.condition:
        return fresh
    held = replace(fresh, condition=previous.condition, since=previous.since)
    if wanted == previous.condition:
        return held
    if not observable:
        kept = f"Held at {previous.condition.value}: not assessable downward"
        return replace(held, why=(kept, *lines), days_below=previous.days_below)
    days = tuple(sorted({*previous.days_below, now.astimezone(zone).date()}))
    needed = max(1, -(-ladder.down_after // timedelta(days=1)))
    if len(days) < needed:
        kept = f"Held at {previous.condition.value}: {len(days)} of {needed} observed days below its rule"
        return replace(held, why=(kept, *lines), days_below=days)
    step = WatchCondition(previous.condition + 1)
    came = f"Down from {previous.condition.value} after {len(days)} observed days below its rule"
    return replace(fresh, condition=step, why=(came, *lines))


def _sight(
    standings: Mapping[str, Standing], facts: Sequence[Facts], ladder: Ladder
) -> tuple[bool, tuple[str, ...], float | None, str]:
    """Whether a step down can be judged, what is blind, the coverage of all, and the line that says so."""

    def is_dark(fact: Facts) -> bool:
        standing = standings.get(fact.id)
        return standing is None or standing.no_data or no_data.is_blind(standing.coverage)

    blind = tuple(fact.id for fact in facts if is_dark(fact))
    critical = [fact for fact in facts if fact.weight is Weight.CRITICAL] or list(facts)
    dark = [fact for fact in critical if is_dark(fact)]
    seen = len(critical) - len(dark)
    observable = bool(critical) and seen >= ladder.observable * len(critical)
    shares = [s.coverage for s in standings.values() if s.coverage is not None]
    coverage = math.fsum(shares) / len(shares) if shares else None
    line = f"Not assessable downward: {seen} of {len(critical)} critical indicators observable, without {_list(dark)}"
    return observable, blind, coverage, line
