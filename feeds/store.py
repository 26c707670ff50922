"""SQL of collection: items and their revisions, polls, the state of each feed, host budgets, and leases."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Update
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select

from feeds.database import Instant, metadata
from feeds.model import DateQuality, Item, Outcome, Poll

KEPT_REVISIONS = 24
"""Edits of one item that are kept word for word; later ones are only counted (some pages change on every visit)."""
FARTHEST_DUE = timedelta(days=9)
"""Nothing is ever planned further ahead: what is, was planned by a clock that was wrong, and is due now."""
T = TypeVar("T")
CLAIM_PAGES = 4
CHUNK = 500
"""Ids named in one statement."""

_Serial = BigInteger().with_variant(Integer, "sqlite")

ITEMS = Table(
    "items",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("lang", String, nullable=False),
    Column("author", Text, nullable=False),
    Column("forwarded_from", Text, nullable=False),
    Column("published_raw", Text, nullable=False),
    Column("date_method", String, nullable=False),
    Column("date_quality", String, nullable=False),
    Column("content_hash", String, nullable=False, comment="of the first sight"),
    Column("latest_hash", String, comment="of the newest revision; null while there was no edit"),
    Column("latest_published_at", Instant, comment="as the newest revision says; never used as the date"),
    Column("revision", Integer, nullable=False, comment="number of the newest revision, counted beyond those kept"),
    Index("ix_items_source_known_at", "source", "known_at"),
    Index("ix_items_source_content_hash", "source", "content_hash"),
    Index("ix_items_known_at", "known_at"),
    sqlite_autoincrement=True,
    comment="First sights. A row's words and dates are never rewritten; edits are rows of item_revisions.",
)

REVISIONS = Table(
    "item_revisions",
    metadata,
    Column("item_id", String, ForeignKey("items.item_id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("known_at", Instant, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("published_raw", Text, nullable=False),
    Column("date_method", String, nullable=False),
    Column("date_quality", String, nullable=False),
    comment="Edits, from 1; what an item said afterwards.",
)

POLLS = Table(
    "polls",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("feed_id", String, nullable=False),
    Column("polled_at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    Column("status", Integer),
    Column("entries", Integer, nullable=False),
    Column("new_items", Integer, nullable=False),
    Column("newest_at", Instant),
    Column("took_ms", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_polls_feed_id_polled_at", "feed_id", "polled_at"),
    Index("ix_polls_polled_at", "polled_at"),
    sqlite_autoincrement=True,
    comment="One row a visit, read or not: health and coverage are computed from these and nothing else.",
)

FEED_STATES = Table(
    "feed_states",
    metadata,
    Column("feed_id", String, primary_key=True),
    Column("registry_url", Text, nullable=False, comment="as the registry had it; another one starts the state afresh"),
    Column("url", Text, nullable=False, comment="where we really ask, after permanent moves"),
    Column("host", String, nullable=False),
    Column("next_due_at", Instant, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String),
    Column("body_outcome", String),
    Column("body_detail", Text, nullable=False),
    Column("entries", Integer, nullable=False, comment="in the last document that had any"),
    Column("newest_at", Instant),
    Column("rate", Float, comment="new items a day, learned; null until a document was read"),
    Column("ttl_s", Integer, nullable=False),
    Column("max_age_s", Integer, nullable=False),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("gone_count", Integer, nullable=False, comment="410s in a row"),
    Column("polled_at", Instant),
    Column("read_at", Instant),
    Column("unconditional_at", Instant),
    Column("moved_to", Text),
    Column("moved_since_at", Instant),
    Index("ix_feed_states_next_due_at", "next_due_at"),
)

HOSTS = Table(
    "feed_hosts",
    metadata,
    Column("host", String, primary_key=True),
    Column("free_at", Instant, nullable=False, comment="product time before which nobody asks this host again"),
)

LEASES = Table(
    "feed_leases",
    metadata,
    Column("feed_id", String, ForeignKey("feed_states.feed_id"), primary_key=True),
    Column("owner", String),
    Column(
        "fence", _Serial, nullable=False, comment="grows with every claim; a holder with an older number has lost it"
    ),
    Column("expires_s", Float, comment="seconds since 1970 on the database's own clock: leases follow real time"),
    comment="Who is at which feed now; a killed holder's lease runs out by itself.",
)

TABLES = (ITEMS, REVISIONS, POLLS, FEED_STATES, HOSTS, LEASES)
ITEM_ROW = tuple(field.name for field in fields(Item))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the poller remembers of a feed between visits."""

    feed_id: str
    registry_url: str
    url: str
    host: str
    next_due_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    body_outcome: Outcome | None = None
    """What the body with `body_hash` turned out to be: an unchanged broken page is still broken."""
    body_detail: str = ""
    entries: int = 0
    newest_at: datetime | None = None
    rate: float | None = None
    ttl_s: int = 0
    max_age_s: int = 0
    failures: int = 0
    gone_count: int = 0
    polled_at: datetime | None = None
    read_at: datetime | None = None
    unconditional_at: datetime | None = None
    moved_to: str | None = None
    moved_since_at: datetime | None = None


