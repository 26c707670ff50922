"""The clock of a replay: it jumps from one piece of due work to the next, and waits for the work."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True, kw_only=True)
class ReplayClock:
    """Product time between two instants. It advances only when asked, and is asked only when due work is done.

    `speed` is the most product seconds that may pass in one second of real time; infinity does not wait. `real` gives
    real seconds, monotonic.
    """

    starts_at: datetime
    ends_at: datetime
    real: Callable[[], float]
    speed: float = 86_400.0
    _at: datetime = field(init=False)
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"speed: {self.speed!r} is not above 0; write product seconds per second, or 'inf'")
        self._at = self.starts_at
        self._started = self.real()

    def now(self) -> datetime:
        """The product time reached."""
        return self._at

    @property
    def over(self) -> bool:
        """Whether the end is reached."""
        return self._at >= self.ends_at

    def advance(self, due_at: datetime | None) -> datetime:
        """Go on to the next due instant, or to the end where nothing is due before it; never backward."""
        target = self.ends_at if due_at is None else min(due_at, self.ends_at)
        self._at = max(self._at, target)
        return self._at

    def wait_for(self, due_at: datetime | None) -> timedelta:
        """How long to wait, in real time, before `advance(due_at)` keeps to the speed."""
        if math.isinf(self.speed):
            return timedelta(0)
        target = self.ends_at if due_at is None else min(due_at, self.ends_at)
        allowed = (target - self.starts_at).total_seconds() / self.speed
        return timedelta(seconds=max(0.0, allowed - (self.real() - self._started)))
