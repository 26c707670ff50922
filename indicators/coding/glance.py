"""The quick look at every item: which words of it may begin something, and whether those of any rule are all there.

It costs one look-up a word, whatever the size of the lexicon: a word met before is known to be part of something or of
nothing. Terms of several words are seen from their rarest one, and count only where their other words stand beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from indicators.catalogue import LANGUAGES, Lexicon
from indicators.catalogue.folding import fold
from indicators.catalogue.lexicon import NUMBER_SLOT, key_place, rarity
from indicators.catalogue.words import HEAD, SHORT, WORD, Ending, Pattern, Term, WordForms, bare, lengths

Sight = tuple[int, int]
"""The number of a word in a text, and the slots that stand there, as bits."""
_Longer = tuple[int, tuple[tuple[int, int], ...], tuple[int, ...]]
"""A term of several words, seen from its rarest and one more of them: the slots it fills, which forms the others have
and how far they stand from the rarest, and what the rules want that are looked at where the term stands."""
_Beside = tuple[int, frozenset[int], Mapping[int, Sequence[_Longer]]]
"""So far from a word, these forms may stand; and for each of them, the longer terms that both may be part of."""
_Note = tuple[int, tuple[_Beside, ...], frozenset[int], tuple[int, ...]]
"""Of a word: the slots it fills alone, the longer terms it may be the rarest word of, the forms it has beside such a
word, and what the rules want that are looked at where it stands."""
_NOTHING: tuple[_Note] = ((0, (), frozenset(), ()),)

# A running service meets new words for ever; the memory must not grow with them.
_REMEMBERED = 400_000
_LONGEST_PIECE = 40
_POINTS = '.,:;!?"()\u00ab\u00bb\u201c\u201d\u201e\u2026\u2013\u2014-'
_CYRILLIC_WORD = re.compile("[\u0430-\u044f\u0451\u0454\u0456\u0457\u045e\u0491]+")
_HAS_CYRILLIC = re.compile("[\u0400-\u052f]")
_LONE_LETTER = re.compile(r"(?<![^\W_])[a-zA-Z][-\u2010-\u2014]\d")


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


class _Notes(dict[str, tuple[_Note]]):
    """What each word ever met may fill: mostly nothing."""

    def __init__(self, terms: Mapping[Term, int], *, digits: int) -> None:
        super().__init__()
        self._digits = digits
        self._numbers: dict[int, int] = {}
        self._stems: dict[str, list[tuple[Ending, int]]] = {}
        self._alone: dict[int, int] = {}
        self._longer: dict[int, list[tuple[int, tuple[tuple[int, int], ...]]]] = {}
        self._beside: set[int] = set()
        for term, bits in terms.items():
            self._add(term, bits)
        self._lengths = lengths(self._stems)
        self._alike: dict[tuple[int, ...], tuple[_Note]] = {}
        self._wanted: Mapping[int, Sequence[int]] = {}
        self._keys = 0

    def _add(self, term: Term, bits: int) -> None:
        place = key_place(term)
        number = self._number(term[place])
        if len(term) == 1:
            self._alone[number] = self._alone.get(number, 0) | bits
            return
        # Of the words beside the rarest one, the rarest of them is looked for first.
        others = sorted((at for at in range(len(term)) if at != place), key=lambda at: -rarity(term[at]))
        near = tuple((at - place, self._number(term[at])) for at in others)
        self._beside.update(form for _, form in near)
        self._longer.setdefault(number, []).append((bits, near))

    def _number(self, forms: WordForms) -> int:
        """The number of the forms of a word; a language reads each once, so that they are told by what they are."""
        number = self._numbers.get(id(forms))
        if number is None:
            number = self._numbers[id(forms)] = len(self._numbers)
            for stem, endings in forms:
                self._stems.setdefault(stem, []).append((endings, number))
        return number

    def look_up(self, wanted: Mapping[int, Sequence[int]]) -> None:
        """Let rules be looked at where one slot of each stands; `wanted` tells for such a slot what its rules want."""
        self._wanted = wanted
        self._keys = sum(wanted)
        self._alike.clear()
        self.clear()

    def _keyed(self, bits: int) -> tuple[int, ...]:
        """What the rules want that are looked at where these slots are filled."""
        found: list[int] = []
        keys = bits & self._keys
        while keys:
            key = keys & -keys
            keys ^= key
            found += self._wanted[key]
        return tuple(found)

    def __missing__(self, word: str) -> tuple[_Note]:
        plain = bare(word)
        found: list[int] = []
        stems = self._stems
        for length in self._lengths.get(plain[:HEAD], SHORT):
            stem = plain[:length]
            if stem in stems:
                for endings, number in stems[stem]:
                    if endings is None or plain[length:] in endings:
                        found.append(number)
        note = _NOTHING
        if plain[0].isdigit():
            note = self._note(found, self._digits)
        elif found:
            # Of the forms of one word, most fill the same.
            alike = tuple(found)
            known = self._alike.get(alike)
            if known is None:
                known = self._alike[alike] = self._note(found, 0)
            note = known
        if len(self) > _REMEMBERED:
            self.clear()
        self[word] = note
        return note

    def _note(self, found: Sequence[int], alone: int) -> tuple[_Note]:
        sides: dict[int, dict[int, list[_Longer]]] = {}
        for number in dict.fromkeys(found):
            alone |= self._alone.get(number, 0)
            for bits, near in self._longer.get(number, ()):
                (away, form), *others = near
                side = sides.setdefault(away, {})
                side.setdefault(form, []).append((bits, tuple(others), self._keyed(bits)))
        beside = tuple((away, frozenset(side), side) for away, side in sides.items())
        return ((alone, beside, frozenset(self._beside.intersection(found)), self._keyed(alone)),)


class _Glances(dict[str, "tuple[_Note, ...]"]):
    """The notes on the words of a piece of text between two blanks, as it was written."""

    def __init__(self, notes: _Notes, *, cyrillic: bool) -> None:
        super().__init__()
        self._notes = notes
        self._cyrillic = cyrillic

    def __missing__(self, piece: str) -> tuple[_Note, ...]:
        words = folded_words(piece, self._cyrillic)
        if len(words) == 1:
            found: tuple[_Note, ...] = self._notes[words[0]]
        else:
            found = tuple(note for word in words for note in self._notes[word])
        if len(piece) <= _LONGEST_PIECE:  # what is longer is an address, seldom met twice
            if len(self) > _REMEMBERED:
                self.clear()
            self[piece] = found
        return found


class Gate:
    """The required words of all rules, arranged so that most items are seen at a glance to hold none of them."""

    def __init__(self, lexicon: Lexicon, numbers: Iterable[Term]) -> None:
        required = [_required(rule.pattern) for rule in lexicon.rules]
        bits: dict[int, int] = {NUMBER_SLOT: 1}
        # The slots of a language have bits side by side, those of the language read most the lowest: it is quickest.
        for _, slots in sorted(zip(lexicon.rules, required, strict=True), key=lambda pair: _order(pair[0].lang)):
            for slot in slots:
                bits.setdefault(slot, 1 << len(bits))
        terms: dict[Term, int] = dict.fromkeys(numbers, bits[NUMBER_SLOT])
        for slot, bit in bits.items():
            for term in lexicon.slot_terms[slot]:
                terms[term] = terms.get(term, 0) | bit
        self._notes = _Notes(terms, digits=bits[NUMBER_SLOT])
        self._glances = {script: _Glances(self._notes, cyrillic=script) for script in (False, True)}
        # However far a term reaches, there is nothing behind the last word nor, counted from the end, before the first.
        self._margin = _NOTHING * max(map(len, terms), default=1)
        self._rules: dict[int, list[tuple[int, int]]] = {}
        often = self._how_often(lexicon, bits)
        for number, slots in enumerate(required):
            # The rule is looked at only where its rarest slot is seen.
            key = min(slots, key=lambda slot: (often[slot], slot))
            self._rules.setdefault(bits[key], []).append((sum(bits[slot] for slot in slots), number))
        self._keys = sum(self._rules)
        self._notes.look_up({key: [wanted for wanted, _ in rules] for key, rules in self._rules.items()})

    def _how_often(self, lexicon: Lexicon, bits: Mapping[int, int]) -> dict[int, int]:
        """How often each slot is filled in the examples of all rules, which read as such texts do."""
        words = Counter(
            word
            for rule in lexicon.rules
            for text in (*rule.matches, *rule.not_matches)
            for word in WORD.findall(fold(text).text)
        )
        often = dict.fromkeys(bits, 0)
        slots = {bit: slot for slot, bit in bits.items()}
        for word, count in words.items():
            mask, sides, _, _ = self._notes[word][0]
            for _, _, side in sides:
                for longer in chain.from_iterable(side.values()):
                    mask |= longer[0]
            while mask:
                bit = mask & -mask
                mask ^= bit
                often[slots[bit]] += count
        return often

    def look(self, *texts: str) -> tuple[int, list[Sight]]:
        """How many words these texts have, and those of them that rules want; none when no rule can be among them."""
        cyrillic = any(not text.isascii() and _HAS_CYRILLIC.search(text) for text in texts)
        glance = self._glances[cyrillic].__getitem__
        pieces = (text.split() for text in texts)
        notes = list(chain.from_iterable(map(glance, chain.from_iterable(pieces))))
        return len(notes), self._seen(notes)

    def look_at(self, words: Sequence[str]) -> list[Sight]:
        """Those of these words that rules want; none when no rule can be among them."""
        return self._seen(list(chain.from_iterable(map(self._notes.__getitem__, words))))

    def _seen(self, notes: Sequence[_Note]) -> list[Sight]:
        """The words that fill slots, with these; none where the slots of no rule are all filled."""
        nothing = _NOTHING[0]
        total = 0
        asked: list[int] = []
        beside = [*notes, *self._margin]
        for at, note in enumerate(notes):
            if note is nothing:
                continue
            alone, sides, _, keyed = note
            if alone:
                total |= alone
                if keyed:
                    asked += keyed
            for away, forms, side in sides:
                there = beside[at + away][2]
                if there and not forms.isdisjoint(there):
                    for bits, longer_keyed in _standing(beside, at, forms & there, side):
                        total |= bits
                        asked += longer_keyed
        lacking = ~total
        for wanted in asked:
            if not wanted & lacking:
                return self._sights(notes, beside)
        return []

    def _sights(self, notes: Sequence[_Note], beside: Sequence[_Note]) -> list[Sight]:
        found = []
        for at, (alone, sides, _, _) in enumerate(notes):
            here = alone
            for away, forms, side in sides:
                for bits, _ in _standing(beside, at, forms & beside[at + away][2], side):
                    here |= bits
            if here:
                found.append((at, here))
        return found

    def ready(self, seen: Sequence[Sight], first: int, last: int) -> list[int]:
        """The numbers of the rules whose required slots all stand among the words from `first` up to `last`."""
        mask = 0
        for place in range(bisect_left(seen, (first, 0)), len(seen)):
            at, bits = seen[place]
            if at >= last:
                break
            mask |= bits
        found: list[int] = []
        keys = mask & self._keys
        while keys:
            key = keys & -keys
            keys ^= key
            for wanted, number in self._rules[key]:
                if wanted & mask == wanted:
                    found.append(number)
        found.sort()
        return found


def _order(lang: str) -> int:
    return LANGUAGES.index(lang) if lang in LANGUAGES else len(LANGUAGES)


def _standing(
    beside: Sequence[_Note], at: int, there: Iterable[int], side: Mapping[int, Sequence[_Longer]]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The slots of the terms that stand whole around the word `at`, one of their words having one of these forms."""
    for form in there:
        for bits, others, keyed in side[form]:
            if not others or all(number in beside[at + away][2] for away, number in others):
                yield bits, keyed


def _required(pattern: Pattern) -> frozenset[int]:
    """The slots a sentence must hold for a pattern to stand in it, a number where every variant asks for one."""
    numbered = all(NUMBER_SLOT in slots for slots in pattern.needed)
    return pattern.required | {NUMBER_SLOT} if numbered else pattern.required
