"""Publication times: what a source wrote, in its own language and zone, and how sure it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from bounded_work import bounded_work
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import dates
from feeds.dates import DateReader, read_date
from feeds.model import DateQuality

NOW = datetime(2022, 12, 20, 9, 0, tzinfo=UTC)
INSTANTS = st.integers(63_072_000, int(NOW.timestamp())).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


def at(raw: str, zone: str = "UTC", **how: object) -> str:
    """The instant of `raw` to the minute, as UTC."""
    return read_date(raw, now=NOW, zone=zone, **how).at.strftime("%Y-%m-%d %H:%M")  # type: ignore[arg-type]


@given(INSTANTS, OFFSETS)
def test_rfc822_round_trip(instant: datetime, zone: timezone) -> None:
    """An instant written as RFC 822 with any offset is read back exactly."""
    dated = read_date(format_datetime(instant.astimezone(zone)), now=NOW)
    assert (dated.at, dated.quality, dated.method) == (instant, DateQuality.EXACT, dates.RFC822)


@given(INSTANTS, OFFSETS, st.sampled_from("T "), st.booleans())
def test_iso_round_trip(instant: datetime, zone: timezone, separator: str, basic: bool) -> None:
    """An instant written as ISO 8601, extended or basic, is read back exactly."""
    local = instant.astimezone(zone)
    raw = local.strftime("%Y%m%dT%H%M%S%z") if basic else local.isoformat(separator)
    dated = read_date(raw, now=NOW)
    assert (dated.at, dated.quality, dated.method) == (instant, DateQuality.EXACT, dates.ISO8601)


@given(st.integers(1_000_000_000, int(NOW.timestamp())).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_epoch_round_trip(instant: datetime) -> None:
    """Seconds and milliseconds since 1970 are read back exactly."""
    assert read_date(str(int(instant.timestamp())), now=NOW).at == instant
    assert read_date(str(int(instant.timestamp()) * 1000), now=NOW).at == instant


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=150) | st.text("0123456789 :.,/-+TZ янвдек", max_size=60))
def test_reading_never_fails(raw: str) -> None:
    """Any text gives an aware instant not a day beyond the fetch, with the raw text kept for the officer."""
    dated = read_date(raw, now=NOW, languages=("ru", "be"), zone="Europe/Minsk")
    assert dated.at.utcoffset() == timedelta(0)
    assert dated.at <= NOW + dates.FUTURE_WITHIN
    assert dated.method


@pytest.mark.parametrize(
    ("raw", "expected", "quality"),
    [
        ("Mon, 19 Dec 2022 14:05:00 MSK", "2022-12-19 11:05", DateQuality.EXACT),
        ("Mon, 19 Dec 2022 14:05:00 EET", "2022-12-19 12:05", DateQuality.EXACT),
        ("Mon, 19 Jul 2022 14:05:00 EEST", "2022-07-19 11:05", DateQuality.EXACT),
        ("Tue, 19 Jul 2022 14:05:00 CEST", "2022-07-19 12:05", DateQuality.EXACT),
        ("Sun, 19 Jul 2009 14:05:00 MSD", "2009-07-19 10:05", DateQuality.EXACT),
        ("Mon, 19 Dec 2022 14:05:00 EST", "2022-12-19 19:05", DateQuality.EXACT),
        ("Mon, 19 Dec 2022 14:05 GMT+3", "2022-12-19 11:05", DateQuality.EXACT),
        ("Mon, 19 Dec 2022 14:05:00 +0300 (MSK)", "2022-12-19 11:05", DateQuality.EXACT),
        ("Mon Dec 19 14:05:00 MSK 2022", "2022-12-19 11:05", DateQuality.EXACT),
        ("Mon Dec 19 2022 14:05:00 GMT+0300 (Moscow Standard Time)", "2022-12-19 11:05", DateQuality.EXACT),
        ("Monday, 19-Dec-22 14:05:00 GMT", "2022-12-19 14:05", DateQuality.EXACT),
        ("19 Dec 22 14:05 UT", "2022-12-19 14:05", DateQuality.EXACT),
        ("2022-12-19T14:05:00.123+02:00", "2022-12-19 12:05", DateQuality.EXACT),
        ("2022-12-19 14:05:00 UTC", "2022-12-19 14:05", DateQuality.EXACT),
        ("20221219T140500Z", "2022-12-19 14:05", DateQuality.EXACT),
        ("2022-12-19 14:05:00 +0000 UTC", "2022-12-19 14:05", DateQuality.EXACT),
        ("2022-12-19T14:05:00+0300[Europe/Moscow]", "2022-12-19 11:05", DateQuality.EXACT),
        ("2022-12-19T24:00:00Z", "2022-12-20 00:00", DateQuality.EXACT),
        ("2022-12-19T14:05:60Z", "2022-12-19 14:05", DateQuality.EXACT),
        ("2022/6/1 10:00:00", "2022-06-01 10:00", DateQuality.ASSUMED),
        ("2022-12-19T14:05", "2022-12-19 14:05", DateQuality.ASSUMED),
        ("Mon, 19 Dec 2022 14:05:00 XYZ", "2022-12-19 14:05", DateQuality.ASSUMED),
        ("2022-12-19", "2022-12-19 12:00", DateQuality.ASSUMED),
        ("01.06.2022", "2022-06-01 12:00", DateQuality.ASSUMED),
        ("Mon, 19 Dec 2022", "2022-12-19 12:00", DateQuality.ASSUMED),
    ],
)
def test_strict_forms(raw: str, expected: str, quality: DateQuality) -> None:
    """Zones are offsets, not decoration; what was filled in is marked as assumed."""
    assert at(raw) == expected
    assert read_date(raw, now=NOW).quality is quality


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "be": "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
}


@pytest.mark.parametrize("language", MONTHS)
@pytest.mark.parametrize("month", range(1, 13))
def test_months_by_name(language: str, month: int) -> None:
    """Every month of every language we read is that month, in the source's zone."""
    name = MONTHS[language].split()[month - 1]
    raw = f"{name} 7, 2021 14:05" if language == "en" else f"7 {name} 2021, 14:05"
    dated = read_date(raw, now=NOW, zone="Etc/GMT-3")
    assert (dated.at, dated.method) == (datetime(2021, month, 7, 11, 5, tzinfo=UTC), dates.NAMED_MONTH)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("19 декабря 2022, 14:05", "2022-12-19 11:05"),
        ("19 декабря 2022 года, 14:05", "2022-12-19 11:05"),
        ("понедельник, 19 декабря 2022 г., 14:05 МСК", "2022-12-19 11:05"),
        ("Пн, 19 дек 2022 14:05:00 +0300", "2022-12-19 11:05"),
        ("19 снежня 2022", "2022-12-19 12:00"),
        ("19 грудня 2022 р. о 14:05", "2022-12-19 11:05"),
        ("14:05, 19 декабря 2022", "2022-12-19 11:05"),
        ("14:05 19.12.2022", "2022-12-19 11:05"),
        ("19.12.2022 в 14:05", "2022-12-19 11:05"),
        ("19.12.22 14:05", "2022-12-19 11:05"),
        ("Опубликовано: 19.12.2022 14:05", "2022-12-19 11:05"),
        ("19 декабря", "2022-12-19 12:00"),
        ("25 декабря", "2021-12-25 12:00"),
        ("сегодня, 10:05", "2022-12-20 07:05"),
        ("вчера в 18:30", "2022-12-19 15:30"),
        ("Сьогодні, 10:05", "2022-12-20 07:05"),
        ("Сёння ў 10:05", "2022-12-20 07:05"),
        ("учора, 18:30", "2022-12-19 15:30"),
        ("wczoraj, 18:30", "2022-12-19 15:30"),
        ("сегодня", "2022-12-20 12:00"),
        ("5 минут назад", "2022-12-20 08:55"),
        ("2 години тому", "2022-12-20 07:00"),
        ("час назад", "2022-12-20 08:00"),
        ("3 hours ago", "2022-12-20 06:00"),
        ("10:05", "2022-12-20 07:05"),
        ("14:05", "2022-12-19 11:05"),
        ("Dec 19, 2022 2:05 p.m.", "2022-12-19 11:05"),
        ("19 декабря 2022 г. в 14:05 по московскому времени", "2022-12-19 11:05"),
        ("19 декабря 2022, 14:05 (МСК)", "2022-12-19 11:05"),
        ("обновлено 19.12.2022 14:05", "2022-12-19 11:05"),
        ("202212191405", "2022-12-19 11:05"),
    ],
)
def test_press_page_forms(raw: str, expected: str) -> None:
    """What ministries print is read in the source's zone; a day without an hour is that day's noon UTC."""
    assert at(raw, "Europe/Minsk", languages=("ru", "be")) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("19. Dezember 2022 14:05", "2022-12-19 14:05"),
        ("lundi 19 décembre 2022 14:05", "2022-12-19 14:05"),
        ("2022年12月1日 10:00", "2022-12-01 10:00"),
        ("١ يونيو ٢٠٢٢", "2022-06-01 12:00"),
    ],
)
def test_other_languages(raw: str, expected: str) -> None:
    """Languages the source does not declare are still tried, and the method says that a tolerant parser read them."""
    dated = read_date(raw, now=NOW, languages=("ru",))
    assert (dated.at.strftime("%Y-%m-%d %H:%M"), dated.method) == (expected, dates.DATEPARSER)
    assert dated.quality is DateQuality.ASSUMED


