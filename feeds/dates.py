"""When something was published: from the source's own words to an instant, with the rule that gave it.

Strict forms come first, because a tolerant parser guesses silently: it takes MSK for UTC, gives a date without a year
today's, and finds days in headlines. Whatever nothing can read keeps its raw text and gets the time of the fetch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feeds.model import DateQuality
from feeds.text import line

# A clock a little ahead is common; a day ahead is a mistake, or a bait that would stay at the top of every list.
FUTURE_WITHIN = timedelta(hours=24)
# "The day" of a date without a time: noon UTC is that day from the Azores to Novosibirsk.
NOON = time(12, 0)
# Zero instants of several systems (1 Jan 0001, 1899-12-30, 1 Jan 1970) mean "no date".
EARLIEST_YEAR = 1971

RFC822, ISO8601, ZONE_TABLE, EPOCH = "rfc822", "iso8601", "zone table", "epoch"
NAMED_MONTH, NUMERIC, RELATIVE, DATE_ONLY = "day month name", "numeric", "relative", "date only"
DATEPARSER, FETCH_TIME, FUTURE = "dateparser", "fetch time", "fetch time, dated in the future"

# Offsets in minutes. Three names mean different zones on different continents; those are read as ours and marked.
ZONES: Mapping[str, int] = MappingProxyType(
    {
        "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "azot": -60, "utcz": 0,
        "bst": 60, "ist": 60, "west": 60, "cet": 60, "met": 60, "mez": 60,
        "cest": 120, "mest": 120, "mesz": 120, "eet": 120, "sast": 120, "kalt": 120,
        "eest": 180, "msk": 180, "fet": 180, "trt": 180, "idt": 180, "ast_ar": 180, "мск": 180,
        "msd": 240, "samt": 240, "gst": 240, "amt": 240, "azt": 240, "get": 240,
        "irst": 210, "irdt": 270, "aft": 270,
        "yekt": 300, "uzt": 300, "pkt": 300, "екб": 300, "omst": 360, "almt": 360,
        "novt": 420, "krat": 420, "ict": 420, "wib": 420,
        "irkt": 480, "hkt": 480, "sgt": 480, "awst": 480, "pht": 480,
        "yakt": 540, "jst": 540, "kst": 540, "acst": 570, "acdt": 630,
        "vlat": 600, "aest": 600, "aedt": 660, "magt": 660, "sakt": 660, "pett": 720, "nzst": 720, "nzdt": 780,
        "nst": -210, "ndt": -150, "brt": -180, "art": -180, "adt": -180, "ast": -240, "clt": -240, "edt": -240,
        "est": -300, "cdt": -300, "cst": -360, "mdt": -360, "mst": -420, "pdt": -420, "pst": -480, "akdt": -480,
        "akst": -540, "hst": -600,
    }
)  # fmt: skip
_AMBIGUOUS_ZONES = frozenset(("ist", "bst", "cst", "ast", "amt", "gst"))
_UTC_NAMES = frozenset(("z", "ut", "utc", "gmt"))

_MONTH_NAMES = {
    "en": "jan(uary)? feb(ruary)? mar(ch)? apr(il)? may june? july? aug(ust)? sept?(ember)? oct(ober)? nov(ember)? "
    "dec(ember)?",
    "ru": "янв(ар[ьяе])? фев(р(ал[ьяе])?)? мар(т[ае]?)? апр(ел[ьяе])? ма[йяе] июн[ьяе]? июл[ьяе]? авг(уст[ае]?)? "
    "сент?(ябр[ьяе])? окт(ябр[ьяе])? ноя(б(р[ьяе])?)? дек(абр[ьяе])?",
    "uk": "січ(н(я|і)|ень)? лют(ого|ий|ому)? бер(ез(ня|ень|ні)?)? квіт?(ня|ень|ні)? трав?(ня|ень|ні)? "
    "черв?(ня|ень|ні)? лип(ня|ень|ні)? серп?(ня|ень|ні)? вер(ес(ня|ень|ні)?)? жовт?(ня|ень|ні)? "
    "лист(опада?|опаді)? груд?(ня|ень|ні)?",
    "be": "студ?(зеня?|зень|зені)? лют(ага|ы|ым)? сак(ав[іи]ка?)? крас(ав[іи]ка?)? (мая|май|траўня|травень) "
    "чэрв?(еня|ень|ені)? ліп(еня|ень|ені)? жн[іи]?[ўв]?(ня|ень|ні)? верас?(ня|ень|ні)? кастр?(ычніка?)? "
    "л[іи]ст(апада?)? сне?ж?(ня|ань|ні)?",
    "pl": "sty(cz(nia|eń|en)?)? lut(ego|y)? mar(zec|ca|z)? kwi(e(tnia|cień|cien)?)? maja? cze(rw(ca|iec)?)? "
    "lip(ca|iec)? sie(rp(nia|ień|ien)?)? wrz(e(śnia|sień|snia|sien)?)? pa[źz](d(ziernika?)?)? lis(t(opada?)?)? "
    "gru(d(nia|zień|zien)?)?",
}
_MONTHS: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(f"(?:{pattern})"), number)
    for names in _MONTH_NAMES.values()
    for number, pattern in enumerate(names.split(), start=1)
)

_TODAY = {
    0: "today сегодня сьогодні сёння сення dzisiaj dziś dzis",
    -1: "yesterday вчера вчора учора wczoraj",
    -2: "позавчера позавчора пазаўчора przedwczoraj",
}
_DAY_WORDS: Mapping[str, int] = MappingProxyType(
    {word: days for days, words in _TODAY.items() for word in words.split()}
)
_JUST_NOW = re.compile(r"(?:just now|now|только что|сейчас|щойно|зараз|толькі што|przed chwilą|teraz)")
_UNITS: tuple[tuple[re.Pattern[str], timedelta], ...] = (
    (re.compile(r"(?:s|secs?|seconds?|сек\w*|sek\w*)\.?"), timedelta(seconds=1)),
    (re.compile(r"(?:m|mins?|minutes?|мин\w*|м|хв\w*|хвил\w*|хвіл\w*|min\w*)\.?"), timedelta(minutes=1)),
    (re.compile(r"(?:h|hrs?|hours?|час\w*|ч|год\w*|г|гадз\w*|godz\w*)\.?"), timedelta(hours=1)),
    (re.compile(r"(?:d|days?|день|дня|дней|дні|днів|дзень|дзён|dzień|dni|д)\.?"), timedelta(days=1)),
    (re.compile(r"(?:weeks?|недел\w*|тижд\w*|тижн\w*|тыдз\w*|тыдн\w*|tydzień|tygodn\w*)"), timedelta(weeks=1)),
)
_AGO = re.compile(
    r"(?:(?P<count>\d{1,3}|an?|one|один|одну|одна)\s+)?(?P<unit>[^\W\d_]+\.?)\s+"
    r"(?:ago|назад|тому(?: назад)?|таму(?: назад)?|temu)"
)

_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
_ZONE = (
    r"(?:\(?(?P<zone>(?:(?:gmt|utc)\s?)?[+\-\u2212]\d{1,2}(?::?\d{2})?|[a-zа-я]{1,5})\)?"
    r"(?:\s*\((?P<comment>[^()\d]{0,40})\)|(?<=\d)\s*\[[a-z/_+-]{1,40}\]|(?<=\d)\s+[a-z]{2,5})?)"
)
_WEEKDAY = r"(?:[^\W\d_]{2,14}\.?'?[^\W\d_]{0,8},?\s+)?"
_YEAR_WORD = r"(?:\s*(?:г\.|года|году|год|року|рік|р\.|годзе|гада|г|р|roku|r\.))?"
_JOIN = r"[\s,|/–—•·-]+(?:(?:at|в|у|о|ў|а|o|godz\.|um)[\s-]+)?"

_ISO = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})"
    r"(?:(?:\s*t\s*|\s+|,\s*)(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"\s*" + _ZONE + "?"
)
_ISO_BASIC = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:t?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:[.,](?P<fraction>\d{1,12}))?\s*" + _ZONE + "?)?"
)
_RFC822 = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s*)?"
    r"(?P<day>\d{1,2})[\s-]+(?P<month>[a-z]{3,9})\.?[\s-]+(?P<year>\d{4}|\d{2})"
    r"(?:,?\s+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.\d{1,9})?)?)?\s*" + _ZONE + "?"
)
_ASCTIME = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(?P<month>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})\s+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})\s+(?:" + _ZONE + r"\s+)?(?P<year>\d{4})"
)
_DAY_MONTH = (
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|-го|-га)?\.?(?:\s+of)?[\s-]+(?P<month>[^\W\d_]{3,12})\.?,?"
    r"(?:[\s-]*(?P<year>\d{4}|'?\d{2}(?![:.\d]))" + _YEAR_WORD + ")?"
)
_MONTH_DAY = r"(?P<month>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{4}))?"
_NAMED: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape)
    for day in (_DAY_MONTH, _MONTH_DAY)
    for shape in (
        rf"{_WEEKDAY}{day}(?:{_JOIN}{_TIME}\s*{_ZONE}?)?",
        rf"{_TIME}\s*{_ZONE}?{_JOIN}{_WEEKDAY}{day}",
    )
)
_DIGITS_DATE = r"(?P<first>\d{1,2})(?P<sep>[./-])(?P<other>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})" + _YEAR_WORD
_NUMERIC: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape)
    for shape in (
        rf"{_WEEKDAY}{_DIGITS_DATE}(?:{_JOIN}{_TIME}\s*{_ZONE}?)?",
        rf"{_TIME}\s*{_ZONE}?{_JOIN}{_WEEKDAY}{_DIGITS_DATE}",
    )
)
_DAY_WORD: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape)
    for shape in (
        rf"(?P<word>[^\W\d_]{{2,14}})(?:{_JOIN}{_TIME}\s*{_ZONE}?)?",
        rf"{_TIME}\s*{_ZONE}?{_JOIN}(?P<word>[^\W\d_]{{2,14}})",
    )
)
_TIME_ONLY = re.compile(rf"{_TIME}\s*{_ZONE}?")
_EPOCH = re.compile(r"(?P<whole>\d{10})(?P<milli>\d{3})?(?P<micro>\d{3})?(?:\.\d{1,9})?")
# "Published: 19 December 2022" and its like: words before a colon say what the date is, not when.
_LABEL = re.compile(r"^[^\d:]{2,40}:\s+(?=\S)")
# Minsk keeps Moscow's time.
_MOSCOW_TIME = re.compile(
    r"\s*\(?(?:время московское|по (?:московскому|минскому|мінскім) (?:времени|часе)|по москве|по минску)\)?$"
)
_ZONE_NAMED = re.compile(r"(?<=\d)\s*[\[(]?([A-Z][A-Za-z]{2,12}/[A-Z][A-Za-z_-]{2,20})[\])]?\s*$")
_DAY_NUMBER = re.compile(r"(?P<year>\d{4})-(?P<ordinal>\d{3})")
_MAX_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """An instant and how it was come by."""

    at: datetime
    raw: str
    method: str
    quality: DateQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A wall-clock reading before it is judged: naive times belong to the source's zone."""

    at: datetime
    method: str
    quality: DateQuality


