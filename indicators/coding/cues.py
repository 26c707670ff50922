"""A language's own words, compiled: how statements are put, days, numbers, units, prepositions, voices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from indicators.catalogue import Language
from indicators.catalogue.words import Pattern, Span, TermIndex, Words, compile_pattern, match_pattern, parse_term

Kind = tuple[str, Any]
Found = Mapping[Kind, Sequence[Span]]


class Cues:
    """The words of one language that mean the same for any problem."""

    def __init__(self, language: Language) -> None:
        self.code = language.code
        self.negation_reach = language.file.cues.negation_reach
        self.at_endings = tuple(language.file.roles.at_endings)
        self.abbreviations = frozenset(word.lower() for word in language.file.abbreviations)
        self.common = frozenset(language.file.common)
        self._endings = language.endings
        numbers = language.file.numbers
        self.numbers = tuple(
            parse_term(source, language.endings) for source in (*numbers.words, *numbers.multipliers, *numbers.vague)
        )
        self._index = TermIndex()
        self._slots: dict[Any, int] = {}
        self._meaning: dict[int, tuple[list[Kind], list[tuple[Kind, Pattern]]]] = {}
        """For each slot, the kinds it is alone, and the patterns that are sought where it is filled."""
        for kind, source in _entries(language):
            self._add(kind, source)

    def _slot(self, terms: Any) -> int:
        number = self._slots.get(terms)
        if number is None:
            number = self._slots[terms] = len(self._slots) + 1
            self._meaning[number] = ([], [])
            for term in terms:
                self._index.add(term, number)
        return number

    def _add(self, kind: Kind, source: str) -> None:
        pattern = compile_pattern(
            source, endings=self._endings, classes={}, slot=self._slot, number_slot=0, within=None
        )
        only = pattern.variants[0]
        if len(pattern.variants) == 1 and len(only) == 1 and len(only[0]) == 1:
            kinds = self._meaning[only[0][0].slot][0]
            if kind not in kinds:
                kinds.append(kind)
        else:
            key = next(iter(pattern.variants[0]))[0].slot if len(pattern.variants) == 1 else min(pattern.required)
            self._meaning[key][1].append((kind, pattern))

    def find(self, words: Words) -> dict[Kind, list[Span]]:
        """Where each kind of word stands in a sentence; a longer reading of a kind replaces the shorter it contains."""
        spans = self._index.spans(words.words, words.joined)
        present = spans.keys()
        found: dict[Kind, list[Span]] = {}
        for slot, places in spans.items():
            kinds, several = self._meaning[slot]
            for kind in kinds:
                if kind in found:
                    found[kind] += places
                else:
                    found[kind] = [*places]
            for kind, pattern in several:
                if present >= pattern.required:
                    for taken in _each(pattern, spans, words.joined):
                        found.setdefault(kind, []).append(taken)
        for kind, places in found.items():
            if len(places) > 1:
                found[kind] = sorted(set(places))
        return found


def _each(pattern: Pattern, spans: Mapping[int, Sequence[Span]], joined: Sequence[bool]) -> Iterator[Span]:
    """Every place where a pattern stands, by moving on past each find."""
    remaining: dict[int, Sequence[Span]] = {
        step.slot: spans.get(step.slot, ()) for variant in pattern.variants for part in variant for step in part
    }
    for _ in range(50):
        present = {slot: places for slot, places in remaining.items() if places}
        taken = match_pattern(pattern, present, joined)
        if taken is None:
            return
        start, end = min(span[0] for span in taken), max(span[1] for span in taken)
        yield start, end
        remaining = {slot: [span for span in places if span[0] > start] for slot, places in remaining.items()}


def _entries(language: Language) -> Iterator[tuple[Kind, str]]:
    """Every word of a language file with what it stands for."""
    file = language.file
    for section, part in (("cue", file.cues), ("voice", file.attribution), ("role", file.roles)):
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, tuple):
                yield from (((section, name.rstrip("_")), source) for source in value)
    dates = file.dates
    for name in type(dates).model_fields:
        value = getattr(dates, name)
        for at, inner in enumerate(value):
            if isinstance(inner, tuple):
                yield from (((name, at), source) for source in inner)
            else:
                yield ("date", name), inner
    numbers = file.numbers
    yield from ((("number", value), source) for source, value in numbers.words.items())
    yield from ((("times", value), source) for source, value in numbers.multipliers.items())
    yield from ((("vague", value), source) for source, value in numbers.vague.items())
    for name in ("about", "more_than", "up_to", "range", "single"):
        yield from ((("amount", name), source) for source in getattr(numbers, name))
    for unit, sources in file.units.items():
        yield from ((("unit", unit), source) for source in sources)
    yield from ((("page", "furniture"), source) for source in file.furniture)
    yield from ((("page", "caption"), source) for source in file.captions)
    yield from ((("page", "furniture_after"), source) for source in file.furniture_after)


def under(found: Found, section: str) -> Iterator[tuple[Any, Span]]:
    """Every find of a section, such as ('unit', ...), with its value."""
    for (kind, value), places in found.items():
        if kind == section:
            for place in places:
                yield value, place
