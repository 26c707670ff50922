"""When it happened: weekdays, yesterday, named days and months, ranges; never after publication unless planned."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Found, under

_NUMERIC = re.compile(
    r"(?<!\d)(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)|(?<![\d.,])(\d{1,2})\.(0[1-9]|1[0-2])(?![\d.,]\d|\d)"
)
# Months that are also everyday English words count only beside a number or a preposition.
_UNSURE_BEFORE = frozenset(
    [
        "in",
        "of",
        "since",
        "until",
        "by",
        "from",
        "to",
        "early",
        "late",
        "mid",
        "last",
        "this",
        "during",
        "before",
        "after",
        "next",
    ]
)


_LAST_MONTH = 12
_SOON = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class When:
    """A day or range that a sentence names, the words that name it, and how it was read."""

    first: date
    last: date
    span: Span
    rule: str
    since: bool = False
    dated: bool = True
    """False for a month or day without a year: it may lie ahead where a plan is spoken of."""
    until: bool = False
    """It is an end: it dates nothing that has begun."""


def days_in(text: str, original: str, words: Words, found: Found, published: date) -> list[When]:
    """Every day or range a sentence names, as seen from the day of publication."""
    days: list[When] = []
    taken: set[int] = set()

    def add(
        first: date | None, last: date | None, span: Span, rule: str, *, since: bool = False, dated: bool = True
    ) -> None:
        if first is None or last is None or taken & set(range(*span)):
            return
        taken.update(range(*span))
        days.append(When(first, last, span, rule, since, dated))

    _numeric(text, words, published, add)
    _named_days(original, words, found, published, add)
    for kind, back in (("before_yesterday", 2), ("yesterday", 1), ("today", 0)):
        for span in found.get(("date", kind), ()):
            day = published - timedelta(days=back)
            add(day, day, span, kind.replace("_", " "))
    _ago(words, found, published, add)
    _weekdays(words, found, published, add)
    _periods(words, found, published, add)
    _years(words, published, found, add)
    return sorted((_ending(when, words, found, published) for when in days), key=lambda when: when.span)


def _ending(when: When, words: Words, found: Found, published: date) -> When:
    """The day as an end where "until" stands before it; without a year it is the nearest such day."""
    at = when.span[0] - 1
    while at > 0 and _is(found, ("date", "part_of"), at):
        at -= 1
    if at < 0 or not _is(found, ("date", "until"), at) or when.rule == "year ago":
        return when
    if when.dated:
        return replace(when, until=True)
    choices = []
    for year in (published.year - 1, published.year, published.year + 1):
        last = _day(year, when.last.month, when.last.day)
        if last is not None:
            choices.append(last)
    last = min(choices, key=lambda day: abs((day - published).days), default=when.last)
    return replace(when, first=min(when.first, last) if when.first.year == last.year else last, last=last, until=True)


def _numeric(text: str, words: Words, published: date, add: _Add) -> None:
    if not len(words):
        return
    for match in _NUMERIC.finditer(text, words.starts[0], words.ends[-1]):
        span = tuple(
            at for at in range(len(words)) if words.starts[at] < match.end() and match.start() < words.ends[at]
        )
        if not span:
            continue
        if match[4]:
            day = _day(int(match[4]), int(match[5]), int(match[6]))
        elif match[1]:
            year = int(match[3])
            day = _day(year + 2000 if year < 100 else year, int(match[2]), int(match[1]))
        else:
            day = _past(int(match[8]), int(match[7]), published)
        add(day, day, (span[0], span[-1] + 1), f"date {match[0]}")


def _named_days(  # noqa: PLR0912 - the orders in which days, months and years are written
    original: str, words: Words, found: Found, published: date, add: _Add
) -> None:
    """19 December, December 19, 13-19 December, from 13 to 19 December, with or without a year; a month alone."""
    months = {}
    for (kind, number), places in found.items():
        if kind == "months":
            for first, last in places:
                months[first] = (last, number + 1)
    for first, (last, month) in sorted(months.items()):
        before = _figure(words, first - 1) if words.joined[first] else None
        start = first - 1
        if before is None and first >= 2 and words.words[first - 1] == "of":
            before, start = _figure(words, first - 2), first - 2
        after, stop = None, last
        if before is None and last < len(words):
            after = _figure(words, last)
            stop = last + 1
        year, end = _year_after(words, last if before is not None or after is None else stop)
        if before is None and after is None and not _sure_month(original, words, first, last, year):
            continue
        number = before if before is not None else after
        if number is None:
            _whole_month(words, found, first, end, month, year, published, add)
            continue
        low, begun = number, start if before is not None else first
        if before is not None and start >= 1:
            earlier = _figure(words, start - 1)
            gap = 1
            if earlier is None and start >= 2 and _is(found, ("date", "span_to"), start - 1):
                earlier, gap = _figure(words, start - 2), 2
            if earlier is not None and earlier < number:
                low, begun = earlier, start - gap
        if after is not None and stop < len(words):
            later = _figure(words, stop)
            if later is not None and later > number and year is None:
                number, stop = later, stop + 1
                year, end = _year_after(words, stop)
        finish = max(end, stop if after is not None else last)
        since = _is(found, ("date", "since"), begun - 1) and low == number and begun >= 1
        begins = since or (begun >= 1 and _is(found, ("date", "span_from"), begun - 1))
        coming = begins and published.month == _LAST_MONTH and month == 1
        reckoned = published.replace(year=published.year + 1, month=1, day=1) if coming else published
        one = _day(year, month, low) if year else _past(month, low, reckoned)
        two = _day(year, month, number) if year else _past(month, number, reckoned)
        if one is not None and two is not None and one > two:
            one = _day(two.year, month, low)
        add(one, two, (begun, finish), "named day", since=since, dated=year is not None)


def _sure_month(original: str, words: Words, first: int, last: int, year: int | None) -> bool:
    """Whether a month's word alone is meant as a month."""
    if words.words[first] not in ("may", "march", "mar", "sun", "sat"):
        return True
    capital = original[words.starts[first] - words.starts[0] : words.starts[first] - words.starts[0] + 1].isupper()
    return capital and first > 0 and (words.words[first - 1] in _UNSURE_BEFORE or year is not None)