STATE_ROW = tuple(field.name for field in fields(FeedState))
SCHEDULE = ("next_due_at", "rate", "max_age_s", "failures", "gone_count", "polled_at", "read_at")
"""What every visit changes."""
_learned = attrgetter(*(name for name in STATE_ROW if name not in SCHEDULE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds of an item that turned up again."""

    item_id: str
    url: str
    published_at: datetime
    content_hash: str
    latest_hash: str
    latest_published_at: datetime
    revision: int


def create_tables(engine: Engine) -> None:
    """Make the tables of this room where no migration history does it (tests, the room on its own)."""
    metadata.create_all(engine, tables=list(TABLES))


# --- items ---------------------------------------------------------------------------------------------------------


def content_hash(title: str, body: str) -> str:
    """What must differ for an entry to count as edited: its words."""
    return hashlib.blake2b(f"{title}\0{body}".encode(errors="surrogatepass"), digest_size=16).hexdigest()


def add_items(connection: Connection, items: Iterable[Item]) -> int:
    """Store first sights; those whose id is known already are left as they are. Returns how many were new."""
    statement = _add_missing(connection.dialect.name, ITEMS, "item_id")
    _one_writer_of_items(connection)
    added = 0
    for chunk in _chunks(items, 5_000):
        rows = [_item_row(item) for item in chunk]
        if connection.dialect.name == "postgresql":
            # Its driver sends many rows in one statement only when they are to be returned.
            added += len(connection.execute(statement.returning(ITEMS.c.seq), rows).all())
        else:
            added += connection.execute(statement, rows).rowcount
    return added


def add_item(connection: Connection, item: Item) -> bool:
    """Store one first sight; False when its id is known already."""
    return add_items(connection, [item]) == 1


def add_revision(connection: Connection, item: Item) -> None:
    """Store an edit as `item.revision` of its item: kept to the cap, counted beyond; the first sight stays as it is."""
    digest = content_hash(item.title, item.text)
    connection.execute(
        update(ITEMS)
        .where(ITEMS.c.item_id == item.item_id)
        .values(latest_hash=digest, latest_published_at=item.published_at, revision=item.revision)
    )
    if item.revision <= KEPT_REVISIONS:
        row = _item_row(item)
        connection.execute(insert(REVISIONS).values({column.name: row[column.name] for column in REVISIONS.columns}))


def known_items(connection: Connection, item_ids: Collection[str]) -> dict[str, Known]:
    """What is held under these ids."""
    found: dict[str, Known] = {}
    for chunk in _chunks(sorted(item_ids), CHUNK):
        for row in connection.execute(_KNOWN_BY_ID, {"ids": chunk}):
            found[row.item_id] = Known(**row._mapping)
    return found


def known_by_content(connection: Connection, source: str, since: datetime, hashes: Collection[str]) -> list[Known]:
    """Items of a source, known since, whose first words had one of these hashes (a story re-issued under a new id)."""
    return [
        Known(**row._mapping)
        for chunk in _chunks(sorted(hashes), CHUNK)
        for row in connection.execute(_KNOWN_BY_CONTENT, {"source": source, "since": since, "hashes": chunk})
    ]


def items_after(connection: Connection, seq: int, *, limit: int) -> list[tuple[int, Item]]:
    """The next first sights in the order in which they were stored; edits never come by here."""
    statement = _items().where(ITEMS.c.seq > seq).order_by(ITEMS.c.seq).limit(limit)
    return [(row.seq, _item(row)) for row in connection.execute(statement)]


def latest_seq(connection: Connection) -> int:
    """The number of the item stored last; 0 in an empty store."""
    return int(connection.execute(select(func.coalesce(func.max(ITEMS.c.seq), 0))).scalar_one())


def items_by_id(connection: Connection, item_ids: Collection[str]) -> dict[str, Item]:
    """First sights by id; an unknown id is absent."""
    found: dict[str, Item] = {}
    for chunk in _chunks(sorted(set(item_ids)), CHUNK):
        for row in connection.execute(_items().where(ITEMS.c.item_id.in_(chunk))):
            found[row.item_id] = _item(row)
    return found


def recent_items(connection: Connection, *, as_of: datetime, source: str | None = None, limit: int = 100) -> list[Item]:
    """The newest first sights known by `as_of`, newest first."""
    statement = _items().where(ITEMS.c.known_at <= as_of)
    if source is not None:
        statement = statement.where(ITEMS.c.source == source)
    statement = statement.order_by(ITEMS.c.known_at.desc(), ITEMS.c.seq.desc()).limit(limit)
    return [_item(row) for row in connection.execute(statement)]


def revisions_of(connection: Connection, item_id: str, *, as_of: datetime | None = None) -> list[Item]:
    """Every kept wording of an item, first sight first, as far as known by `as_of`."""
    first = items_by_id(connection, [item_id]).get(item_id)
    if first is None or (as_of is not None and first.known_at > as_of):
        return []
    statement = select(REVISIONS).where(REVISIONS.c.item_id == item_id).order_by(REVISIONS.c.revision)
    if as_of is not None:
        statement = statement.where(REVISIONS.c.known_at <= as_of)
    wordings = [first]
    for row in connection.execute(statement):
        values = dict(row._mapping, date_quality=DateQuality(row.date_quality))
        wordings.append(replace(first, **values))
    return wordings


def item_times(
    connection: Connection, *, since: datetime, as_of: datetime, limit: int = 60
) -> dict[str, list[datetime]]:
    """Per source, when its newest items were published, oldest first: the rhythm from which silence is judged."""
    rank = func.row_number().over(partition_by=ITEMS.c.source, order_by=ITEMS.c.published_at.desc()).label("rank")
    newest = (
        select(ITEMS.c.source, ITEMS.c.published_at, rank)
        .where(ITEMS.c.known_at <= as_of, ITEMS.c.known_at >= since)
        .subquery()
    )
    times: dict[str, list[datetime]] = defaultdict(list)
    statement = select(newest.c.source, newest.c.published_at).where(newest.c.rank <= limit)
    for source, published_at in connection.execute(statement.order_by(newest.c.source, newest.c.published_at)):
        times[source].append(published_at)
    return dict(times)


# --- polls ---------------------------------------------------------------------------------------------------------


def add_polls(connection: Connection, polls: Iterable[Poll]) -> None:
    """Store visits."""
    for chunk in _chunks(polls, 5_000):
        connection.execute(_ADD_POLL, [_poll_row(poll) for poll in chunk])


def polls_between(
    connection: Connection, since: datetime, until: datetime, *, feed_id: str | None = None
) -> list[Poll]:
    """Visits from `since` up to, not including, `until`, oldest first."""
    statement = select(POLLS).where(POLLS.c.polled_at >= since, POLLS.c.polled_at < until)
    if feed_id is not None:
        statement = statement.where(POLLS.c.feed_id == feed_id)
    return [_poll(row) for row in connection.execute(statement.order_by(POLLS.c.polled_at, POLLS.c.seq))]


def last_polls(connection: Connection, *, as_of: datetime | None = None) -> dict[str, Poll]:
    """The newest visit to each feed, as far as known by `as_of`; as quick after a year as after a day."""
    # The feeds are found by hopping along the index from one to the next, never by reading every visit.
    first = select(func.min(POLLS.c.feed_id).label("feed_id")).cte("hop", recursive=True)
    further = select(func.min(POLLS.c.feed_id)).where(POLLS.c.feed_id > first.c.feed_id).scalar_subquery()
    feeds = first.union_all(select(further).where(first.c.feed_id.is_not(None)))
    newest = select(POLLS.c.seq).where(POLLS.c.feed_id == feeds.c.feed_id)
    if as_of is not None:
        newest = newest.where(POLLS.c.polled_at <= as_of)
    newest = newest.order_by(POLLS.c.polled_at.desc(), POLLS.c.seq.desc()).limit(1)
    statement = select(POLLS).join(feeds, POLLS.c.seq == newest.correlate(feeds).scalar_subquery())
    return {row.feed_id: _poll(row) for row in connection.execute(statement)}


def any_answer_since(connection: Connection, since: datetime) -> bool:
    """True when any server at all answered us: otherwise it is our own network that is down."""
    return connection.execute(_ANY_ANSWER, {"since": since}).first() is not None


# --- states, hosts and leases --------------------------------------------------------------------------------------


def add_states(connection: Connection, states: Iterable[FeedState]) -> None:
    """Begin to remember these feeds; those remembered already keep what they have."""
    states = list(states)
    if not states:
        return
    dialect = connection.dialect.name
    connection.execute(_add_missing(dialect, FEED_STATES, "feed_id"), [_state_row(state) for state in states])
    leases = [{"feed_id": state.feed_id, "fence": 0} for state in states]
    connection.execute(_add_missing(dialect, LEASES, "feed_id"), leases)


def save_state(connection: Connection, state: FeedState) -> None:
    """Write a feed's state back."""
    save_states(connection, [state])


def save_states(
    connection: Connection, states: Iterable[FeedState], *, before: Mapping[str, FeedState] | None = None
) -> None:
    """Write the states of these feeds back; where it is known how they were `before`, only what a quiet visit changes.

    Most visits find nothing new, and then two thirds of a state are as they were.
    """
    whole: list[FeedState] = []
    quiet: list[FeedState] = []
    # In one order for everybody, so that two writers cannot wait for each other.
    for state in sorted(states, key=lambda state: state.feed_id):
        old = before.get(state.feed_id) if before is not None else None
        same = old is not None and _learned(state) == _learned(old)
        (quiet if same else whole).append(state)
    if quiet:
        names = ("feed_id", *SCHEDULE)
        rows = [{f"new_{name}": getattr(state, name) for name in names} for state in quiet]
        connection.execute(_SAVE_SCHEDULE, rows)
    if whole:
        rows = [{f"new_{name}": value for name, value in _state_row(state).items()} for state in whole]
        connection.execute(_SAVE_STATE, rows)


def states_of(connection: Connection, feed_ids: Collection[str]) -> dict[str, FeedState]:
    """The states of these feeds, as far as they were ever begun."""
    found: dict[str, FeedState] = {}
    for chunk in _chunks(sorted(set(feed_ids)), CHUNK):
        for row in connection.execute(_STATES, {"ids": chunk}):
            found[row.feed_id] = _state(row._asdict())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to visit one feed until it expires; `fence` proves at the end that it was not lost meanwhile."""

    feed_id: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What one claim took."""

    leases: tuple[Lease, ...] = ()
    more: bool = False
    """True when there may be more that is due: the claim ended at its limit."""


def claim_due(
    connection: Connection,
    feed_ids: Collection[str],
    *,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    spacing: Mapping[str, timedelta],
    default_spacing: timedelta,
) -> list[Lease]:
    """Take feeds that are due, one a host, whose host is free and which nobody holds; their hosts become busy.

    Two claimers never get the same feed, nor one host twice within its spacing: on SQLite the write lock orders them,
    on PostgreSQL locked rows are skipped and a host's row is taken by compare-and-set.
    """
    claimed = claim_batch(
        connection,
        feed_ids,
        now=now,
        owner=owner,
        limit=limit,
        lease_for=lease_for,
        spacing=spacing,
        default_spacing=default_spacing,
    )
    return list(claimed.leases)


def claim_batch(
    connection: Connection,
    feed_ids: Collection[str],
    *,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    spacing: Mapping[str, timedelta],
    default_spacing: timedelta,
) -> Claimed:
    """As `claim_due`, and whether claiming again at the same `now` may find more."""
    chosen: list[Row[Any]] = []
    free_at: dict[str, datetime] = {}
    more = False
    for row in _candidates(connection, feed_ids, now=now, page=limit + 1):
        if len(chosen) == limit or row is None:
            more = True
            break
        wait = spacing.get(row.host, default_spacing) if row.host else timedelta(0)
        if row.host not in free_at:
            if wait > timedelta(0):
                free_at[row.host] = now + wait
            chosen.append(row)
    taken = _take_hosts(connection, free_at, now=now)
    chosen = [row for row in chosen if row.host in taken or row.host not in free_at]
    # The rows are ours until the transaction ends, so what was read of them still holds.
    leases = tuple(Lease(feed_id=row.feed_id, owner=owner, fence=row.fence + 1) for row in chosen)
    if leases:
        values = {"to": owner, "span_s": lease_for.total_seconds(), "ids": [lease.feed_id for lease in leases]}
        connection.execute(_statements(connection.dialect.name).take_leases, values)
    return Claimed(leases=leases, more=more)


def _candidates(
    connection: Connection, feed_ids: Collection[str], *, now: datetime, page: int
) -> Iterator[Row[Any] | None]:
    """What is due, longest first; ends with None where looking further is left to the next claim."""
    ours = feed_ids if isinstance(feed_ids, Set | Mapping) else set(feed_ids)
    values: dict[str, Any] = {"now": now, "far": now + FARTHEST_DUE, "most": page, "passed": 0}
    if connection.dialect.name == "postgresql":
        values["ours"] = list(ours)
    found = 0
    while found < CLAIM_PAGES * page:
        rows = connection.execute(_statements(connection.dialect.name).due, values).all()
        # Naming a thousand feeds in a statement costs more than passing over the few that are not ours.
        mine = [row for row in rows if row.feed_id in ours]
        yield from mine
        if len(rows) < page:
            return
        found += len(mine)
        values["passed"] += page
    yield None


def _take_hosts(connection: Connection, free_at: Mapping[str, datetime], *, now: datetime) -> Set[str]:
    if not free_at:
        return frozenset()
    # One order for everybody, by host, so that two claimers cannot wait for each other.
    far = now + FARTHEST_DUE
    rows = [{"host": host, "free_at": free_at[host], "now": now, "far": far} for host in sorted(free_at)]
    statement = _statements(connection.dialect.name).take_host
    if connection.dialect.name == "postgresql":
        return {str(row["host"]) for row in rows if connection.execute(statement, row).first() is not None}
    # Whoever writes here is alone: a host that was free when the feeds were chosen is free now.
    connection.execute(statement, rows)
    return free_at.keys()


def hold_host(connection: Connection, host: str, *, until: datetime) -> None:
    """Nobody asks `host` before `until`, unless it is held longer already."""
    connection.execute(_statements(connection.dialect.name).hold_host, {"host": host, "free_at": until})


def finish_lease(connection: Connection, lease: Lease) -> bool:
    """Give a lease back; False when it was lost meanwhile, and then nothing of the visit may be written."""
    return finish_leases(connection, [lease]) == 1


def finish_leases(connection: Connection, leases: Collection[Lease]) -> int:
    """Give leases back; how many of them were still held."""
    held = 0
    for owner, group in groupby(sorted(leases, key=attrgetter("owner", "feed_id")), key=attrgetter("owner")):
        for chunk in _chunks(((lease.feed_id, lease.fence) for lease in group), CHUNK):
            held += connection.execute(_FINISH_LEASES, {"by": owner, "held": chunk}).rowcount
    return held


def withdraw_leases(connection: Connection, feed_ids: Collection[str]) -> None:
    """Take these feeds from whoever visits them now: what they bring was fetched where the feed no longer is."""
    for chunk in _chunks(sorted(feed_ids), CHUNK):
        connection.execute(_WITHDRAW_LEASES, {"ids": chunk})


def release_owner(connection: Connection, owner: str) -> int:
    """Give back every lease of a poller that stops in good order."""
    return connection.execute(update(LEASES).where(LEASES.c.owner == owner).values(owner=None, expires_s=None)).rowcount


def earliest_due(connection: Connection, feed_ids: Collection[str]) -> datetime | None:
    """When the first of these feeds that nobody holds may be visited: due, and its host free."""
    ours = feed_ids if isinstance(feed_ids, Set | Mapping) else set(feed_ids)
    statement = _statements(connection.dialect.name).soonest
    earliest: datetime | None = None
    passed, most = 0, 4
    while True:
        rows = connection.execute(statement, {"most": most, "passed": passed}).all()
        for feed_id, due_at, free_at in rows:
            if earliest is not None and due_at >= earliest:
                return earliest
            if feed_id in ours:
                at = due_at if free_at is None or free_at <= due_at else free_at
                earliest = at if earliest is None else min(earliest, at)
        if len(rows) < most:
            return earliest
        passed, most = passed + len(rows), 512


# --- statements: each built once, for building one costs more than the database needs to answer it ------------------


def _known() -> Select[Any]:
    return select(
        ITEMS.c.item_id,
        ITEMS.c.url,
        ITEMS.c.published_at,
        ITEMS.c.content_hash,
        func.coalesce(ITEMS.c.latest_hash, ITEMS.c.content_hash).label("latest_hash"),
        func.coalesce(ITEMS.c.latest_published_at, ITEMS.c.published_at).label("latest_published_at"),
        ITEMS.c.revision,
    )


_KNOWN_BY_ID = _known().where(ITEMS.c.item_id.in_(bindparam("ids", expanding=True)))
_KNOWN_BY_CONTENT = _known().where(
    ITEMS.c.source == bindparam("source"),
    ITEMS.c.known_at >= bindparam("since"),
    ITEMS.c.content_hash.in_(bindparam("hashes", expanding=True)),
)
_ADD_POLL = insert(POLLS)
_ANY_ANSWER = select(POLLS.c.seq).where(POLLS.c.polled_at >= bindparam("since"), POLLS.c.status.is_not(None)).limit(1)
_STATES = select(FEED_STATES).where(FEED_STATES.c.feed_id.in_(bindparam("ids", expanding=True)))
_SAVE_STATE = (
    update(FEED_STATES)
    .where(FEED_STATES.c.feed_id == bindparam("new_feed_id"))
    .values({column: bindparam(f"new_{column.name}") for column in FEED_STATES.c if not column.primary_key})
)
_SAVE_SCHEDULE = (
    update(FEED_STATES)
    .where(FEED_STATES.c.feed_id == bindparam("new_feed_id"))
    .values({FEED_STATES.c[name]: bindparam(f"new_{name}") for name in SCHEDULE})
)
_FINISH_LEASES = (
    update(LEASES)
    .where(
        LEASES.c.owner == bindparam("by"),
        tuple_(LEASES.c.feed_id, LEASES.c.fence).in_(bindparam("held", expanding=True)),
    )
    .values(owner=null(), expires_s=null())
)
_WITHDRAW_LEASES = (
    update(LEASES)
    .where(LEASES.c.feed_id.in_(bindparam("ids", expanding=True)))
    .values(owner=null(), expires_s=null(), fence=LEASES.c.fence + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statements:
    """Those that the two databases word differently."""

    due: Select[Any]
    soonest: Select[Any]
    take_leases: Update
    take_host: Any
    hold_host: Any


@cache
def _statements(dialect: str) -> _Statements:
    now, far = bindparam("now", type_=Instant()), bindparam("far", type_=Instant())
    states = FEED_STATES.join(LEASES, LEASES.c.feed_id == FEED_STATES.c.feed_id)
    states = states.outerjoin(HOSTS, HOSTS.c.host == FEED_STATES.c.host)
    page = {"most": bindparam("most", type_=Integer()), "passed": bindparam("passed", type_=Integer())}
    nobodys = or_(LEASES.c.owner.is_(None), LEASES.c.expires_s <= _clock(dialect))
    due = (
        select(FEED_STATES.c.feed_id, FEED_STATES.c.host, LEASES.c.fence)
        .select_from(states)
        .where(
            or_(FEED_STATES.c.next_due_at <= now, FEED_STATES.c.next_due_at > far),
            or_(HOSTS.c.free_at.is_(None), HOSTS.c.free_at <= now, HOSTS.c.free_at > far),
            nobodys,
        )
        .order_by(FEED_STATES.c.next_due_at)
        .limit(page["most"])
        .offset(page["passed"])
        .with_for_update(of=LEASES, skip_locked=True)
    )
    if dialect == "postgresql":
        # What is read here is locked, so the feeds of other pollers are left out already by the database.
        due = due.where(FEED_STATES.c.feed_id == any_(bindparam("ours", type_=postgresql.ARRAY(String))))
        due = due.order_by(FEED_STATES.c.feed_id)
    soonest = (
        select(FEED_STATES.c.feed_id, FEED_STATES.c.next_due_at, HOSTS.c.free_at)
        .select_from(states)
        .where(nobodys)
        .order_by(FEED_STATES.c.next_due_at)
        .limit(page["most"])
        .offset(page["passed"])
    )
    host = {"host": bindparam("host"), "free_at": bindparam("free_at", type_=Instant())}
    take_host, hold_host = _insert(dialect, HOSTS).values(host), _insert(dialect, HOSTS).values(host)
    take_host = take_host.on_conflict_do_update(
        index_elements=["host"],
        set_={"free_at": take_host.excluded.free_at},
        where=or_(HOSTS.c.free_at <= now, HOSTS.c.free_at > far),
    )
    return _Statements(
        due=due,
        soonest=soonest,
        take_leases=update(LEASES)
        .where(LEASES.c.feed_id.in_(bindparam("ids", expanding=True)))
        .values(
            owner=bindparam("to"),
            fence=LEASES.c.fence + 1,
            expires_s=_clock(dialect) + bindparam("span_s", type_=Float()),
        ),
        take_host=take_host.returning(HOSTS.c.host) if dialect == "postgresql" else take_host,
        hold_host=hold_host.on_conflict_do_update(
            index_elements=["host"],
            set_={"free_at": hold_host.excluded.free_at},
            where=HOSTS.c.free_at < hold_host.excluded.free_at,
        ),
    )


def _insert(dialect: str, table: Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _add_missing(dialect: str, table: Table, key: str) -> Any:
    statement = _insert(dialect, table).on_conflict_do_nothing(index_elements=[key])
    # Where rows come back, they are asked for: so that PostgreSQL's driver sends many in one statement.
    return statement if dialect == "postgresql" else statement.inline()


def _clock(dialect: str) -> ColumnElement[float]:
    # The database's own clock: pollers on several machines need not agree on the time.
    if dialect == "postgresql":
        return literal_column("extract(epoch FROM clock_timestamp())::float8", Float)
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)


# --- rows ----------------------------------------------------------------------------------------------------------


def _items() -> Select[Any]:
    # Always the first sight: `revision` in the table counts edits, the item we hand out is the one that fired.
    columns = [ITEMS.c[name] for name in ITEM_ROW if name != "revision"]
    return select(ITEMS.c.seq, *columns)


def _item(row: Row[Any]) -> Item:
    values = dict(row._mapping)
    del values["seq"]
    values["date_quality"] = DateQuality(values["date_quality"])
    return Item(**values)


def _item_row(item: Item) -> dict[str, Any]:
    title, body = _storable(item.title), _storable(item.text)
    digest = content_hash(title, body)
    return {
        "item_id": item.item_id,
        "source": item.source,
        "url": _storable(item.url),
        "title": title,
        "text": body,
        "published_at": item.published_at,
        "known_at": item.known_at,
        "lang": item.lang,
        "author": _storable(item.author),
        "forwarded_from": _storable(item.forwarded_from),
        "published_raw": _storable(item.published_raw),
        "date_method": item.date_method,
        "date_quality": item.date_quality.value,
        "content_hash": digest,
        "revision": item.revision,
    }


def _poll(row: Row[Any]) -> Poll:
    return Poll(
        feed_id=row.feed_id,
        polled_at=row.polled_at,
        outcome=Outcome(row.outcome),
        status=row.status,
        entries=row.entries,
        new_items=row.new_items,
        newest_at=row.newest_at,
        took=timedelta(milliseconds=row.took_ms),
        detail=row.detail,
    )


def _poll_row(poll: Poll) -> dict[str, Any]:
    return {
        "feed_id": poll.feed_id,
        "polled_at": poll.polled_at,
        "outcome": poll.outcome.value,
        "status": poll.status,
        "entries": poll.entries,
        "new_items": poll.new_items,
        "newest_at": poll.newest_at,
        "took_ms": round(poll.took.total_seconds() * 1000),
        "detail": _storable(poll.detail),
    }


def _state_row(state: FeedState) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(state, name) for name in STATE_ROW}
    row["body_outcome"] = None if state.body_outcome is None else state.body_outcome.value
    return row


def _state(row: dict[str, Any]) -> FeedState:
    if row["body_outcome"] is not None:
        row["body_outcome"] = Outcome(row["body_outcome"])
    return FeedState(**row)


def _storable(value: str) -> str:
    # PostgreSQL holds no NUL and neither database a lone surrogate; the parser's door removes both, archives may not.
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _one_writer_of_items(connection: Connection) -> None:
    # A sequence numbers rows before they are committed: without this a reader could pass number 11, committed, before
    # number 10, still open, and never see 10. The lock is held for the few milliseconds in which a poll is written.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(8622043317)"))


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