@dataclass(slots=True, kw_only=True)
class DateReader:
    """Reads the dates of one document; holds what its source declares and how many slow readings are left."""

    now: datetime
    zone: str = "UTC"
    languages: Sequence[str] = ()
    day_order: str = "DMY"
    slow_readings_left: int = 100
    """A date only the tolerant parser reads costs milliseconds; a document of twenty thousand would stop a poller."""
    unread: int = field(default=0, init=False)
    """How many dates were not tried because the slow readings had run out."""

    def read(self, raw: str | None) -> Dated:
        """The instant `raw` names, or the fetch time when it names none."""
        kept = line((raw or "")[: _MAX_LENGTH * 4])
        if not kept:
            return self.fetched("")
        reading = self._strict(kept)
        if reading is None:
            reading = self._tolerant(kept)
        if reading is None or reading.at.year < EARLIEST_YEAR:
            return self.fetched(kept)
        if reading.at > self.now + FUTURE_WITHIN:
            return Dated(at=self.now, raw=kept, method=FUTURE, quality=DateQuality.FETCHED)
        return Dated(at=reading.at, raw=kept, method=reading.method, quality=reading.quality)

    def first_of(self, *candidates: str | None) -> Dated:
        """The first candidate that can be read; otherwise the fetch time, with the first raw text kept."""
        fallback: Dated | None = None
        for candidate in candidates:
            if not candidate:
                continue
            dated = self.read(candidate)
            if dated.quality is not DateQuality.FETCHED:
                return dated
            fallback = fallback or dated
        return fallback or self.fetched("")

    def fetched(self, raw: str) -> Dated:
        """No usable date: the time of the fetch, marked as such."""
        return Dated(at=self.now, raw=raw, method=FETCH_TIME, quality=DateQuality.FETCHED)

    def _strict(self, kept: str) -> _Reading | None:
        if len(kept) > _MAX_LENGTH:
            return None
        zone = named_zone(self.zone)
        if (named := _ZONE_NAMED.search(kept)) is not None and (own := named_zone(named[1])) is not UTC:
            kept, zone = kept[: named.start()], own
        folded = _fold(kept)
        context = _Context(now=self.now, zone=zone, day_order=self.day_order, certain=named is not None)
        for text in dict.fromkeys((folded, _LABEL.sub("", folded))):
            for rule in _RULES:
                try:
                    reading = rule(text, context)
                except (ValueError, OverflowError):
                    # The shape fits but no such instant exists (31 February, 25:00); another rule may read it.
                    continue
                if reading is not None:
                    return reading
        return None

    def _tolerant(self, kept: str) -> _Reading | None:
        if len(kept) > _MAX_LENGTH or not any(character.isdigit() for character in kept):
            return None
        if self.slow_readings_left <= 0:
            self.unread += 1
            return None
        self.slow_readings_left -= 1
        return _by_dateparser(
            kept, now=self.now, zone=self.zone, languages=tuple(self.languages), day_order=self.day_order
        )


