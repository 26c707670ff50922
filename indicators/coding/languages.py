"""In which of the catalogue's languages a text is to be read; none where it is in another."""

from __future__ import annotations

import re
from collections.abc import Mapping

from indicators.catalogue.words import words_of
from indicators.coding.cues import Cues

_CYRILLIC = re.compile("[\u0400-\u052f]")
_LATIN = re.compile("[a-z]")
_OTHER_LATIN = re.compile("[àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿąćęłńśźżščřžěůďťňőűğışțșăāēīūķļņģœß]")
_WORDS_OF_OTHERS = frozenset(
    [
        "und",
        "der",
        "die",
        "das",
        "den",
        "mit",
        "für",
        "von",
        "nicht",
        "auf",
        "ist",
        "im",
        "ein",
        "eine",
        "zu",
        "sich",
        "w",
        "na",
        "z",
        "się",
        "nie",
        "że",
        "jest",
        "przez",
        "oraz",
        "le",
        "la",
        "les",
        "des",
        "et",
        "du",
        "dans",
        "pour",
        "sur",
        "que",
        "est",
        "un",
        "une",
        "el",
        "los",
        "las",
        "del",
        "por",
        "con",
        "para",
        "il",
        "di",
        "che",
        "per",
        "non",
        "een",
        "het",
        "van",
        "en",
        "op",
        "te",
        "ir",
        "su",
    ]
)
_NOT_RU = frozenset("іїєўґ")
_NOT_UK = frozenset("ыэъўё")
_NOT_BE = frozenset("ищъїє")


class Tongues:
    """The languages of a catalogue, told apart by script, letters and frequent words."""

    def __init__(self, cues: Mapping[str, Cues]) -> None:
        self.cues = cues

    def guess(self, text: str) -> str:
        """The language most of a text seems to be in, to settle its short sentences; empty where it cannot be told."""
        langs = self.spoken(text[:4000], "")
        return langs[0] if len(langs) == 1 and langs[0] != "en" else ""

    def declared(self, lang: str) -> tuple[str, ...]:
        """The languages an item may be read in: its own, any where it names none, none the catalogue lacks."""
        if lang in self.cues:
            return (lang,)
        code = lang.strip().lower().replace("_", "-").partition("-")[0]
        code = {"ua": "uk", "by": "be", "eng": "en", "rus": "ru", "ukr": "uk", "bel": "be"}.get(code, code)
        if code in ("", "und", "mul", "unknown", "none"):
            return tuple(self.cues)
        return (code,) if code in self.cues else ()

    def spoken(self, text: str, lang: str) -> tuple[str, ...]:
        """The languages to read a folded sentence in: by its script and letters, the item's own language first.

        `lang` with a question mark before it is only what the rest of the text leans to.
        """
        lean = lang[1:] if lang.startswith("?") else ""
        own = self.declared("" if lang.startswith("?") else lang)
        named = own[0] if len(own) == 1 else ""
        if named == "en" and (text.isascii() or (_LATIN.search(text) and not _CYRILLIC.search(text))):
            return own
        cyrillic = len(_CYRILLIC.findall(text))
        latin = len(_LATIN.findall(text))
        if latin > cyrillic:
            if "en" not in self.cues or (named and named != "en" and not self._english(text)):
                return ()
            return ("en",) if named == "en" or self._english(text) else ()
        wrong = dict.fromkeys((code for code in ("ru", "uk", "be") if code in self.cues), 0)
        for word in set(text.split()):
            if "ru" in wrong and not _NOT_RU.isdisjoint(word):
                wrong["ru"] += 1
            if "uk" in wrong and not _NOT_UK.isdisjoint(word):
                wrong["uk"] += 1
            if "be" in wrong and not _NOT_BE.isdisjoint(word):
                wrong["be"] += 1
        if not wrong:
            return ()
        least = min(wrong.values())
        best = [code for code, count in wrong.items() if count == least]
        if named in wrong:
            return (named, *(code for code in best if code != named and wrong[code] < wrong[named]))
        if len(best) > 1:
            words = text.split()
            common = {
                code: sum(word.strip(".,:;!?\"'()«»") in self.cues[code].common for word in words) for code in best
            }
            most = max(common.values())
            best = [code for code in best if common[code] == most]
        return (lean,) if lean in best else tuple(best)

    def _english(self, text: str) -> bool:
        words = words_of(text).words
        others = sum(word in _WORDS_OF_OTHERS for word in words)
        own = sum(word in self.cues["en"].common for word in words)
        if _OTHER_LATIN.search(text):
            others += 1
        return own > others or others == 0
