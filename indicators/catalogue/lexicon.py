"""The wording of a problem: rules in each language, compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from indicators.catalogue.folding import fold
from indicators.catalogue.schema import LexiconFile
from indicators.catalogue.words import (
    NUMBER,
    Pattern,
    PatternError,
    Term,
    TermIndex,
    WordForms,
    compile_pattern,
    match_pattern,
    parse_terms,
    words_of,
)
from indicators.catalogue.yamlfile import YamlFile
from indicators.model.signal import Assertion

NUMBER_SLOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One wording of one family in one language."""

    id: str
    lang: str
    family: str
    indicator: str | None
    source: str
    pattern: Pattern
    unless: tuple[Pattern, ...]
    unless_sources: tuple[str, ...]
    numbered: bool
    """Whether the pattern asks for a number."""
    assertion: Assertion | None
    matches: tuple[str, ...]
    not_matches: tuple[str, ...]
    file: str
    line: int
    routine: str = ""
    """Why what it finds is never counted, or empty."""


class Lexicon:
    """All rules of a problem, and for each language the index that finds their words."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.indexes: dict[str, TermIndex] = {}
        self._slots: dict[tuple[str, tuple[int, ...]], int] = {}
        self._classes: dict[int, int] = {}
        self._compiled: dict[tuple[str, str, int | None], Pattern] = {}
        self.slot_terms: list[tuple[Term, ...]] = [()]
        self.slot_lang: list[str] = [""]

    def __len__(self) -> int:
        """How many different terms the rules use, over all languages."""
        return sum(map(len, self.indexes.values()))

    def slot(self, lang: str, terms: tuple[Term, ...]) -> int:
        """The number of the slot that any of `terms` fills in `lang`."""
        number = self._classes.get(id(terms))
        if number is not None and self.slot_terms[number] is terms and self.slot_lang[number] == lang:
            return number  # a class of words, met before
        key = (lang, tuple(map(id, terms)))
        number = self._slots.get(key)
        if number is None:
            number = self._slots[key] = self._classes[id(terms)] = len(self.slot_terms)
            self.slot_terms.append(terms)
            self.slot_lang.append(lang)
            self.indexes.setdefault(lang, TermIndex()).add_all(terms, number)
        return number

    def add_file(
        self,
        file: YamlFile,
        content: LexiconFile,
        *,
        stem: str,
        lang: str,
        endings: Mapping[str, tuple[str, ...]],
        shared: Mapping[str, tuple[Term, ...]],
        families: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Take in one wording file; what cannot be read is noted in `file`."""
        classes = {**shared, **read_classes(file, content, endings=endings, shared=shared)}
        everywhere: list[Pattern | None] | None = None
        for place, part in enumerate(content.rules):
            path = ("rules", place)
            family = part.family or content.family
            if family is None:
                file.add(path, "this rule has no family", "write family: at the top of the file or in the rule")
                continue
            indicator = part.indicator or (content.indicator if family == content.family else None)
            chosen = _indicator(family, indicator, families)
            if isinstance(chosen, PatternError):
                key = "indicator" if part.indicator else "family"
                file.add((*path, key) if getattr(part, key) else path, chosen.message, chosen.remedy)
                continue
            pattern = self._compile(file, (*path, "pattern"), part.pattern, lang, endings, classes, part.within)
            unless = [
                self._compile(file, (*path, "unless", at), source, lang, endings, classes, None)
                for at, source in enumerate(part.unless)
            ]
            if everywhere is None:
                everywhere = [
                    self._compile(file, ("unless", at), source, lang, endings, classes, None)
                    for at, source in enumerate(content.unless)
                ]
            unless += everywhere
            if not part.matches:
                file.add(path, "this rule has no example", "add matches: with at least one sentence the rule must find")
            if pattern is None or any(one is None for one in unless):
                continue
            self.rules.append(
                Rule(
                    id=f"{lang}/{stem}:{place + 1}",
                    lang=lang,
                    family=family,
                    indicator=chosen,
                    source=part.pattern,
                    pattern=pattern,
                    unless=tuple(one for one in unless if one is not None),
                    unless_sources=(*part.unless, *content.unless),
                    numbered=NUMBER in part.pattern,
                    routine=part.routine,
                    assertion=Assertion(part.assertion) if part.assertion else None,
                    matches=part.matches,
                    not_matches=part.not_matches,
                    file=file.name,
                    line=file.line((*path, "pattern")),
                )
            )

    def _compile(
        self,
        file: YamlFile,
        path: tuple[str | int, ...],
        source: str,
        lang: str,
        endings: Mapping[str, tuple[str, ...]],
        classes: Mapping[str, tuple[Term, ...]],
        within: int | None,
    ) -> Pattern | None:
        # What uses no class of its file means the same in every file of the language.
        key = (lang if "@" not in source else file.name, source, within)
        known = self._compiled.get(key)
        if known is not None:
            return known
        try:
            pattern = compile_pattern(
                source,
                endings=endings,
                classes=classes,
                slot=lambda terms: self.slot(lang, terms),
                number_slot=NUMBER_SLOT,
                within=within,
            )
        except PatternError as trouble:
            file.add(path, trouble.message, trouble.remedy)
            return None
        self._compiled[key] = pattern
        return pattern

    def finds(self, rule: Rule, text: str, number_words: TermIndex | None = None) -> bool:
        """Whether the wording of `rule` alone finds `text`, read as one sentence; how it is put plays no part."""
        words = words_of(fold(text).text)
        spans = self.indexes[rule.lang].spans(words.words, words.joined)
        numbers = [(at, at + 1) for at, word in enumerate(words.words) if word[0].isdigit()]
        if number_words is not None:
            numbers += [(first, last) for _, first, last in number_words.find(words.words, words.joined)]
        if numbers:
            spans[NUMBER_SLOT] = sorted(numbers)
        if match_pattern(rule.pattern, spans, words.joined) is None:
            return False
        return all(match_pattern(one, spans, words.joined) is None for one in rule.unless)

    def examples(self) -> Iterator[tuple[Rule, str, str, bool]]:
        """Every example of every rule: the rule, its language, the text, whether the rule must find it."""
        for rule in self.rules:
            for text in rule.matches:
                yield rule, rule.lang, text, True
            for text in rule.not_matches:
                yield rule, rule.lang, text, False


