"""Folding: the one spelling in which words of the catalogue and words of a text are compared, with offsets kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Every apostrophe people type; in Ukrainian and Belarusian it is a letter of the word.
_APOSTROPHES = "\u2019\u02bc\u2018\u201b\u00b4\u02b9\u02bb\u2032`"
_SPACES = "\u00a0\u2007\u202f\u2002\u2003\u2009\u200a\u2028\u2029\n\r\t\x0b\x0c\x85"
# A Latin letter that looks like a Cyrillic one, typed by mistake or to slip past a filter.
HOMOGLYPHS = dict(zip("aceopxyiïhkmtbáéóýà", "асеорхуіїнкмтваеоуа", strict=True))
_CYRILLIC = "\u0400-\u052f"
_PLAIN_CYRILLIC = re.compile("[\u0430-\u044f\u0451\u0454\u0456\u0457\u045e\u0491]+")
_HAS_CYRILLIC = re.compile(f"[{_CYRILLIC}]")
# It is looked for from the beginning of a run of letters alone: from each letter, a long word would cost its square.
_MIXED_WORD = re.compile(
    rf"(?<![a-zïáéóýà{_CYRILLIC}])"
    rf"(?:[a-zïáéóýà]+[{_CYRILLIC}][a-zïáéóýà{_CYRILLIC}]*|[{_CYRILLIC}]+[a-zïáéóýà][a-zïáéóýà{_CYRILLIC}]*)"
)
# A lone look-alike before a number, as in a weapon's name: Latin C-300 in a Russian sentence.
_LONE_BEFORE_NUMBER = re.compile(r"(?<![^\W_])[aceopxktmb](?=[-\u2010-\u2014]\d)")
# Marks that change nothing a reader sees or compares: soft hyphen, zero-width and direction marks, variation selectors.
_DROPPED = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f]")
_COMBINING = re.compile("[\u0300-\u036f\u0483-\u0487]")
_NEEDS_MAP = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f\u0300-\u036f\u0483-\u0487]"
)
_RARE = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_SPACES, " "), "ё": "е", "ґ": "г", "ѐ": "е", "ѝ": "и"}
)
_OFTEN = [("\n", " "), ("\u2019", "'"), ("\u00a0", " "), ("\u0451", "\u0435")]
_RARE_PRESENT = re.compile(f"[{_APOSTROPHES}{_SPACES}ёґѐѝ]")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in folded spelling. `origin` maps each folded offset to the text's own; None when they are the same."""

    text: str
    origin: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that `text[start:end]` was made from."""
        if self.origin is None:
            return start, end
        if end <= start:
            return self.origin[start], self.origin[start]
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """`text` in lower case with look-alikes, apostrophes, ё, blanks and invisible marks made alike."""
    if text.isascii():
        return Folded(_alike(text.lower()))
    if _NEEDS_MAP.search(text):
        return _fold_with_map(text)
    return Folded(_fold_same_length(text))


@lru_cache(maxsize=1 << 15)
def fold_word(text: str) -> str:
    """`text` folded, where offsets do not matter: words of the catalogue."""
    if text.isascii():
        return text.lower()
    lowered = text.lower()
    if _PLAIN_CYRILLIC.fullmatch(lowered):
        return lowered.replace("\u0451", "\u0435").replace("\u0491", "\u0433")
    return fold(unicodedata.normalize("NFC", text)).text


def _fold_same_length(text: str) -> str:
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(_lower(character) for character in text)
    lowered = _alike(lowered)
    if _HAS_CYRILLIC.search(lowered):
        if _MIXED_WORD.search(lowered):
            lowered = _MIXED_WORD.sub(_to_cyrillic, lowered)
        lowered = _LONE_BEFORE_NUMBER.sub(_to_cyrillic, lowered)
    return lowered


def _alike(lowered: str) -> str:
    """The text with each of the rare signs as its common one; those met most are replaced one by one, the fast way."""
    for sign, common in _OFTEN:
        if sign in lowered:
            lowered = lowered.replace(sign, common)
    return lowered.translate(_RARE) if _RARE_PRESENT.search(lowered) else lowered


def _lower(character: str) -> str:
    """The small letter, or the character itself where the small form is longer (the dotted capital I)."""
    if character == "\u0130":
        return "i"
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def _to_cyrillic(found: re.Match[str]) -> str:
    return "".join(HOMOGLYPHS.get(letter, letter) for letter in found[0])


def _fold_with_map(text: str) -> Folded:
    """Fold a text with marks inside words: composed where a letter and its mark make one letter, else dropped."""
    letters: list[str] = []
    origin: list[int] = []
    for offset, character in enumerate(text):
        if _DROPPED.match(character):
            continue
        if _COMBINING.match(character):
            if letters:
                composed = unicodedata.normalize("NFC", letters[-1] + character)
                if len(composed) == 1:
                    letters[-1] = composed
            continue
        letters.append(character)
        origin.append(offset)
    folded = _fold_same_length("".join(letters))
    return Folded(folded, (*origin, len(text)))
