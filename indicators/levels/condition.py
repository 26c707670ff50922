"""The watch condition a problem is recommended: a ladder of rules over its indicators, and how it steps down.

The machine recommends and says why; a named person sets the level. It rises at once and falls one step at a time.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Protocol

from indicators.levels import no_data
from indicators.model.event import Event, Origin
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.model.signal import Assertion, Direction, Weight


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


class LadderProblems(ValueError):
    """Every fault of a `ladder:` mapping, one line each: key, value, remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """When a problem is recommended which condition.

    In problem.yaml, with these defaults (every key may be left out):

        ladder:
          active_within: 72h        # an indicator is active while its latest event is no older
          origins: 2                # independent origins that make an active indicator corroborated
          sufficiency_line: 20000   # troops reported inside the area
          force_families: [force_size, troop_move]   # whose quantities of `troops` are held against the line
          observable: 60%           # of the critical indicators; with less the condition does not step down
          down_after: 3d            # observed days below the entry rule before one step down
          interest: {supporting: 3, groups: 2, critical: 1, build_up: true}
          heightened: {critical: 1, supporting: 5, groups: 3}
          high: {critical: 3, groups: 2, force: true}
          imminent: {critical: 5, families: [command, medical, bridging], unless_eased: true}
          rhetoric_ceiling: 3       # the gravest condition that rhetoric alone can carry

    `interest`: so many indicators at watch or above from so many groups; or so many critical ones active, corroborated
    or not; or a sustained build-up. `heightened`: so many critical ones active and corroborated; or so many at watch or
    above from so many groups. `high`: so many critical ones active in so many groups and, with `force`, the sufficiency
    line reached. `imminent`: so many critical ones active, one of them of these families, and, with `unless_eased`, no
    counter-indicator confirmed by a voice that is not official. Each condition also needs the rule of the one before.
    """

    active_within: timedelta = timedelta(hours=72)
    origins: int = 2
    sufficiency_line: float = 20_000
    force_families: tuple[str, ...] = ("force_size", "troop_move")
    observable: float = 0.6
    down_after: timedelta = timedelta(days=3)
    interest_supporting: int = 3
    interest_groups: int = 2
    interest_critical: int = 1
    interest_build_up: bool = True
    heightened_critical: int = 1
    heightened_supporting: int = 5
    heightened_groups: int = 3
    high_critical: int = 3
    high_groups: int = 2
    high_force: bool = True
    imminent_critical: int = 5
    imminent_families: tuple[str, ...] = ("command", "medical", "bridging")
    imminent_unless_eased: bool = True
    rhetoric_ceiling: int = 3

    @classmethod
    def of(cls, mapping: Mapping[str, Any] | None, *, sufficiency_line: float | None = None) -> Ladder:
        """The ladder a problem's `ladder:` mapping describes, or every fault of it at once (`LadderProblems`).

        `sufficiency_line` is the problem's own; the mapping's wins where it has one.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        if sufficiency_line is not None:
            values["sufficiency_line"] = float(sufficiency_line)
        if mapping is not None and not isinstance(mapping, Mapping):
            raise LadderProblems([f"ladder: {mapping!r} is no mapping; write keys and values"])
        for key, value in (mapping or {}).items():
            if key in _RUNGS:
                _rung(str(key), value, values, problems)
            elif key in _KEYS:
                _value(str(key), str(key), value, values, problems)
            else:
                problems.append(_unknown(f"ladder.{key}", key, [*_KEYS, *_RUNGS]))
        if problems:
            raise LadderProblems(problems)
        return cls(**values)


_RUNGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "interest": ("supporting", "groups", "critical", "build_up"),
        "heightened": ("critical", "supporting", "groups"),
        "high": ("critical", "groups", "force"),
        "imminent": ("critical", "families", "unless_eased"),
    }
)
_KEYS = tuple(
    field.name for field in fields(Ladder) if not field.name.startswith(tuple(f"{rung}_" for rung in _RUNGS))
)
_SPAN = re.compile(r"^\s*(\d+)\s*([hdw])\s*$")
_UNITS = MappingProxyType({"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)})


def _unknown(where: str, key: object, known: Iterable[str]) -> str:
    return f"{where}: unknown key {key!r}; use one of {', '.join(known)}"


def _rung(rung: str, value: Any, values: dict[str, Any], problems: list[str]) -> None:
    if not isinstance(value, Mapping):
        problems.append(f"ladder.{rung}: {value!r} is no mapping; write {{{': .., '.join(_RUNGS[rung])}: ..}}")
        return
    for key, inner in value.items():
        if key in _RUNGS[rung]:
            _value(f"{rung}.{key}", f"{rung}_{key}", inner, values, problems)
        else:
            problems.append(_unknown(f"ladder.{rung}.{key}", key, _RUNGS[rung]))


def _value(where: str, name: str, value: Any, values: dict[str, Any], problems: list[str]) -> None:
    default = getattr(_DEFAULT, name)
    try:
        values[name] = _READERS[type(default)](value)
        if name == "rhetoric_ceiling":
            WatchCondition(values[name])
        if name == "observable" and not 0 <= values[name] <= 1:
            raise ValueError
    except (ValueError, TypeError):
        problems.append(f"ladder.{where}: {value!r} cannot be used; write it like {_shown(default)}")


def _shown(default: Any) -> str:
    if isinstance(default, timedelta):
        return "72h or 3d"
    return "[" + ", ".join(default) + "]" if isinstance(default, tuple) else str(default).lower()


def _span(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _SPAN.match(str(value))
    if not found:
        raise ValueError(value)
    return int(found[1]) * _UNITS[found[2]]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 0:
        raise ValueError(value)
    return int(value)


def _share(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    number = float(value.rstrip("% ")) / 100 if isinstance(value, str) and "%" in value else float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(value)
    return number


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(name, str) for name in value):
        raise TypeError(value)
    return tuple(value)


_READERS: Mapping[type, Callable[[Any], Any]] = MappingProxyType(
    {timedelta: _span, int: _whole, float: _share, bool: _switch, tuple: _names}
)
_DEFAULT = Ladder()


def happened_at(event: Event) -> datetime:
    """The latest instant the event can have happened: its first publication, or the end of its day if that is earlier."""
    day_ends = datetime(event.occurred_on.year, event.occurred_on.month, event.occurred_on.day, tzinfo=UTC) + timedelta(
        days=1
    )
    published = min((report.signal.published_at for report in event.reports), default=event.first_known_at)
    return min(day_ends, published)


def is_active(event: Event, *, now: datetime, within: timedelta) -> bool:
    """Whether the event counts, was known by `now`, and happened within the span before it."""
    return event.counted and event.first_known_at <= now and now - happened_at(event) <= within


def active_events(events: Iterable[Event], *, now: datetime, within: timedelta) -> dict[str, list[Event]]:
    """The active events of each indicator."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.indicator is not None and is_active(event, now=now, within=within):
            found[event.indicator].append(event)
    return dict(found)


