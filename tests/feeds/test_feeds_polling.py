"""The collector against real servers on loopback: what is visited when, and what is stored of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web
from collecting_once import DAY, HOUR, MINUTE, NOON, a_feed, collecting, polled, stored, visit_once
from loopback_source import START, hourly, rss, run, serving
from sqlalchemy import Engine

from feeds import store
from feeds.database import reading
from feeds.ledger import BEGINNING
from feeds.model import FeedKind, Outcome, Poll
from feeds.polling import Round
from feeds.worker import Parser, WorkerLimits


def test_a_first_visit_stores_items_and_one_poll(engine: Engine) -> None:
    """Every entry becomes an item known at the instant of the visit, oldest first, and the visit leaves one row."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(3))))
            async with collecting(engine, feed) as collector:
                assert collector.next_due_at() == BEGINNING
                round_ = await collector.poll_due(NOON)
                assert [item.title for item in round_.new_items] == [f"Message number {n}" for n in range(3)]
                assert collector.next_due_at() == NOON + 10 * MINUTE
                assert await collector.poll_due(NOON + 9 * MINUTE) == Round()

    run(work())
    assert {item.known_at for item in stored(engine)} == {NOON}
    (poll,) = polled(engine)
    assert (poll.outcome, poll.status, poll.entries, poll.new_items) == (Outcome.OK, 200, 3, 3)
    assert poll.newest_at == START + 2 * HOUR


def test_what_was_seen_is_never_new_again(engine: Engine) -> None:
    """Only what is really new comes out of a later visit, also after a restart."""

    async def work() -> list[int]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(3))))
            counts = []
            for number in range(3):
                source.says("/rss", rss(hourly(3, first=number)))
                async with collecting(engine, feed) as collector:
                    counts.append(len((await collector.poll_due(NOON + number * HOUR)).new_items))
            return counts

    assert run(work()) == [3, 1, 1]


def test_an_edit_is_kept_and_does_not_fire(engine: Engine) -> None:
    """A corrected message becomes a revision of its item; the item, its date and its number stay."""

    async def work() -> Round:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([("a", "20 tanks", START)])))
            async with collecting(engine, feed) as collector:
                await collector.poll_due(NOON)
                source.says("/rss", rss([("a", "12 tanks", START)]))
                return await collector.poll_due(NOON + HOUR)

    edited = run(work())
    assert (edited.new_items, edited.edits) == ((), 1)
    (item,) = stored(engine)
    assert item.title == "20 tanks"
    with reading(engine) as connection:
        wordings = store.revisions_of(connection, item.item_id)
    assert [(w.title, w.revision, w.known_at) for w in wordings] == [
        ("20 tanks", 0, NOON),
        ("12 tanks", 1, NOON + HOUR),
    ]


