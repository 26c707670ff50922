"""How many of what: numbers in digits and words, with their units, ranges and approximations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indicators.catalogue.words import Span, Words
from indicators.coding.cues import Found, under
from indicators.model.signal import Quantity

_DIGITS = re.compile(r"\d+")
_GROUPED = re.compile(r"\d{1,3}(?:[ ,.'\u00a0]\d{3})+(?!\d)|\d+[.,]\d+|\d+")
_SUFFIXED = re.compile(r"(\d+)(k|к)")
# Words of a unit may stand a little after the number: "31 Russian main battle tanks".
_REACH = 4
_YEARS = range(1900, 2101)
_THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a sentence: its words and its value."""

    first: int
    last: int
    low: float
    high: float
    approximate: bool = False
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A quantity in a sentence and where its number and unit stand."""

    quantity: Quantity
    first: int
    last: int


def numbers_in(text: str, words: Words, found: Found) -> list[Number]:
    """The numbers of a sentence, names of weapons, ordinals, years, times and dates left out."""
    values: dict[int, tuple[int, float, float, bool]] = {}
    at = 0
    count = len(words)
    while at < count:
        word = words.words[at]
        if word[0].isdigit():
            end, value = _digits(text, words, at)
            if value is not None and not _not_a_count(text, words, at, end, found):
                values[at] = (end, value, value, False)
            at = max(end, at + 1)
            continue
        at += 1
    for value, (first, last) in under(found, "number"):
        if first not in values or values[first][0] < last:
            values[first] = (last, value, value, False)
    for (low, high), (first, last) in under(found, "vague"):
        if first not in values or values[first][0] <= last:
            values[first] = (last, low, high, True)
    return _combine(words, values, found)


def _digits(text: str, words: Words, at: int) -> tuple[int, float | None]:  # noqa: PLR0911 - one return a spelling
    """The number that begins at a word, over words where thousands are set apart; and the word after it."""
    start = words.starts[at]
    suffixed = _SUFFIXED.fullmatch(words.words[at])
    if suffixed:
        return at + 1, float(suffixed[1]) * 1000
    matched = _GROUPED.match(text, start)
    if matched is None or not words.words[at].isdigit():
        return at + 1, None
    end = at + 1
    while end < len(words) and words.ends[end - 1] < matched.end():
        end += 1
    if words.ends[end - 1] != matched.end():
        # Letters are glued to the digits: a model, an ordinal, a unit.
        return at + 1, None
    raw = matched[0]
    separators = [sign for sign in raw if not sign.isdigit()]
    groups = re.split(r"[^\d]", raw)
    if separators and all(len(group) == 3 for group in groups[1:]):
        return end, float("".join(groups))
    if separators:
        try:
            return end, float(f"{groups[0]}.{groups[1]}")
        except ValueError:
            return end, None
    return end, float(raw)


def _not_a_count(  # noqa: PLR0911 - one return a reason
    text: str, words: Words, at: int, end: int, found: Found
) -> bool:
    """Whether digits name a thing (T-72, 38-й, 2022 год, 10:30, 5 %) rather than count it."""
    start, stop = words.starts[at], words.ends[end - 1]
    before = text[start - 1] if start else " "
    after = text[stop] if stop < len(text) else " "
    beyond = text[stop + 1] if stop + 1 < len(text) else " "
    if before in "-\u2010\u2011" and start > 1 and text[start - 2].isalpha():
        return True
    if before in "№#/:.\u2116" or (before in "$\u20ac\u00a3"):
        return True
    if after in "-\u2010\u2011" and beyond.isalpha() and not _range_word(words, end, found):
        return not _unit_at(words, end, found)
    if after in ":" and beyond.isdigit():
        return True
    if after == ")" and before != "(" and (beyond.isspace() and "(" not in text[max(0, start - 40) : start]):
        # "2) Three helicopters": the number of an entry.
        return True
    if after == "%" or (after == " " and beyond == "%"):
        return True
    if after in "./" and beyond.isdigit():
        return True
    if any(first == end for first, _ in found.get(("date", "year_mark"), ())):
        return True
    plain = words.words[at]
    return (
        end == at + 1
        and len(plain) == 4
        and plain.isdigit()
        and int(plain) in _YEARS
        and not _unit_near(words, end, found)
    )


def _range_word(words: Words, at: int, found: Found) -> bool:
    return at < len(words) and words.words[at].isdigit()


def _unit_near(words: Words, at: int, found: Found) -> bool:
    """Whether a unit follows within three words, with nothing between but words that belong to it."""
    return any(at <= first <= at + 2 and all(words.joined[at : first + 1]) for _, (first, _) in under(found, "unit"))


def _unit_at(words: Words, at: int, found: Found) -> bool:
    return any(first == at for _, (first, _) in under(found, "unit"))


def _combine(words: Words, values: Mapping[int, tuple[int, float, float, bool]], found: Found) -> list[Number]:
    """Numbers with their multipliers, ranges and approximations."""
    times = {first: (last, value) for value, (first, last) in under(found, "times")}
    single = dict(found.get(("amount", "single"), ()))
    numbers: list[Number] = []
    at = 0
    while at < len(words):
        row = values.get(at)
        if row is None and at in single and single[at] in times and times[single[at]][1] != 10:
            row = (single[at], 1.0, 1.0, False)
        if row is None and at in times and at not in values:
            last, value = times[at]
            if value >= 100:
                numbers.append(Number(at, last, value, value, True))
                at = last
                continue
        if row is None:
            at += 1
            continue
        last, low, high, vague = row
        while (
            last in values
            and not vague
            and values[last][1] < low
            and low >= 20
            and not values[last][3]
            and words.joined[last]
            and low % 10 == 0
        ):
            low, high = low + values[last][1], high + values[last][2]
            last = values[last][0]
        while last in times:
            end, factor = times[last]
            low, high, last = low * factor, high * factor, end
        if not vague and low == high and low % _THOUSAND == 0 and low > 0:
            # "A thousand four hundred": what is less than a thousand goes on counting.
            while last in values and values[last][1] < _THOUSAND and words.joined[last] and low % _THOUSAND == 0:
                low, high, last = low + values[last][1], high + values[last][1], values[last][0]
        numbers.append(Number(at, last, low, high, vague, vague))
        at = last
    return _ranges(words, numbers, found)


def _ranges(words: Words, numbers: Sequence[Number], found: Found) -> list[Number]:
    """Two numbers with "to" or a dash between them are one range; words before a number make it approximate."""
    between = set(found.get(("amount", "range"), ()))
    joined: list[Number] = []
    skip = False
    for place, number in enumerate(numbers):
        if skip:
            skip = False
            continue
        following = numbers[place + 1] if place + 1 < len(numbers) else None
        if following is not None and not number.vague and number.low < following.low:
            gap = following.first - number.last
            dashed = gap == 0 and words.starts[following.first] - words.ends[number.last - 1] <= 3
            worded = gap == 1 and (number.last, number.last + 1) in between
            if dashed or worded:
                low = (
                    number.low * (following.high / _plain(following.high))
                    if number.low < 100 <= following.high and following.high % 1000 == 0
                    else number.low
                )
                joined.append(Number(number.first, following.last, low, following.high, True))
                skip = True
                continue
        joined.append(number)
    return [_approximate(number, found) for number in joined]


def _plain(value: float) -> float:
    """The figure before "thousand": 15 of 15,000."""
    while value >= 1000 and value % 1000 == 0:
        value /= 1000
    return value


def _approximate(number: Number, found: Found) -> Number:
    low, high, approximate = number.low, number.high, number.approximate
    for name in ("about", "more_than", "up_to"):
        if any(last == number.first for _, last in found.get(("amount", name), ())):
            approximate = True
    return Number(number.first, number.last, low, high, approximate, number.vague)


def quantities_in(words: Words, numbers: Sequence[Number], found: Found) -> list[Counted]:
    """Each number with the nearest unit after it; a lone "a battalion" counts one."""
    units = sorted(
        ((first, last, unit) for unit, (first, last) in under(found, "unit")), key=lambda row: (row[0], row[0] - row[1])
    )
    counted = []
    used: set[int] = set()
    for number in numbers:
        for first, last, unit in units:
            if first < number.last or first in used:
                continue
            if first - number.last > _REACH or not all(words.joined[number.last : first + 1]):
                break
            begun, ended, head = _head(first, last, unit, units, words)
            quantity = Quantity(low=number.low, high=number.high, unit=head, approximate=number.approximate)
            counted.append(Counted(quantity, number.first, ended))
            used.update(range(begun, ended))
            break
    singles = {last: first for first, last in found.get(("amount", "single"), ())}
    for first, last, unit in units:
        if first in used or unit in ("troops", "vehicle", "drone", "missile", "sortie"):
            continue
        if first in singles and words.joined[first]:
            counted.append(Counted(Quantity(low=1, high=1, unit=unit), singles[first], last))
            used.update(range(first, last))
    return counted


def _head(
    first: int, last: int, unit: str, units: Sequence[tuple[int, int, str]], words: Words
) -> tuple[int, int, str]:
    """The noun that a unit only describes: the trains of "troop trains", the battalions of "S-400 battalions"."""
    if words.words[first].isascii():
        for begun, ended, other in units:
            if begun == last and other != unit and words.joined[begun] and words.words[begun].isascii():
                return begun, ended, other
    return first, last, unit


def choose(counted: Sequence[Counted], span: Span, wanted: Sequence[str]) -> Quantity | None:
    """The quantity of what stands at `span`: by the order of `wanted`, then the nearest, then the larger."""
    best: tuple[int, int, float] | None = None
    chosen: Quantity | None = None
    for one in counted:
        inside = one.first < span[1] and span[0] < one.last
        distance = 0 if inside else min(abs(one.first - span[1]), abs(span[0] - one.last))
        if distance > 10:
            continue
        place = wanted.index(one.quantity.unit) if one.quantity.unit in wanted else len(wanted) if not wanted else -1
        if place < 0:
            continue
        key = (place, distance, -one.quantity.high)
        if best is None or key < best:
            best, chosen = key, one.quantity
    return chosen
