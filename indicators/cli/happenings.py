"""Happenings: `events list`, `show`, and the officer's word on what is one and what is two."""

from __future__ import annotations

import argparse
import getpass
from dataclasses import replace
from typing import Any

from indicators.cli.context import Finding, Unusable, as_of, catalogue, database, day, emit, product_now, shared, table
from indicators.events import contradictions
from indicators.events.ruling import RulingRefused, joining, parting
from indicators.model.event import Event
from indicators.model.ruling import Ruling
from indicators.store import events, rulings
from indicators.store.problems import reading, writing


def events_options(command: argparse.ArgumentParser) -> None:
    """`vedette events`."""
    inner = command.add_subparsers(dest="what", metavar="WHAT", required=True)
    listed = shared(inner.add_parser("list", help="the events of some days"))
    listed.add_argument("--from", dest="since", type=day)
    listed.add_argument("--to", dest="until", type=day)
    listed.set_defaults(run=run_list)
    shown = shared(inner.add_parser("show", help="one event: who said what, and what is contradicted"))
    shown.add_argument("event")
    shown.set_defaults(run=run_show)
    ruled = shared(inner.add_parser("rulings", help="what officers said is one happening, or two"))
    ruled.set_defaults(run=run_rulings)
    for one in (listed, shown, ruled):
        one.add_argument("--as-of", type=as_of, help="as it was known then (default: now)")
        one.add_argument("--json", action="store_true")
    join = shared(inner.add_parser("join", help="these events are one happening"))
    join.add_argument("event", nargs="+")
    join.set_defaults(run=run_join)
    part = shared(inner.add_parser("part", help="some of an event's reports tell of another happening"))
    part.add_argument("event")
    part.add_argument("--item", action="append", default=[], required=True, help="an item that goes; may be repeated")
    part.set_defaults(run=run_part)
    end = shared(inner.add_parser("unrule", help="take a ruling back"))
    end.add_argument("ruling")
    end.set_defaults(run=run_unrule)
    for one in (join, part, end):
        one.add_argument("--by", default="", help="who (default: this account)")
        one.add_argument("--reason", required=True)


def run_list(chosen: argparse.Namespace) -> None:
    """The events of these days as they were known."""
    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    with reading(engine) as connection:
        found = events.events(connection, book.problem.id, chosen.since, chosen.until, as_of=at)
    for event in found:
        if chosen.json:
            emit(event_json(event))
        else:
            print(_head(event))
            print(f"    {event.reports[0].signal.evidence.quote}")


def run_show(chosen: argparse.Namespace) -> None:
    """One event with every report, in the order in which they were published."""
    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    with reading(engine) as connection:
        event = _found(events.event(connection, book.problem.id, chosen.event, as_of=at), chosen.event)
        near = events.events(
            connection, book.problem.id, event.occurred_on, event.occurred_on, as_of=at, family=event.family
        )
    if chosen.json:
        emit(event_json(event))
        return
    print(_head(event))
    print(f"  credibility {event.credibility}: {event.why}")
    if event.cancelled_by:
        print(f"  cancelled by {event.cancelled_by}: what went out came back")
    for report in event.reports:
        print(
            f"  {report.signal.published_at:%d %b %H:%M}Z {report.signal.item_id}  origin {report.origin.name} "
            f"({report.traced_by}): {report.signal.evidence.quote}"
        )
    for one in contradictions(event, others=near):
        print(f"  contradicted in {one.about}: {one.line}")


def run_rulings(chosen: argparse.Namespace) -> None:
    """The last word on every ruling, ended ones included."""
    book, engine = catalogue(chosen), database(chosen, create=False)
    at = product_now(chosen, engine)
    with reading(engine) as connection:
        said = rulings.words(connection, book.problem.id, as_of=at)
    if chosen.json:
        for one in said:
            emit(
                {
                    "ruling_id": one.ruling_id,
                    "kind": one.kind.value,
                    "indicator": one.indicator,
                    "family": one.family,
                    "mentions": list(one.mentions),
                    "by": one.by,
                    "at": one.at,
                    "reason": one.reason,
                    "in_force": one.in_force,
                }
            )
        return
    table(
        [
            (one.ruling_id, one.kind.value, one.indicator or one.family, len(one.mentions),
             "in force" if one.in_force else "ended", f"{one.at:%Y-%m-%d %H:%M}Z", one.by, one.reason)
            for one in said
        ],
        ("ruling", "kind", "of", "reports", "state", "at", "by", "reason"),
    )  # fmt: skip


