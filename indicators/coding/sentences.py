"""Sentences: where they begin and end, in the text's own offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A sentence longer than this is no sentence; it is read in stretches, so that nothing in it is lost.
LONGEST = 1200
_LINE = re.compile(r"[^\n\r\u2028\u2029\x0b\x0c\x85]+")
_END = re.compile(
    r"(?:[.!?\u2026]+[\"'\u2019\u201d\u00bb)\]]*|[?!]:)(?=\s+[\"'\u201c\u201e\u00ab(\[\u2014\u2013-]*\s*[^\W\d_]|\s+[\"\u201c\u00ab]?\d|\s+[^\w\s])|[;](?=\s)"
)
_LAST_WORD = re.compile(r"([^\W_]+(?:\.[^\W\d_]+)*)$")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One sentence: its offsets in the text, and the number of its line."""

    start: int
    end: int
    line: int


def split(text: str, abbreviations: frozenset[str]) -> list[Stretch]:
    """The sentences of `text`; lines part them always."""
    found: list[Stretch] = []
    for number, line in enumerate(_LINE.finditer(text)):
        for start, end in _in_line(text, line.start(), line.end(), abbreviations):
            begun, ended = _trim(text, start, end)
            if ended > begun:
                found.extend(Stretch(one, two, number) for one, two in _short(text, begun, ended))
    return found


def _in_line(text: str, start: int, end: int, abbreviations: frozenset[str]) -> Iterator[tuple[int, int]]:
    begun = start
    for mark in _END.finditer(text, start, end):
        if not _ends(text, begun, mark, abbreviations):
            continue
        yield begun, mark.end()
        begun = mark.end()
    yield begun, end


def _ends(text: str, begun: int, mark: re.Match[str], abbreviations: frozenset[str]) -> bool:
    """Whether a mark ends a sentence, or only an abbreviation or an initial."""
    sign = mark[0]
    following = text[mark.end() : mark.end() + 3].lstrip()[:1]
    if sign[0] != ".":
        # A question or exclamation inside quotation goes on when a small letter follows.
        return not following.islower() or sign == ";"
    if len(sign) > 1 and sign[1] == ".":
        return not following.islower()
    word = _LAST_WORD.search(text, max(begun, mark.start() - 24), mark.start())
    if word is None:
        return True
    lowered = word[1].lower()
    if lowered in abbreviations or lowered.rpartition(".")[2] in abbreviations:
        return False
    if len(lowered.rpartition(".")[2]) == 1 and lowered[-1].isalpha():
        return False
    return not following.islower()


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        cut = start + LONGEST if cut < 0 else cut
        begun, ended = _trim(text, start, cut)
        if ended > begun:
            yield begun, ended
        start, end = _trim(text, cut, end)
    if end > start:
        yield start, end