def read_date(
    raw: str | None,
    *,
    now: datetime,
    zone: str = "UTC",
    languages: Sequence[str] = (),
    day_order: str = "DMY",
) -> Dated:
    """The instant `raw` names for a source of this zone, these languages and this day order."""
    return DateReader(now=now, zone=zone, languages=languages, day_order=day_order).read(raw)


@lru_cache(maxsize=256)
def named_zone(name: str) -> tzinfo:
    """A zone by its IANA name; UTC where there is none of that name (the registry refuses such a feed at its door)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    now: datetime
    zone: tzinfo
    day_order: str
    certain: bool = False
    """Whether the date itself names this zone."""


def _fold(raw: str) -> str:
    folded = raw.lower().replace("\u2212", "-").replace("ё", "е").replace("’", "'")
    folded = folded.strip(" \t,;|.·•—–-") if not folded.startswith(("-", "+")) else folded
    return " ".join(_MOSCOW_TIME.sub(" мск", folded).split())


def _epoch(text: str, context: _Context) -> _Reading | None:
    match = _EPOCH.fullmatch(text)
    if match is None:
        return None
    seconds = int(match["whole"]) + int(match["milli"] or 0) / 1000
    return _Reading(at=datetime.fromtimestamp(seconds, UTC), method=EPOCH, quality=DateQuality.EXACT)


def _iso(text: str, context: _Context) -> _Reading | None:
    match = _ISO.fullmatch(text) or _ISO_BASIC.fullmatch(text)
    if match is None:
        return None
    day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    return _compose(day, match, ISO8601, context)


def _iso_day_number(text: str, context: _Context) -> _Reading | None:
    match = _DAY_NUMBER.fullmatch(text)
    if match is None:
        return None
    day = date(int(match["year"]), 1, 1) + timedelta(days=int(match["ordinal"]) - 1)
    return _on(day, DateQuality.ASSUMED) if day.year == int(match["year"]) else None


def _rfc822(text: str, context: _Context) -> _Reading | None:
    match = _RFC822.fullmatch(text) or _ASCTIME.fullmatch(text)
    if match is None or (month := _month(match["month"], english=True)) is None:
        return None
    return _compose(date(_full_year(match["year"]), month, int(match["day"])), match, RFC822, context)


def _named_month(text: str, context: _Context) -> _Reading | None:
    for shape in _NAMED:
        match = shape.fullmatch(text)
        if match is None or (month := _month(match["month"])) is None:
            continue
        number = int(match["day"])
        if match["year"]:
            return _compose(date(_full_year(match["year"].lstrip("'")), month, number), match, NAMED_MONTH, context)
        return _compose(_nearest(number, month, context), match, NAMED_MONTH, context, assumed=True)
    return None


def _numeric(text: str, context: _Context) -> _Reading | None:
    for shape in _NUMERIC:
        match = shape.fullmatch(text)
        if match is None:
            continue
        first, other = int(match["first"]), int(match["other"])
        # Dots are a European habit and mean day first; only a slash or a hyphen leaves the order to the source.
        month_first = context.day_order.upper().startswith("M") and match["sep"] != "."
        month, number = (first, other) if month_first else (other, first)
        if month > 12 >= number:
            month, number = number, month
        certain = number > 12 or month == number
        return _compose(date(_full_year(match["year"]), month, number), match, NUMERIC, context, assumed=not certain)
    return None


def _day_word(text: str, context: _Context) -> _Reading | None:
    for shape in _DAY_WORD:
        match = shape.fullmatch(text)
        if match is None or (days := _DAY_WORDS.get(match["word"])) is None:
            continue
        today = context.now.astimezone(context.zone).date()
        return _compose(today + timedelta(days=days), match, RELATIVE, context, assumed=True)
    return None


def _ago(text: str, context: _Context) -> _Reading | None:
    if _JUST_NOW.fullmatch(text):
        return _Reading(at=context.now, method=RELATIVE, quality=DateQuality.ASSUMED)
    match = _AGO.fullmatch(text)
    if match is None:
        return None
    count = int(match["count"]) if (match["count"] or "").isdigit() else 1
    for unit, span in _UNITS:
        if unit.fullmatch(match["unit"]):
            return _Reading(at=context.now - count * span, method=RELATIVE, quality=DateQuality.ASSUMED)
    return None


def _time_only(text: str, context: _Context) -> _Reading | None:
    match = _TIME_ONLY.fullmatch(text)
    if match is None:
        return None
    today = context.now.astimezone(context.zone).date()
    reading = _compose(today, match, RELATIVE, context, assumed=True)
    # A list of the last day's releases shows the hour alone; an hour still to come was yesterday's.
    if reading.at > context.now + timedelta(minutes=10):
        reading = _compose(today - timedelta(days=1), match, RELATIVE, context, assumed=True)
    return reading


_Rule = Callable[[str, _Context], _Reading | None]
_RULES: tuple[_Rule, ...] = (
    _epoch, _iso, _iso_day_number, _rfc822, _named_month, _numeric, _day_word, _ago, _time_only,
)  # fmt: skip


def _compose(
    day: date, match: re.Match[str] | None, method: str, context: _Context, *, assumed: bool = False
) -> _Reading:
    """Day, clock and zone put together; what the text left out is filled in and marked as assumed."""
    if match is None or not match["hour"]:
        return _on(day, DateQuality.ASSUMED)
    groups = match.groupdict()
    hour, minute, second = int(groups["hour"]), int(groups["minute"]), int(groups["second"] or 0)
    if half := groups.get("half"):
        hour = hour % 12 + (12 if half == "p" else 0)
    carried = timedelta(0)
    if hour == 24 and minute == 0 and second == 0:
        hour, carried = 0, timedelta(days=1)
    fraction = (groups.get("fraction") or "")[:6].ljust(6, "0")
    clock = time(hour, minute, min(second, 59), int(fraction))
    zone_name = groups.get("zone")
    zone, named, certain = _zone(zone_name, context)
    at = (datetime.combine(day, clock, tzinfo=zone) + carried).astimezone(UTC)
    exact = certain and not assumed
    return _Reading(
        at=at,
        method=ZONE_TABLE if named else method,
        quality=DateQuality.EXACT if exact else DateQuality.ASSUMED,
    )


def _on(day: date, quality: DateQuality) -> _Reading:
    return _Reading(at=datetime.combine(day, NOON, tzinfo=UTC), method=DATE_ONLY, quality=quality)


def _zone(name: str | None, context: _Context) -> tuple[tzinfo, bool, bool]:
    """The zone of these letters or digits; whether the table was needed; whether it is certain."""
    if not name:
        return context.zone, context.certain, context.certain
    digits = re.fullmatch(r"(?:(?:gmt|utc)\s?)?([+-])(\d{1,2}):?(\d{2})?", name)
    if digits:
        minutes = int(digits[2]) * 60 + int(digits[3] or 0)
        if minutes >= 24 * 60:
            raise ValueError(name)
        return timezone(timedelta(minutes=-minutes if digits[1] == "-" else minutes)), False, True
    if name in _UTC_NAMES:
        return UTC, False, True
    if name in ZONES:
        return timezone(timedelta(minutes=ZONES[name])), True, name not in _AMBIGUOUS_ZONES
    return context.zone, False, False


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return 2000 + year if year < 50 else 1900 + year


def _nearest(number: int, month: int, context: _Context) -> date:
    """The day of this name that lies nearest before tomorrow: a list without years shows the latest ones."""
    today = context.now.astimezone(context.zone).date()
    for year in (today.year + 1, today.year, today.year - 1, today.year - 2, today.year - 3, today.year - 4):
        try:
            day = date(year, month, number)
        except ValueError:
            continue  # 29 February of a common year
        if day <= today + timedelta(days=1):
            return day
    raise ValueError(number)


@lru_cache(maxsize=4096)
def _month(word: str, *, english: bool = False) -> int | None:
    # English comes first in the table.
    for pattern, number in _MONTHS[:12] if english else _MONTHS:
        if pattern.fullmatch(word):
            return number
    return None


# Tried when the source's own languages leave a date unread: a ministry quotes a German wire, a search spans the world.
_OTHER_LANGUAGES = (
    "en", "ru", "uk", "be", "pl", "de", "fr", "es", "it", "lt", "lv", "et", "ro", "cs", "sk", "hu", "tr", "ar", "zh",
)  # fmt: skip


@lru_cache(maxsize=64)
def _language_tiers(languages: tuple[str, ...]) -> tuple[list[str], ...]:
    """The source's languages as far as the tolerant parser knows them, then the others."""
    from dateparser.data.languages_info import language_order  # costs a tenth of a second that most feeds never need

    known = set(language_order)
    own = [language for language in dict.fromkeys(languages) if language in known]
    others = [language for language in _OTHER_LANGUAGES if language not in own]
    return (own, others) if own else (others,)


