"""Groups reports into happenings: a pure function of the set of reports, in whatever order they came.

Reports that say exactly where are taken first, then the vaguer ones, each in order of publication. Each joins the open
event that it fits best, or founds one. An event is bound to the time of its founder, so a weekly drill never grows into
one endless event; its place may only become narrower, so 'southern Belarus' never ties Brest to Gomel. Nothing but an
event's own reports decides how well another fits, which is why a part of the reports can be grouped alone with the same
result (see `regrouping`).
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from operator import attrgetter

from indicators.events.carousel import cancelled
from indicators.events.corroboration import judge
from indicators.events.growth import Growth, Open
from indicators.events.likeness import COUNTED, LEADERS, Facts, Word, day_gap, opposed
from indicators.events.origin import resolve_loops
from indicators.events.whereabouts import Map
from indicators.model.event import Event, Origin, Report
from indicators.model.ruling import Ruling, RulingKind
from indicators.model.signal import Assertion

REPEAT_WITHIN = timedelta(hours=48)
"""Wire copies arrive for about two days; later twins are anniversaries, not repeats."""

Key = tuple[str, str]


def key_of(report: Report) -> Key:
    """What two reports must share before anything else is compared: family and indicator."""
    return report.signal.family, report.signal.indicator or ""


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
    with uncollected():
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
    with uncollected():
        return _clustered(reports, within.total_seconds(), own_voices or {}, tuple(rulings))


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of garbage: between a few hundred thousand small things that stay it finds nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _clustered(
    reports: Iterable[Report], span: float, own_voices: Mapping[str, Origin], rulings: tuple[Ruling, ...]
) -> list[Event]:
    """The same, with the span in seconds."""
    places = Map()
    blocks: defaultdict[Key, dict[Word, Facts]] = defaultdict(dict)
    for report in reports:
        facts = Facts(report, places)
        block = blocks[report.signal.family, report.signal.indicator or ""]
        earlier = block.setdefault(facts.word, facts)
        if earlier is not facts and _knowledge(report) < _knowledge(earlier.report):
            block[facts.word] = facts
    found: list[Event] = []
    for key in sorted(blocks):
        ruled = sorted((one for one in rulings if one.key == key), key=by_time)
        kinds: defaultdict[str, list[Facts]] = defaultdict(list)
        for facts in blocks[key].values():
            kinds[facts.kind].append(facts)
        groups = {}
        for name, told in sorted(kinds.items()):
            parts = parted(told, ruled) if ruled else [told]
            events = [event for part in parts for event in Growth(key[0], span, places).of(in_order(part))]
            groups[name] = joined(events, ruled) if ruled else events
        found.extend(_settled(groups, places, span, own_voices))
    return found


by_told = attrgetter("told")
by_vagueness = attrgetter("vagueness")
by_time = attrgetter("at", "ruling_id")


def in_order(facts: Iterable[Facts]) -> list[Facts]:
    """Exact reports first, each sort in order of publication; they come nearly so, which makes two sorts the faster."""
    found = sorted(facts, key=by_told)
    found.sort(key=by_vagueness)
    return found


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
    for one in in_order(facts):
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


def _settled(
    groups: Mapping[str, list[Open]], places: Map, within: float, own_voices: Mapping[str, Origin]
) -> list[Event]:
    """Finished events of one key: loops resolved, contradiction weighed, credibility given."""
    against = [event for name in (Assertion.DENIED.value, Assertion.NEGATED.value) for event in groups.get(name, ())]
    on: defaultdict[int, list[int]] = defaultdict(list)
    for number, denial in enumerate(against):
        for day in range(denial.seed.first - 1, denial.seed.day + 2):
            on[day].append(number)
    found = []
    for name, events in groups.items():
        for event in events:
            opposing: list[Open] = []
            if against and name == COUNTED:
                days = range(event.seed.first, event.seed.day + 1)
                near = sorted({number for day in days for number in on.get(day, ())})
                opposing = [against[number] for number in near if gainsays(against[number], event, places, within)]
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


def _event(name: str, grown: Open, opposing: list[Open], own_voices: Mapping[str, Origin]) -> Event:
    """The finished event."""
    told = grown.facts
    if told[0].vagueness != told[-1].vagueness or grown.rulings:
        told = sorted(told, key=by_told)
    reports = tuple([facts.report for facts in told])
    if len(reports) > 1:
        reports = resolve_loops(reports, own_voices)
    earliest = dated = told[0]
    signal = earliest.report.signal
    if dated.planned and signal.family in LEADERS:
        # A meeting falls on the day it took place, not on that of its announcement.
        dated = next((facts for facts in told if not facts.planned), earliest)
    against = [facts.report for other in opposing for facts in other.facts] if opposing else []
    verdict = judge(reports, against=against, counted=name == COUNTED)
    known = [report.signal.known_at for report in reports]
    # Of those known at one instant the first published: `told` is in that order.
    first_known_at = min(known)
    why = verdict.why
    if grown.rulings:
        why = "; ".join([why, *(_said(ruling) for ruling in sorted(grown.rulings, key=by_time))])
    return Event(
        event_id=f"e{reports[known.index(first_known_at)].signal.signal_id}",
        family=signal.family,
        indicator=signal.indicator,
        occurred_on=date.fromordinal(dated.announced if dated.planned else dated.day),
        first_known_at=first_known_at,
        known_at=max([*known, *[report.signal.known_at for report in against]]) if against else max(known),
        reports=reports,
        credibility=verdict.credibility,
        counted=verdict.counted,
        why=why,
    )


def _said(ruling: Ruling) -> str:
    """An officer's ruling as it stands in the event's reasons."""
    what = "joined to one happening" if ruling.kind is RulingKind.JOIN else "parted from another happening"
    return f"{what} by {ruling.by} on {ruling.at:%d %b %Y %H:%M}Z: {ruling.reason}"
