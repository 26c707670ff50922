"""Posts that sum up a day, told apart into their parts: each is a publication of its own, beside what frames them.

A digest is declared (`digest: true` in the feed's entry) or told by itself, and then only where little doubt is left:
at least four whole statements behind marks of one kind, under a heading that calls itself a digest or each behind its
hour. A list of figures, or of one speaker's points, stays whole: its parts mean nothing without each other.

What identifies a part is never its place, for a line put in between would move all that follow. It is the hour it
names, else its first words. An edit further on is an edit of that part; one of its first words makes it another part,
which the words that remain lead back to the same event. The post itself stays, with what stands around its parts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from feeds.parsing.document import Draft

DECLARED_PARTS, TOLD_PARTS = 2, 4
"""Parts that a declared digest needs, and one that only looks like one."""
SHORTEST_STATEMENT = 30
"""Characters of a part that says something by itself."""
LEAD_WORDS = 5
DECLARED_PARAGRAPHS = 3
"""Paragraphs that a declared digest without any marks needs beside its heading: a staff's bulletin has none."""
_HOUR, _NUMBER, _SIGN, _PARAGRAPH = "hour", "number", "sign", "paragraph"
_CLOCK = re.compile(r"\W{0,4}(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)(?!\d|[.:]\d)\s*[-–—:|.]?\s+(?=\S)")
_COUNTED = re.compile(r"\(?(?P<number>\d{1,2})(?:[.)]|\ufe0f?\u20e3)\s*(?=[^\W\d]|[«\"“])")
_CALLED = re.compile(
    r"\b(?:дайджест\w*|сводк[аиу]|зведенн\w+|зводк[аі]|підсумк\w+|итоги|вынікі|хроник[аи]|хронік[аи]|хроніка|обзор|"
    r"огляд|агляд|главное за|головне за|галоўнае за|коротко о главном|"
    r"оперативн\w+ (?:інформац\w+|информац\w+|обстановк\w+)|digest|round-?up|recap|timeline|daily summary|"
    r"day in brief|evening summary|morning summary|situation report|sitrep|"
    r"podsumowanie|przegląd|suvestinė)\b",
    re.IGNORECASE,
)
_HEADING = 240
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One statement of a digest."""

    key: str
    """What identifies it within its post, over edits and over other parts that come or go."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    kind: str
    value: str
    length: int


def split(draft: Draft, *, declared: bool | None) -> tuple[str, tuple[Part, ...]]:
    """What stands around the parts of a digest, and its parts; the whole text and none where it is no digest.

    `declared` is what the feed's entry says of its posts: yes, no, or nothing.
    """
    if declared is False:
        return draft.text, ()
    lines = draft.text.split("\n")
    kind, starts = _starts(lines)
    if declared and len(starts) < DECLARED_PARTS and _CALLED.search(f"{draft.title}\n{lines[0]}"[:_HEADING]):
        # A statement has paragraphs too: only under a heading that says so are they parts.
        kind, starts = _PARAGRAPH, _paragraphs(lines)
    if len(starts) < (DECLARED_PARTS if declared else TOLD_PARTS):
        return draft.text, ()
    end = _end(lines, starts)
    bounds = [*starts, end]
    texts = [_joined(lines[start:stop], kind) for start, stop in pairwise(bounds)]
    before = "\n".join(lines[: starts[0]]).strip()
    if not declared and not _is_told(f"{draft.title}\n{before}"[-_HEADING:], kind, texts):
        return draft.text, ()
    around = "\n\n".join(part for part in (before, "\n".join(lines[end:]).strip()) if part)
    return around, tuple(_named(texts, [lines[start] for start in starts], kind))


def apart(draft: Draft, identity: str, *, declared: bool | None) -> Iterator[tuple[Draft, str]]:
    """The draft with its identity; of a digest the post without its parts, and each part as a draft of its own."""
    around, parts = split(draft, declared=declared)
    if not parts or around or draft.title:
        yield replace(draft, text=around), identity
    for part in parts:
        url = f"{draft.url.partition('#')[0]}#{part.key}" if draft.url else ""
        yield replace(draft, title="", text=part.text, url=url), f"{identity}#{part.key}"


