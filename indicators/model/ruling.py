"""A ruling: an officer's word that some reports tell of one happening, or of two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RulingKind(StrEnum):
    """What an officer may say of happenings."""

    JOIN = "join"
    """The events that hold these mentions are one happening."""
    PART = "part"
    """These mentions, and whatever repeats them, are a happening of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision on one family's happenings; it is never erased, only ended by a later word on the same id."""

    ruling_id: str
    problem: str
    kind: RulingKind
    family: str
    indicator: str | None
    mentions: tuple[str, ...]
    """Ids of signals: to join, one of each event; to part, all that go."""
    by: str
    at: datetime
    reason: str
    in_force: bool = True
    """False when this word ends the ruling: the events are grouped again as if it had never been made."""

    @property
    def key(self) -> tuple[str, str]:
        """The family and indicator it speaks of: events of another are never touched by it."""
        return self.family, self.indicator or ""
