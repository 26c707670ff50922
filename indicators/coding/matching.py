"""Finding the wording of rules: a quick look at every item, a close look at the few sentences that may hold one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from indicators.catalogue import Lexicon, Rule
from indicators.catalogue.lexicon import NUMBER_SLOT, key_word
from indicators.catalogue.words import WORD, Span, WordForms, Words, bare, match_pattern, matches

# A slot with a stem shorter than this would stop at every other word; it is left to the close look.
_SHORTEST = 3
_SURROGATE = re.compile("[\ud800-\udfff]")


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
    """The rules of a lexicon, arranged to be found quickly."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._bits: dict[int, int] = {}
        required = [self._gate(rule) for rule in lexicon.rules]
        uses: dict[int, int] = {}
        for slots in required:
            for slot in slots:
                uses[slot] = uses.get(slot, 0) + 1
        self._rules: dict[int, list[tuple[int, Rule]]] = {}
        stems: dict[str, list[tuple[WordForms, int]]] = {}
        for rule, slots in zip(lexicon.rules, required, strict=True):
            for slot in slots:
                if slot not in self._bits:
                    self._bits[slot] = 1 << len(self._bits)
                    for term in lexicon.slot_terms[slot]:
                        forms = key_word(term)
                        for stem, _ in forms:
                            stems.setdefault(stem, []).append((forms, self._bits[slot]))
            mask = sum(self._bits[slot] for slot in slots)
            key = self._bits[min(slots, key=lambda slot: uses[slot])]
            self._rules.setdefault(key, []).append((mask, rule))
        self._keys = sum(self._rules)
        self._stems = stems
        self._longest = max(map(len, stems), default=0)
        self._automaton = (
            AhoCorasick(sorted(stems), matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)
            if stems
            else None
        )
        self._masks: dict[str, int] = {}
        self._ready: dict[int, tuple[Rule, ...]] = {}

    def _gate(self, rule: Rule) -> frozenset[int]:
        """The slots a text must hold before the rule is worth a close look."""
        lengths = {
            slot: min(_telling(key_word(term)) for term in self.lexicon.slot_terms[slot])
            for slot in rule.pattern.required
        }
        longer = frozenset(slot for slot, length in lengths.items() if length >= _SHORTEST)
        return longer or frozenset({max(lengths, key=lambda slot: lengths[slot])})

    def _mask(self, word: str) -> int:
        """The slots that a word may fill."""
        known = self._masks.get(word)
        if known is None:
            known = 0
            plain = bare(word)
            for length in range(1, min(len(plain), self._longest) + 1):
                for forms, bit in self._stems.get(plain[:length], ()):
                    if not known & bit and matches(forms, plain):
                        known |= bit
            if len(self._masks) > 200_000:  # a running service meets new words for ever; the memory must not
                self._masks.clear()
            self._masks[word] = known
        return known

    def look(self, text: str) -> list[tuple[int, int]]:
        """(offset, slots) of each word of a folded text that some rule wants; empty when no rule can be in it."""
        if self._automaton is None:
            return []
        found: list[tuple[int, int]] = []
        total = 0
        try:
            places = self._automaton.find_matches_as_indexes(text)
        except UnicodeEncodeError:
            # Half a surrogate pair is no letter; in its place goes a mark of the same length.
            places = self._automaton.find_matches_as_indexes(_SURROGATE.sub("\ufffd", text))
        for _, start, _ in places:
            if start and text[start - 1].isalnum():
                continue
            word = WORD.match(text, start)
            if word is None:
                continue
            mask = self._mask(word[0])
            if mask:
                found.append((start, mask))
                total |= mask
        return found if total and self.ready(total) else []

    def ready(self, mask: int) -> tuple[Rule, ...]:
        """The rules whose every gate slot is in `mask`."""
        known = self._ready.get(mask)
        if known is None:
            rules = []
            keys = mask & self._keys
            while keys:
                key = keys & -keys
                keys ^= key
                rules += [rule for wanted, rule in self._rules[key] if wanted & mask == wanted]
            if len(self._ready) > 100_000:
                self._ready.clear()
            known = self._ready[mask] = tuple(rules)
        return known

    def ready_between(self, seen: Sequence[tuple[int, int]], start: int, end: int) -> tuple[Rule, ...]:
        """The rules whose gate slots all stand between two offsets."""
        mask = 0
        for at in range(bisect_left(seen, (start, 0)), len(seen)):
            offset, bits = seen[at]
            if offset >= end:
                break
            mask |= bits
        return self.ready(mask) if mask else ()

    def hits(
        self, rules: Sequence[Rule], words: Words, numbers: Sequence[Span], langs: frozenset[str]
    ) -> Iterator[Hit]:
        """Each of `rules` that stands in a sentence, cancelled ones too."""
        spans: dict[int, list[Span]] = {}
        for lang in langs:
            index = self.lexicon.indexes.get(lang)
            for slot, first, last in index.find(words.words, words.joined) if index is not None else ():
                spans.setdefault(slot, []).append((first, last))
        if numbers:
            spans[NUMBER_SLOT] = sorted(numbers)
        for rule in rules:
            if rule.lang not in langs:
                continue
            taken = match_pattern(rule.pattern, spans, words.joined)
            if taken is not None:
                at = _cancelled(rule, spans, words)
                yield Hit(rule, taken) if at is None else Hit(rule, taken, " ".join(words.words[slice(*at)]), at)


def _telling(forms: WordForms) -> int:
    """How long the shortest stem of a word is; a number tells as much as a longer word."""
    return min(len(stem) if not stem.isdigit() else _SHORTEST for stem, _ in forms)


def _cancelled(rule: Rule, spans: Mapping[int, Sequence[Span]], words: Words) -> Span | None:
    """The words that cancel the rule, or None."""
    for pattern in rule.unless:
        taken = match_pattern(pattern, spans, words.joined)
        if taken is not None:
            return min(span[0] for span in taken), max(span[1] for span in taken)
    return None
