"""An item's text as a set of sentence hashes: what survives a new headline, a dateline, a cut and a footer."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from feeds.model import Item

WORDS_IN_A_SENTENCE = 4
"""Shorter fragments ('Read more.', 'Photo: agency') say nothing of descent."""
SHORT = 2
"""An item of so many sentences or fewer is compared half a sentence at a time."""

_RUN = re.compile(r"\S+")
_NO_WORD = re.compile(r"[\W_]+")
_GROUPED_DIGITS = re.compile(r"(?<=[0-9])[ ,.'\u00a0\u202f\u2009](?=[0-9]{3}(?![0-9]))")
_APOSTROPHE = re.compile("['’ʼ`´‘]")
_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*\Z")
_WHOLE = (".", "!", "?", '"', "'", "”", "’", "»", ")", "]")
# 'MINSK, Dec 13 (Reuters) - ', 'Минск. 13 декабря. INTERFAX.RU - ', 'МИНСК, 13 дек — РИА Новости. '
_DATELINE = re.compile(r"\A\s*(?P<head>[^\n]{2,70}?)\s[-–—]{1,2}\s")
_AGENCY_END = re.compile(r"\A(?:[A-ZА-ЯЁІЇЄЎҐ][\w-]*\s?){1,3}\.\s")
_CAPITALS = re.compile(r"\b[A-ZА-ЯЁІЇЄЎҐ]{3,}\b")


class Sentence(NamedTuple):
    """One sentence: its hash and length, and which words of the item it is."""

    digest: int
    words: int
    first: int
    """Number of its first word; see `spans`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What of an item can be found again in another."""

    sentences: tuple[Sentence, ...]
    """Distinct sentences, in order of first appearance."""
    sketch: array[int]
    """Checksums of the distinct words, signed as `_Checksums` gives them; to compare texts that share a sentence."""
    halves: tuple[int, ...]
    """For a short item: hashes of each half of each sentence with all its numbers, so one changed word is found."""
    headline: bool
    """True when the headline is all there is, or the text is less than a sentence."""

    @property
    def words(self) -> int:
        """Words in all sentences together."""
        return sum(sentence.words for sentence in self.sentences)

    @property
    def digests(self) -> frozenset[int]:
        """The set of sentence hashes."""
        return frozenset(sentence.digest for sentence in self.sentences)


class _Checksums(dict[str, int]):
    """A word's checksum by the run of signs it was written in, negative where that run ends a sentence.

    Remembered, because a few thousand runs make most of any day's news. 0 is a run without a word in it, and an
    address: every outlet links to itself.
    """

    LIMIT = 200_000

    def __missing__(self, run: str) -> int:
        if len(self) >= self.LIMIT:
            self.clear()
        word = "" if "://" in run or run.startswith(("www.", "t.me/")) else _plain(run)
        checksum = (crc32(word.encode()) & 0x7FFFFFFF or 1) if word else 0
        if _ENDS.search(run):
            checksum = -checksum
        self[run] = checksum
        return checksum


_CHECKSUMS = _Checksums()


def _plain(run: str) -> str:
    """What is left of a run of signs: one spelling of ё, no apostrophe, no punctuation."""
    run = unicodedata.normalize("NFC", run).replace("ё", "е")
    return _NO_WORD.sub(" ", _APOSTROPHE.sub("", _GROUPED_DIGITS.sub("", run))).strip()


def fold(text: str) -> list[str]:
    """The words of a text as they are compared: lower case, one spelling of ё and of apostrophes, numbers whole."""
    return [word for word in map(_plain, _GROUPED_DIGITS.sub("", text).lower().split()) if word]


def _checksums(text: str) -> list[int]:
    """The checksums of a text's words, in order."""
    return list(filter(None, map(_CHECKSUMS.__getitem__, text.lower().split())))


