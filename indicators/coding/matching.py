"""Finding the wording of rules: a quick look at every item, a close look at the few sentences that may hold one.

The quick look costs one look-up a word, whatever the size of the lexicon: a word met before is known to begin or not to
begin anything. Only where the words of some rule all stand in one sentence is that sentence read closely.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indicators.catalogue import Lexicon, Rule
from indicators.catalogue.folding import fold
from indicators.catalogue.lexicon import NUMBER_SLOT, key_place
from indicators.catalogue.words import (
    HEAD,
    WORD,
    Pattern,
    Span,
    Term,
    WordForms,
    Words,
    bare,
    match_pattern,
    matches,
    reaches,
)

Sight = tuple[int, int]
"""The number of a word in a text, and the slots that stand there, as bits."""


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


@dataclass(frozen=True, slots=True)
class _Longer:
    """A term of several words, seen from its rarest one."""

    before: tuple[WordForms, ...]
    after: tuple[WordForms, ...]
    bits: int

    def stands(self, words: Sequence[str], at: int) -> bool:
        """Whether the whole term stands around word `at`."""
        begun = at - len(self.before)
        if begun < 0 or at + len(self.after) >= len(words):
            return False
        return all(matches(forms, bare(words[begun + place])) for place, forms in enumerate(self.before)) and all(
            matches(forms, bare(words[at + 1 + place])) for place, forms in enumerate(self.after)
        )


# A running service meets new words for ever; the memory must not grow with them.
_REMEMBERED = 300_000
_LONGEST_PIECE = 40
_POINTS = '.,:;!?"()\u00ab\u00bb\u201c\u201d\u201e\u2026\u2013\u2014-'
_CYRILLIC_WORD = re.compile("[\u0430-\u044f\u0451\u0454\u0456\u0457\u045e\u0491]+")
_HAS_CYRILLIC = re.compile("[\u0400-\u052f]")
_LONE_LETTER = re.compile(r"(?<![^\W_])[a-zA-Z][-\u2010-\u2014]\d")
_Note = tuple[int, int, tuple[_Longer, ...]]
"""Of a word: the slots it fills alone, those it may fill with its neighbours, and the longer terms that would."""


class _Notes(dict[str, "_Note | None"]):
    """What each word ever met may fill: mostly nothing."""

    def __init__(self, terms: Mapping[Term, int], *, digits: int) -> None:
        super().__init__()
        self._digits = digits
        self._stems: dict[str, list[tuple[frozenset[str] | None, int, _Longer | None]]] = {}
        for term, bits in terms.items():
            place = key_place(term)
            longer = _Longer(term[:place], term[place + 1 :], bits) if len(term) > 1 else None
            for stem, endings in term[place]:
                self._stems.setdefault(stem, []).append((endings, bits, longer))
        self._reach = reaches(self._stems)

    def __missing__(self, word: str) -> _Note | None:
        plain = bare(word)
        alone = self._digits if plain[0].isdigit() else 0
        several: dict[_Longer, None] = {}
        for length in range(1, min(len(plain), self._reach.get(plain[:HEAD], HEAD - 1)) + 1):
            for endings, bits, longer in self._stems.get(plain[:length], ()):
                if endings is None or plain[length:] in endings:
                    if longer is None:
                        alone |= bits
                    else:
                        several[longer] = None
        if len(self) > _REMEMBERED:
            self.clear()
        together = alone
        for longer in several:
            together |= longer.bits
        note = self[word] = (alone, together, tuple(several)) if together else None
        return note


class _Glances(dict[str, int]):
    """The slots that the words of a piece of text between two blanks, as it was written, may fill: mostly none."""

    def __init__(self, notes: _Notes) -> None:
        super().__init__()
        self._notes = notes

    def __missing__(self, piece: str) -> int:
        mask = 0
        for word in folded_words(piece, False):
            note = self._notes[word]
            if note:
                mask |= note[1]
        if _LONE_LETTER.search(piece):
            for word in folded_words(piece, True):
                note = self._notes[word]
                if note:
                    mask |= note[1]
        if len(piece) <= _LONGEST_PIECE:  # what is longer is an address, seldom met twice
            if len(self) > _REMEMBERED:
                self.clear()
            self[piece] = mask
        return mask


@lru_cache(maxsize=1 << 17)
def folded_words(piece: str, cyrillic: bool) -> Sequence[str]:
    """The folded words of a piece; a lone Latin letter before a number is read as Cyrillic where the text is."""
    plain = piece.strip(_POINTS).lower()
    if plain.isascii() and plain.isalpha():
        return (plain,)
    if _CYRILLIC_WORD.fullmatch(plain):
        return (plain.replace("\u0451", "\u0435").replace("\u0491", "\u0433"),)
    if cyrillic and _LONE_LETTER.search(piece):
        return WORD.findall(fold("\u0430 " + piece).text)[1:]
    return WORD.findall(fold(piece).text)


class Matcher:
    """The rules of a lexicon, arranged to be found quickly."""

    def __init__(self, lexicon: Lexicon, numbers: Iterable[Term] = ()) -> None:
        self.lexicon = lexicon
        required = [_required(rule.pattern) for rule in lexicon.rules]
        bits: dict[int, int] = {NUMBER_SLOT: 1}
        for slots in required:
            for slot in slots:
                bits.setdefault(slot, 1 << len(bits))
        terms: dict[Term, int] = dict.fromkeys(numbers, bits[NUMBER_SLOT])
        for slot, bit in bits.items():
            for term in lexicon.slot_terms[slot]:
                terms[term] = terms.get(term, 0) | bit
        self._notes = _Notes(terms, digits=bits[NUMBER_SLOT])
        self._glances = _Glances(self._notes)
        self._wanted: list[int] = []
        self._rules: dict[int, list[tuple[int, int]]] = {}
        often = self._how_often(bits)
        for number, slots in enumerate(required):
            # The rule is looked at only where its rarest slot is seen.
            key = min(slots, key=lambda slot: (often[slot], slot))
            wanted = sum(bits[slot] for slot in slots)
            self._wanted.append(wanted)
            self._rules.setdefault(bits[key], []).append((wanted, number))
        self._keys = sum(self._rules)
        self._slots = {
            rule.id: frozenset[int]().union(*(slots for one in (rule.pattern, *rule.unless) for slots in one.needed))
            for rule in lexicon.rules
        }

    def _how_often(self, bits: Mapping[int, int]) -> dict[int, int]:
        """How often each slot is filled in the examples of all rules, which read as such texts do."""
        words = Counter(
            word
            for rule in self.lexicon.rules
            for text in (*rule.matches, *rule.not_matches)
            for word in WORD.findall(fold(text).text)
        )
        often = dict.fromkeys(bits, 0)
        slots = {bit: slot for slot, bit in bits.items()}
        for word, count in words.items():
            note = self._notes[word]
            mask = note[1] if note else 0
            while mask:
                bit = mask & -mask
                mask ^= bit
                often[slots[bit]] += count
        return often

    def glance(self, *texts: str) -> list[str]:
        """The folded words of these texts where some rule may be in them, else none: one look-up a piece."""
        total = 0
        glances = self._glances
        pieces = [piece for text in texts for piece in text.split()]
        for piece in pieces:
            total |= glances[piece]
        if not total & self._keys or not self._ready(total):
            return []
        cyrillic = any(_HAS_CYRILLIC.search(text) for text in texts)
        words: list[str] = []
        for piece in pieces:
            words += folded_words(piece, cyrillic)
        return words

    def look(self, words: Sequence[str]) -> list[Sight]:
        """Each of these words that some rule wants and may have; empty when no rule can be among them."""
        notes = self._notes
        noted = [(at, note) for at, word in enumerate(words) if (note := notes[word])]
        total = 0
        for _, note in noted:
            total |= note[1]
        needed = 0
        for number in self._ready(total):
            needed |= self._wanted[number]
        if not needed:
            return []
        # Only now are the terms of several words read whole, and of these only what some rule still lacks.
        found: list[Sight] = []
        total = 0
        for at, (alone, together, several) in noted:
            here = alone & needed
            if together & needed & ~here:
                for longer in several:
                    if longer.bits & needed & ~here and longer.stands(words, at):
                        here |= longer.bits
            if here:
                found.append((at, here))
                total |= here
        return found if self._ready(total) else []

    def _ready(self, mask: int) -> list[int]:
        """The numbers of the rules whose every required slot is in `mask`, in the lexicon's order."""
        ready: list[int] = []
        keys = mask & self._keys
        while keys:
            key = keys & -keys
            keys ^= key
            for wanted, number in self._rules[key]:
                if wanted & mask == wanted:
                    ready.append(number)
        ready.sort()
        return ready

    def ready_between(self, seen: Sequence[Sight], first: int, last: int) -> list[Rule]:
        """The rules whose required slots all stand among the words from `first` up to `last`."""
        mask = 0
        for place in range(bisect_left(seen, (first, 0)), len(seen)):
            at, bits = seen[place]
            if at >= last:
                break
            mask |= bits
        return [self.lexicon.rules[number] for number in self._ready(mask)] if mask & self._keys else []

    def hits(
        self, rules: Sequence[Rule], words: Words, numbers: Sequence[Span], langs: frozenset[str]
    ) -> Iterator[Hit]:
        """Each of `rules` that stands in a sentence, cancelled ones too."""
        spans: dict[int, list[Span]] = {}
        wanted = frozenset[int]().union(*(self._slots[rule.id] for rule in rules))
        for lang in langs:
            index = self.lexicon.indexes.get(lang)
            if index is not None:
                index.spans(words.words, words.joined, spans, wanted)
        if numbers:
            spans[NUMBER_SLOT] = sorted(numbers)
        for rule in rules:
            if rule.lang not in langs:
                continue
            taken = match_pattern(rule.pattern, spans, words.joined)
            if taken is not None:
                at = _cancelled(rule, spans, words)
                yield Hit(rule, taken) if at is None else Hit(rule, taken, " ".join(words.words[slice(*at)]), at)


def _required(pattern: Pattern) -> frozenset[int]:
    """The slots a sentence must hold for a pattern to stand in it, a number where every variant asks for one."""
    numbered = all(NUMBER_SLOT in slots for slots in pattern.needed)
    return pattern.required | {NUMBER_SLOT} if numbered else pattern.required


def _cancelled(rule: Rule, spans: Mapping[int, Sequence[Span]], words: Words) -> Span | None:
    """The words that cancel the rule, or None."""
    for pattern in rule.unless:
        taken = match_pattern(pattern, spans, words.joined)
        if taken is not None:
            return min(span[0] for span in taken), max(span[1] for span in taken)
    return None
