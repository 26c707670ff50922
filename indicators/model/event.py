"""An event: one happening, its reports folded, its origins counted."""

from __future__ import annotations

from collections.abc import Iterable
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


def independent(reports: Iterable[Report]) -> tuple[Origin, ...]:
    """The independent voices behind some reports, first first; officials of one state, or of none known, are one."""
    seen: dict[str, Origin] = {}
    officials = False
    for report in reports:
        origin = report.origin
        if not origin.official:
            seen.setdefault(origin.id, origin)
        elif origin.known:
            seen.setdefault(origin.voice if origin.state else "officials", origin)
            officials = True
    seen.pop(NOBODY, None)
    if officials and "officials" in seen and any(origin.official and origin.state for origin in seen.values()):
        # A state medium whose state is not known may be the very state that has spoken already.
        del seen["officials"]
    return tuple(seen.values())


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
        """The independent known origins of those who say that it is so, in order of first report."""
        return independent(self.saying)

    @property
    def saying(self) -> tuple[Report, ...]:
        """The reports that say that it is so, earliest first; the rest deny, doubt, ask or recall it."""
        return tuple(report for report in self.reports if report.signal.assertion.countable)

    @property
    def corroborated(self) -> bool:
        """Whether two independent origins say so."""
        return len(self.origins) >= 2
