"""Terms and patterns: what the wording files may write, and how it is found among the words of a sentence.

A sentence is a sequence of words. A word of a term is a stem with the endings it may take; a term is a sequence of
such words; a slot is any of a set of terms; a pattern is an arrangement of slots.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from indicators.catalogue.folding import fold_word

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
NUMBER = "@NUMBER"
WITHIN = 8
WINDOW = 12
_MAX_FORMS = 4000
_MAX_OPTIONAL = 5
_MIN_STEM = 2
_GLUE = "-.\u2010\u2011\u2013/"
_BRACKETS = frozenset("()[]{}")
_QUICK = {
    signs: re.compile(
        rf"(?:[^{re.escape(signs)}()\[\]{{}}]+|\([^()\[\]{{}}]*\)|\{{[^()\[\]{{}}]*\}})+|[{re.escape(signs)}]+"
    )
    for signs in (" ", _GLUE)
}
_APART = frozenset(_GLUE + " ")
_BLANKS_ALONE = re.compile(r"(?:[\w' *]|\([\w'|]*\)|\{\w*\})+")
"""Words of a term between blanks, whose brackets hold no blank."""
_SEPARATORS = re.compile(f"[{re.escape(_GLUE)}]")

Ending = frozenset[str] | None
"""The endings a stem may take; None is any."""
WordForms = tuple[tuple[str, Ending], ...]
"""One word of a term: any of these stems with one of its endings."""
Term = tuple[WordForms, ...]
Span = tuple[int, int]
_PLAIN_WORD = re.compile(r"[^\W_]+(?:['\u2019\u02bc][^\W_]+)*")
_ONLY: Ending = frozenset({""})


class PatternError(ValueError):
    """A term or pattern that cannot be read: what is wrong, and what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message, self.remedy = message, remedy
        super().__init__(f"{message}; {remedy}")


def matches(forms: WordForms, word: str) -> bool:
    """Whether a folded word of a text is one of `forms`."""
    for stem, endings in forms:  # noqa: SIM110 - a plain loop is twice as fast, and this is the innermost one
        if word.startswith(stem) and (endings is None or word[len(stem) :] in endings):
            return True
    return False


