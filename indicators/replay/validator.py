"""The Indicators Validator: which indicators tell the hypotheses apart, by the author's judgement and by replay.

An indicator that is as likely without an attack as before one says nothing, however loud. The likelihood ratio is that
of being at watch or above in the weeks before an attack to being so in a scare or an ordinary month, each share
smoothed by half a case. Few cases make no ratio, and then that is what is said.

Paper: R. Heuer and R. Pherson, Structured Analytic Techniques for Intelligence Analysis (2010), ch. 6; I. Good,
Probability and the Weighing of Evidence (1950), for the ratio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ENOUGH_CASES = 5
"""With fewer of either kind, a measured ratio would be noise."""
TELLS_FROM = 2.0
"""From this ratio on, or below its inverse, an indicator discriminates."""


class Judged(Protocol):
    """What the author of the catalogue says of an indicator."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def code(self) -> str:
        """Its code."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def diagnosticity(self) -> float:
        """The likelihood ratio, attack to no attack, that the author expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One indicator under both hypotheses."""

    id: str
    code: str
    name: str
    judged: float
    before_attacks: tuple[int, int]
    """Cases in which it was raised, of so many."""
    otherwise: tuple[int, int]
    measured: float | None
    """The measured ratio; None with too few cases."""

    @property
    def consistency(self) -> tuple[str, str]:
        """How it fits attack and no attack by the author's judgement, from `--` to `++`."""
        for limit, signs in ((5.0, ("++", "--")), (TELLS_FROM, ("+", "-")), (1 / TELLS_FROM, ("0", "0"))):
            if self.judged >= limit:
                return signs
        return "-", "+"

    @property
    def why(self) -> str:
        """What the replays say of the author's judgement."""
        (hit, cases), (noise, others) = self.before_attacks, self.otherwise
        counted = f"{hit} of {cases} attacks, {noise} of {others} others"
        if self.measured is None:
            return f"too few cases ({counted})"
        if self.measured >= TELLS_FROM or self.measured <= 1 / TELLS_FROM:
            return f"tells them apart ({counted})"
        return f"says little ({counted})"


def matrix(indicators: Iterable[Judged], documents: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Every indicator beside what these replays' documents say of it, the most telling first."""
    rows = [_row(one, [found["cases"].get(one.id) for found in documents]) for one in indicators]
    return sorted(rows, key=lambda row: (-max(row.judged, 1 / row.judged), row.code))


def _row(one: Judged, found: Sequence[Mapping[str, Sequence[int]] | None]) -> Row:
    known = [cases for cases in found if cases is not None]
    hit, attacks = (sum(cases["attack"][part] for cases in known) for part in (0, 1))
    noise, others = (sum(cases["none"][part] for cases in known) for part in (0, 1))
    measured = None
    if attacks >= ENOUGH_CASES and others >= ENOUGH_CASES:
        measured = ((hit + 0.5) / (attacks + 1)) / ((noise + 0.5) / (others + 1))
    return Row(
        id=one.id,
        code=one.code,
        name=one.name,
        judged=one.diagnosticity,
        before_attacks=(hit, attacks),
        otherwise=(noise, others),
        measured=measured,
    )
