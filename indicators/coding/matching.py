"""The close look: the wording of rules among the words of the few sentences that may hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indicators.catalogue import Lexicon, Rule
from indicators.catalogue.lexicon import NUMBER_SLOT
from indicators.catalogue.words import Pattern, Span, Words, match_pattern


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule found in a sentence: the words each of its elements took, and what cancelled it, if anything did."""

    rule: Rule
    taken: tuple[Span, ...]
    cancelled_by: str | None = None
    cancelled_at: Span = (0, 0)
    """The words that cancel it."""

    @property
    def start(self) -> int:
        """The first word taken."""
        return min(span[0] for span in self.taken)

    @property
    def end(self) -> int:
        """Past the last word taken."""
        return max(span[1] for span in self.taken)

    @property
    def words(self) -> frozenset[int]:
        """The words taken."""
        return frozenset(at for start, end in self.taken for at in range(start, end))

    @property
    def rank(self) -> tuple[int, int, int]:
        """Fuller finds first, then tighter ones, then earlier ones."""
        return (len(self.words), self.start - self.end, -self.start)


class Matcher:
    """The rules of a lexicon, each with the slots that it and what cancels it are made of."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._own = {rule.id: _slots([rule.pattern]) for rule in lexicon.rules}
        self._cancelling: dict[str, frozenset[int]] = {}

    def hits(
        self, rules: Sequence[Rule], words: Words, numbers: Sequence[Span], langs: frozenset[str]
    ) -> Iterator[Hit]:
        """Each of `rules` that stands in a sentence, cancelled ones too."""
        spans = self._spans(words, langs, frozenset[int]().union(*(self._own[rule.id] for rule in rules)))
        if numbers:
            spans[NUMBER_SLOT] = sorted(numbers)
        for rule in rules:
            if rule.lang not in langs:
                continue
            taken = match_pattern(rule.pattern, spans, words.joined)
            if taken is None:
                continue
            at = None
            if rule.unless:
                # What cancels a rule is looked for only where the rule stands: that is seldom.
                wanted = self._cancelling.get(rule.id)
                if wanted is None:
                    wanted = self._cancelling[rule.id] = _slots(rule.unless)
                cancelling = self._spans(words, langs, wanted)
                if numbers:
                    cancelling[NUMBER_SLOT] = spans[NUMBER_SLOT]
                at = _cancelled(rule, cancelling, words)
            yield Hit(rule, taken) if at is None else Hit(rule, taken, " ".join(words.words[slice(*at)]), at)

    def _spans(self, words: Words, langs: frozenset[str], wanted: frozenset[int]) -> dict[int, list[Span]]:
        """Where each of the wanted slots is filled."""
        spans: dict[int, list[Span]] = {}
        for lang in langs:
            index = self.lexicon.indexes.get(lang)
            if index is not None:
                index.spans(words.words, words.joined, spans, wanted)
        return spans


def _slots(patterns: Iterable[Pattern]) -> frozenset[int]:
    """Every slot of these patterns."""
    return frozenset[int]().union(*(slots for pattern in patterns for slots in pattern.needed))


def _cancelled(rule: Rule, spans: Mapping[int, Sequence[Span]], words: Words) -> Span | None:
    """The words that cancel the rule, or None."""
    for pattern in rule.unless:
        taken = match_pattern(pattern, spans, words.joined)
        if taken is not None:
            return min(span[0] for span in taken), max(span[1] for span in taken)
    return None