def bare(word: str) -> str:
    """A folded word without the English possessive."""
    return word[:-2] if word.endswith("'s") else word


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a stretch of folded text, where they stand, and whether each follows the one before directly."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    joined: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.words)

    def part(self, start: int, end: int) -> Words:
        """The words that begin between two offsets, as words of their own."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        joined = (False, *self.joined[first + 1 : last]) if last > first else ()
        return Words(self.words[first:last], self.starts[first:last], self.ends[first:last], joined)


_BREAK = re.compile(r"[,;:!?()\[\]{}|\u2014\u2015\u2026\u2022]| [-\u2013\u2212]+ ")


def words_of(text: str, start: int = 0, end: int | None = None) -> Words:
    """The words of `text[start:end]`, a folded text."""
    if end is None:
        end = len(text)
    places = [found.span() for found in WORD.finditer(text, start, end)]
    if not places:
        return Words((), (), (), ())
    starts, ends = zip(*places, strict=True)
    joined = [True] * len(places)
    joined[0] = False
    for parted in _BREAK.finditer(text, ends[0], starts[-1]):
        joined[bisect_left(starts, parted.end())] = False
    words = [text[begun:ended] for begun, ended in places]
    if "'s" in text:
        words = [bare(word) for word in words]
    return Words(tuple(words), starts, ends, tuple(joined))


# --- terms ---------------------------------------------------------------------------------------


def parse_term(source: str, endings: Mapping[str, Sequence[str]]) -> Term:
    """The term that `source` writes, or PatternError."""
    if isinstance(endings, Endings):
        term = endings.terms.get(source)
        if term is None:
            term = endings.terms[source] = _read_term(source, endings)
        return term
    return _read_term(source, endings)


def _read_term(source: str, endings: Mapping[str, Sequence[str]]) -> Term:
    if _APART.isdisjoint(source):
        return (_word(source, endings, source),)
    if _BLANKS_ALONE.fullmatch(source):
        return tuple([_word(piece, endings, source) for piece in source.split()])
    pieces = [piece for chunk in _split(source, " ") if chunk for piece in _split(chunk, _GLUE) if piece]
    if not pieces:
        raise PatternError(f"the term {source!r} holds no word", "write at least one word or leave the term out")
    return tuple(_word(piece, endings, source) for piece in pieces)


def _split(source: str, separators: str) -> list[str]:
    """`source` cut at separators that stand outside all brackets."""
    if _BRACKETS.isdisjoint(source):
        return source.split(separators) if len(separators) == 1 else _SEPARATORS.split(source)
    if separators in _QUICK:
        quick = _QUICK[separators].findall(source)
        if len("".join(quick)) == len(source):
            return [piece for piece in quick if piece[0] not in separators]
    parts, depth, begun = [], 0, 0
    for offset, character in enumerate(source):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                raise PatternError(f"{source!r} closes a bracket that was never opened", "balance the brackets")
        elif depth == 0 and character in separators:
            parts.append(source[begun:offset])
            begun = offset + 1
    if depth:
        raise PatternError(f"{source!r} leaves a bracket open", "balance the brackets")
    parts.append(source[begun:])
    return parts


class Endings(dict[str, tuple[str, ...]]):
    """The named endings of a language, folded once; and the words already read with them."""

    def __init__(self, endings: Mapping[str, Sequence[str]]) -> None:
        super().__init__({name: tuple(fold_word(ending) for ending in chosen) for name, chosen in endings.items()})
        self.sets = {name: frozenset(chosen) for name, chosen in self.items()}
        self.written: dict[str, frozenset[str]] = {}
        self.known: dict[str, WordForms] = {}
        self.terms: dict[str, Term] = {}


def _word(source: str, endings: Mapping[str, Sequence[str]], whole: str) -> WordForms:
    """The forms a word of a term stands for; a language's words recur, so they are read once."""
    if not isinstance(endings, Endings):
        return _read_word(source.removesuffix("'s").removesuffix("\u2019s"), endings, whole)
    forms = endings.known.get(source)
    if forms is None:
        forms = endings.known[source] = _read_word(source.removesuffix("'s").removesuffix("\u2019s"), endings, whole)
    return forms


_STEM_AND = re.compile(r"([^\W_]{2,})(?:\{(\w+)\}|\(([^\W_|]*(?:\|[^\W_]*)*)\)|(\*))")
"""A stem with endings by name, with endings written out, or with any: most words that are not one form alone."""


def _read_word(source: str, endings: Mapping[str, Sequence[str]], whole: str) -> WordForms:
    if _PLAIN_WORD.fullmatch(source):
        return ((fold_word(source), _ONLY),)
    usual = _STEM_AND.fullmatch(source)
    if usual is not None:
        stem = fold_word(usual[1])
        if usual[4]:
            return ((stem, None),)
        if usual[3] is not None:
            return ((stem, _written(usual[3], endings)),)
        if isinstance(endings, Endings) and usual[2] in endings.sets:
            return ((stem, endings.sets[usual[2]]),)
    open_end = source.endswith("*")
    parts = _parts(source[:-1] if open_end else source, endings, whole)
    size = 1
    for part in parts:
        size *= len(part)
    if size > _MAX_FORMS:
        raise PatternError(f"{source!r} stands for {size} forms", f"split it into words of at most {_MAX_FORMS} forms")
    stems = _stems(parts, open_end=open_end)
    if any(not stem for stem, _ in stems):
        raise PatternError(f"{source!r} may stand for an empty word", "leave letters outside the alternatives")
    merged: dict[str, Ending] = {}
    for stem, tails in stems:
        known = merged.get(stem, frozenset())
        merged[stem] = None if tails is None or known is None else known | tails
    return tuple(merged.items())


