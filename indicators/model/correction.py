"""A correction: an officer's word that a signal was coded rightly, as another family, or out of nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from indicators.model.signal import Signal, Weight


class Verdict(StrEnum):
    """What an officer may say of a signal."""

    RIGHT = "right"
    OTHER = "other"
    """It is of another family."""
    NONE = "none"
    """It is of no family: it counts nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One word on one signal; it is never erased, only followed by a later one on the same signal."""

    problem: str
    signal_id: str
    item_id: str
    source: str
    rule: str
    """The rule that coded it, and the catalogue it was of: rules move when others are written before them."""
    catalogue_version: str
    family: str
    """As it was coded."""
    counted: bool
    """Whether it was counted as it was coded."""
    verdict: Verdict
    right_family: str = ""
    right_indicator: str | None = None
    by: str
    at: datetime
    reason: str
    seq: int = 0
    """The number of its row; 0 until it is kept."""

    @classmethod
    def on(
        cls,
        signal: Signal,
        problem: str,
        verdict: Verdict,
        *,
        right: tuple[str, str | None] = ("", None),
        by: str,
        at: datetime,
        reason: str,
    ) -> Self:
        """A word on this signal, not yet kept; `right`: the family and indicator it is of, if another."""
        return cls(
            problem=problem,
            signal_id=signal.signal_id,
            item_id=signal.item_id,
            source=signal.source,
            rule=signal.rule,
            catalogue_version=signal.catalogue_version,
            family=signal.family,
            counted=signal.counted,
            verdict=verdict,
            right_family=right[0],
            right_indicator=right[1],
            by=by,
            at=at,
            reason=reason,
        )

    def applied(self, signal: Signal, *, weight: Weight) -> tuple[Signal, ...]:
        """The signal as it stands after this word; `weight` is that of the right indicator.

        What was coded wrongly stays for the record and is not counted.
        """
        if self.verdict is Verdict.RIGHT:
            return (signal,)
        said = f"corrected by {self.by}: {self.reason}"
        wrong = replace(signal, counted=False, why=f"{signal.why}; {said}")
        if self.verdict is Verdict.NONE:
            return (wrong,)
        right = replace(
            signal,
            family=self.right_family,
            indicator=self.right_indicator,
            weight=weight,
            counted=signal.assertion.countable,
            why=f"{said}; {signal.why}",
        )
        return (wrong, right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How often what a rule or a source gave was right, among what officers have judged."""

    name: str
    coded: int
    """Counted signals kept, judged or not."""
    judged: int
    right: int

    @property
    def share(self) -> float | None:
        """The share of right ones; None where nobody has judged any: unknown is not perfect."""
        return self.right / self.judged if self.judged else None