def run_join(chosen: argparse.Namespace) -> None:
    """Several events become one at the poller's next round."""
    engine = database(chosen, create=False)
    at, problem = product_now(chosen, engine), catalogue(chosen).problem.id
    with writing(engine) as connection:
        named = [_found(events.event(connection, problem, one, as_of=at), one) for one in chosen.event]
        try:
            ruling = joining(named, problem=problem, by=_officer(chosen), at=at, reason=chosen.reason)
        except RulingRefused as line:
            raise Unusable(str(line)) from line
        rulings.add(connection, ruling)
    _told(ruling)


def run_part(chosen: argparse.Namespace) -> None:
    """Some reports of an event found their own at the poller's next round."""
    engine = database(chosen, create=False)
    at, problem = product_now(chosen, engine), catalogue(chosen).problem.id
    with writing(engine) as connection:
        event = _found(events.event(connection, problem, chosen.event, as_of=at), chosen.event)
        try:
            ruling = parting(event, chosen.item, problem=problem, by=_officer(chosen), at=at, reason=chosen.reason)
        except RulingRefused as line:
            raise Unusable(str(line)) from line
        rulings.add(connection, ruling)
    _told(ruling)


def run_unrule(chosen: argparse.Namespace) -> None:
    """A ruling ends; its events are grouped as if it had never been made."""
    engine = database(chosen, create=False)
    at, problem = product_now(chosen, engine), catalogue(chosen).problem.id
    with writing(engine) as connection:
        held = {one.ruling_id: one for one in rulings.in_force(connection, problem, as_of=at)}
        if chosen.ruling not in held:
            raise Finding(f"ruling {chosen.ruling}: none in force bears this id; see `vedette events rulings`")
        ended = replace(held[chosen.ruling], by=_officer(chosen), at=at, reason=chosen.reason, in_force=False)
        rulings.add(connection, ended)
    print(f"ruling {chosen.ruling} ended; the poller regroups its events at its next round")


def _told(ruling: Ruling) -> None:
    print(f"ruling {ruling.ruling_id} kept; the poller regroups the events at its next round")


def _officer(chosen: argparse.Namespace) -> str:
    return str(chosen.by).strip() or getpass.getuser()


def _found(event: Event | None, name: str) -> Event:
    if event is None:
        raise Finding(f"event {name}: not known, or folded into another; see `vedette events list`")
    return event


def _head(event: Event) -> str:
    names = ", ".join(origin.name for origin in event.origins) or "origin unknown"
    counts = "" if event.counted else " (not counted)"
    return (
        f"{event.occurred_on}  {event.event_id}  {event.indicator or event.family}{counts}: "
        f"{len(event.reports)} reports, {names}"
    )


def event_json(event: Event) -> dict[str, Any]:
    """An event in the contract's JSON form."""
    places = {mention.place.id: mention for report in event.reports for mention in report.signal.places}
    return {
        "event_id": event.event_id,
        "family": event.family,
        "indicator": event.indicator,
        "occurred_on": event.occurred_on,
        "known_at": event.known_at,
        "first_known_at": event.first_known_at,
        "counted": event.counted,
        "cancelled_by": event.cancelled_by or None,
        "places": [
            {
                "id": mention.place.id,
                "name": mention.place.name,
                "lat": mention.place.lat,
                "lon": mention.place.lon,
                "radius_km": mention.place.radius_km,
                "role": mention.role.value,
            }
            for mention in places.values()
        ],
        "origins": [{"id": origin.id, "name": origin.name, "official": origin.official} for origin in event.origins],
        "reports": [
            {
                "item_id": report.signal.item_id,
                "source": report.signal.source,
                "url": report.url,
                "origin": report.origin.id,
                "traced_by": report.traced_by,
                "reprint_of": report.reprint_of,
                "published_at": report.signal.published_at,
                "quote": report.signal.evidence.quote,
            }
            for report in event.reports
        ],
        "credibility": event.credibility,
        "why": event.why,
    }