def _written(choices: str, endings: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Endings written out, of a few kinds in each language."""
    if not isinstance(endings, Endings):
        return frozenset(map(fold_word, choices.split("|")))
    chosen = endings.written.get(choices)
    if chosen is None:
        chosen = endings.written[choices] = frozenset(map(fold_word, choices.split("|")))
    return chosen


def _parts(source: str, endings: Mapping[str, Sequence[str]], whole: str) -> list[tuple[str, ...]]:
    """The word as a row of choices: letters, (a|b) groups, {endings}."""
    parts: list[tuple[str, ...]] = []
    rest = source
    while rest:
        if rest[0] == "(":
            close = rest.find(")")
            group = rest[1:close]
            if close < 0 or "(" in group:
                raise PatternError(f"{whole!r}: groups do not nest", "write the alternatives side by side: (a|b|c)")
            parts.append(tuple(_letters(choice, whole) for choice in group.split("|")))
            rest = rest[close + 1 :]
        elif rest[0] == "{":
            close = rest.find("}")
            name = rest[1:close]
            if name not in endings:
                known = ", ".join(sorted(endings)) or "none"
                raise PatternError(
                    f"{whole!r} names the endings {{{name}}}, which this language lacks", f"use one of: {known}"
                )
            if rest[close + 1 :]:
                raise PatternError(f"{whole!r}: endings stand at the end of a word", "move {…} to the end")
            parts.append(
                tuple(endings[name])
                if isinstance(endings, Endings)
                else tuple(fold_word(ending) for ending in endings[name])
            )
            rest = ""
        else:
            taken = re.match(r"[^({]+", rest)
            assert taken is not None
            parts.append((_letters(taken[0], whole),))
            rest = rest[taken.end() :]
    return parts


_LETTERS = re.compile(r"[^\W_]+(?:'+[^\W_]*)*|'[^\W_]*")


def _letters(text: str, whole: str) -> str:
    folded = fold_word(text)
    if folded and not folded.isalpha() and not _LETTERS.fullmatch(folded):
        strange = sorted({character for character in text if not (character.isalnum() or character in "'’ʼ")})
        raise PatternError(
            f"{whole!r} holds {''.join(strange)!r} inside a word",
            "a word is letters, digits, (a|b), {endings} and a last *",
        )
    return folded


def _stems(parts: list[tuple[str, ...]], *, open_end: bool) -> list[tuple[str, Ending]]:
    """Stems with their endings; leading letters stay one stem where they are long enough to look up."""
    if not parts:
        return [("", frozenset({""}))]
    stems: list[tuple[str, Ending]] = []
    tail = parts[1:]
    for head in parts[0]:
        if tail and len(head) < _MIN_STEM:
            for following in tail[0]:
                stems += _stems([(head + following,), *tail[1:]], open_end=open_end)
        elif open_end:
            stems += [(head + "".join(choice), None) for choice in product(*tail)]
        else:
            stems.append((head, frozenset("".join(choice) for choice in product(*tail))))
    return stems


# --- patterns ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One slot of a sequence, and how many words may stand between it and the one before."""

    slot: int
    gap: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """An arrangement of slots: each variant is a choice of optional elements, each part a sequence, all in a window."""

    variants: tuple[tuple[tuple[Step, ...], ...], ...]
    window: int
    required: frozenset[int]
    """Slots that every variant needs."""
    needed: tuple[frozenset[int], ...] = ()
    """The slots of each variant."""


Slots = Callable[[tuple[Term, ...]], int]
"""Gives a set of terms its number."""


def compile_pattern(
    source: str,
    *,
    endings: Mapping[str, Sequence[str]],
    classes: Mapping[str, tuple[Term, ...]],
    slot: Slots,
    number_slot: int,
    within: int | None,
) -> Pattern:
    """The pattern that `source` writes, or PatternError."""
    elements = [piece for piece in _split(source, " ") if piece]
    if len(elements) == 1 and elements[0][0] not in "[&." and elements[0] != NUMBER:
        # Most of what is written is one word or one group of them.
        only = slot(parse_terms(elements[0], source, endings=endings, classes=classes))
        slots = frozenset((only,))
        return Pattern((((Step(only, 0),),),), WINDOW if within is None else within, slots, (slots,))

    def number(element: str) -> int:
        if element == NUMBER:
            return number_slot
        return slot(parse_terms(element, source, endings=endings, classes=classes))

    gap_before = WITHIN if within is None else within
    choices = [_variants(part, source, number, gap_before) for part in _divide(elements, "&", source)]
    combined = tuple(tuple(choice) for choice in product(*choices))
    needed = [frozenset(step.slot for part in variant for step in part) for variant in combined]
    required = frozenset.intersection(*needed) - {number_slot} if needed else frozenset()
    if not required:
        raise PatternError(f"the pattern {source!r} requires no word", "leave at least one element without [ ]")
    return Pattern(combined, WINDOW if within is None else within, required, tuple(needed))


def _variants(
    part: Sequence[str], source: str, number: Callable[[str], int], gap_before: int
) -> list[tuple[Step, ...]]:
    """The sequences that one part of a pattern stands for, with and without its optional elements."""
    variants: list[tuple[Step, ...]] = [()]
    optional = 0
    for ordinal, sequence in enumerate(_divide(part, "..", source)):
        for place, element in enumerate(sequence):
            gap = gap_before if ordinal and not place else 0
            if not element.startswith("["):
                step = Step(number(element), gap)
                variants = [_append(variant, step) for variant in variants]
                continue
            if not element.endswith("]"):
                raise PatternError(f"{element!r}: an optional element ends with ]", "write a blank after it")
            optional += 1
            inner = element[1:-1]
            if len(_split(inner, "|")) > 1:
                inner = f"({inner})"
            steps = tuple(
                Step(number(one), 0 if at else gap)
                for at, one in enumerate(piece for piece in _split(inner, " ") if piece)
            )
            variants = [variant + steps for variant in variants] + _passing(variants, gap)
    if optional > _MAX_OPTIONAL:
        raise PatternError(
            f"{source!r} has {optional} optional elements", f"keep to {_MAX_OPTIONAL}, or write two rules"
        )
    if any(all(step.slot == _CARRY for step in variant) for variant in variants):
        raise PatternError(f"{source!r} has a part without any required word", "leave at least one element without [ ]")
    return _settle(variants)


_CARRY = -1


def _passing(variants: list[tuple[Step, ...]], gap: int) -> list[tuple[Step, ...]]:
    """Variants that leave the optional element out; a gap before it is kept for what follows."""
    return [(*variant, Step(_CARRY, gap)) if gap else variant for variant in variants]


def _append(variant: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    if variant and variant[-1].slot == _CARRY:
        return (*variant[:-1], Step(step.slot, max(step.gap, variant[-1].gap)))
    return (*variant, step)


def _settle(variants: list[tuple[Step, ...]]) -> list[tuple[Step, ...]]:
    """Each distinct variant once, the fullest first."""
    settled: dict[tuple[Step, ...], None] = {}
    for variant in variants:
        steps: list[Step] = []
        carried = 0
        for step in variant:
            if step.slot == _CARRY:
                carried = max(carried, step.gap)
                continue
            steps.append(Step(step.slot, max(step.gap, carried)))
            carried = 0
        if steps:
            settled.setdefault(tuple(steps))
    return sorted(settled, key=len, reverse=True)


def _divide(elements: Sequence[str], operator: str, source: str) -> list[list[str]]:
    """The elements of a pattern, parted where `operator` stands."""
    parts: list[list[str]] = [[]]
    for element in elements:
        if element == operator:
            parts.append([])
        else:
            parts[-1].append(element)
    if any(not part for part in parts):
        raise PatternError(f"{source!r} has nothing on one side of {operator!r}", "write an element on both sides")
    return parts


def parse_terms(
    source: str, whole: str, *, endings: Mapping[str, Sequence[str]], classes: Mapping[str, tuple[Term, ...]]
) -> tuple[Term, ...]:
    """The terms that one element stands for: a class, a group of terms, or a term."""
    if source.startswith("@"):
        if source[1:] not in classes:
            known = ", ".join("@" + name for name in sorted(classes)) or "none"
            raise PatternError(
                f"{whole!r} uses {source}, which is not defined", f"define it under words:, or use one of: {known}"
            )
        return classes[source[1:]]
    if source.startswith("(") and source.endswith(")") and source.find(")") == len(source) - 1:
        terms: list[Term] = []
        for choice in source[1:-1].split("|"):
            stripped = choice.strip()
            if not stripped:
                raise PatternError(
                    f"{whole!r}: an alternative of {source} is empty", "put the element in [ ] to make it optional"
                )
            if stripped[0] == "@":
                terms += parse_terms(stripped, whole, endings=endings, classes=classes)
            else:
                terms.append(parse_term(stripped, endings))
        return tuple(terms)
    if source.startswith("(") and source.endswith(")") and _group_of_terms(source):
        return tuple(
            term
            for choice in _split(source[1:-1], "|")
            for term in parse_terms(choice.strip(), whole, endings=endings, classes=classes)
        )
    return (parse_term(source, endings),)


def _group_of_terms(source: str) -> bool:
    """Whether the first bracket of `source` closes only at its end, with brackets inside."""
    depth = 0
    for offset, character in enumerate(source):
        depth += character == "("
        depth -= character == ")"
        if depth == 0:
            return offset == len(source) - 1
    return False


# --- finding -------------------------------------------------------------------------------------


_Longer = tuple[int, Term, frozenset[int]]
"""A term of several words, seen from its second: its order among those of the first, its rest, the slots it fills."""
_Begins = tuple[frozenset[int], frozenset[int], Mapping[int, Sequence[_Longer]], frozenset[int]]
"""Of a word: the slots it fills alone, the forms that may follow it in a longer term, the longer terms for each of
these forms, and the forms it has itself behind such a word."""
_NOTHING: _Begins = (frozenset(), frozenset(), {}, frozenset())


HEAD = 3
"""So many first letters tell how long a word's stem can be."""
SHORT = tuple(range(1, HEAD))
"""How long a stem may be that is too short to have a head."""
# A running service meets new words for ever; the memory must not grow with them.
_REMEMBERED = 200_000


def lengths(stems: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """For each head of stems, how long the stems are that may begin a word with this head."""
    found: dict[str, set[int]] = {}
    for stem in stems:
        if len(stem) >= HEAD:
            found.setdefault(stem[:HEAD], set(SHORT)).add(len(stem))
    return {head: tuple(sorted(several)) for head, several in found.items()}


class _Beginnings(dict[str, _Begins]):
    """What each word ever met begins: mostly nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[int, int] = {}
        self._terms: dict[int, int] = {}
        self._rests: list[Term] = []
        self._slots: list[dict[int, None]] = []
        self._served: list[list[int]] = []
        self._following: dict[int, int] = {}
        self._stems: dict[str, list[tuple[Ending, int]]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._alike: dict[tuple[int, ...], _Begins] = {}
        self._seconds = frozenset[int]()
        self._kept: list[Term] = []

    def settle(self, waiting: Iterable[tuple[tuple[Term, ...], int]]) -> None:
        """Let the terms serve their slots."""
        self.clear()
        self._alike.clear()
        # A language reads each term once, so that terms are told apart by what they are, not by what they hold.
        for term, slot in ((term, slot) for terms, slot in waiting for term in terms):
            number = self._terms.get(id(term))
            if number is None:
                number = self._terms[id(term)] = len(self._rests)
                self._kept.append(term)
                self._rests.append(term[2:])
                self._slots.append({})
                self._served[self._forms(term[0])].append(number)
                if len(term) > 1:
                    self._following[number] = self._forms(term[1])
            self._slots[number][slot] = None
        self._seconds = frozenset(self._following.values())
        self._lengths = lengths(self._stems)

    def terms(self) -> int:
        """How many terms there are."""
        return len(self._rests)

    def _forms(self, forms: WordForms) -> int:
        number = self._numbers.get(id(forms))
        if number is None:
            number = self._numbers[id(forms)] = len(self._served)
            self._served.append([])
            for stem, endings in forms:
                known = self._stems.get(stem)
                if known is None:
                    known = self._stems[stem] = []
                known.append((endings, number))
        return number

    def __missing__(self, word: str) -> _Begins:
        found: list[int] = []
        stems = self._stems
        for length in self._lengths.get(word[:HEAD], SHORT):
            stem = word[:length]
            if stem in stems:
                found.append(-length)
                for endings, number in stems[stem]:
                    if endings is None or word[length:] in endings:
                        found.append(number)
        begins = _NOTHING
        if found:
            # The forms of one word mostly begin the same.
            alike = tuple(found)
            known = self._alike.get(alike)
            if known is None:
                known = self._alike[alike] = self._begins(found)
            begins = known
        if len(self) > _REMEMBERED:
            self.clear()
        self[word] = begins
        return begins

    def _begins(self, found: Sequence[int]) -> _Begins:
        """What a word begins that has these forms; a negative number is the length of the stems of those behind it."""
        alone: set[int] = set()
        longer: dict[int, None] = {}
        together: list[int] = []
        for number in (*found, -1):
            if number >= 0:
                together += self._served[number]
                continue
            for term in sorted(together):
                if term in self._following:
                    longer[term] = None
                else:
                    alone.update(self._slots[term])
            together.clear()
        second = self._seconds.intersection(found)
        if not alone and not longer and not second:
            return _NOTHING
        followed: dict[int, list[_Longer]] = {}
        for order, term in enumerate(longer):
            row = order, self._rests[term], frozenset(self._slots[term])
            followed.setdefault(self._following[term], []).append(row)
        return frozenset(alone), frozenset(followed), followed, second


class TermIndex:
    """Finds terms among the words of a sentence; each term carries the numbers of the slots it serves."""

    def __init__(self) -> None:
        self._beginnings = _Beginnings()
        self._waiting: list[tuple[tuple[Term, ...], int]] = []

    def add(self, term: Term, slot: int) -> None:
        """Let `term` serve `slot`; it is put in its place when the first word is looked up."""
        self._waiting.append(((term,), slot))

    def add_all(self, terms: tuple[Term, ...], slot: int) -> None:
        """Let each of `terms` serve `slot`."""
        self._waiting.append((terms, slot))

    def _settle(self) -> None:
        """Put in place what was added."""
        waiting, self._waiting = self._waiting, []
        self._beginnings.settle(waiting)

    def __len__(self) -> int:
        self._settle()
        return self._beginnings.terms()

    def find(self, words: Sequence[str], joined: Sequence[bool]) -> list[tuple[int, int, int]]:
        """(slot, first word, past last word) of every term; `joined[i]` says whether word i follows i-1 directly."""
        return [(slot, first, last) for slot, spans in self.spans(words, joined).items() for first, last in spans]

    def spans(
        self,
        words: Sequence[str],
        joined: Sequence[bool],
        into: dict[int, list[Span]] | None = None,
        wanted: frozenset[int] | None = None,
    ) -> dict[int, list[Span]]:
        """Where each slot is filled, or each of `wanted`, the earliest first; added to `into` where one is given."""
        if self._waiting:
            self._settle()
        found: dict[int, list[Span]] = {} if into is None else into
        row = list(map(self._beginnings.__getitem__, words))
        row.append(_NOTHING)
        for first, begins in enumerate(row):
            if begins is _NOTHING:
                continue
            alone, seconds, longer, _ = begins
            if alone:
                span = (first, first + 1)
                for slot in alone if wanted is None else alone & wanted:
                    if slot in found:
                        found[slot].append(span)
                    else:
                        found[slot] = [span]
            if seconds:
                following = row[first + 1][3]
                if following and not seconds.isdisjoint(following):
                    rows = [one for form in seconds & following for one in longer[form]]
                    _stand(sorted(rows, key=_order) if len(rows) > 1 else rows, first, words, joined, found, wanted)
        return found


def _order(row: _Longer) -> int:
    return row[0]


def _stand(
    rows: Sequence[_Longer],
    first: int,
    words: Sequence[str],
    joined: Sequence[bool],
    found: dict[int, list[Span]],
    wanted: frozenset[int] | None,
) -> None:
    """Note those of these terms that stand whole, their first word at `first` and their second behind it."""
    if not joined[first + 1]:
        return
    for _, rest, slots in rows:
        if wanted is not None and slots.isdisjoint(wanted):
            continue
        at = first + 2
        if at + len(rest) > len(words):
            continue
        for forms in rest:
            if not joined[at] or not matches(forms, words[at]):
                break
            at += 1
        else:
            span = (first, at)
            for slot in slots:
                if slot in found:
                    found[slot].append(span)
                else:
                    found[slot] = [span]


def match_pattern(
    pattern: Pattern, spans: Mapping[int, Sequence[Span]], joined: Sequence[bool]
) -> tuple[Span, ...] | None:
    """The slots' spans of the fullest, then tightest arrangement of `pattern`, or None."""
    present = spans.keys()
    if not present >= pattern.required:
        return None
    for variant, needed in zip(pattern.variants, pattern.needed, strict=True):
        if not present >= needed:
            continue
        best: tuple[Span, ...] | None = None
        width = 0
        rows = [_sequences(part, spans, joined) for part in variant]
        for choice in product(*rows) if all(rows) else ():
            taken = tuple(span for row in choice for span in row)
            start, end = min(span[0] for span in taken), max(span[1] for span in taken)
            if len(choice) > 1:
                inside = sum(row[-1][1] - row[0][0] for row in choice)
                if end - start - inside > pattern.window or _overlap(choice):
                    continue
            if best is None or end - start < width:
                best, width = taken, end - start
        if best is not None:
            return best
    return None


def _overlap(choice: Iterable[tuple[Span, ...]]) -> bool:
    """Whether two parts claim one word."""
    taken: set[int] = set()
    for row in choice:
        words = {at for start, end in row for at in range(start, end)}
        if taken & words:
            return True
        taken |= words
    return False


def _sequences(
    part: Sequence[Step], spans: Mapping[int, Sequence[Span]], joined: Sequence[bool]
) -> list[tuple[Span, ...]]:
    """One tightest run for each place where the first slot stands."""
    rows = []
    for first in spans[part[0].slot]:
        row = _continue((first,), part, 1, spans, joined)
        if row is not None:
            rows.append(row)
    return rows


def _continue(
    row: tuple[Span, ...], part: Sequence[Step], at: int, spans: Mapping[int, Sequence[Span]], joined: Sequence[bool]
) -> tuple[Span, ...] | None:
    if at == len(part):
        return row
    step, end = part[at], row[-1][1]
    for span in spans[step.slot]:
        between = span[0] - end
        if between < 0 or between > step.gap:
            continue
        if step.gap == 0 and not joined[span[0]]:
            continue
        found = _continue((*row, span), part, at + 1, spans, joined)
        if found is not None:
            return found
    return None