def read_classes(
    file: YamlFile,
    content: LexiconFile,
    *,
    endings: Mapping[str, tuple[str, ...]],
    shared: Mapping[str, tuple[Term, ...]],
) -> dict[str, tuple[Term, ...]]:
    """The word classes a file defines; a class may use those written before it and the shared ones."""
    classes: dict[str, tuple[Term, ...]] = {}
    known = dict(shared)
    for name, sources in content.words.items():
        # A language reads each term once, so that terms are told apart by what they are, not by what they hold.
        terms: dict[int, Term] = {}
        for at, source in enumerate(sources):
            try:
                for term in parse_terms(source, source, endings=endings, classes=known):
                    terms[id(term)] = term
            except PatternError as trouble:
                file.add(("words", name, at), trouble.message, trouble.remedy)
        classes[name] = known[name] = tuple(terms.values())
        if not terms:
            file.add(
                ("words", name), f"the class @{name} holds no word", "write at least one word, or take the class out"
            )
    return classes


def _indicator(
    family: str, indicator: str | None, families: Mapping[str, tuple[str, ...]]
) -> str | PatternError | None:
    """The indicator a rule serves; None for a family without one."""
    if family not in families:
        known = ", ".join(sorted(families))
        return PatternError(f"the family {family!r} is not known", f"use one of: {known}")
    serving = families[family]
    if indicator is not None:
        if indicator in serving:
            return indicator
        return PatternError(
            f"the indicator {indicator!r} is not of the family {family!r}",
            f"use one of: {', '.join(serving) or 'none'}",
        )
    if len(serving) > 1:
        return PatternError(
            f"the family {family!r} has several indicators", f"write indicator: with one of {', '.join(serving)}"
        )
    return serving[0] if serving else None


def rarity(forms: WordForms) -> int:
    """How rare a word is by its look: the length of its shortest stem."""
    return min(len(stem) for stem, _ in forms)


def key_place(term: Term) -> int:
    """The place of the word of a term that is rarest by its look."""
    return 0 if len(term) == 1 else max(range(len(term)), key=lambda place: rarity(term[place]))
