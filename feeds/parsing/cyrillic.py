"""Which of the old Cyrillic character sets some bytes are in, when nothing declares it or what does is wrong."""

from __future__ import annotations

import re

_SETS = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5")
# Letters with the share that each has of running text in Russian, Ukrainian and Belarusian, in tenths of a per cent.
_USUAL = dict(zip("оеаинтсрвлкмдпуязыбгчіьйхжюш", range(100, 16, -3), strict=True))
_WORD = re.compile(rb"[\x80-\xff]+")
_LETTERS = re.compile("[а-яёіїєґў]", re.IGNORECASE)
_SAMPLE = 40_000
_FEWEST = 12
"""Letters beyond ASCII that a guess needs."""
_LONE = 0.35
"""The share of letters that stand alone beyond ASCII: accents among Latin letters do, Cyrillic words do not."""


def cyrillic_set(content: bytes) -> str | None:
    """The character set in which these bytes read as Cyrillic words; None where they look like accented Latin."""
    runs = _WORD.findall(content[:_SAMPLE])
    beyond = sum(map(len, runs))
    if beyond < _FEWEST or sum(len(run) <= 2 for run in runs) > _LONE * len(runs):
        return None
    sample = b" ".join(runs)
    scores = {name: _score(sample.decode(name, "replace")) for name in _SETS}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] > 0 else None


def _score(text: str) -> int:
    """How much this looks like words: usual letters speak for it, capitals inside words and other signs against."""
    score = 0
    for word in text.split():
        score += sum(_USUAL.get(letter, 10) for letter in word if _LETTERS.match(letter) and letter.islower())
        score -= sum(120 for letter in word[1:] if letter.isupper())
        score -= sum(150 for letter in word if not _LETTERS.match(letter))
    return score