def _starts(lines: Sequence[str]) -> tuple[str, list[int]]:
    """The lines at which parts begin: those behind the kind of mark that opens most of them."""
    marks = [(number, mark) for number, line in enumerate(lines) if (mark := _mark(line)) is not None]
    best: tuple[str, list[int]] = ("", [])
    for kind in (_HOUR, _NUMBER, _SIGN):
        of_kind = [(number, mark) for number, mark in marks if mark.kind == kind]
        if kind == _NUMBER:
            of_kind = _counting(of_kind)
        elif kind == _SIGN and of_kind:
            # One sign before most of them, or a sign of its own before each; the odd one belongs to its neighbour.
            sign, times = Counter(mark.value for _, mark in of_kind).most_common(1)[0]
            of_kind = [(n, mark) for n, mark in of_kind if mark.value == sign] if 2 * times > len(of_kind) else of_kind
        if len(of_kind) > len(best[1]):
            best = kind, [number for number, _ in of_kind]
    return best


def _paragraphs(lines: Sequence[str]) -> list[int]:
    """Where paragraphs begin that say something, the first of them being the heading."""
    starts = [
        number
        for number, line in enumerate(lines)
        if len(line) >= SHORTEST_STATEMENT and (not number or not lines[number - 1].strip())
    ][1:]
    return starts if len(starts) >= DECLARED_PARAGRAPHS else []


def _counting(marks: Sequence[tuple[int, _Mark]]) -> list[tuple[int, _Mark]]:
    """Those marks that count 1, 2, 3; another number at a line's beginning is a figure."""
    counted: list[tuple[int, _Mark]] = []
    for number, mark in marks:
        if mark.value == str(len(counted) + 1):
            counted.append((number, mark))
    return counted


def _mark(line: str) -> _Mark | None:
    stripped = line.lstrip()
    skipped = len(line) - len(stripped)
    if (clock := _CLOCK.match(stripped)) is not None:
        value = f"{int(clock['hour']):02}{clock['minute']}"
        return _Mark(kind=_HOUR, value=value, length=skipped + clock.end())
    if (counted := _COUNTED.match(stripped)) is not None:
        return _Mark(kind=_NUMBER, value=str(int(counted["number"])), length=skipped + counted.end())
    sign = _sign(stripped)
    return _Mark(kind=_SIGN, value=sign.rstrip("\ufe0f"), length=skipped + len(sign)) if sign else None


def _sign(line: str) -> str:
    """The bullet, dash or picture that a line begins with."""
    length = 0
    while length < len(line) and length < 8 and _is_sign(line[length], dash=not length):
        length += 1
    if not length or length >= len(line) or (line[0] in "-–—" and line[1] != " "):
        return ""
    rest = line[length:].lstrip()
    return line[:length] if rest and (rest[0].isalnum() or rest[0] in "«\"“'(#@") else ""


def _is_sign(character: str, *, dash: bool) -> bool:
    if character in "•·‣◦*" or (dash and character in "-–—"):
        return True
    return character in "\ufe0f\u200d" or unicodedata.category(character) in ("So", "Sk")


def _end(lines: Sequence[str], starts: Sequence[int]) -> int:
    """Where the last part ends: at the blank line behind its first paragraph, as long as the others have one each."""
    if len(starts) == 1:
        return len(lines)
    several = any("" in [line.strip() for line in lines[a : b - 1]] for a, b in pairwise(starts))
    for number in range(starts[-1] + 1, len(lines)):
        if not lines[number].strip() and not several:
            return number
    return len(lines)


def _joined(lines: Sequence[str], kind: str) -> str:
    mark = _mark(lines[0])
    first = lines[0][mark.length if mark is not None and mark.kind == kind else 0 :].strip()
    return "\n".join([first, *lines[1:]]).strip()


def _is_told(heading: str, kind: str, texts: Sequence[str]) -> bool:
    """True where a post is a digest beyond doubt, though nobody declared it."""
    if any(len(text) < SHORTEST_STATEMENT or len(_WORD.findall(text)) < LEAD_WORDS for text in texts):
        return False
    return kind == _HOUR or _CALLED.search(heading) is not None


def _named(texts: Sequence[str], lines: Sequence[str], kind: str) -> Iterator[Part]:
    taken: Counter[str] = Counter()
    for text, line in zip(texts, lines, strict=True):
        if not text:
            continue
        mark = _mark(line)
        key = f"t{mark.value}" if kind == _HOUR and mark is not None else _lead(text)
        taken[key] += 1
        yield Part(key=key if taken[key] == 1 else f"{key}-{taken[key]}", text=text)


def _lead(text: str) -> str:
    words = _WORD.findall(text)[:LEAD_WORDS] or [text]
    return "p" + hashlib.blake2b(" ".join(words).casefold().encode(), digest_size=5).hexdigest()
