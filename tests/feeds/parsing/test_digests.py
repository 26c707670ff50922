"""Posts that sum up a day: told apart into parts, each identified by itself, and whole where they are no digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from parsing_builders import a_feed, reading, rss

from feeds.model import Entry
from feeds.store import Known, content_hash
from feeds.visit import item_id, sort_out

EVENING = """Главное за день, 20 декабря:

🔹В область прибыла колонна военной техники из соседней страны
🔹На аэродроме приземлились два истребителя МиГ-31К
🔹Министр обороны заявил о завершении проверки боевой готовности
о чем сообщила пресс-служба
🔹Учения в районе продлены до 30 декабря этого года

Подписывайтесь на канал"""
HOURS = """08:15 С аэродрома взлетел самолет дальнего обнаружения
08:40 — Над городом замечены три вертолета Ми-24
11:00 Самолет дальнего обнаружения совершил посадку
11:00 Еще один борт приземлился на том же аэродроме"""
LOSSES = "Втрати:\n‒ особового складу ‒ 98 280\n‒ танків ‒ 2988\n‒ ББМ ‒ 5969\n‒ артсистем ‒ 1953\n‒ РСЗВ ‒ 410"
SPEAKER = """Президент заявил на совещании:
— Мы не собираемся воевать ни с кем в ближайшее время
— Войска будут размещены на нашей территории до весны
— Учения продолжатся в соответствии с утвержденным планом
— Никакой мобилизации в стране не будет и не планируется"""
BULLETIN = """Оперативна інформація станом на 18.00 щодо вторгнення

На північному напрямку обстановка без суттєвих змін.

На сході противник здійснив обстріл населених пунктів.

На півдні противник завдав ударів по семи селищах.

Слава!"""


def entries_of(text: str, *, digest: bool | None = None, title: str = "") -> list[Entry]:
    """The entries of a feed with one post."""
    item = (
        f"<item><title>{title}</title><guid>77</guid><link>https://news.example/77</link>"
        f"<pubDate>Tue, 20 Dec 2022 08:00:00 GMT</pubDate><description><![CDATA[{text}]]></description></item>"
    )
    return list(reading(rss(item), replace(a_feed(languages=("ru",)), digest=digest)).entries)


def test_a_post_that_calls_itself_a_digest_is_told_apart() -> None:
    """Under such a heading each bulleted statement is an entry with the post's date, link and an anchor of its own."""
    frame, *parts = entries_of(EVENING)
    assert (frame.entry_id, frame.url) == ("77", "https://news.example/77")
    assert frame.text == "Главное за день, 20 декабря:\n\nПодписывайтесь на канал"
    assert [part.text.split()[0] for part in parts] == ["В", "На", "Министр", "Учения"]
    assert parts[2].text.endswith("\nо чем сообщила пресс-служба")
    for part in parts:
        anchor = part.entry_id.removeprefix("77#")
        assert part.url == f"https://news.example/77#{anchor}"
        assert part.published_at == datetime(2022, 12, 20, 8, tzinfo=UTC)
        assert part.title == ""


def test_statements_behind_their_hours_are_told_apart() -> None:
    """A time-stamped list needs no heading; the hour identifies the part, a second one of that hour has a number."""
    assert [entry.entry_id for entry in entries_of(HOURS)] == ["77#t0815", "77#t0840", "77#t1100", "77#t1100-2"]


def test_lists_that_are_no_digests_stay_whole() -> None:
    """Figures, one speaker's points, a text with three marks, and whatever is declared to be none, stay one entry."""
    for text in (LOSSES, SPEAKER, HOURS.rpartition("\n")[0], "Время: 18:00\nМесто: площадь"):
        (whole,) = entries_of(text)
        assert whole.text == text
    (whole,) = entries_of(EVENING, digest=False)
    assert whole.text == EVENING


def test_a_declared_digest_needs_no_heading() -> None:
    """Two numbered lines, or the paragraphs of a staff's bulletin, are parts when the feed's entry says so."""
    numbered = entries_of("1. Первое событие дня\n2. Второе событие дня\n10 танков замечены", digest=True)
    assert [entry.text for entry in numbered] == ["Первое событие дня", "Второе событие дня\n10 танков замечены"]
    keycaps = entries_of("1\ufe0f\u20e3 Первое событие дня\n2\ufe0f\u20e3 Второе событие дня", digest=True)
    assert [entry.text for entry in keycaps] == ["Первое событие дня", "Второе событие дня"]
    frame, *parts = entries_of(BULLETIN, digest=True)
    assert [part.text.split()[1] for part in parts] == ["північному", "сході", "півдні"]
    assert frame.text.startswith("Оперативна інформація")
    (single,) = entries_of("Одно событие без всякого списка", digest=True)
    assert single.entry_id == "77"


def test_parts_keep_their_identity_over_edits() -> None:
    """A part put in between, or an edit behind the first words, changes no other part's id: nothing fires twice."""
    known = {}
    feed = a_feed()
    for entry in entries_of(EVENING):
        held = content_hash(entry.title, entry.text)
        known[item_id(feed.feed_id, entry.entry_id)] = Known(
            item_id=item_id(feed.feed_id, entry.entry_id),
            url=entry.url,
            published_at=entry.published_at,
            content_hash=held,
            latest_hash=held,
            latest_published_at=entry.published_at,
            revision=0,
        )
    edited = EVENING.replace("🔹На аэродроме", "🔹Над границей замечен неизвестный воздушный объект\n🔹На аэродроме")
    edited = edited.replace("до 30 декабря", "до 15 января")
    seen = sort_out(feed, entries_of(edited), known=known, reissued=[], now=datetime(2022, 12, 20, 9, tzinfo=UTC))
    assert [item.text for item in seen.new] == ["Над границей замечен неизвестный воздушный объект"]
    assert [item.text for item in seen.edits] == ["Учения в районе продлены до 15 января этого года"]
