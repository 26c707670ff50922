"""An event: one happening, its reports folded, its origins counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from indicators.model.signal import Signal

NOBODY = "unknown"
"""The id of an origin that could not be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who first said it. Two reports with one origin are one voice; an unknown origin corroborates nothing."""

    id: str
    """An actor id, `owner:<family>` for a publisher speaking for itself, or `NOBODY`."""
    name: str
    official: bool = False
    """A state's own word, or a medium that state controls: it cannot confirm itself."""
    state: str = ""
    """The state whose word an official origin is, where known: its leaders, ministries and media are one voice."""
    kind: str = ""
    """What sort of voice: 'independent_monitor', 'official', 'media', 'analyst'; empty where it is not known."""

    @property
    def voice(self) -> str:
        """What makes two origins one voice: the state for officials, else the origin itself."""
        return f"state:{self.state}" if self.official and self.state else self.id

    @property
    def known(self) -> bool:
        """Whether this origin can corroborate."""
        return self.id != NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One item's word for a happening."""

    signal: Signal
    url: str
    title: str
    owner: str
    """The publisher's owner family."""
    reliability: str
    """The publisher's Admiralty grade, A to F."""
    origin: Origin
    traced_by: str
    """How the origin was found: 'attribution', 'forwarded', 'reprint of <item>', 'publisher', 'unnamed'."""
    reprint_of: str | None = None
    """The item this one repeats, where it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One happening as known at `known_at`: the instant this version of it came to be."""

    event_id: str
    family: str
    indicator: str | None
    occurred_on: date
    """The last day of the happening; the publication day for a planned one."""
    first_known_at: datetime
    """When its first report became known."""
    known_at: datetime
    """When its latest report became known."""
    reports: tuple[Report, ...]
    """Earliest publication first."""
    credibility: int = 6
    """Admiralty information credibility, 1 (confirmed) to 6 (cannot be judged)."""
    counted: bool = True
    """False when nothing in it may count: all denied, negated, recalled, officials alone on a withdrawal, or undone."""
    why: str = ""
    cancelled_by: str = ""
    """The event that undoes this one, where it went and came back within days; such a one is not counted."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The independent known origins, in order of first report; the officials of one state are one."""
        seen: dict[str, Origin] = {}
        for report in self.reports:
            if report.origin.known and report.signal.assertion.countable:
                seen.setdefault(report.origin.voice, report.origin)
        return tuple(seen.values())

    @property
    def corroborated(self) -> bool:
        """Whether two independent origins say so."""
        return len(self.origins) >= 2
