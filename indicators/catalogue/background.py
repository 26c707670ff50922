"""How often the words that the wording hangs on occur in ordinary news: an anchor that fires often is no anchor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from feeds.model import Item
from indicators.catalogue.folding import fold
from indicators.catalogue.knowledge import Catalogue
from indicators.catalogue.lexicon import Rule
from indicators.catalogue.words import WORD, TermIndex, bare

OFTEN = 0.005
"""An anchor in more than this share of the items of its language is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A single word that a rule hangs on: its rarest part, or all of it."""

    word: str
    rule: Rule
    rules: int
    """How many rules hang on it."""
    items: int
    of: int
    alone: bool
    """Whether the word is enough for the rule."""

    @property
    def rate(self) -> float:
        """The share of items that hold it."""
        return self.items / self.of

    def __str__(self) -> str:
        more = f" and {self.rules - 1} rules more" if self.rules > 1 else ""
        enough = "; it is enough alone, so ask for a second word" if self.alone else ""
        return (
            f"{self.rule.file}:{self.rule.line}: {self.word!r} ({self.rule.id}{more}) is in {self.rate:.2%} "
            f"of {self.of} items{enough}"
        )


def frequent(catalogue: Catalogue, items: Iterable[Item], *, over: float = OFTEN) -> list[Anchor]:
    """The single-word anchors in more than `over` of the items of their language, the most frequent first."""
    lexicon = catalogue.lexicon
    indexes: dict[str, TermIndex] = {}
    shown: dict[tuple[str, int], str] = {}
    slots: dict[int, list[int]] = {}
    for slot in sorted({slot for rule in lexicon.rules for slot in rule.pattern.required}):
        lang = lexicon.slot_lang[slot]
        for term in lexicon.slot_terms[slot]:
            if len(term) == 1:
                number = id(term)
                if (lang, number) not in shown:
                    shown[lang, number] = "|".join(stem + ("*" if ends is None else "") for stem, ends in term[0][:3])
                    indexes.setdefault(lang, TermIndex()).add(term, number)
                slots.setdefault(slot, []).append(number)
    seen: dict[str, Counter[int]] = {lang: Counter() for lang in indexes}
    read: Counter[str] = Counter()
    for item in items:
        words = sorted({bare(word) for word in WORD.findall(fold(item.body).text)})
        for lang, index in indexes.items():
            if item.lang in (lang, ""):
                read[lang] += 1
                seen[lang].update(index.spans(words, [False] * len(words)).keys())
    found: dict[tuple[str, int], Anchor] = {}
    hanging: Counter[tuple[str, int]] = Counter()
    for rule in lexicon.rules:
        tally = seen.get(rule.lang, Counter())
        anchor = min(
            rule.pattern.required, key=lambda slot: (sum(tally[number] for number in slots.get(slot, ())), slot)
        )
        alone = any(len(variant) == 1 and len(variant[0]) == 1 for variant in rule.pattern.variants)
        for number in dict.fromkeys(slots.get(anchor, ())):
            if read[rule.lang] and tally[number] > over * read[rule.lang]:
                key = rule.lang, number
                hanging[key] += 1
                if key not in found or (alone and not found[key].alone):
                    found[key] = Anchor(
                        word=shown[key],
                        rule=rule,
                        rules=0,
                        items=tally[number],
                        of=read[rule.lang],
                        alone=alone,
                    )
    anchors = [
        Anchor(word=one.word, rule=one.rule, rules=hanging[key], items=one.items, of=one.of, alone=one.alone)
        for key, one in found.items()
    ]
    return sorted(anchors, key=lambda one: (-one.rate, one.rule.id))