def test_a_date_repaired_later_moves_nothing_silently(engine: Engine) -> None:
    """When a source gives a date later, or another one, a revision says so and the item stays where it was counted."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([("a", "Columns seen", None)])))
            async with collecting(engine, feed) as collector:
                assert (await visit_once(collector, NOON)).outcome is Outcome.UNDATED
                source.says("/rss", rss([("a", "Columns seen", START - 30 * DAY)]))
                assert (await collector.poll_due(NOON + HOUR)).edits == 1
                source.says("/rss", rss([("a", "Columns seen", None)]))
                assert (await collector.poll_due(NOON + 2 * HOUR)).edits == 0

    run(work())
    (item,) = stored(engine)
    assert item.published_at == NOON
    with reading(engine) as connection:
        assert [w.published_at for w in store.revisions_of(connection, item.item_id)] == [NOON, START - 30 * DAY]


def test_a_story_issued_again_under_a_new_id_is_the_same(engine: Engine) -> None:
    """Outlets that change the id of a story with every re-run do not make a new item of it; equal words later do."""

    async def work() -> list[int]:
        async with serving() as source:
            entry = rss([("a", "Columns seen", START)])
            feed = a_feed(source.says("/rss", entry))
            async with collecting(engine, feed) as collector:
                counts = [len((await collector.poll_due(NOON)).new_items)]
                again = entry.replace("<guid isPermaLink='false'>a", "<guid isPermaLink='false'>b")
                source.says("/rss", again)
                counts.append(len((await collector.poll_due(NOON + HOUR)).new_items))
                source.says("/rss", rss([("c", "Columns seen", START + HOUR)]))
                counts.append(len((await collector.poll_due(NOON + 2 * HOUR)).new_items))
                return counts

    # The second visit sees one entry that it knows by its words; the third one is a publication of its own.
    assert run(work()) == [1, 0, 1]


def test_304_and_an_equal_body_are_unchanged_and_cost_no_parsing(engine: Engine) -> None:
    """A source that says 304, or sends the same again, is read and has nothing new."""

    async def work() -> list[Poll]:
        async with serving() as source:

            async def answer(request: web.Request) -> web.Response:
                if request.headers.get("If-None-Match") == '"1"':
                    return web.Response(status=304)
                return web.Response(text=rss(hourly(3)), headers={"ETag": '"1"'})

            tagged = a_feed(source.does("/tagged", answer), feed_id="tagged")
            plain = a_feed(source.says("/plain", rss(hourly(3))), feed_id="plain")
            parser = Parser(size=1)
            async with collecting(engine, tagged, plain, parser=parser) as collector:
                await collector.poll_due(NOON)
                asked = parser._idle[0].asked
                round_ = await collector.poll_due(NOON + HOUR)
                assert parser._idle[0].asked == asked
                return list(round_.polls)

    plain, tagged = run(work())
    assert [(p.outcome, p.status, p.entries) for p in (plain, tagged)] == [
        (Outcome.UNCHANGED, 200, 3),
        (Outcome.UNCHANGED, 304, 3),
    ]
    assert plain.newest_at == START + 2 * HOUR


def test_once_a_week_a_source_is_asked_as_if_for_the_first_time(sqlite: Engine) -> None:
    """A server that answers 304 for ever is found out within a week."""

    async def work() -> None:
        async with serving() as source:

            async def stuck(request: web.Request) -> web.Response:
                if "If-None-Match" in request.headers:
                    return web.Response(status=304)
                return web.Response(text=rss(hourly(len(source.asked))), headers={"ETag": '"1"'})

            async with collecting(sqlite, a_feed(source.does("/rss", stuck))) as collector:
                outcomes = [(await visit_once(collector, NOON + n * DAY)).outcome for n in range(9)]
                assert outcomes == [Outcome.OK, *[Outcome.UNCHANGED] * 6, Outcome.OK, Outcome.UNCHANGED]

    run(work())


def test_a_last_modified_in_the_future_is_not_sent_back(sqlite: Engine) -> None:
    """A date of 2041 would make the server say 304 until then."""

    async def work() -> None:
        async with serving() as source:
            never = "Fri, 01 Mar 2041 00:00:00 GMT"
            feed = a_feed(source.says("/rss", rss(hourly(2)), Last_Modified=never))
            async with collecting(sqlite, feed) as collector:
                await collector.poll_due(NOON)
                await collector.poll_due(NOON + HOUR)
                assert "If-Modified-Since" not in source.asked[1].headers

    run(work())


def test_a_broken_page_is_broken_also_when_it_did_not_change(sqlite: Engine) -> None:
    """An unchanged document that could not be read is never reported as read, and is not parsed again."""

    async def work() -> list[Outcome]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "<html><body>Access denied</body></html>", ETag='"1"'))
            async with collecting(sqlite, feed) as collector:
                outcomes = []
                for number in range(3):
                    poll = await visit_once(collector, NOON + number * 12 * HOUR)
                    outcomes.append(poll.outcome)
                    assert poll.detail
                return outcomes

    assert run(work()) == [Outcome.FAILED] * 3


def test_an_empty_document_is_empty_until_it_is_filled(sqlite: Engine) -> None:
    """A feed without entries is not the same as a feed without news."""

    async def work() -> list[tuple[Outcome, int]]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(2))))
            async with collecting(sqlite, feed) as collector:
                found = [await visit_once(collector, NOON)]
                source.says("/rss", rss([]))
                found.append(await visit_once(collector, NOON + HOUR))
                found.append(await visit_once(collector, NOON + 2 * HOUR))
                source.says("/rss", rss(hourly(3)))
                found.append(await visit_once(collector, NOON + 3 * HOUR))
                return [(poll.outcome, poll.new_items) for poll in found]

    assert run(work()) == [(Outcome.OK, 2), (Outcome.EMPTY, 0), (Outcome.EMPTY, 0), (Outcome.OK, 1)]


def test_retry_after_is_kept_for_the_feed_and_its_host(sqlite: Engine) -> None:
    """A server that asks for an hour's patience gets it, from every feed of that host."""

    async def work() -> None:
        async with serving() as source:
            one = a_feed(source.says("/one", "", status=429, Retry_After="3600"), feed_id="one")
            two = a_feed(source.says("/two", rss(hourly(1))), feed_id="two", interval=30 * MINUTE)
            async with collecting(sqlite, one, two) as collector:
                await collector.poll_due(NOON)
                assert collector.next_due_at() == NOON + HOUR
                assert (await collector.poll_due(NOON + 59 * MINUTE)).polls == ()
                assert len((await collector.poll_due(NOON + HOUR)).polls) == 2

    run(work())


