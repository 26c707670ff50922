"""How often what a voice was first to say was later borne out: measured and shown, never applied to a grade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from indicators.events.corroboration import contradictions
from indicators.model.event import Event, Origin, independent


@dataclass(slots=True, kw_only=True)
class TrackRecord:
    """One origin's happenings, counted; a happening is told once, however many carry it."""

    origin: Origin
    first: int = 0
    """Happenings it was the first to tell of."""
    confirmed: int = 0
    """Of those, the ones that an independent origin told of too."""
    contradicted: int = 0
    """Of those, the ones with a contradiction in number, way or fact."""
    followed: int = 0
    """Happenings that another was first to tell of, and it told of too."""

    @property
    def line(self) -> str:
        """The record in one sentence, with its numbers."""
        if not self.first:
            return f"{self.origin.name}: first with none, followed others in {self.followed}"
        share = f" ({self.confirmed / self.first:.0%})" if self.first >= ENOUGH else ", too few to rate"
        against = f", {self.contradicted} contradicted" if self.contradicted else ""
        return (
            f"{self.origin.name}: first with {self.first}, {self.confirmed} later confirmed by others{share}{against}"
        )


ENOUGH = 10
"""Below so many first reports a share says nothing."""


def track_records(events: Iterable[Event]) -> dict[str, TrackRecord]:
    """By origin, how its first reports fared among these events; only counted ones are happenings to have told of."""
    found: dict[str, TrackRecord] = {}
    for event in events:
        if not event.counted and not event.cancelled_by:
            continue
        voices = independent(report for report in event.reports if report.signal.counted)
        if not voices:
            continue
        told = [found.setdefault(voice.id, TrackRecord(origin=voice)) for voice in voices]
        first = told[0]
        first.first += 1
        first.confirmed += len(voices) > 1
        first.contradicted += bool(contradictions(event))
        for other in told[1:]:
            other.followed += 1
    return found
