"""The store of collection, on both databases."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from feeds import store
from feeds.database import reading, writing
from feeds.model import DateQuality, Item, Outcome, Poll
from feeds.store import FeedState, Lease

START = datetime(2022, 12, 20, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def an_item(number: int = 1, **changes: object) -> Item:
    """An item with what a test names."""
    at = START + number * MINUTE
    plain = Item(
        item_id=f"hajun:{number}",
        source="hajun",
        url=f"https://t.me/Hajun_BY/{number}",
        title="",
        text=f"Колонна техники №{number}",
        published_at=at,
        known_at=at + MINUTE,
        lang="ru",
        published_raw="raw",
        date_method="iso8601",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def a_poll(minutes: int, **changes: object) -> Poll:
    """A visit with what a test names."""
    return replace(Poll(feed_id="hajun", polled_at=START + minutes * MINUTE, outcome=Outcome.OK), **changes)  # type: ignore[arg-type]


def a_state(feed_id: str, **changes: object) -> FeedState:
    """The state of a feed that is due at the start."""
    url = f"https://{feed_id}.example/rss"
    plain = FeedState(feed_id=feed_id, registry_url=url, url=url, host=f"{feed_id}.example", next_due_at=START)
    return replace(plain, **changes)  # type: ignore[arg-type]


def claim(connection: Connection, feeds: list[str], owner: str = "a", **changes: object) -> list[Lease]:
    """Claim what is due at the start."""
    settings: dict[str, object] = {
        "now": START,
        "limit": 10,
        "lease_for": timedelta(minutes=5),
        "spacing": {},
        "default_spacing": timedelta(seconds=2),
    }
    return store.claim_due(connection, feeds, owner=owner, **(settings | changes))  # type: ignore[arg-type]


def test_items_come_back_as_they_went_in(engine: Engine) -> None:
    """Every field survives the store."""
    item = an_item(author="A", forwarded_from="B", title="T", date_quality=DateQuality.ASSUMED)
    with writing(engine) as connection:
        assert store.add_item(connection, item)
    with reading(engine) as connection:
        assert store.items_by_id(connection, [item.item_id, "nobody"]) == {item.item_id: item}


def test_items_are_read_on_from_the_last_one_seen(engine: Engine) -> None:
    """A reader that remembers a number sees every later item once, in the order of storing."""
    with writing(engine) as connection:
        store.add_items(connection, [an_item(number) for number in range(1, 8)])
    seen: list[str] = []
    with reading(engine) as connection:
        last = 0
        while rows := store.items_after(connection, last, limit=3):
            last = rows[-1][0]
            seen += [item.item_id for _, item in rows]
        assert last == store.latest_seq(connection)
    assert seen == [f"hajun:{number}" for number in range(1, 8)]


def test_an_empty_store_has_no_latest_item(engine: Engine) -> None:
    """Zero is before every item."""
    with reading(engine) as connection:
        assert store.latest_seq(connection) == 0


def test_an_item_known_already_is_not_stored_again(engine: Engine) -> None:
    """Reading an archive twice adds nothing and changes nothing."""
    with writing(engine) as connection:
        assert store.add_items(connection, [an_item(1), an_item(2)]) == 2
        assert store.add_items(connection, [an_item(2, text="other"), an_item(3)]) == 1
        assert store.items_by_id(connection, ["hajun:2"])["hajun:2"].text == an_item(2).text


def test_an_edit_is_a_revision_and_the_first_sight_stays(engine: Engine) -> None:
    """What was known at a past moment can still be read: the first words, and later ones from when they came."""
    first = an_item(1)
    edit = replace(first, revision=1, text="Отведена", known_at=START + timedelta(hours=2))
    with writing(engine) as connection:
        store.add_item(connection, first)
        store.add_revision(connection, edit)
        known = store.known_items(connection, [first.item_id])[first.item_id]
        assert (known.revision, known.latest_hash) == (1, store.content_hash("", "Отведена"))
        assert store.items_after(connection, 0, limit=9) == [(1, first)]
        assert [item.text for item in store.revisions_of(connection, first.item_id)] == [first.text, "Отведена"]
        assert store.revisions_of(connection, first.item_id, as_of=START + timedelta(hours=1)) == [first]


def test_revisions_are_kept_to_a_cap_and_counted_beyond(engine: Engine) -> None:
    """A page that changes on every visit does not fill the disk, and the count says how often it changed."""
    with writing(engine) as connection:
        store.add_item(connection, an_item(1))
        for number in range(1, store.KEPT_REVISIONS + 10):
            store.add_revision(connection, an_item(1, revision=number, text=f"{number}"))
        assert len(store.revisions_of(connection, "hajun:1")) == store.KEPT_REVISIONS + 1
        assert store.known_items(connection, ["hajun:1"])["hajun:1"].revision == store.KEPT_REVISIONS + 9


def test_hostile_characters_do_not_stop_the_store(engine: Engine) -> None:
    """An archive may hold NUL and half of a surrogate pair; the item is stored without them."""
    with writing(engine) as connection:
        store.add_item(connection, an_item(1, text="a\0b\ud800c й"))
        assert store.items_by_id(connection, ["hajun:1"])["hajun:1"].text == "ab?c й"


def test_polls_are_read_by_time(engine: Engine) -> None:
    """The end of a span belongs to the next one, so that spans can be joined without counting twice."""
    polls = [a_poll(0), a_poll(10, outcome=Outcome.FAILED, status=503, detail="busy"), a_poll(20, new_items=3)]
    with writing(engine) as connection:
        store.add_polls(connection, polls)
    with reading(engine) as connection:
        assert store.polls_between(connection, START, START + 20 * MINUTE) == polls[:2]
        assert store.last_polls(connection) == {"hajun": polls[2]}
        assert store.last_polls(connection, as_of=START + 15 * MINUTE) == {"hajun": polls[1]}


def test_the_last_visit_of_every_feed_is_found(engine: Engine) -> None:
    """Each of many feeds has its own newest visit, also when an older one was written later."""
    with writing(engine) as connection:
        assert store.last_polls(connection) == {}
        store.add_polls(connection, [a_poll(minutes, feed_id=f"f{n}") for minutes in (5, 9, 7) for n in range(20)])
        found = store.last_polls(connection)
        assert {feed: poll.polled_at for feed, poll in found.items()} == {
            f"f{n}": START + 9 * MINUTE for n in range(20)
        }
        assert len(store.last_polls(connection, as_of=START)) == 0


def test_a_clock_that_was_wrong_does_not_silence_a_feed(engine: Engine) -> None:
    """After an hour in which the clock stood in 2099, feeds planned from there are due now, and hosts are free."""
    far = START.replace(year=2099)
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a", next_due_at=far)])
        store.hold_host(connection, "a.example", until=far)
        assert len(claim(connection, ["a"])) == 1
        assert claim(connection, ["a"]) == []


def test_the_rhythm_of_a_source_is_its_newest_publications(engine: Engine) -> None:
    """Silence is judged from the newest publications known at the moment of judging."""
    with writing(engine) as connection:
        store.add_items(connection, [an_item(number) for number in range(1, 10)])
    with reading(engine) as connection:
        times = store.item_times(connection, since=START, as_of=START + 8 * MINUTE, limit=3)
    assert times == {"hajun": [START + number * MINUTE for number in (5, 6, 7)]}


def test_a_state_returns_as_it_was_saved(engine: Engine) -> None:
    """What the poller remembers of a feed survives a restart."""
    state = a_state("tass", etag='"x"', body_outcome=Outcome.EMPTY, rate=3.5, moved_since_at=START)
    with writing(engine) as connection:
        store.add_states(connection, [a_state("tass")])
        store.add_states(connection, [a_state("tass", failures=9)])
        store.save_state(connection, state)
        assert store.states_of(connection, ["tass", "none"]) == {"tass": state}


def test_one_feed_goes_to_one_poller(engine: Engine) -> None:
    """A leased feed is nobody else's until it is given back."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a"), a_state("b")])
        (first,) = claim(connection, ["a"], "one")
        assert [lease.feed_id for lease in claim(connection, ["a", "b"], "two")] == ["b"]
        assert store.finish_lease(connection, first)
        assert not store.finish_lease(connection, first)