def _whole_month(
    words: Words, found: Found, first: int, end: int, month: int, year: int | None, published: date, add: _Add
) -> None:
    dated = year is not None
    if year is None:
        year = published.year if month <= published.month else published.year - 1
    start = _day(year, month, 1)
    if start is None:
        return
    since = first >= 1 and _is(found, ("date", "since"), first - 1)
    if not dated and not since and _ahead(start, found, published):
        start = start.replace(year=start.year + 1)
        year += 1
    finish = date(year, month, monthrange(year, month)[1])
    add(
        start, min(finish, published) if start <= published else finish, (first, end), "month", since=since, dated=dated
    )


def _ahead(start: date, found: Found, published: date) -> bool:
    """Whether a month without a year is the coming one: a sentence of what may be or will be, said shortly before."""
    if not (found.get(("cue", "planned")) or found.get(("cue", "hypothetical")) or found.get(("cue", "warned"))):
        return False
    coming = start.replace(year=start.year + 1)
    return timedelta(0) < coming - published <= _SOON


def _weekdays(words: Words, found: Found, published: date, add: _Add) -> None:
    for (kind, number), places in found.items():
        if kind != "weekdays":
            continue
        for first, last in places:
            back = (published.weekday() - number) % 7
            start = first
            if first and _is(found, ("date", "last"), first - 1):
                back, start = back or 7, first - 1
            elif first and _is(found, ("date", "next"), first - 1):
                back, start = back - 7, first - 1
            day = published - timedelta(days=back)
            add(day, day, (start, last), "weekday")