def test_day_order_is_the_sources() -> None:
    """03/04/2022 is 3 April, unless the source writes the month first; dots always mean the day first."""
    assert at("03/04/2022") == "2022-04-03 12:00"
    assert at("03/04/2022", day_order="MDY") == "2022-03-04 12:00"
    assert at("03.04.2022", day_order="MDY") == "2022-04-03 12:00"
    assert at("12/19/2022") == "2022-12-19 12:00"


@pytest.mark.parametrize("raw", ["", "T", "1", "2022", "May 2022", "31.02.2022", "0001-01-01T00:00:00Z", "soon",
                                 "Thu, 01 Jan 1970 00:00:00 GMT", "25:61", "²³", "колонна из 20 танков"])  # fmt: skip
def test_no_date_is_the_fetch(raw: str) -> None:
    """What names no day gets the time of the fetch, and says so: never a day made up from today's."""
    dated = read_date(raw, now=NOW, languages=("ru",))
    assert (dated.at, dated.quality, dated.raw) == (NOW, DateQuality.FETCHED, raw)


def test_future_is_clamped() -> None:
    """A date more than a day ahead of the fetch would sit on top of every list: it becomes the time of the fetch."""
    dated = read_date("Mon, 19 Dec 2033 14:05:00 GMT", now=NOW)
    assert (dated.at, dated.quality, dated.method) == (NOW, DateQuality.FETCHED, dates.FUTURE)
    assert at("2022-12-21T08:00:00Z") == "2022-12-21 08:00"


