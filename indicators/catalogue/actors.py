"""Who acts and speaks: states, forces, leaders, ministries, monitors, outlets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from indicators.catalogue.schema import ActorPart
from indicators.catalogue.yamlfile import YamlFile
from indicators.model.actor import Actor, AttributionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office held, from the first day to the last; None is open."""

    title: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownActor:
    """An actor of the list, with what the list knows of it."""

    id: str
    name: str
    kind: str
    country: str | None
    attribution: AttributionKind | None
    controlled_by: str | None
    offices: tuple[Office, ...] = ()

    @property
    def actor(self) -> Actor:
        """The actor as a signal names it."""
        return Actor(id=self.id, name=self.name)


def read_actor(file: YamlFile, path: tuple[str | int, ...], part: ActorPart) -> KnownActor:
    """The actor of one entry; dates that cannot be read are noted in `file`."""
    offices = []
    for at, office in enumerate(part.offices):
        since = _day(file, (*path, "offices", at, "from"), office.since)
        until = _day(file, (*path, "offices", at, "to"), office.until)
        offices.append(Office(title=office.title, since=since, until=until))
    return KnownActor(
        id=part.id,
        name=part.name,
        kind=part.kind,
        country=part.country,
        attribution=AttributionKind(part.attribution) if part.attribution else None,
        controlled_by=part.controlled_by,
        offices=tuple(offices),
    )


def _day(file: YamlFile, path: tuple[str | int, ...], value: Any) -> date | None:
    if value in (None, ""):
        return None
    text = str(value)
    try:
        return date.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    except ValueError:
        file.add(path, f"{text!r} is no day", "write it as 2022-12-19, 2022-12 or 2022")
        return None