def test_failures_back_off_and_one_success_forgives(sqlite: Engine) -> None:
    """A failing source is asked ever more rarely but never given up, and is back to normal with its first answer."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "", status=500))
            async with collecting(sqlite, feed) as collector:
                now, waits = NOON, []
                for _ in range(12):
                    await visit_once(collector, now)
                    due = collector.next_due_at()
                    assert due is not None
                    waits.append(due - now)
                    now = due
                assert waits[0] < waits[4] < waits[6]
                assert max(waits) <= timedelta(hours=7.5)
                source.says("/rss", rss(hourly(2)))
                assert (await visit_once(collector, now)).outcome is Outcome.OK
                assert collector.next_due_at() == now + 10 * MINUTE

    run(work())


def test_410_twice_is_gone(sqlite: Engine) -> None:
    """One 410 may be a slip; two in a row mean that the source says good-bye, and it is still asked once a day."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", "", status=410))
            async with collecting(sqlite, feed) as collector:
                assert (await visit_once(collector, NOON)).outcome is Outcome.FAILED
                gone = await visit_once(collector, NOON + HOUR)
                assert gone.outcome is Outcome.GONE
                assert "disable it in the registry" in gone.detail
                assert collector.next_due_at() == NOON + HOUR + DAY
                source.says("/rss", rss(hourly(1)))
                assert (await visit_once(collector, NOON + 2 * DAY)).outcome is Outcome.OK

    run(work())