def _by_dateparser(
    raw: str, *, now: datetime, zone: str, languages: tuple[str, ...], day_order: str
) -> _Reading | None:
    """What the tolerant parser makes of it, kept only when day, month and year are all in the text."""
    import dateparser

    settings = {
        "DATE_ORDER": day_order.upper() if day_order.upper() in ("DMY", "MDY", "YMD", "YDM", "MYD", "DYM") else "DMY",
        "REQUIRE_PARTS": ["day", "month", "year"],
        "TIMEZONE": zone if named_zone(zone) is not UTC else "UTC",
        "TO_TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": True,
        "RELATIVE_BASE": now.astimezone(UTC).replace(tzinfo=None),
        "PARSERS": ["absolute-time"],
    }
    at = None
    for tier in _language_tiers(languages):
        try:
            at = dateparser.parse(raw, languages=tier, settings=settings)
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError):
            # The tolerant parser meets strings its authors never saw; a date it trips over is one it cannot read.
            continue
        if at is not None:
            break
    if at is None:
        return None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if not re.search(r"\d[:.h]\d\d|\d\s*[ap]\.?m", raw.lower()):
        local = at.astimezone(named_zone(zone))
        return _Reading(
            at=datetime.combine(local.date(), NOON, tzinfo=UTC), method=DATEPARSER, quality=DateQuality.ASSUMED
        )
    return _Reading(at=at, method=DATEPARSER, quality=DateQuality.ASSUMED)