def _ago(words: Words, found: Found, published: date, add: _Add) -> None:
    values = {first: (last, value) for value, (first, last) in under(found, "number")}
    vague = {first: (last, (low + high) / 2) for (low, high), (first, last) in under(found, "vague")}
    for name, size in (("day", 1), ("week", 7), ("month", 30), ("year", 365)):
        for first, last in found.get(("date", name), ()):
            if not _is(found, ("date", "ago"), last):
                continue
            start, amount = first, 1.0
            figure = _figure(words, first - 1)
            if figure is not None:
                start, amount = first - 1, figure
            else:
                for begun, (ended, value) in {**values, **vague}.items():
                    if ended == first:
                        start, amount = begun, value
            slack = 0 if name == "day" else size // 2 if amount > 1 else 3
            try:
                day = published - timedelta(days=int(amount * size))
            except OverflowError:
                continue
            add(day - timedelta(days=slack), day + timedelta(days=min(slack, 15)), (start, last + 1), f"{name} ago")


def _periods(words: Words, found: Found, published: date, add: _Add) -> None:
    monday = published - timedelta(days=published.weekday())
    for first, last in found.get(("date", "week"), ()):
        if first and _is(found, ("date", "last"), first - 1):
            add(monday - timedelta(days=7), monday - timedelta(days=1), (first - 1, last), "last week")
        elif first and _is(found, ("date", "this"), first - 1):
            add(monday, published, (first - 1, last), "this week")
    month = published.replace(day=1)
    for first, last in found.get(("date", "month"), ()):
        if first and _is(found, ("date", "last"), first - 1):
            ended = month - timedelta(days=1)
            add(ended.replace(day=1), ended, (first - 1, last), "last month")
        elif first and _is(found, ("date", "this"), first - 1):
            add(month, published, (first - 1, last), "this month")
    for first, last in found.get(("date", "year"), ()):
        if first and _is(found, ("date", "last"), first - 1):
            year = published.year - 1
            add(date(year, 1, 1), date(year, 12, 31), (first - 1, last), "last year")


def _years(words: Words, published: date, found: Found, add: _Add) -> None:
    """A bare year of the past; "Zapad-2021" is a name."""
    marks = {first for first, _ in found.get(("date", "year_mark"), ())}
    for at, word in enumerate(words.words):
        if len(word) != 4 or not word.isdigit() or not 1900 <= int(word) < published.year:
            continue
        spaced = at > 0 and words.words[at - 1] in (
            "in",
            "of",
            "since",
            "from",
            "until",
            "by",
            "в",
            "у",
            "ў",
            "за",
            "с",
            "з",
        )
        if at + 1 in marks or spaced:
            year = int(word)
            since = at > 0 and _is(found, ("date", "since"), at - 1)
            add(date(year, 1, 1), date(year, 12, 31), (at, at + 1), f"year {year}", since=since)


def _figure(words: Words, at: int) -> int | None:
    """The day of the month that a word is: 19, 19th, 19-го."""
    if not 0 <= at < len(words):
        return None
    digits = words.words[at].rstrip("stndrhго")
    if digits.isdigit() and len(digits) <= 2 and 1 <= int(digits) <= 31:
        return int(digits)
    return None


def _year_after(words: Words, at: int) -> tuple[int | None, int]:
    if (
        at < len(words)
        and words.words[at].isdigit()
        and len(words.words[at]) == 4
        and 1900 <= int(words.words[at]) <= 2100
    ):
        return int(words.words[at]), at + 1
    return None, at


def _is(found: Found, kind: tuple[str, str], at: int) -> bool:
    return any(first <= at < last for first, last in found.get(kind, ()))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _past(month: int, day: int, published: date) -> date | None:
    """The latest such day not after publication, a coming one within two months excepted."""
    this = _day(published.year, month, day)
    if this is not None and this <= published + timedelta(days=60):
        return this
    return _day(published.year - 1, month, day)


def nearest(days: Sequence[When], span: Span, *, ends: bool = True) -> When | None:
    """The day named nearest to what stands at `span`, before it on a tie; without `ends`, none that only ends it."""
    return min(
        (when for when in days if not when.until or ends),
        key=lambda when: (_apart(when.span, span), when.span[0]),
        default=None,
    )


def _apart(one: Span, other: Span) -> int:
    return max(0, one[0] - other[1] + 1, other[0] - one[1] + 1)


class _Add(Protocol):
    """The shape of the function that notes a day."""

    def __call__(
        self, first: date | None, last: date | None, span: Span, rule: str, *, since: bool = False, dated: bool = True
    ) -> None:
        """Note a day."""