def origins_of(events: Iterable[Event]) -> tuple[Origin, ...]:
    """The distinct known origins of these events, in order."""
    seen: dict[str, Origin] = {}
    for event in events:
        for origin in event.origins:
            seen.setdefault(origin.id, origin)
    return tuple(seen.values())


def reported_force(events: Iterable[Event], ladder: Ladder, *, now: datetime) -> tuple[float, Event] | None:
    """The largest number of troops reported present in the last 72 h, and the event that says so.

    The lower figure of a range counts; what is only planned, or goes away, is no force in the area.
    """
    best: tuple[float, Event] | None = None
    for event in events:
        if event.family not in ladder.force_families or not is_active(event, now=now, within=ladder.active_within):
            continue
        for report in event.reports:
            signal = report.signal
            present = signal.counted and signal.assertion in (Assertion.HAPPENED, Assertion.ONGOING)
            if not present or signal.direction is Direction.AWAY or signal.quantity is None:
                continue
            if signal.quantity.unit == "troops" and (best is None or signal.quantity.low > best[0]):
                best = (signal.quantity.low, event)
    return best


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


def _picture(
    standings: Mapping[str, Standing],
    events: Sequence[Event],
    facts: Sequence[Facts],
    ladder: Ladder,
    build_ups: Collection[str],
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
        force=reported_force(events, ladder, now=now),
        eased=tuple(
            fact
            for fact in facts
            if weight(fact) is Weight.COUNTER and any(not origin.official for origin in voices.get(fact.id, ()))
        ),
        build_ups=tuple(fact for fact in facts if fact.id in build_ups and weight(fact) is not Weight.COUNTER),
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
    return lines


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
    return lines


def _high(picture: _Picture, ladder: Ladder) -> list[str]:
    critical = picture.critical
    if len(critical) < ladder.high_critical or _groups(critical) < ladder.high_groups:
        return []
    lines = [f"{len(critical)} critical active in {_number(_groups(critical), 'group')}: {_list(critical)}"]
    if ladder.high_force:
        if picture.force is None or picture.force[0] < ladder.sufficiency_line:
            return []
        lines.append(
            f"{picture.force[0]:,.0f} troops reported; the sufficiency line is {ladder.sufficiency_line:,.0f}"
        )
    return lines


def _imminent(picture: _Picture, ladder: Ladder) -> list[str]:
    named = [fact for fact in picture.critical if fact.family in ladder.imminent_families]
    if len(picture.critical) < ladder.imminent_critical or (ladder.imminent_families and not named):
        return []
    if ladder.imminent_unless_eased and picture.eased:
        return []
    return [f"{len(picture.critical)} critical active, among them {_list(named) or 'any'}; no easing confirmed"]


def entry(
    standings: Mapping[str, Standing],
    events: Sequence[Event],
    facts: Sequence[Facts],
    ladder: Ladder,
    *,
    now: datetime,
    build_ups: Collection[str] = (),
) -> tuple[WatchCondition, tuple[str, ...]]:
    """The gravest condition whose rule holds now, with that of every one before it, and why; no memory."""
    picture = _picture(standings, events, facts, ladder, build_ups, now)
    reached = WatchCondition.ROUTINE
    why: list[str] = ["No critical indicator active; nothing above baseline in concert"]
    if picture.above:
        why.append(f"Above baseline: {_list(picture.above)}")
    rules = (
        (WatchCondition.INTEREST, _interest),
        (WatchCondition.HEIGHTENED, _heightened),
        (WatchCondition.HIGH, _high),
        (WatchCondition.IMMINENT, _imminent),
    )
    interest = _interest(picture, ladder)
    for condition, rule in rules:
        # A rule for heightened that holds makes interest hold too: one critical, or more supporting ones than it asks.
        lines = rule(picture, ladder)
        if condition is WatchCondition.INTEREST and not lines:
            continue
        if not lines:
            break
        if condition < ladder.rhetoric_ceiling and _only_words(picture.critical):
            why = [*why, f"Not {condition.word}: words alone carry no more than level {ladder.rhetoric_ceiling}"]
            break
        reached, why = condition, lines if condition >= WatchCondition.HIGH else [*lines, *interest[:0]]
    why = [*why, *_missing(reached, picture, ladder)]
    return reached, tuple(why)


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
    ladder: Ladder = _DEFAULT,
    *,
    now: datetime,
    problem: str | None = None,
    build_ups: Collection[str] = (),
    zone: tzinfo = UTC,
) -> Recommendation:
    """The watch condition the machine recommends at `now`, and why in short lines that name the indicators.

    `events` are those known by `now` (older than the ladder's 72 h ones are ignored), `build_ups` the indicators whose
    build-up rule stands at warning or above. It rises at once to whatever the ladder says. It steps down one at a time,
    after three observed days on which the ladder said less than the condition held, and not at all while under 60 % of
    the critical indicators are observable. Nothing an official claims lowers it: counter-indicators only keep it from
    the top, and only when a voice that is not official confirms them.
    """
    by_id = {standing.indicator: standing for standing in standings}
    catalogue = tuple(facts)
    wanted, why = entry(by_id, events, catalogue, ladder, now=now, build_ups=build_ups)
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
    coverage = sum(shares) / len(shares) if shares else None
    line = f"Not assessable downward: {seen} of {len(critical)} critical indicators observable, without {_list(dark)}"
    return observable, blind, coverage, line


def since_days(recommendation: Recommendation, today: date) -> int:
    """How many days the condition has been recommended without a break."""
    return (today - recommendation.since.date()).days
