"""Makes an officer's ruling out of events, or says in one line why it cannot be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from indicators.model.event import Event
from indicators.model.ruling import Ruling, RulingKind

RULED_WITHIN = timedelta(days=30)
"""Events whose last report is older are closed: no report can join them any more, and no ruling regroups them."""


class RulingRefused(ValueError):
    """This ruling cannot be; the line names the thing and the remedy."""


def joining(events: Sequence[Event], *, problem: str, by: str, at: datetime, reason: str) -> Ruling:
    """The ruling that these events are one happening."""
    if len({event.event_id for event in events}) < 2:
        raise RulingRefused("join: one event alone; name the other one that is the same happening")
    keys = sorted({event.indicator or event.family for event in events})
    if len(keys) > 1:
        raise RulingRefused(f"join: {' and '.join(keys)} are two kinds of happening; only events of one kind are one")
    mentions = tuple(event.reports[0].signal.signal_id for event in sorted(events, key=_first_known))
    return _ruling(RulingKind.JOIN, events, mentions, problem=problem, by=by, at=at, reason=reason)


def parting(event: Event, items: Collection[str], *, problem: str, by: str, at: datetime, reason: str) -> Ruling:
    """The ruling that the reports of these items tell of another happening than the rest of the event."""
    held = {report.signal.item_id for report in event.reports}
    strangers = sorted(set(items) - held)
    if strangers:
        raise RulingRefused(f"part: {strangers[0]} is no report of event {event.event_id}; name items that it lists")
    mentions = tuple(report.signal.signal_id for report in event.reports if report.signal.item_id in set(items))
    if not mentions or len(mentions) == len(event.reports):
        raise RulingRefused("part: name some of the event's reports, neither none nor all of them")
    return _ruling(RulingKind.PART, [event], mentions, problem=problem, by=by, at=at, reason=reason)


def _ruling(
    kind: RulingKind,
    events: Sequence[Event],
    mentions: tuple[str, ...],
    *,
    problem: str,
    by: str,
    at: datetime,
    reason: str,
) -> Ruling:
    if not by.strip() or not reason.strip():
        raise RulingRefused(f"{kind.value}: give your name and a reason; the next watch must understand it")
    for event in events:
        if at - event.reports[-1].signal.published_at > RULED_WITHIN:
            raise RulingRefused(
                f"{kind.value}: event {event.event_id} of {event.occurred_on} had its last report over "
                f"{RULED_WITHIN.days} days ago and is closed; note what you found in the briefing instead"
            )
    words = "|".join((kind.value, *mentions, at.isoformat()))
    return Ruling(
        ruling_id=f"r{blake2b(words.encode(), digest_size=6).hexdigest()}",
        problem=problem,
        kind=kind,
        family=events[0].family,
        indicator=events[0].indicator,
        mentions=mentions,
        by=by.strip(),
        at=at,
        reason=reason.strip(),
    )


def _first_known(event: Event) -> tuple[datetime, str]:
    return event.first_known_at, event.event_id