def fingerprint(item: Item) -> Fingerprint:
    """The fingerprint of an item: of its text, and of its headline only where the text has no full sentence."""
    text = item.text
    begin = _after_dateline(text)
    every: list[int] = []
    seen: dict[int, Sentence] = {}
    for line in (text[begin:] if begin else text).split("\n"):
        _read(line, every, seen)
    # What stands in fragments ('Mozyr: an explosion. Details are being clarified.') must not be passed over.
    headline = len(seen) <= SHORT and (
        sum(sentence.words for sentence in seen.values()) < max(2 * WORDS_IN_A_SENTENCE, 0.6 * len(every))
    )
    if headline:
        # Nothing but a headline, or a teaser of fragments: take every word there is, as one sentence.
        every = [abs(word) for word in _checksums(item.body)]
        digest = hash(tuple(every))
        seen = {digest: Sentence(digest, len(every), 0)} if every else {}
    elif len(every) > 12 and not text.rstrip().endswith(_WHOLE):
        # Cut off in the middle of a word, as a teaser is: half a word is no word.
        every.pop()
    if len(seen) > SHORT:
        return Fingerprint(sentences=tuple(seen.values()), sketch=array("i", set(every)), halves=(), headline=headline)
    return Fingerprint(
        sentences=tuple(seen.values()),
        sketch=array("i", set(every)),
        halves=_halves(item.body if headline else text[begin:], every, seen.values()),
        headline=headline,
    )


def _read(line: str, every: list[int], seen: dict[int, Sentence]) -> None:
    """Add the words and the sentences of a line, which always ends a sentence."""
    words = _checksums(line)
    if not words:
        return
    start = len(every)
    every += words
    words[-1] = -abs(words[-1])
    first = 0
    for last in [place for place, word in enumerate(words) if word < 0]:
        length = last + 1 - first
        if length >= WORDS_IN_A_SENTENCE:
            digest = hash((*words[first:last], -words[last]))
            if digest not in seen:
                seen[digest] = Sentence(digest, length, start + first)
        first = last + 1


def spans(item: Item, sentences: Collection[Sentence], *, headline: bool) -> tuple[tuple[int, int], ...]:
    """Where some sentences of an item's fingerprint stand in its body."""
    if headline:
        return ((0, len(item.body)),) if sentences else ()
    offset = len(item.title) + 2 if item.title else 0
    begin = _after_dateline(item.text)
    runs = [match.span() for match in _RUN.finditer(item.text, begin) if _CHECKSUMS[match.group().lower()]]
    found = []
    for sentence in sentences:
        last = min(sentence.first + sentence.words, len(runs)) - 1
        if sentence.first <= last:
            found.append((offset + runs[sentence.first][0], offset + runs[last][1]))
    return tuple(found)


def _halves(text: str, every: list[int], sentences: Collection[Sentence]) -> tuple[int, ...]:
    """Hashes of the first and the second half of each sentence; the item's numbers go into all, for they must agree."""
    numbers = sorted(crc32(word.encode()) for word in fold(text) if word.isdigit())
    found: list[int] = []
    for sentence in sentences:
        if sentence.words < 2 * WORDS_IN_A_SENTENCE:
            continue
        middle = sentence.first + sentence.words // 2
        first = map(abs, every[sentence.first : middle])
        second = map(abs, every[middle : sentence.first + sentence.words])
        found += [hash((1, *first, 0, *numbers)), hash((2, *second, 0, *numbers))]
    return tuple(found)


def _after_dateline(text: str) -> int:
    """Where the text begins once place, date and agency are passed over."""
    opening = text[:75]
    if " - " not in opening and " – " not in opening and " — " not in opening and " --" not in opening:
        return 0
    match = _DATELINE.match(text)
    if match is None:
        return 0
    head = match["head"]
    if not ("(" in head or _CAPITALS.search(head) or any(sign.isdigit() for sign in head)):
        return 0
    agency = _AGENCY_END.match(text[match.end() : match.end() + 60])
    return match.end() + (agency.end() if agency else 0)