def test_a_feed_not_yet_due_is_not_claimed(engine: Engine) -> None:
    """Nobody is asked before the time."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a", next_due_at=START + MINUTE)])
        assert claim(connection, ["a"]) == []
        assert store.earliest_due(connection, ["a"]) == START + MINUTE
        assert len(claim(connection, ["a"], now=START + MINUTE)) == 1


def test_feeds_of_nobody_stand_in_nobodys_way(engine: Engine) -> None:
    """Feeds that left the registry and have been due for ever do not keep ours from being claimed or waited for."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state(f"left{n:03}", next_due_at=START - MINUTE) for n in range(100)])
        store.add_states(connection, [a_state("ours"), a_state("later", next_due_at=START + MINUTE)])
        assert store.earliest_due(connection, ["ours", "later"]) == START
        assert [lease.feed_id for lease in claim(connection, ["ours", "later"], limit=2)] == ["ours"]
        assert store.earliest_due(connection, ["ours", "later"]) == START + MINUTE
        assert store.earliest_due(connection, ["nobody"]) is None


def test_feeds_of_one_host_are_claimed_one_at_a_time(engine: Engine) -> None:
    """A host with many channels is asked once per spacing; meanwhile the others wait, and it is known how long."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state(name, host="t.me") for name in ("a", "b", "c")])
        spacing = {"t.me": timedelta(seconds=3)}
        assert len(claim(connection, ["a", "b", "c"], spacing=spacing)) == 1
        assert claim(connection, ["a", "b", "c"], spacing=spacing) == []
        assert store.earliest_due(connection, ["a", "b", "c"]) == START + timedelta(seconds=3)
        assert len(claim(connection, ["a", "b", "c"], spacing=spacing, now=START + timedelta(seconds=3))) == 1


def test_a_host_that_asks_for_patience_is_left_alone(engine: Engine) -> None:
    """A 429 on one channel holds every channel of that host, and a shorter hold never undercuts a longer one."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a", host="t.me"), a_state("b")])
        store.hold_host(connection, "t.me", until=START + timedelta(hours=1))
        store.hold_host(connection, "t.me", until=START + MINUTE)
        assert [lease.feed_id for lease in claim(connection, ["a", "b"])] == ["b"]
        assert claim(connection, ["a"], now=START + 59 * MINUTE) == []


def test_a_dead_pollers_lease_runs_out_and_its_late_result_is_refused(engine: Engine) -> None:
    """A killed poller's feeds pass on after the lease; if it was only slow, what it brings late is not written."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a", host="")])
        (dead,) = claim(connection, ["a"], "dead", lease_for=timedelta(seconds=0.05))
    time.sleep(0.1)
    with writing(engine) as connection:
        (heir,) = claim(connection, ["a"], "heir")
        assert heir.fence > dead.fence
        assert not store.finish_lease(connection, dead)
        assert store.finish_lease(connection, heir)


def test_a_poller_that_stops_gives_its_leases_back(engine: Engine) -> None:
    """After a stop in good order nobody waits for leases to run out."""
    with writing(engine) as connection:
        store.add_states(connection, [a_state("a"), a_state("b")])
        claim(connection, ["a", "b"], "one")
        assert store.release_owner(connection, "one") == 2
        assert len(claim(connection, ["a", "b"], "two", now=START + MINUTE)) == 2
