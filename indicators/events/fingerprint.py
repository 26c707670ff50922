"""An item's text as a set of sentence hashes: what survives a new headline, a dateline, a cut and a footer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

from feeds.model import Item

WORDS_IN_A_SENTENCE = 4
"""Shorter fragments ('Read more.', 'Photo: agency') say nothing of descent."""

# A full stop ends a sentence only before a space; a line end always does.
_SENTENCE = re.compile(r"[^\n.!?…]+(?:[.!?…]+(?![\s\n])[^\n.!?…]+)*")
_WORD = re.compile(r"[^\W_]+")
_GROUPED_DIGITS = re.compile(r"(?<=\d)[ ,.'\u00a0\u202f\u2009](?=\d{3}(?!\d))")
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+")
_APOSTROPHE = re.compile("['’ʼ`´‘]")
# 'MINSK, Dec 13 (Reuters) - ', 'Минск. 13 декабря. INTERFAX.RU - ', 'МИНСК, 13 дек — РИА Новости. '
_DATELINE = re.compile(r"\A\s*(?P<head>[^\n]{2,70}?)\s[-–—]{1,2}\s")
_AGENCY_END = re.compile(r"\A(?:[A-ZА-ЯЁІЇЄЎҐ][\w-]*\s?){1,3}\.\s")
_CAPITALS = re.compile(r"\b[A-ZА-ЯЁІЇЄЎҐ]{3,}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence: its hash, its length in words, and where it stands in the item's body."""

    digest: int
    words: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What of an item can be found again in another."""

    sentences: tuple[Sentence, ...]
    """Distinct sentences, in order of first appearance."""
    sketch: frozenset[int]
    """Short hashes of the distinct words of those sentences; only for comparing two texts that already share one."""
    halves: tuple[int, ...]
    """For a short item: hashes of each half of each sentence with all its numbers, so one changed word is found."""
    headline: bool
    """True when the headline is all there is, or the text only says it again."""

    @property
    def words(self) -> int:
        """Words in all sentences together."""
        return sum(sentence.words for sentence in self.sentences)

    @property
    def digests(self) -> frozenset[int]:
        """The set of sentence hashes."""
        return frozenset(sentence.digest for sentence in self.sentences)


def fold(text: str) -> list[str]:
    """The words of a text as they are compared: lower case, one spelling of ё and of apostrophes, numbers whole."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    lowered = text.lower()
    if "ё" in lowered:
        lowered = lowered.replace("ё", "е")
    lowered = _APOSTROPHE.sub("", lowered)
    return _WORD.findall(_GROUPED_DIGITS.sub("", lowered))


def sentence_digest(words: list[str]) -> int:
    """A 64-bit hash of folded words, the same in every process and on every machine."""
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=8).digest())


def fingerprint(item: Item) -> Fingerprint:
    """The fingerprint of an item: of its text, and of its headline only where the text has no full sentence."""
    offset = len(item.title) + 2 if item.title else 0
    found = _sentences(item.text, offset)
    headline = not found or (bool(item.title) and sum(len(words) for words, _, _ in found) < 2 * WORDS_IN_A_SENTENCE)
    if headline:
        # Nothing but a headline, or a teaser of fragments: take every word there is, as one sentence.
        words = fold(_LINK.sub(" ", item.body))
        found = [(words, 0, len(item.body))] if words else []
    seen: dict[int, Sentence] = {}
    sketch: set[int] = set()
    halves: list[int] = []
    short = len(found) <= 2
    for words, start, end in found:
        digest = sentence_digest(words)
        if digest in seen:
            continue
        seen[digest] = Sentence(digest=digest, words=len(words), start=start, end=end)
        sketch.update([crc32(word.encode()) & 0xFFFF for word in words])
        if short and len(words) >= 8:
            halves.extend(_halves(words))
    return Fingerprint(
        sentences=tuple(seen.values()), sketch=frozenset(sketch), halves=tuple(halves), headline=headline
    )


def _sentences(text: str, offset: int) -> list[tuple[list[str], int, int]]:
    """Folded words and place of every sentence that is long enough to mean something."""
    begin = _after_dateline(text)
    linked = "http" in text or "t.me/" in text or "www." in text
    found = []
    for match in _SENTENCE.finditer(text, begin):
        raw = match.group()
        words = fold(_LINK.sub(" ", raw) if linked else raw)
        if len(words) >= WORDS_IN_A_SENTENCE:
            found.append((words, offset + match.start(), offset + match.end()))
    return found


def _after_dateline(text: str) -> int:
    """Where the text begins once place, date and agency are passed over."""
    match = _DATELINE.match(text)
    if match is None:
        return 0
    head = match["head"]
    if not ("(" in head or _CAPITALS.search(head) or any(sign.isdigit() for sign in head)):
        return 0
    agency = _AGENCY_END.match(text[match.end() : match.end() + 60])
    return match.end() + (agency.end() if agency else 0)


def _halves(words: list[str]) -> tuple[int, int]:
    """Hashes of the first and the second half; all numbers go into both, for a changed number is no reprint."""
    numbers = [word for word in words if word.isdigit()]
    middle = len(words) // 2
    return (
        sentence_digest(["first", *numbers, "of", *words[:middle]]),
        sentence_digest(["second", *numbers, "of", *words[middle:]]),
    )