def test_first_readable_date_wins() -> None:
    """An unreadable date of publication gives way to the date of the last change; the raw text kept is the one used."""
    dated = DateReader(now=NOW).first_of("n/a", "2022-12-19T14:05:00Z")
    assert (dated.raw, dated.quality) == ("2022-12-19T14:05:00Z", DateQuality.EXACT)
    assert DateReader(now=NOW).first_of("n/a", "soon").raw == "n/a"


def test_slow_readings_run_out() -> None:
    """A document of thousands of irregular dates costs a bounded time, and the number left untried is told."""
    reader = DateReader(now=NOW, languages=("en",), slow_readings_left=3)
    for number in range(10):
        assert reader.read(f"strange {number} date 2022").quality is DateQuality.FETCHED
    assert reader.unread == 7


@pytest.mark.parametrize(
    "raw", ["1 " * 60, "1:" * 60, "янв " * 30, ", " * 50 + "1", "2022-" + " " * 110 + "x", "a" * 115 + "1"]
)
def test_evil_dates_cost_little(raw: str) -> None:
    """No text makes the patterns backtrack for long."""
    read_date("19 Dezember 2022 x", now=NOW, languages=("ru",))  # loads the tolerant parser's tables
    with bounded_work():
        read_date(raw, now=NOW, languages=("ru",))