def test_youtubes_404_is_never_gone(sqlite: Engine) -> None:
    """Its feeds answer 404 at random for hours: a failure, however often."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/videos.xml", "", status=404), kind=FeedKind.YOUTUBE)
            async with collecting(sqlite, feed) as collector:
                for number in range(4):
                    assert (await visit_once(collector, NOON + number * DAY)).outcome is Outcome.FAILED

    run(work())


def test_a_permanent_move_is_believed_after_a_week(sqlite: Engine) -> None:
    """For seven days we ask at the old address and follow; then the new one is asked, and the poll row says so."""

    async def work() -> list[str]:
        async with serving() as source:
            source.says("/new", rss(hourly(2)))
            feed = a_feed(source.says("/old", "", status=301, Location="/new"))
            async with collecting(sqlite, feed) as collector:
                for number in range(8):
                    await visit_once(collector, NOON + number * DAY)
                source.asked.clear()
                poll = await visit_once(collector, NOON + 8 * DAY)
                assert "put that address into the registry" in poll.detail
                return source.paths()

    assert run(work()) == ["/new"]


def test_a_new_address_in_the_registry_starts_afresh(sqlite: Engine) -> None:
    """When an officer corrects an address, nothing learned at the old one stands in the way."""

    async def work() -> None:
        async with serving() as source:
            old = a_feed(source.says("/old", "", status=410))
            async with collecting(sqlite, old) as collector:
                await collector.poll_due(NOON)
            async with collecting(sqlite, a_feed(source.says("/new", rss(hourly(1))))) as collector:
                assert collector.next_due_at() == BEGINNING
                assert (await visit_once(collector, NOON + MINUTE)).outcome is Outcome.OK

    run(work())


def test_a_source_that_fails_stops_no_other(sqlite: Engine) -> None:
    """A bomb, a defect of the parser, a dead server and a private address leave the good source read."""

    async def work() -> dict[str, Outcome]:
        async with serving() as source:
            feeds = [
                a_feed(source.says("/good", rss(hourly(2))), feed_id="good"),
                a_feed(source.says("/big", b"x" * 9_000_000), feed_id="big"),
                a_feed("http://127.0.0.1:1/rss", feed_id="dead"),
                a_feed("http://10.0.0.1/rss", feed_id="private"),
                a_feed(source.base + "/manual", feed_id="manual", kind=FeedKind.MANUAL),
                a_feed(source.base + "/off", feed_id="off", enabled=False),
            ]
            async with collecting(sqlite, *feeds) as collector:
                return {poll.feed_id: poll.outcome for poll in (await collector.poll_due(NOON)).polls}

    assert run(work()) == {
        "good": Outcome.OK,
        "big": Outcome.REFUSED,
        "dead": Outcome.FAILED,
        "private": Outcome.REFUSED,
    }


def test_a_document_that_kills_its_reader_is_refused_once(sqlite: Engine) -> None:
    """The killed reader is replaced, the poll row says why, and the same document does not kill again."""

    async def work() -> list[Outcome]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", b"spin"))
            here = str(Path(__file__).parent)
            limits = WorkerLimits(cpu_seconds=1)
            parser = Parser(size=1, limits=limits, target="hostile_parsers:parse", path=[here])
            async with collecting(sqlite, feed, parser=parser) as collector:
                first = await visit_once(collector, NOON)
                second = await visit_once(collector, NOON + HOUR)
                assert second.took < timedelta(seconds=0.5)
                assert first.detail == second.detail
                return [first.outcome, second.outcome]

    assert run(work()) == [Outcome.REFUSED, Outcome.REFUSED]


def test_a_guid_shared_by_two_stories_makes_neither_an_edit_of_the_other(engine: Engine) -> None:
    """Together, apart, and one after the other: each is stored once, and no words of one become words of the other."""

    def story(number: int, *, at: datetime | None = None) -> str:
        date = format_datetime(at or START + number * HOUR)
        return (
            f"<item><guid isPermaLink='false'>news</guid><title>Story {number}</title><pubDate>{date}</pubDate>"
            f"<link>https://news.example/{number}</link><description>Words of {number}.</description></item>"
        )

    def shows(*stories: str) -> str:
        return f"<rss version='2.0'><channel><title>News</title>{''.join(stories)}</channel></rss>"

    async def work() -> list[tuple[int, int]]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", shows(story(1))))
            found = []
            async with collecting(engine, feed) as collector:
                for hour, stories in enumerate(
                    [
                        [story(1)],
                        [story(2), story(1)],
                        [story(2)],
                        [story(3)],
                        [story(4, at=START), story(5, at=START)],
                        [story(5, at=START)],
                        [story(4, at=START)],
                    ]
                ):
                    source.says("/rss", shows(*stories))
                    round_ = await collector.poll_due(NOON + hour * HOUR)
                    found.append((len(round_.new_items), round_.edits))
            return found

    assert run(work()) == [(1, 0), (1, 0), (0, 0), (1, 0), (2, 0), (0, 0), (0, 0)]


def test_a_source_that_never_held_anything_is_empty_and_suspect(sqlite: Engine) -> None:
    """No entries from the first visit on is no calm either: perhaps the address is wrong, and the row says so."""

    async def work() -> list[Poll]:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss([])))
            async with collecting(sqlite, feed) as collector:
                return [await visit_once(collector, NOON + hour * HOUR) for hour in range(3)]

    polls = run(work())
    assert {poll.outcome for poll in polls} == {Outcome.EMPTY}
    assert all("never held any" in poll.detail and poll.detail.count("never") == 1 for poll in polls)


def test_two_wordings_under_one_id_are_no_edit_at_every_visit(sqlite: Engine) -> None:
    """A document that repeats an id with other words does not make a revision of each visit."""

    async def work() -> list[int]:
        async with serving() as source:
            feed = a_feed(source.base + "/rss")
            edits = []
            async with collecting(sqlite, feed) as collector:
                for number in range(3):
                    twice = [("a", "first", START), ("a", "second", START), (f"n{number}", "other", START)]
                    source.says("/rss", rss(twice))
                    edits.append((await collector.poll_due(NOON + number * HOUR)).edits)
            return edits

    assert run(work()) == [0, 0, 0]


def test_looking_writes_nothing(sqlite: Engine) -> None:
    """A source can be tried before it is registered."""

    async def work() -> None:
        async with serving() as source:
            feed = a_feed(source.says("/rss", rss(hourly(2))))
            async with collecting(sqlite) as collector:
                finding = await collector.look(feed, now=NOON)
                assert (finding.outcome, len(finding.entries)) == (Outcome.OK, 2)
                assert collector.next_due_at() is None

    run(work())
    assert polled(sqlite) == []
