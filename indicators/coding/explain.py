"""Why a text codes as it does: every rule that matched, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from feeds.model import Feed, Item
from indicators.catalogue import Catalogue
from indicators.coding.coder import Candidate, coder
from indicators.model.signal import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One rule that matched in one sentence."""

    sentence: str
    rule: str
    pattern: str
    family: str
    indicator: str | None
    words: str
    """The words the rule took."""
    assertion: str
    counted: bool
    excluded: str
    """What kept it from being counted, or empty."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that was considered in an item, and what came of it."""

    languages: tuple[str, ...]
    """The languages it was read in; none where the catalogue lacks its language."""
    considered: tuple[Considered, ...]
    signals: tuple[Signal, ...]

    def lines(self) -> list[str]:
        """The explanation as lines for a terminal."""
        if not self.languages:
            return ["The catalogue holds no wording in the language of this text."]
        if not self.considered:
            return ["No wording of any indicator is in this text."]
        lines = []
        for one in self.considered:
            mark = "counted" if one.counted else "not counted"
            lines.append(f"{one.indicator or one.family} ({one.rule}) {mark}: {one.words}")
            lines.append(f"    {one.excluded or one.why}")
        return lines

    def __str__(self) -> str:
        """The lines, one under the other."""
        return "\n".join(self.lines())


def explain(item: Item, catalogue: Catalogue, *, feed: Feed | None = None) -> Explanation:
    """Every candidate of an item: what matched, what excluded it and why."""
    reader = coder(catalogue)
    candidates = reader.candidates(item, feed)
    return Explanation(
        languages=tuple(dict.fromkeys(lang for one in candidates for lang in one.sentence.langs))
        or reader.spoken(item),
        considered=tuple(_considered(one) for one in candidates),
        signals=tuple(reader.code(item, feed)),
    )


def _considered(candidate: Candidate) -> Considered:
    sentence, hit, signal = candidate.sentence, candidate.hit, candidate.signal
    excluded = candidate.dropped
    if signal is not None and not signal.counted:
        parts = []
        if not signal.assertion.countable and candidate.put is not None:
            parts.append(f"{signal.assertion}: {candidate.put.because}")
        if not candidate.inside:
            parts.append(candidate.place_reason)
        if sentence.furniture:
            parts.append(sentence.furniture)
        excluded = "; ".join(parts)
    return Considered(
        sentence=sentence.original,
        rule=hit.rule.id,
        pattern=hit.rule.source,
        family=signal.family if signal else hit.rule.family,
        indicator=signal.indicator if signal else hit.rule.indicator,
        words=" ".join(sentence.words.words[hit.start : hit.end]),
        assertion=signal.assertion.value if signal else "",
        counted=signal.counted if signal else False,
        excluded=excluded,
        why=signal.why if signal else "",
    )
